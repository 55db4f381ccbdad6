import type { Actor } from '../lib/audit/record.js';
import { change, type Db } from '../lib/db/db.js';

/**
 * What people answered in a poll becomes their reply to the meeting that came out of it. The caller has just
 * made the meeting and its participants, in the same transaction; who said nothing gets no reply.
 */
export async function recordPolledReplies(
  trx: Db,
  by: Actor,
  meetingId: number,
  replies: { personId: number; status: 'accepted' | 'tentative' | 'declined'; note: string }[],
): Promise<void> {
  if (replies.length === 0) return;
  await change(
    trx,
    `insert into replies (participant_id, status, note, sequence, via, recorded_by)
     select pt.id, w.status, w.note, m.sequence, 'page', :by
       from jsonb_to_recordset(cast(:replies as jsonb)) as w ("personId" bigint, status text, note text)
       join participants pt on pt.meeting_id = :meeting and pt.person_id = w."personId"
       join meetings m on m.id = pt.meeting_id order by pt.id`,
    { meeting: meetingId, by: by.id, replies: JSON.stringify(replies) },
  );
}
