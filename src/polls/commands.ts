import { recordPolledReplies } from '../replies/pollReplyCommands.js';
import { isTooManyOutside } from '../invitations/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { createMeeting, type RoomsRefused } from '../meetings/commands.js';
import { writeParticipants } from '../meetings/participantCommands.js';
import type { ParticipantRole } from '../meetings/states.js';
import { findOrAddGuests, type NewGuest } from '../people/guestCommands.js';
import { keepActive } from '../people/queries.js';
import { claimRooms } from '../claims/commands.js';
import { yieldHold, holdRooms, releaseHolds } from '../claims/holdCommands.js';
import { MAX_OPTIONS, MIN_OPTIONS, type PollAnswer } from './forms.js';
import { isAnswerable, mayAnswerFor, mayKeepPoll } from './policy.js';
import {
  findPoll,
  listOptions,
  listPeople,
  lockPoll,
  type Poll,
  type PollOption,
  type PollPerson,
} from './queries.js';
import { noteTold } from './tellingCommands.js';

export interface NewPoll {
  title: string;
  note: string;
  zone: string;
  isPrivate: boolean;
  deadlineAt: Date;
  options: { startsAt: Date; endsAt: Date; roomIds: number[] }[];
  people: { personId: number; isRequired: boolean }[];
  guests: (NewGuest & { isRequired: boolean })[];
}

export type PollRefused = { ok: false; reason: 'nobody' | 'outside' | 'unreachable' | 'options' };

/**
 * Offers times: everybody is asked by mail, each time holds its rooms until the deadline. A room that somebody else was
 * quicker to take is not held, and the candidate says so.
 */
export function createPoll(
  db: Db,
  by: Actor,
  input: NewPoll,
  now: Date,
): Promise<{ ok: true; id: number; held: number } | PollRefused> {
  return inTransaction(db, async (trx) => {
    if (by.id === null) throw new Forbidden();
    if (input.options.length < MIN_OPTIONS || input.options.length > MAX_OPTIONS)
      return { ok: false, reason: 'options' };
    const gathered = await gatherPeople(trx, by, input);
    if (!gathered.ok) return gathered;
    const everybody = gathered.people;
    if (![...everybody.keys()].some((id) => id !== by.id)) return { ok: false, reason: 'nobody' };

    const made = await row<{ id: number }>(
      trx,
      `insert into polls (title, note, organiser_id, created_by, zone, is_private, deadline_at, created_at)
       values (:title, :note, :by, :by, :zone, :private, :deadline, :now) returning id`,
      {
        title: input.title,
        note: input.note,
        by: by.id,
        zone: input.zone,
        private: input.isPrivate,
        deadline: input.deadlineAt,
        now,
      },
    );
    if (!made) throw new Conflict();
    const { id } = made;
    const options = await writeOptions(trx, id, input.options);
    if (options.length < MIN_OPTIONS) throw new BadRequest();
    await writePeople(trx, id, everybody);
    const held = await holdRooms(
      trx,
      by,
      options.map((one) => ({
        optionId: one.id,
        roomIds: one.room_ids,
        startsAt: one.starts_at,
        endsAt: one.ends_at,
      })),
      input.deadlineAt,
    );
    await record(trx, by, {
      action: 'poll.create',
      noun: 'polls',
      id,
      after: {
        title: input.title,
        options: options.length,
        people: everybody.size,
        deadline_at: input.deadlineAt,
      },
    });
    await tell(
      trx,
      by,
      { id, is_private: input.isPrivate },
      'asked',
      [...everybody.keys()].filter((person) => person !== by.id),
      { usefulUntil: input.deadlineAt },
    );
    return { ok: true, id, held: held.size };
  });
}

