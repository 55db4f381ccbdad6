import { keepActive } from '../people/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import { lockRooms } from '../claims/commands.js';
import type { Check } from '../claims/checks.js';
import { checkNoticeOfMany } from '../claims/manyCommands.js';
import { allowedReason, announceAll, cancelMeeting, requireActingFor } from '../meetings/commands.js';
import { numberSeries } from '../meetings/numberCommands.js';
import { writeParticipants } from '../meetings/participantCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import type { ParticipantRole } from '../meetings/queries.js';
import { writeRule } from './recurrence.js';
import { listTouchedRooms } from '../meetings/roomChangeCommands.js';
import { materialise, planned, withAllowedReason, type DatesPlan, type Planned } from './dateCommands.js';
import { findSeries, lockSeries, type Series } from './queries.js';

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
  plan: DatesPlan,
  isMeant: boolean,
): Promise<Planned> {
  return planned(db, isMeant, async (trx) => {
    await requireActingFor(trx, by, [input.organiserId, input.bookedForId]);
    await requireActive(trx, [
      ...input.members.keys(),
      ...[input.reviewerId, input.approverId].filter((person) => person !== null),
    ]);
    const made = await row<{ id: number }>(
      trx,
      `insert into series (name, organiser_id, booked_for_id, reviewer_id, approver_id, review_gates, lang, duration_minutes, next_number, is_private, created_by)
       values (:name, :organiser, :booked_for, :reviewer, :approver, :gates, :lang, :minutes, :first, :is_private, :by) returning id`,
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
    const members = oneChair(input.members);
    if (members.size > 0)
      await change(
        trx,
        `insert into series_members (series_id, person_id, role) select :series, w.person, w.role from unnest(cast(:persons as bigint[]), cast(:roles as text[])) as w (person, role)`,
        { series: made.id, persons: [...members.keys()], roles: [...members.values()] },
      );
    const principal = input.bookedForId ?? input.organiserId;
    await record(trx, principal === by.id ? by : { ...by, onBehalfOf: principal }, {
      action: 'series.create',
      noun: 'series',
      id: made.id,
      after: { name: input.name, rule: plan.rule && writeRule(plan.rule), from: plan.from, zone: plan.zone },
    });
    // Nobody else has seen it: there is nothing to lock.
    const series = await findSeries(trx, { id: by.id ?? -1 }, made.id);
    return materialise(trx, by, series, await withAllowedReason(trx, by, plan), input.firstNumber);
  });
}

/** Further dates of a standing meeting: another rule, or a longer time of the same one. */
export function addDates(
  db: Db,
  by: Actor,
  seriesId: number,
  plan: DatesPlan,
  isMeant: boolean,
): Promise<Planned> {
  return planned(db, isMeant, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
    return materialise(trx, by, series, await withAllowedReason(trx, by, plan));
  });
}

/** The members with at most one chair: the last one named. */
export function oneChair(members: Map<number, ParticipantRole>): Map<number, ParticipantRole> {
  const chair = [...members].filter(([, role]) => role === 'chair').at(-1)?.[0];
  return new Map(
    [...members].map(([person, role]) => [person, role === 'chair' && person !== chair ? 'required' : role]),
  );
}

/** A single date added to a series: its members take part, and it gets its number. The meeting was made in the same transaction. */
export async function joinSeries(trx: Db, by: Actor, seriesId: number, meetingId: number): Promise<void> {
  const series = await lockSeries(trx, by, seriesId);
  if (!mayKeepSeries(series)) throw new Forbidden();
  const members = await rows<{ person_id: number; role: ParticipantRole }>(
    trx,
    `select sm.person_id, sm.role from series_members sm join persons p on p.id = sm.person_id and p.deactivated_at is null where sm.series_id = :id`,
    { id: seriesId },
  );
  await writeParticipants(
    trx,
    by,
    meetingId,
    new Map(members.map(({ person_id, role }) => [person_id, role])),
  );
  await numberSeries(trx, seriesId);
}

export interface SeriesChange {
  version: number;
  name: string;
  organiserId: number;
  bookedForId: number | null;
  lang: Lang;
  isPrivate: boolean;
  firstNumber: number;
  reviewGates: 'none' | 'one' | null;
  reviewerId: number | null;
  approverId: number | null;
}

