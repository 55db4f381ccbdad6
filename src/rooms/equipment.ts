import type { Translate } from '../lib/i18n/translate.js';

/** What a room may be fitted with; the codes stand in `rooms.equipment`. In the order in which pages show them. */
export const EQUIPMENT = ['video', 'projector', 'display', 'whiteboard', 'microphone', 'phone', 'recording', 'interpretation', 'tea'] as const;
export type Equipment = (typeof EQUIPMENT)[number];

export function isEquipment(code: string): code is Equipment {
  return (EQUIPMENT as readonly string[]).includes(code);
}

/** The names of codes in the order of the catalogue; a code that the catalogue no longer has is left out. */
export function equipmentNames(codes: readonly string[], t: Translate): string[] {
  return EQUIPMENT.filter((code) => codes.includes(code)).map((code) => t(`rooms.equipment.${code}`));
}

/** Choices for checkboxes. */
export function equipmentOptions(t: Translate): { value: Equipment; label: string }[] {
  return EQUIPMENT.map((value) => ({ value, label: t(`rooms.equipment.${value}`) }));
}
