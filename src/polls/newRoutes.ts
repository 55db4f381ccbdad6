import type { z } from 'zod';
import { readUse } from '../times/forms.js';
import { listKnownGuests } from '../times/knownGuestQueries.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { readPeople } from '../meetings/namedPeople.js';
import { mayListGuests } from '../people/policy.js';
import { findPersonOption, personText } from '../people/queries.js';
import { listRoomOptions } from '../rooms/queries.js';
import { createPoll } from './commands.js';
import { MAX_OPTIONS, MIN_OPTIONS, NewPollForm, NewPollQuery, TYPED } from './forms.js';
import { toPollPeople, giveRooms, readDeadline, readOffered } from './offerPage.js';

export const newRoutes: Route[] = [
  route({ method: 'get', path: '/polls/new', policy: signedIn, query: NewPollQuery, handle: showNew }),
  route({
    method: 'post',
    path: '/polls',
    policy: signedIn,
    form: NewPollForm,
    handle: create,
    onInvalid: (c, problems) => formPage(c, problems.values, problems),
  }),
];

async function showNew(c: Context<unknown, z.output<typeof NewPollQuery>>): Promise<Answer> {
  const { query } = c;
  const textOf = async (ids: number[], guests: string[]) => {
    const found = (
      await Promise.all([...new Set(ids)].slice(0, 100).map((id) => findPersonOption(c.db, id)))
    ).filter((one) => one !== undefined);
    // An id in the address gives nobody the address of a guest whom they don't know.
    const known = mayListGuests(c.viewer) ? new Set(ids) : await listKnownGuests(c.db, c.viewer.id, ids);
    return [
      ...found.map((one) =>
        one.is_guest && !known.has(one.id) ? c.fmt.name(one) : personText(one, c.fmt.name(one)),
      ),
      ...guests,
    ].join('\n');
  };
  const firstStart = Math.min(
    ...query.offer.map((text) => readUse(text)?.startsAt.getTime() ?? Number.POSITIVE_INFINITY),
  );
  return formPage(c, {
    title: query.title ?? '',
    offer: query.offer,
    minutes: query.minutes ?? 60,
    is_private: query.is_private,
    needs_room: query.offer.every((text) => (readUse(text)?.roomIds.length ?? 1) > 0),
    required: await textOf(query.p, query.gp),
    optional: await textOf(query.o, query.go),
    ...deadlineBefore(c, Number.isFinite(firstStart) ? new Date(firstStart) : undefined),
  });
}

/** Three days from now at five, or the evening before the first time when that is sooner. */
function deadlineBefore(
  c: Context<unknown, unknown>,
  first: Date | undefined,
): { deadline_on: string; deadline_at: string } {
  const today = dayOf(c.now, c.zone);
  const usual = addDays(today, 3);
  const eve = first ? addDays(dayOf(first, c.zone), -1) : usual;
  const soonest = eve > today ? eve : today;
  const on = eve < usual ? soonest : usual;
  return { deadline_on: on, deadline_at: on === today ? '23:00' : '17:00' };
}

async function formPage(
  c: Context<unknown, unknown>,
  values: Record<string, unknown>,
  problems?: Problems,
): Promise<Answer> {
  const rooms = await listRoomOptions(c.db);
  const offered = [values.offer ?? []].flat().flatMap((text) => {
    const use = typeof text === 'string' ? readUse(text) : undefined;
    if (!use) return [];
    const names = use.roomIds
      .flatMap((id) => rooms.find((room) => room.id === id) ?? [])
      .map((room) => c.fmt.name(room));
    return [
      {
        value: text as string,
        label: [`${c.fmt.shortDay(use.startsAt)} ${c.fmt.range(use.startsAt, use.endsAt)}`, names.join(' + ')]
          .filter(Boolean)
          .join(' · '),
      },
    ];
  });
  return page(
    'polls/new',
    {
      title: c.t('polls.new.title'),
      offered,
      values: { ...values, offer: offered.map(({ value }) => value) },
      typed: Array.from({ length: TYPED }, (_, n) => n),
      errors: problems?.errors ?? {},
      zoneText: c.zone,
    },
    { status: problems ? 422 : 200 },
  );
}

async function create(c: Context<NewPollForm>): Promise<Answer> {
  const { form } = c;
  const { options, problems } = readOffered(c, form);
  const field = form.offer.length ? 'offer' : 'on_0';
  if (!problems.length && (options.length < MIN_OPTIONS || options.length > MAX_OPTIONS))
    problems.push({ field, message: c.t('polls.problem.count', { min: MIN_OPTIONS, max: MAX_OPTIONS }) });
  const [required, optional] = await Promise.all([
    readPeople(c.db, c.t, form.required),
    readPeople(c.db, c.t, form.optional),
  ]);
  if (required.problems.length) problems.push({ field: 'required', message: required.problems.join(' ') });
  if (optional.problems.length) problems.push({ field: 'optional', message: optional.problems.join(' ') });
  const deadlineAt = readDeadline(c, form, options.at(-1)?.startsAt, problems);
  if (problems.length || !deadlineAt)
    return formPage(c, c.req.body as Record<string, unknown>, problemsOf(problems, c.req.body));

  const { people, guests } = toPollPeople(required, optional);
  const withRooms = form.needs_room
    ? await giveRooms(c, options, people.length + guests.length)
    : options.map((one) => ({ ...one, roomIds: [] }));
  const done = await once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
    const made = await createPoll(
      trx,
      c.by,
      {
        title: form.title,
        note: form.note,
        zone: c.zone,
        isPrivate: form.is_private,
        deadlineAt,
        options: withRooms,
        people,
        guests,
      },
      c.now,
    );
    return made.ok
      ? { location: `/polls/${made.id}`, held: made.held }
      : { location: undefined, reason: made.reason };
  });
  if (done.location !== undefined) {
    return redirect(
      done.location,
      'held' in done
        ? {
            notice: {
              key: 'polls.new.made',
              values: { count: people.length + guests.length, held: done.held },
            },
          }
        : {},
    );
  }
  return formPage(
    c,
    c.req.body as Record<string, unknown>,
    problemsOf([{ field: 'required', message: c.t(`polls.refused.${done.reason}`) }], c.req.body),
  );
}
