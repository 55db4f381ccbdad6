import { releaseEquipment } from '../equipment/commands.js';
import { moveClaims, releaseClaims, restoreClaims } from '../claims/commands.js';
import { checkNotice } from '../claims/noticeCommands.js';
import type { ClaimResult } from '../claims/verdict.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { actingFor, allowedReason, recordForAll } from './actingCommands.js';
import { lockSeriesOf, numberSeries } from './numberCommands.js';
import { mayCancel, mayRestore } from './policy.js';
import { lockMeeting, lockMeetings, type Meeting } from './queries.js';
import { announceCancellations, announceChanges } from './announcementCommands.js';
import { takePlace, type PlaceRefused } from './placeCommands.js';

// Calls meetings off, one or many by the same statements, and restores them.

/**
 * Locks these meetings, asks whether they may be called off, and does it. What is called off already stays as
 * it is. The caller has locked their series and asked the rooms' notice.
 */
export async function callOffMeetings(
  trx: Db,
  by: Actor,
  requests: readonly { meetingId: number; reason: string }[],
): Promise<void> {
  if (requests.length === 0) return;
  const reasons = new Map(requests.map(({ meetingId, reason }) => [meetingId, reason]));
  const found = await lockMeetings(trx, by, [...reasons.keys()]);
  const live = found.filter(({ state }) => state !== 'cancelled');
  for (const meeting of live) requireOpen(meeting);
  await callOffLocked(
    trx,
    by,
    live.map((meeting) => ({ meeting, reason: reasons.get(meeting.id) ?? '' })),
  );
}

/** @throws Conflict once it runs or is over, Forbidden for whom it is not theirs to call off */
export function requireOpen(meeting: Meeting): void {
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
    throw new Conflict('meetings.problem.closed');
  if (!mayCancel(meeting)) throw new Forbidden();
}

/**
 * The same for meetings that are locked and may be called off. Their rooms and equipment are free at once.
 */
export async function callOffLocked(
  trx: Db,
  by: Actor,
  dates: readonly { meeting: Meeting; reason: string }[],
): Promise<void> {
  if (dates.length === 0) return;
  const ids = dates.map(({ meeting }) => meeting.id);
  // Claims keep their reason; most dates have the same one.
  for (const [reason, some] of groupedBy(dates, (date) => date.reason))
    await releaseClaims(
      trx,
      by,
      some.map(({ meeting }) => meeting.id),
      { state: 'cancelled', reason },
    );
  await releaseEquipment(trx, ids);
  await change(
    trx,
    `update meetings m
        set state = 'cancelled', state_before_cancel = m.state, cancelled_at = now(), cancelled_by = :by,
            cancel_reason = w.reason,
            sequence = m.sequence + case when m.announced_at is null then 0 else 1 end,
            revision = m.revision + case when m.announced_at is null then 0 else 1 end,
            updated_at = now(), version = m.version + 1
       from jsonb_to_recordset(:list) as w (id bigint, reason text)
      where m.id = w.id`,
    {
      by: by.id,
      list: JSON.stringify(dates.map(({ meeting, reason }) => ({ id: meeting.id, reason }))),
    },
  );
  const reasons = new Map(dates.map(({ meeting, reason }) => [meeting.id, reason]));
  const meetings = dates.map(({ meeting }) => meeting);
  await recordForAll(trx, by, meetings, ({ id, state }) => ({
    action: 'meeting.cancel',
    noun: 'meetings',
    id,
    before: { state },
    after: { state: 'cancelled' },
    note: reasons.get(id),
  }));
  const announced = dates.filter(({ meeting }) => meeting.announced_at !== null);
  await announceCancellations(
    trx,
    announced.map(({ meeting }) => meeting.id),
  );
  // A number that was sent out stays; the others close the gap.
  await numberSeries(
    trx,
    dates.flatMap(({ meeting }) =>
      meeting.announced_at === null && meeting.series_id !== null ? [meeting.series_id] : [],
    ),
  );
}

/**
 * Calls it off, with a reason; its rooms are free at once. The meeting, its agenda and people stay and can be
 * restored.
 * @param input.now asks the rooms' notice for calling off; a secretary's reason goes beyond it. Undefined: no
 *   notice is asked
 */
