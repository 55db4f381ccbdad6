import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { stopAwaiting } from '../claims/awaitedCommands.js';
import { sweepLapsed } from '../claims/holdCommands.js';
import { listFittingRooms, type AnyRoom } from '../claims/queueQueries.js';
import { holdAwaited, lockRoomsOf, releaseAwaited } from '../claims/waitHoldCommands.js';
import {
  findAwaited,
  listEndedOffers,
  listLapsed,
  listNext,
  listWaiting,
  type AwaitedDate,
  type Freed,
} from './awaitedQueries.js';
import {
  createMeeting,
  type CreatedMeeting,
  type NewMeeting,
  type RoomsRefused,
} from '../meetings/commands.js';
import { setLayout } from '../meetings/placeCommands.js';
import { mayEditMeeting } from '../meetings/policy.js';
import { lockMeeting } from '../meetings/queries.js';

// The queue for rooms. Who asks stands in it in order of asking; the first for whom everything is free gets a
// hold and a mail.

const SYSTEM: Actor = { id: null };

/** These rooms, or any one of a kind; null: what the meeting waited for before. */
export type RequestedRooms = readonly number[] | AnyRoom | null;

/**
 * Makes the meeting without its rooms, which it waits for; how they shall be set up is kept. Refused only for
 * the equipment.
 * @param any instead of the rooms of the meeting any one of that kind
 */
export function createWaiting(
  db: Db,
  by: Actor,
  input: NewMeeting,
  any?: AnyRoom,
): Promise<CreatedMeeting | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    const made = await createMeeting(trx, by, { ...input, roomIds: [] });
    if (!made.ok) return made;
    if (input.layout && !any)
      await setLayout(trx, [{ meetingId: made.id, roomIds: input.roomIds, layout: input.layout }]);
    await joinQueue(trx, by, made.id, { rooms: any ?? input.roomIds, now: input.now ?? new Date() });
    return made;
  });
}

/**
 * Queues a meeting for rooms at its time; what it has it keeps until it takes them. Asked twice it keeps its
 * place; other rooms are a new wish, at the end.
 */
export function joinQueue(
  db: Db,
  by: Actor,
  meetingId: number,
  { rooms, now }: { rooms: RequestedRooms; now: Date },
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
      throw new Conflict('meetings.problem.closed');
    if (!mayEditMeeting(meeting)) throw new Forbidden();
    if (meeting.starts_at <= now) throw new Conflict('meetings.problem.over');
    const before = await findAwaited(trx, meetingId, now);
    const request = await requestOf(trx, meeting, before, { rooms, now });
    if (before && (before.state === 'waiting' || before.is_held) && isSameRequest(before, request)) return;
    await releaseAwaited(trx, by, [meetingId], { state: 'released', reason: 'other rooms' });
    await stopAwaiting(trx, [meetingId]);
    await writeRequest(trx, by, meetingId, request);
    await record(trx, by, {
      action: 'meeting.wait',
      noun: 'meetings',
      id: meetingId,
      meetingId,
      after: request.any ? { any: request.any } : { room_ids: request.roomIds },
    });
    await enqueue(trx, 'meetings.serveWaits', {}, { key: 'meetings.serveWaits' });
  });
}

interface WaitRequest {
  /** Null: all of the rooms are requested. */
  any: AnyRoom | null;
  /** In the order of their ids; where any room will do, those that fit today. */
  roomIds: number[];
}

/** The rooms that a meeting waits for. @throws Conflict when there are none */
async function requestOf(
  trx: Db,
  meeting: { starts_at: Date; ends_at: Date; organiser_id: number },
  before: AwaitedDate | undefined,
  { rooms, now }: { rooms: RequestedRooms; now: Date },
): Promise<WaitRequest> {
  const { any, named } = namedIn(rooms, before);
  const fitting = any
    ? await listFittingRooms(trx, {
        ...any,
        startsAt: meeting.starts_at,
        endsAt: meeting.ends_at,
        personId: meeting.organiser_id,
        now,
      })
    : [];
  const roomIds = any ? fitting.map(({ id }) => id) : named;
  if (roomIds.length === 0) throw new Conflict(any ? 'waits.any.noneFits' : 'waits.problem.none');
  return { any, roomIds: [...new Set(roomIds)].sort((a, b) => a - b) };
}

/** What the request says by itself, or what was requested before. */
function namedIn(
  rooms: RequestedRooms,
  before: AwaitedDate | undefined,
): { any: AnyRoom | null; named: readonly number[] } {
  if (rooms === null) return { any: before?.any ?? null, named: before?.rooms.map(({ id }) => id) ?? [] };
  return 'seats' in rooms ? { any: rooms, named: [] } : { any: null, named: rooms };
}

