import type { z } from 'zod';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { readPicked } from '../people/picked.js';
import { findPersonOption, keepActive } from '../people/queries.js';
import { actionPage, movedPage, todayOf } from './actionPage.js';
import {
  blockAction,
  cancelAction,
  handOverAction,
  handOverAllActions,
  refuseAction,
  startAction,
  takeOnAction,
} from './commands.js';
import { askForExtension, decideExtension, extendAction } from './extensionCommands.js';
import {
  DecisionForm,
  EmptyForm,
  ExtensionForm,
  HandOverAllForm,
  HandOverAllQuery,
  HandOverForm,
  ReasonForm,
} from './forms.js';
import { countHandedOver } from './listQueries.js';
import type { ActionState } from './lights.js';
import { may, why, type Verb } from './policy.js';
import { findAction, findStanding, type Standing } from './queries.js';
import { remindByHand } from './reminderCommands.js';

/** The action as the viewer stands to it, for the page of a verb. */
async function standingFor(c: Context, verb: Verb): Promise<Standing> {
  const standing = await findStanding(c.db, c.viewer.id, idOf(c), todayOf(c));
  if (!standing) throw new NotFound();
  if (why(verb, standing) === 'person') throw new Forbidden('actions.error.notYours');
  return standing;
}

type VerbResult = { ok: true } | { ok: false; reason: 'moved'; state: ActionState };

/** After a verb without more to say: done (also when it was done a moment ago), or how it stands now. */
function afterVerb(
  c: Context,
  outcome: VerbResult,
  aim: 'accepted' | 'refused' | 'in_progress' | 'blocked' | 'cancelled',
  values?: Record<string, unknown>,
): Promise<Answer> | Answer {
  if (outcome.ok || outcome.state === aim)
    return redirect(`/actions/${idOf(c)}`, { notice: `actions.notice.${aim}` });
  return movedPage(c, idOf(c), outcome.state, values);
}

interface ReasonVerb {
  path: 'refusal' | 'obstacle' | 'cancellation';
  verb: 'refuse' | 'block' | 'cancel';
  aim: 'refused' | 'blocked' | 'cancelled';
  run: typeof refuseAction;
}

const REASON_VERBS: ReasonVerb[] = [
  { path: 'refusal', verb: 'refuse', aim: 'refused', run: refuseAction },
  { path: 'obstacle', verb: 'block', aim: 'blocked', run: blockAction },
  { path: 'cancellation', verb: 'cancel', aim: 'cancelled', run: cancelAction },
];

function reasonPage(
  c: Context,
  { path, verb }: ReasonVerb,
  standing: Standing,
  wrong?: { errors: Record<string, string>; values: Record<string, unknown> },
): Answer {
  return page(
    'actions/reason',
    {
      title: c.t(`actions.${verb}.heading`, { action: standing.deliverable }),
      action: standing,
      path,
      verb,
      text: c.t(`actions.${verb}.text`),
      label: verb === 'cancel' ? c.t('actions.cancel.reason') : c.t('actions.reason'),
      hint: verb === 'cancel' ? c.t('actions.cancel.reasonHint') : undefined,
      errors: wrong?.errors ?? {},
      values: wrong?.values ?? {},
    },
    { status: wrong ? 422 : 200 },
  );
}

function reasonRoutes(verb: ReasonVerb): Route[] {
  return [
    route({
      method: 'get',
      path: `/actions/:id/${verb.path}`,
      policy: signedIn,
      async handle(c) {
        const standing = await standingFor(c, verb.verb);
        return may(verb.verb, standing)
          ? reasonPage(c, verb, standing)
          : movedPage(c, standing.id, standing.state);
      },
    }),
    route({
      method: 'post',
      path: `/actions/:id/${verb.path}`,
      policy: signedIn,
      form: ReasonForm,
      async handle(c) {
        const said = { reason: c.form.reason, today: todayOf(c) };
        return afterVerb(c, await verb.run(c.db, c.by, idOf(c), said), verb.aim, c.form);
      },
      async onInvalid(c, problems) {
        return reasonPage(c, verb, await standingFor(c, verb.verb), problems);
      },
    }),
  ];
}

