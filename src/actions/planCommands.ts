import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import { historyOf, setHelpers, notifyAll } from './commands.js';

// Actions while the minutes are written: they hang on a statement and nobody is told of them before the
// minutes are issued. The callers (src/minutes) hold the meeting's lock and have asked who may record. What
// is only planned stays out of the meeting's history, which more people read than write.

export interface Plan {
  deliverable: string;
  lead_id: number | null;
  helper_ids: number[];
  due_on: string | null;
}

/** Hangs an action on a statement, or changes the one that hangs there. */
export async function planAction(
  trx: Db,
  by: Actor,
  statement: { id: number; meeting_id: number; item_id: number | null },
  plan: Plan,
): Promise<number> {
  const before = await row<Plan & { id: number; state: string; assigned_at: Date | null }>(
    trx,
    `select id, deliverable, lead_id, due_on, state, assigned_at,
       array(select person_id from action_helpers h where h.action_id = a.id order by 1) as helper_ids
       from actions a where statement_id = :statement for no key update`,
    { statement: statement.id },
  );
  // What was already assigned by minutes that were issued changes by its own verbs only, each with its
  // reason; what a decision called off since does not come back because its statement is saved again in a
  // correction.
  if (before && before.state !== 'planned' && (before.state !== 'cancelled' || before.assigned_at))
    return before.id;
  const saved = await row<{ id: number }>(
    trx,
    `insert into actions (meeting_id, item_id, statement_id, deliverable, lead_id, due_on, created_by)
     values (:meeting, :item, :statement, :deliverable, :lead, :due, :by)
     on conflict (statement_id)
     do update set deliverable = excluded.deliverable, lead_id = excluded.lead_id, due_on = excluded.due_on,
       item_id = excluded.item_id, state = 'planned', state_reason = null, version = actions.version + 1
     returning id`,
    {
      meeting: statement.meeting_id,
      item: statement.item_id,
      statement: statement.id,
      deliverable: plan.deliverable,
      lead: plan.lead_id,
      due: plan.due_on,
      by: by.id,
    },
  );
  if (!saved) throw new Error('an action was neither made nor changed');
  const helpers = [...new Set(plan.helper_ids)].filter((one) => one !== plan.lead_id).sort((x, y) => x - y);
  await setHelpers(trx, saved.id, helpers);
  const planned = { lead_id: plan.lead_id, due_on: plan.due_on, helper_ids: helpers };
  const earlier = before && { lead_id: before.lead_id, due_on: before.due_on, helper_ids: before.helper_ids };
  // Its words are the statement's, and told with it; typed text would fill the history.
  if (!before || before.state !== 'planned' || JSON.stringify(planned) !== JSON.stringify(earlier)) {
    await record(trx, by, {
      action: before ? 'action.change' : 'action.plan',
      noun: 'actions',
      id: saved.id,
      ...(earlier ? { before: earlier } : {}),
      after: planned,
    });
  }
  return saved.id;
}

/**
 * Takes the planned action off its statement. It stays as cancelled, so that putting the statement back
 * brings it back.
 */
export async function removePlannedAction(trx: Db, by: Actor, statementId: number): Promise<void> {
  const [gone] = await rows<{ id: number }>(
    trx,
    `update actions
     set state = 'cancelled', version = version + 1
     where statement_id = :statement and state = 'planned'
     returning id`,
    { statement: statementId },
  );
  if (gone) await record(trx, by, { action: 'action.remove', noun: 'actions', id: gone.id });
}

/** Undoes removePlannedAction. */
export async function restorePlannedAction(trx: Db, by: Actor, statementId: number): Promise<void> {
  const [back] = await rows<{ id: number }>(
    trx,
    `update actions set state = 'planned', version = version + 1
      where statement_id = :statement and state = 'cancelled' and assigned_at is null returning id`,
    { statement: statementId },
  );
  if (back) await record(trx, by, { action: 'action.restore', noun: 'actions', id: back.id });
}

/**
 * The minutes are issued: what was planned is assigned, the original due date is set for good, leads and
 * helpers are told. Called in the transaction that issues. Called again (a correction) it assigns only what
 * is still planned.
 * @returns how many were assigned, and how many were not because they lack a lead or a date
 */
export async function assignActions(
  trx: Db,
  by: Actor,
  meetingId: number,
): Promise<{ assigned: number; left: number }> {
  const assigned = await rows<{ id: number; lead_id: number; due_on: string; is_restricted: boolean }>(
    trx,
    `update actions a
     set state = 'assigned', original_due_on = coalesce(original_due_on, due_on), assigned_at = now(),
       version = version + 1
      where meeting_id = :meeting and state = 'planned' and lead_id is not null and due_on is not null
      returning id, lead_id, due_on,
        coalesce(
          (select i.is_restricted from agenda_items i where i.id = a.item_id),
          false
        ) as is_restricted`,
    { meeting: meetingId },
  );
  const helpers = await rows<{ action_id: number; person_id: number }>(
    trx,
    `select action_id, person_id from action_helpers where action_id = any(:ids)`,
    { ids: assigned.map((one) => one.id) },
  );
  assigned.sort((a, b) => a.id - b.id);
  await recordAll(
    trx,
    by,
    assigned.map((one) => ({
      action: 'action.assign',
      noun: 'actions',
      id: one.id,
      meetingId: historyOf({ meeting_id: meetingId, is_restricted: one.is_restricted }),
      before: { state: 'planned' },
      after: { state: 'assigned', lead_id: one.lead_id, due_on: one.due_on },
    })),
  );
  const helpersOf = groupedBy(helpers, ({ action_id }) => action_id);
  await notifyAll(
    trx,
    by,
    'assigned',
    assigned.map(({ id, lead_id }) => ({
      action: { id, meeting_id: meetingId },
      personIds: [lead_id, ...(helpersOf.get(id) ?? []).map(({ person_id }) => person_id)],
    })),
  );
  const left = await change(trx, `select id from actions where meeting_id = :meeting and state = 'planned'`, {
    meeting: meetingId,
  });
  return { assigned: assigned.length, left };
}
