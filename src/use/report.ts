import type { Db } from '../lib/db/db.js';
import { addDays, startOfDay } from '../lib/time/zone.js';
import { listDayRules } from '../hours/dayRuleQueries.js';
import { bookableCells, hoursOfRooms, piecesOf, type HoursRoom } from './hours.js';
import type { UsePeriod } from './period.js';
import {
  listClosed,
  listUsePersons,
  sumCancelled,
  sumFit,
  sumNoShows,
  sumUse,
  type UseFit,
  type UseLoss,
  type UsePerson,
  type UsePlace,
  type UseRoom,
  type UseSum,
  type UseWho,
  type UseRequest,
} from './queries.js';

/** Called off less than so many hours before it was to begin is late. */
export const LATE_HOURS = 24;

/** Of organisers and units; hours in seconds. */
export interface Counts {
  meetings: number;
  occupied: number;
  cancelled: number;
  late: number;
  judged: number;
  noShows: number;
}

/** Of rooms. */
export interface UseFigures extends Counts {
  held: number;
  inside: number;
  /** Occupied outside opening hours; of a room without any that says nothing. */
  outside: number;
  bookable: number;
  closed: number;
  middle: number | null;
  fit: UseFit | undefined;
}

export interface RoomLine extends UseFigures {
  room: UseRoom;
}

export interface Report {
  rooms: RoomLine[];
  /** Each hour of each atomic room once, each meeting once. */
  total: UseFigures;
  /** The most hours first; null: organisers of private meetings. */
  organisers: (Counts & { person: UsePerson | null })[];
  /** Null: of private meetings; without id: of persons in no unit. */
  units: (Counts & { unit: { id: number; name_en: string; name_zh: string } | 'none' | null })[];
  /** Seconds by hour of the week, Monday's first hour first. */
  cells: { bookable: number; inside: number }[];
}

export interface ReportRequest {
  viewerId: number;
  /** The office's. */
  zone: string;
  rooms: readonly UseRoom[];
  who: UseWho;
}

const NOTHING: Counts = { meetings: 0, occupied: 0, cancelled: 0, late: 0, judged: 0, noShows: 0 };

export async function readReport(
  db: Db,
  request: ReportRequest,
  { first, last }: UsePeriod,
): Promise<Report> {
  const prepared = await prepare(db, request, { first, last });
  const [sums, cancelled, noShows, fits] = await Promise.all([
    sumUse(db, prepared.request, prepared.clock, true),
    sumCancelled(db, prepared.request, LATE_HOURS),
    sumNoShows(db, prepared.request),
    sumFit(db, prepared.request),
  ]);
  const persons = await listUsePersons(db, [
    ...new Set([
      ...sums.flatMap(({ kind, id }) => (kind === 'person' && id !== null ? [id] : [])),
      ...[...cancelled, ...noShows].flatMap(({ person_id }) => person_id ?? []),
    ]),
  ]);
  const organisers = organisersOf(sums, cancelled, noShows, persons);
  const inside = new Map(
    sums.flatMap(({ kind, id, inside: seconds }) =>
      kind === 'cell' && id !== null ? [[id, seconds] as const] : [],
    ),
  );
  return {
    ...linesOf(prepared, { sums, cancelled, noShows, fits }),
    organisers,
    units: unitsOf(organisers),
    cells: bookableCells(prepared.atomic, prepared.hours, prepared.pieces).map((bookable, cell) => ({
      bookable,
      inside: inside.get(cell) ?? 0,
    })),
  };
}

/** Only what a period is compared by. */
export async function readBefore(
  db: Db,
  request: ReportRequest,
  { first, last }: UsePeriod,
): Promise<Pick<Report, 'rooms' | 'total'>> {
  const prepared = await prepare(db, request, { first, last });
  const [sums, cancelled, noShows] = await Promise.all([
    sumUse(db, prepared.request, prepared.clock, false),
    sumCancelled(db, prepared.request, LATE_HOURS),
    sumNoShows(db, prepared.request),
  ]);
  return linesOf(prepared, { sums, cancelled, noShows, fits: [] });
}

/** What is asked of the database, with the hours of the rooms. */
async function prepare(
  db: Db,
  { viewerId, zone, rooms, who }: ReportRequest,
  { first, last }: { first: string; last: string },
) {
  const span = { from: startOfDay(first, zone), to: startOfDay(addDays(last, 1), zone) };
  const ids = rooms.map(({ id }) => id);
  const [rules, closed] = await Promise.all([
    listDayRules(db, ids, first, last),
    listClosed(db, span, [...ids, ...rooms.flatMap(({ part_ids }) => part_ids)]),
  ]);
  const pieces = piecesOf(first, last, zone);
  const all = rooms.map((room): HoursRoom => {
    const atomic = room.part_ids.length ? room.part_ids : [room.id];
    return {
      id: room.id,
      opening: room.status === 'retired' ? undefined : [...room.hours, ...(rules.get(room.id) ?? [])],
      closed: closed.filter(({ room_id }) => atomic.includes(room_id)),
    };
  });
  const hours = hoursOfRooms(all, pieces, zone);
  const places = rooms.map(({ id, part_ids: [part] }): UsePlace => ({
    id,
    claimed: part ?? id,
    hall: part ? id : 0,
  }));
  const request: UseRequest = { ...span, viewerId, places, who };
  const clock = {
    starts: pieces.starts,
    walls: pieces.walls,
    weekdays: pieces.weekdays,
    opens: hours.opens,
    closes: hours.closes,
    groups: places.map(({ id }) => hours.groups.get(id) ?? 0),
  };
  return {
    rooms,
    atomic: all.filter((_, at) => places[at]?.hall === 0),
    hours,
    pieces,
    request,
    clock,
  };
}

