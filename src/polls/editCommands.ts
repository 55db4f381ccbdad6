import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import { extendHolds, holdRooms, releaseHolds } from '../claims/holdCommands.js';
import { lockRoomsOf } from '../claims/waitHoldCommands.js';
import { gatherPeople, type NewPoll, type PollRefused, tell, writeOptions, writePeople } from './commands.js';
import { MAX_OPTIONS, MIN_OPTIONS } from './forms.js';
import { mayKeepPoll } from './policy.js';
import { listOptions, listPeople, lockPoll, type Poll } from './queries.js';
import { announcePoll, noteTold } from './tellingCommands.js';

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

export type Edited =
  | { ok: true; added: number; held: number }
  | PollRefused
  | { ok: false; reason: 'stale'; poll: Poll }
  | { ok: false; reason: 'taken'; option: number };

class RoomTaken extends Error {
  constructor(readonly option: number) {
    super('room taken');
  }
}

/**
 * Changes an open poll. Answers to times that stay are kept, those to removed ones count no more and their
 * rooms are free; new times hold rooms like the first ones. Another deadline moves the holds along. Who has
 * answered hears of it by the worker.
 */
export async function editPoll(
  db: Db,
  by: Actor,
  pollId: number,
  input: PollChange,
  now: Date,
): Promise<Edited> {
  try {
    return await editLocked(db, by, pollId, input, now);
  } catch (error) {
    if (error instanceof RoomTaken) return { ok: false, reason: 'taken', option: error.option };
    throw error;
  }
}

