import { carryOver } from '../agenda/carryCommands.js';
import { maySeeItem, type ItemState } from '../agenda/policy.js';
import { findItem } from '../agenda/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { mayRecord, mayStart } from '../meetings/policy.js';
import { lockMeeting } from '../meetings/queries.js';
import { draftMinutes } from '../minutes/commands.js';
import { lockForRecording, type Closed } from './recordingCommands.js';

/**
 * The meeting begins: chair or secretary, or who else answers for it. Whoever declined is noted with
 * apologies. Pressed twice, or by two people at once, it begins once.
 */
export async function startMeeting(
  db: Db,
  by: Actor,
  id: number,
): Promise<{ ok: true } | { ok: false; reason: 'noChair' }> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state === 'in_progress') return { ok: true };
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled') throw new Conflict('sitting.error.over');
    if (!mayStart(meeting)) throw new Forbidden();
    if (!meeting.chair) return { ok: false, reason: 'noChair' };
    await change(
      trx,
      `update meetings
       set state = 'in_progress', started_at = now(), started_by = :by, version = version + 1,
         updated_at = now()
       where id = :id`,
      { id, by: by.id },
    );
    await change(
      trx,
      `insert into attendances (participant_id, status, recorded_by)
       select p.id, 'apologies', :by from participants p
         join lateral (select status
           from replies r
           where r.participant_id = p.id and r.sequence >= :time_sequence
           order by r.id desc
           limit 1) r on r.status in ('declined', 'delegated')
        where p.meeting_id = :id and p.removed_at is null
       on conflict (participant_id) do nothing`,
      { id, by: by.id, time_sequence: meeting.time_sequence },
    );
    await record(trx, by, {
      action: 'meeting.start',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { state: meeting.state },
      after: { state: 'in_progress' },
    });
    return { ok: true };
  });
}

/** Begun by mistake: back to what it was, as long as nothing is written. */
export async function unstartMeeting(
  db: Db,
  by: Actor,
  id: number,
): Promise<{ ok: true } | { ok: false; reason: 'written' }> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, id);
    if (!mayRecord(meeting)) throw new Forbidden();
    if (meeting.state !== 'in_progress') throw new Conflict('sitting.error.over');
    const written = await row(
      trx,
      `select 1 from statements where meeting_id = :id and deleted_at is null limit 1`,
      { id },
    );
    if (written) return { ok: false, reason: 'written' };
    const state = meeting.announced_at ? 'scheduled' : 'draft';
    await change(
      trx,
      `update meetings
       set state = :state, started_at = null, started_by = null, version = version + 1, updated_at = now()
       where id = :id`,
      { id, state },
    );
    await change(
      trx,
      `delete from attendances a using participants p where p.id = a.participant_id and p.meeting_id = :id`,
      { id },
    );
    await change(
      trx,
      `update agenda_items
       set state = 'accepted', opened_at = null, version = version + 1
       where meeting_id = :id and state = 'under_discussion'`,
      { id },
    );
    await record(trx, by, {
      action: 'meeting.unstart',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { state: 'in_progress' },
      after: { state },
    });
    return { ok: true };
  });
}

