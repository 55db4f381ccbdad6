import { rows, type Db } from '../lib/db/db.js';
import type { RoomName } from '../claims/queries.js';

/**
 * Rooms that somebody answers for, as owner or by name among those who
 * approve, in the order of the catalogue.
 */
export function listRoomsKept(db: Db, personId: number): Promise<(RoomName & { owns: boolean })[]> {
  return rows<RoomName & { owns: boolean }>(
    db,
    `select r.id, r.name_en, r.name_zh, r.owner_id is not distinct from :person as owns
       from rooms r
       where r.owner_id = :person or r.id in (select room_id from room_approvers where person_id = :person)
      order by r.sort_order, r.id limit 200`,
    { person: personId },
  );
}
