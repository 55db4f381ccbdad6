import { listLines, takeEquipment, type EquipmentLine, type Shortage } from '../equipment/commands.js';
import type { ClaimResult } from '../claims/verdict.js';
import type { Layout } from '../claims/layouts.js';
import type { Actor } from '../lib/audit/record.js';
import { change, type Db } from '../lib/db/db.js';

// What a meeting has beside its rooms: how they are laid out, and what is carried into them.

/** Why the place said no: who has the rooms, which of their rules stands against it, or which equipment is short. */
export type PlaceRefused = Extract<ClaimResult, { ok: false }> & { shortages?: Shortage[] };

class Short extends Error {
  constructor(readonly shortages: Shortage[]) {
    super('equipment is short');
  }
}

/**
 * Rooms and equipment together or neither: within a savepoint, because what the rooms gave must come back when the
 * equipment says no.
 * @param lines what the meeting takes; undefined: what it has, for its new time
 * @param claim claims, moves or restores the rooms in the transaction it is given
 */
export async function takePlace(
  trx: Db,
  by: Actor,
  wish: { meetingId: number; startsAt: Date; endsAt: Date; lines?: readonly EquipmentLine[] },
  claim: (inner: Db) => Promise<ClaimResult>,
): Promise<Extract<ClaimResult, { ok: true }> | PlaceRefused> {
  const before = await listLines(trx, wish.meetingId);
  const lines = wish.lines ?? before;
  if (lines.length === 0 && before.length === 0) return claim(trx);
  try {
    return await trx.transaction(async (inner) => {
      const claimed = await claim(inner);
      if (!claimed.ok) return claimed;
      const taken = await takeEquipment(inner, by, wish.meetingId, wish, lines);
      if (!taken.ok) throw new Short(taken.shortages);
      return claimed;
    });
  } catch (error) {
    if (!(error instanceof Short)) throw error;
    return { ok: false, clashes: [], checks: [], shortages: error.shortages };
  }
}

/** Notes the layout with each of the meeting's rooms that can be set up so; null: as they are. Written before the claims, which count its seats. */
export async function setLayout(
  trx: Db,
  meetingId: number,
  roomIds: readonly number[],
  layout: Layout | null,
): Promise<void> {
  await change(trx, `delete from meeting_layouts where meeting_id = :meeting`, { meeting: meetingId });
  if (layout === null || roomIds.length === 0) return;
  await change(
    trx,
    `insert into meeting_layouts (meeting_id, room_id, layout) select :meeting, room_id, layout from room_layouts where room_id = any(:rooms) and layout = :layout`,
    { meeting: meetingId, rooms: roomIds, layout },
  );
}

/** The same for many meetings, by two statements. */
export async function setLayoutOfMany(
  trx: Db,
  wishes: readonly { meetingId: number; roomIds: readonly number[]; layout: Layout | null }[],
): Promise<void> {
  if (wishes.length === 0) return;
  await change(trx, `delete from meeting_layouts where meeting_id = any(:ids)`, {
    ids: wishes.map(({ meetingId }) => meetingId),
  });
  const list = wishes.flatMap(({ meetingId, roomIds, layout }) =>
    layout === null ? [] : roomIds.map((room) => ({ meeting: meetingId, room, layout })),
  );
  await change(
    trx,
    `insert into meeting_layouts (meeting_id, room_id, layout) select w.meeting, room_id, layout
       from jsonb_to_recordset(cast(:list as jsonb)) as w (meeting bigint, room bigint, layout text) join room_layouts l using (layout) where l.room_id = w.room`,
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
