import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { tendPolls } from './reminderCommands.js';

export const jobs: Jobs = {
  'polls.tend': async ({ db, clock }) => {
    await tendPolls(db, clock.now());
  },
};

/** Every quarter of an hour; the command knows what was told already. */
export const cron: CronLine[] = [{ at: '*/15 * * * *', job: 'polls.tend' }];
