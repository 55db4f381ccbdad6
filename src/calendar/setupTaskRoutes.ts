import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { readPeople } from '../meetings/namedPeople.js';
import { mayInvite } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { addSetupTask, removeSetupTask, tickSetupTask } from './setupTaskCommands.js';
import { showSetupTask } from './sheetPage.js';
import { RemovalForm, SetupTaskForm, TickForm } from './viewForms.js';
import { listSetupTasks, SETUP_KINDS } from './viewQueries.js';

export const setupTaskRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/:id/setup-tasks', policy: signedIn, handle: (c) => tasksPage(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/setup-tasks',
    policy: signedIn,
    form: SetupTaskForm,
    async handle(c) {
      const { kind, note, owner, key } = c.form;
      if (kind === 'other' && note === '')
        return tasksPage(
          c,
          problemsOf([{ field: 'note', message: c.t('calendar.setup.sayWhat') }], c.req.body),
        );
      const named = await readPeople(c.db, c.t, owner ?? '');
      const unknown = [
        ...named.problems,
        ...named.guests.map((guest) => c.t('meetings.people.unknown', { name: guest.name })),
      ];
      if (unknown.length)
        return tasksPage(
          c,
          problemsOf(
            unknown.map((message) => ({ field: 'owner', message })),
            c.req.body,
          ),
        );
      await once(c.db, { person: c.viewer.id, key, body: c.form }, async (trx) => {
        await addSetupTask(trx, c.by, idOf(c), { kind, note, ownerId: named.personIds[0] ?? null });
        return { location: `/meetings/${idOf(c)}/setup-tasks` };
      });
      return redirect(`/meetings/${idOf(c)}/setup-tasks`, { notice: 'calendar.setup.added' });
    },
    onInvalid: (c, problems) => tasksPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/setup-tasks/:task/removal',
    policy: signedIn,
    form: RemovalForm,
    async handle(c) {
      await removeSetupTask(c.db, c.by, idOf(c), idOf(c, 'task'));
      return redirect(`/meetings/${idOf(c)}/setup-tasks`, { notice: 'calendar.setup.removed' });
    },
  }),
  route({
    method: 'post',
    path: '/setup-tasks/:id/done',
    policy: signedIn,
    form: TickForm,
    async handle(c) {
      await tickSetupTask(c.db, c.by, idOf(c), c.form.done);
      const query = new URLSearchParams();
      if (c.form.date) query.set('date', c.form.date);
      if (c.form.site) query.set('site', c.form.site);
      return redirect(`/calendar/sheet${query.size ? `?${query.toString()}` : ''}`);
    },
  }),
];

async function tasksPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!mayInvite(meeting)) throw new Forbidden();
  const tasks = await listSetupTasks(c.db, c.viewer.id, meeting.id);
  return page(
    'calendar/setup-tasks',
    {
      title: `${c.t('calendar.setup.title')} · ${titleOf(c.t, meeting)}`,
      meeting,
      name: titleOf(c.t, meeting),
      tasks: tasks.map((task) => showSetupTask(c, task)),
      kinds: SETUP_KINDS.map((value) => ({ value, label: c.t(`calendar.setup.kind.${value}`) })),
      values: problems?.values ?? { kind: 'layout' },
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}
