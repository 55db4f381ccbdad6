import { findImageSize } from '../lib/files/imageSize.js';
import { IMAGE_TYPES } from '../lib/files/kinds.js';
import { sendImage } from '../lib/files/send.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, startOfDay, timeOf, toInstant } from '../lib/time/zone.js';
import {
  createFloorPlan,
  placeRooms,
  removeFloorPlan,
  replacePicture,
  type Picture,
} from './floorPlanCommands.js';
import { NewPlanForm, PlacesForm, FloorPlanQuery, FloorPlanVersionForm } from './floorPlanForms.js';
import {
  findFloorPlan,
  listFloorsWithoutFloorPlan,
  listFloorPlanRooms,
  listFloorPlans,
  listRoomsOfFloor,
} from './floorPlanQueries.js';
import { mayKeepRooms } from '../auth/keeperPolicy.js';
import { drawFloorPlan, describeRoomOnPlan, type RoomOnPlan } from './floorPlanPage.js';
import { describePlace } from './roomFacts.js';

export const floorPlanRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/plans',
    policy: signedIn,
    async handle(c) {
      const floorPlans = await listFloorPlans(c.db);
      return page('rooms/floor-plans', {
        title: c.t('plans.list.title'),
        plans: floorPlans.map((floorPlan) => ({
          id: floorPlan.id,
          name: nameOf(floorPlan, c),
          rooms: floorPlan.rooms,
        })),
        isKeeper: mayKeepRooms(c.viewer),
      });
    },
  }),
  route({ method: 'get', path: '/rooms/plans/new', policy: secretary, handle: (c) => newPage(c) }),
  route({
    method: 'post',
    path: '/rooms/plans',
    policy: secretary,
    upload: { field: 'picture', maxFiles: 1, wrongKind: 'rooms.problem.photo' },
    form: NewPlanForm,
    async handle(c) {
      const picture = await readPicture(c);
      if (!picture)
        return newPage(
          c,
          problemsOf([{ field: 'picture', message: c.t('rooms.problem.photo') }], c.req.body),
        );
      const { key, ...form } = c.form;
      const done = await once(c.db, { person: c.viewer.id, key, body: form }, async (trx) => {
        const made = await createFloorPlan(trx, c.by, form.room, picture);
        return made.ok ? { location: `/rooms/plans/${made.id}/edit` } : {};
      });
      if (done.location === undefined)
        return newPage(c, problemsOf([{ field: 'room', message: c.t('plans.problem.taken') }], c.req.body));
      return redirect(done.location, { notice: 'plans.notice.added' });
    },
    onInvalid: (c, problems) => newPage(c, problems),
  }),
  route({
    method: 'get',
    path: '/rooms/plans/:id',
    policy: signedIn,
    query: FloorPlanQuery,
    handle: showFloorPlan,
  }),
  route({
    method: 'get',
    path: '/rooms/plans/:id/picture',
    policy: signedIn,
    handle: async (c) => sendImage(c, (await findFloorPlan(c.db, idOf(c))).file_id),
  }),
  route({ method: 'get', path: '/rooms/plans/:id/edit', policy: secretary, handle: (c) => editPage(c) }),
  route({
    method: 'post',
    path: '/rooms/plans/:id/places',
    policy: secretary,
    form: PlacesForm,
    async handle(c) {
      const { rooms, x, y, version } = c.form;
      const places = rooms.flatMap((roomId, i) => {
        const [left, top] = [x[i] ?? null, y[i] ?? null];
        return left === null || top === null ? [] : [{ roomId, x: left, y: top }];
      });
      const done = await placeRooms(c.db, c.by, { id: idOf(c), version }, places);
      if (!done.ok)
        return editPage(
          c,
          problemsOf([{ field: '', message: c.t('plans.problem.changed') }], c.req.body),
          409,
        );
      return redirect(`/rooms/plans/${done.id}`, { notice: 'rooms.notice.saved' });
    },
    onInvalid: (c, problems) => editPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/rooms/plans/:id/picture',
    policy: secretary,
    upload: {
      field: 'picture',
      maxFiles: 1,
      wrongKind: 'rooms.problem.photo',
      authorise: (c) => findFloorPlan(c.db, idOf(c)),
    },
    form: FloorPlanVersionForm,
    async handle(c) {
      const picture = await readPicture(c);
      if (!picture)
        return editPage(c, problemsOf([{ field: 'picture', message: c.t('rooms.problem.photo') }], {}));
      const done = await replacePicture(c.db, c.by, { id: idOf(c), version: c.form.version }, picture);
      if (!done.ok)
        return editPage(
          c,
          problemsOf([{ field: 'picture', message: c.t('plans.problem.changed') }], {}),
          409,
        );
      return redirect(`/rooms/plans/${done.id}/edit`, { notice: 'rooms.notice.saved' });
    },
    onInvalid: (c, problems) => editPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/rooms/plans/:id/removal',
    policy: secretary,
    form: FloorPlanVersionForm,
    async handle(c) {
      const done = await removeFloorPlan(c.db, c.by, idOf(c), c.form.version);
      if (!done.ok)
        return editPage(c, problemsOf([{ field: '', message: c.t('plans.problem.changed') }], {}), 409);
      return redirect('/rooms/plans', { notice: 'plans.notice.removed' });
    },
  }),
];

