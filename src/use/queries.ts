import { rows, type Db } from '../lib/db/db.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { ABSENT } from '../claims/noShowRateQueries.js';
import type { RoomStatus } from '../claims/checks.js';
import type { Hours } from '../hours/openingHours.js';
import type { Stretch } from './hours.js';

// What rooms were used for in a period, added up by the database. Private meetings that the viewer may not
// know count for the rooms; they are nobody's in particular, and no figure of people is made of them.

export interface UseRoom {
  id: number;
  name_en: string;
  name_zh: string;
  site: string;
  building: string;
  status: RoomStatus;
  hours: Hours[];
  part_ids: number[];
  hall_id: number | null;
}

/** Every room there ever was, a hall before its parts, without the days that differ from its week. */
export function listUseRooms(db: Db): Promise<UseRoom[]> {
  return rows<UseRoom>(
    db,
    `select r.id, r.name_en, r.name_zh, r.site, r.building, r.status, h.id as hall_id,
            coalesce((select json_agg(json_build_object(
                               'weekday', weekday,
                               'opens_at', to_char(opens_at, 'HH24:MI'),
                               'closes_at', to_char(closes_at, 'HH24:MI')) order by weekday)
                        from room_hours
                       where room_id = r.id), '[]') as hours,
            coalesce((select json_agg(part_id order by part_id)
                        from room_parts
                       where hall_id = r.id), '[]') as part_ids
       from rooms r left join rooms h on h.id = (select min(hall_id) from room_parts where part_id = r.id)
      order by coalesce(h.sort_order, r.sort_order), coalesce(h.id, r.id), h.id is not null,
               r.sort_order, r.id`,
  );
}

/** [from, to) */
export interface Span {
  from: Date;
  to: Date;
}

/**
 * A line of the report and the atomic room whose claims stand in it: of a hall one of its parts, where the
 * whole hall was asked for.
 */
export interface UsePlace {
  id: number;
  claimed: number;
  /** The hall's id for its own line, else 0. */
  hall: number;
}

/**
 * Whose meetings; both empty: everybody's. Of private meetings that the viewer may not know nobody is told
 * whose they are.
 */
export interface UseWho {
  organiser: number | null;
  units: number[] | null;
}

export interface UseRequest extends Span {
  viewerId: number;
  places: readonly UsePlace[];
  who: UseWho;
}

const PLACES = `unnest(cast(:ids as bigint[]), cast(:claimed as bigint[]), cast(:halls as bigint[]))
                 as p (id, claimed, hall)`;
// One look-up for each claim of a hall ("offset 0"): hashed, all rooms of all meetings would be read for it.
const IN_PLACE = `(p.hall = 0 or exists (select
                                           from meeting_rooms a
                                          where a.meeting_id = c.meeting_id
                                            and a.room_id = p.hall offset 0))`;
const whose = ({ organiser, units }: UseWho) =>
  (organiser === null ? '' : ` and m.organiser_id = :organiser and ${KNOWS_TITLE}`) +
  (units === null
    ? ''
    : ` and m.organiser_id in (select x.id from persons x where x.unit_id = any(:units)) and ${KNOWS_TITLE}`);

function bindingsOf({ viewerId, from, to, places, who }: UseRequest) {
  return {
    viewer: viewerId,
    from,
    to,
    organiser: who.organiser,
    units: who.units,
    ids: places.map(({ id }) => id),
    claimed: places.map(({ claimed }) => claimed),
    halls: places.map(({ hall }) => hall),
  };
}

/** Seconds throughout. */
export interface UseSum {
  /** Of a room (or hall), an organiser, an hour of the week. */
  kind: 'room' | 'person' | 'cell';
  /** Null: organisers of private meetings. */
  id: number | null;
  /** That begin in the period. */
  meetings: number;
  /** With setting up and clearing away. */
  occupied: number;
  /** Without. */
  held: number;
  /** Occupied within opening hours. */
  inside: number;
  /** The middle one of the lengths of its meetings. */
  middle: number | null;
}

/**
 * Of the pieces of the period: when they begin (one more is its end), at which wall time, on which weekday;
 * hours by group.
 */
export interface UseClock {
  starts: number[];
  walls: number[];
  weekdays: number[];
  opens: number[];
  closes: number[];
  /** Of each place. */
  groups: number[];
}

/** SQL: hours and meetings of each hour of the week, out of the pieces. */
const CELLS = `
     union all
    select 'cell', (weekday - 1) * 24 + hour, 0, 0, 0,
           sum(least(hi + wall, hour * 3600 + 3600) - greatest(lo + wall, hour * 3600)), null
      from (select z.weekdays[n] as weekday, z.walls[n] - z.starts[n] as wall,
                   greatest(f, open_at) as lo, least(t, close_at) as hi
              from piece, z
             where hall = 0) within,
           generate_series(floor((lo + wall) / 3600)::int, ceil((hi + wall) / 3600)::int - 1) hour
     where lo < hi group by 2`;

