import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';

/**
 * Open polls of somebody who leaves go to another person, who chooses the time and calls the meeting. A
 * private one only to somebody who is asked in it.
 * @returns how many went, and how many private ones stayed
 */
export async function handOverPolls(
  trx: Db,
  by: Actor,
  fromId: number,
  toId: number,
): Promise<{ moved: number; stayed: number }> {
  const held = await rows<{ id: number; may: boolean }>(
    trx,
    `select o.id,
            not o.is_private
              or exists (select 1 from poll_people x where x.poll_id = o.id and x.person_id = :to) as may
       from polls o
      where o.organiser_id = :from and o.state = 'open'
      order by o.id
        for no key update of o`,
    { from: fromId, to: toId },
  );
  const mine = held.filter(({ may }) => may).map(({ id }) => id);
  await change(trx, `update polls set organiser_id = :to where id = any(:ids)`, { to: toId, ids: mine });
  await recordAll(
    trx,
    by,
    mine.map((id) => ({
      action: 'poll.handOver',
      noun: 'polls',
      id,
      before: { organiser_id: fromId },
      after: { organiser_id: toId },
    })),
  );
  return { moved: mine.length, stayed: held.length - mine.length };
}
