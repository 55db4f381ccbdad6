// The 纪要 layout of GB/T 9704-2012, its millimetres in points; the figures stand in one place each.
import type { MinutesDocument } from './document.js';
import type { DocumentItem } from './items.js';
import { mm, type PdfPage } from '../lib/typeset/pdfPage.js';
import type { FaceName } from '../lib/typeset/typeface.js';
import { breakLines, type Line, type Run, type ParagraphStyle } from '../lib/typeset/lines.js';

const area = { left: 28 * mm, top: 37 * mm, width: 156 * mm, height: 225 * mm };
const bottom = area.top + area.height;
const rowsPerPage = 22;
const pitch = area.height / rowsPerPage;
const textSize = 16; // 三号
const tracking = (area.width - 28 * textSize) / 28; // 28 characters a line
const cell = textSize + tracking;
const titleSize = 22; // 二号
const smallSize = 14; // 四号
const red = '#c8102e';

/** One row of the grid; a page may not end with a heading, nor begin with the list of who was there. */
export interface Row {
  line: Line | null;
  size: number;
  element: string | null;
  bookmark: string | null;
  part: 'title' | 'heading' | 'body' | 'list';
}

export function drawOfficial(document: MinutesDocument, sheet: PdfPage, isOwnTypeface: boolean): void {
  addPage(sheet, document);
  let at = drawHead(document, sheet);
  const pages = paginate(rowsOf(document, sheet), rowsPerPage - at, rowsPerPage);
  pages.forEach((rows, i) => {
    if (i > 0) {
      addPage(sheet, document);
      at = 0;
    }
    for (const row of rows) {
      if (row.element) sheet.element(row.element);
      if (row.bookmark) sheet.pdf.outline.addItem(row.bookmark);
      if (row.line) sheet.line(row.line, { x: area.left, y: baseline(at, row.size), size: row.size });
      at++;
    }
  });
  drawColophon(document, sheet, at);
  drawPageNumbers(sheet);
  if (!isOwnTypeface) drawFootnote(document.fontNote, sheet);
}

function baseline(row: number, size: number): number {
  return area.top + (row + 0.5) * pitch + size * 0.36;
}

function addPage(sheet: PdfPage, document: MinutesDocument): void {
  sheet.pdf.addPage({ size: 'A4', margin: 0 });
  const { notice } = document;
  if (notice)
    sheet.artifact(() => sheet.text('heading', notice, { x: area.left, y: area.top - 10 * mm, size: 12 }));
}

/** Flag, number, office and date, red rule. @returns the first free row of the grid, two blank ones left */
function drawHead(document: MinutesDocument, sheet: PdfPage): number {
  const flag = [...document.flag];
  const size = Math.min(42, area.width / flag.length);
  const step = Math.min(size * 1.12, (area.width - size) / Math.max(flag.length - 1, 1));
  const spread = flag.length > 18 ? 0 : step - size;
  let y = area.top + 35 * mm + size * 0.86; // the flag's top edge is 35 mm below the type area's
  sheet.element('P');
  centred(sheet, document.flag, { face: 'title', y, size, tracking: spread, colour: red });
  y += 3 * pitch;
  if (document.number) centred(sheet, document.number, { face: 'text', y, size: textSize, tracking });
  y += pitch;
  sheet.element('P');
  const [office] = breakLines(
    sheet.measure(textSize),
    [{ face: 'text', text: document.office }],
    area.width,
    { tracking },
  );
  const [date] = breakLines(sheet.measure(textSize), [{ face: 'text', text: document.date }], area.width, {
    tracking,
  });
  if (office) sheet.line(office, { x: area.left + cell, y, size: textSize });
  if (date) sheet.line(date, { x: area.left + area.width - cell - date.width, y, size: textSize });
  y += textSize * 0.14 + 4 * mm;
  rule(sheet, y, 1.4, red);
  return Math.ceil((y - area.top) / pitch) + 1;
}

interface Centred {
  face: FaceName;
  y: number;
  size: number;
  tracking: number;
  colour?: string;
}

function centred(sheet: PdfPage, text: string, { face, y, size, tracking: space, colour }: Centred): void {
  const [line] = breakLines(sheet.measure(size), [{ face, text }], 10 * area.width, { tracking: space });
  if (line) sheet.line(line, { x: area.left + (area.width - line.width + space) / 2, y, size, colour });
}

function rule(sheet: PdfPage, y: number, width: number, colour = '#000000'): void {
  sheet.artifact(() =>
    sheet.pdf
      .lineWidth(width)
      .strokeColor(colour)
      .moveTo(area.left, y)
      .lineTo(area.left + area.width, y)
      .stroke(),
  );
}