/**
 * SQL: `z` are the pieces of the period, `claim` the bookings cut at its edges, `piece` the same cut at
 * midnight, too.
 */
function piecesSql(who: UseWho): string {
  return `with z as materialized (
     select cast(:starts as float8[]) as starts, cast(:walls as float8[]) as walls,
            cast(:weekdays as int[]) as weekdays,
            cast(:opens as float8[]) as opens, cast(:closes as float8[]) as closes,
            cast(:pieces as int) as pieces
   ), claim as materialized (
     select p.id, p.hall, p.k, c.meeting_id,
            case when ${KNOWS_TITLE} then m.organiser_id end as organiser_id,
            c.starts_at >= :from and c.starts_at < :to as begins,
            date_part('epoch', c.ends_at - c.starts_at) as length,
            date_part('epoch', least(c.ends_at, :to) - greatest(c.starts_at, :from)) as held,
            date_part('epoch', greatest(c.occupies_from, :from)) as f,
            date_part('epoch', least(c.occupies_to, :to)) as t
       from room_claims c
       join unnest(cast(:ids as bigint[]), cast(:claimed as bigint[]), cast(:halls as bigint[]),
                   cast(:groups as int[])) as p (id, claimed, hall, k) on p.claimed = c.room_id
       join meetings m on m.id = c.meeting_id
      where c.occupies_from >= :early
        and c.occupies_from < :to
        and c.occupies_to > :from
        and c.state = 'confirmed'
        and ${IN_PLACE}${whose(who)}
   ), placed as (
     select claim.*, width_bucket(f, z.starts) as n, z.starts[width_bucket(f, z.starts) + 1] as ends
       from claim, z
   ), piece as materialized (
     select id, hall, meeting_id, organiser_id, begins, length, held, n, f, t,
            z.opens[(k - 1) * z.pieces + n] as open_at, z.closes[(k - 1) * z.pieces + n] as close_at
       from placed, z where t <= ends
     union all
     select id, hall, meeting_id, organiser_id, begins and s = n, length,
            case when s = n then held else 0 end, s, greatest(f, z.starts[s]), least(t, z.starts[s + 1]),
            z.opens[(k - 1) * z.pieces + s], z.closes[(k - 1) * z.pieces + s]
       from placed, z, generate_series(n, width_bucket(t - 0.001, z.starts)) s where t > ends
   )`;
}

/**
 * Hours and meetings by room, by organiser and by hour of the week. One reading of the claims of the period,
 * cut at its edges and at midnight; nothing lasts longer than two days.
 */
export function sumUse(db: Db, request: UseRequest, clock: UseClock, withCells: boolean): Promise<UseSum[]> {
  return rows<UseSum>(
    db,
    `${piecesSql(request.who)}
     select 'room' as kind, id, count(*) filter (where begins) as meetings, sum(t - f) as occupied,
            sum(greatest(held, 0)) as held,
            sum(greatest(least(t, close_at) - greatest(f, open_at), 0)) as inside,
            percentile_cont(0.5) within group (order by length) filter (where begins) as middle
       from piece group by id
      union all
     select 'person', organiser_id, count(distinct meeting_id) filter (where begins), sum(t - f),
            sum(greatest(held, 0)), 0, null
       from piece
      where hall = 0
      group by 2${withCells ? CELLS : ''}`,
    {
      ...bindingsOf(request),
      ...clock,
      pieces: clock.walls.length,
      early: new Date(request.from.getTime() - 3 * 86_400_000),
    },
  );
}

export interface UseLoss {
  /** Both null: all together. A null person beside `is_person`: of private meetings. */
  room_id: number | null;
  person_id: number | null;
  is_person: boolean;
  /**
   * Cancelled ones and those of them that were called off late; or bookings judged and those to which nobody
   * came.
   */
  all: number;
  some: number;
}

const BY_EACH = `group by grouping sets ((room_id), (person_id), ())`;

/**
 * Meetings of the period that had a room and were cancelled, and those called off less than so many hours
 * before.
 */
