import type { Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { offerFreed } from './awaitedCommands.js';
import { expireLapsed, lockRooms } from './commands.js';
import { atomOf, joinParts } from '../hours/liveClaimQueries.js';
import { lockRoomsOf } from './waitHoldCommands.js';
import { handToClosures } from './closureCommands.js';

// Rooms held for the candidates of a poll: claims in the state 'held' that anybody's booking may replace once
// their time is over. Everything here runs in the caller's transaction.

export interface HoldRequest {
  optionId: number;
  /** As asked for: of a divisible hall its parts are held. */
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
}

/**
 * Holds rooms for several candidates by one statement; what is taken is left out, a candidate is held with
 * all its rooms or not at all.
 * @param until by the database's clock  @returns the candidates that are held
 */
export async function holdRooms(
  trx: Db,
  by: Actor,
  requests: readonly HoldRequest[],
  until: Date,
): Promise<Set<number>> {
  const withRooms = requests.filter(({ roomIds }) => roomIds.length > 0);
  if (withRooms.length === 0) return new Set();
  const atoms = await lockRoomsOf(trx, [...new Set(withRooms.flatMap(({ roomIds }) => roomIds))]);
  const list = JSON.stringify(
    withRooms.map(({ optionId, roomIds, startsAt, endsAt }) => ({
      option: optionId,
      rooms: roomIds,
      starts: startsAt,
      ends: endsAt,
    })),
  );
  await expireLapsed(
    trx,
    atoms.flatMap((room) => withRooms.map(({ startsAt, endsAt }) => ({ room, from: startsAt, to: endsAt }))),
  );
  const ATOMS = `
    select w.option, w.starts, w.ends, ${atomOf('r.id')} as room_id,
           max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
      from jsonb_to_recordset(cast(:list as jsonb))
        as w (option bigint, rooms jsonb, starts timestamptz, ends timestamptz)
     cross join lateral jsonb_array_elements_text(w.rooms) as x (id)
      join rooms r on r.id = x.id::bigint and r.status = 'in_service'
      ${joinParts('r.id')}
     group by 1, 2, 3, 4`;
  await change(
    trx,
    `insert into room_claims (room_id, poll_option_id, state, hold_until, starts_at, ends_at,
                              setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by)
     select a.room_id, a.option, 'held', :until, a.starts, a.ends, a.setup, a.teardown,
            a.starts - make_interval(mins => a.setup), a.ends + make_interval(mins => a.teardown), :by
       from (${ATOMS}) a order by a.room_id, a.starts, a.option
     on conflict do nothing`,
    { list, until, by: by.id },
  );
  const incomplete = await rows<{ option: number }>(
    trx,
    `select a.option
       from (${ATOMS}) a
       left join room_claims c on c.poll_option_id = a.option and c.room_id = a.room_id
        and c.state = 'held'
      group by a.option having count(c.id) < count(*)`,
    { list },
  );
  const lost = incomplete.map(({ option }) => option);
  if (lost.length)
    await change(trx, `delete from room_claims where poll_option_id = any(:lost) and state = 'held'`, {
      lost,
    });
  return new Set(withRooms.map(({ optionId }) => optionId).filter((id) => !lost.includes(id)));
}

/** Gives up what candidates hold; the rows stay. @returns how many claims were given up */
export async function releaseHolds(
  trx: Db,
  by: Actor,
  optionIds: readonly number[],
  reason: string | null,
): Promise<number> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select distinct room_id from room_claims where poll_option_id = any(:options) and state = 'held'`,
    { options: optionIds },
  );
  if (!held.length) return 0;
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  const freed = await rows<{ id: number }>(
    trx,
    `update room_claims set state = 'released', ended_at = now(), ended_by = :by, end_reason = :reason
      where poll_option_id = any(:options) and state = 'held' returning id`,
    { by: by.id, reason, options: optionIds },
  );
  const ids = freed.map(({ id }) => id);
  if (ids.length) {
    await handToClosures(trx, ids);
    await offerFreed(trx, ids);
  }
  return ids.length;
}

/**
 * Moves the end of what candidates hold; what lapsed and nobody took since is held again.
 * @param until by the database's clock
 */
export async function extendHolds(trx: Db, optionIds: readonly number[], until: Date): Promise<void> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select distinct room_id from room_claims where poll_option_id = any(:options) and state = 'held'`,
    { options: optionIds },
  );
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  await change(
    trx,
    `update room_claims set hold_until = :until where poll_option_id = any(:options) and state = 'held'`,
    { options: optionIds, until },
  );
}

/**
 * Gives up what one candidate holds for the meeting it becomes, which claims its rooms next in the same
 * transaction, by all their rules. The rooms stay locked until then, so that nobody comes in between, and no
 * closure takes the piece.
 */
export async function yieldHold(trx: Db, by: Actor, optionId: number): Promise<void> {
  const held = await rows<{ room_id: number }>(
    trx,
    `select room_id from room_claims where poll_option_id = :option and state = 'held'`,
    { option: optionId },
  );
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  await change(
    trx,
    `update room_claims set state = 'released', ended_at = now(), ended_by = :by, end_reason = 'chosen'
      where poll_option_id = :option and state = 'held'`,
    { option: optionId, by: by.id },
  );
}

/**
 * Ends what lapsed and nobody has asked for since, so that no page shows it as taken: closures take their
 * pieces over, dates that wait for the room are offered it. A booking doesn't wait for this. @returns how
 * many
 */
export function sweepLapsed(db: Db): Promise<number> {
  return inTransaction(db, async (trx) => {
    const where = `state in ('held', 'requested') and hold_until <= now()`;
    const found = await rows<{ room_id: number }>(
      trx,
      `select distinct room_id from room_claims where ${where}`,
    );
    if (!found.length) return 0;
    await lockRooms(
      trx,
      found.map(({ room_id }) => room_id),
    );
    const lapsed = await rows<{ id: number }>(
      trx,
      `update room_claims set state = 'expired', ended_at = now()
        where ${where} and room_id = any(:rooms) returning id`,
      { rooms: found.map(({ room_id }) => room_id) },
    );
    const ids = lapsed.map(({ id }) => id);
    await handToClosures(trx, ids);
    await offerFreed(trx, ids);
    return ids.length;
  });
}
