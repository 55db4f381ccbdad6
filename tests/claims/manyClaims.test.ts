import { inTransaction, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { swapRooms } from '../../src/bookings/swapCommands.js';
import { addClosure } from '../../src/closures/commands.js';
import type { ClaimRequest } from '../../src/claims/verdict.js';
import { claimForMany, releaseClaims } from '../../src/claims/commands.js';
import { alternativesOfMany, nearestAlternatives } from '../../src/claims/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let hall: number, east: number, west: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  const room = async (code: string, capacity: number) => {
    const made = await row<{ id: number }>(
      world.db,
      `insert into rooms (code, name_en, name_zh, capacity, setup_minutes)
       values (:code, :code, :code, :capacity, 15)
       returning id`,
      { code, capacity },
    );
    await world.db.raw(`insert into room_hours select ?, d, '08:00', '20:00' from generate_series(1, 5) d`, [
      made?.id ?? 0,
    ]);
    return made?.id ?? 0;
  };
  [hall, east, west] = [await room('hall', 120), await room('hall-east', 60), await room('hall-west', 60)];
  await world.db.raw('insert into room_parts values (?, ?), (?, ?)', [hall, east, hall, west]);
});
afterEach(() => world.db.raw(`update room_claims set state = 'cancelled'`));
afterAll(() => world.close());

const DAY = Date.parse('2030-03-04T00:00:00+08:00'); // a Monday
const at = (hour: number, day = 0) => new Date(DAY + day * 86_400_000 + hour * 3_600_000);
const by = () => ({ id: cast.organiser.id });
async function wish(roomIds: number[], hour: number, day = 0): Promise<ClaimRequest> {
  const made = await createMeeting(world.db, by(), {
    title: 'Date',
    startsAt: at(hour, day),
    endsAt: at(hour + 1, day),
    zone: 'Asia/Shanghai',
    roomIds: [],
  });
  if (!made.ok) throw new Error('no meeting');
  return { meetingId: made.id, roomIds, startsAt: at(hour, day), endsAt: at(hour + 1, day) };
}
const book = (title: string, roomIds: number[], hour: number, day = 0, isPrivate = false) =>
  createMeeting(
    world.db,
    { id: cast.reviewer.id },
    { title, startsAt: at(hour, day), endsAt: at(hour + 1, day), zone: 'Asia/Shanghai', roomIds, isPrivate },
  );
const claim = (wishes: ClaimRequest[]) => inTransaction(world.db, (trx) => claimForMany(trx, by(), wishes));
const held = (meetingId: number) =>
  rows<{ room_id: number }>(
    world.db,
    `select room_id from room_claims where meeting_id = :meetingId and state = 'confirmed' order by room_id`,
    { meetingId },
  );

test('each date gets all its rooms or none, and the others are not touched by that', async () => {
  await book('In the way', [west], 9, 1);
  await book('Quiet', [cast.rooms.orchid], 9, 2, true);
  const wishes = [
    await wish([hall, cast.rooms.orchid], 9),
    await wish([hall, cast.rooms.orchid], 9, 1),
    await wish([hall, cast.rooms.orchid], 9, 2),
    await wish([hall], 9, 5),
    await wish([east], 9, 3),
  ];
  const results = await claim(wishes);
  const [free, parted, hidden, closed, part] = wishes.map(({ meetingId }) => results.get(meetingId));
  expect([free, part]).toEqual([
    { ok: true, notices: [], requests: 0 },
    { ok: true, notices: [], requests: 0 },
  ]);
  expect(parted).toMatchObject({
    ok: false,
    clashes: [
      {
        room: { id: west },
        kind: 'meeting',
        title: 'In the way',
        organiser: { name: expect.any(String) as string },
      },
    ],
  });
  expect(hidden).toMatchObject({
    ok: false,
    clashes: [{ room: { id: cast.rooms.orchid }, title: null, organiser: null, meeting_id: null }],
  });
  expect(closed).toMatchObject({ ok: false, clashes: [], checks: [{ rule: 'closed_day', level: 'error' }] });
  expect(await Promise.all(wishes.map(async ({ meetingId }) => (await held(meetingId)).length))).toEqual([
    3, 0, 0, 0, 1,
  ]);
  expect(
    await rows(world.db, `select room_id from meeting_rooms where meeting_id = :id`, {
      id: wishes[1]?.meetingId,
    }),
  ).toEqual([]);
});

