import { addDays, weekdayOf } from '../lib/time/zone.js';
import { openSpan, type Opening } from '../hours/openingHours.js';
import { dayOfGrid, layOutDay, type Cell, type Day, type GridClaim, type GridRoom } from './dayGrid.js';

// Weeks and months out of days. Pure, like dayGrid.ts, whose rules of a day they share.

/** The days of the ISO week (Monday first) that `on` lies in. */
export function daysOfWeek(on: string, zone: string): Day[] {
  const monday = addDays(on, 1 - weekdayOf(on));
  return Array.from({ length: 7 }, (_, i) => dayOfGrid(addDays(monday, i), zone));
}

/** The days of a month, with those of its first and last week, so that whole weeks stand in rows. */
export function daysOfMonth(on: string, zone: string): { days: Day[]; first: string; last: string } {
  const first = `${on.slice(0, 8)}01`;
  const last = addDays(nextMonth(on), -1);
  const days: Day[] = [];
  for (
    let day = addDays(first, 1 - weekdayOf(first));
    day <= addDays(last, 7 - weekdayOf(last));
    day = addDays(day, 1)
  )
    days.push(dayOfGrid(day, zone));
  return { days, first, last };
}

/** The first day of the month after; of the month before. */
export function nextMonth(on: string): string {
  const [year = 0, month = 0] = on.split('-').map(Number);
  return month === 12
    ? `${year + 1}-01-01`
    : `${String(year).padStart(4, '0')}-${String(month + 1).padStart(2, '0')}-01`;
}

export function previousMonth(on: string): string {
  const before = addDays(`${on.slice(0, 8)}01`, -1);
  return `${before.slice(0, 8)}01`;
}

/** One day of one room: what is in it and what is free, in order of time. */
export interface RoomDay<C> {
  day: Day;
  cells: Cell<C>[];
}

/**
 * One room over several days.
 * @param claims minutes counted from the start of the first day, as listDayClaims gives them
 * @param clock the zone of the opening hours; free time before `now` is past
 */
export function layOutRoom<R extends GridRoom, C extends GridClaim>(
  days: readonly Day[],
  room: R,
  claims: readonly C[],
  { zone, now }: { zone: string; now: Date },
): RoomDay<C>[] {
  const origin = days[0]?.start.getTime() ?? 0;
  return days.map((day) => {
    const shift = (day.start.getTime() - origin) / 60_000;
    const length = (day.end.getTime() - day.start.getTime()) / 60_000;
    const ofDay = claims
      .filter(({ f, t }) => f < shift + length && t > shift)
      .map((claim) => ({
        ...claim,
        f: claim.f - shift,
        t: claim.t - shift,
        s: claim.s - shift,
        e: claim.e - shift,
      }));
    const nowUnit = Math.min(
      Math.max(Math.floor((now.getTime() - day.start.getTime()) / 900_000), 0),
      day.units,
    );
    const [row] = layOutDay(day, [room], ofDay, { zone, nowUnit }).rows;
    return { day, cells: row?.cells ?? [] };
  });
}

// Hours as they were read stay the same until a room changes: each day of them is worked out once.
const opened = new WeakMap<Opening, Map<string, number>>();

/** How many minutes a room is open on a local day of the office; 0 when it is closed. */
export function openMinutes(hours: Opening, on: string, zone: string): number {
  let days = opened.get(hours);
  if (!days) opened.set(hours, (days = new Map<string, number>()));
  const known = days.get(`${on} ${zone}`);
  if (known !== undefined) return known;
  const open = openSpan(hours, on, zone);
  const minutes = open ? (open.to.getTime() - open.from.getTime()) / 60_000 : 0;
  days.set(`${on} ${zone}`, minutes);
  return minutes;
}

/**
 * How full a day is, in five steps: 0 nothing, 1 up to a quarter of the open time … 4 more than three
 * quarters.
 */
export function levelOf(minutes: number, openMinutes: number): 0 | 1 | 2 | 3 | 4 {
  if (minutes <= 0) return 0;
  const share = openMinutes > 0 ? minutes / openMinutes : 1;
  if (share > 0.75) return 4;
  if (share > 0.5) return 3;
  return share > 0.25 ? 2 : 1;
}
