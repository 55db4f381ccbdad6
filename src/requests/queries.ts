import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { isDeputyOf } from '../people/deputyQueries.js';
import type { Check } from '../claims/checks.js';
import type { RoomName } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { isWithin } from '../hours/liveClaimQueries.js';

export type RequestState = 'open' | 'approved' | 'returned' | 'refused' | 'withdrawn';
export const REASON_CODES = [
  'purpose',
  'time',
  'size',
  'equipment',
  'priority',
  'details',
  'taken',
  'other',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

interface Brief {
  id: number;
  name: string;
  name_en: string | null;
}

/**
 * A request as a list or its page shows it to one person: of a private
 * meeting that they may not know, without the title.
 */
export interface RoomRequest {
  id: number;
  version: number;
  state: RequestState;
  meeting_id: number;
  /** Null when this person may not know it. */
  title: string | null;
  meeting_state: string;
  room: RoomName & { capacity: number };
  starts_at: Date;
  ends_at: Date;
  is_holding: boolean;
  /** Of a returned one: until when the room is kept, if it is. */
  kept_until: Date | null;
  /** A claim for it stands. */
  stands: boolean;
  rules: Check[];
  note: string | null;
  people: number | null;
  asked_at: Date;
  due_at: Date;
  asker: Brief;
  organiser: Brief;
  booked_for: Brief | null;
  decided_at: Date | null;
  decider: Brief | null;
  reason_code: ReasonCode | null;
  reason: string | null;
  /** The last request for this room and meeting. */
  is_current: boolean;
}

const brief = (alias: string) =>
  `json_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en)`;

/** Claims of the request's meeting in its room, or in the parts of its hall. */
const CLAIM = `room_claims c where c.meeting_id = q.meeting_id and c.state in ('requested', 'confirmed')
  and ${isWithin('c.room_id', 'q.room_id')}`;

const REQUEST = `
  select q.id, q.version, q.state, q.meeting_id, case when ${KNOWS_TITLE} then m.title end as title,
         m.state as meeting_state,
         json_build_object(
           'id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh, 'capacity', r.capacity
         ) as room,
         q.starts_at, q.ends_at, q.is_holding, q.rules, q.note, q.asked_at, q.due_at, q.decided_at,
         q.reason_code, q.reason,
         (select min(c.hold_until) from ${CLAIM}) as kept_until, exists (select 1 from ${CLAIM}) as stands,
         coalesce(
           nullif(
             (select count(*) from participants n where n.meeting_id = m.id and n.removed_at is null), 0
           ),
           m.expected_count
         ) as people,
         ${brief('pa')} as asker, ${brief('po')} as organiser,
         case when pb.id is not null then ${brief('pb')} end as booked_for,
         case when pd.id is not null then ${brief('pd')} end as decider,
         q.id = (select max(x.id)
                   from room_requests x
                   where x.meeting_id = q.meeting_id and x.room_id = q.room_id) as is_current
    from room_requests q
    join meetings m on m.id = q.meeting_id
    join rooms r on r.id = q.room_id
    join persons pa on pa.id = q.asked_by
    join persons po on po.id = m.organiser_id
    left join persons pb on pb.id = m.booked_for_id
    left join persons pd on pd.id = q.decided_by`;

/** Open requests about which this person decides (or stands in for who does), the longest waiting first. */
export function listRequestsFor(db: Db, viewerId: number, now: Date, limit = 200): Promise<RoomRequest[]> {
  return rows<RoomRequest>(
    db,
    `${REQUEST} where q.state = 'open' and q.ends_at > :now
       and q.room_id in (select room_id
                           from (select distinct room_id from room_requests where state = 'open') asked
                           where may_decide_room(room_id, :viewer))
     order by q.asked_at, q.id limit :limit`,
    { viewer: viewerId, now, limit },
  );
}

/** All that is open, for secretaries. */
export function listOpenRequests(db: Db, viewerId: number, now: Date, limit = 200): Promise<RoomRequest[]> {
  return rows<RoomRequest>(
    db,
    `${REQUEST} where q.state = 'open' and q.ends_at > :now order by q.asked_at, q.id limit :limit`,
    { viewer: viewerId, now, limit },
  );
}

/** What a person asked for, the newest first. */
export function listRequestsOf(db: Db, viewerId: number, limit = 100): Promise<RoomRequest[]> {
  return rows<RoomRequest>(db, `${REQUEST} where q.asked_by = :viewer order by q.id desc limit :limit`, {
    viewer: viewerId,
    limit,
  });
}

/**
 * What a person asked for (or what was asked for their meetings) and is not
 * settled: it waits, was returned, or was refused and nothing else was found.
 */
export function listUnsettled(db: Db, viewerId: number, now: Date): Promise<RoomRequest[]> {
  return rows<RoomRequest>(
    db,
    `${REQUEST} where q.id in (
         select id
           from room_requests
           where asked_by = :viewer and ends_at > :now and state in ('open', 'returned', 'refused')
         union select x.id from meetings mm join room_requests x on x.meeting_id = mm.id
          where mm.organiser_id = :viewer
            and mm.ends_at > :now
            and x.state in ('open', 'returned', 'refused'))
       and m.state in ('draft', 'scheduled')
       and not exists (select 1
                         from room_requests x
                         where x.meeting_id = q.meeting_id and x.room_id = q.room_id and x.id > q.id)
       and exists (select 1
                     from meeting_rooms mr
                     where mr.meeting_id = q.meeting_id and mr.room_id = q.room_id)
     order by q.starts_at, q.id limit 50`,
    { viewer: viewerId, now },
  );
}

/**
 * How it stands with the rooms of a meeting that had to be asked for:
 * the last request for each room it still wants.
 */
export function listRequestsOfMeeting(db: Db, viewerId: number, meetingId: number): Promise<RoomRequest[]> {
  return rows<RoomRequest>(
    db,
    `${REQUEST} where q.meeting_id = :meeting
       and not exists (select 1
                         from room_requests x
                         where x.meeting_id = q.meeting_id and x.room_id = q.room_id and x.id > q.id)
       and exists (select 1
                     from meeting_rooms mr
                     where mr.meeting_id = q.meeting_id and mr.room_id = q.room_id)
     order by q.id`,
    { viewer: viewerId, meeting: meetingId },
  );
}

/**
 * One request and what this person is to it.
 * @throws NotFound when there is none or it is no business of theirs
 */
export async function findRequest(
  db: Db,
  viewer: { id: number },
  id: number,
): Promise<RoomRequest & { decides: boolean; asks: boolean }> {
  const found = await row<RoomRequest & { decides: boolean; asks: boolean; is_office: boolean }>(
    db,
    `select f.*, may_decide_room((f.room->>'id')::bigint, :viewer) as decides,
            exists (select 1
                      from persons
                      where id = :viewer and role in ('secretary', 'administrator')) as is_office,
            exists (select 1 from room_requests q join meetings m on m.id = q.meeting_id where q.id = f.id
                     and (:viewer in (q.asked_by, m.organiser_id, m.created_by, m.booked_for_id)
                       or ${isDeputyOf(':viewer', 'm.organiser_id, m.booked_for_id')})) as asks
       from (${REQUEST} where q.id = :id) f`,
    { viewer: viewer.id, id },
  );
  if (!found || !(found.decides || found.asks || found.is_office)) throw new NotFound();
  return found;
}

/** For a mail: requests by id, as the person who gets it may know them. */
export function listRequestsById(db: Db, viewerId: number, ids: number[]): Promise<RoomRequest[]> {
  return rows<RoomRequest>(db, `${REQUEST} where q.id = any(:ids) order by q.starts_at, q.id`, {
    viewer: viewerId,
    ids,
  });
}
