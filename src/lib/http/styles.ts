import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { ROOT } from './view.js';

/**
 * The files of views/assets/css in the order in which they are read; a later one may refine an earlier one.
 */
export const STYLES = [
  'frame/tokens',
  'frame/base',
  'frame/words',
  'frame/page',
  'frame/bar',
  'frame/menu',
  'parts/button',
  'parts/form',
  'parts/notice',
  'parts/card',
  'parts/pill',
  'parts/rows',
  'parts/steps',
  'parts/table',
  'parts/facts',
  'parts/wayfinding',
  'parts/empty',
  'parts/person',
  'parts/history',
  'parts/statement',
  'parts/letter',
  'parts/paper',
  'parts/board',
  'pages/sitting',
  'pages/begin',
  'frame/keys',
  'pages/day',
  'pages/span',
  'pages/use',
  'pages/door',
  'pages/find',
  'pages/polls',
  'pages/room',
  'pages/plan',
  'pages/sheet',
  'pages/agenda',
  'frame/print',
] as const;

let joined: string | undefined;

/**
 * One file per component on the disk, one request in the browser: on
 * an office line thirty requests are seen, one is not.
 */
export const sendStyles: RequestHandler = (_req, res) => {
  if (joined === undefined || process.env.BANHUI_DEV === '1') {
    joined = STYLES.map((name) =>
      readFileSync(join(ROOT, 'views', 'assets', 'css', `${name}.css`), 'utf8'),
    ).join('\n');
  }
  res.set('Cache-Control', 'public, max-age=31536000, immutable').type('css').send(joined);
};
