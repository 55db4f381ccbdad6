import { stopAwaiting } from '../claims/awaitedCommands.js';
import type { Check } from '../claims/checks.js';
import type { Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { type RoomsRefused } from '../meetings/commands.js';
import { changeMeeting } from '../meetings/changeCommands.js';
import { restoreMeeting } from '../meetings/callOffCommands.js';
import { findAwaited } from './awaitedQueries.js';
import { lockSeriesOf } from '../meetings/numberCommands.js';
import { lockMeeting } from '../meetings/queries.js';

/** `refused`: a rule of the room stands against it. `isAsked`: somebody has to approve it. */
export type TakenRoom =
  | { ok: true; isAsked: boolean }
  | { ok: false; reason: 'gone' }
  | { ok: false; reason: 'refused'; checks: Check[]; refused: RoomsRefused };

/**
 * Gives a date that waited its room; a skipped one takes place after all.
 * @returns `gone` when somebody else was quicker, or the date wants no room any more
 * @throws Forbidden when the acting person may not change the meeting
 */
export function takeAwaitedRoom(db: Db, by: Actor, meetingId: number, now: Date): Promise<TakenRoom> {
  return inTransaction(db, async (trx) => {
    await lockSeriesOf(trx, meetingId);
    const meeting = await lockMeeting(trx, by, meetingId);
    const awaited = await findAwaited(trx, meetingId, now);
    // After the deadline it is the next one's, whether or not that has been noticed yet.
    if (!awaited || (awaited.state === 'offered' && !awaited.is_held)) return { ok: false, reason: 'gone' };
    const roomIds =
      awaited.any && awaited.state !== 'offered'
        ? awaited.free_ids.slice(0, 1)
        : awaited.rooms.map(({ id }) => id);
    if (roomIds.length === 0) return { ok: false, reason: 'gone' };
    const taken =
      awaited.kind === 'skip'
        ? await restoreMeeting(trx, by, meetingId, { now, roomIds })
        : await changeMeeting(trx, by, meetingId, { version: meeting.version, roomIds, now });
    if (!taken.ok) {
      if (!('checks' in taken)) return { ok: false, reason: 'gone' };
      const checks = taken.checks.filter(({ level }) => level === 'error');
      return checks.length > 0
        ? { ok: false, reason: 'refused', checks, refused: taken }
        : { ok: false, reason: 'gone' };
    }
    await stopAwaiting(trx, [meetingId]);
    return { ok: true, isAsked: (taken.requests ?? 0) > 0 };
  });
}
