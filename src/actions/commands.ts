import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import type { ActionState } from './lights.js';
import { why, type Verb } from './policy.js';
import { findConcerned, findStanding, overseersOf, type Standing } from './queries.js';

/** `moved`: somebody else was quicker, it stands differently now. The person is shown how. */
export type Outcome<More = never> = { ok: true } | { ok: false; reason: 'moved'; state: ActionState } | More;

/**
 * The frame of each verb: lock the action, see how it stands, ask the policy, change, record.
 * @param today the date in the organisation's zone
 * @throws NotFound where the person may not know of it, Forbidden where the verb is not theirs
 */
export async function onAction<R extends { ok: boolean }>(
  db: Db,
  by: Actor,
  id: number,
  verb: Verb,
  today: string,
  work: (trx: Db, action: Standing) => Promise<R>,
): Promise<R | { ok: false; reason: 'moved'; state: ActionState }> {
  return inTransaction(db, async (trx) => {
    await row(trx, `select id from actions where id = :id for no key update`, { id });
    const action = await findStanding(trx, by.id ?? -1, id, today);
    if (!action) throw new NotFound();
    const answer = why(verb, action);
    if (answer === 'person') throw new Forbidden('actions.error.notYours');
    if (answer === 'state') return { ok: false, reason: 'moved', state: action.state };
    return work(trx, action);
  });
}

/** Who acts: a deputy acts for the lead, and both names are kept. */
export function actingFor(by: Actor, action: Standing): Actor {
  return action.is_deputy && !action.is_lead && action.lead_id ? { ...by, onBehalfOf: action.lead_id } : by;
}

/** The meeting whose history tells of it; none for a restricted item. */
export function historyOf(action: Pick<Standing, 'meeting_id' | 'is_restricted'>): number | null {
  return action.is_restricted ? null : action.meeting_id;
}

/** Changes the state and tells the history. */
async function setState(
  trx: Db,
  by: Actor,
  action: Standing,
  to: ActionState,
  event: string,
  set: { reason?: string | null; also?: string } = {},
): Promise<void> {
  await change(
    trx,
    `update actions
     set state = :state, state_reason = :reason, version = version + 1 ${set.also ? `, ${set.also}` : ''}
     where id = :id`,
    { id: action.id, state: to, reason: set.reason ?? null },
  );
  await record(trx, actingFor(by, action), {
    action: event,
    noun: 'actions',
    id: action.id,
    meetingId: historyOf(action),
    before: { state: action.state },
    after: { state: to },
    ...(set.reason ? { note: set.reason } : {}),
  });
}

/** 签收办理: the lead takes it on. Pressed twice it is taken on once. */
export async function takeOnAction(db: Db, by: Actor, id: number, today: string): Promise<Outcome> {
  return onAction(db, by, id, 'takeOn', today, async (trx, action) => {
    await setState(trx, by, action, 'accepted', 'action.accept', { also: 'accepted_at = now()' });
    return { ok: true };
  });
}

/** 退回改派: the lead gives it back with a reason; who oversees it finds somebody else. */
export async function refuseAction(
  db: Db,
  by: Actor,
  id: number,
  reason: string,
  today: string,
): Promise<Outcome> {
  return onAction(db, by, id, 'refuse', today, async (trx, action) => {
    await setState(trx, by, action, 'refused', 'action.refuse', { reason });
    await tellOverseers(trx, by, action, 'refused', reason);
    return { ok: true };
  });
}

/** Work has begun, or goes on after an obstacle. */
export async function startAction(db: Db, by: Actor, id: number, today: string): Promise<Outcome> {
  return onAction(db, by, id, 'start', today, async (trx, action) => {
    await setState(trx, by, action, 'in_progress', 'action.start');
    return { ok: true };
  });
}

/** 受阻: it can't go on, for a reason that who oversees it should know. */
export async function blockAction(
  db: Db,
  by: Actor,
  id: number,
  reason: string,
  today: string,
): Promise<Outcome> {
  return onAction(db, by, id, 'block', today, async (trx, action) => {
    await setState(trx, by, action, 'blocked', 'action.block', { reason });
    await tellOverseers(trx, by, action, 'blocked', reason);
    return { ok: true };
  });
}

/** 撤销, citing what decided so. An answer that waits falls with it. */
export async function cancelAction(
  db: Db,
  by: Actor,
  id: number,
  reason: string,
  today: string,
): Promise<Outcome> {
  return onAction(db, by, id, 'cancel', today, async (trx, action) => {
    await setState(trx, by, action, 'cancelled', 'action.cancel', { reason });
    const concerned = await findConcerned(trx, id);
    if (concerned && action.state !== 'planned') {
      const ids = [concerned.lead_id, ...concerned.helper_ids].filter(
        (one): one is number => one !== null && one !== by.id,
      );
      await tell(trx, by, action, 'cancelled', ids, { reason });
    }
    return { ok: true };
  });
}

export interface HandOver {
  lead_id: number;
  helper_ids: number[];
  /** Needed where it had none. */
  due_on: string | null;
  note: string;
}

