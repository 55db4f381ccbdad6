import { change, rows, type Db } from '../lib/db/db.js';
import type { Actor } from '../lib/audit/record.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import type { Layout } from '../claims/layouts.js';
import { atomsOf, isLive } from '../hours/liveClaimQueries.js';
import { announceChanges } from './announcementCommands.js';
import { differenceOf, nextSequence } from './sequence.js';

/** A meeting whose rooms are changed by somebody who need not know what it is about. */
export interface Housed {
  id: number;
  version: number;
  state: string;
  starts_at: Date;
  ends_at: Date;
  place: string | null;
  announced_at: Date | null;
  sequence: number;
  time_sequence: number;
  revision: number;
  expected_count: number | null;
  is_private: boolean;
  organiser_id: number;
  booked_for_id: number | null;
  /** How its rooms are set up; null: as they are. */
  layout: Layout | null;
  rooms: Room[];
}

interface Room {
  id: number;
  name_en: string;
  name_zh: string;
  site: string;
  building: string;
}

const ROOM = `json_build_object(
  'id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh, 'site', r.site, 'building', r.building)`;

/** Locks meetings, in the one order, and reads what a change of their rooms depends on. */
export async function lockHoused(trx: Db, ids: readonly number[]): Promise<Map<number, Housed>> {
  await rows(trx, `select 1 from meetings where id = any(:ids) order by id for no key update`, { ids });
  const found = await rows<Housed>(
    trx,
    `select m.id, m.version, m.state, m.starts_at, m.ends_at, m.place, m.announced_at, m.sequence,
            m.time_sequence, m.revision, m.expected_count, m.is_private, m.organiser_id, m.booked_for_id,
            (select min(layout) from meeting_layouts where meeting_id = m.id) as layout,
            (select coalesce(json_agg(${ROOM} order by r.sort_order, r.id), '[]')
               from meeting_rooms x
               join rooms r on r.id = x.room_id
              where x.meeting_id = m.id) as rooms
       from meetings m
      where m.id = any(:ids)`,
    { ids },
  );
  return new Map(found.map((meeting) => [meeting.id, meeting]));
}

/** The rooms that would be claimed or given up, to be locked before the first of several moves. */
export async function listTouchedRooms(
  trx: Db,
  meetingIds: readonly number[],
  roomIds: readonly number[],
): Promise<number[]> {
  const found = await rows<{ id: number }>(
    trx,
    `select room_id as id from room_claims where meeting_id = any(:meetings) and ${isLive()}
     union ${atomsOf(':rooms')}`,
    { meetings: meetingIds, rooms: roomIds },
  );
  return found.map(({ id }) => id);
}

export interface RoomChange {
  /** As it was before its claims moved. */
  meeting: Housed;
  /** Its rooms from now on. */
  roomIds: readonly number[];
  reason: string | null;
}

/**
 * After the claims have moved: each meeting counts the change, and its own announcement tells those invited.
 * Who answers for it gets a mail that says why.
 */
export async function announceNewRooms(trx: Db, by: Actor, changes: readonly RoomChange[]): Promise<void> {
  if (changes.length === 0) return;
  const found = await rows<Room>(
    trx,
    `select r.id, r.name_en, r.name_zh, r.site, r.building
       from rooms r
      where r.id = any(:ids)
      order by r.sort_order, r.id`,
    { ids: [...new Set(changes.flatMap(({ roomIds }) => roomIds))] },
  );
  const moved = changes.map((one) => ({ ...one, rooms: found.filter(({ id }) => one.roomIds.includes(id)) }));
  await change(
    trx,
    `update meetings m
        set sequence = w.sequence, time_sequence = w.time_sequence,
            revision = m.revision + case when m.announced_at is null then 0 else 1 end,
            updated_at = now(), version = m.version + 1
       from jsonb_to_recordset(cast(:list as jsonb)) as w (id bigint, sequence integer, time_sequence integer)
      where m.id = w.id`,
    { list: JSON.stringify(moved.map(sequencesOf)) },
  );
  await announceChanges(
    trx,
    changes.filter(({ meeting }) => meeting.announced_at !== null).map(({ meeting }) => meeting.id),
  );
  await notifyKeepers(
    trx,
    by,
    'meetings.roomsChanged',
    moved.map(({ meeting, rooms, reason }) => ({
      meeting,
      payload: { from: meeting.rooms.map(nameOf), to: rooms.map(nameOf), reason },
    })),
  );
}

function sequencesOf({ meeting, roomIds, rooms }: RoomChange & { rooms: Room[] }) {
  const difference = differenceOf(
    { ...meeting, roomIds: meeting.rooms.map(({ id }) => id) },
    { ...meeting, rooms, roomIds: [...roomIds] },
  );
  return { id: meeting.id, ...nextSequence(meeting, difference) };
}

/** Writes to the organiser and the leader of each meeting, except the person who did it. */
export async function notifyKeepers(
  trx: Db,
  by: Actor,
  kind: 'meetings.roomsChanged' | 'meetings.calledOff',
  notices: readonly { meeting: Housed; payload: Record<string, unknown> }[],
): Promise<void> {
  const deliveries = notices.flatMap(({ meeting, payload }) =>
    keepersOf(meeting, by).map((personId) => ({
      // Each change is a mail of its own: an older one that is still waiting gives way to it.
      kind,
      object: `meetings:${meeting.id}:rooms`,
      personId,
      meetingId: meeting.id,
      revision: meeting.version + 1,
      payload: { ...payload, by: by.id },
      queuedBy: by.id,
      usefulUntil: meeting.ends_at,
    })),
  );
  await queueDeliveries(trx, deliveries);
}

function keepersOf({ organiser_id, booked_for_id }: Housed, by: Actor): number[] {
  return [...new Set([organiser_id, booked_for_id])].filter(
    (id): id is number => id !== null && id !== by.id,
  );
}

function nameOf({ name_en, name_zh }: Room): { name_en: string; name_zh: string } {
  return { name_en, name_zh };
}
