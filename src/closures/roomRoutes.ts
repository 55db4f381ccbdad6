import { once } from '../lib/http/once.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { addClosure, liftClosure } from './commands.js';
import { readSpan } from './span.js';
import { ClosureForm } from '../rooms/forms.js';
import { findRoom } from '../rooms/queries.js';

export const roomRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/:id/closures/new',
    policy: secretary,
    handle: (c) => {
      const today = dayOf(c.now, c.zone);
      return closurePage(c, { from_date: today, from_time: '08:00', to_date: today, to_time: '18:00' });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/:id/closures',
    policy: secretary,
    form: ClosureForm,
    async handle(c) {
      const { form } = c;
      const span = readSpan(form, c.zone, c.now);
      if ('problem' in span)
        return closurePage(
          c,
          form,
          problemsOf([{ field: span.field, message: c.t(span.problem) }], c.req.body),
        );
      const roomId = (await findRoom(c.db, idOf(c))).id;
      await once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
        await addClosure(trx, c.by, { roomId, ...span, reason: form.reason });
        return { location: `/rooms/${roomId}` };
      });
      return redirect(`/rooms/${roomId}`, { notice: 'rooms.notice.closed' });
    },
    onInvalid: (c, problems) => closurePage(c, problems.values, problems),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/closures/:closure/lifting',
    policy: secretary,
    async handle(c) {
      await liftClosure(c.db, c.by, idOf(c), idOf(c, 'closure'));
      return redirect(`/rooms/${idOf(c)}`, { notice: 'rooms.notice.lifted' });
    },
  }),
];

async function closurePage(
  c: Context<unknown, unknown>,
  values: Record<string, unknown>,
  problems?: Problems,
): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  return page(
    'closures/room',
    {
      title: c.t('rooms.closure.title', { room: c.fmt.name(room) }),
      room,
      values,
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}
