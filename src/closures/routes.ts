import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import { findClosureGroup, listClosureGroups, listKept, type ClosureGroup } from './relocationQueries.js';
import { areasOf, isIn, writeArea, type Area } from '../claims/areas.js';
import { changeClosures, closeRooms, liftClosures } from './commands.js';
import { ClosureChangeForm, ClosuresForm } from './forms.js';
import { problemOfEnd, readEnd, readSpan } from './span.js';
import { listRooms } from '../rooms/queries.js';
import { describePlace } from '../rooms/roomFacts.js';
import { describeKept } from '../claims/describeHold.js';

// Rooms closed together: a floor, a building, a site, or any rooms. Moving the meetings in the way belongs to
// meetings.

export const closuresRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/closures',
    policy: secretary,
    async handle(c) {
      const groups = await listClosureGroups(c.db, c.now);
      return page('closures/list', {
        title: c.t('closures.list.title'),
        rows: groups.map((group) => rowOf(c, group)),
      });
    },
  }),
  route({
    method: 'get',
    path: '/rooms/closures/new',
    policy: secretary,
    handle(c) {
      const today = dayOf(c.now, c.zone);
      return formPage(c, { from_date: today, from_time: '08:00', to_date: today, to_time: '18:00' });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/closures',
    policy: secretary,
    form: ClosuresForm,
    async handle(c) {
      const { form } = c;
      const span = readSpan(form, c.zone, c.now);
      if ('problem' in span)
        return formPage(
          c,
          c.req.body as Record<string, unknown>,
          problemsOf([{ field: span.field, message: c.t(span.problem) }], c.req.body),
        );
      const rooms = await listRooms(c.db, c.now, {});
      const roomIds = rooms
        .filter((room) => form.room.includes(room.id) || form.area.some((area) => isIn(room, area)))
        .map(({ id }) => id);
      if (!roomIds.length)
        return formPage(
          c,
          c.req.body as Record<string, unknown>,
          problemsOf([{ field: 'room', message: c.t('closures.problem.noRooms') }], c.req.body),
        );
      const done = await once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
        const made = await closeRooms(trx, c.by, {
          roomIds,
          ...span,
          reason: form.reason,
        });
        return { location: `/rooms/closures/${made.groupId}` };
      });
      return redirect(done.location, { notice: 'closures.notice.closed' });
    },
    onInvalid: (c, problems) => formPage(c, problems.values, problems),
  }),
  route({
    method: 'get',
    path: '/rooms/closures/:id',
    policy: secretary,
    async handle(c) {
      const [group, held] = await Promise.all([
        findClosureGroup(c.db, idOf(c), c.now),
        listKept(c.db, c.viewer.id, idOf(c)),
      ]);
      const isOver = group.ends_at <= c.now || group.rooms.length === 0;
      const kept = held.flatMap(({ room, kept: some }) =>
        some.map((one) => {
          const { title, href, time } = describeKept(c, one);
          return { title, href, meta: [c.fmt.name(room), time] };
        }),
      );
      return page('closures/group', {
        kept: isOver ? [] : kept,
        title: c.t('closures.group.title', { reason: group.reason }),
        group: shown(c, group),
        isOver,
      });
    },
  }),
  route({
    method: 'get',
    path: '/rooms/closures/:id/edit',
    policy: secretary,
    async handle(c) {
      const group = await findClosureGroup(c.db, idOf(c), c.now);
      return changePage(c, group, {
        values: {
          reason: group.reason,
          to_date: dayOf(group.ends_at, c.zone),
          to_time: timeOf(group.ends_at, c.zone),
        },
      });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/closures/:id/edit',
    policy: secretary,
    form: ClosureChangeForm,
    async handle(c) {
      const group = await findClosureGroup(c.db, idOf(c), c.now);
      const to = readEnd(c.form, c.zone);
      const wrong = problemOfEnd(group.starts_at, to, c.now);
      if (!to || wrong) {
        const { field, problem } = wrong ?? { field: 'to_time', problem: 'rooms.problem.skipped' };
        return changePage(c, group, {
          values: c.form,
          problems: problemsOf([{ field, message: c.t(problem) }], c.req.body),
        });
      }
      const done = await changeClosures(c.db, c.by, group.id, {
        version: c.form.version,
        reason: c.form.reason,
        endsAt: to,
      });
      if (done.ok) return redirect(`/rooms/closures/${group.id}`, { notice: 'rooms.notice.saved' });
      const now = await findClosureGroup(c.db, group.id, c.now);
      const theirs = c.t('closures.problem.stale', {
        reason: now.reason,
        until: c.fmt.dateTime(now.ends_at),
      });
      return changePage(c, now, {
        values: c.form,
        problems: problemsOf([{ field: 'reason', message: theirs }], c.req.body),
        status: 409,
      });
    },
    async onInvalid(c, problems) {
      const group = await findClosureGroup(c.db, idOf(c), c.now);
      return changePage(c, group, { values: problems.values, problems });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/closures/:id/lifting',
    policy: secretary,
    async handle(c) {
      await liftClosures(c.db, c.by, idOf(c));
      return redirect('/rooms/closures', { notice: 'closures.notice.lifted' });
    },
  }),
];

function shown(c: Context<unknown, unknown>, group: ClosureGroup) {
  return { ...group, when: `${c.fmt.day(group.starts_at)} ${c.fmt.range(group.starts_at, group.ends_at)}` };
}

/** Closures in a table; see views/lib/table.ejs. */
function rowOf(c: Context<unknown, unknown>, group: ClosureGroup) {
  const { t, fmt } = c;
  const here = `/rooms/closures/${group.id}`;
  const [more, count] = [group.rooms.length - 5, group.hit_count];
  const names = group.rooms.slice(0, 5).map((room) => fmt.name(room));
  return {
    cells: [
      { text: group.reason, href: here },
      shown(c, group).when,
      names.join(t('rooms.list.comma')) + (more > 0 ? t('closures.list.more', { count: more }) : ''),
      count ? { text: t('closures.list.hits', { count }), href: `${here}/moves` } : t('closures.list.noHits'),
    ],
  };
}

async function formPage(
  c: Context<unknown, unknown>,
  values: Record<string, unknown>,
  problems?: Problems,
): Promise<Answer> {
  const rooms = (await listRooms(c.db, c.now, {})).filter(({ status }) => status !== 'retired');
  const many = (name: string) => [values[name] ?? []].flat().map(String);
  return page(
    'closures/new',
    {
      title: c.t('closures.new.title'),
      values: { ...values, area: many('area'), room: many('room') },
      areas: areasOf(rooms).map((area) => ({
        value: writeArea(area),
        label: c.t('closures.new.area', {
          place: describeArea(c, area),
          count: rooms.filter((room) => isIn(room, area)).length,
        }),
      })),
      rooms: rooms.map((room) => ({
        value: String(room.id),
        label: c.fmt.name(room),
        hint: describePlace(room),
      })),
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

/** A floor that is only a number says that it is one. */
function describeArea(c: Context<unknown, unknown>, [site = '', building = '', floor = '']: Area): string {
  return [site, building, /^-?\d+$/.test(floor) ? c.t('closures.new.floor', { floor }) : floor]
    .filter(Boolean)
    .join(' · ');
}

function changePage(
  c: Context<unknown, unknown>,
  group: ClosureGroup,
  form: { values: Record<string, unknown>; problems?: Problems; status?: number },
): Answer {
  return page(
    'closures/edit',
    {
      title: c.t('closures.edit.title'),
      group: shown(c, group),
      values: form.values,
      errors: form.problems?.errors ?? {},
    },
    { status: form.status ?? (form.problems ? 422 : 200) },
  );
}
