// Which times suit some people and rooms, best first. Pure: no texts, no database. All positions are quarter
// hours ("units") since the first instant of the window, whose days stand one after another.
import { ABSENT, BUSY, OUTSIDE, TENTATIVE } from '../calendar/timeLine.js';

/** What a room is in a quarter hour. */
export const TAKEN = 1;

/** Beside TAKEN: by what is held for a poll. */
export const POLLED = 2;

export interface PersonTimes {
  id: number;
  isRequired: boolean;
  units: Uint8Array;
}

export interface RoomTimes {
  id: number;
  capacity: number;
  /** What is claimed when it is booked: itself, or the parts of a divisible hall. */
  atoms: readonly number[];
  setupMinutes: number;
  teardownMinutes: number;
  /** TAKEN where it (or a part) is occupied, setup and teardown of others included. */
  taken: Uint8Array;
  /** 1 where it is open. */
  open: Uint8Array;
}

export interface TimeRequest {
  units: number;
  /** Wall minute of the day of each unit, for the person who asks. */
  wall: Uint16Array;
  /** Number of the day of each unit, from 0. */
  day: Uint16Array;
  /** Nothing begins before it. */
  first: number;
  /** Length in units. */
  length: number;
  people: readonly PersonTimes[];
  /** In the order of the catalogue; only those that have what is asked for. */
  rooms: readonly RoomTimes[];
  /** How many rooms it takes; 0: none. */
  roomCount: number;
  seats: number;
  /** Required guests: of them nothing is known, but they need seats. */
  guests: number;
}

/** What is to be said of a suggestion beside "everybody is free". */
export interface Remark {
  kind: 'tentative' | 'outside' | 'optionalBusy' | 'optionalAbsent' | 'optionalTentative' | 'optionalOutside';
  people: number[];
}

export interface Suggestion {
  from: number;
  to: number;
  roomIds: number[];
  /** The smaller the better; the sum of COSTS. */
  cost: number;
  remarks: Remark[];
  isRoomLarge: boolean;
}

/**
 * What each flaw costs. A required person who is busy or absent, a slot in which nobody at all is at work,
 * and a room that is missing are not flaws: such a slot is no suggestion. The order of weight: required
 * people before optional ones, people before rooms, rooms before taste.
 */
export const COSTS = {
  requiredOutside: 60,
  requiredTentative: 40,
  optionalAway: 30,
  optionalOutside: 15,
  optionalTentative: 10,
  /** A room of twice the seats; in proportion, at most twice that. */
  roomTwiceTooLarge: 10,
  /** Between 12 and 13. */
  lunch: 8,
  /** Beginning at a quarter past or to. */
  oddQuarter: 3,
  /** A day later. */
  day: 2,
} as const;

const LUNCH = { from: 12 * 60, to: 13 * 60 };

// By the marks they are of: the search for alternatives looks at the same people and rooms a dozen times.
const known = new WeakMap<Uint8Array, Map<number, Uint16Array>>();

/** Sums up to each unit: how many in [a, b) is one subtraction. */
function sums(units: Uint8Array, bit: number): Uint16Array {
  let ofUnits = known.get(units);
  if (!ofUnits) known.set(units, (ofUnits = new Map<number, Uint16Array>()));
  let sum = ofUnits.get(bit);
  if (!sum) ofUnits.set(bit, (sum = count(units, bit)));
  return sum;
}

function count(units: Uint8Array, bit: number): Uint16Array {
  const sum = new Uint16Array(units.length + 1);
  for (let at = 0; at < units.length; at++) sum[at + 1] = (sum[at] ?? 0) + ((units[at] ?? 0) & bit ? 1 : 0);
  return sum;
}

const within = (sum: Uint16Array, from: number, to: number): number => (sum[to] ?? 0) - (sum[from] ?? 0);

/** Units as a room needs them, rounded up: never suggests what the room then refuses. */
const quarters = (minutes: number): number => Math.ceil(minutes / 15);

export function isRoomFree(room: RoomTimes, from: number, to: number): boolean {
  for (
    let at = Math.max(0, from - quarters(room.setupMinutes));
    at < Math.min(room.taken.length, to + quarters(room.teardownMinutes));
    at++
  )
    if (room.taken[at]) return false;
  for (let at = from; at < to; at++) if (!room.open[at]) return false;
  return true;
}

