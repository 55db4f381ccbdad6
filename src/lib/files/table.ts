import { CsvError, parse } from 'csv-parse/sync';

/**
 * Fields of a person that a table may hold, with the headings under which they are found, in both languages.
 */
export const HEADINGS = {
  name: ['name', 'full name', '姓名', '名字'],
  name_en: [
    'name in latin letters',
    'latin name',
    'english name',
    'pinyin',
    '拼音或英文名',
    '拼音',
    '英文名',
    '姓名拼音',
  ],
  email: [
    'e-mail address',
    'e-mail',
    'email',
    'email address',
    'mail',
    '电子邮箱',
    '邮箱',
    '电子邮件',
    '邮箱地址',
  ],
  phone: ['phone', 'telephone', 'mobile', 'phone number', '电话', '手机', '联系电话', '手机号', '手机号码'],
  unit: ['unit', 'department', 'unit code', '部门', '处室', '科室', '所在部门', '部门代码'],
  position: ['position', 'title', 'job title', '职务', '职位', '岗位'],
  role: ['role', '角色'],
  is_guest: ['guest from outside the office', 'guest', 'external', '外部人员'],
  affiliation: [
    'organisation of the guest',
    'affiliation',
    'organisation',
    'organization',
    'company',
    '外部人员所在单位',
    '所在单位',
    '单位',
  ],
  lang: ['language of mails', 'language', '邮件语言', '语言'],
  zone: ['time zone', 'timezone', '时区'],
} as const;
export type Field = keyof typeof HEADINGS;

const FIELD_OF = new Map(
  Object.entries(HEADINGS).flatMap(([field, names]) => names.map((name) => [name as string, field as Field])),
);

/** One line below the headings; `number` counts lines of the file from 1, as a spreadsheet does. */
export interface CsvLine {
  number: number;
  cells: Partial<Record<Field, string>>;
}

export type CsvTable =
  | { ok: true; lines: CsvLine[]; fields: Field[]; unknown: string[] }
  | { ok: false; reason: 'empty' | 'no_name' | 'twice' | 'broken' | 'too_long'; at?: number; name?: string };

const MOST_LINES = 20_000;

/** Bytes of a spreadsheet's text file: UTF-8 (with or without a mark), UTF-16 by its mark, else GB 18030. */
export function decodeText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

/** Comma, semicolon or tab: the one that stands most in the first line. */
function delimiterOf(text: string): string {
  const [first = ''] = text.split(/\r?\n/, 1);
  const plain = first.replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: plain.split(mark).length }));
  return counts.sort((a, b) => b.count - a.count)[0]?.mark ?? ',';
}

export type Grid =
  | { ok: true; head: string[]; lines: { number: number; record: string[] }[] }
  | { ok: false; reason: 'empty' | 'broken' | 'too_long'; at?: number };

/** The cells of a table, its first filled line apart; empty lines are left out, and counted. */
export function readGrid(given: string, mostLines: number): Grid {
  // Excel may begin with a line that names the delimiter.
  const text = given.replace(/^\ufeff/, '').replace(/^sep=.\r?\n/i, '');
  const shift = given.replace(/^\ufeff/, '').length === text.length ? 0 : 1;
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      delimiter: delimiterOf(text),
      relax_column_count: true,
      info: true,
      relax_quotes: false,
      skip_empty_lines: false,
    }) as unknown as typeof records;
  } catch (error) {
    if (error instanceof CsvError) return { ok: false, reason: 'broken', at: Number(error.lines) + shift };
    throw error;
  }
  const isEmpty = (record: string[]) => record.every((cell) => cell.trim() === '');
  const [head, ...body] = records.filter(({ record }) => !isEmpty(record));
  if (!head || body.length === 0) return { ok: false, reason: 'empty' };
  if (body.length > mostLines) return { ok: false, reason: 'too_long' };
  return {
    ok: true,
    head: head.record,
    lines: body.map(({ record, info }) => ({
      number: info.lines + shift,
      record: record.map((cell) => unguard(cell).trim()),
    })),
  };
}

/** A heading as it is looked up: letters of one width and case, without a star or colon at its end. */
export function plainHeading(name: string): string {
  return name
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/ ?[*:：]$/, '');
}

/** Reads a table with a line of headings. Columns that mean nothing to us are named and left alone. */
export function readTable(given: string): CsvTable {
  const grid = readGrid(given, MOST_LINES);
  if (!grid.ok) return grid;
  const columns = grid.head.map((name) => FIELD_OF.get(plainHeading(name)));
  const fields = columns.filter((field) => field !== undefined);
  const twice = fields.find((field, at) => fields.indexOf(field) !== at);
  if (twice) return { ok: false, reason: 'twice', name: twice };
  if (!fields.includes('name')) return { ok: false, reason: 'no_name' };
  const lines = grid.lines.map(({ record, number }): CsvLine => {
    const cells: CsvLine['cells'] = {};
    columns.forEach((field, at) => {
      const cell = record[at];
      if (field && cell) cells[field] = cell;
    });
    return { number, cells };
  });
  return {
    ok: true,
    lines,
    fields,
    unknown: grid.head.filter((name, at) => !columns[at] && name.trim()).map((name) => name.trim()),
  };
}

/** Our own export puts an apostrophe before what a spreadsheet would take for a formula, such as +86 10 …. */
function unguard(cell: string): string {
  return /^'[=+\-@\t\r＝＋－＠]/.test(cell) ? cell.slice(1) : cell;
}
