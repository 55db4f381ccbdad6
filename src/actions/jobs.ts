import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { remindAll } from './reminderCommands.js';

export const jobs: Jobs = {
  'actions.remind': async ({ db, clock }) => {
    await remindAll(db, clock.now());
  },
};

/** Every quarter of an hour; the command itself keeps to working hours and to one digest a day. */
export const cron: CronLine[] = [{ at: '*/15 * * * *', job: 'actions.remind' }];
