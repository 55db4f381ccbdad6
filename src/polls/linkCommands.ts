import type { Config } from '../config.js';
import { change, row, type Db } from '../lib/db/db.js';
import { hashOfToken, pollToken } from './link.js';

/**
 * The link of somebody who is asked, for the mail that is being made: a guest's personal one, for everybody
 * with an account the page itself. Another address, or another SECRET_KEY, makes earlier links void.
 */
export async function linkFor(
  db: Db,
  config: Pick<Config, 'secretKey' | 'publicUrl'>,
  pollId: number,
  personId: number,
): Promise<string> {
  const found = await row<{
    id: number;
    has_account: boolean;
    email: string | null;
    generation: number | null;
    token_hash: Buffer | null;
    to_address: string | null;
  }>(
    db,
    `select x.id, p.email, l.generation, l.token_hash, l.to_address,
            exists (select 1 from accounts a where a.person_id = x.person_id) as has_account
       from poll_people x
       join persons p on p.id = x.person_id
       left join poll_links l on l.poll_person_id = x.id
      where x.poll_id = :poll and x.person_id = :person`,
    { poll: pollId, person: personId },
  );
  if (!found || found.has_account || !found.email) return `${config.publicUrl}/polls/${pollId}`;
  const held = found.generation ?? 0;
  const isValid =
    held > 0 &&
    found.to_address === found.email &&
    found.token_hash?.equals(hashOfToken(pollToken(config, found.id, held)));
  const generation = isValid ? held : held + 1;
  const token = pollToken(config, found.id, generation);
  if (!isValid) {
    await change(
      db,
      `insert into poll_links (poll_person_id, generation, token_hash, to_address)
       values (:id, :generation, :hash, :email)
       on conflict (poll_person_id)
       do update set generation = excluded.generation,
                     token_hash = excluded.token_hash,
                     to_address = excluded.to_address
           where poll_links.generation < excluded.generation`,
      { id: found.id, generation, hash: hashOfToken(token), email: found.email },
    );
  }
  return `${config.publicUrl}/p/${token}`;
}
