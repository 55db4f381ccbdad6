import type { Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import {
  findAskedRooms,
  listApproved,
  listLayoutSeats,
  listPrincipals,
  type AskedRoom,
} from './askedRoomQueries.js';
import { offerFreed } from './awaitedCommands.js';
import { hasQuota } from '../rules/layers.js';
import type { Check } from './checks.js';
import { claimAsked, expireLapsed, handToClosures, lockRooms } from './commands.js';
import { recordOverridesOfMany } from './recordCommands.js';
import { atomicOf, checkAll, lateIn, refusal, type ClaimResult, type ClaimWish } from './verdict.js';
import type { Layout } from './layouts.js';
import { lockQuotasOfMeetings } from '../rules/quotaLockCommands.js';
import { findClashesOfMany, spanOf } from './manyQueries.js';

// The same as claimCommands.ts for many meetings at once (the dates of a standing meeting): the rules of the rooms are read
// once and asked in memory, all claims are one statement, and what it did not make are the clashes. What can't be decided in
// memory (quotas, which the dates before count towards; rooms that somebody is asked for) is claimed date by date.

/**
 * A date and, of one that is moved, how it stood: its claims were given up by releaseForMany, its row may say the new time
 * already. A reason that goes beyond rules is written down for each date that needs it.
 */
export interface DateWish extends ClaimWish {
  before?: { startsAt: Date; roomIds: readonly number[] };
  /** How its rooms are set up, where they can be: their seats are counted so. */
  layout?: Layout | null;
}

interface Open {
  wish: DateWish;
  rooms: AskedRoom[];
  checks: Check[];
}

/**
 * Claims rooms for meetings that exist already, as dates of a standing meeting: rules about recurring bookings count for each.
 * Each meeting gets all its rooms or none; the others are not touched by that.
 * @returns by meeting what its rooms say
 */
export async function claimForMany(
  trx: Db,
  by: Actor,
  wishes: readonly DateWish[],
): Promise<Map<number, ClaimResult>> {
  const results = new Map<number, ClaimResult>(
    wishes.map(({ meetingId }) => [meetingId, { ok: true, notices: [], requests: 0 }]),
  );
  const known = await readRooms(trx, by, wishes);
  const asked = [...known.values()].flatMap((rooms) => [...rooms.values()]);
  if (asked.length === 0) return results;
  const approved = await listApproved(
    trx,
    wishes.flatMap(({ meetingId, before }) => (before ? [meetingId] : [])),
  );

  const setUp = wishes.filter(({ seats, layout }) => seats && layout);
  const seats =
    setUp.length > 0
      ? await listLayoutSeats(trx, [...new Set(setUp.flatMap(({ roomIds }) => roomIds))])
      : new Map<number, Map<Layout, number>>();

  const together: Open[] = [];
  const single: Open[] = [];
  const beyond: { wish: DateWish; checks: Check[] }[] = [];
  for (const wish of wishes) {
    const ofPrincipal = known.get(wish.meetingId);
    const pick = (ids: readonly number[]) =>
      [...new Set(ids)]
        .sort((a, b) => a - b)
        .flatMap((id) => ofPrincipal?.get(id) ?? [])
        .map((room) => asDate(inLayout(room, wish, seats), wish, approved.get(wish.meetingId)?.get(room.id)));
    const rooms = pick(wish.roomIds);
    // Rooms that are given up have their say too, as for a single move.
    const late = pick((wish.before?.roomIds ?? []).filter((id) => !wish.roomIds.includes(id))).flatMap(
      (room) => lateIn(room, 'notice_change', wish),
    );
    if (late.some(({ level }) => level === 'error')) {
      results.set(wish.meetingId, { ok: false, clashes: [], checks: late });
      continue;
    }
    beyond.push({ wish, checks: late });
    if (rooms.length === 0) continue;
    if (rooms.some((room) => isDecidedSingly(room, wish))) single.push({ wish, rooms, checks: [] });
    else {
      const now = wish.now ?? new Date();
      const checks = checkAll(rooms, wish, now, circumstancesOf(wish));
      if (checks.some(({ level }) => level === 'error'))
        results.set(wish.meetingId, refusal(rooms, wish, checks, now));
      else {
        results.set(wish.meetingId, { ok: true, notices: checks, requests: 0 });
        together.push({ wish, rooms, checks });
        beyond.push({ wish, checks: checks.filter(({ isOverridden }) => isOverridden) });
      }
    }
  }

  await lockRooms(trx, atomicOf(asked));
  if (single.length > 0)
    await lockQuotasOfMeetings(
      trx,
      single.map(({ wish }) => wish.meetingId),
    );
  for (const [meetingId, result] of await claimTogether(trx, by, together)) results.set(meetingId, result);
  // In order of time, behind those that are claimed already: quotas count them.
  for (const { wish, rooms } of single.sort(
    (a, b) => a.wish.startsAt.getTime() - b.wish.startsAt.getTime(),
  )) {
    // Refused, it leaves nothing behind, and neither does what it would have asked for.
    results.set(wish.meetingId, await claimAsked(trx, by, wish, rooms, circumstancesOf(wish)));
  }
  await recordOverridesOfMany(
    trx,
    by,
    beyond.flatMap(({ wish: { meetingId, overrideReason }, checks }) =>
      results.get(meetingId)?.ok ? [{ meetingId, checks, reason: overrideReason ?? '' }] : [],
    ),
  );
  return results;
}

/**
 * May these meetings still be called off, by the rules of their rooms? As checkNotice, for many: the rules are read once.
 * Nothing is recorded for a meeting that is refused.
 * @returns by meeting the rules that stand against it; empty when all may be
 */
export async function checkNoticeOfMany(
  trx: Db,
  by: Actor,
  meetings: readonly { meetingId: number; roomIds: readonly number[]; startsAt: Date }[],
  why: { now: Date; overrideReason: string | null },
): Promise<Map<number, Check[]>> {
  const late = new Map<number, Check[]>();
  const wishes = meetings.map(({ meetingId, roomIds, startsAt }): DateWish => ({
    meetingId,
    roomIds,
    startsAt,
    endsAt: startsAt,
    ...why,
    before: { startsAt, roomIds },
  }));
  const known = await readRooms(trx, by, wishes);
  const beyond = wishes.flatMap((wish) => {
    const checks = wish.roomIds
      .flatMap((id) => known.get(wish.meetingId)?.get(id) ?? [])
      .flatMap((room) => lateIn(asDate(room, wish), 'notice_cancel', wish));
    const errors = checks.filter(({ level }) => level === 'error');
    if (errors.length > 0) late.set(wish.meetingId, errors);
    return errors.length > 0 ? [] : [{ meetingId: wish.meetingId, checks, reason: why.overrideReason ?? '' }];
  });
  if (late.size === 0) await recordOverridesOfMany(trx, by, beyond);
  return late;
}

/** The rooms of all wishes, by meeting; read once for each person they are held for, which of one standing meeting is mostly one. */
async function readRooms(
  trx: Db,
  by: Actor,
  wishes: readonly DateWish[],
): Promise<Map<number, Map<number, AskedRoom>>> {
  const roomIds = [
    ...new Set(wishes.flatMap(({ roomIds: ids, before }) => [...ids, ...(before?.roomIds ?? [])])),
  ];
  if (roomIds.length === 0) return new Map();
  const span = spanOf(wishes);
  const principals = await listPrincipals(
    trx,
    wishes.map(({ meetingId }) => meetingId),
  );
  const byPrincipal = new Map<number, Map<number, AskedRoom>>();
  for (const principalId of new Set(principals.values())) {
    const rooms = await findAskedRooms(trx, by, roomIds, {
      principalId,
      startsAt: span.from,
      endsAt: span.to,
    });
    byPrincipal.set(principalId, new Map(rooms.map((room) => [room.id, room])));
  }
  return new Map(
    [...principals].flatMap(([meetingId, principalId]) => {
      const rooms = byPrincipal.get(principalId);
      return rooms ? [[meetingId, rooms] as const] : [];
    }),
  );
}

function inLayout(
  room: AskedRoom,
  { layout }: DateWish,
  seats: ReadonlyMap<number, ReadonlyMap<Layout, number>>,
): AskedRoom {
  return layout ? { ...room, capacity: seats.get(room.id)?.get(layout) ?? room.capacity } : room;
}

function asDate(room: AskedRoom, wish: DateWish, approved: AskedRoom['approved'] = null): AskedRoom {
  return { ...room, is_recurring: true, meeting_starts_at: wish.before?.startsAt ?? null, approved };
}

function circumstancesOf({ before }: DateWish): { before?: readonly number[] } {
  return before ? { before: before.roomIds } : {};
}

/** What the one statement can't do: count, and ask somebody. */
function isDecidedSingly({ rules }: AskedRoom, wish: DateWish): boolean {
  return (
    hasQuota(rules) ||
    rules.in_policy === 'request' ||
    (Boolean(wish.askReason) && rules.out_of_policy === 'request')
  );
}

/** @returns what the rooms of those say that could not have them */
async function claimTogether(trx: Db, by: Actor, open: Open[]): Promise<Map<number, ClaimResult>> {
  if (open.length === 0) return new Map();
  let missing = await insertAll(trx, by, open);
  if (
    missing.length > 0 &&
    (await expireLapsed(
      trx,
      missing.flatMap(({ wish, rooms }) =>
        atomicOf(rooms).map((room) => ({ room, from: wish.startsAt, to: wish.endsAt })),
      ),
    )) > 0
  )
    missing = await insertAll(trx, by, missing);
  if (missing.length === 0) return new Map();
  const clashes = await findClashesOfMany(
    trx,
    by.id,
    missing.map(({ wish, rooms }) => ({
      key: wish.meetingId,
      roomIds: rooms.map(({ id }) => id),
      startsAt: wish.startsAt,
      endsAt: wish.endsAt,
      exceptMeetingId: wish.meetingId,
    })),
  );
  return new Map(
    missing.map(({ wish, checks }) => [
      wish.meetingId,
      { ok: false, clashes: clashes.get(wish.meetingId) ?? [], checks },
    ]),
  );
}

/** One statement for all rooms and dates, in order. @returns those that could not have all their rooms, of which nothing is left */
async function insertAll(trx: Db, by: Actor, open: Open[]): Promise<Open[]> {
  const list = open.flatMap(({ wish, rooms }) =>
    rooms.map(({ id }) => ({ meeting: wish.meetingId, room: id, from: wish.startsAt, to: wish.endsAt })),
  );
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
  const missing = open.filter(({ wish, rooms }) => (got.get(wish.meetingId) ?? 0) < atomicOf(rooms).length);
  if (missing.length > 0) {
    const meetings = missing.map(({ wish }) => wish.meetingId);
    // Nobody has seen them: they were written by this statement.
    await change(trx, `delete from room_claims where meeting_id = any(:meetings) and state = 'confirmed'`, {
      meetings,
    });
    await change(trx, `delete from meeting_rooms where meeting_id = any(:meetings)`, { meetings });
  }
  return missing;
}

/**
 * Gives up what these meetings occupy, for another place of each of them, and withdraws what was asked for; the rows
 * stay. A closure that waited for a piece takes it over, other dates that waited for the room are offered it.
 */
export async function releaseForMany(
  trx: Db,
  by: Actor,
  meetingIds: readonly number[],
  state: 'cancelled' | 'released',
  reason: string,
): Promise<void> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select distinct room_id from room_claims where (meeting_id = any(:meetings) or awaited_meeting_id = any(:meetings)) and state in ('held', 'requested', 'confirmed')`,
    { meetings: meetingIds },
  );
  if (held.length === 0) return;
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  const freed = await rows<{ id: number }>(
    trx,
    `with withdrawn as (update room_requests set state = 'withdrawn', version = version + 1 where meeting_id = any(:meetings) and state = 'open')
     update room_claims set state = :state, ended_at = now(), ended_by = :by, end_reason = :reason
      where (meeting_id = any(:meetings) or awaited_meeting_id = any(:meetings)) and state in ('held', 'requested', 'confirmed') returning id`,
    { state, by: by.id, reason, meetings: meetingIds },
  );
  const ids = freed.map(({ id }) => id);
  await handToClosures(trx, ids);
  await offerFreed(trx, ids);
}
