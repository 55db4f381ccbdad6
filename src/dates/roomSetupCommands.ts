import type { Actor } from '../lib/audit/record.js';
import type { Db } from '../lib/db/db.js';
import { describeLines, takeEquipment, type EquipmentLine } from '../equipment/commands.js';
import type { RoomsRefused } from '../meetings/commands.js';

import type { RoomSetup } from './roomSetups.js';
import { setLayout } from '../meetings/placeCommands.js';

// Layout and movable equipment of all dates of a plan, by a handful of statements, once the rooms are
// claimed.

export interface DateRoomSetup {
  /** Date of the plan. */
  on: string;
  meetingId: number;
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  layout: RoomSetup['layout'];
  lines: readonly EquipmentLine[];
}

/** @param refused dates that can't have their rooms; those that are short of equipment are added to them */
export async function setUpRooms(
  trx: Db,
  by: Actor,
  setups: readonly DateRoomSetup[],
  refused: Map<string, RoomsRefused>,
): Promise<void> {
  await setLayout(trx, setups);
  const short = await takeEquipment(
    trx,
    by,
    setups.filter(({ on }) => !refused.has(on)),
  );
  for (const { on, meetingId } of setups) {
    const shortages = short.get(meetingId);
    if (shortages) refused.set(on, { ok: false, clashes: [], checks: [], shortages });
  }
}

/** For the history. */
export async function describeRoomSetup(
  trx: Db,
  { layout, equipment, expected }: RoomSetup,
): Promise<{ layout: string | null; equipment: string[]; expected_count: number | null }> {
  return { layout, equipment: await describeLines(trx, equipment), expected_count: expected };
}
