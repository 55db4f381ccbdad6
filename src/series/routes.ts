import { describeCheck } from '../claims/checks.js';
import type { z } from 'zod';
import { findPersonOption, personText } from '../people/queries.js';
import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import { takeAwaitedRoom } from '../waits/awaitedDateCommands.js';
import { listAwaited } from '../waits/awaitedQueries.js';
import { listActable, readActing, shownPerson } from '../meetings/formPage.js';
import { NoFields, RoleForm } from '../meetings/forms.js';
import { removeMember, setMembers, setMembersAndGuests } from './memberCommands.js';
import { readPeople } from '../meetings/namedPeople.js';
import { readSeriesPeople } from './namedPeople.js';
import { nextPage, seriesPage, seriesRow } from './seriesPage.js';
import { keepUnattended } from './unattendedCommands.js';
import { findUnattended } from './unattendedQueries.js';
import { mayKeepSeries, maySeeMembers } from '../meetings/policy.js';
import { ROLES } from '../meetings/states.js';
import { findEnding, findSeriesFacts } from './renewalQueries.js';
import { changeSeries } from './commands.js';
import { endSeries, type Ended } from './endCommands.js';
import { EndForm, MembersForm, SeriesForm, SeriesQuery } from './forms.js';
import { findFreshDates } from './inviteQueries.js';
import { findSeries, listDates, listMembers, listRecurrences, listSeries, type Series } from './queries.js';

export const seriesRoutes: Route[] = [
  route({ method: 'get', path: '/series', policy: signedIn, query: SeriesQuery, handle: showList }),
  route({ method: 'get', path: '/series/:id', policy: signedIn, handle: showSeries }),
  route({ method: 'get', path: '/series/:id/edit', policy: signedIn, handle: (c) => showEdit(c) }),
  route({
    method: 'post',
    path: '/series/:id',
    policy: signedIn,
    form: SeriesForm,
    handle: change,
    onInvalid: showEdit,
  }),
  route({ method: 'get', path: '/series/:id/members', policy: signedIn, handle: (c) => showMembers(c) }),
  route({
    method: 'post',
    path: '/series/:id/members',
    policy: signedIn,
    form: MembersForm,
    handle: addMembers,
    onInvalid: showMembers,
  }),
  route({
    method: 'post',
    path: '/series/:id/members/:person/role',
    policy: signedIn,
    form: RoleForm,
    async handle(c) {
      await setMembers(c.db, c.by, idOf(c), new Map([[idOf(c, 'person'), c.form.role]]));
      return redirect(`/series/${idOf(c)}/members`, { notice: 'meetings.people.roleSaved' });
    },
  }),
  route({
    method: 'post',
    path: '/series/:id/members/:person/removal',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      await removeMember(c.db, c.by, idOf(c), idOf(c, 'person'));
      return redirect(`/series/${idOf(c)}/members`, { notice: 'meetings.people.removed' });
    },
  }),
  route({
    method: 'post',
    path: '/series/:id/dates/:meeting/room',
    policy: signedIn,
    form: NoFields,
    handle: takeRoom,
  }),
  route({
    method: 'post',
    path: '/series/:id/continuation',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      const series = await findKept(c);
      await keepUnattended(c.db, c.by, series.id, c.now);
      return redirect(`/series/${series.id}`, { notice: 'noShow.series.kept' });
    },
  }),
  route({ method: 'get', path: '/series/:id/end', policy: signedIn, handle: (c) => showEnd(c) }),
  route({
    method: 'post',
    path: '/series/:id/end',
    policy: signedIn,
    form: EndForm,
    handle: end,
    onInvalid: showEnd,
  }),
];

const PAGE = 50;

