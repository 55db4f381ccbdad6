import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { keepFiles } from '../lib/files/store.js';
import type { Key } from '../lib/i18n/translate.js';
import { lockRoom, type Stale } from './commands.js';

// Photos of a room. Its lock and version cover them: two people who sort them don't undo each other.

const MAX_PHOTOS = 12;

/** A room as the page showed it. */
interface OfRoom {
  roomId: number;
  version: number;
}
interface OfPhoto extends OfRoom {
  photoId: number;
}

export type PhotoResult = { ok: true } | Stale | { ok: false; reason: 'problem'; problem: Key };

/** The file has arrived (see lib/files); it stands after those that are there. */
export function addPhoto(
  db: Db,
  by: Actor,
  { roomId, version }: OfRoom,
  photo: { fileId: number; alt: string },
): Promise<PhotoResult> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, roomId);
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    if (room.photos.length >= MAX_PHOTOS)
      return { ok: false, reason: 'problem', problem: 'layouts.problem.photos' };
    await keepFiles(trx, by, [photo.fileId]);
    await change(
      trx,
      `insert into room_photos (room_id, file_id, alt, position)
       select :room, :file, :alt, coalesce(max(position), 0) + 1
         from room_photos
         where room_id = :room`,
      { room: roomId, file: photo.fileId, alt: photo.alt },
    );
    await finish(trx, roomId);
    await record(trx, by, {
      action: 'room.photo',
      noun: 'rooms',
      id: roomId,
      after: { photo_alt: photo.alt },
    });
    return { ok: true };
  });
}

/** Says in other words what it shows. */
export function describePhoto(
  db: Db,
  by: Actor,
  { roomId, version, photoId }: OfPhoto,
  alt: string,
): Promise<PhotoResult> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, roomId);
    const photo = room.photos.find(({ id }) => id === photoId);
    if (!photo) throw new NotFound();
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    await change(trx, `update room_photos set alt = :alt where id = :id`, { id: photoId, alt });
    await finish(trx, roomId);
    await record(trx, by, {
      action: 'room.photo',
      noun: 'rooms',
      id: roomId,
      before: { photo_alt: photo.alt },
      after: { photo_alt: alt },
    });
    return { ok: true };
  });
}

/** Changes places with its neighbour; at the end of the line nothing happens. */
export function movePhoto(
  db: Db,
  by: Actor,
  { roomId, version, photoId }: OfPhoto,
  to: 'earlier' | 'later',
): Promise<PhotoResult> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, roomId);
    const at = room.photos.findIndex(({ id }) => id === photoId);
    const photo = room.photos[at];
    if (!photo) throw new NotFound();
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    const order = room.photos.map(({ id }) => id);
    const other = order[to === 'earlier' ? at - 1 : at + 1];
    if (other === undefined) return { ok: true };
    order[to === 'earlier' ? at - 1 : at + 1] = photoId;
    order[at] = other;
    await change(
      trx,
      `update room_photos p
         set position = o.place
         from unnest(:order::bigint[]) with ordinality as o (id, place)
         where p.id = o.id and p.room_id = :room`,
      { order, room: roomId },
    );
    await finish(trx, roomId);
    await record(trx, by, {
      action: 'room.photoOrder',
      noun: 'rooms',
      id: roomId,
      after: { photo_alt: photo.alt, position: order.indexOf(photoId) + 1 },
    });
    return { ok: true };
  });
}

export function removePhoto(db: Db, by: Actor, { roomId, version, photoId }: OfPhoto): Promise<PhotoResult> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, roomId);
    const photo = room.photos.find(({ id }) => id === photoId);
    // Removed twice is removed once.
    if (!photo) return { ok: true };
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    const gone = await row<{ file_id: number }>(
      trx,
      `delete from room_photos where id = :id returning file_id`,
      { id: photoId },
    );
    await change(trx, `delete from files where id = :file`, { file: gone?.file_id ?? 0 });
    await finish(trx, roomId);
    await record(trx, by, {
      action: 'room.photo',
      noun: 'rooms',
      id: roomId,
      before: { photo_alt: photo.alt },
      after: { photo_alt: null },
    });
    return { ok: true };
  });
}

async function finish(trx: Db, roomId: number): Promise<void> {
  await change(trx, `update rooms set version = version + 1 where id = :id`, { id: roomId });
}
