import { row, rows, type Db } from '../lib/db/db.js';

export interface UnitRow {
  id: number;
  code: string;
  name_en: string;
  name_zh: string;
  parent_id: number | null;
  head_id: number | null;
  head_name: string | null;
  head_name_en: string | null;
  is_active: boolean;
  version: number;
  depth: number;
  /** Active people of this very unit, without those below. */
  people: number;
}

/** The whole tree, each unit below its parent; with `inactive` also those that are no more. */
export function listUnits(db: Db, options: { inactive?: boolean } = {}): Promise<UnitRow[]> {
  return rows<UnitRow>(
    db,
    `with recursive tree as (
       select u.id, 0 as depth, array[u.code] as way from units u where u.parent_id is null
       union all
       select u.id, t.depth + 1, t.way || u.code from units u join tree t on t.id = u.parent_id
     )
     select u.id, u.code, u.name_en, u.name_zh, u.parent_id, u.head_id, u.is_active, u.version, t.depth,
            h.name as head_name, h.name_en as head_name_en, coalesce(c.people, 0)::int as people
       from tree t join units u on u.id = t.id
       left join persons h on h.id = u.head_id
       left join (select unit_id, count(*) as people
                    from persons
                    where deactivated_at is null and not is_guest
                    group by unit_id) c on c.unit_id = u.id
      where u.is_active or :inactive
      order by t.way`,
    { inactive: options.inactive ?? false },
  );
}

export function findUnit(db: Db, id: number): Promise<UnitRow | undefined> {
  return row<UnitRow>(
    db,
    `select u.id, u.code, u.name_en, u.name_zh, u.parent_id, u.head_id, u.is_active, u.version, 0 as depth,
            h.name as head_name, h.name_en as head_name_en,
            (select count(*)::int
               from persons p
               where p.unit_id = u.id and p.deactivated_at is null and not p.is_guest) as people
       from units u left join persons h on h.id = u.head_id where u.id = :id`,
    { id },
  );
}

/** A unit and every unit below it: what can't become its parent. */
export async function listUnitAndBelow(db: Db, id: number): Promise<Set<number>> {
  const found = await rows<{ id: number }>(
    db,
    `with recursive below as (select id
                                from units
                                where id = :id
                              union
                              select u.id
                                from units u
                                join below b on u.parent_id = b.id)
     select id from below`,
    { id },
  );
  return new Set(found.map((unit) => unit.id));
}
