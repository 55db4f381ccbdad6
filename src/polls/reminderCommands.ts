import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { isAnswerable, mayKeepPoll } from './policy.js';
import { listPeople, lockPoll } from './queries.js';

/**
 * What time brings to polls: the silent are reminded two days and one day before the deadline, the organiser
 * is told when it passed without a choice. Each step is stored with its mail, so none comes twice. A poll
 * that is shorter than a step leaves that step out.
 * @returns how many mails were asked for
 */
export function tendPolls(db: Db, now: Date): Promise<number> {
  return inTransaction(
    db,
    async (trx) => (await remindSilent(trx, now)) + (await notifyOrganisers(trx, now)),
  );
}

/**
 * Reminds who has not answered yet, or lacks new times, when somebody presses; once a day, however often it
 * is pressed.
 * @param on the office's day @returns how many get a mail; null when answers are closed
 */
export function remindNow(
  db: Db,
  by: Actor,
  pollId: number,
  { now, on }: { now: Date; on: string },
): Promise<number | null> {
  return inTransaction(db, async (trx) => {
    const poll = await lockPoll(trx, by.id, pollId);
    if (!mayKeepPoll(poll)) throw new Forbidden();
    if (!isAnswerable(poll, now)) return null;
    const silent = (await listPeople(trx, pollId)).filter(
      ({ answered_at, person_id }) => answered_at === null && person_id !== by.id,
    );
    const mailed = await queueDeliveries(
      trx,
      silent.map(({ person_id }) => ({
        kind: 'polls.reminder',
        object: `polls:${pollId}:reminder:${on}`,
        personId: person_id,
        payload: { poll_id: pollId },
        isRestricted: poll.is_private,
        queuedBy: by.id,
        usefulUntil: poll.deadline_at,
      })),
    );
    if (mailed.length)
      await record(trx, by, { action: 'poll.remind', noun: 'polls', id: pollId, after: { people: mailed } });
    return mailed.length;
  });
}

async function remindSilent(trx: Db, now: Date): Promise<number> {
  const due = await rows<{
    poll_id: number;
    person_id: number;
    days_before: number;
    deadline_at: Date;
    is_private: boolean;
  }>(
    trx,
    `with silent as (
       select x.id, x.poll_id, x.person_id, o.deadline_at, o.is_private,
              case when o.deadline_at <= cast(:now as timestamptz) + interval '1 day' then 1
                   else 2 end as days_before,
              o.created_at
         from polls o join poll_people x on x.poll_id = o.id
        where o.state = 'open'
          and o.deadline_at > :now
          and o.deadline_at <= cast(:now as timestamptz) + interval '2 days'
          and x.answered_at is null and x.person_id <> o.organiser_id
     ), stored as (
       insert into poll_reminders (poll_person_id, days_before, at)
       select id, days_before, :now
         from silent
        where created_at < deadline_at - make_interval(days => days_before) - interval '6 hours'
        order by id
       on conflict do nothing returning poll_person_id, days_before
     )
     select s.poll_id, s.person_id, s.days_before, s.deadline_at, s.is_private
       from stored t join silent s on s.id = t.poll_person_id`,
    { now },
  );
  await queueDeliveries(
    trx,
    due.map((one) => ({
      kind: 'polls.reminder',
      object: `polls:${one.poll_id}:reminder:${one.days_before}`,
      personId: one.person_id,
      payload: { poll_id: one.poll_id },
      isRestricted: one.is_private,
      usefulUntil: one.deadline_at,
    })),
  );
  return due.length;
}

async function notifyOrganisers(trx: Db, now: Date): Promise<number> {
  const over = await rows<{ id: number; organiser_id: number; is_private: boolean }>(
    trx,
    `update polls
        set told_over_at = :now
      where state = 'open' and deadline_at <= :now and told_over_at is null
     returning id, organiser_id, is_private`,
    { now },
  );
  await queueDeliveries(
    trx,
    over.map((one) => ({
      kind: 'polls.over',
      object: `polls:${one.id}:over`,
      personId: one.organiser_id,
      payload: { poll_id: one.id },
      isRestricted: one.is_private,
    })),
  );
  return over.length;
}

/** Two guests become one: the answers of the one that stays win. For the merge of persons. */
export async function mergePollPeople(trx: Db, keepId: number, dropId: number): Promise<void> {
  await change(
    trx,
    `delete from poll_people d using poll_people k
      where d.person_id = :drop and k.person_id = :keep and k.poll_id = d.poll_id`,
    { keep: keepId, drop: dropId },
  );
  await change(trx, `update poll_people set person_id = :keep where person_id = :drop`, {
    keep: keepId,
    drop: dropId,
  });
}

/** For an erased person: votes stay as numbers, notes and the personal link go. */
export async function forgetPollNotes(trx: Db, personId: number): Promise<void> {
  await change(
    trx,
    `delete from poll_links l using poll_people x where l.poll_person_id = x.id and x.person_id = :id`,
    { id: personId },
  );
  await change(trx, `update poll_people set note = '' where person_id = :id`, { id: personId });
}
