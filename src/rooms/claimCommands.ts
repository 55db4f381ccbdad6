import type { Actor } from '../lib/audit/record.js';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest } from '../lib/http/errors.js';
import { checkClaim, type Check } from './claimChecks.js';
import { findClashes, type Clash } from './claimQueries.js';
import { offerFreed } from './awaitedCommands.js';
import { OPENING } from './dayRuleQueries.js';
import type { Opening } from './openingHours.js';
import type { RoomStatus } from './claimChecks.js';

// Who occupies which room when. Everything here runs in the caller's transaction. Overlap is forbidden by the constraint
// room_claims_no_overlap; a clash is a row count of INSERT … ON CONFLICT DO NOTHING, never an error: catching the error
// of a plain insert deadlocks under contention.

export interface ClaimWish {
  meetingId: number;
  /** Rooms as they were asked for: a divisible hall stays a hall here, its parts are claimed. */
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** People expected; more than the room seats is told, not refused. */
  seats?: number | null;
  /** A reason to go beyond rules that may be overridden (opening hours). The caller has asked whether this person may. */
  overrideReason?: string | null;
}

export type ClaimResult = { ok: true; notices: Check[] } | { ok: false; clashes: Clash[]; checks: Check[] };

/** A room with its rules and the parts it consists of. */
export interface AskedRoom {
  id: number;
  name_en: string;
  name_zh: string;
  capacity: number;
  status: RoomStatus;
  back_at: Date | null;
  hours: Opening;
  part_ids: number[] | null;
  zone: string;
}

/**
 * Claims rooms for a meeting that exists already, and notes in meeting_rooms what was asked for.
 * When it is refused nothing of this call is left: the caller removes what it made itself (the meeting row) or rolls back.
 * The rooms are locked first, in order, as everybody does who writes claims: a closure and a release wait for each other otherwise.
 */
export async function claimRooms(trx: Db, by: Actor, wish: ClaimWish): Promise<ClaimResult> {
  const roomIds = [...new Set(wish.roomIds)];
  if (!roomIds.length) return { ok: true, notices: [] };
  const asked = await findAskedRooms(trx, roomIds, wish);
  const checks = checkAll(asked, wish);
  if (checks.some(({ level }) => level === 'error')) return { ok: false, clashes: [], checks };

  const atomicIds = atomicOf(asked);
  await lockRooms(trx, atomicIds);
  const isClaimed = (await insertClaims(trx, by, wish, roomIds, atomicIds.length)) ||
    ((await expireHolds(trx, atomicIds, wish)) > 0 && (await insertClaims(trx, by, wish, roomIds, atomicIds.length)));
  if (isClaimed) return { ok: true, notices: checks };

  const clashes = await findClashes(trx, by.id, { roomIds, startsAt: wish.startsAt, endsAt: wish.endsAt, exceptMeetingId: wish.meetingId });
  await notePrevented(trx, by, wish, clashes);
  return { ok: false, clashes, checks };
}

/**
 * Moves a meeting to another time, other rooms, or both. Refused, it stands where it stood.
 * Always locks the rooms of before and after, so that two moves that cross can't wait for each other.
 */
