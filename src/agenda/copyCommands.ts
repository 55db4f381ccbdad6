import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';
import { createMeeting, type NewMeeting, type RoomsRefused } from '../meetings/commands.js';
import { maySeeAgenda } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';

/**
 * Books a new meeting after an old one: its people with their roles, its agenda as it was planned. Replies,
 * papers, outcomes and minutes stay where they are; restricted items are copied only by somebody who may read
 * them all.
 */
export function copyMeeting(
  db: Db,
  by: Actor,
  fromId: number,
  copy: { meeting: NewMeeting; withPeople: boolean; itemIds: number[] },
): Promise<{ ok: true; id: number } | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    const from = await findMeeting(trx, { id: by.id ?? -1 }, fromId);
    if (!maySeeAgenda(from)) throw new Forbidden();
    const made = await createMeeting(trx, by, copy.meeting);
    if (!made.ok) return made;
    if (copy.withPeople) {
      await change(
        trx,
        `insert into participants (meeting_id, person_id, role, created_by)
         select :to, pt.person_id, pt.role, :by
         from participants pt
         join persons p on p.id = pt.person_id and p.deactivated_at is null
          where pt.meeting_id = :from
            and pt.removed_at is null
            and not pt.is_walk_in
            and pt.instead_of_id is null`,
        { to: made.id, from: fromId, by: by.id },
      );
    }
    if (copy.itemIds.length > 0) {
      await change(
        trx,
        `insert into agenda_items (meeting_id, position, title, purpose, presenter_id, planned_minutes, note,
           is_restricted, created_by)
         select :to, position, title, purpose, presenter_id, planned_minutes, note, is_restricted, :by
           from agenda_items where meeting_id = :from and id = any(:items)`,
        { to: made.id, from: fromId, items: copy.itemIds, by: by.id },
      );
    }
    await record(trx, by, {
      action: 'meeting.copy',
      noun: 'meetings',
      id: made.id,
      meetingId: made.id,
      after: { from_id: fromId, items: copy.itemIds.length },
    });
    return made;
  });
}
