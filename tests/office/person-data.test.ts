import { load } from 'cheerio';
import { openSession } from '../../src/auth/commands.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { record } from '../../src/lib/audit/record.js';
import { translator } from '../../src/lib/i18n/translate.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

interface Exported {
  person: Record<string, unknown>;
  participations: { meeting: string | null }[];
}

let world: World;
let cast: Cast;
let administrator: Agent;
let secretary: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [administrator, secretary] = [await world.agent(cast.administrator), await world.agent(cast.secretary)];
});
afterAll(() => world.close());

async function insert(sql: string, bindings: Record<string, unknown> = {}): Promise<number> {
  const made = await row<{ id: number }>(world.db, `${sql} returning id`, bindings);
  return made?.id ?? 0;
}
const guest = (name: string, email: string | null, phone: string | null = null) =>
  insert(
    `insert into persons (name, email, phone, is_guest, zone) values (:name, :email, :phone, true, 'UTC')`,
    { name, email, phone },
  );
const meeting = (title: string, isPrivate = false) =>
  insert(
    `insert into meetings (title, state, starts_at, ends_at, zone, is_private, organiser_id, created_by,
       uid)
     values (:title, 'scheduled', now() + interval '1 day', now() + interval '25 hours', 'UTC', :isPrivate,
       :by, :by, gen_random_uuid())`,
    { title, isPrivate, by: cast.organiser.id },
  );
const join = (id: number, person: number) =>
  insert(`insert into participants (meeting_id, person_id, invited_at) values (:id, :person, now())`, {
    id,
    person,
  });

describe('merging guests', () => {
  test('two rows of one guest become one, with everything of both', async () => {
    const [keep, drop] = [
      await guest('王芳', 'wang@one.example'),
      await guest('王芳', 'wang@two.example', '010-1'),
    ];
    const [both, only] = [await meeting('Both'), await meeting('Only the second')];
    await join(both, keep);
    await join(both, drop);
    await join(only, drop);
    const item = await insert(
      `insert into agenda_items (meeting_id, title, presenter_id, created_by)
       values (:only, 'Report', :drop, :by)`,
      { only, drop, by: cast.organiser.id },
    );
    const [choir, board] = [
      await insert(`insert into people_groups (name_en, name_zh) values ('Choir', '合唱团')`),
      await insert(`insert into people_groups (name_en, name_zh) values ('Board', '理事会')`),
    ];
    for (const [group, person] of [
      [choir, keep],
      [choir, drop],
      [board, drop],
    ])
      await change(
        world.db,
        `insert into people_group_members (group_id, person_id) values (:group, :person)`,
        { group, person },
      );
    const offer = load((await secretary.get(`/people/${keep}`)).text);
    const link = offer(`a[href="/people/${keep}/merge?other=${drop}"]`);
    expect(link.length).toBe(1);
    expect(load((await secretary.get(link.attr('href') as string)).text)('tbody').text()).toContain(
      'wang@two.example',
    );
    expect(
      (await secretary.post(`/people/${keep}/merge`).type('form').send({ other: drop })).headers.location,
    ).toBe(`/people/${keep}`);
    expect(
      await rows(
        world.db,
        `select meeting_id, person_id, invited_at is null as waits
           from participants
          where removed_at is null and meeting_id in (:both, :only)
          order by meeting_id`,
        { both, only },
      ),
    ).toEqual([
      { meeting_id: both, person_id: keep, waits: false },
      { meeting_id: only, person_id: keep, waits: true },
    ]);
    expect(
      await rows(
        world.db,
        `select group_id, person_id
           from people_group_members
          where group_id in (:choir, :board)
          order by group_id`,
        { choir, board },
      ),
    ).toEqual([
      { group_id: choir, person_id: keep },
      { group_id: board, person_id: keep },
    ]);
    expect(await row(world.db, `select presenter_id from agenda_items where id = :item`, { item })).toEqual({
      presenter_id: keep,
    });
    expect(await row(world.db, `select email, phone from persons where id = :keep`, { keep })).toEqual({
      email: 'wang@one.example',
      phone: '010-1',
    });
    expect((await secretary.get(`/people/${drop}`)).headers.location).toBe(`/people/${keep}`);
    expect((await secretary.post(`/people/${keep}/merge`).type('form').send({ other: drop })).status).toBe(
      409,
    );
  });

  test('only guests without an account, by secretaries, and never with oneself', async () => {
    const one = await guest('Solo', null);
    expect((await secretary.post(`/people/${one}/merge`).type('form').send({ other: one })).status).toBe(409);
    expect(
      (await secretary.post(`/people/${one}/merge`).type('form').send({ other: cast.attendee.id })).status,
    ).toBe(403);
    expect((await secretary.get(`/people/${cast.attendee.id}/merge?other=${one}`)).status).toBe(404);
    expect(
      (
        await (
          await world.agent(cast.organiser)
        )
          .post(`/people/${one}/merge`)
          .type('form')
          .send({ other: cast.guest.id })
      ).status,
    ).toBe(403);
  });

  test('both ways at once end in one guest', async () => {
    const [a, b] = [await guest('Twin', 'a@twin.example'), await guest('Twin', 'b@twin.example')];
    const answers = await Promise.all([
      secretary.post(`/people/${a}/merge`).type('form').send({ other: b }),
      administrator.post(`/people/${b}/merge`).type('form').send({ other: a }),
    ]);
    expect(answers.map((one) => one.status).sort()).toEqual([303, 409]);
    expect(
      await rows(world.db, `select 1 from persons where id in (:a, :b) and deactivated_at is null`, { a, b }),
    ).toHaveLength(1);
  });
});

