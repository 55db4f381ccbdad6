import { record, type Actor } from '../lib/audit/record.js';
import { change, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { checkNotice, claimRooms, lockRooms, releaseClaims } from '../claims/commands.js';
import { lockQuotasOfMeetings } from '../rules/quotaLockCommands.js';
import { actingFor, type RoomsRefused } from '../meetings/commands.js';
import { mayEditMeeting } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { listTouchedRooms, lockHoused, tellNewRooms } from '../meetings/roomChangeCommands.js';

/** `requests`: how many of the rooms wait for somebody's approval. */
export type Swapped =
  | { ok: true; requests: number }
  | { ok: false; reason: 'stale' }
  | { ok: false; reason: 'refused'; refused: RoomsRefused };

/**
 * Two meetings change rooms, each at its own time; both or none. For whoever may edit both.
 * @throws Conflict when one of them has no room, or runs or is over already
 */
export async function swapRooms(
  trx: Db,
  by: Actor,
  one: { id: number; version: number },
  other: { id: number; version: number },
  now = new Date(),
): Promise<Swapped> {
  try {
    return await trx.transaction(async (inner): Promise<Swapped> => {
      const housed = await lockHoused(inner, [one.id, other.id]);
      const viewer = { id: by.id ?? -1 };
      const [first, second] = [
        await findMeeting(inner, viewer, one.id),
        await findMeeting(inner, viewer, other.id),
      ];
      const [a, b] = [housed.get(one.id), housed.get(other.id)];
      if (!a || !b || a.id === b.id) throw new Conflict('swap.problem.same');
      for (const meeting of [first, second]) {
        if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
          throw new Conflict('meetings.problem.closed');
        if (!mayEditMeeting(meeting)) throw new Forbidden();
        if (!meeting.rooms.length) throw new Conflict('swap.problem.noRoom');
      }
      if (a.version !== one.version || b.version !== other.version) return { ok: false, reason: 'stale' };
      const [ofA, ofB] = [a.rooms.map(({ id }) => id), b.rooms.map(({ id }) => id)];
      await lockRooms(inner, await listTouchedRooms(inner, [a.id, b.id], [...ofA, ...ofB]));
      await lockQuotasOfMeetings(inner, [a.id, b.id]);
      for (const [{ id }, roomIds] of [
        [a, ofA],
        [b, ofB],
      ] as const) {
        // Both give up a room, which the rules of the rooms may call too late.
        const checks = await checkNotice(inner, by, 'notice_change', { meetingId: id, roomIds, now });
        if (checks.length) throw new Refused({ ok: false, clashes: [], checks });
        await releaseClaims(inner, by, id, 'released', 'swapped');
        await change(inner, `delete from meeting_rooms where meeting_id = :id`, { id });
      }
      let requests = 0;
      for (const [meeting, roomIds] of [
        [a, ofB],
        [b, ofA],
      ] as const) {
        const claimed = await claimRooms(inner, by, {
          meetingId: meeting.id,
          roomIds,
          startsAt: meeting.starts_at,
          endsAt: meeting.ends_at,
          seats: meeting.expected_count,
          now,
        });
        if (!claimed.ok) throw new Refused(claimed);
        requests += claimed.requests;
      }
      for (const [meeting, shown, before, after, beside] of [
        [a, first, ofA, ofB, b],
        [b, second, ofB, ofA, a],
      ] as const) {
        await tellNewRooms(inner, by, meeting, after, { reason: null });
        await record(inner, actingFor(by, shown), {
          action: 'meeting.swapRooms',
          noun: 'meetings',
          id: meeting.id,
          meetingId: meeting.id,
          before: { room_ids: before },
          after: { room_ids: after, with_meeting_id: beside.id },
        });
      }
      return { ok: true, requests };
    });
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: 'refused', refused: error.refused };
    throw error;
  }
}

class Refused extends Error {
  constructor(readonly refused: RoomsRefused) {
    super('swap refused');
  }
}
