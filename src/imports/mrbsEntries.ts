import type { Translate } from '../lib/i18n/translate.js';
import { isZone } from '../lib/time/zone.js';
import {
  checkTexts,
  checkTimes,
  contentOf,
  MOST_ROWS,
  Unreadable,
  type Entry,
  type Place,
  type ReadBookings,
} from './entry.js';
import { DumpError, looksLikeDump, readDump, type DumpRow } from './mrbsDump.js';

/** Bits of mrbs_entry.status. */
const STATUS = { private: 1, awaitingApproval: 2, tentative: 4 };

/**
 * Bookings of a dump of MRBS. Times are seconds since 1970. Each date of a series is a row of its own in
 * mrbs_entry, so
 * mrbs_repeat is not needed. A dump names rooms after entries (its tables stand in the order of the
 * alphabet).
 * @param zone for areas that name none, as in versions before 1.5
 * @param t in the language of what is kept in the description
 * @throws Unreadable
 */
export function readMrbsDump(text: string, zone: string, t: Translate): ReadBookings {
  if (!looksLikeDump(text)) throw new Unreadable({ key: 'moving.file.noMrbs' });
  const rooms = new Map<string, DumpRow['values']>();
  const areas = new Map<string, DumpRow['values']>();
  const used = new Set<string>();
  const zones = zonesOfPlaces(text);
  function* entries(): Generator<Entry> {
    let number = 0;
    const seen = new Set<string>();
    try {
      for (const { table, values } of readDump(text)) {
        if (table === 'room') rooms.set(values.id ?? '', values);
        else if (table === 'area') areas.set(values.id ?? '', values);
        else if (table === 'entry') {
          if (++number > MOST_ROWS)
            throw new Unreadable({ key: 'moving.file.too_long', values: { count: MOST_ROWS } });
          used.add(roomKey(values.room_id));
          const entry = toEntry(number, values, zones.get(roomKey(values.room_id)) ?? zone, t);
          if (entry.externalId !== null && seen.has(entry.externalId))
            entry.externalId += ` ${values.id ?? ''}`;
          if (entry.externalId !== null) seen.add(entry.externalId);
          yield entry;
        }
      }
    } catch (error) {
      if (error instanceof DumpError)
        throw new Unreadable({ key: `moving.file.dump_${error.reason}`, values: { line: error.line } });
      throw error;
    }
    if (number === 0) throw new Unreadable({ key: 'moving.file.noEntries' });
  }
  const places = () =>
    [...used].map((key): Place => {
      const room = rooms.get(key.slice(5));
      const area = room ? areas.get(room.area_id ?? '') : undefined;
      const seats = Number(room?.capacity ?? 0);
      const label = contentOf([room?.room_name ?? ''])
        .slice(0, 100)
        .trim();
      return {
        key,
        label: label || t('moving.place.unknown', { id: contentOf([key.slice(5)]).slice(0, 20) }),
        area: contentOf([area?.area_name ?? ''])
          .slice(0, 100)
          .trim(),
        capacity: Number.isInteger(seats) && seats >= 1 && seats <= 5000 ? seats : null,
      };
    });
  return { entries: entries(), places, unknownColumns: [] };
}

/** Zones of the areas of a dump, by the key of the place: areas come first in a dump, but need not. */
function zonesOfPlaces(text: string): Map<string, string> {
  const areas = new Map<string, string>();
  const found = new Map<string, string>();
  const rooms: DumpRow['values'][] = [];
  try {
    for (const { table, values } of readDump(text)) {
      if (table === 'area' && values.timezone && isZone(values.timezone))
        areas.set(values.id ?? '', values.timezone);
      else if (table === 'room') rooms.push(values);
    }
  } catch (error) {
    if (!(error instanceof DumpError)) throw error; // told by whoever reads the entries
  }
  for (const room of rooms) {
    const zone = areas.get(room.area_id ?? '');
    if (zone) found.set(roomKey(room.id), zone);
  }
  return found;
}

function roomKey(id: string | null | undefined): string {
  return `room:${(id ?? '').slice(0, 40)}`;
}

/**
 * MRBS gives an entry that is edited a new number and keeps its ical_uid, which is unique in the world and
 * which its calendar
 * file has, too; dates of a series share it and differ by ical_recur_id. Versions before 1.4.5 have the
 * number only.
 */
function externalIdOf({ id, ical_uid, ical_recur_id }: DumpRow['values']): string | null {
  const uid = contentOf([ical_uid ?? '']);
  if (!uid) return id ? id.slice(0, 200) : null;
  return ical_recur_id ? `${uid} ${ical_recur_id.slice(0, 40).replace(/[-:]/g, '')}` : uid;
}

function instant(seconds: string | null | undefined): Date | null {
  return /^\d{1,11}$/.test(seconds ?? '') ? new Date(Number(seconds) * 1000) : null;
}

function toEntry(number: number, values: DumpRow['values'], zone: string, t: Translate): Entry {
  const status = Number(values.status ?? 0) || 0;
  const organiser = (values.create_by ?? '').trim();
  const [isTentative, isAwaiting] = [
    Boolean(status & STATUS.tentative),
    Boolean(status & STATUS.awaitingApproval),
  ];
  const type = { I: 'internal', E: 'external' }[values.type ?? ''];
  const kept = [
    values.description?.trim() ?? '',
    [
      values.type ? t('moving.kept.type', { type: type ? `${values.type} (${type})` : values.type }) : '',
      organiser ? t('moving.kept.by', { name: organiser }) : '',
      isTentative ? t('moving.kept.tentative') : '',
      isAwaiting ? t('moving.kept.awaiting') : '',
    ]
      .filter(Boolean)
      .join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
  const { reasons, ...texts } = checkTexts(values.name ?? '', kept, organiser);
  const [startsAt, endsAt] = [instant(values.start_time), instant(values.end_time)];
  const id = values.id ?? '';
  return {
    number,
    ...texts,
    externalId: externalIdOf(values),
    place: roomKey(values.room_id),
    startsAt,
    endsAt,
    zone,
    // Before 1.4.5 `private` was a column of its own.
    isPrivate: Boolean(status & STATUS.private) || values.private === '1',
    isTentative: isTentative || isAwaiting,
    content: contentOf([`#${id}`, values.name ?? '', values.create_by ?? '']),
    reasons: [...reasons, ...checkTimes(startsAt, endsAt)],
  };
}
