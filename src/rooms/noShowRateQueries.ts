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
    `select count(*) as judged, count(*) filter (where outcome = 'no_show' and taken_back_at is null) as no_shows
       from check_in_outcomes where room_id = :room and starts_at <= :now and starts_at > cast(:now as timestamptz) - interval '90 days'`,
    { room: roomId, now },
  );
  return found ?? { judged: 0, no_shows: 0 };
}