/** Who is to be asked, persons and guests, by id → whether required; guests that nobody knows yet become persons. */
export async function gatherPeople(
  trx: Db,
  by: Actor,
  input: Pick<NewPoll, 'people' | 'guests'>,
): Promise<{ ok: true; people: Map<number, boolean> } | { ok: false; reason: 'outside' | 'unreachable' }> {
  const active = await keepActive(
    trx,
    input.people.map(({ personId }) => personId),
  );
  if (by.id === null || input.people.some(({ personId }) => !active.has(personId))) throw new BadRequest();
  const mailed = {
    people: input.people.map(({ personId }) => personId),
    addresses: input.guests.map(({ email }) => email),
  };
  if (await isTooManyOutside(trx, by.id, mailed)) return { ok: false, reason: 'outside' };
  const guestIds = await findOrAddGuests(trx, by, input.guests);
  if (guestIds.includes(null)) return { ok: false, reason: 'unreachable' };
  const people = new Map(input.people.map(({ personId, isRequired }) => [personId, isRequired]));
  guestIds.forEach(
    (id, n) => id !== null && !people.has(id) && people.set(id, input.guests[n]?.isRequired ?? true),
  );
  return { ok: true, people };
}

/** Offers times, in order; one that was removed comes back. @returns those that are new */
export function writeOptions(
  trx: Db,
  pollId: number,
  options: NewPoll['options'],
): Promise<{ id: number; starts_at: Date; ends_at: Date; room_ids: number[] }[]> {
  return rows(
    trx,
    `insert into poll_options (poll_id, starts_at, ends_at, room_ids)
     select distinct on (w.starts, w.ends) :id, w.starts, w.ends, coalesce((select array_agg(x::bigint) from jsonb_array_elements_text(w.rooms) x), '{}')
       from jsonb_to_recordset(cast(:options as jsonb)) as w (starts timestamptz, ends timestamptz, rooms jsonb)
      order by w.starts, w.ends
     on conflict (poll_id, starts_at, ends_at) do update set removed_at = null, room_ids = excluded.room_ids where poll_options.removed_at is not null
     returning id, starts_at, ends_at, room_ids`,
    {
      id: pollId,
      options: JSON.stringify(
        options.map(({ startsAt, endsAt, roomIds }) => ({ starts: startsAt, ends: endsAt, rooms: roomIds })),
      ),
    },
  );
}

/** @param people person → whether required */
export async function writePeople(
  trx: Db,
  pollId: number,
  people: ReadonlyMap<number, boolean>,
): Promise<void> {
  await change(
    trx,
    `insert into poll_people (poll_id, person_id, is_required) select :id, w.person, w.required from unnest(cast(:persons as bigint[]), cast(:required as boolean[])) as w (person, required)`,
    { id: pollId, persons: [...people.keys()], required: [...people.values()] },
  );
}

type MailKind = 'asked' | 'unasked' | 'chosen' | 'cancelled';

/**
 * A mail to each of these people, in the transaction of what it tells.
 * @param more.object what it replaces when that has not gone out yet, with the revision; as `kind` unless told
 */
export async function tell(
  trx: Db,
  by: Actor,
  poll: Pick<Poll, 'id' | 'is_private'>,
  kind: MailKind,
  personIds: number[],
  more: { usefulUntil?: Date; object?: MailKind; revision?: number } = {},
): Promise<void> {
  await queueDeliveries(
    trx,
    personIds.map((personId) => ({
      kind: `polls.${kind}`,
      object: `polls:${poll.id}:${more.object ?? kind}`,
      personId,
      payload: { poll_id: poll.id },
      isRestricted: poll.is_private,
      queuedBy: by.id,
      ...(more.usefulUntil ? { usefulUntil: more.usefulUntil } : {}),
      ...(more.revision ? { revision: more.revision } : {}),
    })),
  );
}

export type Answered =
  { ok: true } | { ok: false; reason: 'closed' } | { ok: false; reason: 'missing'; options: number[] };

/**
 * An answer to every time, in place of the one before; the caller has settled who answers. Entered by somebody else (who keeps
 * the poll, for a call by phone), it says so, and may still come after the deadline until a time is chosen.
 * @param personOf who is asked
 */
