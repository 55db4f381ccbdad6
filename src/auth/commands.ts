import { randomBytes } from 'node:crypto';
import type { Config } from '../config.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { queueDelivery } from '../lib/mail/queue.js';
import { accountKey, addressKey, attempt, forgive, giveBack } from './limits.js';
import { hashPassword, isPassword } from './passwords.js';
import {
  findAccount,
  findAccountByEmail,
  findLink,
  hasAccounts,
  hashToken,
  type LinkPurpose,
} from './queries.js';

export interface From {
  ip?: string;
  userAgent?: string;
}

/** Opens a sign-in session; lasts 12 hours at most. @returns the token for the cookie, stored nowhere */
export async function openSession(db: Db, personId: number, from: From = {}): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await change(
    db,
    `insert into sessions (token_hash, person_id, expires_at, ip, user_agent)
     values (:hash, :person, now() + interval '12 hours', :ip, :agent)`,
    {
      hash: hashToken(token),
      person: personId,
      ip: from.ip ?? null,
      agent: from.userAgent?.slice(0, 300) ?? null,
    },
  );
  return token;
}

/** Notes that the person is here; at most once a minute, so that reading pages writes next to nothing. */
export async function touchSession(db: Db, sessionId: number): Promise<void> {
  await change(db, `update sessions set last_seen_at = now() where id = :id`, { id: sessionId });
}

export type SignedIn =
  | { ok: true; token: string; personId: number; mustChange: boolean }
  | { ok: false; reason: 'wrong' }
  | { ok: false; reason: 'locked'; until: Date };

/**
 * Signs in. An unknown address, a deactivated person, a missing and a wrong password
 * get the same answer after the same time.
 * @param from `oldToken` is the session of the cookie before. It ends, because a session id
 * never lives through a sign-in.
 */
export async function signIn(
  db: Db,
  by: Actor,
  given: { email: string; password: string },
  { oldToken, ...from }: From & { oldToken?: string },
): Promise<SignedIn> {
  const account = accountKey(given.email);
  const address = addressKey(from.ip ?? '');
  const until =
    (await attempt(db, 'sign_in_address', address)) ?? (await attempt(db, 'sign_in_account', account));
  if (until) return { ok: false, reason: 'locked', until };
  const found = await findAccountByEmail(db, given.email);
  if (!(await isPassword(found?.password_hash, given.password)) || !found)
    return { ok: false, reason: 'wrong' };
  await Promise.all([forgive(db, 'sign_in_account', account), giveBack(db, 'sign_in_address', address)]);
  const token = await inTransaction(db, async (trx) => {
    if (oldToken)
      await change(
        trx,
        `update sessions set revoked_at = now() where token_hash = :hash and revoked_at is null`,
        { hash: hashToken(oldToken) },
      );
    await record(
      trx,
      { ...by, id: found.person_id },
      { action: 'session.open', noun: 'persons', id: found.person_id },
    );
    return openSession(trx, found.person_id, from);
  });
  return { ok: true, token, personId: found.person_id, mustChange: found.must_change_password };
}

/** Ends the session of a sign-out. */
export async function signOut(db: Db, by: Actor, sessionId: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const ended = await change(
      trx,
      `update sessions set revoked_at = now() where id = :id and revoked_at is null`,
      { id: sessionId },
    );
    if (ended) await record(trx, by, { action: 'session.close', noun: 'persons', id: by.id });
  });
}

/** Ends one of one's own sessions elsewhere. */
export async function revokeSession(db: Db, by: Actor, sessionId: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const ended = await change(
      trx,
      `update sessions set revoked_at = now() where id = :id and person_id = :person and revoked_at is null`,
      {
        id: sessionId,
        person: by.id,
      },
    );
    if (!ended) throw new NotFound();
    await record(trx, by, { action: 'session.revoke', noun: 'persons', id: by.id, after: { sessions: 1 } });
  });
}

/**
 * Ends all sessions of a person but one: a change of password or role,
 * "sign out everywhere else", deactivation.
 */
export async function revokeSessions(
  trx: Db,
  by: Actor,
  personId: number,
  exceptId: number | null = null,
): Promise<number> {
  const ended = await change(
    trx,
    `update sessions
       set revoked_at = now()
       where person_id = :person and revoked_at is null and id is distinct from :kept::bigint`,
    {
      person: personId,
      kept: exceptId,
    },
  );
  if (ended)
    await record(trx, by, {
      action: 'session.revoke',
      noun: 'persons',
      id: personId,
      after: { sessions: ended },
    });
  return ended;
}

export type PasswordChanged =
  { ok: true; token: string } | { ok: false; reason: 'wrong' } | { ok: false; reason: 'locked'; until: Date };

/** Changes one's own password: every other session ends, this one goes on under a new id. */
export async function changePassword(
  db: Db,
  by: Actor & { id: number },
  given: { current: string; password: string },
  from: From,
): Promise<PasswordChanged> {
  const account = await findAccount(db, by.id);
  if (!account) throw new NotFound();
  const key = accountKey(account.email);
  const until = await attempt(db, 'sign_in_account', key);
  if (until) return { ok: false, reason: 'locked', until };
  if (!(await isPassword(account.password_hash, given.current))) return { ok: false, reason: 'wrong' };
  await forgive(db, 'sign_in_account', key);
  const hash = await hashPassword(given.password);
  return { ok: true, token: await inTransaction(db, (trx) => putPassword(trx, by, hash, from)) };
}

/**
 * Stores a password of the acting person, ends all sessions and open links and opens a new session.
 * @returns its token
 */
