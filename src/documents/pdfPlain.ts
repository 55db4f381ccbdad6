// The plain layout: what was done, not what was said; facts on top, decisions numbered, actions in a table at
// the end.
import type { MinutesDocument } from './document.js';
import { mm, page, type PdfPage } from '../lib/typeset/pdfPage.js';
import type { FaceName } from '../lib/typeset/typeface.js';
import { breakLines, type Run, type ParagraphStyle } from '../lib/typeset/lines.js';

const margin = { left: 25 * mm, right: 25 * mm, top: 24 * mm, bottom: 26 * mm };
const width = page.width - margin.left - margin.right;
const floor = page.height - margin.bottom;
const ink = '#1f2328';
const soft = '#565c64';

interface Paragraph extends ParagraphStyle {
  element: string;
  face?: FaceName;
  size?: number;
  colour?: string;
  /** Space before, dropped at the top of a page, and what must still fit below. */
  before?: number;
  keep?: number;
  bookmark?: string;
}

interface Flow {
  sheet: PdfPage;
  isChinese: boolean;
  y: number;
}

export function drawPlain(document: MinutesDocument, sheet: PdfPage): void {
  const flow: Flow = { sheet, isChinese: document.lang === 'zh-CN', y: 0 };
  addPage(flow);
  drawHead(flow, document);
  drawAttendance(flow, document);
  for (const item of document.items) drawItem(flow, item);
  drawActions(flow, document);
  drawEnd(flow, document);
  drawFooters(flow, document);
}

function addPage(flow: Flow): void {
  flow.sheet.pdf.addPage({ size: 'A4', margin: 0 });
  flow.y = margin.top;
}

function lead(flow: Flow, size: number): number {
  return size * (flow.isChinese ? 1.65 : 1.42);
}

function put(
  flow: Flow,
  runs: Run[],
  { element, size = 11, colour = ink, before = 0, keep = 0, bookmark, ...setting }: Paragraph,
): void {
  const leading = lead(flow, size);
  if (flow.y > margin.top) flow.y += before;
  if (flow.y + leading + keep > floor) addPage(flow);
  flow.sheet.element(element);
  if (bookmark) flow.sheet.pdf.outline.addItem(bookmark);
  for (const line of breakLines(flow.sheet.measure(size), runs, width, {
    justify: flow.isChinese,
    ...setting,
  })) {
    if (flow.y + leading > floor) addPage(flow);
    flow.sheet.line(line, { x: margin.left, y: flow.y + size, size, colour });
    flow.y += leading;
  }
}

function regular(text: string): Run {
  return { face: 'latin', text };
}

function bold(text: string): Run {
  return { face: 'latinBold', text };
}

function drawHead(flow: Flow, document: MinutesDocument): void {
  put(flow, [regular([document.office, document.number].filter(Boolean).join('  ·  '))], {
    element: 'P',
    size: 10,
    colour: soft,
  });
  put(flow, [bold(document.title)], {
    element: 'H1',
    size: 20,
    before: 4,
    justify: false,
    bookmark: document.title,
  });
  if (document.notice)
    put(flow, [bold(document.notice)], { element: 'P', size: 10.5, before: 2, colour: '#855000' });
  flow.y += 6;
  rule(flow);
  flow.y += 8;
  const measure = flow.sheet.measure(11);
  const column = Math.max(0, ...document.facts.map((fact) => measure.width('latin', fact.label))) + 18;
  for (const { label, value } of document.facts) pair(flow, label, value, column);
  if (document.correction) put(flow, [bold(document.correction)], { element: 'P', before: 8 });
}

/** A label and its value in two columns; the value's further lines stay in its column. */
function pair(flow: Flow, label: string, value: string, column: number): void {
  if (flow.y + lead(flow, 11) > floor) addPage(flow);
  const { sheet } = flow;
  const [head] = breakLines(sheet.measure(11), [regular(label)], width);
  sheet.element('P');
  if (head) sheet.line(head, { x: margin.left, y: flow.y + 11, size: 11, colour: soft });
  for (const line of breakLines(sheet.measure(11), [regular(value)], width - column)) {
    if (flow.y + lead(flow, 11) > floor) addPage(flow);
    sheet.line(line, { x: margin.left + column, y: flow.y + 11, size: 11, colour: ink });
    flow.y += lead(flow, 11);
  }
}

function rule(flow: Flow, from = margin.left, to = page.width - margin.right): void {
  flow.sheet.artifact(() =>
    flow.sheet.pdf.lineWidth(0.6).strokeColor('#85817a').moveTo(from, flow.y).lineTo(to, flow.y).stroke(),
  );
}

