import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { change, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let keeper: Agent;
let member: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [keeper, member] = [await world.agent(cast.secretary), await world.agent(cast.organiser)];
  const group = await row<{ id: number }>(
    world.db,
    `insert into people_groups (name_en, name_zh) values ('Heads', '处长') returning id`,
  );
  await change(
    world.db,
    `insert into booking_rules (room_id, group_id, max_minutes)
     values (:room, null, 60), (:room, :group, 120)`,
    { room: cast.rooms.orchid, group: group?.id },
  );
  await change(world.db, `insert into room_approvers (room_id, person_id) values (:room, :person)`, {
    room: cast.rooms.orchid,
    person: cast.chair.id,
  });
  await change(
    world.db,
    `update rooms
       set holiday_rule = 'none', setup_minutes = 15, contact = 'Porter', equipment = array['tea']
       where id = :room`,
    { room: cast.rooms.orchid },
  );
});
afterAll(() => world.close());

const send = (agent: Agent, path: string, body: object) => agent.post(path).type('form').send(body);
/** The form as it stands on the page. */
async function formOf(path: string, action: string): Promise<Record<string, string | string[]>> {
  const $ = load((await keeper.get(path).expect(200)).text);
  const values: Record<string, string | string[]> = {};
  for (const one of $(`form[method=post][action="${action}"] :input[name]`).toArray()) {
    if ($(one).is('button') || ($(one).attr('type') === 'checkbox' && !$(one).is(':checked'))) continue;
    const name = $(one).attr('name') ?? '';
    const value = String($(one).val() ?? '');
    values[name] = name in values ? [values[name] ?? '', value].flat() : value;
  }
  return values;
}
const layers = (room: number) =>
  rows(
    world.db,
    `select max_minutes, group_id is not null as is_group
       from booking_rules
       where room_id = :room
       order by group_id nulls first`,
    { room },
  );
const own = (id: number) =>
  row(
    world.db,
    `select building, capacity, equipment, setup_minutes, contact, holiday_rule from rooms where id = :id`,
    { id },
  );

describe('a room like another', () => {
  it('is filled in from it, with its rules, and the next one is filled in from that', async () => {
    const values = await formOf(`/rooms/new?like=${cast.rooms.orchid}`, '/rooms');
    expect([values.name_en, values.name_zh, values.code, values.building]).toEqual(['', '', '', 'A']);
    const made = await send(keeper, '/rooms', {
      ...values,
      name_en: 'Lotus',
      name_zh: '荷花厅',
      code: 'lotus',
      then: 'another',
    });
    expect(made.headers.location).toMatch(/^\/rooms\/new\?like=\d+$/);
    const id = Number(/\d+$/.exec(made.headers.location ?? '')?.[0]);
    expect(await own(id)).toEqual(await own(cast.rooms.orchid));
    expect(await layers(id)).toEqual([
      { max_minutes: 60, is_group: false },
      { max_minutes: 120, is_group: true },
    ]);
    expect(await rows(world.db, `select person_id from room_approvers where room_id = :id`, { id })).toEqual([
      { person_id: cast.chair.id },
    ]);
    expect(
      await rows(world.db, `select weekday, opens_at from room_hours where room_id = :id order by weekday`, {
        id,
      }),
    ).toEqual(
      await rows(world.db, `select weekday, opens_at from room_hours where room_id = :id order by weekday`, {
        id: cast.rooms.orchid,
      }),
    );
    // Once, however often it is sent; a mistake keeps the room that it is like.
    expect(
      (
        await send(keeper, '/rooms', {
          ...values,
          name_en: 'Lotus',
          name_zh: '荷花厅',
          code: 'lotus',
          then: 'another',
        })
      ).headers.location,
    ).toBe(made.headers.location);
    const wrong = await send(keeper, '/rooms', {
      ...values,
      name_en: 'Lotus',
      name_zh: '荷花厅',
      code: 'lotus',
      key: randomUUID(),
    });
    expect([wrong.status, load(wrong.text)('[type=hidden][name=like]').val()]).toEqual([
      422,
      String(cast.rooms.orchid),
    ]);
  });

  it('has no rules where that is not ticked', async () => {
    const { with_rules: _ticked, ...values } = await formOf(`/rooms/new?like=${cast.rooms.orchid}`, '/rooms');
    const made = await send(keeper, '/rooms', {
      ...values,
      name_en: 'Peony',
      name_zh: '牡丹厅',
      code: 'peony',
    });
    expect(await layers(Number(/\d+$/.exec(made.headers.location ?? '')?.[0]))).toEqual([]);
  });
});

