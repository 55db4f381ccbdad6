import { signedIn } from '../lib/http/policy.js';
import { revisit } from '../lib/http/revisit.js';
import { page, route, unchanged, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { dayOfGrid, type Day } from './dayGrid.js';
import { dayLocals } from './dayLocals.js';
import { DayQuery } from './forms.js';
import { markNoShows } from './noShowMarks.js';
import { listDayNoShows } from './noShowQueries.js';
import { findDayState, listDayClaims } from './queries.js';

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
      const locals = dayLocals(c, { day, today, nowUnit, state, claims });
      return page('calendar/day', locals, { caching: 'revisit', etag });
    },
  }),
];

/** The running quarter hour of a day; 0 before it, the number of its quarters after it. */
function unitOf(day: Day, now: Date): number {
  const unit = Math.floor((now.getTime() - day.start.getTime()) / 900_000);
  return Math.min(Math.max(unit, 0), day.units);
}
