import { load } from 'cheerio';
import { hashPassword } from '../../src/auth/passwords.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

const PASSWORD = 'four walls and a roof';
let world: World;
let cast: Cast;

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  const hash = await hashPassword(PASSWORD);
  await change(world.db, `update accounts set password_hash = :hash`, { hash });
});
afterAll(() => world.close());
beforeEach(() => change(world.db, `delete from sign_in_limits`));

const signIn = (agent: Agent, email: string, password = PASSWORD, more: Record<string, string> = {}) =>
  agent
    .post('/sign-in')
    .type('form')
    .send({ email, password, ...more });
const says = (html: string) => load(html)('.error-summary').text().replace(/\s+/g, ' ').trim();
const cookieOf = (answer: { headers: Record<string, unknown> }) =>
  /session=([^;]+)/.exec(String(answer.headers['set-cookie']))?.[1];

describe('signing in', () => {
  test('opens the page that was asked for, under a new session', async () => {
    const agent = await world.agent();
    const asked = await agent.get('/people?q=chen');
    expect(asked.status).toBe(303);
    expect(asked.headers.location).toBe('/sign-in?next=%2Fpeople%3Fq%3Dchen');
    const form = load((await agent.get(asked.headers.location as string)).text);
    expect(form('main input[name=next]').val()).toBe('/people?q=chen');
    const done = await signIn(agent, ' Organiser@Office.example ', PASSWORD, { next: '/people?q=chen' });
    expect(done.status).toBe(303);
    expect(done.headers.location).toBe('/people?q=chen');
    expect((await agent.get('/people?q=chen')).status).toBe(200);
    const stored = await rows<{ hash: string }>(
      world.db,
      `select encode(token_hash, 'hex') as hash from sessions where person_id = :id`,
      { id: cast.organiser.id },
    );
    expect(stored.map((one) => one.hash)).not.toContain(cookieOf(done));
    const cookie = String(done.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
  });

  test('records who signed in, and ends the session the browser had before', async () => {
    const agent = await world.agent(cast.attendee);
    const done = await signIn(agent, cast.attendee.email);
    expect(done.status).toBe(303);
    const sessions = await rows<{ is_over: boolean }>(
      world.db,
      `select revoked_at is not null as is_over from sessions where person_id = :id order by id`,
      { id: cast.attendee.id },
    );
    expect(sessions.map((one) => one.is_over)).toEqual([true, false]);
    expect(
      await row(world.db, `select action from audit_events where person_id = :id order by id desc`, {
        id: cast.attendee.id,
      }),
    ).toEqual({ action: 'session.open' });
  });

  test('gives everybody who may not sign in the same answer, whatever the reason', async () => {
    const gone = cast.outsider;
    await change(world.db, `update persons set deactivated_at = now() where id = :id`, { id: gone.id });
    await change(world.db, `update accounts set password_hash = null where person_id = :id`, {
      id: cast.reviewer.id,
    });
    const answers = [];
    for (const [email, password] of [
      [cast.organiser.email, 'not the password'],
      ['nobody@office.example', PASSWORD],
      [cast.guest.email, PASSWORD],
      [gone.email, PASSWORD],
      [cast.reviewer.email, PASSWORD],
    ] as const) {
      const answer = await signIn(await world.agent(), email, password);
      answers.push([answer.status, says(answer.text), cookieOf(answer)]);
    }
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]).toEqual([
      422,
      expect.stringContaining('The e-mail address or the password is wrong.'),
      undefined,
    ]);
    await change(world.db, `update persons set deactivated_at = null where id = :id`, { id: gone.id });
  });

  test('takes as long for an unknown address as for a wrong password', async () => {
    const time = async (email: string) => {
      const start = performance.now();
      await signIn(await world.agent(), email, 'not the password');
      return performance.now() - start;
    };
    // In turns, and the quickest of each: what else the machine does only makes single ones slower.
    const times = { unknown: [] as number[], known: [] as number[] };
    for (let n = 0; n < 6; n++) {
      times.unknown.push(await time('nobody@office.example'));
      times.known.push(await time(cast.organiser.email));
    }
    const [unknown, known] = [Math.min(...times.unknown), Math.min(...times.known)];
    expect(unknown).toBeGreaterThan(known * 0.4);
    expect(known).toBeGreaterThan(unknown * 0.4);
  });

  test('keeps what was typed but not the password, and says what is missing', async () => {
    const answer = await (
      await world.agent()
    )
      .post('/sign-in')
      .type('form')
      .send({ email: 'someone@office.example', password: '' });
    expect(answer.status).toBe(422);
    const page = load(answer.text);
    expect(page('#f-email').val()).toBe('someone@office.example');
    expect(page('#f-password').val()).toBeUndefined();
    expect(page('title').text()).toMatch(/^Error:/);
  });

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/%09//evil.example/..//evil.example',
    '/sign-out',
  ])('never leads away by next=%s', async (next) => {
    const agent = await world.agent();
    const done = await signIn(agent, cast.organiser.email, PASSWORD, { next });
    const target = new URL(done.headers.location as string, world.url);
    expect(target.origin).toBe(world.url);
    expect(target.pathname).not.toBe('/sign-out');
  });
});

