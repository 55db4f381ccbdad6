import { row, rows, type Bindings, type Db } from '../lib/db/db.js';
import { atomOf, isBlocking, joinParts } from '../hours/liveClaimQueries.js';
import { AFTER_IT, fits, IN_TURN, keepBookable, STILL, WISH, type AnyRoom } from '../claims/queueQueries.js';
import type { Lang } from '../lib/i18n/translate.js';

/** A meeting that wants a room which was taken when it was planned: a date of a series, or a single one. */
export interface AwaitedDate {
  meeting_id: number;
  series_id: number | null;
  title: string;
  number: number | null;
  starts_at: Date;
  ends_at: Date;
  zone: string;
  lang: Lang;
  organiser_id: number;
  is_private: boolean;
  /** Kept without the room, or called off for the lack of it. */
  kind: 'wait' | 'skip';
  /**
   * All of them; where any will do, those that fitted when it was asked for, and as soon as one is offered
   * that one.
   */
  rooms: { id: number; name_en: string; name_zh: string }[];
  /** Any one room of that kind will do. */
  any: AnyRoom | null;
  /** Its rooms (where any will do, one of them) are free at its time now, or held for it. */
  is_free: boolean;
  /**
   * Which of the rooms are free, the smallest first. Where any will do: of all rooms that fit now, whatever
   * fitted then.
   */
  free_ids: number[];
  /** In the queue; held for it until then; out of the queue because it let that pass or declined. */
  state: 'waiting' | 'offered' | 'lapsed' | 'declined';
  held_until: Date | null;
  /** Its rooms are held for it now, by the database's clock. */
  is_held: boolean;
  /** Who is told: who asked, else the organiser. */
  asker_id: number;
}

const AWAITED = `
  select m.id as meeting_id, m.series_id, m.title, m.number, m.starts_at, m.ends_at, m.zone, m.lang,
         m.organiser_id, m.is_private,
         case when m.state = 'cancelled' then 'skip' else 'wait' end as kind,
         (select jsonb_agg(jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh)
                           order by r.sort_order, r.id)
            from awaited_rooms a join rooms r on r.id = a.room_id
           where a.meeting_id = m.id
             and (a.any_seats is null or a.state = 'waiting' or a.is_offered)) as rooms,
         case when w.any_seats is not null
              then jsonb_build_object('seats', w.any_seats, 'building', w.any_building) end as "any",
         case when w.any_seats is null then f.is_all
              else cardinality(f.ids) > 0 end as is_free,
         f.ids as free_ids,
         w.state, w.held_until, w.state = 'offered' and w.held_until > now() as is_held,
         coalesce(w.asked_by, m.organiser_id) as asker_id
    from meetings m cross join lateral ${WISH} w
   cross join lateral (
     select bool_and(one.is_free) as is_all,
            coalesce(array_agg(one.id order by one.capacity, one.sort_order, one.id)
                       filter (where one.is_free), '{}') as ids
       from (select r.id, r.capacity, r.sort_order,
                    not (r.status <> 'in_service'
                         and not coalesce(r.status = 'out_of_service' and r.back_at <= m.starts_at, false))
                    and not exists (
                      select 1 from rooms s ${joinParts('s.id')}
                        join room_claims c on c.room_id = ${atomOf('s.id')}
                       where s.id = r.id and ${isBlocking('c')}
                         and (c.state <> 'held' or c.hold_until is null or c.hold_until > now())
                         and c.awaited_meeting_id is distinct from m.id
                         and c.occupies && tstzrange(m.starts_at - make_interval(mins => r.setup_minutes),
                                                     m.ends_at + make_interval(mins => r.teardown_minutes))
                    ) as is_free
               from (select a.room_id
                       from awaited_rooms a
                      where a.meeting_id = m.id and (w.any_seats is null or w.state <> 'waiting')
                     union all
                     select k.id
                       from rooms k
                      where w.any_seats is not null
                        and w.state = 'waiting'
                        and ${fits('k', 'w.any_seats', 'w.any_building')}) a
               join rooms r on r.id = a.room_id) one) f`;

async function listAwaitedWhere(
  db: Db,
  where: string,
  bindings: Bindings & { now: Date },
  { limit, order = 'm.starts_at, m.id' }: { limit: number; order?: string },
): Promise<AwaitedDate[]> {
  return judge(
    db,
    await rows<AwaitedDate>(
      db,
      `${AWAITED} where ${where} and ${STILL} order by ${order} limit ${limit}`,
      bindings,
    ),
    bindings.now,
  );
}

/**
 * Where any room will do, hours and rules are asked as they are now: of the free rooms those stay that the
 * organiser could book.
 */
async function judge(db: Db, dates: AwaitedDate[], now: Date): Promise<AwaitedDate[]> {
  const isOpen = (date: AwaitedDate) => date.any !== null && date.state === 'waiting';
  const pairs = dates.flatMap((date) =>
    isOpen(date)
      ? date.free_ids.map((roomId) => ({
          meetingId: date.meeting_id,
          roomId,
          personId: date.organiser_id,
          startsAt: date.starts_at,
          endsAt: date.ends_at,
        }))
      : [],
  );
  if (pairs.length === 0) return dates;
  const kept = new Map<number, number[]>();
  for (const { meetingId, roomId } of await keepBookable(db, pairs, now))
    kept.set(meetingId, [...(kept.get(meetingId) ?? []), roomId]);
  return dates.map((date) =>
    isOpen(date)
      ? { ...date, free_ids: kept.get(date.meeting_id) ?? [], is_free: kept.has(date.meeting_id) }
      : date,
  );
}

