import type { Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { offerFreed } from './awaitedCommands.js';
import { lockRooms } from './commands.js';
import { atomOf, atomsOf, joinParts } from '../hours/liveClaimQueries.js';
import { handToClosures } from './closureCommands.js';

// Rooms held for who waited for them: claims in the state 'held' that name the meeting which may take them.
// Everything here runs in the caller's transaction, which has locked the meetings.

export interface AwaitedHold {
  meetingId: number;
  /** As asked for: of a divisible hall its parts are held. */
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** Who asked. */
  personId: number;
}

/** Locks the atomic rooms of these rooms. @returns them */
export async function lockRoomsOf(trx: Db, roomIds: readonly number[]): Promise<number[]> {
  const atoms = await rows<{ id: number }>(trx, atomsOf(':rooms'), { rooms: roomIds });
  const ids = atoms.map(({ id }) => id);
  await lockRooms(trx, ids);
  return ids;
}

/**
 * Holds rooms in the order of the list, by one statement; who gets not all of them gets none. The caller has
 * locked the rooms. For a quarter of the time that is left, at least ten minutes, at most a day, never beyond
 * the start.
 * @returns until when each is held, by meeting, by the database's clock
 */
export async function holdAwaited(
  trx: Db,
  requests: readonly AwaitedHold[],
  now: Date,
): Promise<Map<number, Date>> {
  if (requests.length === 0) return new Map();
  const list = JSON.stringify(
    requests.map(({ meetingId, roomIds, startsAt, endsAt, personId }, place) => ({
      meeting: meetingId,
      rooms: roomIds,
      starts: startsAt,
      ends: endsAt,
      person: personId,
      place,
    })),
  );
  const ATOMS = `
    select w.meeting, w.place, w.person, w.starts, w.ends, ${atomOf('r.id')} as room_id,
           max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
      from jsonb_to_recordset(cast(:list as jsonb))
        as w (meeting bigint, rooms jsonb, starts timestamptz, ends timestamptz,
              person bigint, place int)
     cross join lateral jsonb_array_elements_text(w.rooms) as x (id)
      join rooms r on r.id = x.id::bigint
      ${joinParts('r.id')}
     group by 1, 2, 3, 4, 5, 6`;
  await change(
    trx,
    `insert into room_claims (room_id, awaited_meeting_id, state, hold_until, starts_at, ends_at,
                              setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by)
     select a.room_id, a.meeting, 'held',
            now() + least(greatest(interval '10 minutes',
                            least(interval '24 hours', (a.starts - cast(:now as timestamptz)) / 4)),
                      a.starts - cast(:now as timestamptz)),
            a.starts, a.ends, a.setup, a.teardown,
            a.starts - make_interval(mins => a.setup), a.ends + make_interval(mins => a.teardown), a.person
       from (${ATOMS}) a order by a.place, a.room_id
     on conflict do nothing`,
    { list, now },
  );
  const held = await rows<{ meeting: number; until: Date; is_whole: boolean }>(
    trx,
    `select a.meeting, max(c.hold_until) as until, count(c.id) = count(*) as is_whole
       from (${ATOMS}) a
       left join room_claims c on c.awaited_meeting_id = a.meeting and c.room_id = a.room_id
        and c.state = 'held'
      group by a.meeting`,
    { list },
  );
  const lost = held.filter(({ is_whole }) => !is_whole).map(({ meeting }) => meeting);
  if (lost.length)
    await change(trx, `delete from room_claims where awaited_meeting_id = any(:lost) and state = 'held'`, {
      lost,
    });
  return new Map(held.filter(({ is_whole }) => is_whole).map(({ meeting, until }) => [meeting, until]));
}

/** Gives up what is held for these meetings; closures come first, then the next who waits. */
export async function releaseAwaited(
  trx: Db,
  by: Actor,
  meetingIds: readonly number[],
  { state, reason }: { state: 'released' | 'expired'; reason: string },
): Promise<void> {
  const where = `awaited_meeting_id = any(:meetings) and state = 'held'`;
  const held = await rows<{ room_id: number }>(
    trx,
    `select distinct room_id from room_claims where ${where}`,
    { meetings: meetingIds },
  );
  if (!held.length) return;
  await lockRooms(
    trx,
    held.map(({ room_id }) => room_id),
  );
  const freed = await rows<{ id: number }>(
    trx,
    `update room_claims set state = :state, ended_at = now(), ended_by = :by, end_reason = :reason
      where ${where} returning id`,
    { meetings: meetingIds, state, by: by.id, reason },
  );
  await handToClosures(
    trx,
    freed.map(({ id }) => id),
  );
  await offerFreed(
    trx,
    freed.map(({ id }) => id),
  );
}
