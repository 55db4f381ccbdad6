import { isLive, isWithin } from '../hours/liveClaimQueries.js';
import { NotFound } from '../lib/http/errors.js';
import { row, rows, type Bindings, type Db } from '../lib/db/db.js';
import type { Layout } from '../claims/layouts.js';
import type { Lang } from '../lib/i18n/translate.js';
import { isDeputyOf } from '../people/deputyQueries.js';
import type { Relation } from './policy.js';
import type { MeetingState, ParticipantRole, ReplyStatus } from './states.js';

export type Who = { id: number };

/** A person in a few words; `fmt.name(person)` shows it. */
export interface Brief {
  id: number;
  name: string;
  name_en: string | null;
}

export interface RoomOf {
  id: number;
  code: string;
  name_en: string;
  name_zh: string;
  site: string;
  building: string;
  floor: string;
  /** Booked on request and not decided yet. */
  is_requested: boolean;
  /**
   * The request was refused, or returned and is no longer kept. The meeting names the room until it has
   * another one.
   */
  is_refused: boolean;
  /** How it is set up; null: as it is. */
  layout: Layout | null;
  /** As it is set up. */
  seats: number;
  /** Fewer people would be lost in it. */
  min_people: number | null;
}

/** Pieces of a movable kind. */
export interface EquipmentOf {
  kind_id: number;
  name_en: string;
  name_zh: string;
  quantity: number;
}

/** One meeting with all that its pages need, and the viewer's relation to it. `number` is 第 N 次. */
export interface Meeting {
  id: number;
  title: string;
  state: MeetingState;
  series_id: number | null;
  series_name: string | null;
  recurrence_id: number | null;
  occurrence_at: Date | null;
  number: number | null;
  starts_at: Date;
  ends_at: Date;
  zone: string;
  link: string | null;
  place: string | null;
  description: string;
  is_private: boolean;
  lang: Lang;
  organiser_id: number;
  booked_for_id: number | null;
  created_by: number;
  reviewer_id: number | null;
  approver_id: number | null;
  expected_count: number | null;
  uid: string;
  sequence: number;
  time_sequence: number;
  revision: number;
  announced_at: Date | null;
  started_at: Date | null;
  checked_in_at: Date | null;
  ended_at: Date | null;
  cancelled_at: Date | null;
  cancel_reason: string | null;
  state_before_cancel: MeetingState | null;
  created_at: Date;
  updated_at: Date;
  version: number;
  organiser: Brief;
  booked_for: Brief | null;
  creator: Brief;
  canceller: Brief | null;
  chair: Brief | null;
  rooms: RoomOf[];
  /** What is carried into them; of a cancelled meeting, what it had. */
  equipment: EquipmentOf[];
  participant_count: number;
  relation: Relation;
}

/** SQL: a person row as jsonb `Brief`. */
export const brief = (alias: string) =>
  `jsonb_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en)`;

/** SQL: is `:viewer_id` deputy today, by the organisation's calendar, of one of these persons? */
export const deputyOf = (persons: string) => isDeputyOf(':viewer_id', persons);

/**
 * The one scope of all reads of meetings: a condition on `meetings` under `alias`, and its bindings.
 * Everybody signed in sees time, room, title and organiser of a meeting that is not private. A private one
 * exists only for its people, its organiser, its leader, their deputies, and whoever typed it. The office and
 * an administrator see it no more than others.
 */
export function visibleMeetings(viewer: Who, alias = 'm'): { sql: string; bindings: Bindings } {
  return {
    sql: `(not ${alias}.is_private or ${alias}.organiser_id = :viewer_id
      or ${alias}.booked_for_id = :viewer_id or ${alias}.created_by = :viewer_id
      or exists (
        select 1
          from participants p
         where p.meeting_id = ${alias}.id and p.person_id = :viewer_id and p.removed_at is null)
      or exists (
        select 1
          from series_members s
         where s.series_id = ${alias}.series_id and s.person_id = :viewer_id)
      or ${deputyOf(`${alias}.organiser_id, ${alias}.booked_for_id`)})`,
    bindings: { viewer_id: viewer.id },
  };
}

/** The scope of all reads of series, as `visibleMeetings` is for meetings. */
export function visibleSeries(viewer: Who, alias = 's'): { sql: string; bindings: Bindings } {
  return {
    sql: `(not ${alias}.is_private or ${alias}.organiser_id = :viewer_id
      or ${alias}.booked_for_id = :viewer_id or ${alias}.created_by = :viewer_id
      or exists (select 1 from series_members x where x.series_id = ${alias}.id and x.person_id = :viewer_id)
      or ${deputyOf(`${alias}.organiser_id, ${alias}.booked_for_id`)})`,
    bindings: { viewer_id: viewer.id },
  };
}

