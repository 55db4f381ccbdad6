import { enqueue } from '../../src/lib/jobs/enqueue.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
});
afterAll(() => world.close());

test('signs in a person of the cast and knows them on the next page', async () => {
  const agent = await world.agent(cast.organiser);
  const answer = await agent.get('/no-such-page');
  expect(answer.status).toBe(404);
});

test('lets the product neither rewrite history nor change the schema', async () => {
  await expect(world.db.raw('update audit_events set note = null')).rejects.toMatchObject({ code: '42501' });
  await expect(world.db.raw('delete from audit_seals')).rejects.toMatchObject({ code: '42501' });
  await expect(world.db.raw('truncate audit_events')).rejects.toMatchObject({ code: '42501' });
  await expect(world.db.raw('alter table persons add column x int')).rejects.toMatchObject({ code: '42501' });
  await expect(world.owner.raw('truncate audit_events, audit_seals')).rejects.toMatchObject({
    code: '23001',
  });
});

test('lets the product queue a job in its transaction, and drops it when that fails', async () => {
  const waiting = () =>
    world.db
      .raw<{ rows: unknown[] }>('select id from graphile_worker.jobs')
      .then((found) => found.rows.length);
  await world.db.transaction((trx) => enqueue(trx, 'never.done', {}));
  expect(await waiting()).toBe(1);
  await expect(
    world.db.transaction(async (trx) => {
      await enqueue(trx, 'never.done', {});
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect(await waiting()).toBe(1);
});
