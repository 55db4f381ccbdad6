import type { NextFunction, Request, Response } from 'express';
import { sqlState } from '../db/db.js';
import type { Key, Values } from '../i18n/translate.js';
import { HttpError } from './errors.js';
import { give, plainContext, type Parts } from './mount.js';
import { json, page, type Context, type Office } from './route.js';

interface Told {
  status: number;
  key: Key;
  values?: Values;
}

const AWAY = /ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|Connection terminated|Timeout acquiring a connection|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error/;

/** What an error means to the person who met it. SQLSTATE classes: 08 connection, 53 out of resources, 57 operator, 22/23 data. */
export function tellError(error: unknown): Told {
  if (error instanceof HttpError) return error;
  const state = sqlState(error);
  const text = error instanceof Error ? `${state ?? ''} ${error.message}` : '';
  if ((state && /^(08|53|57|58)/.test(state)) || AWAY.test(text)) return { status: 503, key: 'lib.error.unavailable' };
  if (state && /^22/.test(state)) return { status: 400, key: 'lib.error.badRequest' };
  if (state && /^23/.test(state)) return { status: 409, key: 'lib.error.conflict' };
  if (typeof error === 'object' && error !== null && 'status' in error) {
    if (error.status === 413) return { status: 413, key: 'lib.error.tooLarge' };
    if (typeof error.status === 'number' && error.status >= 400 && error.status < 500) return { status: error.status, key: 'lib.error.badRequest' };
  }
  return { status: 500, key: 'lib.error.unexpected' };
}

const UNKNOWN_OFFICE: Office = { name_en: 'Banhui', name_zh: '办会', lang: 'en', zone: 'UTC' };

/** The last handler: every failure ends in a page in the person's language, or in JSON for our scripts. */
export function showFailure(parts: Parts) {
  return (error: unknown, req: Request, res: Response, next: NextFunction): void => {
    if (res.headersSent) return next(error);
    const c = (res.locals.context as Context | undefined) ?? plainContext(req, res, parts, null, UNKNOWN_OFFICE);
    const told = tellError(error);
    if (told.status >= 500) parts.log.error({ err: error, requestId: c.requestId }, 'request failed');
    const text = c.t(told.key, { id: c.requestId.slice(0, 8), ...told.values });
    if (told.status === 503) res.set('Retry-After', '5');
    if (req.accepts(['html', 'json']) === 'json') return give(c, json({ error: text }, told.status));
    try {
      give(c, page('errors/error', { title: c.t('lib.error.title'), text, status: told.status, resend: told.status === 503 ? posted(req) : [] }, { status: told.status, caching: 'no-store' }));
    } catch (broken) {
      parts.log.error({ err: broken }, 'error page failed');
      res.status(told.status).type('text').send(text);
    }
  };
}

/** The fields of a form that could not be carried out, for a button that sends it again. */
function posted(req: Request): { name: string; value: string }[] {
  if (req.method !== 'POST' || typeof req.body !== 'object' || req.body === null) return [];
  return Object.entries(req.body as Record<string, unknown>)
    .filter(([name]) => !/password/i.test(name))
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => ({ name, value: String(one) })));
}
