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

export interface FreeTimeRequest {
  hours: Opening;
  zone: string;
  /** Everything that is taken in the days searched, setup and teardown included. */
  busy: readonly Span[];
  /** The time that was asked for. */
  requested: Span;
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
 * Times of the requested length nearest to the requested one, on quarter hours (or where
 * a booking may begin), within opening hours, in order of distance (of two equally near
 * the later first: people move meetings back more readily): on the requested day one for
 * each free stretch, on each other day the one nearest to the same time of day.
 */
export function nearestFreeTimes(request: FreeTimeRequest): Span[] {
  const { zone, requested } = request;
  const found: number[] = [];
  const requestedDay = dayOf(requested.from, zone);
  for (let day = -request.days; day <= request.days; day++) {
    const on = addDays(requestedDay, day);
    const target =
      requested.from.getTime() + startOfDay(on, zone).getTime() - startOfDay(requestedDay, zone).getTime();
    const starts = freeStarts(request, on, target);
    found.push(...(day === 0 ? starts : nearest(starts, target, 1)));
  }
  const length = requested.to.getTime() - requested.from.getTime();
  return nearest(found, requested.from.getTime(), request.limit).map((start) => ({
    from: new Date(start),
    to: new Date(start + length),
  }));
}

function nearest(starts: number[], target: number, limit: number): number[] {
  return [...starts].sort((a, b) => Math.abs(a - target) - Math.abs(b - target) || b - a).slice(0, limit);
}

/** In each free stretch of a day the start nearest to `target`. */
function freeStarts(request: FreeTimeRequest, on: string, target: number): number[] {
  const open = openSpan(request.hours, on, request.zone);
  if (!open) return [];
  const length = request.requested.to.getTime() - request.requested.from.getTime();
  const step = (request.stepMinutes ?? 15) * MINUTE;
  const midnight = startOfDay(on, request.zone).getTime();
  const up = (at: number) => midnight + Math.ceil((at - midnight) / step) * step;
  const down = (at: number) => midnight + Math.floor((at - midnight) / step) * step;
  const [setup, teardown] = [request.setupMinutes * 60_000, request.teardownMinutes * 60_000];
  // The meeting stays within the opening hours; setting up and clearing away may lie outside them.
  const around = { from: new Date(open.from.getTime() - setup), to: new Date(open.to.getTime() + teardown) };
  return freeWithin(around, request.busy).flatMap((free) => {
    const first = up(Math.max(free.from.getTime() + setup, open.from.getTime(), request.notBefore.getTime()));
    const last = down(Math.min(free.to.getTime() - teardown, open.to.getTime()) - length);
    return first > last ? [] : [Math.min(Math.max(request.stepMinutes ? up(target) : target, first), last)];
  });
}
