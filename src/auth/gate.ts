import { readTexts } from '../lib/files/receive.js';
import { readCookie } from '../lib/http/cookies.js';
import type { Doors, Parts } from '../lib/http/mount.js';
import { json, page, redirect, type Answer, type Context } from '../lib/http/route.js';
import { touchSession } from './commands.js';
import { seal, type KeptForm } from './keptForm.js';
import { findSessionOwner, findViewer, hasAccounts } from './queries.js';

/** Name of the cookie that carries the session token (with the prefix __Host- on https). */
export const SESSION_COOKIE = 'session';

/** Who comes in, and where those are sent who may not come in yet. */
export function doors({ db, config }: Parts): Doors {
  return {
    async loadViewer(req) {
      const { viewer, office, isStale } = await findViewer(db, readCookie(req, config, SESSION_COOKIE));
      if (viewer && isStale) await touchSession(db, viewer.session_id);
      return { viewer, office: office ?? { name_en: 'Banhui', name_zh: '办会', lang: 'en', zone: 'UTC' } };
    },
    askToSignIn,
    detour(c) {
      const isThere = /^\/(profile\/password|sign-out)(\?|$)/.test(c.path);
      return c.viewer.must_change_password && !isThere ? redirect('/profile/password') : undefined;
    },
  };
}

/**
 * A page asked for is shown after signing in. A form posted after the
 * session lapsed goes on after the same person signed in.
 */
async function askToSignIn(c: Context): Promise<Answer> {
  if (c.req.accepts(['html', 'json']) === 'json') return json({ error: c.t('auth.lapsed.title') }, 401);
  if (!(await hasAccounts(c.db))) return redirect('/setup');
  if (c.req.method !== 'POST')
    return redirect(c.path === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(c.path)}`);
  const person = await findSessionOwner(c.db, readCookie(c.req, c.config, SESSION_COOKIE));
  const kept = person ? await keep(c, person) : undefined;
  const next = backTo(c);
  return page(
    'auth/sign-in',
    { title: c.t('auth.signIn.title'), door: true, kept, next, values: {}, lapsed: kept ? 'kept' : 'lost' },
    { status: 401, caching: 'no-store' },
  );
}

async function keep(c: Context, person: number): Promise<string | undefined> {
  const isMultipart = Boolean(c.req.is('multipart/form-data'));
  const files: KeptForm['files'] = isMultipart ? await readTexts(c.req, c.res) : [];
  const fields = Object.entries((c.req.body ?? {}) as Record<string, string | string[]>).flatMap(
    ([name, value]) => [value].flat().map((one): [string, string] => [name, one]),
  );
  return seal({ person, path: c.path, fields, files, isMultipart, at: Date.now() }, c.config.secretKey);
}

/**
 * The page the form stood on, where its address is ours; the place to go when what was posted can't go on.
 */
function backTo(c: Context): string {
  const referer = c.req.get('Referer') ?? '';
  const from = URL.canParse(referer) ? new URL(referer) : undefined;
  return from && from.host === c.req.get('Host') ? from.pathname + from.search : '/';
}
