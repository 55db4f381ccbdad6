import { addDays, dayOf, startOfDay, timeOf } from '../lib/time/zone.js';
import { openSpan, ruleOn, type DayRule, type Opening } from '../hours/openingHours.js';

// One day of all rooms as rows of cells in quarter hours. Pure: no texts, no database. All positions are
// quarter hours ("units") since the day's first instant in the reader's zone: a day of a clock change has 92
// or 100 of them.

const QUARTER = 15 * 60_000;

export interface GridRoom {
  id: number;
  is_in_service: boolean;
  hours: Opening;
  /** Parts of a divisible hall, whose claims count as its own. */
  part_ids: readonly number[];
}

/**
 * Something that occupies an atomic room; instants as minutes since the day's first instant, possibly outside
 * the day.
 */
export interface GridClaim {
  room_id: number;
  /** Occupied, with setup and teardown. */
  f: number;
  t: number;
  /** The meeting itself. */
  s: number;
  e: number;
  /** Null for a closure or a hold. */
  meeting_id: number | null;
  /** Of a hold: the same for all rooms that are held together. */
  hold_key?: string | null;
  /** Asked for without holding the room, which stays free for others until somebody approves it. */
  is_tentative?: boolean;
}

export interface Cell<C> {
  kind: 'free' | 'past' | 'closed' | 'busy';
  from: number;
  to: number;
  /**
   * What is in it: one, or several where a hall is divided or meetings share a quarter hour; where it is not
   * busy, what is asked for.
   */
  claims: C[];
  /** Of a closed stretch: the holiday or exception that closes it. */
  why?: DayRule;
}

export interface Row<R, C> {
  room: R;
  cells: Cell<C>[];
}

export interface Day {
  /** 'YYYY-MM-DD' in `zone`. */
  on: string;
  zone: string;
  start: Date;
  end: Date;
  units: number;
  /** Wall time 'HH:MM' at each unit, the end of the day as 24:00. */
  marks: readonly string[];
}

export interface Grid<R, C> {
  /** The units shown. */
  first: number;
  last: number;
  hours: { from: number; to: number }[];
  rows: Row<R, C>[];
}

const days = new Map<string, Day>();
const KEPT = 500;

/** Everybody looks at the same few days: they are worked out once. */
export function dayOfGrid(on: string, zone: string): Day {
  const key = `${on} ${zone}`;
  const known = days.get(key);
  if (known) return known;
  const start = startOfDay(on, zone);
  const end = startOfDay(addDays(on, 1), zone);
  const units = Math.ceil((end.getTime() - start.getTime()) / QUARTER);
  const marks = Array.from({ length: units + 1 }, (_, unit) =>
    unit === units ? '24:00' : timeOf(new Date(start.getTime() + unit * QUARTER), zone),
  );
  const day = { on, zone, start, end, units, marks };
  if (days.size >= KEPT) days.clear();
  days.set(key, day);
  return day;
}

/** Wall time of a minute of the day, also of the days before and after. */
export function clockAt(day: Day, minute: number): string {
  const unit = minute / 15;
  return (
    (unit < day.units ? day.marks[unit] : undefined) ??
    timeOf(new Date(day.start.getTime() + minute * 60_000), day.zone)
  );
}

const DEFAULT_FROM = 8 * 4;
const DEFAULT_TO = 18 * 4;

/** How a grid reads the time. */
export interface GridClock {
  /** Zone of the opening hours. */
  zone: string;
  /** The running unit of today, 0 before, `units` for a day that is over. What is free before it is past. */
  nowUnit: number;
}

/**
 * Lays out a day.
 * @param claims in any order
 */
