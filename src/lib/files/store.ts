import { fileTypeFromStream } from 'file-type/node';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { change, row, type Db } from '../db/db.js';
import { Conflict } from '../http/errors.js';
import { crc32 } from './crc32.js';
import { kindOf, safeName, textProbe } from './kinds.js';

// Files lie in Postgres in chunks: any number of machines share them, and one backup holds all. Neither
// storing nor sending one ever holds more than a chunk in memory.

export const MAX_FILE_BYTES = 25 * 1024 * 1024;
const CHUNK = 256 * 1024;

/**
 * A file that has arrived and is not part of anything yet; `keepFiles`
 * makes it so, otherwise it is discarded.
 */
export interface ArrivedFile {
  id: number;
  name: string;
  media_type: string;
  bytes: number;
}

export type Arrival =
  { ok: true; file: ArrivedFile } | { ok: false; reason: 'size' | 'kind' | 'empty'; name: string };

/** Stores a stream. A refused or broken one leaves nothing. */
export async function storeFile(
  db: Db,
  stream: Readable,
  given: { name: string; uploadedBy: number | null; also?: readonly string[] },
): Promise<Arrival> {
  const name = safeName(given.name);
  const made = await row<{ id: number }>(
    db,
    `insert into files (name, media_type, uploaded_by)
     values (:name, 'application/octet-stream', :by)
     returning id`,
    { name, by: given.uploadedBy },
  );
  if (!made) throw new Conflict();
  const { id } = made;
  try {
    const written = await writeChunks(db, id, stream);
    const tooLarge = written.bytes > MAX_FILE_BYTES ? 'size' : undefined;
    const refused = written.bytes === 0 ? 'empty' : tooLarge;
    const mediaType = refused ? undefined : kindOf(name, await sniff(db, id, written.isText), given.also);
    if (refused || !mediaType) {
      await discardFiles(db, [id]);
      return { ok: false, reason: refused ?? 'kind', name };
    }
    await change(
      db,
      `update files set media_type = :type, bytes = :bytes, sha256 = :sha256, crc32 = :crc32 where id = :id`,
      {
        id,
        type: mediaType,
        bytes: written.bytes,
        sha256: written.sha256,
        crc32: written.crc32,
      },
    );
    return { ok: true, file: { id, name, media_type: mediaType, bytes: written.bytes } };
  } catch (error) {
    await discardFiles(db, [id]).catch(() => undefined); // the clean-up finds it later
    throw error;
  }
}

/** What is over the limit is read to its end, so that the fields after it arrive, but not stored. */
async function writeChunks(
  db: Db,
  id: number,
  stream: Readable,
): Promise<{ bytes: number; sha256: string; crc32: number; isText: boolean }> {
  const hash = createHash('sha256');
  const probe = textProbe();
  let waiting: Buffer[] = [];
  let size = 0;
  let bytes = 0;
  let checksum = 0;
  let seq = 0;
  const flush = async () => {
    if (size === 0) return;
    await change(db, `insert into file_chunks (file_id, seq, data) values (:id, :seq, :data)`, {
      id,
      seq: seq++,
      data: Buffer.concat(waiting),
    });
    waiting = [];
    size = 0;
  };
  for await (const part of stream as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_FILE_BYTES) continue;
    hash.update(part);
    checksum = crc32(part, checksum);
    probe.add(part);
    waiting.push(part);
    size += part.length;
    if (size >= CHUNK) await flush();
  }
  if (bytes <= MAX_FILE_BYTES) await flush();
  return { bytes, sha256: hash.digest('hex'), crc32: checksum, isText: probe.isText() };
}

async function sniff(db: Db, id: number, isText: boolean): Promise<string | undefined> {
  const found = await fileTypeFromStream(readChunks(db, id));
  return found?.mime ?? (isText ? 'text/plain' : undefined);
}

/** The bytes of a file, chunk by chunk. */
export function readChunks(db: Db, id: number): Readable {
  async function* chunks() {
    for (let seq = 0; ; seq++) {
      const chunk = await row<{ data: Buffer }>(
        db,
        `select data from file_chunks where file_id = :id and seq = :seq`,
        { id, seq },
      );
      if (!chunk) return;
      yield chunk.data;
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** Makes arrived files part of something, in the transaction that points to them. */
export async function keepFiles(trx: Db, by: { id: number | null }, ids: number[]): Promise<void> {
  const kept = await change(
    trx,
    `update files
       set state = 'stored'
       where id = any(:ids) and state = 'uploading' and uploaded_by is not distinct from cast(:by as bigint)`,
    { ids, by: by.id },
  );
  if (kept !== ids.length) throw new Conflict();
}

/** Removes arrived files that nothing has kept. */
export async function discardFiles(db: Db, ids: number[]): Promise<void> {
  if (ids.length > 0)
    await change(db, `delete from files where id = any(:ids) and state = 'uploading'`, { ids });
}

/** Removes files whose thing has let go of them, in its transaction. */
export async function removeFiles(trx: Db, ids: number[]): Promise<void> {
  if (ids.length > 0) await change(trx, `delete from files where id = any(:ids)`, { ids });
}

/** Removes what uploads left that died with their process. @returns how many */
export function cleanFiles(db: Db): Promise<number> {
  return change(
    db,
    `delete from files where state = 'uploading' and created_at < now() - interval '2 hours'`,
  );
}