/** Cost of a room that seats more than are needed. */
export function roomCost(capacity: number, seats: number): number {
  return Math.min(
    2 * COSTS.roomTwiceTooLarge,
    Math.round((COSTS.roomTwiceTooLarge * Math.max(0, capacity - seats)) / Math.max(1, seats)),
  );
}

interface ReadyRoom {
  room: RoomTimes;
  cost: number;
  taken: Uint16Array;
  open: Uint16Array;
}

/**
 * Rooms with enough seats for their share of the people, the tightest first, then as the catalogue has them.
 */
function readyRooms({ rooms, roomCount, seats }: TimeRequest): ReadyRoom[] {
  if (roomCount === 0) return [];
  const share = Math.ceil(seats / roomCount);
  return rooms
    .filter(({ capacity }) => capacity >= share)
    .map((room) => ({
      room,
      cost: roomCost(room.capacity, share),
      taken: sums(room.taken, TAKEN),
      open: sums(room.open, 1),
    }))
    .sort((a, b) => a.cost - b.cost);
}

/** The best free rooms of a slot, none a part of another; undefined when there are too few. */
function takeRooms(
  ready: readonly ReadyRoom[],
  count: number,
  from: number,
  to: number,
): ReadyRoom[] | undefined {
  const found: ReadyRoom[] = [];
  for (const one of ready) {
    if (found.length === count) break;
    const { room } = one;
    const last = one.taken.length - 1;
    if (within(one.open, from, to) !== to - from) continue;
    if (
      within(
        one.taken,
        Math.max(0, from - quarters(room.setupMinutes)),
        Math.min(last, to + quarters(room.teardownMinutes)),
      ) > 0
    )
      continue;
    if (found.some((other) => other.room.atoms.some((atom) => room.atoms.includes(atom)))) continue;
    found.push(one);
  }
  return found.length === count ? found : undefined;
}

interface ReadyPerson {
  person: PersonTimes;
  /** Busy or absent. */
  away: Uint16Array;
  tentative: Uint16Array;
  absent: Uint16Array;
  outside: Uint16Array;
}

/**
 * What the flaws of a slot cost by its people; -1 when it does not do. Asked of every slot: it makes nothing.
 */
function costOfPeople(people: readonly ReadyPerson[], from: number, to: number): number {
  // Most slots fail here.
  for (const { person, away } of people) if (person.isRequired && within(away, from, to) > 0) return -1;
  let cost = 0;
  let atWork = people.length === 0;
  for (const { person, away, tentative, outside } of people) {
    const isOutside = within(outside, from, to) > 0;
    if (!isOutside) atWork = true;
    if (within(away, from, to) > 0) {
      cost += COSTS.optionalAway;
      continue;
    }
    if (isOutside) cost += person.isRequired ? COSTS.requiredOutside : COSTS.optionalOutside;
    if (within(tentative, from, to) > 0)
      cost += person.isRequired ? COSTS.requiredTentative : COSTS.optionalTentative;
  }
  return atWork ? cost : -1;
}

/** The same flaws by name, for the few slots that are suggested. */
function remarksOf(people: readonly ReadyPerson[], from: number, to: number): Remark[] {
  const found = new Map<Remark['kind'], number[]>();
  for (const { person, away, absent, tentative, outside } of people) {
    const kinds: Remark['kind'][] = [];
    if (within(away, from, to) > 0)
      kinds.push(within(absent, from, to) > 0 ? 'optionalAbsent' : 'optionalBusy');
    else {
      if (within(outside, from, to) > 0) kinds.push(person.isRequired ? 'outside' : 'optionalOutside');
      if (within(tentative, from, to) > 0) kinds.push(person.isRequired ? 'tentative' : 'optionalTentative');
    }
    for (const kind of kinds) found.set(kind, [...(found.get(kind) ?? []), person.id]);
  }
  return [...found].map(([kind, ids]) => ({ kind, people: ids }));
}

/**
 * Suggestions, best first: by cost, of equal cost the earlier. They don't overlap each other, and no day has
 * more than `perDay` of them, so that they are a choice.
 */
