import { row } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { createSeries } from '../../src/dates/seriesCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// What one booking costs the database, and that many cost no more statements than a few.

let world: World;
let cast: Cast;
let kindId: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  const kind = await row<{ id: number }>(
    world.db,
    `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
     values ('screen', 'Screen', '屏幕', true, 9) returning id`,
  );
  kindId = kind?.id ?? 0;
  await world.db.raw(`insert into room_layouts (room_id, layout, capacity) values (?, 'theatre', 20)`, [
    cast.rooms.orchid,
  ]);
});
afterAll(() => world.close());

const DAY = Date.parse('2030-03-05T00:00:00+08:00'); // a Tuesday
const at = (hour: number, day = 0) => new Date(DAY + day * 86_400_000 + hour * 3_600_000);
const by = () => ({ id: cast.organiser.id });

async function counted<T>(work: () => Promise<T>): Promise<[T, number]> {
  let statements = 0;
  const count = () => {
    statements += 1;
  };
  world.db.on('query', count);
  const result = await work();
  world.db.removeListener('query', count);
  return [result, statements];
}

const book = (hour: number, more = {}) =>
  createMeeting(world.db, by(), {
    title: 'Meeting',
    zone: 'Asia/Shanghai',
    roomIds: [cast.rooms.orchid],
    startsAt: at(hour),
    endsAt: at(hour + 1),
    now: at(0),
    ...more,
  });

test('a booking takes 7 statements, its move 23, calling it off 14', async () => {
  const [made, booking] = await counted(() => book(9));
  if (!made.ok) throw new Error('taken');
  const [moved, move] = await counted(() =>
    changeMeeting(world.db, by(), made.id, { version: 1, startsAt: at(11), endsAt: at(12), now: at(0) }),
  );
  const [off, cancellation] = await counted(() =>
    cancelMeeting(world.db, by(), made.id, { reason: 'Ill', now: at(0) }),
  );
  expect([moved.ok, off.ok]).toEqual([true, true]);
  expect({ booking, move, cancellation }).toEqual({ booking: 7, move: 23, cancellation: 14 });
});

test('a room with a layout and equipment takes 11 statements more', async () => {
  const [made, booking] = await counted(() =>
    book(14, { layout: 'theatre', equipment: [{ kindId, quantity: 2 }] }),
  );
  expect(made.ok).toBe(true);
  expect(booking).toBe(18);
});

test('a standing meeting takes as many statements for 52 dates as for 4', async () => {
  const plan = (hour: number, count: number) => {
    const dates = Array.from({ length: count }, (_, week) => ({
      on: new Date(at(12, 7 * week + 7)).toISOString().slice(0, 10),
      startsAt: at(hour, 7 * week + 7),
      endsAt: at(hour + 1, 7 * week + 7),
    }));
    return counted(() =>
      createSeries(
        world.db,
        by(),
        {
          name: 'Weekly',
          organiserId: cast.organiser.id,
          bookedForId: null,
          lang: 'en',
          isPrivate: false,
          members: new Map(),
          reviewerId: null,
          approverId: null,
          reviewGates: null,
          durationMinutes: 60,
          firstNumber: 1,
        },
        {
          schedule: {
            rule: { frequency: 'weekly', every: 1, weekdays: [2], monthDay: 1, nth: 1, month: 1 },
            zone: 'Asia/Shanghai',
            from: `${String(hour).padStart(2, '0')}:00`,
            to: `${hour + 1}:00`,
            occurrences: { startsOn: dates[0]?.on, dates, leftOut: [] },
            untilOn: dates.at(-1)?.on ?? '',
            roomIds: [cast.rooms.orchid],
            link: null,
            place: null,
            roomSetup: { layout: 'theatre', equipment: [{ kindId, quantity: 2 }], expected: 8 },
            choices: new Map(),
            now: at(0),
          },
          isMeant: true,
        },
      ),
    );
  };
  const [few, ofFew] = await plan(9, 4);
  const [many, ofMany] = await plan(14, 52);
  expect([few.ok, many.ok]).toEqual([true, true]);
  expect(ofMany).toBe(ofFew);
  expect(ofMany).toBeLessThanOrEqual(25);
});
