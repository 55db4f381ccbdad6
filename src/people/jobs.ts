import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { cleanImports } from '../imports/peopleImportCommands.js';

export const jobs: Jobs = {
  'people.cleanImports': ({ db }) => cleanImports(db),
};

export const cron: CronLine[] = [{ at: '53 19 * * *', job: 'people.cleanImports', backfill: 86_400_000 }];