export function cancelMeeting(
  db: Db,
  by: Actor,
  id: number,
  input: { reason: string; now?: Date; overrideReason?: string | null },
): Promise<{ ok: true } | PlaceRefused> {
  return inTransaction(db, async (trx) => {
    await lockSeriesOf(trx, id);
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state === 'cancelled') return { ok: true };
    requireOpen(meeting);
    if (input.now) {
      const overrideReason = await allowedReason(trx, by, input.overrideReason);
      const roomIds = meeting.rooms.map((room) => room.id);
      const late = await checkNotice(trx, by, [{ meetingId: id, roomIds }], {
        rule: 'notice_cancel',
        now: input.now,
        overrideReason,
      });
      const checks = late.get(id);
      if (checks) return { ok: false, clashes: [], checks };
    }
    await callOffLocked(trx, by, [{ meeting, reason: input.reason }]);
    return { ok: true };
  });
}

export interface Restoration {
  now: Date;
  /** Other rooms, or none, instead of the former ones; undefined: the former ones. */
  roomIds?: number[];
  /** Its equipment stays away, because others have it now. */
  withoutEquipment?: boolean;
}

/**
 * Puts a cancelled meeting back while its rooms are free. People who were told are invited again: same UID,
 * higher SEQUENCE.
 */
export function restoreMeeting(
  db: Db,
  by: Actor,
  id: number,
  restoration: Restoration,
): Promise<{ ok: true; requests?: number } | PlaceRefused> {
  return inTransaction(db, async (trx) => {
    await lockSeriesOf(trx, id);
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state !== 'cancelled') return { ok: true };
    if (!mayRestore(meeting)) throw new Forbidden();
    if (meeting.ends_at <= restoration.now) throw new Conflict('meetings.problem.over');
    const restored = await restorePlace(trx, by, meeting, restoration);
    if (!restored.ok) return restored;
    const isAnnounced = meeting.announced_at !== null;
    await reopenMeeting(trx, id, isAnnounced);
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.restore',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { state: 'cancelled', reason: meeting.cancel_reason },
      after: { state: meeting.state_before_cancel },
    });
    if (isAnnounced) await announceChanges(trx, [id]);
    else if (meeting.series_id !== null) await numberSeries(trx, meeting.series_id);
    return { ok: true, requests: restored.requests || undefined };
  });
}

async function restorePlace(
  trx: Db,
  by: Actor,
  { id: meetingId, starts_at: startsAt, ends_at: endsAt, rooms, equipment }: Meeting,
  { now, roomIds, withoutEquipment }: Restoration,
): Promise<ClaimResult | PlaceRefused> {
  if (!roomIds && rooms.length === 0 && equipment.length === 0) return { ok: true, notices: [], requests: 0 };
  const lines = withoutEquipment ? [] : undefined;
  const restored = await takePlace(trx, by, { meetingId, startsAt, endsAt, lines }, (inner) =>
    roomIds
      ? moveClaims(inner, by, { meetingId, roomIds, startsAt, endsAt, now })
      : restoreClaims(inner, by, meetingId, now),
  );
  if (!restored.ok)
    await keepRooms(
      trx,
      meetingId,
      rooms.map(({ id }) => id),
    );
  return restored;
}

/** A refused claim forgets what was asked for; a cancelled meeting still needs it. */
async function keepRooms(trx: Db, meetingId: number, roomIds: number[]): Promise<void> {
  await change(
    trx,
    `insert into meeting_rooms (meeting_id, room_id)
     select :meeting, unnest(cast(:rooms as bigint[]))
     on conflict do nothing`,
    { meeting: meetingId, rooms: roomIds },
  );
}

async function reopenMeeting(trx: Db, id: number, isAnnounced: boolean): Promise<void> {
  await change(
    trx,
    `update meetings
        set state = coalesce(state_before_cancel, 'draft'), state_before_cancel = null,
            cancelled_at = null, cancelled_by = null, cancel_reason = null,
            sequence = sequence + :announced, revision = revision + :announced,
            time_sequence = case when :is_announced then sequence + 1 else time_sequence end,
            updated_at = now(), version = version + 1
      where id = :id`,
    { id, announced: isAnnounced ? 1 : 0, is_announced: isAnnounced },
  );
}
