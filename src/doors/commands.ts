import { createHash } from 'node:crypto';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import { deriveToken } from '../lib/mail/seal.js';

export function doorToken(secretKey: string, displayId: number): string {
  return deriveToken(secretKey, 'door', String(displayId)).toString('base64url');
}

export function hashOfDoor(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** A display for the door of a room; what is booked at it is booked in the name of who adds it. */
export function addDoorDisplay(
  db: Db,
  by: Actor,
  secretKey: string,
  { roomId, ...input }: { roomId: number; name: string; lang: Lang },
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const room = await row(trx, `select 1 from rooms where id = :id and status <> 'retired' for key share`, {
      id: roomId,
    });
    if (!room) throw new NotFound();
    const made = await row<{ id: number }>(
      trx,
      `insert into door_displays (room_id, name, lang, created_by)
       values (:room, :name, :lang, :by)
       returning id`,
      { room: roomId, ...input, by: by.id },
    );
    if (!made) throw new NotFound();
    await change(trx, `update door_displays set token_hash = :hash where id = :id`, {
      id: made.id,
      hash: hashOfDoor(doorToken(secretKey, made.id)),
    });
    await record(trx, by, {
      action: 'door.add',
      noun: 'rooms',
      id: roomId,
      after: { display: made.id, name: input.name },
    });
  });
}

export function revokeDoorDisplay(db: Db, by: Actor, roomId: number, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const revoked = await row<{ name: string }>(
      trx,
      `update door_displays
          set revoked_at = coalesce(revoked_at, now())
        where id = :id and room_id = :room
       returning name`,
      { id, room: roomId },
    );
    if (!revoked) throw new NotFound();
    await record(trx, by, {
      action: 'door.revoke',
      noun: 'rooms',
      id: roomId,
      before: { display: id, name: revoked.name },
    });
  });
}
