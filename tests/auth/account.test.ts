import { load } from 'cheerio';
import { hashPassword } from '../../src/auth/passwords.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { mayActFor } from '../../src/people/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { takeMails } from './mails.js';

const PASSWORD = 'four walls and a roof';
let world: World;
let cast: Cast;
let administrator: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await change(world.db, `update accounts set password_hash = :hash`, { hash: await hashPassword(PASSWORD) });
  administrator = await world.agent(cast.administrator);
});
afterAll(() => world.close());
beforeEach(() => change(world.db, `delete from sign_in_limits`));

const newcomer = async (email: string | null, name = 'New Comer') =>
  (
    await row<{ id: number }>(
      world.db,
      `insert into persons (name, email, zone) values (:name, :email, 'Asia/Shanghai') returning id`,
      { name, email },
    )
  )?.id ?? 0;
const signedIn = async (email: string, password = PASSWORD) => {
  const agent = await world.agent();
  const answer = await agent.post('/sign-in').type('form').send({ email, password });
  return { agent, answer };
};

describe('making an account', () => {
  test('a secretary invites by mail; the person chooses a password and is in', async () => {
    const id = await newcomer('new.comer@office.example');
    const secretary = await world.agent(cast.secretary);
    expect((await secretary.get(`/people/${id}`)).text).toContain('cannot sign in');
    expect((await secretary.post(`/people/${id}/account-invitation`)).status).toBe(303);
    await world.runJobs();
    const [mail] = await takeMails(world, 'auth.accountInvitation');
    const agent = await world.agent();
    await agent.get(new URL(mail?.link ?? '').pathname);
    const page = load((await agent.get('/account/password')).text);
    expect(page('h1').text()).toBe('Welcome: choose a password');
    expect(
      (await agent.post('/account/password').type('form').send({ password: PASSWORD, again: PASSWORD }))
        .headers.location,
    ).toBe('/');
    expect((await signedIn('new.comer@office.example')).answer.status).toBe(303);
    expect((await secretary.get(`/people/${id}`)).text).toContain('Has an account');
    const again = await secretary.post(`/people/${id}/account-invitation`);
    expect((await secretary.get(again.headers.location as string)).text).toContain('has an account already');
  });

  test('where there is no mail, an administrator hands over a link that is shown once', async () => {
    const id = await newcomer('by.link@office.example');
    const shown = await administrator.post(`/people/${id}/account-link`);
    expect(shown.headers['cache-control']).toBe('no-store');
    const href = load(shown.text)('#f-href').val() as string;
    expect(shown.text).toContain('works for 7 days');
    expect((await administrator.get(`/people/${id}`)).text).not.toContain(href);
    const agent = await world.agent();
    await agent.get(new URL(href).pathname);
    expect(
      (await agent.post('/account/password').type('form').send({ password: PASSWORD, again: PASSWORD }))
        .status,
    ).toBe(303);
    const reset = await administrator.post(`/people/${id}/account-link`);
    expect(reset.text).toContain('works for 30 minutes');
    const events = await rows(
      world.db,
      `select action, after from audit_events where noun_id = :id and action = 'account.link' order by id`,
      { id },
    );
    expect(events).toEqual([
      { action: 'account.link', after: { purpose: 'account_invitation' } },
      { action: 'account.link', after: { purpose: 'password_reset' } },
    ]);
  });

  test('needs an address, and is not for guests', async () => {
    const id = await newcomer(null);
    const answer = await administrator.post(`/people/${id}/account-link`);
    expect((await administrator.get(answer.headers.location as string)).text).toContain(
      'Without an e-mail address',
    );
    expect((await administrator.post(`/people/${cast.guest.id}/account-link`)).status).toBe(403);
    expect((await administrator.post(`/people/${cast.guest.id}/account-invitation`)).status).toBe(403);
  });

  test('links are for administrators: who makes one could sign in as anybody', async () => {
    const secretary = await world.agent(cast.secretary);
    expect((await secretary.post(`/people/${cast.chair.id}/account-link`)).status).toBe(403);
    expect(
      (await secretary.post(`/people/${cast.chair.id}/role`).type('form').send({ role: 'administrator' }))
        .status,
    ).toBe(403);
    expect((await secretary.post(`/people/${cast.chair.id}/sign-out`)).status).toBe(403);
  });
});

describe('roles', () => {
  test('a new role ends the sessions that had the old one', async () => {
    const { agent } = await signedIn(cast.outsider.email);
    expect((await agent.get('/admin')).status).toBe(403);
    await administrator.post(`/people/${cast.outsider.id}/role`).type('form').send({ role: 'secretary' });
    expect((await agent.get('/admin')).status).toBe(303);
    expect((await (await signedIn(cast.outsider.email)).agent.get('/admin')).status).toBe(200);
    expect(
      await row(
        world.db,
        `select before, after from audit_events where action = 'person.role' order by id desc limit 1`,
      ),
    ).toEqual({ before: { role: 'member' }, after: { role: 'secretary' } });
  });

  test('the last administrator keeps it', async () => {
    const answer = await administrator
      .post(`/people/${cast.administrator.id}/role`)
      .type('form')
      .send({ role: 'member' });
    expect((await administrator.get(answer.headers.location as string)).text).toContain('last administrator');
    expect(
      await row(world.db, `select role from persons where id = :id`, { id: cast.administrator.id }),
    ).toEqual({ role: 'administrator' });
  });
});

