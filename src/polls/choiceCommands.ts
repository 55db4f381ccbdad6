import { claimRooms } from '../claims/commands.js';
import { releaseHolds, yieldHold } from '../claims/holdCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { createMeeting, type RoomsRefused } from '../meetings/commands.js';
import { writeParticipants } from '../meetings/participantCommands.js';
import type { ParticipantRole } from '../meetings/states.js';
import { keepActive } from '../people/queries.js';
import { recordPolledReplies } from '../replies/pollReplyCommands.js';
import { notifyPeople } from './commands.js';
import { mayKeepPoll } from './policy.js';
import { listOptions, listPeople, lockPoll, type Poll, type PollOption, type PollPerson } from './queries.js';

class Refused extends Error {
  constructor(
    readonly refused: RoomsRefused,
    readonly option: PollOption,
  ) {
    super('rooms refused');
  }
}

/** `isEarlier`: another time had been chosen before; its meeting is the answer. */
export type ChoiceResult =
  | { ok: true; meetingId: number; isEarlier?: boolean }
  | { ok: false; reason: 'past' }
  | { ok: false; reason: 'rooms'; refused: RoomsRefused; option: PollOption };

export interface PollChoice {
  optionId: number;
  now: Date;
  mailDomain?: string | undefined;
  /** Another room than the held one, or none. */
  room?: number | 'none' | undefined;
}

/**
 * Turns a candidate into the meeting, in one transaction: its participants, its held rooms as claims, the
 * answers as replies. The other holds are released, the votes stay. Pressed twice, both get the one meeting.
 */
export async function choosePollOption(
  db: Db,
  by: Actor,
  pollId: number,
  choice: PollChoice,
): Promise<ChoiceResult> {
  try {
    return await inTransaction(db, (trx) => choose(trx, by, pollId, choice));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ok: false, reason: 'rooms', refused: error.refused, option: error.option };
  }
}

async function choose(trx: Db, by: Actor, pollId: number, choice: PollChoice): Promise<ChoiceResult> {
  const { optionId, now } = choice;
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
  if (chosen.starts_at <= now) return { ok: false, reason: 'past' };
  const people = await listPeople(trx, pollId);
  if (choice.room === undefined) await yieldHold(trx, by, optionId);
  else await releaseHolds(trx, by, [optionId], 'poll closed');
  const meetingId = await makeMeeting(trx, by, { poll, chosen, people }, choice);
  const others = candidates.filter(({ id }) => id !== optionId).map(({ id }) => id);
  await releaseHolds(trx, by, others, 'poll closed');
  await closePoll(trx, by, { pollId, chosen, meetingId, now });
  await notifyPeople(trx, by, poll, {
    kind: 'chosen',
    personIds: people.map(({ person_id }) => person_id).filter((person) => person !== by.id),
    usefulUntil: chosen.ends_at,
  });
  return { ok: true, meetingId };
}

async function closePoll(
  trx: Db,
  by: Actor,
  { pollId, chosen, meetingId, now }: { pollId: number; chosen: PollOption; meetingId: number; now: Date },
): Promise<void> {
  await change(trx, `update poll_options set is_chosen = true where id = :id`, { id: chosen.id });
  await change(
    trx,
    `update polls
        set state = 'closed', meeting_id = :meeting, closed_at = :now, closed_by = :by
      where id = :id`,
    { id: pollId, meeting: meetingId, now, by: by.id },
  );
  await record(trx, by, {
    action: 'poll.close',
    noun: 'polls',
    id: pollId,
    meetingId,
    after: { meeting_id: meetingId, starts_at: chosen.starts_at, ends_at: chosen.ends_at },
  });
}

/** What a meeting is made of when a time is chosen. */
interface Outcome {
  poll: Poll;
  chosen: PollOption;
  people: PollPerson[];
}

/** @throws Refused when the rooms are not to be had */
async function makeMeeting(trx: Db, by: Actor, outcome: Outcome, choice: PollChoice): Promise<number> {
  const { poll, chosen, people } = outcome;
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
    mailDomain: choice.mailDomain,
  });
  if (!made.ok) throw new Refused(made, chosen);
  const roomIds = roomsOf(chosen, choice.room);
  if (roomIds.length > 0) {
    // All rules of the rooms count. A hold for a poll allows nothing by itself, so requests are made as ever.
    const claimed = await claimRooms(trx, by, {
      meetingId: made.id,
      roomIds,
      startsAt: chosen.starts_at,
      endsAt: chosen.ends_at,
      seats: people.length,
      now: choice.now,
    });
    if (!claimed.ok) throw new Refused(claimed, chosen);
  }
  await bringPeople(trx, by, made.id, outcome);
  return made.id;
}

function roomsOf(chosen: PollOption, room: PollChoice['room']): number[] {
  if (room === 'none') return [];
  return room ? [room] : chosen.room_ids;
}

/** Everybody who is still there takes part; what they said of the chosen time is their reply. */
async function bringPeople(
  trx: Db,
  by: Actor,
  meetingId: number,
  { people, chosen }: Outcome,
): Promise<void> {
  const active = await keepActive(
    trx,
    people.map(({ person_id }) => person_id),
  );
  const present = people.filter(({ person_id }) => active.has(person_id));
  const roleOf = ({ is_required }: PollPerson): ParticipantRole => (is_required ? 'required' : 'optional');
  await writeParticipants(trx, by, meetingId, new Map(present.map((one) => [one.person_id, roleOf(one)])));
  const status = { yes: 'accepted', maybe: 'tentative', no: 'declined' } as const;
  await recordPolledReplies(
    trx,
    by,
    meetingId,
    present.flatMap(({ person_id, note, answers }) => {
      const answer = answers[chosen.id];
      return answer ? [{ personId: person_id, status: status[answer], note }] : [];
    }),
  );
}