describe('guessing', () => {
  test('locks an account after ten wrong passwords, and says until when', async () => {
    const agent = await world.agent();
    for (let n = 0; n < 10; n++) expect((await signIn(agent, cast.chair.email, 'wrong')).status).toBe(422);
    const locked = await signIn(agent, cast.chair.email);
    expect(locked.status).toBe(429);
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
    expect(says(locked.text)).toMatch(/Too many attempts. Try again at \d\d:\d\d/);
    expect((await signIn(await world.agent(), cast.organiser.email)).status).toBe(303);
  });

  test('locks an address that does not exist in the same way', async () => {
    const agent = await world.agent();
    for (let n = 0; n < 10; n++) await signIn(agent, 'nobody@office.example', 'wrong');
    expect((await signIn(agent, 'nobody@office.example')).status).toBe(429);
  });

  test('lets only ten of thirty guesses sent at once reach the password', async () => {
    const agent = await world.agent();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => signIn(agent, cast.chair.email, 'wrong')),
    );
    const statuses = answers.map((one) => one.status);
    expect(statuses.filter((status) => status === 422).length).toBeLessThanOrEqual(10);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(20);
  });

  test('forgets the wrong ones when the right password comes', async () => {
    const agent = await world.agent();
    for (let n = 0; n < 9; n++) await signIn(agent, cast.chair.email, 'wrong');
    expect((await signIn(agent, cast.chair.email)).status).toBe(303);
    for (let n = 0; n < 9; n++)
      expect((await signIn(await world.agent(), cast.chair.email, 'wrong')).status).toBe(422);
  });
});

describe('a session', () => {
  const lapse = (person: CastPerson, sql: string) =>
    change(world.db, `update sessions set ${sql} where person_id = :id`, { id: person.id });

  test('lapses after half an hour without a request', async () => {
    const agent = await world.agent(cast.secretary);
    await lapse(cast.secretary, `last_seen_at = now() - interval '29 minutes'`);
    expect((await agent.get('/profile')).status).toBe(200);
    await lapse(cast.secretary, `last_seen_at = now() - interval '31 minutes'`);
    expect((await agent.get('/profile')).headers.location).toBe('/sign-in?next=%2Fprofile');
  });

  test('lapses after twelve hours in any case', async () => {
    const agent = await world.agent(cast.secretary);
    await lapse(cast.secretary, `expires_at = now() - interval '1 second'`);
    expect((await agent.get('/profile')).status).toBe(303);
  });

  test('ends with signing out, and the browser is told to forget its pages', async () => {
    const agent = await world.agent();
    const token = cookieOf(await signIn(agent, cast.organiser.email));
    const out = await agent.post('/sign-out');
    expect(out.headers['clear-site-data']).toBe('"cache"');
    expect(out.headers.location).toBe('/sign-in');
    const thief = (await world.agent()).set('Cookie', `session=${token}`);
    expect((await thief.get('/profile')).status).toBe(303);
  });

  test('answers scripts with 401 instead of a page', async () => {
    const answer = await (
      await world.agent()
    )
      .post('/profile')
      .set('Accept', 'application/json')
      .type('form')
      .send({ lang: 'en' });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: 'Please sign in again' });
  });
});

describe('the language', () => {
  test('is kept by the browser for a visitor, and on the page where it was changed', async () => {
    const agent = await world.agent();
    const done = await agent
      .post('/language')
      .type('form')
      .send({ lang: 'zh-CN', next: '/sign-in?next=%2Frooms' });
    expect(done.headers.location).toBe('/sign-in?next=%2Frooms');
    const page = load((await agent.get('/sign-in')).text);
    expect(page('html').attr('lang')).toBe('zh-CN');
    expect(page('h1').text()).toBe('登录');
  });

  test('is kept with the person once signed in', async () => {
    const agent = await world.agent(cast.organiser);
    await agent
      .post('/language')
      .type('form')
      .send({ lang: 'zh-CN', next: 'https://evil.example' })
      .expect('Location', '/');
    const elsewhere = await world.agent(cast.organiser);
    expect(load((await elsewhere.get('/profile')).text)('html').attr('lang')).toBe('zh-CN');
  });

  test('refuses a language there is not', async () => {
    expect((await (await world.agent()).post('/language').type('form').send({ lang: 'fr' })).status).toBe(
      422,
    );
  });
});

test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
  'a post of %s is told what is missing, not that we failed',
  async (type) => {
    const browser = await world.agent();
    const answer = await browser.post('/sign-in').set('Content-Type', type).send('{"email":');
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('name="password"');
  },
);