async function showList(c: Context<unknown, z.output<typeof SeriesQuery>>): Promise<Answer> {
  const { q, mine, after } = c.query;
  const [, ended, id, name] = /^([01])\.(\d{1,15})\.(.*)$/s.exec(after ?? '') ?? [];
  const found = await listSeries(
    c.db,
    c.viewer,
    {
      text: q ?? undefined,
      mine,
      after: id ? { ended: ended === '1', name: name ?? '', id: Number(id) } : undefined,
    },
    { now: c.now, limit: PAGE },
  );
  const lines = found.slice(0, PAGE);
  const last = found.length > PAGE ? lines.at(-1) : undefined;
  return page('series/list', {
    title: c.t('meetings.list.series'),
    query: { q, mine },
    items: lines.map((line) => seriesRow(c, line)),
    next: last && nextPage({ q, mine }, last),
  });
}

async function showSeries(c: Context): Promise<Answer> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  const mayKeep = mayKeepSeries(series);
  const [recurrences, coming, past, members, awaited, facts, ending, unattended, fresh] = await Promise.all([
    listRecurrences(c.db, series.id),
    listDates(c.db, series.id, 'coming', { now: c.now }),
    listDates(c.db, series.id, 'past', { now: c.now, limit: 10 }),
    maySeeMembers(series) ? listMembers(c.db, series.id) : undefined,
    mayKeep ? listAwaited(c.db, series.id, c.now) : [],
    maySeeMembers(series) ? findSeriesFacts(c.db, series.id, c.now) : undefined,
    mayKeep ? findEnding(c.db, series.id, c.now) : undefined,
    mayKeep ? findUnattended(c.db, series.id, c.now) : undefined,
    mayKeep && series.ended_on === null ? findFreshDates(c.db, series.id, c.now) : undefined,
  ]);
  return page(
    'series/series',
    seriesPage(c, {
      series,
      recurrences,
      coming,
      past,
      members,
      awaited,
      facts,
      ending,
      unattended,
      fresh,
    }),
  );
}

async function takeRoom(c: Context): Promise<Answer> {
  const series = await findKept(c);
  const taken = await takeAwaitedRoom(c.db, c.by, idOf(c, 'meeting'), c.now);
  if (!taken.ok && taken.reason === 'refused') {
    const why = taken.checks.map((check) => describeCheck(check, c.t, c.fmt)).join(' ');
    return redirect(`/series/${series.id}`, {
      notice: { key: 'requests.notice.stillWaits', values: { why } },
    });
  }
  const done = taken.ok && taken.isAsked ? 'requests.notice.asked' : 'series.notice.roomTaken';
  return redirect(`/series/${series.id}`, { notice: taken.ok ? done : 'series.notice.roomGone' });
}

async function findKept(c: Context): Promise<Series> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  if (!mayKeepSeries(series)) throw new Forbidden();
  return series;
}

async function showEdit(c: Context, problems?: Problems, stale = false): Promise<Answer> {
  const series = await findKept(c);
  const organisers = isSecretary(c.viewer) ? undefined : await listActable(c, series);
  const text = async (person: { id: number } | null) => {
    const found = person ? await findPersonOption(c.db, person.id) : undefined;
    return found ? personText(found, c.fmt.name(found)) : '';
  };
  const stored = {
    name: series.name,
    organiser: await shownPerson(c, series.organiser_id),
    booked_for: await shownPerson(c, series.booked_for_id),
    lang: series.lang,
    is_private: series.is_private,
    first_number: series.next_number,
    gates: series.review_gates ?? '',
    reviewer: await text(series.reviewer),
    approver: await text(series.approver),
    version: series.version,
  };
  const heading = c.t('meetings.series.edit', { name: series.name });
  const status = problems ? 422 : 200;
  return page(
    'dates/form',
    {
      title: heading,
      heading,
      series,
      isNew: false,
      withDates: false,
      action: `/series/${series.id}`,
      rooms: [],
      organisers,
      errors: problems?.errors ?? {},
      values: problems ? withVersion(problems.values, stale ? series.version : undefined) : stored,
      theirs: stale ? stored.name : undefined,
    },
    { status: stale ? 409 : status },
  );
}

