import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { offerFreed } from './awaitedCommands.js';
import { handToClosures, lockRooms } from './claimCommands.js';
import { requireKeeper } from './commands.js';
import { freeWithin } from './freeTimes.js';
import type { Span } from './openingHours.js';

export interface NewClosure {
  roomId: number;
  startsAt: Date;
  endsAt: Date;
  reason: string;
}

/**
 * Closes a room for a while, at once: what is free now becomes the closure's, so nothing new can be booked there. Meetings
 * that have the room keep it until they are moved; each piece they give up then becomes the closure's (see handToClosures).
 */
export function addClosure(db: Db, by: Actor, input: NewClosure): Promise<{ id: number }> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const atomic = await rows<{ id: number }>(trx, `select coalesce(p.part_id, r.id) as id from rooms r left join room_parts p on p.hall_id = r.id where r.id = :room`, { room: input.roomId });
    const roomIds = atomic.map(({ id }) => id);
    // Bookings that are being written are waited for; new ones wait until the closure stands. So one look is enough.
    const locked = await rows(trx, `select id from rooms where id = any(:rooms) order by id for no key update`, { rooms: [...roomIds, input.roomId] });
    if (!locked.length) throw new NotFound();
    const made = await row<{ id: number }>(
      trx,
      `insert into closures (room_id, reason, starts_at, ends_at, created_by) values (:room, :reason, :from, :to, :by) returning id`,
      { room: input.roomId, reason: input.reason, from: input.startsAt, to: input.endsAt, by: by.id },
    );
    if (!made) throw new NotFound();
    await claimWhatIsFree(trx, by, made.id, roomIds, { from: input.startsAt, to: input.endsAt });
    await change(trx, `update rooms set version = version + 1 where id = :room`, { room: input.roomId });
    await record(trx, by, {
      action: 'closure.create', noun: 'rooms', id: input.roomId, after: { closure_id: made.id, starts_at: input.startsAt, ends_at: input.endsAt }, note: input.reason,
    });
    return made;
  });
}

/** Opens the room again: the closure's claims are given up, or go to another closure of the same time. Lifted twice is lifted once. */
export function liftClosure(db: Db, by: Actor, roomId: number, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const parts = await rows<{ part_id: number }>(trx, `select part_id from room_parts where hall_id = :room`, { room: roomId });
    await lockRooms(trx, [roomId, ...parts.map(({ part_id }) => part_id)]);
    const closure = await row<{ lifted_at: Date | null; starts_at: Date; ends_at: Date }>(
      trx,
      `select lifted_at, starts_at, ends_at from closures where id = :id and room_id = :room for no key update`,
      { id, room: roomId },
    );
    if (!closure) throw new NotFound();
    if (closure.lifted_at) return;
    await change(trx, `update closures set lifted_at = now() where id = :id`, { id });
    const freed = await rows<{ id: number }>(
      trx,
      `update room_claims set state = 'released', ended_at = now(), ended_by = :by, end_reason = 'lifted'
        where closure_id = :id and state in ('held', 'requested', 'confirmed') returning id`,
      { id, by: by.id },
    );
    await handToClosures(trx, freed.map((claim) => claim.id));
    await offerFreed(trx, freed.map((claim) => claim.id));
    await change(trx, `update rooms set version = version + 1 where id = :room`, { room: roomId });
    await record(trx, by, { action: 'closure.lift', noun: 'rooms', id: roomId, before: { closure_id: id, starts_at: closure.starts_at, ends_at: closure.ends_at } });
  });
}

async function claimWhatIsFree(trx: Db, by: Actor, closureId: number, roomIds: number[], span: Span): Promise<void> {
  const busy = await rows<{ room_id: number; from: Date; to: Date }>(
    trx,
    `select room_id, occupies_from as "from", occupies_to as "to" from room_claims
      where room_id = any(:rooms) and occupies && tstzrange(:from, :to) and is_holding and state in ('held', 'requested', 'confirmed')`,
    { rooms: roomIds, from: span.from, to: span.to },
  );
  const pieces = roomIds.flatMap((room) =>
    freeWithin(span, busy.filter(({ room_id }) => room_id === room)).map(({ from, to }) => ({ room, from: from.toISOString(), to: to.toISOString() })),
  );
  await change(
    trx,
    `insert into room_claims (room_id, closure_id, state, starts_at, ends_at, occupies_from, occupies_to, created_by)
     select p.room, :closure, 'confirmed', p.f, p.t, p.f, p.t, :by
       from unnest(:rooms::bigint[], :from::timestamptz[], :to::timestamptz[]) as p (room, f, t)
      order by p.room, p.f
     on conflict do nothing`,
    { closure: closureId, by: by.id, rooms: pieces.map((p) => p.room), from: pieces.map((p) => p.from), to: pieces.map((p) => p.to) },
  );
}
