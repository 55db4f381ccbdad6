import { signedIn } from '../lib/http/policy.js';
import { idOf, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { SendForm } from './forms.js';
import { sendSeriesInvitations } from './seriesCommands.js';

export const invitationsSeriesRoutes: Route[] = [
  route({
    method: 'post',
    path: '/series/:id/invitations',
    policy: signedIn,
    form: SendForm,
    handle: sendAll,
  }),
];

async function sendAll(c: Context): Promise<Answer> {
  const id = idOf(c);
  const sent = await sendSeriesInvitations(c.db, c.by, id, c.now);
  const here = `/series/${id}`;
  if (!sent.ok) return redirect(here, { notice: `standing.notice.${sent.reason}` });
  const rest = describeRest(c, sent);
  const values = { count: sent.people, dates: c.t('standing.notice.dates', { count: sent.dates }) };
  if (!rest) return redirect(here, { notice: { key: 'standing.notice.sent', values } });
  return redirect(here, {
    notice: { key: 'standing.notice.both', values: { one: c.t('standing.notice.sent', values), two: rest } },
  });
}

/** The dates, or else the people, that the invitation did not reach. */
function describeRest(
  c: Context,
  { unready, unreachable }: { unready: number; unreachable: number },
): string {
  if (unready > 0) return c.t('standing.notice.unready', { count: unready });
  return unreachable > 0 ? c.t('standing.notice.unreachable', { count: unreachable }) : '';
}
