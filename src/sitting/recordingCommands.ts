import { maySeeItem } from '../agenda/policy.js';
import { findItem } from '../agenda/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { row, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { mayRecord } from '../meetings/policy.js';
import { lockMeeting, type Meeting } from '../meetings/queries.js';
import { findStatement, isWritable } from './statementQueries.js';

// What every command of a sitting does first: it locks the meeting and asks whether its record is open.

export type Closed = { ok: false; reason: 'closed' };

/**
 * Before the meeting begins, after the minutes are handed in, and of a cancelled meeting nothing is written.
 */
export async function lockForRecording(
  trx: Db,
  by: Actor,
  meetingId: number,
): Promise<{ meeting: Meeting; isOpen: boolean }> {
  const meeting = await lockMeeting(trx, by, meetingId);
  if (!mayRecord(meeting)) throw new Forbidden();
  return { meeting, isOpen: await isWritable(trx, meetingId) };
}

/** The item of a statement; id null: before and after the items. */
export interface StatementItem {
  id: number | null;
  is_restricted: boolean;
}

/** The item, if it is of this meeting and open to the writer. @throws NotFound */
export async function itemFor(
  trx: Db,
  by: Actor,
  meeting: Meeting,
  itemId: number | null,
): Promise<StatementItem> {
  if (itemId === null) return { id: null, is_restricted: false };
  const { item } = await findItem(trx, { id: by.id ?? -1 }, itemId);
  if (item.meeting_id !== meeting.id || !maySeeItem({ id: by.id ?? -1 }, meeting, item)) throw new NotFound();
  return item;
}

export async function lockStatement(trx: Db, by: Actor, id: number) {
  const where = await row<{ meeting_id: number }>(trx, `select meeting_id from statements where id = :id`, {
    id,
  });
  if (!where) throw new NotFound();
  const { meeting, isOpen } = await lockForRecording(trx, by, where.meeting_id);
  const statement = await findStatement(trx, id);
  if (!statement) throw new NotFound();
  const item = await itemFor(trx, by, meeting, statement.item_id);
  return { meeting, isOpen, statement, item };
}

/** Restricted words stay out of the history, which more people read; so do those of a private meeting. */
export async function recordStatement(
  trx: Db,
  by: Actor,
  { meeting, item }: { meeting: Meeting; item: { is_restricted: boolean } },
  { action, id, before, after }: { action: string; id: number; before?: string; after?: string },
): Promise<void> {
  const isOpen = !item.is_restricted && !meeting.is_private;
  await record(trx, by, {
    action,
    noun: 'statements',
    id,
    meetingId: item.is_restricted ? null : meeting.id,
    before: isOpen && before !== undefined ? { text: before } : undefined,
    after: isOpen && after !== undefined ? { text: after } : undefined,
  });
}
