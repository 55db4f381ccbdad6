import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { queueDeliveries, type NewDelivery } from '../lib/mail/queue.js';
import { isInForce } from '../people/deputyQueries.js';
import { offerFreed } from '../claims/awaitedCommands.js';
import { shortenEquipment } from '../equipment/commands.js';
import { lockRooms } from '../claims/commands.js';
import { findClashes, type Clash } from '../claims/queries.js';
import { atomOf, joinParts } from '../hours/liveClaimQueries.js';
import type { ReasonCode, RequestState } from './queries.js';
import { handToClosures } from '../claims/closureCommands.js';

const LOCAL_DAY = '(select (cast(:now as timestamptz) at time zone zone)::date from organisations)';

// Deciding about requests. Everybody locks in the one order: the meeting,
// its rooms, the request. So two who decide at once give one answer, and an
// approval and a direct booking of the same slot meet at the constraint.

interface Locked {
  id: number;
  state: RequestState;
  meeting_id: number;
  room_id: number;
  starts_at: Date;
  ends_at: Date;
  is_holding: boolean;
  asked_by: number;
  organiser_id: number;
  meeting_state: string;
  announced_at: Date | null;
  atomic_ids: number[];
}

/**
 * `decided`: somebody was quicker. `over`: its time has passed.
 * `taken`: it did not hold the room, and somebody else has it now.
 */
export type Decided =
  { ok: true } | { ok: false; reason: 'decided' | 'over' } | { ok: false; reason: 'taken'; clashes: Clash[] };

/** Why a request is not approved, and when that was decided. */
interface Declined {
  now: Date;
  code: ReasonCode;
  reason: string;
}

/** @throws Forbidden unless the person decides about the room, NotFound without such a request */
export function approveRequest(db: Db, by: Actor, id: number, now: Date): Promise<Decided> {
  return inTransaction(db, async (trx) => {
    const request = await lockRequest(trx, by, id);
    if (request.state !== 'open') return { ok: false, reason: 'decided' };
    if (request.ends_at <= now) return { ok: false, reason: 'over' };
    if (!(await confirmClaims(trx, by, request))) {
      const clashes = await findClashes(trx, by.id, [
        {
          key: id,
          roomIds: [request.room_id],
          startsAt: request.starts_at,
          endsAt: request.ends_at,
          exceptMeetingId: request.meeting_id,
        },
      ]);
      return { ok: false, reason: 'taken', clashes: clashes.get(id) ?? [] };
    }
    await settle(trx, by, request, {
      now,
      state: 'approved',
      action: 'roomRequest.approve',
      code: null,
      reason: null,
    });
    return { ok: true };
  });
}

/**
 * What is returned keeps the room (where it was held) for a day, to be
 * mended; what is refused gives it up at once.
 */
export function returnRequest(db: Db, by: Actor, id: number, { now, ...why }: Declined): Promise<Decided> {
  return inTransaction(db, async (trx) => {
    const request = await lockRequest(trx, by, id);
    if (request.state !== 'open') return { ok: false, reason: 'decided' };
    await change(
      trx,
      `update room_claims
         set hold_until = :until
         where meeting_id = :meeting and state = 'requested' and is_holding and room_id = any(:rooms)`,
      { until: new Date(now.getTime() + 86_400_000), meeting: request.meeting_id, rooms: request.atomic_ids },
    );
    await settle(trx, by, request, {
      now,
      state: 'returned',
      action: 'roomRequest.return',
      ...why,
    });
    return { ok: true };
  });
}

export function refuseRequest(db: Db, by: Actor, id: number, { now, ...why }: Declined): Promise<Decided> {
  return inTransaction(db, async (trx) => {
    const request = await lockRequest(trx, by, id);
    if (request.state !== 'open') return { ok: false, reason: 'decided' };
    const freed = await rows<{ id: number }>(
      trx,
      `update room_claims set state = 'refused', ended_at = now(), ended_by = :by, end_reason = :reason
        where meeting_id = :meeting and state = 'requested' and room_id = any(:rooms) returning id`,
      { by: by.id, reason: why.reason, meeting: request.meeting_id, rooms: request.atomic_ids },
    );
    if (freed.length) {
      await handToClosures(
        trx,
        freed.map((claim) => claim.id),
      );
      await offerFreed(
        trx,
        freed.map((claim) => claim.id),
      );
      await shortenEquipment(trx, [request.meeting_id]);
    }
    await settle(trx, by, request, {
      now,
      state: 'refused',
      action: 'roomRequest.refuse',
      ...why,
    });
    // Who was invited there is told that the room is not theirs.
    if (request.announced_at)
      await enqueue(
        trx,
        'invitations.announceChange',
        { meetingId: request.meeting_id },
        { runAt: new Date(Date.now() + 60_000) },
      );
    return { ok: true };
  });
}