async function putPassword(trx: Db, by: Actor & { id: number }, hash: string, from: From): Promise<string> {
  const personId = by.id;
  await change(
    trx,
    `insert into accounts (person_id, password_hash, password_changed_at) values (:person, :hash, now())
     on conflict (person_id) do update set password_hash = :hash, password_changed_at = now(),
       must_change_password = false`,
    { person: personId, hash },
  );
  await change(
    trx,
    `update one_time_tokens set used_at = now() where person_id = :person and used_at is null`,
    { person: personId },
  );
  await record(trx, by, { action: 'account.password', noun: 'persons', id: personId });
  // To the stored address, so that whoever did not do this themselves learns of it.
  const at = await row<{ seconds: number }>(
    trx,
    `select extract(epoch from clock_timestamp())::int as seconds`,
  );
  await queueDelivery(trx, {
    kind: 'auth.passwordChanged',
    object: `persons:${personId}:password`,
    personId,
    revision: at?.seconds ?? 0,
  });
  await revokeSessions(trx, by, personId);
  return openSession(trx, personId, from);
}

/** Gives a person an account with its first password. */
export async function makeAccount(trx: Db, by: Actor, personId: number, passwordHash: string): Promise<void> {
  await change(
    trx,
    `insert into accounts (person_id, password_hash, password_changed_at) values (:person, :hash, now())`,
    { person: personId, hash: passwordHash },
  );
  await record(trx, by, { action: 'account.create', noun: 'persons', id: personId });
}

/** How long a one-time link lives. */
const MINUTES = {
  setup: 7 * 24 * 60,
  password_reset: 30,
  account_invitation: 7 * 24 * 60,
} as const satisfies Record<LinkPurpose, number>;

/** Makes a one-time link's token; earlier ones for the same end. @returns the token, stored only as a hash */
export async function makeLink(
  trx: Db,
  by: Actor,
  purpose: LinkPurpose,
  personId: number | null,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  if (personId)
    await change(
      trx,
      `update one_time_tokens
         set used_at = now()
         where person_id = :person and purpose = :purpose and used_at is null`,
      { person: personId, purpose },
    );
  await change(
    trx,
    `insert into one_time_tokens (purpose, token_hash, person_id, created_by, expires_at)
     values (:purpose, :hash, :person, :by, now() + make_interval(mins => :minutes))`,
    { purpose, hash: hashToken(token), person: personId, by: by.id, minutes: MINUTES[purpose] },
  );
  return token;
}

/**
 * Sets the password behind a one-time link, once: reset, or the first one of an invited person.
 * @returns the token of a new session, or undefined when the link was used or has run out
 */
export async function setPasswordByLink(
  db: Db,
  by: Actor,
  given: { token: string; password: string },
  from: From,
): Promise<string | undefined> {
  const hash = await hashPassword(given.password);
  const done = await inTransaction(db, async (trx) => {
    const link = await findLink(trx, ['password_reset', 'account_invitation'], given.token, { lock: true });
    if (!link?.person_id) return undefined;
    const session = await putPassword(trx, { ...by, id: link.person_id }, hash, from);
    return { session, email: link.email };
  });
  if (done?.email) await forgive(db, 'sign_in_account', accountKey(done.email));
  return done?.session;
}

/**
 * The link printed at the start as long as nobody has an account; each
 * start makes another, all die with the first use.
 */
export async function findOrMakeSetupLink(db: Db, config: Config): Promise<string | undefined> {
  if (await hasAccounts(db)) return undefined;
  const token = await makeLink(db, { id: null }, 'setup', null);
  return new URL(`/setup/${token}`, config.publicUrl).href;
}

/** Lets somebody act for a person, between two days or for good. @returns false when that is so already */
export async function addDeputy(
  db: Db,
  by: Actor,
  given: { personId: number; deputyId: number; from: string | null; to: string | null },
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const deputy = await row(
      trx,
      `select 1 from persons where id = :id and deactivated_at is null and not is_guest and id <> :person`,
      { id: given.deputyId, person: given.personId },
    );
    if (!deputy) throw new NotFound();
    const added = await change(
      trx,
      `insert into deputies (person_id, deputy_id, from_on, to_on, created_by)
       values (:person, :deputy, :from_on, :to_on, :by)
       on conflict do nothing`,
      { person: given.personId, deputy: given.deputyId, from_on: given.from, to_on: given.to, by: by.id },
    );
    if (added)
      await record(trx, by, {
        action: 'deputy.add',
        noun: 'persons',
        id: given.personId,
        after: { deputy_id: given.deputyId, from_on: given.from, to_on: given.to },
      });
    return added > 0;
  });
}

export async function removeDeputy(
  db: Db,
  by: Actor,
  given: { personId: number; id: number },
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const gone = await row<{ deputy_id: number }>(
      trx,
      `delete from deputies where id = :id and person_id = :person returning deputy_id`,
      { id: given.id, person: given.personId },
    );
    if (!gone) throw new NotFound();
    await record(trx, by, { action: 'deputy.remove', noun: 'persons', id: given.personId, before: gone });
  });
}

/** Removes what nobody can use any more. Lapsed sessions stay a week, for what was posted after the lapse. */
export async function cleanSignIn(db: Db): Promise<void> {
  await change(db, `delete from sessions where expires_at < now() - interval '7 days'`);
  await change(db, `delete from one_time_tokens where expires_at < now() - interval '30 days'`);
  await change(db, `delete from sign_in_limits where expire < extract(epoch from now()) * 1000`);
  await change(db, `delete from idempotency_keys where created_at < now() - interval '7 days'`);
}
