import { record, type Actor } from '../lib/audit/record.js';
import { change, row, type Db } from '../lib/db/db.js';
import { actingFor, historyOf, onAction, notify, notifyOverseers, type Outcome } from './commands.js';

/** The lead asks for more time. One request waits at a time. */
export async function askForExtension(
  db: Db,
  by: Actor,
  id: number,
  { extension, today }: { extension: { new_due_on: string; reason: string }; today: string },
): Promise<Outcome<{ ok: false; reason: 'notLater' | 'waiting' }>> {
  return onAction(db, by, { id, verb: 'askExtension', today }, async (trx, action) => {
    if (action.extension_id) return { ok: false, reason: 'waiting' } as const;
    if (!isLater(extension.new_due_on, action.due_on, today))
      return { ok: false, reason: 'notLater' } as const;
    await change(
      trx,
      `insert into due_date_extensions (action_id, asked_by, new_due_on, reason)
       values (:action, :by, :due, :reason)`,
      { action: id, by: by.id, due: extension.new_due_on, reason: extension.reason },
    );
    await change(trx, `update actions set version = version + 1 where id = :id`, { id });
    await record(trx, actingFor(by, action), {
      action: 'action.askExtension',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      before: { due_on: action.due_on },
      after: { due_on: extension.new_due_on },
      note: extension.reason,
    });
    await notifyOverseers(trx, by, action, { what: 'extensionAsked', reason: extension.reason });
    return { ok: true } as const;
  });
}

/**
 * Granted or refused by who oversees the action and doesn't lead it. The original due date stays what it was.
 */
export async function decideExtension(
  db: Db,
  by: Actor,
  id: number,
  {
    extensionId,
    verdict,
    note,
    today,
  }: { extensionId: number; verdict: 'granted' | 'refused'; note: string; today: string },
): Promise<Outcome> {
  return onAction(db, by, { id, verb: 'extend', today }, async (trx, action) => {
    const request = await row<{ new_due_on: string; asked_by: number }>(
      trx,
      `update due_date_extensions
       set verdict = :verdict, verdict_note = :note, verdict_by = :by, verdict_at = now()
        where id = :extension and action_id = :id and verdict is null and asked_by <> :by
        returning new_due_on, asked_by`,
      { extension: extensionId, id, verdict, note: note || null, by: by.id },
    );
    if (!request) return { ok: false, reason: 'moved', state: action.state } as const;
    await change(trx, `update actions set due_on = :due, version = version + 1 where id = :id`, {
      id,
      due: verdict === 'granted' ? request.new_due_on : action.due_on,
    });
    await record(trx, by, {
      action: verdict === 'granted' ? 'action.grantExtension' : 'action.refuseExtension',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      before: { due_on: action.due_on },
      after: { due_on: verdict === 'granted' ? request.new_due_on : action.due_on },
      ...(note ? { note } : {}),
    });
    const ids = [action.lead_id, request.asked_by].filter((one): one is number => one !== null);
    await notify(trx, by, action, {
      what: 'extensionDecided',
      personIds: ids,
      payload: { extension_id: extensionId },
    });
    return { ok: true } as const;
  });
}

/** Who oversees it moves the date without having been asked. */
export async function extendAction(
  db: Db,
  by: Actor,
  id: number,
  { extension, today }: { extension: { new_due_on: string; reason: string }; today: string },
): Promise<Outcome<{ ok: false; reason: 'notLater' | 'waiting' }>> {
  return onAction(db, by, { id, verb: 'extend', today }, async (trx, action) => {
    if (action.extension_id) return { ok: false, reason: 'waiting' } as const;
    if (!isLater(extension.new_due_on, action.due_on, today))
      return { ok: false, reason: 'notLater' } as const;
    const made = await row<{ id: number }>(
      trx,
      `insert into due_date_extensions (action_id, asked_by, new_due_on, reason, verdict, verdict_by,
         verdict_at)
       values (:action, :by, :due, :reason, 'granted', :by, now()) returning id`,
      { action: id, by: by.id, due: extension.new_due_on, reason: extension.reason },
    );
    await change(trx, `update actions set due_on = :due, version = version + 1 where id = :id`, {
      id,
      due: extension.new_due_on,
    });
    await record(trx, by, {
      action: 'action.grantExtension',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      before: { due_on: action.due_on },
      after: { due_on: extension.new_due_on },
      note: extension.reason,
    });
    await notify(trx, by, action, {
      what: 'extensionDecided',
      personIds: action.lead_id ? [action.lead_id] : [],
      payload: { extension_id: made?.id ?? 0 },
    });
    return { ok: true } as const;
  });
}

/** Later than it is, and not in the past. */
function isLater(on: string, dueOn: string | null, today: string): boolean {
  return on > (dueOn ?? '') && on >= today;
}
