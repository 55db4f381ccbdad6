import { handToClosures, type RoomTime } from './closureCommands.js';
import type { Actor } from '../lib/audit/record.js';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { findRequestedRooms } from './requestedRoomQueries.js';
import { offerFreed } from './awaitedCommands.js';
import type { Check } from './checks.js';
import { insertClaims, notePrevented, type Claimant } from './insertCommands.js';
import { findClashes, spanOf, type Clash } from './queries.js';
import { recordOverrides, writeRequests } from './recordCommands.js';
import {
  atomicOf,
  candidateOf,
  judge,
  type Candidate,
  type ClaimRefused,
  type ClaimResult,
  type ClaimRequest,
} from './verdict.js';
import { atomOf, isLive, joinParts } from '../hours/liveClaimQueries.js';
import { checkQuotas, countedFor, isCounted, lockQuotas } from './quotaCommands.js';

// Who occupies which room when; everything for many meetings at once, of which one is the smallest number.
// Everything here runs in the caller's transaction. Overlap is forbidden by the constraint
// room_claims_no_overlap. A clash is a row count of INSERT … ON CONFLICT DO NOTHING, never an error: catching
// the error of a plain insert deadlocks under contention.

/**
 * Claims rooms for a meeting that exists already, and notes in meeting_rooms what was asked for. Refused,
 * nothing of this call is left: the caller removes what it made itself (the meeting row) or rolls back.
 */
export async function claimRooms(trx: Db, by: Actor, request: ClaimRequest): Promise<ClaimResult> {
  return resultOf(await claimForMany(trx, by, [request]), request.meetingId);
}

/**
 * The same for many meetings. Each gets all its rooms or none; the others are not touched by that.
 * The rules of the rooms are read once and asked in memory, and all claims are one statement.
 * @returns by meeting what its rooms say
 */
export async function claimForMany(
  trx: Db,
  by: Actor,
  requests: readonly ClaimRequest[],
): Promise<Map<number, ClaimResult>> {
  if (!requests.some(({ roomIds, before }) => roomIds.length > 0 || before?.roomIds.length))
    return new Map(requests.map(({ meetingId }) => [meetingId, NOTHING_CLAIMED]));
  const known = await findRequestedRooms(trx, by, requests.map(withFormerRooms), spanOf(requests));
  return claimKnown(
    trx,
    by,
    requests.map((request) => candidateOf(request, known.get(request.meetingId) ?? [])),
  );
}

const NOTHING_CLAIMED: ClaimResult = { ok: true, notices: [], requests: 0 };

function resultOf(results: ReadonlyMap<number, ClaimResult>, meetingId: number): ClaimResult {
  return results.get(meetingId) ?? NOTHING_CLAIMED;
}

function withFormerRooms(request: ClaimRequest): ClaimRequest {
  return { ...request, roomIds: [...request.roomIds, ...(request.before?.roomIds ?? [])] };
}

/** Meetings whose rooms were read already. */
async function claimKnown(
  trx: Db,
  by: Actor,
  candidates: readonly Candidate[],
): Promise<Map<number, ClaimResult>> {
  const results = new Map<number, ClaimResult>();
  const judged: Judged[] = [];
  const add = (candidate: Candidate, counted: readonly Check[], to: Judged[]) => {
    const verdict = judge(candidate, counted);
    if (verdict.refused) results.set(candidate.request.meetingId, verdict.refused);
    else to.push({ ...candidate, ...verdict });
  };
  for (const candidate of candidates) add(candidate, [], judged);

  // Everybody who writes claims locks the rooms first, in order: a closure and a release would wait for each
  // other otherwise.
  const rooms = judged.flatMap((one) => one.rooms);
  if (rooms.length > 0) await lockRooms(trx, atomicOf(rooms));
  // Quotas are counted behind the locks of the rooms and of whoever has a quota in all rooms. Of two bookings
  // that are sent together, the second counts the first.
  await lockQuotas(trx, countedFor(judged.filter(isCounted)));
  const claim = async (some: readonly Judged[]) => {
    for (const [meetingId, result] of await claimTogether(trx, by, some)) results.set(meetingId, result);
  };
  const hasTurn = (one: Judged) => isCounted(one) || isOpen(one);
  await claim(judged.filter((one) => !hasTurn(one)));
  // One after the other in order of time, behind those that are claimed already, because quotas count them.
  const inTurn = judged
    .filter(hasTurn)
    .sort((a, b) => a.request.startsAt.getTime() - b.request.startsAt.getTime());
  for (const one of inTurn) {
    const counted: Judged[] = [];
    if (isCounted(one)) add(one, await checkQuotas(trx, one), counted);
    await claim(isCounted(one) ? counted : [one]);
  }
  return results;
}

interface Judged extends Claimant {
  checks: Check[];
  overridden: Check[];
}

