import type { CronLine, Jobs } from '../jobs/job.js';
import { cleanFiles } from './store.js';

export const jobs: Jobs = {
  'files.clean': async ({ db, log }) => {
    const count = await cleanFiles(db);
    if (count > 0) log.info({ count }, 'removed unfinished uploads');
  },
};

export const cron: CronLine[] = [{ at: '20 * * * *', job: 'files.clean' }];
