import { once } from '../lib/http/once.js';
import type { Problems } from '../lib/http/form.js';
import { readCookie, setCookie } from '../lib/http/cookies.js';
import { anyone, secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { translator } from '../lib/i18n/translate.js';
import { createMeeting } from '../meetings/commands.js';
import { checkIn, endEarly, extendMeeting, type DayResult } from '../checkins/commands.js';
import { kindsOf } from '../meetings/refusal.js';
import { findOpens } from '../checkins/noShowQueries.js';
import type { Shortage } from '../equipment/commands.js';
import { format } from '../lib/time/format.js';
import { findRoom } from '../rooms/queries.js';
import { addDoorDisplay, doorToken, hashOfDoor, revokeDoorDisplay } from './commands.js';
import { DoorBookingForm, DoorDisplayForm, DoorMeetingForm, NothingForm } from './forms.js';
import { showDoor, stateOfDoor } from './page.js';
import { findDoorDisplay, listDoorDisplays, type DoorDisplay } from './queries.js';

// The display beside a door. The address with the token is opened once; a cookie keeps it, so that it stands
// in no history.

export const doorsRoutes: Route[] = [
  route({ method: 'get', path: '/rooms/:id/doors', policy: secretary, handle: (c) => doorsPage(c) }),
  route({
    method: 'post',
    path: '/rooms/:id/doors',
    policy: secretary,
    form: DoorDisplayForm,
    async handle(c) {
      const { key, ...input } = c.form;
      const room = await findRoom(c.db, idOf(c));
      await once(c.db, { person: c.viewer.id, key: key, body: input }, async (trx) => {
        await addDoorDisplay(trx, c.by, c.config.secretKey, { roomId: room.id, ...input });
        return { location: `/rooms/${room.id}/doors` };
      });
      return redirect(`/rooms/${room.id}/doors`, { notice: 'doors.added' });
    },
    onInvalid: (c, problems) => doorsPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/doors/:display/revocation',
    policy: secretary,
    form: NothingForm,
    async handle(c) {
      await revokeDoorDisplay(c.db, c.by, idOf(c), idOf(c, 'display'));
      return redirect(`/rooms/${idOf(c)}/doors`, { notice: 'doors.revoked' });
    },
  }),
  route({
    method: 'get',
    path: '/door',
    policy: anyone,
    handle: (c) => withDisplay(c, (display) => showDoor(c, display)),
  }),
  route({ method: 'get', path: '/door/:token', policy: anyone, handle: openDoor }),
  route({
    method: 'post',
    path: '/door/check-in',
    policy: anyone,
    form: DoorMeetingForm,
    handle: (c) => atDoor(c, (by, place) => checkIn(c.db, by, c.form.meeting, { now: c.now, place })),
  }),
  route({
    method: 'post',
    path: '/door/early-end',
    policy: anyone,
    form: DoorMeetingForm,
    handle: (c) => atDoor(c, (by, place) => endEarly(c.db, by, c.form.meeting, { now: c.now, place })),
  }),
  route({
    method: 'post',
    path: '/door/extension',
    policy: anyone,
    form: DoorMeetingForm,
    handle: (c) =>
      atDoor(c, (by, place) => extendMeeting(c.db, by, c.form.meeting, { minutes: 15, now: c.now, place })),
  }),
  route({ method: 'post', path: '/door/booking', policy: anyone, form: DoorBookingForm, handle: bookNow }),
];

async function doorsPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  const displays = await listDoorDisplays(c.db, room.id);
  return page(
    'doors/list',
    {
      title: c.t('doors.title'),
      room,
      values: problems?.values ?? { lang: c.office.lang },
      errors: problems?.errors ?? {},
      displays: displays.map((display) => ({
        ...display,
        address: `${c.config.publicUrl}/door/${doorToken(c.config.secretKey, display.id)}`,
      })),
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

const YEAR = 366 * 86_400;

async function openDoor(c: Context): Promise<Answer> {
  const token = c.params.token ?? '';
  if (!(await displayOf(c, token))) return lost(c);
  c.res.set('Cache-Control', 'no-store');
  setCookie(c, 'door', token, { seconds: YEAR });
  return redirect('/door');
}

function displayOf(
  c: Context<unknown, unknown>,
  token: string,
): Promise<DoorDisplay | undefined> | undefined {
  return /^[A-Za-z0-9_-]{43}$/.test(token) ? findDoorDisplay(c.db, hashOfDoor(token)) : undefined;
}

async function withDisplay(
  c: Context<unknown, unknown>,
  work: (display: DoorDisplay) => Promise<Answer>,
): Promise<Answer> {
  const display = await displayOf(c, readCookie(c.req, c.config, 'door') ?? '');
  return display ? work(display) : lost(c);
}

function lost(c: Context<unknown, unknown>): Answer {
  return page(
    'doors/lost',
    { title: c.t('door.lost.title'), door: true },
    { status: 404, caching: 'no-store' },
  );
}

/** What is pressed at a door concerns what occupies this room now, nothing else. */
function atDoor(
  c: Context<{ meeting: number }>,
  work: (by: Context['by'], place: string) => Promise<DayResult>,
): Promise<Answer> {
  return withDisplay(c, async (display) => {
    const { state } = await stateOfDoor(c, display);
    if (state.current?.meetingId !== c.form.meeting) return redirect('/door');
    const done = await work({ ...c.by, id: null }, display.name);
    const t = translator(display.lang);
    const namesOf = (shortages: readonly Shortage[]) =>
      kindsOf(shortages, { t, fmt: format(display.lang, c.office.zone) });
    if (done.ok)
      return done.missing?.length
        ? showDoor(c, display, t('meetings.day.tookBackWithout', { kinds: namesOf(done.missing) }))
        : redirect('/door');
    if (done.reason === 'short')
      return showDoor(c, display, t('meetings.day.short', { kinds: namesOf(done.shortages) }));
    const minutes = await findOpens(c.db, c.form.meeting);
    return showDoor(c, display, t(`meetings.day.${done.reason}`, { minutes }));
  });
}

/** In the name of who set the display up; without a sign-in nobody else is known. */
function bookNow(c: Context<{ minutes: number; key: string }>): Promise<Answer> {
  return withDisplay(c, async (display) => {
    const t = translator(display.lang);
    const from = new Date(Math.floor(c.now.getTime() / 60_000) * 60_000);
    const done = await once(
      c.db,
      { person: display.created_by, key: c.form.key, body: c.form },
      async (trx) => {
        const by = { ...c.by, id: display.created_by };
        const made = await createMeeting(trx, by, {
          title: t('door.bookedTitle'),
          startsAt: from,
          endsAt: new Date(from.getTime() + c.form.minutes * 60_000),
          zone: c.office.zone,
          roomIds: [display.room_id],
          lang: display.lang,
          mailDomain: c.config.mailDomain,
        });
        if (!made.ok) return { refused: made };
        await checkIn(trx, { ...c.by, id: null }, made.id, { now: c.now, place: display.name });
        return { location: '/door' };
      },
    );
    return 'refused' in done ? showDoor(c, display, t('door.taken')) : redirect('/door');
  });
}