test('a hold whose time is over gives way', async () => {
  await world.db.raw(
    `insert into room_claims (
       room_id, state, starts_at, ends_at, occupies_from, occupies_to, hold_until, created_by
     )
     values (?, 'held', ?, ?, ?, ?, now() - interval '1 minute', ?)`,
    [cast.rooms.orchid, at(9), at(10), at(9), at(10), cast.organiser.id],
  );
  const one = await wish([cast.rooms.orchid], 9);
  expect((await claim([one])).get(one.meetingId)).toEqual({ ok: true, notices: [], requests: 0 });
});

test('what is given up goes to a closure that waited for it', async () => {
  const one = await wish([cast.rooms.orchid], 9);
  await claim([one]);
  await world.db.raw(`update persons set role = 'administrator' where id = ?`, [cast.organiser.id]);
  await addClosure(world.db, by(), {
    roomId: cast.rooms.orchid,
    startsAt: at(8),
    endsAt: at(12),
    reason: 'Painting',
  });
  await inTransaction(world.db, (trx) =>
    releaseClaims(trx, by(), [one.meetingId], { state: 'released', reason: 'moved' }),
  );
  const again = (await claim([one])).get(one.meetingId);
  expect(again).toMatchObject({ ok: false, clashes: [{ kind: 'closure', reason: 'Painting' }] });
});

test('a date that leaves a room too late keeps it, the others move', async () => {
  const rule = `insert into booking_rules (room_id, notice_change) values (?, 120)`;
  const dates = [await wish([cast.rooms.orchid], 10), await wish([cast.rooms.orchid], 10, 1)];
  await claim(dates);
  await world.db.raw(rule, [cast.rooms.orchid]);
  const moved = dates.map((date) => ({
    ...date,
    roomIds: [cast.rooms.bamboo],
    now: at(9),
    before: { startsAt: date.startsAt, roomIds: [cast.rooms.orchid] },
  }));
  const results = await claim(moved);
  await world.db.raw('delete from booking_rules');
  expect(results.get(dates[0]?.meetingId ?? 0)).toMatchObject({
    ok: false,
    checks: [{ rule: 'notice_change', room: { id: cast.rooms.orchid } }],
  });
  expect(results.get(dates[1]?.meetingId ?? 0)).toMatchObject({ ok: true });
});

test('offers the same rooms and times as for a single booking', async () => {
  await book('In the way', [cast.rooms.orchid], 9);
  const asked = { roomIds: [cast.rooms.orchid], startsAt: at(9), endsAt: at(10) };
  const [many, single] = [
    await alternativesOfMany(
      world.db,
      [
        { key: 'a', ...asked },
        { key: 'b', ...asked, startsAt: at(9, 1), endsAt: at(10, 1) },
      ],
      at(0),
    ),
    await nearestAlternatives(world.db, { ...asked, now: at(0) }),
  ];
  expect(many.get('a')).toEqual(single);
  expect(many.get('b')?.rooms.length).toBeGreaterThan(0);
});

test('two plans at once that want rooms crosswise both end, and none is double booked', async () => {
  const mine = await Promise.all(
    [0, 1, 2, 3].map((day) => wish([cast.rooms.orchid, cast.rooms.bamboo], 9, day)),
  );
  const theirs = await Promise.all(
    [3, 2, 1, 0].map((day) => wish([cast.rooms.bamboo, cast.rooms.orchid], 9, day)),
  );
  const [one, two] = await Promise.all([claim(mine), claim(theirs)]);
  const count = (results: Map<number, { ok: boolean }>) =>
    [...results.values()].filter(({ ok }) => ok).length;
  expect(count(one) + count(two)).toBe(4);
});

