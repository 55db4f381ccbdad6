import { sendImage } from '../lib/files/send.js';
import { IMAGE_TYPES } from '../lib/files/kinds.js';
import { NotFound } from '../lib/http/errors.js';
import { problemsOf } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { bookingRuleRoutes } from './bookingRuleRoutes.js';
import { listDeciders, listLayersFor } from './bookingRuleQueries.js';
import { rulesFrom } from './bookingRules.js';
import { changeStatus, createRoom, setPhoto, updateRoom } from './commands.js';
import { closureRoutes } from './closureRoutes.js';
import { equipmentNames, equipmentOptions } from './equipment.js';
import { EditRoomForm, NewRoomForm, PhotoForm, PhotoRemovalForm, RoomsQuery, StatusForm } from './forms.js';
import { mayKeepRooms } from './policy.js';
import { findRoom, listClosures, listComingMeetings, listRooms } from './queries.js';
import { requestRoutes } from './requestRoutes.js';
import { tellHours, tellPlace } from './roomFacts.js';
import { tellRules } from './tellRules.js';
import { newRoomValues, roomFormPage, valuesOf } from './roomForm.js';

export const routes: Route[] = [
  // Before /rooms/:id, which would take their names for ids.
  ...requestRoutes,
  ...bookingRuleRoutes,
  route({
    method: 'get',
    path: '/rooms',
    policy: signedIn,
    query: RoomsQuery,
    async handle(c) {
      const { query } = c;
      const isKeeper = mayKeepRooms(c.viewer);
      const rooms = await listRooms(c.db, { seats: query.seats, equipment: query.equipment, isStepFree: query.step_free, withRetired: isKeeper && query.retired });
      return page('rooms/list', {
        title: c.t('rooms.list.title'),
        rooms: rooms.map((room) => ({ ...room, place: tellPlace(room), equipmentText: equipmentNames(room.equipment, c.t).join(c.t('rooms.list.comma')) })),
        filter: query,
        hasFilter: query.seats !== null || query.equipment.length > 0 || query.step_free,
        // Only what some room has, or what was asked for.
        equipment: equipmentOptions(c.t).filter(({ value }) => query.equipment.includes(value) || rooms.some((room) => room.equipment.includes(value))),
        isKeeper,
      });
    },
  }),
  route({
    method: 'get',
    path: '/rooms/new',
    policy: secretary,
    handle: (c) => roomFormPage(c, { values: newRoomValues() }),
  }),
  route({
    method: 'post',
    path: '/rooms',
    policy: secretary,
    form: NewRoomForm,
    async handle(c) {
      const { key, ...input } = c.form;
      const done = await once(c.db, c.viewer.id, key, input, async (trx) => {
        const made = await createRoom(trx, c.by, input);
        return made.ok ? { location: `/rooms/${made.id}` } : { refused: made };
      });
      if ('refused' in done && done.refused) return problemPage(c, null, done.refused);
      return redirect(done.location ?? '/rooms', { notice: 'rooms.notice.added' });
    },
    onInvalid: (c, problems) => roomFormPage(c, { values: problems.values, problems, status: 422 }),
  }),
  route({ method: 'get', path: '/rooms/:id', policy: signedIn, handle: showRoom }),
  route({
    method: 'get',
    path: '/rooms/:id/edit',
    policy: secretary,
    async handle(c) {
      const room = await findRoom(c.db, idOf(c));
      return roomFormPage(c, { room, values: valuesOf(room) });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/:id',
    policy: secretary,
    form: EditRoomForm,
    async handle(c) {
      const { version, ...input } = c.form;
      const done = await updateRoom(c.db, c.by, idOf(c), version, input);
      if (done.ok) return redirect(`/rooms/${idOf(c)}`, { notice: 'rooms.notice.saved' });
      // What was typed stays; beside it stands what somebody else wrote meanwhile. Sent again, it goes on top of that.
      if (done.reason === 'stale') return roomFormPage(c, { room: done.room, values: body(c), isStale: true, status: 409 });
      return problemPage(c, idOf(c), done);
    },
    async onInvalid(c, problems) {
      return roomFormPage(c, { room: await findRoom(c.db, idOf(c)), values: problems.values, problems, status: 422 });
    },
  }),
  route({ method: 'get', path: '/rooms/:id/status', policy: secretary, handle: (c) => statusPage(c) }),
  route({
    method: 'post',
    path: '/rooms/:id/status',
    policy: secretary,
    form: StatusForm,
    async handle(c) {
      const done = await changeStatus(c.db, c.by, idOf(c), c.form.version, c.form);
      if (done.ok) return redirect(`/rooms/${idOf(c)}`, { notice: 'rooms.notice.saved' });
      if (done.reason === 'stale') return statusPage(c, { [done.room.status === c.form.status ? '' : 'status']: c.t('rooms.problem.changed') }, 409);
      return statusPage(c, { [done.field]: c.t(done.problem) }, 422);
    },
    onInvalid: (c, problems) => statusPage(c, problems.errors, 422),
  }),
  route({
    method: 'get',
    path: '/rooms/:id/photo',
    policy: signedIn,
    async handle(c) {
      const room = await findRoom(c.db, idOf(c));
      if (room.photo_file_id === null) throw new NotFound();
      return sendImage(c, room.photo_file_id);
    },
  }),
  route({
    method: 'post',
    path: '/rooms/:id/photo',
    policy: secretary,
    upload: { field: 'photo', maxFiles: 1, authorise: (c) => findRoom(c.db, idOf(c)) },
    form: PhotoForm,
    async handle(c) {
      const file = c.files[0];
      if (!file || !IMAGE_TYPES.includes(file.media_type)) {
        return editWithPhotoProblem(c, problemsOf([{ field: 'photo', message: c.t('rooms.problem.photo') }], c.req.body).errors);
      }
      const done = await setPhoto(c.db, c.by, idOf(c), c.form.version, { fileId: file.id, alt: c.form.photo_alt });
      if (!done.ok) return editWithPhotoProblem(c, { photo: c.t('rooms.problem.changed') }, 409);
      return redirect(`/rooms/${idOf(c)}`, { notice: 'rooms.notice.saved' });
    },
    onInvalid: (c, problems) => editWithPhotoProblem(c, problems.errors),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/photo/removal',
    policy: secretary,
    form: PhotoRemovalForm,
    async handle(c) {
      const done = await setPhoto(c.db, c.by, idOf(c), c.form.version, null);
      if (!done.ok) return editWithPhotoProblem(c, { photo: c.t('rooms.problem.changed') }, 409);
      return redirect(`/rooms/${idOf(c)}`, { notice: 'rooms.notice.saved' });
    },
  }),
  ...closureRoutes,
];

async function showRoom(c: Context<unknown, unknown>): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  const [meetings, closures, layers] = await Promise.all([
    listComingMeetings(c.db, c.viewer.id, room.id, c.now), listClosures(c.db, c.viewer.id, room.id, c.now), listLayersFor(c.db, room.id, c.viewer.id),
  ]);
  const rules = rulesFrom(layers);
  const deciders = rules.in_policy === 'request' ? await listDeciders(c.db, room.id) : [];
  return page('rooms/room', {
    title: c.fmt.name(room),
    room,
    place: tellPlace(room),
    equipment: equipmentNames(room.equipment, c.t),
    hours: tellHours(room.hours, c.t),
    // As they hold for the reader.
    rules: tellRules(rules, c.t, deciders.map((person) => c.fmt.name(person)).join(c.t('requests.comma'))),
    officeZone: c.office.zone === c.zone ? null : c.office.zone,
    meetings: meetings.map((meeting) => ({
      title: meeting.title ?? c.t('calendar.day.booked'),
      href: meeting.meeting_id === null ? null : `/meetings/${meeting.meeting_id}`,
      day: c.fmt.shortDay(meeting.starts_at),
      time: c.fmt.range(meeting.starts_at, meeting.ends_at),
      mine: meeting.is_mine,
      // Of a hall: which part, when it isn't all of them.
      meta: [meeting.organiser ? c.fmt.name(meeting.organiser) : '', meeting.part && meeting.part.length < room.parts.length ? meeting.part.map((part) => c.fmt.name(part)).join(c.t('rooms.list.comma')) : ''],
    })),
    closures: closures.map((closure) => ({
      ...closure,
      time: c.fmt.range(closure.starts_at, closure.ends_at),
      day: c.fmt.day(closure.starts_at),
      meetings: closure.meetings.map((meeting) => ({
        ...meeting,
        title: meeting.title ?? c.t('calendar.day.booked'),
        time: `${c.fmt.shortDay(new Date(meeting.starts_at))} ${c.fmt.range(new Date(meeting.starts_at), new Date(meeting.ends_at))}`,
      })),
    })),
    isKeeper: mayKeepRooms(c.viewer),
  });
}

