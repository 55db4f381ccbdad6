import { requireKeeper } from '../auth/keeperQueries.js';
import { claimForMany, lockRooms, releaseClaims } from '../claims/commands.js';
import { checkNotice } from '../claims/noticeCommands.js';
import { lockQuotas } from '../claims/quotaCommands.js';
import { listLinesOf, lockKindsOf, releaseEquipment, takeEquipment } from '../equipment/commands.js';
import { isLive } from '../hours/liveClaimQueries.js';
import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import { allowedReason } from '../meetings/actingCommands.js';
import { callOffMeetings } from '../meetings/callOffCommands.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { lockSeriesOfMany } from '../meetings/numberCommands.js';
import { setLayout } from '../meetings/placeCommands.js';
import {
  announceNewRooms,
  listTouchedRooms,
  lockHoused,
  notifyKeepers,
  type Housed,
} from '../meetings/roomChangeCommands.js';

/** What is done with one meeting that stands in the way of a closure. */
export interface Choice {
  meetingId: number;
  /** The version that was looked at. */
  version: number;
  /** The room it has to leave. */
  roomId: number;
  to: { kind: 'room'; roomId: number } | { kind: 'cancel'; reason: string };
}

export interface Obstacle {
  meetingId: number;
  roomId: number;
  /**
   * 'changed': moved, edited or called off since it was looked at. 'private': only its organiser and leader
   * call it off.
   */
  reason: 'changed' | 'private' | 'refused';
  refused?: RoomsRefused;
}

export type Accommodated =
  { ok: true; moved: number; cancelled: number } | { ok: false; obstacles: Obstacle[] };

export interface Relocation {
  closureReason: string;
  /** Default: now. */
  now?: Date;
  /**
   * The rules of the rooms (too late to leave or call off, not for this organiser) are gone beyond. The
   * reason is written down for each. Otherwise the rules stand against it.
   */
  beyond?: boolean;
}

/**
 * Moves and calls off the meetings of closed rooms, all or nothing, by a handful of statements. One that
 * can't be done leaves everything as it was, and all that can't be done are named. Each piece given up
 * becomes the closure's in the same transaction. Who keeps rooms may move a meeting without knowing it. A
 * private one stays private, and only its organiser or leader calls it off.
 */
export async function accommodate(
  trx: Db,
  by: Actor,
  choices: readonly Choice[],
  relocation: Relocation,
): Promise<Accommodated> {
  try {
    return await trx.transaction(async (inner) => {
      await requireKeeper(inner, by);
      const ids = [...new Set(choices.map(({ meetingId }) => meetingId))];
      const housed = await lockAll(inner, ids, choices);
      const fates = ids.map((id) =>
        fateOf(
          housed.get(id),
          choices.filter(({ meetingId }) => meetingId === id),
          by,
        ),
      );
      const cancelled = fates.filter((fate) => fate.kind === 'cancelled');
      const moved = fates.filter((fate) => fate.kind === 'moved');
      // What is called off gives its rooms to those that move.
      const refused = new Map([
        ...(await callOff(inner, by, cancelled, relocation)),
        ...(await move(inner, by, moved, relocation)),
      ]);
      const obstacles = fates.flatMap((fate) => obstaclesOf(fate, refused));
      if (obstacles.length > 0) throw new Obstructed(obstacles);
      return { ok: true, moved: moved.length, cancelled: cancelled.length };
    });
  } catch (error) {
    if (error instanceof Obstructed) return { ok: false, obstacles: error.obstacles };
    throw error;
  }
}

/**
 * Series before meetings before rooms, each in order: nobody who books or edits meanwhile waits crosswise.
 */