export async function moveClaims(trx: Db, by: Actor, wish: ClaimWish): Promise<ClaimResult> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select room_id from room_claims where meeting_id = :meeting and state in ('held', 'requested', 'confirmed')`,
    { meeting: wish.meetingId },
  );
  const asked = await findAskedRooms(trx, [...new Set(wish.roomIds)], wish);
  await lockRooms(trx, [...new Set([...held.map(({ room_id }) => room_id), ...atomicOf(asked)])]);
  try {
    // A savepoint: what was given up comes back when the new place is taken.
    return await trx.transaction(async (inner) => {
      await releaseClaims(inner, by, wish.meetingId, 'released', 'moved');
      await change(inner, `delete from meeting_rooms where meeting_id = :meeting`, { meeting: wish.meetingId });
      const result = await claimRooms(inner, by, wish);
      if (!result.ok) throw new Refused(result);
      return result;
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await notePrevented(trx, by, wish, error.result.clashes);
    return error.result;
  }
}

class Refused extends Error {
  constructor(readonly result: Extract<ClaimResult, { ok: false }>) {
    super('claim refused');
  }
}

/**
 * Gives up what a meeting occupies; the rows stay with actor, time and reason. A closure that waited for the piece takes
 * it over in the same transaction.
 * @returns how many claims were given up
 */
export async function releaseClaims(
  trx: Db,
  by: Actor,
  meetingId: number,
  state: 'cancelled' | 'refused' | 'released',
  reason: string | null,
): Promise<number> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select room_id from room_claims where meeting_id = :meeting and state in ('held', 'requested', 'confirmed')`,
    { meeting: meetingId },
  );
  if (!held.length) return 0;
  await lockRooms(trx, held.map(({ room_id }) => room_id));
  const freed = await rows<{ id: number }>(
    trx,
    `update room_claims set state = :state, ended_at = now(), ended_by = :by, end_reason = :reason
      where meeting_id = :meeting and state in ('held', 'requested', 'confirmed') returning id`,
    { state, by: by.id, reason, meeting: meetingId },
  );
  if (freed.length) {
    await handToClosures(trx, freed.map(({ id }) => id));
    await offerFreed(trx, freed.map(({ id }) => id));
  }
  return freed.length;
}

/** Claims again what a cancelled meeting had asked for, at the time that stands in it. Refused, nothing has changed. */
export async function restoreClaims(trx: Db, by: Actor, meetingId: number): Promise<ClaimResult> {
  const meeting = await row<{ starts_at: Date | null; ends_at: Date | null; room_ids: number[] | null }>(
    trx,
    `select m.starts_at, m.ends_at, (select json_agg(room_id) from meeting_rooms where meeting_id = m.id) as room_ids
       from meetings m where m.id = :meeting`,
    { meeting: meetingId },
  );
  if (!meeting?.starts_at || !meeting.ends_at || !meeting.room_ids) return { ok: true, notices: [] };
  // Its hours were agreed when it was booked: only the slot itself has to be free.
  return claimRooms(trx, by, { meetingId, roomIds: meeting.room_ids, startsAt: meeting.starts_at, endsAt: meeting.ends_at, overrideReason: 'restored' });
}

/** Pieces of freed claims that lie in a closure of their room become the closure's. */
export async function handToClosures(trx: Db, freedIds: readonly number[]): Promise<void> {
  await change(
    trx,
    `insert into room_claims (room_id, closure_id, state, starts_at, ends_at, occupies_from, occupies_to, created_by)
     select c.room_id, cl.id, 'confirmed', piece.f, piece.t, piece.f, piece.t, cl.created_by
       from room_claims c
       join closures cl on cl.lifted_at is null and cl.starts_at < c.occupies_to and cl.ends_at > c.occupies_from
        and (cl.room_id = c.room_id or exists (select 1 from room_parts p where p.hall_id = cl.room_id and p.part_id = c.room_id))
      cross join lateral (select greatest(c.occupies_from, cl.starts_at) as f, least(c.occupies_to, cl.ends_at) as t) piece
      where c.id = any(:freed)
      order by c.room_id, piece.f
     on conflict do nothing`,
    { freed: freedIds },
  );
}

/** Locks rooms in the one order that everybody keeps. Stronger than what bookings of one room take, so nobody waits for readers. */
export async function lockRooms(trx: Db, roomIds: readonly number[]): Promise<void> {
  await rows(trx, `select id from rooms where id = any(:rooms) order by id for no key update`, { rooms: roomIds });
}

