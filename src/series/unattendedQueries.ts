import { row, rows, type Db } from '../lib/db/db.js';

/** So many dates in a row without anybody are worth a question. */
export const ABSENT_IN_A_ROW = 3;

/** A standing meeting to whose last dates nobody came. */
export interface UnattendedSeries {
  id: number;
  name: string;
  organiser_id: number;
  is_private: boolean;
  asked_at: Date | null;
  /** The dates, the last one first. */
  dates: string[];
}

/** Of these series, those whose organiser was not asked yet. */
export function listUnattended(db: Db, seriesIds: readonly number[], now: Date): Promise<UnattendedSeries[]> {
  return rows<UnattendedSeries>(
    db,
    `${UNATTENDED}
        and s.id = any(:ids)
        and (s.absent_asked_at is null or s.absent_asked_at <= coalesce(s.absent_kept_at, '-infinity'))
      order by s.id`,
    { ids: seriesIds, now },
  );
}

/** Of one organiser, asked and not answered; for Today. */
export function listUnattendedOf(db: Db, personId: number, now: Date): Promise<UnattendedSeries[]> {
  return rows<UnattendedSeries>(
    db,
    `${UNATTENDED}
        and s.organiser_id = :person and s.absent_asked_at > coalesce(s.absent_kept_at, '-infinity')
      order by s.id
      limit 10`,
    { person: personId, now },
  );
}

/** One series, when its organiser was asked and has not answered. */
export function findUnattended(db: Db, seriesId: number, now: Date): Promise<UnattendedSeries | undefined> {
  return row<UnattendedSeries>(
    db,
    `${UNATTENDED} and s.id = :series and s.absent_asked_at > coalesce(s.absent_kept_at, '-infinity')`,
    { series: seriesId, now },
  );
}

/**
 * The last judged dates of each running series that has dates to come; those that were spoken about before
 * count no more.
 */
export const UNATTENDED = `
  select s.id, s.name, s.organiser_id, s.is_private, s.absent_asked_at as asked_at, l.dates
    from series s
   cross join lateral (
     select json_agg(d.starts_at order by d.starts_at desc) as dates,
            bool_and(d.is_absent) as is_absent, count(*) as n
       from (select o.starts_at, bool_and(o.outcome = 'no_show' and o.taken_back_at is null) as is_absent
               from meetings m join check_in_outcomes o on o.meeting_id = m.id and o.starts_at = m.starts_at
              where m.series_id = s.id and m.starts_at > coalesce(s.absent_kept_at, '-infinity')
              group by m.id, o.starts_at order by o.starts_at desc limit ${ABSENT_IN_A_ROW}) d) l
   where s.ended_on is null and l.n = ${ABSENT_IN_A_ROW} and l.is_absent
     and exists (
       select 1
         from meetings m
        where m.series_id = s.id and m.starts_at > :now and m.state in ('draft', 'scheduled'))`;
