import { DateTime } from 'luxon';
import type { Translate } from '../lib/i18n/translate.js';
import { addDays, toInstant, weekdayOf } from '../lib/time/zone.js';

// A rule in local wall time. Only rules that every calendar program can hold (Outlook is the narrowest):
// daily, weekly on one or several weekdays, monthly or yearly on one date or on one n-th weekday, each every
// n days, weeks, months or years.

export const FREQUENCIES = [
  'daily',
  'weekly',
  'monthly_date',
  'monthly_weekday',
  'yearly_date',
  'yearly_weekday',
] as const;
export type Frequency = (typeof FREQUENCIES)[number];
export interface Rule {
  frequency: Frequency;
  /** Every n days, weeks, months or years, 1 to 12. */
  every: number;
  /** 1 = Monday … 7 = Sunday, at least one; of weekly, and of the n-th weekdays, which have one. */
  weekdays: number[];
  /** 1 to 31; of the dates. Months without that date have no meeting. */
  monthDay: number;
  /** 1 to 4, or -1 for the last; of the n-th weekdays. */
  nth: number;
  /** 1 to 12; of the yearly ones. */
  month: number;
}

export const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export const MAX_MONTHS = 24;

/** RFC 5545 RECUR without COUNT and UNTIL. */
export function writeRule(rule: Rule): string {
  const interval = rule.every > 1 ? `;INTERVAL=${rule.every}` : '';
  const days = [...rule.weekdays].sort((a, b) => a - b).map((day) => DAYS[day - 1]);
  switch (rule.frequency) {
    case 'daily':
      return `FREQ=DAILY${interval}`;
    case 'weekly':
      return `FREQ=WEEKLY${interval};BYDAY=${days.join(',')}`;
    case 'monthly_date':
      return `FREQ=MONTHLY${interval};BYMONTHDAY=${rule.monthDay}`;
    case 'monthly_weekday':
      return `FREQ=MONTHLY${interval};BYDAY=${rule.nth}${days[0]}`;
    case 'yearly_date':
      return `FREQ=YEARLY${interval};BYMONTH=${rule.month};BYMONTHDAY=${rule.monthDay}`;
    case 'yearly_weekday':
      return `FREQ=YEARLY${interval};BYMONTH=${rule.month};BYDAY=${rule.nth}${days[0]}`;
  }
}

const SPANS: Record<string, 'daily' | 'weekly' | 'monthly' | 'yearly'> = {
  DAILY: 'daily',
  WEEKLY: 'weekly',
  MONTHLY: 'monthly',
  YEARLY: 'yearly',
};

/** The rule again, from what is stored. */
export function readRule(text: string): Rule {
  const part = (name: string) => new RegExp(`(?:^|;)${name}=([^;]+)`).exec(text)?.[1];
  const byDay = (part('BYDAY') ?? 'MO').split(',').map((day) => /^(-?\d)?([A-Z]{2})$/.exec(day));
  const monthDay = part('BYMONTHDAY');
  const span = SPANS[part('FREQ') ?? ''] ?? 'weekly';
  return {
    frequency: span === 'daily' || span === 'weekly' ? span : `${span}_${monthDay ? 'date' : 'weekday'}`,
    every: Number(part('INTERVAL') ?? 1),
    weekdays: byDay.map((found) => DAYS.indexOf((found?.[2] ?? 'MO') as (typeof DAYS)[number]) + 1),
    monthDay: Number(monthDay ?? 1),
    nth: Number(byDay[0]?.[1] ?? 1),
    month: Number(part('BYMONTH') ?? 1),
  };
}

const WORKDAYS = '1,2,3,4,5';

type Month = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12;

/** "every 2 weeks on Monday" in the reader's language. */
export function describeRule(t: Translate, rule: Rule): string {
  const named = (day: number) =>
    t(`meetings.weekday.${Math.min(7, Math.max(1, day)) as 1 | 2 | 3 | 4 | 5 | 6 | 7}`);
  const often = rule.every > 1;
  const count = rule.every;
  const day = rule.monthDay;
  const weekday = rule.weekdays.map(named).join(t('series.rule.comma'));
  const nth = t(
    `meetings.rule.nth.${rule.nth === -1 ? 'last' : (Math.min(4, Math.max(1, rule.nth)) as 1 | 2 | 3 | 4)}`,
  );
  const month = t(`series.month.${Math.min(12, Math.max(1, rule.month)) as Month}`);
  switch (rule.frequency) {
    case 'daily':
      return often ? t('series.rule.days', { count }) : t('series.rule.everyDay');
    case 'weekly':
      if (!often && rule.weekdays.join() === WORKDAYS) return t('series.rule.workdays');
      return often ? t('meetings.rule.weeks', { count, weekday }) : t('meetings.rule.everyWeek', { weekday });
    case 'monthly_date':
      return often
        ? t('meetings.rule.monthsDate', { count, day })
        : t('meetings.rule.everyMonthDate', { day });
    case 'monthly_weekday':
      return often
        ? t('meetings.rule.monthsWeekday', { count, nth, weekday })
        : t('meetings.rule.everyMonthWeekday', { nth, weekday });
    case 'yearly_date':
      return often
        ? t('series.rule.yearsDate', { count, month, day })
        : t('series.rule.everyYearDate', { month, day });
    case 'yearly_weekday':
      return often
        ? t('series.rule.yearsWeekday', { count, month, nth, weekday })
        : t('series.rule.everyYearWeekday', { month, nth, weekday });
  }
}

