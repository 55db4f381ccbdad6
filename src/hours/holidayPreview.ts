import { CsvError, parse } from 'csv-parse/sync';
import ICAL from 'ical.js';
import type { Key, Values } from '../lib/i18n/translate.js';
import { addDays } from '../lib/time/zone.js';
import type { Holiday } from './holidayQueries.js';

// Reads a holiday calendar out of an .ics file (all-day events) or a table, and
// says what an import would do. Pure, so that preview and import can't differ.

/** Longest text that is read, in characters, and most events or lines of it. */
export const LONGEST = 500_000;
const MOST = 2_000;
const LONGEST_HOLIDAY = 31;

export interface Reason {
  key: Key;
  values?: Values;
}

interface Entry {
  /** Of a table the line in the file, of a calendar the number of the event; from 1. */
  number: number;
  /** What stands there, to be recognised by. */
  text: string;
  days: Holiday[];
  reasons: Reason[];
}

export type Entries =
  { ok: true; kind: 'events' | 'lines'; entries: Entry[] } | { ok: false; problem: Reason };

export type HolidayPreview = { number: number; text: string } & (
  { outcome: 'bad'; reasons: Reason[] } | { outcome: 'add' | 'change' | 'same'; days: Holiday[] }
);

const broken = (key: Key, values?: Values): Entries => ({
  ok: false,
  problem: { key, values },
});

export function readHolidays(given: string): Entries {
  const text = given.replace(/^\ufeff/, '').trim();
  if (!text) return broken('hours.import.empty');
  if (text.length > LONGEST) return broken('hours.import.tooBig');
  return /^BEGIN:VCALENDAR/i.test(text) ? readEvents(text) : readTable(text);
}

/** A make-up working day is marked 班 in the calendars that Chinese phones subscribe to, or says so. */
const WORKDAY = /班|working\s?day|work\s?day/i;

function readEvents(text: string): Entries {
  let events: ICAL.Component[];
  try {
    const parsed: unknown = ICAL.parse(text);
    const root = new ICAL.Component(parsed as ConstructorParameters<typeof ICAL.Component>[0]);
    events = root.getAllSubcomponents('vevent');
  } catch {
    return broken('hours.import.notCalendar');
  }
  if (!events.length) return broken('hours.import.empty');
  if (events.length > MOST) return broken('hours.import.tooMany', { count: MOST });
  return { ok: true, kind: 'events', entries: events.map((event, at) => readEvent(event, at + 1)) };
}

function readEvent(event: ICAL.Component, number: number): Entry {
  const name = cleanName(String(event.getFirstPropertyValue('summary') ?? ''));
  const start = event.getFirstPropertyValue('dtstart');
  const end = event.getFirstPropertyValue('dtend');
  const bad = (key: Key, values?: Values): Entry => ({
    number,
    text: name,
    days: [],
    reasons: [{ key, values }],
  });
  if (!name) return bad('hours.import.noName');
  if (event.hasProperty('rrule') || event.hasProperty('rdate')) return bad('hours.import.repeats');
  if (!(start instanceof ICAL.Time) || !start.isDate) return bad('hours.import.notAllDay');
  const first = dateOf(start);
  // DTEND is the day after; without one it is a single day.
  const last = end instanceof ICAL.Time && end.isDate ? addDays(dateOf(end), -1) : first;
  const count = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
  if (!isDay(first) || !(count >= 1)) return bad('hours.import.date', { text: first });
  if (count > LONGEST_HOLIDAY) return bad('hours.problem.tooMany', { count: LONGEST_HOLIDAY });
  const isWorkday = WORKDAY.test(name);
  const days = Array.from({ length: count }, (_, at): Holiday => ({
    on: addDays(first, at),
    kind: isWorkday ? 'workday' : 'holiday',
    as_weekday: isWorkday ? 1 : null,
    name_en: name,
    name_zh: name,
  }));
  return { number, text: `${first} ${name}`, days, reasons: [] };
}

function dateOf(time: ICAL.Time): string {
  const digits = (value: number, count: number) => String(value).padStart(count, '0');
  return `${digits(time.year, 4)}-${digits(time.month, 2)}-${digits(time.day, 2)}`;
}

type Column = 'on' | 'name' | 'name_en' | 'name_zh' | 'kind' | 'as_weekday';
const HEADINGS: Record<Column, readonly string[]> = {
  on: ['date', 'day', '日期'],
  name: ['name', 'holiday', '名称', '节日', '节假日'],
  name_en: ['name in english', 'english name', 'english', '英文名称', '英文'],
  name_zh: ['name in chinese', 'chinese name', 'chinese', '中文名称', '中文'],
  kind: ['kind', 'type', '类型', '类别', '性质'],
  as_weekday: ['opens like', 'weekday', '按周几开放', '按星期几开放', '周几'],
};
const KINDS: Record<string, Holiday['kind']> = {
  '': 'holiday',
  holiday: 'holiday',
  off: 'holiday',
  放假: 'holiday',
  休: 'holiday',
  节假日: 'holiday',
  休息: 'holiday',
  'working day': 'workday',
  workday: 'workday',
  work: 'workday',
  'make-up': 'workday',
  上班: 'workday',
  班: 'workday',
  调休: 'workday',
  调休上班: 'workday',
  补班: 'workday',
};
const WEEKDAYS = [
  ['1', 'monday', 'mon', '周一', '星期一', '一'],
  ['2', 'tuesday', 'tue', '周二', '星期二', '二'],
  ['3', 'wednesday', 'wed', '周三', '星期三', '三'],
  ['4', 'thursday', 'thu', '周四', '星期四', '四'],
  ['5', 'friday', 'fri', '周五', '星期五', '五'],
  ['6', 'saturday', 'sat', '周六', '星期六', '六'],
  ['7', 'sunday', 'sun', '周日', '星期日', '日'],
];