export function sumCancelled(db: Db, request: UseRequest, lateHours: number): Promise<UseLoss[]> {
  return rows<UseLoss>(
    db,
    `select room_id, person_id, grouping(person_id) = 0 as is_person,
            count(distinct meeting_id) as "all",
            count(distinct meeting_id) filter (where is_late) as some
       from (select p.id as room_id,
                    case when ${KNOWS_TITLE} then m.organiser_id end as person_id,
                    m.id as meeting_id,
                    m.cancelled_at > m.starts_at - make_interval(hours => :late) as is_late
               from meetings m
               join room_claims c on c.meeting_id = m.id
                                 and c.state = 'cancelled'
                                 and c.starts_at = m.starts_at
               join ${PLACES} on p.claimed = c.room_id
              where m.state = 'cancelled'
                and m.starts_at >= :from
                and m.starts_at < :to
                and ${IN_PLACE}${whose(request.who)}) x ${BY_EACH}`,
    { ...bindingsOf(request), late: lateHours },
  );
}

/** Bookings that had to be checked in to, by the room as it was asked for, and those to which nobody came. */
export function sumNoShows(db: Db, request: UseRequest): Promise<UseLoss[]> {
  return rows<UseLoss>(
    db,
    `select room_id, person_id, grouping(person_id) = 0 as is_person,
            count(*) as "all", count(*) filter (where is_absent) as some
       from (select o.room_id,
                    case when ${KNOWS_TITLE} then m.organiser_id end as person_id,
                    ${ABSENT} as is_absent
               from check_in_outcomes o join meetings m on m.id = o.meeting_id
              where o.starts_at >= :from
                and o.starts_at < :to
                and o.room_id = any(:ids)${whose(request.who)}) x ${BY_EACH}`,
    bindingsOf(request),
  );
}

export interface UseFit {
  /** Null: all rooms. */
  room_id: number | null;
  /** Meetings of which it is known how many were invited, and how many came. */
  invited_meetings: number;
  attended_meetings: number;
  /** Mean share of the seats. */
  invited: number | null;
  attended: number | null;
}

/**
 * How well meetings fit their room; those in several rooms at once, and those of which nobody knows how many,
 * are left out.
 */
export function sumFit(db: Db, request: UseRequest): Promise<UseFit[]> {
  return rows<UseFit>(
    db,
    `with begun as (
       select m.id, m.expected_count from meetings m
        where m.starts_at >= :from
          and m.starts_at < :to
          and m.state <> 'cancelled'
          and ${KNOWS_TITLE}${whose(request.who)}
          and exists (select from room_claims c where c.meeting_id = m.id and c.state = 'confirmed')
     ), placed as (
       select b.id, min(x.room_id) as room_id
         from begun b join meeting_rooms x on x.meeting_id = b.id
        group by b.id
       having count(*) = 1
     ), counted as (
       select b.id, greatest(coalesce(b.expected_count, 0), count(p.id)) as invited,
              count(a.participant_id) as attended
         from begun b
         left join participants p on p.meeting_id = b.id and p.removed_at is null and p.role <> 'informed'
         left join attendances a on a.participant_id = p.id and a.status = 'present'
        group by b.id, b.expected_count
     )
     select r.id as room_id, count(*) filter (where n.invited > 0) as invited_meetings,
            count(*) filter (where n.attended > 0) as attended_meetings,
            avg(n.invited::float8 / r.capacity) filter (where n.invited > 0) as invited,
            avg(n.attended::float8 / r.capacity) filter (where n.attended > 0) as attended
       from placed x join counted n using (id) join rooms r on r.id = x.room_id
      where r.id = any(:ids) group by grouping sets ((r.id), ())`,
    bindingsOf(request),
  );
}

/** What closures took of rooms in a period: what they cover, and until they were lifted. */
export function listClosed(
  db: Db,
  { from, to }: Span,
  roomIds: readonly number[],
): Promise<(Stretch & { room_id: number })[]> {
  return rows(
    db,
    `select room_id,
            date_part('epoch', greatest(f, :from)) as "from",
            date_part('epoch', least(t, :to)) as "to"
       from (select c.room_id, c.occupies_from as f,
                    case when c.state = 'confirmed' then c.occupies_to
                         else least(c.occupies_to, c.ended_at) end as t
               from closures cl join room_claims c on c.closure_id = cl.id
              where c.room_id = any(:rooms)
                and c.state in ('confirmed', 'released')
                and c.occupies_from < :to) x
      where t > f and f < :to and t > :from`,
    { from, to, rooms: roomIds },
  );
}

export interface UsePerson {
  id: number;
  name: string;
  name_en: string | null;
  unit: { id: number; name_en: string; name_zh: string } | null;
}

export function listUsePersons(db: Db, ids: readonly number[]): Promise<UsePerson[]> {
  return rows<UsePerson>(
    db,
    `select p.id, p.name, p.name_en,
            case when u.id is not null
                 then json_build_object('id', u.id, 'name_en', u.name_en, 'name_zh', u.name_zh) end as unit
       from persons p left join units u on u.id = p.unit_id
      where p.id = any(:ids)
      order by p.sort_name, p.id`,
    { ids },
  );
}
