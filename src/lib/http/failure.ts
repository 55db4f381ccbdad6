import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { isAway } from '../db/away.js';
import { Unsure } from '../db/db.js';
import { loggable } from '../db/failedStatement.js';
import { readTexts } from '../files/receive.js';
import type { Key, Values } from '../i18n/translate.js';
import { HttpError, SentBefore } from './errors.js';
import { give, plainContext, type Parts } from './mount.js';
import { json, page, type Context, type Office } from './route.js';

interface ErrorText {
  status: number;
  key: Key;
  values?: Values;
}

/**
 * What an error means to the person who met it. A constraint that no command expected is our mistake (500):
 * whoever expects one counts rows or catches it by its name.
 */
export function describeError(error: unknown): ErrorText {
  if (error instanceof HttpError) return error;
  if (error instanceof Unsure) return { status: 503, key: 'lib.error.unsure' };
  if (isAway(error)) return { status: 503, key: 'lib.error.unavailable' };
  if (typeof error === 'object' && error !== null && 'status' in error) {
    if (error.status === 413) return { status: 413, key: 'lib.error.tooLarge' };
    if (typeof error.status === 'number' && error.status >= 400 && error.status < 500)
      return { status: error.status, key: 'lib.error.badRequest' };
  }
  return { status: 500, key: 'lib.error.unexpected' };
}

const UNKNOWN_OFFICE: Office = { name_en: 'Banhui', name_zh: '办会', lang: 'en', zone: 'UTC' };

/** The last handler: every failure ends in a page in the person's language, or in JSON for our scripts. */
export function showFailure(parts: Parts) {
  return (error: unknown, req: Request, res: Response, next: NextFunction): void => {
    answerFailure(parts, error, req, res).catch(next);
  };
}

async function answerFailure(parts: Parts, error: unknown, req: Request, res: Response): Promise<void> {
  if (res.headersSent) throw error;
  const c =
    (res.locals.context as Context | undefined) ??
    plainContext(req, res, parts, { viewer: null, office: UNKNOWN_OFFICE });
  const described = describeError(error);
  if (described.status >= 500)
    parts.log.error({ err: loggable(error), requestId: c.requestId, ...whereOf(req) }, 'request failed');
  const text = c.t(described.key, { id: c.requestId.slice(0, 8), ...described.values });
  if (described.status === 503) res.set('Retry-After', '5');
  if (req.accepts(['html', 'json']) === 'json') return give(c, json({ error: text }, described.status));
  try {
    const made = error instanceof SentBefore ? error.location : undefined;
    const typed = described.status >= 500 || made !== undefined ? await posted(req, res) : undefined;
    const resend = described.status >= 500 ? typed : asNew(typed);
    give(
      c,
      page(
        'errors/error',
        {
          title: c.t('lib.error.title'),
          text,
          status: described.status,
          resend,
          made,
          isUnsure: error instanceof Unsure,
          thing: thingOf(req, error instanceof Unsure ? 409 : described.status),
        },
        { status: described.status, caching: 'no-store' },
      ),
    );
  } catch (broken) {
    parts.log.error({ err: loggable(broken) }, 'error page failed');
    res.status(described.status).type('text').send(text);
  }
}

/** Which of our addresses it was, without what somebody wrote into it. */
function whereOf(req: Request): { method: string; route: string | undefined } {
  return { method: req.method, route: (req.route as { path?: string } | undefined)?.path };
}

/**
 * The page of what the address is about, '/meetings/7' of
 * '/meetings/7/cancellation', where there is one: how it stands now is the way on.
 */
function thingOf(req: Request, status: number): string | undefined {
  if (status !== 409 && status !== 403) return undefined;
  const found =
    /^((?:\/[a-z-]+)+)\/[1-9]\d{0,14}(?=\/.)/.exec(req.path) ??
    (req.method === 'POST' ? /^((?:\/[a-z-]+)+)\/[1-9]\d{0,14}$/.exec(req.path) : null);
  const pages = req.app.locals.pages as ReadonlySet<string> | undefined;
  return found && pages?.has(`${found[1]}/:id`) ? found[0] : undefined;
}

/** A form that could not be carried out, for a button that sends it again. */
interface Posted {
  fields: { name: string; value: string }[];
  /** File fields and the names of the files in them, which have to be chosen again. */
  files: { field: string; names: string[] }[];
  isMultipart: boolean;
}

/** The same form with a key of its own. */
function asNew(form: Posted | undefined): Posted | undefined {
  return (
    form && {
      ...form,
      fields: form.fields.map((field) => (field.name === 'key' ? { ...field, value: randomUUID() } : field)),
    }
  );
}

async function posted(req: Request, res: Response): Promise<Posted | undefined> {
  if (req.method !== 'POST') return undefined;
  const isMultipart = Boolean(req.is('multipart/form-data'));
  // Where the failure came first (nobody could be asked who this is),
  // a form with files has not been read yet.
  const found = isMultipart && req.body === undefined ? await readTexts(req, res) : [];
  const names = new Map<string, string[]>();
  for (const [field, name] of found) names.set(field, [...(names.get(field) ?? []), name]);
  const fields = Object.entries((req.body ?? {}) as Record<string, string | string[]>)
    .filter(([name]) => !/password/i.test(name))
    .flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: one })));
  return { fields, files: [...names].map(([field, of]) => ({ field, names: of })), isMultipart };
}
