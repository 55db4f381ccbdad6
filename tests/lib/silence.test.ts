import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/app.js';
import { SESSION_COOKIE } from '../../src/auth/gate.js';
import { openSession } from '../../src/auth/commands.js';
import type { RunningCluster } from '../../src/lib/db/embedded/cluster.js';
import { createDb, row, rows, type Db } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// A database that hangs: between it and the app lies a wire that lets what is
// sent through, and swallows the answers from the statement on that is named.

const LIMIT = 2_000;
let world: World;
let cast: Cast;
let wire: Server;
let db: Db;
let cookie: string;
let agent: ReturnType<typeof request.agent>;
/** Text of the statement at which it falls silent; '' is every one. */
let silentAt: string | undefined;
const ends = new Set<Socket>();

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  const cluster = JSON.parse(process.env.BANHUI_TEST_CLUSTER ?? '') as RunningCluster;
  wire = createServer((near) => {
    const far = connect(join(cluster.host, `.s.PGSQL.${cluster.port}`));
    let isSilent = false;
    for (const end of [near, far]) ends.add(end.on('error', () => undefined));
    near.on('data', (sent) => {
      isSilent ||= silentAt !== undefined && sent.includes(silentAt);
      far.write(sent);
    });
    far.on('data', (answer) => isSilent || near.write(answer));
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const url = new URL(world.config.databaseUrl ?? '');
  db = createDb(
    `postgres://${url.username}@127.0.0.1:${(wire.address() as AddressInfo).port}${url.pathname}`,
    { max: 4, statementTimeout: LIMIT },
  );
  agent = request.agent(
    createApp({ config: world.config, db, clock: world.clock, log: pino({ level: 'silent' }) }),
  );
  cookie = `${SESSION_COOKIE}=${await openSession(world.db, cast.organiser.id)}`;
  agent.set('Sec-Fetch-Site', 'same-origin').set('Accept', 'text/html').set('Cookie', cookie);
});
afterEach(() => {
  silentAt = undefined;
});
afterAll(async () => {
  await db.destroy();
  for (const end of ends) end.destroy();
  wire.close();
  await world.close();
});

const booking = (title: string) => ({
  title,
  date: '2030-03-05',
  from: '10:00',
  to: '11:00',
  room: cast.rooms.orchid,
  seats: '',
  key: randomUUID(),
});
const meetings = (title: string) =>
  rows<{ id: number }>(world.db, 'select id from meetings where title = :title', { title });

test('a silent database ends pages with what was typed, leaves nothing half done, and recovers', async () => {
  await agent.get('/meetings').expect(200); // there are connections
  silentAt = '';
  const form = booking('Budget 2031');
  const [list, other, posted] = await Promise.all([
    agent.get('/meetings').timeout(15_000),
    agent.get('/calendar').timeout(15_000),
    agent.post('/bookings').type('form').send(form).timeout(15_000),
  ]);
  expect([list.status, other.status, posted.status]).toEqual([503, 503, 503]);
  expect(posted.text).toContain('Nothing was lost');
  expect(load(posted.text)('main form input[name=title]').val()).toBe('Budget 2031');
  expect(await meetings('Budget 2031')).toEqual([]);

  silentAt = undefined;
  // No connection is left on which an answer is still on its way: each gets its own.
  const texts = await Promise.all(
    Array.from({ length: 12 }, (_, n) => row<{ n: number }>(db, 'select cast(:n as int) as n', { n })),
  );
  expect(texts.map((one) => one?.n)).toEqual(Array.from({ length: 12 }, (_, n) => n));
  await agent.post('/bookings').type('form').send(form).expect(303);
  expect(await meetings('Budget 2031')).toHaveLength(1);
}, 40_000);

test('what breaks off in the middle of a change is undone', async () => {
  silentAt = 'insert into meetings';
  const form = { ...booking('Half'), date: '2030-03-06' };
  const answer = await agent.post('/bookings').type('form').send(form).timeout(15_000);
  expect(answer.status).toBe(503);
  expect(answer.text).toContain('Nothing was lost');
  silentAt = undefined;
  // waits for nothing that the lost one held
  await agent.post('/bookings').type('form').send(form).expect(303);
  expect(await meetings('Half')).toHaveLength(1);
}, 40_000);

test('an unknown outcome is said to be unknown, and sending it again makes nothing twice', async () => {
  silentAt = 'COMMIT';
  const form = { ...booking('Perhaps'), date: '2030-03-07' };
  const answer = await agent.post('/bookings').type('form').send(form).timeout(15_000);
  expect(answer.status).toBe(503);
  expect(answer.text).not.toContain('Nothing was lost');
  const page = load(answer.text);
  expect(page('main').text()).toContain('nobody can tell yet whether it was');
  expect(page('main a[target=_blank]').attr('href')).toBe('/');
  expect(page('main form input[name=key]').val()).toBe(form.key);
  const [made] = await meetings('Perhaps');

  silentAt = undefined;
  const again = await agent.post('/bookings').type('form').send(form).expect(303);
  expect(again.headers.location).toContain(`/meetings/${made?.id}`);
  expect(await meetings('Perhaps')).toHaveLength(1);

  silentAt = 'COMMIT';
  const off = await agent
    .post(`/meetings/${made?.id}/cancellation`)
    .type('form')
    .send({ reason: 'Not needed' })
    .timeout(15_000);
  expect(off.status).toBe(503);
  expect(load(off.text)('main a[target=_blank]').attr('href')).toBe(`/meetings/${made?.id}`);
}, 40_000);
