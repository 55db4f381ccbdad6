import { z } from 'zod';
import { date, id, list, message, onceKey, time, version } from '../lib/http/fields.js';

/** What a visit of a plan asks for; what makes no sense falls back to the next hour. */
export const FloorPlanQuery = z.object({
  date: date().optional().catch(undefined),
  from: time().optional().catch(undefined),
  to: time().optional().catch(undefined),
});
export type FloorPlanQuery = z.output<typeof FloorPlanQuery>;

/** A floor is named by one of its rooms. */
export const NewPlanForm = z.strictObject({ room: id(), key: onceKey() });

/** Per cent of the picture with at most two decimals, or nothing. */
const percent = () =>
  z
    .string({ error: message('plans.problem.percent') })
    .transform((typed) => typed.normalize('NFKC').trim().replace(',', '.'))
    .refine((text) => text === '' || (/^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) <= 100), {
      error: message('plans.problem.percent'),
    })
    .transform((text) => (text === '' ? null : Number(text)));

/** One line for each room of the floor. */
export const PlacesForm = z
  .strictObject({
    rooms: list(id(), 500),
    x: list(percent(), 500),
    y: list(percent(), 500),
    version: version(),
  })
  .superRefine((form, context) => {
    form.rooms.forEach((_, i) => {
      if (((form.x[i] ?? null) === null) !== ((form.y[i] ?? null) === null))
        context.addIssue({ code: 'custom', path: ['x', i], message: message('plans.problem.half') });
    });
  });
export const FloorPlanVersionForm = z.strictObject({ version: version() });
