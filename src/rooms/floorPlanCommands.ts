import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import type { ImageSize } from '../lib/files/imageSize.js';
import { keepFiles } from '../lib/files/store.js';
import { BadRequest, NotFound } from '../lib/http/errors.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import { findFloorPlan, listRoomsOfFloor, type FloorPlan } from './floorPlanQueries.js';

export interface Picture extends ImageSize {
  /** A file that has arrived (see lib/files). */
  fileId: number;
}

export type FloorPlanResult =
  { ok: true; id: number } | { ok: false; reason: 'stale' } | { ok: false; reason: 'taken' };

/** The plan of the floor that a room is on; a floor has one. */
export function createFloorPlan(
  db: Db,
  by: Actor,
  roomId: number,
  picture: Picture,
): Promise<FloorPlanResult> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const made = await row<{ id: number; site: string; building: string; floor: string }>(
      trx,
      `insert into floor_plans (site, building, floor, file_id, width, height, created_by)
       select site, building, floor, :file, :width, :height, :by from rooms where id = :room
       on conflict (site, building, floor) do nothing returning id, site, building, floor`,
      { room: roomId, file: picture.fileId, width: picture.width, height: picture.height, by: by.id },
    );
    if (!made) {
      if (!(await row(trx, `select 1 from rooms where id = :room`, { room: roomId }))) throw new BadRequest();
      return { ok: false, reason: 'taken' };
    }
    await keepFiles(trx, by, [picture.fileId]);
    const { id, ...floor } = made;
    await record(trx, by, { action: 'plan.create', noun: 'floor_plans', id, after: floor });
    return { ok: true, id };
  });
}

/** Another picture of the same floor; the rooms stay where they stand on it. */
export function replacePicture(
  db: Db,
  by: Actor,
  { id, version }: { id: number; version: number },
  picture: Picture,
): Promise<FloorPlanResult> {
  return inTransaction(db, async (trx) => {
    const floorPlan = await lockFloorPlan(trx, by, id);
    if (floorPlan.version !== version) return { ok: false, reason: 'stale' };
    await keepFiles(trx, by, [picture.fileId]);
    await change(
      trx,
      `update floor_plans
         set file_id = :file, width = :width, height = :height, version = version + 1
         where id = :id`,
      {
        id,
        file: picture.fileId,
        width: picture.width,
        height: picture.height,
      },
    );
    await change(trx, `delete from files where id = :file`, { file: floorPlan.file_id });
    await record(trx, by, {
      action: 'plan.picture',
      noun: 'floor_plans',
      id,
      before: { width: floorPlan.width, height: floorPlan.height },
      after: { width: picture.width, height: picture.height },
    });
    return { ok: true, id };
  });
}

export interface Place {
  roomId: number;
  /** Per cent of the picture from its upper left corner. */
  x: number;
  y: number;
}

/** Where the rooms stand; a room without a place is on no plan. Only rooms of the floor. */
export function placeRooms(
  db: Db,
  by: Actor,
  { id, version }: { id: number; version: number },
  places: Place[],
): Promise<FloorPlanResult> {
  return inTransaction(db, async (trx) => {
    const floorPlan = await lockFloorPlan(trx, by, id);
    if (floorPlan.version !== version) return { ok: false, reason: 'stale' };
    const floor = await listRoomsOfFloor(trx, floorPlan);
    const ids = places.map(({ roomId }) => roomId);
    if (new Set(ids).size !== ids.length || ids.some((room) => !floor.some((one) => one.id === room)))
      throw new BadRequest();
    await change(trx, `delete from plan_rooms where plan_id = :id or room_id = any(:rooms)`, {
      id,
      rooms: ids,
    });
    await change(
      trx,
      `insert into plan_rooms (room_id, plan_id, x, y)
       select p.room, :id, p.x, p.y
         from unnest(:rooms::bigint[], :x::float8[], :y::float8[]) as p (room, x, y)`,
      { id, rooms: ids, x: places.map(({ x }) => x), y: places.map(({ y }) => y) },
    );
    await change(trx, `update floor_plans set version = version + 1 where id = :id`, { id });
    const before = floor.flatMap(({ name_zh, x, y }) =>
      x === null || y === null ? [] : [`${name_zh} ${x}/${y}`],
    );
    const after = places.map(
      ({ roomId, x, y }) => `${floor.find((one) => one.id === roomId)?.name_zh ?? roomId} ${x}/${y}`,
    );
    await record(trx, by, {
      action: 'plan.places',
      noun: 'floor_plans',
      id,
      before: { places: before },
      after: { places: after },
    });
    return { ok: true, id };
  });
}

/** Takes the plan away with its picture; the rooms stay. Removed twice is removed once. */
export function removeFloorPlan(db: Db, by: Actor, id: number, version: number): Promise<FloorPlanResult> {
  return inTransaction(db, async (trx) => {
    const floorPlan = await lockFloorPlan(trx, by, id);
    if (floorPlan.version !== version) return { ok: false, reason: 'stale' };
    await change(trx, `delete from floor_plans where id = :id`, { id });
    await change(trx, `delete from files where id = :file`, { file: floorPlan.file_id });
    await record(trx, by, {
      action: 'plan.remove',
      noun: 'floor_plans',
      id,
      before: { site: floorPlan.site, building: floorPlan.building, floor: floorPlan.floor },
    });
    return { ok: true, id };
  });
}

async function lockFloorPlan(trx: Db, by: Actor, id: number): Promise<FloorPlan> {
  await requireKeeper(trx, by);
  const locked = await rows(trx, `select id from floor_plans where id = :id for update`, { id });
  if (!locked.length) throw new NotFound();
  return findFloorPlan(trx, id);
}
