import { load } from 'cheerio';
import { hashPassword } from '../../src/auth/passwords.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let administrator: Agent;
let secretary: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await change(world.db, `update accounts set password_hash = :hash`, {
    hash: await hashPassword('four walls and a roof'),
  });
  [administrator, secretary] = [await world.agent(cast.administrator), await world.agent(cast.secretary)];
});
afterAll(() => world.close());

async function insert(sql: string, bindings: Record<string, unknown> = {}): Promise<number> {
  const made = await row<{ id: number }>(world.db, `${sql} returning id`, bindings);
  return made?.id ?? 0;
}
/** A coming meeting of a person, who is in its chair too. */
async function meeting(
  title: string,
  organiser: number,
  more: { isPrivate?: boolean; with?: number[] } = {},
): Promise<number> {
  const id = await insert(
    `insert into meetings (title, state, starts_at, ends_at, zone, is_private, organiser_id, created_by, uid)
     values (:title, 'scheduled', now() + interval '5 days', now() + interval '5 days 1 hour',
       'Asia/Shanghai', :isPrivate, :organiser, :organiser, gen_random_uuid())`,
    { title, organiser, isPrivate: more.isPrivate ?? false },
  );
  await change(
    world.db,
    `insert into participants (meeting_id, person_id, role) values (:id, :organiser, 'chair')`,
    { id, organiser },
  );
  for (const person of more.with ?? [])
    await change(world.db, `insert into participants (meeting_id, person_id) values (:id, :person)`, {
      id,
      person,
    });
  return id;
}
const rolesOf = async (id: number) =>
  Object.fromEntries(
    (
      await rows<{ person_id: number; role: string }>(
        world.db,
        `select person_id, role from participants where meeting_id = :id and removed_at is null`,
        { id },
      )
    ).map((one) => [one.person_id, one.role]),
  );

test('lists what somebody answers for, and hands it to another person in one go', async () => {
  const { organiser, attendee, chair } = cast;
  const open = await meeting('Budget round', organiser.id, { with: [attendee.id] });
  const secret = await meeting('Layoffs', organiser.id, { isPrivate: true });
  const shared = await meeting('Shared secret', organiser.id, { isPrivate: true, with: [chair.id] });
  const past = await insert(
    `insert into meetings (title, state, starts_at, ends_at, zone, organiser_id, created_by, uid)
     values ('Long ago', 'ended', now() - interval '2 years',
       now() - interval '2 years' + interval '1 hour', 'UTC', :id, :id, gen_random_uuid())`,
    { id: organiser.id },
  );
  const series = await insert(
    `insert into series (name, organiser_id, reviewer_id, created_by) values ('Weekly', :id, :id, :id)`,
    { id: organiser.id },
  );
  await change(
    world.db,
    `insert into series_members (series_id, person_id, role) values (:series, :id, 'chair')`,
    { series, id: organiser.id },
  );
  const action = await insert(
    `insert into actions (meeting_id, deliverable, lead_id, due_on, original_due_on, state, assigned_at,
       created_by)
     values (:past, 'Count the chairs', :id, '2030-04-01', '2030-04-01', 'assigned', now(), :id)`,
    { past, id: organiser.id },
  );
  const page = load((await administrator.get(`/people/${organiser.id}/deactivation`)).text);
  const text = page('main').text().replace(/\s+/g, ' ');
  expect(text).toContain('Budget round');
  expect(text).toContain('Weekly');
  expect(text).toContain('1 open action');
  expect(text).not.toContain('Layoffs');
  expect(text).not.toContain('Long ago');

  const session = await world.agent(organiser);
  const done = await administrator
    .post(`/people/${organiser.id}/deactivation`)
    .type('form')
    .send({ to: `#${chair.id}`, note: 'Thank you' });
  expect(done.headers.location).toBe(`/people/${organiser.id}`);
  expect((await administrator.get(`/people/${organiser.id}`)).text).toContain('Private ones that stay: 1');

  expect(
    await rows(
      world.db,
      `select id, organiser_id from meetings where id in (:open, :secret, :shared, :past) order by id`,
      { open, secret, shared, past },
    ),
  ).toEqual([
    { id: open, organiser_id: chair.id },
    { id: secret, organiser_id: organiser.id },
    { id: shared, organiser_id: chair.id },
    { id: past, organiser_id: organiser.id },
  ]);
  expect(await rolesOf(open)).toEqual({ [attendee.id]: 'required', [chair.id]: 'chair' });
  expect(
    await row(world.db, `select organiser_id, reviewer_id from series where id = :series`, { series }),
  ).toEqual({ organiser_id: chair.id, reviewer_id: chair.id });
  expect(
    await rows(world.db, `select person_id, role from series_members where series_id = :series`, { series }),
  ).toEqual([{ person_id: chair.id, role: 'chair' }]);
  expect(await row(world.db, `select lead_id, state from actions where id = :action`, { action })).toEqual({
    lead_id: chair.id,
    state: 'assigned',
  });
  expect((await session.get('/profile')).status).toBe(303);
  const events = (await rows<{ action: string }>(world.db, `select action from audit_events`)).map(
    (one) => one.action,
  );
  expect(events).toEqual(
    expect.arrayContaining([
      'person.deactivate',
      'meeting.handOver',
      'series.handOver',
      'action.handOver',
      'session.revoke',
    ]),
  );
});

