import { createHash } from 'node:crypto';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { BadRequest, NotFound } from '../lib/http/errors.js';
import { deriveToken } from '../lib/mail/seal.js';

export function feedToken(secretKey: string, feedId: number): string {
  return deriveToken(secretKey, 'feed', String(feedId)).toString('base64url');
}

export function hashOfFeed(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** A secret address for one's own calendar program. @param input.roomId null: one's own meetings */
export function addFeed(
  db: Db,
  by: Actor,
  secretKey: string,
  input: { roomId: number | null; isBusyOnly: boolean },
): Promise<void> {
  return inTransaction(db, async (trx) => {
    if (input.roomId !== null) {
      const room = await row(
        trx,
        `select 1 from rooms where id = :id and status <> 'retired' for key share`,
        { id: input.roomId },
      );
      if (!room) throw new BadRequest();
    }
    const made = await row<{ id: number }>(
      trx,
      `insert into feeds (person_id, room_id, is_busy_only) values (:person, :room, :busy) returning id`,
      {
        person: by.id,
        room: input.roomId,
        busy: input.isBusyOnly,
      },
    );
    if (!made) throw new BadRequest();
    await change(trx, `update feeds set token_hash = :hash where id = :id`, {
      id: made.id,
      hash: hashOfFeed(feedToken(secretKey, made.id)),
    });
    await record(trx, by, {
      action: 'feed.add',
      noun: 'feeds',
      id: made.id,
      after: { room_id: input.roomId, is_busy_only: input.isBusyOnly },
    });
  });
}

/** The address stops working at once. Revoked twice is revoked once. */
export function revokeFeed(db: Db, by: Actor, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const feed = await row<{ revoked_at: Date | null }>(
      trx,
      `select revoked_at from feeds where id = :id and person_id = :person for no key update`,
      { id, person: by.id },
    );
    if (!feed) throw new NotFound();
    if (feed.revoked_at) return;
    await change(trx, `update feeds set revoked_at = now() where id = :id`, { id });
    await record(trx, by, { action: 'feed.revoke', noun: 'feeds', id });
  });
}
