import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { endEarly } from '../../src/checkins/commands.js';
import { takeAwaitedRoom } from '../../src/waits/awaitedDateCommands.js';
import { createWaiting, endOffers, serveWaits } from '../../src/waits/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { MONDAY, testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let attendee: Agent;
let outsider: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, attendee, outsider] = (await Promise.all([
    world.agent(cast.organiser),
    world.agent(cast.attendee),
    world.agent(cast.outsider),
  ])) as [Agent, Agent, Agent];
});
afterAll(() => world.close());
beforeEach(async () => {
  world.clock.set(MONDAY);
  await world.owner.raw(`update room_claims set state = 'cancelled'`);
  await world.owner.raw(`delete from awaited_rooms`);
  await world.owner.raw(`delete from deliveries`);
});

const NOON = Date.parse('2030-03-04T04:00:00Z'); // 12:00 in Shanghai
const at = (minutes: number) => new Date(NOON + minutes * 60_000);
async function block(more: Partial<Parameters<typeof createMeeting>[2]> = {}): Promise<number> {
  const made = await createMeeting(
    world.db,
    { id: cast.reviewer.id },
    {
      title: 'In the way',
      startsAt: at(0),
      endsAt: at(60),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
      ...more,
    },
  );
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}
const form = (more: Record<string, unknown> = {}) => ({
  title: 'Talk',
  date: '2030-03-04',
  from: '12:00',
  to: '13:00',
  room: String(cast.rooms.orchid),
  seats: '',
  key: randomUUID(),
  ...more,
});
const post = (agent: Agent, path: string, fields: Record<string, unknown> = {}) =>
  agent.post(path).type('form').send(fields);

/** Presses "Wait for this room" on the page of the clash, as it stands there. */
async function queue(agent: Agent, more: Record<string, unknown> = {}, choice = 'on'): Promise<number> {
  const clash = await post(agent, '/bookings', form(more));
  expect(clash.status).toBe(409);
  const $ = load(clash.text);
  const wait = $('form').filter(
    (_, one) => $(one).find(`button[name=wait][value^="${choice}"]`).length === 1,
  );
  expect(wait.length).toBe(1);
  const fields: Record<string, string> = Object.fromEntries(
    wait
      .find('input')
      .map((_, field) => [[String($(field).attr('name')), String($(field).val())]])
      .get() as unknown as [string, string][],
  );
  const saved = await post(agent, '/bookings', {
    ...fields,
    wait: wait.find(`button[name=wait][value^="${choice}"]`).attr('value'),
  });
  expect(saved.status).toBe(303);
  return Number(/\/meetings\/(\d+)/.exec(saved.headers.location ?? '')?.[1]);
}
const states = () =>
  rows<{ meeting_id: number; state: string }>(
    world.db,
    `select meeting_id, state from awaited_rooms order by since`,
  );
const held = () =>
  rows<{ awaited_meeting_id: number }>(
    world.db,
    `select awaited_meeting_id from room_claims where state = 'held' order by id`,
  );
const holder = () =>
  row(
    world.db,
    `select meeting_id, state
       from room_claims
      where is_holding and state in ('held', 'requested', 'confirmed') and room_id = ${cast.rooms.orchid}`,
  );
const main = async (agent: Agent, path: string) =>
  load((await agent.get(path).expect(200)).text)('main')
    .text()
    .replace(/\s+/g, ' ');
const lapse = () =>
  world.owner.raw(
    `update room_claims
      set hold_until = now() - interval '1 second'
      where state = 'held';
      update awaited_rooms
      set held_until = now() - interval '1 second'
      where state = 'offered'`,
  );

