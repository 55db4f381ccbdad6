import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  type Answer,
  type Context,
  type Notice,
  type Route,
} from '../lib/http/route.js';
import { approveMinutes } from './approvalCommands.js';
import { returnCodes } from './checks.js';
import { findDocument, listChanges, specFor } from './documentQueries.js';
import { movedPage, pillOf, stepsOf } from './page.js';
import { CommentForm, PassForm, ReturnForm, VersionForm } from './forms.js';
import { mayApprove, mayReview, maySeeDraft } from './policy.js';
import { findMinutes, listComments, listOverrides, listReviews, type Minutes } from './queries.js';
import { addComment, passMinutes, removeComment, returnMinutes } from './reviewCommands.js';
import { layOutDocument } from './documentPage.js';
import { NotFound } from '../lib/http/errors.js';

/** The document as it will print and the gate beside it. */
async function showReview(c: Context, problems?: Problems, status = 200): Promise<Answer> {
  const minutes = await findMinutes(c.db, c.viewer, idOf(c));
  const [version, previous] = minutes.versions;
  if (!maySeeDraft(minutes) || !version) throw new NotFound();
  const spec = await specFor(c.db, c.viewer, minutes, { versionId: version.id });
  const reviews = await listReviews(c.db, minutes.id);
  const comments = await listComments(c.db, c.viewer, minutes.id);
  const base = reviews.find((review) => review.version_id !== version.id)?.version_id ?? previous?.id;
  return page(
    'minutes/review',
    {
      title: c.t('minutes.review.title', { title: minutes.title }),
      minutes,
      version,
      document: layOutDocument(await findDocument(c.db, spec)),
      steps: stepsOf(minutes, c.t),
      pill: pillOf(minutes.state, c.t),
      may: { review: mayReview(minutes), approve: mayApprove(minutes) },
      drafts: comments.filter((comment) => comment.version_id === version.id && comment.review_id === null),
      comments: comments.filter((comment) => comment.version_id === version.id),
      answered: comments.filter(
        (comment) =>
          comment.verdict === 'returned' &&
          comment.version_id === reviews[0]?.version_id &&
          comment.version_id !== version.id,
      ),
      reviews,
      overrides: await listOverrides(c.db, minutes.id),
      changes: base ? await listChanges(c.db, c.lang, spec, { beforeId: base, afterId: version.id }) : [],
      base: minutes.versions.find((one) => one.id === base),
      codes: returnCodes,
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status, caching: 'no-store' },
  );
}

async function done(
  c: Context,
  result: { ok: true } | { ok: false; reason: 'moved' },
  { to, notice, typed }: { to: string; notice: Notice; typed: string[] },
): Promise<Answer> {
  return result.ok ? redirect(to, { notice }) : movedPage(c, idOf(c), typed);
}

const ofMeeting = (minutes: Minutes): string => `/meetings/${minutes.meeting_id}/minutes`;

export const reviewRoutes: Route[] = [
  route({ method: 'get', path: '/minutes/:id/review', policy: signedIn, handle: (c) => showReview(c) }),
  route({
    method: 'post',
    path: '/minutes/:id/comments',
    policy: signedIn,
    form: CommentForm,
    async handle(c) {
      const { version_id: versionId, statement_id: statementId, code, text } = c.form;
      const result = await addComment(c.db, c.by, idOf(c), { versionId, statementId, code, text });
      return done(c, result, {
        to: `/minutes/${idOf(c)}/review#${result.ok ? `comment-${result.id}` : ''}`,
        notice: 'minutes.notice.commented',
        typed: [text],
      });
    },
    onInvalid: (c, problems) => showReview(c, problems, 422),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/comments/:comment/removal',
    policy: signedIn,
    async handle(c) {
      await removeComment(c.db, c.by, idOf(c), idOf(c, 'comment'));
      return redirect(`/minutes/${idOf(c)}/review`, { notice: 'minutes.notice.uncommented' });
    },
  }),
  route({
    method: 'post',
    path: '/minutes/:id/pass',
    policy: signedIn,
    form: PassForm,
    async handle(c) {
      const result = await passMinutes(c.db, c.by, idOf(c), {
        versionId: c.form.version_id,
        note: c.form.note,
      });
      return done(c, result, {
        to: `/minutes/${idOf(c)}/review`,
        notice: 'minutes.notice.passed',
        typed: [c.form.note],
      });
    },
    onInvalid: (c, problems) => showReview(c, problems, 422),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/return',
    policy: signedIn,
    form: ReturnForm,
    async handle(c) {
      const { version_id: versionId, codes, note, statement_id: statementId, text } = c.form;
      const result = await returnMinutes(c.db, c.by, idOf(c), {
        versionId,
        codes,
        note,
        comment: text ? { statementId, code: null, text } : null,
      });
      if (!result.ok && result.reason === 'noComment') {
        const body = c.req.body as Record<string, unknown>;
        return showReview(
          c,
          problemsOf([{ field: 'text', message: c.t('minutes.return.commentNeeded') }], body),
          422,
        );
      }
      return done(c, result, {
        to: `/minutes/${idOf(c)}/review`,
        notice: 'minutes.notice.returned',
        typed: [note, text],
      });
    },
    onInvalid: (c, problems) => showReview(c, problems, 422),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/approval',
    policy: signedIn,
    form: VersionForm,
    async handle(c) {
      const result = await approveMinutes(c.db, c.by, idOf(c), { versionId: c.form.version_id, now: c.now });
      if (!result.ok) return movedPage(c, idOf(c));
      const minutes = await findMinutes(c.db, c.viewer, idOf(c));
      return redirect(ofMeeting(minutes), {
        notice: { key: 'minutes.notice.approved', values: { number: result.number, year: result.year } },
      });
    },
  }),
];
