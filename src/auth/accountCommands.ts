import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { Role } from '../lib/http/policy.js';
import { queueDelivery } from '../lib/mail/queue.js';
import { putDeactivated, putRole } from '../people/commands.js';
import { lockPerson, type PersonRow } from '../people/directoryQueries.js';
import { makeLink, revokeSessions } from './commands.js';
import { findAccountByEmail } from './queries.js';

/**
 * Grows with every message to a person, so that each of them is one of
 * its own and the latest replaces an unsent one.
 */
const revision = (now: Date) => Math.floor(now.getTime() / 1000);

/** Mails a link to set a new password, if the address has an account. Done by the worker. */
export async function sendReset(db: Db, email: string, now: Date): Promise<void> {
  await inTransaction(db, async (trx) => {
    const account = await findAccountByEmail(trx, email);
    if (!account) return;
    await queueDelivery(trx, {
      kind: 'auth.passwordReset',
      object: `persons:${account.person_id}:reset`,
      personId: account.person_id,
      revision: revision(now),
      usefulUntil: new Date(now.getTime() + 30 * 60_000),
    });
    await record(trx, { id: null }, { action: 'account.resetAsked', noun: 'persons', id: account.person_id });
  });
}

/** An active person of the office, locked; guests have no account. */
async function lockMember(trx: Db, id: number): Promise<PersonRow> {
  const person = await lockPerson(trx, id);
  if (!person || person.deactivated_at) throw new NotFound();
  if (person.is_guest) throw new Forbidden('auth.account.guest');
  return person;
}

/** Mails somebody without an account the invitation to make one. */
export async function inviteToAccount(
  db: Db,
  by: Actor,
  id: number,
  now: Date,
): Promise<{ ok: boolean; reason?: 'no_address' | 'has_account' }> {
  return inTransaction(db, async (trx) => {
    const person = await lockMember(trx, id);
    if (person.has_account) return { ok: false, reason: 'has_account' };
    if (!person.email) return { ok: false, reason: 'no_address' };
    await queueDelivery(trx, {
      kind: 'auth.accountInvitation',
      object: `persons:${id}:account`,
      personId: id,
      revision: revision(now),
      queuedBy: by.id,
    });
    await record(trx, by, { action: 'account.invite', noun: 'persons', id });
    return { ok: true };
  });
}

export type LinkMade =
  | { ok: true; token: string; purpose: 'password_reset' | 'account_invitation'; person: PersonRow }
  | { ok: false; reason: 'no_address' };

/** Makes a one-time link that an administrator hands over, where there is no mail. */
export async function makeAccountLink(db: Db, by: Actor, id: number): Promise<LinkMade> {
  return inTransaction(db, async (trx) => {
    const person = await lockMember(trx, id);
    if (!person.email) return { ok: false, reason: 'no_address' };
    const purpose = person.has_account ? 'password_reset' : 'account_invitation';
    const token = await makeLink(trx, by, purpose, id);
    await record(trx, by, { action: 'account.link', noun: 'persons', id, after: { purpose } });
    return { ok: true, token, purpose, person };
  });
}

/** Gives a role; whoever gets another one signs in anew, so no session outlives its privilege. */
export async function setRole(
  db: Db,
  by: Actor,
  id: number,
  role: Role,
): Promise<'done' | 'same' | 'last_administrator' | 'guest'> {
  return inTransaction(db, async (trx) => {
    const done = await putRole(trx, by, id, role);
    if (done === 'done') await revokeSessions(trx, by, id);
    return done;
  });
}

/** Signs somebody out everywhere; with `mustChange` a new password is asked for at the next sign-in. */
export async function signOutEverywhere(
  db: Db,
  by: Actor,
  id: number,
  options: { mustChange: boolean },
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await lockMember(trx, id);
    await revokeSessions(trx, by, id);
    if (!options.mustChange) return;
    await change(trx, `update accounts set must_change_password = true where person_id = :id`, { id });
    await record(trx, by, { action: 'account.mustChange', noun: 'persons', id });
  });
}

/** Ends what a person could do: directory, sessions, open links. Part of the deactivation in admin/. */
export async function endAccess(
  trx: Db,
  by: Actor,
  id: number,
): Promise<'done' | 'last_administrator' | 'self'> {
  const done = await putDeactivated(trx, by, id);
  if (done !== 'done') return done;
  await revokeSessions(trx, by, id);
  await change(trx, `update one_time_tokens set used_at = now() where person_id = :id and used_at is null`, {
    id,
  });
  await change(trx, `delete from deputies where person_id = :id or deputy_id = :id`, { id });
  return 'done';
}

/** Removes account, sessions, links and kept forms of an erased person. */
export async function forgetAccess(trx: Db, id: number): Promise<void> {
  for (const table of ['accounts', 'sessions', 'one_time_tokens', 'idempotency_keys'])
    await change(trx, `delete from ${table} where person_id = :id`, { id });
  await change(trx, `update one_time_tokens set created_by = null where created_by = :id`, { id });
}
