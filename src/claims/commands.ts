import type { Actor } from '../lib/audit/record.js';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { addDays, dayOf, startOfDay, weekdayOf } from '../lib/time/zone.js';
import { findAskedRooms, type AskedRoom } from './askedRoomQueries.js';
import { offerFreed } from './awaitedCommands.js';
import { hasQuota, QUOTAS } from '../rules/layers.js';
import { findUsage } from '../rules/queries.js';
import { checkOf, type Check } from './checks.js';
import { findClashes, type Clash } from './queries.js';
import { recordOverrides, writeRequests, type NewRequest } from './recordCommands.js';
import {
  atomicOf,
  checkAll,
  isInside,
  lateIn,
  refusal,
  requestsFor,
  sort,
  type Circumstances,
  type ClaimResult,
  type ClaimWish,
} from './verdict.js';
import { lockQuotas } from '../rules/quotaLockCommands.js';
import { brokenQuotas } from '../rules/checks.js';

// Who occupies which room when. Everything here runs in the caller's transaction. Overlap is forbidden by the constraint
// room_claims_no_overlap; a clash is a row count of INSERT … ON CONFLICT DO NOTHING, never an error: catching the error
// of a plain insert deadlocks under contention.

/**
 * Claims rooms for a meeting that exists already, and notes in meeting_rooms what was asked for.
 * When it is refused nothing of this call is left: the caller removes what it made itself (the meeting row) or rolls back.
 * The rooms are locked first, in order, as everybody does who writes claims: a closure and a release wait for each other otherwise.
 */
export async function claimRooms(trx: Db, by: Actor, wish: ClaimWish): Promise<ClaimResult> {
  const roomIds = [...new Set(wish.roomIds)];
  if (!roomIds.length) return { ok: true, notices: [], requests: 0 };
  return claimAsked(trx, by, wish, await findAskedRooms(trx, by, roomIds, wish), {});
}

/** The same for rooms that were read already; claimForMany goes this way where rules have to be counted or somebody has to be asked. */
export async function claimAsked(
  trx: Db,
  by: Actor,
  wish: ClaimWish,
  asked: AskedRoom[],
  how: Circumstances,
): Promise<ClaimResult> {
  const now = wish.now ?? new Date();
  const checks = checkAll(asked, wish, now, how);
  const first = sort(asked, checks, wish);
  if (first.refused) return refusal(asked, wish, checks, now);

  const roomIds = asked.map(({ id }) => id);
  const atomicIds = atomicOf(asked);
  await lockRooms(trx, atomicIds);
  // Counted behind the locks of the rooms and of whoever has a quota in all rooms: of two bookings that are sent together, the
  // second counts the first.
  if (!how.isRestored) await lockQuotas(trx, countedFor(asked));
  const counted = how.isRestored ? [] : await checkQuotas(trx, asked, wish, now);
  const all = [...checks, ...counted];
  const { refused, beyond } = counted.length ? sort(asked, all, wish) : first;
  if (refused) return refusal(asked, wish, all, now);
  const { requests, overridden } = requestsFor(asked, wish, beyond, how);

  if (requests.some(({ isHolding }) => !isHolding)) {
    // What doesn't hold the room would slip past the constraint; it is not asked for what is taken already.
    const taken = await findClashes(trx, by.id, {
      roomIds,
      startsAt: wish.startsAt,
      endsAt: wish.endsAt,
      exceptMeetingId: wish.meetingId,
    });
    if (taken.length) return { ok: false, clashes: taken, checks: all };
  }
  const isClaimed =
    (await insertClaims(trx, by, wish, roomIds, atomicIds.length, requests)) ||
    ((await expireLapsed(
      trx,
      atomicIds.map((room) => ({ room, from: wish.startsAt, to: wish.endsAt })),
    )) > 0 &&
      (await insertClaims(trx, by, wish, roomIds, atomicIds.length, requests)));
  if (isClaimed) {
    await recordOverrides(
      trx,
      by,
      wish.meetingId,
      [...all.filter(({ isOverridden }) => isOverridden && !how.isRestored), ...overridden],
      wish.overrideReason ?? '',
    );
    await writeRequests(
      trx,
      by,
      {
        meetingId: wish.meetingId,
        startsAt: wish.startsAt,
        endsAt: wish.endsAt,
        now,
        note: wish.askReason ?? null,
      },
      requests,
    );
    return { ok: true, notices: all.filter(({ level }) => level === 'notice'), requests: requests.length };
  }
  const clashes = await findClashes(trx, by.id, {
    roomIds,
    startsAt: wish.startsAt,
    endsAt: wish.endsAt,
    exceptMeetingId: wish.meetingId,
  });
  await notePrevented(trx, by, wish, clashes);
  return { ok: false, clashes, checks: all };
}

