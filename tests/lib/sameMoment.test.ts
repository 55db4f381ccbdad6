import { change, row } from '../../src/lib/db/db.js';
import { updateGroup } from '../../src/people/groupCommands.js';
import { updatePerson } from '../../src/people/commands.js';
import { updateRoom } from '../../src/rooms/commands.js';
import { findRoom } from '../../src/rooms/queries.js';
import { contentOfRoom } from '../../src/rooms/roomContent.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// What must be unique and is taken by somebody else in the very
// moment: asking first does not see it, the constraint does.

let world: World;
let cast: Cast;
let by: { id: number };
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  by = { id: cast.administrator.id };
});
afterAll(() => world.close());

/** Carries out a change while another one, which does not show yet, takes the same. */
async function meanwhile<T>(
  sql: string,
  values: Record<string, unknown>,
  work: () => Promise<T>,
): Promise<T> {
  const other = await world.owner.transaction();
  await change(other, sql, values);
  const done = work();
  for (;;) {
    const waiting = await row(world.owner, `select 1 from pg_locks where not granted limit 1`);
    if (waiting) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await other.commit();
  return done;
}

test('an address that somebody else was just given is refused with whose it is', async () => {
  const person = await row<Record<string, never>>(world.db, `select * from persons where id = :id`, {
    id: cast.outsider.id,
  });
  const form = { ...person, email: 'same@office.example' } as unknown as Parameters<typeof updatePerson>[3];
  const done = await meanwhile(
    `update persons set email = 'same@office.example' where id = :id`,
    { id: cast.chair.id },
    () => updatePerson(world.db, by, cast.outsider.id, form),
  );
  expect(done).toMatchObject({ ok: false, reason: 'email_taken', other: { id: cast.chair.id } });
});

test('a name that another group was just given is refused at the name', async () => {
  const made = await row<{ id: number; version: number }>(
    world.db,
    `insert into people_groups (name_en, name_zh) values ('One', '一'), ('Two', '二') returning id, version`,
  );
  const done = await meanwhile(`update people_groups set name_zh = '三' where name_en = 'Two'`, {}, () =>
    updateGroup(world.db, by, made ?? { id: 0, version: 0 }, {
      name_en: 'Three',
      name_zh: '三',
      note: '',
      memberIds: [],
    }),
  );
  expect(done).toEqual({ ok: false, reason: 'name' });
});

test('a code just given to another room is refused at its field, and nothing else is kept', async () => {
  const room = await findRoom(world.db, cast.rooms.orchid);
  const done = await meanwhile(
    `update rooms set code = 'same' where id = :id`,
    { id: cast.rooms.bamboo },
    () =>
      updateRoom(world.db, by, room, {
        ...contentOfRoom(room),
        owner: null,
        code: 'same',
        name_en: 'Renamed',
        layouts: [],
        opens: Array.from({ length: 7 }, () => '08:00'),
        closes: Array.from({ length: 7 }, () => '18:00'),
      }),
  );
  expect(done).toMatchObject({ ok: false, field: 'code' });
  expect(await findRoom(world.db, room.id)).toMatchObject({ code: room.code, name_en: room.name_en });
});
