import { IS_NO_SHOW } from '../claims/noShowRateQueries.js';
import { likePattern, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import type { SeriesRelation } from '../meetings/policy.js';
import { brief, deputyOf, visibleSeries, type Brief, type RoomOf, type Who } from '../meetings/queries.js';
import type { MeetingState, ParticipantRole } from '../meetings/states.js';

/** A standing meeting 例会 and what the viewer is to it. */
export interface Series {
  id: number;
  name: string;
  organiser_id: number;
  booked_for_id: number | null;
  organiser: Brief;
  booked_for: Brief | null;
  reviewer: Brief | null;
  approver: Brief | null;
  reviewer_id: number | null;
  approver_id: number | null;
  review_gates: 'none' | 'one' | null;
  lang: Lang;
  duration_minutes: number;
  /** Lowest number a meeting of this series may get. */
  next_number: number;
  is_private: boolean;
  ended_on: string | null;
  created_by: number;
  created_at: Date;
  version: number;
  relation: SeriesRelation;
}

const FIND = `
  select s.*, ${brief('po')} as organiser,
         case when pb.id is null then null else ${brief('pb')} end as booked_for,
         case when pr.id is null then null else ${brief('pr')} end as reviewer,
         case when pa.id is null then null else ${brief('pa')} end as approver,
         jsonb_build_object(
           'is_organiser', s.organiser_id = :viewer_id,
           'is_booked_for', coalesce(s.booked_for_id = :viewer_id, false),
           'is_creator', s.created_by = :viewer_id,
           'acts_for', ${deputyOf('s.organiser_id, s.booked_for_id')},
           'member_role', (select role from series_members x
             where x.series_id = s.id and x.person_id = :viewer_id),
           'is_office', exists (select 1 from persons v
             where v.id = :viewer_id and v.role in ('secretary', 'administrator'))
         ) as relation
    from series s
    join persons po on po.id = s.organiser_id
    left join persons pb on pb.id = s.booked_for_id
    left join persons pr on pr.id = s.reviewer_id
    left join persons pa on pa.id = s.approver_id`;

/** One series as this person may see it. @throws NotFound when there is none or it is hidden */
export async function findSeries(db: Db, viewer: Who, id: number): Promise<Series> {
  const scope = visibleSeries(viewer);
  const found = await row<Series>(db, `${FIND} where s.id = :id and ${scope.sql}`, { id, ...scope.bindings });
  if (!found) throw new NotFound();
  return found;
}

/** The same inside a command; the series stays locked. */
export async function lockSeries(trx: Db, by: { id: number | null }, id: number): Promise<Series> {
  await rows(trx, `select 1 from series where id = :id for no key update`, { id });
  return findSeries(trx, { id: by.id ?? -1 }, id);
}

export interface SeriesLine {
  id: number;
  name: string;
  is_private: boolean;
  ended_on: string | null;
  organiser: Brief;
  member_count: number;
  is_mine: boolean;
  next_id: number | null;
  next_at: Date | null;
  next_number_is: number | null;
  /** Of the running recurrence; null for irregular dates only. */
  rule: string | null;
  starts_at_time: string | null;
  zone: string | null;
}

/** Standing meetings by name, running ones first; one page and one line more. */
export function listSeries(
  db: Db,
  viewer: Who,
  filter: {
    text?: string | undefined;
    mine?: boolean;
    after?: { ended: boolean; name: string; id: number } | undefined;
  },
  { now, limit = 50 }: { now: Date; limit?: number },
): Promise<SeriesLine[]> {
  const scope = visibleSeries(viewer);
  const mine = `(s.organiser_id = :viewer_id or coalesce(s.booked_for_id = :viewer_id, false)
    or exists (select 1 from series_members x where x.series_id = s.id and x.person_id = :viewer_id))`;
  const where = [scope.sql];
  if (filter.text) where.push('s.name ilike :pattern');
  if (filter.mine) where.push(mine);
  if (filter.after)
    where.push(`(s.ended_on is not null, lower(s.name), s.id) > (:after_ended, :after_name, :after_id)`);
  return rows<SeriesLine>(
    db,
    `select s.id, s.name, s.is_private, s.ended_on, ${brief('po')} as organiser, ${mine} as is_mine,
            (select count(*) from series_members n where n.series_id = s.id) as member_count,
            nx.id as next_id, nx.starts_at as next_at, nx.number as next_number_is,
            rc.rule, rc.starts_at_time, rc.zone
       from series s join persons po on po.id = s.organiser_id
       left join lateral (select id, starts_at, number from meetings m
                           where m.series_id = s.id and m.state in ('draft', 'scheduled', 'in_progress')
                           and m.ends_at > :now order by m.starts_at limit 1) nx on true
       left join lateral (select rule, to_char(starts_at_time, 'HH24:MI') as starts_at_time, zone
                            from recurrences r
                           where r.series_id = s.id and r.until_at > :now
                           order by r.id desc limit 1) rc on true
      where ${where.join(' and ')}
      order by s.ended_on is not null, lower(s.name), s.id limit :limit`,
    {
      ...scope.bindings,
      now,
      limit: limit + 1,
      pattern: filter.text ? likePattern(filter.text) : undefined,
      after_ended: filter.after?.ended,
      after_name: filter.after?.name.toLowerCase(),
      after_id: filter.after?.id,
    },
  );
}

export interface Member {
  person_id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  position: string | null;
  is_guest: boolean;
  unit_en: string | null;
  unit_zh: string | null;
  role: ParticipantRole;
}

/** Members, chair first; for who may see them (`maySeeMembers`). */
export function listMembers(db: Db, seriesId: number): Promise<Member[]> {
  return rows<Member>(
    db,
    `select sm.person_id, p.name, p.name_en, p.email, p.position, p.is_guest,
            u.name_en as unit_en, u.name_zh as unit_zh, sm.role
       from series_members sm join persons p on p.id = sm.person_id left join units u on u.id = p.unit_id
      where sm.series_id = :series
      order by array_position(
                 array['chair','secretary','required','optional','in_attendance','informed'], sm.role),
               p.is_guest, u.code nulls last, p.id`,
    { series: seriesId },
  );
}

export interface Recurrence {
  id: number;
  rule: string;
  zone: string;
  starts_on: string;
  /** 'HH:MM' in the zone. */
  starts_at_time: string;
  until_at: Date;
}

export function listRecurrences(db: Db, seriesId: number): Promise<Recurrence[]> {
  return rows<Recurrence>(
    db,
    `select id, rule, zone, starts_on, to_char(starts_at_time, 'HH24:MI') as starts_at_time, until_at
       from recurrences where series_id = :series order by id`,
    { series: seriesId },
  );
}

export interface SeriesDate {
  id: number;
  title: string;
  number: number | null;
  state: MeetingState;
  starts_at: Date;
  ends_at: Date;
  announced_at: Date | null;
  cancel_reason: string | null;
  rooms: Pick<RoomOf, 'id' | 'name_en' | 'name_zh'>[];
  /** Nobody came to a room of it that wants a check-in. */
  is_no_show: boolean;
}

/** Dates of a series, coming ones forward or past ones backward in time. */
export function listDates(
  db: Db,
  seriesId: number,
  when: 'coming' | 'past',
  { now, limit = 30 }: { now: Date; limit?: number },
): Promise<SeriesDate[]> {
  const past = when === 'past';
  return rows<SeriesDate>(
    db,
    `select m.id, m.title, m.number, m.state, m.starts_at, m.ends_at, m.announced_at, m.cancel_reason,
            ${IS_NO_SHOW} as is_no_show,
            coalesce((select jsonb_agg(
                               jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh)
                               order by r.id)
                        from meeting_rooms mr join rooms r on r.id = mr.room_id
                       where mr.meeting_id = m.id), '[]'::jsonb) as rooms
       from meetings m where m.series_id = :series and ${past ? 'm.ends_at <= :now' : 'm.ends_at > :now'}
      order by m.starts_at ${past ? 'desc' : 'asc'}, m.id limit :limit`,
    { series: seriesId, now, limit },
  );
}
