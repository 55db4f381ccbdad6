import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { RuleLayer } from '../rules/layers.js';
import type { RoomStatus } from '../claims/checks.js';
import { type RoomName } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import { keptIn, type Kept } from '../claims/holdQueries.js';
import type { Layout, LayoutSeats } from '../claims/layouts.js';
import { atomOf, isBlocking, isNotLapsed, isWithin, joinParts } from '../hours/liveClaimQueries.js';
import type { Opening } from '../hours/openingHours.js';

/** Rooms closed together. */
export interface ClosureGroup {
  id: number;
  reason: string;
  starts_at: Date;
  ends_at: Date;
  version: number;
  /** Those that are still closed. */
  rooms: RoomName[];
  /** Meetings to come that still have one of the rooms. */
  hit_count: number;
}

/**
 * SQL: from the closures of a group to the meetings in their way, each with the room that it asked for. Needs
 * `:now`.
 */
const HITS = `
       from closures cl
       ${joinParts('cl.room_id', 'k')}
       join room_claims c on c.room_id = ${atomOf('cl.room_id', 'k')}
        and c.occupies && tstzrange(cl.starts_at, cl.ends_at)
        and ${isBlocking('c')}
       join meetings m on m.id = c.meeting_id and m.state in ('draft', 'scheduled') and m.ends_at > :now
       join meeting_rooms mr on mr.meeting_id = m.id
        and (mr.room_id = c.room_id
          or exists (select 1 from room_parts h where h.hall_id = mr.room_id and h.part_id = c.room_id))
      where cl.lifted_at is null`;

const GROUP = `
  select g.id, g.reason, g.starts_at, g.ends_at, g.version,
         (select coalesce(json_agg(json_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh)
                                   order by r.sort_order, r.id), '[]')
            from closures x join rooms r on r.id = x.room_id
           where x.group_id = g.id and x.lifted_at is null) as rooms,
         (select count(distinct m.id) ${HITS} and cl.group_id = g.id) as hit_count
    from closure_groups g`;

/** What is closed now or to come, the next first; at most 100. */
export function listClosureGroups(db: Db, now: Date): Promise<ClosureGroup[]> {
  return rows<ClosureGroup>(
    db,
    `${GROUP}
      where g.ends_at > :now
        and exists (select 1 from closures x where x.group_id = g.id and x.lifted_at is null)
      order by g.starts_at, g.id
      limit 100`,
    { now },
  );
}

/** @throws NotFound */
export async function findClosureGroup(db: Db, id: number, now: Date): Promise<ClosureGroup> {
  const found = await row<ClosureGroup>(db, `${GROUP} where g.id = :id`, { id, now });
  if (!found) throw new NotFound();
  return found;
}

/** What rooms of a group are held for while they are closed, each with its room. */
export function listKept(
  db: Db,
  viewerId: number,
  groupId: number,
): Promise<{ room: RoomName; kept: Kept[] }[]> {
  return rows(
    db,
    `select *
       from (select json_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh) as room,
                    ${keptIn('cl')} as kept, r.sort_order, r.id
               from closures cl join rooms r on r.id = cl.room_id
              where cl.group_id = :group and cl.lifted_at is null) x
      where json_array_length(kept) > 0
      order by sort_order, id`,
    { viewer: viewerId, group: groupId },
  );
}

/** A meeting in the way of a closure. */
export interface Hit {
  meeting_id: number;
  version: number;
  starts_at: Date;
  ends_at: Date;
  /** Null when this person may not know it. */
  title: string | null;
  organiser: { name: string; name_en: string | null } | null;
  /** A private meeting is called off only by its organiser or leader. */
  may_cancel: boolean;
  /** The room it has to leave. */
  room: RoomName;
  /** People: expected, else invited, else as many as the room seats in its layout. */
  seats: number;
  /** How the room is set up for it; null: as it is. */
  layout: Layout | null;
  /** Whom it is held for: whose groups the rules of booking look at. */
  principal_id: number;
  is_recurring: boolean;
}

/** The next meetings in the way, in order of time. */
export function listHits(
  db: Db,
  viewerId: number,
  groupId: number,
  { now, limit }: { now: Date; limit: number },
): Promise<Hit[]> {
  return rows<Hit>(
    db,
    `with hit as (select distinct m.id, mr.room_id, m.starts_at ${HITS} and cl.group_id = :group
                   order by m.starts_at, m.id, mr.room_id
                   limit :limit)
     select m.id as meeting_id, m.version, m.starts_at, m.ends_at,
            (not m.is_private or :viewer in (m.organiser_id, m.booked_for_id)) is true as may_cancel,
            case when known.yes then m.title end as title,
            case when known.yes then json_build_object('name', o.name, 'name_en', o.name_en) end as organiser,
            json_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh) as room,
            coalesce(m.expected_count,
                     nullif((select count(*)
                               from participants p
                              where p.meeting_id = m.id
                                and p.removed_at is null
                                and p.role <> 'informed'), 0),
                     rl.capacity,
                     r.capacity)::int as seats,
            ml.layout, coalesce(m.booked_for_id, m.organiser_id) as principal_id,
            m.recurrence_id is not null as is_recurring
       from hit
       join meetings m on m.id = hit.id
       join rooms r on r.id = hit.room_id
       join persons o on o.id = m.organiser_id
       left join meeting_layouts ml on ml.meeting_id = m.id and ml.room_id = r.id
       left join room_layouts rl on rl.room_id = r.id and rl.layout = ml.layout
      cross join lateral (select ${KNOWS_TITLE} as yes) known
      order by m.starts_at, m.id, r.id`,
    { viewer: viewerId, group: groupId, now, limit },
  );
}