export function answerPoll(
  db: Db,
  by: Actor,
  pollId: number,
  personOf: number,
  answers: ReadonlyMap<number, PollAnswer>,
  note: string,
  now: Date,
): Promise<Answered> {
  return inTransaction(db, async (trx) => {
    const isForOther = by.id !== null && by.id !== personOf;
    // Many answer at once; choosing, changing and cancelling wait for them, and they for it.
    const poll = await row<{ state: string; deadline_at: Date }>(
      trx,
      `select state, deadline_at from polls where id = :id for share`,
      { id: pollId },
    );
    const asked = await row<{ id: number }>(
      trx,
      `select id from poll_people where poll_id = :poll and person_id = :person for no key update`,
      { poll: pollId, person: personOf },
    );
    if (!poll || !asked) throw new NotFound();
    if (isForOther && !mayAnswerFor(await findPoll(trx, by.id, pollId)))
      return { ok: false, reason: 'closed' };
    if (!isForOther && !isAnswerable(poll, now)) return { ok: false, reason: 'closed' };
    const options = await listOptions(trx, pollId);
    const strange = [...answers.keys()].filter((id) => !options.some((option) => option.id === id));
    // Times that were removed while somebody looked at them need no answer any more; others were never offered here.
    if (
      strange.length &&
      (
        await rows(trx, `select 1 from poll_options where poll_id = :poll and id = any(:strange)`, {
          poll: pollId,
          strange,
        })
      ).length < strange.length
    )
      throw new BadRequest();
    const said = [...answers].filter(([id]) => !strange.includes(id));
    const missing = options.filter(({ id }) => !answers.has(id)).map(({ id }) => id);
    if (missing.length) return { ok: false, reason: 'missing', options: missing };
    await change(
      trx,
      `insert into poll_answers (poll_person_id, option_id, answer) select :asked, w.option, w.answer from unnest(cast(:options as bigint[]), cast(:answers as text[])) as w (option, answer)
       on conflict (poll_person_id, option_id) do update set answer = excluded.answer`,
      { asked: asked.id, options: said.map(([id]) => id), answers: said.map(([, answer]) => answer) },
    );
    await change(
      trx,
      `update poll_people set note = :note, answered_at = :now, answered_by = :other where id = :asked`,
      { asked: asked.id, note, now, other: isForOther ? by.id : null },
    );
    await noteTold(trx, pollId, personOf);
    await record(trx, isForOther ? { ...by, onBehalfOf: personOf } : by, {
      action: isForOther ? 'poll.answerFor' : 'poll.answer',
      noun: 'polls',
      id: pollId,
      after: { person_id: personOf, answers: said.map(([, answer]) => answer) },
    });
    return { ok: true };
  });
}

class Refused extends Error {
  constructor(readonly refused: RoomsRefused) {
    super('rooms refused');
  }
}

/** `isEarlier`: another time had been chosen before; its meeting is the answer. */
export type Chosen =
  | { ok: true; meetingId: number; isEarlier?: boolean }
  | { ok: false; reason: 'past' }
  | { ok: false; reason: 'rooms'; refused: RoomsRefused; option: PollOption };

/**
 * Turns a candidate into the meeting, in one transaction: its participants, its held rooms as claims, the answers as replies;
 * the other holds are released, the votes stay. Pressed twice, both get the one meeting.
 * @param room another room than the held one, or none
 */
export async function choosePollOption(
  db: Db,
  by: Actor,
  pollId: number,
  optionId: number,
  now: Date,
  options: { mailDomain?: string; room?: number | 'none' } = {},
): Promise<Chosen> {
  let wanted: PollOption | undefined;
  try {
    return await inTransaction(db, async (trx): Promise<Chosen> => {
      const poll = await lockPoll(trx, by.id, pollId);
      if (!mayKeepPoll(poll)) throw new Forbidden();
      if (poll.meeting_id === null && poll.state !== 'open') throw new Conflict('polls.problem.cancelled');
      const candidates = await listOptions(trx, pollId);
      if (poll.meeting_id !== null)
        return {
          ok: true,
          meetingId: poll.meeting_id,
          isEarlier: !candidates.some(({ id, is_chosen }) => id === optionId && is_chosen),
        };
      const chosen = candidates.find(({ id }) => id === optionId);
      if (!chosen) throw new NotFound();
      wanted = chosen;
      if (chosen.starts_at <= now) return { ok: false, reason: 'past' };
      const people = await listPeople(trx, pollId);
      if (options.room === undefined) await yieldHold(trx, by, optionId);
      else await releaseHolds(trx, by, [optionId], 'poll closed');
      const meetingId = await makeMeeting(trx, by, poll, chosen, people, { ...options, now });
      await releaseHolds(
        trx,
        by,
        candidates.filter(({ id }) => id !== optionId).map(({ id }) => id),
        'poll closed',
      );
      await change(trx, `update poll_options set is_chosen = true where id = :id`, { id: optionId });
      await change(
        trx,
        `update polls set state = 'closed', meeting_id = :meeting, closed_at = :now, closed_by = :by where id = :id`,
        { id: pollId, meeting: meetingId, now, by: by.id },
      );
      await record(trx, by, {
        action: 'poll.close',
        noun: 'polls',
        id: pollId,
        meetingId,
        after: { meeting_id: meetingId, starts_at: chosen.starts_at, ends_at: chosen.ends_at },
      });
      await tell(
        trx,
        by,
        poll,
        'chosen',
        people.map(({ person_id }) => person_id).filter((person) => person !== by.id),
        { usefulUntil: chosen.ends_at },
      );
      return { ok: true, meetingId };
    });
  } catch (error) {
    if (!(error instanceof Refused) || !wanted) throw error;
    return { ok: false, reason: 'rooms', refused: error.refused, option: wanted };
  }
}

