import { Forbidden } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { mayInvite, maySeeReplies } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { type ReplyFields, ReplyForm } from './forms.js';
import { whyClosed } from './policy.js';
import { listInvitations } from '../invitations/queries.js';
import { formOf, furtherOf, noticeOf, refusalOf, toReply } from './words.js';
import { replyOnPage } from './commands.js';
import { listLaterDates, listReplies } from './queries.js';

export const repliesRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/:id/replies', policy: signedIn, handle: (c) => showReplies(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/reply',
    policy: signedIn,
    form: ReplyForm,
    handle: reply,
    onInvalid: (c, problems) => showReplies(c, problems),
  }),
];

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
