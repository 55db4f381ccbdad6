import type { Context } from '../lib/http/route.js';
import type { DayRow } from './dayPage.js';

// What the templates of the grids ask, named: a template only tests one word at a time.

/** Class of a day's table: a long day gets narrower quarters. */
export function tableLook(units: number): string {
  if (units > 72) return 'day day-longest';
  return units > 48 ? 'day day-long' : 'day';
}

/** Which looks the key below a grid has to explain: only what stands in the grid. */
export function keyOf(looks: Iterable<string>): { hasHeld: boolean; hasAsked: boolean } {
  let hasHeld = false;
  let hasAsked = false;
  for (const look of looks) {
    if (look.includes('striped')) hasHeld = true;
    else if (look === 'is-asked') hasAsked = true;
  }
  return { hasHeld, hasAsked };
}

export function keyOfDays(days: readonly { entries: readonly { look: string }[] }[]) {
  return keyOf(days.flatMap(({ entries }) => entries.map(({ look }) => look)));
}

/** Rows of the day with the address that books in them, and what a full room says on a narrow screen. */
export function withVerbs(c: Context<unknown, unknown>, on: string, rows: readonly DayRow[]) {
  return rows.map((row) => ({
    ...row,
    book: `/bookings/new?room=${row.id}&date=${on}`,
    full: row.free.length ? '' : fullText(c, row.why),
  }));
}

function fullText(c: Context<unknown, unknown>, why: string | null): string {
  return why ? c.t('hours.day.closedFor', { reason: why }) : c.t('calendar.day.full');
}

/** What stands in place of a day without rows, as views/lib/empty.ejs takes it. */
export function emptyDay(
  c: Context<unknown, unknown>,
  { on, hasRooms, mayAddRooms }: { on: string; hasRooms: boolean; mayAddRooms: boolean },
) {
  if (hasRooms)
    return {
      text: c.t('calendar.day.noneFits'),
      href: `/calendar?date=${on}`,
      label: c.t('calendar.day.clear'),
    };
  const text = c.t('calendar.day.noRooms');
  return mayAddRooms ? { text, href: '/rooms/new', label: c.t('rooms.list.add') } : { text };
}

/** Classes of a day of the month. */
export function monthDayLook(day: {
  isToday: boolean;
  isOther: boolean;
  entries: readonly unknown[];
}): string {
  const looks: string[] = [];
  if (day.isToday) looks.push('is-today');
  if (day.isOther) looks.push('is-other');
  if (day.entries.length === 0) looks.push('is-empty');
  return looks.join(' ');
}