export function suggestTimes(request: TimeRequest, limit = 8, perDay = 3): Suggestion[] {
  const ready = readyRooms(request);
  const people = request.people.map((person) => ({
    person,
    away: sums(person.units, BUSY | ABSENT),
    tentative: sums(person.units, TENTATIVE),
    absent: sums(person.units, ABSENT),
    outside: sums(person.units, OUTSIDE),
  }));
  const found: Suggestion[] = [];
  const firstDay = request.day[request.first] ?? 0;
  for (let from = request.first; from + request.length <= request.units; from++) {
    const to = from + request.length;
    const flaws = costOfPeople(people, from, to);
    if (flaws < 0) continue;
    const rooms = takeRooms(ready, request.roomCount, from, to);
    if (!rooms) continue;
    const wall = request.wall[from] ?? 0;
    const wallEnd = wall + request.length * 15;
    const large = rooms.reduce((sum, { cost }) => sum + cost, 0);
    const taste =
      (wall < LUNCH.to && wallEnd > LUNCH.from ? COSTS.lunch : 0) +
      (wall % 30 === 0 ? 0 : COSTS.oddQuarter) +
      ((request.day[from] ?? 0) - firstDay) * COSTS.day;
    found.push({
      from,
      to,
      roomIds: rooms.map(({ room }) => room.id),
      cost: flaws + large + taste,
      remarks: [],
      isRoomLarge: rooms.some(({ cost }) => cost >= COSTS.roomTwiceTooLarge),
    });
  }
  found.sort((a, b) => a.cost - b.cost || a.from - b.from);
  const chosen: Suggestion[] = [];
  const ofDay = new Map<number, number>();
  for (const one of found) {
    if (chosen.length === limit) break;
    const day = request.day[one.from] ?? 0;
    if ((ofDay.get(day) ?? 0) >= perDay || chosen.some((other) => one.from < other.to && one.to > other.from))
      continue;
    ofDay.set(day, (ofDay.get(day) ?? 0) + 1);
    chosen.push({ ...one, remarks: remarksOf(people, one.from, one.to) });
  }
  return chosen;
}

export type Nearest =
  | { kind: 'shorter'; length: number; suggestion: Suggestion }
  | { kind: 'rooms'; roomCount: number; suggestion: Suggestion }
  | { kind: 'withoutOptional'; suggestion: Suggestion }
  | { kind: 'optional'; personId: number; suggestion: Suggestion }
  | { kind: 'noRoom'; suggestion: Suggestion };

/**
 * When nothing fits: what one may give up, each with the best time that is then to be had, the smallest
 * sacrifice first.
 */
export function nearestTimes(request: TimeRequest): Nearest[] {
  const best = (changed: Partial<TimeRequest>): Suggestion | undefined =>
    suggestTimes({ ...request, ...changed }, 1)[0];
  const found: Nearest[] = [];
  const optional = request.people.filter(({ isRequired }) => !isRequired);
  const needed = request.people.length - optional.length;
  const neededSeats = needed + request.guests;
  if (optional.length > 0 && request.roomCount > 0 && needed > 0 && request.seats > neededSeats) {
    const suggestion = best({
      people: request.people.filter(({ isRequired }) => isRequired),
      seats: neededSeats,
    });
    if (suggestion) found.push({ kind: 'withoutOptional', suggestion });
  }
  for (const length of [
    ...new Set([Math.ceil((request.length * 3) / 4), Math.ceil(request.length / 2), 2]),
  ].filter((one) => one < request.length && one >= 1)) {
    const suggestion = best({ length });
    if (!suggestion) continue;
    found.push({ kind: 'shorter', length, suggestion });
    break;
  }
  if (request.roomCount > 0 && request.roomCount < 3 && request.seats > 1) {
    const roomCount = request.roomCount + 1;
    const suggestion = best({ roomCount });
    if (suggestion) found.push({ kind: 'rooms', roomCount, suggestion });
  }
  if (needed > 1) {
    for (const { id, isRequired } of request.people) {
      if (!isRequired) continue;
      const suggestion = best({
        people: request.people.map((one) => (one.id === id ? { ...one, isRequired: false } : one)),
      });
      if (suggestion) found.push({ kind: 'optional', personId: id, suggestion });
      if (found.length >= 6) break;
    }
  }
  if (request.roomCount > 0) {
    const suggestion = best({ roomCount: 0 });
    if (suggestion) found.push({ kind: 'noRoom', suggestion });
  }
  return found;
}
