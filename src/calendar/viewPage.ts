import type { Context } from '../lib/http/route.js';
import { isKept, describeHold } from '../claims/describeHold.js';
import { hrefOfClaim } from './claimLink.js';
import { clockAt, freeStretches, type Day } from './dayGrid.js';
import type { CalendarClaim, CalendarRoom } from './queries.js';
import type { RoomDay } from './spanGrid.js';

export type CalendarView = 'day' | 'week' | 'month' | 'mine' | 'sheet';

/** Day | Week | Month | Mine | Day sheet, each for the same date. */
export function viewTabs(c: Context<unknown, unknown>, current: CalendarView, on: string, of = '') {
  const rooms = of ? `&of=${encodeURIComponent(of)}` : '';
  const tab = (view: CalendarView, href: string) => ({
    href,
    text: c.t(`calendar.view.${view}`),
    current: view === current,
  });
  return [
    tab('day', `/calendar?date=${on}`),
    tab('week', `/calendar/week?date=${on}${rooms}`),
    tab('month', `/calendar/month?date=${on}${rooms}`),
    tab('mine', `/calendar/people/${c.viewer.id}?date=${on}`),
    tab('sheet', `/calendar/sheet?date=${on}`),
  ];
}

export interface RoomDayEntry {
  kind: 'busy' | 'free' | 'closed';
  look: string;
  href: string | null;
  time: string;
  title: string;
  heard: string;
}

/**
 * One day of one room as a list: bookings, closures and what is free, in order of time. What is past or not
 * open is left out.
 */
export function showRoomDay(
  c: Context<unknown, unknown>,
  room: CalendarRoom,
  { day, cells }: RoomDay<CalendarClaim>,
): RoomDayEntry[] {
  const name = c.fmt.name(room);
  const stretches = freeStretches(cells);
  return cells.flatMap((cell): RoomDayEntry[] => {
    const taken = cell.claims.map((claim) => showClaim(c, day, claim));
    const stretch = cell.kind === 'free' ? stretches.find(({ from }) => from === cell.from) : undefined;
    if (!stretch) return taken;
    const from = day.marks[stretch.from] ?? '';
    const to = day.marks[stretch.to] ?? '';
    const end = day.marks[Math.min(stretch.to, stretch.from + 4)] ?? to;
    return [
      ...taken,
      {
        kind: 'free',
        look: 'is-free',
        href: `/bookings/new?room=${room.id}&date=${day.on}&from=${from}&to=${end}`,
        time: `${from}–${to}`,
        title: c.t('calendar.view.free'),
        heard: c.t('calendar.day.book', { room: name, from, to }),
      },
    ];
  });
}

function showClaim(c: Context<unknown, unknown>, day: Day, claim: CalendarClaim): RoomDayEntry {
  return {
    kind: claim.closure_id !== null ? 'closed' : 'busy',
    ...looksOf(c, claim),
    href: hrefOfClaim(claim),
    time: `${clockAt(day, claim.s)}–${clockAt(day, claim.e)}`,
    title: titleOfClaim(c, claim),
  };
}

/** How a claim looks, and the same for a screen reader. */
function looksOf({ t }: Pick<Context, 't'>, claim: CalendarClaim): { look: string; heard: string } {
  if (claim.closure_id !== null) return { look: 'hatched', heard: t('calendar.day.closureHeard') };
  if (claim.is_tentative) return { look: 'is-asked', heard: t('tentative.heard') };
  if (claim.is_requested) return { look: 'striped', heard: t('calendar.day.requestedHeard') };
  const heard = claim.is_mine ? t('calendar.day.mineHeard') : '';
  if (isKept(claim.hold)) return { look: 'striped', heard };
  return { look: claim.is_mine ? 'is-mine' : '', heard };
}

function titleOfClaim({ t, fmt }: Pick<Context, 't' | 'fmt'>, claim: CalendarClaim): string {
  if (claim.hold) return describeHold(claim.hold, t, fmt);
  if (!claim.is_tentative) return claim.title ?? t('calendar.day.booked');
  return claim.title === null ? t('tentative.title') : t('tentative.titled', { title: claim.title });
}
