import { occurrencesOf, readRule } from '../series/recurrence.js';
import { dayOf } from '../lib/time/zone.js';
import type { Announcement } from './announcement.js';

// What one person's calendar holds of a standing meeting, and what a mail must say so that it holds what
// stands. Pure.

/** One date as people are told of it. */
export interface ToldDate {
  meetingId: number;
  /** Start by the rule, ISO: the RECURRENCE-ID. */
  at: string;
  isOn: boolean;
  reason: string | null;
  /** The meeting's SEQUENCE at which answers began to count. */
  timeSequence: number;
  start: string;
  end: string;
  /**
   * What differs from the usual; null when only the time may. Without number: that would make every date an
   * exception.
   */
  own: Announcement | null;
}

/** What is kept with each revision of a recurrence. */
export interface ToldSeries {
  uid: string;
  /** UID of the recurrence that this one follows. */
  follows: string | null;
  /** RECUR without UNTIL. */
  rule: string;
  zone: string;
  startsOn: string;
  /** 'HH:MM' */
  startsAtTime: string;
  until: string;
  usual: Announcement;
  /** Of a usual date, in minutes. */
  minutes: number;
  dates: ToldDate[];
}

/** The part of it that one person is invited to. */
export interface SeriesView {
  told: ToldSeries;
  /** Start by the rule with which the event of this person begins. */
  from: string;
  /** Dates that are on but not this person's, by start. */
  without: string[];
}

export interface StandingDate {
  meetingId: number;
  at: Date;
  isOn: boolean;
  reason: string | null;
  timeSequence: number;
  told: Announcement;
}

/** Finds the usual among the dates: what most of them say; of several the one that comes first. */
export function seriesTold(
  rule: Omit<ToldSeries, 'usual' | 'minutes' | 'dates'>,
  dates: StandingDate[],
): ToldSeries | undefined {
  const counts = new Map<string, { told: Announcement; minutes: number; count: number }>();
  for (const { told, isOn } of dates) {
    const key = `${minutesOf(told)} ${textOf(told)}`;
    const found = counts.get(key) ?? { told, minutes: minutesOf(told), count: 0 };
    // A date that is called off says little about the usual, but is better than nothing.
    counts.set(key, { ...found, count: found.count + (isOn ? 1000 : 1) });
  }
  const [usual] = [...counts.values()].sort((a, b) => b.count - a.count);
  if (!usual) return undefined;
  const common = textOf(usual.told);
  return {
    ...rule,
    usual: { ...usual.told, number: null },
    minutes: usual.minutes,
    dates: dates.map(({ meetingId, at, isOn, reason, timeSequence, told }) => ({
      meetingId,
      at: at.toISOString(),
      isOn,
      reason,
      timeSequence,
      start: iso(told.starts_at),
      end: iso(told.ends_at),
      own: textOf(told) === common ? null : { ...told, number: null },
    })),
  };
}

function minutesOf(told: Announcement): number {
  return (Date.parse(told.ends_at ?? '') - Date.parse(told.starts_at ?? '')) / 60_000;
}

function iso(instant: string | null): string {
  return new Date(instant ?? '').toISOString();
}

/** All that is told of a date but its time and number. */
function textOf(told: Announcement): string {
  const { title, place, link, description, is_private, rooms, organiser, booked_for, chair } = told;
  return JSON.stringify([
    title,
    place,
    link ?? '',
    description,
    is_private,
    organiser.id,
    booked_for?.id,
    chair?.id,
    rooms.filter((room) => !room.is_refused).map(({ id }) => id),
  ]);
}

/** The dates that stand in this person's calendar, by start. */
export function datesIn({ told, from, without }: SeriesView): Map<string, ToldDate> {
  const left = new Set(without);
  return new Map(
    told.dates.filter(({ at, isOn }) => isOn && at >= from && !left.has(at)).map((date) => [date.at, date]),
  );
}

/** A date as it is told, whole. */
export function toldOf(told: ToldSeries, date: ToldDate): Announcement {
  return { ...(date.own ?? told.usual), starts_at: date.start, ends_at: date.end };
}

/** One date that is not as this person knows it: new (`was` missing), gone (`is` missing), or another. */
export interface DateChange {
  at: string;
  was: ToldDate | undefined;
  is: ToldDate | undefined;
  /** Another time, or somewhere else to go, asks people again; a new text does not. */
  asks: boolean;
}

