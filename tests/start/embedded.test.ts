import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDb } from '../../src/lib/db/db.js';
import { isAlive } from '../../src/lib/db/embedded/cluster.js';
import { startEmbedded, type EmbeddedDatabase } from '../../src/lib/db/embedded/start.js';
import { takeFolderLock } from '../../src/lib/db/embedded/folderLock.js';
import { makeFastFolder } from '../support/cluster.js';

let folder: string;
let running: EmbeddedDatabase | undefined;
beforeAll(() => {
  folder = makeFastFolder('banhui-embedded-');
});
afterAll(async () => {
  await running?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const db = createDb(url, { max: 1 });
  try {
    return (await db.raw<{ rows: T[] }>(sql)).rows;
  } finally {
    await db.destroy();
  }
}

async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await sleep(10);
}

test('makes a database of its own, durable, that only this user reaches', async () => {
  // what a start that was killed in the middle of initdb leaves behind
  mkdirSync(join(folder, 'postgres.new-1'));
  running = await startEmbedded(folder);
  expect(running.adopted).toBe(false);
  expect(existsSync(join(folder, 'postgres.new-1'))).toBe(false);
  const found = await ask(
    running.url,
    `select current_user as role, current_setting('fsync') as fsync,
       current_setting('listen_addresses') as addresses`,
  );
  expect(found).toEqual([{ role: 'banhui', fsync: 'on', addresses: '' }]);
  await expect(ask(running.url, 'create table x ()')).rejects.toMatchObject({ code: '42501' });
});

test('keeps what was committed when it is killed', async () => {
  await ask(running!.directUrl, 'create table kept (n int)');
  await ask(running!.directUrl, 'insert into kept values (42)');
  await killed(running!.pid);
  running = await startEmbedded(folder);
  expect(running.adopted).toBe(false);
  expect(await ask(running.directUrl, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('takes over one that a killed server left running', async () => {
  const again = await startEmbedded(folder);
  expect(again).toMatchObject({ adopted: true, pid: running!.pid, url: running!.url });
});

test('does not trip over a number that another program has taken since', async () => {
  const file = join(folder, 'postgres', 'postmaster.pid');
  const left = readFileSync(file, 'utf8').split('\n');
  await killed(running!.pid);
  // our own number: alive, and no PostgreSQL
  writeFileSync(file, [process.pid, ...left.slice(1)].join('\n'));
  running = await startEmbedded(folder);
  expect(await ask(running.directUrl, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('stops in an orderly way and starts again', async () => {
  const { pid } = running!;
  await running!.stop();
  expect(isAlive(pid)).toBe(false);
  expect(readFileSync(join(folder, 'postgres.log'), 'utf8').trimEnd()).toMatch(
    /database system is shut down$/,
  );
  running = await startEmbedded(folder);
  expect(await ask(running.directUrl, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('lets one start through at a time, and takes over what a killed one left', async () => {
  const lock = join(folder, 'lock');
  const order: string[] = [];
  const release = await takeFolderLock(lock);
  const second = takeFolderLock(lock).then((give) => {
    order.push('second');
    give();
  });
  await sleep(120);
  order.push('first');
  release();
  await second;
  expect(order).toEqual(['first', 'second']);

  mkdirSync(lock);
  writeFileSync(join(lock, 'pid'), '999999999'); // no such process
  (await takeFolderLock(lock))();
  mkdirSync(lock); // killed between making the folder and writing into it
  utimesSync(lock, new Date(0), new Date(0));
  (await takeFolderLock(lock))();
  expect(existsSync(lock)).toBe(false);
});
