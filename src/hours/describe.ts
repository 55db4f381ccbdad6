import type { Translate } from '../lib/i18n/translate.js';
import type { Hours } from './openingHours.js';

/** 1 = Monday … 7 = Sunday. */
export function weekdayName(weekday: number, t: Translate): string {
  return t(`rooms.weekday.${weekday as 1 | 2 | 3 | 4 | 5 | 6 | 7}`);
}

/** Opening hours in as few lines as say it: neighbouring days with the same hours are one. */
export function describeHours(hours: readonly Hours[], t: Translate): string[] {
  const groups: { first: number; last: number; text: string }[] = [];
  for (let weekday = 1; weekday <= 7; weekday++) {
    const open = hours.find((row) => row.weekday === weekday);
    if (!open) continue;
    const text = `${open.opens_at}–${open.closes_at}`;
    const before = groups.at(-1);
    if (before && before.last === weekday - 1 && before.text === text) before.last = weekday;
    else groups.push({ first: weekday, last: weekday, text });
  }
  return groups.map(({ first, last, text }) =>
    first === last
      ? `${weekdayName(first, t)} ${text}`
      : t('rooms.hours.days', { first: weekdayName(first, t), last: weekdayName(last, t), hours: text }),
  );
}
