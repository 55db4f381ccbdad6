import { sendFile } from '../lib/files/send.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { once } from '../lib/http/once.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { actionPage, movedPage, todayOf } from './actionPage.js';
import { verdictLine } from './actionSections.js';
import { acceptAnswer, answerAction, sendAnswerBack } from './answerCommands.js';
import { AcceptanceForm, AnswerForm, ReturnForm } from './forms.js';
import type { ActionState } from './lights.js';
import { may, why } from './policy.js';
import { findAction, findAnswerFile, findStanding, listAnswers, type Standing } from './queries.js';

/** Files with one answer. */
export const MAX_FILES = 20;

/** Asked before the first byte of a file is stored, too. */
async function standingToAnswer(c: Context): Promise<Standing> {
  const standing = await findStanding(c.db, c.viewer.id, idOf(c), todayOf(c));
  if (!standing) throw new NotFound();
  if (why('answer', standing) === 'person') throw new Forbidden('actions.error.notYours');
  return standing;
}

async function answerPage(
  c: Context,
  wrong?: { errors: Record<string, string>; values: Record<string, unknown> },
): Promise<Answer> {
  const standing = await standingToAnswer(c);
  if (!may('answer', standing)) return movedPage(c, standing.id, standing.state);
  const [action, answers] = await Promise.all([
    findAction(c.db, c.viewer.id, standing.id, todayOf(c)),
    listAnswers(c.db, standing.id),
  ]);
  const isMine = standing.is_lead || standing.is_deputy;
  const [last] = answers;
  return page(
    'actions/answer',
    {
      title: c.t('actions.answer.heading', { action: standing.deliverable }),
      action,
      forWhom: action?.lead && !isMine ? c.fmt.name(action.lead) : undefined,
      sentBack:
        last?.verdict === 'sent_back' ? { text: last.text, verdict: verdictLine(c, last) } : undefined,
      maxFiles: MAX_FILES,
      errors: wrong?.errors ?? {},
      values: wrong?.values ?? {},
    },
    { status: wrong ? 422 : 200, caching: 'no-store' },
  );
}

export const answerRoutes: Route[] = [
  route({ method: 'get', path: '/actions/:id/answer', policy: signedIn, handle: (c) => answerPage(c) }),
  route({
    method: 'post',
    path: '/actions/:id/answer',
    policy: signedIn,
    form: AnswerForm,
    upload: { field: 'files', maxFiles: MAX_FILES, authorise: standingToAnswer },
    async handle(c) {
      const { key, text } = c.form;
      const fileIds = c.files.map((file) => file.id);
      const sent = await once<{ location?: string; state?: ActionState }>(
        c.db,
        { person: c.viewer.id, key, body: c.form },
        async (trx) => {
          const outcome = await answerAction(trx, c.by, idOf(c), {
            answer: { text, fileIds },
            today: todayOf(c),
          });
          return outcome.ok ? { location: `/actions/${idOf(c)}` } : { state: outcome.state };
        },
      );
      if ('state' in sent && sent.state) return movedPage(c, idOf(c), sent.state, { text });
      return redirect(`/actions/${idOf(c)}`, { notice: 'actions.notice.answered' });
    },
    onInvalid: (c, problems) => answerPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/actions/:id/answer/acceptance',
    policy: signedIn,
    form: AcceptanceForm,
    async handle(c) {
      const outcome = await acceptAnswer(c.db, c.by, idOf(c), {
        answerId: c.form.answer_id,
        note: c.form.note,
        today: todayOf(c),
      });
      if (outcome.ok || outcome.state === 'closed')
        return redirect(`/actions/${idOf(c)}`, { notice: 'actions.notice.closed' });
      return movedPage(c, idOf(c), outcome.state, c.form);
    },
    onInvalid: (c, problems) => actionPage(c, idOf(c), { status: 422, ...problems }),
  }),
  route({
    method: 'post',
    path: '/actions/:id/answer/return',
    policy: signedIn,
    form: ReturnForm,
    async handle(c) {
      const outcome = await sendAnswerBack(c.db, c.by, idOf(c), {
        answerId: c.form.answer_id,
        note: c.form.note,
        today: todayOf(c),
      });
      if (outcome.ok) return redirect(`/actions/${idOf(c)}`, { notice: 'actions.notice.sentBack' });
      return movedPage(c, idOf(c), outcome.state, c.form);
    },
    onInvalid(c, problems) {
      const errors =
        problems.errors.note && problems.values.note === ''
          ? { ...problems.errors, note: c.t('actions.judge.noteNeeded') }
          : problems.errors;
      return actionPage(c, idOf(c), { status: 422, errors, values: problems.values });
    },
  }),
  route({
    method: 'get',
    path: '/actions/:id/files/:file',
    policy: signedIn,
    async handle(c) {
      const standing = await findStanding(c.db, c.viewer.id, idOf(c), todayOf(c));
      const file = standing && (await findAnswerFile(c.db, standing.id, idOf(c, 'file')));
      if (!file) throw new NotFound();
      return sendFile(c.db, file.id);
    },
  }),
];
