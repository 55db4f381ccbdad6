import { createHash } from 'node:crypto';
import { row, rows, type Db } from '../lib/db/db.js';
import type { Viewer } from '../lib/http/policy.js';
import type { Office } from '../lib/http/route.js';
import type { Lang } from '../lib/i18n/translate.js';

/** Only hashes of tokens are stored: who reads the database can't sign in with what it holds. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * Minutes without a request after which a sign-in lapses; at most 12 hours in all. By the database's clock.
 */
export const IDLE_MINUTES = 30;

const IS_ALIVE = `s.revoked_at is null
  and s.expires_at > now()
  and s.last_seen_at > now() - make_interval(mins => :idle)`;

interface ViewerRow extends Viewer {
  office: Office;
  is_stale: boolean;
}

/** The person behind a session token and the office, by one query; no row before the set-up. */
export async function findViewer(
  db: Db,
  token: string | undefined,
): Promise<{ viewer: Viewer | null; office: Office | null; isStale: boolean }> {
  const found = await row<
    Partial<ViewerRow> & { o_name_en: string; o_name_zh: string; o_lang: Office['lang']; o_zone: string }
  >(
    db,
    `select o.name_en as o_name_en, o.name_zh as o_name_zh, o.lang as o_lang, o.zone as o_zone, v.*
       from organisations o
       left join (
         select s.id as session_id, s.created_at as signed_in_at,
                s.last_seen_at < now() - interval '1 minute' as is_stale,
                p.id, p.name, p.name_en, p.email, p.unit_id, p.role, p.lang, p.zone, p.theme, p.density,
                p.has_shortcuts,
                a.must_change_password
           from sessions s
           join persons p on p.id = s.person_id and p.deactivated_at is null
           join accounts a on a.person_id = p.id
          where s.token_hash = :hash and ${IS_ALIVE}
       ) v on true`,
    { hash: token ? hashToken(token) : null, idle: IDLE_MINUTES },
  );
  if (!found) return { viewer: null, office: null, isStale: false };
  const { o_name_en, o_name_zh, o_lang, o_zone, is_stale, ...viewer } = found;
  return {
    office: { name_en: o_name_en, name_zh: o_name_zh, lang: o_lang, zone: o_zone },
    viewer: viewer.id ? (viewer as Viewer) : null,
    isStale: is_stale ?? false,
  };
}

/** Has anybody an account yet? Before that every page leads to the set-up. */
export async function hasAccounts(db: Db): Promise<boolean> {
  return Boolean(await row(db, `select 1 from accounts limit 1`));
}

/** Whose session a cookie names, whether it still lives or not. */
export async function findSessionOwner(db: Db, token: string | undefined): Promise<number | undefined> {
  if (!token) return undefined;
  return (
    await row<{ person_id: number }>(db, `select person_id from sessions where token_hash = :hash`, {
      hash: hashToken(token),
    })
  )?.person_id;
}

export interface Account {
  person_id: number;
  name: string;
  name_en: string | null;
  email: string;
  lang: Lang;
  password_hash: string | null;
  must_change_password: boolean;
}

const ACCOUNT = `select a.person_id, p.name, p.name_en, p.email, p.lang, a.password_hash,
         a.must_change_password
  from accounts a join persons p on p.id = a.person_id and p.deactivated_at is null`;

/** The account one signs in to with this address; undefined for a deactivated person. */
export function findAccountByEmail(db: Db, email: string): Promise<Account | undefined> {
  return row<Account>(db, `${ACCOUNT} where p.email = :email`, { email });
}

export function findAccount(db: Db, personId: number): Promise<Account | undefined> {
  return row<Account>(db, `${ACCOUNT} where a.person_id = :person`, { person: personId });
}

export interface SessionRow {
  id: number;
  created_at: Date;
  last_seen_at: Date;
  ip: string | null;
  user_agent: string | null;
}

/** Where somebody is signed in at this moment, the latest first. */
export function listSessions(db: Db, personId: number): Promise<SessionRow[]> {
  return rows<SessionRow>(
    db,
    `select s.id, s.created_at, s.last_seen_at, s.ip, s.user_agent from sessions s
      where s.person_id = :person and ${IS_ALIVE} order by s.last_seen_at desc limit 50`,
    { person: personId, idle: IDLE_MINUTES },
  );
}

export type LinkPurpose = 'setup' | 'password_reset' | 'account_invitation';

export interface OpenLink {
  id: number;
  purpose: LinkPurpose;
  person_id: number | null;
  name: string | null;
  name_en: string | null;
  email: string | null;
  lang: Lang | null;
}

/**
 * An unused one-time link that has not run out, and the active person
 * it is for; locked in a transaction with `lock`.
 */
export function findLink(
  db: Db,
  purposes: LinkPurpose[],
  token: string | undefined,
  options: { lock?: boolean } = {},
): Promise<OpenLink | undefined> {
  if (!token) return Promise.resolve(undefined);
  return row<OpenLink>(
    db,
    `select l.id, l.purpose, l.person_id, p.name, p.name_en, p.email, p.lang
       from one_time_tokens l left join persons p on p.id = l.person_id
      where l.token_hash = :hash and l.purpose = any(:purposes) and l.used_at is null and l.expires_at > now()
        and (l.person_id is null or p.deactivated_at is null)${options.lock ? ' for update of l' : ''}`,
    { hash: hashToken(token), purposes },
  );
}

export interface DeputyRow {
  id: number;
  person_id: number;
  deputy_id: number;
  name: string;
  name_en: string | null;
  from_on: string | null;
  to_on: string | null;
}

/** Who may act for somebody, now or in days to come. */
export function listDeputies(db: Db, personId: number): Promise<DeputyRow[]> {
  return rows<DeputyRow>(
    db,
    `select d.id, d.person_id, d.deputy_id, p.name, p.name_en, d.from_on, d.to_on
       from deputies d join persons p on p.id = d.deputy_id and p.deactivated_at is null
      where d.person_id = :person order by d.from_on nulls first, p.sort_name, d.id`,
    { person: personId },
  );
}
