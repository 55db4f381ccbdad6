import { NotFound } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  send,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { maySeeAgenda } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { sendInvitations, type SendRefusal } from './commands.js';
import { plainCopy } from './download.js';
import { SendForm } from './forms.js';
import { findTellable } from './queries.js';
import { findSeriesPlace } from './seriesQueries.js';

export const invitationsRoutes: Route[] = [
  route({
    method: 'post',
    path: '/meetings/:id/invitations',
    policy: signedIn,
    form: SendForm,
    handle: sendThem,
  }),
  route({ method: 'get', path: '/meetings/:id/invitation.ics', policy: signedIn, handle: download }),
];

async function sendThem(c: Context): Promise<Answer> {
  const id = idOf(c);
  const sent = await sendInvitations(c.db, c.by, id, c.now);
  const here = `/meetings/${id}`;
  if (!sent.ok)
    return sent.reason === 'nobody'
      ? redirect(here, { notice: 'invitations.notice.nobody' })
      : showRefusal(c, id, sent.reason);
  const key = sent.unreachable > 0 ? 'invitations.notice.sentBut' : 'invitations.notice.sent';
  return redirect(here, { notice: { key, values: { count: sent.invited, unreachable: sent.unreachable } } });
}

/** What is missing, and the page where it is mended. */
async function showRefusal(c: Context, id: number, reason: SendRefusal): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, id);
  const pages: Partial<Record<SendRefusal, string>> = {
    chair: `/meetings/${id}/people`,
    outside: `/meetings/${id}`,
  };
  const mend = pages[reason] ?? `/meetings/${id}/edit`;
  return page(
    'invitations/not-sent',
    { title: c.t('invitations.notSent.title'), meetingTitle: titleOf(c.t, meeting), meeting, reason, mend },
    { status: 422 },
  );
}

/** A copy for a calendar that did not get the mail. */
async function download(c: Context): Promise<Answer> {
  const seen = await findMeeting(c.db, c.viewer, idOf(c));
  const meeting = await findTellable(c.db, seen.id);
  if (!meeting || meeting.state === 'cancelled') throw new NotFound();
  // Time, room, title and organiser are everybody's; text and link are for who takes part.
  const open = maySeeAgenda(seen) ? meeting : { ...meeting, description: '', link: null };
  const place = await findSeriesPlace(c.db, seen.id, c.viewer.id);
  return send(plainCopy(c.config, open, c, { now: c.now, place }), 'text/calendar; charset=utf-8', {
    name: 'meeting.ics',
  });
}