describe('quotas that count bookings in all rooms', () => {
  const quota = (column: string, value: number) =>
    world.db.raw(`insert into booking_rules (${column}) values (?)`, [value]);
  let rooms: number[];
  beforeAll(async () => {
    rooms = (
      await rows<{ id: number }>(
        world.db,
        `insert into rooms (code, name_en, name_zh, capacity)
         select 'q' || n, 'q' || n, 'q' || n, 8
           from generate_series(1, 16) n
           returning id`,
      )
    ).map(({ id }) => id);
    await world.db.raw(
      `insert into room_hours
       select r, d, '08:00', '20:00'
         from unnest(?::bigint[]) r, generate_series(1, 5) d`,
      [rooms],
    );
  });
  beforeEach(() => world.db.raw(`update room_claims set state = 'cancelled'`));
  afterEach(() => world.db.raw('delete from booking_rules'));
  const bookAs = (who: number, room: number, hour: number) =>
    createMeeting(
      world.db,
      { id: who },
      {
        title: 'Rush',
        startsAt: at(hour),
        endsAt: at(hour + 1),
        zone: 'Asia/Shanghai',
        roomIds: [room],
        now: at(0),
      },
    );
  const got = (results: { ok: boolean }[]) => results.filter(({ ok }) => ok).length;

  test('of one person are kept by 16 clients in 16 rooms at once', async () => {
    await quota('quota_person_coming', 3);
    expect(got(await Promise.all(rooms.map((room) => bookAs(cast.organiser.id, room, 10))))).toBe(3);
    // Others have a quota of their own.
    expect((await bookAs(cast.outsider.id, rooms[0] ?? 0, 14)).ok).toBe(true);
  });

  test('of a unit are kept by all who work in it at once, and nobody waits for nobody', async () => {
    await quota('quota_unit_hours', 5);
    const people = [cast.organiser, cast.attendee, cast.chair];
    const all = await Promise.all(rooms.map((room, i) => bookAs(people[i % 3]?.id ?? 0, room, 9 + (i % 4))));
    expect(got(all)).toBe(5);
    const sum = await row<{ hours: number }>(
      world.db,
      `select sum(extract(epoch from m.ends_at - m.starts_at) / 3600)::int as hours
         from meetings m
         join room_claims c on c.meeting_id = m.id and c.state = 'confirmed'
         where c.room_id = any(:rooms)`,
      { rooms },
    );
    expect(sum).toEqual({ hours: 5 });
  });

  test('are locked in one order: swaps, series and bookings for each other all end', async () => {
    await quota('quota_person_coming', 40);
    await world.db.raw(`update booking_rules set quota_unit_coming = 60`);
    const pair = async (i: number, first: number, second: number) => {
      const [a, b] = [
        await bookAs(first, rooms[2 * i] ?? 0, 15),
        await bookAs(second, rooms[2 * i + 1] ?? 0, 15),
      ];
      if (!a.ok || !b.ok) throw new Error('no meeting');
      return [a.id, b.id] as const;
    };
    const pairs = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((i) =>
        i % 2 ? pair(i, cast.organiser.id, cast.outsider.id) : pair(i, cast.outsider.id, cast.organiser.id),
      ),
    );
    const administrator = { id: cast.administrator.id };
    const versionOf = async (id: number) =>
      (await row<{ version: number }>(world.db, 'select version from meetings where id = :id', { id }))
        ?.version ?? 0;
    const versions = await Promise.all(
      pairs.map(async ([a, b]) => [await versionOf(a), await versionOf(b)] as const),
    );
    const swaps = pairs.map(([a, b], i) =>
      inTransaction(world.db, (trx) =>
        swapRooms(
          trx,
          administrator,
          [
            { id: a, version: versions[i]?.[0] ?? 0 },
            { id: b, version: versions[i]?.[1] ?? 0 },
          ],
          at(0),
        ),
      ),
    );
    const wishes = await Promise.all([10, 11].map((hour) => wish([rooms[12] ?? 0, rooms[13] ?? 0], hour)));
    const [swapped, planned, booked] = await Promise.all([
      Promise.all(swaps),
      claim(wishes),
      Promise.all([14, 15].map((i) => bookAs(cast.outsider.id, rooms[i] ?? 0, 15))),
    ]);
    expect(swapped.every(({ ok }) => ok)).toBe(true);
    expect(got([...planned.values()])).toBe(2);
    expect(got(booked)).toBe(2);
  });
});
