import ejs from 'ejs';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { layoutOf } from './layout.js';

/** The project's folder: two up from src/lib/http and from dist/lib/http alike. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');
const VIEWS = join(ROOT, 'views');

type Locals = Record<string, unknown>;
type Include = (path: string, data?: Locals) => string;
type Template = (locals: Locals & { include: Include }) => string;
const compiled = new Map<string, Template>();

/** What an included partial reads beside the data it is given; see views/README.md. */
const GLOBALS = ['t', 'fmt', 'viewer', 'lang', 'url', 'office', 'path', 'now', 'newKey', 'assets'] as const;

const SPECIAL = /[&<>"']/;
const ENTITY = new Map(
  [...`&<>"'`].map((c, at) => [c.charCodeAt(0), ['&amp;', '&lt;', '&gt;', '&#34;', '&#39;'][at] ?? '']),
);

/**
 * Tests before it replaces: nearly all texts hold nothing to escape, and this is most of a template's time.
 */
export function escapeHtml(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : String(value);
  if (!SPECIAL.test(text)) return text;
  // Character by character: half of the time of a replacing expression, which calls a function for each.
  let done = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 62) continue;
    const entity = ENTITY.get(code);
    if (entity === undefined) continue;
    done += text.slice(from, at) + entity;
    from = at + 1;
  }
  return done + text.slice(from);
}

const OPTIONS = {
  // No `with`: data is read as it.name; the few globals of every page are destructured (see views/README.md).
  _with: false,
  localsName: 'it',
  destructuredLocals: ['t', 'fmt', 'viewer', 'lang', 'url'],
  escape: escapeHtml,
  cache: process.env.BANHUI_DEV !== '1',
  // Which line of a template failed: worth a tenth of its time only where somebody looks.
  compileDebug: process.env.NODE_ENV !== 'production',
};

/** A line break that is not sent; the numbers of lines stay as they are in the file. */
const NO_BREAK = '<%\n%>';
const CODE = '<%(?:(?!%>)[^])*%>';
/** A line of nothing but a condition, a loop or a comment. */
const CODE_LINE = /\n(<%(?![=_-])#?)((?:(?!%>)[^])*%>)(?=\n|$)/g;
/** An opening tag at the end of its line, with the lines of code below it. */
const OPENING = new RegExp(
  `<([a-z][\\w-]*)((?:"[^"]*"|${CODE}|[^<>"])*)>((?:<%(?![=-])(?:(?!%>)[^])*%>)*)\\n`,
  'g',
);
/** What a loop writes is parted by the breaks of its body. */
const LOOP = /\b(?:for|while)\b|\.(?:forEach|map)\(/;
/** These hold nothing, or keep their white space: a break behind them is sent. */
const KEEP_BREAK = new Set(['input', 'img', 'br', 'hr', 'meta', 'link', 'col', 'textarea', 'pre']);

/**
 * Takes off what stands in a template only for its reader: indentation,
 * the lines of code, and the breaks beside the edges of an element. So an
 * element may be written in several lines, and holds what it holds in one.
 */
export function withoutLayout(text: string): string {
  return text
    .replace(/^[ \t]+/gm, '')
    .replace(CODE_LINE, '$1\n$2')
    .replace(/\n(?=<\/)/g, NO_BREAK)
    .replace(OPENING, (all: string, tag: string, rest: string, code: string) =>
      KEEP_BREAK.has(tag) || LOOP.test(code) ? all : `<${tag}${rest}>${code}${NO_BREAK}`,
    );
}

/** Fills `views/<name>.ejs`. */
export function fill(name: string, locals: Locals): string {
  let template = OPTIONS.cache ? compiled.get(name) : undefined;
  if (!template) {
    const filename = join(VIEWS, `${name}.ejs`);
    // A block of its own, in which EJS's own include is hidden by ours.
    const text = withoutLayout(readFileSync(filename, 'utf8'));
    template = ejs.compile(`<% { const include = it.include; %>${text}<% } %>`, { ...OPTIONS, filename });
    compiled.set(name, template);
  }
  // In place of EJS's own include, which would hand all of the page's
  // data on: a page's `title` would turn up in a box without one.
  const include: Include = (path, data) =>
    fill(posix.join(posix.dirname(name), path), data ? { ...globalsOf(locals), ...data } : locals);
  return template({ ...locals, include });
}

function globalsOf(locals: Locals): Locals {
  const globals: Locals = {};
  for (const name of GLOBALS) globals[name] = locals[name];
  return globals;
}

/** Fills a page and its frame. */
export function fillPage(name: string, locals: Locals): string {
  return fill('layout', { ...locals, frame: layoutOf(locals), body: fill(name, locals) });
}

let version: string | undefined;
/** Changes with every byte under views/assets: browsers may keep `/assets/…?v=<this>` for good. */
export function assetsVersion(): string {
  if (!version || !OPTIONS.cache) {
    const hash = createHash('sha256');
    for (const file of readdirSync(join(VIEWS, 'assets'), { recursive: true, withFileTypes: true }).sort(
      (a, b) => (a.name < b.name ? -1 : 1),
    )) {
      if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)));
    }
    version = hash.digest('hex').slice(0, 12);
  }
  return version;
}
