// Breaks a paragraph into lines the way Chinese and Latin text want it: no line begins with closing
// punctuation or ends with an opening bracket (GB/T 15834 5.1), words stay whole, a closing mark may hang at
// the end by half its width.

/** A stretch of text drawn with one face. */
export interface Run {
  face: string;
  text: string;
}

/**
 * A run with its place from the line's left edge, in points; `spacing` is added after each of its characters.
 */
export interface PlacedRun extends Run {
  x: number;
  spacing: number;
}

export interface Line {
  runs: PlacedRun[];
  width: number;
  isLast: boolean;
}

/** A piece that is never broken: one Chinese character, one Latin word, or blanks. */
interface Piece extends Run {
  width: number;
  isWide: boolean;
  isBlank: boolean;
}

export interface Measure {
  /** The width of a text in points. */
  width(face: string, text: string): number;
  /**
   * The faces that draw a text whose wanted face is `face`: Latin letters and rare characters come from
   * others.
   */
  runs(face: string, text: string): Run[];
}

const noStart = new Set('，。、；：？！）》〉」』】〕〗”’％‰…—～·,.;:?!)]}%”’');
const noEnd = new Set('（《〈「『【〔〖“‘([{');
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303f\uff00-\uffef]/u;
const halvable = new Set('，。、；：？！）》〉」』】〕〗”’');

export interface Setting {
  /** How far the first line starts to the right, and how far all others, in points. */
  indent?: number;
  hang?: number;
  /** Spreads each line but the last over the width. */
  justify?: boolean;
  /** Added to the width of each Chinese character: the grid of 28 to a line. */
  tracking?: number;
}

/** @param width in points, as everything here */
export function breakLines(
  measure: Measure,
  runs: Run[],
  width: number,
  { indent = 0, hang = 0, justify = false, tracking = 0 }: Setting = {},
): Line[] {
  const pieces = runs
    .flatMap((run) => measure.runs(run.face, run.text))
    .flatMap((run) => cut(measure, run, width - Math.max(indent, hang), tracking));
  const lines: Line[] = [];
  let from = 0;
  do {
    while (lines.length > 0 && pieces[from]?.isBlank) from++;
    const start = lines.length === 0 ? indent : hang;
    const to = endOfLine(pieces, from, width - start);
    const isLast = to >= pieces.length;
    lines.push(setLine(trimmed(pieces.slice(from, to)), start, width, justify && !isLast, isLast, tracking));
    from = to;
  } while (from < pieces.length);
  return lines;
}

function cut(measure: Measure, run: Run, width: number, tracking: number): Piece[] {
  const pieces: Piece[] = [];
  const add = (text: string, isWide: boolean): void => {
    const size = measure.width(run.face, text) + (isWide ? tracking * [...text].length : 0);
    // an endless word
    if (size > width && text.length > 1) return [...text].forEach((letter) => add(letter, isWide));
    pieces.push({ ...run, text, width: size, isWide, isBlank: text.trim() === '' });
  };
  for (const [part] of run.text.matchAll(/\s+|[^\s]+/g)) {
    if (part.trim() === '') add(' ', false);
    else for (const word of words(part)) add(word, wide.test(word));
  }
  return pieces;
}

/** Cuts before and after each wide character and after hyphens and slashes: "2027年度A/B" → 2027 年 度 A/ B. */
function words(text: string): string[] {
  const found: string[] = [];
  let word = '';
  let at = -1;
  for (const character of text) {
    at += character.length;
    const isWide =
      wide.test(character) ||
      (noStart.has(character) && character > '\u2000') ||
      (noEnd.has(character) && character > '\u2000');
    if (isWide && word) found.push(word);
    if (isWide) found.push(character);
    word = isWide ? '' : word + character;
    if (
      (character === '-' || character === '/') &&
      word.length > 1 &&
      text[at + 1] !== '/' &&
      text[at + 1] !== '-'
    ) {
      found.push(word);
      word = '';
    }
  }
  if (word) found.push(word);
  return found;
}

/** The index after the last piece that fits and after which a line may end. */
function endOfLine(pieces: Piece[], from: number, width: number): number {
  let used = 0;
  let to = from;
  for (; to < pieces.length; to++) {
    const piece = pieces[to]!;
    const room = halvable.has(piece.text) ? piece.width / 2 : piece.width;
    if (!piece.isBlank && used + room > width + 0.01) break;
    used += piece.width;
  }
  if (to >= pieces.length) return to;
  for (let end = to; end > from; end--) if (mayBreak(pieces[end - 1]!, pieces[end]!)) return end;
  return Math.max(to, from + 1);
}

function mayBreak(before: Piece, after: Piece): boolean {
  if (after.isBlank) return true;
  if (noStart.has([...after.text][0]!) || noEnd.has([...before.text].at(-1)!)) return false;
  if (before.text === '—' && after.text === '—') return false;
  return before.isBlank || before.isWide || after.isWide || /[-/]$/.test(before.text);
}

function trimmed(pieces: Piece[]): Piece[] {
  let end = pieces.length;
  while (end > 0 && pieces[end - 1]!.isBlank) end--;
  return pieces.slice(0, end);
}

function setLine(
  pieces: Piece[],
  start: number,
  width: number,
  justify: boolean,
  isLast: boolean,
  tracking: number,
): Line {
  const natural = pieces.reduce((sum, piece) => sum + piece.width, 0);
  const isGap = (i: number): boolean =>
    i < pieces.length - 1 && (pieces[i]!.isBlank || pieces[i]!.isWide || pieces[i + 1]!.isWide);
  const gaps = pieces.filter((_, i) => isGap(i)).length;
  const last = pieces.at(-1);
  const hanging = last && halvable.has(last.text) && natural > width - start ? last.width / 2 : 0;
  const missing = width - start + hanging - natural;
  // Letters torn further apart than this read, and copy out, as words of their own: such a line stays ragged.
  const loosest = pieces.some((piece) => piece.isBlank)
    ? width
    : 0.12 * Math.max(0, ...pieces.filter((piece) => piece.isWide).map((piece) => piece.width));
  const stretch = gaps > 0 && (missing < 0 || (justify && missing / gaps <= loosest)) ? missing / gaps : 0;
  const placed: PlacedRun[] = [];
  let x = start;
  let isOpen = false;
  pieces.forEach((piece, i) => {
    const after = (isGap(i) ? stretch : 0) + (piece.isWide ? tracking : 0);
    const isSingle = [...piece.text].length === 1;
    const spacing = isSingle ? after : 0;
    const previous = placed.at(-1);
    if (previous && isOpen && previous.face === piece.face && previous.spacing === spacing)
      previous.text += piece.text;
    else placed.push({ face: piece.face, text: piece.text, x, spacing });
    x += piece.width + (isGap(i) ? stretch : 0);
    isOpen = isSingle || after === 0;
  });
  return { runs: placed, width: x - start, isLast };
}
