import { rows, type Db } from '../lib/db/db.js';
import { rulesFrom, type BookingRules, type RuleLayer } from '../rules/layers.js';
import { layersOf } from '../rules/queries.js';
import { holdOf, type Hold } from './holdQueries.js';
import { nearestFreeTimes } from './freeTimes.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import type { EquipmentLine } from '../equipment/commands.js';
import { listShortSpans } from '../equipment/shortSpanQueries.js';
import { atomOf, isBlocking, isNotLapsed, isWithin, joinParts } from '../hours/liveClaimQueries.js';
import { commonHours, outsideHours, type Opening, type Span } from '../hours/openingHours.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { brokenRules, commonStep, nextStart } from '../rules/checks.js';

// What stands in the way of bookings, and what they could have instead; for many at once, of which one is the
// smallest number.

/** Columns of a room's name. */
export interface RoomName {
  id: number;
  name_en: string;
  name_zh: string;
}

/** What stands in the way of a booking, as far as this person may know it. */
export interface Clash {
  /** The atomic room that is taken. */
  room: RoomName;
  starts_at: Date;
  ends_at: Date;
  /** With setup and teardown. */
  occupies_from: Date;
  occupies_to: Date;
  kind: 'meeting' | 'closure' | 'hold';
  /** Null when it is private to others, a closure or a hold. */
  meeting_id: number | null;
  title: string | null;
  organiser: { name: string; name_en: string | null } | null;
  /** Of a closure. */
  reason: string | null;
  /** What the room is kept for, where it is held. */
  hold?: Hold | null;
}

/** A time in rooms, under a key of the caller. */
export interface PlaceRequest<K> {
  key: K;
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** Its own claims are not in the way. */
  exceptMeetingId?: number | null;
}

/** From the first beginning to the last end. */
export function spanOf(requests: readonly { startsAt: Date; endsAt: Date }[]): Span {
  return {
    from: new Date(Math.min(...requests.map(({ startsAt }) => startsAt.getTime()))),
    to: new Date(Math.max(...requests.map(({ endsAt }) => endsAt.getTime()))),
  };
}

/**
 * What occupies any of these rooms (or a part of a hall among them) in that time, in order of time; at most
 * 10 of each, by one query.
 */
export async function findClashes<K>(
  db: Db,
  viewerId: number | null,
  requests: readonly PlaceRequest<K>[],
): Promise<Map<K, Clash[]>> {
  const clashes = new Map<K, Clash[]>();
  const list = requests.flatMap(({ roomIds, startsAt, endsAt, exceptMeetingId }, n) =>
    roomIds.map((room) => ({ n, room, from: startsAt, to: endsAt, except: exceptMeetingId })),
  );
  if (list.length === 0) return clashes;
  const found = await rows<
    Omit<Clash, 'kind'> & { n: number; closure_id: number | null; is_meeting: boolean }
  >(
    db,
    `with atoms as (
       select w.n, ${atomOf('r.id')} as room_id, w."from", w."to", w."except",
              max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
         from jsonb_to_recordset(cast(:list as jsonb))
           as w (n integer, room bigint, "from" timestamptz, "to" timestamptz, "except" bigint)
         join rooms r on r.id = w.room ${joinParts('r.id')}
        group by 1, 2, 3, 4, 5
     )
     select w.n, jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh) as room,
            c.starts_at, c.ends_at, c.occupies_from, c.occupies_to, c.closure_id, cl.reason,
            c.meeting_id is not null as is_meeting, ${holdOf('c')} as hold,
            case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
            case when known.yes then jsonb_build_object('name', o.name, 'name_en', o.name_en) end as organiser
       from atoms w
       join rooms r on r.id = w.room_id
       join room_claims c on c.room_id = w.room_id and ${isBlocking('c')}
        and c.occupies && tstzrange(w."from" - make_interval(mins => w.setup),
                                    w."to" + make_interval(mins => w.teardown))
        and c.meeting_id is distinct from coalesce(w."except", 0)
       left join meetings m on m.id = c.meeting_id
       left join lateral (select ${KNOWS_TITLE} as yes) known on true
       left join persons o on o.id = m.organiser_id
       left join closures cl on cl.id = c.closure_id
      order by w.n, c.starts_at, r.id limit 2000`,
    { list: JSON.stringify(list), viewer: viewerId },
  );
  for (const { n, closure_id, is_meeting, ...clash } of found) {
    const request = requests[n];
    if (!request) continue;
    const others = clashes.get(request.key) ?? [];
    const kind = is_meeting ? 'meeting' : kindOf(closure_id);
    if (others.length < 10) clashes.set(request.key, [...others, { ...clash, kind }]);
  }
  return clashes;
}

