import { change, type Db } from '../db/db.js';

/**
 * Removes address, name and content from all messages to a person; that a message went out, when and about
 * what stays.
 */
export async function forgetAddress(trx: Db, personId: number): Promise<void> {
  await change(
    trx,
    `update deliveries set to_address = 'erased@erased.invalid', to_name = '', content = null, subject = null,
            state = case when state = 'waiting' then 'superseded' else state end,
            finished_at = case when state = 'waiting' then now() else finished_at end
      where person_id = :person and state <> 'sending'`,
    { person: personId },
  );
}
