import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { actingFor } from '../meetings/actingCommands.js';
import { mayEditAgenda, mayPropose } from '../meetings/policy.js';
import { lockMeeting, type Meeting } from '../meetings/queries.js';
import { mayEditItem, type ItemState } from './policy.js';
import { findItem, type Item, type Purpose } from './queries.js';

export interface ItemInput {
  title: string;
  purpose: Purpose;
  presenterId: number | null;
  plannedMinutes: number;
  note: string;
  isRestricted: boolean;
}

/** Most items of one meeting. */
export const MAX_ITEMS = 200;

/** What the history keeps of an item: of a restricted one nothing that could be read. */
function forHistory(item: { title: string; is_restricted: boolean }): Record<string, unknown> {
  return item.is_restricted ? {} : { title: item.title };
}

/**
 * An item with its meeting, both locked: the meeting first, as everywhere.
 * @throws NotFound, Conflict when the item has moved on
 */
export async function lockItem(trx: Db, by: Actor, id: number): Promise<{ item: Item; meeting: Meeting }> {
  const where = await row<{ meeting_id: number | null }>(
    trx,
    `select meeting_id from agenda_items where id = :id`,
    { id },
  );
  if (!where?.meeting_id) throw new NotFound();
  await lockMeeting(trx, by, where.meeting_id);
  await rows(trx, `select 1 from agenda_items where id = :id for no key update`, { id });
  const found = await findItem(trx, { id: by.id ?? -1 }, id);
  if (found.meeting.id !== where.meeting_id) throw new Conflict();
  return found;
}

export function addItem(db: Db, by: Actor, meetingId: number, input: ItemInput): Promise<number> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    requireOpen(meeting);
    if (!mayEditAgenda(meeting)) throw new Forbidden();
    const id = await insertItem(trx, by, meeting, { input, state: 'accepted' });
    await record(trx, actingFor(by, meeting), {
      action: 'item.add',
      noun: 'agenda_items',
      id,
      meetingId,
      after: forHistory({ title: input.title, is_restricted: input.isRestricted }),
    });
    return id;
  });
}

/**
 * Handed in by somebody who takes part; it stands on the agenda when the chair or secretary accepts it. They
 * are told.
 */
export function proposeItem(db: Db, by: Actor, meetingId: number, input: ItemInput): Promise<number> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    requireOpen(meeting);
    if (!mayPropose(meeting)) throw new Forbidden();
    const id = await insertItem(trx, by, meeting, { input, state: 'proposed' });
    await record(trx, by, {
      action: 'item.propose',
      noun: 'agenda_items',
      id,
      meetingId,
      after: forHistory({ title: input.title, is_restricted: input.isRestricted }),
    });
    const keepers = await rows<{ person_id: number }>(
      trx,
      `select person_id
       from participants
       where meeting_id = :id and role = 'secretary' and removed_at is null and person_id <> :by
       union select organiser_id from meetings where id = :id and organiser_id <> :by`,
      { id: meetingId, by: by.id },
    );
    await queueDeliveries(
      trx,
      keepers.map(({ person_id }) => ({
        kind: 'agenda.proposed',
        object: `agenda_items:${id}:proposed`,
        meetingId,
        personId: person_id,
        payload: { itemId: id },
        isRestricted: input.isRestricted || meeting.is_private,
        queuedBy: by.id,
      })),
    );
    return id;
  });
}

async function insertItem(
  trx: Db,
  by: Actor,
  meeting: Meeting,
  { input, state }: { input: ItemInput; state: ItemState },
): Promise<number> {
  const made = await row<{ id: number }>(
    trx,
    `insert into agenda_items (meeting_id, series_id, position, title, purpose, presenter_id, proposed_by,
       planned_minutes, note, is_restricted, state, created_by)
     select :meeting, cast(:series as bigint), coalesce(max(position) + 1, 0), :title, :purpose,
       cast(:presenter as bigint), cast(:proposer as bigint), :minutes, :note, :restricted, :state, :by
       from agenda_items where meeting_id = :meeting having count(*) < ${MAX_ITEMS} returning id`,
    {
      meeting: meeting.id,
      series: meeting.series_id,
      title: input.title,
      purpose: input.purpose,
      presenter: input.presenterId,
      proposer: state === 'proposed' ? by.id : null,
      minutes: input.plannedMinutes,
      note: input.note,
      restricted: input.isRestricted,
      state,
      by: by.id,
    },
  );
  if (!made) throw new Conflict('agenda.problem.full', { count: MAX_ITEMS });
  return made.id;
}

