import { Logger, runOnce } from 'graphile-worker';
import pg from 'pg';
import { change, row, type Db } from '../db/db.js';
import type { JobContext, Jobs } from './job.js';
import { taskList } from './tasks.js';

/**
 * Does every job that is due by the given clock, and those that they ask for, and returns when none is left.
 * @param directUrl the queue's owner
 * @returns name and last error of the jobs that failed and wait for another attempt
 */
export async function drain(directUrl: string, jobs: Jobs, context: JobContext): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: directUrl, max: 3 });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    do {
      // The queue's own clock is the database's.
      await change(
        context.db,
        `update graphile_worker._private_jobs
           set run_at = now()
           where run_at > now() and run_at <= :now and attempts = 0`,
        {
          now: context.clock.now(),
        },
      );
      await runOnce({
        pgPool: pool,
        taskList: taskList(jobs, context),
        noHandleSignals: true,
        concurrency: 1,
        logger: new Logger(() => () => undefined),
      });
    } while (await isAnyDue(context, Object.keys(jobs)));
    const { rows: failed } = await pool.query<{ text: string }>(
      `select t.identifier || ': ' || j.last_error as text
         from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
        where j.last_error is not null order by j.id`,
    );
    return failed.map((one) => one.text);
  } finally {
    await pool.end();
  }
}

async function isAnyDue(
  { db, clock }: { db: Db; clock: { now(): Date } },
  names: string[],
): Promise<boolean> {
  const due = await row(
    db,
    `select j.id
       from graphile_worker._private_jobs j
       join graphile_worker._private_tasks t on t.id = j.task_id
      where t.identifier = any(:names)
        and j.attempts = 0
        and j.locked_at is null
        and (j.run_at <= now() or j.run_at <= :now)
      limit 1`,
    { names, now: clock.now() },
  );
  return due !== undefined;
}
