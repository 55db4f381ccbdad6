import { LAYOUTS } from '../claims/layouts.js';

export const TEXTS = [
  'name_en',
  'name_zh',
  'code',
  'site',
  'building',
  'floor',
  'contact',
  'note',
  'key_note',
] as const;
export const NUMBERS = ['capacity', 'setup_minutes', 'teardown_minutes', 'sort_order'] as const;

/**
 * Cells that are one thing each; of equipment and parts every single
 * one is a cell, there or not, and can't clash.
 */
export const CELLS: readonly string[] = [
  ...TEXTS,
  ...NUMBERS,
  'min_people',
  'is_step_free',
  'owner_id',
  ...LAYOUTS.map((layout) => `layout-${layout}`),
  ...[1, 2, 3, 4, 5, 6, 7].map((day) => `hours-${day}`),
];
// What the form of a room holds: as posted, as stored, and as cells that can be merged one by one.
