import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { offerFreed } from '../claims/awaitedCommands.js';
import { lockRooms } from '../claims/commands.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import { freeWithin } from '../claims/freeTimes.js';
import { atomOf, isBlocking, isLive, joinParts } from '../hours/liveClaimQueries.js';
import { handToClosures } from '../claims/closureCommands.js';

export interface NewClosure {
  startsAt: Date;
  endsAt: Date;
  reason: string;
}

/** Closes one room. @returns the closure and the group of one that it makes */
export async function addClosure(
  db: Db,
  by: Actor,
  { roomId, ...input }: NewClosure & { roomId: number },
): Promise<{ id: number; groupId: number }> {
  const { groupId, closureIds } = await closeRooms(db, by, { ...input, roomIds: [roomId] });
  return { id: closureIds[0] ?? 0, groupId };
}

/**
 * Locks the rooms with their parts. Bookings that are being written are waited for, new ones wait until the
 * closure stands: so one look is enough.
 * @returns the rooms without the parts of a hall that is among them @throws NotFound
 */
async function lockToClose(trx: Db, requested: readonly number[]): Promise<number[]> {
  const roomIds = [...new Set(requested)];
  const parts = await rows<{ part_id: number }>(
    trx,
    `select part_id from room_parts where hall_id = any(:rooms)`,
    { rooms: roomIds },
  );
  const partIds = parts.map(({ part_id }) => part_id);
  const locked = await rows<{ id: number }>(
    trx,
    `select id from rooms where id = any(:rooms) order by id for no key update`,
    { rooms: [...roomIds, ...partIds] },
  );
  if (!roomIds.length || roomIds.some((id) => !locked.some((room) => room.id === id))) throw new NotFound();
  return roomIds.filter((id) => !partIds.includes(id));
}

/**
 * Closes rooms for a while, at once: what is free now becomes the closure's, so nothing new can be booked
 * there. Meetings that have a room keep it until they are moved; each piece they give up then becomes the
 * closure's (see handToClosures). A part whose hall is among the rooms is closed with the hall.
 * @throws NotFound when one of the rooms doesn't exist
 */
export function closeRooms(
  db: Db,
  by: Actor,
  input: NewClosure & { roomIds: readonly number[] },
): Promise<{ groupId: number; closureIds: number[] }> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const roomIds = await lockToClose(trx, input.roomIds);
    const group = await row<{ id: number }>(
      trx,
      `insert into closure_groups (reason, starts_at, ends_at, created_by)
       values (:reason, :from, :to, :by)
       returning id`,
      { reason: input.reason, from: input.startsAt, to: input.endsAt, by: by.id },
    );
    const made = await rows<{ id: number; room_id: number }>(
      trx,
      `insert into closures (room_id, group_id, reason, starts_at, ends_at, created_by)
       select room, :group, :reason, :from, :to, :by
         from unnest(:rooms::bigint[]) room
        order by room
       returning id, room_id`,
      {
        rooms: roomIds,
        group: group?.id ?? 0,
        reason: input.reason,
        from: input.startsAt,
        to: input.endsAt,
        by: by.id,
      },
    );
    await coverClosures(
      trx,
      made.map(({ id }) => id),
    );
    await change(trx, `update rooms set version = version + 1 where id = any(:rooms)`, { rooms: roomIds });
    await recordAll(
      trx,
      by,
      made.map(({ id, room_id }) => ({
        action: 'closure.create',
        noun: 'rooms',
        id: room_id,
        after: { closure_id: id, starts_at: input.startsAt, ends_at: input.endsAt },
        note: input.reason,
      })),
    );
    return { groupId: group?.id ?? 0, closureIds: made.map(({ id }) => id) };
  });
}

export type GroupChange = { ok: true } | { ok: false; reason: 'stale' };

/**
 * Changes why and until when rooms are closed. Longer, what is free of the time added becomes the closure's;
 * shorter, the rest is open again, or goes to another closure of that time.
 */
export function changeClosures(
  db: Db,
  by: Actor,
  groupId: number,
  input: { version: number; reason: string; endsAt: Date },
): Promise<GroupChange> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    await lockGroupRooms(trx, groupId);
    const group = await row<{ version: number; reason: string; ends_at: Date }>(
      trx,
      `select version, reason, ends_at from closure_groups where id = :groupId for no key update`,
      { groupId },
    );
    if (!group) throw new NotFound();
    if (group.version !== input.version) return { ok: false, reason: 'stale' };
    await change(
      trx,
      `update closure_groups set reason = :reason, ends_at = :to, version = version + 1 where id = :groupId`,
      { groupId, reason: input.reason, to: input.endsAt },
    );
    const closures = await rows<{ id: number; room_id: number }>(
      trx,
      `update closures
          set reason = :reason, ends_at = :to
        where group_id = :groupId and lifted_at is null
       returning id, room_id`,
      { groupId, reason: input.reason, to: input.endsAt },
    );
    const ids = closures.map(({ id }) => id);
    if (input.endsAt < group.ends_at) {
      await change(
        trx,
        `update room_claims set state = 'released', ended_at = now(), ended_by = :by, end_reason = 'shortened'
          where closure_id = any(:ids) and occupies_to > :to and ${isLive()}`,
        { ids, to: input.endsAt, by: by.id },
      );
      await coverClosures(trx, ids);
      await coverClosures(trx, await othersBeside(trx, ids, input.endsAt, group.ends_at));
    } else await coverClosures(trx, ids);
    await change(trx, `update rooms set version = version + 1 where id = any(:rooms)`, {
      rooms: closures.map(({ room_id }) => room_id),
    });
    await recordAll(
      trx,
      by,
      closures.map(({ id, room_id }) => ({
        action: 'closure.update',
        noun: 'rooms',
        id: room_id,
        before: { closure_id: id, ends_at: group.ends_at, reason: group.reason },
        after: { closure_id: id, ends_at: input.endsAt, reason: input.reason },
      })),
    );
    return { ok: true };
  });
}

