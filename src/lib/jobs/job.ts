import type { Logger } from 'pino';
import type { Config } from '../../config.js';
import type { Db } from '../db/db.js';
import type { Clock } from '../time/clock.js';

export interface JobContext {
  db: Db;
  config: Config;
  clock: Clock;
  log: Logger;
}

/**
 * What a job does. Thrown errors are tried again with growing pauses
 * (e^attempt seconds, 25 times); a payload comes from our own `enqueue` and
 * is still checked, because a job may have been queued by the version before.
 */
export type Job = (context: JobContext, payload: unknown) => Promise<void>;

/** Name → job; every feature exports its own from jobs.ts, worker.ts joins them. */
export type Jobs = Record<string, Job>;

/**
 * A job that comes by itself. One that was missed while nothing ran is
 * made up for within `backfill`, else skipped.
 */
export interface CronLine {
  /** minute hour day month weekday, in UTC */
  at: string;
  job: string;
  /** milliseconds */
  backfill?: number;
}
