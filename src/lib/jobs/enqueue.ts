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
 * Asks the worker for something, by name, in the caller's transaction: it happens if and only if the change commits.
 * `worker.ts` maps the name to its handler.
 */
export async function enqueue(trx: Db, name: string, payload: Record<string, unknown>, options: EnqueueOptions = {}): Promise<void> {
  await change(
    trx,
    `select graphile_worker.add_job(identifier => :name, payload => :payload, run_at => :run_at, job_key => :key, queue_name => :queue)`,
    {
      name,
      payload: JSON.stringify(payload),
      run_at: options.runAt ?? null,
      key: options.key ?? null,
      queue: options.queue ?? null,
    },
  );
}
