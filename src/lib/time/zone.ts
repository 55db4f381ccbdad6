import { DateTime, IANAZone } from 'luxon';

/**
 * The one place where wall time becomes an instant (Node's zone data; the database's may differ).
 * @param on 'YYYY-MM-DD'  @param at 'HH:MM'  @param zone IANA name
 * @returns the instant; of a time that exists twice, the first; undefined for one that a clock change skips
 */
export function toInstant(on: string, at: string, zone: string): Date | undefined {
  const wall = Date.parse(`${on}T${at}:00Z`);
  if (Number.isNaN(wall) || !new Date(wall).toISOString().startsWith(`${on}T${at}:`)) return undefined;
  const [before, after] = offsetsAround(on, zone);
  if (before === after) return new Date(wall - before);
  // Clocks change within a day or so: one of the two fits, or both (the hour exists twice), or none.
  const fits = [wall - before, wall - after].filter(
    (instant) => wallTime(new Date(instant), zone) === `${on} ${at}`,
  );
  return fits.length > 0 ? new Date(Math.min(...fits)) : undefined;
}

const offsets = new Map<string, [number, number]>();

/**
 * Milliseconds ahead of UTC a day before a local day begins and a day
 * after it ends; asked again and again for the same days.
 */
function offsetsAround(on: string, zone: string): [number, number] {
  const key = `${zone} ${on}`;
  let known = offsets.get(key);
  if (!known) {
    const offsetAt = (instant: number) =>
      Date.parse(`${wallTime(new Date(instant), zone).replace(' ', 'T')}:00Z`) - instant;
    const midnight = Date.parse(`${on}T00:00:00Z`);
    known = [offsetAt(midnight - 86_400_000), offsetAt(midnight + 2 * 86_400_000)];
    if (offsets.size >= 5_000) offsets.clear();
    offsets.set(key, known);
  }
  return known;
}

/** The first instant of a local day; where midnight is skipped by a clock change, the first that exists. */
export function startOfDay(on: string, zone: string): Date {
  return toInstant(on, '00:00', zone) ?? DateTime.fromISO(on, { zone }).startOf('day').toJSDate();
}

// Swedish writes dates and times as ISO 8601 does. Ten times as fast as a library's object for each instant.
const clocks = new Map<string, Intl.DateTimeFormat>();

/** 'YYYY-MM-DD HH:MM' in a zone. */
function wallTime(instant: Date, zone: string): string {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clocks.set(zone, clock);
  }
  return clock.format(instant);
}

/** 'YYYY-MM-DD' of an instant in a zone. */
export function dayOf(instant: Date, zone: string): string {
  return wallTime(instant, zone).slice(0, 10);
}

/** 'HH:MM' of an instant in a zone. */
export function timeOf(instant: Date, zone: string): string {
  return wallTime(instant, zone).slice(11);
}

/** A day some days later or earlier. */
export function addDays(on: string, days: number): string {
  return new Date(Date.parse(`${on}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** ISO 8601 weekday, 1 = Monday … 7 = Sunday. */
export function weekdayOf(on: string): number {
  return new Date(`${on}T00:00:00Z`).getUTCDay() || 7;
}

const zones = new Set<string>();

export function isZone(name: string): boolean {
  // Asking Node makes a formatter for each question; there are a few
  // hundred right answers, so those are kept.
  if (zones.has(name)) return true;
  const is = name.includes('/') && IANAZone.isValidZone(name);
  if (is) zones.add(name);
  return is;
}

/**
 * Reads a time as people type it: "9", "930", "9:30", "09：30", "9.30", "9点半", "9点30分".
 * @returns 'HH:MM', or undefined
 */
export function parseTime(typed: string): string | undefined {
  const text = typed
    .normalize('NFKC')
    .trim()
    .replace(/点半$/, ':30')
    .replace(/[点时]/, ':')
    .replace(/分$/, '')
    .replace(/:$/, '');
  const match = /^(\d{1,2})(?:[:.h]?([0-5]\d))?$/.exec(text) ?? /^(\d)([0-5]\d)$/.exec(text);
  if (!match?.[1]) return undefined;
  const hour = Number(match[1]);
  if (hour > 23) return undefined;
  return `${String(hour).padStart(2, '0')}:${match[2] ?? '00'}`;
}
