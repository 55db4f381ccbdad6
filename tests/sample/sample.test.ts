import { makeSample } from '../../src/sample/make.js';
import { row, rows } from '../../src/lib/db/db.js';
import { numberSeries } from '../../src/meetings/numberCommands.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await testWorld();
});
afterAll(() => world.close());

test('makes a believable office with every state of minutes and actions, around today', async () => {
  const made = await makeSample(world.db, {
    password: 'correct horse battery',
    clock: world.clock,
    config: world.config,
  });
  const count = async (sql: string) =>
    (await row<{ n: number }>(world.db, `select count(*) as n from ${sql}`))?.n;
  expect(await count('accounts')).toBeGreaterThanOrEqual(38);
  expect(await count('rooms')).toBe(12);
  expect(await count('room_parts')).toBe(2);
  expect(await count('series')).toBe(3);
  expect(await count('plan_rooms')).toBe(3);
  expect(await count("rooms where key_note <> '' and owner_id is not null")).toBe(12);
  expect(await count('equipment_bookings where is_held')).toBeGreaterThan(3);
  expect(await count('meeting_layouts')).toBeGreaterThan(2);
  expect(
    await count(
      `room_requests q join rooms r on r.id = q.room_id
        where q.state = 'open' and (r.status = 'in_service' or r.back_at <= q.starts_at)`,
    ),
  ).toBe(1);
  // Waits for any large room while the assembly has them.
  expect(
    await count(
      `meetings m
        where exists (
          select 1 from awaited_rooms a
           where a.meeting_id = m.id and a.state = 'waiting' and a.any_seats = 50)`,
    ),
  ).toBe(1);

  const standing = await rows<{ past: number; coming: number }>(
    world.db,
    `select count(*) filter (where ends_at <= :now) as past,
       count(*) filter (where ends_at > :now) as coming
       from meetings
      where series_id is not null
      group by series_id`,
    { now: world.clock.now() },
  );
  expect(standing).toEqual([
    { past: 6, coming: 4 },
    { past: 6, coming: 4 },
    { past: 6, coming: 4 },
  ]);

  const numbers = (series: number) =>
    rows<{ number: number }>(
      world.db,
      `select number from meetings where series_id = :series order by starts_at`,
      { series },
    );
  for (const { id } of await rows<{ id: number }>(world.db, `select id from series`)) {
    const before = await numbers(id);
    await numberSeries(world.db, id);
    expect(await numbers(id)).toEqual(before);
  }

  const states = async (table: string) =>
    (await rows<{ state: string }>(world.db, `select distinct state from ${table} order by state`)).map(
      ({ state }) => state,
    );
  expect(await states('minutes')).toEqual(['approved', 'draft', 'in_review', 'issued', 'passed', 'returned']);
  expect(await states('actions')).toEqual([
    'accepted',
    'answered',
    'assigned',
    'blocked',
    'cancelled',
    'closed',
    'in_progress',
    'planned',
    'refused',
  ]);
  expect(await states('meetings')).toEqual(['cancelled', 'draft', 'ended', 'in_progress', 'scheduled']);
  const today = world.clock.now().toISOString().slice(0, 10);
  expect(
    await count(`actions where state not in ('planned', 'closed', 'cancelled') and due_on < date '${today}'`),
  ).toBeGreaterThan(0);

  const agent = await world.agent();
  const answer = await agent
    .post('/sign-in')
    .type('form')
    .send({ email: made.email, password: made.password, next: '/' });
  expect(answer.status).toBe(303);
});

test('is never mixed into an office that exists', async () => {
  await expect(makeSample(world.db, { clock: world.clock, config: world.config })).rejects.toMatchObject({
    status: 409,
  });
});
