import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, refusedBy, row, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { Role } from '../lib/http/policy.js';
import type { Lang } from '../lib/i18n/translate.js';
import { hasOtherAdministrator, lockPerson, type PersonRow } from './directoryQueries.js';
import type { NewPerson, PersonChange } from './forms.js';
import { mayEdit, maySetRole } from './policy.js';

export type PersonProblem =
  | { ok: false; reason: 'email_taken'; other: { id: number; name: string; name_en: string | null } }
  | { ok: false; reason: 'no_such_unit' | 'email_needed' | 'email_of_account' | 'guest_with_account' }
  | { ok: false; reason: 'stale'; person: PersonRow };

/** The role of whoever acts, as it is now; the product itself (set-up, sample) may do everything. */
async function actorOf(trx: Db, by: Actor): Promise<{ id: number; role: Role }> {
  if (by.id === null) return { id: 0, role: 'administrator' };
  const actor = await row<{ id: number; role: Role }>(
    trx,
    `select id, role from persons where id = :id and deactivated_at is null`,
    { id: by.id },
  );
  if (!actor) throw new Forbidden();
  return actor;
}

// The history keeps what changed, and of what is personal only that it
// changed: it can never be erased, a person can.
const PERSONAL = ['name', 'name_en', 'email', 'phone', 'position', 'affiliation'] as const;
const PLAIN = ['unit_id', 'role', 'is_guest', 'lang'] as const;
type PersonFacts = Partial<Record<(typeof PERSONAL)[number] | (typeof PLAIN)[number], unknown>>;

function changesOf(
  before: PersonFacts,
  after: PersonFacts,
): { before: Record<string, unknown>; after: Record<string, unknown> } {
  const plain = PLAIN.filter((name) => name in after && before[name] !== after[name]);
  const changed = PERSONAL.filter((name) => name in after && before[name] !== after[name]);
  return {
    before: Object.fromEntries(plain.map((name) => [name, before[name]])),
    after: {
      ...Object.fromEntries(plain.map((name) => [name, after[name]])),
      changed: changed.length ? changed : undefined,
    },
  };
}

async function problemOf(
  trx: Db,
  form: Pick<NewPerson, 'email' | 'unit_id'>,
  self?: PersonRow,
): Promise<PersonProblem | undefined> {
  if (form.email && form.email !== self?.email) {
    const other = await row<{ id: number; name: string; name_en: string | null }>(
      trx,
      `select id, name, name_en from persons where email = :email`,
      { email: form.email },
    );
    if (other) return { ok: false, reason: 'email_taken', other };
  }
  if (
    form.unit_id &&
    form.unit_id !== self?.unit_id &&
    !(await row(trx, `select 1 from units where id = :id and is_active`, { id: form.unit_id }))
  ) {
    return { ok: false, reason: 'no_such_unit' };
  }
  return undefined;
}

/** Adds a person to the directory; without an account that person can be invited and can't sign in. */
export async function createPerson(
  db: Db,
  by: Actor,
  form: NewPerson,
): Promise<{ ok: true; id: number } | PersonProblem> {
  return inTransaction(db, async (trx) => {
    const actor = await actorOf(trx, by);
    if (form.role !== 'member' && !maySetRole(actor)) throw new Forbidden();
    const problem = await problemOf(trx, form);
    if (problem) return problem;
    const made = await row<{ id: number }>(
      trx,
      `insert into persons (
         name, name_en, email, phone, position, unit_id, affiliation, role, is_guest, lang, zone
       )
       values (
         :name, :name_en, :email, :phone, :position, :unit_id, :affiliation, :role, :is_guest, :lang, :zone
       )
       on conflict do nothing returning id`,
      { ...form, affiliation: form.is_guest ? form.affiliation : null },
    );
    if (!made) return (await problemOf(trx, form)) ?? { ok: false, reason: 'no_such_unit' };
    await record(trx, by, {
      action: 'person.create',
      noun: 'persons',
      id: made.id,
      after: changesOf(
        {},
        { unit_id: form.unit_id, role: form.role, is_guest: form.is_guest, lang: form.lang },
      ).after,
    });
    return { ok: true, id: made.id };
  });
}

export async function updatePerson(
  db: Db,
  by: Actor,
  id: number,
  form: PersonChange,
): Promise<{ ok: true } | PersonProblem> {
  return inTransaction(db, async (trx) => {
    const person = await lockPerson(trx, id);
    if (!person || person.erased_at || person.merged_into_id) throw new NotFound();
    const actor = await actorOf(trx, by);
    if (!mayEdit(actor, person)) throw new Forbidden();
    if (person.version !== form.version) return { ok: false, reason: 'stale', person };
    const problem = await problemOf(trx, form, person);
    if (problem) return problem;
    if (person.has_account && form.is_guest) return { ok: false, reason: 'guest_with_account' };
    if (person.has_account && !form.email) return { ok: false, reason: 'email_needed' };
    // Who sets the address of an account can have its password sent there.
    if (person.has_account && form.email !== person.email && actor.role !== 'administrator')
      return { ok: false, reason: 'email_of_account' };
    if (form.is_guest && person.role !== 'member') return { ok: false, reason: 'guest_with_account' };
    const { version: _version, ...values } = {
      ...form,
      affiliation: form.is_guest ? form.affiliation : null,
    };
    // Two people may be given one address at the same moment: whoever comes second is told whose it is.
    const refused = await refusedBy(trx, ['persons_email'], (inner) =>
      change(
        inner,
        `update persons
           set name = :name, name_en = :name_en, email = :email, phone = :phone, position = :position,
                unit_id = :unit_id, affiliation = :affiliation, is_guest = :is_guest, lang = :lang,
                zone = :zone,
                version = version + 1
          where id = :id`,
        { ...values, id },
      ),
    );
    if (refused) return (await problemOf(trx, form, person)) ?? { ok: false, reason: 'stale', person };
    await record(trx, by, { action: 'person.update', noun: 'persons', id, ...changesOf(person, values) });
    return { ok: true };
  });
}

