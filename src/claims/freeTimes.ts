import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import { openSpan, type Opening, type Span } from '../hours/openingHours.js';

const MINUTE = 60_000;

/** What is left of `span` without the busy spans; they may overlap each other and stand in any order. */
export function freeWithin(span: Span, busy: readonly Span[]): Span[] {
  const free: Span[] = [];
  let at = span.from.getTime();
  const sorted = [...busy].sort((a, b) => a.from.getTime() - b.from.getTime());
  for (const { from, to } of sorted) {
    if (from.getTime() > at)
      free.push({ from: new Date(at), to: new Date(Math.min(from.getTime(), span.to.getTime())) });
    at = Math.max(at, to.getTime());
    if (at >= span.to.getTime()) break;
  }
  if (at < span.to.getTime()) free.push({ from: new Date(at), to: span.to });
  return free.filter(({ from, to }) => from < to);
}

export interface FreeTimeWish {
  hours: Opening;
  zone: string;
  /** Everything that is taken in the days searched, setup and teardown included. */
  busy: readonly Span[];
  /** What was wanted. */
  wanted: Span;
  setupMinutes: number;
  teardownMinutes: number;
  /** Nothing before this. */
  notBefore: Date;
  /** Days to look back and ahead. */
  days: number;
  limit: number;
  /** Minutes of the day at whose multiples it may begin; default: quarter hours. */
  stepMinutes?: number;
}

/**
 * Times of the wanted length nearest to the wanted one, on quarter hours (or where a booking may begin), within opening hours, in order of distance
 * (of two equally near the later first: people move meetings back more readily): on the wanted day one for each free
 * stretch, on each other day the one nearest to the same time of day.
 */
export function nearestFreeTimes(wish: FreeTimeWish): Span[] {
  const { zone, wanted } = wish;
  const found: number[] = [];
  const wantedDay = dayOf(wanted.from, zone);
  for (let day = -wish.days; day <= wish.days; day++) {
    const on = addDays(wantedDay, day);
    const target =
      wanted.from.getTime() + startOfDay(on, zone).getTime() - startOfDay(wantedDay, zone).getTime();
    const starts = freeStarts(wish, on, target);
    found.push(...(day === 0 ? starts : nearest(starts, target, 1)));
  }
  const length = wanted.to.getTime() - wanted.from.getTime();
  return nearest(found, wanted.from.getTime(), wish.limit).map((start) => ({
    from: new Date(start),
    to: new Date(start + length),
  }));
}

function nearest(starts: number[], target: number, limit: number): number[] {
  return [...starts].sort((a, b) => Math.abs(a - target) - Math.abs(b - target) || b - a).slice(0, limit);
}

/** In each free stretch of a day the start nearest to `target`. */
function freeStarts(wish: FreeTimeWish, on: string, target: number): number[] {
  const open = openSpan(wish.hours, on, wish.zone);
  if (!open) return [];
  const length = wish.wanted.to.getTime() - wish.wanted.from.getTime();
  const step = (wish.stepMinutes ?? 15) * MINUTE;
  const midnight = startOfDay(on, wish.zone).getTime();
  const up = (at: number) => midnight + Math.ceil((at - midnight) / step) * step;
  const down = (at: number) => midnight + Math.floor((at - midnight) / step) * step;
  const [setup, teardown] = [wish.setupMinutes * 60_000, wish.teardownMinutes * 60_000];
  // The meeting stays within the opening hours; setting up and clearing away may lie outside them.
  const around = { from: new Date(open.from.getTime() - setup), to: new Date(open.to.getTime() + teardown) };
  return freeWithin(around, wish.busy).flatMap((free) => {
    const first = up(Math.max(free.from.getTime() + setup, open.from.getTime(), wish.notBefore.getTime()));
    const last = down(Math.min(free.to.getTime() - teardown, open.to.getTime()) - length);
    return first > last ? [] : [Math.min(Math.max(wish.stepMinutes ? up(target) : target, first), last)];
  });
}
