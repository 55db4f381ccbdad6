import type { Config } from '../config.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { hashOf, replyTokens, type ReplyTokens } from './replyLink.js';

interface Holder {
  id: number;
  email: string;
  generation: number | null;
  token_hash: Buffer | null;
  to_address: string | null;
}

/**
 * The links of all participants of a meeting who have an address. Whoever's address is another one now gets a
 * new generation (what lies in the old mailbox opens nothing any more), and so does everybody when SECRET_KEY
 * was changed.
 */
export async function ensureReplyLinks(
  db: Db,
  config: Pick<Config, 'secretKey'>,
  meetingId: number,
): Promise<Map<number, ReplyTokens>> {
  const holders = await rows<Holder>(
    db,
    `select pt.id, p.email, l.generation, l.token_hash, l.to_address
       from participants pt
       join persons p on p.id = pt.person_id
       left join reply_links l on l.participant_id = pt.id
      where pt.meeting_id = :meeting and p.email is not null`,
    { meeting: meetingId },
  );
  const links = holders.map((holder) => {
    const held = holder.generation ?? 0;
    const isValid =
      held > 0 &&
      holder.to_address === holder.email &&
      holder.token_hash?.equals(hashOf(replyTokens(config, holder.id, held).link));
    const generation = isValid ? held : held + 1;
    return { ...holder, isValid, generation, tokens: replyTokens(config, holder.id, generation) };
  });
  const fresh = links.filter((one) => !one.isValid);
  if (fresh.length > 0) {
    await change(
      db,
      `insert into reply_links (participant_id, generation, token_hash, address_hash, to_address)
       select *
       from unnest(cast(:ids as bigint[]), cast(:generations as integer[]), cast(:links as bytea[]),
         cast(:addresses as bytea[]), cast(:emails as text[]))
       on conflict (participant_id) do update
          set generation = excluded.generation, token_hash = excluded.token_hash,
            address_hash = excluded.address_hash, to_address = excluded.to_address, created_at = now()
        where reply_links.generation < excluded.generation`,
      {
        ids: fresh.map((one) => one.id),
        generations: fresh.map((one) => one.generation),
        links: fresh.map((one) => hashOf(one.tokens.link)),
        addresses: fresh.map((one) => hashOf(one.tokens.address)),
        emails: fresh.map((one) => one.email),
      },
    );
  }
  return new Map(links.map((one) => [one.id, one.tokens]));
}
