import { IS_NO_SHOW } from '../claims/noShowRateQueries.js';
import { NotFound } from '../lib/http/errors.js';
import { likePattern, row, rows, type Bindings, type Db } from '../lib/db/db.js';
import type { Layout } from '../claims/layouts.js';
import type { Lang } from '../lib/i18n/translate.js';
import type { Relation } from './policy.js';

export const STATES = ['draft', 'scheduled', 'in_progress', 'ended', 'cancelled'] as const;
export type MeetingState = (typeof STATES)[number];
/** In the order in which lists show them. */
export const ROLES = ['chair', 'secretary', 'required', 'optional', 'in_attendance', 'informed'] as const;
export type ParticipantRole = (typeof ROLES)[number];
export type ReplyStatus = 'accepted' | 'declined' | 'tentative' | 'delegated';

type Who = { id: number };

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
  /** Asked for and not given (refused, or returned and no longer kept); the meeting still names it until another one is found. */
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

/** One meeting with everything its pages need and what the viewer is to it. Instants are dates, `number` is 第 N 次. */
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
export const deputyOf = (persons: string) =>
  `exists (select 1 from deputies d cross join (select (now() at time zone o.zone)::date as today from organisations o) t
            where d.deputy_id = :viewer_id and d.person_id in (${persons})
              and coalesce(d.from_on, t.today) <= t.today and coalesce(d.to_on, t.today) >= t.today)`;

/**
 * The one scope of all reads of meetings: a condition on `meetings` under `alias` and its bindings. A meeting that is not
 * private shows time, room, title and organiser to everybody signed in; a private one exists only for who is in it, its
 * organiser, leader (with their deputies) and who typed it. Neither the office nor an administrator sees it otherwise.
 */
export function visibleMeetings(viewer: Who, alias = 'm'): { sql: string; bindings: Bindings } {
  return {
    sql: `(not ${alias}.is_private or ${alias}.organiser_id = :viewer_id or ${alias}.booked_for_id = :viewer_id or ${alias}.created_by = :viewer_id
      or exists (select 1 from participants p where p.meeting_id = ${alias}.id and p.person_id = :viewer_id and p.removed_at is null)
      or exists (select 1 from series_members s where s.series_id = ${alias}.series_id and s.person_id = :viewer_id)
      or ${deputyOf(`${alias}.organiser_id, ${alias}.booked_for_id`)})`,
    bindings: { viewer_id: viewer.id },
  };
}

/** The rooms a meeting asked for, as jsonb; a hall stays a hall while its claims are on the parts. */
const ROOMS = `coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'code', r.code, 'name_en', r.name_en, 'name_zh', r.name_zh,
      'site', r.site, 'building', r.building, 'floor', r.floor, 'layout', ml.layout, 'seats', coalesce(rl.capacity, r.capacity), 'min_people', r.min_people,
      'is_requested', exists (select 1 from room_claims c where c.meeting_id = m.id and c.state = 'requested'
         and (c.room_id = r.id or c.room_id in (select part_id from room_parts where hall_id = r.id))),
      'is_refused', coalesce((select q.state from room_requests q where q.meeting_id = m.id and q.room_id = r.id order by q.id desc limit 1) in ('refused', 'returned'), false)
         and not exists (select 1 from room_claims c where c.meeting_id = m.id and c.state in ('held', 'requested', 'confirmed')
           and (c.room_id = r.id or c.room_id in (select part_id from room_parts where hall_id = r.id))))
      order by r.sort_order, r.id)
    from meeting_rooms mr join rooms r on r.id = mr.room_id
    left join meeting_layouts ml on ml.meeting_id = mr.meeting_id and ml.room_id = r.id
    left join room_layouts rl on rl.room_id = r.id and rl.layout = ml.layout
   where mr.meeting_id = m.id), '[]'::jsonb)`;

const EQUIPMENT = `coalesce((select jsonb_agg(jsonb_build_object('kind_id', k.id, 'name_en', k.name_en, 'name_zh', k.name_zh, 'quantity', b.quantity) order by k.sort_order, k.id)
    from equipment_bookings b join equipment_kinds k on k.id = b.kind_id where b.meeting_id = m.id), '[]'::jsonb)`;

