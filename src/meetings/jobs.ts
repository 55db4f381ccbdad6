import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { offerRooms } from './awaitedDateCommands.js';
import { askRenewals } from './renewalCommands.js';

const Freed = z.object({ claimIds: z.array(z.number().int().positive()) });

export const jobs: Jobs = {
  'meetings.offerRooms': async ({ db, clock }, payload) => offerRooms(db, Freed.parse(payload).claimIds, clock.now()),
  'meetings.askRenewals': async ({ db, clock }) => {
    await askRenewals(db, clock.now());
  },
};

/** Once a day; one that was missed is made up for. */
export const cron: CronLine[] = [{ at: '15 1 * * *', job: 'meetings.askRenewals', backfill: 86_400_000 }];
