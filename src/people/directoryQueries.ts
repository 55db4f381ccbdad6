import { likePattern, row, rows, type Db } from '../lib/db/db.js';
import type { Role } from '../lib/http/policy.js';
import type { Lang } from '../lib/i18n/translate.js';

export interface PersonRow {
  id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  phone: string | null;
  position: string | null;
  unit_id: number | null;
  unit_en: string | null;
  unit_zh: string | null;
  affiliation: string | null;
  role: Role;
  is_guest: boolean;
  lang: Lang;
  zone: string;
  has_account: boolean;
  deactivated_at: Date | null;
  merged_into_id: number | null;
  erased_at: Date | null;
  created_at: Date;
  version: number;
}

const PERSON = `p.id, p.name, p.name_en, p.email, p.phone, p.position, p.unit_id, u.name_en as unit_en,
  u.name_zh as unit_zh, p.affiliation, p.role,
  p.is_guest, p.lang, p.zone, a.password_hash is not null as has_account, p.deactivated_at,
  p.merged_into_id, p.erased_at, p.created_at, p.version`;
const FROM = `persons p left join units u on u.id = p.unit_id left join accounts a on a.person_id = p.id`;

export type Kind = 'staff' | 'guests' | 'inactive';
export interface DirectoryFilter {
  q: string;
  /** Persons of this unit and of all below it. */
  unit: number | null;
  kind: Kind;
  page: number;
}
export const PAGE_SIZE = 50;

/** One page of the directory in the order of the (Latin) name, and how many there are in all. */
export async function listPersons(
  db: Db,
  filter: DirectoryFilter,
): Promise<{ persons: PersonRow[]; total: number }> {
  const found = await rows<PersonRow & { total: number }>(
    db,
    `with recursive below as (
       select id
         from units
         where id = :unit::bigint
       union all
       select u.id
         from units u
         join below b on u.parent_id = b.id
     )
     select ${PERSON}, count(*) over () as total from ${FROM}
      where p.erased_at is null and p.merged_into_id is null
        and (p.deactivated_at is not null) = (:kind::text = 'inactive')
        and (:kind::text = 'inactive' or p.is_guest = (:kind::text = 'guests'))
        and p.search_text like :pattern and (:unit::bigint is null or p.unit_id in (select id from below))
      order by p.sort_name, p.id limit :limit offset :offset`,
    {
      unit: filter.unit,
      kind: filter.kind,
      pattern: likePattern(filter.q.normalize('NFKC').trim().toLowerCase()),
      limit: PAGE_SIZE,
      offset: (filter.page - 1) * PAGE_SIZE,
    },
  );
  return { persons: found, total: found[0]?.total ?? 0 };
}

export function findPerson(db: Db, id: number): Promise<PersonRow | undefined> {
  return row<PersonRow>(db, `select ${PERSON} from ${FROM} where p.id = :id`, { id });
}

/** The row, locked for a change. */
export function lockPerson(trx: Db, id: number): Promise<PersonRow | undefined> {
  return row<PersonRow>(trx, `select ${PERSON} from ${FROM} where p.id = :id for no key update of p`, { id });
}

/** Everybody in the order of the list, for an export; ids of units as their codes. */
export function listAllPersons(
  db: Db,
  options: { guests: boolean },
): Promise<(PersonRow & { unit_code: string | null })[]> {
  return rows(
    db,
    `select ${PERSON}, u.code as unit_code from ${FROM}
      where p.deactivated_at is null and (not p.is_guest or :guests) order by p.is_guest, p.sort_name, p.id`,
    { guests: options.guests },
  );
}

/** Active guests whose name or address resembles somebody's: what a merge is offered for. */
export function listLikelyTwins(
  db: Db,
  person: { id: number; name: string; name_en: string | null },
): Promise<PersonRow[]> {
  return rows<PersonRow>(
    db,
    `select ${PERSON} from ${FROM}
      where p.id <> :id and p.deactivated_at is null and p.is_guest
        and (lower(p.name) = lower(:name) or p.sort_name = lower(coalesce(:name_en::text, :name)))
      order by p.id limit 20`,
    { ...person },
  );
}

/** Is there an active administrator with an account besides this person? */
export async function hasOtherAdministrator(trx: Db, id: number): Promise<boolean> {
  // Locked, so that two administrators who take the role from each other at once meet here.
  const others = await rows(
    trx,
    `select p.id from persons p join accounts a on a.person_id = p.id and a.password_hash is not null
      where p.role = 'administrator' and p.deactivated_at is null order by p.id for no key update of p`,
  );
  return others.some((other) => (other as { id: number }).id !== id);
}
