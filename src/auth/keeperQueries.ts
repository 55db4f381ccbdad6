import type { Actor } from '../lib/audit/record.js';
import { type Db, row } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';

/**
 * @throws Forbidden unless the acting person keeps rooms; asked in the transaction, whatever the route said
 */
export async function requireKeeper(trx: Db, by: Actor): Promise<void> {
  const keeper = await row(
    trx,
    `select 1
       from persons
       where id = :by and role in ('secretary', 'administrator') and deactivated_at is null`,
    { by: by.id },
  );
  if (!keeper) throw new Forbidden();
}
