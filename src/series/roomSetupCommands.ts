import type { Actor } from '../lib/audit/record.js';
import type { Db } from '../lib/db/db.js';
import { tellLines, type EquipmentLine } from '../equipment/commands.js';
import { takeEquipmentForMany } from '../equipment/manyCommands.js';
import type { RoomsRefused } from '../meetings/commands.js';
import type { Setting } from './dateSettings.js';
import { setLayoutOfMany } from '../meetings/placeCommands.js';
import type { WrittenDate } from './dateCommands.js';

// Layout and movable equipment of all dates of a plan, by a handful of statements, once the rooms are claimed.

export interface Outfit {
  /** Date of the plan. */
  on: string;
  meetingId: number;
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  layout: Setting['layout'];
  lines: readonly EquipmentLine[];
}

/** What new dates get. @param ids the meetings by date */
export function outfitsOf(
  ids: ReadonlyMap<string, number>,
  dates: readonly WrittenDate[],
  { layout, equipment }: Setting,
): Outfit[] {
  if (layout === null && equipment.length === 0) return [];
  return dates.flatMap(({ on, roomIds, startsAt, endsAt, skipped, isBare }) => {
    const meetingId = ids.get(on);
    return meetingId === undefined || skipped !== null
      ? []
      : [{ on, meetingId, roomIds, startsAt, endsAt, layout, lines: isBare ? [] : equipment }];
  });
}

/** @param refused dates that can't have their rooms; those that are short of equipment are added to them */
export async function outfitDates(
  trx: Db,
  by: Actor,
  outfits: readonly Outfit[],
  refused: Map<string, RoomsRefused>,
): Promise<void> {
  await setLayoutOfMany(trx, outfits);
  const short = await takeEquipmentForMany(
    trx,
    by,
    outfits.filter(({ on }) => !refused.has(on)),
  );
  for (const { on, meetingId } of outfits) {
    const shortages = short.get(meetingId);
    if (shortages) refused.set(on, { ok: false, clashes: [], checks: [], shortages });
  }
}

/** For the history. */
export async function tellSetting(
  trx: Db,
  { layout, equipment, expected }: Setting,
): Promise<{ layout: string | null; equipment: string[]; expected_count: number | null }> {
  return { layout, equipment: await tellLines(trx, equipment), expected_count: expected };
}
