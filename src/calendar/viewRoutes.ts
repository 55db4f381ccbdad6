import { NotFound } from '../lib/http/errors.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { revisit } from '../lib/http/revisit.js';
import { idOf, page, route, unchanged, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { dayOfGrid } from './dayGrid.js';
import { listPollTimes } from './pollQueries.js';
import { occupancyLocals } from './occupancyPage.js';
import { personLocals } from './personPage.js';
import { findDayState, listDayClaims, type CalendarRoom } from './queries.js';
import { sheetLocals } from './sheetPage.js';
import { daysOfMonth, daysOfWeek } from './spanGrid.js';
import { chosenRooms, roomDaysLocals, spanLocals, type View } from './spanPage.js';
import { SheetQuery, SpanQuery, WeekQuery } from './viewForms.js';
import { findColleague, listOccupancy, listPersonMeetings, listSheet, listSites } from './viewQueries.js';

export const viewRoutes: Route[] = [
  route({
    method: 'get',
    path: '/calendar/week',
    policy: signedIn,
    query: SpanQuery,
    handle: (c) => spanPage(c, 'week', c.query),
  }),
  route({
    method: 'get',
    path: '/calendar/month',
    policy: signedIn,
    query: SpanQuery,
    handle: (c) => spanPage(c, 'month', c.query),
  }),
  route({
    method: 'get',
    path: '/calendar/people/:id',
    policy: signedIn,
    query: WeekQuery,
    handle: (c) => personPage(c, c.query.date),
  }),
  route({
    method: 'get',
    path: '/calendar/sheet',
    policy: signedIn,
    query: SheetQuery,
    handle: (c) => sheetPage(c, c.query),
  }),
];

/** A week or a month: of one room what is in it and what is free; of several how full each is on each day. */
async function spanPage(c: Context<unknown, unknown>, view: View, query: SpanQuery): Promise<Answer> {
  const today = dayOf(c.now, c.zone);
  const on = query.date ?? today;
  const month = daysOfMonth(on, c.zone);
  const days = view === 'week' ? daysOfWeek(on, c.zone) : month.days;
  const span = { start: days[0]?.start ?? c.now, end: days.at(-1)?.end ?? c.now };
  const state = await findDayState(c.db, span);
  const quarter = Math.floor(c.now.getTime() / 900_000);
  const isNow = span.start <= c.now && c.now < span.end;
  const { etag, isUnchanged } = revisit(c, view, on, query.of, today, isNow ? quarter : 0, state.revision);
  if (etag && isUnchanged) return unchanged(etag);

  const { one, rooms } = chosenRooms(state.rooms, query.of);
  const shown = { view, on, today, days, month, of: query.of };
  const locals = spanLocals(c, shown, state.rooms, one);
  const options = { caching: 'revisit' as const, etag };
  if (one) {
    const claims = await listDayClaims(c.db, c.viewer.id, span, atomicOf([one]));
    return page(`calendar/${view}`, { ...locals, ...roomDaysLocals(c, shown, one, claims) }, options);
  }
  const inView = view === 'week' ? days : days.filter((day) => day.on >= month.first && day.on <= month.last);
  const found = await listOccupancy(c.db, inView, atomicOf(rooms));
  const frame = { days: inView, today, here: `/calendar/${view}?date=${on}` };
  return page('calendar/occupancy', { ...locals, ...occupancyLocals(c, frame, rooms, found) }, options);
}

/** The rooms that are claimed: of a hall its parts. */
function atomicOf(rooms: readonly CalendarRoom[]): number[] {
  return [...new Set(rooms.flatMap((room) => (room.part_ids.length ? room.part_ids : [room.id])))];
}

/** The week of one person. */
async function personPage(c: Context<unknown, unknown>, date: string | undefined): Promise<Answer> {
  const person = await findColleague(c.db, idOf(c));
  if (!person) throw new NotFound();
  const today = dayOf(c.now, c.zone);
  const on = date ?? today;
  const days = daysOfWeek(on, c.zone);
  const span = { start: days[0]?.start ?? c.now, end: days.at(-1)?.end ?? c.now };
  // What a poll may come to is for people who plan with it: the person and the office.
  const plansWith = person.id === c.viewer.id || isSecretary(c.viewer);
  const [meetings, polled] = await Promise.all([
    listPersonMeetings(c.db, c.viewer.id, person.id, span),
    plansWith ? listPollTimes(c.db, c.viewer.id, [person.id], { from: span.start, to: span.end }) : [],
  ]);
  return page('calendar/person', personLocals(c, { person, on, today, days, meetings, polled }));
}

/** What happens where today, with what has to be ready. */
async function sheetPage(c: Context<unknown, unknown>, query: SheetQuery): Promise<Answer> {
  const today = dayOf(c.now, c.zone);
  const on = query.date ?? today;
  const sites = await listSites(c.db);
  const site = sites.includes(query.site) ? query.site : '';
  const lines = await listSheet(c.db, c.viewer.id, dayOfGrid(on, c.zone), site);
  return page('calendar/sheet', sheetLocals(c, { on, today, site, sites, lines }));
}
