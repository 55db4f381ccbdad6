import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import type { ActionState } from './lights.js';
import { why, type Verb } from './policy.js';
import { findConcerned, findStanding, listStandings, overseersOf, type Standing } from './queries.js';

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
  { id, verb, today }: { id: number; verb: Verb; today: string },
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
  { to, event, reason, also }: { to: ActionState; event: string; reason?: string; also?: string },
): Promise<void> {
  await change(
    trx,
    `update actions
     set state = :state, state_reason = :reason, version = version + 1 ${also ? `, ${also}` : ''}
     where id = :id`,
    { id: action.id, state: to, reason: reason ?? null },
  );
  await record(trx, actingFor(by, action), {
    action: event,
    noun: 'actions',
    id: action.id,
    meetingId: historyOf(action),
    before: { state: action.state },
    after: { state: to },
    note: reason || undefined,
  });
}

/** 签收办理: the lead takes it on. Pressed twice it is taken on once. */
export async function takeOnAction(db: Db, by: Actor, id: number, today: string): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'takeOn', today }, async (trx, action) => {
    await setState(trx, by, action, {
      to: 'accepted',
      event: 'action.accept',
      also: 'accepted_at = now()',
    });
    return { ok: true };
  });
}

/** 退回改派: the lead gives it back with a reason; who oversees it finds somebody else. */
export async function refuseAction(
  db: Db,
  by: Actor,
  id: number,
  { reason, today }: { reason: string; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'refuse', today }, async (trx, action) => {
    await setState(trx, by, action, { to: 'refused', event: 'action.refuse', reason });
    await notifyOverseers(trx, by, action, { what: 'refused', reason });
    return { ok: true };
  });
}

/** Work has begun, or goes on after an obstacle. */
export async function startAction(db: Db, by: Actor, id: number, today: string): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'start', today }, async (trx, action) => {
    await setState(trx, by, action, { to: 'in_progress', event: 'action.start' });
    return { ok: true };
  });
}

/** 受阻: it can't go on, for a reason that who oversees it should know. */
export async function blockAction(
  db: Db,
  by: Actor,
  id: number,
  { reason, today }: { reason: string; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'block', today }, async (trx, action) => {
    await setState(trx, by, action, { to: 'blocked', event: 'action.block', reason });
    await notifyOverseers(trx, by, action, { what: 'blocked', reason });
    return { ok: true };
  });
}

/** 撤销, citing what decided so. An answer that waits falls with it. */
export async function cancelAction(
  db: Db,
  by: Actor,
  id: number,
  { reason, today }: { reason: string; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'cancel', today }, async (trx, action) => {
    await setState(trx, by, action, { to: 'cancelled', event: 'action.cancel', reason });
    const concerned = await findConcerned(trx, id);
    if (concerned && action.state !== 'planned') {
      const ids = [concerned.lead_id, ...concerned.helper_ids].filter(
        (one): one is number => one !== null && one !== by.id,
      );
      await notify(trx, by, action, { what: 'cancelled', personIds: ids, payload: { reason } });
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
  { to, today }: { to: HandOver; today: string },
): Promise<Outcome<{ ok: false; reason: 'noDueDate' | 'sameLead' }>> {
  return onAction(db, by, { id, verb: 'handOver', today }, async (trx, action) => {
    const dueOn = action.due_on ?? to.due_on;
    if (!dueOn) return { ok: false, reason: 'noDueDate' } as const;
    if (to.lead_id === action.lead_id && action.state !== 'refused' && action.state !== 'planned')
      return { ok: false, reason: 'sameLead' } as const;
    await assignAll(trx, by, [assignmentOf(action, to, dueOn)]);
    return { ok: true } as const;
  });
}

interface Assignment {
  action: Standing;
  leadId: number;
  helperIds: number[];
  dueOn: string;
  note: string;
}

/** Assigns actions anew, with the history of each and a mail to whoever has it now. */
async function assignAll(trx: Db, by: Actor, assignments: readonly Assignment[]): Promise<void> {
  if (assignments.length === 0) return;
  await change(
    trx,
    `update actions a
        set lead_id = w."leadId", due_on = w."dueOn",
            original_due_on = coalesce(a.original_due_on, w."dueOn"),
            state = 'assigned', state_reason = null, assigned_at = now(), accepted_at = null,
            version = a.version + 1
       from jsonb_to_recordset(cast(:list as jsonb)) as w (id bigint, "leadId" bigint, "dueOn" date)
      where a.id = w.id`,
    {
      list: JSON.stringify(assignments.map(({ action: { id }, leadId, dueOn }) => ({ id, leadId, dueOn }))),
    },
  );
  await setHelpersOfAll(
    trx,
    assignments.map(({ action: { id }, helperIds }) => ({ actionId: id, personIds: helperIds })),
  );
  await recordAll(
    trx,
    by,
    assignments.map(({ action, leadId, helperIds, dueOn, note }) => ({
      action: 'action.handOver',
      noun: 'actions',
      id: action.id,
      meetingId: historyOf(action),
      before: { lead_id: action.lead_id, state: action.state, due_on: action.due_on },
      after: { lead_id: leadId, state: 'assigned', due_on: dueOn, helper_ids: helperIds },
      note: note || undefined,
    })),
  );
  await notifyAll(
    trx,
    by,
    'assigned',
    assignments.map(({ action, leadId, helperIds, note }) => ({
      action,
      personIds: [leadId, ...helperIds],
      payload: note ? { note } : {},
    })),
  );
}

/** All that somebody still has to answer goes to another person: on leaving the house, a change of posts. */
export async function handOverAllActions(
  db: Db,
  by: Actor,
  { fromId, toId, note, today }: { fromId: number; toId: number; note: string; today: string },
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
    const ids = open.map(({ id }) => id);
    const helpers = groupedBy(
      await rows<{ action_id: number; person_id: number }>(
        trx,
        `select action_id, person_id from action_helpers where action_id = any(:ids) order by 1, 2`,
        { ids },
      ),
      ({ action_id }) => action_id,
    );
    // What this person may not see or oversee stays where it is.
    const mine = (await listStandings(trx, by.id ?? -1, ids, today)).flatMap((action) => {
      if (!action.due_on || why('handOver', action) !== 'yes') return [];
      const helper_ids = (helpers.get(action.id) ?? []).map(({ person_id }) => person_id);
      return [assignmentOf(action, { lead_id: toId, helper_ids, due_on: null, note }, action.due_on)];
    });
    await assignAll(trx, by, mine);
    return { moved: mine.length };
  });
}