describe('settings of a room', () => {
  it('are copied to others as far as they are ticked, once, with a line in each history', async () => {
    const path = `/rooms/${cast.rooms.orchid}/copy`;
    const booked = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'Stands',
        startsAt: new Date('2030-03-05T02:00Z'),
        endsAt: new Date('2030-03-05T06:00Z'),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.bamboo],
      },
    );
    expect(booked.ok).toBe(true);
    const before = await row<{ contact: string; capacity: number }>(
      world.db,
      `select contact, capacity from rooms where id = :id`,
      { id: cast.rooms.bamboo },
    );
    const form = { what: ['rules', 'margins', 'equipment'], room: [cast.rooms.bamboo], key: randomUUID() };
    const answers = await Promise.all([send(keeper, path, form), send(keeper, path, form)]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(load((await keeper.get(`/rooms/${cast.rooms.orchid}`)).text)('body').text()).toContain(
      '1 room took it over.',
    );
    expect(await own(cast.rooms.bamboo)).toMatchObject({ ...before, equipment: ['tea'], setup_minutes: 15 });
    expect(await layers(cast.rooms.bamboo)).toHaveLength(2);
    expect(
      await rows(
        world.db,
        `select before, after from audit_events where action = 'room.copySettings' and noun_id = :id`,
        { id: cast.rooms.bamboo },
      ),
    ).toEqual([
      {
        before: expect.objectContaining({ setup_minutes: 0, rules: [] }) as object,
        after: expect.objectContaining({
          copied_from_id: cast.rooms.orchid,
          setup_minutes: 15,
          equipment: ['tea'],
        }) as object,
      },
    ]);
    expect(
      await row(
        world.db,
        `select count(*) as n from room_claims where room_id = :id and state = 'confirmed'`,
        { id: cast.rooms.bamboo },
      ),
    ).toEqual({ n: 1 });
  });

  it('need something ticked and a room, and are for who keeps rooms', async () => {
    const path = `/rooms/${cast.rooms.orchid}/copy`;
    const none = await send(keeper, path, { room: [cast.rooms.bamboo], key: randomUUID() });
    expect([none.status, load(none.text)('#f-what-error').text()]).toEqual([
      422,
      expect.stringContaining('Tick what'),
    ]);
    const nobody = load((await send(keeper, path, { what: 'hours', key: randomUUID() })).text);
    expect(nobody('.error-summary').text()).toContain('Tick at least one room');
    expect(nobody('[name=what]:checked').val()).toBe('hours');
    expect(
      (await send(member, path, { what: 'hours', room: cast.rooms.bamboo, key: randomUUID() })).status,
    ).toBe(403);
    expect((await member.get(path)).status).toBe(403);
    expect(
      (
        await send(keeper, '/rooms/999999/copy', {
          what: 'hours',
          room: cast.rooms.bamboo,
          key: randomUUID(),
        })
      ).status,
    ).toBe(404);
  });

  it('do not lock each other out when rooms give to each other at once', async () => {
    const ids = [cast.rooms.orchid, cast.rooms.bamboo];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        send(keeper, `/rooms/${ids[i % 2]}/copy`, {
          what: ['hours', 'holidays', 'rules', 'margins'],
          room: [ids[(i + 1) % 2]],
          key: randomUUID(),
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 303));
    expect(await layers(cast.rooms.bamboo)).toEqual(await layers(cast.rooms.orchid));
  });
});
