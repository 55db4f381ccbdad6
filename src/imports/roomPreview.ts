import { equipmentOptions, type EquipmentKind } from '../equipment/kinds.js';
import type { RoomFields } from '../rooms/forms.js';
import { LAYOUTS } from '../claims/layouts.js';
import type { ExportedRoom } from './exportQueries.js';
import {
  asText,
  quoted,
  readCells,
  readLines,
  tooLongCells,
  yesNo,
  type Column,
  type Columns,
  type TableLine,
} from './columns.js';
import { checkTexts, type Reason } from './entry.js';

/** Columns of a table of rooms, in the order of the export. Headings are known in both languages. */
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
export type RoomLine = TableLine<RoomField>;

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
  const { lines, unknown } = readLines(text, ROOM_HEADINGS, { most: MOST_ROOMS, required: ['code'] });
  return { lines: [...lines], unknown };
}

/** What is there, as far as an import must know it. */
export interface KnownRooms {
  rooms: ExportedRoom[];
  /** Codes of rooms out of use for good. */
  retired: string[];
  kinds: EquipmentKind[];
}

export type RoomPreview =
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

interface RoomCells {
  code: string;
  name_en: string;
  name_zh: string;
  site: string;
  building: string;
  floor: string;
  capacity: number;
  /** Codes of the kinds that are known, in their order. */
  equipment: string[];
  is_step_free: boolean;
  hours: Times;
  setup_minutes: number;
  teardown_minutes: number;
  contact: string;
  note: string;
  sort_order: number;
  parts: string[];
}

/** What the cells of one line are judged by. */
interface KnownLine {
  code: string;
  /** Line of the same code above this one. */
  earlier: number | undefined;
  isRetired: boolean;
  offered: { code: string; names: string[] }[];
  isThere: (code: string) => boolean;
}

const multiline: Column<string, KnownLine> = {
  read: (text) => text.normalize('NFC').replace(/\r\n?/g, '\n'),
};

const COLUMNS: Columns<RoomCells, KnownLine> = {
  code: { read: codeOf },
  name_en: asText,
  name_zh: asText,
  site: multiline,
  building: multiline,
  floor: multiline,
  contact: multiline,
  note: multiline,
  capacity: wholeNumber(1, 5000),
  setup_minutes: wholeNumber(0, 240),
  teardown_minutes: wholeNumber(0, 240),
  sort_order: wholeNumber(0, 100_000),
  equipment: {
    read: (text, { offered }) => {
      const typed = listed(text);
      return offered.filter(({ names }) => typed.some((one) => names.includes(one))).map(({ code }) => code);
    },
    reasons: unknownEquipment,
  },
  is_step_free: yesNo,
  hours: {
    read: readHours,
    reasons: (text, hours) => (hours ? [] : [{ key: 'moving.bad.hours', values: { text: quoted(text) } }]),
  },
  parts: { read: (text) => [...new Set(listed(text))].sort() },
};

/**
 * What an import of rooms would do, line by line. It is pure, so that preview and import can't differ.
 * The key is the code, and empty cells change nothing.
 * Whoever knows the ids fills `values.parts`, because parts may stand in the same table.
 */
export function previewRooms(lines: RoomLine[], known: KnownRooms): RoomPreview[] {
  const byCode = new Map(known.rooms.map((room) => [room.code, room]));
  const inFile = new Set(lines.map(({ cells }) => codeOf(cells.code ?? '')));
  const retired = new Set(known.retired);
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const code = codeOf(line.cells.code ?? '');
    const room = byCode.get(code);
    const preview = previewLine(line, room, {
      code,
      earlier: seen.get(code),
      isRetired: retired.has(code),
      offered: offeredEquipment(known.kinds, room),
      isThere: (part) => byCode.has(part) || inFile.has(part),
    });
    if (preview.outcome !== 'bad') seen.set(code, line.number);
    return preview;
  });
}

function previewLine(line: RoomLine, room: ExportedRoom | undefined, known: KnownLine): RoomPreview {
  const { values: read, reasons: ofCells } = readCells(COLUMNS, line.cells, known);
  const partCodes = read.parts ?? room?.parts ?? [];
  const reasons = [
    ...reasonsOfCode(line.cells.code, known),
    ...reasonsOfTexts(line.cells),
    ...ofCells,
    ...reasonsOfRoom(read, room),
    ...reasonsOfParts(partCodes, known),
  ];
  if (reasons.length > 0) return { line, outcome: 'bad', reasons };
  const values = { ...roomFields(read, room), code: known.code };
  if (!room) return { line, outcome: 'add', values, partCodes };
  return isSame(values, partCodes, room)
    ? { line, outcome: 'same' }
    : { line, outcome: 'change', id: room.id, version: room.version, values, partCodes };
}

function reasonsOfCode(typed: string | undefined, known: KnownLine): Reason[] {
  const reasons: Reason[] = [];
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(known.code))
    reasons.push({ key: 'moving.bad.code', values: { text: quoted(typed) } });
  if (known.earlier) reasons.push({ key: 'moving.bad.codeTwice', values: { line: known.earlier } });
  if (known.isRetired) reasons.push({ key: 'moving.bad.retired' });
  return reasons;
}

function reasonsOfTexts(cells: RoomLine['cells']): Reason[] {
  const reasons: Reason[] = tooLongCells(cells, LONGEST).map(({ text, count }) => ({
    key: 'moving.bad.tooLong',
    values: { text: quoted(text), count },
  }));
  // Only the characters are asked here. The function can't do without a title.
  reasons.push(...checkTexts('x', Object.values(cells).join('\n').slice(0, 15_000), '').reasons);
  if (Object.entries(cells).some(([field, text]) => field !== 'note' && /[\n\t\u2028\u2029]/.test(text)))
    reasons.push({ key: 'moving.bad.oneLine' });
  return reasons;
}

