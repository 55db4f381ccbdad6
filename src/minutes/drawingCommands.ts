import { change, type Db } from '../lib/db/db.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { drawingKey, findDocument, findDrawing, type DocumentSpec } from './documentQueries.js';
import { drawPdf } from '../documents/pdf.js';
import { loadTypeface } from '../lib/typeset/typeface.js';

/** How long a page waits for the worker, and how often it looks, in milliseconds. */
const patience = 10_000;
const pause = 60;

/**
 * The PDF of a rendering, drawn by the worker so that no other page waits for it.
 * @returns undefined when the worker did not get to it in time
 */
export async function obtainDrawing(
  db: Db,
  dataDir: string,
  spec: DocumentSpec,
): Promise<Buffer | undefined> {
  const key = drawingKey(await findDocument(db, spec), await loadTypeface(dataDir));
  const kept = await findDrawing(db, key);
  if (kept) return kept;
  await enqueue(db, 'minutes.draw', { ...spec }, { key: `minutes.draw ${key}` });
  for (const end = Date.now() + patience; Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const drawn = await findDrawing(db, key);
    if (drawn) return drawn;
  }
  return undefined;
}

/** Draws a rendering and keeps it; one that is kept already is not drawn again. */
export async function keepDrawing(db: Db, dataDir: string, spec: DocumentSpec): Promise<Buffer> {
  const typeface = await loadTypeface(dataDir);
  const document = await findDocument(db, spec);
  const key = drawingKey(document, typeface);
  const kept = await findDrawing(db, key);
  if (kept) return kept;
  const content = await drawPdf(document, typeface);
  await change(db, `insert into drawings (key, content) values (:key, :content) on conflict do nothing`, {
    key,
    content,
  });
  return content;
}

/** Drawings can be made again at any time: those not of this month go. */
export async function sweepDrawings(db: Db): Promise<void> {
  await change(db, `delete from drawings where drawn_at < now() - interval '30 days'`);
}
