import { change, inTransaction, type Db } from '../lib/db/db.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { listUnasked } from './renewalQueries.js';

/** Asks the organisers of ending standing meetings how they go on, once for each rule. @returns how many were asked */
export function askRenewals(db: Db, now: Date): Promise<number> {
  return inTransaction(db, async (trx) => {
    const ending = await listUnasked(trx, now);
    if (ending.length === 0) return 0;
    await change(trx, `update recurrences set renewal_asked_at = :now where id = any(:ids)`, {
      now,
      ids: ending.map(({ recurrence_id }) => recurrence_id),
    });
    await queueDeliveries(
      trx,
      ending.map((series) => ({
        kind: 'meetings.renewal',
        object: `series:${series.id}:renewal`,
        personId: series.organiser_id,
        revision: series.recurrence_id,
        payload: { seriesId: series.id },
        usefulUntil: series.last_at,
        isRestricted: series.is_private,
      })),
    );
    return ending.length;
  });
}
