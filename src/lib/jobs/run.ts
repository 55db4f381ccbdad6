import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, parseCronItems, run, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import type { CronLine, JobContext, Jobs } from './job.js';
import { taskList } from './tasks.js';
import { buryDead, register } from './workers.js';

const BURY_EVERY = 15_000;
/** What the queue tells of itself is of interest from a warning on. */
const LOG_LEVEL: Record<string, 'warn' | 'error'> = { warning: 'warn', error: 'error' };

/** What a worker does: its jobs by name, and when which of them is due. */
export interface Work {
  jobs: Jobs;
  cron: CronLine[];
}

/**
 * Works off jobs until `stop` is aborted, then finishes those at hand.
 * When the database goes away it waits and begins anew.
 * @param directUrl the queue's owner, not through PgBouncer: LISTEN and session locks
 */
export async function runWorker(
  directUrl: string,
  work: Work,
  context: JobContext,
  stop: AbortSignal,
): Promise<void> {
  for (let pause = 500; !stop.aborted; pause = Math.min(pause * 2, 5_000)) {
    const since = Date.now();
    try {
      await runOnce(directUrl, work, context, stop);
    } catch (error) {
      context.log.error({ err: error }, 'worker could not run');
    }
    if (stop.aborted) return;
    if (Date.now() - since > 60_000) pause = 500;
    context.log.warn({ pause }, 'worker lost the database, begins anew');
    await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
  }
}

async function runOnce(directUrl: string, work: Work, context: JobContext, stop: AbortSignal): Promise<void> {
  const { log, db } = context;
  const pool = openPool(directUrl, log);
  const events: WorkerEvents = new EventEmitter();
  const workerIds: string[] = [];
  // Jobs are locked in the name of the pool, not of one of its workers.
  events.on('pool:create', ({ workerPool }) => workerIds.push(workerPool.id));
  try {
    await buryDead(db);
    const runner = await startRunner(pool, work, context, events);
    const ended = runner.promise.catch((error: unknown) => log.error({ err: error }, 'queue ended'));
    const registration = await register(directUrl, workerIds).catch(async (error: unknown) => {
      await runner.stop().catch(() => undefined);
      throw error;
    });
    const burying = buryRegularly(context);
    try {
      await Promise.race([registration.lost, ended, aborted(stop)]);
      await runner.stop().catch(() => undefined);
    } finally {
      clearInterval(burying);
      await registration.leave();
    }
  } finally {
    await Promise.race([pool.end(), sleep(1_000)]);
  }
}

function openPool(directUrl: string, log: JobContext['log']): pg.Pool {
  const pool = new pg.Pool({
    connectionString: directUrl,
    max: 8,
    connectionTimeoutMillis: 3000,
    application_name: 'banhui worker',
  });
  // Without a listener an idle connection that ends would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'worker connection ended'));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

function startRunner(pool: pg.Pool, { jobs, cron }: Work, context: JobContext, events: WorkerEvents) {
  const { log } = context;
  return run({
    pgPool: pool,
    taskList: taskList(jobs, context),
    parsedCronItems: parseCronItems(
      cron.map(({ at, job, backfill }) => ({
        match: at,
        task: job,
        identifier: `${job} ${at}`,
        options: { backfillPeriod: backfill ?? 0, jobKey: job, jobKeyMode: 'preserve_run_at' },
      })),
    ),
    concurrency: 4,
    noHandleSignals: true,
    gracefulShutdownAbortTimeout: 9_000,
    events,
    logger: new Logger((scope) => (level, message) => log[LOG_LEVEL[level] ?? 'debug']({ scope }, message)),
  });
}

function buryRegularly({ db, log }: JobContext): NodeJS.Timeout {
  return setInterval(() => {
    buryDead(db).then(
      (count) => count > 0 && log.warn({ count }, 'gave the jobs of dead workers back'),
      (error: unknown) => log.warn({ err: error }, 'could not look for dead workers'),
    );
  }, BURY_EVERY);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
