import type { Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { offerFreed } from './awaitedCommands.js';
import type { Check } from './claimChecks.js';
import { atomicOf, checkAll, findAskedRooms, handToClosures, lockRooms, type AskedRoom, type ClaimResult, type ClaimWish } from './claimCommands.js';
import { findClashesOfMany, spanOf } from './manyClaimQueries.js';

// The same as claimCommands.ts for many meetings at once (the dates of a standing meeting): the rules of the rooms are read
// once and asked in memory, all claims are one statement, and what it did not make are the clashes.

interface Open {
  wish: ClaimWish;
  roomIds: number[];
  /** How many claims it makes. */
  parts: number;
  checks: Check[];
}

/**
 * Claims rooms for meetings that exist already. Each meeting gets all its rooms or none; the others are not touched by that.
 * @returns by meeting what its rooms say
 */
export async function claimForMany(trx: Db, by: Actor, wishes: readonly ClaimWish[]): Promise<Map<number, ClaimResult>> {
  const results = new Map<number, ClaimResult>(wishes.map(({ meetingId }) => [meetingId, { ok: true, notices: [] }]));
  const roomIds = [...new Set(wishes.flatMap((wish) => wish.roomIds))];
  if (roomIds.length === 0) return results;
  const span = spanOf(wishes);
  const asked = new Map((await findAskedRooms(trx, roomIds, { startsAt: span.from, endsAt: span.to })).map((room) => [room.id, room]));
  const open = wishes.flatMap((wish) => {
    const rooms = [...new Set(wish.roomIds)].flatMap((id) => asked.get(id) ?? []);
    const checks = checkAll(rooms, wish);
    const isAllowed = !checks.some(({ level }) => level === 'error');
    results.set(wish.meetingId, isAllowed ? { ok: true, notices: checks } : { ok: false, clashes: [], checks });
    return isAllowed && rooms.length > 0 ? [{ wish, roomIds: rooms.map(({ id }) => id), parts: atomicOf(rooms).length, checks }] : [];
  });
  if (open.length === 0) return results;

  await lockRooms(trx, atomicOf([...asked.values()]));
  let missing = await insertAll(trx, by, open);
  if (missing.length > 0 && (await expireHolds(trx, missing, asked)) > 0) missing = await insertAll(trx, by, missing);
  if (missing.length === 0) return results;
  const clashes = await findClashesOfMany(
    trx,
    by.id,
    missing.map(({ wish, roomIds: ids }) => ({ key: wish.meetingId, roomIds: ids, startsAt: wish.startsAt, endsAt: wish.endsAt, exceptMeetingId: wish.meetingId })),
  );
  for (const { wish, checks } of missing) results.set(wish.meetingId, { ok: false, clashes: clashes.get(wish.meetingId) ?? [], checks });
  return results;
}

/** One statement for all rooms and dates, in order. @returns those that could not have all their rooms, of which nothing is left */
async function insertAll(trx: Db, by: Actor, open: Open[]): Promise<Open[]> {
  const list = open.flatMap(({ wish, roomIds }) => roomIds.map((room) => ({ meeting: wish.meetingId, room, from: wish.startsAt, to: wish.endsAt })));
  const made = await rows<{ meeting_id: number }>(
    trx,
    `with asked as materialized (
       select w.* from jsonb_to_recordset(:list) as w (meeting bigint, room bigint, "from" timestamptz, "to" timestamptz)
     ), wanted as (
       select w.meeting, coalesce(p.part_id, r.id) as room_id, w."from", w."to", max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
         from asked w join rooms r on r.id = w.room left join room_parts p on p.hall_id = r.id group by 1, 2, 3, 4
     ), noted as (
       insert into meeting_rooms (meeting_id, room_id) select meeting, room from asked on conflict do nothing
     )
     insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by)
     select room_id, meeting, 'confirmed', "from", "to", setup, teardown, "from" - make_interval(mins => setup), "to" + make_interval(mins => teardown), :by
       from wanted order by room_id, "from"
     on conflict do nothing returning meeting_id`,
    { list: JSON.stringify(list), by: by.id },
  );
  const got = new Map<number, number>();
  for (const { meeting_id } of made) got.set(meeting_id, (got.get(meeting_id) ?? 0) + 1);
  const missing = open.filter(({ wish, parts }) => (got.get(wish.meetingId) ?? 0) < parts);
  if (missing.length > 0) {
    const meetings = missing.map(({ wish }) => wish.meetingId);
    // Nobody has seen them: they were written by this statement.
    await change(trx, `delete from room_claims where meeting_id = any(:meetings) and state = 'confirmed'`, { meetings });
    await change(trx, `delete from meeting_rooms where meeting_id = any(:meetings)`, { meetings });
  }
  return missing;
}

/**
 * Gives up what these meetings occupy, for another place of each of them; the rows stay. A closure that waited for a piece
 * takes it over, other dates that waited for the room are offered it.
 */
export async function releaseForMany(trx: Db, by: Actor, meetingIds: readonly number[], state: 'cancelled' | 'released', reason: string): Promise<void> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select distinct room_id from room_claims where meeting_id = any(:meetings) and state in ('held', 'requested', 'confirmed')`,
    { meetings: meetingIds },
  );
  if (held.length === 0) return;
  await lockRooms(trx, held.map(({ room_id }) => room_id));
  const freed = await rows<{ id: number }>(
    trx,
    `update room_claims set state = :state, ended_at = now(), ended_by = :by, end_reason = :reason
      where meeting_id = any(:meetings) and state in ('held', 'requested', 'confirmed') returning id`,
    { state, by: by.id, reason, meetings: meetingIds },
  );
  const ids = freed.map(({ id }) => id);
  await handToClosures(trx, ids);
  await offerFreed(trx, ids);
}

/** Holds whose time is over give way to who wants the slot, as for a single booking. */
async function expireHolds(trx: Db, open: Open[], asked: Map<number, AskedRoom>): Promise<number> {
  const list = open.flatMap(({ wish, roomIds }) =>
    atomicOf(roomIds.flatMap((id) => asked.get(id) ?? [])).map((room) => ({ room, from: wish.startsAt, to: wish.endsAt })),
  );
  return change(
    trx,
    `update room_claims c set state = 'expired', ended_at = now()
       from jsonb_to_recordset(:list) as w (room bigint, "from" timestamptz, "to" timestamptz) join rooms r on r.id = w.room
      where c.room_id = w.room and c.state = 'held' and c.hold_until <= now()
        and c.occupies_from < w."to" + make_interval(mins => r.teardown_minutes)
        and c.occupies_to > w."from" - make_interval(mins => r.setup_minutes)`,
    { list: JSON.stringify(list) },
  );
}
