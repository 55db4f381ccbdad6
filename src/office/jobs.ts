import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { readImport } from '../imports/readCommands.js';
import { runImport } from '../imports/runCommands.js';
import { cleanBookingImports } from '../imports/commands.js';

const Payload = z.object({ importId: z.number().int().positive() });

export const jobs: Jobs = {
  'admin.readImport': ({ db }, payload) => readImport(db, Payload.parse(payload).importId),
  'admin.runImport': ({ db, clock, config }, payload) =>
    runImport(db, Payload.parse(payload).importId, { now: clock.now(), mailDomain: config.mailDomain }),
  'admin.cleanImports': ({ db }) => cleanBookingImports(db),
};

export const cron: CronLine[] = [{ at: '47 19 * * *', job: 'admin.cleanImports', backfill: 86_400_000 }];
