import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { RoomStatus } from '../claims/checks.js';
import { type RoomName } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { keptIn, type Kept } from '../claims/holdQueries.js';
import type { Layout, LayoutSeats } from '../claims/layouts.js';
import { atomOf, isBlocking, isLive, isWithin, joinParts } from '../hours/liveClaimQueries.js';
import type { Hours } from '../hours/openingHours.js';

export interface RoomOption extends RoomName {
  capacity: number;
  status: RoomStatus;
  /** Given on request, unless a group's rules say otherwise. */
  on_request?: boolean;
}

/** A hall stands before its parts. */
const IN_ORDER = `coalesce(h.sort_order, r.sort_order), coalesce(h.id, r.id), h.id is not null,
  r.sort_order, r.id`;
const HALL = `left join rooms h on h.id = (select min(hall_id) from room_parts where part_id = r.id)`;

/**
 * SQL: the status of room `r` at the instant `:at`: out of service
 * until a date is in service after it, without anybody's doing.
 */
const STATUS_AT = `case
    when r.status = 'out_of_service' and r.back_at <= :at then 'in_service'
    else r.status end`;
const LAYOUTS = `(
    select coalesce(json_agg(json_build_object('layout', layout, 'capacity', capacity)), '[]')
      from room_layouts
      where room_id = r.id
  )`;

/**
 * The rooms for a `<select>`, in the order of the catalogue. One that
 * comes back on a known day may be chosen: the time decides.
 */
export function listRoomOptions(db: Db): Promise<(RoomOption & { layouts: LayoutSeats[] })[]> {
  return rows(
    db,
    `select r.id, r.name_en, r.name_zh, r.capacity,
            case
              when r.back_at is not null then 'in_service'
              else r.status end as status, ${LAYOUTS} as layouts,
            coalesce(l.in_policy, o.in_policy) = 'request' as on_request
       from rooms r ${HALL}
       left join booking_rules l on l.room_id = r.id and l.group_id is null
       left join booking_rules o on o.room_id is null and o.group_id is null
      where r.status <> 'retired' order by ${IN_ORDER}`,
  );
}

export interface ListedRoom extends RoomOption {
  code: string;
  site: string;
  building: string;
  floor: string;
  equipment: string[];
  is_step_free: boolean;
  hall: RoomName | null;
  part_count: number;
  layouts: LayoutSeats[];
  min_people: number | null;
  back_at: Date | null;
  /** The first of its photos. */
  photo: { id: number; alt: string } | null;
  plan_id: number | null;
}

/** The catalogue, a few hundred rooms at most. */
export function listRooms(
  db: Db,
  at: Date,
  filter: {
    seats?: number | null;
    equipment?: readonly string[];
    isStepFree?: boolean;
    withRetired?: boolean;
  },
): Promise<ListedRoom[]> {
  return rows<ListedRoom>(
    db,
    `select r.id, r.code, r.name_en, r.name_zh, r.site, r.building, r.floor, r.capacity, r.equipment,
            r.is_step_free, r.min_people, r.back_at,
            ${STATUS_AT} as status, ${LAYOUTS} as layouts,
            (select plan_id from plan_rooms where room_id = r.id) as plan_id,
            (select json_build_object('id', id, 'alt', alt)
               from room_photos
               where room_id = r.id
               order by position, id
               limit 1) as photo,
            case when h.id is not null then json_build_object(
              'id', h.id, 'name_en', h.name_en, 'name_zh', h.name_zh
            ) end as hall,
            (select count(*) from room_parts where hall_id = r.id) as part_count
       from rooms r ${HALL}
      where (r.status <> 'retired' or :retired)
        and r.capacity >= :seats
        and r.equipment @> :equipment
        and (r.is_step_free or not :step_free)
      order by ${IN_ORDER} limit 1000`,
    {
      at,
      retired: filter.withRetired ?? false,
      seats: filter.seats ?? 1,
      equipment: filter.equipment ?? [],
      step_free: filter.isStepFree ?? false,
    },
  );
}

