import pg from 'pg';

/** Held by the one server of an embedded database for as long as it lives. */
const SERVER_LOCK = 6_271_935;

export const STOPPING = 'banhui is stopping';

function ignore(): void {
  // the connection ends with the database, which is what is wanted then
}

export interface ServerLock {
  /** Whether the connection that holds the lock has ended: somebody else may have it by now. */
  isLost(): boolean;
  /** Tells a start that comes meanwhile to wait a moment. */
  sayStopping(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes this process the one server of the database, or says who is.
 * @param name how a second start will tell people about this one, at most 63 bytes
 */
export async function takeServerLock(
  directUrl: string,
  name: string,
): Promise<ServerLock | { heldBy: string }> {
  const client = new pg.Client({
    connectionString: directUrl,
    application_name: name,
    connectionTimeoutMillis: 3000,
  });
  // The connection ends with the database, or when PostgreSQL restarts itself after
  // one of its processes crashed; the lock is then taken again (keepRunning.ts).
  let isLost = false;
  client.on('error', () => undefined);
  client.on('end', () => (isLost = true));
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
    SERVER_LOCK,
  ]);
  if (rows[0]?.taken) {
    return {
      isLost: () => isLost,
      sayStopping: () =>
        client.query(`select set_config('application_name', $1, false)`, [STOPPING]).then(ignore, ignore),
      release: () => client.end().catch(ignore),
    };
  }
  const { rows: holders } = await client.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory'
        and l.granted
        and l.classid = 0
        and l.objid = $1
        and l.database = (select oid from pg_database where datname = current_database())`,
    [SERVER_LOCK],
  );
  await client.end();
  return { heldBy: holders[0]?.name ?? 'another process' };
}
