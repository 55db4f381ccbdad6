import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { askRenewals } from './renewalCommands.js';

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'meetings.askRenewals': async ({ db, clock }) => {
    await askRenewals(db, clock.now());
  },
};

/** Once a day; a day that was missed is made up for. */
export const cron: CronLine[] = [{ at: '15 1 * * *', job: 'meetings.askRenewals', backfill: 86_400_000 }];
