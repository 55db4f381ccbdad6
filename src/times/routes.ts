import type { Db } from '../lib/db/db.js';
import { BadRequest } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { createMeeting, type RoomsRefused } from '../meetings/commands.js';
import { readPeople } from '../meetings/namedPeople.js';
import { addParticipants } from '../meetings/participantCommands.js';
import { maySeeMembers } from '../meetings/policy.js';
import { listSeriesOptions, listUnitMembers } from '../meetings/queries.js';
import { describeRefusal } from '../meetings/refusal.js';
import { findSeries, listMembers } from '../series/queries.js';
import { mayListGuests } from '../people/policy.js';
import { findPersonOption, listUnitOptions } from '../people/queries.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import { listBuildings } from './queries.js';
import {
  FindQuery,
  MAX_GUESTS,
  MAX_PEOPLE,
  readUse,
  UseForm,
  writeGuest,
  writeUse,
  type SuggestedTime,
} from './forms.js';
import { findLocals, type Further } from './findPage.js';
import { addressOf } from './page.js';
import { listUnknownGuests } from './knownGuestQueries.js';
import { searchTimes, type Search } from './search.js';
import { daysOf } from '../calendar/timeLine.js';

export const timesRoutes: Route[] = [
  route({
    method: 'get',
    path: '/find-a-time',
    policy: signedIn,
    query: FindQuery,
    handle: (c) => findPage(c, c.query),
  }),
  route({
    method: 'post',
    path: '/find-a-time/meeting',
    policy: signedIn,
    form: UseForm,
    handle: useSuggestion,
    onInvalid: (c, problems) =>
      findPage(c, FindQuery.parse({ ...(c.req.body as object), asked: '1' }), problems),
  }),
];

/** Adds what was named in the form to the people of the search. */
async function gatherPeople(
  c: Context<unknown, unknown>,
  query: FindQuery,
): Promise<{ query: FindQuery; problems: { field: string; message: string }[] }> {
  const problems: { field: string; message: string }[] = [];
  const [named, unit, series] = await Promise.all([
    readPeople(c.db, c.t, query.add ?? ''),
    query.unit ? listUnitMembers(c.db, query.unit) : [],
    query.series ? membersOf(c, query.series) : [],
  ]);
  // A guest whom only the office knows goes along by the address that was typed: ids stand in addresses of
  // pages.
  const unknown = await hiddenGuests(c, c.db, [...query.p, ...query.o, ...named.personIds]);
  const added = named.personIds.filter((id) => !unknown.has(id));
  const typed = named.personIds.flatMap((id) => {
    const guest = unknown.get(id);
    return guest?.email ? [{ name: guest.name, email: guest.email }] : [];
  });
  const guests = [...named.guests, ...typed];
  if (named.problems.length) problems.push({ field: 'add', message: named.problems.join(' ') });
  const before = query.asked
    ? { p: query.p.filter((id) => !unknown.has(id)), o: query.o.filter((id) => !unknown.has(id)) }
    : { p: [c.viewer.id], o: [] };
  const fresh = [...new Set([...added, ...unit, ...series])];
  const as = query.add_as;
  const moved = (ids: readonly number[]) => ids.filter((id) => !added.includes(id));
  const p =
    as === 'p'
      ? [...new Set([...before.p, ...fresh.filter((id) => !moved(before.o).includes(id))])]
      : moved(before.p);
  const o =
    as === 'o' ? [...new Set([...before.o, ...fresh.filter((id) => !p.includes(id))])] : moved(before.o);
  if (p.length + o.length > MAX_PEOPLE)
    problems.push({ field: 'add', message: c.t('calendar.find.tooMany', { count: MAX_PEOPLE }) });
  // Named again, a guest is what they were named last.
  const stay = (before: readonly Guest[]) =>
    before.filter(({ email }) => !guests.some((one) => one.email === email));
  const gp = unique([...stay(query.gp), ...(as === 'p' ? guests : [])]);
  const go = unique([...stay(query.go), ...(as === 'o' ? guests : [])]).filter(
    ({ email }) => !gp.some((one) => one.email === email),
  );
  if (gp.length + go.length > MAX_GUESTS)
    problems.push({ field: 'add', message: c.t('calendar.find.tooManyGuests', { count: MAX_GUESTS }) });
  return {
    query: {
      ...query,
      gp: gp.slice(0, MAX_GUESTS),
      go: go.slice(0, MAX_GUESTS - Math.min(gp.length, MAX_GUESTS)),
      p: p.slice(0, MAX_PEOPLE),
      o: o.filter((id) => !p.includes(id)).slice(0, MAX_PEOPLE - Math.min(p.length, MAX_PEOPLE)),
    },
    problems,
  };
}

