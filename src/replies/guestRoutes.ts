import { createHmac, timingSafeEqual } from 'node:crypto';
import { readCookie, setCookie } from '../lib/http/cookies.js';
import type { Problems } from '../lib/http/form.js';
import { anyone } from '../lib/http/policy.js';
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
import { NotFound } from '../lib/http/errors.js';
import { deriveToken } from '../lib/mail/seal.js';
import { format } from '../lib/time/format.js';
import { linkOf, placeText, spanOf, timeText, titleText } from '../invitations/announcement.js';
import { plainCopy } from '../invitations/download.js';
import { LinkReplyForm, type ReplyFields } from './forms.js';
import { whyClosed } from './policy.js';
import { findTellable } from '../invitations/queries.js';
import { formOf, furtherOf, noticeOf, refusalOf, toReply } from './words.js';
import { findSeriesPlace } from '../invitations/seriesQueries.js';
import { replyByLink } from './commands.js';
import { isLinkToken } from '../invitations/replyLink.js';
import {
  findLinkHolder,
  findLinkHolderById,
  findOwnReply,
  listLaterDates,
  type LinkHolder,
  type OwnReply,
} from './queries.js';

// The reply page of somebody without an account. The token of the mail is exchanged at the first request for
// a cookie that lasts two hours, so that it stands in no address, history or referrer; GET shows, only POST
// answers (scanners follow links).

export const repliesGuestRoutes: Route[] = [
  route({ method: 'get', path: '/i/:token', policy: anyone, handle: openLink }),
  route({ method: 'get', path: '/i/reply/:id', policy: anyone, handle: (c) => showReply(c) }),
  route({
    method: 'post',
    path: '/i/reply/:id',
    policy: anyone,
    form: LinkReplyForm,
    handle: answer,
    onInvalid: (c, problems) => showReply(c, problems),
  }),
  route({ method: 'get', path: '/i/reply/:id/meeting.ics', policy: anyone, handle: download }),
];

const COOKIE_SECONDS = 2 * 60 * 60;

async function openLink(c: Context): Promise<Answer> {
  const token = c.params.token ?? '';
  const holder = isLinkToken(token) ? await findLinkHolder(c.db, token, c.now) : undefined;
  c.res.set('Cache-Control', 'no-store');
  if (!holder) return lost(c);
  const until = Math.floor(c.now.getTime() / 1000) + COOKIE_SECONDS;
  const what = `${holder.participant_id}.${holder.generation}.${until}`;
  setCookie(c, `reply-${holder.participant_id}`, `${what}.${sign(c, what)}`, { seconds: COOKIE_SECONDS });
  if (!c.maybeViewer && !readCookie(c.req, c.config, 'lang'))
    setCookie(c, 'lang', holder.lang, { seconds: COOKIE_SECONDS });
  return redirect(`/i/reply/${holder.participant_id}`);
}

function lost(c: Context): Answer {
  return page(
    'replies/lost',
    { title: c.t('invitations.lost.title'), door: true },
    { status: 404, caching: 'no-store' },
  );
}

function sign(c: Context, what: string): string {
  return createHmac('sha256', deriveToken(c.config.secretKey, 'reply cookie', 'v1'))
    .update(what)
    .digest('base64url');
}

/** Whose page this is: by the cookie, or because that very person is signed in. */
async function holderOf(c: Context): Promise<LinkHolder | undefined> {
  const id = idOf(c);
  const [participant, generation, until, proof] = (readCookie(c.req, c.config, `reply-${id}`) ?? '').split(
    '.',
  );
  const expected = sign(c, `${participant}.${generation}.${until}`);
  const isOurs =
    proof !== undefined &&
    proof.length === expected.length &&
    timingSafeEqual(Buffer.from(proof), Buffer.from(expected));
  if (!isOurs || Number(participant) !== id || Number(until) * 1000 <= c.now.getTime()) return undefined;
  return findLinkHolderById(c.db, id, Number(generation), c.now);
}

interface Opened {
  own: OwnReply;
  meeting: NonNullable<Awaited<ReturnType<typeof findTellable>>>;
}

async function opened(c: Context): Promise<Opened | undefined> {
  const holder = await holderOf(c);
  if (!holder) return undefined;
  const [own, meeting] = await Promise.all([
    findOwnReply(c.db, holder.participant_id),
    findTellable(c.db, holder.meeting_id),
  ]);
  return own && meeting ? { own, meeting } : undefined;
}

async function showReply(c: Context, problems?: Problems): Promise<Answer> {
  const found = await opened(c);
  if (!found) return lost(c);
  const { own, meeting } = found;
  const later = await listLaterDates(c.db, own.participant_id, c.now);
  const reader = { lang: c.lang, t: c.t, fmt: c.fmt };
  const link = linkOf(meeting);
  // Somebody taken off the list learns that, and nothing more of the meeting than the mail said.
  const closed = whyClosed({ ...own, state: meeting.state, ends_at: spanOf(meeting).end }, c.now);
  return page(
    'replies/reply',
    {
      title: titleText(meeting, reader),
      door: true,
      own,
      further: furtherOf(c, meeting, later.length),
      closed,
      action: `/i/reply/${own.participant_id}`,
      icsHref: closed ? undefined : `/i/reply/${own.participant_id}/meeting.ics`,
      cancelReason: meeting.cancel_reason,
      facts:
        closed === 'removed'
          ? []
          : [
              {
                label: c.t('invitations.mail.time'),
                text: timeText(meeting, reader, (zone) => format(c.lang, zone)),
              },
              { label: c.t('invitations.mail.place'), text: placeText(meeting, reader) },
              { label: c.t('invitations.mail.link'), text: link, href: link },
              { label: c.t('invitations.mail.chair'), text: c.fmt.name(meeting.chair) },
              { label: c.t('invitations.mail.organiser'), text: c.fmt.name(meeting.organiser) },
              { label: c.t('invitations.mail.role'), text: c.t(`meetings.role.${own.role}`) },
            ],
      description: closed === 'removed' ? '' : meeting.description,
      values: problems?.values ?? {},
      errors: problems?.errors ?? {},
      errorForm: formOf(problems),
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

async function answer(c: Context<ReplyFields>): Promise<Answer> {
  const holder = await holderOf(c);
  if (!holder) return lost(c);
  const replied = await replyByLink(c.db, c.by, holder.participant_id, {
    reply: toReply(c.form),
    now: c.now,
  });
  const here = `/i/reply/${holder.participant_id}`;
  if (replied.ok) return redirect(here, { notice: noticeOf(c.form.status, replied.dates) });
  return 'closed' in replied
    ? redirect(here, { notice: `invitations.closed.${replied.closed}` })
    : showReply(c, refusalOf(c, replied, c.form));
}

async function download(c: Context): Promise<Answer> {
  const found = await opened(c);
  if (!found || found.own.is_removed || found.meeting.state === 'cancelled') throw new NotFound();
  const place = await findSeriesPlace(c.db, found.meeting.id, found.own.person_id);
  return send(plainCopy(c.config, found.meeting, c, { now: c.now, place }), 'text/calendar; charset=utf-8', {
    name: 'meeting.ics',
  });
}