async function lockRequest(trx: Db, by: Actor, id: number): Promise<Locked> {
  const found = await row<{ meeting_id: number; atomic_ids: number[] }>(
    trx,
    `select q.meeting_id,
            (select array_agg(${atomOf('r.id')} order by 1)
               from rooms r ${joinParts('r.id')}
               where r.id = q.room_id) as atomic_ids
       from room_requests q where q.id = :id`,
    { id },
  );
  if (!found) throw new NotFound();
  await rows(trx, `select 1 from meetings where id = :id for no key update`, { id: found.meeting_id });
  await lockRooms(trx, found.atomic_ids);
  const request = await row<Omit<Locked, 'atomic_ids'> & { decides: boolean }>(
    trx,
    `select q.id, q.state, q.meeting_id, q.room_id, q.starts_at, q.ends_at, q.is_holding, q.asked_by,
            m.organiser_id, m.state as meeting_state, m.announced_at,
            may_decide_room(q.room_id, :by) as decides
       from room_requests q join meetings m on m.id = q.meeting_id where q.id = :id for no key update of q`,
    { id, by: by.id },
  );
  if (!request) throw new NotFound();
  if (!request.decides) throw new Forbidden();
  if (request.state === 'open' && request.meeting_state !== 'draft' && request.meeting_state !== 'scheduled')
    throw new Conflict('meetings.problem.closed');
  return { ...request, atomic_ids: found.atomic_ids };
}

/**
 * Makes the claims firm. What holds the room is confirmed where it stands.
 * What doesn't is claimed now, by an insert that gives way to who was quicker.
 * A part that another open request of the meeting covers waits for that one.
 */
async function confirmClaims(trx: Db, by: Actor, request: Locked): Promise<boolean> {
  const atomic = await rows<{ id: number }>(
    trx,
    `select a as id from unnest(cast(:rooms as bigint[])) a
      where not exists (select 1
                          from room_requests q
                          where q.meeting_id = :meeting and q.state = 'open' and q.id <> :id
        and (
          q.room_id = a or exists (select 1 from room_parts p where p.hall_id = q.room_id and p.part_id = a)
        ))`,
    { rooms: request.atomic_ids, meeting: request.meeting_id, id: request.id },
  );
  const rooms = atomic.map(({ id }) => id);
  if (request.is_holding) {
    const firm = await change(
      trx,
      `update room_claims
         set state = 'confirmed', hold_until = null
         where meeting_id = :meeting and state = 'requested' and is_holding and room_id = any(:rooms)`,
      { meeting: request.meeting_id, rooms },
    );
    return firm === rooms.length;
  }
  const made = await rows<{ id: number }>(
    trx,
    `insert into room_claims (
       room_id, meeting_id, state, starts_at, ends_at, setup_minutes, teardown_minutes, occupies_from,
       occupies_to, created_by
     )
     select room_id, meeting_id, 'confirmed', starts_at, ends_at, setup_minutes, teardown_minutes,
            occupies_from, occupies_to, created_by
       from room_claims
       where meeting_id = :meeting and state = 'requested' and not is_holding and room_id = any(:rooms)
       order by room_id
     on conflict do nothing returning id`,
    { meeting: request.meeting_id, rooms },
  );
  if (made.length < rooms.length) {
    if (made.length)
      await change(trx, `delete from room_claims where id = any(:made)`, { made: made.map(({ id }) => id) });
    return false;
  }
  await change(
    trx,
    `update room_claims set state = 'released', ended_at = now(), ended_by = :by, end_reason = 'approved'
      where meeting_id = :meeting and state = 'requested' and not is_holding and room_id = any(:rooms)`,
    { meeting: request.meeting_id, rooms, by: by.id },
  );
  return true;
}

interface Verdict {
  now: Date;
  state: 'approved' | 'returned' | 'refused';
  action: 'roomRequest.approve' | 'roomRequest.return' | 'roomRequest.refuse';
  code: ReasonCode | null;
  reason: string | null;
}

