import type { Express, NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../../config.js';
import type { Db } from '../db/db.js';
import { asLang, isKey, translator, type Lang, type Values } from '../i18n/translate.js';
import type { Clock } from '../time/clock.js';
import { format } from '../time/format.js';
import { clearCookie, readCookie, setCookie } from './cookies.js';
import { Forbidden } from './errors.js';
import { receiveFiles } from '../files/receive.js';
import { discardFiles } from '../files/store.js';
import { parseForm, problemsOf } from './form.js';
import type { Viewer } from './policy.js';
import { page, type Answer, type Context, type Notice, type Office, type Route } from './route.js';
import { assetsVersion, fillPage } from './view.js';

/** What the frame of pages needs from features to the right of lib. */
export interface Doors {
  /** The signed-in person and the office of a request, by one query. */
  loadViewer(req: Request): Promise<{ viewer: Viewer | null; office: Office }>;
  /** The answer to somebody who must sign in first; keeps what was posted. */
  askToSignIn(c: Context): Promise<Answer> | Answer;
  /** May this person go on, or is there something to do first (change the password)? */
  detour(c: Context): Answer | undefined;
}

export interface Parts {
  config: Config;
  db: Db;
  clock: Clock;
  log: Logger;
}

/** Puts the routes of all features on the app. A route without a policy stops the start. */
export function mount(app: Express, routes: Route[], parts: Parts, doors: Doors): void {
  const seen = new Set<string>();
  app.locals.pages = new Set(routes.filter((route) => route.method === 'get').map((route) => route.path));
  for (const route of literalFirst(routes)) {
    const name = `${route.method} ${route.path}`;
    if (!route.policy?.allows) throw new Error(`${name} has no policy`);
    if (seen.has(name)) throw new Error(`${name} stands twice`);
    seen.add(name);
    app[route.method](route.path, (req: Request, res: Response, next: NextFunction) => {
      contextOf(req, res, parts, doors)
        .then(async (c) => give(c, await answer(route, c, doors)))
        .catch(next);
    });
  }
}

/**
 * Express takes the first address that fits: `/rooms/new` has to stand before `/rooms/:id`, whoever lists it.
 */
function literalFirst(routes: Route[]): Route[] {
  const rank = ({ path }: Route) => path.replace(/:\w+/g, '\uffff');
  return [...routes].sort((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b))));
}

async function answer(route: Route, c: Context, doors: Doors): Promise<Answer> {
  if (!route.policy.allows(c.maybeViewer)) {
    if (!c.maybeViewer) return doors.askToSignIn(c);
    throw new Forbidden();
  }
  const detour = route.policy.name === 'anyone' ? undefined : doors.detour(c);
  if (detour) return detour;
  if (route.query) {
    const parsed = parseForm(route.query, c.req.query, c.t);
    // A filter that makes no sense is dropped by its schema's
    // `.catch`; what is left here is a malformed address.
    if (!parsed.ok) return problemPage(c, parsed.problems, 400);
    c.query = parsed.data;
  }
  if (!route.upload) return carryOut(route, c, []);
  await route.upload.authorise?.(c);
  const received = await receiveFiles(c, route.upload);
  c.files = received.files;
  try {
    return await carryOut(route, c, received.problems);
  } finally {
    // What is left behind is swept; that it could not be discarded
    // must not hide that the form was carried out.
    await discardFiles(
      c.db,
      received.files.map(({ id }) => id),
    ).catch((error: unknown) => c.log.warn({ err: error }, 'uploads not discarded'));
  }
}

/** Parses the form and does what it asks for. @param found what is wrong with its files */
function carryOut(
  route: Route,
  c: Context,
  found: { field: string; message: string }[],
): Promise<Answer> | Answer {
  const parsed = route.form
    ? parseForm(route.form, c.req.body ?? {}, c.t)
    : { ok: true as const, data: undefined };
  if (!parsed.ok || found.length > 0) {
    const problems = problemsOf([...(parsed.ok ? [] : parsed.problems.list), ...found], c.req.body ?? {});
    return route.onInvalid ? route.onInvalid(c, problems) : problemPage(c, problems, 422);
  }
  c.form = parsed.data;
  return route.handle(c);
}

