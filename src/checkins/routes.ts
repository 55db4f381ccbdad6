import { Forbidden } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { checkIn, endEarly, extendMeeting, type DayResult } from './commands.js';
import { CheckInForm, ExtensionForm } from './forms.js';
import { findClashes, nearestAlternatives } from '../claims/queries.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import { describeLost } from './describe.js';
import { findOpens, listExpectedOf, listLostRooms } from './noShowQueries.js';
import { mayCheckIn } from '../meetings/policy.js';
import { findMeeting, type Meeting } from '../meetings/queries.js';
import { kindsOf, describeClash, describeShortage } from '../meetings/refusal.js';
import { titleOf } from '../meetings/title.js';

export const checkinsRoutes: Route[] = [
  route({
    method: 'get',
    path: '/meetings/:id/check-in',
    policy: signedIn,
    handle: async (c) => show(c, await allowed(c)),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/check-in',
    policy: signedIn,
    form: CheckInForm,
    handle: (c) =>
      act(
        c,
        (done) => (done.isTakenBack ? 'meetings.day.tookBack' : 'meetings.day.checkedIn'),
        (id) => checkIn(c.db, c.by, id, { now: c.now }),
      ),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/early-end',
    policy: signedIn,
    form: CheckInForm,
    handle: (c) =>
      act(
        c,
        () => 'meetings.day.ended',
        (id) => endEarly(c.db, c.by, id, { now: c.now }),
      ),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/extension',
    policy: signedIn,
    form: ExtensionForm,
    handle: (c) =>
      act(
        c,
        () => 'meetings.day.extended',
        (id) => extendMeeting(c.db, c.by, id, { minutes: c.form.minutes, now: c.now }),
      ),
  }),
];

async function allowed(c: Context<unknown, unknown>): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayCheckIn(meeting)) throw new Forbidden();
  return meeting;
}

/**
 * After a no to more time: who has the room or the equipment next; how long it can be kept, and where one
 * could go on.
 */
interface WayOn {
  next: string[];
  left?: number | undefined;
  /** Of rooms only: another room brings no equipment. */
  elsewhere?: { href: string; text: string }[];
}

/**
 * Who has the room next, how long it can be kept all the same, and where one could go on.
 * @param until the end of its claims: a meeting that was extended before keeps the end that people were told
 */
async function wayOn(
  c: Context<unknown, unknown>,
  meeting: Meeting,
  minutes: number,
  { left, until }: { left: number; until: Date },
): Promise<WayOn> {
  const span = {
    roomIds: meeting.rooms.map(({ id }) => id),
    startsAt: until,
    endsAt: new Date(until.getTime() + minutes * 60_000),
    exceptMeetingId: meeting.id,
  };
  const [clashes, free] = await Promise.all([
    findClashes(c.db, c.viewer.id, [{ key: 0, ...span }]),
    nearestAlternatives(c.db, {
      ...span,
      seats: meeting.participant_count || null,
      personId: c.viewer.id,
      now: c.now,
    }),
  ]);
  const [on, from, to] = [
    dayOf(span.startsAt, c.zone),
    timeOf(span.startsAt, c.zone),
    timeOf(span.endsAt, c.zone),
  ];
  return {
    next: (clashes.get(0) ?? []).map((clash) => describeClash(clash, c.t, c.fmt)),
    // Not less than the form takes.
    left: left >= 5 ? left : undefined,
    elsewhere:
      dayOf(span.endsAt, c.zone) === on
        ? free.rooms.map((room) => ({
            href: `/bookings/new?room=${room.id}&date=${on}&from=${from}&to=${to}`,
            text: c.t('meetings.day.elsewhere', { room: c.fmt.name(room), from, to }),
          }))
        : [],
  };
}

async function show(
  c: Context<unknown, unknown>,
  meeting: Meeting,
  problem?: string,
  way?: WayOn,
): Promise<Answer> {
  const [lost, expected] = await Promise.all([
    listLostRooms(c.db, meeting.id),
    listExpectedOf(c.db, [meeting.id]),
  ]);
  const due = expected
    .filter(({ is_attended, due_at }) => !is_attended && due_at > c.now)
    .map(({ due_at }) => due_at.getTime());
  return page(
    'checkins/check-in',
    {
      title: c.t('meetings.day.title', { title: titleOf(c.t, meeting) }),
      name: titleOf(c.t, meeting),
      meeting,
      problem,
      way,
      lost: describeLost(lost, meeting, c.t, c.fmt),
      isIn: meeting.checked_in_at !== null || meeting.started_at !== null,
      due: due.length > 0 ? c.fmt.time(new Date(Math.min(...due))) : undefined,
      mayTakeBack: lost.length > 0 && c.now < meeting.ends_at,
    },
    { status: problem ? 409 : 200 },
  );
}

type Notice =
  'meetings.day.checkedIn' | 'meetings.day.tookBack' | 'meetings.day.ended' | 'meetings.day.extended';

async function act(
  c: Context<unknown, unknown>,
  notice: (done: Extract<DayResult, { ok: true }>) => Notice,
  work: (id: number) => Promise<DayResult>,
): Promise<Answer> {
  const meeting = await allowed(c);
  const done = await work(meeting.id);
  if (done.ok) {
    const without = kindsOf(done.missing ?? [], c);
    return redirect(`/meetings/${meeting.id}`, {
      notice: without ? { key: 'meetings.day.tookBackWithout', values: { kinds: without } } : notice(done),
    });
  }
  if (done.reason === 'short')
    return show(c, meeting, c.t('meetings.day.short', { kinds: kindsOf(done.shortages, c) }), {
      next: done.shortages.flatMap((shortage) => describeShortage(shortage, c.t, c.fmt)),
    });
  if (done.reason === 'taken')
    return show(
      c,
      meeting,
      c.t('meetings.day.taken'),
      await wayOn(c, meeting, (c.form as ExtensionForm).minutes, done),
    );
  return show(c, meeting, c.t(`meetings.day.${done.reason}`, { minutes: await findOpens(c.db, meeting.id) }));
}
