import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './cluster.js';

/** No start takes that long: the number in the lock must belong to another program by now. */
const LONGEST = 180_000;
const held = new Set<string>();

/**
 * Lets one process at a time through: making a folder is atomic on
 * every file system. What a killed process left is taken over.
 * @param folder of the lock; its parent must exist
 * @returns gives the lock back
 */
export async function takeFolderLock(folder: string): Promise<() => void> {
  for (;;) {
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'pid'), String(process.pid));
      held.add(folder);
      return () => {
        held.delete(folder);
        rmSync(folder, { recursive: true, force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isAbandoned(folder)) {
      const aside = `${folder}.${process.pid}`;
      try {
        // Renamed first, so that of two that find it abandoned only one removes it.
        renameSync(folder, aside);
        rmSync(aside, { recursive: true, force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    } else {
      await sleep(50);
    }
  }
}

function isAbandoned(folder: string): boolean {
  try {
    const age = Date.now() - statSync(folder).mtimeMs;
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    // In a container every start may have the same number.
    if (pid === process.pid) return !held.has(folder);
    return pid > 0 ? !isAlive(pid) || age > LONGEST : age > 2_000;
  } catch {
    return isOld(folder);
  }
}

/** A folder without a number in it: its maker was killed in between, or is just about to write. */
function isOld(folder: string): boolean {
  try {
    return Date.now() - statSync(folder).mtimeMs > 2_000;
  } catch {
    return false; // given back in between
  }
}
