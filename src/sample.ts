import { makeSample } from './sample/make.js';
import { readConfig } from './config.js';
import { createDb } from './lib/db/db.js';
import { openDatabase } from './lib/db/open.js';
import { Conflict } from './lib/http/errors.js';
import { CannotStart, say } from './lib/log/steps.js';
import { systemClock } from './lib/time/clock.js';

/** `npm run sample`: the sample office, in an empty database, whether a server runs on it or not. */
export async function sample(): Promise<void> {
  const config = readConfig();
  const opened = await openDatabase(config, undefined);
  const db = createDb(opened.url, { statementTimeout: 60_000 });
  const since = performance.now();
  try {
    const made = await makeSample(db, { password: config.samplePassword, clock: systemClock, config });
    say('sample', 'the office is furnished', since);
    console.log(`\n  Everybody signs in with the password  ${made.password}\n`);
    for (const person of made.people)
      console.log(`  ${person.email.padEnd(34)} ${person.name_en} ${person.name}`);
    console.log(`\n  ${config.publicUrl}\n`);
  } catch (error) {
    if (error instanceof Conflict)
      throw new CannotStart(
        'Somebody has an account here already. The sample office is only made in an empty database; ' +
          'choose another DATA_DIR for it.',
      );
    throw error;
  } finally {
    await db.destroy();
    await opened.close();
  }
}
