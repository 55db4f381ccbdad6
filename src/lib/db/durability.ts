import pg from 'pg';

const OLDEST = 15;

/** What the database says of itself at the start. */
export interface DatabaseCheck {
  /** as people write it, 18.4 */
  version: string;
  role: string;
  /** what forbids starting; empty when all is well */
  problems: string[];
}

/**
 * Refuses a database that may lose an acknowledged change at a power cut, or that is too old.
 * @param url postgres://…
 */
export async function checkDatabase(url: string): Promise<DatabaseCheck> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>(
      `select current_setting('server_version') as version, current_setting('server_version_num') as number,
              current_user as role,
              current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
              current_setting('synchronous_commit') as synchronous_commit`,
    );
    const found = rows[0] ?? {};
    const problems: string[] = [];
    if (Number(found['number']) < OLDEST * 10_000)
      problems.push(`PostgreSQL ${found['version']} is too old; ${OLDEST} or newer is needed`);
    for (const name of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
      if (found[name] === 'off')
        problems.push(`${name} is off in the database, so a saved change could be lost; turn it on`);
    }
    return { version: found['version']?.split(' ')[0] ?? '', role: found['role'] ?? '', problems };
  } finally {
    await client.end().catch(() => undefined);
  }
}
