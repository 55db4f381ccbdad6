import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createDb } from '../../src/lib/db/db.js';
import { startEmbedded } from '../../src/lib/db/embedded.js';
import { keepRunning } from '../../src/lib/db/keepRunning.js';
import { takeServerLock } from '../../src/lib/db/serverLock.js';

test('a server whose database ended all connections is the only one again within moments', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banhui-keep-'));
  const embedded = await startEmbedded(folder);
  const db = createDb(embedded.directUrl, { max: 1 });
  try {
    const lock = await takeServerLock(embedded.directUrl, 'the first');
    if ('heldBy' in lock) throw new Error(`held by ${lock.heldBy}`);
    const opened = { url: embedded.url, directUrl: embedded.directUrl, embedded, serverLock: lock, close: () => Promise.resolve() };
    const stop = keepRunning(opened, folder, 'the first', pino({ level: 'silent' }));
    await db.raw(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'the first'`);
    for (const end = Date.now() + 10_000; opened.serverLock === lock && Date.now() < end; ) await sleep(20);
    stop();
    expect(await takeServerLock(embedded.directUrl, 'the second')).toEqual({ heldBy: 'the first' });
    await opened.serverLock.release();
  } finally {
    await db.destroy();
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
