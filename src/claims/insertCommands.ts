import type { Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import type { ApprovalRequest } from './recordCommands.js';
import { atomicOf, type Candidate } from './verdict.js';
import type { Clash } from './queries.js';
import { atomOf, joinParts } from '../hours/liveClaimQueries.js';

// The one statement that writes claims of meetings. The caller has locked the rooms.

/** A meeting that may have its rooms, as far as their rules go. */
export interface Claimant extends Candidate {
  approvals: readonly ApprovalRequest[];
}

/**
 * Claims all rooms of all meetings, in order, and notes in meeting_rooms what was asked for. A meeting that
 * can't have all of its rooms gets none: what was written for it is taken back, and nobody has seen it.
 * @returns those that could not have all their rooms
 */
export async function insertClaims<T extends Claimant>(
  trx: Db,
  by: Actor,
  claimants: readonly T[],
): Promise<T[]> {
  const list = claimants.flatMap(({ request, rooms, approvals }) =>
    rooms.map(({ id }) => {
      const approval = approvals.find(({ roomId }) => roomId === id);
      return {
        meeting: request.meetingId,
        room: id,
        from: request.startsAt,
        to: request.endsAt,
        asks: approval !== undefined,
        open: approval?.isHolding === false,
      };
    }),
  );
  if (list.length === 0) return [];
  const made = await rows<{ id: number; meeting_id: number }>(
    trx,
    `with requested as materialized (
       select w.*
         from jsonb_to_recordset(cast(:list as jsonb))
           as w (meeting bigint, room bigint, "from" timestamptz, "to" timestamptz,
                 asks boolean, open boolean)
     ), atoms as (
       select w.meeting, ${atomOf('r.id')} as room_id, w."from", w."to",
              max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown,
              bool_or(w.asks) as is_requested, bool_or(w.open) as is_open
         from requested w
         join rooms r on r.id = w.room ${joinParts('r.id')}
        group by 1, 2, 3, 4
     ), noted as (
       insert into meeting_rooms (meeting_id, room_id)
       select meeting, room from requested on conflict do nothing
     )
     insert into room_claims (room_id, meeting_id, state, is_holding,
                              starts_at, ends_at, setup_minutes, teardown_minutes,
                              occupies_from, occupies_to, created_by)
     select room_id, meeting, case when is_requested then 'requested' else 'confirmed' end, not is_open,
            "from", "to",
            setup, teardown, "from" - make_interval(mins => setup),
            "to" + make_interval(mins => teardown), :by
       from atoms order by room_id, "from", meeting
     on conflict do nothing returning id, meeting_id`,
    { list: JSON.stringify(list), by: by.id },
  );
  const claims = new Map<number, number[]>();
  for (const { id, meeting_id } of made) claims.set(meeting_id, [...(claims.get(meeting_id) ?? []), id]);
  const claimsOf = (one: T) => claims.get(one.request.meetingId) ?? [];
  const missing = claimants.filter((one) => claimsOf(one).length < atomicOf(one.rooms).length);
  if (missing.length === 0) return [];
  const ids = missing.flatMap(claimsOf);
  if (ids.length > 0) await change(trx, `delete from room_claims where id = any(:ids)`, { ids });
  await change(trx, `delete from meeting_rooms where meeting_id = any(:meetings)`, {
    meetings: missing.map(({ request }) => request.meetingId),
  });
  return missing;
}

/**
 * For the figures: who could not have a room that they wanted. Lost when the caller rolls back, which harms
 * nothing.
 */
export async function notePrevented(
  trx: Db,
  by: Actor,
  refused: readonly { request: Candidate['request']; clashes: readonly Clash[] }[],
): Promise<void> {
  const list = refused
    .filter(({ request }) => !request.isImported)
    .flatMap(({ request, clashes }) =>
      clashes.map(({ room }) => ({ room: room.id, from: request.startsAt, to: request.endsAt })),
    );
  if (list.length === 0) return;
  await change(
    trx,
    `insert into prevented_clashes (room_id, person_id, starts_at, ends_at)
     select distinct w.room, cast(:by as bigint), w."from", w."to"
       from jsonb_to_recordset(cast(:list as jsonb))
         as w (room bigint, "from" timestamptz, "to" timestamptz)`,
    { list: JSON.stringify(list), by: by.id },
  );
}
