import { change, type Db } from '../lib/db/db.js';

/** Two rows for one guest become one: what one presents or proposed, the other does. */
export async function mergePresenters(trx: Db, keepId: number, dropId: number): Promise<void> {
  await change(trx, `update agenda_items set presenter_id = :keep where presenter_id = :drop`, {
    keep: keepId,
    drop: dropId,
  });
  await change(trx, `update agenda_items set proposed_by = :keep where proposed_by = :drop`, {
    keep: keepId,
    drop: dropId,
  });
}
