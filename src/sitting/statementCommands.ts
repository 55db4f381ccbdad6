import { planAction, removePlannedAction } from '../actions/planCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { Meeting } from '../meetings/queries.js';
import type { StatementKind } from '../documents/snapshot.js';
import {
  itemFor,
  lockForRecording,
  lockStatement,
  recordStatement,
  type Closed,
  type StatementItem,
} from './recordingCommands.js';
import { isDecision } from './statementKinds.js';
import { findStatementByKey, type Statement } from './statementQueries.js';

// What is written while a meeting runs and until its minutes are handed in. Each statement has a version of
// its own, so that two people who write different ones never meet; whoever saves over a newer text gets both
// texts back (`clash`).

export interface StatementEdit {
  kind: StatementKind;
  text: string;
  /** null: leave the decision's basis as it is (half-typed votes). */
  decision: {
    basis: 'consensus' | 'vote';
    votes_for: number | null;
    votes_against: number | null;
    abstentions: number | null;
  } | null;
  action: { deliverable: string | null; lead_id: number | null; due_on: string | null; helper_ids: number[] };
}

export interface Saving {
  /** Made with each form that is opened. */
  key: string;
  /** What the form was opened with; none in the form of a new statement that nothing has saved yet. */
  version: number | null;
  /** Saved as one types, not by a button: the form goes on. */
  isInBackground: boolean;
}

export type Saved =
  { ok: true; id: number; version: number } | Closed | { ok: false; reason: 'clash'; current: Statement };

/**
 * A new statement. Saved in the background it is a draft that the writer's form goes on with; pressing a
 * button makes it a statement like the others. The form's key makes both the same row, however often they
 * arrive.
 */
export async function addStatement(
  db: Db,
  by: Actor,
  place: { meetingId: number; itemId: number | null },
  { edit, saving }: { edit: StatementEdit; saving: Saving },
): Promise<Saved> {
  return inTransaction(db, async (trx) => {
    const { meeting, isOpen } = await lockForRecording(trx, by, place.meetingId);
    const item = await itemFor(trx, by, meeting, place.itemId);
    if (!isOpen) return { ok: false, reason: 'closed' };
    const known = await findStatementByKey(trx, saving.key);
    if (known) return saveKnown(trx, by, { meeting, item, known }, { edit, saving });
    const made = await row<{ id: number }>(
      trx,
      `insert into statements (meeting_id, item_id, position, kind, text, created_by, created_key, is_draft)
       values (:meeting, :item,
         (select coalesce(max(position), 0) + 1
           from statements
           where meeting_id = :meeting and item_id is not distinct
           from cast(:item as bigint)),
               :kind, :text, :by, :key, :draft)
       returning id`,
      {
        meeting: meeting.id,
        item: item.id,
        kind: edit.kind,
        text: edit.text,
        by: by.id,
        key: saving.key,
        draft: saving.isInBackground,
      },
    );
    if (!made) throw new Error('the statement was not made');
    await hang(trx, by, { id: made.id, meeting_id: meeting.id, item_id: item.id }, edit);
    if (item.id !== null) await openItem(trx, by, item.id);
    await recordStatement(trx, by, { meeting, item }, { action: 'statement.add', id: made.id });
    return { ok: true, id: made.id, version: 1 };
  });
}

/** The form of a new statement, sent again: it goes on with the row that it made. */
async function saveKnown(
  trx: Db,
  by: Actor,
  { meeting, item, known }: { meeting: Meeting; item: StatementItem; known: Statement },
  { edit, saving }: { edit: StatementEdit; saving: Saving },
): Promise<Saved> {
  if (known.created_by !== by.id || known.meeting_id !== meeting.id) throw new NotFound();
  // Posted twice, or late: what was added by a button is not turned back by what was typed before.
  if (!known.is_draft && known.text === edit.text) return { ok: true, id: known.id, version: known.version };
  if (!known.is_draft && known.version !== saving.version)
    return { ok: false, reason: 'clash', current: known };
  const isDraft = known.is_draft && saving.isInBackground;
  const version = await write(
    trx,
    by,
    { meeting, item, statement: known },
    { edit, saving: { ...saving, isDraft } },
  );
  return { ok: true, id: known.id, version };
}

/** Changes a statement; `clash` when somebody else saved it since the form was opened. */
export async function changeStatement(
  db: Db,
  by: Actor,
  id: number,
  { edit, saving }: { edit: StatementEdit & { item_id?: number | null }; saving: Saving },
): Promise<Saved> {
  return inTransaction(db, async (trx) => {
    const { meeting, isOpen, statement, item } = await lockStatement(trx, by, id);
    if (!isOpen) return { ok: false, reason: 'closed' };
    const isOwnForm = statement.saved_key === saving.key;
    if (statement.version !== saving.version && !isOwnForm && !saysTheSame(statement, edit))
      return { ok: false, reason: 'clash', current: statement };
    const target =
      edit.item_id === undefined || edit.item_id === statement.item_id
        ? item
        : await itemFor(trx, by, meeting, edit.item_id);
    return {
      ok: true,
      id,
      version: await write(
        trx,
        by,
        { meeting, item: target, statement },
        { edit, saving: { ...saving, isDraft: false } },
      ),
    };
  });
}

