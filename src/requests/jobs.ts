import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { remindOverdue, notifyApprovers } from './commands.js';

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'rooms.tellApprovers': async ({ db, clock }) => {
    while (await notifyApprovers(db, clock.now()));
  },
  'rooms.remindRequests': async ({ db, clock }) => {
    await remindOverdue(db, clock.now());
  },
};

export const cron: CronLine[] = [{ at: '*/15 * * * *', job: 'rooms.remindRequests' }];
