import { load } from 'cheerio';
import { hashPassword } from '../../src/auth/passwords.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { takeMails } from './mails.js';

const OLD = 'four walls and a roof';
const NEW = 'a much better password';
let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await change(world.db, `update accounts set password_hash = :hash`, { hash: await hashPassword(OLD) });
});
afterAll(() => world.close());
beforeEach(() => change(world.db, `delete from sign_in_limits`));

const ask = async (email: string) => (await world.agent()).post('/reset').type('form').send({ email });
/** Opens a link as a mail client hands it on. */
const follow = async (href: string): Promise<Agent> => {
  const agent = await world.agent();
  const first = await agent.get(new URL(href).pathname);
  expect(first.headers.location).toBe('/account/password');
  return agent;
};
const choose = (agent: Agent, password = NEW, again = password) =>
  agent.post('/account/password').type('form').send({ password, again });
const canSignIn = async (email: string, password: string) =>
  (await (await world.agent()).post('/sign-in').type('form').send({ email, password })).status === 303;

async function mailedLink(email: string): Promise<string> {
  await ask(email);
  await world.runJobs();
  const [mail] = (await takeMails(world, 'auth.passwordReset')).slice(-1);
  return mail?.link ?? '';
}

test('a link comes by mail, in the person’s language, and sets the password once', async () => {
  expect((await ask(` ${cast.attendee.email.toUpperCase()}`)).headers.location).toBe('/reset/sent');
  await world.runJobs();
  const [mail] = await takeMails(world, 'auth.passwordReset');
  expect(mail).toMatchObject({ to: cast.attendee.email, subject: '重设密码' });
  const link = mail?.link ?? '';
  expect(link.startsWith(`${world.config.publicUrl}/reset/`)).toBe(true);
  const elsewhere = await world.agent(cast.attendee);
  const agent = await follow(link);
  const form = await agent.get('/account/password');
  expect(form.headers['cache-control']).toBe('no-store');
  expect(form.text).not.toContain(link.split('/').pop());
  expect((await choose(agent)).headers.location).toBe('/');
  expect((await agent.get('/profile')).status).toBe(200);
  expect(await canSignIn(cast.attendee.email, NEW)).toBe(true);
  expect(await canSignIn(cast.attendee.email, OLD)).toBe(false);
  expect((await elsewhere.get('/profile')).status).toBe(303);
  const second = await choose(await follow(link));
  expect(second.status).toBe(410);
  await world.runJobs();
  expect((await takeMails(world, 'auth.passwordChanged')).map((one) => one.to)).toEqual([
    cast.attendee.email,
  ]);
});

test('the answer tells nothing about who has an account', async () => {
  const answers = [];
  for (const email of [cast.chair.email, 'nobody@office.example', cast.guest.email]) {
    const answer = await ask(email);
    answers.push(`${answer.status} ${answer.headers.location} ${answer.text}`);
  }
  expect(new Set(answers).size).toBe(1);
  await change(world.db, `delete from deliveries`);
  await world.runJobs();
  expect(await rows(world.db, `select to_address from deliveries`)).toEqual([
    { to_address: cast.chair.email },
  ]);
});

test('a link lives half an hour, and a newer one ends it', async () => {
  const first = await mailedLink(cast.organiser.email);
  world.clock.advance({ seconds: 2 });
  const second = await mailedLink(cast.organiser.email);
  expect(second).not.toBe(first);
  expect((await (await follow(first)).get('/account/password')).status).toBe(410);
  const agent = await follow(second);
  expect((await agent.get('/account/password')).status).toBe(200);
  await change(world.db, `update one_time_tokens set expires_at = expires_at - interval '30 minutes'`);
  expect((await agent.get('/account/password')).status).toBe(410);
  expect((await choose(agent)).status).toBe(410);
});

test('posted twice at once, the link works once', async () => {
  const agent = await follow(await mailedLink(cast.chair.email));
  const answers = await Promise.all([choose(agent), choose(agent, 'another good password')]);
  expect(answers.map((one) => one.status).sort()).toEqual([303, 410]);
});

test('opening the link changes nothing: mail scanners do', async () => {
  const link = await mailedLink(cast.secretary.email);
  const before = await row(
    world.db,
    `select string_agg(row_to_json(t)::text, '' order by id) as text from one_time_tokens t`,
  );
  for (let n = 0; n < 3; n++) await (await follow(link)).get('/account/password');
  expect(
    await row(
      world.db,
      `select string_agg(row_to_json(t)::text, '' order by id) as text from one_time_tokens t`,
    ),
  ).toEqual(before);
  expect(await canSignIn(cast.secretary.email, OLD)).toBe(true);
});

test.each([
  ['short', 'short', 'At least 12'],
  [NEW, 'something else here', 'not the same'],
  ['shen.lan2024', 'shen.lan2024', 'little more than a name'],
  ['password1234', 'password1234', 'first that would be guessed'],
])('refuses %s / %s at the field and keeps the link', async (password, again, message) => {
  world.clock.advance({ seconds: 2 });
  const agent = await follow(await mailedLink(cast.reviewer.email));
  const answer = await choose(agent, password, again);
  expect(answer.status).toBe(422);
  expect(answer.text).toContain(message);
  expect((await agent.get('/account/password')).status).toBe(200);
});

test('more than three asked for in an hour are not sent, with the same answer', async () => {
  await change(world.db, `delete from deliveries`);
  for (let n = 0; n < 6; n++) {
    world.clock.advance({ seconds: 2 });
    expect((await ask(cast.outsider.email)).headers.location).toBe('/reset/sent');
  }
  await world.runJobs();
  expect((await rows(world.db, `select 1 from deliveries`)).length).toBeLessThanOrEqual(3);
});

test('a reset opens a locked account again', async () => {
  const guess = await world.agent();
  for (let n = 0; n < 11; n++)
    await guess.post('/sign-in').type('form').send({ email: cast.outsider.email, password: 'wrong' });
  expect(await canSignIn(cast.outsider.email, OLD)).toBe(false);
  await change(world.db, `delete from sign_in_limits where key like 'reset%'`);
  world.clock.advance({ seconds: 2 });
  await choose(await follow(await mailedLink(cast.outsider.email)));
  expect(await canSignIn(cast.outsider.email, NEW)).toBe(true);
});

test('a deactivated person gets nothing, and an open link is void', async () => {
  world.clock.advance({ seconds: 2 });
  const link = await mailedLink(cast.organiser.email);
  await change(world.db, `update persons set deactivated_at = now() where id = :id`, {
    id: cast.organiser.id,
  });
  expect((await (await follow(link)).get('/account/password')).status).toBe(410);
  await change(world.db, `update persons set deactivated_at = null where id = :id`, {
    id: cast.organiser.id,
  });
});

test('without mail the page says whom to ask', async () => {
  const page = load((await (await world.agent()).get('/reset')).text);
  expect(page('main').text()).toContain('Ask an administrator for a one-time link');
});
