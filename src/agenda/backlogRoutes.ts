import type { z } from 'zod';
import { Forbidden } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { findSeries } from '../series/queries.js';
import { titleOf } from '../meetings/title.js';
import { readItem } from './itemForm.js';
import { showBacklogItem } from './agendaPage.js';

import { NewItemForm, NoFields } from './forms.js';
import { addToBacklog, dropFromBacklog } from './orderCommands.js';
import { listBacklog, listComing, PURPOSES } from './queries.js';

export const backlogRoutes: Route[] = [
  route({ method: 'get', path: '/series/:id/backlog', policy: signedIn, handle: (c) => showBacklog(c) }),
  route({
    method: 'post',
    path: '/series/:id/backlog',
    policy: signedIn,
    form: NewItemForm,
    handle: add,
    onInvalid: showBacklog,
  }),
  route({
    method: 'post',
    path: '/series/:id/backlog/:item/withdrawal',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      await dropFromBacklog(c.db, c.by, idOf(c), idOf(c, 'item'));
      return redirect(`/series/${idOf(c)}/backlog`, { notice: 'agenda.notice.backlogDropped' });
    },
  }),
];

async function showBacklog(c: Context, problems?: Problems): Promise<Answer> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  const [items, coming] = await Promise.all([
    listBacklog(c.db, c.viewer, series.id),
    listComing(c.db, c.viewer, series.id, c.now),
  ]);
  return page(
    'agenda/backlog',
    {
      title: c.t('agenda.backlog.title', { name: series.name }),
      series,
      items: items.map((item) => showBacklogItem(c, item)),
      mayKeep: mayKeepSeries(series),
      purposes: PURPOSES,
      coming: coming.slice(0, 1).map((meeting) => ({ ...meeting, called: titleOf(c.t, meeting) })),
      errors: problems?.errors ?? {},
      values: problems?.values ?? { purpose: 'discussion', minutes: 10 },
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

async function add(c: Context<z.output<typeof NewItemForm>>): Promise<Answer> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  if (!mayKeepSeries(series) && series.relation.member_role === null) throw new Forbidden();
  const read = await readItem(c, c.form);
  if ('problems' in read) return showBacklog(c, read.problems);
  await once(c.db, { person: c.viewer.id, key: c.form.key, body: c.form }, async (trx) => {
    await addToBacklog(trx, c.by, series.id, read.input);
    return { location: `/series/${series.id}/backlog` };
  });
  return redirect(`/series/${series.id}/backlog`, { notice: 'agenda.notice.backlogAdded' });
}
