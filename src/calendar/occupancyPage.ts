import { prepare } from '../lib/i18n/prepare.js';
import type { Context } from '../lib/http/route.js';
import type { Day } from './dayGrid.js';
import type { CalendarRoom } from './queries.js';
import { levelOf, openMinutes } from './spanGrid.js';
import { weekday } from './spanPage.js';
import type { Occupancy } from './viewQueries.js';

// How full each of several rooms is on each day. Pure.

interface Load {
  minutes: number;
  bookings: number;
}

const NOTHING: Load = { minutes: 0, bookings: 0 };

/**
 * @param found what the atomic rooms are taken for, by the place of the day in `days`
 * @param here the address of this page, to which a room is added
 */
export function occupancyLocals(
  c: Context<unknown, unknown>,
  { days, today, here }: { days: readonly Day[]; today: string; here: string },
  rooms: readonly CalendarRoom[],
  found: readonly Occupancy[],
) {
  const labels = days.map((day) => c.fmt.shortDate(day.on));
  const loads = loadsOf(found);
  const hear = hearLoads(c);
  return {
    days: days.map((day, i) => ({
      on: day.on,
      number: Number(day.on.slice(8)),
      weekday: weekday(c, day.on),
      label: labels[i] ?? '',
      isToday: day.on === today,
      href: `/calendar?date=${day.on}`,
    })),
    rows: rooms.map((room) => ({
      id: room.id,
      name: c.fmt.name(room),
      href: `${here}&of=room-${room.id}`,
      isPart: room.hall_id !== null,
      cells: days.map((day, i) => {
        const { minutes, bookings } = loadOf(room, i, loads);
        const open = openMinutes(room.hours, day.on, c.office.zone);
        const hours = bookings ? c.fmt.number(Math.round(minutes / 6) / 10) : '0';
        return {
          isClosed: open === 0 && bookings === 0,
          bookings,
          hours,
          level: levelOf(minutes, open),
          heard: hear(labels[i] ?? '', bookings, hours),
          href: `/calendar/week?date=${day.on}&of=room-${room.id}`,
        };
      }),
    })),
  };
}

/** Room and day → what it is taken for. */
function loadsOf(found: readonly Occupancy[]): Map<string, Load> {
  const loads = new Map<string, Load>();
  for (const { room_id, day, minutes, bookings } of found) {
    const key = `${room_id} ${day}`;
    const before = loads.get(key) ?? NOTHING;
    loads.set(key, { minutes: before.minutes + minutes, bookings: before.bookings + bookings });
  }
  return loads;
}

/** A hall is as full as the fullest of its parts. */
function loadOf(room: CalendarRoom, day: number, loads: ReadonlyMap<string, Load>): Load {
  const ids = room.part_ids.length ? room.part_ids : [room.id];
  return ids
    .map((id) => loads.get(`${id} ${day}`) ?? NOTHING)
    .reduce((most, part) => (part.minutes > most.minutes ? part : most), NOTHING);
}

/** A month of twenty rooms has six hundred cells: what many of them say is worded once. */
function hearLoads({ t }: Pick<Context, 't'>): (day: string, bookings: number, hours: string) => string {
  const occupied = prepare(t, 'calendar.view.occupied', ['day', 'bookings', 'hours']);
  const counted = new Map<number, string>();
  const describeCount = (count: number) => {
    const known = counted.get(count) ?? t('calendar.view.bookings', { count });
    counted.set(count, known);
    return known;
  };
  return (day, bookings, hours) => occupied(day, describeCount(bookings), hours);
}
