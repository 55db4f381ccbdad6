import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { RoomStatus } from '../claims/checks.js';
import { type RoomName } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import { holdOf, type Hold } from '../claims/holdQueries.js';
import { isBlocking, isNotLapsed, isWithin } from '../hours/liveClaimQueries.js';
import type { Opening } from '../hours/openingHours.js';

export interface Floor {
  site: string;
  building: string;
  floor: string;
}

export interface FloorPlan extends Floor {
  id: number;
  file_id: number;
  /** Pixels of the picture. */
  width: number;
  height: number;
  version: number;
}

const PLAN = `id, site, building, floor, file_id, width, height, version`;

/** @throws NotFound */
export async function findFloorPlan(db: Db, id: number): Promise<FloorPlan> {
  const found = await row<FloorPlan>(db, `select ${PLAN} from floor_plans where id = :id`, { id });
  if (!found) throw new NotFound();
  return found;
}

/** All plans with how many rooms stand on them. */
export function listFloorPlans(db: Db): Promise<(FloorPlan & { rooms: number })[]> {
  return rows(
    db,
    `select ${PLAN},
            (select count(*)
               from plan_rooms p
               join rooms r on r.id = p.room_id and r.status <> 'retired'
               where p.plan_id = f.id) as rooms
       from floor_plans f order by site, building, floor limit 500`,
  );
}

/** Floors that have rooms and no plan yet, each with one of its rooms to name it by. */
export function listFloorsWithoutFloorPlan(db: Db): Promise<(Floor & { room_id: number; rooms: number })[]> {
  return rows(
    db,
    `select r.site, r.building, r.floor, min(r.id) as room_id, count(*) as rooms from rooms r
      where r.status <> 'retired'
        and not exists (select 1
                          from floor_plans f
                          where f.site = r.site and f.building = r.building and f.floor = r.floor)
      group by r.site, r.building, r.floor order by r.site, r.building, r.floor`,
  );
}

/** The rooms of a plan's floor and where they stand on it. */
export function listRoomsOfFloor(
  db: Db,
  plan: FloorPlan,
): Promise<(RoomName & { x: number | null; y: number | null })[]> {
  return rows(
    db,
    `select r.id, r.name_en, r.name_zh, p.x::float8 as x, p.y::float8 as y
       from rooms r left join plan_rooms p on p.room_id = r.id and p.plan_id = :id
      where r.status <> 'retired'
        and (r.site = :site and r.building = :building and r.floor = :floor or p.plan_id is not null)
      order by r.sort_order, r.id`,
    { id: plan.id, site: plan.site, building: plan.building, floor: plan.floor },
  );
}

export interface FloorPlanRoom extends RoomName {
  capacity: number;
  is_step_free: boolean;
  status: RoomStatus;
  back_at: Date | null;
  hours: Opening;
  /** Per cent; null for a room of the floor that nobody has placed. */
  x: number | null;
  y: number | null;
  /** What occupies it in that time, as far as the reader may know; null when nothing does. */
  taken: {
    kind: 'meeting' | 'closure' | 'hold';
    meeting_id: number | null;
    title: string | null;
    starts_at: string;
    ends_at: string;
    hold: Hold | null;
  } | null;
}

/** The rooms of a floor with what stands in the way of booking them for a time; one query. */
export function listFloorPlanRooms(
  db: Db,
  viewerId: number,
  plan: FloorPlan,
  span: { from: Date; to: Date },
): Promise<FloorPlanRoom[]> {
  return rows<FloorPlanRoom>(
    db,
    `select r.id, r.name_en, r.name_zh, r.capacity, r.is_step_free, r.status, r.back_at, p.x::float8 as x,
            p.y::float8 as y,
            ${OPENING} as hours,
            (select json_build_object(
               'kind',
               case
                 when c.meeting_id is not null then 'meeting'
                 when c.closure_id is not null then 'closure'
                 else 'hold' end,
                    'meeting_id', case when known.yes then m.id end, 'title',
                    case when known.yes then m.title when c.closure_id is not null then cl.reason end,
                    'starts_at', c.starts_at, 'ends_at', c.ends_at, 'hold', ${holdOf('c')})
               from room_claims c
               left join meetings m on m.id = c.meeting_id
               left join closures cl on cl.id = c.closure_id
               left join lateral (select ${KNOWS_TITLE} as yes) known on true
              where ${isWithin('c.room_id', 'r.id')}
                and ${isBlocking('c')} and ${isNotLapsed('c')}
                and c.occupies && tstzrange(
                  :from::timestamptz - make_interval(mins => r.setup_minutes),
                  :to::timestamptz + make_interval(mins => r.teardown_minutes)
                )
              order by c.starts_at limit 1) as taken
       from rooms r left join plan_rooms p on p.room_id = r.id and p.plan_id = :id
      where r.status <> 'retired'
        and (r.site = :site and r.building = :building and r.floor = :floor or p.plan_id is not null)
      order by r.sort_order, r.id limit 500`,
    {
      viewer: viewerId,
      id: plan.id,
      site: plan.site,
      building: plan.building,
      floor: plan.floor,
      from: span.from,
      to: span.to,
    },
  );
}
