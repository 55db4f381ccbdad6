import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCookie } from './cookies.js';
import type { Context } from './route.js';
import { ROOT } from './view.js';

export interface Revisit {
  /** Undefined when this answer must not be kept: it shows a notice once. */
  etag?: string;
  /** The browser already holds the page: answer `unchanged(etag)`. */
  isUnchanged: boolean;
}

/**
 * The ETag of a page: the person and how they read it, this release of the product, and the state of the data
 * that the page shows. Only for pages that hold no form key and no time of their own.
 */
export function revisit(c: Context<unknown, unknown>, ...state: (string | number)[]): Revisit {
  if (readCookie(c.req, c.config, 'notice') !== undefined) return { isUnchanged: false };
  const { viewer } = c;
  const seen = [
    viewer.id,
    viewer.name,
    viewer.name_en,
    viewer.email,
    viewer.role,
    viewer.theme,
    viewer.density,
    viewer.has_shortcuts,
    c.lang,
    c.zone,
    c.office.zone,
    releaseVersion(),
    ...state,
  ];
  const etag = `W/"${createHash('sha1').update(seen.join('\u0000')).digest('base64url')}"`;
  const held = c.req.headers['if-none-match'];
  return {
    etag,
    isUnchanged: held !== undefined && held.split(',').some((one) => strong(one) === strong(etag)),
  };
}

/** A proxy that packs an answer may weaken its ETag, or add to it. */
function strong(etag: string): string {
  return etag
    .trim()
    .replace(/^W\//, '')
    .replace(/[-;](gzip|br|zstd)"$/, '"');
}

let release: string | undefined;
/**
 * Changes with every byte of code and templates, so that a page of an
 * older release is never called unchanged.
 */
function releaseVersion(): string {
  if (process.env.BANHUI_DEV === '1') return String(Math.random());
  if (!release) {
    const hash = createHash('sha256');
    for (const folder of [join(import.meta.dirname, '..', '..'), join(ROOT, 'views')]) {
      for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }).sort((a, b) =>
        a.name < b.name ? -1 : 1,
      )) {
        if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)));
      }
    }
    release = hash.digest('base64url').slice(0, 12);
  }
  return release;
}