function kindOf(closureId: number | null): Clash['kind'] {
  return closureId ? 'closure' : 'hold';
}

/** What else would do for somebody who can't have the rooms. */
export interface AlternativesRequest {
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** People expected: no smaller room is offered. */
  seats?: number | null;
  /** Its own claims are not in the way. */
  exceptMeetingId?: number | null;
  /** For whom it is booked: nothing is offered that the rules refuse this person. */
  personId?: number | null;
  /** A date of a standing meeting, for which rooms have rules of their own. */
  isRecurring?: boolean;
  /** Movable equipment that has to be there at the same time. */
  equipment?: readonly EquipmentLine[];
  /**
   * What the rules of the rooms would allow, where they refuse the request itself: times are looked for near
   * it.
   */
  allowed?: Span;
}

export interface Alternatives {
  /** Rooms free at that time, the best fit first: same building and floor, then fewest seats too many. */
  rooms: (RoomName & { capacity: number; building: string; floor: string; on_request: boolean })[];
  /** Times at which all rooms are free, the nearest first. */
  times: Span[];
}

/** A free room before its opening hours were looked at. */
interface RoomWithHours extends RoomName {
  capacity: number;
  building: string;
  floor: string;
  hours: Opening;
  zone: string;
  layers: RuleLayer[];
}

/** The nearest free rooms and times; two queries. */
export async function nearestAlternatives(
  db: Db,
  { now, ...request }: AlternativesRequest & { now: Date },
): Promise<Alternatives> {
  const found = await alternativesOfMany(db, [{ key: 0, ...request }], now);
  return found.get(0) ?? { rooms: [], times: [] };
}

/** The same for many, by as many queries. */
export async function alternativesOfMany<K>(
  db: Db,
  requests: readonly (AlternativesRequest & { key: K })[],
  now: Date,
): Promise<Map<K, Alternatives>> {
  if (requests.length === 0) return new Map();
  const [free, times] = await Promise.all([
    listFreeRooms(db, requests, now),
    listFreeTimes(db, requests, now),
  ]);
  return new Map(
    requests.map((request, n) => [request.key, { rooms: free[n] ?? [], times: times[n] ?? [] }]),
  );
}

function lineOf(request: AlternativesRequest, n: number) {
  return {
    n,
    rooms: request.roomIds,
    from: request.startsAt,
    to: request.endsAt,
    except: request.exceptMeetingId ?? null,
    person: request.personId ?? null,
    seats: request.seats ?? null,
  };
}

