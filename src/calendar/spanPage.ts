import { isSecretary } from '../lib/http/policy.js';
import type { Context } from '../lib/http/route.js';
import { addDays } from '../lib/time/zone.js';
import type { Day } from './dayGrid.js';
import { monthDayLook, keyOfDays } from './gridLook.js';
import type { CalendarClaim, CalendarRoom } from './queries.js';
import { layOutRoom, openMinutes, nextMonth, previousMonth } from './spanGrid.js';
import { showRoomDay, viewTabs } from './viewPage.js';

// The pages of a week and of a month: what stands around the days, and the days of one room. Pure.

export type View = 'week' | 'month';

/** Which days a page shows, and what of the rooms. */
export interface SpanOfView {
  view: View;
  on: string;
  today: string;
  days: readonly Day[];
  /** First and last day of the month. */
  month: { first: string; last: string };
  /** 'room-12' or 'in-…' as the address has it. */
  of: string;
}

function stepsOf(view: View, on: string): { previous: string; next: string } {
  return view === 'week'
    ? { previous: addDays(on, -7), next: addDays(on, 7) }
    : { previous: previousMonth(on), next: nextMonth(on) };
}

/** 23–29 Nov 2026, or the month. */
export function spanText(c: Context<unknown, unknown>, view: View, days: readonly Day[], on: string): string {
  const of = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(c.lang === 'en' ? 'en-GB' : 'zh-CN', { timeZone: 'UTC', ...options });
  const at = (day: string) => new Date(`${day}T00:00:00Z`);
  if (view === 'month') return of({ year: 'numeric', month: 'long' }).format(at(on));
  const [first, last] = [days[0]?.on ?? on, days.at(-1)?.on ?? on];
  return of({ year: 'numeric', month: 'short', day: 'numeric' }).formatRange(at(first), at(last));
}

/** 'room-12' is one room, 'in-…' the rooms of a building; what no longer exists is all rooms. */
export function chosenRooms(
  all: readonly CalendarRoom[],
  of: string,
): { one: CalendarRoom | undefined; rooms: readonly CalendarRoom[] } {
  const one = of.startsWith('room-') ? all.find(({ id }) => `room-${id}` === of) : undefined;
  const inBuilding = of.startsWith('in-') ? all.filter(({ building }) => `in-${building}` === of) : [];
  return { one, rooms: inBuilding.length ? inBuilding : all };
}

function choicesOf(c: Context<unknown, unknown>, rooms: readonly CalendarRoom[]) {
  const buildings = [...new Set(rooms.map(({ building }) => building).filter(Boolean))];
  return [
    ...(buildings.length > 1
      ? [
          {
            label: c.t('calendar.view.buildings'),
            options: buildings.map((building) => ({ value: `in-${building}`, label: building })),
          },
        ]
      : []),
    {
      label: c.t('calendar.day.room'),
      options: rooms.map((room) => ({ value: `room-${room.id}`, label: c.fmt.name(room) })),
    },
  ];
}

export function weekday(c: Context<unknown, unknown>, on: string): string {
  return new Intl.DateTimeFormat(c.lang === 'en' ? 'en-GB' : 'zh-CN', {
    timeZone: 'UTC',
    weekday: 'short',
  }).format(new Date(`${on}T00:00:00Z`));
}

/** What stands around the days: title, tabs, steps and the choice of rooms. */
export function spanLocals(
  c: Context<unknown, unknown>,
  span: SpanOfView,
  allRooms: readonly CalendarRoom[],
  one: CalendarRoom | undefined,
) {
  const { view, on, days } = span;
  const steps = stepsOf(view, on);
  const of = span.of ? `&of=${encodeURIComponent(span.of)}` : '';
  const text = spanText(c, view, days, on);
  return {
    title: `${one ? c.fmt.name(one) : c.t('calendar.day.title')} · ${text}`,
    wide: true,
    view,
    on,
    text,
    one,
    tabs: viewTabs(c, view, on, span.of),
    previous: `/calendar/${view}?date=${steps.previous}${of}`,
    next: `/calendar/${view}?date=${steps.next}${of}`,
    current: showsToday(span) ? null : `/calendar/${view}${of ? `?${of.slice(1)}` : ''}`,
    of: span.of,
    choices: choicesOf(c, allRooms),
    heads: days.slice(0, 7).map((day) => weekday(c, day.on)),
    use: useHref(c, span, of),
  };
}

function showsToday({ view, on, days, today }: SpanOfView): boolean {
  return days.some((day) => day.on === today) && (view === 'week' || on.slice(0, 7) === today.slice(0, 7));
}

/** What a month of all rooms adds up to; for people who keep them. */
function useHref(c: Context<unknown, unknown>, { view, month }: SpanOfView, of: string): string | null {
  return view === 'month' && isSecretary(c.viewer)
    ? `/calendar/use?from=${month.first}&to=${month.last}${of}`
    : null;
}

/** The days of one room, with the key of what stands in them. */
export function roomDaysLocals(
  c: Context<unknown, unknown>,
  { view, days, today, month }: SpanOfView,
  one: CalendarRoom,
  claims: readonly CalendarClaim[],
) {
  const laidOut = layOutRoom(days, one, claims, { zone: c.office.zone, now: c.now });
  const shown = laidOut.map((roomDay) => ({
    on: roomDay.day.on,
    label: c.fmt.shortDate(roomDay.day.on),
    number: Number(roomDay.day.on.slice(8)),
    isToday: roomDay.day.on === today,
    isOther: view === 'month' && (roomDay.day.on < month.first || roomDay.day.on > month.last),
    href: `/calendar?date=${roomDay.day.on}`,
    entries: showRoomDay(c, one, roomDay).filter(({ kind }) => view === 'week' || kind !== 'free'),
    isClosed: openMinutes(one.hours, roomDay.day.on, c.office.zone) === 0,
    mayBook: roomDay.cells.some(({ kind }) => kind === 'free'),
    book: `/bookings/new?room=${one.id}&date=${roomDay.day.on}`,
  }));
  return {
    days: shown.map((day) => ({ ...day, look: monthDayLook(day) })),
    key: keyOfDays(shown),
  };
}
