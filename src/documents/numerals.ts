import type { Lang } from '../lib/i18n/translate.js';

/** '2026-11-03' → 3 November 2026 · 2026年11月3日 */
export function longDate(on: string, lang: Lang): string {
  const [year, month, day] = on.split('-').map(Number) as [number, number, number];
  return new Intl.DateTimeFormat(lang === 'en' ? 'en-GB' : lang, {
    timeZone: 'UTC',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
  }).format(Date.UTC(year, month - 1, day));
}

const digits = [...'零一二三四五六七八九'];

/** 1 → 一, 12 → 十二, 40 → 四十, 105 → 一百零五; up to 999. */
export function chineseNumber(n: number): string {
  if (n >= 100) {
    return `${digits[Math.floor(n / 100)]}百${belowHundred(n % 100)}`;
  }
  const tens = Math.floor(n / 10);
  const ones = n % 10;
  return `${tens > 1 ? digits[tens] : ''}${tens > 0 ? '十' : ''}${ones > 0 || n === 0 ? digits[ones] : ''}`;
}

/** What follows 百: nothing, 零五, 一十二, 四十. */
function belowHundred(rest: number): string {
  if (rest === 0) return '';
  if (rest < 10) return `零${digits[rest]}`;
  return `${rest < 20 ? '一' : ''}${chineseNumber(rest)}`;
}
