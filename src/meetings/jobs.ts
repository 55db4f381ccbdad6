import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { judgeCheckIns } from '../checkins/noShowCommands.js';
import { askRenewals } from '../series/renewalCommands.js';
import { offerRooms, serveWaits } from '../waits/commands.js';

/** Whole claims, or pieces of rooms. */
const Freed = z.object({
  claimIds: z.array(z.number().int().positive()).default([]),
  pieces: z
    .array(z.object({ room: z.number().int().positive(), from: z.coerce.date(), to: z.coerce.date() }))
    .default([]),
});

export const jobs: Jobs = {
  'meetings.offerRooms': async ({ db, clock }, payload) => offerRooms(db, Freed.parse(payload), clock.now()),
  'meetings.judgeCheckIns': async ({ db, clock }) => {
    await judgeCheckIns(db, clock.now());
  },
  'meetings.serveWaits': async ({ db, clock }) => serveWaits(db, clock.now()),
  'meetings.askRenewals': async ({ db, clock }) => {
    await askRenewals(db, clock.now());
  },
};

/** The queue for rooms and who has come, each minute; what ends once a day, where one that was missed is made up for. */
export const cron: CronLine[] = [
  { at: '* * * * *', job: 'meetings.serveWaits' },
  { at: '* * * * *', job: 'meetings.judgeCheckIns' },
  { at: '15 1 * * *', job: 'meetings.askRenewals', backfill: 86_400_000 },
];
