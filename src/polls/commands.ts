import { holdRooms, releaseHolds } from '../claims/holdCommands.js';
import { isTooManyOutside } from '../invitations/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { findOrAddGuests, type NewGuest } from '../people/guestCommands.js';
import { keepActive } from '../people/queries.js';
import { MAX_OPTIONS, MIN_OPTIONS } from './forms.js';
import { mayKeepPoll } from './policy.js';
import { listOptions, listPeople, lockPoll, type Poll } from './queries.js';

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
 * Offers times: everybody is asked by mail, each time holds its rooms until the deadline. A room that
 * somebody else was quicker to take is not held, and the candidate says so.
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

    const id = await insertPoll(trx, by, input, now);
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
    await notifyPeople(
      trx,
      by,
      { id, is_private: input.isPrivate },
      {
        kind: 'asked',
        personIds: [...everybody.keys()].filter((person) => person !== by.id),
        usefulUntil: input.deadlineAt,
      },
    );
    return { ok: true, id, held: held.size };
  });
}

async function insertPoll(trx: Db, by: Actor, input: NewPoll, now: Date): Promise<number> {
  const made = await row<{ id: number }>(
    trx,
    `insert into polls (title, note, organiser_id, created_by, zone, is_private, deadline_at, created_at)
     values (:title, :note, :by, :by, :zone, :private, :deadline, :now)
     returning id`,
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
  return made.id;
}

/**
 * Who is to be asked, persons and guests, by id → whether required; guests that nobody knows yet become
 * persons.
 */
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
     select distinct on (w.starts, w.ends) :id, w.starts, w.ends,
            coalesce((select array_agg(x::bigint) from jsonb_array_elements_text(w.rooms) x), '{}')
       from jsonb_to_recordset(cast(:options as jsonb))
              as w (starts timestamptz, ends timestamptz, rooms jsonb)
      order by w.starts, w.ends
     on conflict (poll_id, starts_at, ends_at)
     do update set removed_at = null, room_ids = excluded.room_ids
         where poll_options.removed_at is not null
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
    `insert into poll_people (poll_id, person_id, is_required)
     select :id, w.person, w.required
       from unnest(cast(:persons as bigint[]), cast(:required as boolean[])) as w (person, required)`,
    { id: pollId, persons: [...people.keys()], required: [...people.values()] },
  );
}

type MailKind = 'asked' | 'unasked' | 'chosen' | 'cancelled';

export interface PollMail {
  kind: MailKind;
  personIds: readonly number[];
  usefulUntil?: Date;
  /** The kind of mail that it replaces while that has not gone out; its own unless given. */
  object?: MailKind;
  revision?: number;
}

/** A mail to each of these people, in the transaction of what it is about. */
export async function notifyPeople(
  trx: Db,
  by: Actor,
  poll: Pick<Poll, 'id' | 'is_private'>,
  { kind, personIds, usefulUntil, object, revision }: PollMail,
): Promise<void> {
  await queueDeliveries(
    trx,
    personIds.map((personId) => ({
      kind: `polls.${kind}`,
      object: `polls:${poll.id}:${object ?? kind}`,
      personId,
      payload: { poll_id: poll.id },
      isRestricted: poll.is_private,
      queuedBy: by.id,
      usefulUntil,
      revision,
    })),
  );
}

/** Calls it off with a reason; the rooms are free at once, everybody is told. */
export function cancelPoll(
  db: Db,
  by: Actor,
  pollId: number,
  { reason, now }: { reason: string; now: Date },
): Promise<void> {
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
      `update polls
          set state = 'cancelled', cancel_reason = :reason, closed_at = :now, closed_by = :by
        where id = :id`,
      { id: pollId, reason, now, by: by.id },
    );
    await record(trx, by, { action: 'poll.cancel', noun: 'polls', id: pollId, note: reason });
    await notifyPeople(trx, by, poll, {
      kind: 'cancelled',
      personIds: people.map(({ person_id }) => person_id).filter((person) => person !== by.id),
    });
  });
}
