import { rmSync } from 'node:fs';
import { readConfig } from '../../src/config.js';
import { createDb, type Db } from '../../src/lib/db/db.js';
import { startEmbedded, type EmbeddedDatabase } from '../../src/lib/db/embedded/start.js';
import { openDatabase } from '../../src/lib/db/open.js';
import { CannotStart } from '../../src/lib/log/steps.js';
import { makeFastFolder } from '../support/cluster.js';

// DATABASE_URL: a PostgreSQL that is not ours to start or stop.

let folder: string;
let running: EmbeddedDatabase;
let owner: Db;
beforeAll(async () => {
  folder = makeFastFolder('banhui-own-');
  running = await startEmbedded(folder);
  owner = createDb(running.directUrl, { max: 1 });
  jest.spyOn(console, 'log').mockReturnValue();
}, 60_000);
afterAll(async () => {
  jest.restoreAllMocks();
  await owner.destroy();
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Why it does not start. */
async function refusal(environment: Record<string, string>): Promise<string> {
  const error: unknown = await openDatabase(
    readConfig({ SECRET_KEY: 'k'.repeat(32), ...environment }, folder),
    'a server',
  ).then(
    () => undefined,
    (found: unknown) => found,
  );
  if (!(error instanceof CannotStart)) throw new Error(`not told without a stack: ${String(error)}`);
  return error.message;
}

test('says what to set when the one role given may not make tables', async () => {
  expect(await refusal({ DATABASE_URL: running.url })).toMatch(
    /may not make or change them: permission denied for schema public[^]*Set DATABASE_DIRECT_URL/,
  );
});

test('takes two roles, and names what is missing when the second is left out later', async () => {
  const opened = await openDatabase(
    readConfig(
      { SECRET_KEY: 'k'.repeat(32), DATABASE_URL: running.url, DATABASE_DIRECT_URL: running.directUrl },
      folder,
    ),
    'a server',
  );
  await opened.close();
  // It is left running.
  expect((await owner.raw<{ rows: unknown[] }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
  expect(await refusal({ DATABASE_URL: running.url })).toMatch(
    /permission denied for \w+ migrations[^]*Set DATABASE_DIRECT_URL/,
  );
});

test('names a database that is not there', async () => {
  expect(await refusal({ DATABASE_URL: running.url.replace('/banhui?', '/nothing?') })).toContain(
    'database "nothing" does not exist',
  );
});

test.each(['fsync', 'full_page_writes', 'synchronous_commit'])('refuses %s = off', async (name) => {
  await owner.raw(`alter system set ${name} = off`);
  await owner.raw('select pg_reload_conf()');
  try {
    for (const until = Date.now() + 5_000; Date.now() < until;) {
      const { rows } = await owner.raw<{ rows: { value: string }[] }>(
        `select current_setting('${name}') as value`,
      );
      if (rows[0]?.value === 'off') break;
    }
    expect(await refusal({ DATABASE_URL: running.url })).toContain(`- ${name} is off in the database`);
  } finally {
    await owner.raw(`alter system reset ${name}`);
    await owner.raw('select pg_reload_conf()');
  }
});
