// Reads the statements of a database dump that fill MRBS's tables. Nothing of it is ever carried out: everything else in the
// file is stepped over, string by string, so that text which looks like a statement stays text.

export type MrbsTable = 'area' | 'room' | 'entry' | 'repeat';
export interface DumpRow {
  table: MrbsTable;
  /** Column → value as text; null for NULL. */
  values: Record<string, string | null>;
}

/** The dump cannot be read from `line` on (counted from 1), or its columns have no names. */
export class DumpError extends Error {
  constructor(
    readonly reason: 'broken' | 'no_columns',
    readonly line: number,
  ) {
    super(reason);
  }
}

const MOST_COLUMNS = 100;
const NAME = String.raw`((?:[\x60"]?[\w$]{1,64}[\x60"]?\.)?[\x60"]?[\w$]{1,64}[\x60"]?)`;
const CREATE = new RegExp(String.raw`CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?${NAME}\s*\(`, 'iy');
const INSERT = new RegExp(
  String.raw`(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+${NAME}\s*(?:\(([^()]{1,5000})\)\s*)?VALUES\s*`,
  'iy',
);
const COPY = new RegExp(
  String.raw`COPY\s+${NAME}\s*(?:\(([^()]{1,5000})\)\s*)?FROM\s+stdin[^;\n]{0,200};[^\n]*\n`,
  'iy',
);
const BARE = /[^'"\s,():]{1,100}/y;
const NOT_A_COLUMN = /^(primary|unique|key|index|constraint|fulltext|spatial|check|foreign|exclude|like)\b/i;

/** MySQL escapes by backslash in every string, PostgreSQL only in E'…'. */
function isPostgres(text: string): boolean {
  const head = text.slice(0, 20_000);
  return (
    /^-- PostgreSQL database dump/m.test(head) ||
    (!head.includes('`') && /standard_conforming_strings|^COPY |pg_catalog/m.test(head))
  );
}

export function looksLikeDump(text: string): boolean {
  return /\b(INSERT\s+(IGNORE\s+)?INTO|COPY)\s+(\S{0,70}\.)?[`"]?\w{0,60}mrbs_(entry|room|area)\b/i.test(
    text,
  );
}

/** The rows of the four tables in the order of the file. @throws DumpError */
export function* readDump(text: string): Generator<DumpRow> {
  const backslashes = !isPostgres(text);
  const columnsOf = new Map<string, string[]>();
  const end = text.length;
  let at = text.startsWith('\ufeff') ? 1 : 0;

  const broken = (reason: DumpError['reason'] = 'broken') => {
    let line = 1;
    for (let mark = text.indexOf('\n'); mark >= 0 && mark < at; mark = text.indexOf('\n', mark + 1)) line++;
    return new DumpError(reason, line);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const nextLine = () => {
    const mark = text.indexOf('\n', at);
    at = mark < 0 ? end : mark + 1;
  };

  /** Over spaces and comments. */
  function space(): void {
    while (at < end) {
      const sign = text[at];
      if (sign === ' ' || sign === '\n' || sign === '\r' || sign === '\t') at++;
      else if (text.startsWith('--', at) || (sign === '#' && backslashes)) nextLine();
      else if (text.startsWith('/*', at)) {
        const close = text.indexOf('*/', at + 2);
        if (close < 0) throw broken();
        at = close + 2;
      } else return;
    }
  }

  /** A quoted text that begins here. */
  function quoted(escapes: boolean): string {
    const quote = text[at] ?? '';
    const parts: string[] = [];
    let from = ++at;
    for (; at < end; at++) {
      const sign = text[at];
      if (sign === quote) {
        if (text[at + 1] !== quote) {
          parts.push(text.slice(from, at));
          at++;
          return parts.join('');
        }
        parts.push(text.slice(from, ++at));
        from = at + 1;
      } else if (sign === '\\' && escapes && quote !== '`') {
        parts.push(text.slice(from, at), unescape(text[++at] ?? ''));
        from = at + 1;
      }
    }
    throw broken();
  }

  /** To behind the statement's semicolon. */
  function skipStatement(): void {
    while (at < end) {
      space();
      const sign = text[at];
      if (sign === ';') {
        at++;
        return;
      }
      if (sign === "'" || sign === '"' || sign === '`')
        quoted(backslashes || (sign === "'" && /e/i.test(text[at - 1] ?? '')));
      else if (sign === '$') {
        const tag = match(/\$\w{0,60}\$/y)?.[0];
        const close = tag ? text.indexOf(tag, at) : -1;
        at = tag ? (close < 0 ? end : close + tag.length) : at + 1;
      } else at++;
    }
  }

  function value(): string | null {
    const sign = text[at];
    if (sign === "'" || sign === '"') return quoted(backslashes);
    const word = match(BARE)?.[0];
    if (word === undefined) throw broken();
    if (text[at] === "'") return quoted(backslashes || /^e$/i.test(word)); // E'…', _binary '…' without its space
    if (/^_\w+$/.test(word)) {
      space();
      return value();
    }
    return /^null$/i.test(word) ? null : /^true$/i.test(word) ? '1' : /^false$/i.test(word) ? '0' : word;
  }

  function* tuples(table: MrbsTable | undefined, columns: string[] | undefined): Generator<DumpRow> {
    for (;;) {
      space();
      if (text[at] !== '(') throw broken();
      at++;
      const cells: (string | null)[] = [];
      for (;;) {
        space();
        cells.push(value());
        match(/::[\w ]{1,60}/y); // a cast
        space();
        const sign = text[at++];
        if (sign === ')') break;
        if (sign !== ',' || cells.length >= MOST_COLUMNS) throw broken();
      }
      if (table) yield named(table, columns, cells);
      space();
      const sign = text[at++];
      if (sign === ',') continue;
      if (sign === ';' || sign === undefined) return;
      at--;
      skipStatement(); // ON DUPLICATE KEY …, ON CONFLICT …
      return;
    }
  }

  function* lines(table: MrbsTable | undefined, columns: string[] | undefined): Generator<DumpRow> {
    for (;;) {
      if (at >= end) throw broken();
      const mark = text.indexOf('\n', at);
      const line = text.slice(at, mark < 0 ? end : mark).replace(/\r$/, '');
      if (line === '\\.') {
        nextLine();
        return;
      }
      if (table)
        yield named(
          table,
          columns,
          line
            .split('\t')
            .map((cell) =>
              cell === '\\N' ? null : cell.replace(/\\(.)/g, (_all, sign: string) => unescape(sign, true)),
            ),
        );
      nextLine();
    }
  }

  function named(table: MrbsTable, columns: string[] | undefined, cells: (string | null)[]): DumpRow {
    if (!columns) throw broken('no_columns');
    if (columns.length !== cells.length) throw broken();
    return { table, values: Object.fromEntries(columns.map((name, n) => [name, cells[n] ?? null])) };
  }

  /** The columns of CREATE TABLE, whose body begins here. */
  function createdColumns(): string[] {
    const columns: string[] = [];
    for (let depth = 1, isStart = true; at < end;) {
      space();
      const sign = text[at] ?? '';
      if (isStart && depth === 1) {
        isStart = false;
        if (sign === '`' || sign === '"') {
          columns.push(quoted(false).toLowerCase());
          continue;
        }
        const word = match(/\w{1,64}/y)?.[0];
        if (word !== undefined) {
          if (!NOT_A_COLUMN.test(word)) columns.push(word.toLowerCase());
          continue;
        }
      }
      if (sign === "'" || sign === '"' || sign === '`') quoted(backslashes);
      else {
        at++;
        if (sign === '(') depth++;
        else if (sign === ')' && --depth === 0) break;
        else if (sign === ',' && depth === 1) isStart = true;
      }
    }
    skipStatement();
    return columns;
  }

  while (at < end) {
    space();
    if (at >= end) return;
    if (text[at] === '\\') {
      nextLine(); // psql's own, such as \restrict
      continue;
    }
    const insert = match(INSERT);
    if (insert) {
      const table = tableOf(insert[1]);
      yield* tuples(table, listOf(insert[2]) ?? columnsOf.get(table ?? ''));
      continue;
    }
    const copy = match(COPY);
    if (copy) {
      const table = tableOf(copy[1]);
      yield* lines(table, listOf(copy[2]) ?? columnsOf.get(table ?? ''));
      continue;
    }
    const create = match(CREATE);
    const table = create ? tableOf(create[1]) : undefined;
    if (table) columnsOf.set(table, createdColumns());
    else skipStatement();
  }
}

const SIGNS: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', 0: '\0', Z: '\u001a' };
/** What stands behind a backslash. @param isCopy COPY knows \f and \v and neither \0 nor \Z */
function unescape(sign: string, isCopy = false): string {
  if (isCopy)
    return { f: '\f', v: '\v' }[sign] ?? (sign === '0' || sign === 'Z' ? sign : (SIGNS[sign] ?? sign));
  return SIGNS[sign] ?? sign;
}

function tableOf(name: string | undefined): MrbsTable | undefined {
  return /(?:^|_)mrbs_(area|room|entry|repeat)$/i
    .exec((name ?? '').replace(/^.*\./, '').replace(/[`"]/g, ''))?.[1]
    ?.toLowerCase() as MrbsTable | undefined;
}

function listOf(columns: string | undefined): string[] | undefined {
  return columns?.split(',').map((name) =>
    name
      .trim()
      .replace(/^[`"]|[`"]$/g, '')
      .toLowerCase(),
  );
}
