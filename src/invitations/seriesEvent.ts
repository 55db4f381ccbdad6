import { DAYS, readRule, type Rule } from '../series/recurrence.js';
import type { Announcement } from './announcement.js';
import { calendarEvent, type Attendee, type EventContent, type EventFrame } from './calendarEvent.js';
import {
  datesIn,
  startsOfRule,
  toldOf,
  type SeriesView,
  type ToldDate,
  type ToldSeries,
} from './seriesView.js';
import { zoneHolds } from '../lib/ical/write.js';
import type { CalendarEvent, CalendarRule } from '../lib/ical/event.js';

// A standing meeting as calendar events: the one with the rule, and the dates that differ from it.

/** Who takes part in it as a whole, and in a date; with the replies that count. */
export interface SeriesPeople {
  whole: Attendee[];
  /** By meeting. */
  at(meetingId: number): Attendee[];
  /** Dates for which the recipient answered something else than for the whole, by meeting. */
  differs(meetingId: number): boolean;
  /** Recipients with the same text here get the same file. */
  sameFor: string;
}

/**
 * Everything: the rule, all exceptions, all dates left out (R2). Also what servers get that replace a series
 * by what they are sent last (R5).
 */
export function wholeSet(view: SeriesView, frame: EventFrame, people: SeriesPeople): CalendarEvent[] {
  const { told } = view;
  const dates = datesIn(view);
  return [
    mainEvent({ told, from: view.from }, dates, frame, people.whole),
    ...[...dates.values()]
      .filter((date) => isException(told, date) || people.differs(date.meetingId))
      .map((date) =>
        oneDate(told, date, frame, { attendees: people.at(date.meetingId), status: 'CONFIRMED' }),
      ),
  ];
}

/** For feeds: nobody is named, and a date that was called off not long ago stays to be seen as such. */
export function publishedSet(told: ToldSeries, frame: EventFrame): CalendarEvent[] {
  const [first] = told.dates;
  if (!first) return [];
  return [
    mainEvent({ told, from: first.at }, new Map(told.dates.map((date) => [date.at, date])), frame, []),
    ...told.dates
      .filter((date) => !date.isOn || isException(told, date))
      .map((date) => ({
        ...oneDate(told, date, frame, { attendees: [], status: date.isOn ? 'CONFIRMED' : 'CANCELLED' }),
      })),
  ];
}

/**
 * The event with the rule.
 * @param from start by the rule with which it begins
 * @param dates by start; other starts of the rule are left out
 */
function mainEvent(
  { told, from }: Pick<SeriesView, 'told' | 'from'>,
  dates: ReadonlyMap<string, ToldDate>,
  frame: EventFrame,
  attendees: Attendee[],
): CalendarEvent {
  const { starts, leftOut } = startsOfRule(told);
  const coming = starts.filter((start) => start.toISOString() >= from);
  return {
    ...calendarEvent({ ...frame, attendees, status: 'CONFIRMED', told: usualAt(told, from) }),
    rule: ruleOf(readRule(told.rule), new Date(told.until < from ? from : told.until)),
    excluded: [
      ...coming.filter((start) => !dates.has(start.toISOString())),
      ...leftOut.filter((wall) => wall > from.slice(0, 10)),
    ],
    covers: coming,
    relatedTo: told.follows || undefined,
  };
}

/** A usual date with this start. */
function usualAt(told: ToldSeries, from: string): Announcement {
  return {
    ...told.usual,
    zone: told.zone,
    starts_at: from,
    ends_at: new Date(Date.parse(from) + told.minutes * 60_000).toISOString(),
  };
}

function isException({ minutes }: ToldSeries, { at, start, end, own }: ToldDate): boolean {
  return own !== null || start !== at || Date.parse(end) - Date.parse(start) !== minutes * 60_000;
}

/**
 * One date by itself (R3), or called off (R4). A cancellation repeats it as it was told last.
 * @param status undefined when it is taken from one person only (R7)
 */
export function oneDate(
  told: ToldSeries,
  date: ToldDate,
  frame: EventFrame,
  { attendees, status }: Pick<EventContent, 'attendees' | 'status'>,
): CalendarEvent {
  return {
    ...calendarEvent({
      ...frame,
      attendees,
      status,
      told: { ...toldOf(told, date), zone: told.zone },
    }),
    recurrenceId: new Date(date.at),
  };
}

/** All of it withdrawn (X1, X2). */
export function seriesCancelled(
  { told, from }: SeriesView,
  frame: EventFrame,
  { attendees, status }: Pick<EventContent, 'attendees' | 'status'>,
): CalendarEvent {
  return calendarEvent({
    ...frame,
    attendees,
    status,
    told: usualAt(told, from),
  });
}

function ruleOf(rule: Rule, until: Date): CalendarRule {
  const named = rule.weekdays.map((day) => DAYS[day - 1] ?? 'MO');
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
 * Can calendars hold it as one event? Not when the zone changes its own rules within its time, so that no
 * VTIMEZONE holds for all dates, or when a date has come into it that its rule does not have.
 */
export function canBeOneEvent(told: ToldSeries): boolean {
  const { starts } = startsOfRule(told);
  const known = new Set(starts.map((start) => start.toISOString()));
  return (
    told.dates.every(({ at }) => known.has(at)) &&
    zoneHolds(told.zone, [
      ...starts,
      ...told.dates.flatMap(({ start, end }) => [new Date(start), new Date(end)]),
    ])
  );
}
