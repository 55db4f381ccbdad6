import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let keeper: Agent;
let member: Agent;
let projector: number, screen: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [keeper, member] = [await world.agent(cast.secretary), await world.agent(cast.organiser)];
  [projector, screen] = [
    await kind('movable-projector', 'Portable projector', 3),
    await kind('screen', 'Screen', 2),
  ];
});
afterAll(() => world.close());

async function kind(code: string, name: string, stock: number): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
     values (:code, :name, :name, true, :stock)
     returning id`,
    { code, name, stock },
  );
  return made?.id ?? 0;
}
const send = (agent: Agent, path: string, body: object) => agent.post(path).type('form').send(body);
const DAY = Date.parse('2030-03-05T00:00:00+08:00');
const at = (hour: number, day = 0) => new Date(DAY + day * 86_400_000 + hour * 3_600_000);
const take = (lines: [number, number][], from: number, to: number, day = 0, more = {}) =>
  createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Training',
      startsAt: at(from, day),
      endsAt: at(to, day),
      zone: 'Asia/Shanghai',
      roomIds: [],
      equipment: lines.map(([kindId, quantity]) => ({ kindId, quantity })),
      ...more,
    },
  );

async function taken(
  lines: [number, number][],
  from: number,
  to: number,
  day = 0,
  more = {},
): Promise<number> {
  const made = await take(lines, from, to, day, more);
  if (!made.ok) throw new Error('refused');
  return made.id;
}
const versionOf = async (id: number) =>
  (await row<{ version: number }>(world.db, 'select version from meetings where id = :id', { id }))
    ?.version ?? 0;
const held = (id: number) =>
  rows<{ kind_id: number; quantity: number; h: number }>(
    world.db,
    `select kind_id, quantity, extract(hour from starts_at at time zone 'Asia/Shanghai')::int as h
       from equipment_bookings
       where meeting_id = :id and is_held
       order by kind_id`,
    { id },
  );

/** Instants at which more is away than there is: there must be none. */
const overdrawn = () =>
  rows(
    world.db,
    `select k.code, b.starts_at
       from equipment_bookings b
       join equipment_kinds k on k.id = b.kind_id
       where b.is_held and k.stock <
     (select sum(o.quantity)
        from equipment_bookings o
        where o.kind_id = b.kind_id
          and o.is_held
          and o.starts_at <= b.starts_at
          and o.ends_at > b.starts_at)`,
  );
const meetingForm = (more: object) => ({
  title: 'Briefing',
  on: '2030-04-02',
  from: '10:00',
  to: '11:00',
  to_on: '',
  zone: 'Asia/Shanghai',
  lang: 'en',
  place: 'Yard',
  kinds: [projector, screen],
  pieces: ['', ''],
  ...more,
});

describe('movable equipment', () => {
  it('is taken up to the stock and not beyond, at any instant', async () => {
    await taken([[projector, 2]], 9, 11);
    await taken([[projector, 2]], 11, 13); // the first are back by then
    expect(await take([[projector, 2]], 10, 12)).toMatchObject({
      ok: false,
      shortages: [{ requested: 2, left: 1, stock: 3 }],
    });
    // One is left at each instant, although four are away within these hours.
    expect((await take([[projector, 1]], 9, 13)).ok).toBe(true);
    expect(await overdrawn()).toEqual([]);
  });

  it('moves with the meeting, is given up by its cancellation and taken again when restored', async () => {
    const id = await taken(
      [
        [projector, 2],
        [screen, 1],
      ],
      9,
      10,
      1,
    );
    const by = { id: cast.organiser.id };
    expect(
      await changeMeeting(world.db, by, id, {
        version: await versionOf(id),
        startsAt: at(14, 1),
        endsAt: at(15, 1),
      }),
    ).toEqual({ ok: true });
    expect(await held(id)).toEqual([
      { kind_id: projector, quantity: 2, h: 14 },
      { kind_id: screen, quantity: 1, h: 14 },
    ]);
    expect((await take([[projector, 3]], 9, 10, 1)).ok).toBe(true);
    await cancelMeeting(world.db, by, id, { reason: 'x' });
    expect(await held(id)).toEqual([]);
    const other = await taken([[projector, 3]], 14, 15, 1);
    expect(await restoreMeeting(world.db, by, id, { now: world.clock.now() })).toMatchObject({
      ok: false,
      shortages: [{ requested: 2, left: 0 }],
    });
    expect(
      (await row<{ state: string }>(world.db, 'select state from meetings where id = :id', { id }))?.state,
    ).toBe('cancelled');
    await cancelMeeting(world.db, by, other, { reason: 'x' });
    expect(await restoreMeeting(world.db, by, id, { now: world.clock.now() })).toEqual({ ok: true });
    expect(await held(id)).toHaveLength(2);
  });

  it('and rooms are to be had together or not at all', async () => {
    const { orchid } = cast.rooms;
    await taken([[screen, 2]], 9, 10, 2);
    expect((await take([[screen, 1]], 9, 10, 2, { roomIds: [orchid] })).ok).toBe(false);
    expect(
      await rows(world.db, `select 1 from room_claims where room_id = :orchid and starts_at = :at`, {
        orchid,
        at: at(9, 2),
      }),
    ).toEqual([]);
    const id = await taken([[screen, 1]], 11, 12, 2, { roomIds: [orchid] });
    const claims = () =>
      rows(world.db, `select starts_at from room_claims where meeting_id = :id and state = 'confirmed'`, {
        id,
      });
    expect(
      await changeMeeting(world.db, { id: cast.organiser.id }, id, {
        version: await versionOf(id),
        startsAt: at(9, 2),
        endsAt: at(10, 2),
      }),
    ).toMatchObject({ ok: false });
    expect(await claims()).toEqual([{ starts_at: at(11, 2) }]);
    expect(await held(id)).toEqual([{ kind_id: screen, quantity: 1, h: 11 }]);
  });

  it('with 16 clients at once is never given out twice, and nobody waits for nobody', async () => {
    const by = { id: cast.organiser.id };
    const mine: number[] = [];
    const { orchid, bamboo } = cast.rooms;
    for (let round = 0; round < 6; round++) {
      await Promise.all(
        Array.from({ length: 16 }, async (_, client) => {
          const from = 8 + ((client * 7 + round) % 8);
          // Half of them name the kinds in the other order, and some have a room as well.
          const lines: [number, number][] =
            client % 2
              ? [
                  [screen, 1],
                  [projector, 1 + (client % 3)],
                ]
              : [
                  [projector, 1 + (client % 2)],
                  [screen, 1 + (client % 2)],
                ];
          const known = mine[(client * 5 + round) % Math.max(1, mine.length)];
          if (client % 4 === 3 && known !== undefined) {
            const version = await versionOf(known);
            await changeMeeting(world.db, by, known, {
              version,
              startsAt: at(from, 5),
              endsAt: at(from + 2, 5),
            }).catch((error: unknown) => {
              if (!/closed|Conflict/.test(String(error))) throw error;
            });
          } else if (client % 8 === 6 && known !== undefined)
            await cancelMeeting(world.db, by, known, { reason: 'x' });
          else if (client % 8 === 2 && known !== undefined)
            await restoreMeeting(world.db, by, known, { now: world.clock.now() });
          else {
            const made = await take(lines, from, from + 1 + (client % 3), 5, {
              roomIds: client % 5 === 0 ? [bamboo, orchid] : [],
            });
            if (made.ok) mine.push(made.id);
          }
        }),
      );
      expect(await overdrawn()).toEqual([]);
    }
    expect(mine.length).toBeGreaterThan(5);
    // All of a meeting's equipment is at one time, its own.
    expect(
      await rows(
        world.db,
        `select m.id
           from meetings m
           join equipment_bookings b on b.meeting_id = m.id and b.is_held
           where m.id = any(:mine) and (m.state = 'cancelled' or b.starts_at > m.starts_at)`,
        { mine },
      ),
    ).toEqual([]);
    expect(
      await row(world.owner, `select deadlocks from pg_stat_database where datname = current_database()`),
    ).toEqual({ deadlocks: 0 });
  });

  it('16 clients who want the last three get three', async () => {
    const results = await Promise.all(Array.from({ length: 16 }, () => take([[projector, 1]], 9, 10, 6)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(3);
  });

  it('is guarded by the database where code forgets to ask', async () => {
    const id = await taken([[screen, 2]], 9, 10, 7);
    await expect(
      world.db.raw(`update equipment_bookings set quantity = 3 where meeting_id = ?`, [id]),
    ).rejects.toMatchObject({ code: '23514' });
  });
});

describe('equipment on the form of a meeting', () => {
  it('is chosen with a number, shown on the meeting and changed', async () => {
    expect(
      load((await member.get('/meetings/new')).text)('main')
        .text()
        .replace(/\s+/g, ' '),
    ).toContain('Portable projector of 3');
    const made = await send(member, '/meetings', {
      ...meetingForm({ pieces: ['2', ''] }),
      key: randomUUID(),
    });
    expect(made.status).toBe(303);
    const path = made.headers.location ?? '';
    expect(load((await member.get(path)).text)('main').text()).toContain('Portable projector × 2');
    const edit = load((await member.get(`${path}/edit`)).text);
    expect(
      edit('[name=pieces]')
        .toArray()
        .map((one) => edit(one).val()),
    ).toEqual(['2', '']);
    expect(
      (await send(member, path, meetingForm({ pieces: ['', '1'], version: edit('[name=version]').val() })))
        .status,
    ).toBe(303);
    const after = load((await member.get(path)).text)('main').text();
    expect(after).toContain('Screen × 1');
    expect(after).not.toContain('Portable projector × 2');
    const event = await row<{ before: object; after: object }>(
      world.db,
      `select before, after from audit_events where action = 'meeting.update' order by id desc limit 1`,
    );
    expect(event).toMatchObject({
      before: { equipment: ['movable-projector × 2'] },
      after: { equipment: ['screen × 1'] },
    });
  });

  it('says who has it and how much is left, keeps the form, and hides what is private', async () => {
    await taken([[screen, 1]], 10, 11, 30, { title: 'Open day' });
    await createMeeting(
      world.db,
      { id: cast.chair.id },
      {
        title: 'Secret merger',
        startsAt: at(10, 30),
        endsAt: at(11, 30),
        zone: 'Asia/Shanghai',
        roomIds: [],
        isPrivate: true,
        equipment: [{ kindId: screen, quantity: 1 }],
      },
    );
    const refused = await send(member, '/meetings', {
      ...meetingForm({ on: '2030-04-04', pieces: ['1', '1'], description: 'Kept words' }),
      key: randomUUID(),
    });
    expect(refused.status).toBe(409);
    const page = load(refused.text);
    const notice = page('.notice-bad').text();
    for (const part of ['Screen: 1 wanted, 0 of 2 left', 'Open day', 'another meeting'])
      expect(notice).toContain(part);
    expect(refused.text).not.toContain('Secret merger');
    expect(page('[name=description]').text()).toContain('Kept words');
    expect(
      page('[name=pieces]')
        .toArray()
        .map((one) => page(one).val()),
    ).toEqual(['1', '1']);
    expect(page('details.more').attr('open')).toBeDefined();
  });

  it('offers the nearest times at which the room is free and the pieces are there', async () => {
    await taken([[screen, 2]], 9, 12, 70);
    await taken([[screen, 1]], 12, 14, 70);
    await taken([[projector, 2]], 12, 13, 70);
    const form = meetingForm({
      on: '2030-05-14',
      rooms: [String(cast.rooms.orchid)],
      place: '',
      pieces: ['', '2'],
      key: randomUUID(),
    });
    const refused = load((await send(member, '/meetings', form).expect(409)).text);
    const times = refused('button[name=pick]')
      .toArray()
      .map((one) => refused(one).text());
    expect(times.slice(0, 2)).toEqual(['Tue 14 May 08:00–09:00', 'Tue 14 May 14:00–15:00']);
    expect(times.join()).not.toMatch(/Tue 14 May (09|1[0-3]):/);
    const taking = await send(member, '/meetings', {
      ...form,
      pick: refused('button[name=pick]').eq(1).val(),
      key: randomUUID(),
    }).expect(303);
    expect(await held(Number(/\d+/.exec(taking.headers.location ?? '')?.[0]))).toEqual([
      { kind_id: screen, quantity: 2, h: 14 },
    ]);
    // Nobody has as many as ten.
    expect(
      load(
        (await send(member, '/meetings', { ...form, pieces: ['', '10'], key: randomUUID() }).expect(409))
          .text,
      )('button[name=pick]'),
    ).toHaveLength(0);
  });

  it('refuses a number that is none at its place', async () => {
    const refused = await send(member, '/meetings', {
      ...meetingForm({ pieces: ['many', ''] }),
      key: randomUUID(),
    });
    expect(refused.status).toBe(422);
    expect(load(refused.text)('#f-pieces-0').val()).toBe('many');
    expect(load(refused.text)('#f-pieces-0-error').text()).not.toBe('');
  });

  it('lets a cancelled meeting come back without what others have now', async () => {
    const id = await taken([[screen, 2]], 9, 10, 40);
    await cancelMeeting(world.db, { id: cast.organiser.id }, id, { reason: 'x' });
    await taken([[screen, 1]], 9, 10, 40, { title: 'Newcomer' });
    const refused = await send(member, `/meetings/${id}/restoration`, {});
    expect(refused.status).toBe(409);
    expect(load(refused.text)('main').text()).toContain('Newcomer');
    expect(load(refused.text)('[name=equipment]').val()).toBe('none');
    expect((await send(member, `/meetings/${id}/restoration`, { equipment: 'none' })).status).toBe(303);
    expect(await held(id)).toEqual([]);
  });
});

describe('the catalogue of equipment', () => {
  it('is kept by the office: a new kind is offered at rooms and in the day’s filter at once', async () => {
    const { orchid } = cast.rooms;
    const grid = async () => (await member.get('/calendar?date=2030-03-05')).text;
    expect(await grid()).not.toContain('Lectern');
    const made = await send(keeper, '/rooms/equipment', {
      name_en: 'Lectern',
      name_zh: '讲台',
      code: 'Lectern',
      stock: '',
      is_active: 'on',
      sort_order: 5,
      key: randomUUID(),
    });
    expect([made.status, made.headers.location]).toEqual([303, '/rooms/equipment']);
    const edit = load((await keeper.get(`/rooms/${orchid}/edit`)).text);
    expect(edit('[name=equipment][value=lectern]')).toHaveLength(1);
    await world.db.raw(`update rooms set equipment = array['lectern'], version = version + 1 where id = ?`, [
      orchid,
    ]);
    expect(await grid()).toContain('Lectern');
    const id =
      (await row<{ id: number }>(world.db, `select id from equipment_kinds where code = 'lectern'`))?.id ?? 0;
    const etag = (await member.get('/calendar?date=2030-03-05')).headers.etag ?? '';
    await send(keeper, `/rooms/equipment/${id}`, {
      name_en: 'Speaker’s desk',
      name_zh: '演讲台',
      stock: '',
      is_active: 'on',
      sort_order: 5,
      version: 1,
    }).expect(303);
    expect((await member.get('/calendar?date=2030-03-05').set('If-None-Match', etag)).status).toBe(200);
    expect(await grid()).toContain('Speaker’s desk');
    expect(
      await rows(world.db, `select action from audit_events where noun = 'equipment_kinds' order by id`),
    ).toEqual([{ action: 'equipment.create' }, { action: 'equipment.update' }]);
  });

  it('is not for members', async () => {
    for (const path of ['/rooms/equipment', '/rooms/equipment/new', `/rooms/equipment/${screen}/edit`])
      expect((await member.get(path)).status).toBe(403);
    expect((await send(member, '/rooms/equipment', {})).status).toBe(403);
  });

  it('refuses a code twice, movable equipment without a number, and less stock than is booked', async () => {
    const twice = await send(keeper, '/rooms/equipment', {
      name_en: 'A',
      name_zh: '甲',
      code: 'screen',
      is_movable: 'on',
      stock: 1,
      is_active: 'on',
      sort_order: 5,
      key: randomUUID(),
    });
    expect([twice.status, load(twice.text)('#f-code-error').text()]).toEqual([
      422,
      expect.stringContaining('Other equipment'),
    ]);
    const none = await send(keeper, '/rooms/equipment', {
      name_en: 'A',
      name_zh: '甲',
      code: 'a',
      is_movable: 'on',
      stock: '',
      is_active: 'on',
      sort_order: 5,
      key: randomUUID(),
    });
    expect(load(none.text)('#f-stock-error').text()).toContain('how many');
    await taken([[projector, 3]], 9, 10, 50);
    const less = await send(keeper, `/rooms/equipment/${projector}`, {
      name_en: 'Portable projector',
      name_zh: '便携投影',
      stock: 2,
      is_active: 'on',
      sort_order: 0,
      version: 1,
    });
    expect(less.status).toBe(422);
    expect(load(less.text)('#f-stock-error').text()).toContain('3 pieces');
    expect(load(less.text)('[name=stock]').val()).toBe('2');
    const stale = await send(keeper, `/rooms/equipment/${projector}`, {
      name_en: 'Mine',
      name_zh: '我的',
      stock: 4,
      is_active: 'on',
      sort_order: 0,
      version: 9,
    });
    expect(stale.status).toBe(409);
    expect(load(stale.text)('[name=name_en]').val()).toBe('Mine');
  });
});