function editLocked(db: Db, by: Actor, pollId: number, input: PollChange, now: Date): Promise<Edited> {
  return inTransaction(db, async (trx): Promise<Edited> => {
    if (by.id === null) throw new Forbidden();
    const poll = await lockPoll(trx, by.id, pollId);
    if (!mayKeepPoll(poll)) throw new Forbidden();
    if (poll.state !== 'open')
      throw new Conflict(poll.state === 'closed' ? 'polls.problem.closed' : 'polls.problem.cancelled');
    if (poll.version !== input.version) return { ok: false, reason: 'stale', poll };
    const [options, people] = [await listOptions(trx, pollId), await listPeople(trx, pollId)];
    if (
      input.keep.some((id) => !options.some((one) => one.id === id)) ||
      input.stay.some((id) => !people.some((one) => one.id === id))
    )
      throw new BadRequest();
    const kept = options
      .filter(({ id }) => input.keep.includes(id))
      .map((one) => ({ ...one, room_ids: [...(input.rooms?.get(one.id) ?? one.room_ids)] }));
    const otherRooms = kept.filter(({ id, room_ids }) =>
      options.some((one) => one.id === id && one.room_ids.join() !== room_ids.join()),
    );
    const isKept = (one: { startsAt: Date; endsAt: Date }) =>
      kept.some(
        ({ starts_at, ends_at }) =>
          starts_at.getTime() === one.startsAt.getTime() && ends_at.getTime() === one.endsAt.getTime(),
      );
    const wanted = input.options.filter((one) => !isKept(one));
    if (kept.length + wanted.length < MIN_OPTIONS || kept.length + wanted.length > MAX_OPTIONS)
      return { ok: false, reason: 'options' };
    const gathered = await gatherPeople(trx, by, input);
    if (!gathered.ok) return gathered;
    const stay = people.filter(({ id }) => input.stay.includes(id));
    const gone = people.filter(({ id }) => !input.stay.includes(id));
    // Named again while unticked above: asked anew, without the answer of before.
    const joined = new Map(
      [...gathered.people].filter(([person]) => !stay.some(({ person_id }) => person_id === person)),
    );
    if (![...stay.map(({ person_id }) => person_id), ...joined.keys()].some((person) => person !== by.id))
      return { ok: false, reason: 'nobody' };

    // Named again below the list it is how they stay asked.
    const isNeeded = ({ id, person_id }: { id: number; person_id: number }) =>
      gathered.people.get(person_id) ?? input.needed.includes(id);
    await change(
      trx,
      `update polls
          set title = :title, note = :note, is_private = :private, deadline_at = :deadline,
              version = version + 1,
              told_over_at = case when cast(:deadline as timestamptz) > :now then null else told_over_at end
        where id = :id`,
      {
        id: pollId,
        title: input.title,
        note: input.note,
        private: input.isPrivate,
        deadline: input.deadlineAt,
        now,
      },
    );
    // All at once, by id, before the first of them changes hands.
    await lockRoomsOf(trx, [
      ...[...options, ...kept].flatMap(({ room_ids }) => room_ids),
      ...wanted.flatMap(({ roomIds }) => roomIds),
    ]);
    const removed = options.filter(({ id }) => !kept.some((one) => one.id === id)).map(({ id }) => id);
    await releaseHolds(trx, by, [...removed, ...otherRooms.map(({ id }) => id)], 'poll changed');
    await change(
      trx,
      `update poll_options o
          set room_ids = array(select jsonb_array_elements_text(w.rooms)::bigint)
         from jsonb_to_recordset(cast(:list as jsonb)) as w (id bigint, rooms jsonb)
        where o.id = w.id`,
      { list: JSON.stringify(otherRooms.map(({ id, room_ids }) => ({ id, rooms: room_ids }))) },
    );
    await change(trx, `update poll_options set removed_at = :now where id = any(:removed)`, { removed, now });
    const added = await writeOptions(trx, pollId, wanted);
    // Also where nothing moves: whose calendar shows what of a poll may have changed, and a claim that is
    // written says so.
    await extendHolds(
      trx,
      kept.map(({ id }) => id),
      input.deadlineAt,
    );
    if (poll.deadline_at.getTime() !== input.deadlineAt.getTime()) {
      // The silent are reminded of the new deadline as of any.
      await change(
        trx,
        `delete from poll_reminders r using poll_people x where r.poll_person_id = x.id and x.poll_id = :id`,
        { id: pollId },
      );
    }
    // A time that lost its room while the poll was over gets it back where it is free.
    const holding = [
      ...kept.map((one) => ({
        id: one.id,
        starts_at: one.starts_at,
        ends_at: one.ends_at,
        room_ids: one.room_ids,
      })),
      ...added,
    ].filter(({ starts_at }) => starts_at > now);
    const held = await holdRooms(
      trx,
      by,
      holding.map((one) => ({
        optionId: one.id,
        roomIds: one.room_ids,
        startsAt: one.starts_at,
        endsAt: one.ends_at,
      })),
      input.deadlineAt,
    );
    const lost = otherRooms.find(({ id, room_ids }) => room_ids.length > 0 && !held.has(id));
    if (lost) throw new RoomTaken(lost.id);
    await change(trx, `delete from poll_people where id = any(:gone)`, { gone: gone.map(({ id }) => id) });
    await change(trx, `update poll_people set is_required = id = any(:needed) where id = any(:stay)`, {
      stay: stay.map(({ id }) => id),
      needed: stay.filter(isNeeded).map(({ id }) => id),
    });
    await writePeople(trx, pollId, joined);
    await settleAnswered(trx, pollId, now);

    const required = {
      before: people.filter(({ is_required }) => is_required).map(({ person_id }) => person_id),
      after: [
        ...stay.filter(isNeeded).map(({ person_id }) => person_id),
        ...[...joined].filter(([, yes]) => yes).map(([person]) => person),
      ],
    };
    const isOther = {
      required: required.before.join() !== required.after.join(),
      privacy: poll.is_private !== input.isPrivate,
    };
    await record(trx, by, {
      action: 'poll.edit',
      noun: 'polls',
      id: pollId,
      before: {
        title: poll.title,
        note: poll.note,
        deadline_at: poll.deadline_at,
        options: options.map(({ starts_at }) => starts_at),
        people: people.map(({ person_id }) => person_id),
        ...(isOther.required ? { required: required.before } : {}),
        ...(isOther.privacy ? { is_private: poll.is_private } : {}),
        ...(otherRooms.length
          ? {
              room_ids: options
                .filter(({ id }) => otherRooms.some((one) => one.id === id))
                .map(({ room_ids }) => room_ids),
            }
          : {}),
      },
      after: {
        title: input.title,
        note: input.note,
        deadline_at: input.deadlineAt,
        options: [...kept, ...added].map(({ starts_at }) => starts_at),
        people: [...stay.map(({ person_id }) => person_id), ...joined.keys()],
        ...(isOther.required ? { required: required.after } : {}),
        ...(isOther.privacy ? { is_private: input.isPrivate } : {}),
        ...(otherRooms.length ? { room_ids: otherRooms.map(({ room_ids }) => room_ids) } : {}),
      },
    });
    const others = (ids: number[]) => ids.filter((person) => person !== by.id);
    const standing = { id: pollId, is_private: input.isPrivate };
    const revision = poll.version + 1;
    await tell(trx, by, standing, 'asked', others([...joined.keys()]), {
      usefulUntil: input.deadlineAt,
      revision,
    });
    await tell(
      trx,
      by,
      standing,
      'unasked',
      others(gone.map(({ person_id }) => person_id).filter((person) => !joined.has(person))),
      { object: 'asked', revision },
    );
    await noteTold(trx, pollId, by.id);
    await announcePoll(trx, pollId);
    return { ok: true, added: added.length, held: added.filter(({ id }) => held.has(id)).length };
  });
}

/** Whose answers no longer cover all times is asked again; who lacked only removed ones has answered. */
async function settleAnswered(trx: Db, pollId: number, now: Date): Promise<void> {
  const one = await row<{ count: number }>(
    trx,
    `select count(*)::int as count from poll_options where poll_id = :poll and removed_at is null`,
    { poll: pollId },
  );
  const said = await rows<{ id: number; count: number }>(
    trx,
    `select x.id, count(a.option_id)::int as count
       from poll_people x
       left join (poll_answers a join poll_options t on t.id = a.option_id and t.removed_at is null)
              on a.poll_person_id = x.id
      where x.poll_id = :poll and (x.answered_at is not null or a.option_id is not null)
      group by x.id`,
    { poll: pollId },
  );
  const whole = said.filter(({ count }) => count === one?.count).map(({ id }) => id);
  const lacking = said.filter(({ count }) => count !== one?.count).map(({ id }) => id);
  await change(
    trx,
    `update poll_people set answered_at = coalesce(answered_at, :now) where id = any(:whole)`,
    { whole, now },
  );
  await change(trx, `update poll_people set answered_at = null where id = any(:lacking)`, { lacking });
}
