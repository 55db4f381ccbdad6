import { type ReplyFields, ReplyForm } from './forms.js';
import { listLaterDates, listReplies, type OwnReply } from './queries.js';
import { Forbidden } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { mayInvite, maySeeReplies } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { whyClosed } from './policy.js';
import { formOf, furtherOf, noticeOf, refusalOf, toReply } from './words.js';
import { replyOnPage } from './commands.js';
import { listInvitations, type InvitationLine } from '../invitations/queries.js';

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
  const mayNote = isOpen && mayInvite(meeting);
  const noteFor = String(problems?.values.participant ?? '');
  return page(
    'replies/list',
    {
      title: c.t('invitations.replies.of', { title: titleOf(c.t, meeting) }),
      meeting,
      meetingTitle: titleOf(c.t, meeting),
      people: replies.map((one) => ({
        ...one,
        ...showReply(c, one, states.get(one.person_id)),
        mayNote: mayNote && one.invited_at !== null && one.role !== 'informed' && one !== own,
        isOpen: String(one.participant_id) === noteFor,
      })),
      isNoted: noteFor !== '',
      own,
      further: furtherOf(c, meeting, later.length),
      mayReply:
        own !== undefined &&
        whyClosed({ ...own, state: meeting.state, ends_at: meeting.ends_at }, c.now) === undefined,
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
  const to = { meetingId: id, participantId: c.form.participant };
  const replied = await replyOnPage(c.db, c, to, { reply: toReply(c.form), now: c.now });
  if (!replied.ok)
    return 'closed' in replied
      ? redirect(`/meetings/${id}`, { notice: `invitations.closed.${replied.closed}` })
      : showReplies(c, refusalOf(c, replied, c.form));
  const meeting = c.form.from === 'replies' ? `/meetings/${id}/replies` : `/meetings/${id}`;
  return redirect(c.form.from === 'today' ? '/' : meeting, {
    notice:
      c.form.participant === undefined ? noticeOf(c.form.status, replied.dates) : 'invitations.replied.noted',
  });
}

const TONES = { accepted: 'ok', declined: 'bad', delegated: 'accent', tentative: 'warn' } as const;

/** What stands beside a name: role, how the invitation went, and the answer. */
function showReply({ t, fmt }: Context, one: OwnReply, invitation: InvitationLine | undefined) {
  const notes = [t(`meetings.role.${one.role}`)];
  if (one.instead_of) notes.push(t('invitations.replies.insteadOf', { name: fmt.name(one.instead_of) }));
  const isOpen = one.role !== 'informed' && one.invited_at !== null;
  const none = t(one.is_stale ? 'invitations.replies.stale' : 'meetings.reply.none');
  const pill = isOpen ? { text: none, tone: 'warn' } : undefined;
  return {
    about: notes.join(' · '),
    invitation: sentWords({ t, fmt }, one, invitation),
    pill: one.status ? { text: t(`meetings.reply.${one.status}`), tone: TONES[one.status] } : pill,
  };
}

/** How the invitation of one person went out. */
function sentWords(
  { t, fmt }: Pick<Context, 't' | 'fmt'>,
  { invited_at }: OwnReply,
  invitation: InvitationLine | undefined,
): string {
  if (!invited_at) return t('invitations.sent.not');
  if (!invitation) return t('invitations.sent.noAddress');
  const { state, finished_at, error } = invitation;
  if (state === 'failed') return t('invitations.sent.failed', { words: error ?? '' });
  if (state === 'waiting' || state === 'sending' || !finished_at) return t('invitations.sent.waiting');
  const when = fmt.dateTime(finished_at);
  return t(state === 'captured' ? 'invitations.sent.captured' : 'invitations.sent.sent', { when });
}
