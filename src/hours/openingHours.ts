import { addDays, dayOf, startOfDay, timeOf, toInstant, weekdayOf } from '../lib/time/zone.js';

/**
 * Opening hours of one weekday (1 = Monday … 7 = Sunday) in the
 * office's wall time; `closes_at` may be '24:00'.
 */
export interface Hours {
  weekday: number;
  opens_at: string;
  closes_at: string;
}

/** What is different on one day: an exception of the room itself, or a day of its holiday calendar. */
export interface DayRule {
  /** 'YYYY-MM-DD' of the office. */
  on: string;
  /**
   * An exception of the room closes it or gives other hours; a
   * calendar says holiday or make-up working day (调休).
   */
  kind: 'closed' | 'hours' | 'holiday' | 'workday';
  /** With 'hours'. */
  opens_at: string | null;
  closes_at: string | null;
  /** With 'workday': the weekday by whose hours it opens. */
  as_weekday: number | null;
  /** Why, such as "National Day"; an exception's note is the same in both languages. */
  name_en: string;
  name_zh: string;
}

/**
 * When a room is open: its week, and the days that differ from it. Of two rules for one day the first counts.
 */
export type Opening = readonly (Hours | DayRule)[];

/** A span of instants, half-open. */
export interface Span {
  from: Date;
  to: Date;
}

/** What is different on a day, if anything; the room's own exception goes before the calendar. */
export function ruleOn(hours: Opening, on: string): DayRule | undefined {
  const rules = hours.filter((row): row is DayRule => 'on' in row && row.on === on);
  return rules.find(({ kind }) => kind === 'closed' || kind === 'hours') ?? rules[0];
}

/**
 * From when to when a room is open on a local day, in wall time, by
 * whichever rule holds; undefined when it is closed.
 */
export function hoursOn(hours: Opening, on: string): { opens_at: string; closes_at: string } | undefined {
  const rule = ruleOn(hours, on);
  if (rule?.kind === 'closed' || rule?.kind === 'holiday') return undefined;
  if (rule?.kind === 'hours')
    return rule.opens_at && rule.closes_at
      ? { opens_at: rule.opens_at, closes_at: rule.closes_at }
      : undefined;
  const weekday = rule?.as_weekday ?? weekdayOf(on);
  const open = hours.find((row): row is Hours => !('on' in row) && row.weekday === weekday);
  return open && { opens_at: open.opens_at, closes_at: open.closes_at };
}

/** When a room is open on a local day of the office, or undefined when it is closed that day. */
export function openSpan(hours: Opening, on: string, zone: string): Span | undefined {
  const open = hoursOn(hours, on);
  if (!open) return undefined;
  const to =
    open.closes_at === '24:00' ? startOfDay(addDays(on, 1), zone) : wallInstant(on, open.closes_at, zone);
  const from = wallInstant(on, open.opens_at, zone);
  return from < to ? { from, to } : undefined;
}

/** A wall time that a clock change skips counts as the moment of the change. */
function wallInstant(on: string, at: string, zone: string): Date {
  const exact = toInstant(on, at, zone);
  if (exact) return exact;
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  const guess = new Date(startOfDay(on, zone).getTime() + (hour * 60 + minute) * 60_000);
  // One hour too far at most: go back to the first instant whose wall time is not before the one asked for.
  for (
    let back = new Date(guess.getTime() - 2 * 3_600_000);
    back < guess;
    back = new Date(back.getTime() + 15 * 60_000)
  ) {
    if (dayOf(back, zone) === on && timeOf(back, zone) >= at) return back;
  }
  return guess;
}

export interface OutsideHours {
  /** The local day on which it doesn't fit. */
  on: string;
  /** 'HH:MM' both; undefined when the room is closed that day. */
  opens_at?: string;
  closes_at?: string;
  /** Why that day differs from the week. */
  why?: DayRule;
}

/** The first day on which a time is not within the opening hours, or undefined when all of it is. */
export function outsideHours(hours: Opening, from: Date, to: Date, zone: string): OutsideHours | undefined {
  const first = dayOf(from, zone);
  const last = dayOf(new Date(to.getTime() - 1), zone);
  for (let on = first; on <= last; on = addDays(on, 1)) {
    const open = openSpan(hours, on, zone);
    const start = on === first ? from : startOfDay(on, zone);
    const end = on === last ? to : startOfDay(addDays(on, 1), zone);
    if (open && start >= open.from && end <= open.to) continue;
    const why = ruleOn(hours, on);
    return { on, ...(open && hoursOn(hours, on)), why };
  }
  return undefined;
}

/** Hours in which all of several rooms are open, and the days on which that differs, as hours of one room. */
export function commonHours(all: readonly Opening[]): Opening {
  const week = [1, 2, 3, 4, 5, 6, 7].flatMap((weekday) => {
    const both = overlap(
      all.map((hours) => hours.find((row): row is Hours => !('on' in row) && row.weekday === weekday)),
    );
    return both ? [{ weekday, ...both }] : [];
  });
  const days = new Set(all.flatMap((hours) => hours.flatMap((row) => ('on' in row ? [row.on] : []))));
  const rules = [...days].map((on): DayRule => {
    const why = all.map((hours) => ruleOn(hours, on)).find((rule) => rule !== undefined);
    const both = overlap(all.map((hours) => hoursOn(hours, on)));
    const names = { name_en: why?.name_en ?? '', name_zh: why?.name_zh ?? '' };
    return both
      ? { on, kind: 'hours', as_weekday: null, ...both, ...names }
      : { on, kind: 'closed', as_weekday: null, opens_at: null, closes_at: null, ...names };
  });
  return [...week, ...rules];
}

function overlap(
  all: ({ opens_at: string; closes_at: string } | undefined)[],
): { opens_at: string; closes_at: string } | undefined {
  if (all.some((open) => !open)) return undefined;
  const opens_at =
    all
      .map((open) => open?.opens_at ?? '')
      .sort()
      .at(-1) ?? '';
  const closes_at = all.map((open) => open?.closes_at ?? '').sort()[0] ?? '';
  return opens_at < closes_at ? { opens_at, closes_at } : undefined;
}
