import { findOrAddGuests, type NewGuest } from '../people/guestCommands.js';
import { keepActive } from '../people/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { actingFor } from './commands.js';
import { mayInvite, mayWriteToAll } from './policy.js';
import { lockMeeting, type Meeting } from './queries.js';
import { type ParticipantRole } from './states.js';

/** Most people one meeting may have. */
export const MAX_PARTICIPANTS = 500;

export interface Wanted {
  personId: number;
  role: ParticipantRole;
}

/**
 * Adds people of the directory and outside guests by address. Who takes part already keeps role and reply; who was removed
 * comes back and waits for a new invitation. A new chair takes over from the one before, who stays as required.
 * @returns how many are new; `full` when there would be more than 500; `unreachable` addresses belong to deactivated persons
 */
export function addParticipants(
  db: Db,
  by: Actor,
  meetingId: number,
  wanted: Wanted[],
  guests: (NewGuest & { role: ParticipantRole })[] = [],
): Promise<{ ok: true; added: number; unreachable: string[] } | { ok: false; reason: 'full' }> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockForPeople(trx, by, meetingId);
    const active = await keepActive(
      trx,
      wanted.map(({ personId }) => personId),
    );
    if (wanted.some(({ personId }) => !active.has(personId))) throw new BadRequest();
    const guestIds = await findOrAddGuests(trx, by, guests);
    const everybody = new Map<number, ParticipantRole>();
    for (const { personId, role } of wanted) everybody.set(personId, role);
    guests.forEach(({ role }, i) => {
      const id = guestIds[i];
      if (id && !everybody.has(id)) everybody.set(id, role);
    });
    const present = await rows<{ person_id: number }>(
      trx,
      `select person_id from participants where meeting_id = :id and removed_at is null`,
      { id: meetingId },
    );
    for (const { person_id } of present) everybody.delete(person_id);
    if (present.length + everybody.size > MAX_PARTICIPANTS) return { ok: false, reason: 'full' };

    const chairs = [...everybody].filter(([, role]) => role === 'chair').map(([personId]) => personId);
    const chair = chairs.at(-1);
    for (const other of chairs.slice(0, -1)) everybody.set(other, 'required');
    if (chair !== undefined) await endChair(trx, meetingId);
    await writeParticipants(trx, by, meetingId, everybody);
    if (everybody.size > 0) {
      await record(trx, actingFor(by, meeting), {
        action: 'participant.add',
        noun: 'meetings',
        id: meetingId,
        meetingId,
        after: { people: [...everybody].map(([person_id, role]) => ({ person_id, role })) },
      });
    }
    return {
      ok: true,
      added: everybody.size,
      unreachable: guests.filter((_, i) => guestIds[i] === null).map(({ email }) => email),
    };
  });
}

/** The rows themselves; the caller has locked the meeting and asked who may. Also for a standing meeting's new dates. */
export async function writeParticipants(
  trx: Db,
  by: Actor,
  meetingId: number,
  people: Map<number, ParticipantRole>,
): Promise<void> {
  if (people.size === 0) return;
  await change(
    trx,
    `insert into participants (meeting_id, person_id, role, created_by)
     select :meeting, w.person_id, w.role, :by from unnest(cast(:persons as bigint[]), cast(:roles as text[])) as w (person_id, role)
     on conflict (meeting_id, person_id) do update set removed_at = null, invited_at = null, instead_of_id = null, role = excluded.role
       where participants.removed_at is not null`,
    { meeting: meetingId, by: by.id, persons: [...people.keys()], roles: [...people.values()] },
  );
}

/** At most one chair: making another one chair sets the former to required. */
export function changeRole(
  db: Db,
  by: Actor,
  meetingId: number,
  participantId: number,
  role: ParticipantRole,
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockForPeople(trx, by, meetingId);
    const participant = await findOne(trx, meetingId, participantId);
    if (participant.role === role) return;
    if (role === 'chair') await endChair(trx, meetingId);
    await change(trx, `update participants set role = :role where id = :id`, { id: participantId, role });
    await record(trx, actingFor(by, meeting), {
      action: 'participant.change',
      noun: 'participants',
      id: participantId,
      meetingId,
      before: { person_id: participant.person_id, role: participant.role },
      after: { person_id: participant.person_id, role },
    });
  });
}

/** Uninvites: who had an invitation gets its cancellation, under a higher SEQUENCE; nobody else is asked again. */
export function removeParticipant(
  db: Db,
  by: Actor,
  meetingId: number,
  participantId: number,
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockForPeople(trx, by, meetingId);
    const participant = await findOne(trx, meetingId, participantId);
    await change(trx, `update participants set removed_at = now() where id = :id`, { id: participantId });
    if (participant.invited_at) {
      await change(
        trx,
        `update meetings set sequence = sequence + 1, revision = revision + 1 where id = :id`,
        { id: meetingId },
      );
      await enqueue(
        trx,
        'invitations.announceRemoval',
        { meetingId, participantId },
        {
          runAt: new Date(Date.now() + 60_000),
          key: `invitations.announceRemoval:${participantId}`,
        },
      );
    }
    await record(trx, actingFor(by, meeting), {
      action: 'participant.remove',
      noun: 'participants',
      id: participantId,
      meetingId,
      before: { person_id: participant.person_id, role: participant.role },
    });
  });
}

/**
 * Mails a message to everybody who takes part and has an address.
 * @param key of the form: the same message is never sent twice  @returns how many people get it
 */
export function writeToAll(
  db: Db,
  by: Actor,
  meetingId: number,
  message: { key: string; subject: string; text: string },
): Promise<number> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (!mayWriteToAll(meeting)) throw new Forbidden();
    const people = await rows<{ id: number; person_id: number }>(
      trx,
      `select id, person_id from participants where meeting_id = :id and removed_at is null order by id`,
      { id: meetingId },
    );
    const told = await queueDeliveries(
      trx,
      people.map((participant) => ({
        kind: 'meetings.message',
        object: `meetings:${meetingId}:message:${message.key}`,
        meetingId,
        participantId: participant.id,
        personId: participant.person_id,
        payload: { subject: message.subject, text: message.text, by: by.id },
        isRestricted: meeting.is_private,
        queuedBy: by.id,
      })),
    );
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.message',
      noun: 'meetings',
      id: meetingId,
      meetingId,
      after: { subject: message.subject, people: told.length },
    });
    return told.length;
  });
}

async function lockForPeople(trx: Db, by: Actor, meetingId: number): Promise<Meeting> {
  const meeting = await lockMeeting(trx, by, meetingId);
  if (meeting.state === 'ended' || meeting.state === 'cancelled')
    throw new Conflict('meetings.problem.closed');
  if (!mayInvite(meeting)) throw new Forbidden();
  return meeting;
}

async function findOne(trx: Db, meetingId: number, participantId: number) {
  const found = await row<{ person_id: number; role: ParticipantRole; invited_at: Date | null }>(
    trx,
    `select person_id, role, invited_at from participants where id = :id and meeting_id = :meeting and removed_at is null`,
    { id: participantId, meeting: meetingId },
  );
  if (!found) throw new NotFound();
  return found;
}

async function endChair(trx: Db, meetingId: number): Promise<void> {
  await change(
    trx,
    `update participants set role = 'required' where meeting_id = :id and role = 'chair' and removed_at is null`,
    { id: meetingId },
  );
}
