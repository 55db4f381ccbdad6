import { Conflict } from '../lib/http/errors.js';
import { problemsOf } from '../lib/http/form.js';
import { readPicks } from '../lib/http/merge.js';
import { once } from '../lib/http/once.js';
import { secretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import { listDeciders, listLayersFor } from '../rules/queries.js';
import { rulesFrom } from '../rules/layers.js';
import { changeStatus, createRoom, updateRoom, type Refusal } from './commands.js';
import { statusAt } from '../claims/checks.js';
import { equipmentNames, equipmentOptions } from '../equipment/kinds.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import { listFloorPlans } from './floorPlanQueries.js';
import { EditRoomForm, NewRoomForm, RoomsQuery, StatusForm } from './forms.js';
import { listDayRules } from '../hours/dayRuleQueries.js';
import { mayKeepRooms } from '../auth/keeperPolicy.js';
import { findRoom, listClosures, listComingMeetings, listRooms, type Room } from './queries.js';
import { listQueue } from '../claims/queueQueries.js';
import { findNoShowRate } from '../claims/noShowRateQueries.js';
import { describeLayouts, describePlace, describeRate } from './roomFacts.js';
import { describeHours } from '../hours/describe.js';
import { describeRules } from '../rules/describe.js';
import {
  closureLine,
  comingLine,
  differingDays,
  factsOf,
  keeperVerbs,
  outOf,
  queueLine,
  waysOf,
} from './roomDetails.js';
import { noRooms, roomTable } from './roomTable.js';
import { copyRulesTo } from './copyCommands.js';
import { LikeQuery } from './copyForms.js';
import { editOf, newRoomValues, roomFormPage, valuesLike, valuesOf, valuesOfContent } from './roomForm.js';
import { ownerText, roomMergePage } from './roomMerge.js';

export const roomsRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms',
    policy: signedIn,
    query: RoomsQuery,
    async handle(c) {
      const { query } = c;
      const isKeeper = mayKeepRooms(c.viewer);
      const [kinds, plans, rooms] = await Promise.all([
        listEquipmentKinds(c.db),
        listFloorPlans(c.db),
        listRooms(c.db, c.now, {
          seats: query.seats,
          equipment: query.equipment,
          isStepFree: query.step_free,
          withRetired: isKeeper && query.retired,
        }),
      ]);
      const roomRows = rooms.map((room) => ({
        ...room,
        place: describePlace(room),
        equipmentText: equipmentNames(room.equipment, kinds, c.fmt).join(c.t('rooms.list.comma')),
        layoutText: describeLayouts(room.layouts, c.t).join(c.t('rooms.list.comma')),
        until: room.status === 'out_of_service' ? lastDayOut(room.back_at, c) : null,
      }));
      const hasFilter = query.seats !== null || query.equipment.length > 0 || query.step_free;
      return page('rooms/list', {
        title: c.t('rooms.list.title'),
        table: roomTable(c, roomRows),
        nothing: roomRows.length ? undefined : noRooms(c, { hasFilter, isKeeper }),
        hasPlans: plans.length > 0 || isKeeper,
        filter: query,
        hasFilter,
        // Only what some room has, or what was asked for.
        equipment: equipmentOptions(kinds, c.fmt, query.equipment).filter(
          ({ value }) =>
            query.equipment.includes(value) || rooms.some((room) => room.equipment.includes(value)),
        ),
        isKeeper,
      });
    },
  }),
  route({
    method: 'get',
    path: '/rooms/new',
    policy: secretary,
    query: LikeQuery,
    async handle(c) {
      if (c.query.like === null) return roomFormPage(c, { values: newRoomValues() });
      const like = await findRoom(c.db, c.query.like);
      return roomFormPage(c, { like, values: valuesLike(like, c.fmt) });
    },
  }),
  route({
    method: 'post',
    path: '/rooms',
    policy: secretary,
    form: NewRoomForm,
    async handle(c) {
      const { key, like, with_rules: withRules, then, ...input } = c.form;
      const done = await once(c.db, { person: c.viewer.id, key, body: c.form }, async (trx) => {
        const made = await createRoom(trx, c.by, input);
        if (!made.ok) return { refused: made };
        if (like !== null && withRules) await copyRulesTo(trx, c.by, like, made.id);
        return { location: then ? `/rooms/new?like=${made.id}` : `/rooms/${made.id}` };
      });
      if ('refused' in done && done.refused) return problemPage(c, null, done.refused);
      return redirect(done.location ?? '/rooms', { notice: 'rooms.notice.added' });
    },
    onInvalid: async (c, problems) =>
      roomFormPage(c, { ...(await likeOf(c)), values: problems.values, problems, status: 422 }),
  }),
  // Before /rooms/:id, which would take their second word for an id.
  route({ method: 'get', path: '/rooms/:id', policy: signedIn, handle: showRoom }),
  route({
    method: 'get',
    path: '/rooms/:id/edit',
    policy: secretary,
    async handle(c) {
      const room = await findRoom(c.db, idOf(c));
      return roomFormPage(c, { room, values: valuesOf(room, c.fmt) });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/:id',
    policy: secretary,
    form: EditRoomForm,
    async handle(c) {
      const { given, rest } = readPicks(c.form);
      const { version, was, ...input } = rest;
      const done = await updateRoom(c.db, c.by, { id: idOf(c), version, was, given }, input);
      if (done.ok)
        return redirect(`/rooms/${idOf(c)}`, {
          notice: done.isMerged && !given.length ? 'merge.saved' : 'rooms.notice.saved',
        });
      if (done.reason === 'problem') return problemPage(c, idOf(c), done);
      if (done.reason === 'clash') return roomMergePage(c, done);
      throw new Conflict('rooms.problem.changed');
    },
    async onInvalid(c, problems) {
      return roomFormPage(c, {
        room: await findRoom(c.db, idOf(c)),
        values: problems.values,
        problems,
        status: 422,
      });
    },
  }),
  route({ method: 'get', path: '/rooms/:id/status', policy: secretary, handle: (c) => statusPage(c) }),
  route({
    method: 'post',
    path: '/rooms/:id/status',
    policy: secretary,
    form: StatusForm,
    async handle(c) {
      if (
        c.form.status === 'out_of_service' &&
        c.form.until !== null &&
        c.form.until < dayOf(c.now, c.office.zone)
      )
        return statusPage(c, { until: c.t('rooms.problem.over') }, 422);
      const done = await changeStatus(
        c.db,
        c.by,
        { id: idOf(c), version: c.form.version },
        {
          ...c.form,
          backAt: c.form.until === null ? null : startOfDay(addDays(c.form.until, 1), c.office.zone),
        },
      );
      if (done.ok) return redirect(`/rooms/${idOf(c)}`, { notice: 'rooms.notice.saved' });
      if (done.reason === 'stale')
        return statusPage(
          c,
          { [done.room.status === c.form.status ? '' : 'status']: c.t('rooms.problem.changed') },
          409,
        );
      return statusPage(c, { [done.field]: c.t(done.problem) }, 422);
    },
    onInvalid: (c, problems) => statusPage(c, problems.errors, 422),
  }),
];

