import { listLines, takeEquipment, type EquipmentLine, type Shortage } from '../equipment/commands.js';
import type { ClaimResult } from '../claims/verdict.js';
import type { Layout } from '../claims/layouts.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { moveClaims } from '../claims/commands.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { actingFor } from './actingCommands.js';
import { mayEditMeeting } from './policy.js';
import { lockMeeting } from './queries.js';

// What a meeting has beside its rooms: how they are laid out, and what is carried into them.

/**
 * Why the place said no: who has the rooms, which of their rules stands against it, or which equipment is
 * short.
 */
export type PlaceRefused = Extract<ClaimResult, { ok: false }> & { shortages?: Shortage[] };

class Short extends Error {
  constructor(readonly shortages: Shortage[]) {
    super('equipment is short');
  }
}

/**
 * Rooms and equipment together or neither: within a savepoint, because what the rooms gave must come back
 * when the equipment says no.
 * @param lines what the meeting takes; undefined: what it has, for its new time
 * @param claim claims, moves or restores the rooms in the transaction it is given
 */
export async function takePlace(
  trx: Db,
  by: Actor,
  request: { meetingId: number; startsAt: Date; endsAt: Date; lines?: readonly EquipmentLine[] },
  claim: (inner: Db) => Promise<ClaimResult>,
): Promise<Extract<ClaimResult, { ok: true }> | PlaceRefused> {
  const before = await listLines(trx, request.meetingId);
  const lines = request.lines ?? before;
  if (lines.length === 0 && before.length === 0) return claim(trx);
  try {
    return await trx.transaction(async (inner) => {
      const claimed = await claim(inner);
      if (!claimed.ok) return claimed;
      const { meetingId, startsAt, endsAt } = request;
      const short = await takeEquipment(inner, by, [{ meetingId, startsAt, endsAt, lines }]);
      const shortages = short.get(meetingId);
      if (shortages) throw new Short(shortages);
      return claimed;
    });
  } catch (error) {
    if (!(error instanceof Short)) throw error;
    return { ok: false, clashes: [], checks: [], shortages: error.shortages };
  }
}

/**
 * Notes the layout with each of the rooms of a meeting that can be set up so; null: as they are. Written
 * before the claims, which count its seats.
 */
export async function setLayout(
  trx: Db,
  requests: readonly { meetingId: number; roomIds: readonly number[]; layout: Layout | null }[],
): Promise<void> {
  if (requests.length === 0) return;
  await change(trx, `delete from meeting_layouts where meeting_id = any(:meetings)`, {
    meetings: requests.map(({ meetingId }) => meetingId),
  });
  const list = requests.flatMap(({ meetingId, roomIds, layout }) =>
    layout === null ? [] : roomIds.map((room) => ({ meeting: meetingId, room, layout })),
  );
  if (list.length === 0) return;
  await change(
    trx,
    `insert into meeting_layouts (meeting_id, room_id, layout)
     select w.meeting, l.room_id, l.layout
       from jsonb_to_recordset(cast(:list as jsonb)) as w (meeting bigint, room bigint, layout text)
       join room_layouts l on l.room_id = w.room and l.layout = w.layout`,
    { list: JSON.stringify(list) },
  );
}

/** The same of equipment, so that the history names a change only when there is one. */
export function isSame(a: readonly EquipmentLine[], b: readonly EquipmentLine[]): boolean {
  const text = (lines: readonly EquipmentLine[]) =>
    lines
      .filter(({ quantity }) => quantity > 0)
      .map(({ kindId, quantity }) => `${kindId}:${quantity}`)
      .sort()
      .join();
  return text(a) === text(b);
}

/**
 * Asks once more for the rooms of a meeting as it stands, after they were returned or refused. A room that is
 * still kept goes over to the new request. What nobody kept is claimed anew and may be gone.
 */
export function askForRoomsAgain(
  db: Db,
  by: Actor,
  id: number,
  { note, now }: { note: string | null; now: Date },
): Promise<{ ok: true; requests: number } | PlaceRefused> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
      throw new Conflict('meetings.problem.closed');
    if (!mayEditMeeting(meeting)) throw new Forbidden();
    if (meeting.ends_at <= now) throw new Conflict('meetings.problem.over');
    const request = {
      meetingId: id,
      roomIds: meeting.rooms.map((room) => room.id),
      startsAt: meeting.starts_at,
      endsAt: meeting.ends_at,
      seats: meeting.expected_count,
      askReason: note,
      now,
    };
    const moved = await takePlace(trx, by, request, (inner) => moveClaims(inner, by, request));
    if (!moved.ok) return moved;
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.askAgain',
      noun: 'meetings',
      id,
      meetingId: id,
      note: note || undefined,
    });
    return { ok: true, requests: moved.requests };
  });
}
