import { inTransaction, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// A hall that can be divided, booked by many clients at once through the commands that the pages use.

let world: World;
let cast: Cast;
let hall: number;
let parts: number[];
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  const made = await rows<{ id: number }>(
    world.db,
    `insert into rooms (code, name_en, name_zh, capacity)
     select 'part-' || n, 'Part ' || n, '分厅' || n, 40
       from generate_series(1, 3) n
       returning id`,
  );
  parts = made.map(({ id }) => id);
  // The hall's id is the largest and its parts' are not in one piece
  // with others: order of locks is order of ids.
  hall =
    (
      await row<{ id: number }>(
        world.db,
        `insert into rooms (code, name_en, name_zh, capacity)
         values ('hall', 'Hall', '大厅', 140)
         returning id`,
      )
    )?.id ?? 0;
  for (const id of [hall, ...parts])
    await world.db.raw(`insert into room_hours select ?, d, '08:00', '20:00' from generate_series(1, 5) d`, [
      id,
    ]);
  for (const part of parts) await world.db.raw('insert into room_parts values (?, ?)', [hall, part]);
});
afterAll(() => world.close());

const at = (hour: number) => new Date(Date.parse('2030-03-05T00:00:00+08:00') + hour * 3_600_000);

test('16 clients at once never take a hall and its part together, and none is stuck', async () => {
  const by = { id: cast.organiser.id };
  const [a = 0, b = 0, c = 0] = parts;
  const wishes = [[hall], [a], [b, c], [c, a], [hall, a], [c], [b], [a, b, c]];
  const mine: number[] = [];
  const results = { taken: 0, refused: 0, moved: 0 };
  for (let round = 0; round < 8; round++) {
    await Promise.all(
      Array.from({ length: 16 }, async (_, client) => {
        const roomIds = wishes[(client + round) % wishes.length] ?? [];
        const from = 8 + ((client * 3 + round) % 5) * 2;
        const known = mine[(client * 7 + round) % Math.max(1, mine.length)];
        if (client % 8 === 5 && known !== undefined)
          return cancelMeeting(world.db, by, known, { reason: 'x' });
        if (client % 4 === 1 && known !== undefined) {
          const meeting = await row<{ version: number; state: string }>(
            world.db,
            'select version, state from meetings where id = :id',
            { id: known },
          );
          if (meeting?.state !== 'draft') return;
          const done = await changeMeeting(world.db, by, known, {
            version: meeting.version,
            startsAt: at(from),
            endsAt: at(from + 2),
            roomIds,
          }).catch((error: Error) => {
            if (error.constructor.name !== 'Conflict') throw error; // cancelled in between
            return { ok: false as const };
          });
          if (done.ok) results.moved++;
          return;
        }
        const made = await createMeeting(world.db, by, {
          title: 'Rush',
          startsAt: at(from),
          endsAt: at(from + 2),
          zone: 'Asia/Shanghai',
          roomIds,
        });
        if (made.ok) mine.push(made.id);
        results[made.ok ? 'taken' : 'refused']++;
      }),
    );
    // Nobody has a part at a time at which somebody has the hall; each has all it asked for, or nothing.
    expect(
      await rows(
        world.db,
        `select x.room_id
           from room_claims x
           join room_claims y on x.room_id = y.room_id and x.id < y.id and x.occupies && y.occupies
      where x.state = 'confirmed' and y.state = 'confirmed'`,
      ),
    ).toEqual([]);
    expect(
      await rows(
        world.db,
        `
      select h.meeting_id, o.meeting_id from meeting_rooms h
        join meetings mh on mh.id = h.meeting_id and mh.state <> 'cancelled'
        join meeting_rooms o on o.meeting_id <> h.meeting_id and o.room_id = any(:all)
        join meetings mo on mo.id = o.meeting_id
          and mo.state <> 'cancelled'
          and mo.starts_at < mh.ends_at
          and mo.ends_at > mh.starts_at
       where h.room_id = :hall`,
        { hall, all: [hall, ...parts] },
      ),
    ).toEqual([]);
    expect(
      await rows(
        world.db,
        `
      select m.id from meetings m
        cross join lateral (select count(distinct coalesce(p.part_id, r.room_id)) as n
                              from meeting_rooms r
                              left join room_parts p on p.hall_id = r.room_id
                              where r.meeting_id = m.id) wanted
        cross join lateral (select count(*) as n
                              from room_claims c
                              where c.meeting_id = m.id and c.state = 'confirmed') has
       where m.id = any(:mine) and has.n <> case when m.state = 'cancelled' then 0 else wanted.n end`,
        { mine },
      ),
    ).toEqual([]);
  }
  expect(results.taken).toBeGreaterThan(5);
  expect(results.refused).toBeGreaterThan(20);
  expect(
    await row(world.owner, `select deadlocks from pg_stat_database where datname = current_database()`),
  ).toEqual({ deadlocks: 0 });
  // And the hall can be had in the end, alone.
  await inTransaction(world.db, async (trx) => {
    for (const id of mine) await cancelMeeting(trx, by, id, { reason: 'x' });
  });
  expect(
    (
      await createMeeting(world.db, by, {
        title: 'All',
        startsAt: at(8),
        endsAt: at(18),
        zone: 'Asia/Shanghai',
        roomIds: [hall],
      })
    ).ok,
  ).toBe(true);
}, 60_000);
