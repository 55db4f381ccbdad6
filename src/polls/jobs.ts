import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { tendPolls } from './reminderCommands.js';
import { announcePollChange } from './newsCommands.js';

const Payload = z.object({ pollId: z.number().int().positive() });

export const jobs: Jobs = {
  'polls.tend': async ({ db, clock }) => {
    await tendPolls(db, clock.now());
  },
  'polls.announceChange': async ({ db }, payload) => announcePollChange(db, Payload.parse(payload).pollId),
};

/** Every quarter of an hour; the command knows what was told already. */
export const cron: CronLine[] = [{ at: '*/15 * * * *', job: 'polls.tend' }];
