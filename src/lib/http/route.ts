import type { Request, Response } from 'express';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Config } from '../../config.js';
import type { Actor } from '../audit/record.js';
import type { Db } from '../db/db.js';
import type { ArrivedFile } from '../files/store.js';
import type { Key, Lang, Translate, Values } from '../i18n/translate.js';
import type { Clock } from '../time/clock.js';
import type { Format } from '../time/format.js';
import type { Problems } from './form.js';
import type { Policy, Viewer } from './policy.js';

/** What every page knows about the office. */
export interface Office {
  name_en: string;
  name_zh: string;
  lang: Lang;
  zone: string;
}

/** Everything a handler may need; it reads nothing else of the request. */
export interface Context<Form = unknown, Query = unknown> {
  db: Db;
  config: Config;
  clock: Clock;
  log: Logger;
  now: Date;
  /** The signed-in person. Routes with the policy `anyone` may meet null: they read `maybeViewer`. */
  viewer: Viewer;
  maybeViewer: Viewer | null;
  /** Who acts, for commands and the history. */
  by: Actor;
  office: Office;
  lang: Lang;
  zone: string;
  t: Translate;
  fmt: Format;
  params: Record<string, string>;
  form: Form;
  query: Query;
  /**
   * What arrived in the route's file field; discarded with the request unless a command keeps it (keepFiles).
   */
  files: ArrivedFile[];
  /** The address that was asked for, path and query only. */
  path: string;
  requestId: string;
  ip: string;
  req: Request;
  res: Response;
}

export type Notice = Key | { key: Key; values: Values };

/**
 * What a browser may keep: `revisit` asks every time and lives from an
 * ETag; `no-store` is for minutes, papers, tokens.
 */
export type Caching = 'private' | 'revisit' | 'no-store';

export type Answer =
  | {
      kind: 'page';
      view: string;
      locals: Record<string, unknown>;
      status: number;
      caching: Caching;
      etag?: string;
      title?: string;
    }
  | { kind: 'redirect'; to: string; notice?: Notice }
  | {
      kind: 'send';
      body: string | Buffer | Readable;
      type: string;
      headers: Record<string, string>;
      status: number;
      caching: Caching;
    }
  | { kind: 'unchanged'; etag: string }
  | { kind: 'json'; body: unknown; status: number };

/** A page: `views/<view>.ejs` in the frame. `locals.title` is its heading in the tab. */
export function page(
  view: string,
  locals: Record<string, unknown> & { title: string },
  options: { status?: number; caching?: Caching; etag?: string } = {},
): Answer {
  return {
    kind: 'page',
    view,
    locals,
    status: options.status ?? 200,
    caching: options.caching ?? 'private',
    etag: options.etag,
  };
}

/** See Other: after a POST the browser fetches the page, which shows the notice once. */
export function redirect(to: string, options: { notice?: Notice } = {}): Answer {
  return { kind: 'redirect', to, ...options };
}

/** A file or a text of its own type; `name` makes it a download. */
export function send(
  body: string | Buffer | Readable,
  type: string,
  options: { name?: string; status?: number; caching?: Caching; headers?: Record<string, string> } = {},
): Answer {
  const headers: Record<string, string> = { ...options.headers };
  if (options.name) headers['Content-Disposition'] = attachment(options.name);
  return {
    kind: 'send',
    body,
    type,
    headers,
    status: options.status ?? 200,
    caching: options.caching ?? 'no-store',
  };
}

/** For scripts only (autosave, live refresh). */
export function json(body: unknown, status = 200): Answer {
  return { kind: 'json', body, status };
}

/** 304 when the browser already holds this state. */
export function unchanged(etag: string): Answer {
  return { kind: 'unchanged', etag };
}

/** RFC 6266 with the name in UTF-8 and an ASCII stand-in. */
export function attachment(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const utf8 = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}

export interface Route {
  method: 'get' | 'post';
  path: string;
  policy: Policy;
  form?: z.ZodType;
  query?: z.ZodType;
  /** The file field of a multipart form; the files arrive stored, see lib/files. */
  upload?: Upload;
  handle(c: Context): Promise<Answer> | Answer;
  onInvalid?(c: Context, problems: Problems): Promise<Answer> | Answer;
}

interface Spec<F extends z.ZodType, Q extends z.ZodType> {
  method: 'get' | 'post';
  path: string;
  policy: Policy;
  form?: F;
  query?: Q;
  upload?: Upload;
  handle(c: Context<z.output<F>, z.output<Q>>): Promise<Answer> | Answer;
  /**
   * Draws the form again with what was typed and what is wrong (422).
   * Without it a plain page lists the problems.
   */
  onInvalid?(c: Context<unknown, z.output<Q>>, problems: Problems): Promise<Answer> | Answer;
}

/** One line of a feature's routes: address, who may, what is posted, what happens. */
export function route<F extends z.ZodType, Q extends z.ZodType>(spec: Spec<F, Q>): Route {
  return spec;
}

/** The id in an address, or the answer "nothing here" by way of NaN that no row has. */
export function idOf(c: { params: Record<string, string> }, name = 'id'): number {
  const text = c.params[name] ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : -1;
}

export interface Upload {
  /**
   * Name of the form's file field. It stands last in the form: what comes after a broken upload is not read.
   */
  field: string;
  maxFiles: number;
  /** Extensions this page reads besides what may be attached: 'sql', 'ics'. */
  also?: readonly string[];
  /** Said of a file of the wrong kind, where fewer kinds are taken than everywhere; a key, told {name}. */
  wrongKind?: Key;
  /**
   * Asked before the first byte is stored: may this person put a file
   * to this thing? Throws NotFound or Forbidden.
   */
  authorise?(c: Context): Promise<unknown>;
}
