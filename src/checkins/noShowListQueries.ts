import { rows, type Db } from '../lib/db/db.js';
import type { RoomName } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { ABSENT, type NoShowRate } from '../claims/noShowRateQueries.js';

// Who didn't come, for a period; the rate divides by the bookings that had to be checked in to, one for each
// room.

/** [from, to) */
export interface Period {
  from: Date;
  to: Date;
}

const WITHIN = `o.starts_at >= :from and o.starts_at < :to`;

export interface OrganiserRate extends NoShowRate {
  /** Null: of private meetings that the viewer may not know. */
  organiser: { id: number; name: string; name_en: string | null } | null;
}

/** By organiser, the most no-shows first; private meetings that the viewer may not know are one line. */
export function listNoShowsByOrganiser(
  db: Db,
  viewerId: number,
  { from, to }: Period,
): Promise<OrganiserRate[]> {
  return rows<OrganiserRate>(
    db,
    `select case when p.id is not null
                 then jsonb_build_object('id', p.id, 'name', p.name, 'name_en', p.name_en) end as organiser,
            x.judged, x.no_shows
       from (select case when ${KNOWS_TITLE} then m.organiser_id end as organiser_id,
                    count(*) as judged, count(*) filter (where ${ABSENT}) as no_shows
               from check_in_outcomes o join meetings m on m.id = o.meeting_id
              where ${WITHIN}
              group by 1) x
       left join persons p on p.id = x.organiser_id
      order by x.no_shows desc, x.judged, p.sort_name limit 200`,
    { viewer: viewerId, from, to },
  );
}

export interface RoomRate extends NoShowRate, RoomName {}

/** By room, the most no-shows first. */
export function listNoShowsByRoom(db: Db, { from, to }: Period): Promise<RoomRate[]> {
  return rows<RoomRate>(
    db,
    `select r.id, r.name_en, r.name_zh, count(*) as judged, count(*) filter (where ${ABSENT}) as no_shows
       from check_in_outcomes o join rooms r on r.id = o.room_id where ${WITHIN}
      group by r.id order by 5 desc, 4, r.sort_order, r.id limit 200`,
    { from, to },
  );
}

export interface NoShowLine {
  /** Null, as title and organiser, where the viewer may not know the meeting. */
  meeting_id: number | null;
  title: string | null;
  organiser: { name: string; name_en: string | null } | null;
  room: { name_en: string; name_zh: string };
  starts_at: Date;
  /** Null: it was over before anybody looked. */
  released_at: Date | null;
}

/** Each booking to which nobody came, the latest first. */
export function listNoShows(
  db: Db,
  viewerId: number,
  { from, to }: Period,
  limit = 200,
): Promise<NoShowLine[]> {
  return rows<NoShowLine>(
    db,
    `select case when known.yes then m.id end as meeting_id,
            case when known.yes then m.title end as title,
            case when known.yes
                 then jsonb_build_object('name', p.name, 'name_en', p.name_en) end as organiser,
            jsonb_build_object('name_en', r.name_en, 'name_zh', r.name_zh) as room,
            o.starts_at, o.released_at
       from check_in_outcomes o
       join meetings m on m.id = o.meeting_id
       join rooms r on r.id = o.room_id
       join persons p on p.id = m.organiser_id
      cross join lateral (select ${KNOWS_TITLE} as yes) known
      where ${WITHIN} and ${ABSENT}
      order by o.starts_at desc, o.meeting_id, o.room_id limit :limit`,
    { viewer: viewerId, from, to, limit },
  );
}