async function lockAll(
  trx: Db,
  ids: readonly number[],
  choices: readonly Choice[],
): Promise<Map<number, Housed>> {
  await lockSeriesOfMany(
    trx,
    choices.flatMap(({ meetingId, to }) => (to.kind === 'cancel' ? [meetingId] : [])),
  );
  const housed = await lockHoused(trx, ids);
  const roomIds = choices.flatMap(({ to }) => (to.kind === 'room' ? [to.roomId] : []));
  await lockRooms(trx, await listTouchedRooms(trx, ids, roomIds));
  await lockQuotas(trx, [], ids);
  await lockKindsOf(trx, ids);
  return housed;
}

interface Cancelled {
  kind: 'cancelled';
  meeting: Housed;
  reason: string;
  /** The room named when it can't be done. */
  roomId: number;
}

interface Moved {
  kind: 'moved';
  meeting: Housed;
  rooms: { before: number[]; after: number[] };
  roomId: number;
}

type Fate = Cancelled | Moved | { kind: 'obstacle'; obstacle: Obstacle };

/** @param own the choices for this meeting, one for each of its closed rooms */
function fateOf(meeting: Housed | undefined, own: readonly Choice[], by: Actor): Fate {
  const [first] = own;
  if (!first) throw new Error('a meeting without a choice');
  const { meetingId, roomId } = first;
  const obstacle = (reason: Obstacle['reason']): Fate => ({
    kind: 'obstacle',
    obstacle: { meetingId, roomId, reason },
  });
  if (!meeting || !isAsLookedAt(meeting, own)) return obstacle('changed');
  const off = own.find(({ to }) => to.kind === 'cancel')?.to;
  if (off?.kind !== 'cancel') return { kind: 'moved', meeting, roomId, rooms: newRoomsOf(meeting, own) };
  if (meeting.is_private && by.id !== meeting.organiser_id && by.id !== meeting.booked_for_id)
    return obstacle('private');
  return { kind: 'cancelled', meeting, roomId, reason: off.reason };
}

function isAsLookedAt({ state, version, rooms: present }: Housed, own: readonly Choice[]): boolean {
  if (state !== 'draft' && state !== 'scheduled') return false;
  return own.every((one) => one.version === version && present.some(({ id }) => id === one.roomId));
}

function newRoomsOf(meeting: Housed, own: readonly Choice[]): Moved['rooms'] {
  const before = meeting.rooms.map(({ id }) => id);
  const after = before.map((room) => {
    const to = own.find(({ roomId }) => roomId === room)?.to;
    return to?.kind === 'room' ? to.roomId : room;
  });
  return { before, after: [...new Set(after)] };
}

function obstaclesOf(fate: Fate, refused: ReadonlyMap<number, RoomsRefused>): Obstacle[] {
  if (fate.kind === 'obstacle') return [fate.obstacle];
  const { meeting, roomId } = fate;
  const why = refused.get(meeting.id);
  return why ? [{ meetingId: meeting.id, roomId, reason: 'refused', refused: why }] : [];
}

/** @returns by meeting the rules of its rooms that stand against it; those meetings are left alone */
async function callOff(
  trx: Db,
  by: Actor,
  cancelled: readonly Cancelled[],
  { now = new Date(), beyond }: Relocation,
): Promise<Map<number, RoomsRefused>> {
  const refused = new Map<number, RoomsRefused>();
  // A reason to go beyond the notice is written down; most meetings have the same one.
  for (const [reason, some] of groupedBy(cancelled, (one) => one.reason)) {
    const late = await checkNotice(
      trx,
      by,
      some.map(({ meeting }) => ({ meetingId: meeting.id, roomIds: meeting.rooms.map(({ id }) => id) })),
      { rule: 'notice_cancel', now, overrideReason: beyond ? await allowedReason(trx, by, reason) : null },
    );
    for (const [id, checks] of late) refused.set(id, { ok: false, clashes: [], checks });
  }
  const free = cancelled.filter(({ meeting }) => !refused.has(meeting.id));
  await callOffMeetings(
    trx,
    by,
    free.map(({ meeting, reason }) => ({ meetingId: meeting.id, reason })),
  );
  await notifyKeepers(
    trx,
    by,
    'meetings.calledOff',
    free.map(({ meeting, reason }) => ({ meeting, payload: { reason } })),
  );
  return refused;
}

