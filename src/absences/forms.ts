import { z } from 'zod';
import { choice, date, message, optionalDate, optionalLine, time } from '../lib/http/fields.js';

export const ABSENCE_KINDS = ['leave', 'trip', 'other'] as const;
export type AbsenceKind = (typeof ABSENCE_KINDS)[number];

const optionalTime = () =>
  z
    .union([z.literal('').transform(() => null), time()], { error: message('lib.field.time') })
    .optional()
    .transform((value) => value ?? null);

/** Whole days, or hours when both times are given. */
export const AbsenceForm = z
  .strictObject({
    kind: choice(ABSENCE_KINDS),
    from_on: date(),
    to_on: optionalDate(),
    from: optionalTime(),
    to: optionalTime(),
    note: optionalLine(500),
  })
  .refine((form) => !form.to_on || form.from_on <= form.to_on, {
    path: ['to_on'],
    error: message('calendar.absence.order'),
  })
  .refine((form) => (form.from === null) === (form.to === null), {
    path: ['to'],
    error: message('calendar.absence.bothTimes'),
  });
export type AbsenceForm = z.output<typeof AbsenceForm>;

export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
type Field = `from_${(typeof WEEKDAYS)[number]}` | `to_${(typeof WEEKDAYS)[number]}`;
const hours = Object.fromEntries(
  WEEKDAYS.flatMap((day) => [
    [`from_${day}`, optionalTime()],
    [`to_${day}`, optionalTime()],
  ]),
) as Record<Field, ReturnType<typeof optionalTime>>;

/** A line a weekday; empty: not a working day. All empty: the office's habit again. */
export const WorkingHoursForm = z.strictObject(hours).check(({ value, issues }) => {
  for (const day of WEEKDAYS) {
    const [from, to] = [value[`from_${day}`], value[`to_${day}`]];
    if ((from === null) !== (to === null))
      issues.push({
        code: 'custom',
        path: [from === null ? `from_${day}` : `to_${day}`],
        message: message('calendar.absence.bothTimes'),
        input: value,
      });
    else if (from !== null && to !== null && from >= to)
      issues.push({
        code: 'custom',
        path: [`to_${day}`],
        message: message('calendar.absence.order'),
        input: value,
      });
  }
});
export type WorkingHoursForm = z.output<typeof WorkingHoursForm>;

export const NoFields = z.strictObject({});
