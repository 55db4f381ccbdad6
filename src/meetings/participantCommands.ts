import { findOrAddGuests, type NewGuest } from '../people/guestCommands.js';
import { keepActive } from '../people/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { enqueueAll } from '../lib/jobs/enqueue.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { actingFor, recordForAll } from './actingCommands.js';
import { mayInvite, mayWriteToAll } from './policy.js';
import { lockMeeting, lockMeetings, type Meeting } from './queries.js';
import { type ParticipantRole } from './states.js';

/** Most people one meeting may have. */
export const MAX_PARTICIPANTS = 500;

/** A person of the directory, or an outside guest by address, with a role. */
export type NewParticipant = ({ personId: number } | NewGuest) & { role: ParticipantRole };

/**
 * Adds people of the directory and outside guests by address. Who takes part already keeps role and reply.
 * Who was removed comes back and waits for a new invitation. A new chair takes over from the one before, who
 * stays as required.
 * @returns how many are new; `full` when there would be more than 500; `unreachable` addresses belong to
 *   deactivated persons
 */
export function addParticipants(
  db: Db,
  by: Actor,
  meetingId: number,
  people: readonly NewParticipant[],
): Promise<{ ok: true; added: number; unreachable: string[] } | { ok: false; reason: 'full' }> {
  return inTransaction(db, async (trx) => {
    const meeting = (await lockForPeople(trx, by, [meetingId])).get(meetingId);
    if (!meeting) throw new NotFound();
    const { roles, unreachable } = await rolesOf(trx, by, people);
    const present = await rows<{ person_id: number }>(
      trx,
      `select person_id from participants where meeting_id = :id and removed_at is null`,
      { id: meetingId },
    );
    for (const { person_id } of present) roles.delete(person_id);
    if (present.length + roles.size > MAX_PARTICIPANTS) return { ok: false, reason: 'full' };

    const added = withOneChair(roles);
    const hasChair = [...added.values()].includes('chair');
    if (hasChair) await endChairs(trx, [{ meetingId, role: 'chair' }]);
    await writeParticipants(trx, by, meetingId, added);
    if (added.size > 0) {
      await record(trx, actingFor(by, meeting), {
        action: 'participant.add',
        noun: 'meetings',
        id: meetingId,
        meetingId,
        after: { people: [...added].map(([person_id, role]) => ({ person_id, role })) },
      });
    }
    return { ok: true, added: added.size, unreachable };
  });
}

/** Roles by person; guests are found or added, and colleagues come before guests. */
async function rolesOf(
  trx: Db,
  by: Actor,
  people: readonly NewParticipant[],
): Promise<{ roles: Map<number, ParticipantRole>; unreachable: string[] }> {
  const persons = people.filter((one) => 'personId' in one);
  const guests = people.filter((one) => 'email' in one);
  const active = await keepActive(
    trx,
    persons.map(({ personId }) => personId),
  );
  if (persons.some(({ personId }) => !active.has(personId))) throw new BadRequest();
  const guestIds = await findOrAddGuests(trx, by, guests);
  const roles = new Map(persons.map(({ personId, role }) => [personId, role]));
  guests.forEach(({ role }, i) => {
    const id = guestIds[i];
    if (id && !roles.has(id)) roles.set(id, role);
  });
  return { roles, unreachable: guests.filter((_, i) => guestIds[i] === null).map(({ email }) => email) };
}

/** At most one chair: the last one named; the others are required. */
export function withOneChair(roles: ReadonlyMap<number, ParticipantRole>): Map<number, ParticipantRole> {
  const chair = [...roles].filter(([, role]) => role === 'chair').at(-1)?.[0];
  return new Map(
    [...roles].map(([person, role]) => [person, role === 'chair' && person !== chair ? 'required' : role]),
  );
}

/**
 * The rows themselves; the caller has locked the meeting and asked who may. Also for a standing meeting's new
 * dates.
 */
