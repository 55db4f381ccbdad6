import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs';
import express, { type Express } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/app.js';
import { nameOfStatement } from '../../src/lib/db/failedStatement.js';
import { isAway } from '../../src/lib/db/away.js';
import { createDb, type Db } from '../../src/lib/db/db.js';
import { showFailure } from '../../src/lib/http/failure.js';
import { fillPage } from '../../src/lib/http/view.js';
import { systemClock } from '../../src/lib/time/clock.js';
import { makeCast } from '../support/cast.js';
import { sessionCookie, testWorld, type World } from '../support/world.js';

// The whole app, with a database that is away.

let world: World;
let app: Express;
beforeAll(async () => {
  world = await testWorld();
  const db = createDb('postgres://banhui@127.0.0.1:9/banhui', { max: 1 });
  app = createApp({ config: world.config, db, clock: systemClock, log: pino({ level: 'silent' }) });
});
afterAll(() => world.close());

const SAME = { 'Sec-Fetch-Site': 'same-origin' };

/** What the button of the page would send. */
function kept(html: string): {
  action: string | undefined;
  enctype: string | undefined;
  fields: [string | undefined, string | undefined][];
  files: string[];
} {
  const $ = load(html);
  const form = $('main form').last();
  return {
    action: form.attr('action'),
    enctype: form.attr('enctype'),
    fields: form
      .find('input[type=hidden]')
      .get()
      .map((one) => [$(one).attr('name'), $(one).attr('value')]),
    files: form
      .find('input[type=file]')
      .get()
      .map((one) => $(one).attr('name') ?? ''),
  };
}

test('the page of 503 keeps every value of a form, lists and brackets too, but no password', async () => {
  const body =
    'title=A+%22b%22+%3Cc%3E%0D%0Ad&room=1&room=2&room=3' +
    '&hours%5Bmon%5D=9&hours%5Btue%5D=10&names%5B%5D=x&names%5B%5D=y&empty=&password=secret';
  const answer = await request(app).post('/bookings?day=2026-11-25').set(SAME).type('form').send(body);
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('5');
  expect(answer.text).not.toContain('secret');
  const { action, enctype, fields } = kept(answer.text);
  expect(action).toBe('/bookings?day=2026-11-25');
  expect(enctype).toBeUndefined();
  const sent = new URLSearchParams(body);
  sent.delete('password');
  // as HTML is read; a browser sends CRLF again
  expect(fields).toEqual([...sent].map(([name, value]) => [name, value.replace('\r\n', '\n')]));
});

test('it keeps a form of very many values', async () => {
  const body = Array.from({ length: 1500 }, (_, n) => `person=${n}`).join('&');
  const answer = await request(app).post('/meetings/1/participants').set(SAME).type('form').send(body);
  expect(kept(answer.text).fields.map(([, value]) => Number(value))).toEqual(
    Array.from({ length: 1500 }, (_, n) => n),
  );
});

test('it keeps the texts of a form with files and names the files to choose again', async () => {
  const answer = await request(app)
    .post('/actions/1/answer')
    .set(SAME)
    .field('text', '已经办结。\nDone.')
    .field('person', '3')
    .field('person', '4')
    .attach('files', Buffer.from('%PDF-1.7'), '结果.pdf')
    .attach('files', Buffer.from('%PDF-1.7'), 'b.pdf');
  expect(answer.status).toBe(503);
  const { enctype, fields, files } = kept(answer.text);
  expect(enctype).toBe('multipart/form-data');
  expect(fields).toEqual([
    ['text', '已经办结。\nDone.'],
    ['person', '3'],
    ['person', '4'],
  ]);
  expect(files).toEqual(['files']);
  expect(answer.text).toContain('结果.pdf, b.pdf');
});

test('a form without fields can be sent again, too', async () => {
  const answer = await request(app).post('/sign-out').set(SAME).type('form').send('');
  expect(answer.status).toBe(503);
  expect(kept(answer.text)).toMatchObject({ action: '/sign-out', fields: [] });
});

test('a page that was asked for offers the way to the start', async () => {
  const answer = await request(app).get('/sign-in');
  expect(answer.status).toBe(503);
  expect(load(answer.text)('main form').length).toBe(0);
  expect(load(answer.text)('main a[href="/"]').length).toBe(1);
});