/** The lead asks, who oversees it moves the date at once: one form for both. */
async function extensionPage(
  c: Context,
  wrong?: { errors: Record<string, string>; values: Record<string, unknown> },
): Promise<Answer> {
  const found = await findStanding(c.db, c.viewer.id, idOf(c), todayOf(c));
  if (!found) throw new NotFound();
  const asks = why('askExtension', found) !== 'person';
  if (!asks && why('extend', found) === 'person') throw new Forbidden('actions.error.notYours');
  if (!may(asks ? 'askExtension' : 'extend', found)) return movedPage(c, found.id, found.state);
  return page(
    'actions/extension',
    {
      title: c.t('actions.extension.heading', { action: found.deliverable }),
      action: found,
      asks,
      errors: wrong?.errors ?? {},
      values: wrong?.values ?? {},
    },
    { status: wrong ? 422 : 200 },
  );
}

async function handOverPage(
  c: Context,
  wrong?: { errors: Record<string, string>; values: Record<string, unknown> },
): Promise<Answer> {
  const standing = await standingFor(c, 'handOver');
  if (!may('handOver', standing)) return movedPage(c, standing.id, standing.state);
  const action = await findAction(c.db, c.viewer.id, standing.id, todayOf(c));
  return page(
    'actions/hand-over',
    {
      title: c.t('actions.handOver.heading', { action: standing.deliverable }),
      action,
      values: wrong?.values ?? { helper_ids: action?.helpers.map((one) => one.id) ?? [] },
      errors: wrong?.errors ?? {},
    },
    { status: wrong ? 422 : 200 },
  );
}

async function handOver(c: Context<z.output<typeof HandOverForm>>): Promise<Answer> {
  const { lead, helper_ids, helper, due_on, note } = c.form;
  const { ids, problems } = await readPicked(c, { lead, helper }, { guests: true });
  const errors: Record<string, string> = { ...problems?.errors };
  if (due_on && due_on < todayOf(c)) errors.due_on = c.t('actions.handOver.past');
  if (ids.lead === null || Object.keys(errors).length > 0) return handOverPage(c, { errors, values: c.form });
  const kept = await keepActive(c.db, helper_ids);
  const helpers = [...new Set([...kept, ...(ids.helper ? [ids.helper] : [])])];
  const outcome = await handOverAction(c.db, c.by, idOf(c), {
    to: { lead_id: ids.lead, helper_ids: helpers, due_on, note },
    today: todayOf(c),
  });
  if (outcome.ok) return redirect(`/actions/${idOf(c)}`, { notice: 'actions.notice.assigned' });
  if (outcome.reason === 'moved') return movedPage(c, idOf(c), outcome.state, c.form);
  const wrong: Record<string, string> =
    outcome.reason === 'noDueDate'
      ? { due_on: c.t('actions.handOver.dueNeeded') }
      : { lead: c.t('actions.handOver.same') };
  return handOverPage(c, { errors: wrong, values: c.form });
}

async function handOverAllPage(
  c: Context,
  fromId: number | null,
  wrong?: { errors: Record<string, string>; values: Record<string, unknown> },
): Promise<Answer> {
  const from = fromId ? await findPersonOption(c.db, fromId) : undefined;
  const count = from ? await countHandedOver(c.db, c.viewer.id, from.id, todayOf(c)) : 0;
  if (!from) throw new NotFound();
  return page(
    'actions/hand-over-all',
    {
      title: c.t('actions.handOverAll.heading', { name: c.fmt.name(from) }),
      from,
      count,
      errors: wrong?.errors ?? {},
      values: wrong?.values ?? {},
    },
    { status: wrong ? 422 : 200 },
  );
}

