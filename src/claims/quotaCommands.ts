import { rows, type Db } from '../lib/db/db.js';
import { addDays, dayOf, startOfDay, weekdayOf } from '../lib/time/zone.js';
import { findUsage } from '../rules/queries.js';
import { hasQuota, QUOTAS } from '../rules/layers.js';
import { checkOf, type Check } from './checks.js';
import { isInside, type Candidate } from './verdict.js';
import { brokenQuotas } from '../rules/checks.js';

/**
 * Quotas that count bookings in all rooms are not covered by the lock of a room: two bookings in different
 * rooms would each count without the other. Who has such a quota is locked here, and their unit where it has
 * one. The order is the same for everybody: behind the rooms, before the equipment. Whoever claims for
 * several people in one transaction locks all of them first. Where no quota of the office is set nothing is
 * locked.
 * @param personIds whom the bookings are held for
 * @param meetingIds the same by their meetings
 */
export async function lockQuotas(
  trx: Db,
  personIds: readonly number[],
  meetingIds: readonly number[] = [],
): Promise<void> {
  if (personIds.length === 0 && meetingIds.length === 0) return;
  // The order is that of the keys, so that persons and units can't be waited for crosswise; "materialized"
  // keeps it.
  await rows(
    trx,
    `with limits as (
       select bool_or(quota_person_hours > 0 or quota_person_coming > 0) as of_person,
              bool_or(quota_unit_hours > 0 or quota_unit_coming > 0) as of_unit
         from booking_rules where room_id is null
     ), keys as materialized (
       select distinct hashtextextended(k.key, 0) as key
         from persons p cross join limits l
        cross join lateral (values
          (case when l.of_person or (l.of_unit and p.unit_id is null) then 'quota of person ' || p.id end),
          (case when l.of_unit then 'quota of unit ' || p.unit_id end)) k (key)
        where p.id in (
                select unnest(cast(:persons as bigint[]))
                union all
                select coalesce(booked_for_id, organiser_id) from meetings where id = any(:meetings))
          and k.key is not null
        order by 1
     )
     select pg_advisory_xact_lock(key) from keys`,
    { persons: personIds, meetings: meetingIds },
  );
}

/** Are quotas counted for these rooms? */
export function isCounted({ request, rooms }: Candidate): boolean {
  return !request.isRestored && rooms.some(({ rules }) => hasQuota(rules));
}

/** Whom bookings in other rooms count for, too. */
export function countedFor(candidates: readonly Candidate[]): number[] {
  const counted = candidates
    .flatMap(({ rooms }) => rooms)
    .filter(({ rules }) => QUOTAS.some((name) => rules[name] > 0 && !rules.ofRoom.includes(name)));
  return [...new Set(counted.map(({ principal_id }) => principal_id))];
}

/**
 * Quotas that are not kept; one look-up for each room that has any. The caller has locked rooms and quotas.
 */
export async function checkQuotas(trx: Db, { request, rooms }: Candidate): Promise<Check[]> {
  const checks: Check[] = [];
  for (const room of rooms.filter(({ rules }) => hasQuota(rules))) {
    if (isInside(room, request)) continue;
    const on = dayOf(request.startsAt, room.zone);
    const monday = addDays(on, 1 - weekdayOf(on));
    const usage = await findUsage(trx, {
      principalId: room.principal_id,
      roomId: room.id,
      exceptMeetingId: request.meetingId,
      now: request.now ?? new Date(),
      weekFrom: startOfDay(monday, room.zone),
      weekTo: startOfDay(addDays(monday, 7), room.zone),
    });
    const broken = brokenQuotas(room.rules, { from: request.startsAt, to: request.endsAt }, usage);
    checks.push(
      ...broken.map((one) => checkOf(room, one, { isOverridden: Boolean(request.overrideReason) })),
    );
  }
  return checks;
}