/** Guests that this person may not know by their ids. */
async function hiddenGuests(
  c: Context<unknown, unknown>,
  db: Db,
  ids: readonly number[],
): ReturnType<typeof listUnknownGuests> {
  return mayListGuests(c.viewer) ? new Map() : listUnknownGuests(db, c.viewer.id, ids);
}

type Guest = FindQuery['gp'][number];

function unique(guests: readonly Guest[]): Guest[] {
  return guests.filter(({ email }, n) => guests.findIndex((one) => one.email === email) === n);
}

async function membersOf(c: Context<unknown, unknown>, seriesId: number): Promise<number[]> {
  const series = await findSeries(c.db, c.viewer, seriesId);
  if (!maySeeMembers(series)) return [];
  return (await listMembers(c.db, seriesId))
    .filter(({ role }) => role !== 'informed')
    .map(({ person_id }) => person_id);
}

function searchOf(query: FindQuery, today: string): Search {
  return {
    required: query.p,
    optional: query.o,
    guests: [
      ...query.gp.map(({ name }) => ({ name, isRequired: true })),
      ...query.go.map(({ name }) => ({ name, isRequired: false })),
    ],
    minutes: query.minutes,
    roomCount: Number(query.rooms),
    seats: query.seats,
    equipment: query.equipment,
    isStepFree: query.step_free,
    building: query.building,
    ...daysOf(query.when, query.from, query.to, today),
  };
}

async function findPage(c: Context<unknown, unknown>, typed: FindQuery, wrong?: Problems): Promise<Answer> {
  const { query, problems: unknown } = await gatherPeople(c, typed);
  const problems = wrong ?? (unknown.length ? problemsOf(unknown, c.req.query) : undefined);
  const today = dayOf(c.now, c.zone);
  const reader = { viewerId: c.viewer.id, zone: c.zone, officeZone: c.office.zone, today, now: c.now };
  const search = searchOf(query, today);
  const [kinds, found, units, series, buildings] = await Promise.all([
    listEquipmentKinds(c.db),
    searchTimes(c.db, search, reader),
    listUnitOptions(c.db),
    listSeriesOptions(c.db, c.viewer),
    listBuildings(c.db),
  ]);
  const further = found.suggestions.length === 0 ? await searchFurther(c, search, reader) : undefined;
  const locals = findLocals(c, { query, search, found, further, kinds, units, series, buildings });
  return page(
    'times/find-a-time',
    { ...locals, errors: problems?.errors ?? {}, values: problems?.values ?? {} },
    { status: problems ? 422 : 200 },
  );
}

/** The two weeks after the search, and the same days with rooms of other buildings. */
async function searchFurther(
  c: Context<unknown, unknown>,
  search: Search,
  reader: Parameters<typeof searchTimes>[2],
): Promise<Further> {
  const [firstOn, lastOn] = [addDays(search.lastOn, 1), addDays(search.lastOn, 2 * 7)];
  const [later, elsewhere] = await Promise.all([
    searchTimes(c.db, { ...search, firstOn, lastOn }, reader),
    search.building ? searchTimes(c.db, { ...search, building: null }, reader) : undefined,
  ]);
  return { firstOn, lastOn, later, elsewhere };
}

/**
 * The meeting with all of it in one transaction: rooms claimed, people named; a clash in between draws the
 * clash page.
 */
