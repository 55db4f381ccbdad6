import { isSecretary, signedIn } from '../lib/http/policy.js';
import { revisit } from '../lib/http/revisit.js';
import { page, route, unchanged, type Route } from '../lib/http/route.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { equipmentOptions } from '../equipment/kinds.js';
import { dayOfGrid, layOutDay, type Day } from './dayGrid.js';
import { showDay } from './dayPage.js';
import { emptyDay, keyOf, tableLook, withVerbs } from './gridLook.js';
import { DayQuery, filterQuery } from './forms.js';
import { markNoShows } from './noShowMarks.js';
import { listDayNoShows } from './noShowQueries.js';
import { findDayState, listDayClaims, type CalendarRoom } from './queries.js';
import { viewTabs } from './viewPage.js';

export const calendarRoutes: Route[] = [
  route({
    method: 'get',
    path: '/calendar',
    policy: signedIn,
    query: DayQuery,
    async handle(c) {
      const today = dayOf(c.now, c.zone);
      const day = dayOfGrid(c.query.date ?? today, c.zone);
      const nowUnit = unitOf(day, c.now);
      const state = await findDayState(c.db, day);
      // Today's page changes with the running quarter hour (what is past can't be booked), other days only
      // with the data.
      const { etag, isUnchanged } = revisit(c, 'day', day.on, today, nowUnit, state.revision);
      if (etag && isUnchanged) return unchanged(etag);

      const [standing, noShows] = await Promise.all([
        listDayClaims(c.db, c.viewer.id, day),
        day.start <= c.now ? listDayNoShows(c.db, c.viewer.id, day) : [],
      ]);
      const claims = markNoShows(standing, noShows, day, nowUnit * 15);
      const rooms = state.rooms.filter((room) => fits(room, c.query));
      const grid = layOutDay(day, rooms, claims, c.office.zone, nowUnit);
      const filters = filterQuery(c.query);
      const isToday = day.on === today;
      const shown = showDay(grid, state.rooms, {
        day,
        lang: c.lang,
        t: c.t,
        fmt: c.fmt,
        nowUnit,
        isToday,
        kinds: state.kinds,
      });
      return page(
        'calendar/day',
        {
          title: `${c.t('calendar.day.title')} · ${c.fmt.date(day.on)}`,
          wide: true,
          scripts: ['day-grid'],
          tabs: viewTabs(c, 'day', day.on),
          on: day.on,
          dateText: c.fmt.date(day.on),
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
          freeHeading: c.t(isToday ? 'calendar.day.freeNow' : 'calendar.day.free'),
          equipment: equipmentOptions(state.kinds, c.fmt, c.query.equipment).filter(
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
        },
        { caching: 'revisit', ...(etag ? { etag } : {}) },
      );
    },
  }),
];

/** The running quarter hour of a day; 0 before it, the number of its quarters after it. */
function unitOf(day: Day, now: Date): number {
  const unit = Math.floor((now.getTime() - day.start.getTime()) / 900_000);
  return Math.min(Math.max(unit, 0), day.units);
}

function fits(room: CalendarRoom, filter: DayQuery): boolean {
  return (
    (!filter.seats || room.capacity >= filter.seats) &&
    (!filter.step_free || room.is_step_free) &&
    filter.equipment.every((code) => room.equipment.includes(code))
  );
}
