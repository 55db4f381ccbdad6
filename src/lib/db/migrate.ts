import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { createDb, row, type Db } from './db.js';

const MIGRATIONS = join(import.meta.dirname, '..', '..', '..', 'migrations');
/** The newest schema of the queue that graphile-worker 0.17.3 brings. */
const QUEUE_SCHEMA = 19;
/** Any number, as long as every process takes the same: two machines never migrate at once. */
const LOCK = 6_271_934;

/** `migrations/*.sql` in the order of their names; applied ones are remembered without the ending. */
const source: Knex.MigrationSource<string> = {
  getMigrations: () =>
    Promise.resolve(
      readdirSync(MIGRATIONS)
        .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
        .map((file) => file.slice(0, -'.sql'.length))
        .sort(),
    ),
  getMigrationName: (name) => name,
  getMigration: (name) =>
    Promise.resolve({
      // knex would take a question mark for a binding
      up: (trx: Db) => trx.raw(readFileSync(join(MIGRATIONS, `${name}.sql`), 'utf8').replaceAll('?', '\\?')),
      down: () => Promise.reject(new Error('There is no way back by script: restore the backup')),
    }),
};

export interface Migrated {
  /** names of the migrations that were missing */
  applied: string[];
}

/**
 * Brings the schema up to date: our tables, the queue's tables, and what the product's role may do with them.
 * Each file is one transaction; a second caller waits for the first.
 * @param directUrl postgres://… of the owner of the schema
 * @param appRole the role of the running product; may be the owner itself
 */
export async function migrate(directUrl: string, appRole: string): Promise<Migrated> {
  const db = createDb(directUrl, { max: 2, statementTimeout: 0, applicationName: 'banhui migrate' });
  try {
    return await db.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(?)', [LOCK]);
      // Under our own lock, knex's row can only have been left by a process that was killed.
      await db.migrate.forceFreeMigrationsLock({ tableName: 'migrations', migrationSource: source });
      const [, applied] = (await db.migrate.latest({ tableName: 'migrations', migrationSource: source })) as [
        number,
        string[],
      ];
      const queueChanged = await migrateQueue(db, directUrl);
      if (applied.length > 0 || queueChanged || !(await hasRights(db, appRole))) await grant(db, appRole);
      return { applied };
    });
  } finally {
    await db.destroy();
  }
}

/** The names of migrations that the database lacks, or has and we do not know: `[missing, unknown]`. */
export async function compareMigrations(db: Db): Promise<{ missing: string[]; unknown: string[] }> {
  const known = await source.getMigrations([]);
  const { rows: applied } = await db.raw<{ rows: { name: string }[] }>('select name from migrations');
  const names = new Set(applied.map((one) => one.name));
  return {
    missing: known.filter((name) => !names.has(name)),
    unknown: [...names].filter((name) => !known.includes(name)),
  };
}

async function migrateQueue(db: Db, directUrl: string): Promise<boolean> {
  const there = await row<{ is_there: boolean }>(
    db,
    `select to_regclass('graphile_worker.migrations') is not null as is_there`,
  );
  if (there?.is_there) {
    const newest = await row<{ id: number }>(db, 'select max(id) as id from graphile_worker.migrations');
    if ((newest?.id ?? 0) >= QUEUE_SCHEMA) return false;
  }
  const { runMigrations, Logger } = await import('graphile-worker');
  await runMigrations({ connectionString: directUrl, logger: new Logger(() => () => undefined) });
  return true;
}

async function hasRights(db: Db, appRole: string): Promise<boolean> {
  const found = await row<{ may: boolean }>(
    db,
    `select has_schema_privilege(:role, 'graphile_worker', 'usage')
     and has_table_privilege(:role, 'persons', 'insert') as may`,
    { role: appRole },
  );
  return found?.may ?? false;
}

/** `migrations/grants.sql`, for the product's role. */
async function grant(db: Db, appRole: string): Promise<void> {
  const sql = readFileSync(join(MIGRATIONS, 'grants.sql'), 'utf8').replaceAll('?', '\\?');
  await db.transaction(async (trx) => {
    await trx.raw(`select set_config('banhui.app_role', ?, true)`, [appRole]);
    await trx.raw(sql);
  });
}