async function statusPage(c: Context<unknown, unknown>, errors: Record<string, string> = {}, status = 200): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  const [coming] = await listComingMeetings(c.db, c.viewer.id, room.id, c.now, 1);
  const typed = body(c);
  return page(
    'rooms/status',
    { title: c.t('rooms.status.title', { room: c.fmt.name(room) }), room, hasMeetings: coming !== undefined, errors, values: { status: typed.status ?? room.status, reason: typed.reason ?? room.status_reason } },
    { status },
  );
}

async function editWithPhotoProblem(c: Context<unknown, unknown>, errors: Record<string, string>, status = 422): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  return roomFormPage(c, { room, values: { ...valuesOf(room), photo_alt: body(c).photo_alt ?? room.photo_alt }, problems: { errors }, status });
}

async function problemPage(c: Context<unknown, unknown>, id: number | null, refused: { field: string; problem: Parameters<Context['t']>[0] }): Promise<Answer> {
  const problems = problemsOf([{ field: refused.field, message: c.t(refused.problem) }], c.req.body);
  return roomFormPage(c, { ...(id === null ? {} : { room: await findRoom(c.db, id) }), values: problems.values, problems, status: 422 });
}

function body(c: Context<unknown, unknown>): Record<string, unknown> {
  return { ...(c.req.body as Record<string, unknown> | undefined) };
}
