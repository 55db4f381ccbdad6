import { claimForMany, lockRooms, releaseClaims } from '../claims/commands.js';
import { checkNotice } from '../claims/noticeCommands.js';
import { lockQuotas } from '../claims/quotaCommands.js';
import { listLinesOf, releaseEquipment, takeEquipment } from '../equipment/commands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { actingFor } from '../meetings/actingCommands.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { mayEditMeeting } from '../meetings/policy.js';
import { findMeeting, type Meeting } from '../meetings/queries.js';
import {
  announceNewRooms,
  listTouchedRooms,
  lockHoused,
  type Housed,
} from '../meetings/roomChangeCommands.js';

/** `requests`: how many of the rooms wait for somebody's approval. */
export type Swapped =
  | { ok: true; requests: number }
  | { ok: false; reason: 'stale' }
  | { ok: false; reason: 'refused'; refused: RoomsRefused };

/** A meeting as it was looked at. */
export interface Swappable {
  id: number;
  version: number;
}

/**
 * Two meetings change rooms, each at its own time; both or none. For whoever may edit both.
 * @throws Conflict when one of them has no room, or runs or is over already
 */
export async function swapRooms(
  trx: Db,
  by: Actor,
  pair: readonly [Swappable, Swappable],
  now = new Date(),
): Promise<Swapped> {
  try {
    return await trx.transaction(async (inner): Promise<Swapped> => {
      const sides = await lockSides(inner, by, pair);
      if (!sides) return { ok: false, reason: 'stale' };
      await giveUpRooms(inner, by, sides, now);
      const requests = await takeRooms(inner, by, sides, now);
      await carryEquipmentAlong(inner, by, sides);
      await announceSwap(inner, by, sides);
      return { ok: true, requests };
    });
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: 'refused', refused: error.refused };
    throw error;
  }
}

interface Side {
  meeting: Housed;
  /** As the acting person sees it. */
  shown: Meeting;
  before: number[];
  after: number[];
  otherId: number;
}

/** @returns undefined when one of them has changed since it was looked at */
async function lockSides(
  trx: Db,
  by: Actor,
  [one, other]: readonly [Swappable, Swappable],
): Promise<Side[] | undefined> {
  const housed = await lockHoused(trx, [one.id, other.id]);
  const shown = [await findSwappable(trx, by, one.id), await findSwappable(trx, by, other.id)] as const;
  const [a, b] = [housed.get(one.id), housed.get(other.id)];
  if (!a || !b || a.id === b.id) throw new Conflict('swap.problem.same');
  for (const meeting of shown) requireSwappable(meeting);
  if (a.version !== one.version || b.version !== other.version) return undefined;
  const [ofA, ofB] = [a.rooms.map(({ id }) => id), b.rooms.map(({ id }) => id)];
  await lockRooms(trx, await listTouchedRooms(trx, [a.id, b.id], [...ofA, ...ofB]));
  await lockQuotas(trx, [], [a.id, b.id]);
  return [
    { meeting: a, shown: shown[0], before: ofA, after: ofB, otherId: b.id },
    { meeting: b, shown: shown[1], before: ofB, after: ofA, otherId: a.id },
  ];
}

function findSwappable(trx: Db, by: Actor, id: number): Promise<Meeting> {
  return findMeeting(trx, { id: by.id ?? -1 }, id);
}

function requireSwappable(meeting: Meeting): void {
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
    throw new Conflict('meetings.problem.closed');
  if (!mayEditMeeting(meeting)) throw new Forbidden();
  if (meeting.rooms.length === 0) throw new Conflict('swap.problem.noRoom');
}

/** Both give up a room, which the rules of the rooms may call too late. */
async function giveUpRooms(trx: Db, by: Actor, sides: readonly Side[], now: Date): Promise<void> {
  const late = await checkNotice(
    trx,
    by,
    sides.map(({ meeting, before }) => ({ meetingId: meeting.id, roomIds: before })),
    { rule: 'notice_change', now },
  );
  const [checks] = late.values();
  if (checks) throw new Refused({ ok: false, clashes: [], checks });
  const ids = sides.map(({ meeting }) => meeting.id);
  await releaseClaims(trx, by, ids, { state: 'released', reason: 'swapped' });
  await change(trx, `delete from meeting_rooms where meeting_id = any(:ids)`, { ids });
}

/** @returns how many of the rooms wait for somebody's approval */
async function takeRooms(trx: Db, by: Actor, sides: readonly Side[], now: Date): Promise<number> {
  const claimed = await claimForMany(
    trx,
    by,
    sides.map(({ meeting, after }) => ({
      meetingId: meeting.id,
      roomIds: after,
      startsAt: meeting.starts_at,
      endsAt: meeting.ends_at,
      seats: meeting.expected_count,
      now,
    })),
  );
  let requests = 0;
  for (const result of claimed.values()) {
    if (!result.ok) throw new Refused(result);
    requests += result.requests;
  }
  return requests;
}

/** Other rooms take other times to set up and clear away, and so does what is carried into them. */
async function carryEquipmentAlong(trx: Db, by: Actor, sides: readonly Side[]): Promise<void> {
  const lines = await listLinesOf(
    trx,
    sides.map(({ meeting }) => meeting.id),
  );
  // Both give theirs up before one of them takes it for another time.
  await releaseEquipment(trx, [...lines.keys()]);
  const short = await takeEquipment(
    trx,
    by,
    sides.flatMap(({ meeting: { id, starts_at, ends_at } }) => {
      const own = lines.get(id);
      return own ? [{ meetingId: id, startsAt: starts_at, endsAt: ends_at, lines: own }] : [];
    }),
  );
  if (short.size > 0)
    throw new Refused({ ok: false, clashes: [], checks: [], shortages: [...short.values()].flat() });
}

async function announceSwap(trx: Db, by: Actor, sides: readonly Side[]): Promise<void> {
  await announceNewRooms(
    trx,
    by,
    sides.map(({ meeting, after }) => ({ meeting, roomIds: after, reason: null })),
  );
  for (const { meeting, shown, before, after, otherId } of sides)
    await record(trx, actingFor(by, shown), {
      action: 'meeting.swapRooms',
      noun: 'meetings',
      id: meeting.id,
      meetingId: meeting.id,
      before: { room_ids: before },
      after: { room_ids: after, with_meeting_id: otherId },
    });
}

class Refused extends Error {
  constructor(readonly refused: RoomsRefused) {
    super('swap refused');
  }
}
