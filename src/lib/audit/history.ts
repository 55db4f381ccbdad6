import { rows, type Db } from '../db/db.js';

/** One event of the history of a thing, ready for `tellAction`. */
export interface HistoryRow {
  id: number;
  at: Date;
  action: string;
  note: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  /** Who did it; null for the system. */
  person: { name: string; name_en: string | null } | null;
  /** For whom. */
  behalf: { name: string; name_en: string | null } | null;
}

/** What happened to one row of a table, newest first. The caller has asked whether the viewer may see it. */
export function listHistoryOf(db: Db, noun: string, id: number, limit = 100): Promise<HistoryRow[]> {
  return rows<HistoryRow>(
    db,
    `select e.id, e.at, e.action, e.note, e.before, e.after,
            case when p.id is not null then jsonb_build_object(
              'name', p.name, 'name_en', p.name_en
            ) end as person,
            case when b.id is not null then jsonb_build_object(
              'name', b.name, 'name_en', b.name_en
            ) end as behalf
       from audit_events e
       left join persons p on p.id = e.person_id
       left join persons b on b.id = e.on_behalf_of_id
      where e.noun = :noun and e.noun_id = :id order by e.id desc limit :limit`,
    { noun, id, limit },
  );
}