function reasonsOfRoom(read: Partial<RoomCells>, room: ExportedRoom | undefined): Reason[] {
  const reasons: Reason[] = [];
  if (!room && !('capacity' in read)) reasons.push({ key: 'moving.bad.noSeats' });
  if (!room && !read.name_en && !read.name_zh) reasons.push({ key: 'moving.bad.noName' });
  const layouts = room?.layouts.map(({ capacity }) => capacity) ?? [];
  const needed = Math.max(room?.min_people ?? 0, ...layouts);
  const capacity = 'capacity' in read ? read.capacity : (room?.capacity ?? 0);
  if (capacity !== undefined && needed > capacity) reasons.push({ key: 'moving.bad.layouts' });
  return reasons;
}

function reasonsOfParts(partCodes: string[], { code, isThere }: KnownLine): Reason[] {
  const missing = partCodes.find((part) => !isThere(part) || part === code);
  return missing === undefined ? [] : [{ key: 'moving.bad.part', values: { text: quoted(missing) } }];
}

function unknownEquipment(text: string, _codes: unknown, { offered }: KnownLine): Reason[] {
  const unknown = listed(text).find((typed) => !offered.some(({ names }) => names.includes(typed)));
  if (unknown === undefined) return [];
  const names = offered.map(({ code }) => code).join(', ');
  return [{ key: 'moving.bad.equipment', values: { text: quoted(unknown), names } }];
}

/** Kinds of equipment, under their codes and their names in both languages. */
function offeredEquipment(kinds: EquipmentKind[], room: ExportedRoom | undefined): KnownLine['offered'] {
  const fmt = { name: (kind: { name_en: string; name_zh: string }) => `${kind.name_en}\n${kind.name_zh}` };
  return equipmentOptions(kinds, fmt, room?.equipment ?? []).map(({ value, label }) => ({
    code: value,
    names: [value, ...label.toLowerCase().split('\n')],
  }));
}

/** The form of a new room. */
const NEW_ROOM = {
  name_en: '',
  name_zh: '',
  site: '',
  building: '',
  floor: '',
  capacity: 0,
  equipment: [] as string[],
  is_step_free: false,
  setup_minutes: 0,
  teardown_minutes: 0,
  contact: '',
  note: '',
  sort_order: 0,
};
const KEPT = Object.keys(NEW_ROOM) as (keyof typeof NEW_ROOM)[];

/** The form of the room after the import: its cells, else what the room has, else what a new room has. */
function roomFields(read: Partial<RoomCells>, room: ExportedRoom | undefined): Omit<RoomFields, 'code'> {
  const before = room ?? { ...NEW_ROOM, name_en: read.name_zh ?? '', name_zh: read.name_en ?? '' };
  const cells = Object.fromEntries(
    KEPT.map((field) => [field, read[field] ?? before[field]]),
  ) as typeof NEW_ROOM;
  return {
    ...cells,
    ...(read.hours ?? (room ? hoursOf(room) : WORKDAYS)),
    parts: [],
    min_people: room?.min_people ?? null,
    key_note: room?.key_note ?? '',
    owner: room?.owner_id ? `#${room.owner_id}` : null,
    layouts: LAYOUTS.map((layout) => room?.layouts.find((one) => one.layout === layout)?.capacity ?? null),
  };
}

function isSame(values: RoomFields, partCodes: string[], room: ExportedRoom): boolean {
  const comparable = (fields: Pick<RoomFields, (typeof KEPT)[number]>, hours: Times, parts: string[]) =>
    JSON.stringify([
      KEPT.map((field) => (field === 'equipment' ? [...fields.equipment].sort() : fields[field])),
      [hours.opens, hours.closes],
      [...parts].sort(),
    ]);
  return comparable(values, values, partCodes) === comparable(room, hoursOf(room), room.parts);
}

function codeOf(typed: string): string {
  return typed.normalize('NFKC').trim().toLowerCase();
}

function listed(text: string): string[] {
  return text
    .split(/[;；、,，]/)
    .map((one) => one.trim().toLowerCase())
    .filter(Boolean);
}

function wholeNumber(min: number, max: number): Column<number, KnownLine> {
  return {
    read(typed) {
      const text = typed.normalize('NFKC');
      const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
    reasons: (text, value) =>
      value === undefined ? [{ key: 'moving.bad.number', values: { text: quoted(text), min, max } }] : [],
  };
}

type Times = Pick<RoomFields, 'opens' | 'closes'>;
/** Hours of a room that names none, and of rooms made for places of another program. */
export const WORKDAYS: Times = {
  opens: [...Array<string>(5).fill('08:00'), null, null],
  closes: [...Array<string>(5).fill('18:00'), null, null],
};

function hoursOf(room: ExportedRoom): Times {
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
  for (const piece of typed.normalize('NFKC').split(/[;,、]/)) {
    if (!piece.trim()) continue;
    const span = readSpan(piece.trim());
    if (!span) return undefined;
    times.opens.fill(span.opens, span.first - 1, span.last);
    times.closes.fill(span.closes, span.first - 1, span.last);
  }
  return times;
}

/** "1-5 08:00-18:00", or one day alone. */
const SPAN =
  /^([1-7])(?:\s*[-–]\s*([1-7]))?\s+((?:[01]\d|2[0-3]):[0-5]\d)\s*[-–]\s*((?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

function readSpan(piece: string): { first: number; last: number; opens: string; closes: string } | undefined {
  const [, from, to, opens, closes] = SPAN.exec(piece) ?? [];
  if (!from || !opens || !closes) return undefined;
  const [first, last] = [Number(from), Number(to ?? from)];
  return first > last || opens >= closes ? undefined : { first, last, opens, closes };
}
