import { rows, type Db } from '../lib/db/db.js';

/**
 * Quotas that count bookings in all rooms are not covered by the lock of a room: two bookings in different rooms would each
 * count without the other. Who has such a quota is locked here, and their unit where it has one; behind the rooms, before the
 * equipment, in one order for everybody. Whoever claims for several people in one transaction locks all of them first.
 * Where no quota of the office is set nothing is locked.
 * @param personIds whom the bookings are held for
 */
export async function lockQuotas(trx: Db, personIds: readonly number[]): Promise<void> {
  if (personIds.length === 0) return;
  // The order is that of the keys, so that persons and units can't be waited for crosswise; "materialized" keeps it.
  await rows(
    trx,
    `with limits as (
       select bool_or(quota_person_hours > 0 or quota_person_coming > 0) as of_person, bool_or(quota_unit_hours > 0 or quota_unit_coming > 0) as of_unit
         from booking_rules where room_id is null
     ), keys as materialized (
       select distinct hashtextextended(k.key, 0) as key
         from persons p cross join limits l
        cross join lateral (values (case when l.of_person or (l.of_unit and p.unit_id is null) then 'quota of person ' || p.id end),
                                   (case when l.of_unit then 'quota of unit ' || p.unit_id end)) k (key)
        where p.id = any(:persons) and k.key is not null order by 1
     )
     select pg_advisory_xact_lock(key) from keys`,
    { persons: personIds },
  );
}

/** The same for whom these meetings are held for. */
export async function lockQuotasOfMeetings(trx: Db, meetingIds: readonly number[]): Promise<void> {
  const found = await rows<{ id: number }>(
    trx,
    `select distinct coalesce(booked_for_id, organiser_id) as id from meetings where id = any(:meetings)`,
    { meetings: meetingIds },
  );
  await lockQuotas(
    trx,
    found.map(({ id }) => id),
  );
}
