// Reads the statements of a database dump that fill MRBS's tables. Nothing of it is ever carried out.
// Everything else is stepped over, string by string, so that text which looks like a statement stays text.

import {
  copiedValue,
  faultAt,
  isAtEnd,
  isQuote,
  match,
  readQuoted,
  readValue,
  restOfLine,
  skipLine,
  skipSpace,
  skipStatement,
  startOf,
  type Cursor,
} from './mrbsLexer.js';

export { DumpError } from './mrbsLexer.js';

/** The tables that are read. Their names in a dump end with mrbs_ and one of these. */
const TABLES = ['area', 'room', 'entry', 'repeat'] as const;
export type MrbsTable = (typeof TABLES)[number];

export interface DumpRow {
  table: MrbsTable;
  /** Column → value as text; null for NULL. */
  values: Record<string, string | null>;
}

/** Where the rows of a statement go: one of our tables, or nowhere. */
interface Target {
  table: MrbsTable | undefined;
  columns: string[] | undefined;
}

const MOST_COLUMNS = 100;
const NAME = String.raw`((?:[\x60"]?[\w$]{1,64}[\x60"]?\.)?[\x60"]?[\w$]{1,64}[\x60"]?)`;
const LIST = String.raw`(?:\(([^()]{1,5000})\)\s*)?`;
const CREATE = new RegExp(String.raw`CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?${NAME}\s*\(`, 'iy');
const TABLE_NAME = new RegExp(`(?:^|_)mrbs_(${TABLES.join('|')})$`, 'i');
const NOT_A_COLUMN = /^(primary|unique|key|index|constraint|fulltext|spatial|check|foreign|exclude|like)\b/i;

/**
 * The two kinds of statement that fill a table. Each pattern finds the table's name and its list of columns.
 */
const FILLING: { begin: RegExp; rows: (cursor: Cursor, target: Target) => Generator<DumpRow> }[] = [
  {
    begin: new RegExp(String.raw`(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+${NAME}\s*${LIST}VALUES\s*`, 'iy'),
    rows: insertedRows,
  },
  {
    begin: new RegExp(String.raw`COPY\s+${NAME}\s*${LIST}FROM\s+stdin[^;\n]{0,200};[^\n]*\n`, 'iy'),
    rows: copiedRows,
  },
];

export function looksLikeDump(text: string): boolean {
  return /\b(INSERT\s+(IGNORE\s+)?INTO|COPY)\s+(\S{0,70}\.)?[`"]?\w{0,60}mrbs_(entry|room|area)\b/i.test(
    text,
  );
}

/** The rows of the four tables in the order of the file. @throws DumpError */
export function* readDump(text: string): Generator<DumpRow> {
  const cursor = startOf(text);
  const columnsOf = new Map<MrbsTable, string[]>();
  for (skipSpace(cursor); !isAtEnd(cursor); skipSpace(cursor)) {
    // psql's own commands, such as \restrict, take a line.
    if (text[cursor.at] === '\\') skipLine(cursor);
    else yield* readStatement(cursor, columnsOf);
  }
}

function* readStatement(cursor: Cursor, columnsOf: Map<MrbsTable, string[]>): Generator<DumpRow> {
  for (const { begin, rows } of FILLING) {
    const found = match(cursor, begin);
    if (!found) continue;
    const table = tableOf(found[1]);
    yield* rows(cursor, { table, columns: listOf(found[2]) ?? (table && columnsOf.get(table)) });
    return;
  }
  const table = tableOf(match(cursor, CREATE)?.[1]);
  if (table) columnsOf.set(table, createdColumns(cursor));
  skipStatement(cursor);
}

/** The rows behind VALUES, to the end of the statement. */
function* insertedRows(cursor: Cursor, target: Target): Generator<DumpRow> {
  do {
    const cells = readCells(cursor);
    if (target.table) yield namedRow(cursor, target, cells);
    skipSpace(cursor);
  } while (stepOver(cursor, ','));
  // ON DUPLICATE KEY …, ON CONFLICT …
  skipStatement(cursor);
}

/** One row in brackets. */
function readCells(cursor: Cursor): (string | null)[] {
  skipSpace(cursor);
  if (!stepOver(cursor, '(')) throw faultAt(cursor);
  const cells: (string | null)[] = [];
  for (;;) {
    cells.push(readValue(cursor));
    skipSpace(cursor);
    if (stepOver(cursor, ')')) return cells;
    if (!stepOver(cursor, ',') || cells.length >= MOST_COLUMNS) throw faultAt(cursor);
  }
}

/** Moves over the sign if it stands here. */
function stepOver(cursor: Cursor, sign: string): boolean {
  if (cursor.text[cursor.at] !== sign) return false;
  cursor.at++;
  return true;
}

/** The lines behind COPY, to the one that ends them. */
function* copiedRows(cursor: Cursor, target: Target): Generator<DumpRow> {
  for (let isOver = false; !isOver; skipLine(cursor)) {
    if (isAtEnd(cursor)) throw faultAt(cursor);
    const line = restOfLine(cursor);
    isOver = line === '\\.';
    if (target.table && !isOver) yield namedRow(cursor, target, line.split('\t').map(copiedValue));
  }
}

function namedRow(cursor: Cursor, { table, columns }: Target, cells: (string | null)[]): DumpRow {
  if (!table || !columns) throw faultAt(cursor, 'no_columns');
  if (columns.length !== cells.length) throw faultAt(cursor);
  return { table, values: Object.fromEntries(columns.map((name, n) => [name, cells[n] ?? null])) };
}

/** The columns of CREATE TABLE, whose body begins here. */
function createdColumns(cursor: Cursor): string[] {
  const columns: string[] = [];
  let isStart = true;
  for (let depth = 1; depth > 0 && !isAtEnd(cursor);) {
    skipSpace(cursor);
    if (isStart) {
      isStart = false;
      const name = createdColumn(cursor);
      if (name) columns.push(name);
      if (name !== undefined) continue;
    }
    const sign = cursor.text[cursor.at];
    if (isQuote(sign)) {
      readQuoted(cursor, cursor.hasBackslashes);
      continue;
    }
    cursor.at++;
    if (sign === '(') depth++;
    if (sign === ')') depth--;
    isStart = sign === ',' && depth === 1;
  }
  return columns;
}

/**
 * The name at the start of a column.
 * @returns '' where a key or a constraint begins; undefined where no name stands
 */
function createdColumn(cursor: Cursor): string | undefined {
  const sign = cursor.text[cursor.at];
  if (sign === '`' || sign === '"') return readQuoted(cursor, false).toLowerCase();
  const word = match(cursor, /\w{1,64}/y)?.[0];
  return word !== undefined && NOT_A_COLUMN.test(word) ? '' : word?.toLowerCase();
}

function tableOf(name: string | undefined): MrbsTable | undefined {
  const plain = (name ?? '').replace(/^.*\./, '').replace(/[`"]/g, '');
  return TABLE_NAME.exec(plain)?.[1]?.toLowerCase() as MrbsTable | undefined;
}

function listOf(columns: string | undefined): string[] | undefined {
  return columns?.split(',').map((name) =>
    name
      .trim()
      .replace(/^[`"]|[`"]$/g, '')
      .toLowerCase(),
  );
}
