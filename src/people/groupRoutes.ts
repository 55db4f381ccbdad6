import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { message, onceKey, optionalLine, optionalProse, version } from '../lib/http/fields.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import {
  createGroup,
  removeGroup,
  updateGroup,
  type GroupFields,
  type GroupRefused,
} from './groupCommands.js';
import { findGroup, listGroups, type Group } from './groupQueries.js';
import { personText, resolvePersons } from './queries.js';

const fields = {
  name_en: optionalLine(100),
  name_zh: optionalLine(100),
  note: optionalLine(500),
  members: optionalProse(50_000),
};
const named = (form: { name_en: string | null; name_zh: string | null }) =>
  Boolean(form.name_en ?? form.name_zh);
const unnamed = { path: ['name_zh'], error: message('groups.nameMissing') };
const NewGroupForm = z.strictObject({ ...fields, key: onceKey() }).refine(named, unnamed);
const GroupForm = z.strictObject({ ...fields, version: version() }).refine(named, unnamed);

interface Typed {
  name_en: string | null;
  name_zh: string | null;
  note: string | null;
  members: string;
}

export const groupRoutes: Route[] = [
  route({
    method: 'get',
    path: '/people/groups',
    policy: secretary,
    async handle(c) {
      return page('people/groups', { title: c.t('groups.title'), groups: await listGroups(c.db) });
    },
  }),
  route({
    method: 'get',
    path: '/people/groups/new',
    policy: secretary,
    handle: (c) => formPage(c, undefined, {}),
  }),
  route({
    method: 'post',
    path: '/people/groups',
    policy: secretary,
    form: NewGroupForm,
    async handle(c) {
      const { key, ...typed } = c.form;
      const read = await readFields(c, typed);
      if ('problems' in read)
        return formPage(c, undefined, read.problems.values, { problems: read.problems });
      const made = await once(c.db, { person: c.viewer.id, key, body: typed }, async (trx) => {
        const done = await createGroup(trx, c.by, read.fields);
        return done.ok ? { location: '/people/groups' } : { refused: done };
      });
      return 'refused' in made && made.refused
        ? refused(c, undefined, made.refused)
        : redirect('/people/groups', { notice: 'groups.saved' });
    },
    onInvalid: (c, problems) => formPage(c, undefined, problems.values, { problems }),
  }),
  route({
    method: 'get',
    path: '/people/groups/:id',
    policy: secretary,
    async handle(c) {
      const group = await existing(c);
      return formPage(c, group, {
        ...group,
        members: group.members.map((one) => personText(one, c.fmt.name(one))).join('\n'),
      });
    },
  }),
  route({
    method: 'post',
    path: '/people/groups/:id',
    policy: secretary,
    form: GroupForm,
    async handle(c) {
      const group = await existing(c);
      const { version: opened, ...typed } = c.form;
      const read = await readFields(c, typed);
      if ('problems' in read) return formPage(c, group, read.problems.values, { problems: read.problems });
      const done = await updateGroup(c.db, c.by, { id: group.id, version: opened }, read.fields);
      return done.ok ? redirect('/people/groups', { notice: 'groups.saved' }) : refused(c, group, done);
    },
    onInvalid: async (c, problems) => formPage(c, await existing(c), problems.values, { problems }),
  }),
  route({
    method: 'get',
    path: '/people/groups/:id/removal',
    policy: secretary,
    async handle(c) {
      const group = await existing(c);
      return page('people/group-removal', {
        title: c.t('groups.removeTitle', { name: c.fmt.name(group) }),
        group,
      });
    },
  }),
  route({
    method: 'post',
    path: '/people/groups/:id/removal',
    policy: secretary,
    async handle(c) {
      await removeGroup(c.db, c.by, idOf(c));
      return redirect('/people/groups', { notice: 'groups.removed' });
    },
  }),
];

async function existing(c: Context): Promise<Group> {
  const group = await findGroup(c.db, idOf(c));
  if (!group) throw new NotFound();
  return group;
}

/** One name is enough: it then stands for both languages. Who is not understood is named at the field. */
async function readFields(
  c: Context,
  typed: Typed,
): Promise<{ fields: GroupFields } | { problems: Problems }> {
  const lines = [
    ...new Set(
      typed.members
        .split('\n')
        .map((one) => one.trim())
        .filter(Boolean),
    ),
  ];
  const found = await resolvePersons(c.db, lines);
  const wrong = found.find((one) => !one.ok);
  if (wrong && !wrong.ok) {
    const name = wrong.text.slice(0, 100);
    return {
      problems: problemsOf(
        [
          {
            field: 'members',
            message: c.t(wrong.reason === 'several' ? 'groups.several' : 'groups.unknown', { name }),
          },
        ],
        c.req.body,
      ),
    };
  }
  const [en, zh] = [typed.name_en ?? typed.name_zh ?? '', typed.name_zh ?? typed.name_en ?? ''];
  return {
    fields: {
      name_en: en,
      name_zh: zh,
      note: typed.note ?? '',
      memberIds: [...new Set(found.flatMap((one) => (one.ok ? [one.person.id] : [])))],
    },
  };
}

function refused(c: Context, group: Group | undefined, problem: GroupRefused): Promise<Answer> {
  const typed = c.req.body as Record<string, unknown>;
  if (problem.reason === 'stale')
    return formPage(
      c,
      problem.group,
      { ...typed, version: problem.group.version },
      { status: 409, isStale: true },
    );
  return formPage(c, group, typed, {
    problems: problemsOf([{ field: 'name_zh', message: c.t('groups.nameTaken') }], typed),
  });
}

async function formPage(
  c: Context,
  group: Group | undefined,
  values: Record<string, unknown>,
  more: { problems?: Problems; status?: number; isStale?: boolean } = {},
): Promise<Answer> {
  return page(
    'people/group-form',
    {
      title: group ? c.t('groups.edit', { name: c.fmt.name(group) }) : c.t('groups.new'),
      group,
      values,
      errors: more.problems?.errors ?? {},
      isStale: more.isStale ?? false,
    },
    { status: more.status ?? (more.problems ? 422 : 200) },
  );
}
