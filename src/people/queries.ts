import { likePattern, row, rows, type Db } from '../lib/db/db.js';
import { isSecretary, type Viewer } from '../lib/http/policy.js';
import { isInForce } from './deputyQueries.js';
import { mayListGuests } from './policy.js';

/**
 * A person as lists and pickers show one; `unit_en`, `unit_zh` are
 * null without a unit, `affiliation` is a guest's.
 */
export interface PersonOption {
  id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  position: string | null;
  is_guest: boolean;
  affiliation: string | null;
  unit_en: string | null;
  unit_zh: string | null;
}

const OPTION = `p.id, p.name, p.name_en, p.email, p.position, p.is_guest, p.affiliation,
  u.name_en as unit_en, u.name_zh as unit_zh`;
const IS_ACTIVE = `p.deactivated_at is null`;
const HAS_LEFT = `p.deactivated_at is not null and p.erased_at is null`;

/**
 * Persons for a picker, by any part of the name, of the Latin name (also without spaces or as initials) or
 * e-mail. A guest is found by everybody who knows the exact address, by secretaries also by name.
 */
export function findPersons(
  db: Db,
  viewer: Pick<Viewer, 'role'>,
  q: string,
  limit = 20,
): Promise<PersonOption[]> {
  const sought = q.normalize('NFKC').trim().toLowerCase();
  if (!sought) return Promise.resolve([]);
  return rows<PersonOption>(
    db,
    `select ${OPTION}
       from persons p left join units u on u.id = p.unit_id
      where p.deactivated_at is null and p.search_text like :pattern
        and (not p.is_guest or :guests or p.email = :asked)
      order by p.is_guest, p.sort_name not like :start and lower(p.name) not like :start, p.sort_name, p.id
      limit :limit`,
    {
      pattern: likePattern(sought),
      start: likePattern(sought).slice(1),
      asked: sought,
      guests: mayListGuests(viewer),
      limit,
    },
  );
}

/**
 * Of some ids those that are active persons: ids from a form are checked with this before they are stored.
 */
export async function keepActive(db: Db, ids: number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const found = await rows<{ id: number }>(
    db,
    `select id from persons where id = any(:ids) and deactivated_at is null`,
    { ids },
  );
  return new Set(found.map(({ id }) => id));
}

export type Resolved =
  | { ok: true; person: PersonOption }
  | { ok: false; reason: 'nobody'; text: string }
  | { ok: false; reason: 'several'; text: string; persons: PersonOption[] };

/**
 * Who is meant by a text typed into a picker: "Zhang Wei <zhang.wei@example.org>", "张伟 #17", an address, or
 * a name that only one active person has. The answers stand in the order of the texts; one query for all.
 * Among the inactive it finds who has left: to say so, never to choose them.
 */
export async function resolvePersons(
  db: Db,
  texts: string[],
  among: 'active' | 'inactive' = 'active',
): Promise<Resolved[]> {
  const sought = texts.map((text) => {
    const plain = text.normalize('NFKC').trim();
    const email =
      /<([^<>\s]+@[^<>\s]+)>$/.exec(plain)?.[1] ?? (/^[^\s<>]+@[^\s<>]+$/.test(plain) ? plain : null);
    const id = /#([1-9]\d{0,14})$/.exec(plain)?.[1];
    return {
      text,
      email: email?.toLowerCase() ?? null,
      id: id ? Number(id) : null,
      name: plain.toLowerCase(),
    };
  });
  if (sought.length === 0) return [];
  const found = await rows<PersonOption>(
    db,
    `select ${OPTION}
       from persons p left join units u on u.id = p.unit_id
      where ${among === 'active' ? IS_ACTIVE : HAS_LEFT}
        and (
          p.id = any(:ids)
          or p.email = any(:emails)
          or lower(p.name) = any(:names)
          or (p.sort_name = any(:names))
        )
      order by p.sort_name, p.id`,
    {
      ids: sought.flatMap(({ id }) => id ?? []),
      emails: sought.flatMap(({ email }) => email ?? []),
      names: sought.map(({ name }) => name),
    },
  );
  return sought.map(({ text, email, id, name }) => {
    const isMeant = (person: PersonOption) => {
      if (id) return person.id === id;
      if (email) return person.email === email;
      return person.name.toLowerCase() === name || person.name_en?.toLowerCase() === name;
    };
    const meant = found.filter(isMeant);
    const [person] = meant;
    if (person && meant.length === 1) return { ok: true, person };
    return person
      ? { ok: false, reason: 'several', text, persons: meant }
      : { ok: false, reason: 'nobody', text };
  });
}

/** What a picker's field holds for a person, and what `resolvePersons` reads back. */
export function personText(person: Pick<PersonOption, 'id' | 'email'>, shown: string): string {
  return person.email ? `${shown} <${person.email}>` : `${shown} #${person.id}`;
}

/**
 * May the viewer act in this person's name: oneself, every secretary,
 * or a deputy in the days of the deputyship.
 */
export async function mayActFor(
  db: Db,
  viewer: Pick<Viewer, 'id' | 'role'>,
  personId: number,
): Promise<boolean> {
  if (viewer.id === personId || isSecretary(viewer)) return true;
  return (await listPrincipals(db, viewer.id)).some(({ id }) => id === personId);
}

/**
 * The persons whose deputy somebody is today, for "on behalf of".
 * Today is the day in the organisation's zone.
 */
export function listPrincipals(db: Db, deputyId: number): Promise<PersonOption[]> {
  return rows<PersonOption>(
    db,
    `select ${OPTION}
       from deputies d
       join persons p on p.id = d.person_id and p.deactivated_at is null
       left join units u on u.id = p.unit_id
      where d.deputy_id = :deputy and ${isInForce('d')}
      order by p.sort_name, p.id`,
    { deputy: deputyId },
  );
}

export interface UnitOption {
  id: number;
  code: string;
  name_en: string;
  name_zh: string;
  parent_id: number | null;
  /** 0 for a unit at the top. */
  depth: number;
}

/** Active units as a tree, each below its parent, brothers by code. */
export function listUnitOptions(db: Db): Promise<UnitOption[]> {
  return rows<UnitOption>(
    db,
    `with recursive tree as (
       select id, code, name_en, name_zh, parent_id, 0 as depth, array[code] as way
         from units
         where parent_id is null and is_active
       union all
       select u.id, u.code, u.name_en, u.name_zh, u.parent_id, t.depth + 1, t.way || u.code
         from units u join tree t on t.id = u.parent_id where u.is_active
     )
     select id, code, name_en, name_zh, parent_id, depth from tree order by way`,
  );
}

/** One person as a picker shows one, also when deactivated. */
export function findPersonOption(db: Db, id: number): Promise<PersonOption | undefined> {
  return row<PersonOption>(
    db,
    `select ${OPTION} from persons p left join units u on u.id = p.unit_id where p.id = :id`,
    { id },
  );
}
