import type { Lang } from '../i18n/translate.js';

/** A row with a name in both languages, or a person with an optional Latin name beside the native one. */
export interface Named {
  name?: string | null;
  name_en?: string | null;
  name_zh?: string | null;
}

/** Dates, times, numbers and names as one person reads them. Built once per language and zone. */
export interface Format {
  /** Mon 23 Nov 2026 · 2026年11月23日 周一 */
  day(instant: Date): string;
  /** Mon 23 Nov · 11月23日 周一 */
  shortDay(instant: Date): string;
  /** A date without a time, given as 'YYYY-MM-DD'. */
  date(on: string): string;
  shortDate(on: string): string;
  /** 09:00 */
  time(instant: Date): string;
  /** 09:00–10:30, or with both days when it passes midnight */
  range(from: Date, to: Date): string;
  /** The long name of a zone at an instant: summer time has its own. */
  zoneName(zone: string, at: Date): string;
  dateTime(instant: Date): string;
  number(value: number): string;
  name(row: Named | null | undefined): string;
  lang: Lang;
  zone: string;
}

const built = new Map<string, Format>();

export function format(lang: Lang, zone: string): Format {
  const key = `${lang} ${zone}`;
  let made = built.get(key);
  if (!made) built.set(key, (made = build(lang, zone)));
  return made;
}

function build(lang: Lang, zone: string): Format {
  const locale = lang === 'en' ? 'en-GB' : 'zh-CN';
  const of = (options: Intl.DateTimeFormatOptions, timeZone = zone) =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options });
  const full = { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' } as const;
  const short = { weekday: 'short', month: 'short', day: 'numeric' } as const;
  const day = of(full);
  const shortDay = of(short);
  const date = of(full, 'UTC');
  const shortDate = of(short, 'UTC');
  const time = of({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const numbers = new Intl.NumberFormat(locale);
  // en-GB writes "Mon, 23 Nov 2026" and zh-CN glues the weekday to the date; an office notice writes neither.
  const tidy = (text: string) => (lang === 'en' ? text.replace(',', '') : text.replace(/日(周.)/, '日 $1'));
  const showDay = (instant: Date) => tidy(day.format(instant));
  return {
    lang,
    zone,
    day: showDay,
    shortDay: (instant) => tidy(shortDay.format(instant)),
    date: (on) => tidy(date.format(new Date(`${on}T00:00:00Z`))),
    shortDate: (on) => tidy(shortDate.format(new Date(`${on}T00:00:00Z`))),
    time: (instant) => time.format(instant),
    range(from, to) {
      const sameDay = day.format(from) === day.format(to);
      return sameDay
        ? `${time.format(from)}–${time.format(to)}`
        : `${time.format(from)} – ${showDay(to)} ${time.format(to)}`;
    },
    dateTime: (instant) => `${showDay(instant)} ${time.format(instant)}`,
    zoneName: (of, at) => zoneName(lang, of, at),
    number: (value) => numbers.format(value),
    name(row) {
      if (!row) return '';
      return (
        (lang === 'en' ? row.name_en || row.name || row.name_zh : row.name_zh || row.name || row.name_en) ??
        ''
      );
    },
  };
}

const zoneNames = new Map<string, Intl.DateTimeFormat>();

/** The long name of a zone at an instant. */
export function zoneName(lang: Lang, zone: string, at: Date): string {
  const key = `${lang} ${zone}`;
  let names = zoneNames.get(key);
  if (!names)
    zoneNames.set(
      key,
      (names = new Intl.DateTimeFormat(lang === 'en' ? 'en-GB' : 'zh-CN', {
        timeZone: zone,
        timeZoneName: 'long',
      })),
    );
  return names.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? zone;
}
