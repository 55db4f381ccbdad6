import { retakeRooms } from '../claims/commands.js';
import { lengthenClaims, shortenClaims } from '../claims/dayCommands.js';
import { listLines, listLinesOfBefore, takeEquipment, type Shortage } from '../equipment/commands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { findOpens, listLostRooms } from './noShowQueries.js';
import type { MeetingState } from '../meetings/states.js';

// What people do on the day: they come, they end early, they need another quarter of an hour. By who takes
// part, or by the display at the door of a room that the meeting occupies; who may has been asked by the
// caller.

/**
 * `taken`: somebody has the room next, `left` minutes after `until`, to which it is kept. `short`: others
 * have the equipment next. `released`: nobody had checked in in time, and somebody else has the room now.
 * `missing`: what of the equipment others have by now, where the room was taken back.
 */
export type DayResult =
  | { ok: true; endsAt?: Date; isTakenBack?: boolean; missing?: Shortage[] }
  | { ok: false; reason: 'short'; shortages: Shortage[] }
  | { ok: false; reason: 'not_now' | 'released' }
  | { ok: false; reason: 'taken'; left: number; until: Date };

/** When somebody acts, and at the door of which room they do, if at a door. */
export interface Moment {
  now: Date;
  place?: string;
}

interface DayMeeting {
  state: MeetingState;
  starts_at: Date;
  ends_at: Date;
  checked_in_at: Date | null;
  announced_at: Date | null;
  created_by: number;
}

class RoomsGone extends Error {}

async function lockDayMeeting(trx: Db, id: number): Promise<DayMeeting> {
  const found = await row<DayMeeting>(
    trx,
    `select state, starts_at, ends_at, checked_in_at, announced_at, created_by
       from meetings
      where id = :id and starts_at is not null
     for no key update`,
    { id },
  );
  if (!found) throw new NotFound();
  return found;
}

const isOn = ({ state }: DayMeeting) => state === 'draft' || state === 'scheduled' || state === 'in_progress';

/**
 * "We are here." Said twice is said once. Who comes after the room was given up takes it back while it is
 * free.
 */
export function checkIn(db: Db, by: Actor, id: number, { now, place }: Moment): Promise<DayResult> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockDayMeeting(trx, id);
    const lost = await listLostRooms(trx, id);
    if (meeting.checked_in_at && lost.length === 0) return { ok: true };
    const opens = await findOpens(trx, id);
    if (
      !isOn(meeting) ||
      now.getTime() < meeting.starts_at.getTime() - opens * 60_000 ||
      now >= meeting.ends_at
    )
      return { ok: false, reason: 'not_now' };
    const roomIds = lost.map(({ room_id }) => room_id);
    if (roomIds.length > 0 && !(await takeBack(trx, by, { id, meeting, roomIds, now })))
      return { ok: false, reason: 'released' };
    const missing = roomIds.length > 0 ? await takeEquipmentBack(trx, by, id, meeting) : [];
    await change(
      trx,
      `update meetings
          set checked_in_at = coalesce(checked_in_at, :now), checked_in_by = :by, version = version + 1
        where id = :id`,
      { id, now, by: by.id },
    );
    await record(trx, by, {
      action: lost.length ? 'meeting.takeBack' : 'meeting.checkIn',
      noun: 'meetings',
      id,
      meetingId: id,
      note: place,
    });
    return { ok: true, isTakenBack: lost.length > 0, missing };
  });
}

/** People in the room keep it without what others have by now. @returns what is short */
async function takeEquipmentBack(trx: Db, by: Actor, id: number, meeting: DayMeeting): Promise<Shortage[]> {
  const lines = await listLinesOfBefore(trx, id);
  const span = { startsAt: meeting.starts_at, endsAt: meeting.ends_at };
  const short = await takeEquipment(trx, by, [{ meetingId: id, ...span, lines }]);
  return short.get(id) ?? [];
}

/**
 * The rest of the time in rooms that were given up: all of them or none. Their rules were asked when they
 * were booked.
 */
