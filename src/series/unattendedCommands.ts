import { type Actor, record } from '../lib/audit/record.js';
import { type Db, inTransaction, change } from '../lib/db/db.js';

/** "It goes on": the question is answered, and counts again from here. */
export function keepUnattended(db: Db, by: Actor, seriesId: number, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    const kept = await change(
      trx,
      `update series
          set absent_kept_at = :now
        where id = :id and ended_on is null
          and absent_asked_at > coalesce(absent_kept_at, '-infinity')`,
      { id: seriesId, now },
    );
    if (kept) await record(trx, by, { action: 'series.keep', noun: 'series', id: seriesId });
  });
}