export interface Room extends RoomName {
  code: string;
  site: string;
  building: string;
  floor: string;
  capacity: number;
  equipment: string[];
  is_step_free: boolean;
  contact: string;
  note: string;
  setup_minutes: number;
  teardown_minutes: number;
  layouts: LayoutSeats[];
  /** Fewer people would be lost in it. */
  min_people: number | null;
  /** How one gets the key. */
  key_note: string;
  owner: { id: number; name: string; name_en: string | null; email: string | null } | null;
  photos: { id: number; alt: string }[];
  plan_id: number | null;
  /** As it was set; `statusAt` says what it is at a time. */
  status: RoomStatus;
  status_reason: string | null;
  /** The instant at which it is in service again, where that is known. */
  back_at: Date | null;
  sort_order: number;
  version: number;
  hours: Hours[];
  /** Of a divisible hall. */
  parts: RoomName[];
  /** Halls that this room is a part of. */
  halls: RoomName[];
}

const NAME = `json_build_object('id', x.id, 'name_en', x.name_en, 'name_zh', x.name_zh)`;

/** @throws NotFound */
export async function findRoom(db: Db, id: number): Promise<Room> {
  const found = await row<Room>(
    db,
    `select r.id, r.code, r.name_en, r.name_zh, r.site, r.building, r.floor, r.capacity, r.equipment,
            r.is_step_free, r.contact, r.note,
            r.setup_minutes, r.teardown_minutes, r.status, r.status_reason, r.back_at, r.min_people,
            r.key_note, r.sort_order, r.version, ${LAYOUTS} as layouts,
            (select json_build_object('id', o.id, 'name', o.name, 'name_en', o.name_en, 'email', o.email)
               from persons o
               where o.id = r.owner_id) as owner,
            (select coalesce(json_agg(json_build_object('id', id, 'alt', alt) order by position, id), '[]')
               from room_photos
               where room_id = r.id) as photos,
            (select plan_id from plan_rooms where room_id = r.id) as plan_id,
            (select coalesce(
               json_agg(
                 json_build_object(
                   'weekday', weekday,
                   'opens_at', to_char(opens_at, 'HH24:MI'),
                   'closes_at', to_char(closes_at, 'HH24:MI')
                 )
                 order by weekday
               ), '[]'
             )
               from room_hours
               where room_id = r.id) as hours,
            (select coalesce(json_agg(${NAME} order by x.sort_order, x.id), '[]')
               from room_parts p
               join rooms x on x.id = p.part_id
               where p.hall_id = r.id) as parts,
            (select coalesce(json_agg(${NAME} order by x.id), '[]')
               from room_parts p
               join rooms x on x.id = p.hall_id
               where p.part_id = r.id) as halls
       from rooms r where r.id = :id`,
    { id },
  );
  if (!found) throw new NotFound();
  return found;
}

/** The file of a room's photo. @throws NotFound */
export async function findPhotoFile(db: Db, roomId: number, photoId: number): Promise<number> {
  const found = await row<{ file_id: number }>(
    db,
    `select file_id from room_photos where id = :photo and room_id = :room`,
    { photo: photoId, room: roomId },
  );
  if (!found) throw new NotFound();
  return found.file_id;
}

/**
 * Rooms that could be parts of a hall: neither halls themselves nor
 * retired; with `hallId`, its own parts too.
 */
export function listPartOptions(db: Db, hallId: number | null): Promise<RoomName[]> {
  return rows<RoomName>(
    db,
    `select r.id, r.name_en, r.name_zh from rooms r
      where r.id is distinct from :hall and not exists (select 1 from room_parts where hall_id = r.id)
        and (
          r.status <> 'retired' or exists (select 1 from room_parts where hall_id = :hall and part_id = r.id)
        )
      order by r.sort_order, r.id`,
    { hall: hallId },
  );
}

export interface ComingMeeting {
  /** Null, like the title, when this person may not know which it is. */
  meeting_id: number | null;
  title: string | null;
  starts_at: Date;
  ends_at: Date;
  is_mine: boolean;
  organiser: { name: string; name_en: string | null } | null;
  /** Asked for; the room is free for others until somebody approves it. */
  is_tentative: boolean;
  /** The parts of a hall that it occupies; null in a room without parts. */
  part: RoomName[] | null;
  /** How the room is set up for it, where it isn't as it is. */
  layout: Layout | null;
}

