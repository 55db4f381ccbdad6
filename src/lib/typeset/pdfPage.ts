// One sheet of paper to draw on: fonts, tagged text, page numbers. What goes where is decided by pdfOfficial
// and pdfPlain.
import type PDFDocument from 'pdfkit';
import type { FaceName, Typeface } from './typeface.js';
import type { Line, Measure, Run } from './lines.js';

export const mm = 72 / 25.4;
export const page = { width: 210 * mm, height: 297 * mm };

export type Pdf = InstanceType<typeof PDFDocument>;
type Element = ReturnType<Pdf['struct']>;

export interface Sheet {
  pdf: Pdf;
  measure: (size: number) => Measure;
  /** Starts an element of the tagged text, such as H1 or P; the lines drawn after it belong to it. */
  element(type: string): void;
  /** @param x left edge of the line's box; @param y its baseline, both in points from the top left */
  line(line: Line, x: number, y: number, size: number, colour?: string): void;
  /** Draws what is no text of the document: rules, page numbers. */
  artifact(draw: () => void): void;
  text(face: FaceName, text: string, x: number, y: number, size: number, colour?: string): void;
}

export function openSheet(pdf: Pdf, typeface: Typeface): Sheet {
  // Faces drawn from one file are one font in the PDF.
  const files = Object.entries(typeface.files);
  const fonts = new Map(files.map(([face, file]) => [face, files.find(([, other]) => other === file)![0]]));
  for (const font of new Set(fonts.values())) pdf.registerFont(font, typeface.files[font as FaceName]);
  const root = pdf.struct('Document');
  pdf.addStructure(root);
  let current: Element | undefined;
  const draw = (
    face: string,
    text: string,
    x: number,
    y: number,
    size: number,
    spacing: number,
    colour: string,
  ): void => {
    pdf.font(fonts.get(face)!).fontSize(size).fillColor(colour);
    pdf.text(text, x, y, {
      lineBreak: false,
      baseline: 'alphabetic',
      characterSpacing: spacing,
      features: featuresOf(face),
    });
  };
  const marked = (work: () => void): void => {
    const content = pdf.markStructureContent(current ? 'Span' : 'P');
    current?.add(content);
    work();
    pdf.endMarkedContent();
  };
  const runs = runsOf(typeface);
  const widths = new Map<string, number>();
  const width = (face: string, text: string): number => {
    const key = `${face} ${text}`;
    let found = widths.get(key);
    if (found === undefined) {
      pdf.font(fonts.get(face)!).fontSize(1000);
      found = pdf.widthOfString(text, { features: featuresOf(face) }) / 1000;
      widths.set(key, found);
    }
    return found;
  };
  return {
    pdf,
    measure: (size) => ({
      width: (face, text) => width(face, text) * size,
      runs,
    }),
    element(type) {
      current?.end();
      current = pdf.struct(type);
      root.add(current);
    },
    line(line, x, y, size, colour = '#000000') {
      marked(() =>
        line.runs.forEach((run) => draw(run.face, run.text, x + run.x, y, size, run.spacing, colour)),
      );
    },
    artifact(work) {
      pdf.markContent('Artifact', { type: 'Layout' });
      work();
      pdf.endMarkedContent();
    },
    text(face, text, x, y, size, colour = '#000000') {
      let at = x;
      for (const run of runs(face, text)) {
        draw(run.face, run.text, at, y, size, 0, colour);
        at += width(run.face, run.text) * size;
      }
    },
  };
}

/** Only the Latin faces are kerned; a Chinese line stands on its grid. */
function featuresOf(face: string): PDFKit.Mixins.OpenTypeFeatures[] {
  return face === 'latin' || face === 'latinBold' ? ['kern'] : [];
}

const contextual = new Set('‘’“”…—');
const han = /[\p{sc=Han}\u3000-\u303f\uff00-\uffef]/u;

/**
 * Latin letters come from the Latin faces, quotation marks from the script they stand in, and what the wanted
 * face lacks from the one that has all.
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
