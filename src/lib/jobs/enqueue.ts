import { change, type Db } from '../db/db.js';

export interface EnqueueOptions {
  /** Not before this instant. */
  runAt?: Date;
  /** A waiting job with the same key is replaced: repeated edits become one job. */
  key?: string;
  /** Jobs of one queue run one after another. */
  queue?: string;
}

/**
 * Asks the worker for something, by name, in the caller's transaction:
 * it happens if and only if the change commits.
 * `worker.ts` maps the name to its handler.
 */
export async function enqueue(
  trx: Db,
  name: string,
  payload: Record<string, unknown>,
  options: EnqueueOptions = {},
): Promise<void> {
  await change(
    trx,
    `select graphile_worker.add_job(
       identifier => :name, payload => :payload, run_at => :run_at, job_key => :key, queue_name => :queue
     )`,
    {
      name,
      payload: JSON.stringify(payload),
      run_at: options.runAt ?? null,
      key: options.key ?? null,
      queue: options.queue ?? null,
    },
  );
}

/** The same for many, by one statement. */
export async function enqueueAll(
  trx: Db,
  name: string,
  jobs: { payload: Record<string, unknown>; key?: string }[],
  runAt?: Date,
): Promise<void> {
  if (jobs.length === 0) return;
  await change(
    trx,
    `select graphile_worker.add_job(
       identifier => :name, payload => w.payload::json, run_at => :run_at, job_key => w.key
     )
       from jsonb_to_recordset(:list) as w (payload jsonb, key text)`,
    { name, run_at: runAt ?? null, list: JSON.stringify(jobs) },
  );
}
