import { hostname } from 'node:os';
import pg from 'pg';
import { change, rows, type Db } from '../db/db.js';

/** Class of the advisory locks that worker processes hold; the object is the id of their row. */
const WORKER_LOCK = 6271;

export interface Registration {
  id: number;
  /** Resolves when the connection that proves this process alive has ended. */
  lost: Promise<void>;
  leave(): Promise<void>;
}

/**
 * Registers this process as alive for as long as a connection of its own holds a lock.
 * @param workerIds as graphile-worker writes them into the jobs that they work on
 */
export async function register(directUrl: string, workerIds: string[]): Promise<Registration> {
  const client = new pg.Client({
    connectionString: directUrl,
    application_name: 'banhui worker',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  });
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  await client.connect();
  // Locked before the row is seen by others, who would take a row without a lock for a dead process.
  await client.query('begin');
  const { rows: made } = await client.query<{ id: number }>(
    'insert into worker_processes (host, pid, worker_ids) values ($1, $2, $3) returning id',
    [hostname(), process.pid, workerIds],
  );
  const id = made[0]?.id ?? 0;
  await client.query('select pg_advisory_lock($1, $2)', [WORKER_LOCK, id]);
  await client.query('commit');
  return {
    id,
    lost,
    async leave() {
      await client.query('delete from worker_processes where id = $1', [id]).catch(() => undefined);
      await client.end().catch(() => undefined);
    },
  };
}

/** How many worker processes live. */
export async function listAlive(
  db: Db,
): Promise<{ id: number; host: string; pid: number; started_at: Date }[]> {
  return rows(
    db,
    `select p.id, p.host, p.pid, p.started_at from worker_processes p
      where exists (select
                      from pg_locks l
                      where l.locktype = 'advisory'
                        and l.granted
                        and l.classid = :class
                        and l.objid = p.id::oid
                       and l.database = (select oid from pg_database where datname = current_database()))
      order by p.id`,
    { class: WORKER_LOCK },
  );
}

/**
 * Gives the jobs of dead processes back: graphile-worker alone would leave them locked for four hours.
 * Jobs locked by nobody known are of a process that died before it could register.
 * @returns how many processes were found dead
 */
export async function buryDead(db: Db): Promise<number> {
  const dead = await rows<{ worker_ids: string[] }>(
    db,
    `delete from worker_processes p
      where not exists (select
                          from pg_locks l
                          where l.locktype = 'advisory'
                            and l.granted
                            and l.classid = :class
                            and l.objid = p.id::oid
                           and l.database = (select oid from pg_database where datname = current_database()))
     returning worker_ids`,
    { class: WORKER_LOCK },
  );
  await change(
    db,
    `select graphile_worker.force_unlock_workers(array(
       select unnest(:dead::text[])
       union
       select locked_by from graphile_worker._private_jobs
        where locked_at < now() - interval '1 minute'
          and not exists (select from worker_processes p where locked_by = any(p.worker_ids))
       union
       select locked_by from graphile_worker._private_job_queues
        where locked_at < now() - interval '1 minute'
          and not exists (select from worker_processes p where locked_by = any(p.worker_ids))))`,
    { dead: dead.flatMap((one) => one.worker_ids) },
  );
  return dead.length;
}