async function makeMeeting(
  trx: Db,
  by: Actor,
  poll: Poll,
  chosen: PollOption,
  people: PollPerson[],
  options: { mailDomain?: string; room?: number | 'none'; now: Date },
): Promise<number> {
  const made = await createMeeting(trx, by, {
    title: poll.title,
    startsAt: chosen.starts_at,
    endsAt: chosen.ends_at,
    zone: poll.zone,
    roomIds: [],
    organiserId: poll.organiser_id,
    description: poll.note,
    isPrivate: poll.is_private,
    expectedCount: people.length,
    ...(options.mailDomain ? { mailDomain: options.mailDomain } : {}),
  });
  if (!made.ok) throw new Refused(made);
  const roomIds = options.room === 'none' ? [] : options.room ? [options.room] : chosen.room_ids;
  if (roomIds.length > 0) {
    // By all rules of the rooms: what was held for a poll is not thereby allowed, and who decides about a room is asked.
    const claimed = await claimRooms(trx, by, {
      meetingId: made.id,
      roomIds,
      startsAt: chosen.starts_at,
      endsAt: chosen.ends_at,
      seats: people.length,
      now: options.now,
    });
    if (!claimed.ok) throw new Refused(claimed);
  }
  const active = await keepActive(
    trx,
    people.map(({ person_id }) => person_id),
  );
  const there = people.filter(({ person_id }) => active.has(person_id));
  await writeParticipants(
    trx,
    by,
    made.id,
    new Map(
      there.map(({ person_id, is_required }): [number, ParticipantRole] => [
        person_id,
        is_required ? 'required' : 'optional',
      ]),
    ),
  );
  const status = { yes: 'accepted', maybe: 'tentative', no: 'declined' } as const;
  await recordPolledReplies(
    trx,
    by,
    made.id,
    there.flatMap(({ person_id, note, answers }) => {
      const answer = answers[chosen.id];
      return answer ? [{ personId: person_id, status: status[answer], note }] : [];
    }),
  );
  return made.id;
}

/** Calls it off with a reason; the rooms are free at once, everybody is told. */
export function cancelPoll(db: Db, by: Actor, pollId: number, reason: string, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    const poll = await lockPoll(trx, by.id, pollId);
    if (!mayKeepPoll(poll)) throw new Forbidden();
    if (poll.state === 'cancelled') return;
    if (poll.state === 'closed') throw new Conflict('polls.problem.closed');
    const [options, people] = [await listOptions(trx, pollId), await listPeople(trx, pollId)];
    await releaseHolds(
      trx,
      by,
      options.map(({ id }) => id),
      'poll cancelled',
    );
    await change(
      trx,
      `update polls set state = 'cancelled', cancel_reason = :reason, closed_at = :now, closed_by = :by where id = :id`,
      { id: pollId, reason, now, by: by.id },
    );
    await record(trx, by, { action: 'poll.cancel', noun: 'polls', id: pollId, note: reason });
    await tell(
      trx,
      by,
      poll,
      'cancelled',
      people.map(({ person_id }) => person_id).filter((person) => person !== by.id),
    );
  });
}
