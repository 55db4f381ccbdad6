import { z } from 'zod';
import { date, flag, list, optionalWhole } from '../lib/http/fields.js';
import { EQUIPMENT_CODE } from '../equipment/kinds.js';

/** Filters of the day; what makes no sense is left out. */
export const DayQuery = z.object({
  date: date()
    .refine((on) => on < '2200')
    .optional()
    .catch(undefined),
  seats: optionalWhole(1, 5000).catch(null),
  equipment: list(z.string().regex(EQUIPMENT_CODE), 50).catch([]),
  step_free: flag().catch(false),
});
export type DayQuery = z.output<typeof DayQuery>;

/** The filters in an address, without the date; '' when there are none, else it begins with '&'. */
export function filterQuery({
  seats,
  equipment,
  step_free,
}: Pick<DayQuery, 'seats' | 'equipment' | 'step_free'>): string {
  const parts = new URLSearchParams();
  if (seats) parts.set('seats', String(seats));
  for (const code of equipment) parts.append('equipment', code);
  if (step_free) parts.set('step_free', 'on');
  const text = parts.toString();
  return text ? `&${text}` : '';
}
