import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Conflict, NotFound } from '../lib/http/errors.js';
import { addDays } from '../lib/time/zone.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import { isLike, previewHolidays, readHolidays } from './holidayPreview.js';
import type { KeptHolidays } from './holidayForms.js';
import {
  findCalendar,
  findHolidayImport,
  listHolidays,
  type Holiday,
  type HolidayImport,
} from './holidayQueries.js';

// Holiday calendars, and which of them a room keeps. Meetings that are booked already keep their rooms: a
// holiday only stands against new bookings. The revision of a calendar grows by trigger.

interface Names {
  name_en: string;
  name_zh: string;
}

export async function createCalendar(trx: Db, by: Actor, input: Names): Promise<{ id: number }> {
  await requireKeeper(trx, by);
  const made = await row<{ id: number }>(
    trx,
    `insert into holiday_calendars (name_en, name_zh) values (:name_en, :name_zh) returning id`,
    { ...input },
  );
  if (!made) throw new NotFound();
  await record(trx, by, { action: 'holidays.create', noun: 'holiday_calendars', id: made.id, after: input });
  return made;
}

/** @returns false when somebody else changed it since the form was opened */
export function renameCalendar(
  db: Db,
  by: Actor,
  { id, version }: { id: number; version: number },
  input: Names,
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const before = await lockCalendar(trx, by, id);
    if (before.version !== version) return false;
    await change(
      trx,
      `update holiday_calendars
         set name_en = :name_en, name_zh = :name_zh, version = version + 1
         where id = :id`,
      { ...input, id },
    );
    await record(trx, by, {
      action: 'holidays.rename',
      noun: 'holiday_calendars',
      id,
      before: { name_en: before.name_en, name_zh: before.name_zh },
      after: input,
    });
    return true;
  });
}

/** Makes it the office's, in place of the one before, or leaves the office without. */
export function setDefaultCalendar(db: Db, by: Actor, id: number, isDefault: boolean): Promise<void> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    await rows(trx, `select 1 from holiday_calendars order by id for no key update`);
    await findCalendar(trx, id);
    await change(
      trx,
      `update holiday_calendars
         set is_default = false, version = version + 1
         where is_default and (id <> :id or not :isDefault)`,
      { id, isDefault },
    );
    if (isDefault)
      await change(
        trx,
        `update holiday_calendars
           set is_default = true, version = version + 1
           where id = :id and not is_default`,
        { id },
      );
    await record(trx, by, {
      action: 'holidays.default',
      noun: 'holiday_calendars',
      id,
      after: { is_default: isDefault },
    });
  });
}

/** Takes a calendar out of use. @throws Conflict while the office or a room keeps it */
export function archiveCalendar(db: Db, by: Actor, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const calendar = await lockCalendar(trx, by, id);
    if (calendar.is_default || calendar.room_count > 0) throw new Conflict('hours.problem.inUse');
    await change(
      trx,
      `update rooms
         set holiday_rule = 'office', calendar_id = null, version = version + 1
         where calendar_id = :id`,
      { id },
    );
    await change(
      trx,
      `update holiday_calendars set archived_at = now(), version = version + 1 where id = :id`,
      { id },
    );
    await record(trx, by, {
      action: 'holidays.archive',
      noun: 'holiday_calendars',
      id,
      before: { name_en: calendar.name_en },
    });
  });
}

/** Writes days, in place of what those days were before. @returns how many are new and how many changed */
export async function saveHolidays(
  trx: Db,
  by: Actor,
  calendarId: number,
  days: readonly Holiday[],
): Promise<{ added: number; changed: number }> {
  await lockCalendar(trx, by, calendarId);
  const all = days.map(({ on }) => on).sort();
  const before = new Map(
    (await listHolidays(trx, calendarId, all[0] ?? '1970-01-01', all.at(-1) ?? '1970-01-01')).map((day) => [
      day.on,
      day,
    ]),
  );
  const different = days.filter((day) => !isLike(before.get(day.on), day));
  if (!different.length) return { added: 0, changed: 0 };
  await change(
    trx,
    `insert into holidays (calendar_id, on_day, kind, as_weekday, name_en, name_zh)
     select :calendarId, d."on", d.kind, d.as_weekday, d.name_en, d.name_zh
       from jsonb_to_recordset(cast(:days as jsonb)) as d (
         "on" date, kind text, as_weekday smallint, name_en text, name_zh text
       )
       order by d."on"
     on conflict (calendar_id, on_day) do update set kind = excluded.kind, as_weekday = excluded.as_weekday,
       name_en = excluded.name_en, name_zh = excluded.name_zh`,
    { calendarId, days: JSON.stringify(different) },
  );
  const changed = different.filter((day) => before.has(day.on));
  await record(trx, by, {
    action: 'holidays.days',
    noun: 'holiday_calendars',
    id: calendarId,
    before: changed.length ? { days: changed.map((day) => before.get(day.on)) } : undefined,
    after: { days: different },
  });
  return { added: different.length - changed.length, changed: changed.length };
}

export function removeHoliday(db: Db, by: Actor, calendarId: number, on: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    await lockCalendar(trx, by, calendarId);
    const [before] = await listHolidays(trx, calendarId, on, on);
    if (!before) return;
    await change(trx, `delete from holidays where calendar_id = :calendarId and on_day = :on`, {
      calendarId,
      on,
    });
    await record(trx, by, {
      action: 'holidays.remove',
      noun: 'holiday_calendars',
      id: calendarId,
      before: { days: [before] },
    });
  });
}

async function lockCalendar(trx: Db, by: Actor, id: number) {
  await requireKeeper(trx, by);
  await rows(trx, `select 1 from holiday_calendars where id = :id for no key update`, { id });
  return findCalendar(trx, id);
}