export interface Occurrence {
  /** Local day 'YYYY-MM-DD' of the start by the rule. */
  on: string;
  startsAt: Date;
  endsAt: Date;
}

export interface Occurrences {
  /** The rule's first date: DTSTART. Undefined when the rule has no date in its span. */
  startsOn: string | undefined;
  dates: Occurrence[];
  /** Dates at which the wall time does not exist (clock change): left out, as RFC 5545 3.3.10 says. */
  leftOut: string[];
}

interface Wall {
  from: string;
  to: string;
  zone: string;
}

/**
 * The dates of a rule from a day on, up to and including another one.
 * @param span wall times; `to` not after `from` means the next day
 */
export function occurrencesOf(rule: Rule, span: Wall & { fromOn: string; untilOn: string }): Occurrences {
  const days = daysOf(rule, span.fromOn, span.untilOn);
  return { startsOn: days[0], ...placed(days, span) };
}

/** Single dates at one wall time, for a list that follows no rule. Each stands for itself. */
export function placed(days: string[], span: Wall): Pick<Occurrences, 'dates' | 'leftOut'> {
  const dates: Occurrence[] = [];
  const leftOut: string[] = [];
  for (const on of days) {
    const startsAt = toInstant(on, span.from, span.zone);
    const endsAt = toInstant(span.to > span.from ? on : addDays(on, 1), span.to, span.zone);
    if (startsAt && endsAt && startsAt < endsAt) dates.push({ on, startsAt, endsAt });
    else leftOut.push(on);
  }
  return { dates, leftOut };
}

/**
 * The day of the n-th date of a rule that begins on a day: what COUNT becomes before it is stored.
 * @returns undefined when it lies beyond the longest time a rule may reach
 */
export function untilForCount(rule: Rule, fromOn: string, count: number): string | undefined {
  return daysOf(rule, fromOn, lastDayFor(fromOn))[count - 1];
}

/** The last day a rule that begins on this day may reach. */
export function lastDayFor(fromOn: string): string {
  return DateTime.fromISO(fromOn, { zone: 'utc' }).plus({ months: MAX_MONTHS }).toFormat('yyyy-MM-dd');
}

/**
 * Days only, by counting: a library that expands any rule takes longer for 52 dates than booking them does.
 * The first date is the first day that fits the rule; every n counts from there, weeks from Monday (RFC 5545
 * WKST).
 */
function daysOf(rule: Rule, fromOn: string, untilOn: string): string[] {
  const found: string[] = [];
  const add = (day: string | undefined): boolean =>
    day !== undefined && day >= fromOn && day <= untilOn && found.push(day) > 0;
  if (rule.frequency === 'daily') {
    for (let day = fromOn; day <= untilOn; day = addDays(day, rule.every)) add(day);
    return found;
  }
  if (rule.frequency === 'weekly') {
    const weekdays = [...new Set(rule.weekdays)].sort((a, b) => a - b);
    let monday = addDays(fromOn, 1 - weekdayOf(fromOn));
    while (monday <= untilOn) {
      for (const weekday of weekdays) add(addDays(monday, weekday - 1));
      // Before the first date every week is tried, after it every n-th.
      monday = addDays(monday, 7 * (found.length > 0 ? rule.every : 1));
    }
    return found;
  }
  const isYearly = rule.frequency === 'yearly_date' || rule.frequency === 'yearly_weekday';
  const last = monthIndex(untilOn);
  for (
    let month = monthIndex(fromOn);
    month <= last;
    month += found.length > 0 ? rule.every * (isYearly ? 12 : 1) : 1
  ) {
    if (!isYearly || (month % 12) + 1 === rule.month) add(dayInMonth(rule, month));
  }
  return found;
}

/** Months since year 0. */
function monthIndex(on: string): number {
  return Number(on.slice(0, 4)) * 12 + Number(on.slice(5, 7)) - 1;
}

/** The rule's day of one month, or undefined for a date that the month does not have. */
function dayInMonth(rule: Rule, month: number): string | undefined {
  const year = String(Math.floor(month / 12)).padStart(4, '0');
  const prefix = `${year}-${String((month % 12) + 1).padStart(2, '0')}-`;
  const length = new Date(Date.UTC(Math.floor(month / 12), (month % 12) + 1, 0)).getUTCDate();
  const day = rule.frequency.endsWith('_date')
    ? rule.monthDay
    : nthWeekday(rule, weekdayOf(`${prefix}01`), length);
  return day <= length ? prefix + String(day).padStart(2, '0') : undefined;
}

function nthWeekday(rule: Rule, firstIs: number, length: number): number {
  const first = 1 + (((rule.weekdays[0] ?? 1) - firstIs + 7) % 7);
  return rule.nth > 0 ? first + 7 * (rule.nth - 1) : first + 7 * Math.floor((length - first) / 7);
}
