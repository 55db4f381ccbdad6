import { load } from 'cheerio';
import { hashPassword } from '../../src/auth/passwords.js';
import { change, row } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

const PASSWORD = 'four walls and a roof';
let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await change(world.db, `update accounts set password_hash = :hash`, { hash: await hashPassword(PASSWORD) });
});
afterAll(() => world.close());

/** Posts a unit after the session lapsed and returns the sign-in page that comes instead. */
async function postLate(
  name = '老干部处 <b>&"\n',
): Promise<{ agent: Agent; page: ReturnType<typeof load>; status: number }> {
  const agent = await world.agent(cast.administrator);
  await change(
    world.db,
    `update sessions set last_seen_at = now() - interval '2 hours' where person_id = :id`,
    { id: cast.administrator.id },
  );
  const answer = await agent
    .post('/units')
    .type('form')
    .send({ name_zh: name, code: 'veterans', key: '0e7a3c0e-1111-4222-8333-444455556666' });
  return { agent, page: load(answer.text), status: answer.status };
}
const unitThere = () => row(world.db, `select name_zh from units where code = 'veterans'`);

test('what was posted goes on after the same person signed in', async () => {
  const { agent, page, status } = await postLate();
  expect(status).toBe(401);
  expect(page('.notice').text()).toContain('What you just sent is kept');
  const kept = page('input[name=kept]').val() as string;
  expect(Buffer.from(kept, 'base64url').toString('latin1')).not.toContain('veterans');
  const on = await agent
    .post('/sign-in')
    .type('form')
    .send({ email: cast.administrator.email, password: PASSWORD, kept });
  expect(on.status).toBe(200);
  expect(on.headers['cache-control']).toBe('no-store');
  const form = load(on.text)('main form');
  expect(form.attr('action')).toBe('/units');
  expect(await unitThere()).toBeUndefined();
  const fields = Object.fromEntries(
    load(on.text)('main form textarea')
      .map((_, field) => [[field.attribs.name ?? '', load(field).text()]])
      .get() as unknown as [string, string][],
  );
  expect(fields.code).toBe('veterans');
  expect((await agent.post('/units').type('form').send(fields)).status).toBe(303);
  expect(await unitThere()).toEqual({ name_zh: '老干部处 <b>&"' });
});

test('a wrong password in between loses nothing', async () => {
  const { agent, page } = await postLate();
  const kept = page('input[name=kept]').val() as string;
  const wrong = await agent
    .post('/sign-in')
    .type('form')
    .send({ email: cast.administrator.email, password: 'wrong', kept });
  expect(load(wrong.text)('input[name=kept]').val()).toBe(kept);
  const empty = await agent.post('/sign-in').type('form').send({ email: '', password: '', kept });
  expect(load(empty.text)('input[name=kept]').val()).toBe(kept);
});

test('another person who signs in sees nothing of it', async () => {
  const { agent, page } = await postLate('secret unit');
  const kept = page('input[name=kept]').val() as string;
  const other = await agent
    .post('/sign-in')
    .type('form')
    .send({ email: cast.organiser.email, password: PASSWORD, kept });
  expect(other.status).toBe(303);
  expect(other.text).not.toContain('secret');
  const next = await agent.get('/profile');
  expect(next.text).toContain('belonged to somebody else');
});

test('an altered one is dropped', async () => {
  const { agent, page } = await postLate();
  const kept = page('input[name=kept]').val() as string;
  const altered = `${kept.slice(0, -4)}${kept.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  const on = await agent
    .post('/sign-in')
    .type('form')
    .send({ email: cast.administrator.email, password: PASSWORD, kept: altered });
  expect(on.status).toBe(303);
});

test('a form with files keeps its texts and names the files', async () => {
  const agent = await world.agent(cast.administrator);
  await change(
    world.db,
    `update sessions set last_seen_at = now() - interval '2 hours' where person_id = :id`,
    { id: cast.administrator.id },
  );
  const late = await agent
    .post('/units')
    .field('code', 'with-files')
    .attach('photo', Buffer.from('x'.repeat(100_000)), '照片.png');
  const kept = load(late.text)('input[name=kept]').val() as string;
  const on = await agent
    .post('/sign-in')
    .type('form')
    .send({ email: cast.administrator.email, password: PASSWORD, kept });
  const page = load(on.text);
  expect(page('form').last().attr('enctype')).toBe('multipart/form-data');
  expect(page('textarea[name=code]').text()).toBe('with-files');
  expect(page('input[type=file][name=photo]').length).toBe(1);
  expect(page('main').text()).toContain('照片.png');
});

test('somebody never signed in is only asked to sign in', async () => {
  const answer = await (
    await world.agent()
  )
    .post('/units')
    .type('form')
    .send({ name_zh: 'x', code: 'anonymous' });
  expect(answer.status).toBe(401);
  expect(load(answer.text)('input[name=kept]').length).toBe(0);
  expect(answer.text).toContain('was not carried out');
});