const FIND = `
  select m.*, s.name as series_name, ${brief('po')} as organiser, ${brief('pc')} as creator,
         case when pb.id is null then null else ${brief('pb')} end as booked_for,
         case when px.id is null then null else ${brief('px')} end as canceller,
         (select ${brief('p')} from participants h join persons p on p.id = h.person_id
           where h.meeting_id = m.id and h.role = 'chair' and h.removed_at is null) as chair,
         ${ROOMS} as rooms,
         ${EQUIPMENT} as equipment,
         (select count(*) from participants n where n.meeting_id = m.id and n.removed_at is null) as participant_count,
         jsonb_build_object(
           'is_organiser', m.organiser_id = :viewer_id, 'is_booked_for', coalesce(m.booked_for_id = :viewer_id, false),
           'is_creator', m.created_by = :viewer_id, 'acts_for', ${deputyOf('m.organiser_id, m.booked_for_id')},
           'participant_id', vp.id, 'role', vp.role, 'member_role', vs.role,
           'heads_unit', exists (select 1 from units u where u.id = po.unit_id and u.head_id = :viewer_id),
           'is_office', exists (select 1 from persons v where v.id = :viewer_id and v.role in ('secretary', 'administrator'))
         ) as relation
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
 * The same inside a command: the meeting stays locked (and its own row unchanged by others) until the transaction ends.
 * @throws NotFound when there is none or the acting person may not know of it
 */
export async function lockMeeting(trx: Db, by: { id: number | null }, id: number): Promise<Meeting> {
  await rows(trx, `select 1 from meetings where id = :id for no key update`, { id });
  return findMeeting(trx, { id: by.id ?? -1 }, id);
}

/** Meetings to come within twelve hours that have a room, those at the same time first: with which of them could rooms be swapped? */
export function listSwappable(
  db: Db,
  viewer: Who,
  meeting: Pick<Meeting, 'id' | 'starts_at' | 'ends_at'>,
  now: Date,
): Promise<Meeting[]> {
  const scope = visibleMeetings(viewer);
  return rows<Meeting>(
    db,
    `${FIND} where ${scope.sql} and m.id <> :id and m.state in ('draft', 'scheduled') and m.ends_at > :now
        and m.starts_at > cast(:from as timestamptz) - interval '12 hours' and m.starts_at < cast(:to as timestamptz) + interval '12 hours'
        and exists (select 1 from meeting_rooms x where x.meeting_id = m.id)
      order by m.starts_at >= :to or m.ends_at <= :from, abs(extract(epoch from m.starts_at - cast(:from as timestamptz))), m.id limit 60`,
    { ...scope.bindings, id: meeting.id, from: meeting.starts_at, to: meeting.ends_at, now },
  );
}

/** A meeting in a list. */
export interface MeetingLine {
  id: number;
  title: string;
  state: MeetingState;
  number: number | null;
  series_id: number | null;
  series_name: string | null;
  starts_at: Date;
  ends_at: Date;
  is_private: boolean;
  link: string | null;
  place: string | null;
  announced_at: Date | null;
  organiser: Brief;
  rooms: RoomOf[];
  /** What is carried into them; of a cancelled meeting, what it had. */
  equipment: EquipmentOf[];
  participant_count: number;
  /** The viewer is organiser, leader, participant, or typed it. */
  is_mine: boolean;
  role: ParticipantRole | null;
  participant_id: number | null;
  invited_at: Date | null;
  reply: ReplyStatus | null;
  /** Nobody came to a room of it that wants a check-in. */
  is_no_show: boolean;
}

/** The last reply of a participant `vp` that still counts for the present time of the meeting `m`. */
const OWN_REPLY = `(select r.status from replies r where r.participant_id = vp.id and r.sequence >= m.time_sequence order by r.id desc limit 1)`;

const LINE = `
  select m.id, m.title, m.state, m.number, m.series_id, s.name as series_name, m.starts_at, m.ends_at, m.is_private, m.link, m.place,
         m.announced_at, ${brief('po')} as organiser, ${ROOMS} as rooms,
         (select count(*) from participants n where n.meeting_id = m.id and n.removed_at is null) as participant_count,
         (m.organiser_id = :viewer_id or coalesce(m.booked_for_id = :viewer_id, false) or m.created_by = :viewer_id or vp.id is not null) as is_mine,
         vp.role, vp.id as participant_id, vp.invited_at, ${OWN_REPLY} as reply, ${IS_NO_SHOW} as is_no_show`;
const LINE_JOINS = `
    join persons po on po.id = m.organiser_id
    left join series s on s.id = m.series_id
    left join participants vp on vp.meeting_id = m.id and vp.person_id = :viewer_id and vp.removed_at is null`;

/** Longest a meeting may last: lists look so far back for what still runs. */
export const MAX_DAYS = 7;

export interface MeetingFilter {
  whose: 'mine' | 'all';
  when: 'coming' | 'past';
  state?: MeetingState | undefined;
  seriesId?: number | undefined;
  unitId?: number | undefined;
  text?: string | undefined;
  /** The last line of the page before. */
  after?: { at: Date; id: number } | undefined;
}

/** Whose a meeting `m` is, by each of the ways; every one has an index of its own. */
const OWN = [
  'm.organiser_id = :viewer_id',
  'm.booked_for_id = :viewer_id',
  'm.created_by = :viewer_id',
] as const;

/** SQL: a page of the ids of those one takes part in, read by the time that stands beside the person (1040_absences.sql): not through everybody's. */
function pageOfParticipant(isPast: boolean, isNext: boolean, where: string): string {
  const [before, first] = isPast
    ? ['<=', 'p.meets_from < :now']
    : ['>=', `p.meets_from > cast(:now as timestamptz) - interval '${MAX_DAYS} days'`];
  const time = isNext ? `p.meets_from ${before} :after_at` : first;
  const order = isPast ? 'desc' : 'asc';
  return `select m.id from participants p join meetings m on m.id = p.meeting_id
           where p.person_id = :viewer_id and p.removed_at is null and ${time} and ${where} order by p.meets_from ${order}, m.id ${order} limit :limit`;
}

/** Where a text is looked for: among the next few thousand meetings by time, or among all that have it by the index of titles. */
const SEARCHED = {
  near: (isPast: boolean) => {
    const [after, far, order] = isPast ? ['<', '-infinity', 'desc'] : ['>', 'infinity', 'asc'];
    const last = `select x.starts_at from meetings x where x.starts_at ${after} coalesce(cast(:after_at as timestamptz), :now) order by x.starts_at ${order} offset 3000 limit 1`;
    return `m.starts_at ${isPast ? '>=' : '<='} coalesce((${last}), '${far}')`;
  },
  indexed: () =>
    'm.id = any(array(select x.id from meetings x where title_pairs(x.title) @> title_pairs(:text)))',
} as const;

/** Meetings by time, one page and one more line (so that the caller knows whether there is another page). */
export async function listMeetings(
  db: Db,
  viewer: Who,
  filter: MeetingFilter,
  now: Date,
  limit = 50,
): Promise<MeetingLine[]> {
  if (filter.whose === 'mine' || !filter.text || filter.text.length < 2)
    return readMeetings(db, viewer, filter, now, limit);
  // What many meetings are called fills a page from the near ones, what few are called is found by the index: neither reads all.
  const near = await readMeetings(db, viewer, filter, now, limit, 'near');
  return near.length > limit ? near : readMeetings(db, viewer, filter, now, limit, 'indexed');
}

function readMeetings(
  db: Db,
  viewer: Who,
  filter: MeetingFilter,
  now: Date,
  limit: number,
  searched?: keyof typeof SEARCHED,
): Promise<MeetingLine[]> {
  const scope = visibleMeetings(viewer);
  const past = filter.when === 'past';
  const wanted = [
    past
      ? `m.ends_at <= :now and m.starts_at < :now`
      : `m.ends_at > :now and m.starts_at > cast(:now as timestamptz) - interval '${MAX_DAYS} days'`,
  ];
  if (filter.state) wanted.push('m.state = :state');
  if (filter.seriesId) wanted.push('m.series_id = :series');
  if (filter.unitId) wanted.push('m.organiser_id in (select id from persons where unit_id = :unit)');
  if (filter.text) wanted.push('m.title ilike :pattern');
  if (searched) wanted.push(SEARCHED[searched](past));
  if (filter.after)
    wanted.push(
      past ? `(m.starts_at, m.id) < (:after_at, :after_id)` : `(m.starts_at, m.id) > (:after_at, :after_id)`,
    );
  const where = wanted.join(' and ');
  const order = past ? 'desc' : 'asc';
  const first = `order by m.starts_at ${order}, m.id ${order} limit :limit`;
  // One's own are a page of each way, put together: neither a full calendar of others nor one of one's own costs anything.
  const own = [
    ...OWN.map((is) => `(select m.id from meetings m where ${is} and ${where} ${first})`),
    `(${pageOfParticipant(past, filter.after !== undefined, where)})`,
  ];
  const page = filter.whose === 'mine' ? `m.id in (${own.join(' union all ')})` : `${scope.sql} and ${where}`;
  return rows<MeetingLine>(
    db,
    `${LINE} from (select m.* from meetings m where ${page} ${first}) m ${LINE_JOINS} order by m.starts_at ${order}, m.id ${order}`,
    {
      ...scope.bindings,
      now,
      limit: limit + 1,
      state: filter.state,
      series: filter.seriesId,
      unit: filter.unitId,
      text: filter.text,
      pattern: filter.text ? likePattern(filter.text) : undefined,
      after_at: filter.after?.at ?? null,
      after_id: filter.after?.id,
    },
  );
}

/** Every meeting the viewer may know of that touches [from, to), by time. */
export function listMeetingsOnDay(
  db: Db,
  viewer: Who,
  from: Date,
  to: Date,
  options: { mine?: boolean } = {},
): Promise<MeetingLine[]> {
  const scope = visibleMeetings(viewer);
  return rows<MeetingLine>(
    db,
    `${LINE} from meetings m ${LINE_JOINS}
      where ${scope.sql} and m.starts_at < :until and m.starts_at > cast(:since as timestamptz) - interval '${MAX_DAYS} days' and m.ends_at > :since
        ${options.mine ? `and (${OWN.join(' or ')} or vp.id is not null)` : ''}
      order by m.starts_at, m.id`,
    { ...scope.bindings, since: from, until: to },
  );
}

/** The viewer's own meetings of a day that still stand, for Today. */
export async function listMeetingsFor(db: Db, viewer: Who, from: Date, to: Date): Promise<MeetingLine[]> {
  return (await listMeetingsOnDay(db, viewer, from, to, { mine: true })).filter(
    ({ state }) => state !== 'cancelled',
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

/** Who takes part, chair first; those removed are not among them. For callers that have checked `maySeeReplies`. */
export function listParticipants(db: Db, meetingId: number): Promise<Participant[]> {
  return rows<Participant>(
    db,
    `select pt.id, pt.person_id, p.name, p.name_en, p.email, p.position, p.lang, p.is_guest, p.affiliation,
            u.name_en as unit_en, u.name_zh as unit_zh, pt.role, pt.invited_at, pt.is_walk_in,
            case when op.id is null then null else ${brief('op')} end as instead_of,
            r.status as reply, r.note as reply_note, r.at as replied_at,
            (r.status is null and exists (select 1 from replies x where x.participant_id = pt.id)) as has_stale_reply,
            a.status as attendance, a.arrived_at, a.left_at
       from participants pt
       join meetings m on m.id = pt.meeting_id
       join persons p on p.id = pt.person_id
       left join units u on u.id = p.unit_id
       left join participants o on o.id = pt.instead_of_id
       left join persons op on op.id = o.person_id
       left join lateral (select status, note, at from replies r where r.participant_id = pt.id and r.sequence >= m.time_sequence order by r.id desc limit 1) r on true
       left join attendances a on a.participant_id = pt.id
      where pt.meeting_id = :meeting and pt.removed_at is null
      order by array_position(array['chair','secretary','required','optional','in_attendance','informed'], pt.role),
               p.is_guest, u.code nulls last, pt.id`,
    { meeting: meetingId },
  );
}

/** Active persons of a unit and of the units below it, for "invite a whole unit". */
export async function listUnitMembers(db: Db, unitId: number): Promise<number[]> {
  const found = await rows<{ id: number }>(
    db,
    `with recursive below as (
       select id from units where id = :unit and is_active union all select u.id from units u join below b on u.parent_id = b.id where u.is_active
     ) select p.id from persons p where p.unit_id in (select id from below) and p.deactivated_at is null and not p.is_guest order by p.id limit 500`,
    { unit: unitId },
  );
  return found.map(({ id }) => id);
}