/** The next meetings in a room (or in any part of a hall), the running one first. */
export function listComingMeetings(
  db: Db,
  viewerId: number,
  { roomId, now, most: limit = 10 }: { roomId: number; now: Date; most?: number },
): Promise<ComingMeeting[]> {
  return rows<ComingMeeting>(
    db,
    `with atomic as (
       select ${atomOf('r.id')} as id, p.part_id is not null as is_part
         from rooms r ${joinParts('r.id')}
         where r.id = :room
     ), coming as (
       select c.meeting_id, c.starts_at, c.ends_at, array_agg(a.id) filter (where a.is_part) as part_ids,
              bool_and(not c.is_holding) as is_tentative
         from atomic a
        cross join lateral (
          (select * from room_claims where room_id = a.id and occupies_from >= :now and ${isLive()}
            order by occupies_from limit :limit)
          union all
          (select *
             from (select * from room_claims where room_id = a.id and occupies_from < :now and ${isBlocking()}
            order by occupies_from desc limit 1) running where ends_at > :now)
        ) c
        where c.meeting_id is not null
        group by c.meeting_id, c.starts_at, c.ends_at
        order by c.starts_at, c.meeting_id limit :limit
     )
     select case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
            coming.starts_at, coming.ends_at, coming.is_tentative,
            (:viewer in (m.organiser_id, m.booked_for_id, m.created_by)
              or exists (select 1
                           from participants p
                           where p.meeting_id = m.id
                             and p.person_id = :viewer
                             and p.removed_at is null)) is true as is_mine,
            case when known.yes then json_build_object('name', o.name, 'name_en', o.name_en) end as organiser,
            (select json_agg(${NAME} order by x.id) from rooms x where x.id = any(coming.part_ids)) as part,
            (select ml.layout
               from meeting_layouts ml
               join meeting_rooms mr using (meeting_id, room_id)
               where ml.meeting_id = m.id and ml.room_id = :room) as layout
       from coming
       join meetings m on m.id = coming.meeting_id
       join persons o on o.id = m.organiser_id
      cross join lateral (select ${KNOWS_TITLE} as yes) known
      order by coming.starts_at, m.id`,
    { room: roomId, viewer: viewerId, now, limit },
  );
}

export interface RoomClosure {
  id: number;
  /** With which other rooms it is closed. */
  group_id: number;
  reason: string;
  starts_at: Date;
  ends_at: Date;
  /** The hall whose closure it is, when this room is a part. */
  room_id: number;
  /** Meetings that had the room before it was closed and still take place in it. */
  meetings: { id: number | null; title: string | null; starts_at: string; ends_at: string }[];
  /** What is held then all the same. */
  kept: Kept[];
}

/** Closures of a room (or of its hall) that run or are to come, with the meetings that are in their way. */
export function listClosures(db: Db, viewerId: number, roomId: number, now: Date): Promise<RoomClosure[]> {
  return rows<RoomClosure>(
    db,
    `select cl.id, cl.group_id, cl.reason, cl.starts_at, cl.ends_at, cl.room_id,
            (select coalesce(
               json_agg(
                 distinct jsonb_build_object(
                   'id', case when known.yes then m.id end, 'title', case when known.yes then m.title end,
                    'starts_at', c.starts_at, 'ends_at', c.ends_at)), '[]')
               from room_claims c join meetings m on m.id = c.meeting_id
              cross join lateral (select ${KNOWS_TITLE} as yes) known
              where ${isWithin('c.room_id', 'cl.room_id')}
                and ${isBlocking('c')}
                and c.occupies && tstzrange(cl.starts_at, cl.ends_at)) as meetings, ${keptIn('cl')} as kept
       from closures cl
      where cl.lifted_at is null and cl.ends_at > :now
        and (cl.room_id = :room or cl.room_id in (select hall_id from room_parts where part_id = :room))
      order by cl.starts_at limit 50`,
    { room: roomId, viewer: viewerId, now },
  );
}
