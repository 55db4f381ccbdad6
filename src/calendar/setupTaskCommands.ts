import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { mayInvite, mayRecord } from '../meetings/policy.js';
import { lockMeeting } from '../meetings/queries.js';
import { keepActive } from '../people/queries.js';
import type { SetupKind } from './viewQueries.js';

export interface NewSetupTask {
  kind: SetupKind;
  note: string;
  ownerId: number | null;
}

/** Adds what has to be ready in the room; whoever may invite to the meeting may ask for it. */
export function addSetupTask(db: Db, by: Actor, meetingId: number, input: NewSetupTask): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (!mayInvite(meeting)) throw new Forbidden();
    if (input.ownerId !== null && !(await keepActive(trx, [input.ownerId])).has(input.ownerId))
      throw new Conflict();
    const made = await row<{ id: number }>(
      trx,
      `insert into setup_tasks (meeting_id, kind, note, owner_id, created_by)
       values (:meeting, :kind, :note, :owner, :by)
       returning id`,
      { meeting: meetingId, kind: input.kind, note: input.note, owner: input.ownerId, by: by.id },
    );
    await record(trx, by, {
      action: 'setup.add',
      noun: 'setup_tasks',
      id: made?.id ?? null,
      meetingId,
      after: { kind: input.kind, owner_id: input.ownerId },
    });
  });
}

/** No longer wanted; the row stays for the history. Removed twice is removed once. */
export function removeSetupTask(db: Db, by: Actor, meetingId: number, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (!mayInvite(meeting)) throw new Forbidden();
    const removed = await row<{ kind: string }>(
      trx,
      `update setup_tasks
          set removed_at = coalesce(removed_at, now()), version = version + 1
        where id = :id and meeting_id = :meeting
       returning kind`,
      { id, meeting: meetingId },
    );
    if (!removed) throw new NotFound();
    await record(trx, by, { action: 'setup.remove', noun: 'setup_tasks', id, meetingId, before: removed });
  });
}

/** Ticks a task, or takes the tick back: its owner, or who keeps the meeting. */
export function tickSetupTask(db: Db, by: Actor, id: number, isDone: boolean): Promise<void> {
  return inTransaction(db, async (trx) => {
    const found = await row<{ meeting_id: number; owner_id: number | null }>(
      trx,
      `select meeting_id, owner_id from setup_tasks where id = :id and removed_at is null`,
      { id },
    );
    if (!found) throw new NotFound();
    // An owner may tick without knowing what the meeting is about; who may not know of it learns nothing here
    // either.
    if (found.owner_id !== by.id && !mayRecord(await lockMeeting(trx, by, found.meeting_id)))
      throw new Forbidden();
    const task = await row<{ meeting_id: number; kind: string; is_done: boolean }>(
      trx,
      `select meeting_id, kind, done_at is not null as is_done
         from setup_tasks
        where id = :id and removed_at is null
       for no key update`,
      { id },
    );
    if (!task) throw new NotFound();
    if (task.is_done === isDone) return;
    await change(
      trx,
      `update setup_tasks
          set done_at = case when :done then now() end,
              done_by = case when :done then cast(:by as bigint) end, version = version + 1
        where id = :id`,
      { id, done: isDone, by: by.id },
    );
    await record(trx, by, {
      action: isDone ? 'setup.done' : 'setup.reopen',
      noun: 'setup_tasks',
      id,
      meetingId: task.meeting_id,
      after: { kind: task.kind },
    });
  });
}
