import type { Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import {
  ABSENT,
  BUSY,
  instantAt,
  isSameTime,
  OUTSIDE,
  runsOf,
  TENTATIVE,
  unitAt,
  wallIn,
} from '../calendar/timeLine.js';
import { POLLED, type Nearest, type Remark, type Suggestion } from './suggest.js';
import { writeGuest, writeUse, type FindQuery } from './forms.js';
import type { FindPerson, FindRoom } from './queries.js';
import type { Searched } from './search.js';
import { clockAt } from '../calendar/dayGrid.js';
import { tableLook } from '../calendar/gridLook.js';

type Reader = Pick<Context, 't' | 'fmt' | 'lang' | 'zone'>;

export interface ShownSuggestion {
  use: string;
  when: string;
  /** Why, in words. */
  why: string;
  /** The same time where some of the people are. */
  zones: string[];
  isBest: boolean;
}

// A text with a number in it takes fifty times as long as one without, and the page has some sixty of them.
const told = new Map<string, string>();

/** A text with a count, worked out once. */
export function counted(
  c: Pick<Context, 't' | 'lang'>,
  key: 'calendar.day.seats' | 'calendar.find.minutes' | 'calendar.find.rooms',
  count: number,
): string {
  const name = `${c.lang} ${key} ${count}`;
  let text = told.get(name);
  if (text === undefined) {
    if (told.size >= 2000) told.clear();
    told.set(name, (text = c.t(key, { count })));
  }
  return text;
}

const listed = (c: Reader, texts: string[]): string => texts.join(c.lang === 'en' ? ', ' : '、');

function namesOf(c: Reader, people: readonly FindPerson[], ids: readonly number[]): string {
  return listed(
    c,
    people.filter(({ id }) => ids.includes(id)).map((person) => c.fmt.name(person)),
  );
}

/** "everybody free; Room 302" · "one optional busy: Zhang Wei; Room 301, a little large for 4" */
export function tellWhy(
  c: Reader,
  found: Pick<Searched, 'people' | 'guests' | 'rooms' | 'wish'>,
  one: Suggestion,
): string {
  const remark = ({ kind, people }: Remark) =>
    c.t(`calendar.find.remark.${kind}`, { count: people.length, names: namesOf(c, found.people, people) });
  const away = one.remarks
    .filter(({ kind }) => kind === 'optionalBusy' || kind === 'optionalAbsent')
    .flatMap(({ people }) => people);
  const unknown = [
    ...found.people
      .filter(({ id, is_guest }) => is_guest && !away.includes(id))
      .map((person) => c.fmt.name(person)),
    ...found.guests.map(({ name }) => name),
  ];
  const isHouse = found.people.some(({ is_guest }) => !is_guest);
  const people = [
    ...(one.remarks.length
      ? one.remarks.map(remark)
      : isHouse
        ? [c.t(unknown.length ? 'calendar.find.colleaguesFree' : 'calendar.find.allFree')]
        : []),
    ...(unknown.length ? [c.t('calendar.find.notKnown', { names: listed(c, unknown) })] : []),
  ];
  const rooms = one.roomIds.flatMap((id) => found.rooms.find((room) => room.id === id) ?? []);
  const room = rooms.length
    ? listed(
        c,
        rooms.map((each) => `${c.fmt.name(each)} (${counted(c, 'calendar.day.seats', each.capacity)})`),
      )
    : '';
  return [...people, room, one.isRoomLarge ? c.t('calendar.find.large', { count: found.wish.seats }) : '']
    .filter(Boolean)
    .join(c.lang === 'en' ? '; ' : '；');
}

export function tellWhen(c: Reader, found: Searched, one: Pick<Suggestion, 'from' | 'to'>): string {
  const [from, to] = [instantAt(found.line, one.from), instantAt(found.line, one.to)];
  return `${c.fmt.shortDay(from)} ${c.fmt.range(from, to)}`;
}

export function showSuggestion(c: Reader, found: Searched, one: Suggestion, n: number): ShownSuggestion {
  const [from, to] = [instantAt(found.line, one.from), instantAt(found.line, one.to)];
  const zones = [...new Set(found.people.map(({ zone }) => zone))].filter(
    (zone) => !isSameTime(from, zone, c.zone),
  );
  return {
    use: writeUse(from, to, one.roomIds),
    when: tellWhen(c, found, one),
    why: tellWhy(c, found, one),
    zones: zones.map((zone) => {
      const wall = wallIn({ from, to }, zone, c.zone);
      const who = namesOf(
        c,
        found.people,
        found.people.filter((person) => person.zone === zone).map(({ id }) => id),
      );
      const day = wall.isOtherDay ? `${format(c.lang, zone).shortDay(from)} ` : '';
      return c.t('calendar.find.there', {
        names: who,
        time: `${day}${wall.text}`,
        zone: zone.split('/').at(-1)?.replace(/_/g, ' ') ?? zone,
      });
    }),
    isBest: n === 0,
  };
}

/** A sacrifice in words, and the search that makes it. */
export function showNearest(
  c: Reader,
  found: Searched,
  query: FindQuery,
  one: Nearest,
): { text: string; why: string; href: string } {
  const when = tellWhen(c, found, one.suggestion);
  const why = tellWhy(c, found, one.suggestion);
  const to = (changed: Partial<FindQuery>) => addressOf({ ...query, ...changed });
  switch (one.kind) {
    case 'shorter':
      return {
        text: c.t('calendar.find.nearest.shorter', { minutes: one.length * 15, when }),
        why,
        href: to({ minutes: one.length * 15 }),
      };
    case 'rooms':
      return {
        text: c.t('calendar.find.nearest.rooms', { count: one.roomCount, when }),
        why,
        href: to({ rooms: String(one.roomCount) as FindQuery['rooms'] }),
      };
    case 'withoutOptional':
      return {
        text: c.t('calendar.find.nearest.withoutOptional', { when }),
        why,
        href: to({ o: [], go: [], seats: null }),
      };
    case 'optional':
      return {
        text: c.t('calendar.find.nearest.optional', { name: namesOf(c, found.people, [one.personId]), when }),
        why,
        href: to({ p: query.p.filter((id) => id !== one.personId), o: [...query.o, one.personId] }),
      };
    case 'noRoom':
      return { text: c.t('calendar.find.nearest.noRoom', { when }), why, href: to({ rooms: '0' }) };
  }
}

/** The address of a search, without what was just added. */
export function addressOf(query: FindQuery): string {
  const parts = new URLSearchParams({ asked: '1' });
  for (const id of query.p) parts.append('p', String(id));
  for (const id of query.o) parts.append('o', String(id));
  for (const guest of query.gp) parts.append('gp', writeGuest(guest));
  for (const guest of query.go) parts.append('go', writeGuest(guest));
  parts.set('minutes', String(query.minutes));
  parts.set('when', query.when);
  for (const name of ['from', 'to', 'building', 'title', 'day'] as const)
    if (query[name]) parts.set(name, query[name]);
  parts.set('rooms', query.rooms);
  if (query.seats) parts.set('seats', String(query.seats));
  for (const code of query.equipment) parts.append('equipment', code);
  if (query.step_free) parts.set('step_free', 'on');
  return `/find-a-time?${parts.toString()}`;
}

type State = 'free' | 'unknown' | 'busy' | 'polled' | 'tentative' | 'absent' | 'outside' | 'closed';
const LOOKS: Record<State, string> = {
  free: 'is-open',
  unknown: 'is-open',
  busy: 'is-busy',
  polled: 'is-busy striped',
  tentative: 'is-busy striped',
  absent: 'is-absent',
  outside: 'is-closed hatched',
  closed: 'is-closed hatched',
};

export interface GridCell {
  span: number;
  look: string;
  word: string;
  title: string | null;
  heard: string;
}

export interface GridRow {
  name: string;
  note: string;
  isAll?: boolean;
  cells: GridCell[];
}

/**
 * One day of people and rooms with "All" on top: states as words and patterns, titles only where they may be
 * known.
 */
export function gridOf(
  c: Reader,
  found: Searched,
  on: string,
): { rows: GridRow[]; hours: { span: number; time: string }[]; units: number; look: string } | undefined {
  const day = found.line.days.find((one) => one.on === on);
  if (!day) return undefined;
  const start = unitAt(found.line, day.start);
  const { first, last } = shownUnits(found, start, day.units);
  const { people, rooms } = found.wish;
  const stateOf = (units: Uint8Array, at: number): State => {
    const bits = units[at] ?? 0;
    return bits & ABSENT
      ? 'absent'
      : bits & BUSY
        ? 'busy'
        : bits & TENTATIVE
          ? 'tentative'
          : bits & OUTSIDE
            ? 'outside'
            : 'free';
  };
  const cells = (
    stateAt: (at: number) => State,
    titleIn?: (from: number, to: number) => string | null,
  ): GridCell[] =>
    runsOf(first, last, stateAt).map(({ from, to, state }) => {
      const word = c.t(`calendar.find.state.${state}`);
      const title = titleIn && (state === 'busy' || state === 'tentative') ? titleIn(from, to) : null;
      const time = `${clockAt(day, (from - start) * 15)}–${clockAt(day, (to - start) * 15)}`;
      return {
        span: to - from,
        look: LOOKS[state],
        word: state === 'free' ? '' : word,
        title,
        heard: `${time} ${[word, title].filter(Boolean).join(', ')}`,
      };
    });
  const ranks: State[] = ['absent', 'busy', 'tentative', 'outside'];
  const all = (at: number): State => {
    const states = people.filter(({ isRequired }) => isRequired).map(({ units }) => stateOf(units, at));
    return ranks.find((state) => states.includes(state)) ?? 'free';
  };
  const personRows = people.flatMap((times): GridRow[] => {
    const person = found.people.find(({ id }) => id === times.id);
    if (!person) return [];
    const titleIn = (from: number, to: number) => {
      const [since, until] = [instantAt(found.line, from).getTime(), instantAt(found.line, to).getTime()];
      const titles = person.happenings
        .filter((one) => one.title !== null && one.from < until && one.to > since)
        .map(({ title, isPoll }) =>
          isPoll ? c.t('calendar.find.pollOf', { title: title ?? '' }) : (title ?? ''),
        );
      return titles.length ? listed(c, [...new Set(titles)]) : null;
    };
    return [
      {
        name: c.fmt.name(person),
        note: c.t(times.isRequired ? 'calendar.find.required' : 'calendar.find.optional'),
        cells: cells((at) => {
          const state = stateOf(times.units, at);
          return person.is_guest && (state === 'free' || state === 'outside') ? 'unknown' : state;
        }, titleIn),
      },
    ];
  });
  const guestRows = found.guests.map((guest): GridRow => ({
    name: guest.name,
    note: c.t(guest.isRequired ? 'calendar.find.required' : 'calendar.find.optional'),
    cells: cells(() => 'unknown'),
  }));
  const used = new Set(found.suggestions.flatMap(({ roomIds }) => roomIds));
  const shownRooms = [...rooms]
    .filter(({ capacity }) => capacity >= Math.ceil(found.wish.seats / Math.max(1, found.wish.roomCount)))
    .sort((a, b) => Number(used.has(b.id)) - Number(used.has(a.id)))
    .slice(0, 12);
  const roomRows = shownRooms.flatMap((times): GridRow[] => {
    const room: FindRoom | undefined = found.rooms.find(({ id }) => id === times.id);
    if (!room) return [];
    return [
      {
        name: c.fmt.name(room),
        note: counted(c, 'calendar.day.seats', room.capacity),
        cells: cells((at) =>
          !times.taken[at]
            ? times.open[at]
              ? 'free'
              : 'closed'
            : times.taken[at] & POLLED
              ? 'polled'
              : 'busy',
        ),
      },
    ];
  });
  const hours: { span: number; time: string }[] = [];
  for (let at = first; at < last; at += 4)
    hours.push({ span: Math.min(4, last - at), time: clockAt(day, (at - start) * 15) });
  return {
    rows: [
      ...(people.length
        ? [
            {
              name: c.t('calendar.find.all', { count: people.filter(({ isRequired }) => isRequired).length }),
              note: c.t('calendar.find.allNote'),
              isAll: true,
              cells: cells(all),
            },
          ]
        : []),
      ...personRows,
      ...guestRows,
      ...roomRows,
    ],
    hours,
    units: last - first,
    look: tableLook(last - first),
  };
}

/** From the first to the last hour in which anybody works, eight to eighteen at least. */
function shownUnits(found: Searched, start: number, units: number): { first: number; last: number } {
  let [first, last] = [start + Math.min(32, units), start + Math.min(72, units)];
  for (let at = start; at < start + units; at++) {
    if (!found.wish.people.some((person) => !((person.units[at] ?? 0) & OUTSIDE))) continue;
    first = Math.min(first, at);
    last = Math.max(last, at + 1);
  }
  return {
    first: start + Math.floor((first - start) / 4) * 4,
    last: Math.min(start + units, start + Math.ceil((last - start) / 4) * 4),
  };
}
