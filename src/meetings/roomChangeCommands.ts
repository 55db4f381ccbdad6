import { change, rows, type Db } from '../lib/db/db.js';
import type { Actor } from '../lib/audit/record.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import type { Layout } from '../claims/layouts.js';
import { announce } from './commands.js';
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
  rooms: { id: number; name_en: string; name_zh: string; site: string; building: string }[];
}

const ROOM = `json_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh, 'site', r.site, 'building', r.building)`;

/** Locks meetings, in the one order, and reads what a change of their rooms depends on. */
export async function lockHoused(trx: Db, ids: readonly number[]): Promise<Map<number, Housed>> {
  await rows(trx, `select 1 from meetings where id = any(:ids) order by id for no key update`, { ids });
  const found = await rows<Housed>(
    trx,
    `select m.id, m.version, m.state, m.starts_at, m.ends_at, m.place, m.announced_at, m.sequence, m.time_sequence, m.revision, m.expected_count, m.is_private,
            m.organiser_id, m.booked_for_id, (select min(layout) from meeting_layouts where meeting_id = m.id) as layout,
            (select coalesce(json_agg(${ROOM} order by r.sort_order, r.id), '[]') from meeting_rooms x join rooms r on r.id = x.room_id where x.meeting_id = m.id) as rooms
       from meetings m where m.id = any(:ids)`,
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
    `select room_id as id from room_claims where meeting_id = any(:meetings) and state in ('held', 'requested', 'confirmed')
     union select coalesce(p.part_id, r.id) from rooms r left join room_parts p on p.hall_id = r.id where r.id = any(:rooms)`,
    { meetings: meetingIds, rooms: roomIds },
  );
  return found.map(({ id }) => id);
}

/**
 * After the claims have moved: the meeting counts the change, those invited are told by the meeting's own announcement, and
 * who answers for it gets a mail that says why.
 * @param roomIds its rooms from now on
 */
export async function tellNewRooms(
  trx: Db,
  by: Actor,
  meeting: Housed,
  roomIds: readonly number[],
  why: { reason: string | null },
): Promise<void> {
  const rooms = await rows<Housed['rooms'][number]>(
    trx,
    `select r.id, r.name_en, r.name_zh, r.site, r.building from rooms r where r.id = any(:roomIds) order by r.sort_order, r.id`,
    { roomIds },
  );
  const difference = differenceOf(
    { ...meeting, roomIds: meeting.rooms.map(({ id }) => id) },
    { ...meeting, rooms, roomIds: [...roomIds] },
  );
  const isTold = meeting.announced_at !== null;
  await change(
    trx,
    `update meetings set sequence = :sequence, time_sequence = :time_sequence, revision = revision + :told, updated_at = now(), version = version + 1 where id = :id`,
    { ...nextSequence(meeting, difference), told: isTold ? 1 : 0, id: meeting.id },
  );
  if (isTold) await announce(trx, 'invitations.announceChange', meeting.id);
  await tellKeepers(trx, by, meeting, 'meetings.roomsChanged', {
    from: meeting.rooms.map(nameOf),
    to: rooms.map(nameOf),
    reason: why.reason,
  });
}

/** Writes to the organiser and the leader, whoever of them did not do it. */
export async function tellKeepers(
  trx: Db,
  by: Actor,
  meeting: Housed,
  kind: 'meetings.roomsChanged' | 'meetings.calledOff',
  payload: Record<string, unknown>,
): Promise<void> {
  const keepers = [...new Set([meeting.organiser_id, meeting.booked_for_id])].filter(
    (id): id is number => id !== null && id !== by.id,
  );
  await queueDeliveries(
    trx,
    keepers.map((personId) => ({
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
}

function nameOf({ name_en, name_zh }: Housed['rooms'][number]): { name_en: string; name_zh: string } {
  return { name_en, name_zh };
}