describe('one’s own password', () => {
  test('is changed with the current one; all other sessions end, this one is renewed', async () => {
    const [here, there] = [
      (await signedIn(cast.chair.email)).agent,
      (await signedIn(cast.chair.email)).agent,
    ];
    const change_ = (form: Record<string, string>) => here.post('/profile/password').type('form').send(form);
    const wrong = await change_({
      current: 'not mine at all',
      password: 'a fresh new password',
      again: 'a fresh new password',
    });
    expect(load(wrong.text)('#f-current-error').text()).toContain('not your current password');
    for (const [form, field] of [
      [{ current: PASSWORD, password: PASSWORD, again: PASSWORD }, 'password'],
      [{ current: PASSWORD, password: 'zhouzheng1234', again: 'zhouzheng1234' }, 'password'],
      [{ current: PASSWORD, password: 'a fresh new password', again: 'typo' }, 'again'],
    ] as const) {
      const refused = await change_(form);
      expect(refused.status).toBe(422);
      expect(load(refused.text)(`#f-${field}-error`).length).toBe(1);
    }
    const done = await change_({
      current: PASSWORD,
      password: 'a fresh new password',
      again: 'a fresh new password',
    });
    expect(done.headers.location).toBe('/profile');
    expect(String(done.headers['set-cookie'])).toContain('session=');
    expect((await here.get('/profile')).status).toBe(200);
    expect((await there.get('/profile')).status).toBe(303);
    expect((await signedIn(cast.chair.email)).answer.status).toBe(422);
  });

  test('has to be changed first when an administrator says so', async () => {
    const { agent } = await signedIn(cast.attendee.email);
    await administrator.post(`/people/${cast.attendee.id}/sign-out`).type('form').send({ must_change: 'on' });
    expect((await agent.get('/profile')).status).toBe(303);
    const { agent: back, answer } = await signedIn(cast.attendee.email);
    expect(answer.headers.location).toBe('/profile/password');
    expect((await back.get('/people')).headers.location).toBe('/profile/password');
    expect((await back.post('/profile').type('form').send({})).headers.location).toBe('/profile/password');
    expect((await back.get('/profile/password')).text).toContain('请先设置新密码');
    await back
      .post('/profile/password')
      .type('form')
      .send({ current: PASSWORD, password: 'a fresh new password', again: 'a fresh new password' });
    expect((await back.get('/people')).status).toBe(200);
  });

  test('cannot be guessed through the form', async () => {
    const { agent } = await signedIn(cast.reviewer.email);
    const answers = [];
    for (let n = 0; n < 12; n++)
      answers.push(
        (
          await agent
            .post('/profile/password')
            .type('form')
            .send({ current: `guess ${n}`, password: 'a fresh new password', again: 'a fresh new password' })
        ).status,
      );
    expect(answers.slice(0, 10)).toEqual(Array(10).fill(422));
    expect(answers.at(-1)).toBe(429);
  });
});

describe('the profile', () => {
  test('keeps language, zone, theme, density and shortcuts', async () => {
    const agent = await world.agent(cast.organiser);
    const saved = await agent
      .post('/profile')
      .type('form')
      .send({ lang: 'zh-CN', zone: 'Europe/Berlin', theme: 'dark', density: 'compact' });
    expect(saved.headers.location).toBe('/profile');
    const page = load((await agent.get('/profile')).text);
    expect(page('html').attr('lang')).toBe('zh-CN');
    expect(page('html').attr('data-theme')).toBe('dark');
    expect(page('html').attr('data-density')).toBe('compact');
    expect(page('body').attr('data-keys')).toBe('off');
    expect(page('#f-zone').val()).toBe('Europe/Berlin');
    const wrong = await agent
      .post('/profile')
      .type('form')
      .send({ lang: 'en', zone: 'Berlin', theme: 'pink', density: 'compact' });
    expect(wrong.status).toBe(422);
    expect(load(wrong.text)('.error-summary a').length).toBe(2);
  });

  test('lists where one is signed in, and ends one or all others', async () => {
    const phone = await world.agent();
    await phone
      .post('/sign-in')
      .set('User-Agent', 'Mozilla/5.0 (Linux; Android 14) Chrome/126.0')
      .type('form')
      .send({ email: cast.secretary.email, password: PASSWORD });
    const laptop = (await signedIn(cast.secretary.email)).agent;
    const tablet = (await signedIn(cast.secretary.email)).agent;
    const page = load((await laptop.get('/profile')).text);
    expect(page('main').text()).toContain('Chrome on Android');
    const revoke = page('form[action$="/revocation"]')
      .filter((_, form) => load(form).text().includes('Android'))
      .attr('action') as string;
    expect((await laptop.post(revoke)).status).toBe(303);
    expect((await phone.get('/profile')).status).toBe(303);
    expect((await tablet.get('/profile')).status).toBe(200);
    expect((await (await world.agent(cast.outsider)).post(revoke)).status).toBe(404);
    await laptop.post('/profile/sessions/revocation');
    expect((await tablet.get('/profile')).status).toBe(303);
    expect((await laptop.get('/profile')).status).toBe(200);
  });
});