/** A room that meetings could have instead, with what its rules look at. */
export interface CandidateRoom extends RoomName {
  capacity: number;
  layouts: LayoutSeats[];
  building: string;
  floor: string;
  status: RoomStatus;
  back_at: Date | null;
  /** The rooms that would be claimed. */
  atomic: number[];
  setup_minutes: number;
  teardown_minutes: number;
  hours: Opening;
  zone: string;
  /** The acting person decides about it. */
  decides: boolean;
}

export interface Candidates {
  /**
   * By the place of the meeting in the list: rooms that are free and big enough, equipped ones first, then
   * the nearest and the best in size.
   */
  free: Map<number, { id: number; is_equipped: boolean }[]>;
  rooms: Map<number, CandidateRoom>;
  /** All rules of these rooms and of the office. */
  layers: RuleLayer[];
  /** By person for whom a meeting is held: the groups that have rules. */
  groups: Map<number, Set<number>>;
}

/** Which rooms are free for which of the meetings, by its place in the list; equipped and near ones first. */
function listFreePlaces(
  db: Db,
  hits: readonly Hit[],
): Promise<{ place: number; id: number; is_equipped: boolean }[]> {
  return rows<{ place: number; id: number; is_equipped: boolean }>(
    db,
    `select h.place::int - 1 as place, r.id,
            r.equipment @> old.equipment and (r.is_step_free or not old.is_step_free) as is_equipped
       from unnest(:meetings::bigint[], :rooms::bigint[], :seats::int[], :layouts::text[])
              with ordinality as h (meeting_id, room_id, seats, layout, place)
       join meetings m on m.id = h.meeting_id
       join rooms old on old.id = h.room_id
       join rooms r on (r.status = 'in_service' or r.status = 'out_of_service' and r.back_at <= m.starts_at)
       left join room_layouts l on l.room_id = r.id and l.layout = h.layout
      where coalesce(l.capacity, r.capacity) >= h.seats
        and not exists (select 1 from meeting_rooms x where x.meeting_id = m.id and x.room_id = r.id)
        and not exists (
          select 1 from room_claims c
           where ${isWithin('c.room_id', 'r.id')}
             and ${isBlocking('c')} and ${isNotLapsed('c')}
             and c.occupies && tstzrange(m.starts_at - make_interval(mins => r.setup_minutes),
                                         m.ends_at + make_interval(mins => r.teardown_minutes)))
      order by h.place, not (r.equipment @> old.equipment),
               r.site <> old.site, r.building <> old.building, r.floor <> old.floor,
               abs(coalesce(l.capacity, r.capacity) - h.seats), r.sort_order, r.id`,
    {
      meetings: hits.map((hit) => hit.meeting_id),
      rooms: hits.map((hit) => hit.room.id),
      seats: hits.map((hit) => hit.seats),
      layouts: hits.map((hit) => hit.layout),
    },
  );
}

/**
 * Rooms big enough and free for each of the meetings, with all that their rules look at; four queries however
 * many there are.
 */
export async function listFreeFor(db: Db, viewerId: number, hits: readonly Hit[]): Promise<Candidates> {
  const found: Candidates = { free: new Map(), rooms: new Map(), layers: [], groups: new Map() };
  if (!hits.length) return found;
  const free = await listFreePlaces(db, hits);
  for (const { place, ...room } of free) {
    const list = found.free.get(place);
    if (list) list.push(room);
    else found.free.set(place, [room]);
  }
  const times = hits.flatMap(({ starts_at, ends_at }) => [starts_at.getTime(), ends_at.getTime()]);
  const ids = [...new Set(free.map(({ id }) => id))];
  const [rooms, layers, members] = await Promise.all([
    rows<CandidateRoom>(
      db,
      `select r.id, r.name_en, r.name_zh, r.capacity, r.building, r.floor, r.status, r.back_at,
              r.setup_minutes, r.teardown_minutes,
              (select coalesce(json_agg(json_build_object('layout', layout, 'capacity', capacity)), '[]')
                 from room_layouts
                where room_id = r.id) as layouts,
              coalesce((select json_agg(part_id) from room_parts where hall_id = r.id),
                       json_build_array(r.id)) as atomic,
              ${OPENING} as hours, (select zone from organisations) as zone,
              may_decide_room(r.id, :viewer) as decides
         from rooms r where r.id = any(:ids)`,
      { ids, viewer: viewerId, from: new Date(Math.min(...times)), to: new Date(Math.max(...times)) },
    ),
    rows<RuleLayer>(db, `select * from booking_rules where room_id is null or room_id = any(:ids)`, { ids }),
    rows<{ person_id: number; group_id: number }>(
      db,
      `select person_id, group_id
         from people_group_members
        where person_id = any(:persons) and group_id in (select group_id from booking_rules)`,
      { persons: [...new Set(hits.map(({ principal_id }) => principal_id))] },
    ),
  ]);
  for (const { person_id, group_id } of members)
    found.groups.set(person_id, new Set([...(found.groups.get(person_id) ?? []), group_id]));
  return { ...found, rooms: new Map(rooms.map((room) => [room.id, room])), layers };
}
