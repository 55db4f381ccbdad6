import { change, row, type Db } from '../lib/db/db.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { atomOf, isBlocking, isNotLapsed, joinParts } from '../hours/liveClaimQueries.js';

// Dates that want a room which is taken. Who gives up a claim asks, in
// the same transaction, that those who wait are told.

/** SQL: of the requests, the meetings that can't have their rooms now. */
const HINDERED = `(
  select x.meeting
    from requests x
    join meetings m on m.id = x.meeting
    join rooms r on r.id = x.room ${joinParts('r.id')}
    join room_claims c on c.room_id = ${atomOf('r.id')}
   where ${isBlocking('c')} and ${isNotLapsed('c')} and c.meeting_id is distinct from m.id
     and c.occupies && tstzrange(
       m.starts_at - make_interval(mins => r.setup_minutes),
       m.ends_at + make_interval(mins => r.teardown_minutes)
     ))`;

/**
 * A date and the rooms it wants. Written when a plan is saved; twice is once.
 * @param only `hindered`: dates that were skipped. Where the room was free it
 * was not the reason (a holiday), and offering it would hold it for nobody.
 */
export async function awaitRooms(
  trx: Db,
  requests: { meetingId: number; roomIds: readonly number[] }[],
  only?: 'hindered',
): Promise<void> {
  const list = requests.flatMap(({ meetingId, roomIds }) =>
    roomIds.map((room) => ({ meeting: meetingId, room })),
  );
  if (list.length === 0) return;
  // Asking for certain rooms replaces asking for any room.
  await change(trx, `delete from awaited_rooms where meeting_id = any(:meetings) and any_seats is not null`, {
    meetings: list.map(({ meeting }) => meeting),
  });
  await change(
    trx,
    `with requests as (select w.meeting, w.room
                       from jsonb_to_recordset(:list) as w (meeting bigint, room bigint))
     insert into awaited_rooms (meeting_id, room_id)
     select w.meeting, w.room
       from requests w ${only ? `where w.meeting in ${HINDERED}` : ''}
     on conflict (meeting_id, room_id) do update set since = now(), offered_at = null, state = 'waiting',
       held_until = null, asked_by = null, starts_at = null, ends_at = null, had_room_ids = '{}'`,
    { list: JSON.stringify(list) },
  );
}

/** It waits no longer. */
export async function stopAwaiting(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await change(trx, `delete from awaited_rooms where meeting_id = any(:meetings)`, { meetings: meetingIds });
}

/**
 * Claims were given up: when a date waits for a room in that time, the worker looks whether it is free now.
 */
export async function offerFreed(trx: Db, claimIds: readonly number[]): Promise<void> {
  const isAwaited = await row(
    trx,
    `select 1 from room_claims c
       join awaited_rooms a on a.room_id = c.room_id
         or a.room_id in (select hall_id from room_parts where part_id = c.room_id)
         or a.any_seats is not null
       join meetings m on m.id = a.meeting_id
      where c.id = any(:claims)
        and a.state = 'waiting'
        and m.id is distinct from c.meeting_id
        and m.starts_at < c.occupies_to
        and m.ends_at > c.occupies_from
      limit 1`,
    { claims: claimIds },
  );
  if (isAwaited) await enqueue(trx, 'meetings.offerRooms', { claimIds });
}

/** The same for a part of what a meeting occupied: it ended early. */
export async function offerPieces(
  trx: Db,
  pieces: readonly { room: number; from: Date; to: Date }[],
): Promise<void> {
  const isAwaited = await row(
    trx,
    `select 1 from jsonb_to_recordset(:pieces) as f (room bigint, "from" timestamptz, "to" timestamptz)
       join awaited_rooms a on a.room_id = f.room
         or a.room_id in (select hall_id from room_parts where part_id = f.room)
         or a.any_seats is not null
       join meetings m on m.id = a.meeting_id
      where a.state = 'waiting' and m.starts_at < f."to" and m.ends_at > f."from" limit 1`,
    { pieces: JSON.stringify(pieces) },
  );
  if (isAwaited) await enqueue(trx, 'meetings.offerRooms', { pieces });
}
