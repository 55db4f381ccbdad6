import { plainHeading, readGrid } from '../lib/files/table.js';
import { equipmentOptions, type EquipmentKind } from '../equipment/kinds.js';
import type { RoomFields } from '../rooms/forms.js';
import { LAYOUTS } from '../claims/layouts.js';
import type { ExportedRoom } from './exportQueries.js';
import { checkTexts, contentOf, Unreadable, type Reason } from './entry.js';
import { NO, YES } from './bookingTable.js';

/** Columns of a table of rooms, in the export's order, with the headings under which they are found, in both languages. */
export const ROOM_HEADINGS = {
  code: ['code', 'room code', '编号', '代码', '会议室编号'],
  name_en: ['name in english', 'english name', 'name', '英文名称', '英文名'],
  name_zh: ['name in chinese', 'chinese name', '中文名称', '名称', '会议室', '会议室名称'],
  site: ['site', 'campus', '院区', '地点'],
  building: ['building', '楼', '楼栋', '楼宇'],
  floor: ['floor', '楼层'],
  capacity: ['seats', 'capacity', '座位数', '座位', '容量'],
  equipment: ['equipment', '设备'],
  is_step_free: ['step-free', 'step free', 'accessible', '无障碍'],
  hours: ['opening hours', 'hours', '开放时间'],
  setup_minutes: ['minutes to set up', 'setup', '布置时间（分钟）', '布置时间(分钟)'],
  teardown_minutes: ['minutes to clear', 'teardown', '清场时间（分钟）', '清场时间(分钟)'],
  contact: ['contact', '联系人', '联系方式'],
  note: ['note', 'notes', '备注', '说明'],
  sort_order: ['order', 'sort order', '排序', '顺序'],
  parts: ['parts', '分隔为', '组成'],
} as const;
export type RoomField = keyof typeof ROOM_HEADINGS;
export const ROOM_COLUMNS = Object.keys(ROOM_HEADINGS) as RoomField[];
const FIELD_OF = new Map(
  Object.entries(ROOM_HEADINGS).flatMap(([field, names]) =>
    names.map((name) => [name as string, field as RoomField]),
  ),
);
export const MOST_ROOMS = 2_000;

const LONGEST: Partial<Record<RoomField, number>> = {
  name_en: 100,
  name_zh: 100,
  site: 100,
  building: 100,
  floor: 20,
  contact: 200,
  note: 2000,
};
const NUMBERS = {
  capacity: [1, 5000],
  setup_minutes: [0, 240],
  teardown_minutes: [0, 240],
  sort_order: [0, 100_000],
} as const;

export interface RoomLine {
  number: number;
  cells: Partial<Record<RoomField, string>>;
}

/** The cells of a room, as an import reads them back. */
export function roomCells(room: ExportedRoom): string[] {
  return ROOM_COLUMNS.map((field) => {
    switch (field) {
      case 'equipment':
        return room.equipment.join('; ');
      case 'parts':
        return room.parts.join('; ');
      case 'is_step_free':
        return room.is_step_free ? '1' : '0';
      case 'hours':
        return room.hours.length
          ? room.hours
              .map(({ weekday, opens_at, closes_at }) => `${weekday} ${opens_at}-${closes_at}`)
              .join('; ')
          : '-';
      default:
        return String(room[field]);
    }
  });
}

/** @throws Unreadable */
export function readRoomTable(text: string): { lines: RoomLine[]; unknown: string[] } {
  const grid = readGrid(text, MOST_ROOMS);
  if (!grid.ok)
    throw new Unreadable({
      key: `moving.file.${grid.reason}`,
      values: { line: grid.at ?? 1, count: MOST_ROOMS },
    });
  const columns = grid.head.map((name) => FIELD_OF.get(plainHeading(name)));
  const twice = columns.find((field, at) => field && columns.indexOf(field) !== at);
  if (twice)
    throw new Unreadable({
      key: 'moving.file.twice',
      values: { name: contentOf([grid.head[columns.lastIndexOf(twice)] ?? '']) },
    });
  if (!columns.includes('code'))
    throw new Unreadable({ key: 'moving.file.missing', values: { names: ROOM_HEADINGS.code[0] } });
  const lines = grid.lines.map(({ number, record }): RoomLine => ({
    number,
    cells: Object.fromEntries(
      columns.flatMap((field, at) => (field && record[at] ? [[field, record[at]]] : [])),
    ),
  }));
  return {
    lines,
    unknown: grid.head.filter((name, at) => !columns[at] && name.trim()).map((name) => contentOf([name])),
  };
}

