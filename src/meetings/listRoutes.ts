import { listUnitOptions } from '../people/queries.js';
import { signedIn } from '../lib/http/policy.js';
import { page, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { ListQuery } from './forms.js';
import { listMeetings, STATES, type MeetingLine } from './queries.js';
import { listSeriesOptions } from '../series/queries.js';
import { shownState, toneOfReply, toneOfState, type ShownState, type Tone } from './shownState.js';
import { titleOf } from './title.js';

export const listRoutes: Route[] = [
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
        ...(at !== undefined && id !== undefined ? { after: { at: new Date(at), id } } : {}),
      },
      c.now,
      PAGE,
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
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return `/meetings?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
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

/** Where it stands; of one that was called to a room and nobody came, that. */
export function pillOf(
  line: Pick<MeetingLine, 'is_no_show'>,
  state: ShownState,
  t: Context['t'],
): { text: string; tone: Tone } {
  const isMissed = line.is_no_show && state !== 'cancelled' && state !== 'in_progress' && state !== 'ended';
  return isMissed
    ? { text: t('noShow.pill'), tone: 'bad' }
    : { text: t(`meetings.state.${state}`), tone: toneOfState(state) };
}

/** One meeting as a row of a list: time, title, place, organiser; one's own answer, else the state. */
export function rowOf(
  line: MeetingLine,
  { t, fmt, now }: Pick<Context, 't' | 'fmt' | 'now'>,
): Record<string, unknown> {
  const state = shownState(line, now);
  const isAsked =
    line.invited_at !== null && line.state === 'scheduled' && line.role !== 'informed' && line.ends_at > now;
  return {
    time: fmt.range(line.starts_at, line.ends_at),
    title: titleOf(t, line),
    href: `/meetings/${line.id}`,
    pill: isAsked
      ? { text: t(`meetings.reply.${line.reply ?? 'none'}`), tone: toneOfReply(line.reply) }
      : pillOf(line, state, t),
    meta: [
      ...line.rooms.map((room) => fmt.name(room)),
      line.place,
      line.rooms.length === 0 && !line.place && line.link ? t('meetings.list.byLink') : null,
      fmt.name(line.organiser),
      line.participant_count ? t('meetings.list.people', { count: line.participant_count }) : null,
      line.is_private ? t('meetings.list.private') : null,
    ],
    mine: line.is_mine,
    over: line.state === 'cancelled' || line.ends_at <= now,
  };
}
