import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import {
  idOf,
  json,
  page,
  redirect,
  route,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { maySeeItem } from '../agenda/policy.js';
import { findItem } from '../agenda/queries.js';
import { readPicked, textOfPerson } from '../people/picked.js';
import { keepActive } from '../people/queries.js';
import type { z } from 'zod';
import { AddForm, ChangeForm, EmptyForm, MoveForm, type Change } from './forms.js';
import { addStatement, changeStatement, type Saved, type StatementEdit } from './statementCommands.js';
import { moveStatement, removeStatement, restoreStatement } from './statementListCommands.js';
import { isDecision, readPrefix } from './statementKinds.js';
import { findStatement, type Statement } from './statementQueries.js';
import { formChoices, meetingToRecord, writePage } from './writePage.js';
import { titleOf } from '../meetings/title.js';

/** Saved by the script as one types: it wants JSON, and half-typed fields are no mistake yet. */
function isInBackground(c: Context): boolean {
  return c.req.accepts(['html', 'json']) === 'json';
}

function backTo(meetingId: number, itemId: number | null, more = '#write'): string {
  return `/meetings/${meetingId}/minutes/write?item=${itemId ?? 'general'}${more}`;
}

interface Place {
  meetingId: number;
  itemId: number | null;
}

async function add(c: Context<z.output<typeof AddForm>>, place: Place): Promise<Answer> {
  const { key, version, due_on } = c.form;
  const background = isInBackground(c);
  const prefixed = readPrefix(c.form.text);
  const kind = prefixed.kind ?? c.form.kind ?? 'noted';
  // What is still being typed stays as it is typed: the prefix is read when the button is pressed.
  const text = background ? c.form.text : prefixed.text;
  const { ids, problems } = await readPicked(c, { lead: c.form.lead }, { guests: true });
  const errors = { ...(text ? {} : { text: c.t('sitting.error.empty') }), ...problems?.errors };
  if (!background && Object.keys(errors).length > 0) return addWrong(c, place, errors);
  const { lead } = ids;
  const edit: StatementEdit = {
    kind: background ? 'noted' : kind,
    text,
    decision: null,
    action: { deliverable: null, lead_id: lead, due_on, helper_ids: [] },
  };
  // Lead and date stand beside the text for an action; a note or a decision without them carries none.
  const saved = await addStatement(c.db, c.by, place, {
    edit: background ? { ...edit, action: { ...edit.action, lead_id: null, due_on: null } } : edit,
    saving: { key, version, isInBackground: background },
  });
  if (!saved.ok || background) return answerSave(c, saved, { typed: { ...c.form, kind, text }, place });
  const isIncomplete = kind === 'required' && !(lead && due_on);
  return redirect(
    backTo(
      place.meetingId,
      place.itemId,
      isIncomplete ? `&edit=${saved.id}#statement-${saved.id}` : '#write',
    ),
  );
}

async function addWrong(
  c: Context,
  place: Place,
  errors: Record<string, string>,
  values: Record<string, unknown> = c.form as Record<string, unknown>,
): Promise<Answer> {
  if (isInBackground(c)) return json({ errors }, 422);
  return writePage(c, await meetingToRecord(c), {
    item: place.itemId ?? 'general',
    wrong: { form: 'add', errors, values },
  });
}

function isVoteIncomplete({ basis, votes_for, votes_against, abstentions }: Change): boolean {
  return basis === 'vote' && [votes_for, votes_against, abstentions].includes(null);
}

/** Null as long as its basis, or a count of votes, is missing. */
function decisionOf(form: Change): StatementEdit['decision'] {
  if (!form.basis || isVoteIncomplete(form)) return null;
  if (form.basis !== 'vote')
    return { basis: 'consensus', votes_for: null, votes_against: null, abstentions: null };
  const { votes_for, votes_against, abstentions } = form;
  return { basis: 'vote', votes_for, votes_against, abstentions };
}

/** What is wrong with a form sent by its button. In the background, half-typed fields are no mistake. */
function wrongIn(c: Context, form: Change): Record<string, string> {
  const errors: Record<string, string> = {};
  if (!form.text) errors.text = c.t('sitting.error.empty');
  if (isDecision(form.kind) && isVoteIncomplete(form)) errors.votes_for = c.t('sitting.error.votes');
  return errors;
}

async function change(c: Context<Change>): Promise<Answer> {
  const statement = await statementOf(c);
  const { form } = c;
  const background = isInBackground(c);
  const stored = statement.action?.lead?.id ?? null;
  const { ids, problems } = await readPicked(
    c,
    { lead: form.lead, helper: form.helper },
    { stored: { lead: stored }, guests: true },
  );
  const errors = background ? {} : { ...wrongIn(c, form), ...problems?.errors };
  if (Object.keys(errors).length > 0) return changeWrong(c, statement, errors);

  const helpers = [...form.helper_ids, ...(ids.helper ? [ids.helper] : [])];
  const active = await keepActive(c.db, helpers);
  const edit: StatementEdit & { item_id?: number | null } = {
    kind: form.kind,
    text: form.text,
    decision: decisionOf(form),
    action: {
      deliverable: form.deliverable || null,
      // A name that is half typed changes nothing yet: the rest is saved, and the lead stays who it was.
      lead_id: problems?.errors.lead ? stored : ids.lead,
      due_on: form.due_on,
      helper_ids: [...new Set(helpers.filter((one) => active.has(one)))],
    },
    item_id: form.item_id,
  };
  const place = {
    meetingId: statement.meeting_id,
    itemId: form.item_id === undefined ? statement.item_id : form.item_id,
  };
  const saving = { key: form.key, version: form.version, isInBackground: background };
  const saved =
    form.both === '1'
      ? await addStatement(c.db, c.by, place, { edit, saving: { ...saving, version: null } })
      : await changeStatement(c.db, c.by, statement.id, { edit, saving });
  if (!saved.ok || background)
    return answerSave(c, saved, { typed: form, place, unread: problems?.list[0]?.message });
  return redirect(backTo(place.meetingId, place.itemId, `#statement-${saved.id}`));
}

async function changeWrong(
  c: Context,
  statement: Statement,
  errors: Record<string, string>,
  values: Record<string, unknown> = c.form as Record<string, unknown>,
): Promise<Answer> {
  if (isInBackground(c)) return json({ errors }, 422);
  return writePage(c, await meetingToRecord(c, statement.meeting_id), {
    edit: statement.id,
    wrong: { form: 'edit', errors, values },
  });
}

/**
 * What the script hears, and the pages for a save that could not be carried out: nothing that was typed is
 * lost.
 */
async function answerSave(
  c: Context,
  saved: Saved,
  { typed, place, unread }: { typed: Record<string, unknown>; place: Place; unread?: string },
): Promise<Answer> {
  if (saved.ok) return json({ version: saved.version, saved: c.fmt.time(c.now), unread });
  if (isInBackground(c))
    return json(
      { error: c.t(saved.reason === 'closed' ? 'sitting.error.closed' : 'sitting.merge.short') },
      409,
    );
  const meeting = await meetingToRecord(c, place.meetingId);
  const back = backTo(place.meetingId, place.itemId, '');
  if (saved.reason === 'closed') {
    return page(
      'sitting/write-closed',
      {
        title: c.t('sitting.closed.title'),
        meetingTitle: titleOf(c.t, meeting),
        typed: String(typed.text ?? ''),
        back,
      },
      { status: 409, caching: 'no-store' },
    );
  }
  return page(
    'sitting/write-merge',
    {
      title: c.t('sitting.merge.title'),
      meetingTitle: titleOf(c.t, meeting),
      current: saved.current,
      text: String(typed.text ?? ''),
      fields: await mergeFields(c, typed, saved.current),
      ...(await formChoices(c, meeting)),
      back,
    },
    { status: 409, caching: 'no-store' },
  );
}

/**
 * What both gave beside the text: one's own where one said something, else the other's. The page shows it
 * before it is saved.
 */
async function mergeFields(
  c: Context,
  mine: Record<string, unknown>,
  theirs: Statement,
): Promise<Record<string, unknown>> {
  const helpers = Array.isArray(mine.helper_ids) ? (mine.helper_ids as number[]) : [];
  const theirHelpers = theirs.action?.helpers ?? [];
  return {
    kind: mine.kind ?? theirs.kind,
    ...mergeVotes(mine, theirs.decision),
    lead: mine.lead ?? (await textOfPerson(c, theirs.action?.lead?.id)),
    due_on: mine.due_on ?? theirs.action?.due_on,
    deliverable: mine.deliverable,
    helper_ids: [...new Set([...helpers, ...theirHelpers.map((one) => one.id)])],
    helpers: theirHelpers,
    helper: mine.helper,
  };
}

function mergeVotes(mine: Record<string, unknown>, theirs: Statement['decision']) {
  const isVote = mine.basis === 'vote' || theirs?.basis === 'vote';
  return {
    basis: isVote ? 'vote' : 'consensus',
    votes_for: mine.votes_for ?? theirs?.votes_for,
    votes_against: mine.votes_against ?? theirs?.votes_against,
    abstentions: mine.abstentions ?? theirs?.abstentions,
  };
}

async function statementOf(c: Context): Promise<Statement> {
  const statement = await findStatement(c.db, idOf(c));
  if (!statement) throw new NotFound();
  const meeting = await meetingToRecord(c, statement.meeting_id);
  if (statement.item_id !== null) {
    const { item } = await findItem(c.db, c.viewer, statement.item_id);
    if (!maySeeItem(c.viewer, meeting, item)) throw new Forbidden();
  }
  return statement;
}

function small(path: 'removal' | 'restoration', work: typeof removeStatement): Route {
  return route({
    method: 'post',
    path: `/statements/:id/${path}`,
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      const done = await work(c.db, c.by, idOf(c));
      return done.ok
        ? redirect(backTo(done.statement.meeting_id, done.statement.item_id, '#statements'))
        : closed(c);
    },
  });
}

