import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, NotFound } from '../lib/http/errors.js';
import type { PollAnswer } from './forms.js';
import { isAnswerable, mayAnswerFor } from './policy.js';
import { findPoll, listOptions } from './queries.js';
import { storeKnownPoll } from './newsCommands.js';

export type AnswerResult =
  { ok: true } | { ok: false; reason: 'closed' } | { ok: false; reason: 'missing'; options: number[] };

export interface NewAnswer {
  /** Who is asked. */
  personId: number;
  answers: ReadonlyMap<number, PollAnswer>;
  note: string;
  now: Date;
}

/**
 * An answer to every time, in place of the one before; the caller has settled who answers. Whoever keeps the
 * poll may enter it for somebody on the telephone. Then it says so, and may still come after the deadline
 * until a time is chosen.
 */
export function answerPoll(db: Db, by: Actor, pollId: number, answer: NewAnswer): Promise<AnswerResult> {
  return inTransaction(db, async (trx) => {
    const { personId } = answer;
    const isForOther = by.id !== null && by.id !== personId;
    const { poll, requestId } = await lockRequest(trx, pollId, personId);
    const mayAnswer = isForOther
      ? mayAnswerFor(await findPoll(trx, by.id, pollId))
      : isAnswerable(poll, answer.now);
    if (!mayAnswer) return { ok: false, reason: 'closed' };
    const options = await listOptions(trx, pollId);
    const offered = await keepOffered(trx, pollId, answer.answers, options);
    const missing = options.filter(({ id }) => !answer.answers.has(id)).map(({ id }) => id);
    if (missing.length) return { ok: false, reason: 'missing', options: missing };
    await writeAnswers(trx, requestId, offered, { ...answer, enteredBy: isForOther ? by.id : null });
    await storeKnownPoll(trx, pollId, personId);
    await record(trx, isForOther ? { ...by, onBehalfOf: personId } : by, {
      action: isForOther ? 'poll.answerFor' : 'poll.answer',
      noun: 'polls',
      id: pollId,
      after: { person_id: personId, answers: offered.map(([, one]) => one) },
    });
    return { ok: true };
  });
}

/** Many answer at once: choosing, changing and cancelling wait for them, and they for it. @throws NotFound */
async function lockRequest(trx: Db, pollId: number, personId: number) {
  const poll = await row<{ state: string; deadline_at: Date }>(
    trx,
    `select state, deadline_at from polls where id = :id for share`,
    { id: pollId },
  );
  const request = await row<{ id: number }>(
    trx,
    `select id from poll_people where poll_id = :poll and person_id = :person for no key update`,
    { poll: pollId, person: personId },
  );
  if (!poll || !request) throw new NotFound();
  return { poll, requestId: request.id };
}

/**
 * The answers to times that are offered. A time that was removed while somebody looked at it needs no answer
 * any more.
 * @throws BadRequest for a time that was never offered here
 */
async function keepOffered(
  trx: Db,
  pollId: number,
  answers: ReadonlyMap<number, PollAnswer>,
  options: readonly { id: number }[],
): Promise<[number, PollAnswer][]> {
  const strange = [...answers.keys()].filter((id) => !options.some((option) => option.id === id));
  if (strange.length > 0) {
    const removed = await rows(
      trx,
      `select 1 from poll_options where poll_id = :poll and id = any(:strange)`,
      { poll: pollId, strange },
    );
    if (removed.length < strange.length) throw new BadRequest();
  }
  return [...answers].filter(([id]) => !strange.includes(id));
}

async function writeAnswers(
  trx: Db,
  requestId: number,
  answers: readonly (readonly [number, PollAnswer])[],
  { note, now, enteredBy }: { note: string; now: Date; enteredBy: number | null },
): Promise<void> {
  await change(
    trx,
    `insert into poll_answers (poll_person_id, option_id, answer)
     select :request, w.option, w.answer
       from unnest(cast(:options as bigint[]), cast(:answers as text[])) as w (option, answer)
     on conflict (poll_person_id, option_id) do update set answer = excluded.answer`,
    { request: requestId, options: answers.map(([id]) => id), answers: answers.map(([, answer]) => answer) },
  );
  await change(
    trx,
    `update poll_people set note = :note, answered_at = :now, answered_by = :other where id = :request`,
    { request: requestId, note, now, other: enteredBy },
  );
}
