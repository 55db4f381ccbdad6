import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { actingFor } from '../meetings/actingCommands.js';
import { mayEditAgenda, mayKeepSeries } from '../meetings/policy.js';
import { lockMeeting } from '../meetings/queries.js';
import { lockSeries } from '../series/queries.js';
import { lockItem, requireOpen } from './itemCommands.js';

/** Items that stand in the order; what is proposed, returned or withdrawn does not. */
const ORDERED = `select id
  from agenda_items
  where meeting_id = :meeting and state not in ('proposed', 'returned', 'withdrawn')
  order by position, id`;

/** One place up or down; at the end of the list nothing happens. */
export function moveItem(db: Db, by: Actor, id: number, direction: 'up' | 'down'): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { meeting } = await lockItem(trx, by, id);
    requireOpen(meeting);
    if (!mayEditAgenda(meeting)) throw new Forbidden();
    const order = (await rows<{ id: number }>(trx, ORDERED, { meeting: meeting.id })).map((item) => item.id);
    const at = order.indexOf(id);
    const to = direction === 'up' ? at - 1 : at + 1;
    if (at < 0 || to < 0 || to >= order.length) return meeting.id;
    order.splice(at, 1);
    order.splice(to, 0, id);
    await writeOrder(trx, order);
    await record(trx, actingFor(by, meeting), {
      action: 'item.move',
      noun: 'agenda_items',
      id,
      meetingId: meeting.id,
      before: { place: at + 1 },
      after: { place: to + 1 },
    });
    return meeting.id;
  });
}

/** A whole new order, from dragging. An order of other items than there are by now is refused. */
export function orderItems(db: Db, by: Actor, meetingId: number, order: number[]): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    requireOpen(meeting);
    if (!mayEditAgenda(meeting)) throw new Forbidden();
    const present = (await rows<{ id: number }>(trx, ORDERED, { meeting: meetingId })).map((item) => item.id);
    if (
      present.length !== new Set(order).size ||
      order.length !== present.length ||
      order.some((id) => !present.includes(id))
    )
      throw new Conflict();
    if (present.join() === order.join()) return;
    await writeOrder(trx, order);
    await record(trx, actingFor(by, meeting), {
      action: 'item.move',
      noun: 'meetings',
      id: meetingId,
      meetingId,
    });
  });
}

async function writeOrder(trx: Db, order: number[]): Promise<void> {
  await change(
    trx,
    `update agenda_items i
     set position = o.place
     from unnest(cast(:ids as bigint[])) with ordinality as o (id, place)
     where i.id = o.id and i.position <> o.place`,
    { ids: order },
  );
}

/**
 * Off this agenda, into the backlog of the series, where it waits for a meeting. Also from a meeting that was
 * cancelled.
 */
export function moveToBacklog(db: Db, by: Actor, id: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockItem(trx, by, id);
    if (meeting.state === 'ended') throw new Conflict('agenda.problem.closed');
    if (!mayEditAgenda({ ...meeting, state: 'draft' })) throw new Forbidden();
    if (meeting.series_id === null) throw new Conflict('agenda.problem.noSeries');
    if (!['accepted', 'deferred', 'withdrawn'].includes(item.state))
      throw new Conflict('agenda.problem.done');
    await change(
      trx,
      `update agenda_items
       set meeting_id = null, series_id = :series, state = 'accepted', state_reason = null, position = 0,
         version = version + 1
       where id = :id`,
      { id, series: meeting.series_id },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'item.toBacklog',
      noun: 'agenda_items',
      id,
      meetingId: meeting.id,
    });
    return meeting.id;
  });
}

/**
 * Items of the backlog onto the agenda of a meeting of the series. What somebody else took already is left
 * out.
 * @returns how many
 */
export function takeFromBacklog(db: Db, by: Actor, meetingId: number, ids: number[]): Promise<number> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    requireOpen(meeting);
    if (!mayEditAgenda(meeting)) throw new Forbidden();
    if (meeting.series_id === null) throw new Conflict('agenda.problem.noSeries');
    const taken = await change(
      trx,
      `with chosen as (
         select id, row_number() over (order by id) as place from agenda_items
          where id = any(:ids)
            and series_id = :series
            and meeting_id is null
            and state in ('accepted', 'deferred')
       )
       update agenda_items i set meeting_id = :meeting, state = 'accepted', version = version + 1,
              position = coalesce((select max(position) from agenda_items where meeting_id = :meeting),
                0) + c.place
         from chosen c where i.id = c.id and i.meeting_id is null`,
      { ids, series: meeting.series_id, meeting: meetingId },
    );
    if (taken > 0)
      await record(trx, actingFor(by, meeting), {
        action: 'item.fromBacklog',
        noun: 'meetings',
        id: meetingId,
        meetingId,
        after: { count: taken },
      });
    return taken;
  });
}

export interface BacklogInput {
  title: string;
  purpose: string;
  presenterId: number | null;
  plannedMinutes: number;
  note: string;
  isRestricted: boolean;
}

/** Something for one of the next meetings. */
export function addToBacklog(db: Db, by: Actor, seriesId: number, input: BacklogInput): Promise<void> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series) && series.relation.member_role === null) throw new Forbidden();
    await change(
      trx,
      `insert into agenda_items (series_id, title, purpose, presenter_id, proposed_by, planned_minutes, note,
         is_restricted, state, created_by)
       values (:series, :title, :purpose, :presenter, :by, :minutes, :note, :restricted, 'accepted', :by)`,
      {
        series: seriesId,
        title: input.title,
        purpose: input.purpose,
        presenter: input.presenterId,
        minutes: input.plannedMinutes,
        note: input.note,
        restricted: input.isRestricted,
        by: by.id,
      },
    );
    await record(trx, by, {
      action: 'item.add',
      noun: 'series',
      id: seriesId,
      after: input.isRestricted ? {} : { title: input.title },
    });
  });
}

/** Out of the backlog for good. */
export function dropFromBacklog(db: Db, by: Actor, seriesId: number, itemId: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    const dropped = await change(
      trx,
      `update agenda_items
       set state = 'withdrawn', version = version + 1
       where id = :id
         and series_id = :series
         and meeting_id is null
         and state in ('accepted', 'proposed', 'deferred')`,
      { id: itemId, series: seriesId },
    );
    if (dropped === 0) throw new Conflict();
    await record(trx, by, { action: 'item.withdraw', noun: 'agenda_items', id: itemId });
  });
}
