import { addDays, dayOf, startOfDay, timeOf, toInstant, weekdayOf } from '../lib/time/zone.js';

/** Opening hours of one weekday (1 = Monday … 7 = Sunday) in the office's wall time; `closes_at` may be '24:00'. */
export interface Hours {
  weekday: number;
  opens_at: string;
  closes_at: string;
}

/** A span of instants, half-open. */
export interface Span {
  from: Date;
  to: Date;
}

/** When a room is open on a local day of the office, or undefined when it is closed that day. */
export function openSpan(hours: readonly Hours[], on: string, zone: string): Span | undefined {
  const weekday = weekdayOf(on);
  const open = hours.find((row) => row.weekday === weekday);
  if (!open) return undefined;
  const to = open.closes_at === '24:00' ? startOfDay(addDays(on, 1), zone) : wallInstant(on, open.closes_at, zone);
  const from = wallInstant(on, open.opens_at, zone);
  return from < to ? { from, to } : undefined;
}

/** A wall time that a clock change skips counts as the moment of the change. */
function wallInstant(on: string, at: string, zone: string): Date {
  const exact = toInstant(on, at, zone);
  if (exact) return exact;
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  const guess = new Date(startOfDay(on, zone).getTime() + (hour * 60 + minute) * 60_000);
  // One hour too far at most: go back to the first instant whose wall time is not before the one asked for.
  for (let back = new Date(guess.getTime() - 2 * 3_600_000); back < guess; back = new Date(back.getTime() + 15 * 60_000)) {
    if (dayOf(back, zone) === on && timeOf(back, zone) >= at) return back;
  }
  return guess;
}

export interface OutsideHours {
  /** The local day on which it doesn't fit. */
  on: string;
  /** 'HH:MM' both; undefined when the room is closed that day. */
  opens_at?: string;
  closes_at?: string;
}

/** The first day on which a time is not within the opening hours, or undefined when all of it is. */
export function outsideHours(hours: readonly Hours[], from: Date, to: Date, zone: string): OutsideHours | undefined {
  const last = dayOf(new Date(to.getTime() - 1), zone);
  for (let on = dayOf(from, zone); on <= last; on = addDays(on, 1)) {
    const open = openSpan(hours, on, zone);
    const dayEnd = startOfDay(addDays(on, 1), zone);
    const start = Math.max(from.getTime(), startOfDay(on, zone).getTime());
    const end = Math.min(to.getTime(), dayEnd.getTime());
    if (!open) return { on };
    if (start < open.from.getTime() || end > open.to.getTime()) {
      const row = hours.find(({ weekday }) => weekday === weekdayOf(on));
      return { on, opens_at: row?.opens_at, closes_at: row?.closes_at };
    }
  }
  return undefined;
}