describe('deputies', () => {
  const viewer = () => ({ id: cast.outsider.id, role: 'member' as const });

  test('a person names a deputy, who may act for them in those days', async () => {
    await change(world.db, `update persons set role = 'member' where id = :id`, { id: cast.outsider.id });
    const chair = await world.agent(cast.chair);
    const add = (form: Record<string, string>) =>
      chair.post(`/people/${cast.chair.id}/deputies`).type('form').send(form);
    expect(await mayActFor(world.db, viewer(), cast.chair.id)).toBe(false);
    expect((await add({ deputy: '魏然 <outsider@office.example>', from: '2020-01-01', to: '' })).status).toBe(
      303,
    );
    expect(await mayActFor(world.db, viewer(), cast.chair.id)).toBe(true);
    expect(await mayActFor(world.db, { id: cast.chair.id, role: 'member' }, cast.outsider.id)).toBe(false);
    expect((await chair.get('/profile')).text).toContain('Wei Ran');
    expect((await (await world.agent(cast.outsider)).get('/profile')).text).toContain('Zhou Zheng');
    const twice = await add({ deputy: 'Wei Ran' });
    expect(load(twice.text)('#f-deputy-error').text()).toContain('is a deputy already');
    const removal = load((await chair.get(`/people/${cast.chair.id}/deputies`)).text)(
      'form[action$="/removal"]',
    ).attr('action') as string;
    expect((await chair.post(removal)).status).toBe(303);
    expect((await chair.post(removal)).status).toBe(404);
    expect(await mayActFor(world.db, viewer(), cast.chair.id)).toBe(false);
    expect(
      (
        await rows<{ action: string }>(
          world.db,
          `select action
             from audit_events
             where noun = 'persons' and noun_id = :id and action like 'deputy%'
             order by id`,
          { id: cast.chair.id },
        )
      ).map((one) => one.action),
    ).toEqual(['deputy.add', 'deputy.remove']);
  });

  test.each([
    ['2020-01-01', '2020-02-01', false],
    ['2199-01-01', '', false],
    ['', '2199-01-01', true],
    ['', '', true],
  ])('from %s to %s counts today: %s', async (from, to, counts) => {
    await change(world.db, `delete from deputies`);
    expect(
      (
        await administrator
          .post(`/people/${cast.chair.id}/deputies`)
          .type('form')
          .send({ deputy: 'Wei Ran', from, to })
      ).status,
    ).toBe(303);
    expect(await mayActFor(world.db, viewer(), cast.chair.id)).toBe(counts);
  });

  test.each([
    ['Nobody Known', 'deputy'],
    ['Alex Guest <guest@elsewhere.example>', 'deputy'],
    ['Zhou Zheng', 'deputy'],
  ])('refuses %s', async (deputy, field) => {
    const answer = await administrator
      .post(`/people/${cast.chair.id}/deputies`)
      .type('form')
      .send({ deputy, from: '', to: '' });
    expect(answer.status).toBe(422);
    expect(load(answer.text)(`#f-${field}-error`).length).toBe(1);
  });

  test('others may neither name nor see deputies of somebody', async () => {
    const member = await world.agent(cast.outsider);
    expect(
      (await member.post(`/people/${cast.chair.id}/deputies`).type('form').send({ deputy: 'Wei Ran' }))
        .status,
    ).toBe(403);
    expect((await member.get(`/people/${cast.chair.id}/deputies`)).status).toBe(403);
  });

  test('secretaries act for everybody', async () =>
    expect(await mayActFor(world.db, { id: cast.secretary.id, role: 'secretary' }, cast.chair.id)).toBe(
      true,
    ));
});

test('what lapsed long ago is removed by the clock', async () => {
  await change(
    world.db,
    `update sessions set expires_at = now() - interval '8 days' where id = (select min(id) from sessions)`,
  );
  await change(world.db, `insert into sign_in_limits (key, points, expire) values ('old', 1, 1)`);
  await world.db.raw(`select graphile_worker.add_job('auth.clean', '{}')`);
  await world.runJobs();
  expect(await rows(world.db, `select 1 from sessions where expires_at < now() - interval '7 days'`)).toEqual(
    [],
  );
  expect(await rows(world.db, `select 1 from sign_in_limits where key = 'old'`)).toEqual([]);
});
