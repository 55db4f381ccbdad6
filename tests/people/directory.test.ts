import { load } from 'cheerio';
import { change, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let administrator: Agent;
let secretary: Agent;
let member: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [administrator, secretary, member] = await Promise.all([
    world.agent(cast.administrator),
    world.agent(cast.secretary),
    world.agent(cast.organiser),
  ]);
});
afterAll(() => world.close());

const names = (html: string) =>
  load(html)('tbody th a')
    .map((_, cell) => load(cell).text().trim())
    .get();
const NEW = {
  name: '王芳',
  name_en: 'Wang Fang',
  email: 'wang.fang@office.example',
  phone: '',
  position: '科员',
  unit_id: '',
  affiliation: '',
  lang: 'zh-CN',
  zone: 'Asia/Shanghai',
};
const key = () => crypto.randomUUID();
const lastEvent = (id: number) =>
  row<Record<string, unknown>>(
    world.db,
    `select action, person_id, before, after
       from audit_events
       where noun = 'persons' and noun_id = :id
       order by id desc
       limit 1`,
    { id },
  );

describe('the list', () => {
  test.each([
    ['欧阳', ['Ouyang Min']],
    ['ouyangmin', ['Ouyang Min']],
    ['om', ['Ouyang Min']],
    ['ORGANISER@', ['Ouyang Min']],
    ['%', []],
    ['_', []],
  ])('finds by %s', async (q, found) => {
    expect(names((await member.get(`/people?q=${encodeURIComponent(q)}`)).text)).toEqual(found);
  });

  test('stands in the order of the Latin names and can be cut to a unit', async () => {
    expect(names((await member.get('/people')).text)).toEqual([
      'Chen An',
      'Guan Ping',
      'He Jing',
      'Ouyang Min',
      'Shen Lan',
      'Wei Ran',
      'Zhou Zheng',
    ]);
    expect(names((await member.get(`/people?unit=${cast.units.finance}`)).text)).toEqual([
      'Guan Ping',
      'Shen Lan',
      'Wei Ran',
    ]);
    expect(names((await member.get('/people?unit=nonsense&page=-1&kind=x')).text)).toHaveLength(7);
  });

  test('shows guests to secretaries only', async () => {
    expect(names((await secretary.get('/people?kind=guests')).text)).toEqual(['Alex Guest']);
    expect(names((await member.get('/people?kind=guests')).text)).not.toContain('Alex Guest');
    expect((await member.get(`/people/${cast.guest.id}`)).status).toBe(404);
    expect((await secretary.get(`/people/${cast.guest.id}`)).status).toBe(200);
  });

  test('turns its pages', async () => {
    await change(
      world.db,
      `insert into persons (name, zone) select '测试' || n, 'Asia/Shanghai' from generate_series(1, 60) n`,
    );
    const first = load((await member.get('/people')).text);
    expect(first('.pages').text()).toContain('1–50 of 67');
    const second = await member.get(first('a[rel=next]').attr('href') as string);
    expect(names(second.text)).toHaveLength(17);
    expect(load(second.text)('a[rel=next]')).toHaveLength(0);
    await change(world.db, `delete from persons where name like '测试%'`);
  });
});

describe('the picker', () => {
  const found = async (agent: Agent, q: string) =>
    (await agent.get(`/people/search?q=${encodeURIComponent(q)}`)).body.persons as {
      text: string;
      note: string;
    }[];

  test('suggests people with their unit, the ones that begin so first', async () => {
    expect(await found(member, 'chen')).toEqual([
      expect.objectContaining({ text: 'Chen An <attendee@office.example>', note: 'Planning' }),
    ]);
  });

  test('gives a guest to a member only for the whole address', async () => {
    expect(await found(member, 'alex')).toEqual([]);
    expect(await found(member, 'guest@elsewhere.example')).toHaveLength(1);
    expect(await found(secretary, 'alex')).toHaveLength(1);
  });

  test('is for people who are signed in', async () => {
    expect(
      (await (await world.agent()).get('/people/search?q=a').set('Accept', 'application/json')).status,
    ).toBe(401);
  });
});