/** Meetings that don't count towards each other, locked and judged. @returns by meeting what its rooms say */
async function claimTogether(
  trx: Db,
  by: Actor,
  judged: readonly Judged[],
): Promise<Map<number, ClaimResult>> {
  const results = new Map<number, ClaimResult>();
  const refuse = ({ request, checks }: Judged, clashes: Clash[]) =>
    results.set(request.meetingId, { ok: false, clashes, checks });

  // What doesn't hold the room would slip past the constraint; it is not asked for what is taken already.
  const taken = await findClashesOf(trx, by, judged.filter(isOpen));
  for (const [one, clashes] of taken) if (clashes.length > 0) refuse(one, clashes);
  const open = judged.filter((one) => !taken.get(one)?.length);

  let missing = await insertClaims(trx, by, open);
  if (missing.length > 0 && (await expireLapsed(trx, missing.flatMap(timesOf))) > 0)
    missing = await insertClaims(trx, by, missing);
  const prevented = await findClashesOf(trx, by, missing);
  for (const [one, clashes] of prevented) refuse(one, clashes);
  await notePrevented(
    trx,
    by,
    [...prevented].map(([{ request }, clashes]) => ({ request, clashes })),
  );
  const claimed = open.filter((one) => !missing.includes(one));
  await recordClaimed(trx, by, claimed);
  for (const { request, checks, approvals } of claimed)
    results.set(request.meetingId, {
      ok: true,
      notices: checks.filter(({ level }) => level === 'notice'),
      requests: approvals.length,
    });
  return results;
}

/** Does it ask for a room that is not held meanwhile? */
function isOpen({ approvals }: Judged): boolean {
  return approvals.some(({ isHolding }) => !isHolding);
}

/** What is written down beside the claims: rules that a reason went beyond, and who has to be asked. */
async function recordClaimed(trx: Db, by: Actor, claimed: readonly Judged[]): Promise<void> {
  await recordOverrides(
    trx,
    by,
    claimed.map(({ request, overridden }) => ({
      meetingId: request.meetingId,
      checks: overridden,
      reason: request.overrideReason ?? '',
    })),
  );
  await writeRequests(
    trx,
    by,
    claimed.map(({ request, approvals }) => ({
      meetingId: request.meetingId,
      startsAt: request.startsAt,
      endsAt: request.endsAt,
      now: request.now ?? new Date(),
      note: request.askReason ?? null,
      approvals,
    })),
  );
}

async function findClashesOf<T extends Candidate>(
  trx: Db,
  by: Actor,
  candidates: readonly T[],
): Promise<Map<T, Clash[]>> {
  const found = await findClashes(
    trx,
    by.id,
    candidates.map((candidate) => ({
      key: candidate,
      roomIds: candidate.rooms.map(({ id }) => id),
      startsAt: candidate.request.startsAt,
      endsAt: candidate.request.endsAt,
      exceptMeetingId: candidate.request.meetingId,
    })),
  );
  return new Map(candidates.map((candidate) => [candidate, found.get(candidate) ?? []]));
}

function timesOf({ request, rooms }: Candidate): RoomTime[] {
  return atomicOf(rooms).map((room) => ({ room, from: request.startsAt, to: request.endsAt }));
}

class Refused extends Error {
  constructor(readonly result: ClaimRefused) {
    super('claim refused');
  }
}

/**
 * Moves a meeting to another time, other rooms, or both. Refused, it stands where it stood. The rooms of
 * before and after are locked together, so that two moves that cross can't wait for each other.
 */
