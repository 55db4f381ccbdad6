import { rows, type Db } from '../lib/db/db.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import type { LayoutSeats } from '../claims/layouts.js';
import type { Hours } from '../hours/openingHours.js';

export interface ExportedRoom {
  id: number;
  code: string;
  name_en: string;
  name_zh: string;
  site: string;
  building: string;
  floor: string;
  capacity: number;
  equipment: string[];
  is_step_free: boolean;
  setup_minutes: number;
  teardown_minutes: number;
  contact: string;
  note: string;
  sort_order: number;
  version: number;
  hours: Hours[];
  /** What a table doesn't hold and a change must keep. */
  min_people: number | null;
  key_note: string;
  owner_id: number | null;
  layouts: LayoutSeats[];
  /** Codes of the parts of a hall, in the order of the alphabet. */
  parts: string[];
}

/** Every room in use, halls after their parts, so that the table can be read from top to bottom. */
export function listRoomsForExport(db: Db): Promise<ExportedRoom[]> {
  return rows(
    db,
    `select r.id, r.code, r.name_en, r.name_zh, r.site, r.building, r.floor,
            r.capacity, r.equipment, r.is_step_free, r.setup_minutes, r.teardown_minutes,
            r.contact, r.note, r.sort_order, r.version, r.min_people, r.key_note, r.owner_id,
            (select coalesce(json_agg(json_build_object('layout', layout, 'capacity', capacity)), '[]')
               from room_layouts
              where room_id = r.id) as layouts,
            (select coalesce(
                      json_agg(
                        json_build_object(
                          'weekday', weekday,
                          'opens_at', to_char(opens_at, 'HH24:MI'),
                          'closes_at', to_char(closes_at, 'HH24:MI')
                        ) order by weekday
                      ), '[]')
               from room_hours
              where room_id = r.id) as hours,
            (select coalesce(json_agg(x.code order by x.code), '[]')
               from room_parts p
               join rooms x on x.id = p.part_id
              where p.hall_id = r.id) as parts
       from rooms r
      where r.status <> 'retired'
      order by exists (select 1 from room_parts p where p.hall_id = r.id), r.sort_order, r.id`,
  );
}

export interface ExportedBooking {
  id: number;
  uid: string;
  /** Null when it is private to others, as are the organiser and the description. */
  title: string | null;
  organiser: string | null;
  organiser_email: string | null;
  description: string | null;
  is_private: boolean;
  /** Null when it takes place in no room. */
  room_id: number;
  room_code: string | null;
  starts_at: Date;
  ends_at: Date;
}

/** Where a page of the export ended. */
export interface ExportPlace {
  startsAt: Date;
  id: number;
  roomId: number;
}

export interface ExportSpan {
  from: Date;
  to: Date;
}

/**
 * One page of all bookings that begin in a time: a row for each meeting and room, in order of time.
 * A private booking shows a room that is booked. Without a room, it is left out.
 * @param page what follows `after`, at most `limit` rows
 */
export function listBookingsForExport(
  db: Db,
  viewerId: number,
  span: ExportSpan,
  page: { after: ExportPlace | null; limit: number },
): Promise<ExportedBooking[]> {
  return rows(
    db,
    `select m.id, m.uid, m.is_private, m.starts_at, m.ends_at,
            case when known.yes then m.title end as title,
            case when known.yes then o.name end as organiser,
            case when known.yes then o.email end as organiser_email,
            case when known.yes then m.description end as description,
            coalesce(r.id, 0) as room_id, r.code as room_code
       from meetings m
       join persons o on o.id = m.organiser_id
       left join meeting_rooms mr on mr.meeting_id = m.id
       left join rooms r on r.id = mr.room_id
      cross join lateral (select ${KNOWS_TITLE} as yes) known
      where m.state <> 'cancelled'
        and m.starts_at >= coalesce(cast(:after_at as timestamptz), :from)
        and m.starts_at < :to
        and (cast(:after_at as timestamptz) is null
             or (m.starts_at, m.id, coalesce(r.id, 0)) > (:after_at, :after_id, :after_room))
        and (r.id is not null or known.yes)
      order by m.starts_at, m.id, coalesce(r.id, 0)
      limit :limit`,
    {
      viewer: viewerId,
      ...span,
      after_at: page.after?.startsAt ?? null,
      after_id: page.after?.id ?? 0,
      after_room: page.after?.roomId ?? 0,
      limit: page.limit,
    },
  );
}
