import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../src/lib/db/embedded/cluster.js';
import { createDb } from '../../src/lib/db/db.js';
import { makeFastFolder } from '../support/cluster.js';

// The start as people do it: another process, a data folder, signals.

let folder: string;
const children: ChildProcess[] = [];
beforeAll(() => {
  folder = makeFastFolder('banhui-serve-');
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGTERM');
  await Promise.all(children.map(ended));
  rmSync(folder, { recursive: true, force: true });
});
jest.setTimeout(60_000);

interface Start {
  child: ChildProcess;
  pid: number;
  said(): string;
  /** http://127.0.0.1:<port>, as soon as it serves */
  address: Promise<string>;
}

function start(settings: Record<string, string> = {}): Start {
  const child = spawn(process.execPath, [join('src', 'start.mjs')], {
    // Started as by npm, it ends when this run is killed.
    env: {
      npm_lifecycle_event: 'start',
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATA_DIR: folder,
      PORT: '0',
      LOG_LEVEL: 'warn',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  const address = new Promise<string>((resolve, reject) => {
    const hear = (part: Buffer): void => {
      said += part.toString();
      const found = /ready\s+(http:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', () => reject(new Error(`ended before it served:\n${said}`)));
  });
  address.catch(() => undefined); // not everybody waits for it
  return { child, pid: child.pid ?? 0, said: () => said, address };
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

function databasePid(): number {
  const pid = Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  if (!(pid > 1)) throw new Error('postmaster.pid names no process'); // 0 would mean all of ours
  return pid;
}
const status = (url: string): Promise<number> =>
  fetch(url, { redirect: 'manual' }).then(
    (answer) => answer.status,
    () => 0,
  );

async function until(what: () => Promise<boolean>, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await what()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s`);
  }
}

let server: Start;
let address: string;

test('serves from an empty folder and shows a link for the set-up', async () => {
  server = start();
  address = await server.address;
  expect(await status(`${address}/healthz`)).toBe(200);
  expect(await status(`${address}/readyz`)).toBe(200);
  await until(async () => server.said().includes('/setup/'), 5);
  const link = /http:\S+\/setup\/\S+/.exec(server.said())?.[0] ?? '';
  const page = await fetch(link);
  expect(page.status).toBe(200);
  expect(page.url).not.toContain(link.split('/').at(-1));
});

test('shows its figures to this machine only, by route and not by address', async () => {
  const figures = await fetch(`${address}/metrics`).then((answer) => answer.text());
  expect(figures).toMatch(
    /http_request_duration_seconds_count\{method="GET",route="\/setup\/:token",status="303"\} 1/,
  );
  await until(
    async () =>
      (await fetch(`${address}/metrics`).then((answer) => answer.text())).includes('banhui_workers 1'),
    10,
  );
  expect((await fetch(`${address}/metrics`, { headers: { 'X-Forwarded-For': '127.0.0.1' } })).status).toBe(
    404,
  );
});

test('refuses a second start on the same folder and says who is there', async () => {
  const second = start();
  expect(await ended(second.child)).toBe(1);
  expect(second.said()).toContain(`already runs on ${folder}: banhui ${server.pid} on 127.0.0.1`);
  expect(await status(`${address}/readyz`)).toBe(200);
});

test('names a port that is taken, and leaves no database behind', async () => {
  const other = makeFastFolder('banhui-serve-');
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const late = start({ PORT: String(port), DATA_DIR: other });
  expect(await ended(late.child)).toBe(1);
  expect(late.said()).toContain(`Port ${port} on 127.0.0.1 is taken`);
  expect(() => readFileSync(join(other, 'postgres', 'postmaster.pid'))).toThrow('ENOENT');
  taken.close();
  rmSync(other, { recursive: true });
});

test('names the settings that are wrong and does not start', async () => {
  const wrong = start({ PORT: 'x', SMTP_URL: 'mail' });
  expect(await ended(wrong.child)).toBe(1);
  expect(wrong.said()).toMatch(/PORT is "x"; expected: a number/);
  expect(wrong.said()).toMatch(/SMTP_URL .+; expected: an address/);
  expect(wrong.said()).not.toMatch(/\bat .+:\d+:\d+/); // no stack
});

test('serves again within 10 s when the database is killed under it', async () => {
  process.kill(databasePid(), 'SIGKILL');
  await until(async () => (await status(`${address}/readyz`)) === 503, 5);
  await until(async () => (await status(`${address}/readyz`)) === 200, 10);
  expect(await status(`${address}/sign-in`)).toBeLessThan(500);
});

test('takes the work over from a killed server, and its worker goes with it', async () => {
  await until(
    async () =>
      (await fetch(`${address}/metrics`).then((answer) => answer.text())).includes('banhui_workers 1'),
    20,
  );
  server.child.kill('SIGKILL');
  await ended(server.child);
  server = start();
  address = await server.address;
  expect(server.said()).toContain('found running');
  await until(
    async () =>
      (await fetch(`${address}/metrics`).then((answer) => answer.text())).includes('banhui_workers 1'),
    20,
  );
});

test('starts after both were killed', async () => {
  const database = databasePid();
  process.kill(database, 'SIGKILL');
  server.child.kill('SIGKILL');
  await ended(server.child);
  server = start();
  address = await server.address;
  expect(await status(`${address}/readyz`)).toBe(200);
  expect(databasePid()).not.toBe(database);
});

test('told to stop it finishes the request at hand, takes no other, stops the database last', async () => {
  const database = databasePid();
  const owner = createDb(
    `postgres://postgres@localhost/banhui?host=${encodeURIComponent(join(folder, 'run'))}`,
    { max: 1 },
  );
  const lock = await owner.transaction();
  await lock.raw('lock table organisations in access exclusive mode'); // every page waits for it
  const slow = status(`${address}/sign-in`);
  await sleep(300);
  server.child.kill('SIGTERM');
  await until(async () => server.said().includes('stopping'), 5);
  expect(await status(`${address}/healthz`)).toBe(0);

  const next = start(); // comes while the first is still stopping: it waits
  await sleep(300);
  await lock.rollback();
  await owner.destroy();
  expect(await slow).toBeLessThan(400);
  expect(await ended(server.child)).toBe(0);
  expect(isAlive(database)).toBe(false);

  server = next;
  address = await server.address;
  expect(await status(`${address}/readyz`)).toBe(200);
});

test('Ctrl-C ends npm run dev with its database, though the terminal tells every process of it', async () => {
  const other = makeFastFolder('banhui-dev-');
  const child = spawn(process.execPath, [join('src', 'start.mjs'), 'dev'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: other, PORT: '0' },
    detached: true, // a group of its own, as in a terminal
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said += part.toString()));
  try {
    await until(() => Promise.resolve(/ready\s+http/.test(said)), 40);
    const database = Number(readFileSync(join(other, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await ended(child);
    expect(said).not.toContain('Force killing');
    expect(said).toMatch(/stopped/);
    expect(isAlive(database)).toBe(false);
  } finally {
    if (child.exitCode === null) child.kill('SIGTERM');
    rmSync(other, { recursive: true, force: true });
  }
});