/** By request, as they are listed. */
async function listFreeRooms(
  db: Db,
  requests: readonly AlternativesRequest[],
  now: Date,
): Promise<Alternatives['rooms'][]> {
  const found = await rows<RoomWithHours & { n: number }>(
    db,
    `select w.n, f.*, (select zone from organisations) as zone
       from jsonb_to_recordset(cast(:list as jsonb))
         as w (n integer, rooms jsonb, "from" timestamptz, "to" timestamptz, "except" bigint,
              person bigint, seats integer)
      cross join lateral (select array(select jsonb_array_elements_text(w.rooms)::bigint) as ids) x
       left join lateral (
         select site, building, floor, capacity from rooms where id = any(x.ids)
          order by id limit 1) o on true
      cross join lateral (
        select r.id, r.name_en, r.name_zh, r.capacity, r.building, r.floor, ${OPENING} as hours,
               ${layersOf('w.person')} as layers
          from rooms r
         where (r.status = 'in_service' or r.status = 'out_of_service' and r.back_at <= w."from")
           and r.id <> all(x.ids) and r.capacity >= coalesce(w.seats, 1)
           and not exists (select 1 from room_parts p where p.hall_id = r.id and p.part_id = any(x.ids))
           and not exists (select 1 from room_parts p where p.part_id = r.id and p.hall_id = any(x.ids))
           and not exists (
             select 1 from room_claims c
              where ${isWithin('c.room_id', 'r.id')} and ${isBlocking('c')} and ${isNotLapsed('c')}
                and c.meeting_id is distinct from coalesce(w."except", 0)
                and c.occupies && tstzrange(w."from" - make_interval(mins => r.setup_minutes),
                                            w."to" + make_interval(mins => r.teardown_minutes)))
         order by r.site is distinct from o.site, r.building is distinct from o.building,
                  r.floor is distinct from o.floor,
                  abs(r.capacity - greatest(coalesce(w.seats, 1), coalesce(o.capacity, 0))),
                  r.sort_order, r.id
         limit 30) f
      order by w.n`,
    { list: JSON.stringify(requests.map(lineOf)), ...spanOf(requests) },
  );
  const free = requests.map((): Alternatives['rooms'] => []);
  for (const { n, hours, zone, layers, ...room } of found) {
    const [request, others] = [requests[n], free[n]];
    if (!request || !others || others.length === 4) continue;
    const span = { from: request.startsAt, to: request.endsAt };
    if (outsideHours(hours, span.from, span.to, zone)) continue;
    const rules = rulesFrom(layers);
    if (isAllowed(rules, span, { now, zone, isRecurring: request.isRecurring }))
      others.push({ ...room, on_request: rules.in_policy === 'request' });
  }
  return free;
}

/** SQL: of a room `r` it is known when it can be had: now, or from that instant on. */
export const HAS_TIMES = `(r.status = 'in_service' or r.status = 'out_of_service' and r.back_at is not null)`;
export const OUT_UNTIL = `case when r.status = 'out_of_service' then r.back_at end`;

/** Until it is back, a room is as good as taken. */
export function outOfService(until: Date | string | null): Span[] {
  return until === null ? [] : [{ from: new Date(0), to: new Date(until) }];
}

/** By its rules, quotas apart, which one booking more or less decides. */
export function isAllowed(
  rules: BookingRules,
  span: Span,
  { now, zone, isRecurring = false }: { now: Date; zone: string; isRecurring?: boolean | undefined },
): boolean {
  return brokenRules(rules, { ...span, now, isRecurring }, zone).length === 0;
}

/** Days before and after in which another time is looked for. */
export const DAYS = 7;

const REACH = (DAYS + 1) * 86_400_000;

/** The days in which times for this request are looked for. */
function windowOf({ allowed, startsAt, endsAt }: AlternativesRequest): Span {
  const { from, to } = allowed ?? { from: startsAt, to: endsAt };
  return { from: new Date(from.getTime() - REACH), to: new Date(to.getTime() + REACH) };
}

/**
 * Times at which all rooms are free and the equipment is there, at most four of each, the nearest first; by
 * request, as they are listed.
 */
export async function listFreeTimes(
  db: Db,
  requests: readonly AlternativesRequest[],
  now: Date,
): Promise<Span[][]> {
  const [busy, short] = await Promise.all([
    listBusy(db, requests),
    Promise.all(
      requests.map((request) =>
        request.equipment?.length
          ? listShortSpans(db, request.equipment, windowOf(request), request.exceptMeetingId ?? null)
          : Promise.resolve([]),
      ),
    ),
  ]);
  return requests.map((request, n) => timesFor(request, busy, short[n] ?? [], now));
}

