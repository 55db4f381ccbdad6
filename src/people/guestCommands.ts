import { record, type Actor } from '../lib/audit/record.js';
import { row, type Db } from '../lib/db/db.js';

export interface NewGuest {
  name: string;
  /** Checked and lower-case. */
  email: string;
}

/**
 * The persons behind some addresses; whoever is not known yet becomes a guest. An address is one person,
 * however often and by how many people at once it is written.
 * @returns ids in the order of `guests`; null for a person who is deactivated, and who stays so
 */
export async function findOrAddGuests(trx: Db, by: Actor, guests: NewGuest[]): Promise<(number | null)[]> {
  const ids: (number | null)[] = [];
  for (const guest of guests) {
    const made = await row<{ id: number }>(
      trx,
      `insert into persons (name, email, is_guest, lang, zone)
       select :name, :email, true, lang, zone from organisations
       on conflict (email) where email is not null do nothing returning id`,
      { name: guest.name, email: guest.email },
    );
    if (made) {
      await record(trx, by, {
        action: 'person.create',
        noun: 'persons',
        id: made.id,
        after: { is_guest: true },
      });
      ids.push(made.id);
      continue;
    }
    const known = await row<{ id: number }>(
      trx,
      `select id from persons where email = :email and deactivated_at is null`,
      { email: guest.email },
    );
    ids.push(known?.id ?? null);
  }
  return ids;
}
