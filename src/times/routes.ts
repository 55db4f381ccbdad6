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
import { listUnitMembers } from '../meetings/queries.js';
import { describeRefusal } from '../meetings/refusal.js';
import { findSeries, listMembers } from '../series/queries.js';
import { listSeriesOptions } from '../meetings/queries.js';
import { mayListGuests } from '../people/policy.js';
import { findPersonOption, listUnitOptions } from '../people/queries.js';
import { equipmentOptions } from '../equipment/kinds.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import { listBuildings } from './queries.js';
import {
  FindQuery,
  MAX_GUESTS,
  MAX_PEOPLE,
  MINUTES,
  readUse,
  ROOM_COUNTS,
  UseForm,
  writeGuest,
  writeUse,
  type Used,
} from './forms.js';
import { addressOf, counted, gridOf, showNearest, showSuggestion, tellWhen, tellWhy } from './page.js';
import { listUnknownGuests } from './knownGuestQueries.js';
import { searchTimes, whatNearest, type Search, type Searched } from './search.js';
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
  // A guest whom only the office knows goes along by the address that was typed: ids stand in addresses of pages.
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

const WEEK = 7;

async function findPage(c: Context<unknown, unknown>, asked: FindQuery, wrong?: Problems): Promise<Answer> {
  const { query, problems: unknown } = await gatherPeople(c, asked);
  const problems = wrong ?? (unknown.length ? problemsOf(unknown, c.req.query) : undefined);
  const today = dayOf(c.now, c.zone);
  const asking = { viewerId: c.viewer.id, zone: c.zone, officeZone: c.office.zone, today, now: c.now };
  const search = searchOf(query, today);
  const [kinds, found, units, series, buildings] = await Promise.all([
    listEquipmentKinds(c.db),
    searchTimes(c.db, search, asking),
    listUnitOptions(c.db),
    listSeriesOptions(c.db, c.viewer),
    listBuildings(c.db),
  ]);
  const nearest = found.suggestions.length === 0 ? await nearestPlaces(c, query, search, found, asking) : [];
  const day =
    query.day && query.day >= search.firstOn && query.day <= search.lastOn
      ? query.day
      : dayOfBest(c, found, search);
  const grid = gridOf(c, found, day);
  return page(
    'times/find-a-time',
    {
      title: c.t('calendar.find.title'),
      wide: true,
      section: 'calendar',
      query,
      people: found.people.map((person) => ({
        id: person.id,
        name: c.fmt.name(person),
        isRequired: query.p.includes(person.id),
      })),
      guests: {
        p: query.gp.map((guest) => ({ value: writeGuest(guest), name: guest.name })),
        o: query.go.map((guest) => ({ value: writeGuest(guest), name: guest.name })),
      },
      chosen: { p: chosenOf(c, found, query, true), o: chosenOf(c, found, query, false) },
      units,
      series,
      buildings,
      equipment: equipmentOptions(kinds, c.fmt, query.equipment),
      minutes: [...new Set([...MINUTES, query.minutes])]
        .sort((a, b) => a - b)
        .map((value) => ({ value, label: counted(c, 'calendar.find.minutes', value) })),
      roomCounts: ROOM_COUNTS.map((value) => ({
        value,
        label: value === '0' ? c.t('calendar.find.noRoom') : counted(c, 'calendar.find.rooms', Number(value)),
      })),
      window: `${c.fmt.shortDate(search.firstOn)} – ${c.fmt.shortDate(search.lastOn)}`,
      suggestions: found.suggestions.map((one, n) => showSuggestion(c, found, one, n)),
      nearest,
      none: noneText(c, found),
      grid: grid?.rows.length ? grid : undefined,
      hasNeeds: query.equipment.length > 0 || query.step_free,
      dayText: c.fmt.date(day),
      previous: day > search.firstOn ? addressOf({ ...query, day: addDays(day, -1) }) : null,
      next: day < search.lastOn ? addressOf({ ...query, day: addDays(day, 1) }) : null,
      zoneText: c.zone,
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

/** Who must come, or may, as boxes of the form; nothing where there is nobody. */
function chosenOf(c: Context<unknown, unknown>, found: Searched, query: FindQuery, isRequired: boolean) {
  const people = found.people
    .filter(({ id }) => query.p.includes(id) === isRequired)
    .map((person) => ({ id: person.id, name: c.fmt.name(person) }));
  const guests = (isRequired ? query.gp : query.go).map((guest) => ({
    value: writeGuest(guest),
    name: guest.name,
  }));
  if (people.length + guests.length === 0) return undefined;
  const heading = c.t(isRequired ? 'calendar.find.requiredPeople' : 'calendar.find.optionalPeople');
  return { heading, people, guests };
}

/** Why nothing fits, where that can be said in a sentence. */
function noneText(c: Context<unknown, unknown>, { wish, people }: Searched): string {
  const share = Math.ceil(wish.seats / Math.max(1, wish.roomCount));
  if (wish.roomCount > 0 && !wish.rooms.some(({ capacity }) => capacity >= share)) {
    return wish.roomCount === 1
      ? c.t('calendar.find.noneSeats', { count: share })
      : c.t('calendar.find.noneSeatsTogether', { count: wish.seats, rooms: wish.roomCount, share });
  }
  return c.t(people.length ? 'calendar.find.none' : 'calendar.find.noneRoom');
}

function dayOfBest(c: Context<unknown, unknown>, found: Searched, search: Search): string {
  const [best] = found.suggestions;
  return best ? dayOf(new Date(found.line.start.getTime() + best.from * 900_000), c.zone) : search.firstOn;
}

/** Later first, then what one may give up; then, with another building's rooms. */
async function nearestPlaces(
  c: Context<unknown, unknown>,
  query: FindQuery,
  search: Search,
  found: Searched,
  asking: Parameters<typeof searchTimes>[2],
) {
  const firstOn = addDays(search.lastOn, 1);
  const later = { ...search, firstOn, lastOn: addDays(firstOn, 2 * WEEK - 1) };
  const [after, elsewhere] = await Promise.all([
    searchTimes(c.db, later, asking),
    search.building ? searchTimes(c.db, { ...search, building: null }, asking) : undefined,
  ]);
  const tell = (
    from: Searched | undefined,
    key: 'calendar.find.nearest.later' | 'calendar.find.nearest.building',
    changed: Partial<FindQuery>,
  ) => {
    const [first] = from?.suggestions ?? [];
    return from && first
      ? [
          {
            text: c.t(key, { when: tellWhen(c, from, first) }),
            why: tellWhy(c, from, first),
            href: addressOf({ ...query, day: undefined, ...changed }),
          },
        ]
      : [];
  };
  return [
    ...tell(after, 'calendar.find.nearest.later', { when: 'span', from: later.firstOn, to: later.lastOn }),
    ...tell(elsewhere, 'calendar.find.nearest.building', { building: null }),
    ...whatNearest(found).map((one) => showNearest(c, found, { ...query, day: undefined }, one)),
  ];
}

/** The meeting with all of it in one transaction: rooms claimed, people named; a clash in between draws the clash page. */
async function useSuggestion(c: Context<UseForm>): Promise<Answer> {
  const used = applyPick(c.form);
  const title = c.form.title ?? c.t('calendar.find.defaultTitle', { name: c.fmt.name(c.viewer) });
  const { key, offer: _offer, minutes: _minutes, ...typed } = c.form;
  const done = await once(c.db, c.viewer.id, key, typed, async (trx) => {
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
    const wanted = [
      ...c.form.p.map((personId) => ({ personId, role: 'required' as const })),
      ...c.form.o
        .filter((id) => !c.form.p.includes(id))
        .map((personId) => ({ personId, role: 'optional' as const })),
    ].filter(({ personId }) => !unknown.has(personId));
    const guests = [
      ...c.form.gp.map((guest) => ({ ...guest, role: 'required' as const })),
      ...c.form.go.map((guest) => ({ ...guest, role: 'optional' as const })),
    ];
    if (wanted.length + guests.length === 0) return { location: `/meetings/${made.id}` };
    const added = await addParticipants(trx, c.by, made.id, [...wanted, ...guests]);
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

function applyPick(form: UseForm): Used {
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
  used: Used,
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
