import { z } from 'zod';
import { once } from '../lib/http/once.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { isSecretary, secretary, signedIn } from '../lib/http/policy.js';
import {
  idOf,
  json,
  page,
  redirect,
  route,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { createPerson, reactivatePerson, updatePerson, type PersonProblem } from './commands.js';
import { findPerson, listLikelyTwins, listPersons, PAGE_SIZE, type PersonRow } from './directoryQueries.js';
import { directoryTable, nobody } from './directoryPage.js';
import { NewPersonForm, PersonForm } from './forms.js';
import { factsOf, showPerson, twinRows } from './personPage.js';
import { findAccountState, listHeadOf } from './personQueries.js';
import { mayEdit, mayListGuests, maySetRole } from './policy.js';
import { findPersons, listUnitOptions, personText } from './queries.js';

/** The form, empty, filled from a row, or as it was typed with what is wrong. */
async function formPage(
  c: Context,
  person: PersonRow | undefined,
  values: Record<string, unknown>,
  more: { problems?: Problems; status?: number; stale?: PersonRow } = {},
): Promise<Answer> {
  return page(
    'people/form',
    {
      title: person ? c.t('people.form.edit', { name: c.fmt.name(person) }) : c.t('people.form.new'),
      person,
      values,
      errors: more.problems?.errors ?? {},
      stale: more.stale,
      units: await listUnitOptions(c.db),
      maySetRole: !person && maySetRole(c.viewer),
    },
    { status: more.status ?? (more.problems ? 422 : 200) },
  );
}

/** The form again with what a command found. */
function refused(c: Context, person: PersonRow | undefined, problem: PersonProblem): Promise<Answer> {
  const typed = c.req.body as Record<string, unknown>;
  const again = (field: string, message: string) =>
    formPage(c, person, typed, { problems: problemsOf([{ field, message }], typed) });
  switch (problem.reason) {
    case 'stale':
      return formPage(
        c,
        problem.person,
        { ...typed, version: problem.person.version },
        { status: 409, stale: problem.person },
      );
    case 'email_taken':
      return again('email', c.t('people.form.emailTaken', { name: c.fmt.name(problem.other) }));
    case 'no_such_unit':
      return again('unit_id', c.t('lib.field.choice'));
    case 'email_needed':
      return again('email', c.t('people.form.emailNeeded'));
    case 'email_of_account':
      return again('email', c.t('people.form.emailOfAccount'));
    case 'guest_with_account':
      return again('is_guest', c.t('people.form.guestWithAccount'));
  }
}

async function editable(c: Context): Promise<PersonRow> {
  const person = await findPerson(c.db, idOf(c));
  if (!person || person.merged_into_id || person.erased_at) throw new NotFound();
  if (!mayEdit(c.viewer, person)) throw new Forbidden();
  return person;
}

const Filter = z.object({
  q: z.string().max(100).catch(''),
  unit: z.coerce.number().int().positive().nullable().catch(null),
  kind: z.enum(['staff', 'guests', 'inactive']).catch('staff'),
  page: z.coerce.number().int().min(1).max(10_000).catch(1),
});

export const peopleRoutes: Route[] = [
  route({
    method: 'get',
    path: '/people/search',
    policy: signedIn,
    query: z.object({ q: z.string().max(100).catch('') }),
    async handle(c) {
      const persons = await findPersons(c.db, c.viewer, c.query.q);
      return json({
        persons: persons.map((person) => ({
          id: person.id,
          name: c.fmt.name(person),
          text: personText(person, c.fmt.name(person)),
          note: [c.lang === 'en' ? person.unit_en : person.unit_zh, person.position ?? person.affiliation]
            .filter(Boolean)
            .join(' · '),
        })),
      });
    },
  }),
  route({
    method: 'get',
    path: '/people',
    policy: signedIn,
    query: Filter,
    async handle(c) {
      const filter = mayListGuests(c.viewer) ? c.query : { ...c.query, kind: 'staff' as const };
      const [{ persons, total }, units] = await Promise.all([
        listPersons(c.db, filter),
        listUnitOptions(c.db),
      ]);
      const address = (to: Partial<typeof filter>) => {
        const { q, unit, kind, page } = { ...filter, ...to };
        const search = new URLSearchParams({ kind, page: String(page) });
        if (q) search.set('q', q);
        if (unit) search.set('unit', String(unit));
        return `/people?${search.toString()}`;
      };
      const first = (filter.page - 1) * PAGE_SIZE;
      return page('people/list', {
        title: c.t('people.list.title'),
        table: directoryTable(c, persons, filter.kind),
        nothing: persons.length
          ? undefined
          : nobody(c, { hasFilter: Boolean(filter.q || filter.unit), isSecretary: isSecretary(c.viewer) }),
        units,
        filter,
        kinds: mayListGuests(c.viewer)
          ? (['staff', 'guests', 'inactive'] as const).map((kind) => ({
              kind,
              href: address({ kind, page: 1 }),
            }))
          : [],
        previous: filter.page > 1 ? address({ page: filter.page - 1 }) : undefined,
        next: first + persons.length < total ? address({ page: filter.page + 1 }) : undefined,
        summary: total
          ? c.t('people.list.summary', { from: first + 1, to: first + persons.length, total })
          : undefined,
        isSecretary: isSecretary(c.viewer),
      });
    },
  }),
  route({
    method: 'get',
    path: '/people/new',
    policy: secretary,
    handle: (c) => formPage(c, undefined, { lang: c.office.lang, zone: c.office.zone, role: 'member' }),
  }),
  route({
    method: 'post',
    path: '/people',
    policy: secretary,
    form: NewPersonForm,
    async handle(c) {
      const { key, ...form } = c.form;
      const made = await once(c.db, { person: c.viewer.id, key, body: form }, async (trx) => {
        const done = await createPerson(trx, c.by, form);
        return done.ok ? { location: `/people/${done.id}` } : { refused: done };
      });
      if ('refused' in made && made.refused) return refused(c, undefined, made.refused);
      return redirect(made.location ?? '/people', { notice: 'people.form.created' });
    },
    onInvalid: (c, problems) => formPage(c, undefined, problems.values, { problems }),
  }),
  route({
    method: 'get',
    path: '/people/:id',
    policy: signedIn,
    async handle(c) {
      const person = await findPerson(c.db, idOf(c));
      if (!person || (person.is_guest && !mayListGuests(c.viewer))) throw new NotFound();
      if (person.merged_into_id) return redirect(`/people/${person.merged_into_id}`);
      const seesAccount = isSecretary(c.viewer);
      const maySave = mayEdit(c.viewer, person) && !person.erased_at;
      const [headOf, account, twins] = await Promise.all([
        listHeadOf(c.db, person.id),
        seesAccount ? findAccountState(c.db, person.id) : undefined,
        seesAccount && person.is_guest && !person.deactivated_at ? listLikelyTwins(c.db, person) : [],
      ]);
      return page('people/person', {
        title: person.erased_at ? c.t('people.person.erased') : c.fmt.name(person),
        person,
        ...showPerson(c, person, account),
        facts: factsOf(c, person, headOf),
        twins: maySave ? twinRows(c, person, twins) : [],
        mayEdit: maySave,
        isSelf: person.id === c.viewer.id,
      });
    },
  }),
  route({
    method: 'get',
    path: '/people/:id/edit',
    policy: secretary,
    async handle(c) {
      const person = await editable(c);
      return formPage(c, person, { ...person });
    },
  }),
  route({
    method: 'post',
    path: '/people/:id',
    policy: secretary,
    form: PersonForm,
    async handle(c) {
      const done = await updatePerson(c.db, c.by, idOf(c), c.form);
      return done.ok
        ? redirect(`/people/${idOf(c)}`, { notice: 'people.form.saved' })
        : refused(c, await editable(c), done);
    },
    onInvalid: async (c, problems) => formPage(c, await editable(c), problems.values, { problems }),
  }),
  route({
    method: 'post',
    path: '/people/:id/reactivation',
    policy: secretary,
    form: z.strictObject({}),
    async handle(c) {
      await reactivatePerson(c.db, c.by, idOf(c));
      return redirect(`/people/${idOf(c)}`, { notice: 'people.person.reactivated' });
    },
  }),
];
