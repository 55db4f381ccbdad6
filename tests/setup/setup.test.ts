import { load } from 'cheerio';
import { findOrMakeSetupLink } from '../../src/auth/commands.js';
import { makeSample } from '../../src/sample/make.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { testWorld, type Agent, type World } from '../support/world.js';

const FORM = {
  name_zh: '滨江区办公室',
  name_en: '',
  lang: 'zh-CN',
  zone: 'Asia/Shanghai',
  person_name: '管平',
  person_name_en: 'Guan Ping',
  email: 'Guan.Ping@office.example',
  password: 'four walls and a roof',
  again: 'four walls and a roof',
};

describe('before anybody has an account', () => {
  let world: World;
  let link: string;
  beforeAll(async () => {
    world = await testWorld();
    link = new URL((await findOrMakeSetupLink(world.db, world.config)) ?? '').pathname;
  });
  afterAll(() => world.close());

  /** A browser that opened the link. */
  const open = async (path = link): Promise<Agent> => {
    const agent = await world.agent();
    const first = await agent.get(path);
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe('/setup');
    return agent;
  };

  test.each(['/', '/people', '/sign-in', '/reset', '/profile'])(
    '%s leads to a page that says where the link is',
    async (path) => {
      const agent = await world.agent();
      expect((await agent.get(path)).headers.location).toBe('/setup');
      const page = await agent.get('/setup');
      expect(page.status).toBe(200);
      expect(page.text).toContain('printed in the terminal');
      expect(load(page.text)('input[name=email]').length).toBe(0);
    },
  );

  test('a made-up link opens nothing', async () => {
    const agent = await open('/setup/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    expect((await agent.get('/setup')).text).toContain('printed in the terminal');
    const posted = await agent.post('/setup').type('form').send(FORM);
    expect(posted.text).toContain('printed in the terminal');
    expect(await row(world.db, `select 1 from accounts`)).toBeUndefined();
    await agent.post('/setup/sample');
    expect(await row(world.db, `select 1 from accounts`)).toBeUndefined();
  });

  test('the database holds only the hash of the link; each start makes another that works', async () => {
    const token = link.split('/')[2] ?? '';
    const stored = await rows<{ text: string }>(
      world.db,
      `select row_to_json(t)::text as text from one_time_tokens t`,
    );
    expect(stored.map((one) => one.text).join()).not.toContain(token);
    const second = new URL((await findOrMakeSetupLink(world.db, world.config)) ?? '').pathname;
    for (const each of [link, second])
      expect((await (await open(each)).get('/setup')).text).toContain('name="email"');
  });

  test('a link that has run out opens nothing', async () => {
    const old = new URL((await findOrMakeSetupLink(world.db, world.config)) ?? '').pathname;
    await change(
      world.db,
      `update one_time_tokens
        set expires_at = now() - interval '1 second'
        where id = (select max(id) from one_time_tokens)`,
    );
    expect((await (await open(old)).get('/setup')).text).toContain('printed in the terminal');
  });

  test.each([
    [{ name_zh: '', name_en: '' }, '#f-name_zh'],
    [{ zone: 'Nowhere' }, '#f-zone'],
    [{ person_name: '' }, '#f-person_name'],
    [{ email: 'nobody' }, '#f-email'],
    [{ password: 'short', again: 'short' }, '#f-password'],
    [{ password: 'guanping1234', again: 'guanping1234' }, '#f-password'],
    [{ again: 'something else' }, '#f-again'],
  ])('says what is wrong with %j and keeps the rest', async (wrong, field) => {
    const answer = await (
      await open()
    )
      .post('/setup')
      .type('form')
      .send({ ...FORM, ...wrong });
    expect(answer.status).toBe(422);
    const page = load(answer.text);
    expect(page(`.error-summary a[href="${field}"]`).length).toBe(1);
    expect(page('#f-lang-1').attr('checked')).toBeDefined();
    expect(answer.text).not.toContain('four walls');
  });

  test('sets up once, even when two post at once, and signs the one in', async () => {
    const [a, b] = [await open(), await open()];
    const answers = await Promise.all([
      a.post('/setup').type('form').send(FORM),
      b
        .post('/setup')
        .type('form')
        .send({ ...FORM, email: 'other@office.example' }),
    ]);
    expect(answers.map((one) => one.headers.location).sort()).toEqual(['/', '/sign-in']);
    expect(await rows(world.db, `select name_en, name_zh, lang, zone, is_sample from organisations`)).toEqual(
      [
        {
          name_en: '滨江区办公室',
          name_zh: '滨江区办公室',
          lang: 'zh-CN',
          zone: 'Asia/Shanghai',
          is_sample: false,
        },
      ],
    );
    expect(await rows(world.db, `select role from persons p join accounts a on a.person_id = p.id`)).toEqual([
      { role: 'administrator' },
    ]);
    const winner = answers[0]?.headers.location === '/' ? a : b;
    const page = await winner.get('/people');
    expect(page.status).toBe(200);
    expect(load(page.text)('html').attr('lang')).toBe('zh-CN');
    expect(
      (await rows<{ action: string }>(world.db, `select action from audit_events order by id`)).map(
        (one) => one.action,
      ),
    ).toEqual(expect.arrayContaining(['office.create', 'person.create', 'account.create']));
  });

  test('afterwards no link is made and none works', async () => {
    expect(await findOrMakeSetupLink(world.db, world.config)).toBeUndefined();
    const late = await open();
    expect((await late.get('/setup')).headers.location).toBe('/');
    expect((await late.post('/setup').type('form').send(FORM)).headers.location).toBe('/');
    expect((await late.post('/setup/sample')).status).toBe(303);
    await expect(makeSample(world.db, { clock: world.clock, config: world.config })).rejects.toMatchObject({
      status: 409,
    });
  });
});

describe('the sample office', () => {
  let world: World;
  beforeAll(async () => {
    world = await testWorld();
  });
  afterAll(() => world.close());

  test('is made by a button, shows its password once, and lets everybody in', async () => {
    const link = new URL((await findOrMakeSetupLink(world.db, world.config)) ?? '').pathname;
    const agent = await world.agent();
    await agent.get(link);
    const made = await agent.post('/setup/sample');
    expect(made.status).toBe(200);
    expect(made.headers['cache-control']).toBe('no-store');
    const page = load(made.text);
    const password = page('#f-shown').val() as string;
    expect(password.length).toBeGreaterThan(20);
    const emails = page('tbody tr')
      .map((_, line) => load(line)('td').first().text().trim())
      .get();
    expect(emails).toContain('wang.min@linjiang.example');
    for (const email of emails) {
      const person = await world.agent();
      expect((await person.post('/sign-in').type('form').send({ email, password })).headers.location).toBe(
        '/',
      );
    }
    const stored = await row<{ text: string }>(
      world.db,
      `select string_agg(row_to_json(a)::text, '') as text from accounts a`,
    );
    expect(stored?.text).not.toContain(password);
  });

  test('has forty people in eight units with heads, three roles, guests and deputies', async () => {
    expect(
      await row(
        world.db,
        `select
      (select count(*) from persons where not is_guest) as people,
        (select count(*) from units where head_id is not null) as units,
      (select count(*) from persons where is_guest) as guests,
        (select count(distinct role) from persons) as roles, (select count(*) from deputies) as deputies,
      (select is_sample from organisations) as is_sample`,
      ),
    ).toEqual({ people: 40, units: 8, guests: 5, roles: 3, deputies: 3, is_sample: true });
  });
});
