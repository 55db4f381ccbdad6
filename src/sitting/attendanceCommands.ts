import { findOrAddGuests } from '../people/guestCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { MAX_PARTICIPANTS } from '../meetings/participantCommands.js';
import type { ParticipantRole } from '../meetings/states.js';
import { lockForRecording, type Closed } from './recordingCommands.js';

export const STATUSES = ['present', 'apologies', 'absent'] as const;
export type AttendanceStatus = (typeof STATUSES)[number];

export interface AttendanceChange {
  participantId: number;
  /** null takes the entry back. */
  status: AttendanceStatus | null;
  /** Only of who came after the beginning, or left before the end; undefined leaves it. */
  arrivedAt?: Date | null;
  leftAt?: Date | null;
}

/** Who was there. Only what is given changes: two people may each note their side of the table. */
export async function recordAttendance(
  db: Db,
  by: Actor,
  meetingId: number,
  changes: AttendanceChange[],
): Promise<{ ok: true } | Closed> {
  return inTransaction(db, async (trx) => {
    const { isOpen } = await lockForRecording(trx, by, meetingId);
    if (!isOpen) return { ok: false, reason: 'closed' };
    const before = await rows<AttendanceEntry>(
      trx,
      `select p.id, a.status, a.arrived_at, a.left_at
       from participants p
       left join attendances a on a.participant_id = p.id
        where p.meeting_id = :meeting and p.removed_at is null`,
      { meeting: meetingId },
    );
    const present = new Map(before.map((one) => [one.id, one]));
    // Somebody else may have taken a person off the list.
    const entries = [...new Map(changes.map((entry) => [entry.participantId, entry])).values()].flatMap(
      (entry) => {
        const now = present.get(entry.participantId);
        return now ? [{ entry, now }] : [];
      },
    );
    await writeAttendance(trx, by, entries);
    await recordEntries(trx, by, meetingId, entries);
    return { ok: true };
  });
}

interface AttendanceEntry {
  id: number;
  status: AttendanceStatus | null;
  arrived_at: Date | null;
  left_at: Date | null;
}

interface EntryChange {
  entry: AttendanceChange;
  now: AttendanceEntry;
}

/** One event for all entries that changed. */
async function recordEntries(
  trx: Db,
  by: Actor,
  meetingId: number,
  entries: readonly EntryChange[],
): Promise<void> {
  const changed = entries.filter(
    ({ entry, now }) =>
      entry.status !== now.status || entry.arrivedAt !== undefined || entry.leftAt !== undefined,
  );
  if (changed.length === 0) return;
  await record(trx, by, {
    action: 'attendance.record',
    noun: 'meetings',
    id: meetingId,
    meetingId,
    before: { attendance: changed.map(({ now }) => ({ participant_id: now.id, status: now.status })) },
    after: {
      attendance: changed.map(({ entry, now }) => ({ participant_id: now.id, status: entry.status })),
    },
  });
}

/** Null takes a time back, undefined leaves it. */
function withDefault(given: Date | null | undefined, present: Date | null): Date | null {
  return given === undefined ? present : given;
}

/** Two statements for a whole table of people. */
async function writeAttendance(trx: Db, by: Actor, entries: readonly EntryChange[]): Promise<void> {
  const takenBack = entries.filter(({ entry }) => entry.status === null).map(({ now }) => now.id);
  if (takenBack.length > 0)
    await change(trx, `delete from attendances where participant_id = any(:ids)`, { ids: takenBack });
  const list = entries
    .filter(({ entry }) => entry.status !== null)
    .map(({ entry: { status, arrivedAt, leftAt }, now }) => {
      const isThere = status === 'present';
      return {
        id: now.id,
        status,
        arrived: isThere ? withDefault(arrivedAt, now.arrived_at) : null,
        left: isThere ? withDefault(leftAt, now.left_at) : null,
      };
    });
  if (list.length === 0) return;
  await change(
    trx,
    `insert into attendances (participant_id, status, arrived_at, left_at, recorded_by)
     select w.id, w.status, w.arrived, w."left", :by
       from jsonb_to_recordset(cast(:list as jsonb))
         as w (id bigint, status text, arrived timestamptz, "left" timestamptz)
      order by w.id
     on conflict (participant_id) do update
        set status = excluded.status, arrived_at = excluded.arrived_at, left_at = excluded.left_at,
            recorded_by = excluded.recorded_by, recorded_at = now()`,
    { by: by.id, list: JSON.stringify(list) },
  );
}

