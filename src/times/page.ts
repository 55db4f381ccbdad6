import type { Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { instantAt, isSameTime, wallIn } from '../calendar/timeLine.js';
import { type Nearest, type Remark, type Suggestion } from './suggest.js';
import { writeGuest, writeUse, type FindQuery } from './forms.js';
import type { FindPerson } from './queries.js';
import type { SearchResult } from './search.js';

export type Reader = Pick<Context, 't' | 'fmt' | 'lang' | 'zone'>;

export interface SuggestionRow {
  use: string;
  when: string;
  /** Why, in words. */
  why: string;
  /** The same time where some of the people are. */
  zones: string[];
  isBest: boolean;
}

// A text with a number in it takes fifty times as long as one without, and the page has some sixty of them.
const counts = new Map<string, string>();

/** A text with a count, worked out once. */
export function counted(
  c: Pick<Context, 't' | 'lang'>,
  key: 'calendar.day.seats' | 'calendar.find.minutes' | 'calendar.find.rooms',
  count: number,
): string {
  const name = `${c.lang} ${key} ${count}`;
  let text = counts.get(name);
  if (text === undefined) {
    if (counts.size >= 2000) counts.clear();
    counts.set(name, (text = c.t(key, { count })));
  }
  return text;
}

export const listed = (c: Reader, texts: string[]): string => texts.join(c.lang === 'en' ? ', ' : '、');

function namesOf(c: Reader, people: readonly FindPerson[], ids: readonly number[]): string {
  return listed(
    c,
    people.filter(({ id }) => ids.includes(id)).map((person) => c.fmt.name(person)),
  );
}

/** "everybody free; Room 302" · "one optional busy: Zhang Wei; Room 301, a little large for 4" */
export function describeWhy(
  c: Reader,
  found: Pick<SearchResult, 'people' | 'guests' | 'rooms' | 'request'>,
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
  const allFree = c.t(unknown.length ? 'calendar.find.colleaguesFree' : 'calendar.find.allFree');
  const people = [
    ...(one.remarks.length || !isHouse ? one.remarks.map(remark) : [allFree]),
    ...(unknown.length ? [c.t('calendar.find.notKnown', { names: listed(c, unknown) })] : []),
  ];
  const rooms = one.roomIds.flatMap((id) => found.rooms.find((room) => room.id === id) ?? []);
  const room = rooms.length
    ? listed(
        c,
        rooms.map((each) => `${c.fmt.name(each)} (${counted(c, 'calendar.day.seats', each.capacity)})`),
      )
    : '';
  return [...people, room, one.isRoomLarge ? c.t('calendar.find.large', { count: found.request.seats }) : '']
    .filter(Boolean)
    .join(c.lang === 'en' ? '; ' : '；');
}

export function describeWhen(c: Reader, found: SearchResult, one: Pick<Suggestion, 'from' | 'to'>): string {
  const [from, to] = [instantAt(found.line, one.from), instantAt(found.line, one.to)];
  return `${c.fmt.shortDay(from)} ${c.fmt.range(from, to)}`;
}

export function showSuggestion(c: Reader, found: SearchResult, one: Suggestion, n: number): SuggestionRow {
  const [from, to] = [instantAt(found.line, one.from), instantAt(found.line, one.to)];
  const zones = [...new Set(found.people.map(({ zone }) => zone))].filter(
    (zone) => !isSameTime(from, zone, c.zone),
  );
  return {
    use: writeUse(from, to, one.roomIds),
    when: describeWhen(c, found, one),
    why: describeWhy(c, found, one),
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
  found: SearchResult,
  query: FindQuery,
  one: Nearest,
): { text: string; why: string; href: string } {
  const when = describeWhen(c, found, one.suggestion);
  const why = describeWhy(c, found, one.suggestion);
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