/** Running series that the viewer may know; names for a filter or a choice. */
export function listSeriesOptions(db: Db, viewer: Who): Promise<{ id: number; name: string }[]> {
  const scope = visibleSeries(viewer);
  return rows(
    db,
    `select s.id, s.name
       from series s
      where ${scope.sql} and s.ended_on is null
      order by lower(s.name), s.id
      limit 500`,
    scope.bindings,
  );
}

/** SQL: does meeting `m` wait for somebody's approval of room `r`? */
const IS_REQUESTED = `exists (
  select 1
    from room_claims c
   where c.meeting_id = m.id and c.state = 'requested' and ${isWithin('c.room_id', 'r.id')})`;

/** SQL: was the last request of meeting `m` for room `r` turned down, and is the room not kept for it? */
const IS_REFUSED = `(
  coalesce((select q.state
              from room_requests q
             where q.meeting_id = m.id and q.room_id = r.id
             order by q.id desc
             limit 1) in ('refused', 'returned'), false)
  and not exists (
    select 1
      from room_claims c
     where c.meeting_id = m.id and ${isLive('c')} and ${isWithin('c.room_id', 'r.id')}))`;

/** SQL: the rooms of meeting `m` as jsonb. A hall stays a hall, although its parts are claimed. */
export const ROOMS = `coalesce((
  select jsonb_agg(jsonb_build_object(
           'id', r.id, 'code', r.code, 'name_en', r.name_en, 'name_zh', r.name_zh,
           'site', r.site, 'building', r.building, 'floor', r.floor,
           'layout', ml.layout, 'seats', coalesce(rl.capacity, r.capacity), 'min_people', r.min_people,
           'is_requested', ${IS_REQUESTED},
           'is_refused', ${IS_REFUSED}) order by r.sort_order, r.id)
    from meeting_rooms mr
    join rooms r on r.id = mr.room_id
    left join meeting_layouts ml on ml.meeting_id = mr.meeting_id and ml.room_id = r.id
    left join room_layouts rl on rl.room_id = r.id and rl.layout = ml.layout
   where mr.meeting_id = m.id), '[]'::jsonb)`;

const EQUIPMENT = `coalesce((
  select jsonb_agg(jsonb_build_object(
           'kind_id', k.id, 'name_en', k.name_en, 'name_zh', k.name_zh,
           'quantity', b.quantity) order by k.sort_order, k.id)
    from equipment_bookings b
    join equipment_kinds k on k.id = b.kind_id
   where b.meeting_id = m.id and (b.is_held or m.state = 'cancelled')), '[]'::jsonb)`;

/** SQL: what the viewer is to meeting `m`; see `Relation`. */
const RELATION = `jsonb_build_object(
  'is_organiser', m.organiser_id = :viewer_id,
  'is_booked_for', coalesce(m.booked_for_id = :viewer_id, false),
  'is_creator', m.created_by = :viewer_id,
  'acts_for', ${deputyOf('m.organiser_id, m.booked_for_id')},
  'participant_id', vp.id,
  'role', vp.role,
  'member_role', vs.role,
  'heads_unit', exists (select 1 from units u where u.id = po.unit_id and u.head_id = :viewer_id),
  'is_office', exists (
    select 1 from persons v where v.id = :viewer_id and v.role in ('secretary', 'administrator')))`;

const FIND = `
  select m.*, s.name as series_name, ${brief('po')} as organiser, ${brief('pc')} as creator,
         case when pb.id is null then null else ${brief('pb')} end as booked_for,
         case when px.id is null then null else ${brief('px')} end as canceller,
         (select ${brief('p')}
            from participants h
            join persons p on p.id = h.person_id
           where h.meeting_id = m.id and h.role = 'chair' and h.removed_at is null) as chair,
         ${ROOMS} as rooms,
         ${EQUIPMENT} as equipment,
         (select count(*)
            from participants n
           where n.meeting_id = m.id and n.removed_at is null) as participant_count,
         ${RELATION} as relation
    from meetings m
    join persons po on po.id = m.organiser_id
    join persons pc on pc.id = m.created_by
    left join persons pb on pb.id = m.booked_for_id
    left join persons px on px.id = m.cancelled_by
    left join series s on s.id = m.series_id
    left join participants vp on vp.meeting_id = m.id and vp.person_id = :viewer_id and vp.removed_at is null
    left join series_members vs on vs.series_id = m.series_id and vs.person_id = :viewer_id`;

/** One meeting as this person may see it. @throws NotFound when there is none or it is hidden */
export async function findMeeting(db: Db, viewer: Who, id: number): Promise<Meeting> {
  const scope = visibleMeetings(viewer);
  const found = await row<Meeting>(db, `${FIND} where m.id = :id and ${scope.sql}`, {
    id,
    ...scope.bindings,
  });
  if (!found) throw new NotFound();
  return found;
}

/**
 * The same inside a command: the meeting's row stays locked until the transaction ends.
 * @throws NotFound when there is none or the acting person may not know of it
 */