/** Everybody of whom nothing is noted yet is present. */
export async function markAllPresent(db: Db, by: Actor, meetingId: number): Promise<{ ok: true } | Closed> {
  return inTransaction(db, async (trx) => {
    const { isOpen } = await lockForRecording(trx, by, meetingId);
    if (!isOpen) return { ok: false, reason: 'closed' };
    const marked = await change(
      trx,
      `insert into attendances (participant_id, status, recorded_by)
       select p.id, 'present', :by
       from participants p
       where p.meeting_id = :meeting and p.removed_at is null and p.role <> 'informed'
       on conflict (participant_id) do nothing`,
      { meeting: meetingId, by: by.id },
    );
    if (marked > 0)
      await record(trx, by, {
        action: 'attendance.allPresent',
        noun: 'meetings',
        id: meetingId,
        meetingId,
        after: { people: marked },
      });
    return { ok: true };
  });
}

export type WalkIn = { personId: number } | { name: string; email: string | null };

/**
 * Somebody who came without an invitation: becomes a participant and is present. Whoever was on the list
 * already is only marked present. A guest may come without an address.
 */
export async function addWalkIn(
  db: Db,
  by: Actor,
  meetingId: number,
  { who, role }: { who: WalkIn; role: ParticipantRole },
): Promise<{ ok: true } | Closed | { ok: false; reason: 'full' | 'inactive' }> {
  return inTransaction(db, async (trx) => {
    const { isOpen } = await lockForRecording(trx, by, meetingId);
    if (!isOpen) return { ok: false, reason: 'closed' };
    const personId = 'personId' in who ? who.personId : await guestFor(trx, by, who);
    if (personId === null) return { ok: false, reason: 'inactive' };
    const full = await row(
      trx,
      `select 1 from participants where meeting_id = :meeting and removed_at is null offset :max - 1 limit 1`,
      { meeting: meetingId, max: MAX_PARTICIPANTS },
    );
    if (full) return { ok: false, reason: 'full' };
    const added = await row<{ id: number; is_new: boolean }>(
      trx,
      `insert into participants (meeting_id, person_id, role, is_walk_in, created_by)
       values (:meeting, :person, :role, true, :by)
       on conflict (meeting_id, person_id) do update set removed_at = null,
         role = case when participants.removed_at is null then participants.role else excluded.role end,
         is_walk_in = participants.is_walk_in or participants.removed_at is not null
       returning id, xmax = 0 as is_new`,
      { meeting: meetingId, person: personId, role, by: by.id },
    );
    if (!added) throw new Error('the participant was not added');
    await change(
      trx,
      `insert into attendances (participant_id, status, recorded_by) values (:id, 'present', :by)
       on conflict (participant_id)
       do update set status = 'present', recorded_by = excluded.recorded_by, recorded_at = now()`,
      { id: added.id, by: by.id },
    );
    await record(trx, by, {
      action: 'attendance.walkIn',
      noun: 'participants',
      id: added.id,
      meetingId,
      after: { person_id: personId, role },
    });
    return { ok: true };
  });
}

async function guestFor(
  trx: Db,
  by: Actor,
  { name, email }: { name: string; email: string | null },
): Promise<number | null> {
  if (email) return (await findOrAddGuests(trx, by, [{ name, email }]))[0] ?? null;
  const made = await row<{ id: number }>(
    trx,
    `insert into persons (name, is_guest, lang, zone)
     select :name, true, lang, zone
     from organisations
     returning id`,
    { name },
  );
  if (made)
    await record(trx, by, {
      action: 'person.create',
      noun: 'persons',
      id: made.id,
      after: { name, is_guest: true },
    });
  return made?.id ?? null;
}
