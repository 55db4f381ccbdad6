import type { Db } from '../../src/lib/db/db.js';

// Whoever locks in another order than everybody else waits for them while they wait for us. The statements of
// a transaction say which tables it locks; the order is judged by the first lock of each.

/** In this order; what is not named is locked behind one of these and judged by nobody. */
export const LOCK_ORDER = ['series', 'meetings', 'rooms', 'quotas', 'equipment_kinds'] as const;
type Table = (typeof LOCK_ORDER)[number];
const isJudged = (name: string | undefined): name is Table =>
  (LOCK_ORDER as readonly string[]).includes(name ?? '');

/**
 * The judged tables of which a statement locks rows, each once, as they stand in it. A row that is inserted
 * is one's own.
 */
export function tablesLocked(sql: string): Table[] {
  const text = sql
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/\s+/g, ' ')
    .toLowerCase();
  const found: (string | undefined)[] = [
    ...text.matchAll(/(insert into|delete from|(?<!for |key |do )update) (\w+)/g),
  ].map(([, , table]) => table);
  const lock = /for (?:no key update|update|share|key share)(?: of (\w+))?/.exec(text);
  if (lock) {
    const alias = lock[1];
    const named = alias && new RegExp(`(?:from|join) (\\w+) (?:as )?${alias}\\b`).exec(text)?.[1];
    found.push(named ?? alias ?? /\bfrom (\w+)/.exec(text)?.[1]);
  }
  // 'quota of person …' is the only advisory lock within the order.
  if (text.includes('pg_advisory_xact_lock(key)')) found.push('quotas');
  return [...new Set(found.filter(isJudged))];
}

export interface LockWatch {
  /** What each transaction locked in which order, once for each order: `meetings → rooms`. */
  orders(): string[];
  /** Of these, what breaks the order, with the statement that did. */
  broken(): string[];
}

interface Query {
  sql: string;
  __knexUid: string;
}

/** Watches all transactions of a pool from here on. */
export function watchLocks(db: Db): LockWatch {
  const running = new Map<string, Table[]>();
  const orders = new Set<string>();
  const broken = new Set<string>();
  const end = (connection: string) => {
    const locked = running.get(connection);
    running.delete(connection);
    if (locked?.length) orders.add(locked.join(' → '));
  };
  db.on('query', ({ sql, __knexUid: connection }: Query) => {
    if (/^begin\b/i.test(sql)) running.set(connection, []);
    else if (/^(commit|rollback)\b(?! to)/i.test(sql)) end(connection);
    const locked = running.get(connection);
    if (!locked) return;
    const own = /^\s*insert into (\w+)/i.exec(sql)?.[1];
    for (const table of tablesLocked(sql)) {
      if (locked.includes(table)) continue;
      const later = locked.filter((other) => LOCK_ORDER.indexOf(other) > LOCK_ORDER.indexOf(table));
      // Nobody else can hold a row that is only just made.
      if (later.length && table !== own)
        broken.add(`${table} after ${later.join(', ')}: ${sql.replace(/\s+/g, ' ').slice(0, 200)}`);
      locked.push(table);
    }
  });
  return { orders: () => [...orders].sort(), broken: () => [...broken].sort() };
}
