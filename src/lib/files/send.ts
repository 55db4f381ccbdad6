import { row, type Db } from '../db/db.js';
import { NotFound } from '../http/errors.js';
import { send, unchanged, type Answer, type Context } from '../http/route.js';
import { IMAGE_TYPES } from './kinds.js';
import { readChunks } from './store.js';

interface Stored {
  id: number;
  public_id: string;
  name: string;
  media_type: string;
  bytes: number;
}

// Nothing that somebody uploaded ever runs in our name: no script, no frame, no form, no guessing of types.
const LOCKED = {
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'X-Content-Type-Options': 'nosniff',
};

async function findStored(db: Db, fileId: number): Promise<Stored> {
  const file = await row<Stored>(
    db,
    `select id, public_id, name, media_type, bytes from files where id = :id and state = 'stored'`,
    { id: fileId },
  );
  if (!file) throw new NotFound();
  return file;
}

/**
 * A stored file as a download; the caller has asked who may.
 * @param name what to call it, when not as it was uploaded
 */
export async function sendFile(db: Db, fileId: number, name?: string): Promise<Answer> {
  const file = await findStored(db, fileId);
  return send(readChunks(db, file.id), file.media_type, {
    name: name ?? file.name,
    headers: { ...LOCKED, 'Content-Length': String(file.bytes) },
  });
}

/**
 * A stored image for an `<img>` of our own pages. Its address names a
 * file that never changes: asked again, it is a 304.
 */
export async function sendImage(c: Context, fileId: number): Promise<Answer> {
  const file = await findStored(c.db, fileId);
  if (!IMAGE_TYPES.includes(file.media_type)) throw new NotFound();
  const etag = `"${file.public_id}"`;
  if (c.req.get('if-none-match') === etag) return unchanged(etag);
  return send(readChunks(c.db, file.id), file.media_type, {
    caching: 'revisit',
    headers: { ...LOCKED, ETag: etag, 'Content-Disposition': 'inline', 'Content-Length': String(file.bytes) },
  });
}