/**
 * Moves a meeting to another time, other rooms, or both. Refused, it stands where it stood.
 * Always locks the rooms of before and after, so that two moves that cross can't wait for each other.
 */
export async function moveClaims(trx: Db, by: Actor, wish: ClaimWish): Promise<ClaimResult> {
  const before = await row<{ held: number[] | null; offered: number[] | null; room_ids: number[] | null }>(
    trx,
    `select (select array_agg(room_id) from room_claims where meeting_id = :meeting and state in ('held', 'requested', 'confirmed')) as held,
            (select array_agg(room_id) from room_claims where awaited_meeting_id = :meeting and state = 'held') as offered,
            (select array_agg(room_id) from meeting_rooms where meeting_id = :meeting) as room_ids`,
    { meeting: wish.meetingId },
  );
  const held = before?.held ?? [];
  const hadIds = held.length ? (before?.room_ids ?? []) : [];
  const roomIds = [...new Set(wish.roomIds)];
  const known = await findAskedRooms(trx, by, [...new Set([...roomIds, ...hadIds])], wish);
  const asked = known.filter(({ id }) => roomIds.includes(id));
  await lockRooms(trx, [...new Set([...held, ...(before?.offered ?? []), ...atomicOf(asked)])]);
  // Rooms that are given up have their say too: it may be too late to change anything in them.
  const late = known
    .filter(({ id }) => !roomIds.includes(id))
    .flatMap((room) => lateIn(room, 'notice_change', wish));
  if (late.some(({ level }) => level === 'error')) return { ok: false, clashes: [], checks: late };
  try {
    // A savepoint: what was given up comes back when the new place is taken.
    return await trx.transaction(async (inner) => {
      await releaseClaims(inner, by, wish.meetingId, 'released', 'moved');
      await change(inner, `delete from meeting_rooms where meeting_id = :meeting`, {
        meeting: wish.meetingId,
      });
      if (late.length) await recordOverrides(inner, by, wish.meetingId, late, wish.overrideReason ?? '');
      if (!asked.length) return { ok: true, notices: late, requests: 0 } satisfies ClaimResult;
      const result = await claimAsked(inner, by, wish, asked, { before: hadIds });
      if (!result.ok) throw new Refused(result);
      return result;
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await notePrevented(trx, by, wish, error.result.clashes);
    return error.result;
  }
}

/** May the meeting still be changed or called off, by the rules of its rooms? Records what a reason goes beyond. @returns the rules that stand against it */
export async function checkNotice(
  trx: Db,
  by: Actor,
  rule: 'notice_change' | 'notice_cancel',
  wish: { meetingId: number; roomIds: readonly number[]; now: Date; overrideReason?: string | null },
): Promise<Check[]> {
  if (!wish.roomIds.length) return [];
  const rooms = await findAskedRooms(trx, by, wish.roomIds, {
    meetingId: wish.meetingId,
    startsAt: wish.now,
    endsAt: wish.now,
  });
  const checks = rooms.flatMap((room) => lateIn(room, rule, wish));
  const errors = checks.filter(({ level }) => level === 'error');
  if (!errors.length) await recordOverrides(trx, by, wish.meetingId, checks, wish.overrideReason ?? '');
  return errors;
}

class Refused extends Error {
  constructor(readonly result: Extract<ClaimResult, { ok: false }>) {
    super('claim refused');
  }
}

/**
 * Gives up what a meeting occupies, and what is held for it because it waited; the rows stay with actor, time and reason. A closure that waited for the piece takes
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
    `select room_id from room_claims where (meeting_id = :meeting or awaited_meeting_id = :meeting) and state in ('held', 'requested', 'confirmed')`,
    { meeting: meetingId },
  );
  if (!held.length) return 0;
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  const freed = await rows<{ id: number }>(
    trx,
    `with withdrawn as (update room_requests set state = 'withdrawn', version = version + 1 where meeting_id = :meeting and state = 'open')
     update room_claims set state = :state, ended_at = now(), ended_by = :by, end_reason = :reason
      where (meeting_id = :meeting or awaited_meeting_id = :meeting) and state in ('held', 'requested', 'confirmed') returning id`,
    { state, by: by.id, reason, meeting: meetingId },
  );
  if (freed.length) {
    await handToClosures(
      trx,
      freed.map(({ id }) => id),
    );
    await offerFreed(
      trx,
      freed.map(({ id }) => id),
    );
  }
  return freed.length;
}

/** Claims again what a cancelled meeting had asked for, at the time that stands in it. Refused, nothing has changed. */
export async function restoreClaims(
  trx: Db,
  by: Actor,
  meetingId: number,
  now = new Date(),
): Promise<ClaimResult> {
  const meeting = await row<{ starts_at: Date | null; ends_at: Date | null; room_ids: number[] | null }>(
    trx,
    `select m.starts_at, m.ends_at, (select json_agg(room_id) from meeting_rooms where meeting_id = m.id) as room_ids
       from meetings m where m.id = :meeting`,
    { meeting: meetingId },
  );
  if (!meeting?.starts_at || !meeting.ends_at || !meeting.room_ids)
    return { ok: true, notices: [], requests: 0 };
  return retakeRooms(trx, by, {
    meetingId,
    roomIds: meeting.room_ids,
    startsAt: meeting.starts_at,
    endsAt: meeting.ends_at,
    now,
  });
}

/**
 * Claims rooms that the meeting had before. Hours and rules were agreed when it was booked: only the slot itself has to be
 * free. Who decides about a room is asked again, unless they approved the slot.
 */
export async function retakeRooms(
  trx: Db,
  by: Actor,
  had: { meetingId: number; roomIds: number[]; startsAt: Date; endsAt: Date; now: Date },
): Promise<ClaimResult> {
  const wish = { ...had, overrideReason: 'restored' };
  return claimAsked(trx, by, wish, await findAskedRooms(trx, by, had.roomIds, wish), { isRestored: true });
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

/** A time in an atomic room. */
export interface Piece {
  room: number;
  from: Date;
  to: Date;
}

/**
 * Holds and returned requests whose time is over give way to who wants the slot; no timer decides it. A closure that waited
 * for the piece comes first. Where somebody waits for the room it is not for who passes by: sweepLapsed ends it within a
 * minute and the first in the queue is asked. The caller has locked the rooms.
 * @returns how many gave way
 */
export async function expireLapsed(trx: Db, pieces: readonly Piece[]): Promise<number> {
  const lapsed = await rows<{ id: number }>(
    trx,
    `update room_claims c set state = 'expired', ended_at = now()
       from jsonb_to_recordset(:list) as w (room bigint, "from" timestamptz, "to" timestamptz) join rooms r on r.id = w.room
      where c.room_id = w.room and c.state in ('held', 'requested') and c.hold_until <= now()
        and c.occupies_from < w."to" + make_interval(mins => r.teardown_minutes)
        and c.occupies_to > w."from" - make_interval(mins => r.setup_minutes)
        and not exists (
          select 1 from awaited_rooms a join meetings m on m.id = a.meeting_id left join room_parts p on p.hall_id = a.room_id
           where coalesce(p.part_id, a.room_id) = c.room_id and a.state = 'waiting' and m.state in ('draft', 'scheduled', 'cancelled')
             and m.starts_at > now() and m.starts_at < c.occupies_to and m.ends_at > c.occupies_from)
     returning c.id`,
    { list: JSON.stringify(pieces) },
  );
  if (lapsed.length)
    await handToClosures(
      trx,
      lapsed.map(({ id }) => id),
    );
  return lapsed.length;
}

/** Locks rooms in the one order that everybody keeps. Stronger than what bookings of one room take, so nobody waits for readers. */
export async function lockRooms(trx: Db, roomIds: readonly number[]): Promise<void> {
  await rows(trx, `select id from rooms where id = any(:rooms) order by id for no key update`, {
    rooms: roomIds,
  });
}

/** Whom bookings in other rooms count for, too. */
function countedFor(asked: readonly AskedRoom[]): number[] {
  return [
    ...new Set(
      asked
        .filter(({ rules }) => QUOTAS.some((name) => rules[name] > 0 && !rules.ofRoom.includes(name)))
        .map(({ principal_id }) => principal_id),
    ),
  ];
}

/** Quotas, where a room has any: one look-up for each such room. */
async function checkQuotas(trx: Db, asked: AskedRoom[], wish: ClaimWish, now: Date): Promise<Check[]> {
  const checks: Check[] = [];
  for (const room of asked.filter(({ rules }) => hasQuota(rules))) {
    if (isInside(room, wish)) continue;
    const on = dayOf(wish.startsAt, room.zone);
    const monday = addDays(on, 1 - weekdayOf(on));
    const usage = await findUsage(trx, {
      principalId: room.principal_id,
      roomId: room.id,
      exceptMeetingId: wish.meetingId,
      now,
      weekFrom: startOfDay(monday, room.zone),
      weekTo: startOfDay(addDays(monday, 7), room.zone),
    });
    const broken = brokenQuotas(room.rules, { from: wish.startsAt, to: wish.endsAt }, usage);
    checks.push(...broken.map((one) => checkOf(room, one, { isOverridden: Boolean(wish.overrideReason) })));
  }
  return checks;
}

/** One statement for all rooms, in order. Incomplete, it takes back what it wrote, which nobody has seen. */
async function insertClaims(
  trx: Db,
  by: Actor,
  wish: ClaimWish,
  roomIds: number[],
  expected: number,
  requests: NewRequest[],
): Promise<boolean> {
  const made = await rows<{ id: number }>(
    trx,
    `with wanted as (
       select coalesce(p.part_id, r.id) as room_id, max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown,
              bool_or(r.id = any(:requested)) as is_requested, bool_or(r.id = any(:open)) as is_open
         from rooms r left join room_parts p on p.hall_id = r.id
        where r.id = any(:rooms) group by 1
     ), noted as (
       insert into meeting_rooms (meeting_id, room_id) select :meeting, id from rooms where id = any(:rooms) on conflict do nothing
     )
     insert into room_claims (room_id, meeting_id, state, is_holding, starts_at, ends_at, setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by)
     select room_id, :meeting, case when is_requested then 'requested' else 'confirmed' end, not is_open, :from, :to, setup, teardown,
            :from::timestamptz - make_interval(mins => setup), :to::timestamptz + make_interval(mins => teardown), :by
       from wanted order by room_id
     on conflict do nothing returning id`,
    {
      rooms: roomIds,
      meeting: wish.meetingId,
      from: wish.startsAt,
      to: wish.endsAt,
      by: by.id,
      requested: requests.map(({ roomId }) => roomId),
      open: requests.filter(({ isHolding }) => !isHolding).map(({ roomId }) => roomId),
    },
  );
  if (made.length === expected) return true;
  if (made.length)
    await change(trx, `delete from room_claims where id = any(:made)`, { made: made.map(({ id }) => id) });
  await change(trx, `delete from meeting_rooms where meeting_id = :meeting`, { meeting: wish.meetingId });
  return false;
}

/** For the figures: what was asked for and not to be had. Lost when the caller rolls back, which harms nothing. */
async function notePrevented(trx: Db, by: Actor, wish: ClaimWish, clashes: Clash[]): Promise<void> {
  if (wish.isImported) return;
  await change(
    trx,
    `insert into prevented_clashes (room_id, person_id, starts_at, ends_at) select distinct unnest(:rooms::bigint[]), :by::bigint, :from::timestamptz, :to::timestamptz`,
    { rooms: clashes.map(({ room }) => room.id), by: by.id, from: wish.startsAt, to: wish.endsAt },
  );
}
