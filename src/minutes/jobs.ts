import { z } from 'zod';
import type { CronLine, Jobs } from '../lib/jobs/job.js';
import { keepDrawing, sweepDrawings } from './drawingCommands.js';

const spec = z.object({
  minutes_id: z.number(),
  version_id: z.number().nullable(),
  lang: z.enum(['en', 'zh-CN']),
  template: z.enum(['plain', 'official']),
  sees: z.union([z.literal('all'), z.array(z.number())]),
});

export const jobs: Jobs = {
  'minutes.draw': async ({ db, config }, payload) => {
    await keepDrawing(db, config.dataDir, spec.parse(payload));
  },
  'minutes.sweepDrawings': ({ db }) => sweepDrawings(db),
};

export const cron: CronLine[] = [{ at: '17 2 * * *', job: 'minutes.sweepDrawings' }];
