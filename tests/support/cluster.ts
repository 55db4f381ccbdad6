import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinaries } from '../../src/lib/db/embedded/binaries.js';
import {
  createCluster,
  startCluster,
  stopCluster,
  OWNER,
  type ClusterPlace,
  type RunningCluster,
} from '../../src/lib/db/embedded/cluster.js';
import { createDb } from '../../src/lib/db/db.js';
import { APP_ROLE, clusterUrl, makeAppRole } from '../../src/lib/db/embedded/start.js';
import { migrate } from '../../src/lib/db/migrate.js';
import { serviceUser } from '../../src/lib/db/embedded/serviceUser.js';

export const TEMPLATE = 'template_banhui';

export interface TestCluster {
  place: RunningCluster;
  stop(): Promise<void>;
}

/** A folder on the RAM disk when it holds at least 1 GB, else on the disk. */
export function makeFastFolder(name: string): string {
  const ram = '/dev/shm';
  const isRoomy = existsSync(ram) && statfsSync(ram).bavail * statfsSync(ram).bsize >= 1e9;
  const folder = mkdtempSync(join(isRoomy ? ram : tmpdir(), name));
  chmodSync(folder, 0o711); // as root, the service user works inside
  return folder;
}

/** A PostgreSQL of our own, without a thought for power cuts, with a migrated template database. */
export async function startTestCluster(): Promise<TestCluster> {
  const folder = makeFastFolder('banhui-test-');
  const user = serviceUser();
  const place: ClusterPlace = {
    folder: join(folder, 'pg'),
    socketFolder: join(folder, 'run'),
    logFile: join(folder, 'postgres.log'),
    binaries: findBinaries(user),
    user,
  };
  mkdirSync(place.socketFolder, { mode: 0o700 });
  createCluster(place, { sync: false });
  const running = await startCluster(place, {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_connections: '300',
    shared_buffers: '64MB',
    autovacuum: 'off',
    max_wal_size: '256MB',
    // its default keeps files directly in /dev/shm, where a killed server leaves them
    dynamic_shared_memory_type: 'mmap',
  });
  const watchdog = spawn(
    process.execPath,
    [join(import.meta.dirname, 'watchdog.mjs'), String(running.pid), folder],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();

  const admin = createDb(clusterUrl(running, OWNER, 'postgres'), { max: 1 });
  await makeAppRole(admin, running.password);
  await admin.raw(`create database ${TEMPLATE}`);
  await admin.destroy();
  await migrate(clusterUrl(running, OWNER, TEMPLATE), APP_ROLE);

  return {
    place: running,
    async stop() {
      await stopCluster(place);
      rmSync(folder, { recursive: true, force: true });
      watchdog.stdin.end();
    },
  };
}
