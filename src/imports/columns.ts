// What the tables of people, rooms and bookings share: how columns are found, and how cells are read and
// judged.

import { plainHeading, readGrid } from '../lib/files/table.js';
import { contentOf, Unreadable, type Reason } from './entry.js';

/** Field → the headings under which its column is found. The first heading is the one of our own form. */
export type Headings<Field extends string> = Readonly<Record<Field, readonly string[]>>;

/** One line below the headings. Lines count from 1, as a spreadsheet counts them. */
export interface TableLine<Field extends string> {
  number: number;
  /** Filled cells only. */
  cells: Partial<Record<Field, string>>;
  /** All cells of the line, those of unknown columns too. */
  record: string[];
}

export interface Table<Field extends string> {
  lines: Iterable<TableLine<Field>>;
  /** Headings that mean nothing to us. */
  unknown: string[];
}

/** How the filled cells of one field are read and judged. */
export interface Column<Value, Known> {
  /** @returns undefined for a cell that is not understood */
  read: (text: string, known: Known) => Value | undefined;
  /** Why the cell can't be used. */
  reasons?: (text: string, value: Value | undefined, known: Known) => Reason[];
}
export type Columns<Values, Known> = { [Field in keyof Values]: Column<Values[Field], Known> };

/**
 * Finds the columns of a table by its headings.
 * @throws Unreadable
 */
export function readLines<Field extends string>(
  text: string,
  headings: Headings<Field>,
  { most, required }: { most: number; required: readonly Field[] },
): Table<Field> {
  const grid = readGrid(text, most);
  if (!grid.ok)
    throw new Unreadable({
      key: `moving.file.${grid.reason}`,
      values: { line: grid.at ?? 1, count: most },
    });
  const columns = columnsOf(grid.head, headings);
  const missing = required.filter((field) => !columns.includes(field));
  if (missing.length)
    throw new Unreadable({
      key: 'moving.file.missing',
      values: { names: missing.map((field) => headings[field][0]).join(', ') },
    });
  function* lines(found: typeof grid & { ok: true }): Generator<TableLine<Field>> {
    for (const { number, record } of found.lines)
      yield { number, cells: filledCells(columns, record), record };
  }
  return {
    lines: lines(grid),
    unknown: grid.head.filter((name, at) => !columns[at] && name.trim()).map((name) => contentOf([name])),
  };
}

function columnsOf<Field extends string>(head: string[], headings: Headings<Field>): (Field | undefined)[] {
  const fieldOf = new Map<string, Field>();
  for (const field of Object.keys(headings) as Field[])
    for (const name of headings[field]) fieldOf.set(name, field);
  const columns = head.map((name) => fieldOf.get(plainHeading(name)));
  const twice = columns.find((field, at) => field && columns.indexOf(field) !== at);
  if (twice)
    throw new Unreadable({
      key: 'moving.file.twice',
      values: { name: contentOf([head[columns.lastIndexOf(twice)] ?? '']) },
    });
  return columns;
}

function filledCells<Field extends string>(
  columns: (Field | undefined)[],
  record: string[],
): Partial<Record<Field, string>> {
  const cells: Partial<Record<Field, string>> = {};
  columns.forEach((field, at) => {
    const cell = record[at];
    if (field && cell) cells[field] = cell;
  });
  return cells;
}

/** Reads the cells of one line by the table of its columns. Empty cells have no value and no reason. */
export function readCells<Values, Known>(
  columns: Columns<Values, Known>,
  cells: { [Field in keyof Values]?: string },
  known: Known,
): { values: Partial<Values>; reasons: Reason[] } {
  const values: Partial<Values> = {};
  const reasons: Reason[] = [];
  for (const field of Object.keys(columns) as (keyof Values & string)[]) {
    const text = cells[field];
    if (text === undefined) continue;
    const column = columns[field];
    const value = column.read(text, known);
    values[field] = value;
    reasons.push(...(column.reasons?.(text, value, known) ?? []));
  }
  return { values, reasons };
}

/** Cells that are longer than their fields. */
export function tooLongCells<Field extends string>(
  cells: Partial<Record<Field, string>>,
  longest: Partial<Record<Field, number>>,
): { text: string; count: number }[] {
  return (Object.keys(longest) as Field[]).flatMap((field) => {
    const [text, count] = [cells[field] ?? '', longest[field] ?? 0];
    return [...text].length > count ? [{ text, count }] : [];
  });
}

const YES = /^(yes|y|true|1|x|是|✓|√)$/i;
const NO = /^(no|n|false|0|否)$/i;

/** Yes or no, in both languages; undefined for anything else. */
export function readYesNo(text: string): boolean | undefined {
  if (YES.test(text)) return true;
  return NO.test(text) ? false : undefined;
}

/** A cell that is taken as it is. */
export const asText = { read: (text: string) => text };

/** A cell as a reason quotes it. */
export function quoted(text: string | undefined): string {
  return contentOf([text ?? '']).slice(0, 40);
}

export const yesNo: Column<boolean, unknown> = {
  read: readYesNo,
  reasons: (text, value) =>
    value === undefined ? [{ key: 'moving.bad.yesNo', values: { text: quoted(text) } }] : [],
};