test('rooms, the word over them and open polls go along, private ones only to who is asked', async () => {
  const { attendee, chair, rooms: room } = cast;
  await change(world.db, `update rooms set owner_id = :id where id = :room`, {
    id: attendee.id,
    room: room.orchid,
  });
  for (const person of [attendee.id, chair.id])
    await change(world.db, `insert into room_approvers (room_id, person_id) values (:room, :person)`, {
      room: room.bamboo,
      person,
    });
  const poll = (title: string, isPrivate: boolean) =>
    insert(
      `insert into polls (title, organiser_id, created_by, zone, is_private, deadline_at)
       values (:title, :id, :id, 'UTC', :isPrivate, now() + interval '9 days')`,
      { title, id: attendee.id, isPrivate },
    );
  const [open, secret] = [await poll('Budget day', false), await poll('Severance', true)];
  const page = load((await administrator.get(`/people/${attendee.id}/deactivation`)).text)('main').text();
  expect(page).toMatch(
    /Orchid[\s\S]*Answers for the room[\s\S]*Bamboo[\s\S]*Approves requests for the room[\s\S]*2 open polls/,
  );
  expect(page).not.toContain('Severance');

  await administrator
    .post(`/people/${attendee.id}/deactivation`)
    .type('form')
    .send({ to: `#${chair.id}` });
  expect((await administrator.get(`/people/${attendee.id}`)).text).toContain(
    'rooms 2, polls 1. Private ones that stay: 1.',
  );
  expect(await row(world.db, `select owner_id from rooms where id = :room`, { room: room.orchid })).toEqual({
    owner_id: chair.id,
  });
  expect(await rows(world.db, `select room_id, person_id from room_approvers`)).toEqual([
    { room_id: room.bamboo, person_id: chair.id },
  ]);
  expect(await rows(world.db, `select id, organiser_id from polls order by id`)).toEqual([
    { id: open, organiser_id: chair.id },
    { id: secret, organiser_id: attendee.id },
  ]);
  expect(
    (
      await rows<{ noun: string }>(
        world.db,
        `select noun from audit_events where action in ('room.handOver', 'poll.handOver') order by noun`,
      )
    ).map(({ noun }) => noun),
  ).toEqual(['polls', 'rooms', 'rooms']);
  expect((await administrator.get('/admin/log?noun=rooms')).text).toContain('Handed the room over');
  await administrator.post(`/people/${attendee.id}/reactivation`);
});

