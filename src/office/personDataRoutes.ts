import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { administrator, secretary, signedIn } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  send,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { findPerson, type PersonRow } from '../people/directoryQueries.js';
import { ErasureForm, MergeForm } from './forms.js';
import { erasePerson, mergeGuests, noteExport } from './personDataCommands.js';
import { findPersonData } from './personDataQueries.js';

async function exportOf(c: Context, id: number): Promise<Answer> {
  const data = await findPersonData(c.db, id, id === c.viewer.id);
  if (!data) throw new NotFound();
  return send(JSON.stringify(data, null, 2), 'application/json; charset=utf-8', {
    name: `person-${id}.json`,
  });
}

async function guest(c: Context, id: number): Promise<PersonRow> {
  const person = await findPerson(c.db, id);
  if (!person?.is_guest || person.deactivated_at) throw new NotFound();
  return person;
}

async function erasurePage(c: Context, error?: string): Promise<Answer> {
  const person = await findPerson(c.db, idOf(c));
  if (!person?.deactivated_at || person.erased_at) throw new NotFound();
  return page(
    'office/erasure',
    {
      title: c.t('admin.erase.title', { name: c.fmt.name(person) }),
      person,
      errors: error ? { reason: error } : {},
    },
    { status: error ? 422 : 200 },
  );
}

export const personDataRoutes: Route[] = [
  route({
    method: 'get',
    path: '/people/:id/merge',
    policy: secretary,
    query: z.object({ other: z.coerce.number().int().positive().catch(-1) }),
    async handle(c) {
      const [keep, drop] = [await guest(c, idOf(c)), await guest(c, c.query.other)];
      if (keep.id === drop.id) throw new NotFound();
      return page('office/merge', { title: c.t('admin.merge.title'), keep, drop });
    },
  }),
  route({
    method: 'post',
    path: '/people/:id/merge',
    policy: secretary,
    form: MergeForm,
    async handle(c) {
      await mergeGuests(c.db, c.by, idOf(c), c.form.other);
      return redirect(`/people/${idOf(c)}`, { notice: 'admin.merge.done' });
    },
  }),
  // A download: reading that is noted in the history, as its only trace.
  route({
    method: 'post',
    path: '/people/:id/data',
    policy: administrator,
    form: z.strictObject({}),
    async handle(c) {
      const answer = await exportOf(c, idOf(c));
      await noteExport(c.db, c.by, idOf(c));
      return answer;
    },
  }),
  route({ method: 'get', path: '/profile/data', policy: signedIn, handle: (c) => exportOf(c, c.viewer.id) }),
  route({ method: 'get', path: '/people/:id/erasure', policy: administrator, handle: (c) => erasurePage(c) }),
  route({
    method: 'post',
    path: '/people/:id/erasure',
    policy: administrator,
    form: ErasureForm,
    async handle(c) {
      await erasePerson(c.db, c.by, idOf(c), c.form.reason);
      return redirect(`/people/${idOf(c)}`, { notice: 'admin.erase.done' });
    },
    onInvalid: (c, problems) => erasurePage(c, Object.values(problems.errors)[0]),
  }),
];