function heading(flow: Flow, text: string): void {
  put(flow, [bold(text)], {
    element: 'H2',
    size: 13,
    before: 14,
    keep: 2 * lead(flow, 11),
    justify: false,
    bookmark: text,
  });
  flow.y += 2;
}

function drawAttendance(flow: Flow, document: MinutesDocument): void {
  if (document.attendance.length === 0) return;
  heading(flow, document.attendanceHeading);
  const [open, comma, semicolon] = flow.isChinese ? ['：', '、', '；'] : [': ', ', ', '; '];
  const column =
    Math.max(0, ...document.attendance.map((list) => flow.sheet.measure(11).width('latin', list.label))) + 18;
  for (const { label, groups } of document.attendance) {
    const names = groups
      .map((group) => (group.unit ? `${group.unit}${open}` : '') + group.names.join(comma))
      .join(semicolon);
    pair(flow, label, names, column);
  }
}

function drawItem(flow: Flow, item: MinutesDocument['items'][number]): void {
  if (item.title)
    heading(flow, flow.isChinese ? `${item.marker}${item.title}` : `${item.marker} ${item.title}`.trim());
  for (const paragraph of item.paragraphs) {
    const parts = paragraph.text.split(/\n+/).map((part) => part.trim());
    parts.forEach((part, i) => {
      const runs = [...(i === 0 && paragraph.phrase ? [bold(paragraph.phrase)] : []), regular(part)];
      put(flow, runs, { element: 'P', before: i === 0 ? 5 : 2, indent: 14, hang: 14 });
    });
    for (const note of paragraph.notes)
      put(flow, [regular(upperFirst(note))], { element: 'P', size: 10, colour: soft, indent: 14, hang: 14 });
  }
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function drawActions(flow: Flow, document: MinutesDocument): void {
  if (document.actions.length === 0) return;
  const { heading: title, action, lead: who, due } = document.actionLabels;
  heading(flow, title);
  const columns = [width * 0.52, width * 0.26, width * 0.22];
  tableRow(flow, [action, who, due], columns, 'latinBold');
  for (const each of document.actions) tableRow(flow, [each.action, each.lead, each.due], columns, 'latin');
}

function tableRow(flow: Flow, cells: string[], columns: number[], face: FaceName): void {
  const size = 10;
  const leading = lead(flow, size);
  const set = cells.map((text, i) =>
    breakLines(flow.sheet.measure(size), [{ face, text }], columns[i]! - 10),
  );
  const height = Math.max(...set.map((lines) => lines.length)) * leading + 6;
  if (flow.y + Math.min(height, floor - margin.top) > floor) addPage(flow);
  const top = flow.y + 4;
  let x = margin.left;
  set.forEach((lines, column) => {
    flow.sheet.element('P');
    lines.forEach((line, i) => flow.sheet.line(line, { x, y: top + size + i * leading, size, colour: ink }));
    x += columns[column]!;
  });
  flow.y += height;
  rule(flow);
}

function drawEnd(flow: Flow, document: MinutesDocument): void {
  flow.y += 8;
  if (document.closing) put(flow, [regular(document.closing)], { element: 'P', before: 8 });
  if (document.attachments)
    put(
      flow,
      [
        regular(
          `${document.attachments.label}${document.attachments.entries.join(flow.isChinese ? '、' : ', ')}`,
        ),
      ],
      {
        element: 'P',
        before: 4,
      },
    );
  if (document.copies)
    put(flow, [regular(`${document.copies.label}${flow.isChinese ? '：' : ': '}${document.copies.names}`)], {
      element: 'P',
      before: 4,
    });
  if (document.approved) put(flow, [bold(document.approved)], { element: 'P', before: 8 });
  if (document.issued)
    put(flow, [regular(`${document.issued.office}${flow.isChinese ? '　' : ', '}${document.issued.date}`)], {
      element: 'P',
    });
  put(flow, [regular(document.provenance)], {
    element: 'P',
    size: 8,
    colour: soft,
    before: 8,
    justify: false,
  });
}

function drawFooters(flow: Flow, document: MinutesDocument): void {
  const { pdf, measure } = flow.sheet;
  const { start, count } = pdf.bufferedPageRange();
  for (let i = start; i < start + count; i++) {
    pdf.switchToPage(i);
    const left = document.notice ?? document.number ?? '';
    const right = `${i - start + 1} / ${count}`;
    const at = page.height - 14 * mm;
    flow.sheet.artifact(() => {
      flow.sheet.text('latin', left, { x: margin.left, y: at, size: 9, colour: soft });
      flow.sheet.text('latin', right, {
        x: page.width - margin.right - measure(9).width('latin', right),
        y: at,
        size: 9,
        colour: soft,
      });
    });
  }
}
