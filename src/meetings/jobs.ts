import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { offerRooms } from './awaitedDateCommands.js';
import { judgeCheckIns } from './noShowCommands.js';
import { askRenewals } from './renewalCommands.js';

/** Whole claims, or pieces of rooms. */
const Freed = z.object({
  claimIds: z.array(z.number().int().positive()).default([]),
  pieces: z.array(z.object({ room: z.number().int().positive(), from: z.coerce.date(), to: z.coerce.date() })).default([]),
});

export const jobs: Jobs = {
  'meetings.offerRooms': async ({ db, clock }, payload) => offerRooms(db, Freed.parse(payload), clock.now()),
  'meetings.judgeCheckIns': async ({ db, clock }) => {
    await judgeCheckIns(db, clock.now());
  },
  'meetings.askRenewals': async ({ db, clock }) => {
    await askRenewals(db, clock.now());
  },
};

/** Renewals once a day; one that was missed is made up for. */
export const cron: CronLine[] = [{ at: '* * * * *', job: 'meetings.judgeCheckIns' }, { at: '15 1 * * *', job: 'meetings.askRenewals', backfill: 86_400_000 }];
