import { BadRequest } from '../lib/http/errors.js';
import type { NewPoll } from './commands.js';
import { MAX_OPTIONS, MIN_OPTIONS } from './forms.js';
import type { Poll, PollOption, PollPerson } from './queries.js';

// What a changed form does to the times and people of a poll. Pure.

export interface PollChange extends Pick<
  NewPoll,
  'title' | 'note' | 'isPrivate' | 'deadlineAt' | 'options' | 'people' | 'guests'
> {
  version: number;
  /** Times that stay, ids; `options` come to them. */
  keep: readonly number[];
  /** Times that get other rooms, or none. */
  rooms?: ReadonlyMap<number, readonly number[]>;
  /** Rows of people who stay asked; `people` and `guests` come to them. */
  stay: readonly number[];
  /** Those of them who are required. */
  needed: readonly number[];
}

export interface PollBefore {
  poll: Poll;
  options: readonly PollOption[];
  people: readonly PollPerson[];
}

export interface ChangedTimes {
  kept: PollOption[];
  /** Those of them that get other rooms. */
  otherRooms: PollOption[];
  removed: number[];
  added: NewPoll['options'];
}

/**
 * @returns undefined when there are too few times or too many
 * @throws BadRequest for a time of another poll
 */
export function changeTimes(options: readonly PollOption[], input: PollChange): ChangedTimes | undefined {
  if (input.keep.some((id) => !options.some((one) => one.id === id))) throw new BadRequest();
  const kept = options
    .filter(({ id }) => input.keep.includes(id))
    .map((one) => ({ ...one, room_ids: [...(input.rooms?.get(one.id) ?? one.room_ids)] }));
  const added = addedTo(kept, input.options);
  const count = kept.length + added.length;
  if (count < MIN_OPTIONS || count > MAX_OPTIONS) return undefined;
  return {
    kept,
    otherRooms: kept.filter(({ id, room_ids }) =>
      options.some((one) => one.id === id && one.room_ids.join() !== room_ids.join()),
    ),
    removed: options.filter(({ id }) => !kept.some((one) => one.id === id)).map(({ id }) => id),
    added,
  };
}

/** The times that are not among those that stay. */
export function addedTo<Time extends { startsAt: Date; endsAt: Date }>(
  kept: readonly Pick<PollOption, 'starts_at' | 'ends_at'>[],
  times: readonly Time[],
): Time[] {
  return times.filter(
    ({ startsAt, endsAt }) =>
      !kept.some(
        ({ starts_at, ends_at }) =>
          starts_at.getTime() === startsAt.getTime() && ends_at.getTime() === endsAt.getTime(),
      ),
  );
}

export interface ChangedPeople {
  stay: PollPerson[];
  gone: PollPerson[];
  /** Person → whether required. */
  joined: Map<number, boolean>;
  /** Rows of people who stay and are required. */
  needed: number[];
}

/**
 * @param named person → whether required, as typed below the list. Named again while unticked above: asked
 * anew, without the answer of before. Named again while ticked: what was typed decides whether required.
 * @throws BadRequest for a row of another poll
 */
export function changePeople(
  people: readonly PollPerson[],
  input: PollChange,
  named: ReadonlyMap<number, boolean>,
): ChangedPeople {
  if (input.stay.some((id) => !people.some((one) => one.id === id))) throw new BadRequest();
  const stay = people.filter(({ id }) => input.stay.includes(id));
  return {
    stay,
    gone: people.filter(({ id }) => !input.stay.includes(id)),
    joined: new Map([...named].filter(([person]) => !stay.some(({ person_id }) => person_id === person))),
    needed: stay
      .filter(({ id, person_id }) => named.get(person_id) ?? input.needed.includes(id))
      .map(({ id }) => id),
  };
}

/** Persons who are asked from now on. */
export function remaining({ stay, joined }: ChangedPeople): number[] {
  return [...stay.map(({ person_id }) => person_id), ...joined.keys()];
}

/** What the history says: what always stands there, and of the rest only what has changed. */
export function describeEdit(
  { poll, options, people }: PollBefore,
  change: {
    input: PollChange;
    times: ChangedTimes;
    people: ChangedPeople;
    added: readonly { starts_at: Date }[];
  },
): { before: Record<string, unknown>; after: Record<string, unknown> } {
  const { input, times } = change;
  const before: Record<string, unknown> = {
    title: poll.title,
    note: poll.note,
    deadline_at: poll.deadline_at,
    options: options.map(({ starts_at }) => starts_at),
    people: people.map(({ person_id }) => person_id),
  };
  const after: Record<string, unknown> = {
    title: input.title,
    note: input.note,
    deadline_at: input.deadlineAt,
    options: [...times.kept, ...change.added].map(({ starts_at }) => starts_at),
    people: remaining(change.people),
  };
  const required = requiredIn(people, change.people);
  if (required.before.join() !== required.after.join())
    [before.required, after.required] = [required.before, required.after];
  if (poll.is_private !== input.isPrivate)
    [before.is_private, after.is_private] = [poll.is_private, input.isPrivate];
  if (times.otherRooms.length > 0) {
    before.room_ids = options
      .filter(({ id }) => times.otherRooms.some((one) => one.id === id))
      .map(({ room_ids }) => room_ids);
    after.room_ids = times.otherRooms.map(({ room_ids }) => room_ids);
  }
  return { before, after };
}

function requiredIn(people: readonly PollPerson[], { stay, joined, needed }: ChangedPeople) {
  return {
    before: people.filter(({ is_required }) => is_required).map(({ person_id }) => person_id),
    after: [
      ...stay.filter(({ id }) => needed.includes(id)).map(({ person_id }) => person_id),
      ...[...joined].filter(([, isRequired]) => isRequired).map(([person]) => person),
    ],
  };
}