/**
 * Another lead, after a refusal, a change of posts, or because it was issued without one. It is assigned
 * anew; the due date and what was answered so far stay.
 */
export async function handOverAction(
  db: Db,
  by: Actor,
  id: number,
  to: HandOver,
  today: string,
): Promise<Outcome<{ ok: false; reason: 'noDueDate' | 'sameLead' }>> {
  return onAction(db, by, id, 'handOver', today, async (trx, action) => {
    const dueOn = action.due_on ?? to.due_on;
    if (!dueOn) return { ok: false, reason: 'noDueDate' } as const;
    if (to.lead_id === action.lead_id && action.state !== 'refused' && action.state !== 'planned')
      return { ok: false, reason: 'sameLead' } as const;
    await assignTo(trx, by, action, to, dueOn);
    return { ok: true } as const;
  });
}

async function assignTo(trx: Db, by: Actor, action: Standing, to: HandOver, dueOn: string): Promise<void> {
  const helpers = to.helper_ids.filter((one) => one !== to.lead_id);
  await change(
    trx,
    `update actions
     set lead_id = :lead, due_on = :due, original_due_on = coalesce(original_due_on, :due),
       state = 'assigned', state_reason = null,
            assigned_at = now(), accepted_at = null, version = version + 1 where id = :id`,
    { id: action.id, lead: to.lead_id, due: dueOn },
  );
  await setHelpers(trx, action.id, helpers);
  await record(trx, by, {
    action: 'action.handOver',
    noun: 'actions',
    id: action.id,
    meetingId: historyOf(action),
    before: { lead_id: action.lead_id, state: action.state, due_on: action.due_on },
    after: { lead_id: to.lead_id, state: 'assigned', due_on: dueOn, helper_ids: helpers },
    ...(to.note ? { note: to.note } : {}),
  });
  await tell(trx, by, action, 'assigned', [to.lead_id, ...helpers], to.note ? { note: to.note } : {});
}

/** All that somebody still has to answer goes to another person: on leaving the house, a change of posts. */
export async function handOverAllActions(
  db: Db,
  by: Actor,
  fromId: number,
  toId: number,
  note: string,
  today: string,
): Promise<{ moved: number }> {
  return inTransaction(db, async (trx) => {
    const open = await rows<{ id: number }>(
      trx,
      `select id
       from actions
       where lead_id = :from and state in ('assigned', 'accepted', 'in_progress', 'blocked', 'refused')
       order by id
       for no key update`,
      { from: fromId },
    );
    let moved = 0;
    for (const { id } of open) {
      const action = await findStanding(trx, by.id ?? -1, id, today);
      // What this person may not see or oversee stays where it is.
      if (!action?.due_on || why('handOver', action) !== 'yes') continue;
      const concerned = await findConcerned(trx, id);
      await assignTo(
        trx,
        by,
        action,
        { lead_id: toId, helper_ids: concerned?.helper_ids ?? [], due_on: null, note },
        action.due_on,
      );
      moved++;
    }
    return { moved };
  });
}

export async function setHelpers(trx: Db, actionId: number, personIds: number[]): Promise<void> {
  await change(trx, `delete from action_helpers where action_id = :id and person_id <> all(:persons)`, {
    id: actionId,
    persons: personIds,
  });
  await change(
    trx,
    `insert into action_helpers (action_id, person_id)
     select :id, unnest(:persons::bigint[])
     on conflict do nothing`,
    { id: actionId, persons: personIds },
  );
}

export type Told =
  | 'assigned'
  | 'refused'
  | 'blocked'
  | 'cancelled'
  | 'answered'
  | 'accepted'
  | 'sentBack'
  | 'extensionAsked'
  | 'extensionDecided';

/** One mail each, once per version of the action; see mail.ts for what it says. */
export async function tell(
  trx: Db,
  by: Actor,
  action: Pick<Standing, 'id' | 'meeting_id'>,
  what: Told,
  personIds: number[],
  payload: Record<string, unknown> = {},
): Promise<void> {
  const current = await row<{ version: number; is_restricted: boolean }>(
    trx,
    `select a.version, m.is_private or coalesce(i.is_restricted, false) as is_restricted
       from actions a
       join meetings m on m.id = a.meeting_id
       left join agenda_items i on i.id = a.item_id
       where a.id = :id`,
    { id: action.id },
  );
  if (!current) return;
  await queueDeliveries(
    trx,
    [...new Set(personIds)].map((personId) => ({
      kind: `actions.${what}`,
      object: `actions:${action.id}:${what}`,
      revision: current.version,
      personId,
      meetingId: action.meeting_id,
      payload: { action_id: action.id, ...payload },
      isRestricted: current.is_restricted,
      queuedBy: by.id,
    })),
  );
}

export async function tellOverseers(
  trx: Db,
  by: Actor,
  action: Standing,
  what: Told,
  reason: string,
): Promise<void> {
  const concerned = await findConcerned(trx, action.id);
  if (concerned)
    await tell(
      trx,
      by,
      action,
      what,
      overseersOf(concerned).filter((id) => id !== by.id),
      { reason },
    );
}
