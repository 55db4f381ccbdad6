import { addDays, dayOf, startOfDay, timeOf, toInstant, weekdayOf } from '../lib/time/zone.js';
import { openSpan, type Hours, type Opening, type Span } from '../hours/openingHours.js';
import { dayOfGrid, type Day } from './dayGrid.js';

// Some days as one line of quarter hours, and what happens marked on it. Pure.

/**
 * What a person is in a quarter hour; 0 is free and at work. Bits, for one may be absent and busy at once.
 */
export const BUSY = 1;
export const TENTATIVE = 2;
export const ABSENT = 4;
export const OUTSIDE = 8;

const QUARTER = 15 * 60_000;

export interface TimeLine {
  days: Day[];
  start: Date;
  end: Date;
  units: number;
  /** Wall minute of the day and number of the day of each unit. */
  wall: Uint16Array;
  day: Uint16Array;
}

/** @param lastOn included */
export function lineOf(firstOn: string, lastOn: string, zone: string): TimeLine {
  const days: Day[] = [];
  for (let on = firstOn; on <= lastOn; on = addDays(on, 1)) days.push(dayOfGrid(on, zone));
  const units = days.reduce((sum, day) => sum + day.units, 0);
  const wall = new Uint16Array(units);
  const number = new Uint16Array(units);
  let at = 0;
  days.forEach((day, n) => {
    for (let unit = 0; unit < day.units; unit++, at++) {
      const mark = day.marks[unit] ?? '00:00';
      wall[at] = Number(mark.slice(0, 2)) * 60 + Number(mark.slice(3));
      number[at] = n;
    }
  });
  return {
    days,
    start: startOfDay(firstOn, zone),
    end: startOfDay(addDays(lastOn, 1), zone),
    units,
    wall,
    day: number,
  };
}

export function unitAt(line: TimeLine, instant: Date | number): number {
  return (Number(instant) - line.start.getTime()) / QUARTER;
}

export function instantAt(line: TimeLine, unit: number): Date {
  return new Date(line.start.getTime() + unit * QUARTER);
}

/**
 * Marks a span, rounded to the quarter hours that it touches.
 * @param span milliseconds since the epoch
 */
export function mark(
  line: TimeLine,
  units: Uint8Array,
  bit: number,
  { from, to }: { from: number; to: number },
): void {
  const first = Math.max(0, Math.floor(unitAt(line, from)));
  const last = Math.min(line.units, Math.ceil(unitAt(line, to)));
  for (let at = first; at < last; at++) units[at] = (units[at] ?? 0) | bit;
}

// Rooms and people share few patterns, and everybody looks at the same few weeks: they are worked out once.
const kept = new Map<string, Uint8Array>();
const KEPT = 300;

/** Where `hours` (wall time of `zone`) hold on the line; all 0 elsewhere. Not to be changed by the caller. */
export function openUnits(line: TimeLine, hours: Opening, zone: string): Uint8Array {
  const key = `${line.start.getTime()} ${line.units} ${zone} ${JSON.stringify(hours)}`;
  const known = kept.get(key);
  if (known) return known;
  const units = new Uint8Array(line.units);
  const lastOn = dayOf(new Date(line.end.getTime() - 1), zone);
  for (let on = dayOf(line.start, zone); on <= lastOn; on = addDays(on, 1)) {
    const open = openSpan(hours, on, zone);
    if (!open) continue;
    const first = Math.max(0, Math.ceil(unitAt(line, open.from)));
    const last = Math.min(line.units, Math.floor(unitAt(line, open.to)));
    units.fill(1, first, Math.max(first, last));
  }
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, units);
  return units;
}

export interface Happening {
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  kind: 'busy' | 'tentative' | 'absent';
}

/** A person on the line. */
export function personUnits(
  line: TimeLine,
  hours: readonly Hours[],
  zone: string,
  happenings: readonly Happening[],
): Uint8Array {
  const open = openUnits(line, hours, zone);
  const units = new Uint8Array(line.units);
  for (let at = 0; at < units.length; at++) if (!open[at]) units[at] = OUTSIDE;
  const bits = { busy: BUSY, tentative: TENTATIVE, absent: ABSENT };
  for (const one of happenings) mark(line, units, bits[one.kind], one);
  return units;
}

export interface Run<S> {
  from: number;
  to: number;
  state: S;
}

/** Neighbours of the same state as one. */
export function runsOf<S>(first: number, last: number, stateAt: (unit: number) => S): Run<S>[] {
  const runs: Run<S>[] = [];
  for (let at = first; at < last; at++) {
    const state = stateAt(at);
    const before = runs.at(-1);
    if (before?.state === state) before.to = at + 1;
    else runs.push({ from: at, to: at + 1, state });
  }
  return runs;
}

/** The days of "this week", "next week" or a span of one's own (at most 31 days), in the zone of who asks. */
export function daysOf(
  when: 'this' | 'next' | 'span',
  from: string | null,
  to: string | null,
  today: string,
): { firstOn: string; lastOn: string } {
  const monday = addDays(today, 1 - weekdayOf(today));
  if (when === 'next') return { firstOn: addDays(monday, 7), lastOn: addDays(monday, 13) };
  if (when === 'this' || (!from && !to)) return { firstOn: today, lastOn: addDays(monday, 6) };
  const firstOn = from && from > today ? from : today;
  const wanted = to && to >= firstOn ? to : addDays(firstOn, 6);
  return { firstOn, lastOn: wanted > addDays(firstOn, 30) ? addDays(firstOn, 30) : wanted };
}

/** Wall times of a span in another zone, '09:00–10:00' with the day when it differs. */
export function wallIn(span: Span, zone: string, than: string): { text: string; isOtherDay: boolean } {
  const isOtherDay = dayOf(span.from, zone) !== dayOf(span.from, than);
  return { text: `${timeOf(span.from, zone)}–${timeOf(span.to, zone)}`, isOtherDay };
}

/** Do two zones show the same time then? */
export function isSameTime(instant: Date, a: string, b: string): boolean {
  return a === b || (timeOf(instant, a) === timeOf(instant, b) && dayOf(instant, a) === dayOf(instant, b));
}

/** A typed wall time of the person who asks. */
export function instantOf(on: string, at: string, zone: string): Date | undefined {
  return at === '24:00' ? startOfDay(addDays(on, 1), zone) : toInstant(on, at, zone);
}
