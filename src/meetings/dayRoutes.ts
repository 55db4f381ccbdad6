import { Forbidden } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { checkIn, endEarly, extendMeeting, type DayDone } from './dayCommands.js';
import { CheckInForm, ExtensionForm } from './dayForms.js';
import { tellLost } from './checkIn.js';
import { findOpens, listExpectedOf, listLostRooms } from './noShowQueries.js';
import { mayCheckIn } from './policy.js';
import { findMeeting, type Meeting } from './queries.js';
import { titleOf } from './title.js';

export const dayRoutes: Route[] = [
  route({
    method: 'get',
    path: '/meetings/:id/check-in',
    policy: signedIn,
    handle: async (c) => show(c, await allowed(c)),
  }),
  route({ method: 'post', path: '/meetings/:id/check-in', policy: signedIn, form: CheckInForm, handle: (c) => act(c, (done) => (done.isTakenBack ? 'meetings.day.tookBack' : 'meetings.day.checkedIn'), (id) => checkIn(c.db, c.by, id, c.now)) }),
  route({ method: 'post', path: '/meetings/:id/early-end', policy: signedIn, form: CheckInForm, handle: (c) => act(c, () => 'meetings.day.ended', (id) => endEarly(c.db, c.by, id, c.now)) }),
  route({ method: 'post', path: '/meetings/:id/extension', policy: signedIn, form: ExtensionForm, handle: (c) => act(c, () => 'meetings.day.extended', (id) => extendMeeting(c.db, c.by, id, c.form.minutes, c.now)) }),
];

async function allowed(c: Context<unknown, unknown>): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayCheckIn(meeting)) throw new Forbidden();
  return meeting;
}

async function show(c: Context<unknown, unknown>, meeting: Meeting, problem?: string): Promise<Answer> {
  const [lost, expected] = await Promise.all([listLostRooms(c.db, meeting.id), listExpectedOf(c.db, [meeting.id])]);
  const due = expected.filter(({ is_attended, due_at }) => !is_attended && due_at > c.now).map(({ due_at }) => due_at.getTime());
  return page(
    'meetings/check-in',
    {
      title: c.t('meetings.day.title', { title: titleOf(c.t, meeting) }), name: titleOf(c.t, meeting), meeting, problem,
      lost: tellLost(lost, meeting, c.t, c.fmt), due: due.length > 0 ? c.fmt.time(new Date(Math.min(...due))) : undefined, mayTakeBack: lost.length > 0 && c.now < meeting.ends_at,
    },
    { status: problem ? 409 : 200 },
  );
}

type Notice = 'meetings.day.checkedIn' | 'meetings.day.tookBack' | 'meetings.day.ended' | 'meetings.day.extended';

async function act(c: Context<unknown, unknown>, notice: (done: Extract<DayDone, { ok: true }>) => Notice, work: (id: number) => Promise<DayDone>): Promise<Answer> {
  const meeting = await allowed(c);
  const done = await work(meeting.id);
  return done.ok ? redirect(`/meetings/${meeting.id}`, { notice: notice(done) }) : show(c, meeting, c.t(`meetings.day.${done.reason}`, { minutes: await findOpens(c.db, meeting.id) }));
}
