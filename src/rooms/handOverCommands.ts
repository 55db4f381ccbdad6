import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';

/**
 * Rooms that somebody answers for, as owner or by name among those who approve, go to another person; so do
 * mails about rooms they queued for: those go to who answers for the meeting by now.
 * @returns how many rooms changed hands
 */
export async function handOverRooms(trx: Db, by: Actor, fromId: number, toId: number): Promise<number> {
  const kept = await rows<{ id: number; owns: boolean; approves: boolean }>(
    trx,
    `select r.id, r.owner_id is not distinct from :from as owns,
            exists (select 1 from room_approvers a where a.room_id = r.id and a.person_id = :from) as approves
       from rooms r
       where r.owner_id = :from or r.id in (select room_id from room_approvers where person_id = :from)
      order by r.id for no key update of r`,
    { from: fromId },
  );
  await change(trx, `update rooms set owner_id = :to, version = version + 1 where owner_id = :from`, {
    from: fromId,
    to: toId,
  });
  await change(
    trx,
    `insert into room_approvers (room_id, person_id)
     select room_id, cast(:to as bigint)
       from room_approvers
       where person_id = :from
     on conflict do nothing`,
    { from: fromId, to: toId },
  );
  await change(trx, `delete from room_approvers where person_id = :from`, { from: fromId });
  await change(trx, `update awaited_rooms set asked_by = null where asked_by = :from`, { from: fromId });
  await recordAll(
    trx,
    by,
    kept.map(({ id, owns, approves }) => {
      const fields = [...(owns ? ['owner_id'] : []), ...(approves ? ['approver_id'] : [])];
      const told = (person: number) => Object.fromEntries(fields.map((field) => [field, person]));
      return { action: 'room.handOver', noun: 'rooms', id, before: told(fromId), after: told(toId) };
    }),
  );
  return kept.length;
}
