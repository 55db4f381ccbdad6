import { row, rows, type Db } from '../lib/db/db.js';
import { readRuleBook } from '../hours/dayRuleQueries.js';
import { isLive } from '../hours/liveClaimQueries.js';
import type { Hours, Opening } from '../hours/openingHours.js';
import { statusAt, type RoomStatus } from '../claims/checks.js';
import type { EquipmentKind } from '../equipment/kinds.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { holdOf, type Hold } from '../claims/holdQueries.js';
import type { Day, GridClaim, GridRoom } from './dayGrid.js';

export interface CalendarRoom extends GridRoom {
  name_en: string;
  name_zh: string;
  building: string;
  capacity: number;
  equipment: string[];
  is_step_free: boolean;
  status: RoomStatus;
  status_reason: string | null;
  /** Out of service until then. */
  back_at: Date | null;
  hours: Opening;
  part_ids: number[];
  /** The hall that this room is a part of. */
  hall_id: number | null;
}

export interface CalendarClaim extends GridClaim {
  closure_id: number | null;
  /** Null when this person may not know it, and for closures without a word. */
  title: string | null;
  is_mine: boolean;
  /** Waits for approval. */
  is_requested: boolean;
  is_tentative: boolean;
  /** Nobody came; set by markNoShows. */
  is_no_show?: boolean;
  /** What it is kept for, of a room that is held. */
  hold: Hold | null;
}

// Rooms and their days change a few times a year and are read for every page: each process keeps them until a
// version changes.
const kept = new WeakMap<Db, { version: string; rooms: CalendarRoom[]; kinds: EquipmentKind[] }>();

interface RoomRow extends CalendarRoom {
  hours: Hours[];
  holiday_rule: 'office' | 'own' | 'none';
  calendar_id: number | null;
}

// A hall stands before its parts.
const ROOMS = `
  select r.id, r.name_en, r.name_zh, r.building, r.capacity, r.equipment, r.is_step_free, r.status,
         r.status_reason, r.back_at, r.status = 'in_service' as is_in_service, h.id as hall_id,
         r.holiday_rule, r.calendar_id,
         coalesce((select json_agg(json_build_object(
                            'weekday', weekday,
                            'opens_at', to_char(opens_at, 'HH24:MI'),
                            'closes_at', to_char(closes_at, 'HH24:MI')))
                     from room_hours
                    where room_id = r.id), '[]') as hours,
         coalesce((select json_agg(part_id order by part_id)
                     from room_parts
                    where hall_id = r.id), '[]') as part_ids
    from rooms r
    left join rooms h on h.status <> 'retired'
                     and h.id = (select min(hall_id) from room_parts where part_id = r.id)
   where r.status <> 'retired'
   order by coalesce(h.sort_order, r.sort_order), coalesce(h.id, r.id), h.id is not null, r.sort_order, r.id`;

/** Rooms with their weeks, exceptions and holidays; two queries, whatever the number of rooms. */
async function readRooms(db: Db): Promise<CalendarRoom[]> {
  const [found, book] = await Promise.all([rows<RoomRow>(db, ROOMS), readRuleBook(db)]);
  return found.map(({ holiday_rule, calendar_id, ...room }) => {
    const calendars = { none: null, own: calendar_id, office: book.defaultId };
    const calendar = calendars[holiday_rule];
    return {
      ...room,
      hours: [
        ...room.hours,
        ...(book.rooms.get(room.id) ?? []),
        ...(book.calendars.get(calendar ?? 0) ?? []),
      ],
    };
  });
}

/**
 * Everything an unchanged revisit needs, in one look-up: the revision of a day (or of several), of the rooms,
 * of the holidays and of the catalogue of equipment. These are read again when one of them changed.
 */
export async function findDayState(
  db: Db,
  day: Pick<Day, 'start' | 'end'>,
): Promise<{ revision: string; rooms: CalendarRoom[]; kinds: EquipmentKind[] }> {
  const utcDay = (instant: Date) => instant.toISOString().slice(0, 10);
  const found = await row<{ days: string; rooms: number; holidays: number; kinds: number }>(
    db,
    `select (select coalesce(sum(revision), 0)::text
               from day_revisions
              where day between :first and :last) as days,
            (select coalesce(sum(version), 0)::bigint from rooms) as rooms,
            (select coalesce(sum(revision), 0)::bigint from holiday_calendars) as holidays,
            (select coalesce(sum(version), 0)::bigint from equipment_kinds) as kinds`,
    { first: utcDay(day.start), last: utcDay(day.end) },
  );
  if (!found) throw new Error('a select of aggregates has a row');
  const version = `${found.rooms}.${found.holidays}.${found.kinds}`;
  let known = kept.get(db);
  if (known?.version !== version) {
    const [rooms, kinds] = await Promise.all([readRooms(db), listEquipmentKinds(db)]);
    kept.set(db, (known = { version, rooms, kinds }));
  }
  return { revision: `${found.days}.${version}`, rooms: roomsOn(known.rooms, day), kinds: known.kinds };
}

