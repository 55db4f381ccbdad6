import type { Actor } from '../lib/audit/record.js';
import { rows, type Db } from '../lib/db/db.js';
import { BadRequest } from '../lib/http/errors.js';
import { rulesFrom, type BookingRules, type RuleLayer } from '../rules/layers.js';
import { layersOf } from '../rules/queries.js';
import type { RoomStatus } from './checks.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import type { Layout } from './layouts.js';
import type { Opening, Span } from '../hours/openingHours.js';

/** A room with its rules and the parts it consists of. */
export interface RequestedRoom {
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

/** Rooms that a meeting asks for, or had. */
export interface RoomsOfMeeting {
  meetingId: number;
  roomIds: readonly number[];
  /**
   * How they will be set up, which decides their seats; undefined: as noted with the meeting, null: as they
   * are.
   */
  layout?: Layout | null;
}

/** What one meeting makes of a room. */
interface Fact {
  meeting: number;
  starts_at: string | null;
  is_recurring: boolean;
  seats: number | null;
  approved: { from: string; to: string } | null;
}

/**
 * The rooms of each meeting with their rules, by one query, in the order of locking. Rules and hours are read
 * once for each person that meetings are held for. The share lock holds off a change of their parts until the
 * claims are written.
 * @param span the days that hours are read for
 * @throws BadRequest when one of the rooms does not exist
 */
export async function findRequestedRooms(
  trx: Db,
  by: Actor,
  meetings: readonly RoomsOfMeeting[],
  span: Span,
): Promise<Map<number, RequestedRoom[]>> {
  const list = meetings.flatMap(({ meetingId, roomIds, layout }) =>
    [...new Set(roomIds)].map((room) => ({ meetingId, room, layout })),
  );
  const byMeeting = new Map<number, RequestedRoom[]>(meetings.map(({ meetingId }) => [meetingId, []]));
  if (list.length === 0) return byMeeting;
  // The lists stand in subselects, where the planner does not see how long they are: it would plan each call
  // anew, which costs more than the reading.
  const found = await rows<
    Omit<RequestedRoom, 'rules' | 'is_recurring' | 'meeting_starts_at' | 'approved'> & { facts: Fact[] }
  >(
    trx,
    `select r.id, r.name_en, r.name_zh, r.status, r.back_at, r.capacity,
            (select json_agg(part_id order by part_id) from room_parts where hall_id = r.id) as part_ids,
            ${OPENING} as hours,
            (select zone from organisations) as zone,
            f.principal_id,
            ${layersOf('f.principal_id')} as layers,
            exists (select 1 from booking_rules) and may_decide_room(r.id, :by) as decides,
            f.facts
       from rooms r
       join (select w.room, coalesce(m.booked_for_id, m.organiser_id) as principal_id,
                    json_agg(${FACT}) as facts
               from unnest((select cast(:meetings as bigint[])), (select cast(:rooms as bigint[])),
                           (select cast(:layouts as text[])), (select cast(:noted as boolean[])))
                 as w (meeting, room, layout, is_noted)
               join meetings m on m.id = w.meeting
              group by 1, 2) f on f.room = r.id
      order by r.id for key share of r`,
    {
      meetings: list.map(({ meetingId }) => meetingId),
      rooms: list.map(({ room }) => room),
      layouts: list.map(({ layout }) => layout ?? null),
      noted: list.map(({ layout }) => layout === undefined),
      by: by.id,
      from: span.from,
      to: span.to,
    },
  );
  if (new Set(found.map(({ id }) => id)).size !== new Set(list.map(({ room }) => room)).size)
    throw new BadRequest();
  for (const { facts, ...room } of found) {
    const rules = rulesFrom(room.layers);
    for (const { meeting, starts_at, is_recurring, seats, approved } of facts)
      byMeeting.get(meeting)?.push({
        ...room,
        rules,
        capacity: seats ?? room.capacity,
        is_recurring,
        meeting_starts_at: starts_at === null ? null : new Date(starts_at),
        approved,
      });
  }
  return byMeeting;
}

/** SQL: a `Fact` of the meeting `m` and the room, layout and is_noted of `w`. */
const FACT = `json_build_object(
  'meeting', m.id, 'starts_at', m.starts_at, 'is_recurring', m.recurrence_id is not null,
  'seats', (select l.capacity from room_layouts l
             where l.room_id = w.room
               and l.layout = case when w.is_noted
                                then (select x.layout from meeting_layouts x
                                       where x.meeting_id = m.id and x.room_id = w.room)
                                else w.layout end),
  'approved', (select case when q.state = 'approved'
                    then json_build_object('from', q.starts_at, 'to', q.ends_at) end
                 from room_requests q
                where q.meeting_id = m.id and q.room_id = w.room order by q.id desc limit 1))`;

/** Whom each of these meetings is held for. */
export async function listPrincipals(db: Db, meetingIds: readonly number[]): Promise<Map<number, number>> {
  const found = await rows<{ id: number; principal_id: number }>(
    db,
    `select id, coalesce(booked_for_id, organiser_id) as principal_id
       from meetings where id = any(:meetings)`,
    { meetings: meetingIds },
  );
  return new Map(found.map(({ id, principal_id }) => [id, principal_id]));
}
