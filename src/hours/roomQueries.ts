import { row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { Hours } from './openingHours.js';

export interface RoomWithWeek {
  id: number;
  name_en: string | null;
  name_zh: string | null;
  /** Its usual week, a line for each weekday on which it opens. */
  hours: Hours[];
}

/** A room's names and its usual week, for pages about one part of its settings. @throws NotFound */
export async function findRoomWithWeek(db: Db, id: number): Promise<RoomWithWeek> {
  const found = await row<RoomWithWeek>(
    db,
    `select r.id, r.name_en, r.name_zh,
            (select coalesce(json_agg(json_build_object('weekday', weekday,
                                                        'opens_at', to_char(opens_at, 'HH24:MI'),
                                                        'closes_at', to_char(closes_at, 'HH24:MI'))
                                      order by weekday), '[]')
               from room_hours where room_id = r.id) as hours
       from rooms r where r.id = :id`,
    { id },
  );
  if (!found) throw new NotFound();
  return found;
}
