import type { z } from 'zod';
import { Forbidden } from '../lib/http/errors.js';
import { type Problems } from '../lib/http/form.js';
import { ACCEPTED } from '../lib/files/kinds.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { mayEditAgenda, mayPropose, maySeeAgenda, maySeeMembers } from '../meetings/policy.js';
import { findMeeting, type Meeting } from '../meetings/queries.js';
import { findSeries } from '../series/queries.js';
import { titleOf } from '../meetings/title.js';
import { FromBacklogForm, NewItemForm, OrderForm } from './forms.js';
import { addItem, proposeItem } from './itemCommands.js';
import { orderItems, takeFromBacklog } from './orderCommands.js';
import { listBacklog, loadAgenda, PURPOSES } from './queries.js';
import { readItem } from './itemForm.js';
import { showAgendaLines, sizeOf, backlogOption } from './agendaPage.js';

export const agendaRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/:id/agenda', policy: signedIn, handle: (c) => showAgenda(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/agenda',
    policy: signedIn,
    form: NewItemForm,
    handle: add,
    onInvalid: showAgenda,
  }),
  route({
    method: 'post',
    path: '/meetings/:id/agenda/order',
    policy: signedIn,
    form: OrderForm,
    async handle(c) {
      await orderItems(c.db, c.by, idOf(c), c.form.order);
      return redirect(`/meetings/${idOf(c)}/agenda`);
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/agenda/backlog',
    policy: signedIn,
    form: FromBacklogForm,
    async handle(c) {
      const count = await takeFromBacklog(c.db, c.by, idOf(c), c.form.items);
      return redirect(`/meetings/${idOf(c)}/agenda`, {
        notice: { key: 'agenda.notice.fromBacklog', values: { count } },
      });
    },
  }),
  route({
    method: 'get',
    path: '/meetings/:id/agenda/proposal',
    policy: signedIn,
    handle: (c) => showProposal(c),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/agenda/proposal',
    policy: signedIn,
    form: NewItemForm,
    handle: propose,
    onInvalid: showProposal,
  }),
];

async function findOpen(c: Context): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!maySeeAgenda(meeting)) throw new Forbidden();
  return meeting;
}

async function showAgenda(c: Context, problems?: Problems): Promise<Answer> {
  const meeting = await findOpen(c);
  const mayEdit = mayEditAgenda(meeting);
  if (problems && !mayEdit) throw new Forbidden();
  const series =
    meeting.series_id === null
      ? undefined
      : await findSeries(c.db, c.viewer, meeting.series_id).catch(() => undefined);
  const [agenda, backlog] = await Promise.all([
    loadAgenda(c.db, c.viewer, meeting),
    series && mayEdit && maySeeMembers(series) ? listBacklog(c.db, c.viewer, series.id) : [],
  ]);
  const name = titleOf(c.t, meeting);
  const mayAddPapers = mayEditAgenda({ ...meeting, state: 'draft' }) && meeting.state !== 'cancelled';
  return page(
    'agenda/agenda',
    {
      title: c.t('agenda.page.titleOf', { title: name }),
      meeting,
      name,
      series,
      timing: agenda.timing,
      agenda: showAgendaLines(c, meeting, agenda, { mayEdit, mayAddPapers }),
      papers: agenda.paperCount
        ? c.t('agenda.page.allPapersHint', {
            count: agenda.paperCount,
            size: sizeOf(c, agenda.paperBytes),
          })
        : undefined,
      backlog: series && mayEdit ? backlog.map((item) => backlogOption(c, item)) : undefined,
      purposes: PURPOSES,
      mayEdit,
      mayPropose: !mayEdit && mayPropose(meeting),
      errors: problems?.errors ?? {},
      values: problems?.values ?? { purpose: 'discussion', minutes: 10 },
      scripts: mayEdit ? ['agenda-order'] : [],
      accepted: ACCEPTED,
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

async function add(c: Context<z.output<typeof NewItemForm>>): Promise<Answer> {
  const id = idOf(c);
  const read = await readItem(c, c.form);
  if ('problems' in read) return showAgenda(c, read.problems);
  await once(c.db, { person: c.viewer.id, key: c.form.key, body: c.form }, async (trx) => {
    await addItem(trx, c.by, id, read.input);
    return { location: `/meetings/${id}/agenda` };
  });
  return redirect(`/meetings/${id}/agenda`, { notice: 'agenda.notice.added' });
}

async function showProposal(c: Context, problems?: Problems): Promise<Answer> {
  const meeting = await findOpen(c);
  if (!mayPropose(meeting)) throw new Forbidden();
  const heading = c.t('agenda.form.propose', { title: titleOf(c.t, meeting) });
  return page(
    'agenda/propose',
    {
      title: heading,
      heading,
      meeting,
      purposes: PURPOSES,
      errors: problems?.errors ?? {},
      values: problems?.values ?? { purpose: 'discussion', minutes: 10 },
    },
    { status: problems ? 422 : 200 },
  );
}

async function propose(c: Context<z.output<typeof NewItemForm>>): Promise<Answer> {
  const id = idOf(c);
  const read = await readItem(c, c.form);
  if ('problems' in read) return showProposal(c, read.problems);
  await once(c.db, { person: c.viewer.id, key: c.form.key, body: c.form }, async (trx) => {
    await proposeItem(trx, c.by, id, read.input);
    return { location: `/meetings/${id}/agenda` };
  });
  return redirect(`/meetings/${id}/agenda`, { notice: 'agenda.notice.proposed' });
}
