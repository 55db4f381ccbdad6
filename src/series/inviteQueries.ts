import { row, rows, type Db } from '../lib/db/db.js';

/** What is still to be told of the coming dates of a series. */
export interface FreshDates {
  /** Dates that can be announced. */
  dates: number;
  /** Of them, those that follow no rule. */
  single: number;
  people: number;
  /** Whether anybody is named on any coming date. */
  has_people: boolean;
  /** Dates without a place or a chair; at most ten. */
  unready: { id: number; starts_at: Date }[];
  unready_count: number;
}

/** SQL conditions on a meeting `m`: people know where to go, somebody chairs it, and somebody on it is not invited yet. */
export const HAS_PLACE = `(m.place is not null or m.link is not null or exists (select 1 from meeting_rooms r where r.meeting_id = m.id))`;
export const HAS_CHAIR = `exists (select 1 from participants c where c.meeting_id = m.id and c.role = 'chair' and c.removed_at is null)`;
export const IS_FRESH = `exists (select 1 from participants pt where pt.meeting_id = m.id and pt.removed_at is null and pt.invited_at is null)`;

const FRESH = `
  with coming as (
    select m.id, m.starts_at, m.recurrence_id, ${HAS_PLACE} and ${HAS_CHAIR} as is_ready, ${IS_FRESH} as is_fresh
      from meetings m where m.series_id = :series and m.ends_at > :now and m.state in ('draft', 'scheduled')
  )`;

/** For who keeps the series: to how many dates people are not invited yet, and what keeps others from being announced. */
export async function findFreshDates(db: Db, seriesId: number, now: Date): Promise<FreshDates> {
  const [counts, unready] = await Promise.all([
    row<Omit<FreshDates, 'unready'>>(
      db,
      `${FRESH}
       select count(*) filter (where is_fresh and is_ready) as dates, count(*) filter (where is_fresh and is_ready and recurrence_id is null) as single,
              count(*) filter (where is_fresh and not is_ready) as unready_count,
              (select count(distinct pt.person_id) from coming f join participants pt on pt.meeting_id = f.id and pt.removed_at is null and pt.invited_at is null where f.is_ready) as people,
              coalesce(bool_or(exists (select 1 from participants pt where pt.meeting_id = coming.id and pt.removed_at is null)), false) as has_people
         from coming`,
      { series: seriesId, now },
    ),
    rows<FreshDates['unready'][number]>(
      db,
      `${FRESH} select id, starts_at from coming where is_fresh and not is_ready order by starts_at, id limit 10`,
      { series: seriesId, now },
    ),
  ]);
  return { dates: 0, single: 0, people: 0, has_people: false, unready_count: 0, ...counts, unready };
}
