import { z } from 'zod';
import { flag, choice } from '../lib/http/fields.js';
import { administrator, secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Notice, type Route } from '../lib/http/route.js';
import { ROLES } from '../people/forms.js';
import { inviteToAccount, makeAccountLink, setRole, signOutEverywhere } from './accountCommands.js';
import { EmptyForm } from './forms.js';

const ROLE_NOTICE = {
  done: 'auth.role.saved',
  same: 'auth.role.saved',
  last_administrator: 'auth.role.last',
  guest: 'auth.account.guest',
} as const satisfies Record<string, Notice>;

/** What secretaries and administrators do about somebody's account, from that person's page. */
export const accountRoutes: Route[] = [
  route({
    method: 'post',
    path: '/people/:id/account-invitation',
    policy: secretary,
    form: EmptyForm,
    async handle(c) {
      const id = idOf(c);
      const done = await inviteToAccount(c.db, c.by, id, c.now);
      const refusal = done.reason === 'has_account' ? 'auth.account.exists' : 'auth.account.noAddress';
      return redirect(`/people/${id}`, { notice: done.ok ? 'auth.account.invited' : refusal });
    },
  }),
  route({
    method: 'post',
    path: '/people/:id/account-link',
    policy: administrator,
    form: EmptyForm,
    async handle(c) {
      const id = idOf(c);
      const made = await makeAccountLink(c.db, c.by, id);
      if (!made.ok) return redirect(`/people/${id}`, { notice: 'auth.account.noAddress' });
      const isReset = made.purpose === 'password_reset';
      const href = new URL(`/${isReset ? 'reset' : 'account'}/${made.token}`, c.config.publicUrl).href;
      return page(
        'auth/account-link',
        { title: c.t('auth.account.link'), person: made.person, href, isReset },
        { caching: 'no-store' },
      );
    },
  }),
  route({
    method: 'post',
    path: '/people/:id/role',
    policy: administrator,
    form: z.strictObject({ role: choice(ROLES) }),
    async handle(c) {
      const id = idOf(c);
      return redirect(`/people/${id}`, { notice: ROLE_NOTICE[await setRole(c.db, c.by, id, c.form.role)] });
    },
  }),
  route({
    method: 'post',
    path: '/people/:id/sign-out',
    policy: administrator,
    form: z.strictObject({ must_change: flag() }),
    async handle(c) {
      const id = idOf(c);
      await signOutEverywhere(c.db, c.by, id, { mustChange: c.form.must_change });
      return redirect(`/people/${id}`, { notice: 'auth.account.signedOut' });
    },
  }),
];
