import type { Context } from '../lib/http/route.js';
import type { Db } from '../lib/db/db.js';
import { findRoomPlace, listFittingRooms, type AnyRoom } from '../claims/queueQueries.js';
import { countWaiting, type AwaitedDate } from './awaitedQueries.js';
import type { WaitChoices } from '../meetings/refusal.js';

/** 'any' or 'here' (in the building of the room), how many seats, and the room that was asked for. */
export const ANY_PICK = /^(any|here):([1-9]\d{0,3}):([1-9]\d{0,14})$/;

/** For one room that is taken; of several nobody can say what would do instead. */
export async function findWaitChoices(
  c: Context<unknown, unknown>,
  request: { roomIds: number[]; from: Date; to: Date; seats: number | null },
): Promise<WaitChoices> {
  const count = await countWaiting(
    c.db,
    { roomIds: request.roomIds, from: request.from, to: request.to },
    c.now,
  );
  const [id] = request.roomIds;
  const room = id !== undefined && request.roomIds.length === 1 ? await findRoomPlace(c.db, id) : undefined;
  if (!room) return { count, any: [] };
  const seats = request.seats ?? room.capacity;
  const others = (
    await listFittingRooms(c.db, {
      seats,
      building: null,
      startsAt: request.from,
      endsAt: request.to,
      personId: c.viewer.id,
      now: c.now,
    })
  ).filter(({ id: other }) => other !== room.id);
  const everywhere = others.length;
  const here = room.building ? others.filter(({ building }) => building === room.building).length : 0;
  return {
    count,
    any: [
      ...(everywhere
        ? [{ pick: `any:${seats}:${room.id}`, label: c.t('waits.any.button', { count: seats }) }]
        : []),
      // Where all of them stand in this building it would be the same request.
      ...(here && here < everywhere
        ? [
            {
              pick: `here:${seats}:${room.id}`,
              label: c.t('waits.any.buttonHere', { count: seats, building: room.building }),
            },
          ]
        : []),
    ],
  };
}

/** What such a button stands for; undefined when it is none. */
export async function readAnyRoom(db: Db, pick: string | undefined): Promise<AnyRoom | undefined> {
  const [, kind, seats, room] = ANY_PICK.exec(pick ?? '') ?? [];
  if (!kind) return undefined;
  const place = kind === 'here' ? await findRoomPlace(db, Number(room)) : undefined;
  return { seats: Number(seats), building: place?.building || null };
}

/** What a meeting waits for, in words: the rooms, or "any room with 12 seats in building A". */
export function describeRequest(
  c: Pick<Context, 't' | 'fmt'>,
  date: Pick<AwaitedDate, 'any' | 'rooms' | 'state'>,
): string {
  if (!date.any || date.state !== 'waiting')
    return date.rooms.map((room) => c.fmt.name(room)).join(c.t('series.rule.comma'));
  return date.any.building === null
    ? c.t('waits.any.what', { count: date.any.seats })
    : c.t('waits.any.whatHere', { count: date.any.seats, building: date.any.building });
}
