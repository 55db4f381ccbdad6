import { row, rows, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';

export interface DoorDisplay {
  id: number;
  room_id: number;
  name: string;
  lang: Lang;
  created_by: number;
  created_at: Date;
}

export function listDoorDisplays(db: Db, roomId: number): Promise<DoorDisplay[]> {
  return rows<DoorDisplay>(
    db,
    `select id, room_id, name, lang, created_by, created_at
       from door_displays
      where room_id = :room and revoked_at is null
      order by id`,
    { room: roomId },
  );
}

/** The display of a token; none once it is revoked, its room retired, or who set it up has left. */
export function findDoorDisplay(db: Db, tokenHash: Buffer): Promise<DoorDisplay | undefined> {
  return row<DoorDisplay>(
    db,
    `select d.id, d.room_id, d.name, d.lang, d.created_by, d.created_at
       from door_displays d join rooms r on r.id = d.room_id join persons p on p.id = d.created_by
      where d.token_hash = :hash
        and d.revoked_at is null
        and r.status <> 'retired'
        and p.deactivated_at is null`,
    { hash: tokenHash },
  );
}

/** Which of these meetings people are in: checked in, or begun. */
export async function listCheckedIn(db: Db, meetingIds: readonly number[]): Promise<Set<number>> {
  const found = await rows<{ id: number }>(
    db,
    `select id from meetings where id = any(:ids) and (checked_in_at is not null or started_at is not null)`,
    { ids: meetingIds },
  );
  return new Set(found.map(({ id }) => id));
}
