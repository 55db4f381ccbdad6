import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { askRenewals } from './renewalCommands.js';
import { offerRooms, serveWaits } from './waitCommands.js';

const Freed = z.object({ claimIds: z.array(z.number().int().positive()) });

export const jobs: Jobs = {
  'meetings.offerRooms': async ({ db, clock }, payload) => offerRooms(db, Freed.parse(payload).claimIds, clock.now()),
  'meetings.serveWaits': async ({ db, clock }) => serveWaits(db, clock.now()),
  'meetings.askRenewals': async ({ db, clock }) => {
    await askRenewals(db, clock.now());
  },
};

/** The queue for rooms each minute; what ends once a day, where one that was missed is made up for. */
export const cron: CronLine[] = [{ at: '* * * * *', job: 'meetings.serveWaits' }, { at: '15 1 * * *', job: 'meetings.askRenewals', backfill: 86_400_000 }];
