import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { sendReset } from './accountCommands.js';
import { cleanSignIn } from './commands.js';

export const jobs: Jobs = {
  'auth.sendReset': ({ db, clock }, payload) =>
    sendReset(db, z.object({ email: z.string() }).parse(payload).email, clock.now()),
  'auth.clean': ({ db }) => cleanSignIn(db),
};

export const cron: CronLine[] = [{ at: '41 * * * *', job: 'auth.clean' }];
