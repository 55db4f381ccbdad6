import { problemsOf, type Problems } from '../lib/http/form.js';
import { NotFound } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { readPicked } from '../people/picked.js';
import { acknowledgeMinutes, addRecipients, correctMinutes, issueMinutes } from './approvalCommands.js';
import { findDocument, specFor } from './documentQueries.js';
import { issuedVersion, movedPage, pillOf, stepsOf } from './page.js';
import { CirculationForm, CopiesForm, CorrectionForm } from './forms.js';
import { mayCorrect, mayIssue, maySeeDraft } from './policy.js';
import { findReceipt, listCirculation, listProposedRecipients } from './circulationQueries.js';
import { findMinutes } from './queries.js';
import { layOutDocument } from './documentPage.js';

/** Before issuing: who will get it. Afterwards: who got it, whose mail failed, who has acknowledged. */
async function showCirculation(c: Context, problems?: Problems, status = 200): Promise<Answer> {
  const minutes = await findMinutes(c.db, c.viewer, idOf(c));
  if (!maySeeDraft(minutes)) throw new NotFound();
  const issued = issuedVersion(minutes);
  return page(
    'minutes/circulation',
    {
      title: c.t('minutes.circulation.title', { title: minutes.title }),
      minutes,
      issued,
      version: minutes.versions[0],
      steps: stepsOf(minutes, c.t),
      pill: pillOf(minutes.state, c.t),
      mayIssue: mayIssue(minutes),
      mayCopy: mayCorrect(minutes),
      proposed: mayIssue(minutes) ? await listProposedRecipients(c.db, minutes) : [],
      recipients: issued ? await listCirculation(c.db, minutes.id, issued.id) : [],
      errors: problems?.errors ?? {},
      errorForm: problems?.errors.person ? 'copy' : undefined,
      values: problems?.values ?? {},
    },
    { status, caching: 'no-store' },
  );
}

async function showCorrection(c: Context, problems?: Problems): Promise<Answer> {
  const minutes = await findMinutes(c.db, c.viewer, idOf(c));
  if (!mayCorrect(minutes)) return movedPage(c, minutes.id);
  return page(
    'minutes/correction',
    {
      title: c.t('minutes.correction.title'),
      minutes,
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

export const issueRoutes: Route[] = [
  route({
    method: 'get',
    path: '/minutes/:id/circulation',
    policy: signedIn,
    handle: (c) => showCirculation(c),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/circulation',
    policy: signedIn,
    form: CirculationForm,
    async handle(c) {
      const { version_id: versionId, persons, others } = c.form;
      // Several fields of one name: they are told apart by the word that parts their ids.
      const typed = Object.fromEntries(others.map((one, n) => [`n${n}-others`, one]));
      const { ids, problems } = await readPicked(c, typed);
      if (problems) return showCirculation(c, problems, 422);
      const added = Object.values(ids).filter((one) => one !== null);
      const personIds = [...new Set([...persons, ...added])];
      const result = await issueMinutes(c.db, c.by, idOf(c), { versionId, personIds, now: c.now });
      if (result.ok)
        return redirect(`/minutes/${idOf(c)}/circulation`, {
          notice: { key: 'minutes.notice.issued', values: { count: result.recipients } },
        });
      if (result.reason === 'moved') return movedPage(c, idOf(c));
      return showCirculation(
        c,
        problemsOf([{ field: 'persons', message: c.t('minutes.circulation.nobody') }], c.req.body),
        422,
      );
    },
    onInvalid: (c, problems) => showCirculation(c, problems, 422),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/copies',
    policy: signedIn,
    form: CopiesForm,
    async handle(c) {
      const { ids, problems } = await readPicked(c, { person: c.form.person });
      if (problems || ids.person === null) return showCirculation(c, problems, 422);
      const result = await addRecipients(c.db, c.by, idOf(c), { personIds: [ids.person], now: c.now });
      if (!result.ok) return movedPage(c, idOf(c));
      return redirect(`/minutes/${idOf(c)}/circulation`, {
        notice: result.recipients > 0 ? 'minutes.notice.copied' : 'minutes.notice.hasCopy',
      });
    },
    onInvalid: (c, problems) => showCirculation(c, problems, 422),
  }),
  route({
    method: 'get',
    path: '/minutes/:id/receipt',
    policy: signedIn,
    async handle(c) {
      const minutes = await findMinutes(c.db, c.viewer, idOf(c));
      const receipt = await findReceipt(c.db, c.viewer, minutes.id);
      if (!receipt) throw new NotFound();
      const spec = await specFor(c.db, c.viewer, minutes, { versionId: receipt.version_id });
      const document = layOutDocument(await findDocument(c.db, spec));
      return page(
        'minutes/receipt',
        { title: c.t('minutes.receipt.title', { title: minutes.title }), minutes, receipt, document },
        { caching: 'no-store' },
      );
    },
  }),
  route({
    method: 'post',
    path: '/minutes/:id/receipt',
    policy: signedIn,
    async handle(c) {
      await acknowledgeMinutes(c.db, c.by, idOf(c), c.now);
      return redirect(`/minutes/${idOf(c)}/receipt`, { notice: 'minutes.notice.acknowledged' });
    },
  }),
  route({
    method: 'get',
    path: '/minutes/:id/correction',
    policy: signedIn,
    handle: (c) => showCorrection(c),
  }),
  route({
    method: 'post',
    path: '/minutes/:id/correction',
    policy: signedIn,
    form: CorrectionForm,
    async handle(c) {
      const result = await correctMinutes(c.db, c.by, idOf(c), c.form.reason);
      return result.ok
        ? redirect(`/minutes/${idOf(c)}`, { notice: 'minutes.notice.corrected' })
        : movedPage(c, idOf(c), [c.form.reason]);
    },
    onInvalid: (c, problems) => showCorrection(c, problems),
  }),
];
