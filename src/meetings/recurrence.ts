import { DateTime } from 'luxon';
import { RRuleTemporal } from 'rrule-temporal';
import type { Translate } from '../lib/i18n/translate.js';
import { addDays, toInstant } from '../lib/time/zone.js';

// A rule in local wall time. Only rules that every calendar program can hold: weekly on one weekday, monthly on one date or
// on one n-th weekday, each every n weeks or months.

export type Frequency = 'weekly' | 'monthly_date' | 'monthly_weekday';
export interface Rule {
  frequency: Frequency;
  /** Every n weeks or months, 1 to 12. */
  every: number;
  /** 1 = Monday … 7 = Sunday; of weekly and monthly_weekday. */
  weekday: number;
  /** 1 to 31; of monthly_date. Months without that date have no meeting. */
  monthDay: number;
  /** 1 to 4, or -1 for the last; of monthly_weekday. */
  nth: number;
}

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export const MAX_MONTHS = 24;

/** RFC 5545 RECUR without COUNT and UNTIL. */
export function writeRule(rule: Rule): string {
  const interval = rule.every > 1 ? `;INTERVAL=${rule.every}` : '';
  const day = DAYS[rule.weekday - 1] ?? 'MO';
  if (rule.frequency === 'weekly') return `FREQ=WEEKLY${interval};BYDAY=${day}`;
  if (rule.frequency === 'monthly_date') return `FREQ=MONTHLY${interval};BYMONTHDAY=${rule.monthDay}`;
  return `FREQ=MONTHLY${interval};BYDAY=${rule.nth}${day}`;
}

/** The rule again, from what is stored. */
export function readRule(text: string): Rule {
  const part = (name: string) => new RegExp(`(?:^|;)${name}=([^;]+)`).exec(text)?.[1];
  const byDay = /^(-?\d)?([A-Z]{2})$/.exec(part('BYDAY') ?? 'MO');
  const monthDay = part('BYMONTHDAY');
  return {
    frequency: part('FREQ') === 'WEEKLY' ? 'weekly' : monthDay ? 'monthly_date' : 'monthly_weekday',
    every: Number(part('INTERVAL') ?? 1),
    weekday: DAYS.indexOf((byDay?.[2] ?? 'MO') as (typeof DAYS)[number]) + 1,
    monthDay: Number(monthDay ?? 1),
    nth: Number(byDay?.[1] ?? 1),
  };
}

/** "every 2 weeks on Monday" in the reader's language. */
export function tellRule(t: Translate, rule: Rule): string {
  const weekday = t(`meetings.weekday.${(Math.min(7, Math.max(1, rule.weekday)) as 1 | 2 | 3 | 4 | 5 | 6 | 7)}`);
  const often = rule.every > 1;
  const count = rule.every;
  if (rule.frequency === 'weekly') return often ? t('meetings.rule.weeks', { count, weekday }) : t('meetings.rule.everyWeek', { weekday });
  const day = rule.monthDay;
  if (rule.frequency === 'monthly_date') return often ? t('meetings.rule.monthsDate', { count, day }) : t('meetings.rule.everyMonthDate', { day });
  const nth = t(`meetings.rule.nth.${rule.nth === -1 ? 'last' : (Math.min(4, Math.max(1, rule.nth)) as 1 | 2 | 3 | 4)}`);
  return often ? t('meetings.rule.monthsWeekday', { count, nth, weekday }) : t('meetings.rule.everyMonthWeekday', { nth, weekday });
}

export interface Occurrences {
  /** The rule's first date: DTSTART. Undefined when the rule has no date in its span. */
  startsOn: string | undefined;
  dates: { on: string; startsAt: Date; endsAt: Date }[];
  /** Dates at which the wall time does not exist (clock change): left out, as RFC 5545 3.3.10 says. */
  leftOut: string[];
}

/**
 * The dates of a rule from a day on, up to and including another one.
 * @param span wall times; `to` not after `from` means the next day
 */
export function occurrencesOf(rule: Rule, span: { fromOn: string; untilOn: string; from: string; to: string; zone: string }): Occurrences {
  const [startsOn] = expand({ ...rule, every: 1 }, span.fromOn, span.untilOn);
  if (!startsOn) return { startsOn, dates: [], leftOut: [] };
  const dates: Occurrences['dates'] = [];
  const leftOut: string[] = [];
  for (const on of expand(rule, startsOn, span.untilOn)) {
    const startsAt = toInstant(on, span.from, span.zone);
    const endsAt = toInstant(span.to > span.from ? on : addDays(on, 1), span.to, span.zone);
    if (startsAt && endsAt && startsAt < endsAt) dates.push({ on, startsAt, endsAt });
    else leftOut.push(on);
  }
  return { startsOn, dates, leftOut };
}

/** Days only, counted in UTC, where every wall time exists. */
function expand(rule: Rule, fromOn: string, untilOn: string): string[] {
  if (untilOn < fromOn) return [];
  const compact = (on: string) => on.replaceAll('-', '');
  const dates = new RRuleTemporal({
    rruleString: `DTSTART;TZID=UTC:${compact(fromOn)}T000000\nRRULE:${writeRule(rule)};UNTIL=${compact(untilOn)}T000000Z`,
    maxIterations: 1000,
  });
  return dates.all().map((date) => date.toPlainDate().toString());
}

/** The last day a rule that begins on this day may reach. */
export function lastDayFor(fromOn: string): string {
  return DateTime.fromISO(fromOn, { zone: 'utc' }).plus({ months: MAX_MONTHS }).toFormat('yyyy-MM-dd');
}