const plain = (text: string) => text.normalize('NFKC').trim().toLowerCase();

function readTable(text: string): Entries {
  const [head = ''] = text.split(/\r?\n/, 1);
  const delimiter =
    [',', ';', '\t']
      .map((mark) => ({ mark, count: head.split(mark).length }))
      .sort((a, b) => b.count - a.count)[0]?.mark ?? ',';
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, { delimiter, relax_column_count: true, info: true }) as unknown as typeof records;
  } catch (error) {
    if (error instanceof CsvError) return broken('hours.import.brokenLine', { line: Number(error.lines) });
    throw error;
  }
  const [first, ...body] = records.filter(({ record }) => record.some((cell) => cell.trim() !== ''));
  const columns = (first?.record ?? []).map((name) =>
    (Object.keys(HEADINGS) as Column[]).find((column) => HEADINGS[column].includes(plain(name))),
  );
  if (
    !columns.includes('on') ||
    !columns.some((column) => column === 'name' || column === 'name_en' || column === 'name_zh')
  )
    return broken('hours.import.columns');
  if (!body.length) return broken('hours.import.empty');
  if (body.length > MOST) return broken('hours.import.tooMany', { count: MOST });
  return {
    ok: true,
    kind: 'lines',
    entries: body.map(({ record, info }) => readLine(record, columns, info.lines)),
  };
}

function readLine(record: string[], columns: (Column | undefined)[], number: number): Entry {
  const cell = (column: Column) => (record[columns.indexOf(column)] ?? '').trim();
  const reasons: Reason[] = [];
  const on = readDay(cell('on'));
  if (!on) reasons.push({ key: 'hours.import.date', values: { text: cell('on').slice(0, 30) } });
  const [both, english, chinese] = [
    cleanName(cell('name')),
    cleanName(cell('name_en')),
    cleanName(cell('name_zh')),
  ];
  const [name_en, name_zh] = [english || both || chinese, chinese || both || english];
  if (!name_en) reasons.push({ key: 'hours.import.noName' });
  const kind = KINDS[plain(cell('kind'))];
  if (!kind) reasons.push({ key: 'hours.import.kind', values: { text: cell('kind').slice(0, 30) } });
  const typed = plain(cell('as_weekday'));
  const weekday = typed ? WEEKDAYS.findIndex((names) => names.includes(typed)) + 1 : 1;
  if (!weekday)
    reasons.push({ key: 'hours.import.weekday', values: { text: cell('as_weekday').slice(0, 30) } });
  const days =
    on && kind && !reasons.length
      ? [{ on, kind, as_weekday: kind === 'workday' ? weekday : null, name_en, name_zh }]
      : [];
  return { number, text: record.filter(Boolean).join(' · ').slice(0, 200), days, reasons };
}

/** '2027-01-01', '2027/1/1', '2027.1.1', '2027年1月1日', '20270101'. */
function readDay(text: string): string | undefined {
  const match =
    /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text.normalize('NFKC')) ??
    /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (!match?.[1] || !match[2] || !match[3]) return undefined;
  const on = `${match[1]}-${match[2].padStart(2, '0')}-${match[3].padStart(2, '0')}`;
  return isDay(on) ? on : undefined;
}

function isDay(on: string): boolean {
  const day = new Date(`${on}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === on && on >= '1970' && on < '2200';
}

function cleanName(text: string): string {
  // Controls and marks that turn the direction of writing are never part of a name.
  const kept = text
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [...kept].slice(0, 100).join('');
}

/**
 * What each entry does to a calendar as it stands: a day that is there
 * with the same words stays, with others it is changed.
 */
export function previewHolidays(entries: readonly Entry[], known: readonly Holiday[]): HolidayPreview[] {
  const before = new Map(known.map((day) => [day.on, day]));
  const seen = new Map<string, number>();
  return entries.map(({ number, text, days, reasons }) => {
    const problems = [...reasons];
    const twice = days.find(({ on }) => seen.has(on));
    if (twice)
      problems.push({
        key: 'hours.import.twice',
        values: { date: twice.on, number: seen.get(twice.on) ?? 0 },
      });
    if (problems.length) return { number, text, outcome: 'bad', reasons: problems };
    for (const { on } of days) seen.set(on, number);
    const kept = days.map((day) => keepNames(day, before.get(day.on)));
    return { number, text, outcome: outcomeOf(kept, before), days: kept };
  });
}

function outcomeOf(days: Holiday[], before: ReadonlyMap<string, Holiday>): 'same' | 'add' | 'change' {
  if (days.every((day) => isLike(before.get(day.on), day))) return 'same';
  return days.every((day) => !before.has(day.on)) ? 'add' : 'change';
}

/** A file with one name must not wipe out the name in the other language when it is the same holiday. */
function keepNames(day: Holiday, known: Holiday | undefined): Holiday {
  const isOneName = day.name_en === day.name_zh;
  if (
    !known ||
    known.kind !== day.kind ||
    !isOneName ||
    ![known.name_en, known.name_zh].includes(day.name_en)
  )
    return day;
  return { ...day, name_en: known.name_en, name_zh: known.name_zh };
}

export function isLike(a: Holiday | undefined, b: Holiday): boolean {
  return (
    a !== undefined &&
    a.kind === b.kind &&
    a.as_weekday === b.as_weekday &&
    a.name_en === b.name_en &&
    a.name_zh === b.name_zh
  );
}
