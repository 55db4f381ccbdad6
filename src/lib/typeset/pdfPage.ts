// One page of paper to draw on: fonts, tagged text, page numbers.
// pdfOfficial and pdfPlain decide what goes where.
import type PDFDocument from 'pdfkit';
import type { FaceName, Typeface } from './typeface.js';
import type { Line, Measure, Run } from './lines.js';

export const mm = 72 / 25.4;
export const page = { width: 210 * mm, height: 297 * mm };

export type Pdf = InstanceType<typeof PDFDocument>;
type Element = ReturnType<Pdf['struct']>;

/** Where text stands and how it looks: left edge and baseline in points from the top left. */
export interface TextPlace {
  x: number;
  y: number;
  /** Of the letters, in points. */
  size: number;
  /** Black unless given. */
  colour?: string;
}

export interface PdfPage {
  pdf: Pdf;
  measure: (size: number) => Measure;
  /** Starts an element of the tagged text, such as H1 or P; the lines drawn after it belong to it. */
  element(type: string): void;
  line(line: Line, place: TextPlace): void;
  /** Draws what is no text of the document: rules, page numbers. */
  artifact(draw: () => void): void;
  text(face: FaceName, text: string, place: TextPlace): void;
}

export function openPdfPage(pdf: Pdf, typeface: Typeface): PdfPage {
  const fontOf = registerFonts(pdf, typeface);
  const runs = runsOf(typeface);
  const width = widthsOf(pdf, fontOf);
  const draw = (
    { face, text, spacing = 0 }: DrawnRun,
    { x, y, size, colour = '#000000' }: TextPlace,
  ): void => {
    pdf.font(fontOf(face)).fontSize(size).fillColor(colour);
    pdf.text(text, x, y, {
      lineBreak: false,
      baseline: 'alphabetic',
      characterSpacing: spacing,
      features: featuresOf(face),
    });
  };
  const structure = tagged(pdf);
  return {
    pdf,
    measure: (size) => ({ width: (face, text) => width(face, text) * size, runs }),
    element: (type) => structure.element(type),
    line(line, place) {
      structure.marked(() => line.runs.forEach((run) => draw(run, { ...place, x: place.x + run.x })));
    },
    artifact(work) {
      pdf.markContent('Artifact', { type: 'Layout' });
      work();
      pdf.endMarkedContent();
    },
    text(face, text, place) {
      let { x } = place;
      for (const run of runs(face, text)) {
        draw(run, { ...place, x });
        x += width(run.face, run.text) * place.size;
      }
    },
  };
}

interface DrawnRun {
  face: string;
  text: string;
  /** Added after each character, in points. */
  spacing?: number;
}

/** Faces that are drawn from one file are one font in the PDF. @returns the name of a face's font */
function registerFonts(pdf: Pdf, typeface: Typeface): (face: string) => string {
  const files = Object.entries(typeface.files);
  const fonts = new Map(files.map(([face, file]) => [face, files.find(([, other]) => other === file)![0]]));
  for (const font of new Set(fonts.values())) pdf.registerFont(font, typeface.files[font as FaceName]);
  return (face) => fonts.get(face)!;
}

/** The structure of the text, for readers that read it aloud. */
function tagged(pdf: Pdf) {
  const root = pdf.struct('Document');
  pdf.addStructure(root);
  let current: Element | undefined;
  return {
    element(type: string): void {
      current?.end();
      current = pdf.struct(type);
      root.add(current);
    },
    marked(work: () => void): void {
      const content = pdf.markStructureContent(current ? 'Span' : 'P');
      current?.add(content);
      work();
      pdf.endMarkedContent();
    },
  };
}

/** The width of a text at a size of 1, each measured once. */
function widthsOf(pdf: Pdf, fontOf: (face: string) => string): (face: string, text: string) => number {
  const widths = new Map<string, number>();
  return (face, text) => {
    const key = `${face} ${text}`;
    let found = widths.get(key);
    if (found === undefined) {
      pdf.font(fontOf(face)).fontSize(1000);
      found = pdf.widthOfString(text, { features: featuresOf(face) }) / 1000;
      widths.set(key, found);
    }
    return found;
  };
}

/** Only the Latin faces are kerned; a Chinese line stands on its grid. */
function featuresOf(face: string): PDFKit.Mixins.OpenTypeFeatures[] {
  return face === 'latin' || face === 'latinBold' ? ['kern'] : [];
}

const contextual = new Set('‘’“”…—');
const han = /[\p{sc=Han}\u3000-\u303f\uff00-\uffef]/u;

/**
 * Latin letters come from the Latin faces, quotation marks from the script
 * they stand in, and what the wanted face lacks from the one that has all.
 */
function runsOf(typeface: Typeface): Measure['runs'] {
  const covers: Partial<Record<string, (codepoint: number) => boolean>> = typeface.covers;
  return (face, text) => {
    const isBold = face === 'title' || face === 'heading' || face === 'bold' || face === 'latinBold';
    const isLatinWanted = face === 'latin' || face === 'latinBold';
    const latin = isBold ? 'latinBold' : 'latin';
    const all = isBold ? 'bold' : 'regular';
    const characters = [...text];
    const runs: Run[] = [];
    characters.forEach((character, i) => {
      const codepoint = character.codePointAt(0)!;
      const isLatin = contextual.has(character)
        ? isLatinWanted && !han.test(characters[i - 1] ?? '') && !han.test(characters[i + 1] ?? '')
        : covers[latin]?.(codepoint);
      const other = isLatinWanted ? all : face;
      const preferred = isLatin ? latin : other;
      const chosen = covers[preferred]?.(codepoint) ? preferred : all;
      const last = runs.at(-1);
      if (last?.face === chosen) last.text += character;
      else runs.push({ face: chosen, text: character });
    });
    return runs;
  };
}
