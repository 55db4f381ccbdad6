import ICAL from 'ical.js';
import type { Translate } from '../lib/i18n/translate.js';
import { isZone } from '../lib/time/zone.js';
import {
  checkTexts,
  checkTimes,
  contentOf,
  instantOf,
  MOST_ROWS,
  Unreadable,
  type Entry,
  type Place,
  type ReadBookings,
} from './entry.js';

/**
 * Bookings of a calendar file, as MRBS exports one: single events, the room in LOCATION. A rule of
 * repetition is not
 * carried out; such an event is its first date, and says so.
 * @param zone of times that name none @throws Unreadable
 */
export function readCalendar(text: string, zone: string, t: Translate): ReadBookings {
  if (!/^BEGIN:VCALENDAR/im.test(text)) throw new Unreadable({ key: 'moving.file.noCalendar' });
  const places = new Map<string, Place>();
  function* entries(): Generator<Entry> {
    let number = 0;
    const seen = new Set<string>();
    // Event by event: one that is broken spoils no other, and the whole file is never a tree in memory.
    for (const block of blocks(text)) {
      if (++number > MOST_ROWS)
        throw new Unreadable({ key: 'moving.file.too_long', values: { count: MOST_ROWS } });
      const entry = readEvent(number, block, { zone, t, places });
      // Dates of one series may share their UID.
      if (entry.externalId && seen.has(entry.externalId))
        entry.externalId += ` ${entry.startsAt?.toISOString() ?? ''}`;
      if (entry.externalId) seen.add(entry.externalId);
      yield entry;
    }
    if (number === 0) throw new Unreadable({ key: 'moving.file.noEntries' });
  }
  return { entries: entries(), places: () => [...places.values()], unknownColumns: [] };
}

function* blocks(text: string): Generator<string> {
  const begin = /^BEGIN:VEVENT[ \t]*\r?$/gim;
  const close = /^END:VEVENT[ \t]*\r?$/gim;
  while (begin.exec(text)) {
    close.lastIndex = begin.lastIndex;
    if (!close.exec(text)) return;
    yield `BEGIN:VEVENT${text.slice(begin.lastIndex, close.lastIndex).replace(/\r?\n/g, '\r\n').trimEnd()}`;
    begin.lastIndex = close.lastIndex;
  }
}

/** At most so much of one event is looked at: a hostile one must not cost minutes. */
const MOST_OF_ONE = 200_000;

/** What each event of a file is read with. */
interface Reading {
  zone: string;
  t: Translate;
  /** Filled with the rooms that events name. */
  places: Map<string, Place>;
}

function readEvent(number: number, block: string, reading: Reading): Entry {
  try {
    if (block.length <= MOST_OF_ONE)
      return toEntry(
        number,
        new ICAL.Component(ICAL.parse(block) as ConstructorParameters<typeof ICAL.Component>[0]),
        reading,
      );
  } catch {
    // ical.js throws plain errors, some only when a value is read: whatever it says, this event is not one
  }
  return {
    number,
    externalId: null,
    place: null,
    title: '',
    description: '',
    startsAt: null,
    endsAt: null,
    zone: reading.zone,
    organiser: '',
    isPrivate: false,
    isTentative: false,
    content: contentOf([block.slice(0, 400)]),
    reasons: [{ key: 'moving.bad.event' }],
  };
}

function toEntry(number: number, event: ICAL.Component, { zone, t, places }: Reading): Entry {
  const textOf = (name: string): string => {
    const value = event.getFirstPropertyValue(name);
    return value === null || value === undefined ? '' : String(value as unknown);
  };
  const own = zoneOf(event, zone);
  const startsAt = instant(event, 'dtstart', zone);
  const organiser =
    textOf('organizer').replace(/^mailto:/i, '') ||
    String(event.getFirstProperty('organizer')?.getFirstParameter('cn') ?? '');
  const cn = String(event.getFirstProperty('organizer')?.getFirstParameter('cn') ?? '');
  const isTentative = /^tentative$/i.test(textOf('status'));
  const location = contentOf([textOf('location')])
    .slice(0, 100)
    .trim();
  const place = location ? location.normalize('NFKC').toLowerCase() : null;
  if (place && !places.has(place))
    places.set(place, { key: place, label: location, area: '', capacity: null });
  const kept = [
    textOf('description').trim(),
    [
      textOf('categories') ? t('moving.kept.type', { type: textOf('categories') }) : '',
      cn || organiser ? t('moving.kept.by', { name: cn || organiser }) : '',
      isTentative ? t('moving.kept.tentative') : '',
      event.getFirstProperty('rrule') ? t('moving.kept.rule') : '',
    ]
      .filter(Boolean)
      .join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
  const { reasons, ...texts } = checkTexts(textOf('summary'), kept, organiser);
  const endsAt = instant(event, 'dtend', zone) ?? after(event, startsAt);
  const uid = textOf('uid');
  const recurrence = textOf('recurrence-id').replace(/[-:]/g, ''); // as MRBS writes it in its database
  return {
    number,
    ...texts,
    externalId: uid ? contentOf([recurrence ? `${uid} ${recurrence}` : uid]) : null,
    place,
    startsAt,
    endsAt,
    zone: own,
    isPrivate: /^(private|confidential)$/i.test(textOf('class')),
    isTentative,
    content: contentOf([textOf('summary'), location, textOf('dtstart')]),
    reasons: /^cancelled$/i.test(textOf('status'))
      ? [{ key: 'moving.bad.cancelled' }]
      : [...reasons, ...checkTimes(startsAt, endsAt)],
  };
}

function zoneOf(event: ICAL.Component, zone: string): string {
  const named = String(event.getFirstProperty('dtstart')?.getFirstParameter('tzid') ?? '');
  return isZone(named) ? named : zone;
}

function instant(event: ICAL.Component, name: string, zone: string): Date | null {
  const property = event.getFirstProperty(name);
  const time = property?.getFirstValue();
  if (!property || !(time instanceof ICAL.Time)) return null;
  if (time.zone === ICAL.Timezone.utcTimezone) return time.toJSDate();
  const pad = (value: number, length = 2) => String(value).padStart(length, '0');
  const on = `${pad(time.year, 4)}-${pad(time.month)}-${pad(time.day)}`;
  const named = String(property.getFirstParameter('tzid') ?? '');
  return instantOf(
    on,
    time.isDate ? '00:00' : `${pad(time.hour)}:${pad(time.minute)}`,
    isZone(named) ? named : zone,
  );
}

function after(event: ICAL.Component, startsAt: Date | null): Date | null {
  const duration = event.getFirstPropertyValue('duration');
  return startsAt && duration instanceof ICAL.Duration
    ? new Date(startsAt.getTime() + duration.toSeconds() * 1000)
    : null;
}