function nameOf(
  floor: { site: string; building: string; floor: string },
  c: Context<unknown, unknown>,
): string {
  return (
    describePlace({ ...floor, floor: floor.floor && c.t('plans.floor', { floor: floor.floor }) }) ||
    c.t('plans.list.whole')
  );
}

/** The picture that arrived, when it is one and says how large it is. */
async function readPicture(c: Context<unknown, unknown>): Promise<Picture | undefined> {
  const file = c.files[0];
  if (!file || !IMAGE_TYPES.includes(file.media_type)) return undefined;
  const size = await findImageSize(c.db, file.id);
  return size && size.width <= 20_000 && size.height <= 20_000 ? { fileId: file.id, ...size } : undefined;
}

async function newPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const floors = await listFloorsWithoutFloorPlan(c.db);
  return page(
    'rooms/floor-plan-new',
    {
      title: c.t('plans.form.new'),
      floors: floors.map((floor) => ({
        value: floor.room_id,
        label: c.t('plans.form.floor', { floor: nameOf(floor, c), count: floor.rooms }),
      })),
      values: problems?.values ?? {},
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

/** When somebody looks without saying when: the running or next half hour, an hour long. */
function spanOf(c: Context<unknown, FloorPlanQuery>): {
  on: string;
  from: string;
  to: string;
  span: { from: Date; to: Date };
} {
  const now = new Date(Math.ceil(c.now.getTime() / 1_800_000) * 1_800_000);
  const on = c.query.date ?? dayOf(now, c.zone);
  const from = c.query.from ?? timeOf(now, c.zone);
  const start = toInstant(on, from, c.zone) ?? now;
  const typed = c.query.to === undefined ? null : toInstant(on, c.query.to, c.zone);
  const end =
    typed && typed > start
      ? typed
      : new Date(
          Math.min(
            start.getTime() + 3_600_000,
            Math.max(startOfDay(addDays(on, 1), c.zone).getTime(), start.getTime() + 900_000),
          ),
        );
  return {
    on,
    from,
    to: dayOf(end, c.zone) === on ? timeOf(end, c.zone) : '24:00',
    span: { from: start, to: end },
  };
}

async function showFloorPlan(c: Context<unknown, FloorPlanQuery>): Promise<Answer> {
  const floorPlan = await findFloorPlan(c.db, idOf(c));
  const { on, from, to, span } = spanOf(c);
  const rooms = await listFloorPlanRooms(c.db, c.viewer.id, floorPlan, span);
  const shown = rooms.map((room) => describeRoomOnPlan(room, span, { on, from, to }, c));
  return page('rooms/floor-plan', {
    title: nameOf(floorPlan, c),
    plan: floorPlan,
    on,
    from,
    to,
    when: `${c.fmt.date(on)} ${c.fmt.range(span.from, span.to)}`,
    rooms: shown,
    rows: shown.map((room) => rowOf(c, room)),
    free: shown.filter(({ state }) => state === 'free').length,
    drawing: drawFloorPlan(floorPlan, shown),
    isKeeper: mayKeepRooms(c.viewer),
  });
}

const ROW_TONES: Record<string, string> = { free: 'ok', taken: 'warn' };

/** A room of the floor in the list beside the drawing; see views/lib/rows.ejs. */
function rowOf({ t }: Context<unknown, unknown>, room: RoomOnPlan) {
  const book = { href: room.href ?? '', label: t('calendar.booking.book'), about: room.name };
  return {
    pill: { text: room.word, tone: ROW_TONES[room.state] ?? 'neutral' },
    title: room.name,
    href: `/rooms/${room.id}`,
    meta: [room.detail, ...room.meta, room.x === null ? t('plans.room.unplaced') : ''],
    actions: room.state === 'free' ? [book] : [],
  };
}

async function editPage(c: Context<unknown, unknown>, problems?: Problems, status?: number): Promise<Answer> {
  const floorPlan = await findFloorPlan(c.db, idOf(c));
  const rooms = await listRoomsOfFloor(c.db, floorPlan);
  const typed = (name: string) => [problems?.values[name] ?? []].flat() as unknown[];
  const [ids, x, y] = [typed('rooms').map(String), typed('x'), typed('y')];
  const errors = problems?.errors ?? {};
  const lines = rooms.map((room) => {
    const at = ids.indexOf(String(room.id));
    return {
      id: room.id,
      name: c.fmt.name(room),
      x: at < 0 ? (room.x ?? '') : x[at],
      y: at < 0 ? (room.y ?? '') : y[at],
      error: at < 0 ? undefined : (errors[`x.${at}`] ?? errors[`y.${at}`]),
    };
  });
  return page(
    'rooms/floor-plan-edit',
    {
      title: c.t('plans.form.edit', { floor: nameOf(floorPlan, c) }),
      plan: floorPlan,
      name: nameOf(floorPlan, c),
      lines,
      scripts: ['floor-plan'],
      errors,
    },
    { status: status ?? (problems ? 422 : 200) },
  );
}
