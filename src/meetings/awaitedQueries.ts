import { rows, type Bindings, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';

/** A date that wants a room which was taken when it was planned. */
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
  rooms: { id: number; name_en: string; name_zh: string }[];
  /** All its rooms are free at its time now. */
  is_free: boolean;
}

const AWAITED = `
  select m.id as meeting_id, m.series_id, m.title, m.number, m.starts_at, m.ends_at, m.zone, m.lang, m.organiser_id, m.is_private,
         case when m.state = 'cancelled' then 'skip' else 'wait' end as kind,
         (select jsonb_agg(jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh) order by r.sort_order, r.id)
            from awaited_rooms a join rooms r on r.id = a.room_id where a.meeting_id = m.id) as rooms,
         not exists (
           select 1 from awaited_rooms a join rooms r on r.id = a.room_id left join room_parts p on p.hall_id = r.id
             join room_claims c on c.room_id = coalesce(p.part_id, r.id)
            where a.meeting_id = m.id and c.is_holding and c.state in ('held', 'requested', 'confirmed')
              and (c.state <> 'held' or c.hold_until is null or c.hold_until > now())
              and c.occupies && tstzrange(m.starts_at - make_interval(mins => r.setup_minutes), m.ends_at + make_interval(mins => r.teardown_minutes))) as is_free
    from meetings m`;

/** A waiting date has no room yet; a skipped one is still as it was skipped. */
const STILL = `exists (select 1 from awaited_rooms a where a.meeting_id = m.id
     and ((m.state in ('draft', 'scheduled') and not exists (select 1 from meeting_rooms mr where mr.meeting_id = m.id)) or (m.state = 'cancelled' and m.cancelled_at = a.since)))
   and m.starts_at > :now`;

function list(db: Db, where: string, bindings: Bindings, limit: number): Promise<AwaitedDate[]> {
  return rows<AwaitedDate>(db, `${AWAITED} where ${where} and ${STILL} order by m.starts_at, m.id limit ${limit}`, bindings);
}

/** Dates of a series that want a room, by time. */
export function listAwaited(db: Db, seriesId: number, now: Date): Promise<AwaitedDate[]> {
  return list(db, 'm.series_id = :series', { series: seriesId, now }, 100);
}

/** What was given up: whole claims, or pieces of rooms. */
export interface Freed {
  claimIds: readonly number[];
  pieces: readonly { room: number; from: Date; to: Date }[];
}

/** Dates that may have become possible because this was given up. */
export function listAwaitedBehind(db: Db, freed: Freed, now: Date): Promise<AwaitedDate[]> {
  return list(
    db,
    `m.id in (select a.meeting_id
                from (select room_id, occupies_from as f, occupies_to as t from room_claims where id = any(:claims)
                      union all
                      select w.room, w."from", w."to" from jsonb_to_recordset(cast(:pieces as jsonb)) as w (room bigint, "from" timestamptz, "to" timestamptz)) c
                join awaited_rooms a on a.room_id = c.room_id or a.room_id in (select hall_id from room_parts where part_id = c.room_id)
                join meetings w on w.id = a.meeting_id
               where w.starts_at < c.t and w.ends_at > c.f)`,
    { claims: freed.claimIds, pieces: JSON.stringify(freed.pieces), now },
    500,
  );
}

/** One date, if it still wants its rooms. */
export async function findAwaited(db: Db, meetingId: number, now: Date): Promise<AwaitedDate | undefined> {
  return (await list(db, 'm.id = :meeting', { meeting: meetingId, now }, 1))[0];
}
