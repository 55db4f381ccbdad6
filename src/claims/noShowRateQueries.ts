import { row, type Db } from '../lib/db/db.js';

/** How often nobody came to a room, of the bookings that had to be checked in to. */
export interface NoShowRate {
  judged: number;
  no_shows: number;
}

/** Over the last ninety days; who came late and took the room back was there. */
export async function findNoShowRate(db: Db, roomId: number, now: Date): Promise<NoShowRate> {
  const found = await row<NoShowRate>(
    db,
    `select count(*) as judged,
            count(*) filter (where outcome = 'no_show' and taken_back_at is null) as no_shows
       from check_in_outcomes
       where room_id = :room
         and starts_at <= :now
         and starts_at > cast(:now as timestamptz) - interval '90 days'`,
    { room: roomId, now },
  );
  return found ?? { judged: 0, no_shows: 0 };
}

/** SQL condition on a row `o` of check_in_outcomes: nobody came, and nobody took the room back later. */
export const ABSENT = `(o.outcome = 'no_show' and o.taken_back_at is null)`;

/** SQL condition on a meeting `m`: nobody came to one of its rooms at its present time. */
export const IS_NO_SHOW = `exists (
    select
      from check_in_outcomes o
      where o.meeting_id = m.id and o.starts_at = m.starts_at and ${ABSENT} offset 0
  )`;
