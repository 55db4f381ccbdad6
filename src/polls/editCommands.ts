import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { extendHolds, holdRooms, releaseHolds } from '../claims/holdCommands.js';
import { lockRoomsOf } from '../claims/waitHoldCommands.js';
import { gatherPeople, notifyPeople, type PollRefused, writeOptions, writePeople } from './commands.js';
import {
  changePeople,
  changeTimes,
  describeEdit,
  remaining,
  type ChangedPeople,
  type ChangedTimes,
  type PollBefore,
  type PollChange,
} from './edit.js';
import { mayKeepPoll } from './policy.js';
import { listOptions, listPeople, lockPoll, type Poll } from './queries.js';
import { announcePoll, storeKnownPoll } from './newsCommands.js';

export type EditResult =
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
 * rooms are free. New times hold rooms like the first ones, another deadline moves the holds along. The
 * worker tells everybody who has answered.
 */
export async function editPoll(
  db: Db,
  by: Actor,
  pollId: number,
  input: PollChange & { now: Date },
): Promise<EditResult> {
  try {
    return await inTransaction(db, (trx) => editLocked(trx, by, pollId, input));
  } catch (error) {
    if (error instanceof RoomTaken) return { ok: false, reason: 'taken', option: error.option };
    throw error;
  }
}

async function editLocked(
  trx: Db,
  by: Actor,
  pollId: number,
  input: PollChange & { now: Date },
): Promise<EditResult> {
  if (by.id === null) throw new Forbidden();
  const poll = await lockPoll(trx, by.id, pollId);
  if (!mayKeepPoll(poll)) throw new Forbidden();
  if (poll.state !== 'open')
    throw new Conflict(poll.state === 'closed' ? 'polls.problem.closed' : 'polls.problem.cancelled');
  if (poll.version !== input.version) return { ok: false, reason: 'stale', poll };
  const before = { poll, options: await listOptions(trx, pollId), people: await listPeople(trx, pollId) };
  const times = changeTimes(before.options, input);
  if (!times) return { ok: false, reason: 'options' };
  const gathered = await gatherPeople(trx, by, input);
  if (!gathered.ok) return gathered;
  const people = changePeople(before.people, input, gathered.people);
  if (!remaining(people).some((person) => person !== by.id)) return { ok: false, reason: 'nobody' };

  await writeFacts(trx, pollId, input);
  const { added, held } = await writeTimes(trx, by, before, { times, input });
  await change(trx, `delete from poll_people where id = any(:gone)`, {
    gone: people.gone.map(({ id }) => id),
  });
  await change(trx, `update poll_people set is_required = id = any(:needed) where id = any(:stay)`, {
    stay: people.stay.map(({ id }) => id),
    needed: people.needed,
  });
  await writePeople(trx, pollId, people.joined);
  await settleAnswered(trx, pollId, input.now);
  await record(trx, by, {
    action: 'poll.edit',
    noun: 'polls',
    id: pollId,
    ...describeEdit(before, { input, times, people, added }),
  });
  await notifyJoinedAndGone(trx, by, poll, { input, people });
  await storeKnownPoll(trx, pollId, by.id);
  await announcePoll(trx, pollId);
  return { ok: true, added: added.length, held: added.filter(({ id }) => held.has(id)).length };
}

/** @throws RoomTaken when a time that asks for another room does not get it */
async function writeTimes(
  trx: Db,
  by: Actor,
  { poll, options }: PollBefore,
  { times, input }: { times: ChangedTimes; input: PollChange & { now: Date } },
) {
  const { kept, otherRooms, removed } = times;
  const { now, deadlineAt } = input;
  // All at once, by id, before the first of them changes hands.
  await lockRoomsOf(trx, [
    ...[...options, ...kept].flatMap(({ room_ids }) => room_ids),
    ...times.added.flatMap(({ roomIds }) => roomIds),
  ]);
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
  const added = await writeOptions(trx, poll.id, times.added);
  // Also where nothing moves: a written claim says that calendars may show the poll otherwise.
  await extendHolds(
    trx,
    kept.map(({ id }) => id),
    deadlineAt,
  );
  if (poll.deadline_at.getTime() !== deadlineAt.getTime()) {
    // The silent are reminded of the new deadline as of any.
    await change(
      trx,
      `delete from poll_reminders r using poll_people x where r.poll_person_id = x.id and x.poll_id = :id`,
      { id: poll.id },
    );
  }
  // A time that lost its room while the poll was over gets it back where it is free.
  const holding = [...kept, ...added].filter(({ starts_at }) => starts_at > now);
  const held = await holdRooms(
    trx,
    by,
    holding.map((one) => ({
      optionId: one.id,
      roomIds: one.room_ids,
      startsAt: one.starts_at,
      endsAt: one.ends_at,
    })),
    deadlineAt,
  );
  const lost = otherRooms.find(({ id, room_ids }) => room_ids.length > 0 && !held.has(id));
  if (lost) throw new RoomTaken(lost.id);
  return { added, held };
}

async function writeFacts(trx: Db, pollId: number, input: PollChange & { now: Date }): Promise<void> {
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
      now: input.now,
    },
  );
}

async function notifyJoinedAndGone(
  trx: Db,
  by: Actor,
  poll: Poll,
  { input, people: { joined, gone } }: { input: PollChange; people: ChangedPeople },
): Promise<void> {
  const others = (ids: number[]) => ids.filter((person) => person !== by.id);
  const changed = { id: poll.id, is_private: input.isPrivate };
  const revision = poll.version + 1;
  await notifyPeople(trx, by, changed, {
    kind: 'asked',
    personIds: others([...joined.keys()]),
    usefulUntil: input.deadlineAt,
    revision,
  });
  const left = gone.map(({ person_id }) => person_id).filter((person) => !joined.has(person));
  await notifyPeople(trx, by, changed, {
    kind: 'unasked',
    personIds: others(left),
    object: 'asked',
    revision,
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
