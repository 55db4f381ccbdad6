import { rows, type Db } from '../lib/db/db.js';
import type { Hours } from '../hours/openingHours.js';
import type { AbsenceKind } from './forms.js';

/** What holds for everybody who has not said otherwise: Monday to Friday, 9 to 18, in their own zone. */
export const USUAL_HOURS: readonly Hours[] = [1, 2, 3, 4, 5].map((weekday) => ({
  weekday,
  opens_at: '09:00',
  closes_at: '18:00',
}));

export interface Absence {
  id: number;
  kind: AbsenceKind;
  starts_at: Date;
  ends_at: Date;
  is_all_day: boolean;
  note: string | null;
  created_by: number;
  creator_name: string;
  creator_name_en: string | null;
}

/** Absences that are not over, for whoever may act for this person: the notes are in it. */
export function listAbsences(db: Db, personId: number, now: Date): Promise<Absence[]> {
  return rows<Absence>(
    db,
    `select a.id, a.kind, a.starts_at, a.ends_at, a.is_all_day, a.note, a.created_by,
            p.name as creator_name, p.name_en as creator_name_en
       from absences a join persons p on p.id = a.created_by
      where a.person_id = :person and a.ends_at > :now
      order by a.starts_at, a.id
      limit 200`,
    { person: personId, now },
  );
}

/** Working hours as they were set; none: the usual ones. */
export function listWorkingHours(db: Db, personId: number): Promise<Hours[]> {
  return rows<Hours>(
    db,
    `select weekday, to_char(starts_at, 'HH24:MI') as opens_at, to_char(ends_at, 'HH24:MI') as closes_at
       from working_hours
      where person_id = :person
      order by weekday`,
    { person: personId },
  );
}

/** The zone in which a person lives. */
export async function findZone(db: Db, personId: number): Promise<string | undefined> {
  const [found] = await rows<{ zone: string }>(db, `select zone from persons where id = :person`, {
    person: personId,
  });
  return found?.zone;
}
