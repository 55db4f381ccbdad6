import { row, rows, type Db } from '../lib/db/db.js';
import { layersOf } from '../rules/queries.js';
import { rulesFrom, type RuleLayer } from '../rules/layers.js';
import { isAllowed } from './queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import { atomOf, joinParts } from '../hours/liveClaimQueries.js';
import { outsideHours, type Opening } from '../hours/openingHours.js';

// The queue for rooms that are taken: who asked first is asked first.

/** SQL: what meeting `m` waits for; of several rooms the first stands for all. */
export const WISH = `(select a.* from awaited_rooms a where a.meeting_id = m.id order by a.room_id limit 1)`;

/**
 * SQL condition on meeting `m` and its wish `w`: it still wants the rooms. Kept, it stands where it stood
 * when it asked and has got no other room; skipped, it is still as it was skipped.
 */
export const STILL = `(m.starts_at > :now and (
   (
     m.state in ('draft', 'scheduled')
     and (w.starts_at is null or (w.starts_at = m.starts_at and w.ends_at = m.ends_at))
     and coalesce(
       (select array_agg(mr.room_id order by mr.room_id)
          from meeting_rooms mr
          where mr.meeting_id = m.id), '{}'
     ) = w.had_room_ids)
   or (m.state = 'cancelled' and m.cancelled_at = w.since)))`;

/**
 * SQL condition on a room `r` and a wish for any (`seats`, `building`
 * are SQL expressions): it is of that kind, whatever the time.
 */
export const fits = (r: string, seats: string, building: string) =>
  `(
     ${r}.status <> 'retired'
     and ${r}.capacity >= ${seats}
     and (${building} is null or ${r}.building = ${building})
   )`;

/**
 * SQL condition on a row `a` of a wish in the queue: it is after that room. Any room will do: until one of
 * them is held for it, and no room that is of that kind no more.
 */
export const AFTER_IT = `(a.state in ('waiting', 'offered')
  and (
    a.any_seats is null
    or a.is_offered
    or a.state = 'waiting'
    and exists (select 1
                  from rooms k
                  where k.id = a.room_id and ${fits('k', 'a.any_seats', 'a.any_building')})
  ))`;

/** Any one room with so many seats, in a building or (null) anywhere. */
export interface AnyRoom {
  seats: number;
  building: string | null;
}

/**
 * Rooms that would do if they were free: with the seats, open and by
 * their rules bookable for this person then, the smallest first.
 */
export async function listFittingRooms(
  db: Db,
  request: AnyRoom & { startsAt: Date; endsAt: Date; personId: number | null; now: Date },
): Promise<{ id: number; building: string }[]> {
  const found = await rows<{
    id: number;
    building: string;
    hours: Opening;
    zone: string;
    layers: RuleLayer[];
  }>(
    db,
    `select r.id, r.building, ${OPENING} as hours,
            (select zone from organisations) as zone, ${layersOf(':person')} as layers
       from rooms r
      where (r.status = 'in_service' or r.status = 'out_of_service' and r.back_at <= :from)
        and ${fits('r', ':seats', 'cast(:building as text)')}
      order by r.capacity, r.sort_order, r.id`,
    {
      from: request.startsAt,
      to: request.endsAt,
      seats: request.seats,
      building: request.building,
      person: request.personId,
    },
  );
  return found
    .filter((room) => isOpenFor(room, request.startsAt, request.endsAt, request.now))
    .map(({ id, building }) => ({ id, building }));
}

/** A meeting, a room that is free for it, and who it is for. */
export interface Pair {
  meetingId: number;
  roomId: number;
  personId: number;
  startsAt: Date;
  endsAt: Date;
}

/**
 * Of these pairs those whose room is open then and by its rules
 * bookable for the person, in their order; one query.
 */
export async function keepBookable(db: Db, pairs: readonly Pair[], now: Date): Promise<Pair[]> {
  if (pairs.length === 0) return [];
  const list = pairs.map(({ roomId, personId }, at) => ({ at, room: roomId, person: personId }));
  const found = await rows<{ at: number; hours: Opening; zone: string; layers: RuleLayer[] }>(
    db,
    `select w.at, ${OPENING} as hours,
            (select zone from organisations) as zone, ${layersOf('w.person')} as layers
       from jsonb_to_recordset(cast(:list as jsonb)) as w (at int, room bigint, person bigint)
       join rooms r on r.id = w.room
       order by w.at`,
    {
      list: JSON.stringify(list),
      from: new Date(Math.min(...pairs.map(({ startsAt }) => startsAt.getTime()))),
      to: new Date(Math.max(...pairs.map(({ endsAt }) => endsAt.getTime()))),
    },
  );
  return found.flatMap((room) => {
    const pair = pairs[room.at];
    return pair && isOpenFor(room, pair.startsAt, pair.endsAt, now) ? [pair] : [];
  });
}

function isOpenFor(
  room: { hours: Opening; zone: string; layers: RuleLayer[] },
  from: Date,
  to: Date,
  now: Date,
): boolean {
  return (
    !outsideHours(room.hours, from, to, room.zone) &&
    isAllowed(rulesFrom(room.layers), { from, to }, { now, zone: room.zone })
  );
}

/** Where a room is and how many it seats. */
export function findRoomPlace(
  db: Db,
  id: number,
): Promise<{ id: number; building: string; capacity: number } | undefined> {
  return row(db, `select id, building, capacity from rooms where id = :id and status <> 'retired'`, { id });
}

/** SQL: the order of the queue. */
export const IN_TURN = 'w.since, m.id';

/** The queue of a room, its halls and its parts, as far as the viewer may know it. */
export interface QueueLine {
  meeting_id: number | null;
  title: string | null;
  starts_at: Date;
  ends_at: Date;
  state: 'waiting' | 'offered';
  held_until: Date | null;
  since: Date;
  /** Any room with so many seats will do. */
  any_seats: number | null;
}

/** In the order in which they are asked. */
export function listQueue(db: Db, viewerId: number, roomId: number, now: Date): Promise<QueueLine[]> {
  return rows<QueueLine>(
    db,
    `select case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
            m.starts_at, m.ends_at, w.state, w.held_until, w.since, w.any_seats
       from meetings m cross join lateral ${WISH} w cross join lateral (select ${KNOWS_TITLE} as yes) known
      where m.id in (select a.meeting_id from awaited_rooms a ${joinParts('a.room_id')}
                      where ${AFTER_IT}
                        and ${atomOf('a.room_id')} in (
                          select ${atomOf('r.id', 'q')}
                            from rooms r ${joinParts('r.id', 'q')}
                            where r.id = :room
                        ))
        and ${STILL}
      order by ${IN_TURN} limit 30`,
    { room: roomId, viewer: viewerId, now },
  );
}
