import { countHandedOver } from '../actions/listQueries.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { secretary } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  type Answer,
  type Context,
  type Notice,
  type Route,
} from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { listHeld } from '../series/handOverQueries.js';
import { countOpenPolls } from '../polls/queries.js';
import { listRoomsKept } from '../rooms/handOverQueries.js';
import { findPerson, type PersonRow } from '../people/directoryQueries.js';
import { mayEdit } from '../people/policy.js';
import { readPicked } from '../people/picked.js';
import { deactivatePerson, handOver, type Departed } from './departureCommands.js';
import { DepartureForm } from './forms.js';

/** Most meetings that are listed by name; the rest is counted. */
const SHOWN = 20;

async function leaver(c: Context, isActive: boolean): Promise<PersonRow> {
  const person = await findPerson(c.db, idOf(c));
  if (!person || person.erased_at || person.merged_into_id || (person.deactivated_at === null) !== isActive)
    throw new NotFound();
  if (!mayEdit(c.viewer, person)) throw new Forbidden();
  return person;
}

async function departurePage(c: Context, isActive: boolean, problems?: Problems): Promise<Answer> {
  const person = await leaver(c, isActive);
  const today = dayOf(c.now, c.office.zone);
  const [held, rooms, polls, actions] = await Promise.all([
    listHeld(c.db, person.id),
    listRoomsKept(c.db, person.id),
    countOpenPolls(c.db, person.id),
    countHandedOver(c.db, c.viewer.id, person.id, today),
  ]);
  return page(
    'office/departure',
    {
      title: c.t(isActive ? 'admin.departure.title' : 'admin.departure.handOver', {
        name: c.fmt.name(person),
      }),
      person,
      isActive,
      actions,
      polls,
      more: Math.max(0, held.length - SHOWN),
      held: [
        ...rooms.map((room) => ({
          href: `/rooms/${room.id}`,
          title: c.fmt.name(room),
          meta: [c.t(room.owns ? 'departure.owner' : 'departure.approver')],
        })),
        ...held.slice(0, SHOWN).map((one) => ({
          href: one.is_private ? undefined : `/${one.kind}/${one.id}`,
          title: one.title ?? c.t('admin.departure.private'),
          meta: [one.kind === 'series' ? c.t('admin.departure.series') : whenOf(c, one.starts_at)],
        })),
      ],
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

function whenOf(c: Context, at: Date | null): string {
  return at ? c.fmt.dateTime(at) : '';
}

const REFUSED = {
  last_administrator: 'auth.role.last',
  self: 'admin.departure.self',
  no_such_person: 'admin.departure.notThis',
} as const;

type Done = Extract<Departed, { ok: true }>;

async function finish(c: Context, isActive: boolean, done: Departed): Promise<Answer> {
  if (!done.ok) {
    const field = done.reason === 'no_such_person' ? 'to' : '';
    return departurePage(
      c,
      isActive,
      problemsOf([{ field, message: c.t(REFUSED[done.reason]) }], c.req.body),
    );
  }
  return redirect(`/people/${idOf(c)}`, { notice: noticeOf(done, isActive) });
}

function noticeOf({ meetings, actions, rooms, polls, stayed }: Done, isActive: boolean): Notice {
  if (meetings + actions + rooms + polls + stayed === 0)
    return isActive ? 'admin.departure.done' : 'admin.departure.nothing';
  return {
    key: stayed ? 'departure.movedSome' : 'departure.moved',
    values: { meetings, actions, rooms, polls, stayed },
  };
}

export const departureRoutes: Route[] = [true, false].flatMap((isActive) => {
  const path = isActive ? '/people/:id/deactivation' : '/people/:id/hand-over';
  const carryOut = isActive ? deactivatePerson : handOver;
  return [
    route({ method: 'get', path, policy: secretary, handle: (c) => departurePage(c, isActive) }),
    route({
      method: 'post',
      path,
      policy: secretary,
      form: DepartureForm,
      async handle(c) {
        const person = await leaver(c, isActive);
        const { ids, problems } = await readPicked(c, { to: c.form.to });
        if (problems) return departurePage(c, isActive, problems);
        const done = await carryOut(c.db, c.by, {
          fromId: person.id,
          toId: ids.to,
          note: c.form.note,
          today: dayOf(c.now, c.office.zone),
        });
        return finish(c, isActive, done);
      },
      onInvalid: (c, problems) => departurePage(c, isActive, problems),
    }),
  ];
});