export function layOutDay<R extends GridRoom, C extends GridClaim>(
  day: Day,
  rooms: readonly R[],
  claims: readonly C[],
  { zone, nowUnit }: GridClock,
): Grid<R, C> {
  const byRoom = new Map<number, C[]>();
  for (const claim of claims) {
    const list = byRoom.get(claim.room_id);
    if (list) list.push(claim);
    else byRoom.set(claim.room_id, [claim]);
  }
  for (const list of byRoom.values()) list.sort((a, b) => a.f - b.f || a.t - b.t);
  const rows = rooms.map((room) => ({
    room,
    ...(room.is_in_service ? openUnits(day, room.hours, zone) : NEVER),
    ...separateRequests(
      room.part_ids.length ? ofParts(byRoom, room.part_ids) : (byRoom.get(room.id) ?? []),
      day.units,
    ),
  }));
  const [first, last] = extent(rows, day.units);
  return {
    first,
    last,
    hours: hourMarks(day, first, last),
    rows: rows.map((row) => ({ room: row.room, cells: cellsOf(row, first, last, nowUnit) })),
  };
}

/**
 * Claims of the parts of a hall in order of time; the hall's own meeting or hold, claimed part by part, once.
 */
function ofParts<C extends GridClaim>(byRoom: Map<number, C[]>, partIds: readonly number[]): C[] {
  const seen = new Set<number | string>();
  return partIds
    .flatMap((id) => byRoom.get(id) ?? [])
    .filter(({ meeting_id, hold_key }) => {
      const whose = meeting_id ?? hold_key ?? null;
      return whose === null || (!seen.has(whose) && Boolean(seen.add(whose)));
    })
    .sort((a, b) => a.f - b.f || a.t - b.t);
}

interface Busy<C> {
  from: number;
  to: number;
  claims: C[];
}

/** What takes the room, and requests that leave it free. */
function separateRequests<C extends GridClaim>(
  claims: readonly C[],
  units: number,
): { busy: Busy<C>[]; requested: Busy<C>[] } {
  if (!claims.some(({ is_tentative }) => is_tentative)) return { busy: gather(claims, units), requested: [] };
  return {
    busy: gather(
      claims.filter(({ is_tentative }) => !is_tentative),
      units,
    ),
    requested: gather(
      claims.filter(({ is_tentative }) => is_tentative),
      units,
    ),
  };
}

/** Rounds claims to quarter hours and joins what falls into the same ones. */
function gather<C extends GridClaim>(claims: readonly C[], units: number): Busy<C>[] {
  const found: Busy<C>[] = [];
  let before: Busy<C> | undefined;
  for (const claim of claims) {
    let from = Math.max(0, Math.floor(claim.f / 15));
    const to = Math.min(units, Math.ceil(claim.t / 15));
    if (to <= 0 || from >= units) continue;
    if (before && from < before.to) {
      // One ends at 9:50 and the next begins then: both keep a cell of their own.
      const lastEnd = Math.max(...before.claims.map(({ t }) => t));
      if (claim.f >= lastEnd && to > before.to) from = before.to;
      else {
        before.claims.push(claim);
        before.to = Math.max(before.to, to);
        continue;
      }
    }
    found.push((before = { from, to, claims: [claim] }));
  }
  return found;
}

type Spans = readonly (readonly [number, number])[];
interface Open {
  open: Spans;
  /** Stretches of office days that differ from the week, but for make-up working days, which need no word. */
  why: readonly { from: number; to: number; rule: DayRule }[];
}
const NEVER: Open = { open: [], why: [] };
// Of a day, by the hours of a room as they were read, which stay the same until the room changes.
const openings = new WeakMap<Day, WeakMap<Opening, { zone: string; open: Open }>>();

/** When a room is open on the reader's day, which touches two days of an office in another zone. */
function openUnits(day: Day, hours: Opening, zone: string): Open {
  let ofDay = openings.get(day);
  if (!ofDay) openings.set(day, (ofDay = new WeakMap()));
  const known = ofDay.get(hours);
  if (known?.zone === zone) return known.open;
  const spans: [number, number][] = [];
  const why: { from: number; to: number; rule: DayRule }[] = [];
  const unit = (instant: Date, round: (value: number) => number) =>
    Math.min(day.units, Math.max(0, round((instant.getTime() - day.start.getTime()) / QUARTER)));
  const lastOn = dayOf(new Date(day.end.getTime() - 1), zone);
  for (let on = dayOf(day.start, zone); on <= lastOn; on = addDays(on, 1)) {
    const rule = ruleOn(hours, on);
    if (rule && rule.kind !== 'workday')
      why.push({
        from: unit(startOfDay(on, zone), Math.floor),
        to: unit(startOfDay(addDays(on, 1), zone), Math.ceil),
        rule,
      });
    const span = openSpan(hours, on, zone);
    if (!span) continue;
    const from = unit(span.from, Math.ceil);
    const to = unit(span.to, Math.floor);
    const before = spans.at(-1);
    if (before && before[1] >= from) before[1] = Math.max(before[1], to);
    else if (from < to) spans.push([from, to]);
  }
  const open = { open: spans, why };
  ofDay.set(hours, { zone, open });
  return open;
}

