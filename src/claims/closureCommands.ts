import { change, type Db } from '../lib/db/db.js';
import { isWithin } from '../hours/liveClaimQueries.js';

// What a closure that waits takes over. In the caller's transaction, which has locked the rooms.

/** A time in an atomic room. */
export interface RoomTime {
  room: number;
  from: Date;
  to: Date;
}

/** Freed times that lie in a closure of their room, or of its hall, become the closure's. */
const givenToClosures = (freed: string) =>
  `insert into room_claims (room_id, closure_id, state, starts_at, ends_at, occupies_from, occupies_to,
                            created_by)
   select freed.room, cl.id, 'confirmed', part.f, part.t, part.f, part.t, cl.created_by
     from ${freed}
     join closures cl on cl.lifted_at is null
      and cl.starts_at < freed."to" and cl.ends_at > freed."from"
      and ${isWithin('freed.room', 'cl.room_id')}
    cross join lateral (
      select greatest(freed."from", cl.starts_at) as f, least(freed."to", cl.ends_at) as t) part
    where part.f < part.t
    order by freed.room, part.f
   on conflict do nothing`;

/** Whole claims that were given up. */
export async function handToClosures(trx: Db, freedIds: readonly number[]): Promise<void> {
  const freed = `(select room_id as room, occupies_from as "from", occupies_to as "to"
                    from room_claims where id = any(:ids)) freed`;
  await change(trx, givenToClosures(freed), { ids: freedIds });
}

/** Times within claims, such as the rest of a meeting that ended early. */
export async function handTimesToClosures(trx: Db, times: readonly RoomTime[]): Promise<void> {
  const freed = `jsonb_to_recordset(cast(:list as jsonb))
                   as freed (room bigint, "from" timestamptz, "to" timestamptz)`;
  await change(trx, givenToClosures(freed), { list: JSON.stringify(times) });
}
