import { change, inTransaction, row, rows } from '../src/lib/db/db.js';
import { createMeeting } from '../src/meetings/commands.js';
import { judgeCheckIns } from '../src/checkins/noShowCommands.js';
import { makeCast, type Cast } from './support/cast.js';
import { tablesLocked, watchLocks } from './support/lockOrder.js';
import { MONDAY, testWorld, type World } from './support/world.js';

// Every world of the tests watches the order of locks in all that is done in it (support/world.ts). Here:
// that it sees a break, and that the judge of no-shows keeps the order.

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
});
afterAll(() => world.close());

it.each([
  ['select 1 from meetings where id = any($1) order by id for no key update', ['meetings']],
  ['update series set version = version + 1 where id = $1', ['series']],
  ['select q.id from room_requests q join meetings m on m.id = q.meeting_id for no key update of q', []],
  ['select r.id from rooms r where r.id = any($1) order by r.id for key share of r', ['rooms']],
  ['with gone as (delete from meetings where id = 1) update rooms r set version = 1', ['meetings', 'rooms']],
  ['insert into rooms (code) values ($1) on conflict (code) do update set code = $1', ['rooms']],
  [`select id from rooms where name_en = 'x for update'`, []],
])('%s locks %j', (sql, tables) => expect(tablesLocked(sql)).toEqual(tables));

test('a transaction that locks against the order is told with its statement, others are not', async () => {
  const watch = watchLocks(world.owner);
  const lock = (trx: typeof world.owner, table: string) =>
    rows(trx, `select 1 from ${table} limit 1 for no key update`);
  await inTransaction(world.owner, async (trx) => {
    await lock(trx, 'series');
    await lock(trx, 'rooms');
  });
  expect(watch.broken()).toEqual([]);
  await inTransaction(world.owner, async (trx) => {
    await lock(trx, 'rooms');
    await trx.transaction((inner) => lock(inner as typeof trx, 'meetings'));
  });
  expect(watch.broken()).toEqual(['meetings after rooms: select 1 from meetings limit 1 for no key update']);
  expect(watch.orders()).toEqual(['rooms → meetings', 'series → rooms']);
});

test('the judge of no-shows locks series before meetings and rooms, whose organisers it asks', async () => {
  const start = Date.parse(MONDAY);
  const [series] = await rows<{ id: number }>(
    world.db,
    `insert into series (name, organiser_id, created_by) values ('Weekly', :by, :by) returning id`,
    { by: cast.organiser.id },
  );
  await change(world.db, `insert into booking_rules (room_id, check_in) values (:room, 'required')`, {
    room: cast.rooms.orchid,
  });
  for (const week of [0, 1, 2, 3]) {
    const from = start + week * 7 * 86_400_000;
    const made = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'Weekly',
        startsAt: new Date(from),
        endsAt: new Date(from + 3_600_000),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
        seriesId: series?.id ?? 0,
        now: new Date(start - 86_400_000),
      },
    );
    if (!made.ok) throw new Error(JSON.stringify(made));
  }
  await change(world.db, `update room_claims set created_at = :at`, { at: new Date(start - 86_400_000) });
  for (const week of [0, 1, 2])
    await judgeCheckIns(world.db, new Date(start + week * 7 * 86_400_000 + 11 * 60_000));
  expect(
    await row(world.db, `select absent_asked_at is not null as asked from series where id = :id`, {
      id: series?.id,
    }),
  ).toEqual({ asked: true });
  expect(world.locks.broken()).toEqual([]);
  expect(world.locks.orders()).toContain('series → meetings → rooms → equipment_kinds');
});