/** Whole hours around everything open or booked; the usual office day when there is nothing. */
function extent(
  rows: { open: Spans; busy: { from: number; to: number }[]; requested: { from: number; to: number }[] }[],
  units: number,
): [number, number] {
  let first = units;
  let last = 0;
  for (const { open, busy, requested } of rows) {
    for (const [from, to] of open) {
      first = Math.min(first, from);
      last = Math.max(last, to);
    }
    for (const { from, to } of [...busy, ...requested]) {
      first = Math.min(first, from);
      last = Math.max(last, to);
    }
  }
  if (first >= last) return [Math.min(DEFAULT_FROM, units), Math.min(DEFAULT_TO, units)];
  return [Math.floor(first / 4) * 4, Math.min(units, Math.ceil(last / 4) * 4)];
}

/** A mark for each wall-clock hour; at a clock change one may be shorter. */
function hourMarks(day: Day, first: number, last: number): { from: number; to: number }[] {
  const marks: { from: number; to: number }[] = [];
  for (let unit = first; unit < last; unit++) {
    if (unit === first || day.marks[unit]?.endsWith(':00')) marks.push({ from: unit, to: last });
    const before = marks.at(-2);
    const here = marks.at(-1);
    if (before && here) before.to = here.from;
  }
  return marks;
}

function cellsOf<C>(
  { open, why, busy, requested }: Open & { busy: Busy<C>[]; requested: Busy<C>[] },
  first: number,
  last: number,
  nowUnit: number,
): Cell<C>[] {
  const cells: Cell<C>[] = [];
  const none: C[] = [];
  const put = (kind: Cell<C>['kind'], from: number, to: number, claims: C[]) => {
    if (from >= to) return;
    const differs = kind === 'closed' ? why.find((one) => one.from <= from && from < one.to) : undefined;
    cells.push({ kind, from, to, claims, why: differs?.rule });
  };
  // A request parts the stretch in which it lies, and leaves it as it is.
  const add = (kind: Cell<C>['kind'], from: number, to: number) => {
    let at = from;
    for (const piece of requested) {
      if (piece.to <= at || piece.from >= to) continue;
      const start = Math.max(at, piece.from);
      put(kind, at, start, none);
      at = Math.min(piece.to, to);
      put(kind, start, at, piece.claims);
    }
    put(kind, at, to, none);
  };
  const idle = (from: number, to: number) => {
    let at = from;
    for (const [opens, closes] of open) {
      const start = Math.max(at, opens);
      const end = Math.min(to, closes);
      if (start >= end) continue;
      add('closed', at, start);
      const now = Math.min(Math.max(nowUnit, start), end);
      add('past', start, now);
      add('free', now, end);
      at = end;
    }
    add('closed', at, to);
  };
  let at = first;
  for (const { from, to, claims } of busy) {
    idle(at, Math.max(at, from));
    put('busy', Math.max(at, from), to, claims);
    at = Math.max(at, to);
  }
  idle(at, last);
  return cells;
}

/** The free stretches of a row: cells parted only by what is asked for are one. */
export function freeStretches(
  cells: readonly Pick<Cell<unknown>, 'kind' | 'from' | 'to'>[],
): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const { kind, from, to } of cells) {
    if (kind !== 'free') continue;
    const before = found.at(-1);
    if (before?.to === from) before.to = to;
    else found.push({ from, to });
  }
  return found;
}
