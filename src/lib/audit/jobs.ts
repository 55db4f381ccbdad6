import type { CronLine, Jobs } from '../jobs/job.js';
import { sealEvents, verifyHistory } from './seal.js';

export const jobs: Jobs = {
  'audit.seal': async ({ db }) => void (await sealEvents(db)),
  'audit.verify': async ({ db, log }) => {
    await sealEvents(db);
    const found = await verifyHistory(db);
    if (found.broken_seq !== null || found.unsealed > 0)
      log.error({ broken: found.broken_seq, unsealed: found.unsealed }, 'the history does not fit its seals');
  },
};

export const cron: CronLine[] = [
  { at: '* * * * *', job: 'audit.seal' },
  { at: '23 18 * * *', job: 'audit.verify', backfill: 86_400_000 },
];
