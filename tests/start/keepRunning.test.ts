import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { readConfig } from '../../src/config.js';
import { createDb } from '../../src/lib/db/db.js';
import { startEmbedded } from '../../src/lib/db/embedded/start.js';
import { isAlive } from '../../src/lib/db/embedded/cluster.js';
import { keepRunning } from '../../src/lib/db/embedded/keepRunning.js';
import { openDatabase } from '../../src/lib/db/open.js';
import { takeServerLock } from '../../src/lib/db/serverLock.js';

test('a server whose database ended all connections is the only one again within moments', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banhui-keep-'));
  const embedded = await startEmbedded(folder);
  const db = createDb(embedded.directUrl, { max: 1 });
  try {
    const lock = await takeServerLock(embedded.directUrl, 'the first');
    if ('heldBy' in lock) throw new Error(`held by ${lock.heldBy}`);
    const opened = {
      url: embedded.url,
      directUrl: embedded.directUrl,
      embedded,
      serverLock: lock,
      close: () => Promise.resolve(),
    };
    const stop = keepRunning(opened, folder, 'the first', pino({ level: 'silent' }));
    await db.raw(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'the first'`,
    );
    for (const end = Date.now() + 10_000; opened.serverLock === lock && Date.now() < end;) await sleep(20);
    stop();
    expect(await takeServerLock(embedded.directUrl, 'the second')).toEqual({ heldBy: 'the first' });
    await opened.serverLock.release();
  } finally {
    await db.destroy();
    await embedded.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test('a server that lost the data folder to another says so once, and leaves it alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banhui-lost-'));
  const said = jest.spyOn(console, 'log').mockReturnValue();
  const opened = await openDatabase(readConfig({ DATA_DIR: folder }, folder), 'the first');
  const pid = opened.embedded?.pid ?? 0;
  const db = createDb(opened.directUrl, { max: 1 });
  try {
    await db.raw(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'the first'`,
    );
    for (const end = Date.now() + 10_000; !opened.serverLock?.isLost() && Date.now() < end;) await sleep(20);
    const other = await takeServerLock(opened.directUrl, 'the second');
    if ('heldBy' in other) throw new Error(`held by ${other.heldBy}`);

    const errors: string[] = [];
    const log = pino(
      { level: 'error' },
      { write: (line: string) => void errors.push((JSON.parse(line) as { msg: string }).msg) },
    );
    const stop = keepRunning(opened, folder, 'the first', log);
    await sleep(7_000);
    stop();
    expect(errors).toEqual([
      'the database ended or cut us off; seeing that it runs',
      'the database is not ours again',
    ]);

    await opened.close();
    expect(isAlive(pid)).toBe(true);
    expect((await db.raw<{ rows: unknown[] }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await other.release();
  } finally {
    said.mockRestore();
    await db.destroy();
    await opened.embedded?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 90_000);