it('holds the room for the first who asked, then for the next; one press takes it', async () => {
  const other = await block();
  const first = await queue(organiser, { title: 'First' });
  const second = await queue(attendee, { title: 'Second' });
  expect(await main(organiser, `/meetings/${first}`)).toContain('Place in the queue: 1.');
  expect(await main(attendee, `/meetings/${second}`)).toContain('当前排第 2 位');
  expect(await main(organiser, `/rooms/${cast.rooms.orchid}`)).toMatch(
    /Waiting for this room.*First.*Second/,
  );

  await cancelMeeting(world.db, { id: cast.reviewer.id }, other, {
    reason: 'Not needed',
    now: world.clock.now(),
  });
  await world.runJobs();
  expect(await states()).toEqual([
    { meeting_id: first, state: 'offered' },
    { meeting_id: second, state: 'waiting' },
  ]);
  expect(
    await rows(world.db, `select person_id, kind from deliveries where kind like 'meetings.roomFreed'`),
  ).toEqual([{ person_id: cast.organiser.id, kind: 'meetings.roomFreed' }]);
  expect(await main(organiser, '/')).toContain('held for you until');
  // Who passes by finds it taken.
  expect((await post(outsider, '/bookings', form({ title: 'Passing by' }))).status).toBe(409);

  expect((await post(organiser, `/meetings/${first}/wait/withdrawal`)).status).toBe(303);
  await world.runJobs();
  expect(await states()).toEqual([
    { meeting_id: first, state: 'declined' },
    { meeting_id: second, state: 'offered' },
  ]);
  expect((await post(organiser, `/meetings/${first}/wait/acceptance`)).status).toBe(303);
  expect(await held()).toEqual([{ awaited_meeting_id: second }]);

  expect((await post(attendee, `/meetings/${second}/wait/acceptance`)).headers.location).toBe(
    `/meetings/${second}`,
  );
  expect(await holder()).toEqual({ meeting_id: second, state: 'confirmed' });
  expect((await post(attendee, `/meetings/${second}/wait/acceptance`)).status).toBe(303);
  // Who presses twice is told of the room, not of a hold that is over.
  expect((await attendee.get(`/meetings/${second}`)).text).toContain('会议室已预订');
  expect(
    await rows(world.db, `select room_id from meeting_rooms where meeting_id = :second`, { second }),
  ).toEqual([{ room_id: cast.rooms.orchid }]);
});

it('passes a hold that lapsed to the next and not to who passes by, and tells whose it was', async () => {
  const other = await block();
  const first = await queue(organiser);
  const second = await queue(attendee);
  await cancelMeeting(world.db, { id: cast.reviewer.id }, other, {
    reason: 'Not needed',
    now: world.clock.now(),
  });
  await world.runJobs();
  await lapse();
  expect((await post(outsider, '/bookings', form())).status).toBe(409);
  expect(await takeAwaitedRoom(world.db, { id: cast.organiser.id }, first, world.clock.now())).toMatchObject({
    ok: false,
  });
  await serveWaits(world.db, world.clock.now());
  await world.runJobs();
  expect(await states()).toEqual([
    { meeting_id: first, state: 'lapsed' },
    { meeting_id: second, state: 'offered' },
  ]);
  expect(
    await rows(world.db, `select person_id from deliveries where kind = 'meetings.offerLapsed'`),
  ).toEqual([{ person_id: cast.organiser.id }]);
  expect((await post(organiser, `/meetings/${first}/wait`)).status).toBe(303);
  expect((await states()).at(-1)).toEqual({ meeting_id: first, state: 'waiting' });
  // The last one lets it pass, too: now it is for anybody.
  await post(organiser, `/meetings/${first}/wait/withdrawal`);
  await lapse();
  await serveWaits(world.db, world.clock.now());
  expect((await post(outsider, '/bookings', form())).status).toBe(303);
});

