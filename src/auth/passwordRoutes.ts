import { clearCookie, readCookie, setCookie } from '../lib/http/cookies.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { anyone, signedIn } from '../lib/http/policy.js';
import { page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { changePassword, setPasswordByLink, signOut } from './commands.js';
import { ChangePasswordForm, NewPasswordForm, ResetForm } from './forms.js';
import { SESSION_COOKIE } from './gate.js';
import { accountKey, addressKey, attempt } from './limits.js';
import { weakness } from './passwords.js';
import { findLink, hasAccounts, type LinkPurpose, type OpenLink } from './queries.js';
import { fromOf } from './device.js';

/**
 * Holds the token of a one-time link after its address was opened, so
 * that no later address, log or referrer has it.
 */
const LINK_COOKIE = 'link';
const PURPOSES: LinkPurpose[] = ['password_reset', 'account_invitation'];

const resetPage = (c: Context, locals: Record<string, unknown> = {}, status = 200) =>
  page(
    'auth/reset',
    { title: c.t('auth.reset.title'), door: true, hasMail: Boolean(c.config.smtpUrl), ...locals },
    { status, caching: 'no-store' },
  );

/** The form that sets the password, or why the link leads nowhere any more. */
async function linkPage(c: Context, problems?: Problems): Promise<Answer> {
  const link = await findLink(c.db, PURPOSES, readCookie(c.req, c.config, LINK_COOKIE));
  if (!link)
    return page(
      'auth/link-over',
      { title: c.t('auth.link.over'), door: true },
      { status: 410, caching: 'no-store' },
    );
  const title = c.t(link.purpose === 'password_reset' ? 'auth.link.reset' : 'auth.link.account');
  return page(
    'auth/link',
    { title, door: true, link, errors: problems?.errors ?? {} },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

function openLink(path: string): Route {
  return route({
    method: 'get',
    path,
    policy: anyone,
    handle(c) {
      setCookie(c, LINK_COOKIE, c.params.token ?? '', { seconds: 30 * 60 });
      return redirect('/account/password');
    },
  });
}

/** Words a password must not be made of. */
export function ownWords(
  c: Context,
  person: Pick<OpenLink, 'name' | 'name_en' | 'email'>,
): (string | null)[] {
  return [person.name, person.name_en, person.email, c.office.name_en, c.office.name_zh];
}

export const passwordRoutes: Route[] = [
  route({
    method: 'get',
    path: '/reset',
    policy: anyone,
    handle: async (c) => ((await hasAccounts(c.db)) ? resetPage(c) : redirect('/setup')),
  }),
  route({
    method: 'post',
    path: '/reset',
    policy: anyone,
    form: ResetForm,
    async handle(c) {
      const until = await attempt(c.db, 'reset_address', addressKey(c.ip));
      if (until) {
        c.res.set('Retry-After', String(Math.ceil((until.getTime() - Date.now()) / 1000)));
        const { errors } = problemsOf(
          [{ field: '', message: c.t('auth.signIn.locked', { time: c.fmt.time(until) }) }],
          {},
        );
        return resetPage(c, { errors, values: { email: c.form.email } }, 429);
      }
      // Whether the address is known is found out by the worker: this answer and its time tell nothing.
      if (!(await attempt(c.db, 'reset_account', accountKey(c.form.email))))
        await enqueue(c.db, 'auth.sendReset', { email: c.form.email });
      return redirect('/reset/sent');
    },
    onInvalid: (c, problems) => resetPage(c, { errors: problems.errors, values: problems.values }, 422),
  }),
  route({
    method: 'get',
    path: '/reset/sent',
    policy: anyone,
    handle: (c) =>
      page('auth/reset-sent', { title: c.t('auth.reset.sent'), door: true }, { caching: 'no-store' }),
  }),
  route({ method: 'get', path: '/account/password', policy: anyone, handle: (c) => linkPage(c) }),
  route({
    method: 'post',
    path: '/account/password',
    policy: anyone,
    form: NewPasswordForm,
    async handle(c) {
      const token = readCookie(c.req, c.config, LINK_COOKIE);
      const link = await findLink(c.db, PURPOSES, token);
      if (!token || !link) return linkPage(c);
      const weak = weakness(c.form.password, ownWords(c, link));
      if (weak) return linkPage(c, problemsOf([{ field: 'password', message: c.t(weak) }], {}));
      const session = await setPasswordByLink(c.db, c.by, { token, password: c.form.password }, fromOf(c));
      if (!session) return linkPage(c);
      if (c.maybeViewer) await signOut(c.db, c.by, c.viewer.session_id);
      clearCookie(c, LINK_COOKIE);
      setCookie(c, SESSION_COOKIE, session);
      return redirect('/', { notice: 'auth.password.saved' });
    },
    onInvalid: (c, problems) => linkPage(c, problems),
  }),
  openLink('/reset/:token'),
  openLink('/account/:token'),
  route({ method: 'get', path: '/profile/password', policy: signedIn, handle: (c) => changePage(c) }),
  route({
    method: 'post',
    path: '/profile/password',
    policy: signedIn,
    form: ChangePasswordForm,
    async handle(c) {
      const refuse = (field: string, message: string, status = 422) =>
        changePage(c, problemsOf([{ field, message }], {}), status);
      const weak = weakness(c.form.password, ownWords(c, c.viewer));
      if (weak) return refuse('password', c.t(weak));
      if (c.form.password === c.form.current) return refuse('password', c.t('auth.password.same'));
      const done = await changePassword(c.db, { ...c.by, id: c.viewer.id }, c.form, fromOf(c));
      if (!done.ok && done.reason === 'locked')
        return refuse('', c.t('auth.signIn.locked', { time: c.fmt.time(done.until) }), 429);
      if (!done.ok) return refuse('current', c.t('auth.password.wrong'));
      setCookie(c, SESSION_COOKIE, done.token);
      return redirect('/profile', { notice: 'auth.password.changed' });
    },
    onInvalid: (c, problems) => changePage(c, problems),
  }),
];

function changePage(c: Context, problems?: Problems, status = 422): Answer {
  return page(
    'auth/password',
    { title: c.t('auth.password.title'), errors: problems?.errors ?? {} },
    { status: problems ? status : 200, caching: 'no-store' },
  );
}
