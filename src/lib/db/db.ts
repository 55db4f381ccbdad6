import knexFactory, { type Knex } from 'knex';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { nameLostConnections, nameLostStatements } from './away.js';
import { endSilence } from './silence.js';
import { sqlState } from './sqlState.js';
import { withStatement } from './failedStatement.js';

export { sqlState };

/** The database, or a transaction of it: every query takes one first. */
export type Db = Knex;

// int8 as a number: our ids and counts stay far below 2^53. A date stays the text 'YYYY-MM-DD': as a
// JavaScript Date it would become midnight in the zone of the process and could slip by a day.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value);
const [TEXTS, INT8S, DATES] = [1009, 1016, 1182]; // object ids of the array types
const texts = pg.types.getTypeParser(TEXTS) as (value: string) => (string | null)[];
pg.types.setTypeParser(INT8S, (value) => texts(value).map((one) => (one === null ? null : Number(one))));
pg.types.setTypeParser(DATES, texts);

export interface DbOptions {
  /** Most connections of the pool. */
  max?: number;
  /** Milliseconds before the server ends a statement; 0 is never. */
  statementTimeout?: number;
  applicationName?: string;
}

export function createDb(url: string, options: DbOptions = {}): Db {
  const limit = options.statementTimeout ?? 10_000;
  const bound = (client: pg.Client, done: (error: null, client: pg.Client) => void) => {
    if (limit > 0) endSilence(client, limit);
    nameLostStatements(client);
    done(null, client);
  };
  const db = knexFactory({
    client: 'pg',
    connection: {
      connectionString: url,
      connectionTimeoutMillis: 3_000,
      statement_timeout: limit,
      application_name: options.applicationName ?? 'banhui',
    },
    pool: { min: 0, max: options.max ?? 10, afterCreate: bound },
    // In a rush it is better to wait a little than to be sent away; a database that is away refuses at once.
    acquireConnectionTimeout: 15_000,
    // knex would also write to the console what it throws
    log: { warn: ignore, error: ignore, debug: ignore, deprecate: ignore },
  });
  nameLostConnections(db.client as Parameters<typeof nameLostConnections>[0]);
  return db;
}

function ignore(): void {
  // told by whoever catches the error
}

export type Bindings = Record<string, unknown>;

interface Statement {
  text: string;
  names: string[];
  uses: number;
  /** Under which the server keeps it, parsed and planned. */
  preparedAs?: string;
}
const statements = new Map<string, Statement>();

/**
 * Turns `:name` into the driver's placeholders. Not left to knex, which
 * reads `:name::type` as an identifier and a bare `?` (an operator of jsonb)
 * as a value. A name without a value stays as it is: `'HH24:MI'` is text.
 */
function read(sql: string, bindings: Bindings): Statement {
  let made = statements.get(sql);
  if (!made) {
    const names: string[] = [];
    const text = sql.replace(/\\?\?/g, '\\?').replace(/(?<![:\w]):([a-z_]\w*)/gi, (found, name: string) => {
      if (!(name in bindings)) return found;
      names.push(name);
      return '?';
    });
    made = { text, names, uses: 0 };
    if (statements.size < 2_000) statements.set(sql, made);
  }
  return made;
}

// Reading and planning a statement costs the server more than carrying it out:
// what is asked again and again is prepared by name. The name is made of the text,
// so that behind a pooler that mixes connections it can never mean another one.
const PREPARED_AFTER = 3;
let places = 300;
// A pooler before PgBouncer 1.21 loses prepared statements (26000,
// 42P05); a migration can make one stale (0A000).
const UNPREPARED = new Set(['26000', '42P05', '0A000']);

function nameOf(statement: Statement): string | undefined {
  if (!statement.preparedAs && ++statement.uses > PREPARED_AFTER && places > 0) {
    places--;
    statement.preparedAs = `b_${createHash('sha1').update(statement.text).digest('hex').slice(0, 20)}`;
  }
  return places < 0 ? undefined : statement.preparedAs;
}

interface Result<T> {
  rows: T[];
  rowCount: number | null;
}

async function run<T>(db: Db, sql: string, bindings: Bindings): Promise<Result<T>> {
  try {
    return await carryOut(db, sql, bindings);
  } catch (error) {
    throw withStatement(error, sql);
  }
}

async function carryOut<T>(db: Db, sql: string, bindings: Bindings): Promise<Result<T>> {
  const statement = read(sql, bindings);
  const values = statement.names.map((name) => bindings[name]) as Knex.RawBinding[];
  const name = nameOf(statement);
  if (!name) return db.raw(statement.text, values);
  try {
    return (await db.raw(statement.text, values).options({ name })) as Result<T>;
  } catch (error) {
    if (!UNPREPARED.has(sqlState(error) ?? '')) throw error;
    places = -1; // from here on without names, in this process
    if (db.isTransaction) throw error; // inTransaction begins again
    return db.raw(statement.text, values);
  }
}

/** Rows of one statement. Values are named `:like_this`. */
export async function rows<T>(db: Db, sql: string, bindings: Bindings = {}): Promise<T[]> {
  return (await run<T>(db, sql, bindings)).rows;
}

/** The first row, or undefined. */
export async function row<T>(db: Db, sql: string, bindings: Bindings = {}): Promise<T | undefined> {
  return (await run<T>(db, sql, bindings)).rows[0];
}

/** How many rows a change touched: an expected conflict is a count, not an error. */
export async function change(db: Db, sql: string, bindings: Bindings = {}): Promise<number> {
  return (await run(db, sql, bindings)).rowCount ?? 0;
}

const RETRYABLE = new Set(['40P01', '40001', ...UNPREPARED]); // deadlock, serialisation failure

/** The connection was lost while a change was being saved: nobody can tell whether it was. */
export class Unsure extends Error {}

/**
 * Whether a commit may have been carried out although it failed: no
 * word came, or the server was stopped in it.
 */
function mayStand(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|57)/.test(error.code ?? '');
}

/**
 * Runs `work` in one transaction; inside another one it joins that.
 * Deadlocks are tried again, at most 3 times.
 * @throws Unsure when the connection was lost at the commit
 */
export async function inTransaction<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db);
  for (let attempt = 1; ; attempt++) {
    let isDone = false;
    try {
      return await db.transaction(async (trx) => {
        const result = await work(trx);
        isDone = true; // what is left is the commit
        return result;
      });
    } catch (error) {
      if (isDone && mayStand(error)) throw new Unsure('Lost the connection at the commit', { cause: error });
      if (attempt > 3 || !RETRYABLE.has(sqlState(error) ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt * Math.random()));
    }
  }
}

/**
 * Carries out a change that these constraints may refuse because somebody else was
 * quicker. Only where ON CONFLICT can't say it; any other constraint is thrown.
 * @returns the name of the constraint that refused it, in which case nothing of the change is left
 */
export async function refusedBy(
  trx: Db,
  constraints: readonly string[],
  work: (inner: Db) => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await trx.transaction(work); // a savepoint
    return undefined;
  } catch (error) {
    const name = error instanceof pg.DatabaseError ? error.constraint : undefined;
    if (name === undefined || !constraints.includes(name)) throw error;
    return name;
  }
}

/** Escapes a person's text for LIKE, so that `%`, `_` and `\` mean themselves. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