export function writeParticipants(
  trx: Db,
  by: Actor,
  meetingId: number,
  people: ReadonlyMap<number, ParticipantRole>,
): Promise<void> {
  return writeSeats(
    trx,
    by,
    [...people].map(([personId, role]) => ({ meetingId, personId, role })),
  );
}

/** Somebody's place in a meeting, before there is a row for it. */
export interface NewSeat {
  meetingId: number;
  personId: number;
  role: ParticipantRole;
}

async function writeSeats(trx: Db, by: Actor, seats: readonly NewSeat[]): Promise<void> {
  if (seats.length === 0) return;
  await change(
    trx,
    `insert into participants (meeting_id, person_id, role, created_by)
     select w."meetingId", w."personId", w.role, :by
       from jsonb_to_recordset(cast(:list as jsonb)) as w ("meetingId" bigint, "personId" bigint, role text)
     on conflict (meeting_id, person_id) do update
        set removed_at = null, invited_at = null, instead_of_id = null, role = excluded.role
      where participants.removed_at is not null`,
    { by: by.id, list: JSON.stringify(seats) },
  );
}

/**
 * People get a place in meetings in which they do not take part yet, one in each. A meeting that is full is
 * left as it is. A new chair takes over from the one before.
 */
export async function addSeats(trx: Db, by: Actor, seats: readonly NewSeat[]): Promise<void> {
  if (seats.length === 0) return;
  const meetings = await lockForPeople(
    trx,
    by,
    seats.map(({ meetingId }) => meetingId),
  );
  const active = await keepActive(trx, [...new Set(seats.map(({ personId }) => personId))]);
  if (seats.some(({ personId }) => !active.has(personId))) throw new BadRequest();
  const added = seats.filter(
    ({ meetingId }) => (meetings.get(meetingId)?.participant_count ?? 0) < MAX_PARTICIPANTS,
  );
  await endChairs(trx, added);
  await writeSeats(trx, by, added);
  const byMeeting = new Map(added.map((seat) => [seat.meetingId, seat]));
  await recordForAll(
    trx,
    by,
    [...meetings.values()].filter(({ id }) => byMeeting.has(id)),
    ({ id }) => {
      const seat = byMeeting.get(id);
      return {
        action: 'participant.add',
        noun: 'meetings',
        id,
        after: { people: [{ person_id: seat?.personId, role: seat?.role }] },
      };
    },
  );
}

/** At most one chair: making another one chair sets the former to required. */
export function changeRole(db: Db, by: Actor, request: Seat & { role: ParticipantRole }): Promise<void> {
  return inTransaction(db, (trx) => changeRoles(trx, by, [request]));
}

/** The same in many meetings, one participant of each. */
export async function changeRoles(
  trx: Db,
  by: Actor,
  requests: readonly (Seat & { role: ParticipantRole })[],
): Promise<void> {
  if (requests.length === 0) return;
  const { meetings, seats } = await lockSeats(trx, by, requests);
  const changed = requests.filter(({ meetingId, role }) => seats.get(meetingId)?.role !== role);
  if (changed.length === 0) return;
  await endChairs(trx, changed);
  await change(
    trx,
    `update participants p set role = w.role
       from jsonb_to_recordset(cast(:list as jsonb)) as w ("participantId" bigint, role text)
      where p.id = w."participantId"`,
    { list: JSON.stringify(changed) },
  );
  const roles = new Map(changed.map(({ meetingId, role }) => [meetingId, role]));
  await recordForAll(
    trx,
    by,
    meetings.filter(({ id }) => roles.has(id)),
    (meeting) => {
      const seat = seats.get(meeting.id);
      return {
        action: 'participant.change',
        noun: 'participants',
        id: seat?.id,
        before: { person_id: seat?.person_id, role: seat?.role },
        after: { person_id: seat?.person_id, role: roles.get(meeting.id) },
      };
    },
  );
}

/**
 * Uninvites: who had an invitation gets its cancellation, under a higher SEQUENCE; nobody else is asked
 * again.
 */
