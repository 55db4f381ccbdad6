import type { Actor } from '../lib/audit/record.js';
import { rows, type Db } from '../lib/db/db.js';
import { BadRequest } from '../lib/http/errors.js';
import { rulesFrom, type BookingRules, type RuleLayer } from '../rules/layers.js';
import { layersOf } from '../rules/queries.js';
import type { RoomStatus } from './checks.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import type { Layout } from './layouts.js';
import type { Opening } from '../hours/openingHours.js';

/** A room with its rules and the parts it consists of. */
export interface AskedRoom {
  id: number;
  name_en: string;
  name_zh: string;
  capacity: number;
  status: RoomStatus;
  back_at: Date | null;
  hours: Opening;
  part_ids: number[] | null;
  zone: string;
  layers: RuleLayer[];
  rules: BookingRules;
  /** The acting person decides about this room. */
  decides: boolean;
  /** Whom the meeting is held for: whose groups and quotas count. */
  principal_id: number;
  is_recurring: boolean;
  /** As it stands in the meeting: what a change starts from. */
  meeting_starts_at: Date | null;
  /** Approved for the meeting, at the last time somebody decided. */
  approved: { from: string; to: string } | null;
}

/** For which meeting rooms are read, or for whom where many meetings ask together; and the days that their hours are wanted for. */
export type AskedFor = { startsAt: Date; endsAt: Date } & ({ meetingId: number } | { principalId: number });

/**
 * The rooms with their rules, in one query, in the order of locking. The share lock holds off a change of their parts until
 * the claims are written.
 * @throws BadRequest when one of them does not exist
 */
export async function findAskedRooms(
  trx: Db,
  by: Actor,
  roomIds: readonly number[],
  wish: AskedFor,
): Promise<AskedRoom[]> {
  const found = await rows<Omit<AskedRoom, 'rules'>>(
    trx,
    `select r.id, r.name_en, r.name_zh, r.status, r.back_at,
            coalesce((select l.capacity from meeting_layouts x join room_layouts l using (room_id, layout) where x.meeting_id = :meeting and x.room_id = r.id), r.capacity) as capacity,
            (select json_agg(part_id order by part_id) from room_parts where hall_id = r.id) as part_ids,
            ${OPENING} as hours,
            (select zone from organisations) as zone, p.id as principal_id, m.recurrence_id is not null as is_recurring, m.starts_at as meeting_starts_at,
            ${layersOf('p.id')} as layers,
            exists (select 1 from booking_rules) and may_decide_room(r.id, :by) as decides,
            (select case when q.state = 'approved' then json_build_object('from', q.starts_at, 'to', q.ends_at) end
               from room_requests q where q.meeting_id = :meeting and q.room_id = r.id order by q.id desc limit 1) as approved
       from rooms r
       left join meetings m on m.id = :meeting
      cross join lateral (select coalesce(cast(:principal as bigint), m.booked_for_id, m.organiser_id) as id) p
      where r.id = any(:rooms) order by r.id for key share of r`,
    {
      rooms: roomIds,
      meeting: 'meetingId' in wish ? wish.meetingId : null,
      principal: 'principalId' in wish ? wish.principalId : null,
      by: by.id,
      from: wish.startsAt,
      to: wish.endsAt,
    },
  );
  if (found.length !== roomIds.length) throw new BadRequest();
  return found.map((room) => ({ ...room, rules: rulesFrom(room.layers) }));
}

/** Seats of rooms in each of their layouts. */
export async function listLayoutSeats(
  db: Db,
  roomIds: readonly number[],
): Promise<Map<number, Map<Layout, number>>> {
  const seats = new Map<number, Map<Layout, number>>();
  for (const { room_id, layout, capacity } of await rows<{
    room_id: number;
    layout: Layout;
    capacity: number;
  }>(db, `select room_id, layout, capacity from room_layouts where room_id = any(:rooms)`, {
    rooms: roomIds,
  })) {
    seats.set(room_id, new Map([...(seats.get(room_id) ?? []), [layout, capacity]]));
  }
  return seats;
}

/** Whom each of these meetings is held for. */
export async function listPrincipals(db: Db, meetingIds: readonly number[]): Promise<Map<number, number>> {
  const found = await rows<{ id: number; principal_id: number }>(
    db,
    `select id, coalesce(booked_for_id, organiser_id) as principal_id from meetings where id = any(:meetings)`,
    { meetings: meetingIds },
  );
  return new Map(found.map(({ id, principal_id }) => [id, principal_id]));
}

/** The slots that were approved for these meetings, by meeting and room, where approval was the last that was said. */
export async function listApproved(
  db: Db,
  meetingIds: readonly number[],
): Promise<Map<number, Map<number, { from: string; to: string }>>> {
  const slots = new Map<number, Map<number, { from: string; to: string }>>();
  if (meetingIds.length === 0) return slots;
  const found = await rows<{
    meeting_id: number;
    room_id: number;
    state: string;
    slot: { from: string; to: string };
  }>(
    db,
    `select distinct on (meeting_id, room_id) meeting_id, room_id, state, json_build_object('from', starts_at, 'to', ends_at) as slot
       from room_requests where meeting_id = any(:meetings) order by meeting_id, room_id, id desc`,
    { meetings: meetingIds },
  );
  for (const { meeting_id, room_id, state, slot } of found) {
    if (state === 'approved')
      slots.set(meeting_id, new Map([...(slots.get(meeting_id) ?? []), [room_id, slot]]));
  }
  return slots;
}
