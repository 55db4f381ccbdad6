import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';

export interface HolidayCalendar {
  id: number;
  name_en: string;
  name_zh: string;
  is_default: boolean;
  version: number;
  /** Rooms that name it; those of the office's calendar don't. */
  room_count: number;
  /** First and last year with a day in it. */
  first_year: number | null;
  last_year: number | null;
}

const CALENDAR = `
  select c.id, c.name_en, c.name_zh, c.is_default, c.version,
         (select count(*) from rooms r where r.calendar_id = c.id and r.status <> 'retired') as room_count,
         (select extract(year from min(on_day))::int
            from holidays d
            where d.calendar_id = c.id) as first_year,
         (select extract(year from max(on_day))::int from holidays d where d.calendar_id = c.id) as last_year
    from holiday_calendars c where c.archived_at is null`;

export function listCalendars(db: Db): Promise<HolidayCalendar[]> {
  return rows<HolidayCalendar>(db, `${CALENDAR} order by not c.is_default, c.id limit 100`);
}

/** @throws NotFound */
export async function findCalendar(db: Db, id: number): Promise<HolidayCalendar> {
  const found = await row<HolidayCalendar>(db, `${CALENDAR} and c.id = :id`, { id });
  if (!found) throw new NotFound();
  return found;
}

export interface Holiday {
  on: string;
  kind: 'holiday' | 'workday';
  as_weekday: number | null;
  name_en: string;
  name_zh: string;
}

/** The days of a calendar from `first` to `last`, in order. */
export function listHolidays(db: Db, calendarId: number, first: string, last: string): Promise<Holiday[]> {
  return rows<Holiday>(
    db,
    `select on_day as "on", kind, as_weekday, name_en, name_zh
       from holidays
       where calendar_id = :calendarId and on_day between :first and :last
       order by on_day`,
    { calendarId, first, last },
  );
}

export interface RoomException {
  on: string;
  opens_at: string | null;
  closes_at: string | null;
  note: string;
}

/** Exceptions of a room from a day on; at most 200. */
export function listExceptions(db: Db, roomId: number, from: string): Promise<RoomException[]> {
  return rows<RoomException>(
    db,
    `select on_day as "on", to_char(opens_at, 'HH24:MI') as opens_at,
            to_char(closes_at, 'HH24:MI') as closes_at, note
       from room_exceptions where room_id = :roomId and on_day >= :from order by on_day limit 200`,
    { roomId, from },
  );
}

/** Which holidays a room keeps. */
export async function findRoomCalendar(
  db: Db,
  roomId: number,
): Promise<{ rule: 'office' | 'own' | 'none'; calendar_id: number | null }> {
  const found = await row<{ rule: 'office' | 'own' | 'none'; calendar_id: number | null }>(
    db,
    `select holiday_rule as rule, calendar_id from rooms where id = :roomId`,
    { roomId },
  );
  if (!found) throw new NotFound();
  return found;
}

export interface HolidayImport {
  id: number;
  calendar_id: number;
  content: string;
  finished_at: Date | null;
  added: number | null;
  changed: number | null;
  left_out: number | null;
}

/** An import of one's own. */
export function findHolidayImport(
  db: Db,
  id: number,
  personId: number,
  options: { lock?: boolean } = {},
): Promise<HolidayImport | undefined> {
  return row<HolidayImport>(
    db,
    `select id, calendar_id, content, finished_at, added, changed, left_out
       from holiday_imports
       where id = :id and created_by = :personId${options.lock ? ' for update' : ''}`,
    { id, personId },
  );
}
