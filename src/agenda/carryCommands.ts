import { record, type Actor } from '../lib/audit/record.js';
import { change, row, type Db } from '../lib/db/db.js';
import { Conflict, NotFound } from '../lib/http/errors.js';
import { findNextMeeting } from './queries.js';

export type CarriedOver =
  /** `meetingId` null: it waits in the backlog of the series for a meeting. */
  | { ok: true; itemId: number; meetingId: number | null }
  /** A single meeting has neither a next one nor a backlog: the item can be deferred or withdrawn. */
  | { ok: false; reason: 'no_series' };

/**
 * Carries an item on to the next meeting of the series, or to its backlog when there is none. The new item
 * links to the old one (`carried_from_id`, unique), papers are read through the link. Done twice, or by two
 * people at once, it is done once. The caller has locked the meeting and asked who may; for the sitting at
 * the end of a meeting.
 */
export async function carryOver(trx: Db, by: Actor, itemId: number): Promise<CarriedOver> {
  const item = await row<{
    meeting_id: number | null;
    series_id: number | null;
    starts_at: Date;
    state: string;
    title: string;
    is_restricted: boolean;
  }>(
    trx,
    `select i.meeting_id, coalesce(m.series_id, i.series_id) as series_id, m.starts_at, i.state, i.title,
       i.is_restricted
       from agenda_items i join meetings m on m.id = i.meeting_id where i.id = :id for no key update of i`,
    { id: itemId },
  );
  if (!item) throw new NotFound();
  const done = await row<{ id: number; meeting_id: number | null }>(
    trx,
    `select id, meeting_id from agenda_items where carried_from_id = :id`,
    { id: itemId },
  );
  if (done) return { ok: true, itemId: done.id, meetingId: done.meeting_id };
  if (item.state === 'concluded' || item.state === 'withdrawn' || item.state === 'returned')
    throw new Conflict();
  if (item.series_id === null || item.meeting_id === null) return { ok: false, reason: 'no_series' };

  const next = await findNextMeeting(trx, item.series_id, item.starts_at, item.meeting_id);
  const made = await row<{ id: number }>(
    trx,
    `insert into agenda_items (meeting_id, series_id, position, title, purpose, presenter_id, proposed_by,
       planned_minutes, note, is_restricted, state,
                               carried_from_id, created_by)
     select cast(:next as bigint), :series,
       coalesce((select max(position) + 1 from agenda_items where meeting_id = :next), 0), title, purpose,
       presenter_id,
            proposed_by, planned_minutes, note, is_restricted, 'accepted', id,
              coalesce(cast(:by as bigint), created_by)
       from agenda_items where id = :id returning id`,
    { id: itemId, next: next?.id ?? null, series: item.series_id, by: by.id },
  );
  if (!made) throw new Conflict();
  await change(
    trx,
    `update agenda_items
     set state = 'carried_over', concluded_at = now(), version = version + 1
     where id = :id`,
    { id: itemId },
  );
  await record(trx, by, {
    action: 'item.carryOver',
    noun: 'agenda_items',
    id: itemId,
    meetingId: item.meeting_id,
    before: { state: item.state },
    after: { state: 'carried_over', item_id: made.id, meeting_id: next?.id ?? null },
  });
  return { ok: true, itemId: made.id, meetingId: next?.id ?? null };
}
