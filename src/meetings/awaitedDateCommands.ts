import { countOffers, stopAwaiting } from '../rooms/awaitedCommands.js';
import type { Check } from '../rooms/claimChecks.js';
import type { Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { changeMeeting, restoreMeeting } from './commands.js';
import { findAwaited, listAwaitedBehind, type Freed } from './awaitedQueries.js';
import { lockSeriesOf } from './numberCommands.js';
import { lockMeeting } from './queries.js';

/** `refused`: a rule of the room stands against it. `isAsked`: somebody has to approve it. */
export type TakenRoom = { ok: true; isAsked: boolean } | { ok: false; reason: 'gone' } | { ok: false; reason: 'refused'; checks: Check[] };

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
    if (!awaited) return { ok: false, reason: 'gone' };
    const roomIds = awaited.rooms.map(({ id }) => id);
    const taken = awaited.kind === 'skip'
      ? await restoreMeeting(trx, by, meetingId, now, roomIds)
      : await changeMeeting(trx, by, meetingId, { version: meeting.version, roomIds, now });
    if (!taken.ok) {
      const checks = 'checks' in taken ? taken.checks.filter(({ level }) => level === 'error') : [];
      return checks.length > 0 ? { ok: false, reason: 'refused', checks } : { ok: false, reason: 'gone' };
    }
    await stopAwaiting(trx, [meetingId]);
    return { ok: true, isAsked: (taken.requests ?? 0) > 0 };
  });
}

/** Tells the organisers of dates that waited for what was given up, as far as it is free now. */
export function offerRooms(db: Db, freed: Freed, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    const possible = (await listAwaitedBehind(trx, freed, now)).filter(({ is_free }) => is_free);
    if (possible.length === 0) return;
    const offers = await countOffers(trx, possible.map(({ meeting_id }) => meeting_id), now);
    await queueDeliveries(
      trx,
      possible.map((date) => ({
        kind: 'meetings.roomFreed', object: `meetings:${date.meeting_id}:awaited`, meetingId: date.meeting_id, personId: date.organiser_id,
        revision: offers.get(date.meeting_id) ?? 1, usefulUntil: date.starts_at, isRestricted: date.is_private,
      })),
    );
  });
}
