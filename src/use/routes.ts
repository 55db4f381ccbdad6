import { CSV } from '../lib/http/csv.js';
import { chosenDays } from '../lib/http/period.js';
import { secretary } from '../lib/http/policy.js';
import { page, route, send, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { listUnitOptions } from '../people/queries.js';
import { UseQuery, UseTableQuery } from './forms.js';
import { chosenRooms, unitsBelow } from './choice.js';
import { describePeriod, usePage } from './page.js';
import { besides, monthOf, periodOf, type UsePeriod } from './period.js';
import { listUsePersons, listUseRooms } from './queries.js';
import { readBefore, readReport, type ReportRequest } from './report.js';
import { useCsv } from './table.js';

export const useRoutes: Route[] = [
  route({
    method: 'get',
    path: '/calendar/use',
    policy: secretary,
    query: UseQuery,
    handle: (c) => showUse(c),
  }),
  route({
    method: 'get',
    path: '/calendar/use/table',
    policy: secretary,
    query: UseTableQuery,
    async handle(c) {
      const { period, request } = await readRequest(c, c.query);
      const report = await readReport(c.db, request, period);
      return send(useCsv(c, report, c.query.by), CSV, {
        name: `${c.t('use.title')} ${c.t(`use.csv.by.${c.query.by}`)} ${describePeriod(c, period)}.csv`,
      });
    },
  }),
];

/** The longest period: three years. */
const MOST_DAYS = 1100;

async function readRequest(c: Context<unknown, unknown>, typed: UseQuery) {
  const usual = monthOf(dayOf(c.now, c.office.zone));
  const to = typed.to ?? (typed.from ? monthOf(typed.from).last : usual.last);
  const { first, last } = chosenDays(typed.from ?? monthOf(to).first, to, MOST_DAYS);
  const period: UsePeriod = periodOf(first, last);
  const [rooms, units, organisers] = await Promise.all([
    listUseRooms(c.db),
    listUnitOptions(c.db),
    typed.organiser === null ? [] : listUsePersons(c.db, [typed.organiser]),
  ]);
  const [organiser] = organisers;
  const unit = units.find(({ id }) => id === typed.unit);
  const query: UseQuery = {
    from: first,
    to: last,
    of: typed.of,
    unit: unit?.id ?? null,
    organiser: organiser?.id ?? null,
  };
  const request: ReportRequest = {
    viewerId: c.viewer.id,
    zone: c.office.zone,
    rooms: chosenRooms(rooms, query.of),
    who: { organiser: query.organiser, units: unit ? unitsBelow(units, unit.id) : null },
  };
  return { period, request, query, rooms, units, organiser };
}

async function showUse(c: Context<unknown, UseQuery>): Promise<Answer> {
  const { period, request, query, rooms, units, organiser } = await readRequest(c, c.query);
  const [report, before] = await Promise.all([
    readReport(c.db, request, period),
    readBefore(c.db, request, besides(period, 'before')),
  ]);
  return page(
    'use/use',
    usePage(c, {
      query,
      period,
      rooms: rooms.filter(({ status }) => status !== 'retired'),
      units,
      organiser,
      report,
      before,
    }),
  );
}