async function useSuggestion(c: Context<UseForm>): Promise<Answer> {
  const used = applyPick(c.form);
  const title = c.form.title ?? c.t('calendar.find.defaultTitle', { name: c.fmt.name(c.viewer) });
  const { key, offer: _offer, minutes: _minutes, ...typed } = c.form;
  const done = await once(c.db, { person: c.viewer.id, key, body: typed }, async (trx) => {
    const made = await createMeeting(trx, c.by, {
      title,
      startsAt: used.startsAt,
      endsAt: used.endsAt,
      zone: c.zone,
      roomIds: used.roomIds,
      isPrivate: c.form.is_private,
      mailDomain: c.config.mailDomain,
      expectedCount: countNamed(c.form) || null,
    });
    if (!made.ok) return { location: undefined, refused: made };
    const unknown = await hiddenGuests(c, trx, [...c.form.p, ...c.form.o]);
    const ids = [
      ...c.form.p.map((personId) => ({ personId, role: 'required' as const })),
      ...c.form.o
        .filter((id) => !c.form.p.includes(id))
        .map((personId) => ({ personId, role: 'optional' as const })),
    ].filter(({ personId }) => !unknown.has(personId));
    const guests = [
      ...c.form.gp.map((guest) => ({ ...guest, role: 'required' as const })),
      ...c.form.go.map((guest) => ({ ...guest, role: 'optional' as const })),
    ];
    if (ids.length + guests.length === 0) return { location: `/meetings/${made.id}` };
    const added = await addParticipants(trx, c.by, made.id, [...ids, ...guests]);
    if (!added.ok) throw new BadRequest();
    return { location: `/meetings/${made.id}`, unreachable: added.unreachable };
  });
  if (done.location !== undefined) {
    const lost = 'unreachable' in done ? (done.unreachable ?? []) : [];
    return redirect(done.location, {
      notice: lost.length
        ? { key: 'calendar.find.usedWithout', values: { addresses: lost.join(', ') } }
        : 'calendar.find.used',
    });
  }
  return clashPage(c, done.refused, used, title);
}

function countNamed(form: Pick<UseForm, 'p' | 'o' | 'gp' | 'go'>): number {
  return form.p.length + form.o.length + form.gp.length + form.go.length;
}

function applyPick(form: UseForm): SuggestedTime {
  const used = readUse(form.use);
  if (!used) throw new BadRequest();
  const [kind, value = ''] = form.pick?.split(':') ?? [];
  if (kind === 'room') return { ...used, roomIds: [Number(value)] };
  if (kind !== 'time') return used;
  const [from = 0, to = 0] = value.split('/').map(Number);
  const picked = readUse([from, to, ...used.roomIds].join('/'));
  if (!picked) throw new BadRequest();
  return picked;
}

async function clashPage(
  c: Context<UseForm>,
  refused: RoomsRefused,
  used: SuggestedTime,
  title: string,
): Promise<Answer> {
  const refusal = await describeRefusal(c, refused, {
    roomIds: used.roomIds,
    startsAt: used.startsAt,
    endsAt: used.endsAt,
    seats: countNamed(c.form) || null,
    zone: c.zone,
  });
  const people = await Promise.all(
    [...c.form.p, ...c.form.o].slice(0, 12).map((id) => findPersonOption(c.db, id)),
  );
  return page(
    'times/clash',
    {
      title: c.t(refusal.isRule ? 'calendar.clash.notOpen' : 'meetings.clash.heading'),
      section: 'calendar',
      refusal,
      form: {
        title,
        p: c.form.p,
        o: c.form.o,
        gp: c.form.gp.map(writeGuest),
        go: c.form.go.map(writeGuest),
        is_private: c.form.is_private,
        use: writeUse(used.startsAt, used.endsAt, used.roomIds),
      },
      when: `${c.fmt.shortDay(used.startsAt)} ${c.fmt.range(used.startsAt, used.endsAt)}`,
      people: [
        ...people.filter((one) => one !== undefined).map((one) => c.fmt.name(one)),
        ...[...c.form.gp, ...c.form.go].map(({ name }) => name),
      ],
      back: addressOf(
        FindQuery.parse({
          asked: '1',
          p: c.form.p.map(String),
          o: c.form.o.map(String),
          gp: c.form.gp.map(writeGuest),
          go: c.form.go.map(writeGuest),
          title,
          minutes: (used.endsAt.getTime() - used.startsAt.getTime()) / 60_000,
        }),
      ),
    },
    { status: 409, caching: 'no-store' },
  );
}