function rowsOf(document: MinutesDocument, sheet: PdfPage): Row[] {
  return [
    ...titleRows(document, sheet),
    blankRow('title'),
    ...openingRows(document, sheet),
    ...document.items.flatMap((item) => itemRows(item, sheet)),
    ...attachmentRows(document, sheet),
    ...attendanceRows(document, sheet),
  ];
}

function blankRow(part: Row['part']): Row {
  return { line: null, size: textSize, element: null, bookmark: null, part };
}

interface RowStyle extends ParagraphStyle {
  element: 'P' | 'H2';
  part: Row['part'];
  bookmark?: string;
}

/** A paragraph of the text as rows; the first of them opens its element of the structure. */
function paragraphRows(sheet: PdfPage, runs: Run[], { element, part, bookmark, ...style }: RowStyle): Row[] {
  const lines = breakLines(sheet.measure(textSize), runs, area.width, { justify: true, tracking, ...style });
  return lines.map((line, i) => ({
    line,
    size: textSize,
    element: i === 0 ? element : null,
    bookmark: i === 0 && bookmark ? bookmark : null,
    part,
  }));
}

function titleRows({ title }: MinutesDocument, sheet: PdfPage): Row[] {
  return titleLines(title, sheet).map((line, i) => ({
    line,
    size: titleSize,
    element: i === 0 ? 'H1' : null,
    bookmark: i === 0 ? title : null,
    part: 'title',
  }));
}

const bodyStyle = { element: 'P', part: 'body', indent: 2 * cell } as const;

function openingRows({ correction, opening }: MinutesDocument, sheet: PdfPage): Row[] {
  return [
    ...(correction ? paragraphRows(sheet, [{ face: 'subheading', text: correction }], bodyStyle) : []),
    ...paragraphRows(sheet, [{ face: 'text', text: opening }], bodyStyle),
  ];
}

function itemRows({ marker, title, paragraphs }: DocumentItem, sheet: PdfPage): Row[] {
  const heading = `${marker}${title}`;
  const rows = title
    ? paragraphRows(sheet, [{ face: 'heading', text: heading }], {
        element: 'H2',
        part: 'heading',
        indent: 2 * cell,
        justify: false,
        bookmark: heading,
      })
    : [];
  for (const paragraph of paragraphs) {
    const notes = paragraph.notes.map((note) => ({ face: 'text', text: `（${note}）` }));
    const parts = paragraph.text.split(/\n+/);
    for (const [i, part] of parts.entries()) {
      const isLast = i === parts.length - 1;
      const phrase = i === 0 && paragraph.phrase ? [{ face: 'subheading', text: paragraph.phrase }] : [];
      const runs = closed([...phrase, { face: 'text', text: part.trim() }], isLast ? notes : []);
      rows.push(...paragraphRows(sheet, runs, bodyStyle));
    }
  }
  return rows;
}

/** 附件 after a blank row; further ones begin where the name of the first does. */
function attachmentRows({ attachments }: MinutesDocument, sheet: PdfPage): Row[] {
  if (!attachments) return [];
  const { label, entries } = attachments;
  const width = (text: string): number =>
    breakLines(sheet.measure(textSize), [{ face: 'text', text }], 10 * area.width, { tracking })[0]?.width ??
    0;
  const start = 2 * cell + width(label);
  const rows = entries.flatMap((entry, i) => {
    const number = entries.length > 1 ? `${i + 1}.` : '';
    const text = i === 0 ? `${label}${number}${entry}` : `${number}${entry}`;
    return paragraphRows(sheet, [{ face: 'text', text }], {
      ...bodyStyle,
      indent: i === 0 ? 2 * cell : start,
      hang: start + width(number),
      justify: false,
    });
  });
  return [blankRow('body'), ...rows];
}

function attendanceRows({ attendance }: MinutesDocument, sheet: PdfPage): Row[] {
  if (attendance.length === 0) return [];
  const rows = attendance.flatMap(({ label, groups }) => {
    const names = groups
      .map((group) => `${group.unit}${group.unit ? ' ' : ''}${group.names.join('、')}`)
      .join('，');
    const runs = [
      { face: 'heading', text: `${label}：` },
      { face: 'text', text: names },
    ];
    const hang = (2 + [...label].length + 1) * cell;
    return paragraphRows(sheet, runs, { element: 'P', part: 'list', indent: 2 * cell, hang, justify: false });
  });
  return [blankRow('list'), ...rows];
}

/** Notes go before the full stop: 修改并报批（主办：…）。 */
function closed(runs: Run[], notes: Run[]): Run[] {
  const last = runs.at(-1)!;
  if (notes.length === 0) return runs;
  const end = /[。；！？.]$/.exec(last.text)?.[0] ?? '。';
  return [
    ...runs.slice(0, -1),
    { ...last, text: last.text.replace(/[。；！？.]$/, '') },
    ...notes,
    { ...last, text: end },
  ];
}

/**
 * A title of several lines breaks between words into lines of like length (7.3.1: no broken words, a balanced
 * shape).
 */