export type PlannedRoom =
  | { line: RoomLine; outcome: 'bad'; reasons: Reason[] }
  | { line: RoomLine; outcome: 'add'; values: RoomFields; partCodes: string[] }
  | {
      line: RoomLine;
      outcome: 'change';
      id: number;
      version: number;
      values: RoomFields;
      partCodes: string[];
    }
  | { line: RoomLine; outcome: 'same' };

/**
 * What an import of rooms would do, line by line; pure, so that preview and import can't differ. The key is the code;
 * empty cells change nothing. `values.parts` is filled by whoever knows the ids: parts may stand in the same table.
 */
export function planRooms(lines: RoomLine[], known: KnownRooms): PlannedRoom[] {
  const byCode = new Map(known.rooms.map((room) => [room.code, room]));
  const inFile = new Set(lines.map(({ cells }) => codeOf(cells)));
  const around: Around = {
    byCode,
    seen: new Map(),
    retired: new Set(known.retired),
    kinds: known.kinds,
    isThere: (code) => byCode.has(code) || inFile.has(code),
  };
  return lines.map((line) => planLine(line, around));
}

/** What is there, as far as an import must know it. */
export interface KnownRooms {
  rooms: ExportedRoom[];
  /** Codes of rooms out of use for good. */
  retired: string[];
  kinds: EquipmentKind[];
}
interface Around {
  byCode: Map<string, ExportedRoom>;
  seen: Map<string, number>;
  retired: Set<string>;
  kinds: EquipmentKind[];
  isThere: (code: string) => boolean;
}

function codeOf(cells: RoomLine['cells']): string {
  return (cells.code ?? '').normalize('NFKC').trim().toLowerCase();
}

function planLine(line: RoomLine, { byCode, seen, retired, kinds, isThere }: Around): PlannedRoom {
  const { cells } = line;
  const reasons: Reason[] = [];
  const shown = (text: string | undefined) => contentOf([text ?? '']).slice(0, 40);
  const code = codeOf(cells);
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(code))
    reasons.push({ key: 'moving.bad.code', values: { text: shown(cells.code) } });
  const earlier = seen.get(code);
  if (earlier) reasons.push({ key: 'moving.bad.codeTwice', values: { line: earlier } });
  if (retired.has(code)) reasons.push({ key: 'moving.bad.retired' });
  const room = byCode.get(code);

  for (const [field, longest] of Object.entries(LONGEST) as [RoomField, number][]) {
    const text = cells[field];
    if (text && [...text].length > longest)
      reasons.push({ key: 'moving.bad.tooLong', values: { text: shown(text), count: longest } });
  }
  // Only the characters are asked here; a title is what the function wants.
  reasons.push(...checkTexts('x', Object.values(cells).join('\n').slice(0, 15_000), '').reasons);
  if (Object.entries(cells).some(([field, text]) => field !== 'note' && /[\n\t\u2028\u2029]/.test(text)))
    reasons.push({ key: 'moving.bad.oneLine' });
  const whole = (field: keyof typeof NUMBERS, otherwise: number): number => {
    const text = cells[field];
    if (text === undefined) return room?.[field] ?? otherwise;
    const [min, max] = NUMBERS[field];
    const value = /^\d{1,6}$/.test(text.normalize('NFKC')) ? Number(text.normalize('NFKC')) : NaN;
    if (!(value >= min && value <= max))
      reasons.push({ key: 'moving.bad.number', values: { text: shown(text), min, max } });
    return value;
  };
  const capacity = whole('capacity', 0);
  if (!room && cells.capacity === undefined) reasons.push({ key: 'moving.bad.noSeats' });
  if (!room && !cells.name_en && !cells.name_zh) reasons.push({ key: 'moving.bad.noName' });
  const listed = (text: string) =>
    text
      .split(/[;；、,，]/)
      .map((one) => one.trim().toLowerCase())
      .filter(Boolean);
  const offered = equipmentOptions(
    kinds,
    { name: ({ name_en, name_zh }) => `${name_en}\n${name_zh}` },
    room?.equipment ?? [],
  ).map(({ value, label }) => ({ code: value, names: [value, ...label.toLowerCase().split('\n')] }));
  const fitted =
    cells.equipment === undefined
      ? []
      : listed(cells.equipment).map((typed) => ({
          typed,
          code: offered.find(({ names }) => names.includes(typed))?.code,
        }));
  const unknown = fitted.find(({ code }) => code === undefined);
  if (unknown)
    reasons.push({
      key: 'moving.bad.equipment',
      values: { text: shown(unknown.typed), names: offered.map(({ code }) => code).join(', ') },
    });
  const equipment =
    cells.equipment === undefined
      ? (room?.equipment ?? [])
      : offered.map(({ code }) => code).filter((code) => fitted.some((one) => one.code === code));
  if (Math.max(room?.min_people ?? 0, ...(room?.layouts ?? []).map((layout) => layout.capacity)) > capacity)
    reasons.push({ key: 'moving.bad.layouts' });
  const step = cells.is_step_free;
  if (step && !YES.test(step) && !NO.test(step))
    reasons.push({ key: 'moving.bad.yesNo', values: { text: shown(step) } });
  const hours = cells.hours === undefined ? (room ? fromKnown(room) : WORKDAYS) : readHours(cells.hours);
  if (!hours) reasons.push({ key: 'moving.bad.hours', values: { text: shown(cells.hours) } });
  const partCodes =
    cells.parts === undefined ? (room?.parts ?? []) : [...new Set(listed(cells.parts))].sort();
  const missing = partCodes.find((part) => !isThere(part) || part === code);
  if (missing !== undefined) reasons.push({ key: 'moving.bad.part', values: { text: shown(missing) } });
  const setup_minutes = whole('setup_minutes', 0);
  const teardown_minutes = whole('teardown_minutes', 0);
  const sort_order = whole('sort_order', 0);
  if (reasons.length || !hours) return { line, outcome: 'bad', reasons };
  seen.set(code, line.number);

  const text = (field: 'site' | 'building' | 'floor' | 'contact' | 'note') =>
    cells[field]?.normalize('NFC').replace(/\r\n?/g, '\n') ?? room?.[field] ?? '';
  const values: RoomFields = {
    code,
    name_en: cells.name_en ?? room?.name_en ?? cells.name_zh ?? '',
    name_zh: cells.name_zh ?? room?.name_zh ?? cells.name_en ?? '',
    site: text('site'),
    building: text('building'),
    floor: text('floor'),
    capacity,
    equipment,
    is_step_free: step ? YES.test(step) : (room?.is_step_free ?? false),
    ...hours,
    setup_minutes,
    teardown_minutes,
    contact: text('contact'),
    note: text('note'),
    sort_order,
    parts: [],
    min_people: room?.min_people ?? null,
    key_note: room?.key_note ?? '',
    owner: room?.owner_id ? `#${room.owner_id}` : null,
    layouts: LAYOUTS.map((layout) => room?.layouts.find((one) => one.layout === layout)?.capacity ?? null),
  };
  if (!room) return { line, outcome: 'add', values, partCodes };
  const before = fromKnown(room);
  const isSame =
    (
      [
        'name_en',
        'name_zh',
        'site',
        'building',
        'floor',
        'capacity',
        'is_step_free',
        'setup_minutes',
        'teardown_minutes',
        'contact',
        'note',
        'sort_order',
      ] as const
    ).every((field) => values[field] === room[field]) &&
    JSON.stringify([...values.equipment].sort()) === JSON.stringify([...room.equipment].sort()) &&
    JSON.stringify([values.opens, values.closes]) === JSON.stringify([before.opens, before.closes]) &&
    JSON.stringify(partCodes) === JSON.stringify([...room.parts].sort());
  return isSame
    ? { line, outcome: 'same' }
    : { line, outcome: 'change', id: room.id, version: room.version, values, partCodes };
}

