import { type Db, change, row } from '../lib/db/db.js';
import { type Actor, record } from '../lib/audit/record.js';
import type { Lang } from '../lib/i18n/translate.js';
import { requireActingFor } from '../meetings/actingCommands.js';
import type { ParticipantRole } from '../meetings/states.js';
import type { Schedule } from './schedule.js';
import { writeRule } from '../series/recurrence.js';
import { findSeries, lockSeries } from '../series/queries.js';
import { type ScheduleResult, saveOrPreview, addSchedule, withAllowedReason } from './commands.js';
import { withOneChair } from '../meetings/participantCommands.js';
import { requireActive } from '../series/commands.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { mayKeepSeries } from '../meetings/policy.js';

export interface NewSeries {
  name: string;
  organiserId: number;
  bookedForId: number | null;
  lang: Lang;
  isPrivate: boolean;
  durationMinutes: number;
  firstNumber: number;
  reviewGates: 'none' | 'one' | null;
  reviewerId: number | null;
  approverId: number | null;
  members: Map<number, ParticipantRole>;
}

/**
 * Makes a standing meeting with all its dates, their rooms and the members as participants.
 * @param isMeant false: nothing is saved, the answer says which dates are refused
 */
export function createSeries(
  db: Db,
  by: Actor,
  input: NewSeries,
  { schedule, isMeant }: { schedule: Schedule; isMeant: boolean },
): Promise<ScheduleResult> {
  return saveOrPreview(db, isMeant, async (trx) => {
    await requireActingFor(trx, by, [input.organiserId, input.bookedForId]);
    await requireActive(trx, [
      ...input.members.keys(),
      ...[input.reviewerId, input.approverId].filter((person) => person !== null),
    ]);
    const id = await insertSeries(trx, by, input);
    const members = withOneChair(input.members);
    if (members.size > 0)
      await change(
        trx,
        `insert into series_members (series_id, person_id, role)
         select :series, w.person, w.role
           from unnest(cast(:persons as bigint[]), cast(:roles as text[])) as w (person, role)`,
        { series: id, persons: [...members.keys()], roles: [...members.values()] },
      );
    const principal = input.bookedForId ?? input.organiserId;
    await record(trx, principal === by.id ? by : { ...by, onBehalfOf: principal }, {
      action: 'series.create',
      noun: 'series',
      id,
      after: {
        name: input.name,
        rule: schedule.rule && writeRule(schedule.rule),
        from: schedule.from,
        zone: schedule.zone,
      },
    });
    // Nobody else has seen it: there is nothing to lock.
    const series = await findSeries(trx, { id: by.id ?? -1 }, id);
    return addSchedule(trx, by, {
      series,
      schedule: await withAllowedReason(trx, by, schedule),
      firstNumber: input.firstNumber,
    });
  });
}

export async function insertSeries(trx: Db, by: Actor, input: NewSeries): Promise<number> {
  const made = await row<{ id: number }>(
    trx,
    `insert into series (name, organiser_id, booked_for_id, reviewer_id, approver_id, review_gates, lang,
                         duration_minutes, next_number, is_private, created_by)
     values (:name, :organiser, :booked_for, :reviewer, :approver, :gates, :lang,
             :minutes, :first, :is_private, :by)
     returning id`,
    {
      name: input.name,
      organiser: input.organiserId,
      booked_for: input.bookedForId,
      reviewer: input.reviewerId,
      approver: input.approverId,
      gates: input.reviewGates,
      lang: input.lang,
      minutes: input.durationMinutes,
      first: input.firstNumber,
      is_private: input.isPrivate,
      by: by.id,
    },
  );
  if (!made) throw new Conflict();
  return made.id;
}

/** Further dates of a standing meeting: another rule, or a longer time of the same one. */
export function addDates(
  db: Db,
  by: Actor,
  seriesId: number,
  { schedule, isMeant }: { schedule: Schedule; isMeant: boolean },
): Promise<ScheduleResult> {
  return saveOrPreview(db, isMeant, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
    return addSchedule(trx, by, { series, schedule: await withAllowedReason(trx, by, schedule) });
  });
}