describe('adding and changing', () => {
  test('a secretary adds a member, once, however often the form is sent', async () => {
    const form = { ...NEW, key: key() };
    const answers = await Promise.all([1, 2, 3].map(() => secretary.post('/people').type('form').send(form)));
    expect(new Set(answers.map((one) => `${one.status} ${one.headers.location}`)).size).toBe(1);
    const added = await rows<{ id: number }>(world.db, `select id from persons where email = :email`, form);
    expect(added).toHaveLength(1);
    const page = await secretary.get(answers[0]?.headers.location as string);
    expect(load(page.text)('h1').text()).toBe('Wang Fang');
    const event = await lastEvent(added[0]?.id ?? 0);
    expect(event).toMatchObject({ action: 'person.create', person_id: cast.secretary.id });
    expect(JSON.stringify(event)).not.toContain('wang.fang');
  });

  test('an address that somebody has is refused by name, with what was typed', async () => {
    const answer = await secretary
      .post('/people')
      .type('form')
      .send({ ...NEW, name: '别人', email: 'ORGANISER@office.example', key: key() });
    expect(answer.status).toBe(422);
    expect(load(answer.text)('.error-summary').text()).toContain('Ouyang Min has this address already');
    expect(load(answer.text)('#f-name').val()).toBe('别人');
  });

  test.each([
    [{ name: ' ' }, '#f-name'],
    [{ name: 'x'.repeat(101) }, '#f-name'],
    [{ name: 'a\u202eb' }, '#f-name'],
    [{ email: 'not an address' }, '#f-email'],
    [{ zone: 'Mars/Olympus' }, '#f-zone'],
    [{ unit_id: '999999' }, '#f-unit_id'],
    [{ lang: 'fr' }, '#f-lang'],
  ])('says at the field what is wrong with %j', async (wrong, field) => {
    const answer = await secretary
      .post('/people')
      .type('form')
      .send({ ...NEW, email: 'new@office.example', ...wrong, key: key() });
    expect(answer.status).toBe(422);
    expect(load(answer.text)(`.error-summary a[href="${field}"]`).length).toBe(1);
  });

  test('a field that the form does not have is refused', async () => {
    expect(
      (
        await secretary
          .post('/people')
          .type('form')
          .send({ ...NEW, email: 'x1@office.example', key: key(), deactivated_at: '2020-01-01' })
      ).status,
    ).toBe(422);
    expect(
      (
        await secretary
          .post('/people')
          .type('form')
          .send({ ...NEW, email: 'x2@office.example', key: key(), role: 'administrator' })
      ).status,
    ).toBe(403);
    expect(
      (
        await secretary
          .post('/people')
          .type('form')
          .send(`name=a&name=b&lang=en&zone=Asia/Shanghai&key=${key()}`)
      ).status,
    ).toBe(422);
  });

  test('members may not add or change anybody', async () => {
    for (const path of ['/people/new', `/people/${cast.attendee.id}/edit`])
      expect((await member.get(path)).status).toBe(403);
    expect(
      (
        await member
          .post('/people')
          .type('form')
          .send({ ...NEW, key: key() })
      ).status,
    ).toBe(403);
    expect(
      (
        await member
          .post(`/people/${cast.attendee.id}`)
          .type('form')
          .send({ ...NEW, version: 1 })
      ).status,
    ).toBe(403);
  });

  test('two who change at once both keep their text', async () => {
    const of = async (agent: Agent) =>
      load((await agent.get(`/people/${cast.outsider.id}/edit`)).text)('input[name=version]').val();
    const [a, b] = [await of(secretary), await of(administrator)];
    const base = { ...NEW, name: '魏然', name_en: 'Wei Ran', email: cast.outsider.email };
    expect(
      (
        await secretary
          .post(`/people/${cast.outsider.id}`)
          .type('form')
          .send({ ...base, position: '处长', version: a })
      ).status,
    ).toBe(303);
    const clash = await administrator
      .post(`/people/${cast.outsider.id}`)
      .type('form')
      .send({ ...base, position: '副处长', version: b });
    expect(clash.status).toBe(409);
    const page = load(clash.text);
    expect(page('#f-position').val()).toBe('副处长');
    expect(page('#f-position-hint').text()).toBe('Stored now: 处长');
    const again = await administrator
      .post(`/people/${cast.outsider.id}`)
      .type('form')
      .send({ ...base, position: '副处长', version: page('input[name=version]').val() });
    expect(again.status).toBe(303);
    expect(await row(world.db, `select position from persons where id = :id`, { ...cast.outsider })).toEqual({
      position: '副处长',
    });
  });

  test('a secretary changes no secretary, no administrator, and no address used to sign in', async () => {
    expect((await secretary.get(`/people/${cast.administrator.id}/edit`)).status).toBe(403);
    expect(
      (
        await secretary
          .post(`/people/${cast.reviewer.id}`)
          .type('form')
          .send({ ...NEW, version: 1 })
      ).status,
    ).toBe(403);
    await change(world.db, `update accounts set password_hash = 'x' where person_id = :id`, {
      ...cast.attendee,
    });
    const version =
      (
        await row<{ version: number }>(world.db, `select version from persons where id = :id`, {
          id: cast.attendee.id,
        })
      )?.version ?? 0;
    const form = { ...NEW, name: '陈安', email: 'thief@office.example', version };
    const refused = await secretary.post(`/people/${cast.attendee.id}`).type('form').send(form);
    expect(refused.status).toBe(422);
    expect(load(refused.text)('#f-email-error').text()).toContain('changed by an administrator');
    expect((await administrator.post(`/people/${cast.attendee.id}`).type('form').send(form)).status).toBe(
      303,
    );
  });

  test('hostile text is shown as text', async () => {
    const name = `<script>alert(1)</script>"'&`;
    const made = await secretary
      .post('/people')
      .type('form')
      .send({ ...NEW, name, name_en: name, email: '', position: name, key: key() });
    const page = await administrator.get(made.headers.location as string);
    expect(load(page.text)('h1').text()).toBe(name);
    expect(page.text).not.toContain('<script>alert');
    expect((await administrator.get('/people?q=<script>')).text).not.toContain('<script>alert');
  });
});