type Times = Pick<RoomFields, 'opens' | 'closes'>;
/** Of a room that names no hours, and of rooms made for places of another program. */
export const WORKDAYS: Times = {
  opens: [...Array<string>(5).fill('08:00'), null, null],
  closes: [...Array<string>(5).fill('18:00'), null, null],
};

function fromKnown(room: ExportedRoom): Times {
  const of = (day: number) => room.hours.find(({ weekday }) => weekday === day + 1);
  const days = [0, 1, 2, 3, 4, 5, 6];
  return {
    opens: days.map((day) => of(day)?.opens_at ?? null),
    closes: days.map((day) => of(day)?.closes_at ?? null),
  };
}

/** "1-5 08:00-18:00; 6 09:00-12:00", 1 = Monday; "-" is never open. */
function readHours(typed: string): Times | undefined {
  const times: Times = { opens: Array<null>(7).fill(null), closes: Array<null>(7).fill(null) };
  if (/^[-–]$/.test(typed)) return times;
  for (const piece of typed
    .normalize('NFKC')
    .split(/[;,、]/)
    .map((one) => one.trim())
    .filter(Boolean)) {
    const match =
      /^([1-7])(?:\s*[-–]\s*([1-7]))?\s+([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*(([01]\d|2[0-3]):([0-5]\d)|24:00)$/.exec(
        piece,
      );
    if (!match) return undefined;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    const [opens, closes] = [`${match[3]}:${match[4]}`, match[5] ?? ''];
    if (first > last || opens >= closes) return undefined;
    for (let day = first; day <= last; day++) [times.opens[day - 1], times.closes[day - 1]] = [opens, closes];
  }
  return times;
}
