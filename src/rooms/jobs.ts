import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { sweepLapsed } from '../claims/holdCommands.js';
import { remindOverdue, tellApprovers } from '../requests/commands.js';

export const jobs: Jobs = {
  'rooms.tellApprovers': async ({ db, clock }) => tellApprovers(db, clock.now()),
  'rooms.remindRequests': async ({ db, clock }) => {
    await remindOverdue(db, clock.now());
  },
  'rooms.sweepLapsed': async ({ db }) => {
    await sweepLapsed(db);
  },
};

export const cron: CronLine[] = [
  { at: '*/15 * * * *', job: 'rooms.remindRequests' },
  { at: '*/15 * * * *', job: 'rooms.sweepLapsed' },
];
