import { Forbidden } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { checkIn, endEarly, extendMeeting, type DayDone } from './dayCommands.js';
import { CheckInForm, ExtensionForm } from './dayForms.js';
import { mayCheckIn } from './policy.js';
import { findMeeting, type Meeting } from './queries.js';
import { titleOf } from './title.js';

export const dayRoutes: Route[] = [
  route({
    method: 'get',
    path: '/meetings/:id/check-in',
    policy: signedIn,
    async handle(c) {
      const meeting = await allowed(c);
      return page('meetings/check-in', { title: c.t('meetings.day.title', { title: titleOf(c.t, meeting) }), name: titleOf(c.t, meeting), meeting, isRunning: meeting.starts_at <= c.now && c.now < meeting.ends_at });
    },
  }),
  route({ method: 'post', path: '/meetings/:id/check-in', policy: signedIn, form: CheckInForm, handle: (c) => act(c, 'meetings.day.checkedIn', (id) => checkIn(c.db, c.by, id, c.now)) }),
  route({ method: 'post', path: '/meetings/:id/early-end', policy: signedIn, form: CheckInForm, handle: (c) => act(c, 'meetings.day.ended', (id) => endEarly(c.db, c.by, id, c.now)) }),
  route({ method: 'post', path: '/meetings/:id/extension', policy: signedIn, form: ExtensionForm, handle: (c) => act(c, 'meetings.day.extended', (id) => extendMeeting(c.db, c.by, id, c.form.minutes, c.now)) }),
];

async function allowed(c: Context<unknown, unknown>): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayCheckIn(meeting)) throw new Forbidden();
  return meeting;
}

async function act(c: Context<unknown, unknown>, notice: 'meetings.day.checkedIn' | 'meetings.day.ended' | 'meetings.day.extended', work: (id: number) => Promise<DayDone>): Promise<Answer> {
  const meeting = await allowed(c);
  const done = await work(meeting.id);
  if (done.ok) return redirect(`/meetings/${meeting.id}`, { notice });
  return page(
    'meetings/check-in',
    {
      title: c.t('meetings.day.title', { title: titleOf(c.t, meeting) }), name: titleOf(c.t, meeting), meeting, isRunning: meeting.starts_at <= c.now && c.now < meeting.ends_at,
      problem: c.t(`meetings.day.${done.reason}`),
    },
    { status: 409 },
  );
}
