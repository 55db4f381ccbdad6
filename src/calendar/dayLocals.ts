import { equipmentOptions, type EquipmentKind } from '../equipment/kinds.js';
import { isSecretary } from '../lib/http/policy.js';
import type { Context } from '../lib/http/route.js';
import { addDays } from '../lib/time/zone.js';
import { layOutDay, type Day } from './dayGrid.js';
import { showDay } from './dayPage.js';
import { filterQuery, type DayQuery } from './forms.js';
import { emptyDay, keyOf, tableLook, withVerbs } from './gridLook.js';
import type { CalendarClaim, CalendarRoom } from './queries.js';
import { viewTabs } from './viewPage.js';

// The page of a day out of its rooms and claims: filters, steps, key and grid. Pure.

export interface DayRows {
  day: Day;
  today: string;
  /** The running quarter hour of the day; 0 before it, the number of its quarters after it. */
  nowUnit: number;
  state: { rooms: CalendarRoom[]; kinds: EquipmentKind[] };
  claims: readonly CalendarClaim[];
}

export function dayLocals(c: Context<unknown, DayQuery>, { day, today, nowUnit, state, claims }: DayRows) {
  const { t, fmt, lang } = c;
  const rooms = state.rooms.filter((room) => fits(room, c.query));
  const grid = layOutDay(day, rooms, claims, { zone: c.office.zone, nowUnit });
  const filters = filterQuery(c.query);
  const isToday = day.on === today;
  const shown = showDay(grid, state.rooms, { day, lang, t, fmt, nowUnit, isToday, kinds: state.kinds });
  return {
    title: `${t('calendar.day.title')} · ${fmt.date(day.on)}`,
    wide: true,
    scripts: ['day-grid'],
    tabs: viewTabs(c, 'day', day.on),
    on: day.on,
    dateText: fmt.date(day.on),
    isToday,
    isPast: day.on < today,
    previous: `/calendar?date=${addDays(day.on, -1)}${filters}`,
    next: `/calendar?date=${addDays(day.on, 1)}${filters}`,
    todayHref: filters ? `/calendar?${filters.slice(1)}` : '/calendar',
    filter: c.query,
    hasFilter: filters !== '',
    nothing: emptyDay(c, {
      on: day.on,
      hasRooms: state.rooms.length > 0,
      mayAddRooms: isSecretary(c.viewer),
    }),
    freeHeading: t(isToday ? 'calendar.day.freeNow' : 'calendar.day.free'),
    equipment: equipmentOptions(state.kinds, fmt, c.query.equipment).filter(
      ({ value }) =>
        c.query.equipment.includes(value) || state.rooms.some((room) => room.equipment.includes(value)),
    ),
    units: grid.last - grid.first,
    // For the line of now, which the script draws and moves.
    from: new Date(day.start.getTime() + grid.first * 900_000).toISOString(),
    to: new Date(day.start.getTime() + grid.last * 900_000).toISOString(),
    hours: grid.hours.map(({ from, to }) => ({ span: to - from, time: day.marks[from] })),
    look: tableLook(grid.last - grid.first),
    rows: withVerbs(c, day.on, shown),
    key: keyOf(shown.flatMap(({ cells }) => cells.map(({ look }) => look))),
  };
}

function fits(room: CalendarRoom, filter: DayQuery): boolean {
  return (
    (!filter.seats || room.capacity >= filter.seats) &&
    (!filter.step_free || room.is_step_free) &&
    filter.equipment.every((code) => room.equipment.includes(code))
  );
}
