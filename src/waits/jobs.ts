import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { offerRooms, serveWaits } from './commands.js';

/** Whole claims, or pieces of rooms. */
const Freed = z.object({
  claimIds: z.array(z.number().int().positive()).default([]),
  pieces: z
    .array(z.object({ room: z.number().int().positive(), from: z.coerce.date(), to: z.coerce.date() }))
    .default([]),
});

// Names of jobs are stored in the queue: they stay as they were first written.
export const jobs: Jobs = {
  'meetings.offerRooms': async ({ db, clock }, payload) => offerRooms(db, Freed.parse(payload), clock.now()),
  'meetings.serveWaits': async ({ db, clock }) => serveWaits(db, clock.now()),
};

export const cron: CronLine[] = [{ at: '* * * * *', job: 'meetings.serveWaits' }];
