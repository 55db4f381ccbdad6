import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { judgeCheckIns } from './noShowCommands.js';

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'meetings.judgeCheckIns': async ({ db, clock }) => {
    await judgeCheckIns(db, clock.now());
  },
};

export const cron: CronLine[] = [{ at: '* * * * *', job: 'meetings.judgeCheckIns' }];