async function showRoom(c: Context<unknown, unknown>): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  const today = dayOf(c.now, c.office.zone);
  const [kinds, meetings, closures, days, layers, noShows, queue] = await Promise.all([
    listEquipmentKinds(c.db),
    listComingMeetings(c.db, c.viewer.id, { roomId: room.id, now: c.now }),
    listClosures(c.db, c.viewer.id, room.id, c.now),
    listDayRules(c.db, [room.id], today, addDays(today, 60)),
    listLayersFor(c.db, room.id, c.viewer.id),
    findNoShowRate(c.db, room.id, c.now),
    listQueue(c.db, c.viewer.id, room.id, c.now),
  ]);
  const rules = rulesFrom(layers);
  const deciders = rules.in_policy === 'request' ? await listDeciders(c.db, room.id) : [];
  const names = deciders.map((person) => c.fmt.name(person));
  const status = statusAt(room, c.now);
  const until = lastDayOut(room.back_at, c);
  const isKeeper = mayKeepRooms(c.viewer);
  return page('rooms/room', {
    title: c.fmt.name(room),
    room,
    ways: waysOf(c, room, describePlace(room)),
    verbs: keeperVerbs(c, room),
    mayBook: status === 'in_service' || until !== null,
    out: outOf(c, room, status, until),
    facts: factsOf(c, room, {
      layouts: describeLayouts(room.layouts, c.t),
      equipment: equipmentNames(room.equipment, kinds, c.fmt),
      hours: describeHours(room.hours, c.t),
      differing: differingDays(c, room, days.get(room.id) ?? []),
      // As they hold for the reader.
      rules: describeRules(rules, c.t, names, c.lang),
      noShows: rules.check_in === 'required' || noShows.judged > 0 ? describeRate(noShows, c.t, c.fmt) : '',
      officeZone: c.office.zone === c.zone ? null : c.office.zone,
    }),
    meetings: meetings.map((meeting) => comingLine(c, room, meeting)),
    queue: queue.map((line) => queueLine(c, line)),
    closures: closures.map((closure) => ({
      ...closureLine(c, closure),
      mayLift: isKeeper && closure.room_id === room.id,
    })),
    isKeeper,
    lacksPhotos: isKeeper && room.photos.length === 0,
  });
}