/** Name, people who answer for it, review and numbering. The coming dates follow; who was invited to one is told. */
export function changeSeries(
  db: Db,
  by: Actor,
  id: number,
  input: SeriesChange,
): Promise<{ ok: true } | { ok: false; reason: 'stale'; series: Series }> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, id);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.version !== input.version) return { ok: false, reason: 'stale', series };
    await requireActingFor(
      trx,
      by,
      [input.organiserId, input.bookedForId].filter(
        (person) => person !== series.organiser_id && person !== series.booked_for_id,
      ),
    );
    await requireActive(
      trx,
      [input.reviewerId, input.approverId].filter(
        (person): person is number =>
          person !== null && person !== series.reviewer_id && person !== series.approver_id,
      ),
    );
    await change(
      trx,
      `update series set name = :name, organiser_id = :organiser, booked_for_id = :booked_for, lang = :lang, is_private = :is_private,
              next_number = :first, review_gates = :gates, reviewer_id = :reviewer, approver_id = :approver, version = version + 1 where id = :id`,
      {
        id,
        name: input.name,
        organiser: input.organiserId,
        booked_for: input.bookedForId,
        lang: input.lang,
        is_private: input.isPrivate,
        first: input.firstNumber,
        gates: input.reviewGates,
        reviewer: input.reviewerId,
        approver: input.approverId,
      },
    );
    const renamed = await rows<{ id: number; is_told: boolean }>(
      trx,
      `update meetings set title = case when title = :was then :name else title end, organiser_id = :organiser, booked_for_id = :booked_for,
              lang = :lang, is_private = :is_private, updated_at = now(), version = version + 1,
              revision = revision + case when announced_at is null then 0 else 1 end
        where series_id = :id and state in ('draft', 'scheduled') and starts_at > now()
       returning id, announced_at is not null as is_told`,
      {
        id,
        was: series.name,
        name: input.name,
        organiser: input.organiserId,
        booked_for: input.bookedForId,
        lang: input.lang,
        is_private: input.isPrivate,
      },
    );
    await announceAll(
      trx,
      renamed.filter((meeting) => meeting.is_told).map((meeting) => meeting.id),
    );
    await numberSeries(trx, id);
    await record(trx, by, {
      action: 'series.update',
      noun: 'series',
      id,
      before: { name: series.name, organiser_id: series.organiser_id },
      after: { name: input.name, organiser_id: input.organiserId },
    });
    return { ok: true };
  });
}

/** `late`: dates whose rooms may no longer be called off by now, in order of time. */
export type Ended = { ok: true; count: number } | { ok: false; late: { startsAt: Date; checks: Check[] }[] };

/**
 * Ends it on a day: what was planned after that day is called off, what was announced with its mails. The past stays.
 * @param input.beyond whoever may go beyond the rooms' notice for calling off does so, with the same reason
 */
export function endSeries(
  db: Db,
  by: Actor,
  id: number,
  input: { on: string; after: Date; reason: string; now: Date; beyond?: boolean },
): Promise<Ended> {
  return inTransaction(db, async (trx): Promise<Ended> => {
    const series = await lockSeries(trx, by, id);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) return { ok: true, count: 0 };
    await rows(
      trx,
      `select id from meetings where series_id = :id and state in ('draft', 'scheduled') and starts_at >= :after order by id for no key update`,
      { id, after: input.after },
    );
    const coming = await rows<{ id: number; starts_at: Date; room_ids: number[] }>(
      trx,
      `select m.id, m.starts_at, coalesce((select json_agg(room_id order by room_id) from meeting_rooms where meeting_id = m.id), '[]') as room_ids
         from meetings m where m.series_id = :id and m.state in ('draft', 'scheduled') and m.starts_at >= :after order by m.id`,
      { id, after: input.after },
    );
    // All rooms before the first is given up, in the order that everybody keeps.
    await lockRooms(
      trx,
      await listTouchedRooms(
        trx,
        coming.map((meeting) => meeting.id),
        [],
      ),
    );
    const overrideReason = input.beyond ? await allowedReason(trx, by, input.reason) : null;
    const late = await checkNoticeOfMany(
      trx,
      by,
      coming.map(({ id: meetingId, starts_at, room_ids }) => ({
        meetingId,
        roomIds: room_ids,
        startsAt: starts_at,
      })),
      { now: input.now, overrideReason },
    );
    if (late.size > 0)
      return {
        ok: false,
        late: coming
          .flatMap(({ id: meetingId, starts_at }) =>
            late.has(meetingId) ? [{ startsAt: starts_at, checks: late.get(meetingId) ?? [] }] : [],
          )
          .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime()),
      };
    for (const meeting of coming) await cancelMeeting(trx, by, meeting.id, { reason: input.reason });
    await change(
      trx,
      `update recurrences set until_at = least(until_at, cast(:after as timestamptz) - interval '1 second') where series_id = :id`,
      { id, after: input.after },
    );
    await change(trx, `update series set ended_on = :on, version = version + 1 where id = :id`, {
      id,
      on: input.on,
    });
    await record(trx, by, {
      action: 'series.end',
      noun: 'series',
      id,
      after: { ended_on: input.on, cancelled: coming.length },
      note: input.reason,
    });
    return { ok: true, count: coming.length };
  });
}

async function requireActive(trx: Db, ids: number[]): Promise<void> {
  const active = await keepActive(trx, ids);
  if (ids.some((person) => !active.has(person))) throw new BadRequest();
}
