import { z } from 'zod';
import { choice, message, optionalProse } from '../lib/http/fields.js';
import { REASON_CODES } from './queries.js';

export const RequestsQuery = z.object({ view: choice(['waiting', 'mine', 'all']).catch('waiting') });

/** An answer: a no has a coded reason and words to it. */
export const AnswerForm = z
  .strictObject({
    verdict: choice(['approve', 'return', 'refuse']),
    code: z
      .literal('')
      .transform(() => null)
      .or(choice(REASON_CODES))
      .optional()
      .transform((code) => code ?? null),
    reason: optionalProse(1000),
  })
  .refine((form) => form.verdict === 'approve' || form.code !== null, {
    path: ['code'],
    error: message('requests.problem.code'),
  })
  .refine((form) => form.verdict === 'approve' || form.code === null || form.reason !== '', {
    path: ['reason'],
    error: message('requests.problem.reason'),
  });
export type AnswerForm = z.output<typeof AnswerForm>;