/** A row for each room. @throws BadRequest when a room is no longer there */
async function writeRequest(
  trx: Db,
  by: Actor,
  meetingId: number,
  { any, roomIds }: WaitRequest,
): Promise<void> {
  const written = await change(
    trx,
    `insert into awaited_rooms
            (meeting_id, room_id, since, asked_by, starts_at, ends_at,
             any_seats, any_building, had_room_ids)
       select m.id, r.id, clock_timestamp(), :by, m.starts_at, m.ends_at, :seats, :building,
              coalesce((select array_agg(x.room_id order by x.room_id)
                          from meeting_rooms x
                         where x.meeting_id = m.id), '{}')
         from meetings m cross join (select id from rooms where id = any(:rooms) and status <> 'retired') r
        where m.id = :meeting`,
    {
      meeting: meetingId,
      rooms: roomIds,
      by: by.id,
      seats: any?.seats ?? null,
      building: any?.building ?? null,
    },
  );
  if (written !== roomIds.length) throw new BadRequest();
  // One request is one moment, whatever number of rooms it names.
  await change(
    trx,
    `update awaited_rooms
          set since = (select min(since) from awaited_rooms where meeting_id = :meeting)
        where meeting_id = :meeting`,
    { meeting: meetingId },
  );
}

function isSameRequest(before: AwaitedDate, { any, roomIds }: WaitRequest): boolean {
  if (before.any || any) return before.any?.seats === any?.seats && before.any?.building === any?.building;
  return (
    before.rooms
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .join() === roomIds.join()
  );
}

/** Leaves the queue. What is held goes to the next at once. Pressed twice is once. */
export function leaveQueue(db: Db, by: Actor, meetingId: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (!mayEditMeeting({ ...meeting, state: 'draft' })) throw new Forbidden();
    const request = await row<{ state: string }>(
      trx,
      `select state from awaited_rooms where meeting_id = :meeting limit 1`,
      { meeting: meetingId },
    );
    if (!request || request.state === 'declined') return;
    if (request.state === 'offered')
      await change(trx, `update awaited_rooms set state = 'declined' where meeting_id = :meeting`, {
        meeting: meetingId,
      });
    else await stopAwaiting(trx, [meetingId]);
    await releaseAwaited(trx, by, [meetingId], { state: 'released', reason: 'declined' });
    await record(trx, by, {
      action: request.state === 'offered' ? 'meeting.declineRoom' : 'meeting.stopWaiting',
      noun: 'meetings',
      id: meetingId,
      meetingId,
    });
  });
}

/**
 * Holds what became free for those who wait, in their order, and writes to them.
 * @param freed what was given up; null: whatever is free
 */
export function offerRooms(db: Db, freed: Freed | null, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    const candidates = await listNext(trx, freed, now);
    if (candidates.length === 0) return;
    await rows(trx, `select 1 from meetings where id = any(:ids) order by id for no key update`, {
      ids: candidates.map(({ meeting_id }) => meeting_id),
    });
    const locked = new Set(
      candidates.flatMap((date) => (date.any ? date.free_ids : date.rooms.map(({ id }) => id))),
    );
    await lockRoomsOf(trx, [...locked]);
    // Read again behind the locks: somebody may have booked, moved or withdrawn meanwhile. What has become
    // free only now waits a minute: its room isn't locked.
    const waiting = (
      await listWaiting(
        trx,
        candidates.map(({ meeting_id }) => meeting_id),
        now,
      )
    ).filter(({ is_free }) => is_free);
    const still = assignRooms(
      waiting.map((date) => ({ ...date, free_ids: date.free_ids.filter((id) => locked.has(id)) })),
    );
    const held = await holdAwaited(
      trx,
      still.map((date) => ({
        meetingId: date.meeting_id,
        roomIds: date.roomIds,
        startsAt: date.starts_at,
        endsAt: date.ends_at,
        personId: date.asker_id,
      })),
      now,
    );
    await recordOffers(
      trx,
      still.filter(({ meeting_id }) => held.has(meeting_id)),
      held,
      now,
    );
  });
}

type Assignment = AwaitedDate & { roomIds: number[] };

/**
 * In turn: whom any room will do gets the smallest of the free ones that nobody before them is about to get.
 * Where halls and their parts cross, whoever comes second finds it taken and is asked at the next minute.
 */
function assignRooms(dates: readonly AwaitedDate[]): Assignment[] {
  const given: Assignment[] = [];
  for (const date of dates) {
    const isGiven = (room: number) =>
      given.some(
        (one) => one.roomIds.includes(room) && one.starts_at < date.ends_at && one.ends_at > date.starts_at,
      );
    const roomIds = date.any
      ? date.free_ids.filter((room) => !isGiven(room)).slice(0, 1)
      : date.rooms.map(({ id }) => id);
    if (roomIds.length) given.push({ ...date, roomIds });
  }
  return given;
}

