import { record } from '../../src/lib/audit/record.js';
import { checkSeals, sealEvents } from '../../src/lib/audit/seal.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await testWorld();
});
afterAll(() => world.close());

const event = (note: string) =>
  record(
    world.db,
    { id: null },
    { action: 'test.note', noun: 'meetings', after: { note, 会议: [1, 2] }, note },
  );

test('seals every committed event once, in one chain, however many workers try', async () => {
  for (const note of ['a', 'b', 'c']) await event(note);
  const counts = await Promise.all([sealEvents(world.db), sealEvents(world.db), sealEvents(world.db)]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(3);
  expect(await sealEvents(world.db)).toBe(0);
  expect(await checkSeals(world.db)).toMatchObject({ seals: 3, brokenAt: null });
});

test('seals an event later whose transaction was still open when its neighbours were sealed', async () => {
  const open = await world.db.transaction();
  await record(open, { id: null }, { action: 'test.late', noun: 'meetings' });
  await event('after it');
  expect(await sealEvents(world.db)).toBe(1);
  await open.commit();
  expect(await sealEvents(world.db)).toBe(1);
  expect(await checkSeals(world.db)).toMatchObject({ seals: 5, brokenAt: null });
});

test('reads the same in every time zone', async () => {
  await world.owner.transaction(async (trx) => {
    await trx.raw(`set local timezone = 'Asia/Shanghai'`);
    expect(await checkSeals(trx)).toMatchObject({ seals: 5, brokenAt: null });
  });
});

test.each([
  [
    'changed',
    `update audit_events set note = 'x' where id = (select event_id from audit_seals where seq = 2)`,
  ],
  ['removed', `delete from audit_seals where seq = 2`],
  [
    'exchanged',
    `update audit_seals set event_id = case seq when 2 then -3 when 3 then -2 end where seq in (2, 3)`,
  ],
])('names the first seal that no longer holds when history was %s behind our back', async (_what, sql) => {
  await world.owner
    .transaction(async (trx) => {
      // what a superuser can do: no trigger, no foreign key
      await trx.raw(`set local session_replication_role = 'replica'`);
      await trx.raw(sql);
      expect((await checkSeals(trx)).brokenAt).toBe(2);
      throw new Error('undo');
    })
    .catch((error: Error) => expect(error.message).toBe('undo'));
  expect(await checkSeals(world.db)).toMatchObject({ seals: 5, brokenAt: null });
});

test('the worker seals every minute', async () => {
  await event('by the worker');
  await world.db.raw(`select graphile_worker.add_job('audit.seal', '{}')`);
  await world.runJobs();
  expect(await checkSeals(world.db)).toMatchObject({ seals: 6, brokenAt: null });
});
