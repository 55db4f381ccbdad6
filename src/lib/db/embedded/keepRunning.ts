import { join } from 'node:path';
import type { Logger } from 'pino';
import { isAlive } from './cluster.js';
import { startEmbedded } from './start.js';
import { takeFolderLock } from './folderLock.js';
import type { OpenDatabase } from '../open.js';
import { takeServerLock } from '../serverLock.js';

const LOOK_EVERY = 500;
/** After an attempt that failed: it is not tried, nor told, twice a second. */
const TRY_EVERY = 5_000;

/**
 * Starts the embedded database again when it dies under the running server (out of memory, killed by hand);
 * until then pages answer 503. When it only ended its connections, the server's lock is taken again, so that
 * a second server is still refused. Updates `opened` in place.
 * @returns stops watching
 */
export function keepRunning(opened: OpenDatabase, dataDir: string, name: string, log: Logger): () => void {
  let isBusy = false;
  let notBefore = 0;
  let told: string | undefined;
  const timer = setInterval(() => {
    if (
      isBusy ||
      Date.now() < notBefore ||
      !opened.embedded ||
      (isAlive(opened.embedded.pid) && !opened.serverLock?.isLost())
    )
      return;
    isBusy = true;
    if (told === undefined) log.error('the database ended or cut us off; seeing that it runs');
    startAgain(opened, dataDir, name)
      .then(
        () => {
          told = undefined;
          log.warn('the database is back');
        },
        (error: unknown) => {
          notBefore = Date.now() + TRY_EVERY;
          const why = error instanceof Error ? error.message : String(error);
          if (why !== told) log.error({ err: error }, 'the database is not ours again');
          told = why;
        },
      )
      .finally(() => (isBusy = false));
  }, LOOK_EVERY);
  return () => clearInterval(timer);
}

async function startAgain(opened: OpenDatabase, dataDir: string, name: string): Promise<void> {
  const release = await takeFolderLock(join(dataDir, '.starting'));
  try {
    await opened.serverLock?.release();
    opened.embedded = await startEmbedded(dataDir);
    const lock = await takeServerLock(opened.embedded.directUrl, name);
    if ('heldBy' in lock) throw new Error(`another server took the data folder over: ${lock.heldBy}`);
    opened.serverLock = lock;
  } finally {
    release();
  }
}