async function takeBack(
  trx: Db,
  by: Actor,
  { id, meeting, roomIds, now }: { id: number; meeting: DayMeeting; roomIds: number[]; now: Date },
): Promise<boolean> {
  const from = new Date(Math.max(meeting.starts_at.getTime(), Math.floor(now.getTime() / 60_000) * 60_000));
  const claimant = { ...by, id: by.id ?? meeting.created_by };
  try {
    // A savepoint: a room that somebody else has by now leaves the others and their rows as they stand.
    await trx.transaction(async (inner) => {
      if (
        !(
          await retakeRooms(inner, claimant, {
            meetingId: id,
            roomIds,
            startsAt: from,
            endsAt: meeting.ends_at,
            now,
          })
        ).ok
      )
        throw new RoomsGone();
    });
  } catch (error) {
    if (error instanceof RoomsGone) return false;
    throw error;
  }
  await change(
    trx,
    `update check_in_outcomes
        set taken_back_at = :now
      where meeting_id = :id and starts_at = :starts and released_at is not null and taken_back_at is null`,
    { id, starts: meeting.starts_at, now },
  );
  return true;
}

/**
 * The rooms are free at once. A bare booking ends with them; a meeting that people were told of keeps its
 * announced time.
 */
export function endEarly(db: Db, by: Actor, id: number, { now, place }: Moment): Promise<DayResult> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockDayMeeting(trx, id);
    const endsAt = await shortenClaims(trx, by, id, now);
    if (!endsAt) return { ok: false, reason: 'not_now' };
    await change(
      trx,
      `update meetings
          set ends_at = case when announced_at is null then :at else ends_at end,
              checked_in_at = coalesce(checked_in_at, :now), version = version + 1
        where id = :id`,
      { id, at: endsAt, now },
    );
    await record(trx, by, {
      action: 'meeting.endEarly',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { ends_at: meeting.ends_at },
      after: { ends_at: endsAt },
      note: place,
    });
    return { ok: true, endsAt };
  });
}

/** Some minutes more while nobody has the rooms or the equipment next. @param minutes 5 to 120 */
export function extendMeeting(
  db: Db,
  by: Actor,
  id: number,
  { minutes, now, place }: Moment & { minutes: number },
): Promise<DayResult> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockDayMeeting(trx, id);
    if (!isOn(meeting)) return { ok: false, reason: 'not_now' };
    const kept = await keepLonger(trx, by, { id, meeting, minutes, now });
    if (!kept.ok) return kept;
    const { endsAt } = kept;
    await change(
      trx,
      `update meetings
          set ends_at = case when announced_at is null then :at else ends_at end, version = version + 1
        where id = :id`,
      { id, at: endsAt },
    );
    await record(trx, by, {
      action: 'meeting.extend',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { ends_at: meeting.ends_at },
      after: { ends_at: endsAt },
      note: place,
    });
    return { ok: true, endsAt };
  });
}

class NotLonger extends Error {
  constructor(readonly refused: Extract<DayResult, { ok: false }>) {
    super('it can not be kept longer');
  }
}

/** Rooms and equipment together or neither. */
async function keepLonger(
  trx: Db,
  by: Actor,
  { id, meeting, minutes, now }: { id: number; meeting: DayMeeting; minutes: number; now: Date },
): Promise<{ ok: true; endsAt: Date } | Extract<DayResult, { ok: false }>> {
  try {
    // A savepoint: rooms that were kept longer come back when the equipment says no.
    return await trx.transaction(async (inner) => {
      const kept = await lengthenClaims(inner, id, minutes, now);
      if (!kept) throw new NotLonger({ ok: false, reason: 'not_now' });
      if ('left' in kept) throw new NotLonger({ ok: false, reason: 'taken', ...kept });
      const span = { startsAt: meeting.starts_at, endsAt: kept };
      const lines = await listLines(inner, id);
      const shortages = (await takeEquipment(inner, by, [{ meetingId: id, ...span, lines }])).get(id);
      if (shortages) throw new NotLonger({ ok: false, reason: 'short', shortages });
      return { ok: true, endsAt: kept };
    });
  } catch (error) {
    if (error instanceof NotLonger) return error.refused;
    throw error;
  }
}