it('gives the slot to one of many who take, book and let lapse at once', async () => {
  for (let round = 0; round < 4; round += 1) {
    await world.owner.raw(`update room_claims set state = 'cancelled'`);
    await world.owner.raw(`delete from awaited_rooms`);
    const other = await block();
    const first = await queue(organiser);
    await queue(attendee);
    await cancelMeeting(world.db, { id: cast.reviewer.id }, other, {
      reason: 'Not needed',
      now: world.clock.now(),
    });
    await world.runJobs();
    if (round % 2) await lapse();
    const answers = await Promise.all([
      post(organiser, `/meetings/${first}/wait/acceptance`),
      post(organiser, `/meetings/${first}/wait/acceptance`),
      endOffers(world.db, world.clock.now()),
      serveWaits(world.db, world.clock.now()),
      ...Array.from({ length: 8 }, () => post(outsider, '/bookings', form({ title: 'Passing by' }))),
    ]);
    expect(
      answers
        .flatMap((one) =>
          typeof one === 'object' && one !== null && 'status' in one ? [Number(one.status)] : [],
        )
        .filter((status) => status >= 500),
    ).toEqual([]);
    const live = await rows<{ meeting_id: number | null; awaited_meeting_id: number | null }>(
      world.db,
      `select meeting_id, awaited_meeting_id from room_claims where state in ('held', 'confirmed')`,
    );
    expect(live).toHaveLength(1);
    if (round % 2 === 0) expect(live[0]?.meeting_id).toBe(first);
  }
});

it('serves who waits when a meeting ends early, forgets whose time has begun or who moved', async () => {
  const other = await block({ startsAt: new Date(MONDAY), endsAt: at(60) });
  const waiting = await queue(organiser);
  const moved = await queue(attendee, { from: '12:15', to: '13:00' });
  await world.owner.raw(
    `update meetings
        set starts_at = starts_at + interval '1 day', ends_at = ends_at + interval '1 day'
      where id = ${moved}`,
  );
  world.clock.set(at(-60));
  expect((await endEarly(world.db, { id: cast.reviewer.id }, other, { now: at(-60) })).ok).toBe(true);
  await world.runJobs();
  expect(await held()).toEqual([{ awaited_meeting_id: waiting }]);
  await serveWaits(world.db, at(1));
  expect(await held()).toEqual([]);
  expect(await main(attendee, `/meetings/${moved}`)).not.toContain('当前排第');
});

it('tells nobody what a private meeting is that waits', async () => {
  await block();
  const secret = await queue(organiser, { title: 'Secret talk', is_private: 'on' });
  expect(await main(organiser, `/rooms/${cast.rooms.orchid}`)).toContain('Secret talk');
  const seen = await main(outsider, `/rooms/${cast.rooms.orchid}`);
  expect(seen).toContain('Waiting for this room');
  expect(seen).not.toContain('Secret');
  expect((await outsider.get(`/meetings/${secret}`)).status).toBe(404);
  expect((await post(outsider, `/meetings/${secret}/wait/acceptance`)).status).toBe(404);
  expect(load((await post(outsider, '/bookings', form())).text)('main').text()).toContain(
    'One other waits for it',
  );
});

it('holds the first fitting room for who wants any, in the order of the queue, and no other', async () => {
  const [inOrchid, inBamboo] = [await block(), await block({ roomIds: [cast.rooms.bamboo] })];
  await world.owner.raw(`update rooms set building = 'B' where id = ${cast.rooms.bamboo}`);
  // "Any with 10 seats" is asked for on the page of the taken room; the room itself is wanted by somebody who
  // came later.
  const any = await queue(organiser, { title: 'Anywhere', seats: '10' }, 'any');
  const certain = await queue(attendee, { title: 'There', seats: '10' });
  const large = await queue(outsider, { title: 'Large', room: String(cast.rooms.bamboo), seats: '' });
  expect(
    await rows(
      world.db,
      `select room_id, any_seats, any_building from awaited_rooms where meeting_id = :any order by room_id`,
      { any },
    ),
  ).toEqual(
    [cast.rooms.orchid, cast.rooms.bamboo]
      .sort((a, b) => a - b)
      .map((room_id) => ({ room_id, any_seats: 10, any_building: null })),
  );
  expect(await main(organiser, `/meetings/${any}`)).toContain(
    'waits for any room with 10 seats. Place in the queue: 1.',
  );
  expect(await main(outsider, `/meetings/${large}`)).toContain('Place in the queue: 2.');
  expect(await main(organiser, `/rooms/${cast.rooms.bamboo}`)).toMatch(
    /Anywhere.*any room with 10 seats.*Large/,
  );

  await cancelMeeting(world.db, { id: cast.reviewer.id }, inBamboo, {
    reason: 'Not needed',
    now: world.clock.now(),
  });
  await world.runJobs();
  expect(
    await rows(world.db, `select room_id, awaited_meeting_id from room_claims where state = 'held'`),
  ).toEqual([{ room_id: cast.rooms.bamboo, awaited_meeting_id: any }]);
  expect(await main(organiser, `/meetings/${any}`)).toContain('Bamboo is held for you until');
  expect(await main(organiser, '/')).toMatch(/Bamboo for Anywhere/);
  expect(await main(organiser, `/rooms/${cast.rooms.orchid}`)).not.toContain('Anywhere');

  // The next room is for the next in turn: the wish for any is being served.
  await cancelMeeting(world.db, { id: cast.reviewer.id }, inOrchid, {
    reason: 'Not needed',
    now: world.clock.now(),
  });
  await world.runJobs();
  expect(
    await rows(
      world.db,
      `select awaited_meeting_id from room_claims where state = 'held' and room_id = ${cast.rooms.orchid}`,
    ),
  ).toEqual([{ awaited_meeting_id: certain }]);
  expect((await post(organiser, `/meetings/${any}/wait/acceptance`)).headers.location).toBe(
    `/meetings/${any}`,
  );
  expect(await rows(world.db, `select room_id from meeting_rooms where meeting_id = :any`, { any })).toEqual([
    { room_id: cast.rooms.bamboo },
  ]);
});