export function removeParticipant(
  db: Db,
  by: Actor,
  meetingId: number,
  participantId: number,
): Promise<void> {
  return inTransaction(db, (trx) => removeSeats(trx, by, [{ meetingId, participantId }]));
}

/** The same in many meetings, one participant of each: a member who leaves. */
export async function removeSeats(trx: Db, by: Actor, requests: readonly Seat[]): Promise<void> {
  if (requests.length === 0) return;
  const { meetings, seats } = await lockSeats(trx, by, requests);
  await change(trx, `update participants set removed_at = now() where id = any(:ids)`, {
    ids: [...seats.values()].map(({ id }) => id),
  });
  const invited = [...seats.values()].filter(({ invited_at }) => invited_at !== null);
  if (invited.length > 0) {
    await change(
      trx,
      `update meetings set sequence = sequence + 1, revision = revision + 1 where id = any(:ids)`,
      { ids: invited.map(({ meeting_id }) => meeting_id) },
    );
    await enqueueAll(
      trx,
      'invitations.announceRemoval',
      invited.map(({ id, meeting_id }) => ({
        payload: { meetingId: meeting_id, participantId: id },
        key: `invitations.announceRemoval:${id}`,
      })),
      new Date(Date.now() + 60_000),
    );
  }
  await recordForAll(trx, by, meetings, (meeting) => {
    const seat = seats.get(meeting.id);
    return {
      action: 'participant.remove',
      noun: 'participants',
      id: seat?.id,
      before: { person_id: seat?.person_id, role: seat?.role },
    };
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
    const queued = await queueDeliveries(
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
      after: { subject: message.subject, people: queued.length },
    });
    return queued.length;
  });
}

/**
 * @throws Conflict once one of the meetings is over or called off, Forbidden for whom it is not theirs to
 *   invite
 */
async function lockForPeople(
  trx: Db,
  by: Actor,
  meetingIds: readonly number[],
): Promise<Map<number, Meeting>> {
  const meetings = await lockMeetings(trx, by, meetingIds);
  for (const meeting of meetings) {
    if (meeting.state === 'ended' || meeting.state === 'cancelled')
      throw new Conflict('meetings.problem.closed');
    if (!mayInvite(meeting)) throw new Forbidden();
  }
  return new Map(meetings.map((meeting) => [meeting.id, meeting]));
}

/** One participant of a meeting. */
export interface Seat {
  meetingId: number;
  participantId: number;
}

interface SeatRow {
  id: number;
  meeting_id: number;
  person_id: number;
  role: ParticipantRole;
  invited_at: Date | null;
}

/**
 * Meetings and, by meeting, the participant meant.
 * @throws NotFound when somebody does not take part any more
 */
async function lockSeats(
  trx: Db,
  by: Actor,
  requests: readonly Seat[],
): Promise<{ meetings: Meeting[]; seats: Map<number, SeatRow> }> {
  const meetings = await lockForPeople(
    trx,
    by,
    requests.map(({ meetingId }) => meetingId),
  );
  const found = await rows<SeatRow>(
    trx,
    `select id, meeting_id, person_id, role, invited_at from participants
      where id = any(:ids) and removed_at is null`,
    { ids: requests.map(({ participantId }) => participantId) },
  );
  const byId = new Map(found.map((seat) => [seat.id, seat]));
  const seats = new Map<number, SeatRow>();
  for (const { meetingId, participantId } of requests) {
    const seat = byId.get(participantId);
    if (seat?.meeting_id !== meetingId) throw new NotFound();
    seats.set(meetingId, seat);
  }
  return { meetings: [...meetings.values()], seats };
}

/** Where somebody becomes chair, the former one stays as required. */
async function endChairs(
  trx: Db,
  seats: readonly { meetingId: number; role: ParticipantRole }[],
): Promise<void> {
  const ids = seats.filter(({ role }) => role === 'chair').map(({ meetingId }) => meetingId);
  if (ids.length === 0) return;
  await change(
    trx,
    `update participants set role = 'required'
      where meeting_id = any(:ids) and role = 'chair' and removed_at is null`,
    { ids },
  );
}
