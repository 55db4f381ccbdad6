// The minutes as a PDF: tagged, searchable, with bookmarks, archivable (PDF/A-2a).
import type { MinutesDocument } from './document.js';
import { drawOfficial } from './pdfOfficial.js';
import { drawPlain } from './pdfPlain.js';
import { openPdfPage } from '../lib/typeset/pdfPage.js';
import type { Typeface } from '../lib/typeset/typeface.js';

/** The PDF of a document, a few dozen kilobytes; takes some 50 ms. */
export async function drawPdf(document: MinutesDocument, typeface: Typeface): Promise<Buffer> {
  const { default: Document } = await import('pdfkit');
  const pdf = new Document({
    size: 'A4',
    margin: 0,
    autoFirstPage: false,
    bufferPages: true,
    pdfVersion: '1.7',
    subset: 'PDF/A-2a',
    tagged: true,
    lang: document.lang,
    displayTitle: true,
    info: {
      Title: document.title,
      Author: document.office,
      Subject: document.number ?? document.notice ?? '',
      Creator: 'Banhui',
      Producer: 'Banhui',
    },
  });
  const chunks: Buffer[] = [];
  const finished = new Promise<Buffer>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', () => resolve(Buffer.concat(chunks)));
    pdf.on('error', reject);
  });
  const sheet = openPdfPage(pdf, typeface);
  if (document.template === 'official') drawOfficial(document, sheet, typeface.isOwn);
  else drawPlain(document, sheet);
  pdf.end();
  return finished;
}
