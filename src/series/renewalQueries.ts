import { row, rows, type Db } from '../lib/db/db.js';

/** How a standing meeting went in the last twelve months. */
export interface SeriesFacts {
  held: number;
  cancelled: number;
  /** Means over the meetings whose attendance was recorded; null when there is none. */
  present: number | null;
  apologies: number | null;
  invited: number | null;
}

export async function findSeriesFacts(db: Db, seriesId: number, now: Date): Promise<SeriesFacts> {
  const found = await row<SeriesFacts>(
    db,
    `select count(*) filter (where m.state = 'ended') as held, count(*) filter (where m.state = 'cancelled') as cancelled,
            cast(avg(x.present) filter (where x.recorded > 0) as float8) as present, cast(avg(x.apologies) filter (where x.recorded > 0) as float8) as apologies,
            cast(avg(x.invited) filter (where x.recorded > 0) as float8) as invited
       from meetings m
       left join lateral (
         select count(*) filter (where pt.removed_at is null and pt.role <> 'informed' and not pt.is_walk_in) as invited, count(a.participant_id) as recorded,
                count(*) filter (where a.status = 'present' and not pt.is_walk_in) as present, count(*) filter (where a.status = 'apologies') as apologies
           from participants pt left join attendances a on a.participant_id = pt.id where pt.meeting_id = m.id) x on m.state = 'ended'
      where m.series_id = :series and m.starts_at <= :now and m.starts_at > cast(:now as timestamptz) - interval '1 year'`,
    { series: seriesId, now },
  );
  return found ?? { held: 0, cancelled: 0, present: null, apologies: null, invited: null };
}

/** Fewer than half of those invited come, over at least three meetings: worth a sentence. */
export function isSeldomAttended({ held, present, invited }: SeriesFacts): boolean {
  return held >= 3 && present !== null && invited !== null && invited > 0 && present < invited / 2;
}

/** A standing meeting whose last planned date is near and that nobody has planned further. */
export interface EndingSeries {
  id: number;
  name: string;
  organiser_id: number;
  is_private: boolean;
  recurrence_id: number;
  last_at: Date;
  zone: string;
}

/** Six weeks before the last date; of a short plan when half of it is over. */
const ENDING = `
  from recurrences r join series s on s.id = r.series_id and s.ended_on is null
  join lateral (select max(m.starts_at) as last_at from meetings m where m.series_id = s.id and m.state in ('draft', 'scheduled', 'in_progress')) l on l.last_at > :now
 where r.until_at > :now and r.until_at <= cast(:now as timestamptz) + interval '42 days' and l.last_at <= cast(:now as timestamptz) + interval '42 days'
   and r.until_at - least(interval '42 days', (r.until_at - cast(r.starts_on as timestamptz)) / 2) <= :now
   and not exists (select 1 from recurrences n where n.series_id = s.id and (n.until_at, n.id) > (r.until_at, r.id))`;

/** Those whose organiser was not asked yet. */
export function listUnasked(db: Db, now: Date): Promise<EndingSeries[]> {
  return rows<EndingSeries>(
    db,
    `select s.id, s.name, s.organiser_id, s.is_private, r.id as recurrence_id, r.zone, l.last_at ${ENDING} and r.renewal_asked_at is null order by s.id limit 500`,
    { now },
  );
}

/** Of one organiser, for Today. */
export function listEndingOf(db: Db, personId: number, now: Date): Promise<EndingSeries[]> {
  return rows<EndingSeries>(
    db,
    `select s.id, s.name, s.organiser_id, s.is_private, r.id as recurrence_id, r.zone, l.last_at ${ENDING} and s.organiser_id = :person order by l.last_at limit 10`,
    { now, person: personId },
  );
}

/** One series, when it is ending. */
export function findEnding(db: Db, seriesId: number, now: Date): Promise<EndingSeries | undefined> {
  return row<EndingSeries>(
    db,
    `select s.id, s.name, s.organiser_id, s.is_private, r.id as recurrence_id, r.zone, l.last_at ${ENDING} and s.id = :series`,
    { now, series: seriesId },
  );
}
