import { groupedBy } from '../lib/groupedBy.js';
import { once } from '../lib/http/once.js';
import type { Problems } from '../lib/http/form.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { COPIED, copySettings } from './copyCommands.js';
import { CopyForm } from './copyForms.js';
import { findRoom, listRooms } from './queries.js';

/** From one room to others. */
export const roomsCopyRoutes: Route[] = [
  route({ method: 'get', path: '/rooms/:id/copy', policy: secretary, handle: (c) => copyPage(c) }),
  route({
    method: 'post',
    path: '/rooms/:id/copy',
    policy: secretary,
    form: CopyForm,
    async handle(c) {
      const { key, room, what } = c.form;
      let count = room.length;
      await once(c.db, { person: c.viewer.id, key, body: { what, room } }, async (trx) => {
        count = await copySettings(trx, c.by, { fromId: idOf(c), toIds: room, what });
        return { location: `/rooms/${idOf(c)}` };
      });
      return redirect(`/rooms/${idOf(c)}`, { notice: { key: 'roomCopy.notice.copied', values: { count } } });
    },
    onInvalid: (c, problems) => copyPage(c, problems),
  }),
];

async function copyPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const [room, rooms] = await Promise.all([findRoom(c.db, idOf(c)), listRooms(c.db, c.now, {})]);
  // House by house, so that one finds a whole one.
  const houses = groupedBy(
    rooms.filter(({ id }) => id !== room.id),
    ({ site, building }) => [site, building].filter(Boolean).join(' · '),
  );
  return page(
    'rooms/copy',
    {
      title: c.t('roomCopy.title', { room: c.fmt.name(room) }),
      room,
      houses: [...houses].map(([name, of]) => ({
        name: name || c.t('roomCopy.nowhere'),
        options: of.map((one) => ({ value: one.id, label: c.fmt.name(one) })),
      })),
      what: COPIED.map((value) => ({ value, label: c.t(`roomCopy.what.${value}`) })),
      values: problems?.values ?? { what: ['hours', 'holidays', 'rules'], room: [] },
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}
