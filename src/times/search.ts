import type { Db } from '../lib/db/db.js';
import { dayOf } from '../lib/time/zone.js';
import {
  isRoomFree,
  nearestTimes,
  POLLED,
  roomCost,
  suggestTimes,
  TAKEN,
  type Nearest,
  type RoomTimes,
  type Suggestion,
  type TimeRequest,
} from './suggest.js';
import { listFindRooms, listPeopleTimes, listTaken, type FindPerson, type FindRoom } from './queries.js';
import { lineOf, mark, openUnits, personUnits, unitAt, type TimeLine } from '../calendar/timeLine.js';

export interface Search {
  required: readonly number[];
  optional: readonly number[];
  /** Outside the directory: nobody knows whether they are free. */
  guests: readonly { name: string; isRequired: boolean }[];
  minutes: number;
  roomCount: number;
  /** null: as many as there are people. */
  seats: number | null;
  equipment: readonly string[];
  isStepFree: boolean;
  building: string | null;
  firstOn: string;
  lastOn: string;
}

interface SearchReader {
  viewerId: number;
  zone: string;
  officeZone: string;
  today: string;
  now: Date;
}

export interface SearchResult {
  line: TimeLine;
  people: FindPerson[];
  guests: Search['guests'];
  /** Those that have what is asked for. */
  rooms: FindRoom[];
  request: TimeRequest;
  suggestions: Suggestion[];
}

/** Everything of a search by a fixed number of statements; the rest is counting. */
export async function searchTimes(db: Db, search: Search, reader: SearchReader): Promise<SearchResult> {
  const line = lineOf(search.firstOn, search.lastOn, reader.zone);
  const fits = (room: FindRoom) =>
    search.equipment.every((code) => room.equipment.includes(code)) &&
    (room.is_step_free || !search.isStepFree) &&
    (!search.building || room.building === search.building);
  const [people, { found: rooms, rooms: roomTimes }] = await Promise.all([
    listPeopleTimes(db, reader.viewerId, [...search.required, ...search.optional], {
      from: line.start,
      to: line.end,
    }),
    search.roomCount > 0 ? listRoomTimes(db, line, reader, fits) : { found: [], rooms: [] },
  ]);
  const request: TimeRequest = {
    units: line.units,
    wall: line.wall,
    day: line.day,
    first: Math.min(line.units, Math.max(0, Math.ceil(unitAt(line, reader.now)))),
    length: Math.ceil(search.minutes / 15),
    people: people.map((person) => ({
      id: person.id,
      isRequired: search.required.includes(person.id),
      units: personUnits(line, person.hours, person.zone, person.happenings),
    })),
    rooms: roomTimes,
    roomCount: search.roomCount,
    seats: search.seats ?? Math.max(1, people.length + search.guests.length),
    guests: search.guests.filter(({ isRequired }) => isRequired).length,
  };
  return { line, people, guests: search.guests, rooms, request, suggestions: suggestTimes(request) };
}

/** Rooms with what occupies them on the line. */
async function listRoomTimes(
  db: Db,
  line: TimeLine,
  reader: Omit<SearchReader, 'now'>,
  fits: (room: FindRoom) => boolean,
): Promise<{ found: FindRoom[]; rooms: RoomTimes[] }> {
  // Setup and teardown of others may reach in from outside the window.
  const margin = 4 * 3_600_000;
  const found = (await listFindRooms(db, reader.zone, reader.today)).filter(
    (room) =>
      fits(room) && (room.is_in_service || (room.back_at !== null && new Date(room.back_at) < line.end)),
  );
  const atoms = [...new Set(found.flatMap(atomsOf))];
  const taken = await listTaken(db, reader.viewerId, atoms, {
    from: new Date(line.start.getTime() - margin),
    to: new Date(line.end.getTime() + margin),
  });
  const rooms = found.map((room): RoomTimes => {
    const units = new Uint8Array(line.units);
    // Out of service until a date: taken until then.
    if (!room.is_in_service && room.back_at)
      mark(line, units, TAKEN, { from: line.start.getTime(), to: new Date(room.back_at).getTime() });
    for (const atom of atomsOf(room)) {
      const spans = taken.get(atom);
      spans?.f.forEach((from, n) =>
        mark(line, units, spans.p[n] ? TAKEN | POLLED : TAKEN, {
          from: from * 1000,
          to: (spans.t[n] ?? from) * 1000,
        }),
      );
    }
    return {
      id: room.id,
      capacity: room.capacity,
      atoms: atomsOf(room),
      setupMinutes: room.setup_minutes,
      teardownMinutes: room.teardown_minutes,
      taken: units,
      open: openUnits(line, room.hours, reader.officeZone),
    };
  });
  return { found, rooms };
}

function atomsOf(room: FindRoom): number[] {
  return room.part_ids.length ? room.part_ids : [room.id];
}

/** What one may give up when nothing fits. */
export function whatNearest({ request }: SearchResult): Nearest[] {
  return nearestTimes(request);
}

/** For each span the rooms that are free, with enough seats first, then the tightest; by ids. */
export async function listFreeRooms(
  db: Db,
  spans: readonly { startsAt: Date; endsAt: Date }[],
  seats: number,
  reader: Omit<SearchReader, 'now'>,
): Promise<number[][]> {
  if (spans.length === 0) return [];
  const { line, rooms } = await roomsAround(db, spans, reader);
  const sorted = [...rooms].sort(
    (a, b) =>
      Number(a.capacity < seats) - Number(b.capacity < seats) ||
      Math.abs(a.capacity - seats) - Math.abs(b.capacity - seats),
  );
  return spans.map(({ startsAt, endsAt }) =>
    sorted
      .filter((one) => isRoomFree(one, Math.floor(unitAt(line, startsAt)), Math.ceil(unitAt(line, endsAt))))
      .map(({ id }) => id),
  );
}

async function roomsAround(
  db: Db,
  spans: readonly { startsAt: Date; endsAt: Date }[],
  reader: Omit<SearchReader, 'now'>,
): Promise<{ line: TimeLine; rooms: RoomTimes[] }> {
  const first = new Date(Math.min(...spans.map(({ startsAt }) => startsAt.getTime())));
  const last = new Date(Math.max(...spans.map(({ endsAt }) => endsAt.getTime())));
  const line = lineOf(dayOf(first, reader.zone), dayOf(last, reader.zone), reader.zone);
  return { line, rooms: (await listRoomTimes(db, line, reader, () => true)).rooms };
}

/**
 * For each span the free room that fits most tightly, none twice at the same time; null where no room is
 * free. A fixed number of statements.
 */
export async function chooseRooms(
  db: Db,
  spans: readonly { startsAt: Date; endsAt: Date }[],
  seats: number,
  reader: Omit<SearchReader, 'now'>,
): Promise<(number | null)[]> {
  if (spans.length === 0) return [];
  const { line, rooms } = await roomsAround(db, spans, reader);
  const fitting = rooms
    .filter(({ capacity }) => capacity >= seats)
    .sort((a, b) => roomCost(a.capacity, seats) - roomCost(b.capacity, seats));
  return spans.map(({ startsAt, endsAt }) => {
    const [from, to] = [Math.floor(unitAt(line, startsAt)), Math.ceil(unitAt(line, endsAt))];
    const room = fitting.find((one) => isRoomFree(one, from, to));
    if (!room) return null;
    const margin = Math.ceil(Math.max(room.setupMinutes, room.teardownMinutes) / 15);
    for (const other of fitting)
      if (other.atoms.some((atom) => room.atoms.includes(atom)))
        other.taken.fill(1, Math.max(0, from - margin), to + margin);
    return room.id;
  });
}
