import { record, type Actor } from '../lib/audit/record.js';
import { rows, type Db } from '../lib/db/db.js';
import { lockRooms, moveClaims } from '../claims/commands.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import { lockKindsOf } from '../equipment/commands.js';
import { cancelMeeting, type RoomsRefused } from '../meetings/commands.js';
import { setLayout, takePlace } from '../meetings/placeCommands.js';
import {
  listTouchedRooms,
  lockHoused,
  tellKeepers,
  tellNewRooms,
  type Housed,
} from '../meetings/roomChangeCommands.js';
import { lockQuotas } from '../claims/quotaCommands.js';

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
   * 'changed': moved, edited or called off since it was looked at; 'private': only its organiser and leader
   * call it off.
   */
  reason: 'changed' | 'private' | 'refused';
  refused?: RoomsRefused;
}

export type Accommodated =
  { ok: true; moved: number; cancelled: number } | { ok: false; obstacles: Obstacle[] };

/**
 * Moves and calls off the meetings of closed rooms, all or nothing: one that can't be done leaves everything
 * as it was, and all that can't be done are named. Each piece given up becomes the closure's in the same
 * transaction. Who keeps rooms may move a meeting without knowing it: a private one stays private, and is
 * called off only by whom it belongs to.
 * @param how.beyond the rules of the rooms (too late to leave or call off, not for this organiser) are gone
 *   beyond, with the reason of the closure or for calling off written down for each; otherwise they stand
 *   against it
 */
export async function accommodate(
  trx: Db,
  by: Actor,
  closureReason: string,
  choices: readonly Choice[],
  how: { now?: Date; beyond?: boolean } = {},
): Promise<Accommodated> {
  try {
    return await trx.transaction(async (inner) => {
      await requireKeeper(inner, by);
      const ids = [...new Set(choices.map(({ meetingId }) => meetingId))];
      const housed = await lockAll(inner, ids, choices);
      const order = { closureReason, now: how.now ?? new Date(), beyond: how.beyond ?? false };
      const obstacles: Obstacle[] = [];
      const counts = { moved: 0, cancelled: 0 };
      for (const id of ids) {
        const own = choices.filter(({ meetingId }) => meetingId === id);
        const done = await accommodateOne(inner, by, { meeting: housed.get(id), own }, order);
        if (typeof done === 'string') counts[done]++;
        else obstacles.push(done);
      }
      if (obstacles.length) throw new Obstructed(obstacles);
      return { ok: true, ...counts };
    });
  } catch (error) {
    if (error instanceof Obstructed) return { ok: false, obstacles: error.obstacles };
    throw error;
  }
}

/**
 * Series before meetings before rooms, each in order, so that nobody who books or edits meanwhile waits
 * crosswise.
 */
async function lockAll(
  trx: Db,
  ids: readonly number[],
  choices: readonly Choice[],
): Promise<Map<number, Housed>> {
  const cancelled = choices.flatMap(({ meetingId, to }) => (to.kind === 'cancel' ? [meetingId] : []));
  await rows(
    trx,
    `select 1 from series where id in (select series_id from meetings where id = any(:cancelled))
      order by id for no key update`,
    { cancelled },
  );
  const housed = await lockHoused(trx, ids);
  const roomIds = choices.flatMap(({ to }) => (to.kind === 'room' ? [to.roomId] : []));
  await lockRooms(trx, await listTouchedRooms(trx, ids, roomIds));
  await lockQuotas(trx, [], ids);
  await lockKindsOf(trx, ids);
  return housed;
}

interface Order {
  closureReason: string;
  now: Date;
  beyond: boolean;
}

/** @param asked.own the choices for this meeting, one for each of its closed rooms */
async function accommodateOne(
  trx: Db,
  by: Actor,
  { meeting, own }: { meeting: Housed | undefined; own: readonly Choice[] },
  order: Order,
): Promise<'moved' | 'cancelled' | Obstacle> {
  const [first] = own;
  if (!first) throw new Error('a meeting without a choice');
  const obstacle = { meetingId: first.meetingId, roomId: first.roomId };
  if (!meeting || !isAsLookedAt(meeting, own)) return { ...obstacle, reason: 'changed' };
  const off = own.find(({ to }) => to.kind === 'cancel')?.to;
  if (off?.kind === 'cancel') {
    if (meeting.is_private && by.id !== meeting.organiser_id && by.id !== meeting.booked_for_id)
      return { ...obstacle, reason: 'private' };
    const called = await cancelMeeting(trx, by, meeting.id, {
      reason: off.reason,
      now: order.now,
      overrideReason: order.beyond ? off.reason : null,
    });
    if (!called.ok) return { ...obstacle, reason: 'refused', refused: called };
    await tellKeepers(trx, by, meeting, 'meetings.calledOff', { reason: off.reason });
    return 'cancelled';
  }
  const refused = await moveOne(trx, by, meeting, { ...order, own });
  return refused ? { ...obstacle, reason: 'refused', refused } : 'moved';
}

function isAsLookedAt({ state, version, rooms: present }: Housed, own: readonly Choice[]): boolean {
  if (state !== 'draft' && state !== 'scheduled') return false;
  return own.every((one) => one.version === version && present.some(({ id }) => id === one.roomId));
}

/** It sits there as it sat here, and what is carried in goes along for the time that the new rooms need. */
async function moveOne(
  trx: Db,
  by: Actor,
  meeting: Housed,
  { own, closureReason, now, beyond }: Order & { own: readonly Choice[] },
): Promise<RoomsRefused | undefined> {
  const { id } = meeting;
  const before = meeting.rooms.map((room) => room.id);
  const after = [
    ...new Set(
      before.map((room) => {
        const to = own.find(({ roomId }) => roomId === room)?.to;
        return to?.kind === 'room' ? to.roomId : room;
      }),
    ),
  ];
  if (meeting.layout) await setLayout(trx, [{ meetingId: id, roomIds: after, layout: meeting.layout }]);
  const request = {
    meetingId: id,
    roomIds: after,
    startsAt: meeting.starts_at,
    endsAt: meeting.ends_at,
    seats: meeting.expected_count,
    now,
    overrideReason: beyond ? closureReason : null,
  };
  const moved = await takePlace(trx, by, request, (inner) => moveClaims(inner, by, request));
  if (!moved.ok) return moved;
  await tellNewRooms(trx, by, meeting, after, { reason: closureReason });
  await record(trx, by, {
    action: 'meeting.accommodate',
    noun: 'meetings',
    id,
    meetingId: id,
    before: { room_ids: before },
    after: { room_ids: after },
    note: closureReason,
  });
  return undefined;
}

class Obstructed extends Error {
  constructor(readonly obstacles: Obstacle[]) {
    super('some meetings can not be moved');
  }
}
