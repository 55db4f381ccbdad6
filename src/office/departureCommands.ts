import { handOverAllActions } from '../actions/commands.js';
import { endAccess } from '../auth/accountCommands.js';
import { handOverMeetings } from '../series/handOverCommands.js';
import { handOverPolls } from '../polls/handOverCommands.js';
import { handOverRooms } from '../rooms/handOverCommands.js';
import type { Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { keepActive } from '../people/queries.js';

export type Departed =
  | { ok: true; meetings: number; actions: number; rooms: number; polls: number; stayed: number }
  | { ok: false; reason: 'last_administrator' | 'self' | 'no_such_person' };

interface HandOver {
  fromId: number;
  /** Nobody: everything stays with the person until it is handed over later. */
  toId: number | null;
  note: string;
  /** The day in the office's zone. */
  today: string;
}

/**
 * Somebody leaves: no way in any more, and what they answer for goes to another person, all in one
 * transaction.
 */
export async function deactivatePerson(db: Db, by: Actor, input: HandOver): Promise<Departed> {
  return inTransaction(db, async (trx) => {
    if (!(await isHeir(trx, input))) return { ok: false, reason: 'no_such_person' };
    const ended = await endAccess(trx, by, input.fromId);
    return ended === 'done' ? handOverAll(trx, by, input) : { ok: false, reason: ended };
  });
}

/** What somebody who left still answers for goes to another person. */
export async function handOver(db: Db, by: Actor, input: HandOver): Promise<Departed> {
  return inTransaction(db, async (trx) =>
    (await isHeir(trx, input)) ? handOverAll(trx, by, input) : { ok: false, reason: 'no_such_person' },
  );
}

async function isHeir(trx: Db, { fromId, toId }: HandOver): Promise<boolean> {
  return toId === null || (toId !== fromId && (await keepActive(trx, [toId])).has(toId));
}

async function handOverAll(trx: Db, by: Actor, { fromId, toId, note, today }: HandOver): Promise<Departed> {
  if (toId === null) return { ok: true, meetings: 0, actions: 0, rooms: 0, polls: 0, stayed: 0 };
  const meetings = await handOverMeetings(trx, by, fromId, toId);
  const rooms = await handOverRooms(trx, by, fromId, toId);
  const polls = await handOverPolls(trx, by, fromId, toId);
  const actions = await handOverAllActions(trx, by, { fromId, toId, note, today });
  return {
    ok: true,
    meetings: meetings.moved,
    actions: actions.moved,
    rooms,
    polls: polls.moved,
    stayed: meetings.stayed + polls.stayed,
  };
}
