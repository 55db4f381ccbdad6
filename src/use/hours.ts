import { addDays, startOfDay, weekdayOf } from '../lib/time/zone.js';
import { openSpan, type Opening } from '../hours/openingHours.js';
import { dayOfGrid } from '../calendar/dayGrid.js';

// How long rooms can be booked in a period. Pure. All instants are seconds since 1970, so that the database
// adds up plain numbers.

/** Seconds, half-open. */
export interface Stretch {
  from: number;
  to: number;
}

/**
 * A period cut into its local days, and a day of a clock change cut once more where the clock changes: within
 * each piece wall time runs as evenly as time itself, so an hour of the wall clock is a division, also for
 * the database.
 */
export interface Pieces {
  /** One more than there are pieces: the last is the end of the period. */
  starts: number[];
  /** Seconds of wall time at which each piece begins. */
  walls: number[];
  weekdays: number[];
  /** Index of its day in `days`. */
  dayOf: number[];
  days: string[];
}

const seconds = (instant: Date) => instant.getTime() / 1000;

export function piecesOf(first: string, last: string, zone: string): Pieces {
  const pieces: Pieces = { starts: [], walls: [], weekdays: [], dayOf: [], days: [] };
  const add = (on: string, start: number, wall: number) => {
    pieces.starts.push(start);
    pieces.walls.push(wall);
    pieces.weekdays.push(weekdayOf(on));
    pieces.dayOf.push(pieces.days.length - 1);
  };
  let start = seconds(startOfDay(first, zone));
  for (let on = first; on <= last; on = addDays(on, 1)) {
    const end = seconds(startOfDay(addDays(on, 1), zone));
    pieces.days.push(on);
    if (end - start === 86_400) add(on, start, 0);
    else {
      const { marks, units } = dayOfGrid(on, zone);
      const wall = (unit: number) =>
        Number(marks[unit]?.slice(0, 2)) * 3600 + Number(marks[unit]?.slice(3)) * 60;
      add(on, start, wall(0));
      for (let unit = 1; unit < units; unit++)
        if (wall(unit) - wall(unit - 1) !== 900) add(on, start + unit * 900, wall(unit));
    }
    start = end;
  }
  pieces.starts.push(start);
  return pieces;
}

/** A room as far as its hours matter. */
export interface HoursRoom {
  id: number;
  /** Undefined: nobody can say, as of a room that is no longer there. */
  opening: Opening | undefined;
  /** What it was closed for. */
  closed: readonly Stretch[];
}

export interface UseHours {
  /**
   * When the rooms of each group open and close in each piece, group after group; 0 to 0 where they are
   * closed.
   */
  opens: number[];
  closes: number[];
  /** Of each room: its group, counted from 1. */
  groups: Map<number, number>;
  /** Of each room: seconds that can be booked, and seconds of its hours for which it was closed. */
  rooms: Map<number, { bookable: number; closed: number }>;
}

/** The hours of rooms over a period. Rooms that keep the same hours are one group, worked out once. */
export function hoursOfRooms(rooms: readonly HoursRoom[], pieces: Pieces, zone: string): UseHours {
  const hours: UseHours = { opens: [], closes: [], groups: new Map(), rooms: new Map() };
  const known = new Map<string, { group: number; open: readonly Stretch[] }>();
  for (const { id, opening, closed } of rooms) {
    const key = JSON.stringify(opening ?? null);
    let found = known.get(key);
    if (!found) {
      const open = pieces.days.map((on): Stretch => {
        const span = opening && openSpan(opening, on, zone);
        return span ? { from: seconds(span.from), to: seconds(span.to) } : { from: 0, to: 0 };
      });
      known.set(key, (found = { group: known.size + 1, open }));
      for (const day of pieces.dayOf) {
        hours.opens.push(open[day]?.from ?? 0);
        hours.closes.push(open[day]?.to ?? 0);
      }
    }
    const all = found.open.reduce((sum, { from, to }) => sum + to - from, 0);
    const lost = within(merge(closed), found.open).reduce((sum, { from, to }) => sum + to - from, 0);
    hours.groups.set(id, found.group);
    hours.rooms.set(id, { bookable: all - lost, closed: lost });
  }
  return hours;
}

/** 168 cells, Monday's first hour first: how many seconds of each could be booked, all rooms together. */
export function bookableCells(rooms: readonly HoursRoom[], hours: UseHours, pieces: Pieces): number[] {
  const cells = Array.from({ length: 168 }, () => 0);
  const count = pieces.dayOf.length;
  const add = ({ from, to }: Stretch, piece: number, times: number) => {
    const begins = pieces.starts[piece] ?? 0;
    const wall = (pieces.walls[piece] ?? 0) - begins;
    const end = Math.min(to, pieces.starts[piece + 1] ?? 0);
    for (let at = Math.max(from, begins); at < end;) {
      const hour = Math.floor((at + wall) / 3600);
      const next = Math.min(end, (hour + 1) * 3600 - wall);
      const cell = ((pieces.weekdays[piece] ?? 1) - 1) * 24 + hour;
      cells[cell] = (cells[cell] ?? 0) + (next - at) * times;
      at = next;
    }
  };
  const opening = (group: number, piece: number): Stretch => ({
    from: hours.opens[(group - 1) * count + piece] ?? 0,
    to: hours.closes[(group - 1) * count + piece] ?? 0,
  });
  const members = new Map<number, number>();
  for (const { id } of rooms)
    members.set(hours.groups.get(id) ?? 0, (members.get(hours.groups.get(id) ?? 0) ?? 0) + 1);
  for (const [group, times] of members)
    for (let piece = 0; piece < count; piece++) add(opening(group, piece), piece, times);
  for (const { id, closed } of rooms) {
    if (!closed.length) continue;
    for (let piece = 0; piece < count; piece++)
      for (const lost of within(merge(closed), [opening(hours.groups.get(id) ?? 0, piece)]))
        add(lost, piece, -1);
  }
  return cells;
}

/** Overlapping and touching stretches as one. */
function merge(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const { from, to } of [...stretches].sort((a, b) => a.from - b.from)) {
    const before = merged.at(-1);
    if (before && from <= before.to) before.to = Math.max(before.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** The parts of the ones that lie in one of the others. */
function within(ones: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  return ones.flatMap((one) =>
    others.flatMap((other) => {
      const both = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) };
      return both.from < both.to ? [both] : [];
    }),
  );
}
