import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { enqueue } from '../../src/lib/jobs/enqueue.js';
import type { Jobs } from '../../src/lib/jobs/job.js';
import { runWorker } from '../../src/lib/jobs/run.js';
import { buryDead, listAlive, register } from '../../src/lib/jobs/workers.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await testWorld();
});
afterAll(() => world.close());
const directUrl = () => world.config.databaseDirectUrl ?? '';

/** A worker in this process until `stop` is called. */
function startWorker(jobs: Jobs): { stop(): Promise<void> } {
  const stop = new AbortController();
  const ended = runWorker(
    directUrl(),
    { jobs, cron: [] },
    { ...world, log: pino({ level: 'silent' }) },
    stop.signal,
  );
  return {
    stop() {
      stop.abort();
      return ended;
    },
  };
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await what()); await sleep(20))
    if (Date.now() > end) throw new Error('not within 10 s');
}

test('does a job within a moment of its commit, and knows that it is alive', async () => {
  const done: unknown[] = [];
  const worker = startWorker({ 'test.note': async (_context, payload) => void done.push(payload) });
  await until(async () => (await listAlive(world.db)).length === 1);
  await world.db.transaction((trx) => enqueue(trx, 'test.note', { 会: 1 }));
  await until(() => done.length === 1);
  expect(done).toEqual([{ 会: 1 }]);
  await worker.stop();
  expect(await listAlive(world.db)).toEqual([]);
});

test('tries a failed job again later and keeps what was said', async () => {
  const worker = startWorker({ 'test.fail': () => Promise.reject(new Error('no luck')) });
  await enqueue(world.db, 'test.fail', {});
  const failed = () =>
    world.owner.raw<{ rows: unknown[] }>(
      `select last_error, attempts, run_at > now() as later
         from graphile_worker._private_jobs
         where last_error is not null`,
    );
  await until(async () => (await failed()).rows.length === 1);
  await worker.stop();
  expect((await failed()).rows).toEqual([{ last_error: 'no luck', attempts: 1, later: true }]);
  await world.owner.raw('delete from graphile_worker._private_jobs');
});

test('finishes the job at hand before it stops', async () => {
  let state = 'waiting';
  const worker = startWorker({
    'test.slow': async () => {
      state = 'begun';
      await sleep(400);
      state = 'done';
    },
  });
  await enqueue(world.db, 'test.slow', {});
  await until(() => state === 'begun');
  await worker.stop();
  expect(state).toBe('done');
});

test('gives the jobs of a killed worker to another at once, and leaves living workers alone', async () => {
  const dead = await register(directUrl(), ['worker-dead']);
  const living = await register(directUrl(), ['worker-living']);
  for (const name of ['worker-dead', 'worker-living', 'worker-unknown']) {
    await enqueue(world.db, 'test.held', { name }, { queue: name });
    await world.owner.raw(
      `with held as (
         update graphile_worker._private_jobs
           set locked_by = :name, locked_at = now() - interval '2 minutes'
           where payload->>'name' = :name
           returning job_queue_id
       )
       update graphile_worker._private_job_queues
         set locked_by = :name, locked_at = now() - interval '2 minutes'
         where id in (select job_queue_id from held)`,
      { name },
    );
  }
  // as kill -9 does: the connection goes, the row stays
  await world.owner.raw(
    `select pg_terminate_backend(pid)
       from pg_locks
       where locktype = 'advisory' and objid = ? and classid = 6271`,
    [dead.id],
  );
  await dead.lost;
  await until(async () => (await listAlive(world.db)).length === 1);
  expect(await buryDead(world.db)).toBe(1);
  const { rows: locked } = await world.owner.raw<{ rows: unknown[] }>(
    `select locked_by as by
       from graphile_worker._private_jobs
       where locked_by is not null
     union all
     select locked_by
       from graphile_worker._private_job_queues
       where locked_by is not null`,
  );
  expect(locked).toEqual([{ by: 'worker-living' }, { by: 'worker-living' }]);
  await living.leave();
});

test('leaves a job that takes minutes to the worker that is at it', async () => {
  let begun = 0;
  let finish = (): void => undefined;
  const ended = new Promise<void>((resolve) => (finish = resolve));
  const worker = startWorker({
    'test.long': async () => {
      begun += 1;
      await ended;
    },
  });
  await enqueue(world.db, 'test.long', {});
  await until(async () => begun === 1 && (await listAlive(world.db)).length === 1);
  await world.owner.raw(
    `update graphile_worker._private_jobs
       set locked_at = now() - interval '2 minutes'
       where locked_by is not null`,
  );
  await buryDead(world.db);
  const { rows: held } = await world.owner.raw<{ rows: unknown[] }>(
    `select j.locked_by = any(p.worker_ids) as is_known
       from graphile_worker._private_jobs j, worker_processes p
       where j.task_id = (select id from graphile_worker._private_tasks where identifier = 'test.long')`,
  );
  expect(held).toEqual([{ is_known: true }]);
  finish();
  await worker.stop();
  expect(begun).toBe(1);
});

test('begins anew when the database ended its connections', async () => {
  const done: unknown[] = [];
  const worker = startWorker({ 'test.after': async (_context, payload) => void done.push(payload) });
  await until(async () => (await listAlive(world.db)).length === 1);
  await world.owner.raw(
    `select pg_terminate_backend(pid)
       from pg_stat_activity
       where application_name = 'banhui worker' and datname = current_database()`,
  );
  await enqueue(world.db, 'test.after', {});
  await until(() => done.length === 1);
  await worker.stop();
});
