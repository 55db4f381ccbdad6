/** A kind of equipment as the catalogue names it: fitted in rooms, or movable with a number of pieces. */
export interface EquipmentKind {
  id: number;
  code: string;
  name_en: string;
  name_zh: string;
  is_movable: boolean;
  /** Pieces, of what is movable; else null. */
  stock: number | null;
  /** No longer offered; rooms that have it keep it. */
  is_active: boolean;
  sort_order: number;
  version: number;
}

interface Names {
  name(of: { name_en: string; name_zh: string }): string;
}

/** The names of codes in the order of the catalogue; a code that the catalogue doesn't have is left out. */
export function equipmentNames(
  codes: readonly string[],
  kinds: readonly EquipmentKind[],
  fmt: Names,
): string[] {
  return kinds.filter(({ code }) => codes.includes(code)).map((kind) => fmt.name(kind));
}

/** Choices for checkboxes: what may be fitted in a room, and what `chosen` holds already. */
export function equipmentOptions(
  kinds: readonly EquipmentKind[],
  fmt: Names,
  chosen: readonly string[] = [],
): { value: string; label: string }[] {
  return kinds
    .filter((kind) => !kind.is_movable && (kind.is_active || chosen.includes(kind.code)))
    .map((kind) => ({ value: kind.code, label: fmt.name(kind) }));
}

/** What codes look like; in filters, where an unknown one finds nothing. */
export const EQUIPMENT_CODE = /^[a-z0-9][a-z0-9-]{0,39}$/;
