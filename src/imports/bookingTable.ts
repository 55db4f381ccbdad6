import { plainHeading, readGrid } from '../lib/files/table.js';
import { date, time } from '../lib/http/fields.js';
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
  type Reason,
} from './entry.js';

/** Columns of a table of bookings, with the headings under which they are found, in both languages; the first are the export's. */
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

const FIELD_OF = new Map(
  Object.entries(BOOKING_HEADINGS).flatMap(([field, names]) =>
    names.map((name) => [name as string, field as BookingField]),
  ),
);
export const YES = /^(yes|y|true|1|x|是|✓|√)$/i;
export const NO = /^(no|n|false|0|否)$/i;

/** @param zone in which the times are written @throws Unreadable */
export function readBookingTable(text: string, zone: string): ReadBookings {
  const grid = readGrid(text, MOST_ROWS);
  if (!grid.ok)
    throw new Unreadable({
      key: `moving.file.${grid.reason}`,
      values: { line: grid.at ?? 1, count: MOST_ROWS },
    });
  const columns = grid.head.map((name) => FIELD_OF.get(plainHeading(name)));
  const twice = columns.find((field, at) => field && columns.indexOf(field) !== at);
  if (twice)
    throw new Unreadable({
      key: 'moving.file.twice',
      values: { name: grid.head[columns.lastIndexOf(twice)]?.trim() ?? '' },
    });
  const missing = (['title', 'date', 'start', 'end'] as const).filter((field) => !columns.includes(field));
  if (missing.length)
    throw new Unreadable({
      key: 'moving.file.missing',
      values: { names: missing.map((field) => BOOKING_HEADINGS[field][0]).join(', ') },
    });
  const places = new Map<string, Place>();
  function* entries(): Generator<Entry> {
    if (!grid.ok) return;
    for (const { number, record } of grid.lines) {
      const cells: Partial<Record<BookingField, string>> = {};
      columns.forEach((field, at) => {
        const cell = record[at];
        if (field && cell) cells[field] = cell;
      });
      yield toEntry(number, cells, record, zone, places);
    }
  }
  return {
    entries: entries(),
    places: () => [...places.values()],
    unknownColumns: grid.head
      .filter((name, at) => !columns[at] && name.trim())
      .map((name) => contentOf([name])),
  };
}

function toEntry(
  number: number,
  cells: Partial<Record<BookingField, string>>,
  record: string[],
  zone: string,
  places: Map<string, Place>,
): Entry {
  const { reasons, ...texts } = checkTexts(cells.title ?? '', cells.description ?? '', cells.organiser ?? '');
  const whole = (typed: string | undefined) => /^(\d{4}\D\d{1,2}\D\d{1,2}日?)[ T]+(\S+)$/.exec(typed ?? '');
  const read = (
    typed: string | undefined,
    day: string | undefined,
  ): { at: Date | null; on: string | undefined } => {
    const both = whole(typed); // a day and a time in one cell
    const on = date().safeParse(both?.[1] ?? day ?? '').data;
    const clock = (both?.[2] ?? typed ?? '').replace(/^(\d{1,2}[:：]\d\d)[:：]\d\d$/, '$1');
    const at = /^24[:：]00$/.test(clock) ? '24:00' : time().safeParse(clock).data;
    return { at: on && at ? instantOf(on, at, zone) : null, on };
  };
  const start = read(cells.start, cells.date);
  const end = read(cells.end, cells.end_date ?? start.on);
  const why: Reason[] = [...reasons, ...checkTimes(start.at, end.at)];
  if (cells.private && !YES.test(cells.private) && !NO.test(cells.private))
    why.push({ key: 'moving.bad.yesNo', values: { text: contentOf([cells.private]).slice(0, 40) } });
  if (cells.external_id && cells.external_id.length > 200)
    why.push({ key: 'moving.bad.idTooLong', values: { count: 200 } });
  const label = contentOf([cells.room ?? ''])
    .slice(0, 100)
    .trim();
  const key = label.normalize('NFKC').toLowerCase();
  if (label && !places.has(key)) places.set(key, { key, label, area: '', capacity: null });
  return {
    number,
    ...texts,
    externalId: cells.external_id && why.length === 0 ? cells.external_id : null,
    place: label ? key : null,
    startsAt: start.at,
    endsAt: end.at,
    zone,
    isPrivate: YES.test(cells.private ?? ''),
    isTentative: false,
    content: contentOf(record),
    reasons: why,
  };
}
