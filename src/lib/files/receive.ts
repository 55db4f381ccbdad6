import type { Request, Response } from 'express';
import multer from 'multer';
import { allowLongBody } from '../http/bodyTime.js';
import { BadRequest } from '../http/errors.js';
import type { Context, Upload } from '../http/route.js';
import { MAX_FILE_BYTES, discardFiles, storeFile, type Arrival, type ArrivedFile } from './store.js';

export interface Received {
  files: ArrivedFile[];
  problems: { field: string; message: string }[];
}

/**
 * Most bytes of one file that are read at all; between the limit and
 * this the form still gets its fields back.
 */
const HARD_STOP = 4 * MAX_FILE_BYTES;

/**
 * Reads a multipart form: fields into `req.body`, files into the database as they arrive. A form of another
 * kind has no files. Files that nothing keeps (keepFiles) are discarded when the request ends.
 */
export async function receiveFiles(c: Context, upload: Upload): Promise<Received> {
  allowLongBody(c.res);
  // In the order of the form: a small file may be stored before the large one in front of it.
  const places: (Arrival | undefined)[] = [];
  const arrived = () => places.filter((arrival) => arrival !== undefined);
  const reader = readerOf(c, upload, places);
  const problems: Received['problems'] = [];
  try {
    await new Promise<void>((resolve, reject) =>
      reader(c.req, c.res, (error?: unknown) => (error ? reject(error) : resolve())),
    );
  } catch (error) {
    const message = limitProblem(c, upload, error);
    if (message === undefined) {
      await discardFiles(c.db, idsOf(arrived()));
      throw error instanceof multer.MulterError || c.req.destroyed ? new BadRequest() : error;
    }
    problems.push({ field: upload.field, message });
  }
  const arrivals = arrived();
  for (const arrival of arrivals)
    if (!arrival.ok) problems.push({ field: upload.field, message: refusalText(c, upload, arrival) });
  return { files: arrivals.flatMap((arrival) => (arrival.ok ? arrival.file : [])), problems };
}

/** The reader of one form. It notes in `places` what became of each file. */
function readerOf(c: Context, upload: Upload, places: (Arrival | undefined)[]) {
  return multer({
    defParamCharset: 'utf8',
    limits: {
      fileSize: HARD_STOP,
      fieldSize: 1024 * 1024,
      fields: 200,
      parts: 200 + upload.maxFiles,
      fieldNameSize: 100,
      fieldNestingDepth: 0,
    },
    storage: {
      _handleFile(_req, file, done) {
        const place = places.push(undefined) - 1;
        storeFile(c.db, file.stream, {
          name: file.originalname,
          uploadedBy: c.maybeViewer?.id ?? null,
          also: upload.also ?? [],
        }).then(
          (arrival) => {
            places[place] = arrival;
            done(null, {});
          },
          (error: Error) => done(error),
        );
      },
      _removeFile(_req, _file, done) {
        done(null);
      },
    },
  }).array(upload.field, upload.maxFiles);
}

/** What a person is told whose form broke a limit; undefined for any other failure. */
function limitProblem(c: Context, upload: Upload, error: unknown): string | undefined {
  if (!(error instanceof multer.MulterError)) return undefined;
  if (error.code === 'LIMIT_FILE_SIZE')
    return c.t('lib.files.tooLarge', { size: MAX_FILE_BYTES / 1024 / 1024 });
  if (error.code === 'LIMIT_UNEXPECTED_FILE' && error.field === upload.field)
    return c.t('lib.files.tooMany', { count: upload.maxFiles });
  return undefined;
}

function refusalText(c: Context, upload: Upload, refused: Extract<Arrival, { ok: false }>): string {
  const keys = {
    size: 'lib.files.isTooLarge',
    empty: 'lib.files.isEmpty',
    kind: upload.wrongKind ?? 'lib.files.isOfWrongKind',
  } as const;
  return c.t(keys[refused.reason], { name: refused.name, size: MAX_FILE_BYTES / 1024 / 1024 });
}

/**
 * Reads the texts of a form with files into the body; the files themselves are let go.
 * @returns their fields and names, in their order
 */
export async function readTexts(req: Request, res: Response): Promise<[field: string, name: string][]> {
  const files: [field: string, name: string][] = [];
  const read = multer({
    defParamCharset: 'utf8',
    limits: { fieldSize: 1_000_000, fields: 2000, files: 50, fieldNestingDepth: 0 },
    fileFilter(_req, file, done) {
      files.push([file.fieldname, file.originalname.slice(0, 200)]);
      done(null, false);
    },
  }).any();
  await new Promise<void>((resolve) => read(req, res, () => resolve()));
  return files;
}

function idsOf(arrivals: Arrival[]): number[] {
  return arrivals.flatMap((arrival) => (arrival.ok ? arrival.file.id : []));
}
