import type { z } from 'zod';
import { resolvePersons } from '../people/queries.js';
import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { ACCEPTED } from '../lib/files/kinds.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { mayEditAgenda, mayPropose, maySeeAgenda, maySeeMembers } from '../meetings/policy.js';
import { findMeeting, type Meeting } from '../meetings/queries.js';
import { findSeries } from '../series/queries.js';
import { titleOf } from '../meetings/title.js';
import { FromBacklogForm, NewItemForm, OrderForm, type ItemFields } from './forms.js';
import { addItem, proposeItem, type ItemInput } from './itemCommands.js';
import { orderItems, takeFromBacklog } from './orderCommands.js';
import { listBacklog, loadAgenda, PURPOSES } from './queries.js';

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
  return page(
    'agenda/agenda',
    {
      title: c.t('agenda.page.titleOf', { title: name }),
      meeting,
      name,
      series,
      ...agenda,
      backlog,
      purposes: PURPOSES,
      mayEdit,
      mayPropose: !mayEdit && mayPropose(meeting),
      mayAddPapers: mayEditAgenda({ ...meeting, state: 'draft' }) && meeting.state !== 'cancelled',
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
  await once(c.db, c.viewer.id, c.form.key, c.form, async (trx) => {
    await addItem(trx, c.by, id, read.input);
    return { location: `/meetings/${id}/agenda` };
  });
  return redirect(`/meetings/${id}/agenda`, { notice: 'agenda.notice.added' });
}

/** What was typed as a command needs it: the presenter is a person by now. */
export async function readItem(
  c: Context,
  form: ItemFields,
): Promise<{ input: ItemInput } | { problems: Problems }> {
  let presenterId: number | null = null;
  if (form.presenter) {
    const [found] = await resolvePersons(c.db, [form.presenter]);
    if (!found?.ok) {
      const key = found?.reason === 'several' ? 'meetings.people.several' : 'agenda.form.unknownPresenter';
      return {
        problems: problemsOf(
          [{ field: 'presenter', message: c.t(key, { name: form.presenter.slice(0, 100) }) }],
          c.req.body,
        ),
      };
    }
    presenterId = found.person.id;
  }
  return {
    input: {
      title: form.title,
      purpose: form.purpose,
      presenterId,
      plannedMinutes: form.minutes,
      note: form.note,
      isRestricted: form.is_restricted,
    },
  };
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
  await once(c.db, c.viewer.id, c.form.key, c.form, async (trx) => {
    await proposeItem(trx, c.by, id, read.input);
    return { location: `/meetings/${id}/agenda` };
  });
  return redirect(`/meetings/${id}/agenda`, { notice: 'agenda.notice.proposed' });
}
