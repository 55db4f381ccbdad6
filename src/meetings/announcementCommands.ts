import { change, row, type Db } from '../lib/db/db.js';

// What sending invitations changes of a meeting and its participants. Called by the invitations feature inside its own
// transaction, which has locked the meeting and asked who may.

/** 筹备 → 已通知. A meeting that is already announced or running stays as it is. */
export async function scheduleMeeting(trx: Db, meetingId: number): Promise<void> {
  await change(trx, `update meetings set state = 'scheduled', updated_at = now(), version = version + 1 where id = :id and state = 'draft'`, { id: meetingId });
}

/** @returns the number of this announcement */
export async function countAnnouncement(trx: Db, meetingId: number, now: Date): Promise<number> {
  const counted = await row<{ revision: number }>(
    trx,
    `update meetings set revision = revision + 1, announced_at = coalesce(announced_at, :now) where id = :id returning revision`,
    { id: meetingId, now },
  );
  if (!counted) throw new Error(`no meeting ${meetingId}`);
  return counted.revision;
}

/** A change that was taken back before anybody heard of it asks nobody again: replies given since then count as before. */
export async function takeBackTimeSequence(trx: Db, meetingId: number, timeSequence: number): Promise<void> {
  await change(trx, `update meetings set time_sequence = :to where id = :id and time_sequence > :to`, { id: meetingId, to: timeSequence });
}

export async function markInvited(trx: Db, participantIds: number[], now: Date): Promise<void> {
  await change(trx, `update participants set invited_at = :now where id = any(:ids) and invited_at is null`, { ids: participantIds, now });
}

/**
 * Somebody in a participant's place, with the same role; a chair's substitute takes part as required, the chair stays one.
 * @returns the new participant; undefined when the person takes part already
 */
export async function addSubstitute(trx: Db, by: number | null, original: { id: number; meeting_id: number; role: string }, personId: number): Promise<number | undefined> {
  const added = await row<{ id: number }>(
    trx,
    `insert into participants (meeting_id, person_id, role, instead_of_id, created_by)
     values (:meeting, :person, :role, :original, :by)
     on conflict (meeting_id, person_id) do update
        set removed_at = null, invited_at = null, role = excluded.role, instead_of_id = excluded.instead_of_id
      where participants.removed_at is not null
     returning id`,
    { meeting: original.meeting_id, person: personId, role: original.role === 'chair' ? 'required' : original.role, original: original.id, by },
  );
  return added?.id;
}

/** Ends what somebody's substitutes were asked for; the rows stay for the history and their cancellation. */
export async function removeSubstitutes(trx: Db, originalId: number, exceptPersonId?: number): Promise<number> {
  return change(
    trx,
    `update participants set removed_at = now() where instead_of_id = :original and removed_at is null and person_id is distinct from cast(:except as bigint)`,
    { original: originalId, except: exceptPersonId ?? null },
  );
}