export async function lockMeeting(trx: Db, by: { id: number | null }, id: number): Promise<Meeting> {
  await rows(trx, `select 1 from meetings where id = :id for no key update`, { id });
  return findMeeting(trx, { id: by.id ?? -1 }, id);
}

/**
 * The same for many, locked in the one order.
 * @throws NotFound when the acting person may not know of one of them
 */
export async function lockMeetings(
  trx: Db,
  by: { id: number | null },
  ids: readonly number[],
): Promise<Meeting[]> {
  await rows(trx, `select 1 from meetings where id = any(:ids) order by id for no key update`, { ids });
  const scope = visibleMeetings({ id: by.id ?? -1 });
  const found = await rows<Meeting>(trx, `${FIND} where m.id = any(:ids) and ${scope.sql} order by m.id`, {
    ids,
    ...scope.bindings,
  });
  if (found.length < new Set(ids).size) throw new NotFound();
  return found;
}

/**
 * With which meetings could rooms be swapped? Those to come within twelve hours that have a room, the ones at
 * the same time first.
 */
export function listSwappable(
  db: Db,
  viewer: Who,
  meeting: Pick<Meeting, 'id' | 'starts_at' | 'ends_at'>,
  now: Date,
): Promise<Meeting[]> {
  const scope = visibleMeetings(viewer);
  return rows<Meeting>(
    db,
    `${FIND}
      where ${scope.sql} and m.id <> :id and m.state in ('draft', 'scheduled') and m.ends_at > :now
        and m.starts_at > cast(:from as timestamptz) - interval '12 hours'
        and m.starts_at < cast(:to as timestamptz) + interval '12 hours'
        and exists (select 1 from meeting_rooms x where x.meeting_id = m.id)
      order by m.starts_at >= :to or m.ends_at <= :from,
               abs(extract(epoch from m.starts_at - cast(:from as timestamptz))), m.id
      limit 60`,
    { ...scope.bindings, id: meeting.id, from: meeting.starts_at, to: meeting.ends_at, now },
  );
}

export interface Participant {
  id: number;
  person_id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  position: string | null;
  lang: Lang;
  is_guest: boolean;
  affiliation: string | null;
  unit_en: string | null;
  unit_zh: string | null;
  role: ParticipantRole;
  invited_at: Date | null;
  is_walk_in: boolean;
  instead_of: Brief | null;
  /** The reply that counts for the present time. */
  reply: ReplyStatus | null;
  reply_note: string | null;
  replied_at: Date | null;
  /** There was a reply, but the time has changed since. */
  has_stale_reply: boolean;
  attendance: 'present' | 'apologies' | 'absent' | null;
  arrived_at: Date | null;
  left_at: Date | null;
}

/** Who takes part, chair first, without those removed. The caller has checked `maySeeReplies`. */
export function listParticipants(db: Db, meetingId: number): Promise<Participant[]> {
  return rows<Participant>(
    db,
    `select pt.id, pt.person_id, p.name, p.name_en, p.email, p.position, p.lang, p.is_guest, p.affiliation,
            u.name_en as unit_en, u.name_zh as unit_zh, pt.role, pt.invited_at, pt.is_walk_in,
            case when op.id is null then null else ${brief('op')} end as instead_of,
            r.status as reply, r.note as reply_note, r.at as replied_at,
            (r.status is null
               and exists (select 1 from replies x where x.participant_id = pt.id)) as has_stale_reply,
            a.status as attendance, a.arrived_at, a.left_at
       from participants pt
       join meetings m on m.id = pt.meeting_id
       join persons p on p.id = pt.person_id
       left join units u on u.id = p.unit_id
       left join participants o on o.id = pt.instead_of_id
       left join persons op on op.id = o.person_id
       left join lateral (
         select status, note, at
           from replies r
          where r.participant_id = pt.id and r.sequence >= m.time_sequence
          order by r.id desc
          limit 1) r on true
       left join attendances a on a.participant_id = pt.id
      where pt.meeting_id = :meeting and pt.removed_at is null
      order by array_position(
                 array['chair', 'secretary', 'required', 'optional', 'in_attendance', 'informed'], pt.role),
               p.is_guest, u.code nulls last, pt.id`,
    { meeting: meetingId },
  );
}

/**
 * Active persons of a unit and of the units below it, to invite a whole unit. Of a unit that is too large one
 * more comes back than a meeting may have, so that it is refused and not cut.
 */
export async function listUnitMembers(db: Db, unitId: number): Promise<number[]> {
  const found = await rows<{ id: number }>(
    db,
    `with recursive below as (
       select id
         from units
        where id = :unit and is_active
       union all
       select u.id
         from units u
         join below b on u.parent_id = b.id
        where u.is_active
     )
     select p.id
       from persons p
      where p.unit_id in (select id from below) and p.deactivated_at is null and not p.is_guest
      order by p.id
      limit 501`,
    { unit: unitId },
  );
  return found.map(({ id }) => id);
}