/** The rooms with their rules. The share lock holds off a change of their parts until the claims are written. */
export async function findAskedRooms(trx: Db, roomIds: readonly number[], { meetingId, startsAt, endsAt }: Partial<Pick<ClaimWish, 'meetingId'>> & Pick<ClaimWish, 'startsAt' | 'endsAt'>): Promise<AskedRoom[]> {
  const found = await rows<AskedRoom>(
    trx,
    `select r.id, r.name_en, r.name_zh, r.status, r.back_at,
            coalesce((select l.capacity from meeting_layouts m join room_layouts l using (room_id, layout) where m.meeting_id = :meeting and m.room_id = r.id), r.capacity) as capacity,
            (select json_agg(part_id order by part_id) from room_parts where hall_id = r.id) as part_ids,
            ${OPENING} as hours,
            (select zone from organisations) as zone
       from rooms r where r.id = any(:rooms) order by r.id for key share of r`,
    { rooms: roomIds, meeting: meetingId ?? null, from: startsAt, to: endsAt },
  );
  if (found.length !== roomIds.length) throw new BadRequest();
  return found;
}

/** What the rules of all rooms of a wish say; nothing is read. */
export function checkAll(asked: AskedRoom[], wish: ClaimWish): Check[] {
  const seats = asked.reduce((sum, room) => sum + room.capacity, 0);
  const isCrowded = Boolean(wish.seats && wish.seats > seats);
  return asked.flatMap((room) =>
    checkClaim(room, { startsAt: wish.startsAt, endsAt: wish.endsAt, seats: isCrowded ? wish.seats : null }, room.zone, Boolean(wish.overrideReason)),
  );
}

/** The rooms that are claimed, in the order of locking. */
export function atomicOf(asked: AskedRoom[]): number[] {
  return [...new Set(asked.flatMap((room) => room.part_ids ?? [room.id]))].sort((a, b) => a - b);
}

/** One statement for all rooms, in order. Incomplete, it takes back what it wrote, which nobody has seen. */
async function insertClaims(trx: Db, by: Actor, wish: ClaimWish, roomIds: number[], expected: number): Promise<boolean> {
  const made = await rows<{ id: number }>(
    trx,
    `with wanted as (
       select coalesce(p.part_id, r.id) as room_id, max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
         from rooms r left join room_parts p on p.hall_id = r.id
        where r.id = any(:rooms) group by 1
     ), noted as (
       insert into meeting_rooms (meeting_id, room_id) select :meeting, id from rooms where id = any(:rooms) on conflict do nothing
     )
     insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by)
     select room_id, :meeting, 'confirmed', :from, :to, setup, teardown,
            :from::timestamptz - make_interval(mins => setup), :to::timestamptz + make_interval(mins => teardown), :by
       from wanted order by room_id
     on conflict do nothing returning id`,
    { rooms: roomIds, meeting: wish.meetingId, from: wish.startsAt, to: wish.endsAt, by: by.id },
  );
  if (made.length === expected) return true;
  if (made.length) await change(trx, `delete from room_claims where id = any(:made)`, { made: made.map(({ id }) => id) });
  await change(trx, `delete from meeting_rooms where meeting_id = :meeting`, { meeting: wish.meetingId });
  return false;
}

/** For the figures: what was asked for and not to be had. Lost when the caller rolls back, which harms nothing. */
async function notePrevented(trx: Db, by: Actor, wish: ClaimWish, clashes: Clash[]): Promise<void> {
  await change(
    trx,
    `insert into prevented_clashes (room_id, person_id, starts_at, ends_at) select distinct unnest(:rooms::bigint[]), :by::bigint, :from::timestamptz, :to::timestamptz`,
    { rooms: clashes.map(({ room }) => room.id), by: by.id, from: wish.startsAt, to: wish.endsAt },
  );
}

/** Holds whose time is over give way to who wants the slot; no timer does it. */
async function expireHolds(trx: Db, atomicIds: number[], wish: ClaimWish): Promise<number> {
  return change(
    trx,
    `update room_claims c set state = 'expired', ended_at = now()
       from rooms r
      where c.room_id = any(:rooms) and c.state = 'held' and c.hold_until <= now() and r.id = c.room_id
        and c.occupies_from < :to::timestamptz + make_interval(mins => r.teardown_minutes)
        and c.occupies_to > :from::timestamptz - make_interval(mins => r.setup_minutes)`,
    { rooms: atomicIds, from: wish.startsAt, to: wish.endsAt },
  );
}