async function recordOffers(trx: Db, dates: Assignment[], held: Map<number, Date>, now: Date): Promise<void> {
  if (dates.length === 0) return;
  const list = JSON.stringify(
    dates.map(({ meeting_id, roomIds }) => ({
      meeting: meeting_id,
      until: held.get(meeting_id),
      rooms: roomIds,
    })),
  );
  // A room that fits only since, or was enlarged, has no row yet.
  await change(
    trx,
    `insert into awaited_rooms
            (meeting_id, room_id, since, offers, asked_by, starts_at, ends_at, had_room_ids,
             any_seats, any_building)
     select w.meeting_id, r.id::bigint, w.since, w.offers, w.asked_by, w.starts_at, w.ends_at, w.had_room_ids,
            w.any_seats, w.any_building
       from jsonb_to_recordset(cast(:list as jsonb)) as x (meeting bigint, rooms jsonb)
      cross join lateral (select *
                            from awaited_rooms a
                           where a.meeting_id = x.meeting and a.any_seats is not null
                           order by a.room_id
                           limit 1) w
      cross join lateral jsonb_array_elements_text(x.rooms) as r (id)
     on conflict do nothing`,
    { list },
  );
  const counted = await rows<{ meeting_id: number; offers: number }>(
    trx,
    `update awaited_rooms a
        set state = 'offered', held_until = x.until, offers = offers + 1, offered_at = :now,
            is_offered = x.rooms @> to_jsonb(a.room_id)
       from jsonb_to_recordset(cast(:list as jsonb)) as x (meeting bigint, until timestamptz, rooms jsonb)
      where a.meeting_id = x.meeting
       returning a.meeting_id, a.offers`,
    { now, list },
  );
  const offers = new Map(counted.map(({ meeting_id, offers }) => [meeting_id, offers]));
  await recordAll(
    trx,
    SYSTEM,
    dates.map(({ meeting_id }) => ({
      action: 'meeting.offerRoom',
      noun: 'meetings',
      id: meeting_id,
      meetingId: meeting_id,
      after: { held_until: held.get(meeting_id) },
    })),
  );
  await queueDeliveries(
    trx,
    dates.map((date) => mailOf('meetings.roomFreed', date, offers.get(date.meeting_id) ?? 1)),
  );
}

function mailOf(kind: 'meetings.roomFreed' | 'meetings.offerLapsed', date: AwaitedDate, revision: number) {
  return {
    kind,
    object: `meetings:${date.meeting_id}:${kind === 'meetings.roomFreed' ? 'awaited' : 'lapsed'}`,
    meetingId: date.meeting_id,
    personId: date.asker_id,
    revision,
    usefulUntil: date.starts_at,
    isRestricted: date.is_private,
  };
}

/** Each minute: ends holds that lapsed, tells whose they were, and asks the next. */
export async function serveWaits(db: Db, now: Date): Promise<void> {
  await endOffers(db, now);
  await sweepLapsed(db);
  await offerRooms(db, null, now);
}

/** Holds whose time is over, or whose meeting doesn't want them any more. @returns how many lapsed */
export function endOffers(db: Db, now: Date): Promise<number> {
  return inTransaction(db, async (trx) => {
    // Whose time has begun waits no more.
    await change(
      trx,
      `delete from awaited_rooms a using meetings m
        where m.id = a.meeting_id and m.starts_at <= :now and a.state <> 'offered'`,
      { now },
    );
    const found = await listEndedOffers(trx, now);
    if (found.length === 0) return 0;
    const ids = found.map(({ meeting_id }) => meeting_id);
    await rows(trx, `select 1 from meetings where id = any(:ids) order by id for no key update`, { ids });
    // Who was quicker to take or to decline has it: what stands behind the locks counts.
    const ended = (await listEndedOffers(trx, now)).filter(({ meeting_id }) => ids.includes(meeting_id));
    const [lapsed, over] = [
      ended.filter(({ is_still }) => is_still),
      ended.filter(({ is_still }) => !is_still),
    ].map((some) => some.map(({ meeting_id }) => meeting_id)) as [number[], number[]];
    const moved = await rows<{ meeting_id: number; offers: number }>(
      trx,
      `update awaited_rooms
          set state = 'lapsed'
        where meeting_id = any(:lapsed)
       returning meeting_id, offers`,
      { lapsed },
    );
    await stopAwaiting(trx, over);
    await releaseAwaited(trx, SYSTEM, [...lapsed, ...over], { state: 'expired', reason: 'lapsed' });
    const offers = new Map(moved.map(({ meeting_id, offers: count }) => [meeting_id, count]));
    await recordAll(
      trx,
      SYSTEM,
      lapsed.map((id) => ({ action: 'meeting.lapseRoom', noun: 'meetings', id, meetingId: id })),
    );
    const dates = await listLapsed(trx, lapsed, now);
    await queueDeliveries(
      trx,
      dates.map((date) => mailOf('meetings.offerLapsed', date, offers.get(date.meeting_id) ?? 1)),
    );
    return lapsed.length;
  });
}