/** Writes the answer, its history, and the mail to who asked and who answers for the meeting. */
async function settle(
  trx: Db,
  by: Actor,
  request: Locked,
  { now, state, action, code, reason }: Verdict,
): Promise<void> {
  await change(
    trx,
    `update room_requests
       set state = :state, decided_by = :by, decided_at = :now, reason_code = :code, reason = :reason,
           version = version + 1
       where id = :id`,
    { id: request.id, state, by: by.id, now, code, reason },
  );
  const event = {
    noun: 'meetings',
    id: request.meeting_id,
    meetingId: request.meeting_id,
    after: { request_id: request.id, room_id: request.room_id, code },
  };
  await record(trx, by, { action, ...event, note: reason || undefined });
  const people = [...new Set([request.asked_by, request.organiser_id])];
  await queueDeliveries(
    trx,
    people.map((personId) => ({
      kind: 'rooms.requestDecided',
      object: `room_requests:${request.id}`,
      personId,
      meetingId: request.meeting_id,
      revision: 1,
      payload: { request_id: request.id },
      queuedBy: by.id,
    })),
  );
}

/**
 * The worker's side of asking: one mail to each person who decides,
 * with everything they were not told of yet.
 * @returns how many requests were told; more may wait as long as it is not 0
 */
export function notifyApprovers(db: Db, now: Date): Promise<number> {
  return inTransaction(db, async (trx) => {
    const unannounced = await rows<RequestToAnnounce>(
      trx,
      `select id, room_id, ${IS_PRIVATE}
         from room_requests q
         where state = 'open' and told_at is null
         order by id
         limit 500
         for no key update skip locked`,
    );
    if (!unannounced.length) return 0;
    const deciders = await rows<{ room_id: number; person_id: number }>(
      trx,
      `select r as room_id, d as person_id
         from unnest(cast(:rooms as bigint[])) r
         cross join lateral room_deciders(r) d`,
      { rooms: [...new Set(unannounced.map(({ room_id }) => room_id))] },
    );
    await queueDeliveries(trx, byPerson(unannounced, deciders, 'rooms.requestsAsked', 'told'));
    await change(trx, `update room_requests set told_at = :now where id = any(:ids)`, {
      now,
      ids: unannounced.map(({ id }) => id),
    });
    return unannounced.length;
  });
}

/**
 * Overdue requests: once to the deputies of who decides, to the head of the office where nobody stands in.
 * @returns how many were overdue
 */
export function remindOverdue(db: Db, now: Date): Promise<number> {
  return inTransaction(db, async (trx) => {
    const overdue = await rows<RequestToAnnounce>(
      trx,
      `select id, room_id, ${IS_PRIVATE}
         from room_requests q
         where state = 'open' and due_at <= :now and ends_at > :now and reminded_at is null
         order by id
         limit 500
         for no key update skip locked`,
      { now },
    );
    if (!overdue.length) return 0;
    const others = await rows<{ room_id: number; person_id: number }>(
      trx,
      `with asked as (select distinct unnest(cast(:rooms as bigint[])) as room_id),
            standing_in as (
              select a.room_id, x.deputy_id as person_id
                from asked a cross join lateral room_deciders(a.room_id) d
                join deputies x on x.person_id = d
               where ${isInForce('x', LOCAL_DAY)})
       select room_id, person_id from standing_in
       union
       select a.room_id, o.office_head_id from asked a cross join organisations o
        where o.office_head_id is not null and a.room_id not in (select room_id from standing_in)`,
      { rooms: overdue.map(({ room_id }) => room_id), now },
    );
    await queueDeliveries(trx, byPerson(overdue, others, 'rooms.requestReminder', 'overdue'));
    await change(trx, `update room_requests set reminded_at = :now where id = any(:ids)`, {
      now,
      ids: overdue.map(({ id }) => id),
    });
    return overdue.length;
  });
}

interface RequestToAnnounce {
  id: number;
  room_id: number;
  /** Of a private meeting: its reason to ask is no matter of who keeps the outbox. */
  is_private: boolean;
}
const IS_PRIVATE = `(select m.is_private from meetings m where m.id = q.meeting_id) as is_private`;

function byPerson(
  requests: RequestToAnnounce[],
  people: { room_id: number; person_id: number }[],
  kind: string,
  what: string,
): NewDelivery[] {
  const secret = new Set(requests.filter((request) => request.is_private).map(({ id }) => id));
  const ids = new Map<number, number[]>();
  for (const { room_id, person_id } of people) {
    const theirs = requests.filter((request) => request.room_id === room_id).map(({ id }) => id);
    ids.set(person_id, [...(ids.get(person_id) ?? []), ...theirs]);
  }
  return [...ids].map(([personId, request_ids]) => ({
    kind,
    object: `room_requests:${what}:${Math.max(...request_ids)}`,
    personId,
    revision: 0,
    payload: { request_ids },
    isRestricted: request_ids.some((id) => secret.has(id)),
  }));
}