export function changeItem(
  db: Db,
  by: Actor,
  id: number,
  input: ItemInput & { version: number },
): Promise<{ ok: true; meetingId: number } | { ok: false; reason: 'stale'; item: Item }> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockItem(trx, by, id);
    requireOpen(meeting);
    if (item.state === 'concluded' || item.state === 'carried_over')
      throw new Conflict('agenda.problem.done');
    if (!mayEditItem({ id: by.id ?? -1 }, meeting, item)) throw new Forbidden();
    if (item.version !== input.version) return { ok: false, reason: 'stale', item };
    // A returned item that its proposer mends is proposed again.
    const state = item.state === 'returned' && !mayEditAgenda(meeting) ? 'proposed' : item.state;
    await change(
      trx,
      `update agenda_items
       set title = :title, purpose = :purpose, presenter_id = :presenter, planned_minutes = :minutes,
         note = :note,
              is_restricted = :restricted, state = :state, version = version + 1 where id = :id`,
      {
        id,
        title: input.title,
        purpose: input.purpose,
        presenter: input.presenterId,
        minutes: input.plannedMinutes,
        note: input.note,
        restricted: input.isRestricted,
        state,
      },
    );
    const isOpen = !item.is_restricted && !input.isRestricted;
    await record(trx, actingFor(by, meeting), {
      action: 'item.change',
      noun: 'agenda_items',
      id,
      meetingId: meeting.id,
      ...(isOpen
        ? {
            before: { title: item.title, minutes: item.planned_minutes },
            after: { title: input.title, minutes: input.plannedMinutes },
          }
        : {}),
    });
    return { ok: true, meetingId: meeting.id };
  });
}

/** Accepts or returns what was proposed; the proposer hears of it. */
export function decideProposal(
  db: Db,
  by: Actor,
  id: number,
  verdict: { accept: true } | { accept: false; reason: string },
): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockItem(trx, by, id);
    requireOpen(meeting);
    if (!mayEditAgenda(meeting)) throw new Forbidden();
    if (item.state !== 'proposed' && !(verdict.accept && item.state === 'returned'))
      throw new Conflict('agenda.problem.decided');
    const state: ItemState = verdict.accept ? 'accepted' : 'returned';
    await setState(trx, id, state, verdict.accept ? null : verdict.reason);
    await record(trx, actingFor(by, meeting), {
      action: verdict.accept ? 'item.accept' : 'item.return',
      noun: 'agenda_items',
      id,
      meetingId: meeting.id,
      before: { state: item.state },
      after: { state },
    });
    if (item.proposed_by !== null && item.proposed_by !== by.id) {
      await queueDeliveries(trx, [
        {
          kind: 'agenda.decided',
          object: `agenda_items:${id}:decided`,
          revision: item.version + 1,
          meetingId: meeting.id,
          personId: item.proposed_by,
          payload: { itemId: id },
          isRestricted: item.is_restricted || meeting.is_private,
          queuedBy: by.id,
        },
      ]);
    }
    return meeting.id;
  });
}

/** Takes an item off the agenda; it can be put back. A proposer may withdraw what is not decided on yet. */
export function withdrawItem(db: Db, by: Actor, id: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockItem(trx, by, id);
    requireOpen(meeting);
    if (!mayEditItem({ id: by.id ?? -1 }, meeting, item)) throw new Forbidden();
    if (!['accepted', 'proposed', 'returned', 'deferred'].includes(item.state))
      throw new Conflict('agenda.problem.done');
    await setState(trx, id, 'withdrawn', null);
    await record(trx, actingFor(by, meeting), {
      action: 'item.withdraw',
      noun: 'agenda_items',
      id,
      meetingId: meeting.id,
      before: { ...forHistory(item), state: item.state },
      after: { state: 'withdrawn' },
    });
    return meeting.id;
  });
}

export function restoreItem(db: Db, by: Actor, id: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockItem(trx, by, id);
    requireOpen(meeting);
    if (!mayEditAgenda(meeting)) throw new Forbidden();
    if (item.state !== 'withdrawn' && item.state !== 'deferred') throw new Conflict();
    await setState(trx, id, 'accepted', null);
    await record(trx, actingFor(by, meeting), {
      action: 'item.restore',
      noun: 'agenda_items',
      id,
      meetingId: meeting.id,
      before: { state: item.state },
      after: { state: 'accepted' },
    });
    return meeting.id;
  });
}

async function setState(trx: Db, id: number, state: ItemState, reason: string | null): Promise<void> {
  await change(
    trx,
    `update agenda_items set state = :state, state_reason = :reason, version = version + 1 where id = :id`,
    { id, state, reason },
  );
}

/** The agenda stands open until the meeting has ended. */
export function requireOpen(meeting: Meeting): void {
  if (meeting.state === 'ended' || meeting.state === 'cancelled') throw new Conflict('agenda.problem.closed');
}
