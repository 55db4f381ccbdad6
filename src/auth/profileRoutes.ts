import { inTransaction } from '../lib/db/db.js';
import type { Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { updateProfile } from '../people/commands.js';
import { listPrincipals } from '../people/queries.js';
import { revokeSession, revokeSessions } from './commands.js';
import { describeDevice } from './device.js';
import { EmptyForm, ProfileForm } from './forms.js';
import { listDeputies, listSessions } from './queries.js';

async function profilePage(c: Context, problems?: Problems): Promise<Answer> {
  const [sessions, deputies, principals] = await Promise.all([
    listSessions(c.db, c.viewer.id),
    listDeputies(c.db, c.viewer.id),
    listPrincipals(c.db, c.viewer.id),
  ]);
  return page(
    'auth/profile',
    {
      title: c.t('auth.profile.title'),
      sessions: sessions.map((session) => ({
        ...session,
        device: describeDevice(c.t, session.user_agent),
        isThis: session.id === c.viewer.session_id,
        facts: c.t('auth.sessions.facts', {
          from: c.fmt.dateTime(session.created_at),
          last: c.fmt.dateTime(session.last_seen_at),
        }),
      })),
      deputies,
      principals,
      errors: problems?.errors ?? {},
      values: problems ? problems.values : c.viewer,
    },
    { status: problems ? 422 : 200 },
  );
}

export const profileRoutes: Route[] = [
  route({ method: 'get', path: '/profile', policy: signedIn, handle: (c) => profilePage(c) }),
  route({
    method: 'post',
    path: '/profile',
    policy: signedIn,
    form: ProfileForm,
    async handle(c) {
      await updateProfile(c.db, c.by, c.form);
      return redirect('/profile', { notice: 'auth.profile.saved' });
    },
    onInvalid: (c, problems) => profilePage(c, problems),
  }),
  route({
    method: 'post',
    path: '/profile/sessions/revocation',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      await inTransaction(c.db, (trx) => revokeSessions(trx, c.by, c.viewer.id, c.viewer.session_id));
      return redirect('/profile', { notice: 'auth.sessions.revoked' });
    },
  }),
  route({
    method: 'post',
    path: '/profile/sessions/:id/revocation',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      await revokeSession(c.db, c.by, idOf(c));
      return redirect('/profile', { notice: 'auth.sessions.revoked' });
    },
  }),
];
