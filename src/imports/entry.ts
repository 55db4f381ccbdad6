import type { Key, Values } from '../lib/i18n/translate.js';
import { toInstant } from '../lib/time/zone.js';

export interface Reason {
  key: Key;
  values?: Values;
}

/** A booking as a file holds it, whatever kind of file. With reasons, it can't be used. */
export interface Entry {
  /** Line of a table, else its place in the file; from 1. */
  number: number;
  /** The source's own id; null: room, start, end and title stand for it. */
  externalId: string | null;
  /** Key of the place; null: it takes place in no room. */
  place: string | null;
  title: string;
  description: string;
  startsAt: Date | null;
  endsAt: Date | null;
  zone: string;
  /** Name or address of who booked; may be empty. */
  organiser: string;
  isPrivate: boolean;
  isTentative: boolean;
  /** What it says, for whoever looks for a bad line. */
  content: string;
  reasons: Reason[];
}

/** A room as the source names it. */
export interface Place {
  key: string;
  label: string;
  area: string;
  capacity: number | null;
}

export interface ReadBookings {
  entries: Iterable<Entry>;
  /** Known once all entries have been read. */
  places(): Place[];
  unknownColumns: string[];
}

/** Most bookings of one file. */
export const MOST_ROWS = 100_000;
/** Most bytes of one file. */
export const MOST_BYTES = 20 * 1024 * 1024;

/** The file can't be read at all; the text says why. */
export class Unreadable extends Error {
  constructor(readonly reason: Reason) {
    super(reason.key);
  }
}

/** Control characters, marks of writing direction, and halves of a surrogate pair. */
const UNSTORABLE = new RegExp(
  [
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
    /[\ud800-\udbff](?![\udc00-\udfff])/,
    /(?<![\ud800-\udbff])[\udc00-\udfff]/,
  ]
    .map(({ source }) => source)
    .join('|'),
);

/** Text as it may be stored, and why not. */
export function checkTexts(
  title: string,
  description: string,
  organiser: string,
): { title: string; description: string; organiser: string; reasons: Reason[] } {
  const reasons: Reason[] = [];
  const oneLine = (text: string) => text.normalize('NFC').replace(/\s+/g, ' ').trim();
  const texts = {
    title: oneLine(title),
    description: description.normalize('NFC').replace(/\r\n?/g, '\n').trim(),
    organiser: oneLine(organiser),
  };
  if (!texts.title) reasons.push({ key: 'moving.bad.noTitle' });
  if ([...texts.title].length > 200) reasons.push({ key: 'moving.bad.titleTooLong', values: { count: 200 } });
  if ([...texts.description].length > 19_000)
    reasons.push({ key: 'moving.bad.descriptionTooLong', values: { count: 19_000 } });
  if (UNSTORABLE.test(texts.title + texts.description + texts.organiser))
    reasons.push({ key: 'moving.bad.characters' });
  return {
    title: storable(texts.title, 400),
    description: storable(texts.description, 20_000),
    organiser: storable(texts.organiser, 300),
    reasons,
  };
}

/**
 * What is refused is still shown, so it must be storable, too; a letter that is cut in two becomes U+FFFD.
 */
function storable(text: string, most: number): string {
  return Buffer.from(text.replace(new RegExp(UNSTORABLE, 'g'), '\ufffd').slice(0, most)).toString();
}

/** What a bad line says, cut. */
export function contentOf(cells: string[]): string {
  return storable(cells.filter(Boolean).join(' · ').replace(/\s+/g, ' '), 200);
}

const [FIRST, LAST] = [Date.UTC(1990, 0, 1), Date.UTC(2100, 0, 1)];

export function checkTimes(startsAt: Date | null, endsAt: Date | null): Reason[] {
  if (!startsAt || !endsAt) return [{ key: 'moving.bad.times' }];
  if (startsAt >= endsAt) return [{ key: 'moving.bad.order' }];
  if (startsAt.getTime() < FIRST || endsAt.getTime() > LAST) return [{ key: 'moving.bad.year' }];
  return [];
}

/**
 * An instant of 'YYYY-MM-DD' and 'HH:MM', the end of a day also as 24:00; null for one that a clock change
 * skips.
 */
export function instantOf(on: string, at: string, zone: string): Date | null {
  if (at !== '24:00') return toInstant(on, at, zone) ?? null;
  const next = new Date(Date.parse(`${on}T00:00:00Z`) + 86_400_000);
  return Number.isNaN(next.getTime())
    ? null
    : (toInstant(next.toISOString().slice(0, 10), '00:00', zone) ?? null);
}
