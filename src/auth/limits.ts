import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Db } from '../lib/db/db.js';

const MINUTE = 60;

/**
 * Counted in Postgres, so that any number of web processes share one
 * count. A whole office may sit behind one address.
 */
const RULES = {
  sign_in_account: { points: 10, duration: 15 * MINUTE },
  sign_in_address: { points: 100, duration: 15 * MINUTE },
  reset_account: { points: 3, duration: 60 * MINUTE },
  reset_address: { points: 30, duration: 60 * MINUTE },
  token_address: { points: 60, duration: 15 * MINUTE },
} as const;
export type Rule = keyof typeof RULES;

const made = new WeakMap<Db, Record<Rule, RateLimiterPostgres>>();

function limiters(db: Db): Record<Rule, RateLimiterPostgres> {
  let all = made.get(db);
  if (!all) {
    const entries = Object.entries(RULES).map(([name, rule]) => [
      name,
      new RateLimiterPostgres({
        storeClient: db,
        storeType: 'knex',
        tableName: 'sign_in_limits',
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        ...rule,
      }),
    ]);
    made.set(db, (all = Object.fromEntries(entries) as Record<Rule, RateLimiterPostgres>));
  }
  return all;
}

/**
 * Counts one attempt, before the password is looked at: many at once can't slip through together.
 * @returns when to try again, or undefined while there is room
 */
export async function attempt(db: Db, rule: Rule, who: string): Promise<Date | undefined> {
  try {
    await limiters(db)[rule].consume(who);
    return undefined;
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return new Date(Date.now() + refused.msBeforeNext);
    throw refused;
  }
}

/** Forgets what was counted: the right person came in. */
export async function forgive(db: Db, rule: Rule, who: string): Promise<void> {
  await limiters(db)[rule].delete(who);
}

/** Gives one attempt back: signing in with success costs an office's shared address nothing. */
export async function giveBack(db: Db, rule: Rule, who: string): Promise<void> {
  await limiters(db)[rule].reward(who);
}

/** The table holds no addresses of persons, also not of those who have no account. */
export function accountKey(email: string): string {
  return createHash('sha256').update(email).digest('base64url');
}

/** An IPv4 address, or the /64 that one household or server owns in IPv6. */
export function addressKey(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped?.[1]) return mapped[1];
  const plain = ip.replace(/%.*$/, '');
  if (!isIPv6(plain)) return ip;
  const [head = '', tail] = plain.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
