import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Binaries } from './binaries.js';
import { asUser, giveTo, type ServiceUser } from './serviceUser.js';

/** The superuser made by initdb; it owns the schema. */
export const OWNER = 'postgres';

export interface ClusterPlace {
  /** the data folder of PostgreSQL itself */
  folder: string;
  /** folder of the Unix socket, whose full path must stay under 107 bytes */
  socketFolder: string;
  logFile: string;
  binaries: Binaries;
  user: ServiceUser | undefined;
}

/** A running cluster; `child` only when this process started it. */
export interface RunningCluster {
  pid: number;
  host: string;
  port: number;
  password: string;
  adopted: boolean;
}

const WINDOWS = process.platform === 'win32';

/** Makes the cluster unless it is there. Half a cluster, left by a crash, is thrown away, never used. */
export function createCluster(place: ClusterPlace, options: { sync: boolean }): boolean {
  const { folder, binaries, user } = place;
  if (existsSync(join(folder, 'PG_VERSION'))) {
    const major = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
    if (major !== binaries.major) {
      throw new Error(
        `The database in ${folder} was made by PostgreSQL ${major}, ` +
          `and this version of Banhui brings ${binaries.major}. ` +
          'Start the version of Banhui that made it, move the data with pg_dump, ' +
          `or set DATABASE_URL to a PostgreSQL ${major} that runs on that folder.`,
      );
    }
    return false;
  }
  for (const left of readdirSync(dirname(folder))) {
    if (left.startsWith(`${basename(folder)}.new-`))
      rmSync(join(dirname(folder), left), { recursive: true, force: true });
  }
  const unfinished = `${folder}.new-${process.pid}`;
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(user, unfinished);
  // Byte order of the code points is the same on every machine, so an
  // index never depends on a system library.
  const made = spawnSync(
    binaries.initdb,
    [
      ...[
        '-D',
        unfinished,
        '-U',
        OWNER,
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
      ],
      // A Unix socket in a folder of mode 0700 is the lock; Windows
      // has none and listens on 127.0.0.1 with a password.
      ...(WINDOWS ? ['--auth=scram-sha-256', `--pwfile=${place.logFile}.password`] : ['--auth=trust']),
      ...(options.sync ? [] : ['--no-sync']),
    ],
    { ...asUser(user), cwd: unfinished, encoding: 'utf8', env: cleanEnvironment() },
  );
  if (made.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(
      `initdb could not make the database in ${folder}: ${(made.stderr || made.error?.message || '').trim()}`,
    );
  }
  renameSync(unfinished, folder);
  return true;
}

/** Nothing from our own environment may steer PostgreSQL (PGDATA, PGPORT …). */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { LC_ALL: 'C', TZ: 'UTC' };
  for (const name of ['PATH', 'SYSTEMROOT', 'TEMP', 'TMP'])
    if (process.env[name]) env[name] = process.env[name];
  return env;
}

/**
 * Starts PostgreSQL on a cluster, or adopts the one that a killed process left running on it.
 * @param settings server settings, name → value
 * @throws Error with PostgreSQL's own last words when it doesn't come up within 60 s
 */
