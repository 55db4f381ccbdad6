import { Forbidden, NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { describeUnresolved } from '../people/picked.js';
import { findPersonOption, resolvePersons } from '../people/queries.js';
import { addDeputy, removeDeputy } from './commands.js';
import { DeputyForm, EmptyForm } from './forms.js';
import { listDeputies } from './queries.js';

/** Oneself, or an administrator for anybody: whoever becomes a deputy may act in this person's name. */
async function principalOf(c: Context) {
  const id = idOf(c);
  if (id !== c.viewer.id && c.viewer.role !== 'administrator') throw new Forbidden();
  const person = await findPersonOption(c.db, id);
  if (!person || person.is_guest) throw new NotFound();
  return person;
}

async function deputiesPage(c: Context, problems?: Problems): Promise<Answer> {
  const person = await principalOf(c);
  return page(
    'auth/deputies',
    {
      title:
        person.id === c.viewer.id
          ? c.t('auth.deputy.titleOwn')
          : c.t('auth.deputy.title', { name: c.fmt.name(person) }),
      person,
      isOwn: person.id === c.viewer.id,
      deputies: await listDeputies(c.db, person.id),
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

export const deputyRoutes: Route[] = [
  route({ method: 'get', path: '/people/:id/deputies', policy: signedIn, handle: (c) => deputiesPage(c) }),
  route({
    method: 'post',
    path: '/people/:id/deputies',
    policy: signedIn,
    form: DeputyForm,
    async handle(c) {
      const person = await principalOf(c);
      const refuse = (message: string) =>
        deputiesPage(c, problemsOf([{ field: 'deputy', message }], c.req.body));
      const [who] = await resolvePersons(c.db, [c.form.deputy]);
      if (!who) throw new NotFound();
      if (!who.ok) return refuse(await describeUnresolved(c, who));
      if (who.person.id === person.id || who.person.is_guest) return refuse(c.t('auth.deputy.notThis'));
      const added = await addDeputy(c.db, c.by, {
        personId: person.id,
        deputyId: who.person.id,
        from: c.form.from,
        to: c.form.to,
      });
      if (!added) return refuse(c.t('auth.deputy.already', { name: c.fmt.name(who.person) }));
      return redirect(`/people/${person.id}/deputies`, { notice: 'auth.deputy.added' });
    },
    onInvalid: (c, problems) => deputiesPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/people/:id/deputies/:deputy/removal',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      const person = await principalOf(c);
      await removeDeputy(c.db, c.by, { personId: person.id, id: idOf(c, 'deputy') });
      return redirect(`/people/${person.id}/deputies`, { notice: 'auth.deputy.removed' });
    },
  }),
];
