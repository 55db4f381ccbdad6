import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { ROOT } from './view.js';

/** The files of views/assets/css in the order in which they are read; a later one may refine an earlier one. */
export const STYLES = [
  'tokens',
  'base',
  'words',
  'page',
  'bar',
  'menu',
  'button',
  'form',
  'notice',
  'card',
  'pill',
  'rows',
  'steps',
  'table',
  'facts',
  'wayfinding',
  'empty',
  'person',
  'history',
  'statement',
  'letter',
  'paper',
  'board',
  'sitting',
  'begin',
  'keys',
  'day',
  'span',
  'use',
  'door',
  'find',
  'polls',
  'room',
  'plan',
  'sheet',
  'agenda',
  'print',
] as const;

let joined: string | undefined;

/** One file per component on the disk, one request in the browser: on an office line thirty requests are seen, one is not. */
export const sendStyles: RequestHandler = (_req, res) => {
  if (joined === undefined || process.env.BANHUI_DEV === '1') {
    joined = STYLES.map((name) =>
      readFileSync(join(ROOT, 'views', 'assets', 'css', `${name}.css`), 'utf8'),
    ).join('\n');
  }
  res.set('Cache-Control', 'public, max-age=31536000, immutable').type('css').send(joined);
};
