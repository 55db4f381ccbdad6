import { freeStretches, type Grid } from '../calendar/dayGrid.js';

interface Room {
  id: number;
  capacity: number;
  /** The hall that this room is a part of. */
  hall_id: number | null;
}

export interface FreeRoom<R> {
  room: R;
  /** First quarter hour after the free stretch. */
  until: number;
}

/**
 * Rooms free in the running quarter hour, the smallest first: a small meeting shouldn't take the hall. A
 * part of a hall
 * that is free as a whole is not named beside it.
 */
export function freeNow<R extends Room>(
  grid: Grid<R, unknown>,
  nowUnit: number,
  limit: number,
): FreeRoom<R>[] {
  const free = grid.rows.flatMap(({ room, cells }) => {
    const stretch = freeStretches(cells).find(({ from, to }) => from <= nowUnit && nowUnit < to);
    return stretch ? [{ room, until: stretch.to }] : [];
  });
  const ids = new Set(free.map(({ room }) => room.id));
  return free
    .filter(({ room }) => room.hall_id === null || !ids.has(room.hall_id))
    .sort((a, b) => a.room.capacity - b.room.capacity || b.until - a.until || a.room.id - b.room.id)
    .slice(0, limit);
}