function timesFor(
  request: AlternativesRequest,
  busy: ReadonlyMap<number, Busy>,
  short: readonly Span[],
  now: Date,
): Span[] {
  const rooms = request.roomIds.flatMap((id) => busy.get(id) ?? []);
  const [first] = rooms;
  if (!first || rooms.length !== request.roomIds.length) return [];
  const { zone } = first;
  const window = windowOf(request);
  const rules = rooms.map(({ layers }) => rulesFrom(layers.get(request.personId ?? null) ?? []));
  const soonest = new Date(now.getTime() + Math.max(...rules.map((one) => one.notice_create)) * 60_000);
  const times = nearestFreeTimes({
    hours: commonHours(rooms.map(({ hours }) => hours)),
    zone,
    busy: [
      ...short,
      ...rooms.flatMap((room) =>
        room.busy.filter(
          ({ from, to, meeting }) =>
            to > window.from &&
            from < window.to &&
            !(request.exceptMeetingId && meeting === request.exceptMeetingId),
        ),
      ),
    ],
    requested: request.allowed ?? { from: request.startsAt, to: request.endsAt },
    setupMinutes: Math.max(...rooms.map((room) => room.setup_minutes)),
    teardownMinutes: Math.max(...rooms.map((room) => room.teardown_minutes)),
    notBefore: nextStart(rules, soonest, zone),
    days: DAYS,
    limit: 20,
    stepMinutes: commonStep(rules),
  });
  const { isRecurring } = request;
  return times
    .filter((span) => rules.every((one) => isAllowed(one, span, { now, zone, isRecurring })))
    .slice(0, 4);
}

interface Busy {
  hours: Opening;
  zone: string;
  setup_minutes: number;
  teardown_minutes: number;
  /** Rules by the person they were read for. */
  layers: Map<number | null, RuleLayer[]>;
  busy: { from: Date; to: Date; meeting: number | null }[];
}

/** What is taken in each room, from some days before the first request to some days after the last. */
async function listBusy(db: Db, requests: readonly AlternativesRequest[]): Promise<Map<number, Busy>> {
  const windows = requests.map(windowOf);
  const found = await rows<
    Omit<Busy, 'busy' | 'layers'> & {
      id: number;
      layers: { person: number | null; layers: RuleLayer[] }[];
      busy: { from: string; to: string; meeting: number | null }[];
      out_until: Date | null;
    }
  >(
    db,
    `select r.id, ${OPENING} as hours, r.setup_minutes, r.teardown_minutes, ${OUT_UNTIL} as out_until,
            (select zone from organisations) as zone,
            (select json_agg(json_build_object('person', p.id, 'layers', ${layersOf('p.id')}))
               from unnest(cast(:persons as bigint[])) as p (id)) as layers,
            (select coalesce(json_agg(json_build_object(
                      'from', c.occupies_from, 'to', c.occupies_to, 'meeting', c.meeting_id)), '[]')
               from room_claims c
              where ${isWithin('c.room_id', 'r.id')} and ${isBlocking('c')}
                and c.occupies && tstzrange(:from, :to)) as busy
       from rooms r where r.id = any(:rooms) and ${HAS_TIMES}`,
    {
      rooms: [...new Set(requests.flatMap(({ roomIds }) => roomIds))],
      persons: [...new Set(requests.map(({ personId }) => personId ?? null))],
      ...spanOf(windows.map(({ from, to }) => ({ startsAt: from, endsAt: to }))),
    },
  );
  return new Map(
    found.map(({ id, busy, layers, out_until, ...room }) => [
      id,
      {
        ...room,
        layers: new Map(layers.map((one) => [one.person, one.layers])),
        busy: [
          ...busy.map(({ from, to, meeting }) => ({ from: new Date(from), to: new Date(to), meeting })),
          ...outOfService(out_until).map((span) => ({ ...span, meeting: null })),
        ],
      },
    ]),
  );
}