export async function startCluster(
  place: ClusterPlace,
  settings: Record<string, string>,
): Promise<RunningCluster> {
  const password = WINDOWS ? readFileSync(`${place.logFile}.password`, 'utf8').trim() : '';
  const deadline = Date.now() + 60_000;
  let child: ChildProcess | undefined;
  let from = 0;
  for (;;) {
    const found = readPidFile(place);
    if (found?.ready && (await answers(found, password, place))) {
      return { pid: found.pid, host: found.host, port: found.port, password, adopted: !child };
    }
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL did not come up within 60 s:\n${lastWords(place, from)}`);
    const ended = child && (child.exitCode !== null || child.signalCode !== null);
    if (ended) {
      const words = lastWords(place, from);
      // What a killed server left behind goes away by itself in a moment; anything else won't.
      if (!/shared memory block|already exists|is another postmaster/.test(words))
        throw new Error(`PostgreSQL did not start:\n${words}`);
      await sleep(200);
    }
    if (!found && (!child || ended)) {
      from = existsSync(place.logFile) ? statSync(place.logFile).size : 0;
      child = await launch(place, settings);
    }
    await sleep(10);
  }
}

async function launch(place: ClusterPlace, settings: Record<string, string>): Promise<ChildProcess> {
  const { folder, socketFolder, logFile, binaries, user } = place;
  mkdirSync(socketFolder, { recursive: true, mode: 0o700 });
  giveTo(user, socketFolder);
  const all: Record<string, string> = {
    ...(WINDOWS
      ? { listen_addresses: '127.0.0.1', port: String(await findFreePort()) }
      : {
          listen_addresses: '',
          port: '5432',
          unix_socket_directories: socketFolder,
          unix_socket_permissions: '0700',
        }),
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Containers often have a /dev/shm of 64 MB, too small for parallel plans.
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    jit: 'off',
    ...settings,
  };
  const log = openSync(logFile, 'a', 0o600);
  try {
    // Detached: Ctrl-C reaches the whole process group, and the database has to outlive our own draining.
    const child = spawn(
      binaries.postgres,
      ['-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...asUser(user),
        cwd: folder,
        env: cleanEnvironment(),
        detached: true,
        stdio: ['ignore', log, log],
        windowsHide: true,
      },
    );
    child.on('error', () => undefined);
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** PostgreSQL's last lines since a place in its log. */
function lastWords(place: ClusterPlace, from: number): string {
  const text = existsSync(place.logFile) ? readFileSync(place.logFile).subarray(from).toString('utf8') : '';
  return text.trim().split('\n').slice(-8).join('\n');
}

/** What postmaster.pid says of a living PostgreSQL on this cluster; a file left by a dead one is removed. */
function readPidFile(
  place: ClusterPlace,
): { pid: number; port: number; host: string; ready: boolean } | undefined {
  const file = join(place.folder, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [pid, , , port, socketFolder, address, , status] = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  if (!pid) return undefined;
  if (!isPostgres(Number(pid), place)) {
    // After a restart of the machine or container the number may belong to anything, ourselves included, and
    // PostgreSQL would then refuse to start.
    rmSync(file, { force: true });
    for (const left of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock'])
      rmSync(join(place.socketFolder, left), { force: true });
    return undefined;
  }
  return {
    pid: Number(pid),
    port: Number(port),
    host: socketFolder || address || '127.0.0.1',
    ready: status === 'ready',
  };
}

function isPostgres(pid: number, place: ClusterPlace): boolean {
  if (!isAlive(pid)) return false;
  if (existsSync(`/proc/${pid}/cmdline`)) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words[0]?.includes('postgres') === true && words.includes(place.folder);
  }
  if (WINDOWS) return true;
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(
    'postgres',
  );
}

/** Whether a process with this number exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function answers(
  found: { host: string; port: number },
  password: string,
  place: ClusterPlace,
): Promise<boolean> {
  const client = new pg.Client({
    host: found.host,
    port: found.port,
    user: OWNER,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 2000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    );
    return realpathSync(rows[0]?.folder ?? '') === realpathSync(place.folder);
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Stops PostgreSQL: sessions are ended, everything is written, then it
 * exits; at once when 8 s were not enough.
 */
export async function stopCluster(place: ClusterPlace): Promise<void> {
  const found = readPidFile(place);
  if (!found) return;
  if (WINDOWS) {
    spawnSync(place.binaries.pgCtl, ['stop', '-D', place.folder, '-m', 'fast', '-w', '-t', '8'], {
      stdio: 'ignore',
      windowsHide: true,
    });
    return;
  }
  for (const [signal, patience] of [
    ['SIGINT', 8000],
    ['SIGQUIT', 3000],
    ['SIGKILL', 2000],
  ] as const) {
    try {
      process.kill(found.pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + patience; Date.now() < until; await sleep(10))
      if (!isAlive(found.pid)) return;
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
