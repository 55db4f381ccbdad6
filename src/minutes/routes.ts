import type { z } from 'zod';
import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { draftMinutes, editMinutes, overrideCheck, submitMinutes, takeBackMinutes } from './commands.js';
import { movedPage, showMinutes } from './page.js';
import { AnswerForm, MinutesForm, OverrideForm } from './forms.js';
import { readPicked, textOfPerson } from '../people/picked.js';
import { mayEdit } from './policy.js';
import { findMinutes } from './queries.js';
import { answerComment } from './reviewCommands.js';
import { loadTypeface } from '../lib/typeset/typeface.js';

async function showEdit(
  c: Context,
  problems?: Problems,
  status = problems ? 422 : 200,
  theirs?: { title: string; version: number },
): Promise<Answer> {
  const minutes = await findMinutes(c.db, c.viewer, idOf(c));
  if (!mayEdit({ ...minutes, state: 'draft' })) throw new Forbidden();
  if (!mayEdit(minutes)) return movedPage(c, minutes.id);
  const { title, lang, template, version } = minutes;
  return page(
    'minutes/edit',
    {
      title: c.t('minutes.edit.title'),
      minutes,
      theirs,
      errors: problems?.errors ?? {},
      values: {
        title,
        lang,
        template,
        reviewer: await textOfPerson(c, minutes.meeting?.reviewer_id),
        approver: await textOfPerson(c, minutes.meeting?.approver_id),
        ...problems?.values,
        version: theirs?.version ?? problems?.values.version ?? version,
      },
    },
    { status, caching: 'no-store' },
  );
}

/** The page of the minutes again, with what is wrong told on top. */
async function showAgain(c: Context, problems: Problems, status = 422): Promise<Answer> {
  return showMinutes(c, await findMinutes(c.db, c.viewer, idOf(c)), {
    errors: problems.errors,
    values: { ...problems.values, ...c.params },
    status,
  });
}

async function saveEdit(c: Context<z.output<typeof MinutesForm>>): Promise<Answer> {
  const { reviewer, approver, ...form } = c.form;
  const { meeting } = await findMinutes(c.db, c.viewer, idOf(c));
  const { ids, problems } = await readPicked(
    c,
    { reviewer, approver },
    { stored: { reviewer: meeting?.reviewer_id ?? null, approver: meeting?.approver_id ?? null } },
  );
  if (problems) return showEdit(c, problems);
  const result = await editMinutes(c.db, c.by, idOf(c), {
    ...form,
    reviewer_id: ids.reviewer,
    approver_id: ids.approver,
  });
  if (result.ok) return redirect(await ownPage(c), { notice: 'minutes.notice.saved' });
  if (result.reason === 'moved') return movedPage(c, idOf(c), [form.title]);
  if (result.reason === 'stale')
    return showEdit(c, { errors: {}, list: [], values: { ...c.form } }, 409, result.current);
  const field = reviewer ? 'reviewer' : 'approver';
  return showEdit(c, problemsOf([{ field, message: c.t(`minutes.edit.${result.reason}`) }], c.form));
}

async function ownPage(c: Context): Promise<string> {
  return `/meetings/${(await findMinutes(c.db, c.viewer, idOf(c))).meeting_id}/minutes`;
}

export const minutesRoutes: Route[] = [
  route({
    method: 'post',
    path: '/meetings/:id/minutes',
    policy: signedIn,
    async handle(c) {
      await draftMinutes(c.db, c.by, idOf(c));
      return redirect(`/meetings/${idOf(c)}/minutes`);
    },
  }),
  route({ method: 'get', path: '/minutes/:id/edit', policy: signedIn, handle: (c) => showEdit(c) }),
  route({
    method: 'post',
    path: '/minutes/:id/edit',
    policy: signedIn,
    form: MinutesForm,
    handle: saveEdit,
    onInvalid: (c, problems) => showEdit(c, problems),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/overrides',
    policy: signedIn,
    form: OverrideForm,
    async handle(c) {
      const result = await overrideCheck(c.db, c.by, idOf(c), c.form);
      return result.ok
        ? redirect(await ownPage(c), { notice: 'minutes.notice.overridden' })
        : movedPage(c, idOf(c), [c.form.reason]);
    },
    onInvalid: showAgain,
  }),
  route({
    method: 'post',
    path: '/minutes/:id/submission',
    policy: signedIn,
    async handle(c) {
      const { covers } = await loadTypeface(c.config.dataDir);
      const result = await submitMinutes(
        c.db,
        c.by,
        idOf(c),
        (codepoint) => covers.regular(codepoint) || covers.latin(codepoint),
      );
      if (result.ok)
        return redirect(await ownPage(c), {
          notice: {
            key:
              result.state === 'in_review'
                ? 'minutes.notice.submitted'
                : 'minutes.notice.submittedToApprover',
            values: { version: result.version },
          },
        });
      if (result.reason === 'moved') return movedPage(c, idOf(c));
      return showAgain(
        c,
        { errors: { '': c.t(`minutes.submit.${result.reason}`) }, list: [], values: {} },
        result.reason === 'notEnded' ? 409 : 422,
      );
    },
  }),
  route({
    method: 'post',
    path: '/minutes/:id/withdrawal',
    policy: signedIn,
    async handle(c) {
      const result = await takeBackMinutes(c.db, c.by, idOf(c));
      return result.ok
        ? redirect(await ownPage(c), { notice: 'minutes.notice.takenBack' })
        : movedPage(c, idOf(c));
    },
  }),
  route({
    method: 'post',
    path: '/minutes/:id/comments/:comment/answer',
    policy: signedIn,
    form: AnswerForm,
    async handle(c) {
      const result = await answerComment(c.db, c.by, idOf(c), {
        commentId: idOf(c, 'comment'),
        answer: c.form.answer,
      });
      return result.ok
        ? redirect(`${await ownPage(c)}#comment-${idOf(c, 'comment')}`, { notice: 'minutes.notice.answered' })
        : movedPage(c, idOf(c), [c.form.answer]);
    },
    onInvalid: showAgain,
  }),
];
