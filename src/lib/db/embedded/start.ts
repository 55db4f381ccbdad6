import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { findBinaries, SYSTEM_FOLDER } from './binaries.js';
import {
  createCluster,
  OWNER,
  startCluster,
  stopCluster,
  type ClusterPlace,
  type RunningCluster,
} from './cluster.js';
import { createDb, row, type Db } from '../db.js';
import { canReach, serviceUser } from './serviceUser.js';

/** The role the running product uses: it may read and write rows and owns nothing. */
export const APP_ROLE = 'banhui';
const DATABASE = 'banhui';
/** SUN_LEN: the longest socket path every system takes. */
const LONGEST_SOCKET_PATH = 103;

export interface EmbeddedDatabase {
  /** for the running product, as the role without rights on the schema */
  url: string;
  /** for migrations and the queue, as the owner */
  directUrl: string;
  /** folder of the cluster */
  folder: string;
  pid: number;
  /** true when a PostgreSQL left by a killed process was found running */
  adopted: boolean;
  stop(): Promise<void>;
}

/**
 * Starts (or adopts) the PostgreSQL that comes with the packages on the data folder. The caller makes sure
 * that nobody else starts on the same folder at that moment.
 * @param dataDir made when missing
 */
export async function startEmbedded(dataDir: string): Promise<EmbeddedDatabase> {
  const place = findPlace(dataDir);
  createCluster(place, { sync: true });
  const cluster = await startCluster(place, {
    cluster_name: 'banhui',
    max_connections: '100',
    random_page_cost: '1.1',
    log_checkpoints: 'off',
  });
  await ensureDatabase(cluster);
  return {
    url: clusterUrl(cluster, APP_ROLE, DATABASE),
    directUrl: clusterUrl(cluster, OWNER, DATABASE),
    folder: place.folder,
    pid: cluster.pid,
    adopted: cluster.adopted,
    stop: () => stopCluster(place),
  };
}

/** Where the cluster of a data folder lives, and as whom it runs. Makes the folders around it. */
function findPlace(dataDir: string): ClusterPlace {
  const root = process.getuid?.() === 0;
  mkdirSync(dataDir, { recursive: true, mode: root ? 0o711 : 0o700 });
  const home = realpathSync(dataDir);
  const note = join(home, 'WHERE');
  let base = existsSync(note) ? (readFileSync(note, 'utf8').trim().split('\n').at(-1) ?? home) : home;
  const owner = existsSync(join(base, 'postgres')) ? statSync(join(base, 'postgres')).uid : undefined;
  const user = serviceUser(owner);
  if (owner !== undefined && !root && owner !== process.getuid?.()) {
    throw new Error(
      `The database in ${base} belongs to another user (uid ${owner}). ` +
        'Start as that user or as root, or choose another DATA_DIR.',
    );
  }
  if (!canReach(user, base)) {
    if (owner !== undefined) {
      throw new Error(
        `The user "${user?.name}", who runs the database, can no longer enter ${base}. ` +
          'Allow it again (chmod o+x on every folder above), or choose another DATA_DIR.',
      );
    }
    base = join(SYSTEM_FOLDER, createHash('sha256').update(home).digest('hex').slice(0, 16));
    mkdirSync(base, { recursive: true });
    chmodSync(SYSTEM_FOLDER, 0o755);
    chmodSync(base, 0o711);
    writeFileSync(
      note,
      `The user "${user?.name}", who runs the database, cannot enter this folder; ` +
        `the database is in\n${base}\n`,
    );
  }
  const logFile = join(base, 'postgres.log');
  if (existsSync(logFile) && statSync(logFile).size > 10_000_000) renameSync(logFile, `${logFile}.1`);
  if (process.platform === 'win32' && !existsSync(`${logFile}.password`)) {
    writeFileSync(`${logFile}.password`, randomBytes(24).toString('hex'), { mode: 0o600 });
  }
  // initdb needs to make a folder and rename it beside the others, which root does for the service user.
  return {
    folder: join(base, 'postgres'),
    socketFolder: socketFolder(base, user?.name),
    logFile,
    binaries: findBinaries(user),
    user,
  };
}

function socketFolder(base: string, owner: string | undefined): string {
  const near = join(base, 'run');
  if (Buffer.byteLength(`${near}/.s.PGSQL.5432`) <= LONGEST_SOCKET_PATH) return near;
  const short = createHash('sha256').update(base).digest('hex').slice(0, 12);
  const far = join(
    process.platform === 'darwin' ? '/tmp' : tmpdir(),
    `banhui-${short}-${owner ?? userInfo().uid}`,
  );
  // A folder that somebody else put there first would let them listen in our place.
  mkdirSync(far, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(far);
  const expected = owner === undefined ? process.getuid?.() : serviceUser()?.uid;
  if ((mode & 0o077) !== 0 || (uid !== 0 && uid !== expected)) {
    throw new Error(`${far} belongs to somebody else; remove it, or choose a shorter DATA_DIR.`);
  }
  return far;
}

/** postgres://… for a role and a database of a running cluster, over its socket where it has one. */
export function clusterUrl(cluster: RunningCluster, role: string, database: string): string {
  if (cluster.host.startsWith('/')) {
    const socket = encodeURIComponent(cluster.host);
    return `postgres://${role}@localhost/${database}?host=${socket}&port=${cluster.port}`;
  }
  const password = encodeURIComponent(cluster.password);
  return `postgres://${role}:${password}@${cluster.host}:${cluster.port}/${database}`;
}

async function ensureDatabase(cluster: RunningCluster): Promise<void> {
  const db = createDb(clusterUrl(cluster, OWNER, 'postgres'), { max: 1 });
  try {
    const found = await row<{ has_role: boolean; has_database: boolean }>(
      db,
      `select exists (select from pg_roles where rolname = :role) as has_role,
              exists (select from pg_database where datname = :database) as has_database`,
      { role: APP_ROLE, database: DATABASE },
    );
    if (!found?.has_role) await makeAppRole(db, cluster.password);
    if (!found?.has_database) await db.raw(`create database ${DATABASE}`);
  } finally {
    await db.destroy();
  }
}

/**
 * Makes the role of the running product; the password is our own random one, of letters and digits, or none.
 */
export async function makeAppRole(db: Db, password: string): Promise<void> {
  await db.raw(`create role ${APP_ROLE} login ${password ? `password '${password}'` : ''}`);
}