/**
 * Each meeting sits in its new rooms as it sat in the former ones. What is carried in goes along, for the
 * time that the new rooms need.
 * @returns by meeting what the new rooms say
 */
async function move(
  trx: Db,
  by: Actor,
  moved: readonly Moved[],
  relocation: Relocation,
): Promise<Map<number, RoomsRefused>> {
  if (moved.length === 0) return new Map();
  const refused = new Map([
    ...(await moveRooms(trx, by, moved, relocation)),
    ...(await moveEquipment(trx, by, moved)),
  ]);
  const { closureReason } = relocation;
  const done = moved.filter(({ meeting }) => !refused.has(meeting.id));
  await announceNewRooms(
    trx,
    by,
    done.map(({ meeting, rooms }) => ({ meeting, roomIds: rooms.after, reason: closureReason })),
  );
  await recordAll(
    trx,
    by,
    done.map(({ meeting, rooms }) => ({
      action: 'meeting.accommodate',
      noun: 'meetings',
      id: meeting.id,
      meetingId: meeting.id,
      before: { room_ids: rooms.before },
      after: { room_ids: rooms.after },
      note: closureReason,
    })),
  );
  return refused;
}

async function moveRooms(
  trx: Db,
  by: Actor,
  moved: readonly Moved[],
  { closureReason, now, beyond }: Relocation,
): Promise<Map<number, RoomsRefused>> {
  const ids = moved.map(({ meeting }) => meeting.id);
  // The layout is noted before the claims, which count its seats.
  await setLayout(
    trx,
    moved.flatMap(({ meeting: { id, layout }, rooms }) =>
      layout ? [{ meetingId: id, roomIds: rooms.after, layout }] : [],
    ),
  );
  const claimed = await listClaimed(trx, ids);
  await releaseClaims(trx, by, ids, { state: 'released', reason: 'moved' });
  await change(trx, `delete from meeting_rooms where meeting_id = any(:ids)`, { ids });
  const results = await claimForMany(
    trx,
    by,
    moved.map(({ meeting, rooms }) => ({
      meetingId: meeting.id,
      roomIds: rooms.after,
      startsAt: meeting.starts_at,
      endsAt: meeting.ends_at,
      seats: meeting.expected_count,
      now,
      overrideReason: beyond ? closureReason : null,
      before: { startsAt: meeting.starts_at, roomIds: claimed.has(meeting.id) ? rooms.before : [] },
    })),
  );
  return new Map([...results].flatMap(([id, result]) => (result.ok ? [] : [[id, result] as const])));
}

/** Those that hold a room now; rules about leaving one don't touch the others. */
async function listClaimed(trx: Db, ids: readonly number[]): Promise<Set<number>> {
  const found = await rows<{ meeting_id: number }>(
    trx,
    `select distinct meeting_id from room_claims where meeting_id = any(:ids) and ${isLive()}`,
    { ids },
  );
  return new Set(found.map(({ meeting_id }) => meeting_id));
}

async function moveEquipment(
  trx: Db,
  by: Actor,
  moved: readonly Moved[],
): Promise<Map<number, RoomsRefused>> {
  const lines = await listLinesOf(
    trx,
    moved.map(({ meeting }) => meeting.id),
  );
  // All give theirs up before one of them takes it for another time.
  await releaseEquipment(trx, [...lines.keys()]);
  const short = await takeEquipment(
    trx,
    by,
    moved.flatMap(({ meeting: { id, starts_at, ends_at } }) => {
      const own = lines.get(id);
      return own ? [{ meetingId: id, startsAt: starts_at, endsAt: ends_at, lines: own }] : [];
    }),
  );
  return new Map(
    [...short].map(([id, shortages]) => [id, { ok: false, clashes: [], checks: [], shortages }]),
  );
}

class Obstructed extends Error {
  constructor(readonly obstacles: Obstacle[]) {
    super('some meetings can not be moved');
  }
}
