import { z } from 'zod';
import {
  choice,
  date,
  flag,
  line,
  message,
  onceKey,
  optionalDate,
  optionalLine,
  time,
  version,
} from '../lib/http/fields.js';

/** Most days that one form adds. */
export const MOST_DAYS = 31;

const names = { name_en: line(100), name_zh: line(100) };

export const NewCalendarForm = z.strictObject({ ...names, key: onceKey() });
export const CalendarForm = z.strictObject({ ...names, version: version() });
export const CalendarDefaultForm = z.strictObject({ is_default: flag() });
export const CalendarQuery = z.object({
  year: z
    .string()
    .regex(/^(19|20|21)\d\d$/)
    .transform(Number)
    .optional()
    .catch(undefined),
});

function checkRange(form: { from_on: string; to_on: string | null }, context: z.RefinementCtx): void {
  if (!form.to_on) return;
  const days = (Date.parse(form.to_on) - Date.parse(form.from_on)) / 86_400_000 + 1;
  if (days < 1)
    context.addIssue({ code: 'custom', path: ['to_on'], message: message('hours.problem.order') });
  else if (days > MOST_DAYS)
    context.addIssue({
      code: 'custom',
      path: ['to_on'],
      message: message('hours.problem.tooMany', { count: MOST_DAYS }),
    });
}

/** One day or several with the same name; one of the two names may be left out. */
export const HolidayForm = z
  .strictObject({
    from_on: date(),
    to_on: optionalDate(),
    kind: choice(['holiday', 'workday']),
    as_weekday: choice(['1', '2', '3', '4', '5', '6', '7']).transform(Number),
    name_en: optionalLine(100),
    name_zh: optionalLine(100),
  })
  .superRefine(checkRange)
  .refine((form) => form.name_en !== null || form.name_zh !== null, {
    path: ['name_en'],
    error: message('hours.problem.oneName'),
  });
export const HolidayRemovalForm = z.strictObject({ on: date() });

/** A day on which a room is closed, or open at other times than in its week. */
export const ExceptionForm = z
  .strictObject({
    from_on: date(),
    to_on: optionalDate(),
    kind: choice(['closed', 'hours']),
    opens_at: z
      .literal('')
      .transform(() => null)
      .or(time())
      .optional()
      .transform((at) => at ?? null),
    closes_at: z
      .literal('')
      .transform(() => null)
      .or(z.literal('24:00'))
      .or(time())
      .optional()
      .transform((at) => at ?? null),
    note: line(200),
  })
  .superRefine(checkRange)
  .superRefine((form, context) => {
    if (form.kind === 'closed') return;
    if (!form.opens_at)
      context.addIssue({ code: 'custom', path: ['opens_at'], message: message('lib.field.time') });
    if (!form.closes_at)
      context.addIssue({ code: 'custom', path: ['closes_at'], message: message('lib.field.time') });
    if (form.opens_at && form.closes_at && form.opens_at >= form.closes_at)
      context.addIssue({ code: 'custom', path: ['closes_at'], message: message('rooms.problem.hours') });
  });
export const ExceptionRemovalForm = z.strictObject({ on: date() });

export interface KeptHolidays {
  rule: 'office' | 'own' | 'none';
  calendarId: number | null;
}

/** Which holidays a room keeps: 'office', 'none', or a calendar's id. */
const keptHolidays = () =>
  z
    .string()
    .regex(/^(office|none|[1-9]\d{0,14})$/, { error: message('lib.field.choice') })
    .transform((kept): KeptHolidays =>
      kept === 'office' || kept === 'none'
        ? { rule: kept, calendarId: null }
        : { rule: 'own', calendarId: Number(kept) },
    );
export const RoomCalendarForm = z.strictObject({ calendar: keptHolidays(), was: keptHolidays() });

export const ImportForm = z.strictObject({
  text: z
    .string()
    .max(500_000)
    .optional()
    .transform((text) => text?.trim() ?? ''),
});
export const ImportRunForm = z.strictObject({ lines: choice(['good', 'all']) });
