import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { readImport } from './readCommands.js';
import { runImport } from './runCommands.js';
import { cleanBookingImports } from './commands.js';
import { cleanImports } from './peopleImportCommands.js';

const Payload = z.object({ importId: z.number().int().positive() });

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'people.cleanImports': ({ db }) => cleanImports(db),
  'admin.readImport': ({ db }, payload) => readImport(db, Payload.parse(payload).importId),
  'admin.runImport': ({ db, clock, config }, payload) =>
    runImport(db, Payload.parse(payload).importId, { now: clock.now(), mailDomain: config.mailDomain }),
  'admin.cleanImports': ({ db }) => cleanBookingImports(db),
};

export const cron: CronLine[] = [
  { at: '53 19 * * *', job: 'people.cleanImports', backfill: 86_400_000 },
  { at: '47 19 * * *', job: 'admin.cleanImports', backfill: 86_400_000 },
];
