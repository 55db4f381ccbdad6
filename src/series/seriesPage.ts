import type { Context } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { pillOf } from '../meetings/meetingRow.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { ROLES } from '../meetings/states.js';
import { titleOf } from '../meetings/title.js';
import type { AwaitedDate } from '../waits/awaitedQueries.js';
import { describeRequest } from '../waits/choices.js';

import { describeFacts, describeDays } from './facts.js';
import type { FreshDates } from './inviteQueries.js';
import type { Recurrence, Series, SeriesDate, SeriesLine, Member } from './queries.js';
import { readRule, describeRule } from './recurrence.js';
import { isSeldomAttended, type SeriesFacts } from './renewalQueries.js';
import type { UnattendedSeries } from './unattendedQueries.js';

// The list of standing meetings and the page of one. Pure: rows in, data of the page out.

type Words = Pick<Context, 't' | 'fmt'>;

/** One standing meeting as a row of the list. */
export function seriesRow({ t, fmt }: Words, line: SeriesLine) {
  return {
    title: line.name,
    href: `/series/${line.id}`,
    pill: line.ended_on ? { text: t('meetings.series.ended') } : undefined,
    meta: [
      line.rule && line.starts_at_time
        ? `${describeRule(t, readRule(line.rule))} ${line.starts_at_time}`
        : null,
      fmt.name(line.organiser),
      t('meetings.series.members', { count: line.member_count }),
      line.is_private ? t('meetings.list.private') : null,
    ],
    end: line.next_at
      ? t('meetings.series.next', { when: `${fmt.shortDay(line.next_at)} ${fmt.time(line.next_at)}` })
      : undefined,
    mine: line.is_mine,
    over: line.ended_on !== null,
  };
}

/** Address of the page behind the last line of this one. */
export function nextPage({ q, mine }: { q: string | null; mine: boolean }, last: SeriesLine): string {
  const query = new URLSearchParams();
  if (q) query.set('q', q);
  if (mine) query.set('mine', 'on');
  query.set('after', `${last.ended_on ? 1 : 0}.${last.id}.${last.name}`);
  return `/series?${query.toString()}`;
}

/** What the page of one standing meeting is made of; undefined is what the viewer may not see. */
export interface SeriesRows {
  series: Series;
  recurrences: Recurrence[];
  coming: SeriesDate[];
  past: SeriesDate[];
  members: Member[] | undefined;
  awaited: AwaitedDate[];
  facts: SeriesFacts | undefined;
  ending: { last_at: Date } | undefined;
  unattended: UnattendedSeries | undefined;
  fresh: FreshDates | undefined;
}

export function seriesPage(c: Words & Pick<Context, 'now'>, rows: SeriesRows) {
  const { series, coming, past, awaited, facts, ending, unattended } = rows;
  const { t, fmt } = c;
  const waiting = new Set(awaited.filter(({ kind }) => kind === 'wait').map(({ meeting_id }) => meeting_id));
  const hasFacts = facts && facts.held + facts.cancelled > 0;
  return {
    title: series.name,
    series,
    mayKeep: mayKeepSeries(series),
    members: rows.members,
    roles: ROLES,
    fresh: rows.fresh,
    rules: rows.recurrences.filter((one) => isRunning(one, c.now)).map((one) => describeRecurrence(c, one)),
    coming: coming.map((date) => dateRow(c, date, waiting)),
    past: past.map((date) => dateRow(c, date, waiting)),
    awaited: awaited.map((date) => awaitedRow(c, date)),
    ending: ending && fmt.day(ending.last_at),
    change: firstChange(series.id, coming),
    unattended:
      unattended &&
      t('noShow.series.notice', { name: series.name, days: describeDays(unattended.dates, t, fmt) }),
    facts: hasFacts ? { items: describeFacts(t, fmt, facts), isSeldom: isSeldomAttended(facts) } : undefined,
  };
}

function isRunning({ starts_on, until_at, zone }: Recurrence, now: Date): boolean {
  return until_at > now && starts_on <= dayOf(until_at, zone);
}

function describeRecurrence({ t, fmt }: Words, one: Recurrence): string {
  return t('meetings.series.ruleLine', {
    rule: describeRule(t, readRule(one.rule)),
    time: one.starts_at_time,
    zone: one.zone,
    day: fmt.day(one.until_at),
  });
}

function dateRow({ t, fmt }: Words, date: SeriesDate, waiting: ReadonlySet<number>) {
  return {
    time: `${fmt.shortDay(date.starts_at)} ${fmt.range(date.starts_at, date.ends_at)}`,
    title: titleOf(t, date),
    href: `/meetings/${date.id}`,
    pill: pillOf(date, date.state, t),
    meta: [
      ...date.rooms.map((room) => fmt.name(room)),
      waiting.has(date.id) ? t('series.awaited.noRoom') : null,
      date.cancel_reason,
    ],
    over: date.state === 'cancelled',
  };
}

/** Where the rule is changed from the next date on. */
function firstChange(seriesId: number, coming: readonly SeriesDate[]): string | undefined {
  const next = coming.find(({ state }) => state !== 'cancelled');
  return next && `/series/${seriesId}/dates/${next.id}/following`;
}

/** A date that needs a room: what it waits for, and the way to take it when it is free. */
function awaitedRow(c: Words, date: AwaitedDate) {
  const { t, fmt } = c;
  const when = `${fmt.shortDay(date.starts_at)} ${fmt.range(date.starts_at, date.ends_at)}`;
  const take = {
    action: `/series/${date.series_id}/dates/${date.meeting_id}/room`,
    label: t('series.awaited.take'),
    about: when,
    hidden: {},
  };
  return {
    time: when,
    title: titleOf(t, date),
    href: `/meetings/${date.meeting_id}`,
    pill: {
      text: t(date.is_free ? 'series.awaited.free' : 'series.awaited.taken'),
      tone: date.is_free ? 'ok' : 'neutral',
    },
    meta: [
      t(date.kind === 'wait' ? 'series.awaited.wait' : 'series.awaited.skip', {
        rooms: describeRequest(c, date),
      }),
    ],
    actions: date.is_free ? [take] : undefined,
  };
}
