import type { Db } from '../lib/db/db.js';
import { nearestTimes, suggestTimes, type Nearest, type RoomTimes, type Suggestion, type TimeWish } from './findTime.js';
import { listFindRooms, listPeopleTimes, listTaken, type FindPerson, type FindRoom } from './findTimeQueries.js';
import { lineOf, mark, openUnits, personUnits, unitAt, type TimeLine } from './timeLine.js';

export interface Search {
  required: readonly number[];
  optional: readonly number[];
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

interface Asking {
  viewerId: number;
  zone: string;
  officeZone: string;
  today: string;
  now: Date;
}

export interface Searched {
  line: TimeLine;
  people: FindPerson[];
  /** Those that have what is asked for. */
  rooms: FindRoom[];
  wish: TimeWish;
  suggestions: Suggestion[];
}

/** Everything of a search by a fixed number of statements; the rest is counting. */
export async function searchTimes(db: Db, search: Search, asking: Asking): Promise<Searched> {
  const line = lineOf(search.firstOn, search.lastOn, asking.zone);
  // Setup and teardown of others may reach in from outside the window.
  const margin = 4 * 3_600_000;
  const [people, all] = await Promise.all([
    listPeopleTimes(db, asking.viewerId, [...search.required, ...search.optional], line.start, line.end),
    search.roomCount > 0 ? listFindRooms(db, asking.zone, asking.today) : [],
  ]);
  const rooms = all.filter(
    (room) =>
      search.equipment.every((code) => room.equipment.includes(code)) && (room.is_step_free || !search.isStepFree) && (!search.building || room.building === search.building),
  );
  const atoms = [...new Set(rooms.flatMap(atomsOf))];
  const taken = await listTaken(db, atoms, new Date(line.start.getTime() - margin), new Date(line.end.getTime() + margin));
  const kept = new Map<string, Uint8Array>();
  const wish: TimeWish = {
    units: line.units, wall: line.wall, day: line.day,
    first: Math.min(line.units, Math.max(0, Math.ceil(unitAt(line, asking.now)))),
    length: Math.ceil(search.minutes / 15),
    people: people.map((person) => ({
      id: person.id, isRequired: search.required.includes(person.id), units: personUnits(line, person.hours, person.zone, person.happenings, kept),
    })),
    rooms: rooms.map((room): RoomTimes => {
      const units = new Uint8Array(line.units);
      for (const atom of atomsOf(room)) {
        const spans = taken.get(atom);
        spans?.f.forEach((from, n) => mark(line, units, 1, from * 1000, (spans.t[n] ?? from) * 1000));
      }
      return { id: room.id, capacity: room.capacity, atoms: atomsOf(room), setupMinutes: room.setup_minutes, teardownMinutes: room.teardown_minutes, taken: units, open: openUnits(line, room.hours, asking.officeZone, kept) };
    }),
    roomCount: search.roomCount,
    seats: search.seats ?? Math.max(1, people.length),
  };
  return { line, people, rooms, wish, suggestions: suggestTimes(wish) };
}

function atomsOf(room: FindRoom): number[] {
  return room.part_ids.length ? room.part_ids : [room.id];
}

/** What one may give up when nothing fits. */
export function whatNearest({ wish }: Searched): Nearest[] {
  return nearestTimes(wish);
}
