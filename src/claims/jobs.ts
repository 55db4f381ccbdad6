import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { sweepLapsed } from './holdCommands.js';

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'rooms.sweepLapsed': async ({ db }) => {
    await sweepLapsed(db);
  },
};

export const cron: CronLine[] = [{ at: '*/15 * * * *', job: 'rooms.sweepLapsed' }];
