import type { EquipmentLine } from '../equipment/commands.js';
import type { Layout } from '../claims/layouts.js';
import { isSame } from '../meetings/placeCommands.js';

// What dates of a standing meeting have in their rooms: how these are laid out, what is carried into them,
// for how many. Pure.

export interface RoomSetup {
  layout: Layout | null;
  equipment: readonly EquipmentLine[];
  /** People expected, when known. */
  expected: number | null;
}

/** What all of several dates shall have; undefined: what they have. */
export interface RoomSetupRequest {
  layout?: Layout | null;
  equipment?: readonly EquipmentLine[];
  expected?: number | null;
}

/**
 * What one date becomes: the new setting where it has the usual one; what was changed for one date stays.
 * @param isOpened the date from which the change was asked for follows in what was typed anew
 */
export function roomSetupFor(
  date: RoomSetup,
  usual: RoomSetup,
  request: RoomSetupRequest,
  isOpened: boolean,
): RoomSetup {
  const { layout, equipment, expected } = request;
  return {
    layout:
      layout !== undefined && (date.layout === usual.layout || (isOpened && layout !== usual.layout))
        ? layout
        : date.layout,
    equipment:
      equipment !== undefined &&
      (isSame(date.equipment, usual.equipment) || (isOpened && !isSame(equipment, usual.equipment)))
        ? equipment
        : date.equipment,
    expected:
      expected !== undefined &&
      (date.expected === usual.expected || (isOpened && expected !== usual.expected))
        ? expected
        : date.expected,
  };
}
