import { rows, type Db } from '../lib/db/db.js';
import { rulesFrom, type BookingRules, type RuleLayer } from '../rules/layers.js';
import { layersOf } from '../rules/queries.js';
import { holdOf, type Hold } from './holdQueries.js';
import { nearestFreeTimes } from './freeTimes.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import type { EquipmentLine } from '../equipment/commands.js';
import { listShortSpans } from '../equipment/shortSpanQueries.js';
import { commonHours, outsideHours, type Opening, type Span } from '../hours/openingHours.js';
import { brokenRules, nextStart } from '../rules/checks.js';

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

/**
 * SQL condition: may the person `:viewer` know the title of meeting `m`? What is not private, and what one organises, typed,
 * stands in for or takes part in (see the function in migrations/0030_meetings.sql).
 */
export const KNOWS_TITLE = `(not m.is_private or knows_private_meeting(m.id, :viewer))`;

interface ClashRow extends Omit<Clash, 'room' | 'organiser' | 'kind'> {
  room_id: number;
  room_en: string;
  room_zh: string;
  closure_id: number | null;
  is_meeting: boolean;
  organiser_name: string | null;
  organiser_name_en: string | null;
}

/** What occupies any of these rooms (or a part of a hall among them) in that time, in order of time; at most 10. */
export async function findClashes(
  db: Db,
  viewerId: number | null,
  wish: { roomIds: readonly number[]; startsAt: Date; endsAt: Date; exceptMeetingId?: number },
): Promise<Clash[]> {
  const found = await rows<ClashRow>(
    db,
    `with wanted as (
       select coalesce(p.part_id, r.id) as room_id, max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
         from rooms r left join room_parts p on p.hall_id = r.id where r.id = any(:rooms) group by 1
     )
     select r.id as room_id, r.name_en as room_en, r.name_zh as room_zh, c.starts_at, c.ends_at, c.occupies_from, c.occupies_to,
            c.closure_id, cl.reason, c.meeting_id is not null as is_meeting, ${holdOf('c')} as hold,
            case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
            case when known.yes then o.name end as organiser_name, case when known.yes then o.name_en end as organiser_name_en
       from wanted w
       join rooms r on r.id = w.room_id
       join room_claims c on c.room_id = w.room_id and c.is_holding and c.state in ('held', 'requested', 'confirmed')
        and c.occupies && tstzrange(:from::timestamptz - make_interval(mins => w.setup), :to::timestamptz + make_interval(mins => w.teardown))
       left join meetings m on m.id = c.meeting_id
       left join lateral (select ${KNOWS_TITLE} as yes) known on true
       left join persons o on o.id = m.organiser_id
       left join closures cl on cl.id = c.closure_id
      where c.meeting_id is distinct from coalesce(cast(:except as bigint), 0)
      order by c.starts_at, r.id limit 10`,
    {
      rooms: wish.roomIds,
      from: wish.startsAt,
      to: wish.endsAt,
      viewer: viewerId,
      except: wish.exceptMeetingId ?? null,
    },
  );
  return found.map(
    ({ room_id, room_en, room_zh, organiser_name, organiser_name_en, closure_id, is_meeting, ...clash }) => ({
      ...clash,
      room: { id: room_id, name_en: room_en, name_zh: room_zh },
      kind: is_meeting ? 'meeting' : closure_id ? 'closure' : 'hold',
      organiser: organiser_name ? { name: organiser_name, name_en: organiser_name_en } : null,
    }),
  );
}

export interface AlternativesWish {
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** People expected; without it, as many seats as the smallest room asked for is no condition. */
  seats?: number | null;
  equipment?: readonly string[];
  isStepFree?: boolean;
  /** Its own claims are not in the way. */
  exceptMeetingId?: number | null;
  /** For whom it is booked: nothing is offered that the rules refuse this person. */
  personId?: number | null;
  now: Date;
  /** Movable equipment that has to be there at the same time. */
  pieces?: readonly EquipmentLine[];
  /** What the rules of the rooms asked for would allow, where they refuse the wish itself: times are looked for near it. */
  allowed?: Span;
}

export interface Alternatives {
  /** Rooms free at that time, the best fit first: same building and floor, then fewest seats too many. */
  rooms: (RoomName & { capacity: number; building: string; floor: string; on_request: boolean })[];
  /** Times at which all rooms asked for are free, the nearest first. */
  times: Span[];
}

/** A free room before its opening hours were looked at. */
export interface RoomWithHours extends RoomName {
  capacity: number;
  building: string;
  floor: string;
  hours: Opening;
  zone: string;
  layers: RuleLayer[];
}

/** The nearest free rooms and times when a wish can't be met; two queries. */
export async function nearestAlternatives(db: Db, wish: AlternativesWish): Promise<Alternatives> {
  const [free, times] = await Promise.all([listFreeRooms(db, wish), listFreeTimes(db, wish)]);
  return { rooms: free, times };
}