/** Dates of a series that want a room, by time. */
export function listAwaited(db: Db, seriesId: number, now: Date): Promise<AwaitedDate[]> {
  return listAwaitedWhere(db, 'm.series_id = :series', { series: seriesId, now }, { limit: 100 });
}

/** What was given up: whole claims, or pieces of rooms. */
export interface Freed {
  claimIds: readonly number[];
  pieces: readonly { room: number; from: Date; to: Date }[];
}

/**
 * The queue, in its order: those in it for whom all rooms are free, behind what was given up or anywhere
 * (null).
 */
export async function listNext(db: Db, freed: Freed | null, now: Date): Promise<AwaitedDate[]> {
  const behind =
    freed === null
      ? `m.id in (select meeting_id from awaited_rooms where state = 'waiting')`
      : `m.id in (select a.meeting_id
                  from (select room_id, occupies_from as f, occupies_to as t
                          from room_claims
                         where id = any(:claims)
                         union all
                        select w.room, w."from", w."to"
                          from jsonb_to_recordset(cast(:pieces as jsonb))
                                 as w (room bigint, "from" timestamptz, "to" timestamptz)) c
                  join awaited_rooms a
                    on a.room_id = c.room_id
                    or a.room_id in (select hall_id from room_parts where part_id = c.room_id)
                    or a.any_seats is not null and a.state = 'waiting'
                  join meetings x on x.id = a.meeting_id
                 where x.starts_at < c.t and x.ends_at > c.f)`;
  const found = await rows<AwaitedDate>(
    db,
    `select *
       from (${AWAITED} where ${behind} and w.state = 'waiting' and ${STILL} order by ${IN_TURN}) found
      where is_free
      limit 300`,
    { now, claims: freed?.claimIds ?? [], pieces: JSON.stringify(freed?.pieces ?? []) },
  );
  return (await judge(db, found, now)).filter(({ is_free }) => is_free).slice(0, 100);
}

/** These meetings as they stand in the queue, in its order; called again behind their locks. */
export function listWaiting(db: Db, meetingIds: readonly number[], now: Date): Promise<AwaitedDate[]> {
  return listAwaitedWhere(
    db,
    `m.id = any(:meetings) and w.state = 'waiting'`,
    { meetings: meetingIds, now },
    { limit: 100, order: IN_TURN },
  );
}

/** These meetings whose hold has just lapsed. */
export function listLapsed(db: Db, meetingIds: readonly number[], now: Date): Promise<AwaitedDate[]> {
  return listAwaitedWhere(
    db,
    `m.id = any(:meetings) and w.state = 'lapsed'`,
    { meetings: meetingIds, now },
    { limit: 200 },
  );
}

/** What is held for this person now, because it was waited for; what ends first stands first. */
export function listOffersFor(db: Db, personId: number, now: Date): Promise<AwaitedDate[]> {
  return listAwaitedWhere(
    db,
    `m.id in (select meeting_id from awaited_rooms where state = 'offered')
        and w.held_until > now()
        and w.state = 'offered'
        and :person in (coalesce(w.asked_by, m.organiser_id), m.organiser_id)`,
    { person: personId, now },
    { limit: 20, order: 'w.held_until, m.id' },
  );
}

/**
 * Meetings whose hold is over, or that don't want it any more. `is_still`: the meeting would still like the
 * room.
 */
export function listEndedOffers(db: Db, now: Date): Promise<{ meeting_id: number; is_still: boolean }[]> {
  return rows(
    db,
    `select m.id as meeting_id, ${STILL} as is_still from meetings m cross join lateral ${WISH} w
      where m.id in (select meeting_id from awaited_rooms where state = 'offered')
        and w.state = 'offered'
        and (w.held_until <= now() or not ${STILL})
      order by m.id limit 200`,
    { now },
  );
}

/**
 * A wish of other meetings `o`/`w` (not `:meeting`) in the queue that wants one of the rooms `:rooms` in the
 * time `:from`–`:to`.
 */
const RIVAL = `
  from meetings m cross join lateral ${WISH} w
 where m.id in (select a.meeting_id from awaited_rooms a ${joinParts('a.room_id')}
                 where ${AFTER_IT}
                   and ${atomOf('a.room_id')} in (
                         select ${atomOf('r.id', 'q')}
                           from rooms r ${joinParts('r.id', 'q')}
                          where r.id = any(:rooms)))
   and m.starts_at < :to and m.ends_at > :from and ${STILL}`;

/** How many wait already for any of these rooms in that time. */
export async function countWaiting(
  db: Db,
  request: { roomIds: readonly number[]; from: Date; to: Date },
  now: Date,
): Promise<number> {
  const found = await row<{ n: number }>(db, `select count(*) as n ${RIVAL}`, {
    rooms: request.roomIds,
    from: request.from,
    to: request.to,
    now,
  });
  return found?.n ?? 0;
}

/** Which place a meeting has among those who want the same rooms at its time; 1 is the next. */
export async function findPlace(db: Db, date: AwaitedDate, now: Date): Promise<number> {
  const found = await row<{ n: number }>(
    db,
    `select count(*) as n ${RIVAL}
        and m.id <> :meeting
        and (w.since, m.id) < (select min(since), :meeting::bigint
                                 from awaited_rooms
                                where meeting_id = :meeting)`,
    {
      rooms: date.rooms.map(({ id }) => id),
      from: date.starts_at,
      to: date.ends_at,
      meeting: date.meeting_id,
      now,
    },
  );
  return (found?.n ?? 0) + 1;
}

/** One date, if it still wants its rooms. */
export async function findAwaited(db: Db, meetingId: number, now: Date): Promise<AwaitedDate | undefined> {
  return (await listAwaitedWhere(db, 'm.id = :meeting', { meeting: meetingId, now }, { limit: 1 }))[0];
}
