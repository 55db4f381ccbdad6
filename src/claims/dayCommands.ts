import type { Actor } from '../lib/audit/record.js';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { offerFreed, offerPieces } from './awaitedCommands.js';
import { expireLapsed, lockRooms } from './commands.js';
import { releaseUnusedEquipment, shortenEquipment } from '../equipment/commands.js';
import { atomOf, isBlocking, isWithin, joinParts } from '../hours/liveClaimQueries.js';
import { handTimesToClosures, handToClosures } from './closureCommands.js';

// What happens to the claims of a meeting on its day: it ends early, it goes on a little longer, nobody
// comes. In the caller's transaction, which has locked the meeting.

interface Running {
  id: number;
  room_id: number;
  teardown_minutes: number;
  ends_at: Date;
  occupies_to: Date;
}

/** The claims of a meeting that runs at an instant, their rooms locked. */
async function lockRunning(trx: Db, meetingId: number, now: Date): Promise<Running[]> {
  const find = (more = '') =>
    rows<Running>(
      trx,
      `select id, room_id, teardown_minutes, ends_at, occupies_to from room_claims
        where meeting_id = :meeting and state = 'confirmed' and starts_at < :now and ends_at > :now
        order by room_id ${more}`,
      { meeting: meetingId, now },
    );
  await lockRooms(
    trx,
    (await find()).map(({ room_id }) => room_id),
  );
  return find('for no key update');
}

/**
 * Gives up the rest of the time: the room is free after its teardown.
 * A closure that waited for the piece takes it over.
 * @returns the new end, or undefined when the meeting occupies no room now
 */
export async function shortenClaims(
  trx: Db,
  by: Actor,
  meetingId: number,
  now: Date,
): Promise<Date | undefined> {
  const at = new Date(Math.ceil(now.getTime() / 60_000) * 60_000);
  const running = (await lockRunning(trx, meetingId, now)).filter(({ ends_at }) => ends_at > at);
  if (!running.length) return undefined;
  await change(
    trx,
    `update room_claims
       set ends_at = :at, occupies_to = :at::timestamptz + make_interval(mins => teardown_minutes),
           end_reason = 'ended_early', ended_by = :by
      where id = any(:ids)`,
    { at, by: by.id, ids: running.map(({ id }) => id) },
  );
  const rest = running.map(({ room_id, teardown_minutes, occupies_to }) => ({
    room: room_id,
    from: new Date(at.getTime() + teardown_minutes * 60_000),
    to: occupies_to,
  }));
  await handTimesToClosures(trx, rest);
  await offerPieces(trx, rest);
  await shortenEquipment(trx, [meetingId]);
  return at;
}

/**
 * Keeps the rooms a little longer, all of them or none.
 * @returns the new end; how many minutes there are, and until when it is kept now, when somebody has one of
 * them next; undefined when the meeting occupies no room now
 */
export async function lengthenClaims(
  trx: Db,
  meetingId: number,
  minutes: number,
  now: Date,
): Promise<Date | { left: number; until: Date } | undefined> {
  const running = await lockRunning(trx, meetingId, now);
  if (!running.length) return undefined;
  const ids = running.map(({ id }) => id);
  const bindings = { ids, minutes };
  await expireLapsed(
    trx,
    running.map(({ room_id, occupies_to }) => ({
      room: room_id,
      from: occupies_to,
      to: new Date(occupies_to.getTime() + minutes * 60_000),
    })),
  );
  // Everybody who writes claims has locked the room first, so that what is free here stays free.
  const next = await row<{ left: number | null; until: Date }>(
    trx,
    `select floor(min(date_part('epoch', o.occupies_from - c.occupies_to)) / 60)::int as left,
            max(c.ends_at) as until
       from room_claims c
       join room_claims o on o.room_id = c.room_id and o.id <> c.id and ${isBlocking('o')}
        and o.occupies && tstzrange(c.occupies_to, c.occupies_to + make_interval(mins => :minutes))
      where c.id = any(:ids)`,
    bindings,
  );
  if (next && next.left !== null) return { left: Math.max(0, next.left), until: next.until };
  const moved = await rows<{ ends_at: Date }>(
    trx,
    `update room_claims
       set ends_at = ends_at + make_interval(mins => :minutes),
           occupies_to = occupies_to + make_interval(mins => :minutes)
      where id = any(:ids) returning ends_at`,
    bindings,
  );
  return moved[0]?.ends_at;
}

/**
 * Gives up rooms to which nobody came; the claims stay with their reason, other
 * rooms of the meeting stay with it. A closure that waited takes the piece, who
 * waits for the room is offered it. Equipment goes with the last of the rooms.
 * @param unused rooms as they were asked for: of a hall its parts are given up
 * @returns how many claims were given up
 */
export async function releaseUnused(
  trx: Db,
  unused: readonly { meetingId: number; roomId: number }[],
): Promise<number> {
  if (unused.length === 0) return 0;
  const list = JSON.stringify(unused.map(({ meetingId, roomId }) => ({ meeting: meetingId, room: roomId })));
  const W = `jsonb_to_recordset(cast(:list as jsonb)) as w (meeting bigint, room bigint)`;
  const held = await rows<{ id: number; room_id: number }>(
    trx,
    `select c.id, c.room_id from ${W} join room_claims c on c.meeting_id = w.meeting and c.state = 'confirmed'
        and ${isWithin('c.room_id', 'w.room')}
      where not exists (
        select 1 from meeting_rooms o ${joinParts('o.room_id')}
         where o.meeting_id = w.meeting and ${atomOf('o.room_id')} = c.room_id
           and not exists (select 1
                             from jsonb_to_recordset(cast(:list as jsonb)) as x (meeting bigint, room bigint)
                             where x.meeting = o.meeting_id and x.room = o.room_id))`,
    { list },
  );
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  const freed = await rows<{ id: number }>(
    trx,
    `update room_claims
       set state = 'released', ended_at = now(), end_reason = 'no_show'
       where id = any(:ids) and state = 'confirmed'
       returning id`,
    { ids: held.map(({ id }) => id) },
  );
  await change(
    trx,
    `delete from meeting_rooms m using ${W} where m.meeting_id = w.meeting and m.room_id = w.room`,
    { list },
  );
  const ids = freed.map(({ id }) => id);
  await handToClosures(trx, ids);
  await offerFreed(trx, ids);
  await releaseUnusedEquipment(trx, [...new Set(unused.map(({ meetingId }) => meetingId))]);
  return ids.length;
}