/**
 * The rooms as they are on a day: one whose date has come is in service again. Nearly always that is the kept
 * list itself.
 */
function roomsOn(rooms: CalendarRoom[], day: Pick<Day, 'start' | 'end'>): CalendarRoom[] {
  const isBack = (room: CalendarRoom) =>
    room.status === 'out_of_service' && statusAt(room, day.start) === 'in_service';
  return rooms.some(isBack)
    ? rooms.map((room) => (isBack(room) ? { ...room, status: 'in_service', is_in_service: true } : room))
    : rooms;
}

interface ClaimRow {
  room_id: number;
  meeting_id: number | null;
  closure_id: number | null;
  is_requested: boolean;
  is_tentative: boolean;
  /** Seconds since 1970. */
  occupies_from: number;
  occupies_to: number;
  setup_minutes: number;
  teardown_minutes: number;
  title: string | null;
  is_mine: boolean;
  hold: Hold | null;
  hold_key: string | null;
}

const CLAIM = `room_id, meeting_id, closure_id, poll_option_id, awaited_meeting_id, hold_until,
  state, is_holding, occupies_from, occupies_to, setup_minutes, teardown_minutes`;
const STANDS = isLive();

/** What is asked of the claims of a day or of several: half-open. */
type Stretch = Pick<Day, 'start' | 'end'>;

// The probe of participants is one look-up a row ("offset 0"). As a join it would read everything the person
// takes part in.
function dayClaimsSql(isOfRooms: boolean): string {
  const ofRooms = isOfRooms ? 'and room_id = any(:rooms)' : '';
  return `select c.room_id, c.meeting_id, c.closure_id,
          c.state = 'requested' as is_requested, not c.is_holding as is_tentative,
          date_part('epoch', c.occupies_from) as occupies_from,
          date_part('epoch', c.occupies_to) as occupies_to,
          c.setup_minutes, c.teardown_minutes,
          case when c.closure_id is not null then (select reason from closures where id = c.closure_id)
               when ${KNOWS_TITLE} then m.title end as title,
          ${holdOf('c')} as hold,
          case when c.state = 'held'
               then coalesce('poll ' || c.poll_option_id, 'wait ' || c.awaited_meeting_id) end as hold_key,
          (:viewer in (m.organiser_id, m.booked_for_id, m.created_by)
            or exists (select
                         from participants p
                        where p.meeting_id = c.meeting_id
                          and p.person_id = :viewer
                          and p.removed_at is null offset 0)) is true as is_mine
     from (select ${CLAIM} from room_claims
            where occupies_from >= :early
              and occupies_from < :end
              and occupies_to > :start
              and ${STANDS} ${ofRooms}
            union all
           select ${CLAIM} from room_claims
            where occupies @> :start::timestamptz
              and occupies_from < :early
              and occupies_to - occupies_from > interval '4 hours'
              and ${STANDS} ${ofRooms}) c
     left join meetings m on m.id = c.meeting_id`;
}

/**
 * What occupies rooms in a stretch of time, in no order; minutes count from its start. The cost is that of
 * the stretch, whatever lies before and after: what begins in it or in the four hours before, and by an index
 * of their own the long claims that reach into it.
 * @param roomIds atomic rooms; all rooms when left out
 */
export async function listDayClaims(
  db: Db,
  viewerId: number,
  stretch: Stretch,
  roomIds?: readonly number[],
): Promise<CalendarClaim[]> {
  const found = await rows<ClaimRow>(db, dayClaimsSql(roomIds !== undefined), {
    viewer: viewerId,
    start: stretch.start,
    end: stretch.end,
    early: new Date(stretch.start.getTime() - 4 * 3_600_000),
    rooms: roomIds ?? [],
  });
  const start = stretch.start.getTime() / 1000;
  return found.map((row) => {
    const f = (row.occupies_from - start) / 60;
    const t = (row.occupies_to - start) / 60;
    return {
      room_id: row.room_id,
      meeting_id: row.meeting_id,
      closure_id: row.closure_id,
      title: row.title,
      is_mine: row.is_mine,
      is_requested: row.is_requested,
      is_tentative: row.is_tentative,
      hold: row.hold,
      hold_key: row.hold_key,
      f,
      t,
      s: f + row.setup_minutes,
      e: t - row.teardown_minutes,
    };
  });
}
