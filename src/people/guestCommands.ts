import { recordAll, type Actor } from '../lib/audit/record.js';
import { rows, type Db } from '../lib/db/db.js';

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
  if (guests.length === 0) return [];
  const made = await rows<{ id: number }>(
    trx,
    `insert into persons (name, email, is_guest, lang, zone)
     select w.name, w.email, true, o.lang, o.zone
       from jsonb_to_recordset(cast(:list as jsonb)) as w (name text, email text) cross join organisations o
      order by w.email
     on conflict (email) where email is not null do nothing returning id`,
    // Written twice, an address goes by the name that was written first.
    { list: JSON.stringify([...new Map(guests.toReversed().map((guest) => [guest.email, guest])).values()]) },
  );
  await recordAll(
    trx,
    by,
    made.map(({ id }) => ({ action: 'person.create', noun: 'persons', id, after: { is_guest: true } })),
  );
  // A person whom somebody else made meanwhile is found by a statement of its own.
  const known = await rows<{ id: number; email: string }>(
    trx,
    `select id, email from persons where email = any(:emails) and deactivated_at is null`,
    { emails: guests.map(({ email }) => email) },
  );
  const ids = new Map(known.map(({ id, email }) => [email, id]));
  return guests.map(({ email }) => ids.get(email) ?? null);
}
