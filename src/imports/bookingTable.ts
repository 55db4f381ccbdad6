import { date, time } from '../lib/http/fields.js';
import { asText, readCells, readLines, yesNo, type Columns, type TableLine } from './columns.js';
import {
  checkTexts,
  checkTimes,
  contentOf,
  instantOf,
  MOST_ROWS,
  type Entry,
  type Place,
  type ReadBookings,
} from './entry.js';

/** Columns of a table of bookings, in the order of the export. Headings are known in both languages. */
export const BOOKING_HEADINGS = {
  external_id: ['id', 'external id', 'booking id', '编号', '外部编号', '预订编号'],
  room: ['room', 'room code', '会议室', '会议室编号', '房间'],
  date: ['date', 'day', '日期', '会议日期'],
  start: ['start', 'from', 'start time', '开始时间', '开始'],
  end: ['end', 'to', 'until', 'end time', '结束时间', '结束'],
  end_date: ['end date', '结束日期'],
  title: ['title', 'subject', 'name', '标题', '会议名称', '主题', '名称'],
  organiser: ['organiser', 'organizer', 'booked by', '组织人', '预订人', '召集人', '联系人'],
  private: ['private', '不公开', '私密', '内部'],
  description: ['description', 'note', 'notes', '说明', '备注', '会议内容'],
} as const;
export type BookingField = keyof typeof BOOKING_HEADINGS;
export const BOOKING_COLUMNS = Object.keys(BOOKING_HEADINGS) as BookingField[];

const LONGEST_ID = 200;

/** A cell of the columns "start" and "end". It may hold a day, too. */
interface Moment {
  /** As typed. */
  day: string | undefined;
  /** HH:MM, or 24:00 */
  clock: string | undefined;
}

interface BookingCells {
  external_id: string;
  room: string;
  date: string;
  start: Moment;
  end: Moment;
  end_date: string;
  title: string;
  organiser: string;
  private: boolean;
  description: string;
}

/**
 * What stands in days, times and texts is judged with the whole line, because one cell depends on another.
 */
const COLUMNS: Columns<BookingCells, unknown> = {
  title: asText,
  description: asText,
  organiser: asText,
  date: asText,
  end_date: asText,
  start: { read: readMoment },
  end: { read: readMoment },
  private: yesNo,
  external_id: {
    ...asText,
    reasons: (text) =>
      text.length > LONGEST_ID ? [{ key: 'moving.bad.idTooLong', values: { count: LONGEST_ID } }] : [],
  },
  room: { read: (text) => contentOf([text]).slice(0, 100).trim() },
};

/** @param zone in which the times are written @throws Unreadable */
export function readBookingTable(text: string, zone: string): ReadBookings {
  const { lines, unknown } = readLines(text, BOOKING_HEADINGS, {
    most: MOST_ROWS,
    required: ['title', 'date', 'start', 'end'],
  });
  const places = new Map<string, Place>();
  function* entries(): Generator<Entry> {
    for (const line of lines) {
      const { entry, place } = readEntry(line, zone);
      if (place && !places.has(place.key)) places.set(place.key, place);
      yield entry;
    }
  }
  return { entries: entries(), places: () => [...places.values()], unknownColumns: unknown };
}

function readEntry(line: TableLine<BookingField>, zone: string): { entry: Entry; place: Place | undefined } {
  const { values, reasons: ofCells } = readCells(COLUMNS, line.cells, undefined);
  const { reasons: ofTexts, ...texts } = checkTexts(
    values.title ?? '',
    values.description ?? '',
    values.organiser ?? '',
  );
  const startsOn = readDay(values.start?.day ?? values.date);
  const endsOn = readDay(values.end?.day ?? values.end_date ?? startsOn);
  const startsAt = toInstant(startsOn, values.start?.clock, zone);
  const endsAt = toInstant(endsOn, values.end?.clock, zone);
  const reasons = [...ofTexts, ...checkTimes(startsAt, endsAt), ...ofCells];
  const place = placeOf(values.room ?? '');
  const entry: Entry = {
    number: line.number,
    ...texts,
    externalId: reasons.length === 0 ? (values.external_id ?? null) : null,
    place: place?.key ?? null,
    startsAt,
    endsAt,
    zone,
    isPrivate: values.private ?? false,
    isTentative: false,
    content: contentOf(line.record),
    reasons,
  };
  return { entry, place };
}

/** A day and a time may stand in one cell. Seconds are left out. */
function readMoment(typed: string): Moment {
  const both = /^(\d{4}\D\d{1,2}\D\d{1,2}日?)[ T]+(\S+)$/.exec(typed);
  const clock = (both?.[2] ?? typed).replace(/^(\d{1,2}[:：]\d\d)[:：]\d\d$/, '$1');
  return { day: both?.[1], clock: /^24[:：]00$/.test(clock) ? '24:00' : time().safeParse(clock).data };
}

/** @returns YYYY-MM-DD */
function readDay(typed: string | undefined): string | undefined {
  return date().safeParse(typed ?? '').data;
}

function toInstant(day: string | undefined, clock: string | undefined, zone: string): Date | null {
  return day && clock ? instantOf(day, clock, zone) : null;
}

function placeOf(label: string): Place | undefined {
  return label ? { key: label.normalize('NFKC').toLowerCase(), label, area: '', capacity: null } : undefined;
}
