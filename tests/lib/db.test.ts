import { change, inTransaction, likePattern, row, rows } from '../../src/lib/db/db.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await testWorld();
});
afterAll(() => world.close());

test('named values stand beside casts, operators of jsonb and times in text', async () => {
  const found = await row<Record<string, unknown>>(
    world.db,
    `select :n::int + 1 as n,
            cast(:on as date) as on, '{"a":1}'::jsonb ? 'a' as has, '{"b":1}'::jsonb \\? :key as other,
            to_char(cast(:at as timestamptz) at time zone 'UTC', 'HH24:MI') as at, :list::bigint[] as list`,
    { n: '41', on: '2026-11-23', key: 'a', at: new Date('2026-11-23T09:05:00Z'), list: [1, 2] },
  );
  expect(found).toEqual({ n: 42, on: '2026-11-23', has: true, other: false, at: '09:05', list: [1, 2] });
});

test('a day stays the day it is and an id is a number, in whatever zone the process runs', async () => {
  expect(
    await row(
      world.db,
      `select date '2026-11-23' as day, 9007199254740991::bigint as id, null::date as none`,
    ),
  ).toEqual({
    day: '2026-11-23',
    id: 9007199254740991,
    none: null,
  });
});

test('what a person types means itself in LIKE', async () => {
  const found = await rows(
    world.db,
    `select 1 from (values ('100%'), ('1000'), ('a_b'), ('a\\b')) v(x) where x like :p`,
    { p: likePattern('0%') },
  );
  expect(found).toHaveLength(1);
});

test('a transaction that deadlocks is tried again and both changes are there', async () => {
  await change(world.owner, `create table pairs (id int primary key, n int not null default 0)`);
  await change(world.owner, `insert into pairs values (1), (2)`);
  await change(world.owner, `grant all on pairs to public`);
  const both = (first: number, second: number) =>
    inTransaction(world.db, async (trx) => {
      await change(trx, `update pairs set n = n + 1 where id = :id`, { id: first });
      await new Promise((resolve) => setTimeout(resolve, 50));
      await change(trx, `update pairs set n = n + 1 where id = :id`, { id: second });
    });
  await Promise.all([both(1, 2), both(2, 1)]);
  expect(await rows(world.db, `select n from pairs order by id`)).toEqual([{ n: 2 }, { n: 2 }]);
});

test('a statement that a pooler lost or a migration made stale is carried out all the same', async () => {
  const ask = (db: typeof world.db) => row<{ n: number }>(db, `select :n::int + 0 as n`, { n: 7 });
  const names = async (db: typeof world.db) =>
    (await db.raw('select count(*)::int as n from pg_prepared_statements')) as { rows: { n: number }[] };
  await inTransaction(world.db, async (trx) => {
    for (let time = 0; time < 5; time++) await ask(trx);
    expect((await names(trx)).rows[0]?.n).toBeGreaterThan(0);
  });
  let tries = 0;
  const found = await inTransaction(world.db, async (trx) => {
    if (!tries++) for (let time = 0; time < 2; time++) await ask(trx);
    if (tries === 1) await trx.raw('deallocate all');
    return ask(trx);
  });
  expect([found, tries]).toEqual([{ n: 7 }, 2]);
  expect(await ask(world.db)).toEqual({ n: 7 });
});
