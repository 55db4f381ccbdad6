import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { findPollAsSuch, listOptions, listPeople } from './queries.js';
import { isAnyNews, newsOf, knownPollOf, type KnownPoll } from './news.js';

/** A minute later, so that several changes become one mail; one waiting job a poll. */
export async function announcePoll(trx: Db, pollId: number): Promise<void> {
  await enqueue(
    trx,
    'polls.announceChange',
    { pollId },
    { runAt: new Date(Date.now() + 60_000), key: `polls.announceChange:${pollId}` },
  );
}

/** They have the page before them: who answered, and who changes the poll. The caller holds its lock. */
export async function storeKnownPoll(trx: Db, pollId: number, personId: number): Promise<void> {
  const [poll, options, people] = [
    await findPollAsSuch(trx, pollId),
    await listOptions(trx, pollId),
    await listPeople(trx, pollId),
  ];
  const one = people.find(({ person_id }) => person_id === personId);
  if (!poll || !one || Object.keys(one.answers).length === 0) return;
  await change(trx, `update poll_people set told = cast(:told as jsonb) where id = :id`, {
    id: one.id,
    told: JSON.stringify(knownPollOf(poll, options, one.answers)),
  });
}

/**
 * Tells who has answered what has changed since they last knew: one mail for several changes, none for what
 * was taken back. Said twice it comes to the same. Answers to removed times, kept until now so that taking it
 * back brings them back, go.
 */
export function announcePollChange(db: Db, pollId: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    await rows(trx, `select 1 from polls where id = :id for no key update`, { id: pollId });
    const poll = await findPollAsSuch(trx, pollId);
    if (!poll) return;
    const [options, people] = [await listOptions(trx, pollId), await listPeople(trx, pollId)];
    if (poll.state === 'open') {
      const known = people.flatMap((one) => (one.told ? [{ ...one, told: one.told }] : []));
      const object = `polls:${pollId}:changed`;
      // What is on its way is told by the newer mail instead: it has to say what both would have said.
      const unsent = new Map(
        (
          await rows<{ person_id: number; before: KnownPoll }>(
            trx,
            `select distinct on (person_id) person_id, payload -> 'before' as before from deliveries
              where object = :object and person_id = any(:persons) and state = 'waiting'
              order by person_id, id desc`,
            { object, persons: known.map(({ person_id }) => person_id) },
          )
        ).map(({ person_id, before }) => [person_id, before]),
      );
      const news = known.filter((one) => isAnyNews(newsOf(one.told, poll, options, one.answers)));
      await queueDeliveries(
        trx,
        news.map((one) => ({
          kind: 'polls.changed',
          object,
          personId: one.person_id,
          payload: { poll_id: pollId, before: unsent.get(one.person_id) ?? one.told },
          isRestricted: poll.is_private,
          revision: poll.version,
          ...(options.length
            ? { usefulUntil: options[options.length - 1]?.starts_at ?? poll.deadline_at }
            : {}),
        })),
      );
      await change(
        trx,
        `update poll_people x
            set told = w.told
           from jsonb_to_recordset(cast(:list as jsonb)) as w (id bigint, told jsonb)
          where x.id = w.id`,
        {
          list: JSON.stringify(
            news.map((one) => ({ id: one.id, told: knownPollOf(poll, options, one.answers) })),
          ),
        },
      );
    }
    await change(
      trx,
      `delete from poll_answers a using poll_options t
        where t.poll_id = :poll and t.removed_at is not null and a.option_id = t.id`,
      { poll: pollId },
    );
  });
}
