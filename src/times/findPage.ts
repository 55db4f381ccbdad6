import { equipmentOptions, type EquipmentKind } from '../equipment/kinds.js';
import type { Context } from '../lib/http/route.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import type { UnitOption } from '../people/queries.js';
import { MINUTES, ROOM_COUNTS, writeGuest, type FindQuery } from './forms.js';
import { gridOf } from './gridPage.js';
import { addressOf, counted, showNearest, showSuggestion, describeWhen, describeWhy } from './page.js';
import { whatNearest, type Search, type SearchResult } from './search.js';

// The page of a search out of what was found: the form, the suggestions, what comes nearest, the grid. Pure.

/** Searches that give up the days or the building. */
export interface Further {
  firstOn: string;
  lastOn: string;
  later: SearchResult;
  elsewhere: SearchResult | undefined;
}

export interface FindRows {
  query: FindQuery;
  search: Search;
  found: SearchResult;
  /** Only where nothing was found. */
  further: Further | undefined;
  kinds: readonly EquipmentKind[];
  units: readonly UnitOption[];
  series: readonly { id: number; name: string }[];
  buildings: readonly string[];
}

export function findLocals(c: Context<unknown, unknown>, rows: FindRows) {
  const { query, search, found, further } = rows;
  const isInside = query.day && query.day >= search.firstOn && query.day <= search.lastOn;
  const day = isInside && query.day ? query.day : dayOfBest(c, found, search);
  const grid = gridOf(c, found, day);
  return {
    title: c.t('calendar.find.title'),
    wide: true,
    section: 'calendar',
    query,
    people: found.people.map((person) => ({
      id: person.id,
      name: c.fmt.name(person),
      isRequired: query.p.includes(person.id),
    })),
    guests: { p: guestBoxes(query.gp), o: guestBoxes(query.go) },
    chosen: { p: chosenOf(c, found, query, true), o: chosenOf(c, found, query, false) },
    units: rows.units,
    series: rows.series,
    buildings: rows.buildings,
    equipment: equipmentOptions(rows.kinds, c.fmt, query.equipment),
    minutes: minuteOptions(c, query.minutes),
    roomCounts: roomCountOptions(c),
    window: `${c.fmt.shortDate(search.firstOn)} – ${c.fmt.shortDate(search.lastOn)}`,
    suggestions: found.suggestions.map((one, n) => showSuggestion(c, found, one, n)),
    nearest: further ? nearestRows(c, rows, further) : [],
    none: noneText(c, found),
    grid: grid?.rows.length ? grid : undefined,
    hasNeeds: query.equipment.length > 0 || query.step_free,
    dayText: c.fmt.date(day),
    previous: day > search.firstOn ? addressOf({ ...query, day: addDays(day, -1) }) : null,
    next: day < search.lastOn ? addressOf({ ...query, day: addDays(day, 1) }) : null,
    zoneText: c.zone,
  };
}

function guestBoxes(guests: FindQuery['gp']) {
  return guests.map((guest) => ({ value: writeGuest(guest), name: guest.name }));
}

function minuteOptions(c: Context<unknown, unknown>, chosen: number) {
  return [...new Set<number>([...MINUTES, chosen])]
    .sort((a, b) => a - b)
    .map((value) => ({ value, label: counted(c, 'calendar.find.minutes', value) }));
}

function roomCountOptions(c: Context<unknown, unknown>) {
  return ROOM_COUNTS.map((value) => ({
    value,
    label: value === '0' ? c.t('calendar.find.noRoom') : counted(c, 'calendar.find.rooms', Number(value)),
  }));
}

/** Who must come, or may, as boxes of the form; nothing where there is nobody. */
function chosenOf(c: Context<unknown, unknown>, found: SearchResult, query: FindQuery, isRequired: boolean) {
  const people = found.people
    .filter(({ id }) => query.p.includes(id) === isRequired)
    .map((person) => ({ id: person.id, name: c.fmt.name(person) }));
  const guests = guestBoxes(isRequired ? query.gp : query.go);
  if (people.length + guests.length === 0) return undefined;
  const heading = c.t(isRequired ? 'calendar.find.requiredPeople' : 'calendar.find.optionalPeople');
  return { heading, people, guests };
}

/** Why nothing fits, where that can be said in a sentence. */
function noneText(c: Context<unknown, unknown>, { request: wish, people }: SearchResult): string {
  const share = Math.ceil(wish.seats / Math.max(1, wish.roomCount));
  if (wish.roomCount > 0 && !wish.rooms.some(({ capacity }) => capacity >= share)) {
    return wish.roomCount === 1
      ? c.t('calendar.find.noneSeats', { count: share })
      : c.t('calendar.find.noneSeatsTogether', { count: wish.seats, rooms: wish.roomCount, share });
  }
  return c.t(people.length ? 'calendar.find.none' : 'calendar.find.noneRoom');
}

function dayOfBest(c: Context<unknown, unknown>, found: SearchResult, search: Search): string {
  const [best] = found.suggestions;
  return best ? dayOf(new Date(found.line.start.getTime() + best.from * 900_000), c.zone) : search.firstOn;
}

/** Later first, then rooms of another building, then what one may give up. */
function nearestRows(c: Context<unknown, unknown>, { query, found }: FindRows, further: Further) {
  const { later, elsewhere, firstOn, lastOn } = further;
  const open = { ...query, day: undefined };
  const ofLater = firstOf(c, later, 'calendar.find.nearest.later');
  const ofElsewhere = elsewhere && firstOf(c, elsewhere, 'calendar.find.nearest.building');
  return [
    ...(ofLater
      ? [{ ...ofLater, href: addressOf({ ...open, when: 'span', from: firstOn, to: lastOn }) }]
      : []),
    ...(ofElsewhere ? [{ ...ofElsewhere, href: addressOf({ ...open, building: null }) }] : []),
    ...whatNearest(found).map((one) => showNearest(c, found, open, one)),
  ];
}

function firstOf(
  c: Context<unknown, unknown>,
  found: SearchResult,
  key: 'calendar.find.nearest.later' | 'calendar.find.nearest.building',
) {
  const [first] = found.suggestions;
  return (
    first && { text: c.t(key, { when: describeWhen(c, found, first) }), why: describeWhy(c, found, first) }
  );
}
