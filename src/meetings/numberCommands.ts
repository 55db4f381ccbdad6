import { change, rows, type Db } from '../lib/db/db.js';

/**
 * Numbers the meetings of series in order of time. A number that was sent out, or whose time has come, stays
 * for good. Those that nobody has been told of follow after it: a date called off leaves no gap, an added or
 * moved one stands in its place. The caller has locked the series.
 */
export async function numberSeries(trx: Db, series: number | readonly number[]): Promise<void> {
  const ids = [...new Set([series].flat())];
  if (ids.length === 0) return;
  await change(
    trx,
    `update meetings set number = null
      where series_id = any(:ids) and number is not null and announced_at is null
        and starts_at > now() and state in ('draft', 'cancelled')`,
    { ids },
  );
  await change(
    trx,
    `with free as (
       select id, series_id, row_number() over (partition by series_id order by starts_at, id) as place
         from meetings
        where series_id = any(:ids) and state = 'draft' and announced_at is null and starts_at > now()
     ), base as (
       select s.id, greatest(s.next_number, coalesce(
                (select max(number) + 1 from meetings where series_id = s.id), 1)) as first
         from series s where s.id = any(:ids)
     )
     update meetings m set number = base.first + free.place - 1
       from free join base on base.id = free.series_id where m.id = free.id`,
    { ids },
  );
}

/** Locks the series of a meeting, if it has one, before the meeting itself: the order everybody keeps. */
export function lockSeriesOf(trx: Db, meetingId: number): Promise<void> {
  return lockSeriesOfMany(trx, [meetingId]);
}

/** The same for several meetings. */
export async function lockSeriesOfMany(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await rows(
    trx,
    `select 1 from series where id in (select series_id from meetings where id = any(:ids)) order by id
        for no key update`,
    { ids: meetingIds },
  );
}
