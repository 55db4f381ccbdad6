import { Forbidden } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { takeAwaitedRoom } from './awaitedDateCommands.js';
import { findAwaited } from './awaitedQueries.js';
import { drawForm, valuesOf } from '../meetings/formPage.js';
import { NoFields } from '../meetings/forms.js';
import { findMeeting } from '../meetings/queries.js';
import { describeRefusal } from '../meetings/refusal.js';
import { joinQueue, leaveQueue } from './commands.js';
import { mayTake } from './page.js';

export const waitsRoutes: Route[] = [
  route({
    method: 'post',
    path: '/meetings/:id/wait',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      const meeting = await findMeeting(c.db, c.viewer, idOf(c));
      await joinQueue(c.db, c.by, meeting.id, { rooms: null, now: c.now });
      return redirect(`/meetings/${meeting.id}`, { notice: 'waits.notice.again' });
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/wait/withdrawal',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      const meeting = await findMeeting(c.db, c.viewer, idOf(c));
      const request = await findAwaited(c.db, meeting.id, c.now);
      await leaveQueue(c.db, c.by, meeting.id);
      return redirect(`/meetings/${meeting.id}`, {
        notice: request?.state === 'offered' ? 'waits.notice.declined' : 'waits.notice.left',
      });
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/wait/acceptance',
    policy: signedIn,
    form: NoFields,
    handle: take,
  }),
];

/**
 * The hold becomes the meeting's room by all rules; where one stands against it, the form of the meeting says
 * so.
 */
async function take(c: Context): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayTake(meeting)) throw new Forbidden();
  const request = await findAwaited(c.db, meeting.id, c.now);
  const taken = await takeAwaitedRoom(c.db, c.by, meeting.id, c.now);
  if (taken.ok)
    return redirect(`/meetings/${meeting.id}`, {
      notice: taken.isAsked ? 'requests.notice.asked' : 'waits.notice.taken',
    });
  if (taken.reason === 'gone' || !request)
    return redirect(`/meetings/${meeting.id}`, {
      notice: (await hasItsRooms(c, meeting.id)) ? 'waits.notice.taken' : 'waits.notice.gone',
    });
  const roomIds = request.rooms.map(({ id }) => id);
  return drawForm(c, {
    meeting,
    values: { ...(await valuesOf(c, meeting)), rooms: roomIds },
    status: 409,
    refusal: await describeRefusal(c, taken.refused, {
      roomIds,
      startsAt: meeting.starts_at,
      endsAt: meeting.ends_at,
      seats: meeting.expected_count,
      exceptMeetingId: meeting.id,
      zone: meeting.zone,
    }),
  });
}

/** Pressed twice, or in two windows: who was second has what was wanted, too. */
async function hasItsRooms(c: Context, id: number): Promise<boolean> {
  const { state, rooms } = await findMeeting(c.db, c.viewer, id);
  return (
    state !== 'cancelled' &&
    rooms.length > 0 &&
    !rooms.some(({ is_refused }) => is_refused) &&
    (await findAwaited(c.db, id, c.now)) === undefined
  );
}
