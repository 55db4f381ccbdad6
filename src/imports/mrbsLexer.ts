// The words of a database dump: strings, comments, names and values, one after the other.
// The functions move `at` forward; none of them carries a statement out.

/** A place in the text of a dump. */
export interface Cursor {
  readonly text: string;
  /** MySQL escapes by backslash in every string, PostgreSQL only in E'…'. */
  readonly hasBackslashes: boolean;
  at: number;
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

const BARE = /[^'"\s,():]{1,100}/y;
const DOLLAR_TAG = /\$\w{0,60}\$/y;
const CAST = /::[\w ]{1,60}/y;
const QUOTES = new Set(["'", '"', '`']);
const WORDS = new Map<string, string | null>([
  ['null', null],
  ['true', '1'],
  ['false', '0'],
]);
const SIGNS: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', 0: '\0', Z: '\u001a' };
/** COPY knows \f and \v and neither \0 nor \Z. */
const COPY_SIGNS: Record<string, string> = { ...SIGNS, f: '\f', v: '\v', 0: '0', Z: 'Z' };

export function startOf(text: string): Cursor {
  return { text, hasBackslashes: !isPostgres(text), at: text.startsWith('\ufeff') ? 1 : 0 };
}

export function isAtEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length;
}

/** The fault at the place that was reached. */
export function faultAt({ text, at }: Cursor, reason: DumpError['reason'] = 'broken'): DumpError {
  let line = 1;
  for (let mark = text.indexOf('\n'); mark >= 0 && mark < at; mark = text.indexOf('\n', mark + 1)) line++;
  return new DumpError(reason, line);
}

/** Moves behind a sticky pattern if the pattern matches here. */
export function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found) cursor.at = pattern.lastIndex;
  return found;
}

/** The rest of the line, without its end. */
export function restOfLine({ text, at }: Cursor): string {
  const mark = text.indexOf('\n', at);
  return text.slice(at, mark < 0 ? text.length : mark).replace(/\r$/, '');
}

export function skipLine(cursor: Cursor): void {
  const mark = cursor.text.indexOf('\n', cursor.at);
  cursor.at = mark < 0 ? cursor.text.length : mark + 1;
}

/** Moves over spaces and comments. */
export function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  while (!isAtEnd(cursor)) {
    const sign = text[cursor.at];
    if (sign === ' ' || sign === '\n' || sign === '\r' || sign === '\t') cursor.at++;
    else if (text.startsWith('--', cursor.at) || (sign === '#' && cursor.hasBackslashes)) skipLine(cursor);
    else if (text.startsWith('/*', cursor.at)) skipComment(cursor);
    else return;
  }
}

function skipComment(cursor: Cursor): void {
  const close = cursor.text.indexOf('*/', cursor.at + 2);
  if (close < 0) throw faultAt(cursor);
  cursor.at = close + 2;
}

export function isQuote(sign: string | undefined): boolean {
  return sign !== undefined && QUOTES.has(sign);
}

/** The quoted text that begins here. A doubled quote stands for one. */
export function readQuoted(cursor: Cursor, hasEscapes: boolean): string {
  const { text } = cursor;
  const quote = text[cursor.at];
  const parts: string[] = [];
  let from = ++cursor.at;
  for (; !isAtEnd(cursor); cursor.at++) {
    const sign = text[cursor.at];
    if (sign === quote) {
      parts.push(text.slice(from, cursor.at));
      from = ++cursor.at;
      if (text[cursor.at] !== quote) return parts.join('');
    } else if (sign === '\\' && hasEscapes && quote !== '`') {
      parts.push(text.slice(from, cursor.at), unescaped(text[++cursor.at] ?? ''));
      from = cursor.at + 1;
    }
  }
  throw faultAt(cursor);
}

/** Moves behind the semicolon of the statement. */
export function skipStatement(cursor: Cursor): void {
  while (!isAtEnd(cursor)) {
    skipSpace(cursor);
    const sign = cursor.text[cursor.at];
    if (sign === ';') {
      cursor.at++;
      return;
    }
    if (isQuote(sign)) readQuoted(cursor, cursor.hasBackslashes || (sign === "'" && isBehindE(cursor)));
    else if (sign === '$') skipDollarQuoted(cursor);
    else cursor.at++;
  }
}

/** Of E'…', which may hold escapes in PostgreSQL, too. */
function isBehindE({ text, at }: Cursor): boolean {
  return /e/i.test(text[at - 1] ?? '');
}

/** $tag$ … $tag$ of PostgreSQL; a single $ is stepped over. */
function skipDollarQuoted(cursor: Cursor): void {
  const tag = match(cursor, DOLLAR_TAG)?.[0];
  if (!tag) {
    cursor.at++;
    return;
  }
  const close = cursor.text.indexOf(tag, cursor.at);
  cursor.at = close < 0 ? cursor.text.length : close + tag.length;
}

/** A value of a row as text, behind it its cast; null for NULL. */
export function readValue(cursor: Cursor): string | null {
  skipSpace(cursor);
  const value = readBareOrQuoted(cursor);
  match(cursor, CAST);
  return value;
}

function readBareOrQuoted(cursor: Cursor): string | null {
  const sign = cursor.text[cursor.at];
  if (sign === "'" || sign === '"') return readQuoted(cursor, cursor.hasBackslashes);
  const word = match(cursor, BARE)?.[0];
  if (word === undefined) throw faultAt(cursor);
  // E'…', or _binary '…' without its space.
  if (cursor.text[cursor.at] === "'") return readQuoted(cursor, cursor.hasBackslashes || /^e$/i.test(word));
  if (/^_\w+$/.test(word)) {
    skipSpace(cursor);
    return readBareOrQuoted(cursor);
  }
  const known = WORDS.get(word.toLowerCase());
  return known === undefined ? word : known;
}

/** A cell of COPY; null for NULL. */
export function copiedValue(cell: string): string | null {
  if (cell === '\\N') return null;
  return cell.replace(/\\(.)/g, (_all, sign: string) => COPY_SIGNS[sign] ?? sign);
}

/** What stands behind a backslash. */
function unescaped(sign: string): string {
  return SIGNS[sign] ?? sign;
}

function isPostgres(text: string): boolean {
  const head = text.slice(0, 20_000);
  return (
    /^-- PostgreSQL database dump/m.test(head) ||
    (!head.includes('`') && /standard_conforming_strings|^COPY |pg_catalog/m.test(head))
  );
}
