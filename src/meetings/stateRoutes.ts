import { once } from '../lib/http/once.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { describeCheck } from '../claims/checks.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import type { z } from 'zod';
import { drawForm, valuesOf } from './formPage.js';
import { type RoomsRefused } from './commands.js';
import { restoreMeeting } from './callOffCommands.js';
import { cancelMeeting } from './callOffCommands.js';
import { AskAgainForm, CancelForm, MessageForm, RestoreForm } from './forms.js';
import { askForRoomsAgain } from './placeCommands.js';
import { writeToAll } from './participantCommands.js';
import { mayCancel, mayRestore, mayWriteToAll } from './policy.js';
import { findMeeting, listParticipants } from './queries.js';
import { describeRefusal } from './refusal.js';
import { titleOf } from './title.js';

export const stateRoutes: Route[] = [
  route({
    method: 'get',
    path: '/meetings/:id/cancellation',
    policy: signedIn,
    handle: (c) => showCancel(c),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/cancellation',
    policy: signedIn,
    form: CancelForm,
    handle: cancel,
    onInvalid: showCancel,
  }),
  route({
    method: 'post',
    path: '/meetings/:id/restoration',
    policy: signedIn,
    form: RestoreForm,
    handle: restore,
  }),
  route({
    method: 'post',
    path: '/meetings/:id/room-request',
    policy: signedIn,
    form: AskAgainForm,
    handle: askAgain,
  }),
  route({ method: 'get', path: '/meetings/:id/message', policy: signedIn, handle: (c) => showMessage(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/message',
    policy: signedIn,
    form: MessageForm,
    handle: sendMessage,
    onInvalid: showMessage,
  }),
];

async function showCancel(c: Context, problems?: Problems, refused?: RoomsRefused): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
    throw new Conflict('meetings.problem.closed');
  if (!mayCancel(meeting)) throw new Forbidden();
  const heading = c.t('meetings.cancel.heading', { title: titleOf(c.t, meeting) });
  return page(
    'meetings/cancel',
    {
      title: heading,
      heading,
      meeting,
      errors: problems?.errors ?? {},
      values: problems?.values ?? (refused ? (c.req.body as Record<string, unknown>) : {}),
      refusal: refused?.checks.map((check) => describeCheck(check, c.t, c.fmt)),
      mayOverride: isSecretary(c.viewer),
      invited: meeting.announced_at ? meeting.participant_count : 0,
    },
    { status: problems || refused ? 422 : 200 },
  );
}

async function cancel(c: Context<z.output<typeof CancelForm>>): Promise<Answer> {
  const id = idOf(c);
  const done = await cancelMeeting(c.db, c.by, id, {
    reason: c.form.reason,
    now: c.now,
    overrideReason: c.form.beyond ? c.form.reason.slice(0, 1000) : null,
  });
  if (!done.ok) return showCancel(c, undefined, done);
  return redirect(`/meetings/${id}`, { notice: 'meetings.notice.cancelled' });
}

async function restore(c: Context<z.output<typeof RestoreForm>>): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayRestore(meeting) && meeting.state === 'cancelled') throw new Forbidden();
  const { room } = c.form;
  const chosen = room === undefined ? undefined : roomsOf(room);
  const result = await restoreMeeting(c.db, c.by, meeting.id, {
    now: c.now,
    roomIds: chosen,
    withoutEquipment: c.form.equipment === 'none',
  });
  if (result.ok)
    return redirect(`/meetings/${meeting.id}`, {
      notice: result.requests ? 'requests.notice.asked' : restoredNotice(room),
    });
  const roomIds = chosen ?? meeting.rooms.map(({ id }) => id);
  const refusal = await describeRefusal(c, result, {
    roomIds,
    startsAt: meeting.starts_at,
    endsAt: meeting.ends_at,
    exceptMeetingId: meeting.id,
    zone: c.zone,
  });
  const heading = c.t('meetings.restore.heading', { title: titleOf(c.t, meeting) });
  return page('meetings/restore', { title: heading, heading, meeting, refusal, room }, { status: 409 });
}

function roomsOf(room: number | 'none'): number[] {
  return room === 'none' ? [] : [room];
}

function restoredNotice(room: number | 'none' | undefined) {
  if (room === undefined) return 'meetings.notice.restored';
  return room === 'none' ? 'meetings.notice.restoredWithoutRoom' : 'meetings.notice.restoredElsewhere';
}

async function askAgain(c: Context<z.output<typeof AskAgainForm>>): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  const result = await askForRoomsAgain(c.db, c.by, meeting.id, { note: c.form.note, now: c.now });
  if (result.ok)
    return redirect(`/meetings/${meeting.id}`, {
      notice: result.requests ? 'requests.notice.again' : 'meetings.notice.saved',
    });
  // Somebody has the room by now, or a new rule forbids it. The form says so and offers what is free.
  return drawForm(c, {
    meeting,
    values: await valuesOf(c, meeting),
    status: 409,
    refusal: await describeRefusal(c, result, {
      roomIds: meeting.rooms.map(({ id }) => id),
      startsAt: meeting.starts_at,
      endsAt: meeting.ends_at,
      seats: meeting.expected_count,
      exceptMeetingId: meeting.id,
      zone: meeting.zone,
    }),
  });
}

async function showMessage(c: Context, problems?: Problems): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayWriteToAll(meeting)) throw new Forbidden();
  const people = await listParticipants(c.db, meeting.id);
  const title = c.t('meetings.message.title', { title: titleOf(c.t, meeting) });
  return page(
    'meetings/message',
    {
      title,
      meeting,
      people,
      errors: problems?.errors ?? {},
      values: problems?.values ?? { subject: titleOf(c.t, meeting) },
    },
    { status: problems ? 422 : 200 },
  );
}

async function sendMessage(c: Context<z.output<typeof MessageForm>>): Promise<Answer> {
  const id = idOf(c);
  const { key, subject, text } = c.form;
  let count: number | undefined;
  await once(c.db, { person: c.viewer.id, key, body: c.form }, async (trx) => {
    count = await writeToAll(trx, c.by, id, { key, subject, text });
    return { location: `/meetings/${id}` };
  });
  return redirect(`/meetings/${id}`, {
    notice:
      count === undefined
        ? 'meetings.notice.messageKnown'
        : { key: 'meetings.notice.messageSent', values: { count } },
  });
}
