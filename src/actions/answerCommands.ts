import { record, type Actor } from '../lib/audit/record.js';
import { change, row, type Db } from '../lib/db/db.js';
import { keepFiles } from '../lib/files/store.js';
import { actingFor, historyOf, onAction, notify, type Outcome } from './commands.js';
import { findConcerned, overseersOf } from './queries.js';

/**
 * 办理结果: the lead tells what was done. Its files have arrived and are kept with it.
 * One answer waits at a time: the state says so, and the index answers_one_open holds it.
 */
export async function answerAction(
  db: Db,
  by: Actor,
  id: number,
  { answer, today }: { answer: { text: string; fileIds: number[] }; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'answer', today }, async (trx, action) => {
    const forId = action.is_lead ? null : action.lead_id;
    const made = await row<{ id: number }>(
      trx,
      `insert into answers (action_id, text, answered_by, for_id)
       values (:action, :text, :by, :for_id)
       returning id`,
      { action: id, text: answer.text, by: by.id, for_id: forId },
    );
    if (!made) throw new Error('no answer was made');
    await keepFiles(trx, by, answer.fileIds);
    await change(
      trx,
      `insert into answer_files (answer_id, file_id) select :answer, unnest(cast(:files as bigint[]))`,
      { answer: made.id, files: answer.fileIds },
    );
    await change(
      trx,
      `update actions
       set state = 'answered', state_reason = null, accepted_at = coalesce(accepted_at, now()),
         version = version + 1
       where id = :id`,
      { id },
    );
    await record(trx, forId ? { ...by, onBehalfOf: forId } : by, {
      action: 'action.answer',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      before: { state: action.state },
      after: { state: 'answered', answer_id: made.id, files: answer.fileIds.length },
    });
    const concerned = await findConcerned(trx, id);
    if (concerned)
      await notify(trx, by, action, {
        what: 'answered',
        personIds: overseersOf(concerned).filter((one) => one !== by.id),
        payload: { answer_id: made.id },
      });
    return { ok: true } as const;
  });
}

/**
 * 认可: somebody other than the lead accepts the answer. It closes the action and goes to the item's proposer,
 * the chair, the secretary, the lead and the helpers.
 * @param answerId the answer that was read: a newer one is not accepted unseen
 */
export async function acceptAnswer(
  db: Db,
  by: Actor,
  id: number,
  { answerId, note, today }: { answerId: number; note: string; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'judge', today }, async (trx, action) => {
    if (action.answer_id !== answerId) return { ok: false, reason: 'moved', state: action.state } as const;
    await judge(trx, by, answerId, { verdict: 'accepted', note });
    await change(
      trx,
      `update actions
       set state = 'closed', state_reason = null, closed_at = now(), closed_by = :by, version = version + 1
       where id = :id`,
      { id, by: by.id },
    );
    await record(trx, actingFor(by, action), {
      action: 'action.close',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      before: { state: action.state },
      after: { state: 'closed', answer_id: answerId },
      ...(note ? { note } : {}),
    });
    const concerned = await findConcerned(trx, id);
    if (concerned) {
      const ids = [
        concerned.proposer_id,
        concerned.chair_id,
        ...concerned.secretary_ids,
        concerned.lead_id,
        ...concerned.helper_ids,
      ];
      await notify(trx, by, action, {
        what: 'accepted',
        personIds: ids.filter((one): one is number => one !== null),
        payload: { answer_id: answerId },
      });
    }
    return { ok: true } as const;
  });
}

/** The answer does not answer it: back to the lead with a note saying what is missing. */
export async function sendAnswerBack(
  db: Db,
  by: Actor,
  id: number,
  { answerId, note, today }: { answerId: number; note: string; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'judge', today }, async (trx, action) => {
    if (action.answer_id !== answerId) return { ok: false, reason: 'moved', state: action.state } as const;
    await judge(trx, by, answerId, { verdict: 'sent_back', note });
    await change(trx, `update actions set state = 'in_progress', version = version + 1 where id = :id`, {
      id,
    });
    await record(trx, actingFor(by, action), {
      action: 'action.sendBack',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      before: { state: action.state },
      after: { state: 'in_progress', answer_id: answerId },
      note,
    });
    const author = action.answered_by;
    await notify(trx, by, action, {
      what: 'sentBack',
      personIds: [action.lead_id, author].filter((one): one is number => one !== null),
      payload: { answer_id: answerId },
    });
    return { ok: true } as const;
  });
}

async function judge(
  trx: Db,
  by: Actor,
  answerId: number,
  { verdict, note }: { verdict: 'accepted' | 'sent_back'; note: string },
): Promise<void> {
  await change(
    trx,
    `update answers
     set verdict = :verdict, verdict_note = :note, verdict_by = :by, verdict_at = now()
     where id = :id and verdict is null`,
    { id: answerId, verdict, note: note || null, by: by.id },
  );
}
