import { createHash } from 'node:crypto';
import { change, inTransaction, row, type Db } from '../db/db.js';
import { BadRequest, SentBefore } from './errors.js';

/** A form that was posted: by whom, under the key that was drawn with its page. */
export interface Posting {
  person: number;
  key: string;
  body: unknown;
}

/**
 * Makes a create form posted twice (double click, reload, retry after a lost answer) one change.
 * The key is written in the transaction of the change: a second post
 * waits for the first and gets its address.
 * @param work does the change and says where the person goes next; a
 * refusal (location undefined) leaves the key free
 */
export async function once<T extends { location?: string }>(
  db: Db,
  { person, key, body }: Posting,
  work: (trx: Db) => Promise<T>,
): Promise<T | { location: string; again: true }> {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest();
  return inTransaction(db, async (trx) => {
    const fresh = await change(
      trx,
      `insert into idempotency_keys (person_id, key, body_hash)
       values (:person, :key, :hash)
       on conflict do nothing`,
      { person, key, hash },
    );
    if (!fresh) {
      const earlier = await row<{ body_hash: Buffer; location: string | null }>(
        trx,
        `select body_hash, location from idempotency_keys where person_id = :person and key = :key`,
        { person, key },
      );
      if (!earlier?.location) throw new BadRequest();
      if (!earlier.body_hash.equals(hash)) throw new SentBefore(earlier.location);
      return { location: earlier.location, again: true };
    }
    const result = await work(trx);
    if (result.location) {
      await change(
        trx,
        `update idempotency_keys set location = :location where person_id = :person and key = :key`,
        {
          location: result.location,
          person,
          key,
        },
      );
    } else {
      await change(trx, `delete from idempotency_keys where person_id = :person and key = :key`, {
        person,
        key,
      });
    }
    return result;
  });
}