function assignmentOf(action: Standing, to: HandOver, dueOn: string): Assignment {
  return {
    action,
    leadId: to.lead_id,
    helperIds: to.helper_ids.filter((one) => one !== to.lead_id),
    dueOn,
    note: to.note,
  };
}

export function setHelpers(trx: Db, actionId: number, personIds: number[]): Promise<void> {
  return setHelpersOfAll(trx, [{ actionId, personIds }]);
}

async function setHelpersOfAll(
  trx: Db,
  helpers: readonly { actionId: number; personIds: readonly number[] }[],
): Promise<void> {
  const list = JSON.stringify(
    helpers.flatMap(({ actionId, personIds }) => personIds.map((person) => ({ action: actionId, person }))),
  );
  const HELPERS = `jsonb_to_recordset(cast(:list as jsonb)) as w (action bigint, person bigint)`;
  await change(
    trx,
    `delete from action_helpers h
      where h.action_id = any(:ids)
        and not exists (select 1 from ${HELPERS} where w.action = h.action_id and w.person = h.person_id)`,
    { ids: helpers.map(({ actionId }) => actionId), list },
  );
  await change(
    trx,
    `insert into action_helpers (action_id, person_id) select w.action, w.person from ${HELPERS}
     on conflict do nothing`,
    { list },
  );
}

export type ActionNews =
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
export function notify(
  trx: Db,
  by: Actor,
  action: Pick<Standing, 'id' | 'meeting_id'>,
  {
    what,
    personIds,
    payload = {},
  }: { what: ActionNews; personIds: number[]; payload?: Record<string, unknown> },
): Promise<void> {
  return notifyAll(trx, by, what, [{ action, personIds, payload }]);
}

/** The same about many actions. */
export async function notifyAll(
  trx: Db,
  by: Actor,
  what: ActionNews,
  news: readonly {
    action: Pick<Standing, 'id' | 'meeting_id'>;
    personIds: readonly number[];
    payload?: Record<string, unknown>;
  }[],
): Promise<void> {
  const found = await rows<{ id: number; version: number; is_restricted: boolean }>(
    trx,
    `select a.id, a.version, m.is_private or coalesce(i.is_restricted, false) as is_restricted
       from actions a join meetings m on m.id = a.meeting_id left join agenda_items i on i.id = a.item_id
      where a.id = any(:ids)`,
    { ids: news.map(({ action }) => action.id) },
  );
  const current = new Map(found.map((one) => [one.id, one]));
  await queueDeliveries(
    trx,
    news.flatMap(({ action, personIds, payload }) => {
      const now = current.get(action.id);
      if (!now) return [];
      return [...new Set(personIds)].map((personId) => ({
        kind: `actions.${what}`,
        object: `actions:${action.id}:${what}`,
        revision: now.version,
        personId,
        meetingId: action.meeting_id,
        payload: { action_id: action.id, ...payload },
        isRestricted: now.is_restricted,
        queuedBy: by.id,
      }));
    }),
  );
}

export async function notifyOverseers(
  trx: Db,
  by: Actor,
  action: Standing,
  { what, reason }: { what: ActionNews; reason: string },
): Promise<void> {
  const concerned = await findConcerned(trx, action.id);
  if (concerned)
    await notify(trx, by, action, {
      what,
      personIds: overseersOf(concerned).filter((id) => id !== by.id),
      payload: { reason },
    });
}
