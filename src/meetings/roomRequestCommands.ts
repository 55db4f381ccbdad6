import { record, type Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { moveClaims } from '../claims/commands.js';
import { actingFor, type RoomsRefused } from './commands.js';
import { mayEditMeeting } from './policy.js';
import { lockMeeting } from './queries.js';

/**
 * Asks once more for the rooms of a meeting as it stands, after they were returned or refused. What the room was kept for goes
 * over to the new request; what nobody kept is claimed anew and may be gone.
 */
export function askForRoomsAgain(
  db: Db,
  by: Actor,
  id: number,
  now: Date,
  note: string | null,
): Promise<{ ok: true; requests: number } | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
      throw new Conflict('meetings.problem.closed');
    if (!mayEditMeeting(meeting)) throw new Forbidden();
    if (meeting.ends_at <= now) throw new Conflict('meetings.problem.over');
    const moved = await moveClaims(trx, by, {
      meetingId: id,
      roomIds: meeting.rooms.map((room) => room.id),
      startsAt: meeting.starts_at,
      endsAt: meeting.ends_at,
      seats: meeting.expected_count,
      askReason: note,
      now,
    });
    if (!moved.ok) return moved;
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.askAgain',
      noun: 'meetings',
      id,
      meetingId: id,
      ...(note ? { note } : {}),
    });
    return { ok: true, requests: moved.requests };
  });
}
