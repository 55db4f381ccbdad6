import type { z } from 'zod';
import { findPersonOption, personText } from '../people/queries.js';
import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import type { Key } from '../lib/i18n/translate.js';
import { mayEditAgenda } from '../meetings/policy.js';
import { titleOf } from '../meetings/title.js';
import { readItem } from './itemForm.js';
import { DirectionForm, ItemForm, NoFields, ReasonForm } from './forms.js';
import { changeItem, decideProposal, restoreItem, withdrawItem } from './itemCommands.js';
import { moveItem, moveToBacklog } from './orderCommands.js';
import { mayEditItem } from './policy.js';
import { findItem, loadAgenda, PURPOSES } from './queries.js';

/** A verb that needs nothing but its address; back to the agenda. */
function verb(name: string, notice: Key, work: (c: Context) => Promise<number>): Route {
  return route({
    method: 'post',
    path: `/items/:id/${name}`,
    policy: signedIn,
    form: NoFields,
    handle: async (c) => redirect(`/meetings/${await work(c)}/agenda`, { notice }),
  });
}

export const itemRoutes: Route[] = [
  route({ method: 'get', path: '/items/:id/edit', policy: signedIn, handle: (c) => showItem(c) }),
  route({
    method: 'post',
    path: '/items/:id',
    policy: signedIn,
    form: ItemForm,
    handle: change,
    onInvalid: (c, problems) => showItem(c, problems),
  }),
  route({
    method: 'post',
    path: '/items/:id/place',
    policy: signedIn,
    form: DirectionForm,
    handle: async (c) =>
      redirect(`/meetings/${await moveItem(c.db, c.by, idOf(c), c.form.direction)}/agenda#item-${idOf(c)}`),
  }),
  verb('withdrawal', 'agenda.notice.withdrawn', (c) => withdrawItem(c.db, c.by, idOf(c))),
  verb('restoration', 'agenda.notice.restored', (c) => restoreItem(c.db, c.by, idOf(c))),
  verb('backlog', 'agenda.notice.toBacklog', (c) => moveToBacklog(c.db, c.by, idOf(c))),
  verb('acceptance', 'agenda.notice.accepted', (c) => decideProposal(c.db, c.by, idOf(c), { accept: true })),
  route({ method: 'get', path: '/items/:id/return', policy: signedIn, handle: (c) => showReturn(c) }),
  route({
    method: 'post',
    path: '/items/:id/return',
    policy: signedIn,
    form: ReasonForm,
    async handle(c) {
      const meetingId = await decideProposal(c.db, c.by, idOf(c), { accept: false, reason: c.form.reason });
      return redirect(`/meetings/${meetingId}/agenda`, { notice: 'agenda.notice.returned' });
    },
    onInvalid: showReturn,
  }),
];

async function showItem(
  c: Context,
  problems?: Problems,
  more: { status?: number; stale?: boolean } = {},
): Promise<Answer> {
  const { item, meeting } = await findItem(c.db, c.viewer, idOf(c));
  if (!mayEditItem(c.viewer, meeting, item)) throw new Forbidden();
  const { lines } = await loadAgenda(c.db, c.viewer, meeting);
  const no = lines.find(({ id }) => id === item.id)?.no ?? null;
  const presenter = item.presenter ? await findPersonOption(c.db, item.presenter.id) : undefined;
  const stored = {
    title: item.title,
    purpose: item.purpose,
    presenter: presenter ? personText(presenter, c.fmt.name(presenter)) : '',
    minutes: item.planned_minutes,
    note: item.note,
    is_restricted: item.is_restricted,
    version: item.version,
  };
  const heading = no === null ? c.t('agenda.form.editUnnumbered') : c.t('agenda.form.edit', { no });
  const values = problems ? { ...problems.values, ...(more.stale ? { version: item.version } : {}) } : stored;
  return page(
    'agenda/item',
    {
      title: heading,
      heading,
      item,
      meeting,
      name: titleOf(c.t, meeting),
      purposes: PURPOSES,
      errors: problems?.errors ?? {},
      values,
      differences: more.stale ? differencesOf(c, stored, values) : undefined,
    },
    { status: more.status ?? (problems ? 422 : 200), caching: 'no-store' },
  );
}

const COMPARED = ['title', 'presenter', 'minutes', 'note'] as const;

/** Field, what stands by now and what was typed, of the fields that differ. */
function differencesOf(
  c: Context,
  theirs: Record<(typeof COMPARED)[number], unknown>,
  mine: Record<string, unknown>,
): string[][] {
  return COMPARED.map((name) => [
    c.t(`agenda.form.${name}`),
    String(theirs[name] ?? ''),
    String(mine[name] ?? ''),
  ])
    .filter(([, stored, typed]) => stored !== typed)
    .map(([label = '', stored, typed]) => [label, stored || '—', typed || '—']);
}

async function change(c: Context<z.output<typeof ItemForm>>): Promise<Answer> {
  const { item } = await findItem(c.db, c.viewer, idOf(c));
  const read = await readItem(c, c.form, item.presenter?.id);
  if ('problems' in read) return showItem(c, read.problems);
  const result = await changeItem(c.db, c.by, idOf(c), { ...read.input, version: c.form.version });
  if (result.ok) return redirect(`/meetings/${result.meetingId}/agenda`, { notice: 'agenda.notice.saved' });
  return showItem(c, problemsOf([], { ...c.form }), { status: 409, stale: true });
}

async function showReturn(c: Context, problems?: Problems): Promise<Answer> {
  const { item, meeting } = await findItem(c.db, c.viewer, idOf(c));
  if (!mayEditAgenda(meeting)) throw new Forbidden();
  const heading = c.t('agenda.return.heading', { title: item.title });
  return page(
    'agenda/return',
    {
      title: heading,
      heading,
      item,
      meeting,
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}
