import { z } from 'zod';
import { optionalId } from '../lib/http/fields.js';
import { PeriodQuery } from '../lib/http/period.js';

/** Which days, whose rooms ('' all, 'room-12', 'in-Building A', 'at-Site'), whose meetings. */
export const UseQuery = PeriodQuery.extend({
  of: z.string().max(120).catch(''),
  unit: optionalId().catch(null),
  organiser: optionalId().catch(null),
});
export type UseQuery = z.output<typeof UseQuery>;

export const USE_TABLES = ['rooms', 'units', 'organisers', 'hours'] as const;
export const UseTableQuery = UseQuery.extend({ by: z.enum(USE_TABLES).catch('rooms') });
