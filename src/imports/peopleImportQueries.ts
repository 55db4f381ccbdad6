import { row, rows, type Db } from '../lib/db/db.js';
import type { Known, KnownPerson } from './peoplePreview.js';

export interface ImportRow {
  id: number;
  content: string;
  finished_at: Date | null;
  added: number | null;
  changed: number | null;
  left_out: number | null;
}

/** An import of one's own. */
export function findImport(
  db: Db,
  id: number,
  personId: number,
  options: { lock?: boolean } = {},
): Promise<ImportRow | undefined> {
  return row<ImportRow>(
    db,
    `select id, content, finished_at, added, changed, left_out
       from person_imports
      where id = :id and created_by = :person${options.lock ? ' for update' : ''}`,
    { id, person: personId },
  );
}

/** The whole directory, to meet the lines of a file with: two queries, however many lines. */
export async function readKnown(db: Db): Promise<Known> {
  const [persons, units] = [
    await rows<KnownPerson>(
      db,
      `select p.id, p.name, p.name_en, p.email, p.phone, p.position, p.unit_id, p.affiliation, p.role,
              p.is_guest, p.lang, p.zone,
              a.person_id is not null as has_account, p.deactivated_at is not null as is_gone
         from persons p left join accounts a on a.person_id = p.id
        where p.erased_at is null and p.merged_into_id is null`,
    ),
    await rows<Known['units'][number]>(
      db,
      `select id, code, name_en, name_zh, is_active from units order by id desc`,
    ),
  ];
  return { persons, units };
}
