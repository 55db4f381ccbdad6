import { z } from 'zod';

/** Further back in a history: the number of the last entry seen. */
export const HistoryQuery = z.object({
  before: z.coerce.number().int().positive().max(1e15).optional().catch(undefined),
});