/** The plain page for a form that no page of ours sends like this; nothing is lost, one click goes back. */
function problemPage(c: Context, problems: { list: { message: string }[] }, status: number): Answer {
  return page('errors/invalid', { title: c.t('lib.error.invalid'), problems }, { status });
}

/** Builds what handlers and error pages read; `res.locals.context` keeps it for the error handler. */
export async function contextOf(
  req: Request,
  res: Response,
  parts: Parts,
  doors: Pick<Doors, 'loadViewer'>,
): Promise<Context> {
  const c = plainContext(req, res, parts, await doors.loadViewer(req));
  res.locals.context = c;
  return c;
}

/** The context without the database, for error pages when it is away. */
export function plainContext(
  req: Request,
  res: Response,
  parts: Parts,
  { viewer, office }: { viewer: Viewer | null; office: Office },
): Context {
  const lang = viewer?.lang ?? chosenLang(req, parts.config) ?? office.lang;
  const zone = viewer?.zone ?? office.zone;
  const requestId = String(req.id ?? randomUUID());
  return {
    ...parts,
    now: parts.clock.now(),
    viewer: viewer as Viewer,
    maybeViewer: viewer,
    by: { id: viewer?.id ?? null, requestId, ip: req.ip ?? '' },
    office,
    lang,
    zone,
    t: translator(lang),
    fmt: format(lang, zone),
    params: req.params as Record<string, string>,
    form: undefined,
    query: undefined,
    files: [],
    path: req.originalUrl,
    requestId,
    ip: req.ip ?? '',
    req,
    res,
  };
}

function chosenLang(req: Request, config: Config): Lang | undefined {
  return (
    asLang(readCookie(req, config, 'lang')) ??
    asLang(req.acceptsLanguages('en', 'zh-CN') || undefined) ??
    (req.acceptsLanguages('zh') ? 'zh-CN' : undefined)
  );
}

const CACHING = {
  private: 'private, no-cache',
  revisit: 'private, no-cache',
  'no-store': 'no-store',
} as const;

/** Sends an answer. */
export function give(c: Context, answer: Answer): void {
  const { res, req } = c;
  switch (answer.kind) {
    case 'redirect':
      if (answer.notice) keepNotice(c, answer.notice);
      res.redirect(303, answer.to);
      return;
    case 'unchanged':
      res.set('ETag', answer.etag).set('Cache-Control', CACHING.revisit).status(304).end();
      return;
    case 'json':
      res.status(answer.status).set('Cache-Control', CACHING['no-store']).json(answer.body);
      return;
    case 'send':
      res
        .status(answer.status)
        .set('Cache-Control', CACHING[answer.caching])
        .set(answer.headers)
        .type(answer.type);
      if (typeof answer.body === 'string' || Buffer.isBuffer(answer.body)) res.send(answer.body);
      else answer.body.on('error', (error) => res.destroy(error)).pipe(res);
      return;
    case 'page': {
      res.status(answer.status).set('Cache-Control', CACHING[answer.caching]).type('html');
      if (answer.etag) res.set('ETag', answer.etag);
      res.send(fillPage(answer.view, { ...frameOf(c), ...answer.locals, notice: takeNotice(c) }));
      req.resume();
    }
  }
}

/** What every template can read; see views/README.md. */
export function frameOf(c: Context): Record<string, unknown> {
  return {
    t: c.t,
    fmt: c.fmt,
    lang: c.lang,
    viewer: c.maybeViewer,
    url: (path: string) => path,
    office: c.office,
    path: c.path,
    isPosted: c.req.method === 'POST',
    now: c.now,
    assets: assetsVersion(),
    newKey: randomUUID,
    errors: {},
    values: {},
  };
}

function keepNotice(c: Context, notice: Notice): void {
  const kept = typeof notice === 'string' ? { key: notice } : notice;
  setCookie(c, 'notice', Buffer.from(JSON.stringify(kept)).toString('base64url'), { seconds: 60 });
}

/** The text of the page before, shown once. A forged one can only name a text of ours. */
function takeNotice(c: Context): string | undefined {
  const kept = readCookie(c.req, c.config, 'notice');
  if (!kept) return undefined;
  clearCookie(c, 'notice');
  try {
    const { key, values } = JSON.parse(Buffer.from(kept, 'base64url').toString()) as {
      key: string;
      values?: Values;
    };
    return isKey(key) ? c.t(key, values) : undefined;
  } catch {
    return undefined;
  }
}
