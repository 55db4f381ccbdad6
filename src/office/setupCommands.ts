import { makeAccount, openSession, type From } from '../auth/commands.js';
import { findLink, hasAccounts } from '../auth/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import { createPerson } from '../people/commands.js';

export interface NewOffice {
  name_en: string;
  name_zh: string;
  lang: Lang;
  zone: string;
  isSample: boolean;
}

/** Only one set-up at a time: everybody else waits here and then finds accounts. */
export async function lockSetup(trx: Db): Promise<void> {
  await change(trx, `select pg_advisory_xact_lock(hashtext('setup'))`);
}

/** Writes the one row of the organisation and ends all set-up links. */
export async function makeOffice(trx: Db, by: Actor, office: NewOffice): Promise<void> {
  await change(
    trx,
    `insert into organisations (name_en, name_zh, lang, zone, is_sample)
     values (:name_en, :name_zh, :lang, :zone, :isSample)
     on conflict (id) do update
        set name_en = :name_en, name_zh = :name_zh, lang = :lang, zone = :zone, is_sample = :isSample`,
    { ...office },
  );
  await change(trx, `update one_time_tokens set used_at = now() where purpose = 'setup' and used_at is null`);
  await record(trx, by, { action: 'office.create', noun: 'organisations', id: 1, after: office });
}

export interface Setup {
  name_en: string | null;
  name_zh: string | null;
  lang: Lang;
  zone: string;
  person_name: string;
  person_name_en: string | null;
  email: string;
}

export interface SetupRequest {
  /** Of the link that the first start printed. */
  token: string | undefined;
  form: Setup & { passwordHash: string };
  from: From;
}

/**
 * The first run, once: the office, its first administrator and that person's session, in one transaction.
 * @returns the session's token, or undefined when the link was used or somebody else was quicker
 */
export async function setUp(
  db: Db,
  by: Actor,
  { token, form, from }: SetupRequest,
): Promise<string | undefined> {
  return inTransaction(db, async (trx) => {
    await lockSetup(trx);
    if ((await hasAccounts(trx)) || !(await findLink(trx, ['setup'], token))) return undefined;
    const names = {
      name_en: form.name_en ?? form.name_zh ?? '',
      name_zh: form.name_zh ?? form.name_en ?? '',
    };
    await makeOffice(trx, by, { ...names, lang: form.lang, zone: form.zone, isSample: false });
    const made = await createPerson(trx, by, {
      name: form.person_name,
      name_en: form.person_name_en,
      email: form.email,
      phone: null,
      position: null,
      unit_id: null,
      is_guest: false,
      affiliation: null,
      role: 'administrator',
      lang: form.lang,
      zone: form.zone,
    });
    // A person who was there before the first account (a restored directory) becomes the administrator.
    const id = made.ok ? made.id : await promote(trx, form.email);
    await makeAccount(trx, { ...by, id }, id, form.passwordHash);
    return openSession(trx, id, from);
  });
}

async function promote(trx: Db, email: string): Promise<number> {
  const found = await row<{ id: number }>(
    trx,
    `update persons set role = 'administrator', is_guest = false, deactivated_at = null
      where email = :email
     returning id`,
    { email },
  );
  if (!found) throw new Error('the first administrator could not be stored');
  return found.id;
}
