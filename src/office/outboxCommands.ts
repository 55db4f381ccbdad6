import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { enqueue } from '../lib/jobs/enqueue.js';

export type Retried = { ok: true } | { ok: false; reason: 'outdated' | 'done' };

/**
 * Tries a refused or waiting message again at once. Captured mail is never sent, and an older message never
 * after a newer
 * one: its SEQUENCE would go back.
 */
export function retryMail(db: Db, by: Actor, id: number, now: Date): Promise<Retried> {
  return inTransaction(db, async (trx) => {
    const mail = await row<{
      state: string;
      to_address: string;
      meeting_id: number | null;
      is_outdated: boolean;
      is_carried: boolean;
      is_wiped: boolean;
    }>(
      trx,
      `select d.state, d.to_address, d.meeting_id, d.frozen_at is not null and d.content is null as is_wiped,
              d.digest_id is not null as is_carried,
              exists (select 1 from deliveries n
                       where n.object = d.object and n.person_id = d.person_id and n.id > d.id
                         and n.state <> 'superseded') as is_outdated
         from deliveries d where d.id = :id for no key update`,
      { id },
    );
    if (!mail) throw new NotFound();
    // What a digest carries is tried again with the digest.
    if (mail.is_carried || (mail.state !== 'failed' && mail.state !== 'waiting'))
      return { ok: false, reason: 'done' };
    if (mail.is_outdated || mail.is_wiped) return { ok: false, reason: 'outdated' };
    // With a corrected address it is made anew: the calendar part names its recipient.
    await change(
      trx,
      `update deliveries d
          set state = 'waiting', attempts = 0, not_before = :now, finished_at = null, to_address = p.email,
              frozen_at = case when p.email = d.to_address and d.frozen_at is not null
                               then cast(:now as timestamptz) end,
              message_id = case when p.email = d.to_address then d.message_id end,
              content = case when p.email = d.to_address then d.content end
         from persons p where d.id = :id and p.id = d.person_id and p.email is not null`,
      { id, now },
    );
    await record(trx, by, { action: 'mail.retry', noun: 'deliveries', id, meetingId: mail.meeting_id });
    await enqueue(trx, 'mail.deliver', {});
    return { ok: true };
  });
}

/** The mail server is back: everything that waits for a later attempt is tried now. @returns how many */
export function retryWaiting(db: Db, by: Actor, now: Date): Promise<number> {
  return inTransaction(db, async (trx) => {
    const count = await change(
      trx,
      `update deliveries set not_before = :now
        where state = 'waiting' and digest_id is null and attempts > 0 and not_before > :now`,
      { now },
    );
    if (count > 0) {
      await record(trx, by, { action: 'mail.retryAll', noun: 'deliveries', after: { count } });
      await enqueue(trx, 'mail.deliver', {});
    }
    return count;
  });
}
