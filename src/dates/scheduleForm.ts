import { problemsOf, type Problems } from '../lib/http/form.js';
import type { Context } from '../lib/http/route.js';
import { date } from '../lib/http/fields.js';
import { linesOf } from '../meetings/formPage.js';
import {
  lastDayFor,
  MAX_MONTHS,
  occurrencesOf,
  placed,
  untilForCount,
  type Occurrences,
  type Rule,
} from '../series/recurrence.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import type { Schedule } from './schedule.js';
import { choicesOf, MAX_DATES, type DatesForm } from './forms.js';

// What a person filled in about dates, as a schedule or as what is wrong with it.

/** The rule that the form says; null for a list of single dates. */
export function ruleOf(form: DatesForm): Rule | null {
  if (form.frequency === 'dates') return null;
  const weekdays =
    form.frequency === 'weekly' ? [...new Set(form.weekday)].sort((a, b) => a - b) : [form.nth_weekday];
  return {
    frequency: form.frequency,
    every: form.every,
    weekdays,
    monthDay: form.month_day,
    nth: form.nth,
    month: form.month ?? 1,
  };
}

/** The fields of the form that say a rule. */
export function fieldsOfRule(rule: Rule): Record<string, unknown> {
  const { frequency, every, weekdays, monthDay, nth, month } = rule;
  return { frequency, every, weekday: weekdays, month_day: monthDay, nth, nth_weekday: weekdays[0], month };
}

export function scheduleOf(
  c: Context,
  form: DatesForm,
): { schedule: Schedule; minutes: number } | { problems: Problems } {
  const problem = (field: string, message: string) => ({
    problems: problemsOf([{ field, message }], c.req.body),
  });
  if (form.from === form.to) return problem('to', c.t('meetings.form.order'));
  const rule = ruleOf(form);
  const found = rule ? datesOfRule(c, form, rule) : datesOfList(c, form);
  if ('field' in found) return problem(found.field, found.message);
  const { untilOn } = found;
  // Who begins today in the afternoon does not mean this morning. An earlier first day, and a typed date, is
  // meant.
  const isFromToday = rule !== null && form.from_on === dayOf(c.now, form.zone);
  const occurrences = isFromToday
    ? { ...found.occurrences, dates: found.occurrences.dates.filter(({ startsAt }) => startsAt > c.now) }
    : found.occurrences;
  const first = occurrences.dates[0];
  if (!first) return problem(rule ? 'until_on' : 'on_dates', c.t('meetings.series.noDates'));
  if (occurrences.dates.length > MAX_DATES)
    return problem(
      form.ends === 'count' ? 'count' : 'until_on',
      c.t('series.form.tooMany', { count: MAX_DATES }),
    );
  const { choices } = choicesOf(form);
  return {
    minutes: Math.min(1440, Math.round((first.endsAt.getTime() - first.startsAt.getTime()) / 60_000)),
    schedule: {
      rule,
      zone: form.zone,
      from: form.from,
      to: form.to,
      occurrences,
      untilOn,
      roomIds: form.rooms,
      link: form.link,
      place: form.place,
      roomSetup: { layout: form.layout || null, equipment: linesOf(form), expected: form.expected },
      choices,
      mailDomain: c.config.mailDomain,
      now: c.now,
      overrideReason: form.override_reason,
      askReason: form.ask_reason,
    },
  };
}

interface Wrong {
  field: string;
  message: string;
}

function datesOfRule(
  c: Context,
  form: DatesForm,
  rule: Rule,
): { occurrences: Occurrences; untilOn: string } | Wrong {
  if (rule.weekdays.length === 0) return { field: 'weekday', message: c.t('series.form.noWeekday') };
  const tooLong = c.t('meetings.series.tooLong', { count: MAX_MONTHS });
  let untilOn = form.until_on;
  if (form.ends === 'count') {
    if (form.count === null) return { field: 'count', message: c.t('lib.field.required') };
    untilOn = untilForCount(rule, form.from_on, form.count) ?? null;
    if (untilOn === null) return { field: 'count', message: tooLong };
  }
  if (untilOn === null) return { field: 'until_on', message: c.t('lib.field.required') };
  if (untilOn < form.from_on) return { field: 'until_on', message: c.t('meetings.series.untilBefore') };
  if (untilOn > lastDayFor(form.from_on)) return { field: 'until_on', message: tooLong };
  return {
    occurrences: occurrencesOf(rule, {
      fromOn: form.from_on,
      untilOn,
      from: form.from,
      to: form.to,
      zone: form.zone,
    }),
    untilOn,
  };
}

/** The days of a typed list, by time, and what in it is none. */
export function readDays(list: string): { days: string[]; unclear: string[] } {
  const typed = list
    .split(/[\n,;，；、]+/)
    .map((text) => text.trim())
    .filter(Boolean);
  const read = typed.map((text) => ({ text, on: date().safeParse(text).data }));
  return {
    days: [...new Set(read.flatMap(({ on }) => on ?? []))].sort(),
    unclear: read.filter(({ on }) => on === undefined).map(({ text }) => text),
  };
}

function datesOfList(c: Context, form: DatesForm): { occurrences: Occurrences; untilOn: string } | Wrong {
  const { days, unclear } = readDays(form.on_dates);
  if (unclear.length > 0)
    return {
      field: 'on_dates',
      message: c.t('series.form.unclearDates', { dates: unclear.slice(0, 5).join(', ') }),
    };
  if (days.length === 0) return { field: 'on_dates', message: c.t('lib.field.required') };
  const [first = '', last = ''] = [days[0], days.at(-1)];
  if (last > lastDayFor(first))
    return { field: 'on_dates', message: c.t('meetings.series.tooLong', { count: MAX_MONTHS }) };
  return { occurrences: { startsOn: first, ...placed(days, form) }, untilOn: last };
}

/** Wall time at which a date ends that begins at 'HH:MM'. */
export function endAfter(from: string, minutes: number): string {
  return timeOf(new Date(Date.parse(`2000-01-01T${from}:00Z`) + minutes * 60_000), 'UTC');
}
