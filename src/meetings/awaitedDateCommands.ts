import { countOffers, stopAwaiting } from '../rooms/awaitedCommands.js';
import type { Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { changeMeeting, restoreMeeting } from './commands.js';
import { findAwaited, listAwaitedBehind } from './awaitedQueries.js';
import { lockSeriesOf } from './numberCommands.js';
import { lockMeeting } from './queries.js';

/**
 * Gives a date that waited its room; a skipped one takes place after all.
 * @returns `gone` when somebody else was quicker, or the date wants no room any more
 * @throws Forbidden when the acting person may not change the meeting
 */
export function takeAwaitedRoom(db: Db, by: Actor, meetingId: number, now: Date): Promise<{ ok: true } | { ok: false; reason: 'gone' }> {
  return inTransaction(db, async (trx) => {
    await lockSeriesOf(trx, meetingId);
    const meeting = await lockMeeting(trx, by, meetingId);
    const awaited = await findAwaited(trx, meetingId, now);
    if (!awaited) return { ok: false, reason: 'gone' };
    const roomIds = awaited.rooms.map(({ id }) => id);
    const taken = awaited.kind === 'skip'
      ? await restoreMeeting(trx, by, meetingId, now, roomIds)
      : await changeMeeting(trx, by, meetingId, { version: meeting.version, roomIds });
    if (!taken.ok) return { ok: false, reason: 'gone' };
    await stopAwaiting(trx, [meetingId]);
    return { ok: true };
  });
}

/** Tells the organisers of dates that waited for what was given up, as far as it is free now. */
export function offerRooms(db: Db, claimIds: readonly number[], now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    const possible = (await listAwaitedBehind(trx, claimIds, now)).filter(({ is_free }) => is_free);
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
