import type { Context } from '../lib/http/route.js';
import { hrefOf, isKept, describeHold } from '../claims/describeHold.js';
import { clockAt, freeStretches, type Cell } from './dayGrid.js';
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

export interface ShownEntry {
  kind: 'busy' | 'free' | 'closed';
  look: string;
  href: string | null;
  time: string;
  title: string;
  heard: string;
}

/**
 * One day of one room as a list: bookings, closures and what is free, in order of time; nothing for what is
 * past or not open.
 */
export function showRoomDay(
  c: Context<unknown, unknown>,
  room: CalendarRoom,
  { day, cells }: RoomDay<CalendarClaim>,
): ShownEntry[] {
  const name = c.fmt.name(room);
  const stretches = freeStretches(cells);
  const taken = (cell: Cell<CalendarClaim>): ShownEntry[] =>
    cell.claims.map((claim) => {
      const isClosure = claim.closure_id !== null;
      const title = claim.title ?? c.t('calendar.day.booked');
      return {
        kind: isClosure ? 'closed' : 'busy',
        look: isClosure
          ? 'hatched'
          : claim.is_tentative
            ? 'is-asked'
            : claim.is_requested || isKept(claim.hold)
              ? 'striped'
              : claim.is_mine
                ? 'is-mine'
                : '',
        href: claim.hold
          ? hrefOf(claim.hold)
          : claim.meeting_id !== null && claim.title !== null
            ? `/meetings/${claim.meeting_id}`
            : null,
        time: `${clockAt(day, claim.s)}–${clockAt(day, claim.e)}`,
        title: claim.hold
          ? describeHold(claim.hold, c.t, c.fmt)
          : !claim.is_tentative
            ? title
            : claim.title === null
              ? c.t('tentative.title')
              : c.t('tentative.titled', { title }),
        heard: isClosure
          ? c.t('calendar.day.closureHeard')
          : claim.is_tentative
            ? c.t('tentative.heard')
            : claim.is_requested
              ? c.t('calendar.day.requestedHeard')
              : claim.is_mine
                ? c.t('calendar.day.mineHeard')
                : '',
      };
    });
  return cells.flatMap((cell): ShownEntry[] => {
    const stretch = cell.kind === 'free' ? stretches.find(({ from }) => from === cell.from) : undefined;
    if (!stretch) return taken(cell);
    const from = day.marks[stretch.from] ?? '';
    const to = day.marks[stretch.to] ?? '';
    const end = day.marks[Math.min(stretch.to, stretch.from + 4)] ?? to;
    return [
      ...taken(cell),
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