/** What the database added up for a period. */
interface Sums {
  sums: readonly UseSum[];
  cancelled: readonly UseLoss[];
  noShows: readonly UseLoss[];
  fits: readonly UseFit[];
}

function linesOf(
  { rooms, hours }: Awaited<ReturnType<typeof prepare>>,
  found: Sums,
): Pick<Report, 'rooms' | 'total'> {
  const sums = new Map(
    found.sums.flatMap((sum) => (sum.kind === 'room' && sum.id !== null ? [[sum.id, sum] as const] : [])),
  );
  const [cancelled, noShows] = [byRoom(found.cancelled), byRoom(found.noShows)];
  const fits = new Map(found.fits.map((one) => [one.room_id, one]));
  const lines = rooms.map((room): RoomLine => ({
    room,
    ...usedOf(sums.get(room.id), hours.rooms.get(room.id) ?? { bookable: 0, closed: 0 }),
    ...lossesOf(cancelled.get(room.id), noShows.get(room.id)),
    fit: fits.get(room.id),
  }));
  return {
    // A room that is no longer there matters as long as something took place in it.
    rooms: lines.filter(
      (line) => line.room.status !== 'retired' || line.occupied > 0 || line.cancelled > 0 || line.judged > 0,
    ),
    total: totalOf(lines, found, fits.get(null)),
  };
}

function byRoom(losses: readonly UseLoss[]): Map<number, UseLoss> {
  return new Map(losses.flatMap((loss) => (loss.room_id === null ? [] : [[loss.room_id, loss] as const])));
}

function ofAll(losses: readonly UseLoss[]): UseLoss | undefined {
  return losses.find(
    ({ room_id, person_id, is_person }) => room_id === null && person_id === null && !is_person,
  );
}

/** Hours and meetings of one room; outside opening hours only where the room has any. */
function usedOf(sum: UseSum | undefined, { bookable, closed }: { bookable: number; closed: number }) {
  if (!sum)
    return { bookable, closed, meetings: 0, occupied: 0, held: 0, inside: 0, outside: 0, middle: null };
  const { meetings, occupied, held, inside, middle } = sum;
  const outside = bookable + closed > 0 ? occupied - inside : 0;
  return { bookable, closed, meetings, occupied, held, inside, outside, middle };
}

function lossesOf(cancelled: UseLoss | undefined, noShows: UseLoss | undefined) {
  return {
    cancelled: cancelled?.all ?? 0,
    late: cancelled?.some ?? 0,
    judged: noShows?.all ?? 0,
    noShows: noShows?.some ?? 0,
  };
}

/** Sums count atomic rooms only: a hall is counted in its parts. */
function totalOf(lines: readonly RoomLine[], found: Sums, fit: UseFit | undefined): UseFigures {
  const atomic = lines.filter(({ room }) => !room.part_ids.length);
  const add = (of: (line: RoomLine) => number) => atomic.reduce((sum, line) => sum + of(line), 0);
  return {
    meetings: found.sums.reduce((sum, one) => sum + (one.kind === 'person' ? one.meetings : 0), 0),
    occupied: add((line) => line.occupied),
    held: add((line) => line.held),
    inside: add((line) => line.inside),
    outside: add((line) => line.outside),
    bookable: add((line) => line.bookable),
    closed: add((line) => line.closed),
    middle: null,
    ...lossesOf(ofAll(found.cancelled), ofAll(found.noShows)),
    fit,
  };
}

function organisersOf(
  sums: UseSum[],
  cancelled: UseLoss[],
  noShows: UseLoss[],
  persons: UsePerson[],
): Report['organisers'] {
  const found = new Map<number | null, Counts>();
  const of = (id: number | null) => {
    const known = found.get(id) ?? { ...NOTHING };
    found.set(id, known);
    return known;
  };
  for (const { kind, id, meetings, occupied } of sums)
    if (kind === 'person') Object.assign(of(id), { meetings, occupied });
  for (const { person_id, is_person, all, some } of cancelled)
    if (is_person) Object.assign(of(person_id), { cancelled: all, late: some });
  for (const { person_id, is_person, all, some } of noShows)
    if (is_person) Object.assign(of(person_id), { judged: all, noShows: some });
  const lines = [...persons, null].flatMap((person) => {
    const counted = found.get(person?.id ?? null);
    return counted ? [{ person, ...counted }] : [];
  });
  return lines.sort((a, b) => b.occupied - a.occupied);
}

function unitsOf(organisers: Report['organisers']): Report['units'] {
  const found = new Map<number | string, Report['units'][number]>();
  for (const { person, ...counted } of organisers) {
    const unit = person === null ? null : (person.unit ?? ('none' as const));
    const key = typeof unit === 'object' ? (unit?.id ?? 'private') : unit;
    const known = found.get(key) ?? { unit, ...NOTHING };
    for (const name of Object.keys(NOTHING) as (keyof Counts)[]) known[name] += counted[name];
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.occupied - a.occupied);
}
