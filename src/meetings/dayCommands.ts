import { lengthenClaims, shortenClaims } from '../rooms/dayCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { MeetingState } from './queries.js';

// What people do on the day: they come, they end early, they need another quarter of an hour. By who takes part, or by the
// display at the door of a room that the meeting occupies; who may has been asked by the caller.

/** Check-in opens so many minutes before the meeting. */
export const CHECK_IN_OPENS = 15;

export type DayDone = { ok: true; endsAt?: Date } | { ok: false; reason: 'not_now' | 'taken' };

interface Today {
  state: MeetingState;
  starts_at: Date;
  ends_at: Date;
  checked_in_at: Date | null;
  announced_at: Date | null;
}

async function lockToday(trx: Db, id: number): Promise<Today> {
  const found = await row<Today>(trx, `select state, starts_at, ends_at, checked_in_at, announced_at from meetings where id = :id and starts_at is not null for no key update`, { id });
  if (!found) throw new NotFound();
  return found;
}

const isOn = ({ state }: Today) => state === 'draft' || state === 'scheduled' || state === 'in_progress';

/** "We are here." Said twice is said once. */
export function checkIn(db: Db, by: Actor, id: number, now: Date, place?: string): Promise<DayDone> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockToday(trx, id);
    if (meeting.checked_in_at) return { ok: true };
    if (!isOn(meeting) || now.getTime() < meeting.starts_at.getTime() - CHECK_IN_OPENS * 60_000 || now >= meeting.ends_at) return { ok: false, reason: 'not_now' };
    await change(trx, `update meetings set checked_in_at = :now, checked_in_by = :by, version = version + 1 where id = :id`, { id, now, by: by.id });
    await record(trx, by, { action: 'meeting.checkIn', noun: 'meetings', id, meetingId: id, ...(place ? { note: place } : {}) });
    return { ok: true };
  });
}

/** The rooms are free at once. A bare booking ends with them; a meeting that people were told of keeps its announced time. */
export function endEarly(db: Db, by: Actor, id: number, now: Date, place?: string): Promise<DayDone> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockToday(trx, id);
    const endsAt = await shortenClaims(trx, by, id, now);
    if (!endsAt) return { ok: false, reason: 'not_now' };
    await change(
      trx,
      `update meetings set ends_at = case when announced_at is null then :at else ends_at end, checked_in_at = coalesce(checked_in_at, :now), version = version + 1 where id = :id`,
      { id, at: endsAt, now },
    );
    await record(trx, by, { action: 'meeting.endEarly', noun: 'meetings', id, meetingId: id, before: { ends_at: meeting.ends_at }, after: { ends_at: endsAt }, ...(place ? { note: place } : {}) });
    return { ok: true, endsAt };
  });
}

/** Some minutes more while nobody has the rooms next. @param minutes 5 to 120 */
export function extendMeeting(db: Db, by: Actor, id: number, minutes: number, now: Date, place?: string): Promise<DayDone> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockToday(trx, id);
    if (!isOn(meeting)) return { ok: false, reason: 'not_now' };
    const endsAt = await lengthenClaims(trx, id, minutes, now);
    if (!endsAt) return { ok: false, reason: 'not_now' };
    if (endsAt === 'taken') return { ok: false, reason: 'taken' };
    await change(trx, `update meetings set ends_at = case when announced_at is null then :at else ends_at end, version = version + 1 where id = :id`, { id, at: endsAt });
    await record(trx, by, { action: 'meeting.extend', noun: 'meetings', id, meetingId: id, before: { ends_at: meeting.ends_at }, after: { ends_at: endsAt }, ...(place ? { note: place } : {}) });
    return { ok: true, endsAt };
  });
}