export async function moveClaims(trx: Db, by: Actor, request: ClaimRequest): Promise<ClaimResult> {
  const { meetingId } = request;
  const stands = await row<{
    starts_at: Date | null;
    claimed: number[] | null;
    offered: number[] | null;
    room_ids: number[] | null;
  }>(
    trx,
    `select m.starts_at,
            (select array_agg(room_id) from room_claims where meeting_id = m.id and ${isLive()}) as claimed,
            (select array_agg(room_id) from room_claims
              where awaited_meeting_id = m.id and state = 'held') as offered,
            (select array_agg(room_id) from meeting_rooms where meeting_id = m.id) as room_ids
       from meetings m where m.id = :meetingId`,
    { meetingId },
  );
  const { starts_at: startsAt = null, claimed, offered, room_ids } = stands ?? {};
  const moved = { ...request, before: { startsAt, roomIds: claimed ? (room_ids ?? []) : [] } };
  const known = await findRequestedRooms(trx, by, [withFormerRooms(moved)], spanOf([request]));
  const candidate = candidateOf(moved, known.get(meetingId) ?? []);
  await lockRooms(trx, [...new Set([...(claimed ?? []), ...(offered ?? []), ...atomicOf(candidate.rooms)])]);
  try {
    // A savepoint: what was given up comes back when the new place is taken.
    return await trx.transaction(async (inner) => {
      await releaseClaims(inner, by, [meetingId], { state: 'released', reason: 'moved' });
      await change(inner, `delete from meeting_rooms where meeting_id = :meetingId`, { meetingId });
      const result = resultOf(await claimKnown(inner, by, [candidate]), meetingId);
      if (!result.ok) throw new Refused(result);
      return result;
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await notePrevented(trx, by, [{ request, clashes: error.result.clashes }]);
    return error.result;
  }
}

/**
 * Gives up what meetings occupy, and what is held for them because they waited. The rows stay with actor,
 * time and reason. Requests for approval are withdrawn. In the same transaction closures that waited take the
 * room over, and who waits for it is offered it.
 * @returns how many claims were given up
 */
export async function releaseClaims(
  trx: Db,
  by: Actor,
  meetingIds: readonly number[],
  { state, reason }: { state: 'cancelled' | 'refused' | 'released'; reason: string | null },
): Promise<number> {
  const theirs = `(meeting_id = any(:meetings) or awaited_meeting_id = any(:meetings)) and ${isLive()}`;
  const claimed = await rows<{ room_id: number }>(
    trx,
    `select distinct room_id from room_claims where ${theirs}`,
    { meetings: meetingIds },
  );
  if (!claimed.length) return 0;
  await lockRooms(
    trx,
    claimed.map(({ room_id }) => room_id),
  );
  const freed = await rows<{ id: number }>(
    trx,
    `with withdrawn as (
       update room_requests set state = 'withdrawn', version = version + 1
        where meeting_id = any(:meetings) and state = 'open'
     )
     update room_claims set state = :state, ended_at = now(), ended_by = :by, end_reason = :reason
      where ${theirs} returning id`,
    { state, by: by.id, reason, meetings: meetingIds },
  );
  const ids = freed.map(({ id }) => id);
  if (ids.length) {
    await handToClosures(trx, ids);
    await offerFreed(trx, ids);
  }
  return ids.length;
}

/**
 * Claims again what a cancelled meeting had asked for, at the time that stands in it. Refused, nothing has
 * changed.
 */
export async function restoreClaims(
  trx: Db,
  by: Actor,
  meetingId: number,
  now = new Date(),
): Promise<ClaimResult> {
  const meeting = await row<{ starts_at: Date | null; ends_at: Date | null; room_ids: number[] | null }>(
    trx,
    `select m.starts_at, m.ends_at,
            (select json_agg(room_id) from meeting_rooms where meeting_id = m.id) as room_ids
       from meetings m where m.id = :meeting`,
    { meeting: meetingId },
  );
  if (!meeting?.starts_at || !meeting.ends_at || !meeting.room_ids) return NOTHING_CLAIMED;
  return retakeRooms(trx, by, {
    meetingId,
    roomIds: meeting.room_ids,
    startsAt: meeting.starts_at,
    endsAt: meeting.ends_at,
    now,
  });
}

/**
 * Claims rooms that the meeting had before. Hours and rules were agreed when it was booked: only the slot
 * itself has to be free. Who decides about a room is asked again, unless they approved the slot.
 */
export function retakeRooms(
  trx: Db,
  by: Actor,
  had: { meetingId: number; roomIds: number[]; startsAt: Date; endsAt: Date; now: Date },
): Promise<ClaimResult> {
  return claimRooms(trx, by, { ...had, overrideReason: 'restored', isRestored: true });
}

/**
 * Holds and returned requests whose time is over give way to who wants the slot; no timer decides it. A
 * closure that waited for the piece comes first. Where somebody waits for the room it is not for who passes
 * by: sweepLapsed ends it within a minute and the first in the queue is asked. The caller has locked the
 * rooms.
 * @returns how many gave way
 */
export async function expireLapsed(trx: Db, times: readonly RoomTime[]): Promise<number> {
  const lapsed = await rows<{ id: number }>(
    trx,
    `update room_claims c set state = 'expired', ended_at = now()
       from jsonb_to_recordset(:list) as w (room bigint, "from" timestamptz, "to" timestamptz)
       join rooms r on r.id = w.room
      where c.room_id = w.room and c.state in ('held', 'requested') and c.hold_until <= now()
        and c.occupies_from < w."to" + make_interval(mins => r.teardown_minutes)
        and c.occupies_to > w."from" - make_interval(mins => r.setup_minutes)
        and not exists (
          select 1
            from awaited_rooms a
            join meetings m on m.id = a.meeting_id ${joinParts('a.room_id')}
           where ${atomOf('a.room_id')} = c.room_id and a.state = 'waiting'
             and m.state in ('draft', 'scheduled', 'cancelled')
             and m.starts_at > now() and m.starts_at < c.occupies_to and m.ends_at > c.occupies_from)
     returning c.id`,
    { list: JSON.stringify(times) },
  );
  if (lapsed.length)
    await handToClosures(
      trx,
      lapsed.map(({ id }) => id),
    );
  return lapsed.length;
}

/** Locks rooms in the one order that everybody keeps. Nobody waits for readers. */
export async function lockRooms(trx: Db, roomIds: readonly number[]): Promise<void> {
  await rows(trx, `select id from rooms where id = any(:rooms) order by id for no key update`, {
    rooms: roomIds,
  });
}
