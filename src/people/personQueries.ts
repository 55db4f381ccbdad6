import { row, rows, type Db } from '../lib/db/db.js';

export interface AccountState {
  has_password: boolean;
  must_change_password: boolean;
  /** Last request of any session that is still known. */
  last_seen_at: Date | null;
  /** An invitation or link that was not used yet and still works. */
  link_expires_at: Date | null;
}

/** What an administrator needs to know about somebody's way in. */
export async function findAccountState(db: Db, personId: number): Promise<AccountState> {
  const found = await row<AccountState>(
    db,
    `select a.password_hash is not null as has_password,
            coalesce(a.must_change_password, false) as must_change_password,
            (select max(last_seen_at) from sessions s where s.person_id = p.id) as last_seen_at,
            (select max(expires_at)
               from one_time_tokens t
               where t.person_id = p.id and t.used_at is null and t.expires_at > now()) as link_expires_at
       from persons p left join accounts a on a.person_id = p.id where p.id = :id`,
    { id: personId },
  );
  return (
    found ?? { has_password: false, must_change_password: false, last_seen_at: null, link_expires_at: null }
  );
}

export interface HeadOf {
  id: number;
  name_en: string;
  name_zh: string;
}

/** Units somebody is the head of. */
export function listHeadOf(db: Db, personId: number): Promise<HeadOf[]> {
  return rows<HeadOf>(
    db,
    `select id, name_en, name_zh from units where head_id = :id and is_active order by code`,
    { id: personId },
  );
}