/** Gives a role. The last administrator keeps it. */
export async function putRole(
  trx: Db,
  by: Actor,
  id: number,
  role: Role,
): Promise<'done' | 'same' | 'last_administrator' | 'guest'> {
  if (!maySetRole(await actorOf(trx, by))) throw new Forbidden();
  const isLast = !(await hasOtherAdministrator(trx, id));
  const person = await lockPerson(trx, id);
  if (!person || person.deactivated_at) throw new NotFound();
  if (person.role === role) return 'same';
  if (person.is_guest) return 'guest';
  if (person.role === 'administrator' && isLast) return 'last_administrator';
  await change(trx, `update persons set role = :role, version = version + 1 where id = :id`, { id, role });
  await record(trx, by, {
    action: 'person.role',
    noun: 'persons',
    id,
    before: { role: person.role },
    after: { role },
  });
  return 'done';
}

/** Marks somebody as gone: never invited or found any more, everything they did stays. */
export async function putDeactivated(
  trx: Db,
  by: Actor,
  id: number,
): Promise<'done' | 'last_administrator' | 'self'> {
  const isLast = !(await hasOtherAdministrator(trx, id));
  const person = await lockPerson(trx, id);
  if (!person || person.deactivated_at) throw new NotFound();
  if (!mayEdit(await actorOf(trx, by), person)) throw new Forbidden();
  if (person.id === by.id) return 'self';
  if (person.role === 'administrator' && isLast) return 'last_administrator';
  await change(trx, `update persons set deactivated_at = now(), version = version + 1 where id = :id`, {
    id,
  });
  await change(trx, `update units set head_id = null, version = version + 1 where head_id = :id`, { id });
  await record(trx, by, { action: 'person.deactivate', noun: 'persons', id });
  return 'done';
}

export async function reactivatePerson(db: Db, by: Actor, id: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const person = await lockPerson(trx, id);
    if (!person?.deactivated_at || person.merged_into_id || person.erased_at) throw new NotFound();
    if (!mayEdit(await actorOf(trx, by), person)) throw new Forbidden();
    await change(trx, `update persons set deactivated_at = null, version = version + 1 where id = :id`, {
      id,
    });
    await record(trx, by, { action: 'person.reactivate', noun: 'persons', id });
  });
}

export interface Profile {
  lang: Lang;
  zone: string;
  theme: 'system' | 'light' | 'dark';
  density: 'comfortable' | 'compact';
  has_shortcuts: boolean;
}

/** One's own settings; personal taste, so the history keeps no more than that. */
export async function updateProfile(db: Db, by: Actor, profile: Profile): Promise<void> {
  await inTransaction(db, async (trx) => {
    await change(
      trx,
      `update persons
         set lang = :lang, zone = :zone, theme = :theme, density = :density, has_shortcuts = :has_shortcuts
         where id = :id`,
      { ...profile, id: by.id },
    );
    await record(trx, by, { action: 'person.profile', noun: 'persons', id: by.id, after: profile });
  });
}

export async function setLanguage(db: Db, by: Actor, lang: Lang): Promise<void> {
  await inTransaction(db, async (trx) => {
    const changed = await change(trx, `update persons set lang = :lang where id = :id and lang <> :lang`, {
      id: by.id,
      lang,
    });
    if (changed)
      await record(trx, by, { action: 'person.profile', noun: 'persons', id: by.id, after: { lang } });
  });
}

/**
 * The row of a guest that turned out to be another one's: it leads
 * there, and its address is free for that one.
 */
export async function markMerged(trx: Db, id: number, intoId: number): Promise<void> {
  await change(
    trx,
    `update persons set merged_into_id = :into, email = null, version = version + 1 where id = :id`,
    { id, into: intoId },
  );
}

/** Fills what a person lacks from another row of the same one. */
export async function fillFrom(trx: Db, id: number, other: PersonRow): Promise<void> {
  const { name_en, email, phone, position, affiliation } = other;
  await change(
    trx,
    `update persons
       set name_en = coalesce(name_en, :name_en), email = coalesce(email, :email),
           phone = coalesce(phone, :phone),
           position = coalesce(position, :position), affiliation = coalesce(affiliation, :affiliation),
           version = version + 1
       where id = :id`,
    { id, name_en, email, phone, position, affiliation },
  );
}

/** Takes everything personal out of a row; the names say that it was erased. */
export async function eraseValues(trx: Db, id: number): Promise<void> {
  await change(
    trx,
    `update persons
       set name = '已清除', name_en = 'Erased', email = null, phone = null, position = null,
           affiliation = null, unit_id = null,
            role = 'member', erased_at = now(), version = version + 1 where id = :id`,
    { id },
  );
}