async function closed(c: Context): Promise<Answer> {
  const statement = await statementOf(c);
  return answerSave(
    c,
    { ok: false, reason: 'closed' },
    {
      typed: { text: statement.text },
      place: { meetingId: statement.meeting_id, itemId: statement.item_id },
    },
  );
}

const placeOf = (c: Context): Place => ({
  meetingId: idOf(c),
  itemId: c.params.item === undefined ? null : idOf(c, 'item'),
});
const onAddInvalid = (c: Context, problems: Problems) =>
  addWrong(c, placeOf(c), problems.errors, problems.values);

export const statementRoutes: Route[] = [
  route({
    method: 'post',
    path: '/meetings/:id/statements',
    policy: signedIn,
    form: AddForm,
    handle: (c) => add(c, placeOf(c)),
    onInvalid: onAddInvalid,
  }),
  route({
    method: 'post',
    path: '/meetings/:id/items/:item/statements',
    policy: signedIn,
    form: AddForm,
    handle: (c) => add(c, placeOf(c)),
    onInvalid: onAddInvalid,
  }),
  route({
    method: 'post',
    path: '/statements/:id',
    policy: signedIn,
    form: ChangeForm,
    handle: change,
    onInvalid: async (c, problems) => changeWrong(c, await statementOf(c), problems.errors, problems.values),
  }),
  route({
    method: 'post',
    path: '/statements/:id/position',
    policy: signedIn,
    form: MoveForm,
    async handle(c) {
      const done = await moveStatement(c.db, c.by, idOf(c), c.form.direction);
      return done.ok
        ? redirect(
            backTo(done.statement.meeting_id, done.statement.item_id, `#statement-${done.statement.id}`),
          )
        : closed(c);
    },
  }),
  small('removal', removeStatement),
  small('restoration', restoreStatement),
];
