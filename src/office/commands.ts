import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { queueDelivery } from '../lib/mail/queue.js';
import { keepActive } from '../people/queries.js';
import type { OfficeChange } from './forms.js';
import { findOffice, type OfficeRow } from './queries.js';

export type OfficeSaved =
  { ok: true } | { ok: false; reason: 'stale'; office: OfficeRow } | { ok: false; reason: 'no_such_head' };

/** Changes the organisation's names, language, time zone, office head and gates of review. */
export async function updateOffice(db: Db, by: Actor, form: OfficeChange): Promise<OfficeSaved> {
  return inTransaction(db, async (trx) => {
    const before = await findOffice(trx, { lock: true });
    if (before.version !== form.version) return { ok: false, reason: 'stale', office: before };
    const head = form.office_head_id;
    if (head && head !== before.office_head_id && !(await keepActive(trx, [head])).has(head))
      return { ok: false, reason: 'no_such_head' };
    const after = {
      name_en: form.name_en ?? form.name_zh ?? '',
      name_zh: form.name_zh ?? form.name_en ?? '',
      lang: form.lang,
      zone: form.zone,
      office_head_id: head,
      review_gates: form.review_gates,
    };
    await change(
      trx,
      `update organisations
          set name_en = :name_en, name_zh = :name_zh, lang = :lang, zone = :zone,
              office_head_id = :office_head_id,
              review_gates = :review_gates, version = version + 1`,
      after,
    );
    const { name_en, name_zh, lang, zone, office_head_id, review_gates } = before;
    await record(trx, by, {
      action: 'office.update',
      noun: 'organisations',
      id: 1,
      before: { name_en, name_zh, lang, zone, office_head_id, review_gates },
      after,
    });
    return { ok: true };
  });
}

/** Sends the administrator a message to see whether mail arrives. @returns false without an address */
export async function sendTestMail(db: Db, by: Actor & { id: number }, now: Date): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const queued = await queueDelivery(trx, {
      kind: 'admin.testMail',
      object: `persons:${by.id}:test`,
      personId: by.id,
      revision: Math.floor(now.getTime() / 1000),
      queuedBy: by.id,
    });
    if (queued) await record(trx, by, { action: 'office.testMail', noun: 'organisations', id: 1 });
    return queued;
  });
}
