import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { administrator, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { EndUnitForm, NewUnitForm, UnitForm } from './forms.js';
import { readPicked, textOfPerson } from './picked.js';
import { listUnitOptions } from './queries.js';
import { createUnit, deactivateUnit, reactivateUnit, updateUnit, type UnitProblem } from './unitCommands.js';
import { unitTable } from './unitPage.js';
import { findUnit, listUnitAndBelow, listUnits, type UnitRow } from './unitQueries.js';

async function formPage(
  c: Context,
  unit: UnitRow | undefined,
  values: Record<string, unknown>,
  more: { problems?: Problems; status?: number; stale?: UnitRow } = {},
): Promise<Answer> {
  const below = unit ? await listUnitAndBelow(c.db, unit.id) : new Set<number>();
  const units = await listUnitOptions(c.db);
  return page(
    'people/unit-form',
    {
      title: unit ? c.t('people.unit.edit', { name: c.fmt.name(unit) }) : c.t('people.unit.new'),
      unit,
      values,
      errors: more.problems?.errors ?? {},
      stale: more.stale && { ...more.stale, head: await textOfPerson(c, more.stale.head_id) },
      parents: units.filter((other) => !below.has(other.id)),
    },
    { status: more.status ?? (more.problems ? 422 : 200) },
  );
}

const FIELD = {
  code_taken: ['code', 'people.unit.codeTaken'],
  cycle: ['parent_id', 'people.unit.cycle'],
  no_such_parent: ['parent_id', 'lib.field.choice'],
  no_such_head: ['head', 'lib.field.choice'],
} as const;

function refused(c: Context, unit: UnitRow | undefined, problem: UnitProblem): Promise<Answer> {
  const typed = c.req.body as Record<string, unknown>;
  if (problem.reason === 'stale')
    return formPage(
      c,
      problem.unit,
      { ...typed, version: problem.unit.version },
      { status: 409, stale: problem.unit },
    );
  const [field, message] = FIELD[problem.reason];
  return formPage(c, unit, typed, { problems: problemsOf([{ field, message: c.t(message) }], typed) });
}

async function existing(c: Context): Promise<UnitRow> {
  const unit = await findUnit(c.db, idOf(c));
  if (!unit) throw new NotFound();
  return unit;
}

async function endPage(c: Context, unit: UnitRow, problems?: Problems): Promise<Answer> {
  if (!unit.is_active) throw new NotFound();
  const below = await listUnitAndBelow(c.db, unit.id);
  const targets = (await listUnitOptions(c.db)).filter((other) => !below.has(other.id));
  return page(
    'people/unit-end',
    {
      title: c.t('people.unit.end', { name: c.fmt.name(unit) }),
      unit,
      targets,
      mustMove: Boolean(unit.people || below.size > 1 || problems?.errors.move_to),
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

export const unitRoutes: Route[] = [
  route({
    method: 'get',
    path: '/units',
    policy: signedIn,
    query: z.object({ all: z.string().optional().catch(undefined) }),
    async handle(c) {
      const isAdministrator = c.viewer.role === 'administrator';
      const all = isAdministrator && c.query.all !== undefined;
      const units = await listUnits(c.db, { inactive: all });
      return page('people/units', {
        title: c.t('people.unit.title'),
        table: units.length ? unitTable(c, units, isAdministrator) : undefined,
        isAdministrator,
        mayShowAll: isAdministrator && !all,
      });
    },
  }),
  route({
    method: 'get',
    path: '/units/new',
    policy: administrator,
    handle: (c) => formPage(c, undefined, {}),
  }),
  route({
    method: 'post',
    path: '/units',
    policy: administrator,
    form: NewUnitForm,
    async handle(c) {
      const { key, head, ...form } = c.form;
      const { ids, problems } = await readPicked(c, { head });
      if (problems) return formPage(c, undefined, problems.values, { problems });
      const made = await once(c.db, { person: c.viewer.id, key, body: { ...form, head } }, async (trx) => {
        const done = await createUnit(trx, c.by, { ...form, head_id: ids.head });
        return done.ok ? { location: '/units' } : { refused: done };
      });
      return 'refused' in made && made.refused
        ? refused(c, undefined, made.refused)
        : redirect('/units', { notice: 'people.unit.saved' });
    },
    onInvalid: (c, problems) => formPage(c, undefined, problems.values, { problems }),
  }),
  route({
    method: 'get',
    path: '/units/:id/edit',
    policy: administrator,
    async handle(c) {
      const unit = await existing(c);
      return formPage(c, unit, { ...unit, head: await textOfPerson(c, unit.head_id) });
    },
  }),
  route({
    method: 'post',
    path: '/units/:id',
    policy: administrator,
    form: UnitForm,
    async handle(c) {
      const { head, ...form } = c.form;
      const unit = await existing(c);
      const { ids, problems } = await readPicked(c, { head }, { stored: { head: unit.head_id } });
      if (problems) return formPage(c, unit, problems.values, { problems });
      const done = await updateUnit(c.db, c.by, unit.id, { ...form, head_id: ids.head });
      return done.ok ? redirect('/units', { notice: 'people.unit.saved' }) : refused(c, unit, done);
    },
    onInvalid: async (c, problems) => formPage(c, await existing(c), problems.values, { problems }),
  }),
  route({
    method: 'get',
    path: '/units/:id/deactivation',
    policy: administrator,
    handle: async (c) => endPage(c, await existing(c)),
  }),
  route({
    method: 'post',
    path: '/units/:id/deactivation',
    policy: administrator,
    form: EndUnitForm,
    async handle(c) {
      const done = await deactivateUnit(c.db, c.by, idOf(c), c.form);
      if (done.ok) return redirect('/units', { notice: 'people.unit.ended' });
      const typed = c.req.body as Record<string, unknown>;
      if (done.reason === 'stale')
        return endPage(c, done.unit, problemsOf([{ field: '', message: c.t('lib.error.conflict') }], typed));
      const message = c.t(done.reason === 'in_use' ? 'people.unit.inUse' : 'lib.field.choice');
      return endPage(c, await existing(c), problemsOf([{ field: 'move_to', message }], typed));
    },
    onInvalid: async (c, problems) => endPage(c, await existing(c), problems),
  }),
  route({
    method: 'post',
    path: '/units/:id/reactivation',
    policy: administrator,
    form: z.strictObject({}),
    async handle(c) {
      await reactivateUnit(c.db, c.by, idOf(c));
      return redirect('/units', { notice: 'people.unit.saved' });
    },
  }),
];