describe('what is stored about somebody', () => {
  test('an administrator takes it out, without what is private, and that is recorded', async () => {
    const [open, secret] = [await meeting('Open talk'), await meeting('Secret talk', true)];
    await join(open, cast.attendee.id);
    await join(secret, cast.attendee.id);
    const answer = await administrator.post(`/people/${cast.attendee.id}/data`);
    expect(answer.headers['content-disposition']).toContain(`person-${cast.attendee.id}.json`);
    const data = JSON.parse(answer.text) as Exported;
    expect(data.person).toMatchObject({ name: '陈安', email: 'attendee@office.example', unit: 'planning' });
    expect(data.participations.map((one) => one.meeting)).toEqual(['Open talk', null]);
    expect(answer.text).not.toContain('Secret talk');
    expect(answer.text).not.toContain('token_hash');
    expect(answer.text).not.toContain('password_hash');
    expect(
      await row(world.db, `select action, person_id from audit_events order by id desc limit 1`),
    ).toEqual({ action: 'person.export', person_id: cast.administrator.id });
  });

  test('everybody takes out their own, whole', async () => {
    const own = await (await world.agent(cast.attendee)).get('/profile/data');
    expect((JSON.parse(own.text) as Exported).participations.map((one) => one.meeting)).toContain(
      'Secret talk',
    );
    expect((await secretary.post(`/people/${cast.attendee.id}/data`)).status).toBe(403);
  });

  test('is erased for good, once the person is deactivated', async () => {
    const { outsider } = cast;
    await openSession(world.db, outsider.id, { ip: '10.0.0.1' });
    await record(world.db, { id: outsider.id }, { action: 'session.open', noun: 'persons', id: outsider.id });
    await world.db.raw(
      `insert into deliveries (kind, object, person_id, to_address, to_name, lang, zone, is_outside)
       values ('x', 'persons:1', ?, 'outsider@office.example', 'Wei Ran', 'en', 'UTC', false)`,
      [outsider.id],
    );
    expect((await administrator.get(`/people/${outsider.id}/erasure`)).status).toBe(404);
    const active = await administrator
      .post(`/people/${outsider.id}/erasure`)
      .type('form')
      .send({ reason: 'asked' });
    expect([active.status, load(active.text)('main').text()]).toEqual([
      409,
      expect.stringContaining(translator('en')('admin.erase.firstDeactivate')),
    ]);
    await administrator.post(`/people/${outsider.id}/deactivation`).type('form').send({});
    const empty = await administrator
      .post(`/people/${outsider.id}/erasure`)
      .type('form')
      .send({ reason: ' ' });
    expect(empty.status).toBe(422);
    expect(load(empty.text)('#f-reason-error').length).toBe(1);
    expect(
      (
        await administrator
          .post(`/people/${outsider.id}/erasure`)
          .type('form')
          .send({ reason: 'The person asked for it' })
      ).status,
    ).toBe(303);
    const left = await row<{ text: string }>(
      world.db,
      `select concat((select string_agg(row_to_json(p)::text, '') from persons p),
         (select string_agg(row_to_json(d)::text, '') from deliveries d),
           (select string_agg(row_to_json(s)::text, '') from sessions s where person_id = :id)) as text`,
      { id: outsider.id },
    );
    for (const word of ['魏然', 'Wei Ran', 'outsider@']) expect(left?.text).not.toContain(word);
    const page = await administrator.get(`/people/${outsider.id}`);
    expect(load(page.text)('h1').text()).toBe('Erased person');
    expect((await administrator.get(`/people/${outsider.id}/edit`)).status).toBe(404);
    expect((await administrator.post(`/people/${outsider.id}/reactivation`)).status).toBe(404);
    expect((await administrator.get('/admin/log')).text).toContain('The person asked for it');
    expect(
      (await secretary.post(`/people/${cast.guest.id}/erasure`).type('form').send({ reason: 'x' })).status,
    ).toBe(403);
  });

  test('the history never held what was erased', async () => {
    const text =
      (
        await row<{ text: string }>(
          world.db,
          `select string_agg(row_to_json(e)::text, '') as text from audit_events e`,
        )
      )?.text ?? '';
    for (const word of ['魏然', 'Wei Ran', 'outsider@', 'wang@two']) expect(text).not.toContain(word);
  });
});