function titleLines(title: string, sheet: PdfPage): Line[] {
  const set = (text: string): Line | undefined =>
    breakLines(sheet.measure(titleSize), [{ face: 'title', text }], 100 * area.width)[0];
  const whole = set(title)?.width ?? 0;
  const count = Math.ceil(whole / area.width);
  const words = [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(title)].map(
    (word) => word.segment,
  );
  const texts = [''];
  for (const word of words) {
    const now = set(texts.at(-1)!)?.width ?? 0;
    const longer = set(texts.at(-1)! + word)?.width ?? 0;
    const target = whole / count;
    const isNearer = Math.abs(target - now) <= Math.abs(longer - target);
    const maySplit = now > 0 && !/^[，。、；：？！）》”’]/.test(word);
    if (maySplit && (longer > area.width || (texts.length < count && isNearer))) texts.push(word);
    else texts[texts.length - 1] += word;
  }
  return texts
    .flatMap((text) => breakLines(sheet.measure(titleSize), [{ face: 'title', text }], area.width))
    .map((line) => {
      const shift = (area.width - line.width) / 2;
      return { ...line, runs: line.runs.map((run) => ({ ...run, x: run.x + shift })) };
    });
}

/** Fills pages of `capacity` rows, the first of `first`. */
export function paginate(rows: Row[], first: number, capacity: number): Row[][] {
  const pages: Row[][] = [];
  let from = 0;
  while (from < rows.length) {
    while (pages.length > 0 && from < rows.length && !rows[from]!.line) from++;
    let to = Math.min(rows.length, from + Math.max(1, pages.length === 0 ? first : capacity));
    if (to < rows.length) to = earlier(rows, from, to);
    pages.push(rows.slice(from, to));
    from = to;
  }
  return pages;
}

/** Moves a page break up: a heading goes with its text, the list takes two rows of body text along. */
function earlier(rows: Row[], from: number, to: number): number {
  let end = to;
  const next = rows.slice(to).find((row) => row.line);
  if (next?.part === 'list') {
    let body = to - 1;
    while (body > from && (rows[body]!.part === 'list' || !rows[body]!.line)) body--;
    if (body - 1 > from && !rows.slice(to).some((row) => row.part === 'body')) end = body - 1;
  }
  while (end - 1 > from && rows[end - 1]!.part === 'heading') end--;
  return end;
}

/** 版记: copies, issuing office and date between rules; the last rule closes the type area of the last page. */
function drawColophon(document: MinutesDocument, sheet: PdfPage, usedRows: number): void {
  if (!document.issued) return;
  const measure = sheet.measure(smallSize);
  const width = area.width - 2 * smallSize;
  const copies = document.copies
    ? breakLines(
        measure,
        [{ face: 'text', text: `${document.copies.label}：${document.copies.names}。` }],
        width,
        {
          hang: ([...document.copies.label].length + 1) * smallSize,
        },
      )
    : [];
  const height = (copies.length + 1) * pitch;
  if (usedRows * pitch > area.height - height - pitch / 2) addPage(sheet, document);
  let y = bottom - height;
  rule(sheet, y, 0.35 * mm);
  const next = (): number => (y += pitch) - pitch / 2 + smallSize * 0.36;
  if (copies.length > 0) {
    sheet.element('P');
    for (const line of copies) sheet.line(line, { x: area.left + smallSize, y: next(), size: smallSize });
    rule(sheet, y, 0.25 * mm);
  }
  const at = next();
  sheet.element('P');
  const [office] = breakLines(measure, [{ face: 'text', text: document.issued.office }], width);
  const [date] = breakLines(measure, [{ face: 'text', text: document.issued.date }], width);
  if (office) sheet.line(office, { x: area.left + smallSize, y: at, size: smallSize });
  if (date) sheet.line(date, { x: area.left + area.width - smallSize - date.width, y: at, size: smallSize });
  rule(sheet, bottom, 0.35 * mm);
}

/** — 1 — in 四号, 7 mm below the type area, odd pages right and even pages left, one character in. */
function drawPageNumbers(sheet: PdfPage): void {
  const { start, count } = sheet.pdf.bufferedPageRange();
  for (let i = start; i < start + count; i++) {
    sheet.pdf.switchToPage(i);
    const text = `— ${i + 1} —`;
    const width = sheet.measure(smallSize).width('latin', text);
    const x = i % 2 === 0 ? area.left + area.width - smallSize - width : area.left + smallSize;
    sheet.artifact(() =>
      sheet.text('latin', text, { x, y: bottom + 7 * mm + smallSize * 0.8, size: smallSize }),
    );
  }
}

function drawFootnote(text: string, sheet: PdfPage): void {
  sheet.artifact(() =>
    sheet.text('text', text, { x: area.left, y: bottom + 22 * mm, size: 8, colour: '#555555' }),
  );
}