/** A form that was sent twice is not at odds with itself. */
function saysTheSame(statement: Statement, edit: StatementEdit): boolean {
  const { action, decision } = statement;
  const votes = (one: StatementEdit['decision']) =>
    one ? [one.basis, one.votes_for, one.votes_against, one.abstentions].join() : '';
  const deed = (lead: number | undefined | null, due: string | null | undefined, helpers: number[]) =>
    [lead ?? '', due ?? '', ...[...helpers].sort()].join();
  return (
    statement.deleted_at === null &&
    statement.text === edit.text &&
    statement.kind === edit.kind &&
    (!isDecision(edit.kind) || !edit.decision || votes(decision) === votes(edit.decision)) &&
    deed(action?.lead?.id, action?.due_on, action?.helpers.map((one) => one.id) ?? []) ===
      deed(edit.action.lead_id, edit.action.due_on, edit.action.helper_ids)
  );
}

async function write(
  trx: Db,
  by: Actor,
  { meeting, item, statement }: { meeting: Meeting; item: StatementItem; statement: Statement },
  { edit, saving }: { edit: StatementEdit; saving: Saving & { isDraft: boolean } },
): Promise<number> {
  const changed = await row<{ version: number }>(
    trx,
    `update statements
     set kind = :kind, text = :text, item_id = :item, is_draft = :draft, saved_key = :key, deleted_at = null,
            position = case when item_id is not distinct from cast(:item as bigint) then position
              else (select coalesce(max(o.position), 0) + 1
                from statements o
                where o.meeting_id = :meeting and o.item_id is not distinct
                from cast(:item as bigint)) end,
            updated_by = :by, updated_at = now(), version = version + 1
      where id = :id returning version`,
    {
      id: statement.id,
      kind: edit.kind,
      text: edit.text,
      item: item.id,
      draft: saving.isDraft,
      key: saving.isInBackground ? saving.key : null,
      meeting: meeting.id,
      by: by.id,
    },
  );
  await hang(trx, by, { id: statement.id, meeting_id: meeting.id, item_id: item.id }, edit);
  // Saving as one types would fill the history: one event for ten minutes of a person's typing, with the text
  // before it.
  const isRecorded = await row(
    trx,
    `select 1
     from audit_events
     where noun = 'statements' and noun_id = :id and person_id = :by and at > now() - interval '10 minutes'
     limit 1`,
    { id: statement.id, by: by.id },
  );
  if (!isRecorded)
    await recordStatement(
      trx,
      by,
      { meeting, item },
      { action: 'statement.change', id: statement.id, before: statement.text, after: edit.text },
    );
  return changed?.version ?? statement.version;
}

/** Decision and action hang on the statement and follow it. */
async function hang(
  trx: Db,
  by: Actor,
  statement: { id: number; meeting_id: number; item_id: number | null },
  edit: StatementEdit,
): Promise<void> {
  if (!isDecision(edit.kind)) {
    await change(trx, `delete from decisions where statement_id = :id and number is null`, {
      id: statement.id,
    });
  } else {
    const { basis, votes_for, votes_against, abstentions } = edit.decision ?? {
      basis: 'consensus',
      votes_for: null,
      votes_against: null,
      abstentions: null,
    };
    await change(
      trx,
      `insert into decisions (statement_id, meeting_id, item_id, basis, votes_for, votes_against, abstentions)
       values (:id, :meeting, :item, :basis, :votes_for, :votes_against, :abstentions)
       on conflict (statement_id) do ${
         edit.decision
           ? `update set item_id = excluded.item_id, basis = excluded.basis, votes_for = excluded.votes_for,
                votes_against = excluded.votes_against, abstentions = excluded.abstentions`
           : 'update set item_id = excluded.item_id'
       }`,
      {
        id: statement.id,
        meeting: statement.meeting_id,
        item: statement.item_id,
        basis,
        votes_for,
        votes_against,
        abstentions,
      },
    );
  }
  const { deliverable, lead_id, due_on, helper_ids } = edit.action;
  if (edit.kind === 'required' || deliverable || lead_id || due_on || helper_ids.length > 0) {
    const text = deliverable ?? [...edit.text].slice(0, 2000).join('');
    if (text) await planAction(trx, by, statement, { deliverable: text, lead_id, due_on, helper_ids });
  } else {
    await removePlannedAction(trx, by, statement.id);
  }
}

/** The first word written about an item opens it. */
async function openItem(trx: Db, by: Actor, itemId: number): Promise<void> {
  const [opened] = await rows<{ meeting_id: number; is_restricted: boolean }>(
    trx,
    `update agenda_items
     set state = 'under_discussion', opened_at = coalesce(opened_at, now()), version = version + 1
      where id = :id and state in ('accepted', 'proposed') returning meeting_id, is_restricted`,
    { id: itemId },
  );
  if (opened) {
    await record(trx, by, {
      action: 'item.open',
      noun: 'agenda_items',
      id: itemId,
      meetingId: opened.is_restricted ? null : opened.meeting_id,
      after: { state: 'under_discussion' },
    });
  }
}
