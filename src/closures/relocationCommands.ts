import { record, type Actor } from '../lib/audit/record.js';
import type { Db } from '../lib/db/db.js';
import { lockRooms, moveClaims } from '../claims/commands.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import { lockKindsOf } from '../equipment/commands.js';
import { lockQuotas } from '../claims/quotaCommands.js';
import { cancelMeeting, type RoomsRefused } from '../meetings/commands.js';
import { lockSeriesOfMany } from '../meetings/numberCommands.js';
import { setLayout, takePlace } from '../meetings/placeCommands.js';
import { listTouchedRooms, lockHoused, tellKeepers, tellNewRooms } from '../meetings/roomChangeCommands.js';

/** What is done with one meeting that stands in the way of a closure. */
export interface Choice {
  meetingId: number;
  /** The version that was looked at. */
  version: number;
  /** The room it has to leave. */
  roomId: number;
  to: { kind: 'room'; roomId: number } | { kind: 'cancel'; reason: string };
}

export interface Obstacle {
  meetingId: number;
  roomId: number;
  /**
   * 'changed': moved, edited or called off since it was looked at; 'private': only its organiser and leader
   * call it off.
   */
  reason: 'changed' | 'private' | 'refused';
  refused?: RoomsRefused;
}

export type Accommodated =
  { ok: true; moved: number; cancelled: number } | { ok: false; obstacles: Obstacle[] };

/**
 * Moves and calls off the meetings of closed rooms, all or nothing: one that can't be done leaves everything
 * as it was, and all that can't be done are named. Each piece given up becomes the closure's in the same
 * transaction. Who keeps rooms may move a meeting without knowing it: a private one stays private, and is
 * called off only by whom it belongs to.
 * @param how.beyond the rules of the rooms (too late to leave or call off, not for this organiser) are gone
 * beyond, with the reason of the closure or for calling off written down for each; otherwise they stand
 * against it
 */
export async function accommodate(
  trx: Db,
  by: Actor,
  closureReason: string,
  choices: readonly Choice[],
  how: { now?: Date; beyond?: boolean } = {},
): Promise<Accommodated> {
  const now = how.now ?? new Date();
  try {
    return await trx.transaction(async (inner) => {
      await requireKeeper(inner, by);
      const ids = [...new Set(choices.map(({ meetingId }) => meetingId))];
      const cancelled = choices.flatMap(({ meetingId, to }) => (to.kind === 'cancel' ? [meetingId] : []));
      // Series before meetings before rooms, each in order: nobody who books or edits meanwhile can wait for
      // us while we wait for them.
      await lockSeriesOfMany(inner, cancelled);
      const housed = await lockHoused(inner, ids);
      await lockRooms(
        inner,
        await listTouchedRooms(
          inner,
          ids,
          choices.flatMap(({ to }) => (to.kind === 'room' ? [to.roomId] : [])),
        ),
      );
      await lockQuotas(inner, [], ids);
      await lockKindsOf(inner, ids);
      const obstacles: Obstacle[] = [];
      for (const id of ids) {
        const meeting = housed.get(id);
        const own = choices.filter(({ meetingId }) => meetingId === id);
        const [first] = own;
        if (!first) continue;
        const stands =
          meeting &&
          (meeting.state === 'draft' || meeting.state === 'scheduled') &&
          own.every(
            (one) => one.version === meeting.version && meeting.rooms.some((room) => room.id === one.roomId),
          );
        if (!meeting || !stands) {
          obstacles.push({ meetingId: id, roomId: first.roomId, reason: 'changed' });
          continue;
        }
        const off = own.find(({ to }) => to.kind === 'cancel')?.to;
        if (off?.kind === 'cancel') {
          if (meeting.is_private && by.id !== meeting.organiser_id && by.id !== meeting.booked_for_id)
            obstacles.push({ meetingId: id, roomId: first.roomId, reason: 'private' });
          else {
            const called = await cancelMeeting(inner, by, id, {
              reason: off.reason,
              now,
              overrideReason: how.beyond ? off.reason : null,
            });
            if (called.ok)
              await tellKeepers(inner, by, meeting, 'meetings.calledOff', { reason: off.reason });
            else obstacles.push({ meetingId: id, roomId: first.roomId, reason: 'refused', refused: called });
          }
          continue;
        }
        const before = meeting.rooms.map((room) => room.id);
        const after = [
          ...new Set(
            before.map((room) => {
              const to = own.find(({ roomId }) => roomId === room)?.to;
              return to?.kind === 'room' ? to.roomId : room;
            }),
          ),
        ];
        // It sits there as it sat here, and what is carried in goes along for the time that the new rooms
        // need.
        if (meeting.layout)
          await setLayout(inner, [{ meetingId: id, roomIds: after, layout: meeting.layout }]);
        const wish = {
          meetingId: id,
          roomIds: after,
          startsAt: meeting.starts_at,
          endsAt: meeting.ends_at,
          seats: meeting.expected_count,
          now,
          overrideReason: how.beyond ? closureReason : null,
        };
        const moved = await takePlace(inner, by, wish, (deeper) => moveClaims(deeper, by, wish));
        if (!moved.ok) {
          obstacles.push({ meetingId: id, roomId: first.roomId, reason: 'refused', refused: moved });
          continue;
        }
        await tellNewRooms(inner, by, meeting, after, { reason: closureReason });
        await record(inner, by, {
          action: 'meeting.accommodate',
          noun: 'meetings',
          id,
          meetingId: id,
          before: { room_ids: before },
          after: { room_ids: after },
          note: closureReason,
        });
      }
      if (obstacles.length) throw new Obstructed(obstacles);
      return { ok: true, moved: ids.length - new Set(cancelled).size, cancelled: new Set(cancelled).size };
    });
  } catch (error) {
    if (error instanceof Obstructed) return { ok: false, obstacles: error.obstacles };
    throw error;
  }
}

class Obstructed extends Error {
  constructor(readonly obstacles: Obstacle[]) {
    super('some meetings can not be moved');
  }
}