it('passes on what was declined, lets ask again, and offers only rooms of the building', async () => {
  const [inOrchid, inBamboo] = [await block(), await block({ roomIds: [cast.rooms.bamboo] })];
  const here = await queue(organiser, { seats: '5' }, 'any');
  const other = await queue(attendee, { room: String(cast.rooms.bamboo) });
  await world.owner.raw(`update awaited_rooms set any_building = 'A' where meeting_id = ${here}`);
  for (const id of [inOrchid, inBamboo])
    await cancelMeeting(world.db, { id: cast.reviewer.id }, id, {
      reason: 'Not needed',
      now: world.clock.now(),
    });
  await world.runJobs();
  // Both are free: each gets one, the smaller of those that do for who takes any.
  expect(
    await rows(
      world.db,
      `select room_id, awaited_meeting_id from room_claims where state = 'held' order by room_id`,
    ),
  ).toEqual(
    [
      { room_id: cast.rooms.orchid, awaited_meeting_id: here },
      { room_id: cast.rooms.bamboo, awaited_meeting_id: other },
    ].sort((a, b) => a.room_id - b.room_id),
  );
  await post(organiser, `/meetings/${here}/wait/withdrawal`);
  expect((await post(organiser, `/meetings/${here}/wait`)).status).toBe(303);
  // Asked again, the rooms are looked up as they are now: Bamboo stands elsewhere.
  expect(
    await rows(world.db, `select room_id, state from awaited_rooms where meeting_id = :here`, { here }),
  ).toEqual([{ room_id: cast.rooms.orchid, state: 'waiting' }]);
  await world.owner.raw(`update rooms set building = 'A' where id = ${cast.rooms.bamboo}`);
});

