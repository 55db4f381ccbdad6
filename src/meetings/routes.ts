import { listUnitOptions } from '../people/queries.js';
import { signedIn } from '../lib/http/policy.js';
import { page, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { ListQuery } from './forms.js';
import { listMeetings } from './listQueries.js';
import { type MeetingLine } from './listQueries.js';
import { STATES } from './states.js';
import { listSeriesOptions } from './queries.js';
import { rowOf } from './meetingRow.js';

export const meetingsRoutes: Route[] = [
  route({ method: 'get', path: '/meetings', policy: signedIn, query: ListQuery, handle: showList }),
];

const PAGE = 50;

async function showList(c: Context<unknown, ListQuery>): Promise<Answer> {
  const { query } = c;
  const [at, id] = query.after?.split('.').map(Number) ?? [];
  const [found, series, units] = await Promise.all([
    listMeetings(
      c.db,
      c.viewer,
      {
        whose: query.whose,
        when: query.when,
        state: query.state,
        seriesId: query.series ?? undefined,
        unitId: query.unit ?? undefined,
        text: query.q ?? undefined,
        after: at !== undefined && id !== undefined ? { at: new Date(at), id } : undefined,
      },
      { now: c.now, limit: PAGE },
    ),
    listSeriesOptions(c.db, c.viewer),
    listUnitOptions(c.db),
  ]);
  const lines = found.slice(0, PAGE);
  const last = found.length > PAGE ? lines.at(-1) : undefined;
  return page('meetings/list', {
    title: c.t('meetings.list.title'),
    query,
    isFiltered: Boolean(query.state ?? query.series ?? query.unit ?? query.q),
    days: byDay(lines, c),
    series,
    units,
    states: STATES,
    views: (['coming', 'past'] as const).map((when) => ({
      href: addressOf({ ...query, when, after: undefined }),
      text: c.t(`meetings.list.${when}`),
      current: query.when === when,
    })),
    first: query.after ? addressOf({ ...query, after: undefined }) : undefined,
    next: last ? addressOf({ ...query, after: `${last.starts_at.getTime()}.${last.id}` }) : undefined,
  });
}

function addressOf(query: ListQuery): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
  return `/meetings?${new URLSearchParams(given).toString()}`;
}

/** Lines as views/lib/rows.ejs shows them, under the day on which they begin. */
function byDay(lines: MeetingLine[], c: Context): { on: string; items: unknown[] }[] {
  const days: { on: string; items: unknown[] }[] = [];
  for (const line of lines) {
    const on = dayOf(line.starts_at, c.zone);
    if (days.at(-1)?.on !== on) days.push({ on, items: [] });
    days.at(-1)?.items.push(rowOf(line, c));
  }
  return days;
}
