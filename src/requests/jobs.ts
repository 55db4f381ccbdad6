import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { remindOverdue, tellApprovers } from './commands.js';

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'rooms.tellApprovers': async ({ db, clock }) => {
    while (await tellApprovers(db, clock.now()));
  },
  'rooms.remindRequests': async ({ db, clock }) => {
    await remindOverdue(db, clock.now());
  },
};

export const cron: CronLine[] = [{ at: '*/15 * * * *', job: 'rooms.remindRequests' }];
