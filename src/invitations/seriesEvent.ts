import { readRule, type Rule } from '../meetings/recurrence.js';
import { calendarEvent, type Attendee, type EventWish } from './calendarEvent.js';
import { datesIn, startsOfRule, toldOf, type SeriesView, type ToldDate, type ToldSeries } from './seriesView.js';
import { zoneHolds, type CalendarEvent, type CalendarRule } from './ical.js';

// A standing meeting as calendar events: the one with the rule, and the dates that differ from it.

/** Same for all parts of one message. */
export type SeriesFrame = Pick<EventWish, 'facts' | 'sequence' | 'stampedAt' | 'organizerAddress' | 'sentBy' | 'mailDomain' | 'reader'>;

/** Who takes part in it as a whole, and in a date; with the replies that count. */
export interface SeriesPeople {
  whole: Attendee[];
  /** By meeting. */
  at(meetingId: number): Attendee[];
  /** Dates for which the recipient answered something else than for the whole, by meeting. */
  differs(meetingId: number): boolean;
}

/** Everything: the rule, all exceptions, all dates left out (R2). Also what servers get that replace a series by what they are sent last (R5). */
export function wholeSet(view: SeriesView, frame: SeriesFrame, people: SeriesPeople): CalendarEvent[] {
  const { told } = view;
  const dates = datesIn(view);
  const { starts, leftOut } = startsOfRule(told);
  const from = new Date(view.from);
  const first = calendarEvent({
    ...frame, attendees: people.whole, status: 'CONFIRMED',
    told: { ...told.usual, zone: told.zone, starts_at: view.from, ends_at: new Date(from.getTime() + told.minutes * 60_000).toISOString() },
  });
  const coming = starts.filter((start) => start >= from);
  return [
    {
      ...first,
      rule: ruleOf(readRule(told.rule), told.until < view.from ? from : new Date(told.until)),
      excluded: [...coming.filter((start) => !dates.has(start.toISOString())), ...leftOut.filter((wall) => wall > view.from.slice(0, 10))],
      covers: coming,
      ...(told.follows ? { relatedTo: told.follows } : {}),
    },
    ...[...dates.values()].filter((date) => isException(told, date) || people.differs(date.meetingId)).map((date) => oneDate(told, date, frame, people.at(date.meetingId))),
  ];
}

/** For feeds: nobody is named, and a date that was called off not long ago stays to be seen as such. */
export function publishedSet(told: ToldSeries, frame: SeriesFrame): CalendarEvent[] {
  const [first] = told.dates;
  if (!first) return [];
  const { starts, leftOut } = startsOfRule(told);
  const known = new Set(told.dates.map(({ at }) => at));
  const from = new Date(first.at);
  const coming = starts.filter((start) => start >= from);
  const end = new Date(from.getTime() + told.minutes * 60_000).toISOString();
  return [
    {
      ...calendarEvent({ ...frame, attendees: [], status: 'CONFIRMED', told: { ...told.usual, zone: told.zone, starts_at: first.at, ends_at: end } }),
      rule: ruleOf(readRule(told.rule), new Date(told.until)),
      excluded: [...coming.filter((start) => !known.has(start.toISOString())), ...leftOut.filter((wall) => wall > first.at.slice(0, 10))],
      covers: coming,
    },
    ...told.dates.filter((date) => !date.isOn || isException(told, date)).map((date) => ({ ...oneDate(told, date, frame, []), ...(date.isOn ? {} : { status: 'CANCELLED' as const }) })),
  ];
}

function isException({ minutes }: ToldSeries, { at, start, end, own }: ToldDate): boolean {
  return own !== null || start !== at || Date.parse(end) - Date.parse(start) !== minutes * 60_000;
}

/** One date by itself (R3). */
export function oneDate(told: ToldSeries, date: ToldDate, frame: SeriesFrame, attendees: Attendee[]): CalendarEvent {
  return { ...calendarEvent({ ...frame, attendees, status: 'CONFIRMED', told: { ...toldOf(told, date), zone: told.zone } }), recurrenceId: new Date(date.at) };
}

/** One date called off (R4), or taken from one person (R7): repeats it as it was told last. */
export function dateCancelled(told: ToldSeries, date: ToldDate, frame: SeriesFrame, attendees: Attendee[], isWhole: boolean): CalendarEvent {
  return { ...calendarEvent({ ...frame, attendees, status: isWhole ? 'CANCELLED' : undefined, told: { ...toldOf(told, date), zone: told.zone } }), recurrenceId: new Date(date.at) };
}

/** All of it withdrawn (X1, X2). */
export function seriesCancelled(view: SeriesView, frame: SeriesFrame, attendees: Attendee[], isWhole: boolean): CalendarEvent {
  const { told } = view;
  const end = new Date(Date.parse(view.from) + told.minutes * 60_000).toISOString();
  return calendarEvent({ ...frame, attendees, status: isWhole ? 'CANCELLED' : undefined, told: { ...told.usual, zone: told.zone, starts_at: view.from, ends_at: end } });
}

function ruleOf(rule: Rule, until: Date): CalendarRule {
  const days = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
  const named = rule.weekdays.map((day) => days[day - 1] ?? 'MO');
  const common = { interval: rule.every, until };
  switch (rule.frequency) {
    case 'daily':
      return { ...common, frequency: 'DAILY' };
    case 'weekly':
      return { ...common, frequency: 'WEEKLY', byDay: named };
    case 'monthly_date':
      return { ...common, frequency: 'MONTHLY', byMonthDay: rule.monthDay };
    case 'monthly_weekday':
      return { ...common, frequency: 'MONTHLY', byDay: [`${rule.nth}${named[0]}`] };
    case 'yearly_date':
      return { ...common, frequency: 'YEARLY', byMonth: rule.month, byMonthDay: rule.monthDay };
    case 'yearly_weekday':
      return { ...common, frequency: 'YEARLY', byMonth: rule.month, byDay: [`${rule.nth}${named[0]}`] };
  }
}

/**
 * Can calendars hold it as one event? Not when the zone changes its own rules within its time, so that no VTIMEZONE holds for all
 * dates, or when a date has come into it that its rule does not have.
 */
export function canBeOneEvent(told: ToldSeries): boolean {
  const { starts } = startsOfRule(told);
  const known = new Set(starts.map((start) => start.toISOString()));
  return told.dates.every(({ at }) => known.has(at)) && zoneHolds(told.zone, [...starts, ...told.dates.flatMap(({ start, end }) => [new Date(start), new Date(end)])]);
}
