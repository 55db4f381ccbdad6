import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { Role } from '../lib/http/policy.js';
import { mayActFor } from '../people/queries.js';
import type { Hours } from '../hours/openingHours.js';
import type { AbsenceKind } from './forms.js';

export interface NewAbsence {
  kind: AbsenceKind;
  startsAt: Date;
  endsAt: Date;
  isAllDay: boolean;
  note: string | null;
}

/**
 * Oneself, a deputy in the days of the deputyship, or a secretary of the office.
 * @throws Forbidden, NotFound
 */
async function requireActing(trx: Db, by: Actor, personId: number): Promise<Actor> {
  const person = await row<{ id: number }>(
    trx,
    `select id from persons where id = :id and not is_guest and deactivated_at is null for no key update`,
    { id: personId },
  );
  if (!person) throw new NotFound();
  const actor = await row<{ id: number; role: Role }>(trx, `select id, role from persons where id = :id`, {
    id: by.id,
  });
  if (!actor || !(await mayActFor(trx, actor, personId))) throw new Forbidden('meetings.problem.actFor');
  return actor.id === personId ? by : { ...by, onBehalfOf: personId };
}

/**
 * The history says when somebody is away, not why: kind and note stay with those who may act for the person.
 */
export function addAbsence(db: Db, by: Actor, personId: number, absence: NewAbsence): Promise<number> {
  return inTransaction(db, async (trx) => {
    const actor = await requireActing(trx, by, personId);
    const made = await row<{ id: number }>(
      trx,
      `insert into absences (person_id, kind, starts_at, ends_at, is_all_day, note, created_by)
       values (:person, :kind, :from, :to, :all_day, :note, :by) returning id`,
      {
        person: personId,
        kind: absence.kind,
        from: absence.startsAt,
        to: absence.endsAt,
        all_day: absence.isAllDay,
        note: absence.note,
        by: by.id,
      },
    );
    if (!made) throw new NotFound();
    await record(trx, actor, {
      action: 'absence.add',
      noun: 'persons',
      id: personId,
      after: { starts_at: absence.startsAt, ends_at: absence.endsAt },
    });
    return made.id;
  });
}

export function removeAbsence(db: Db, by: Actor, personId: number, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    const actor = await requireActing(trx, by, personId);
    const gone = await row<{ starts_at: Date; ends_at: Date }>(
      trx,
      `delete from absences where id = :id and person_id = :person returning starts_at, ends_at`,
      { id, person: personId },
    );
    if (gone)
      await record(trx, actor, { action: 'absence.remove', noun: 'persons', id: personId, before: gone });
  });
}

/** @param hours one line a working day; none: the usual hours */
export function setWorkingHours(db: Db, by: Actor, personId: number, hours: Hours[]): Promise<void> {
  return inTransaction(db, async (trx) => {
    const actor = await requireActing(trx, by, personId);
    await change(trx, `delete from working_hours where person_id = :person`, { person: personId });
    await change(
      trx,
      `insert into working_hours (person_id, weekday, starts_at, ends_at)
       select :person, h.weekday, h.opens_at, h.closes_at
         from jsonb_to_recordset(cast(:hours as jsonb))
                as h (weekday smallint, opens_at time, closes_at time)`,
      { person: personId, hours: JSON.stringify(hours) },
    );
    await record(trx, actor, { action: 'person.hours', noun: 'persons', id: personId, after: { hours } });
  });
}

/** For an erased person: nothing of when or why somebody was away is kept. */
export async function forgetTimes(trx: Db, personId: number): Promise<void> {
  await change(trx, `delete from absences where person_id = :id`, { id: personId });
  await change(trx, `delete from working_hours where person_id = :id`, { id: personId });
}