describe('any room will do: what fits is judged when it is offered', () => {
  const serve = async () => {
    await serveWaits(world.db, world.clock.now());
    await world.runJobs();
  };
  const heldRooms = () =>
    rows<{ room_id: number; awaited_meeting_id: number }>(
      world.db,
      `select room_id, awaited_meeting_id from room_claims where state = 'held' order by room_id`,
    );
  let extra = 0;
  beforeAll(async () => {
    extra =
      (
        await row<{ id: number }>(
          world.owner,
          `insert into rooms (code, name_en, name_zh, building, capacity)
           values ('plum', 'Plum', '梅', 'A', 2)
           returning id`,
        )
      )?.id ?? 0;
    await world.owner.raw(
      `insert into room_hours (room_id, weekday, opens_at, closes_at)
       select ${extra}, d, '07:00', '22:00'
         from generate_series(1, 7) d`,
    );
  });
  const resize = (seats: number) =>
    world.owner.raw(`update rooms set capacity = ${seats} where id = ${extra}`);
  afterEach(async () => {
    await world.owner.raw(
      `update rooms
        set status = 'in_service', status_reason = null, back_at = null; delete
        from booking_rules; delete
        from room_exceptions`,
    );
    await resize(2);
  });

  it('offers a room that was enlarged or put back since, and has the wish in its queue', async () => {
    await block();
    await block({ roomIds: [cast.rooms.bamboo] });
    const any = await queue(organiser, { seats: '10' }, 'any');
    await serve();
    expect(await heldRooms()).toEqual([]);
    await world.owner.raw(
      `update rooms
          set capacity = 12, status = 'out_of_service', status_reason = 'Paint'
        where id = ${extra}`,
    );
    await serve();
    expect(await heldRooms()).toEqual([]);
    await world.owner.raw(`update rooms set status = 'in_service', status_reason = null where id = ${extra}`);
    await serve();
    expect(await heldRooms()).toEqual([{ room_id: extra, awaited_meeting_id: any }]);
    expect(await main(organiser, `/meetings/${any}`)).toContain('Plum is held for you until');
    expect(await main(organiser, `/rooms/${extra}`)).toContain('Talk');
    expect((await post(organiser, `/meetings/${any}/wait/acceptance`)).headers.location).toBe(
      `/meetings/${any}`,
    );
    expect(
      await rows(world.db, `select room_id from meeting_rooms where meeting_id = :any`, { any }),
    ).toEqual([{ room_id: extra }]);
  });

  it.each([
    ['has fewer seats now', () => resize(9)],
    [
      'is out of service',
      () =>
        world.owner.raw(
          `update rooms set status = 'out_of_service', status_reason = 'Paint' where id = ${extra}`,
        ),
    ],
    [
      'is kept for a group that the person is not in',
      () => world.owner.raw(`insert into booking_rules (room_id, in_policy) values (${extra}, 'refuse')`),
    ],
    [
      'is closed on that day',
      () =>
        world.owner.raw(
          `insert into room_exceptions (room_id, on_day, note, created_by)
           values (${extra}, '2030-03-04', 'Cleaning', ${cast.secretary.id})`,
        ),
    ],
    [
      'stands in another building now',
      () =>
        world.owner.raw(
          `update rooms set building = 'Z' where id = ${extra}; update awaited_rooms set any_building = 'A'`,
        ),
    ],
  ])('does not offer one that %s', async (_name, unfit) => {
    await resize(12);
    await block();
    await block({ roomIds: [cast.rooms.bamboo] });
    const inPlum = await block({ roomIds: [extra] });
    const any = await queue(organiser, { seats: '10' }, 'any');
    expect(await rows(world.db, `select 1 from awaited_rooms where room_id = ${extra}`)).toHaveLength(1);
    await unfit();
    await cancelMeeting(world.db, { id: cast.reviewer.id }, inPlum, {
      reason: 'Not needed',
      now: world.clock.now(),
    });
    await world.runJobs();
    await serve();
    expect(await heldRooms()).toEqual([]);
    expect(await main(organiser, `/meetings/${any}`)).toContain('waits for any room with 10 seats');
    await world.owner.raw(`update rooms set building = 'A' where id = ${extra}`);
  });

  it('asks who came first, also about a room that did not fit when they asked', async () => {
    await block();
    await block({ roomIds: [cast.rooms.bamboo] });
    const inPlum = await block({ roomIds: [extra] });
    const any = await queue(organiser, { title: 'Anywhere', seats: '10' }, 'any');
    await resize(12);
    await queue(attendee, { title: 'There', room: String(extra), seats: '' });
    await cancelMeeting(world.db, { id: cast.reviewer.id }, inPlum, {
      reason: 'Not needed',
      now: world.clock.now(),
    });
    await world.runJobs();
    expect(await heldRooms()).toEqual([{ room_id: extra, awaited_meeting_id: any }]);
  });

  it('offers two rooms that are wanted together only while both are in service', async () => {
    await resize(12);
    const inPlum = await block({ roomIds: [extra] });
    const made = await createWaiting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'Both',
        startsAt: at(0),
        endsAt: at(60),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid, extra],
        now: world.clock.now(),
      },
    );
    if (!made.ok) throw new Error('refused');
    await world.owner.raw(
      `update rooms
          set status = 'out_of_service', status_reason = 'Paint', back_at = '2030-03-05T00:00:00Z'
        where id = ${cast.rooms.orchid}`,
    );
    await cancelMeeting(world.db, { id: cast.reviewer.id }, inPlum, {
      reason: 'Not needed',
      now: world.clock.now(),
    });
    await serve();
    expect(await heldRooms()).toEqual([]);
    await world.owner.raw(
      `update rooms set back_at = '2030-03-04T00:00:00Z' where id = ${cast.rooms.orchid}`,
    );
    await serve();
    expect((await heldRooms()).map(({ room_id }) => room_id)).toEqual(
      [cast.rooms.orchid, extra].sort((a, b) => a - b),
    );
  });

  it('holds each room once, never one too small, while many serve, book and change at once', async () => {
    const small =
      (
        await row<{ id: number }>(
          world.owner,
          `insert into rooms (code, name_en, name_zh, building, capacity)
           values ('nook', 'Nook', '角', 'A', 40)
           returning id`,
        )
      )?.id ?? 0;
    await world.owner.raw(
      `insert into room_hours (room_id, weekday, opens_at, closes_at)
       select ${small}, d, '07:00', '22:00'
         from generate_series(1, 7) d`,
    );
    for (let round = 0; round < 3; round += 1) {
      await world.owner.raw(`update room_claims set state = 'cancelled'; delete from awaited_rooms`);
      await resize(12);
      await world.owner.raw(`update rooms set capacity = 40 where id = ${small}`);
      const blocks = await Promise.all(
        [cast.rooms.orchid, cast.rooms.bamboo, extra, small].map((id) => block({ roomIds: [id] })),
      );
      const wishes = [
        await queue(organiser, { seats: '8' }, 'any'),
        await queue(attendee, { seats: '8' }, 'any'),
        await queue(outsider, { seats: '8' }, 'any'),
      ];
      // From here on the nook is too small for anybody.
      await world.owner.raw(`update rooms set capacity = 3 where id = ${small}`);
      const answers = await Promise.all([
        ...blocks.map((id) =>
          cancelMeeting(world.db, { id: cast.reviewer.id }, id, {
            reason: 'Not needed',
            now: world.clock.now(),
          }).then(() => world.runJobs()),
        ),
        ...Array.from({ length: 4 }, () => serveWaits(world.db, world.clock.now())),
        ...[3, 12, 3, 12].map((seats) => resize(seats)),
        ...Array.from({ length: 6 }, (_, i) =>
          post(
            outsider,
            '/bookings',
            form({ title: 'Passing by', room: String([cast.rooms.orchid, cast.rooms.bamboo, extra][i % 3]) }),
          ),
        ),
      ]);
      expect(
        answers
          .flatMap((one) =>
            typeof one === 'object' && one !== null && 'status' in one ? [Number(one.status)] : [],
          )
          .filter((status) => status >= 500),
      ).toEqual([]);
      await resize(12);
      await serve();
      const live = await rows<{ room_id: number; awaited_meeting_id: number | null }>(
        world.db,
        `select room_id, awaited_meeting_id from room_claims where state in ('held', 'confirmed')`,
      );
      expect(new Set(live.map(({ room_id }) => room_id)).size).toBe(live.length);
      expect(live.map(({ room_id }) => room_id)).not.toContain(small);
      const waiters = live.flatMap(({ awaited_meeting_id }) => awaited_meeting_id ?? []);
      expect(new Set(waiters).size).toBe(waiters.length);
      for (const id of waiters) expect(wishes).toContain(id);
      // Nothing is left over: three rooms of the kind for three wishes, less what passers-by got first.
      expect(live).toHaveLength(3);
    }
  });
});