export const OUTCOMES = ['concluded', 'deferred', 'carried_over', 'withdrawn'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * `noSeries`: a single meeting has neither a next one nor a backlog. `carried`: what went on to another
 * meeting stays there.
 */
export type OutcomeResult = { ok: true } | Closed | { ok: false; reason: 'noSeries' | 'carried' };

/** What came of an item; `under_discussion` opens it, also again. */
export async function setOutcome(
  db: Db,
  by: Actor,
  meetingId: number,
  { itemId, outcome }: { itemId: number; outcome: Outcome | 'under_discussion' },
): Promise<OutcomeResult> {
  return inTransaction(db, async (trx) => {
    const { meeting, isOpen } = await lockForRecording(trx, by, meetingId);
    const { item } = await findItem(trx, { id: by.id ?? -1 }, itemId);
    if (item.meeting_id !== meetingId || !maySeeItem({ id: by.id ?? -1 }, meeting, item))
      throw new NotFound();
    if (!isOpen) return { ok: false, reason: 'closed' };
    return applyOutcome(trx, by, meetingId, { item, outcome });
  });
}

type OutcomeItem = { id: number; state: ItemState; is_restricted: boolean };

async function applyOutcome(
  trx: Db,
  by: Actor,
  meetingId: number,
  { item, outcome }: { item: OutcomeItem; outcome: Outcome | 'under_discussion' },
): Promise<OutcomeResult> {
  if (item.state === outcome) return { ok: true };
  if (item.state === 'carried_over') return { ok: false, reason: 'carried' };
  if (outcome === 'carried_over') {
    if (item.state === 'concluded' || item.state === 'withdrawn')
      await setItemState(trx, by, meetingId, { item, to: 'under_discussion' });
    const carried = await carryOver(trx, by, item.id);
    return carried.ok ? { ok: true } : { ok: false, reason: 'noSeries' };
  }
  await setItemState(trx, by, meetingId, { item, to: outcome });
  return { ok: true };
}

async function setItemState(
  trx: Db,
  by: Actor,
  meetingId: number,
  { item, to }: { item: OutcomeItem; to: Exclude<Outcome, 'carried_over'> | 'under_discussion' },
): Promise<void> {
  await change(
    trx,
    `update agenda_items
     set state = :state, opened_at = coalesce(opened_at, now()),
       concluded_at = ${to === 'under_discussion' ? 'null' : 'now()'}, version = version + 1
     where id = :id`,
    { id: item.id, state: to },
  );
  await record(trx, by, {
    action: to === 'under_discussion' ? 'item.open' : 'item.outcome',
    noun: 'agenda_items',
    id: item.id,
    meetingId: item.is_restricted ? null : meetingId,
    before: { state: item.state },
    after: { state: to },
  });
}

/**
 * The meeting ends. What has no outcome gets the one chosen for it, else it is carried over to the next
 * meeting of the series or its backlog; a single meeting has neither, there it is deferred. What still stood
 * in somebody's field becomes a statement, and the minutes are begun.
 * @param chosen outcome by item id
 */
export async function endMeeting(
  db: Db,
  by: Actor,
  id: number,
  chosen: Map<number, Outcome>,
): Promise<{ ok: true; carried: number; deferred: number }> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, id);
    if (!mayRecord(meeting)) throw new Forbidden();
    if (meeting.state === 'ended') return { ok: true, carried: 0, deferred: 0 };
    if (meeting.state !== 'in_progress') throw new Conflict('sitting.error.notBegun');
    const counts = { carried: 0, deferred: 0 };
    for (const item of await listOpenItems(trx, id)) {
      const outcome = chosen.get(item.id) ?? 'carried_over';
      const done = await applyOutcome(trx, by, id, { item, outcome });
      if (!done.ok) await applyOutcome(trx, by, id, { item, outcome: 'deferred' });
      if (outcome === 'carried_over') counts[done.ok ? 'carried' : 'deferred']++;
    }
    await change(
      trx,
      `update statements set deleted_at = now() where meeting_id = :id and is_draft and text = ''`,
      { id },
    );
    await change(trx, `update statements set is_draft = false where meeting_id = :id and is_draft`, { id });
    await change(
      trx,
      `update meetings
       set state = 'ended', ended_at = now(), ended_by = :by, version = version + 1, updated_at = now()
       where id = :id`,
      { id, by: by.id },
    );
    await record(trx, by, {
      action: 'meeting.end',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { state: 'in_progress' },
      after: { state: 'ended', ...counts },
    });
    await draftMinutes(trx, by, id);
    return { ok: true, ...counts };
  });
}

/**
 * Items of a meeting without an outcome, also those that the reader may not see: they have a number, and an
 * end.
 */
export function listOpenItems(
  db: Db,
  meetingId: number,
): Promise<{ id: number; state: ItemState; is_restricted: boolean }[]> {
  return rows(
    db,
    `select id, state, is_restricted
     from agenda_items
     where meeting_id = :id and state in ('proposed', 'accepted', 'under_discussion')
     order by position, id`,
    { id: meetingId },
  );
}
