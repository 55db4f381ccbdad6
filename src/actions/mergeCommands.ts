import { change, type Db } from '../lib/db/db.js';

/**
 * Two rows for one guest become one: lead and helper of open actions. What is closed stays as it was
 * recorded.
 */
export async function mergeLeads(trx: Db, keepId: number, dropId: number): Promise<void> {
  const ids = { keep: keepId, drop: dropId };
  await change(
    trx,
    `update actions
     set lead_id = :keep, version = version + 1
     where lead_id = :drop and state not in ('closed', 'cancelled')`,
    ids,
  );
  await change(
    trx,
    `update action_helpers h set person_id = :keep where h.person_id = :drop
        and not exists (select 1
          from action_helpers k
          where k.action_id = h.action_id and k.person_id = :keep)`,
    ids,
  );
  await change(trx, `delete from action_helpers where person_id = :drop`, { drop: dropId });
}
