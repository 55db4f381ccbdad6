import { once } from '../lib/http/once.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, startOfDay, toInstant } from '../lib/time/zone.js';
import { addClosure, liftClosure } from './commands.js';
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
      const from = toInstant(form.from_date, form.from_time, c.zone);
      const isWholeDay = form.to_time === '24:00';
      const to = isWholeDay
        ? startOfDay(addDays(form.to_date, 1), c.zone)
        : toInstant(form.to_date, form.to_time, c.zone);
      const wrong = !from ? 'from_time' : !to || to <= from ? 'to_time' : to <= c.now ? 'to_date' : undefined;
      if (!from || !to || wrong) {
        const message = c.t(
          !from || !to
            ? 'rooms.problem.skipped'
            : to <= from
              ? 'rooms.problem.endsBefore'
              : 'rooms.problem.over',
        );
        return closurePage(c, form, problemsOf([{ field: wrong ?? 'to_time', message }], c.req.body), 422);
      }
      const roomId = (await findRoom(c.db, idOf(c))).id;
      await once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
        await addClosure(trx, c.by, { roomId, startsAt: from, endsAt: to, reason: form.reason });
        return { location: `/rooms/${roomId}` };
      });
      return redirect(`/rooms/${roomId}`, { notice: 'rooms.notice.closed' });
    },
    onInvalid: (c, problems) => closurePage(c, problems.values, problems, 422),
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
  status = 200,
): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  return page(
    'closures/room',
    {
      title: c.t('rooms.closure.title', { room: c.fmt.name(room) }),
      room,
      values,
      ...(problems ? { errors: problems.errors } : {}),
    },
    { status },
  );
}