/** Keeps an uploaded calendar for its preview; those of last week go. @returns its id */
export function startHolidayImport(db: Db, by: Actor, calendarId: number, content: string): Promise<number> {
  return inTransaction(db, async (trx) => {
    await lockCalendar(trx, by, calendarId);
    await change(trx, `delete from holiday_imports where created_at < now() - interval '7 days'`);
    const made = await row<{ id: number }>(
      trx,
      `insert into holiday_imports (calendar_id, content, created_by)
       values (:calendarId, :content, :by)
       returning id`,
      { calendarId, content, by: by.id },
    );
    if (!made) throw new NotFound();
    return made.id;
  });
}

/**
 * Imports once: posted again it says what the first time did.
 * @param all true when no line may be left out
 * @returns undefined when all lines were to be good and some are not
 */
export function runHolidayImport(
  db: Db,
  by: Actor & { id: number },
  { calendarId, id, all }: { calendarId: number; id: number; all: boolean },
): Promise<HolidayImport | undefined> {
  return inTransaction(db, async (trx) => {
    await lockCalendar(trx, by, calendarId);
    const found = await findHolidayImport(trx, id, by.id, { lock: true });
    if (!found || found.calendar_id !== calendarId) throw new NotFound();
    if (found.finished_at) return found;
    const read = readHolidays(found.content);
    if (!read.ok) return undefined;
    const plan = previewHolidays(
      read.entries,
      await listHolidays(trx, calendarId, '1970-01-01', '2199-12-31'),
    );
    const bad = plan.filter(({ outcome }) => outcome === 'bad').length;
    if (all && bad) return undefined;
    const saved = await saveHolidays(
      trx,
      by,
      calendarId,
      plan.flatMap((one) => (one.outcome === 'bad' ? [] : one.days)),
    );
    return row<HolidayImport>(
      trx,
      `update holiday_imports
         set finished_at = now(), added = :added, changed = :changed, left_out = :bad
         where id = :id
       returning id, calendar_id, content, finished_at, added, changed, left_out`,
      { id, ...saved, bad },
    );
  });
}

export interface ExceptionInput {
  from_on: string;
  to_on: string | null;
  opens_at: string | null;
  closes_at: string | null;
  note: string;
}

/** Other hours, or none, on days of one room, in place of what was said for those days before. */
export function saveException(db: Db, by: Actor, roomId: number, input: ExceptionInput): Promise<void> {
  return inTransaction(db, async (trx) => {
    await lockRoomRow(trx, by, roomId);
    const days: string[] = [];
    for (let on = input.from_on; on <= (input.to_on ?? input.from_on); on = addDays(on, 1)) days.push(on);
    await change(
      trx,
      `insert into room_exceptions (room_id, on_day, opens_at, closes_at, note, created_by)
       select :roomId, day, cast(:opens as time), cast(:closes as time), :note, :by
         from unnest(cast(:days as date[])) day
       on conflict (room_id, on_day) do update set opens_at = excluded.opens_at,
         closes_at = excluded.closes_at, note = excluded.note, created_by = excluded.created_by,
         created_at = now()`,
      { roomId, opens: input.opens_at, closes: input.closes_at, note: input.note, by: by.id, days },
    );
    await change(trx, `update rooms set version = version + 1 where id = :roomId`, { roomId });
    await record(trx, by, {
      action: 'room.exception',
      noun: 'rooms',
      id: roomId,
      after: { days, opens_at: input.opens_at, closes_at: input.closes_at },
      note: input.note,
    });
  });
}

export function removeException(db: Db, by: Actor, roomId: number, on: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    await lockRoomRow(trx, by, roomId);
    const before = await row<{ note: string; opens_at: string | null; closes_at: string | null }>(
      trx,
      `delete from room_exceptions
         where room_id = :roomId and on_day = :on
         returning note, to_char(opens_at, 'HH24:MI') as opens_at,
                   to_char(closes_at, 'HH24:MI') as closes_at`,
      { roomId, on },
    );
    if (!before) return;
    await change(trx, `update rooms set version = version + 1 where id = :roomId`, { roomId });
    await record(trx, by, {
      action: 'room.exceptionRemoval',
      noun: 'rooms',
      id: roomId,
      before: { on, ...before },
    });
  });
}

/** Which holidays a room keeps. @returns false when somebody else chose others since the form was opened */
export function setRoomCalendar(
  db: Db,
  by: Actor,
  roomId: number,
  { was, input }: { was: KeptHolidays; input: KeptHolidays },
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const before = await lockRoomRow(trx, by, roomId);
    const isNow = (one: KeptHolidays) =>
      before.holiday_rule === one.rule && before.calendar_id === one.calendarId;
    if (isNow(input)) return true;
    if (!isNow(was)) return false;
    if (input.calendarId !== null) await findCalendar(trx, input.calendarId);
    await change(
      trx,
      `update rooms
         set holiday_rule = :rule, calendar_id = :calendarId, version = version + 1
         where id = :roomId`,
      { ...input, roomId },
    );
    await record(trx, by, {
      action: 'room.calendar',
      noun: 'rooms',
      id: roomId,
      before: { holiday_rule: before.holiday_rule, calendar_id: before.calendar_id },
      after: { holiday_rule: input.rule, calendar_id: input.calendarId },
    });
    return true;
  });
}

/** Waits for bookings that are being written by the hours of before. */
async function lockRoomRow(trx: Db, by: Actor, roomId: number) {
  await requireKeeper(trx, by);
  const found = await row<{ holiday_rule: string; calendar_id: number | null }>(
    trx,
    `select holiday_rule, calendar_id from rooms where id = :roomId for update`,
    { roomId },
  );
  if (!found) throw new NotFound();
  return found;
}