/** After a stale save the form goes on from the version that is stored. */
function withVersion(values: Record<string, unknown>, version: number | undefined) {
  return version === undefined ? values : { ...values, version };
}

async function change(c: Context<z.output<typeof SeriesForm>>): Promise<Answer> {
  const series = await findKept(c);
  const { form } = c;
  const people = await readSeriesPeople(c, form);
  if (people.problems.length > 0) return showEdit(c, problemsOf(people.problems, c.req.body));
  const acting = await readActing(c, form);
  if ('problems' in acting) return showEdit(c, acting.problems);
  const result = await changeSeries(c.db, c.by, series.id, {
    version: form.version,
    name: form.name,
    organiserId: acting.organiserId ?? series.organiser_id,
    bookedForId: acting.bookedForId,
    lang: form.lang,
    isPrivate: form.is_private,
    firstNumber: form.first_number,
    reviewGates: form.gates,
    reviewerId: people.reviewerId,
    approverId: people.approverId,
  });
  if (!result.ok) return showEdit(c, problemsOf([], c.req.body), true);
  return redirect(`/series/${series.id}`, { notice: 'meetings.notice.saved' });
}

async function showMembers(c: Context, problems?: Problems): Promise<Answer> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  if (!maySeeMembers(series)) throw new Forbidden();
  const mayKeep = mayKeepSeries(series) && series.ended_on === null;
  if (problems && !mayKeep) throw new Forbidden();
  return page(
    'series/members',
    {
      title: c.t('meetings.series.membersOf', { name: series.name }),
      series,
      members: await listMembers(c.db, series.id),
      mayKeep,
      roles: ROLES,
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

async function addMembers(c: Context<z.output<typeof MembersForm>>): Promise<Answer> {
  const series = await findKept(c);
  const { people, role } = c.form;
  const named = await readPeople(c.db, c.t, people);
  if (named.problems.length > 0)
    return showMembers(c, problemsOf([{ field: 'people', message: named.problems.join(' ') }], c.req.body));
  await setMembersAndGuests(c.db, c.by, series.id, {
    requested: new Map(named.personIds.map((person) => [person, role])),
    guests: named.guests.map((guest) => ({ ...guest, role })),
  });
  return redirect(`/series/${series.id}/members`, {
    notice: { key: 'meetings.people.added', values: { count: named.personIds.length + named.guests.length } },
  });
}

async function showEnd(
  c: Context,
  problems?: Problems,
  late: Extract<Ended, { ok: false }>['late'] = [],
): Promise<Answer> {
  const series = await findKept(c);
  const heading = c.t('meetings.series.endHeading', { name: series.name });
  const last = late.at(-1);
  return page(
    'series/end',
    {
      title: heading,
      heading,
      series,
      errors: problems?.errors ?? {},
      values:
        problems?.values ?? (last ? (c.req.body as Record<string, unknown>) : { on: dayOf(c.now, c.zone) }),
      late: late.map(({ startsAt, checks }) => ({
        when: `${c.fmt.shortDay(startsAt)} ${c.fmt.time(startsAt)}`,
        reasons: checks.map((check) => describeCheck(check, c.t, c.fmt)).join(' '),
      })),
      lastLate: last && c.fmt.day(last.startsAt),
      mayOverride: last !== undefined && isSecretary(c.viewer),
    },
    { status: problems || last ? 422 : 200 },
  );
}

async function end(c: Context<z.output<typeof EndForm>>): Promise<Answer> {
  const series = await findKept(c);
  const { on, reason, beyond } = c.form;
  const done = await endSeries(c.db, c.by, series.id, {
    on,
    after: startOfDay(addDays(on, 1), c.zone),
    reason,
    now: c.now,
    beyond,
  });
  if (!done.ok) return showEnd(c, undefined, done.late);
  return redirect(`/series/${series.id}`, {
    notice: { key: 'meetings.notice.seriesEnded', values: { count: done.count } },
  });
}
