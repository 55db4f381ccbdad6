import { z } from 'zod';
import { SESSION_COOKIE } from '../auth/gate.js';
import { findLink, hasAccounts } from '../auth/queries.js';
import { hashPassword, weakness } from '../auth/passwords.js';
import { fromOf } from '../auth/device.js';
import { clearCookie, readCookie, setCookie } from '../lib/http/cookies.js';
import { Conflict } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { anyone } from '../lib/http/policy.js';
import { page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { isZone } from '../lib/time/zone.js';
import { SetupForm } from '../office/forms.js';
import { makeSample } from '../sample/make.js';
import { setUp } from '../office/setupCommands.js';

/** Holds the token of the set-up link, so that no later address, log or referrer has it. */
const COOKIE = 'setup';

/** The form, or where to find its link, or the sign-in when somebody was here before. */
async function setupPage(c: Context, problems?: Problems): Promise<Answer> {
  if (await hasAccounts(c.db)) return redirect('/');
  if (!(await findLink(c.db, ['setup'], readCookie(c.req, c.config, COOKIE)))) {
    return page('setup/closed', { title: c.t('admin.setup.title'), door: true }, { caching: 'no-store' });
  }
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const values = { lang: c.lang, zone: c.lang === 'zh-CN' || !isZone(own) ? 'Asia/Shanghai' : own };
  return page(
    'setup/form',
    {
      title: c.t('admin.setup.title'),
      door: true,
      scripts: ['own-zone'],
      errors: problems?.errors ?? {},
      values: problems?.values ?? values,
      isFresh: !problems,
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

export const setupRoutes: Route[] = [
  route({ method: 'get', path: '/setup', policy: anyone, handle: (c) => setupPage(c) }),
  route({
    method: 'post',
    path: '/setup',
    policy: anyone,
    form: SetupForm,
    async handle(c) {
      const token = readCookie(c.req, c.config, COOKIE);
      if ((await hasAccounts(c.db)) || !(await findLink(c.db, ['setup'], token))) return setupPage(c);
      const form = c.form;
      const weak = weakness(form.password, [
        form.name_en,
        form.name_zh,
        form.person_name,
        form.person_name_en,
        form.email,
      ]);
      if (weak) return setupPage(c, problemsOf([{ field: 'password', message: c.t(weak) }], c.req.body));
      const session = await setUp(c.db, c.by, {
        token,
        form: { ...form, passwordHash: await hashPassword(form.password) },
        from: fromOf(c),
      });
      if (!session) return redirect('/sign-in', { notice: 'admin.setup.done' });
      clearCookie(c, COOKIE);
      setCookie(c, SESSION_COOKIE, session);
      return redirect('/', { notice: 'admin.setup.welcome' });
    },
    onInvalid: (c, problems) => setupPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/setup/sample',
    policy: anyone,
    form: z.strictObject({}),
    async handle(c) {
      if (!(await findLink(c.db, ['setup'], readCookie(c.req, c.config, COOKIE)))) return setupPage(c);
      try {
        const made = await makeSample(c.db, {
          password: c.config.samplePassword,
          clock: c.clock,
          config: c.config,
        });
        clearCookie(c, COOKIE);
        return page(
          'setup/sample-ready',
          { title: c.t('admin.sample.title'), door: true, made },
          { caching: 'no-store' },
        );
      } catch (error) {
        if (error instanceof Conflict) return redirect('/sign-in', { notice: 'admin.setup.done' });
        throw error;
      }
    },
  }),
  route({
    method: 'get',
    path: '/setup/:token',
    policy: anyone,
    handle(c) {
      setCookie(c, COOKIE, c.params.token ?? '', { seconds: 60 * 60 });
      return redirect('/setup');
    },
  }),
];