export const verbRoutes: Route[] = [
  route({
    method: 'get',
    path: '/actions/handover',
    policy: signedIn,
    query: HandOverAllQuery,
    handle: (c) => handOverAllPage(c, c.query.from),
  }),
  route({
    method: 'post',
    path: '/actions/handover',
    policy: signedIn,
    form: HandOverAllForm,
    async handle(c) {
      const { from_id, lead, note } = c.form;
      const { ids, problems } = await readPicked(c, { lead }, { guests: true });
      if (ids.lead === null || ids.lead === from_id) {
        const errors = problems?.errors ?? { lead: c.t('actions.handOver.same') };
        return handOverAllPage(c, from_id, { errors, values: c.form });
      }
      const { moved } = await handOverAllActions(c.db, c.by, {
        fromId: from_id,
        toId: ids.lead,
        note,
        today: todayOf(c),
      });
      return redirect('/actions?scope=all', {
        notice: { key: 'actions.notice.handedOver', values: { count: moved } },
      });
    },
    onInvalid: (c, problems) => handOverAllPage(c, Number(problems.values.from_id) || null, problems),
  }),
  route({
    method: 'post',
    path: '/actions/:id/acceptance',
    policy: signedIn,
    form: EmptyForm,
    handle: async (c) => afterVerb(c, await takeOnAction(c.db, c.by, idOf(c), todayOf(c)), 'accepted'),
  }),
  route({
    method: 'post',
    path: '/actions/:id/start',
    policy: signedIn,
    form: EmptyForm,
    handle: async (c) => afterVerb(c, await startAction(c.db, c.by, idOf(c), todayOf(c)), 'in_progress'),
  }),
  ...REASON_VERBS.flatMap(reasonRoutes),
  route({ method: 'get', path: '/actions/:id/extension', policy: signedIn, handle: (c) => extensionPage(c) }),
  route({
    method: 'post',
    path: '/actions/:id/extension',
    policy: signedIn,
    form: ExtensionForm,
    async handle(c) {
      const standing = await findStanding(c.db, c.viewer.id, idOf(c), todayOf(c));
      const asks = standing !== undefined && why('askExtension', standing) !== 'person';
      const extend = asks ? askForExtension : extendAction;
      const outcome = await extend(c.db, c.by, idOf(c), { extension: c.form, today: todayOf(c) });
      if (outcome.ok)
        return redirect(`/actions/${idOf(c)}`, {
          notice: asks ? 'actions.notice.extensionAsked' : 'actions.notice.extended',
        });
      if (outcome.reason === 'moved') return movedPage(c, idOf(c), outcome.state);
      if (outcome.reason === 'notLater')
        return extensionPage(c, {
          errors: { new_due_on: c.t('actions.extension.notLater') },
          values: c.form,
        });
      return actionPage(c, idOf(c), { status: 409, errors: { '': c.t('actions.extension.alreadyWaiting') } });
    },
    onInvalid: (c, problems) => extensionPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/actions/:id/extension/decision',
    policy: signedIn,
    form: DecisionForm,
    async handle(c) {
      const outcome = await decideExtension(c.db, c.by, idOf(c), {
        extensionId: c.form.extension_id,
        verdict: c.form.verdict,
        note: c.form.note,
        today: todayOf(c),
      });
      return outcome.ok
        ? redirect(`/actions/${idOf(c)}`, { notice: 'actions.notice.decided' })
        : movedPage(c, idOf(c), outcome.state, c.form);
    },
    onInvalid: (c, problems) => actionPage(c, idOf(c), { status: 422, ...problems }),
  }),
  route({ method: 'get', path: '/actions/:id/handover', policy: signedIn, handle: (c) => handOverPage(c) }),
  route({
    method: 'post',
    path: '/actions/:id/handover',
    policy: signedIn,
    form: HandOverForm,
    handle: handOver,
    onInvalid: (c, problems) => handOverPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/actions/:id/reminder',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      const outcome = await remindByHand(c.db, c.by, idOf(c), { today: todayOf(c), now: c.now });
      if (outcome.ok) return redirect(`/actions/${idOf(c)}`, { notice: 'actions.notice.reminded' });
      if (outcome.reason === 'moved') return movedPage(c, idOf(c), outcome.state);
      return actionPage(c, idOf(c), {
        status: 409,
        errors: {
          '': c.t(outcome.reason === 'already' ? 'actions.error.remindedToday' : 'actions.error.unreachable'),
        },
      });
    },
  }),
];
