import { change, row, type Db } from '../lib/db/db.js';
import { enqueueAll } from '../lib/jobs/enqueue.js';

// What sending invitations changes of a meeting and its participants. The caller has locked the meeting in
// its own transaction and asked who may.

/** 筹备 → 已通知. A meeting that is already announced or running stays as it is. */
export async function scheduleMeeting(trx: Db, meetingId: number): Promise<void> {
  await change(
    trx,
    `update meetings
        set state = 'scheduled', updated_at = now(), version = version + 1
      where id = :id and state = 'draft'`,
    { id: meetingId },
  );
}

/** @returns the number of this announcement */
export async function countAnnouncement(trx: Db, meetingId: number, now: Date): Promise<number> {
  const counted = await row<{ revision: number }>(
    trx,
    `update meetings
        set revision = revision + 1, announced_at = coalesce(announced_at, :now)
      where id = :id
     returning revision`,
    { id: meetingId, now },
  );
  if (!counted) throw new Error(`no meeting ${meetingId}`);
  return counted.revision;
}

/** Changes that were taken back before anybody heard of them ask nobody again: replies count as before. */
export async function takeBackTimeSequences(
  trx: Db,
  meetings: readonly { id: number; to: number }[],
): Promise<void> {
  if (meetings.length === 0) return;
  await change(
    trx,
    `update meetings m
        set time_sequence = w."to"
       from jsonb_to_recordset(cast(:list as jsonb)) as w (id bigint, "to" integer)
      where m.id = w.id and m.time_sequence > w."to"`,
    { list: JSON.stringify(meetings) },
  );
}

export async function markInvited(trx: Db, participantIds: number[], now: Date): Promise<void> {
  await change(trx, `update participants set invited_at = :now where id = any(:ids) and invited_at is null`, {
    ids: participantIds,
    now,
  });
}

/**
 * Somebody in a participant's place, with the same role. A chair's substitute takes part as required, because
 * the chair stays the chair.
 * @returns the new participant; undefined when the person takes part already
 */
export async function addSubstitute(
  trx: Db,
  by: number | null,
  original: { id: number; meeting_id: number; role: string },
  personId: number,
): Promise<number | undefined> {
  const added = await row<{ id: number }>(
    trx,
    `insert into participants (meeting_id, person_id, role, instead_of_id, created_by)
     values (:meeting, :person, :role, :original, :by)
     on conflict (meeting_id, person_id) do update
        set removed_at = null, invited_at = null, role = excluded.role, instead_of_id = excluded.instead_of_id
      where participants.removed_at is not null
     returning id`,
    {
      meeting: original.meeting_id,
      person: personId,
      role: original.role === 'chair' ? 'required' : original.role,
      original: original.id,
      by,
    },
  );
  return added?.id;
}

/** Ends the part of somebody's substitutes. The rows stay for the history and for the cancellation mails. */
export async function removeSubstitutes(
  trx: Db,
  originalId: number,
  exceptPersonId?: number,
): Promise<number> {
  return change(
    trx,
    `update participants
        set removed_at = now()
      where instead_of_id = :original and removed_at is null
        and person_id is distinct from cast(:except as bigint)`,
    { original: originalId, except: exceptPersonId ?? null },
  );
}

/** The same for many dates at once, each with the number of its announcement. */
export async function scheduleDates(trx: Db, meetingIds: number[], now: Date): Promise<void> {
  await change(
    trx,
    `update meetings
        set state = 'scheduled', announced_at = coalesce(announced_at, :now), updated_at = now(),
            version = version + 1
      where id = any(:ids) and (state = 'draft' or announced_at is null)`,
    { ids: meetingIds, now },
  );
}

/** Invited to the standing meeting as a whole: these dates are told under its UID. */
export async function markInvitedWithSeries(trx: Db, participantIds: number[], now: Date): Promise<void> {
  await change(
    trx,
    `update participants
        set invited_at = :now, with_series = true
      where id = any(:ids) and invited_at is null`,
    { ids: participantIds, now },
  );
}

/** Somebody who holds the standing meeting gets one more date of it under the same UID. */
export async function joinHeldSeries(trx: Db, meetingId: number): Promise<void> {
  await change(
    trx,
    `update participants pt set with_series = true
       from meetings m
      where pt.meeting_id = :id and m.id = pt.meeting_id and m.recurrence_id is not null
        and pt.removed_at is null and pt.invited_at is null and not pt.with_series
        and exists (
          select 1
            from participants o
            join meetings d on d.id = o.meeting_id
           where o.person_id = pt.person_id and o.with_series and o.removed_at is null
             and o.invited_at is not null and d.recurrence_id = m.recurrence_id and d.id <> m.id)`,
    { id: meetingId },
  );
}

/** @returns the number of this announcement of a rule */
export async function countSeriesAnnouncement(trx: Db, recurrenceId: number): Promise<number> {
  const counted = await row<{ revision: number }>(
    trx,
    `update recurrences set revision = revision + 1 where id = :id returning revision`,
    { id: recurrenceId },
  );
  if (!counted) throw new Error(`no recurrence ${recurrenceId}`);
  return counted.revision;
}

/** A minute later, so that several edits become one mail; one waiting job a meeting. */
export async function announceChanges(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await enqueueForEach(trx, 'invitations.announceChange', meetingIds);
}

/** A minute later; a waiting announcement of the same meeting is replaced. */
export async function announceCancellations(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await enqueueForEach(trx, 'invitations.announceCancellation', meetingIds);
}

async function enqueueForEach(
  trx: Db,
  job: 'invitations.announceChange' | 'invitations.announceCancellation',
  meetingIds: readonly number[],
): Promise<void> {
  await enqueueAll(
    trx,
    job,
    meetingIds.map((meetingId) => ({ payload: { meetingId }, key: `${job}:${meetingId}` })),
    new Date(Date.now() + 60_000),
  );
}
