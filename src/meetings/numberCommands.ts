import { change, rows, type Db } from '../lib/db/db.js';

/**
 * Numbers the meetings of a series in order of time. A number that was sent out, or whose time has come, stays for good; the
 * ones after it that nobody has been told of move up or down, so that a date called off early leaves no gap and an added one
 * stands in its place. The caller has locked the series.
 */
export async function numberSeries(trx: Db, seriesId: number): Promise<void> {
  await change(
    trx,
    `update meetings set number = null
      where series_id = :series and number is not null and announced_at is null and starts_at > now() and state in ('draft', 'cancelled')`,
    { series: seriesId },
  );
  await change(
    trx,
    `with free as (
       select id, row_number() over (order by starts_at, id) as place
         from meetings where series_id = :series and state = 'draft' and announced_at is null and starts_at > now()
     ), base as (
       select greatest((select next_number from series where id = :series),
                       coalesce((select max(number) + 1 from meetings where series_id = :series), 1)) as first
     )
     update meetings m set number = base.first + free.place - 1 from free, base where m.id = free.id`,
    { series: seriesId },
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