/** The last day on which a room is out of service, in words; null when nobody knows it, or it is over. */
function lastDayOut(backAt: Date | null, c: Context<unknown, unknown>): string | null {
  return backAt && backAt > c.now ? c.fmt.date(dayOf(new Date(backAt.getTime() - 1), c.office.zone)) : null;
}

async function statusPage(
  c: Context<unknown, unknown>,
  errors: Record<string, string> = {},
  status = 200,
): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  const [coming] = await listComingMeetings(c.db, c.viewer.id, { roomId: room.id, now: c.now, most: 1 });
  const typed = body(c);
  return page(
    'rooms/status',
    {
      title: c.t('rooms.status.title', { room: c.fmt.name(room) }),
      room,
      hasMeetings: coming !== undefined,
      errors,
      values: {
        status: typed.status ?? statusAt(room, c.now),
        reason: typed.reason ?? room.status_reason,
        until:
          typed.until ?? (room.back_at ? dayOf(new Date(room.back_at.getTime() - 1), c.office.zone) : ''),
      },
    },
    { status },
  );
}

async function problemPage(
  c: Context<unknown, unknown>,
  id: number | null,
  refused: Refusal,
): Promise<Answer> {
  const problems = problemsOf(
    [{ field: refused.field, message: c.t(refused.problem, refused.values) }],
    c.req.body,
  );
  const { merged } = refused;
  if (merged)
    return roomFormPage(c, {
      room: merged.room,
      values: {
        ...editOf(merged.room),
        ...valuesOfContent(merged.content, ownerText(c, merged.room, merged.content)),
      },
      problems,
      status: 422,
    });
  return roomFormPage(c, {
    ...(id === null ? await likeOf(c) : { room: await findRoom(c.db, id) }),
    values: problems.values,
    problems,
    status: 422,
  });
}

/** The room that a refused form was filled in from. */
async function likeOf(c: Context<unknown, unknown>): Promise<{ like?: Room }> {
  const id = Number(body(c).like);
  return Number.isSafeInteger(id) && id > 0 ? { like: await findRoom(c.db, id) } : {};
}

function body(c: Context<unknown, unknown>): Record<string, unknown> {
  return { ...(c.req.body as Record<string, unknown> | undefined) };
}
