import { z } from 'zod';
import { choice, date, flag, onceKey, optionalLine, optionalProse } from '../lib/http/fields.js';
import { SETUP_KINDS } from './viewQueries.js';

const day = date()
  .refine((on) => on >= '1970' && on < '2200')
  .optional()
  .catch(undefined);

/** Of a week or month: which day it holds, and whose rooms: '' all, 'room-12', 'in-Building A'. */
export const SpanQuery = z.object({ date: day, of: z.string().max(120).catch('') });
export type SpanQuery = z.output<typeof SpanQuery>;
export const WeekQuery = z.object({ date: day });
export const SheetQuery = z.object({ date: day, site: z.string().max(100).catch('') });
export type SheetQuery = z.output<typeof SheetQuery>;

export const SetupTaskForm = z
  .strictObject({
    kind: choice(SETUP_KINDS),
    note: optionalProse(500),
    owner: optionalLine(300),
    key: onceKey(),
  })
  .transform((form) => ({ ...form, note: form.note.trim() }));

/** The tick on the day sheet goes back to the sheet it stands on. */
export const TickForm = z.strictObject({ done: flag(), date: date().optional(), site: optionalLine(100) });
export const RemovalForm = z.strictObject({});
