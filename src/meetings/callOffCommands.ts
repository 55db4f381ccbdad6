import { releaseEquipment } from '../equipment/commands.js';
import { releaseClaims } from '../claims/commands.js';
import type { Actor } from '../lib/audit/record.js';
import { change, type Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { enqueueAll } from '../lib/jobs/enqueue.js';
import { recordForAll } from './actingFor.js';
import { numberSeries } from './numberCommands.js';
import { mayCancel } from './policy.js';
import { lockMeetings, type Meeting } from './queries.js';

// Calls meetings off: one, or all dates of a standing meeting, by the same statements.

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
  const told = dates.filter(({ meeting }) => meeting.announced_at !== null);
  await announceCancellations(
    trx,
    told.map(({ meeting }) => meeting.id),
  );
  // A number that was sent out stays; the others close the gap.
  await numberSeries(
    trx,
    dates.flatMap(({ meeting }) =>
      meeting.announced_at === null && meeting.series_id !== null ? [meeting.series_id] : [],
    ),
  );
}

/** A minute later; a waiting announcement of the same meeting is replaced. */
async function announceCancellations(trx: Db, meetingIds: readonly number[]): Promise<void> {
  const job = 'invitations.announceCancellation';
  await enqueueAll(
    trx,
    job,
    meetingIds.map((meetingId) => ({ payload: { meetingId }, key: `${job}:${meetingId}` })),
    new Date(Date.now() + 60_000),
  );
}
