import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config.js';
import { CannotStart, say } from '../log/steps.js';
import { sqlState } from './db.js';
import { checkDatabase, type DatabaseCheck } from './durability.js';
import { startEmbedded, type EmbeddedDatabase } from './embedded/start.js';
import { takeFolderLock } from './embedded/folderLock.js';
import { migrate } from './migrate.js';
import { STOPPING, takeServerLock, type ServerLock } from './serverLock.js';

export interface OpenDatabase {
  /** as the role of the running product */
  url: string;
  /** as the owner of the schema */
  directUrl: string;
  /** undefined with DATABASE_URL */
  embedded: EmbeddedDatabase | undefined;
  serverLock: ServerLock | undefined;
  /** Ends what this process began: the embedded database too, unless a server still runs on it. */
  close(): Promise<void>;
}

/**
 * Opens the database of the settings (starting the embedded one), checks that
 * it keeps what it was given, and brings the schema up to date. Says each step.
 * @param server how a second server on the same embedded database will
 * be told about this one; undefined for a helper
 *   beside a server (sample, a further worker)
 * @throws CannotStart
 */
export async function openDatabase(config: Config, server: string | undefined): Promise<OpenDatabase> {
  const opened = config.databaseUrl
    ? await openOwn(config.databaseUrl, config.databaseDirectUrl ?? config.databaseUrl)
    : await openEmbedded(config.dataDir, server);
  const since = performance.now();
  try {
    const { role } = await check(opened.url);
    const { applied } = await migrate(opened.directUrl, role).catch(explainMissingRight);
    say(
      'schema',
      applied.length === 0 ? 'up to date' : `${applied.length} migrations, up to ${applied.at(-1)}`,
      since,
    );
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openEmbedded(dataDir: string, server: string | undefined): Promise<OpenDatabase> {
  for (const until = Date.now() + 16_000; ; await sleep(200)) {
    const opened = await tryEmbedded(dataDir, server);
    if (!('heldBy' in opened)) return opened;
    if (opened.heldBy === STOPPING && Date.now() < until) continue;
    throw new CannotStart(
      `Banhui already runs on ${dataDir}: ${opened.heldBy}.\n` +
        'Stop that one first, or start this one with another DATA_DIR and PORT.',
    );
  }
}

async function tryEmbedded(
  dataDir: string,
  server: string | undefined,
): Promise<OpenDatabase | { heldBy: string }> {
  const since = performance.now();
  mkdirSync(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const release = await takeFolderLock(join(dataDir, '.starting'));
  try {
    const embedded = await startEmbedded(dataDir);
    const opened: OpenDatabase = {
      url: embedded.url,
      directUrl: embedded.directUrl,
      embedded,
      serverLock: undefined,
      close: () => closeEmbedded(opened, dataDir),
    };
    if (server !== undefined) {
      const lock = await takeServerLock(embedded.directUrl, server);
      if ('heldBy' in lock) return lock;
      opened.serverLock = lock;
    }
    const where = relative(process.cwd(), embedded.folder);
    const folder = where.startsWith('..') ? embedded.folder : `./${where}`;
    say('database', `PostgreSQL in ${folder}${embedded.adopted ? ', found running' : ''}`, since);
    return opened;
  } finally {
    release();
  }
}

async function closeEmbedded(
  { embedded, directUrl, serverLock }: OpenDatabase,
  dataDir: string,
): Promise<void> {
  const release = await takeFolderLock(join(dataDir, '.starting'));
  try {
    // A lock that was lost may be another server's by now.
    const own = serverLock?.isLost() ? undefined : serverLock;
    const lock = own ?? (await takeServerLock(directUrl, 'closing').catch(() => undefined));
    if (lock && 'heldBy' in lock) return; // a server still needs it
    await embedded?.stop();
    await lock?.release();
  } finally {
    release();
  }
}

async function openOwn(url: string, directUrl: string): Promise<OpenDatabase> {
  const since = performance.now();
  const app = await patiently(url);
  const owner = url === directUrl ? app : await patiently(directUrl);
  say('database', `PostgreSQL ${app.version} at ${new URL(url).host}`, since);
  if (app.role === owner.role) {
    say(
      '',
      `one role, "${app.role}", runs the pages and owns the tables; ` +
        'with DATABASE_DIRECT_URL they are two (see README)',
    );
  }
  return { url, directUrl, embedded: undefined, serverLock: undefined, close: () => Promise.resolve() };
}

async function check(url: string): Promise<DatabaseCheck> {
  const found = await checkDatabase(url);
  if (found.problems.length > 0)
    throw new CannotStart(
      `The database cannot be used:\n${found.problems.map((one) => `- ${one}`).join('\n')}`,
    );
  return found;
}

/** The role of DATABASE_URL alone may well be one that owns nothing. */
function explainMissingRight(error: unknown): never {
  if (sqlState(error) !== '42501') throw error;
  throw new CannotStart(
    'The role that is to own the tables may not make or change them: ' +
      `${String(error).split(' - ').at(-1)}.\n` +
      'Set DATABASE_DIRECT_URL to the database as its owner.',
  );
}

/** A database that starts at the same time as we do (a machine booting, containers) is given 30 s. */
async function patiently(url: string): Promise<DatabaseCheck> {
  let told = false;
  for (const until = Date.now() + 30_000; ; await sleep(500)) {
    try {
      return await check(url);
    } catch (error) {
      if (error instanceof CannotStart) throw error;
      const state = sqlState(error);
      const isComing =
        state === undefined || ['57P03', 'ECONNREFUSED', 'ENOENT', 'ECONNRESET'].includes(state);
      const { host, pathname, username } = new URL(url);
      const why = error instanceof Error ? error.message || state : String(error);
      if (isComing && Date.now() < until) {
        if (!told) say('database', `waiting for ${host}, at most 30 s`);
        told = true;
        continue;
      }
      if (isComing)
        throw new CannotStart(`The database ${pathname.slice(1)} at ${host} cannot be reached: ${why}`);
      throw new CannotStart(
        `The database ${pathname.slice(1)} at ${host} does not let ${username || 'us'} in: ${why}`,
      );
    }
  }
}