/** Opens all rooms of a group that are still closed by it. */
export function liftClosures(db: Db, by: Actor, groupId: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    await lockGroupRooms(trx, groupId);
    const closures = await rows<{ id: number; room_id: number }>(
      trx,
      `select id, room_id from closures where group_id = :groupId and lifted_at is null order by room_id`,
      { groupId },
    );
    for (const closure of closures) await liftClosure(trx, by, closure.room_id, closure.id);
  });
}

async function lockGroupRooms(trx: Db, groupId: number): Promise<void> {
  const held = await rows<{ id: number }>(
    trx,
    `select room_id as id
       from closures
      where group_id = :groupId
      union
     select p.part_id
       from closures c join room_parts p on p.hall_id = c.room_id
      where c.group_id = :groupId`,
    { groupId },
  );
  if (!held.length) throw new NotFound();
  await lockRooms(
    trx,
    held.map(({ id }) => id),
  );
}

/** Other closures of the same rooms that reach into a time given up. */
async function othersBeside(trx: Db, ids: number[], from: Date, to: Date): Promise<number[]> {
  const found = await rows<{ id: number }>(
    trx,
    `with given_up as (select ${atomOf('c.room_id')} as room_id
                         from closures c ${joinParts('c.room_id')}
                        where c.id = any(:ids))
     select distinct o.id from closures o ${joinParts('o.room_id')}
      where o.lifted_at is null
        and o.id <> all(:ids)
        and o.starts_at < :to
        and o.ends_at > :from
        and ${atomOf('o.room_id')} in (select room_id from given_up)
      order by o.id`,
    { ids, from, to },
  );
  return found.map(({ id }) => id);
}

/**
 * Opens the room again: the closure's claims are given up, or go to another closure of the same time. Lifted
 * twice is lifted once.
 */
export function liftClosure(db: Db, by: Actor, roomId: number, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const parts = await rows<{ part_id: number }>(
      trx,
      `select part_id from room_parts where hall_id = :room`,
      { room: roomId },
    );
    await lockRooms(trx, [roomId, ...parts.map(({ part_id }) => part_id)]);
    const closure = await row<{ lifted_at: Date | null; starts_at: Date; ends_at: Date }>(
      trx,
      `select lifted_at, starts_at, ends_at
         from closures
        where id = :id and room_id = :room
       for no key update`,
      { id, room: roomId },
    );
    if (!closure) throw new NotFound();
    if (closure.lifted_at) return;
    await change(trx, `update closures set lifted_at = now() where id = :id`, { id });
    const freed = await rows<{ id: number }>(
      trx,
      `update room_claims set state = 'released', ended_at = now(), ended_by = :by, end_reason = 'lifted'
        where closure_id = :id and ${isLive()} returning id`,
      { id, by: by.id },
    );
    await handToClosures(
      trx,
      freed.map((claim) => claim.id),
    );
    await offerFreed(
      trx,
      freed.map((claim) => claim.id),
    );
    await change(trx, `update rooms set version = version + 1 where id = :room`, { room: roomId });
    await record(trx, by, {
      action: 'closure.lift',
      noun: 'rooms',
      id: roomId,
      before: { closure_id: id, starts_at: closure.starts_at, ends_at: closure.ends_at },
    });
  });
}

/**
 * Claims for each closure what of its time is free now. Two statements, however many rooms; the rooms are
 * locked.
 */
async function coverClosures(trx: Db, closureIds: number[]): Promise<void> {
  if (!closureIds.length) return;
  const found = await rows<{
    closure_id: number;
    room_id: number;
    from: Date;
    to: Date;
    busy: { from: string; to: string }[];
  }>(
    trx,
    `select cl.id as closure_id, x.room_id, cl.starts_at as "from", cl.ends_at as "to",
            (select coalesce(json_agg(json_build_object('from', c.occupies_from, 'to', c.occupies_to)), '[]')
               from room_claims c
              where c.room_id = x.room_id
                and c.occupies && tstzrange(cl.starts_at, cl.ends_at)
                and ${isBlocking('c')}) as busy
       from closures cl
      cross join lateral (select ${atomOf('r.id')} as room_id
                            from rooms r ${joinParts('r.id')}
                           where r.id = cl.room_id) x
      where cl.id = any(:closures) order by x.room_id, cl.id`,
    { closures: closureIds },
  );
  const pieces = found.flatMap(({ closure_id, room_id, from, to, busy }) =>
    freeWithin(
      { from, to },
      busy.map((one) => ({ from: new Date(one.from), to: new Date(one.to) })),
    ).map((free) => ({ closure_id, room_id, from: free.from.toISOString(), to: free.to.toISOString() })),
  );
  await change(
    trx,
    `insert into room_claims
            (room_id, closure_id, state, starts_at, ends_at, occupies_from, occupies_to, created_by)
     select p.room, p.closure, 'confirmed', p.f, p.t, p.f, p.t, cl.created_by
       from unnest(:rooms::bigint[], :closures::bigint[], :from::timestamptz[], :to::timestamptz[])
              as p (room, closure, f, t)
       join closures cl on cl.id = p.closure
      order by p.room, p.f
     on conflict do nothing`,
    {
      rooms: pieces.map((p) => p.room_id),
      closures: pieces.map((p) => p.closure_id),
      from: pieces.map((p) => p.from),
      to: pieces.map((p) => p.to),
    },
  );
}
