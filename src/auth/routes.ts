import { z } from 'zod';
import { clearCookie, readCookie, setCookie } from '../lib/http/cookies.js';
import { problemsOf } from '../lib/http/form.js';
import { anyone } from '../lib/http/policy.js';
import { page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { setLanguage } from '../people/commands.js';
import { signIn, signOut } from './commands.js';
import { EmptyForm, LanguageForm, SignInForm } from './forms.js';
import { SESSION_COOKIE } from './gate.js';
import { unseal } from './keptForm.js';
import { ownPath } from './ownPath.js';
import { TooBusy } from './passwords.js';
import { hasAccounts } from './queries.js';
import { fromOf } from './device.js';

function signInPage(c: Context, locals: Record<string, unknown> = {}, status = 200): Answer {
  return page(
    'auth/sign-in',
    { title: c.t('auth.signIn.title'), door: true, next: '', ...locals },
    { status, caching: 'no-store' },
  );
}

/** The form again, with one sentence on top and without the password. */
function refused(c: Context, message: string, status: number): Answer {
  // A post of another kind than a form has no body at all.
  const body = (c.req.body ?? {}) as { email?: string; next?: string; kept?: string };
  const { errors } = problemsOf([{ field: '', message }], {});
  return signInPage(
    c,
    {
      errors,
      values: { email: body.email },
      next: body.next,
      kept: body.kept,
      lapsed: body.kept ? 'kept' : undefined,
    },
    status,
  );
}

export const authRoutes: Route[] = [
  route({
    method: 'get',
    path: '/sign-in',
    policy: anyone,
    query: z.object({ next: z.string().catch('') }),
    async handle(c) {
      const next = ownPath(c.query.next);
      if (c.maybeViewer) return redirect(next);
      if (!(await hasAccounts(c.db))) return redirect('/setup');
      return signInPage(c, { next });
    },
  }),
  route({
    method: 'post',
    path: '/sign-in',
    policy: anyone,
    form: SignInForm,
    async handle(c) {
      const { kept, next, ...given } = c.form;
      let done;
      try {
        done = await signIn(c.db, c.by, given, {
          ...fromOf(c),
          oldToken: readCookie(c.req, c.config, SESSION_COOKIE),
        });
      } catch (error) {
        if (error instanceof TooBusy) return refused(c, c.t('auth.error.busy'), 503);
        throw error;
      }
      if (!done.ok && done.reason === 'locked') {
        c.res.set('Retry-After', String(Math.ceil((done.until.getTime() - Date.now()) / 1000)));
        return refused(c, c.t('auth.signIn.locked', { time: c.fmt.time(done.until) }), 429);
      }
      if (!done.ok) return refused(c, c.t('auth.signIn.wrong'), 422);
      setCookie(c, SESSION_COOKIE, done.token);
      if (done.mustChange) return redirect('/profile/password');
      if (!kept) return redirect(ownPath(next));
      const form = unseal(kept, c.config.secretKey);
      // What another person typed is shown to nobody.
      if (!form || form.person !== done.personId)
        return redirect(ownPath(next), { notice: 'auth.lapsed.dropped' });
      return page(
        'auth/continue',
        { title: c.t('auth.continue.title'), door: true, form },
        { caching: 'no-store' },
      );
    },
    onInvalid: (c, problems) => {
      const values = { email: problems.values.email };
      const { next, kept } = (c.req.body ?? {}) as { next?: string; kept?: string };
      return signInPage(
        c,
        { errors: problems.errors, values, next, kept, lapsed: kept ? 'kept' : undefined },
        422,
      );
    },
  }),
  route({
    method: 'post',
    path: '/sign-out',
    policy: anyone,
    form: EmptyForm,
    async handle(c) {
      if (c.maybeViewer) await signOut(c.db, c.by, c.viewer.session_id);
      clearCookie(c, SESSION_COOKIE);
      // Pages were kept by the browser for a quick way back (private, no-cache): not after signing out.
      c.res.set('Clear-Site-Data', '"cache"');
      return redirect('/sign-in', { notice: 'auth.signedOut' });
    },
  }),
  route({
    method: 'post',
    path: '/language',
    policy: anyone,
    form: LanguageForm,
    async handle(c) {
      if (c.maybeViewer) await setLanguage(c.db, c.by, c.form.lang);
      setCookie(c, 'lang', c.form.lang, { seconds: 365 * 86_400 });
      return redirect(ownPath(c.form.next, { doors: true }));
    },
  }),
];