async function listFreeRooms(db: Db, wish: AlternativesWish): Promise<Alternatives['rooms']> {
  const found = await rows<RoomWithHours>(
    db,
    `with asked as (select site, building, floor, capacity from rooms where id = any(:rooms) order by id limit 1)
     select r.id, r.name_en, r.name_zh, r.capacity, r.building, r.floor, ${OPENING} as hours, (select zone from organisations) as zone, ${layersOf(':person')} as layers
       from rooms r left join asked a on true
      where (r.status = 'in_service' or r.status = 'out_of_service' and r.back_at <= :from) and r.id <> all(:rooms) and r.capacity >= :seats and r.equipment @> :equipment
        and (r.is_step_free or not :step_free)
        and not exists (select 1 from room_parts p where p.hall_id = r.id and p.part_id = any(:rooms))
        and not exists (select 1 from room_parts p where p.part_id = r.id and p.hall_id = any(:rooms))
        and not exists (
          select 1 from room_claims c
           where (c.room_id = r.id or c.room_id in (select part_id from room_parts where hall_id = r.id))
             and c.is_holding and c.state in ('held', 'requested', 'confirmed') and c.meeting_id is distinct from coalesce(cast(:except as bigint), 0)
             and (c.hold_until is null or c.hold_until > now())
             and c.occupies && tstzrange(:from::timestamptz - make_interval(mins => r.setup_minutes),
                                         :to::timestamptz + make_interval(mins => r.teardown_minutes)))
      order by r.site is distinct from a.site, r.building is distinct from a.building, r.floor is distinct from a.floor,
               abs(r.capacity - greatest(:seats, coalesce(a.capacity, 0))), r.sort_order, r.id
      limit 30`,
    {
      rooms: wish.roomIds,
      from: wish.startsAt,
      to: wish.endsAt,
      seats: wish.seats ?? 1,
      equipment: wish.equipment ?? [],
      step_free: wish.isStepFree ?? false,
      except: wish.exceptMeetingId ?? null,
      person: wish.personId ?? null,
    },
  );
  return found
    .filter((room) => !outsideHours(room.hours, wish.startsAt, wish.endsAt, room.zone))
    .map((room) => ({ ...room, rules: rulesFrom(room.layers) }))
    .filter(({ rules, zone }) => isAllowed(rules, { from: wish.startsAt, to: wish.endsAt }, wish.now, zone))
    .slice(0, 4)
    .map(({ id, name_en, name_zh, capacity, building, floor, rules }) => ({
      id,
      name_en,
      name_zh,
      capacity,
      building,
      floor,
      on_request: rules.in_policy === 'request',
    }));
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
  now: Date,
  zone: string,
  isRecurring = false,
): boolean {
  return brokenRules(rules, { ...span, now, isRecurring }, zone).length === 0;
}

/** Days before and after in which another time is looked for. */
export const DAYS = 7;

/** Times at which all rooms asked for are free, and the equipment is there. */
export async function listFreeTimes(db: Db, wish: AlternativesWish): Promise<Span[]> {
  const reach = (DAYS + 1) * 86_400_000;
  const wanted = wish.allowed ?? { from: wish.startsAt, to: wish.endsAt };
  const window = { from: new Date(wanted.from.getTime() - reach), to: new Date(wanted.to.getTime() + reach) };
  const short = wish.pieces?.length
    ? await listShortSpans(db, wish.pieces, window, wish.exceptMeetingId ?? null)
    : [];
  const found = await rows<{
    layers: RuleLayer[];
    hours: Opening;
    zone: string;
    setup_minutes: number;
    teardown_minutes: number;
    busy: { from: string; to: string }[];
    out_until: Date | null;
  }>(
    db,
    `select ${OPENING} as hours, ${layersOf(':person')} as layers, r.setup_minutes, r.teardown_minutes, ${OUT_UNTIL} as out_until, (select zone from organisations) as zone,
            (select coalesce(json_agg(json_build_object('from', c.occupies_from, 'to', c.occupies_to)), '[]')
               from room_claims c
              where (c.room_id = r.id or c.room_id in (select part_id from room_parts where hall_id = r.id))
                and c.is_holding and c.state in ('held', 'requested', 'confirmed') and c.meeting_id is distinct from coalesce(cast(:except as bigint), 0)
                and c.occupies && tstzrange(:from, :to)) as busy
       from rooms r where r.id = any(:rooms) and ${HAS_TIMES}`,
    {
      rooms: wish.roomIds,
      except: wish.exceptMeetingId ?? null,
      person: wish.personId ?? null,
      ...window,
    },
  );
  const first = found[0];
  if (!first || found.length !== wish.roomIds.length) return [];
  const rules = found.map(({ layers }) => rulesFrom(layers));
  const soonest = new Date(wish.now.getTime() + Math.max(...rules.map((one) => one.notice_create)) * 60_000);
  const step = commonStep(rules);
  const times = nearestFreeTimes({
    hours: commonHours(found.map(({ hours }) => hours)),
    zone: first.zone,
    busy: [
      ...short,
      ...found.flatMap(({ busy, out_until }) => [
        ...busy.map(({ from, to }) => ({ from: new Date(from), to: new Date(to) })),
        ...outOfService(out_until),
      ]),
    ],
    wanted,
    setupMinutes: Math.max(...found.map((room) => room.setup_minutes)),
    teardownMinutes: Math.max(...found.map((room) => room.teardown_minutes)),
    notBefore: nextStart(rules, soonest, first.zone),
    days: DAYS,
    limit: 20,
    ...(step ? { stepMinutes: step } : {}),
  });
  return times.filter((span) => rules.every((one) => isAllowed(one, span, wish.now, first.zone))).slice(0, 4);
}

/** Minutes at whose multiples all rooms let a booking begin; undefined where none says. */
export function commonStep(rules: BookingRules[]): number | undefined {
  const steps = rules.map((one) => one.start_interval).filter((step) => step > 0);
  const multiple = (a: number, b: number): number => {
    for (let product = Math.max(a, b); ; product += Math.max(a, b))
      if (product % a === 0 && product % b === 0) return product;
  };
  return steps.length ? Math.max(5, steps.reduce(multiple, 1)) : undefined;
}
