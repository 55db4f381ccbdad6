import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
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
import { mayInvite, maySeeAgenda, maySeeReplies } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { sendInvitations, type SendRefusal } from './commands.js';
import { plainCopy } from './download.js';
import { ReplyForm, SendForm, type ReplyFields } from './forms.js';
import { guestRoutes } from '../replies/guestRoutes.js';
import { whyClosed } from '../replies/policy.js';
import { findTellable, listInvitations } from './queries.js';
import { formOf, furtherOf, noticeOf, refusalOf, toReply } from '../replies/words.js';
import { replyOnPage } from '../replies/commands.js';
import { listLaterDates, listReplies } from '../replies/queries.js';
import { findSeriesPlace } from './seriesQueries.js';
import { seriesInvitationRoutes } from './seriesRoutes.js';

export const routes: Route[] = [
  route({
    method: 'post',
    path: '/meetings/:id/invitations',
    policy: signedIn,
    form: SendForm,
    handle: sendThem,
  }),
  route({ method: 'get', path: '/meetings/:id/replies', policy: signedIn, handle: (c) => showReplies(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/reply',
    policy: signedIn,
    form: ReplyForm,
    handle: reply,
    onInvalid: (c, problems) => showReplies(c, problems),
  }),
  route({ method: 'get', path: '/meetings/:id/invitation.ics', policy: signedIn, handle: download }),
  ...seriesInvitationRoutes,
  ...guestRoutes,
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
  const mend =
    reason === 'chair'
      ? `/meetings/${id}/people`
      : reason === 'outside'
        ? `/meetings/${id}`
        : `/meetings/${id}/edit`;
  return page(
    'invitations/not-sent',
    { title: c.t('invitations.notSent.title'), meetingTitle: titleOf(c.t, meeting), meeting, reason, mend },
    { status: 422 },
  );
}

/** Who answered what, how the invitations stand, and a form to note an answer that came by another way. */
async function showReplies(c: Context, problems?: Problems): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!maySeeReplies(meeting)) throw new Forbidden();
  const [replies, invitations] = await Promise.all([
    listReplies(c.db, meeting.id),
    listInvitations(c.db, meeting.id),
  ]);
  const own = replies.find((one) => one.person_id === c.viewer.id);
  const later = own ? await listLaterDates(c.db, own.participant_id, c.now) : [];
  const states = new Map(invitations.map((one) => [one.person_id, one]));
  const isOpen =
    whyClosed({ ...meeting, is_removed: false, invited_at: meeting.announced_at }, c.now) === undefined;
  return page(
    'replies/list',
    {
      title: c.t('invitations.replies.of', { title: titleOf(c.t, meeting) }),
      meeting,
      meetingTitle: titleOf(c.t, meeting),
      people: replies.map((one) => ({ ...one, invitation: states.get(one.person_id) })),
      own,
      further: furtherOf(c, meeting, later.length),
      mayReply:
        own !== undefined &&
        whyClosed({ ...own, state: meeting.state, ends_at: meeting.ends_at }, c.now) === undefined,
      mayNote: isOpen && mayInvite(meeting),
      values: problems?.values ?? {},
      errors: problems?.errors ?? {},
      errorForm: formOf(problems),
    },
    { status: problems ? 422 : 200 },
  );
}

async function reply(
  c: Context<
    ReplyFields & { participant?: number | undefined; from?: 'meeting' | 'today' | 'replies' | undefined }
  >,
): Promise<Answer> {
  const id = idOf(c);
  const replied = await replyOnPage(c.db, c.by, c.viewer, id, c.form.participant, toReply(c.form), c.now);
  if (!replied.ok)
    return 'closed' in replied
      ? redirect(`/meetings/${id}`, { notice: `invitations.closed.${replied.closed}` })
      : showReplies(c, refusalOf(c, replied, c.form));
  const to =
    c.form.from === 'today' ? '/' : c.form.from === 'replies' ? `/meetings/${id}/replies` : `/meetings/${id}`;
  return redirect(to, {
    notice:
      c.form.participant === undefined ? noticeOf(c.form.status, replied.dates) : 'invitations.replied.noted',
  });
}

/** A copy for a calendar that did not get the mail. */
async function download(c: Context): Promise<Answer> {
  const seen = await findMeeting(c.db, c.viewer, idOf(c));
  const meeting = await findTellable(c.db, seen.id);
  if (!meeting || meeting.state === 'cancelled') throw new NotFound();
  // Time, room, title and organiser are everybody's; text and link are for who takes part.
  const open = maySeeAgenda(seen) ? meeting : { ...meeting, description: '', link: null };
  const place = await findSeriesPlace(c.db, seen.id, c.viewer.id);
  return send(plainCopy(c.config, open, c, c.now, place), 'text/calendar; charset=utf-8', {
    name: 'meeting.ics',
  });
}