/** What became of the coming dates; the past is left alone. */
export function changesBetween(before: SeriesView, after: SeriesView | undefined, now: Date): DateChange[] {
  const [held, standing] = [datesIn(before), after ? datesIn(after) : new Map<string, ToldDate>()];
  const isComing = (date: ToldDate | undefined) => date !== undefined && Date.parse(date.end) > now.getTime();
  return [...new Set([...held.keys(), ...standing.keys()])].sort().flatMap((at) => {
    const [was, is] = [held.get(at), standing.get(at)];
    if (!isComing(was) && !isComing(is)) return [];
    const difference =
      was && is && after ? differenceOf(toldOf(before.told, was), toldOf(after.told, is)) : 'asks';
    return difference === 'none' ? [] : [{ at, was, is, asks: difference === 'asks' }];
  });
}

export type SeriesMessage =
  /** The whole event: rule, exceptions, dates left out. */
  | { kind: 'whole'; asks: boolean }
  | { kind: 'date'; at: string; asks: boolean }
  | { kind: 'dateCancelled'; at: string }
  | { kind: 'cancelled' };

/**
 * What has to be said; undefined: nothing.
 * @param before what the person holds; undefined before the first invitation and after a cancellation of the
 * whole
 * @param after undefined when the person has no part in it any more
 */
export function messageFor(
  before: SeriesView | undefined,
  after: SeriesView | undefined,
  now: Date,
): SeriesMessage | undefined {
  const standing = after ? datesIn(after) : new Map<string, ToldDate>();
  if (!before || datesIn(before).size === 0) {
    return [...standing.values()].some(({ end }) => Date.parse(end) > now.getTime())
      ? { kind: 'whole', asks: true }
      : undefined;
  }
  const changes = changesBetween(before, after, now);
  const [first] = changes;
  if (!first) return undefined;
  if (standing.size === 0) return { kind: 'cancelled' };
  // A date before the one with which the event begins is no exception of it: the event begins anew.
  if (changes.length > 1 || before.from !== after?.from)
    return { kind: 'whole', asks: changes.some(({ asks }) => asks) };
  return first.is
    ? { kind: 'date', at: first.at, asks: first.asks }
    : { kind: 'dateCancelled', at: first.at };
}

function differenceOf(was: Announcement, is: Announcement): 'none' | 'text' | 'asks' {
  if (
    Date.parse(was.starts_at ?? '') !== Date.parse(is.starts_at ?? '') ||
    Date.parse(was.ends_at ?? '') !== Date.parse(is.ends_at ?? '')
  )
    return 'asks';
  if (whereaboutsOf(was) !== whereaboutsOf(is)) return 'asks';
  return textOf(was) === textOf(is) ? 'none' : 'text';
}

/** Where one has to go; two rooms of one building are one whereabouts. */
export function whereaboutsOf({ place, rooms }: Announcement): string {
  return JSON.stringify([
    place,
    [...new Set(rooms.filter((room) => !room.is_refused).map(({ building }) => building))].sort(),
  ]);
}

/**
 * Every start of the rule: instants, and as wall time those that a clock change leaves out (RFC 5545 3.3.10).
 */
export function startsOfRule(
  told: Pick<ToldSeries, 'rule' | 'zone' | 'startsOn' | 'startsAtTime' | 'until'>,
): { starts: Date[]; leftOut: string[] } {
  const until = new Date(told.until);
  // Any end will do: only the starts are asked for.
  const to = told.startsAtTime < '23:58' ? '23:59' : '12:00';
  const found = occurrencesOf(readRule(told.rule), {
    fromOn: told.startsOn,
    untilOn: dayOf(until, told.zone),
    from: told.startsAtTime,
    to,
    zone: told.zone,
  });
  return {
    starts: found.dates.map(({ startsAt }) => startsAt).filter((start) => start <= until),
    leftOut: found.leftOut.map((on) => `${on}T${told.startsAtTime}:00`),
  };
}

/**
 * The part of somebody invited to these dates.
 * @param mine meetings that are theirs  @param heldFrom where their event began until now
 * @returns undefined when nothing that is on is theirs
 */
export function viewOf(
  told: ToldSeries,
  mine: ReadonlySet<number>,
  now: Date,
  heldFrom: string | undefined,
): SeriesView | undefined {
  const own = told.dates.filter(({ isOn, meetingId }) => isOn && mine.has(meetingId));
  const first = own.find(({ end }) => Date.parse(end) > now.getTime())?.at;
  const from = heldFrom !== undefined && (first === undefined || heldFrom < first) ? heldFrom : first;
  if (from === undefined) return undefined;
  return {
    told,
    from,
    without: told.dates
      .filter(({ isOn, at, meetingId }) => isOn && at >= from && !mine.has(meetingId))
      .map(({ at }) => at),
  };
}

/** One confidential date makes the whole letter confidential. */
export function isPrivate({ usual, dates }: ToldSeries): boolean {
  return usual.is_private || dates.some(({ own }) => own?.is_private === true);
}