test('a database that is there and says nothing is told to the machine that asks, in time', async () => {
  const slow = createApp({
    config: world.config,
    db: world.db,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  expect((await request(slow).get('/readyz')).body).toEqual({ ok: true });
  const lock = await world.owner.transaction();
  await lock.raw('lock table migrations, worker_processes in access exclusive mode');
  try {
    const answer = await request(slow).get('/readyz').timeout(6_000);
    expect([answer.status, answer.body]).toEqual([
      503,
      { ok: false, reason: 'the database does not answer' },
    ]);
    expect((await request(slow).get('/healthz')).status).toBe(200);
    expect((await request(slow).get('/metrics').timeout(6_000)).text).toContain('process_cpu');
  } finally {
    await lock.rollback();
  }
  expect((await request(slow).get('/readyz')).status).toBe(200);
}, 20_000);

test('an answer that broke off in the middle is cut, not mended', async () => {
  const broken = express();
  broken.get('/', (_req, res) => {
    res.write('half');
    throw new Error('in the middle');
  });
  broken.use(
    showFailure({ config: world.config, db: world.db, clock: systemClock, log: pino({ level: 'silent' }) }),
  );
  await expect(request(broken).get('/')).rejects.toThrow(/aborted|hang up/);
});

/** An app whose log is kept. */
function loggedApp(db: Db): { app: Express; lines: () => Record<string, unknown>[]; text: () => string } {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  return {
    app: createApp({ config: world.config, db, clock: world.clock, log }),
    lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    text: () => lines.join(''),
  };
}

describe('a constraint that no command expected', () => {
  const FORM = {
    name_en: 'Blue desk',
    name_zh: '蓝色讲台',
    code: 'blue-desk',
    stock: '',
    is_active: 'on',
    sort_order: '5',
  };
  let cookie: string;
  beforeAll(async () => {
    const cast = await makeCast(world.db);
    cookie = await sessionCookie(world.db, cast.secretary.id);
  });
  const send = (to: Express, form: object) =>
    request(to)
      .post('/rooms/equipment')
      .set({ ...SAME, Cookie: cookie })
      .type('form')
      .send({ ...form, key: randomUUID() });

  it('is our fault, keeps what was typed, and logs statement and constraint, without values', async () => {
    await world.owner.raw(
      `alter table equipment_kinds add constraint not_blue check (name_en <> 'Blue desk')`,
    );
    const { app: logged, lines, text } = loggedApp(world.db);
    try {
      const answer = await send(logged, FORM);
      expect(answer.status).toBe(500);
      const { action, fields } = kept(answer.text);
      expect(action).toBe('/rooms/equipment');
      expect(fields).toEqual(expect.arrayContaining(Object.entries(FORM)));
      // The access log of pino-http has a line of its own.
      expect(lines().filter(({ msg }) => msg === 'request failed')).toEqual([
        expect.objectContaining({
          msg: 'request failed',
          method: 'POST',
          route: '/rooms/equipment',
          err: expect.objectContaining({
            code: '23514',
            constraint: 'not_blue',
            statement: 'insert into equipment_kinds',
          }) as unknown,
        }),
      ]);
      expect(text()).toContain('src/equipment/commands.ts');
      expect(text()).not.toMatch(/Blue desk|蓝色讲台|blue-desk/);
    } finally {
      await world.owner.raw(`alter table equipment_kinds drop constraint not_blue`);
    }
    expect((await send(logged, FORM)).status).toBe(303);
  });

  it('of a value that the database can not read is our fault, too', async () => {
    await world.owner.raw(
      `alter table equipment_kinds add constraint no_number check (name_en::int > 0) not valid`,
    );
    const { app: logged, lines, text } = loggedApp(world.db);
    try {
      expect((await send(logged, { ...FORM, code: 'red-desk', name_en: 'Red desk' })).status).toBe(500);
      expect(lines()[0]?.err).toMatchObject({ code: '22P02', statement: 'insert into equipment_kinds' });
      expect(text()).not.toContain('Red desk');
    } finally {
      await world.owner.raw(`alter table equipment_kinds drop constraint no_number`);
    }
  });
});

describe('whether the database is away', () => {
  it('is seen at a socket that is not there', async () => {
    const db = createDb('postgres://banhui@%2Ftmp%2Fnothing-here/banhui', { max: 1 });
    const { app: logged, lines } = loggedApp(db);
    expect((await request(logged).get('/sign-in')).status).toBe(503);
    expect(lines()[0]?.err).toMatchObject({ type: 'DatabaseAway', code: 'ENOENT' });
    await db.destroy();
  });

  it('is seen when the connection breaks off within a statement', async () => {
    const db = createDb(world.config.databaseUrl ?? '', { max: 1 });
    await db.raw('select 1');
    const asked = db.raw('select pg_sleep(5)').then(
      () => 'answered',
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { used } = (
      db.client as { pool: { used: { resource: { connection: { stream: { destroy(): void } } } }[] } }
    ).pool;
    used[0]?.resource.connection.stream.destroy();
    expect(isAway(await asked)).toBe(true);
    await db.destroy();
  });

  it('is not read out of the words of any other error', async () => {
    const failing = express();
    failing.get('/file', (_req, _res, next) => readFile('/no/such/file', next));
    failing.get('/template', () => void fillPage('no/such/template', {} as never));
    failing.get('/words', () => {
      throw new Error('Connection terminated by ECONNREFUSED, timeout expired');
    });
    const log = pino({ level: 'silent' });
    failing.use(showFailure({ config: world.config, db: world.db, clock: systemClock, log }));
    for (const path of ['/file', '/template', '/words'])
      expect([path, (await request(failing).get(path)).status]).toEqual([path, 500]);
  });
});

it.each([
  ['insert into rooms (code) values (:code)', 'insert into rooms'],
  ['with gone as (delete from holds where id = 1 returning id) select * from gone', 'delete from holds'],
  [`select 1 from meetings where title = 'update rooms' for no key update`, 'select from meetings'],
  ['update room_claims c set state = :state', 'update room_claims'],
  ['select pg_advisory_xact_lock(1)', 'select'],
])('the statement %s is named %s', (sql, name) => expect(nameOfStatement(sql)).toBe(name));