test('somebody who left is found nowhere, and can be taken back', async () => {
  const { outsider } = cast;
  await administrator.post(`/people/${outsider.id}/deactivation`).type('form').send({ to: '' });
  expect((await administrator.get('/people/search?q=wei')).body.persons).toEqual([]);
  expect((await administrator.get('/people')).text).not.toContain('Wei Ran');
  expect((await administrator.get('/people?kind=inactive')).text).toContain('Wei Ran');
  expect((await administrator.get(`/people/${outsider.id}/deactivation`)).status).toBe(404);
  const left = await meeting('Left behind', outsider.id);
  expect(
    (await administrator.post(`/people/${outsider.id}/hand-over`).type('form').send({ to: 'Zhou Zheng' }))
      .status,
  ).toBe(303);
  expect(await row(world.db, `select organiser_id from meetings where id = :left`, { left })).toEqual({
    organiser_id: cast.chair.id,
  });
  expect((await administrator.post(`/people/${outsider.id}/reactivation`)).status).toBe(303);
  expect((await administrator.get('/people')).text).toContain('Wei Ran');
});

test('a head of unit who leaves leaves the unit without a head', async () => {
  await change(world.db, `update units set head_id = :id where id = :unit`, {
    id: cast.attendee.id,
    unit: cast.units.finance,
  });
  await administrator.post(`/people/${cast.attendee.id}/deactivation`).type('form').send({});
  expect(
    await row(world.db, `select head_id from units where id = :unit`, { unit: cast.units.finance }),
  ).toEqual({ head_id: null });
  await administrator.post(`/people/${cast.attendee.id}/reactivation`);
});

test('nobody deactivates themselves; the last administrator stays, also of two at once', async () => {
  const self = await administrator
    .post(`/people/${cast.administrator.id}/deactivation`)
    .type('form')
    .send({});
  expect(self.status).toBe(422);
  expect(load(self.text)('.error-summary').text()).toContain('cannot deactivate yourself');
  await change(world.db, `update persons set role = 'administrator' where id = :id`, {
    id: cast.reviewer.id,
  });
  const second = await world.agent(cast.reviewer);
  const both = await Promise.all([
    administrator.post(`/people/${cast.reviewer.id}/deactivation`).type('form').send({}),
    second.post(`/people/${cast.administrator.id}/deactivation`).type('form').send({}),
  ]);
  expect(both.map((one) => one.status).sort()).toEqual([303, expect.any(Number)]);
  expect(
    await rows(
      world.db,
      `select 1
         from persons p join accounts a on a.person_id = p.id
        where p.role = 'administrator' and p.deactivated_at is null`,
    ),
  ).toHaveLength(1);
  await change(
    world.db,
    `update persons
      set deactivated_at = null, role = case when id = :id then 'secretary' else role end
      where id in (:id, :other)`,
    { id: cast.reviewer.id, other: cast.administrator.id },
  );
  administrator = await world.agent(cast.administrator);
});

test('secretaries may let members and guests go, nobody above; members nobody', async () => {
  expect((await secretary.get(`/people/${cast.reviewer.id}/deactivation`)).status).toBe(403);
  expect(
    (await secretary.post(`/people/${cast.administrator.id}/deactivation`).type('form').send({})).status,
  ).toBe(403);
  const member = await world.agent(cast.chair);
  expect((await member.post(`/people/${cast.attendee.id}/deactivation`).type('form').send({})).status).toBe(
    403,
  );
  expect((await secretary.get(`/people/${cast.guest.id}/deactivation`)).status).toBe(200);
});

test('an heir who is not there is refused and nothing happens', async () => {
  for (const to of [cast.attendee.id, 999_999]) {
    const refused = await administrator
      .post(`/people/${cast.attendee.id}/deactivation`)
      .type('form')
      .send({ to });
    expect(refused.status).toBe(422);
    expect(load(refused.text)('#f-to-error').length).toBe(1);
  }
  expect(
    await row(world.db, `select deactivated_at from persons where id = :id`, { id: cast.attendee.id }),
  ).toEqual({ deactivated_at: null });
});
