import { findOrAddGuests, type NewGuest } from '../people/guestCommands.js';
import { keepActive } from '../people/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Forbidden, NotFound } from '../lib/http/errors.js';
import { removeSeats, withOneChair } from '../meetings/participantCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import type { ParticipantRole } from '../meetings/states.js';

import { lockSeries } from './queries.js';

/** Coming dates of the series that can still be changed; members of it take part in all of them. */
const COMING = `select id from meetings
    where series_id = :series and state in ('draft', 'scheduled') and starts_at > now()`;

/**
 * Adds members, or gives present ones another role; they take part in the coming dates with it. One chair at
 * most.
 */
export function setMembers(
  db: Db,
  by: Actor,
  seriesId: number,
  requested: ReadonlyMap<number, ParticipantRole>,
): Promise<void> {
  return setMembersAndGuests(db, by, seriesId, { requested, guests: [] });
}

/** The same with outside guests by address, who become persons of the directory. */
export function setMembersAndGuests(
  db: Db,
  by: Actor,
  seriesId: number,
  {
    requested,
    guests,
  }: {
    requested: ReadonlyMap<number, ParticipantRole>;
    guests: (NewGuest & { role: ParticipantRole })[];
  },
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    const everybody = new Map(requested);
    const guestIds = await findOrAddGuests(trx, by, guests);
    guests.forEach(({ role }, i) => {
      const id = guestIds[i];
      if (id && !everybody.has(id)) everybody.set(id, role);
    });
    const active = await keepActive(trx, [...everybody.keys()]);
    if ([...everybody.keys()].some((person) => !active.has(person))) throw new BadRequest();
    await rows(trx, `${COMING} order by id for no key update`, { series: seriesId });
    await writeMembers(trx, by, seriesId, withOneChair(everybody));
    await record(trx, by, {
      action: 'series.members',
      noun: 'series',
      id: seriesId,
      after: { people: [...everybody].map(([person_id, role]) => ({ person_id, role })) },
    });
  });
}

/** By the same statements for one member or all of a unit. @param members with at most one chair */
async function writeMembers(
  trx: Db,
  by: Actor,
  seriesId: number,
  members: ReadonlyMap<number, ParticipantRole>,
): Promise<void> {
  const chair = [...members].find(([, role]) => role === 'chair')?.[0];
  if (chair !== undefined) {
    const bindings = { series: seriesId, person: chair };
    await change(
      trx,
      `update series_members set role = 'required'
        where series_id = :series and role = 'chair' and person_id <> :person`,
      bindings,
    );
    await change(
      trx,
      `update participants set role = 'required'
        where meeting_id in (${COMING}) and role = 'chair' and removed_at is null and person_id <> :person`,
      bindings,
    );
  }
  const bindings = { series: seriesId, persons: [...members.keys()], roles: [...members.values()] };
  const MEMBERS = `unnest(cast(:persons as bigint[]), cast(:roles as text[])) as w (person, role)`;
  await change(
    trx,
    `insert into series_members (series_id, person_id, role) select :series, w.person, w.role from ${MEMBERS}
     on conflict (series_id, person_id) do update set role = excluded.role`,
    bindings,
  );
  await change(
    trx,
    `insert into participants (meeting_id, person_id, role, created_by)
     select m.id, w.person, w.role, :by from (${COMING}) m cross join ${MEMBERS} order by m.id
     on conflict (meeting_id, person_id) do update set role = excluded.role, removed_at = null,
       invited_at = case when participants.removed_at is null then participants.invited_at end`,
    { ...bindings, by: by.id },
  );
}

/** Out of the series and its coming dates; those who had invitations get their cancellations. */
export function removeMember(db: Db, by: Actor, seriesId: number, personId: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    const gone = await change(
      trx,
      `delete from series_members where series_id = :series and person_id = :person`,
      { series: seriesId, person: personId },
    );
    if (gone === 0) throw new NotFound();
    await rows(trx, `${COMING} order by id for no key update`, { series: seriesId });
    const invited = await rows<{ id: number; meeting_id: number }>(
      trx,
      `select id, meeting_id from participants
        where person_id = :person and meeting_id in (${COMING})
          and removed_at is null and invited_at is not null
        order by meeting_id`,
      { series: seriesId, person: personId },
    );
    await removeSeats(
      trx,
      by,
      invited.map(({ id, meeting_id }) => ({ meetingId: meeting_id, participantId: id })),
    );
    await change(
      trx,
      `update participants set removed_at = now()
        where person_id = :person and meeting_id in (${COMING}) and removed_at is null`,
      { series: seriesId, person: personId },
    );
    await record(trx, by, {
      action: 'series.members',
      noun: 'series',
      id: seriesId,
      before: { person_id: personId },
    });
  });
}
