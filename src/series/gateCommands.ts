import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';
import { keepActive } from '../people/queries.js';
import { mayRecord } from '../meetings/policy.js';
import { lockMeeting } from '../meetings/queries.js';

export interface Gates {
  /** null: as the standing meeting or the office has it. */
  reviewerId: number | null;
  approverId: number | null;
}

/**
 * Who reviews and who approves the minutes of this one meeting.
 * @returns false when somebody named is not active
 */
export async function nameGates(
  db: Db,
  by: Actor,
  meetingId: number,
  { reviewerId, approverId }: Gates,
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (!mayRecord(meeting)) throw new Forbidden();
    if (meeting.reviewer_id === reviewerId && meeting.approver_id === approverId) return true;
    const named = [reviewerId, approverId].filter((one): one is number => one !== null);
    if ((await keepActive(trx, named)).size !== new Set(named).size) return false;
    await change(trx, `update meetings set reviewer_id = :reviewer, approver_id = :approver where id = :id`, {
      id: meetingId,
      reviewer: reviewerId,
      approver: approverId,
    });
    await record(trx, by, {
      action: 'meeting.gates',
      noun: 'meetings',
      id: meetingId,
      meetingId,
      before: { reviewer_id: meeting.reviewer_id, approver_id: meeting.approver_id },
      after: { reviewer_id: reviewerId, approver_id: approverId },
    });
    return true;
  });
}
