import fc from 'fast-check';
import { createDb, inTransaction, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { claimRooms, moveClaims, releaseClaims } from '../../src/claims/commands.js';
import { nearestAlternatives } from '../../src/claims/queries.js';
import { addClosure, liftClosure } from '../../src/closures/commands.js';
import { sweepLapsed } from '../../src/claims/holdCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let hall: number, east: number, west: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [hall, east, west] = [await room('hall', 120), await room('hall-east', 60), await room('hall-west', 60)];
  await world.db.raw('insert into room_parts values (?, ?), (?, ?)', [hall, east, hall, west]);
});
afterAll(() => world.close());

async function room(code: string, capacity: number, more = ''): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into rooms (code, name_en, name_zh, capacity ${more ? ', setup_minutes, teardown_minutes' : ''})
     values (:code, :code, :code, :capacity ${more})
     returning id`,
    { code, capacity },
  );
  const id = made?.id ?? 0;
  await world.db.raw(`insert into room_hours select ?, d, '08:00', '20:00' from generate_series(1, 5) d`, [
    id,
  ]);
  return id;
}
const DAY = Date.parse('2030-03-05T00:00:00+08:00');
const at = (hour: number, day = 0) => new Date(DAY + day * 86_400_000 + hour * 3_600_000);
const book = (roomIds: number[], from: number, to: number, day = 0, more = {}) =>
  createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Meeting',
      startsAt: at(from, day),
      endsAt: at(to, day),
      zone: 'Asia/Shanghai',
      roomIds,
      ...more,
    },
  );
const move = (meetingId: number, roomIds: number[], from: number, to: number, day = 0, db = world.db) =>
  inTransaction(db, (trx) =>
    moveClaims(
      trx,
      { id: cast.organiser.id },
      { meetingId, roomIds, startsAt: at(from, day), endsAt: at(to, day) },
    ),
  );
async function booked(roomIds: number[], from: number, to: number, day = 0): Promise<number> {
  const made = await book(roomIds, from, to, day);
  if (!made.ok) throw new Error('taken');
  return made.id;
}
const overlaps = () =>
  rows(
    world.db,
    `select a.id, b.id
       from room_claims a
       join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
     where a.state in ('held', 'requested', 'confirmed') and b.state in ('held', 'requested', 'confirmed')`,
  );
const standing = (meetingId: number) =>
  rows<{ room_id: number; h: number }>(
    world.db,
    `select room_id, extract(hour from starts_at at time zone 'Asia/Shanghai')::int as h
       from room_claims
       where meeting_id = :meetingId and state = 'confirmed'
       order by room_id`,
    { meetingId },
  );

describe('claims', () => {
  it('refuse a taken slot, name the clash and leave nothing behind', async () => {
    await booked([cast.rooms.bamboo], 9, 10);
    const before = await row(
      world.db,
      `select (select count(*) from meetings) as m, (select count(*) from room_claims) as c,
              (select count(*) from meeting_rooms) as r`,
    );
    const refused = await book([cast.rooms.orchid, cast.rooms.bamboo], 9, 11);
    expect(refused).toMatchObject({
      ok: false,
      clashes: [{ room: { id: cast.rooms.bamboo }, kind: 'meeting', title: 'Meeting' }],
    });
    expect(
      await row(
        world.db,
        `select (select count(*) from meetings) as m, (select count(*) from room_claims) as c,
                (select count(*) from meeting_rooms) as r`,
      ),
    ).toEqual(before);
    expect(
      await row(world.db, `select count(*) as n from prevented_clashes where room_id = :id`, {
        id: cast.rooms.bamboo,
      }),
    ).toEqual({ n: 1 });
  });

  it('touch without clashing, and keep setup and teardown free', async () => {
    await booked([cast.rooms.orchid], 9, 10);
    await booked([cast.rooms.orchid], 10, 11);
    const kitchen = await room('kitchen', 10, ', 30, 15');
    await booked([kitchen], 12, 13);
    expect((await book([kitchen], 13, 14)).ok).toBe(false);
    expect((await book([kitchen], 13.5, 14)).ok).toBe(false);
    expect((await book([kitchen], 13.75, 14)).ok).toBe(true);
    // Frozen when made: a later change of the room moves nothing.
    await world.db.raw('update rooms set setup_minutes = 240 where id = ?', [kitchen]);
    expect(
      await row(
        world.db,
        `select setup_minutes as s from room_claims where room_id = :kitchen order by id limit 1`,
        { kitchen },
      ),
    ).toEqual({ s: 30 });
  });

  it('move to another time and room, and stay where they were when that is taken', async () => {
    const mine = await booked([east], 9, 10, 1);
    await booked([west], 11, 12, 1);
    expect(await move(mine, [east], 9.5, 10.5, 1)).toMatchObject({ ok: true });
    expect(await move(mine, [hall], 11, 12, 1)).toMatchObject({
      ok: false,
      clashes: [{ room: { id: west } }],
    });
    expect(await standing(mine)).toEqual([{ room_id: east, h: 9 }]);
    expect(
      await rows(world.db, 'select room_id from meeting_rooms where meeting_id = :mine', { mine }),
    ).toEqual([{ room_id: east }]);
    expect(await move(mine, [hall], 13, 14, 1)).toMatchObject({ ok: true });
    expect((await standing(mine)).map(({ room_id }) => room_id)).toEqual([east, west]);
    expect(await move(mine, [], 13, 14, 1)).toMatchObject({ ok: true });
    expect(await standing(mine)).toEqual([]);
  });

  it('let two moves that cross each other end, one way or the other', async () => {
    const [first, second] = [await booked([east], 9, 10, 2), await booked([east], 10, 11, 2)];
    // The server would resolve a deadlock after a second, and the move
    // be tried again; here it waits until the statement fails.
    const database = new URL(world.config.databaseUrl ?? '').pathname.slice(1);
    await world.owner.raw(`alter database ${database} set deadlock_timeout = '1min'`);
    const db = createDb(world.config.databaseUrl ?? '', { max: 2 });
    const results = await Promise.all([
      move(first, [east], 10, 11, 2, db),
      move(second, [east], 9, 10, 2, db),
    ]);
    await db.destroy();
    expect(results.map(({ ok }) => ok)).toEqual([false, false]);
  });

  it('take over a hold whose time is over, and respect one that runs', async () => {
    const hold = (until: string, hour: number) =>
      world.db.raw(
        `insert into room_claims (
           room_id, state, starts_at, ends_at, occupies_from, occupies_to, hold_until, created_by
         )
         values (?, 'held', ?, ?, ?, ?, now() + ?::interval, ?)`,
        [
          cast.rooms.orchid,
          at(hour, 3),
          at(hour + 1, 3),
          at(hour, 3),
          at(hour + 1, 3),
          until,
          cast.outsider.id,
        ],
      );
    await hold('-1 minute', 9);
    await hold('1 hour', 11);
    expect((await book([cast.rooms.orchid], 9, 10, 3)).ok).toBe(true);
    expect(await book([cast.rooms.orchid], 11, 12, 3)).toMatchObject({
      ok: false,
      clashes: [{ kind: 'hold', title: null }],
    });
    expect(
      await rows(world.db, `select state from room_claims where hold_until is not null order by id`),
    ).toEqual([{ state: 'expired' }, { state: 'held' }]);
  });

  it('that expire hand their piece to a closure that waited for it, asked for or not', async () => {
    const hold = (from: number) =>
      world.db.raw(
        `insert into room_claims (
           room_id, state, starts_at, ends_at, occupies_from, occupies_to, hold_until, created_by
         )
         values (?, 'held', ?, ?, ?, ?, now() + interval '1 hour', ?)`,
        [
          cast.rooms.bamboo,
          at(from, 14),
          at(from + 1, 14),
          at(from, 14),
          at(from + 1, 14),
          cast.organiser.id,
        ],
      );
    await hold(9);
    await hold(14);
    const { id } = await addClosure(
      world.db,
      { id: cast.secretary.id },
      { roomId: cast.rooms.bamboo, startsAt: at(8, 14), endsAt: at(18, 14), reason: 'Paint' },
    );
    await world.db.raw(
      `update room_claims set hold_until = now() - interval '1 minute' where room_id = ? and state = 'held'`,
      [cast.rooms.bamboo],
    );
    const refused = await book([cast.rooms.bamboo], 9, 10, 14);
    expect(refused).toMatchObject({ ok: false, clashes: [{ kind: 'closure' }] });
    expect(await sweepLapsed(world.db)).toBeGreaterThanOrEqual(1);
    const pieces = await rows<{ f: Date; t: Date }>(
      world.db,
      `select occupies_from as f, occupies_to as t
         from room_claims
         where closure_id = :id and state = 'confirmed'
         order by 1`,
      { id },
    );
    expect([pieces[0]?.f, pieces.at(-1)?.t]).toEqual([at(8, 14), at(18, 14)]);
    expect(pieces.every((piece, i) => i === 0 || piece.f.getTime() === pieces[i - 1]?.t.getTime())).toBe(
      true,
    );
  });

  it('of a part of a closed hall become the closure’s when they are given up', async () => {
    const mine = await booked([east], 10, 11, 15);
    const { id } = await addClosure(
      world.db,
      { id: cast.secretary.id },
      { roomId: hall, startsAt: at(8, 15), endsAt: at(18, 15), reason: 'Floor' },
    );
    const closed = () =>
      rows(
        world.db,
        `select room_id from room_claims
          where closure_id = :id and state = 'confirmed' and occupies_from < :to and occupies_to > :from
          order by 1`,
        { id, from: at(10, 15), to: at(11, 15) },
      );
    expect(await closed()).toEqual([{ room_id: west }]);
    await cancelMeeting(world.db, { id: cast.organiser.id }, mine, { reason: 'Moved' });
    expect(await closed()).toEqual([{ room_id: east }, { room_id: west }]);
    expect(await book([east], 10, 11, 15)).toMatchObject({
      ok: false,
      clashes: [{ room: { id: east }, kind: 'closure' }],
    });
  });

  it('tell more people than seats, and book all the same', async () => {
    const result = await inTransaction(world.db, async (trx) => {
      const made = await row<{ id: number }>(
        trx,
        `insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid)
         values ('m', :f, :t, 'Asia/Shanghai', :by, :by, 'crowd')
         returning id`,
        { f: at(15), t: at(16), by: cast.organiser.id },
      );
      return claimRooms(
        trx,
        { id: cast.organiser.id },
        { meetingId: made?.id ?? 0, roomIds: [east], startsAt: at(15), endsAt: at(16), seats: 61 },
      );
    });
    expect(result).toMatchObject({
      ok: true,
      notices: [{ rule: 'capacity', level: 'notice', actual: '61', limit: '60' }],
    });
  });

  it('offer rooms that are free and large enough, and times within the opening hours', async () => {
    await booked([cast.rooms.bamboo], 9, 10, 6);
    await booked([west], 9, 10, 6);
    const wish = { roomIds: [cast.rooms.bamboo], startsAt: at(9, 6), endsAt: at(10, 6), now: at(0) };
    const { rooms, times } = await nearestAlternatives(world.db, { ...wish, seats: 20 });
    expect(rooms.map(({ id }) => id)).toEqual([east]);
    expect(times.slice(0, 2).map(({ from }) => from)).toEqual([at(10, 6), at(8, 6)]);
    const late = await nearestAlternatives(world.db, { ...wish, startsAt: at(19.5, 6), endsAt: at(20.5, 6) });
    expect([late.rooms, late.times[0]?.from]).toEqual([[], at(19, 6)]);
    expect((await nearestAlternatives(world.db, { ...wish, now: at(10.1, 6) })).times[0]?.from).toEqual(
      at(10.25, 6),
    );
  });

  it('offer neither a room nor a time that a closure has', async () => {
    for (const roomId of [cast.rooms.bamboo, east])
      await addClosure(
        world.db,
        { id: cast.secretary.id },
        { roomId, startsAt: at(8, 7), endsAt: at(12, 7), reason: 'Painting' },
      );
    const { rooms, times } = await nearestAlternatives(world.db, {
      roomIds: [cast.rooms.bamboo],
      startsAt: at(9, 7),
      endsAt: at(10, 7),
      now: at(0),
      seats: 20,
    });
    expect(rooms.map(({ id }) => id)).not.toContain(east);
    expect(times.find(({ from }) => from >= at(8, 7) && from < at(12, 7))).toBeUndefined();
    expect(times.map(({ from }) => from)).toContainEqual(at(12, 7));
  });
});

describe('under load', () => {
  it('hall and parts never overlap, and nobody waits for a deadlock', async () => {
    const wishes = [[hall], [east], [west], [hall, east], [west, east], [west, cast.rooms.orchid, hall]];
    const started = Date.now();
    const results = await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        book(wishes[i % wishes.length] ?? [], 8 + (i % 5), 9.5 + (i % 5), 7),
      ),
    );
    expect(results.some(({ ok }) => ok)).toBe(true);
    expect(Date.now() - started).toBeLessThan(15_000);
    expect(await overlaps()).toEqual([]);
    for (const result of results) {
      if (!result.ok) expect(result.clashes.length + result.checks.length).toBeGreaterThan(0);
    }
  });

  it('no overlap exists, whatever is booked, moved, cancelled, restored and closed at once', async () => {
    const hour = fc.integer({ min: 32, max: 72 }).map((quarter) => quarter / 4);
    const roomSet = fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 2 });
    const deed = fc.record({
      kind: fc.constantFrom('book', 'book', 'book', 'move', 'cancel', 'restore', 'close', 'lift'),
      rooms: roomSet,
      from: hour,
      length: fc.constantFrom(0.25, 0.5, 1, 2),
      which: fc.nat(20),
    });
    let day = 13;
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 10, maxLength: 40 }), async (deeds) => {
        day = day % 7 === 3 ? day + 3 : day + 1; // on workdays
        const here = day;
        const all = [cast.rooms.orchid, hall, east, west];
        const meetings: number[] = [];
        const closures: { room: number; id: number }[] = [];
        const by = { id: cast.organiser.id };
        const office = { id: cast.secretary.id };
        for (let first = 0; first < deeds.length; first += 8) {
          await Promise.all(
            deeds.slice(first, first + 8).map(async ({ kind, rooms, from, length, which }) => {
              const ids = rooms.map((i) => all[i] ?? 0);
              const meeting = meetings[which % Math.max(1, meetings.length)];
              const closure = closures[which % Math.max(1, closures.length)];
              if (kind === 'book') {
                const made = await book(ids, from, from + length, here);
                if (made.ok) meetings.push(made.id);
              } else if (kind === 'close')
                closures.push({
                  room: ids[0] ?? 0,
                  ...(await addClosure(world.db, office, {
                    roomId: ids[0] ?? 0,
                    startsAt: at(from, here),
                    endsAt: at(from + length, here),
                    reason: 'x',
                  })),
                });
              else if (kind === 'lift' && closure)
                await liftClosure(world.db, office, closure.room, closure.id);
              else if (kind === 'move' && meeting) {
                // As a change of the meeting does it: the meeting is locked first.
                await inTransaction(world.db, async (trx) => {
                  const locked = await row<{ state: string }>(
                    trx,
                    `select state from meetings where id = :meeting for no key update`,
                    { meeting },
                  );
                  if (locked?.state === 'draft')
                    await moveClaims(trx, by, {
                      meetingId: meeting,
                      roomIds: ids,
                      startsAt: at(from, here),
                      endsAt: at(from + length, here),
                    });
                });
              } else if (kind === 'cancel' && meeting)
                await cancelMeeting(world.db, by, meeting, { reason: 'x' });
              else if (kind === 'restore' && meeting)
                await restoreMeeting(world.db, by, meeting, { now: world.clock.now() });
            }),
          );
          expect(await overlaps()).toEqual([]);
        }
        // Every meeting has all of its rooms or none: nothing is left half.
        const half = await rows(
          world.db,
          `select m.id from meetings m
             cross join lateral (select count(distinct coalesce(p.part_id, r.room_id)) as n
                                   from meeting_rooms r
                                   left join room_parts p on p.hall_id = r.room_id
                                   where r.meeting_id = m.id) wanted
             cross join lateral (select count(*) as n
                                   from room_claims c
                                   where c.meeting_id = m.id and c.state = 'confirmed') has
            where m.id = any(:meetings)
              and has.n <> case when m.state = 'cancelled' then 0 else wanted.n end`,
          { meetings },
        );
        expect(half).toEqual([]);
      }),
      { numRuns: 12 },
    );
    const stats = await row<{ deadlocks: number }>(
      world.owner,
      `select deadlocks from pg_stat_database where datname = current_database()`,
    );
    expect(stats?.deadlocks).toBe(0);
  });

  it('releasing twice gives up once', async () => {
    const id = await booked([east], 18, 19, 9);
    const release = () =>
      inTransaction(world.db, (trx) =>
        releaseClaims(trx, { id: cast.organiser.id }, [id], { state: 'cancelled', reason: 'x' }),
      );
    expect((await Promise.all([release(), release()])).sort()).toEqual([0, 1]);
  });
});
