import { claimRooms, lockRooms } from '../rooms/claimCommands.js';
import { keepActive } from '../people/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import { announce, cancelMeeting, newUid, requireActingFor, type RoomsRefused } from './commands.js';
import { numberSeries } from './numberCommands.js';
import { writeParticipants } from './participantCommands.js';
import { mayKeepSeries } from './policy.js';
import type { ParticipantRole } from './queries.js';
import { writeRule, type Occurrences, type Rule } from './recurrence.js';
import { lockSeries, type Series } from './seriesQueries.js';

/** What is done with one date of a rule that can't or shall not be as planned. */
export type DateChoice = { kind: 'room'; roomId: number } | { kind: 'time'; startsAt: Date; endsAt: Date } | { kind: 'skip'; reason: string };

export interface DatesPlan {
  rule: Rule;
  zone: string;
  /** Wall time 'HH:MM' of the rule. */
  from: string;
  occurrences: Occurrences;
  untilOn: string;
  roomIds: number[];
  link: string | null;
  place: string | null;
  /** By date 'YYYY-MM-DD' of the rule. */
  choices: Map<string, DateChoice>;
  mailDomain?: string;
  /** What booking windows and notice count from; default: now. */
  now?: Date;
}

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

/** Refusals by date: who has the room, or which rule stands against it. */
export type Planned = { ok: true; seriesId: number } | { ok: false; refused: Map<string, RoomsRefused> };

class NotSaved extends Error {
  constructor(readonly result: Planned) {
    super('planned only');
  }
}

/** Runs the whole plan and keeps it only if every date found its place and it is meant: all or nothing. */
async function planned(db: Db, isMeant: boolean, work: (trx: Db) => Promise<Planned>): Promise<Planned> {
  const attempt = async (trx: Db) => {
    const result = await work(trx);
    if (!result.ok || !isMeant) throw new NotSaved(result);
    return result;
  };
  try {
    // Inside a caller's transaction a savepoint, so that a refusal undoes this and nothing else.
    return await (db.isTransaction ? db.transaction(attempt) : inTransaction(db, attempt));
  } catch (error) {
    if (error instanceof NotSaved) return error.result;
    throw error;
  }
}

/**
 * Makes a standing meeting with all its dates, their rooms and the members as participants.
 * @param isMeant false: nothing is saved, the answer says which dates are refused
 */
export function createSeries(db: Db, by: Actor, input: NewSeries, plan: DatesPlan, isMeant: boolean): Promise<Planned> {
  return planned(db, isMeant, async (trx) => {
    await requireActingFor(trx, by, [input.organiserId, input.bookedForId]);
    await requireActive(trx, [...input.members.keys(), ...[input.reviewerId, input.approverId].filter((person) => person !== null)]);
    const made = await row<{ id: number }>(
      trx,
      `insert into series (name, organiser_id, booked_for_id, reviewer_id, approver_id, review_gates, lang, duration_minutes, next_number, is_private, created_by)
       values (:name, :organiser, :booked_for, :reviewer, :approver, :gates, :lang, :minutes, :first, :is_private, :by) returning id`,
      {
        name: input.name, organiser: input.organiserId, booked_for: input.bookedForId, reviewer: input.reviewerId, approver: input.approverId,
        gates: input.reviewGates, lang: input.lang, minutes: input.durationMinutes, first: input.firstNumber, is_private: input.isPrivate, by: by.id,
      },
    );
    if (!made) throw new Conflict();
    for (const [person, role] of oneChair(input.members)) {
      await change(trx, `insert into series_members (series_id, person_id, role) values (:series, :person, :role)`, { series: made.id, person, role });
    }
    const principal = input.bookedForId ?? input.organiserId;
    await record(trx, principal === by.id ? by : { ...by, onBehalfOf: principal }, {
      action: 'series.create', noun: 'series', id: made.id, after: { name: input.name, rule: writeRule(plan.rule), from: plan.from, zone: plan.zone },
    });
    const series = await lockSeries(trx, by, made.id);
    return materialise(trx, by, series, plan);
  });
}

/** Further dates of a standing meeting: another rule, or a longer time of the same one. */
export function addDates(db: Db, by: Actor, seriesId: number, plan: DatesPlan, isMeant: boolean): Promise<Planned> {
  return planned(db, isMeant, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
    return materialise(trx, by, series, plan);
  });
}

/** The members with at most one chair: the last one named. */
export function oneChair(members: Map<number, ParticipantRole>): Map<number, ParticipantRole> {
  const chair = [...members].filter(([, role]) => role === 'chair').at(-1)?.[0];
  return new Map([...members].map(([person, role]) => [person, role === 'chair' && person !== chair ? 'required' : role]));
}

/** One recurrence and a meeting for each of its dates. */
async function materialise(trx: Db, by: Actor, series: Series, plan: DatesPlan): Promise<Planned> {
  const { dates, startsOn } = plan.occurrences;
  const last = dates.at(-1);
  if (!startsOn || !last) throw new BadRequest();
  const recurrence = await row<{ id: number }>(
    trx,
    `insert into recurrences (series_id, uid, rule, zone, starts_on, starts_at_time, until_at)
     values (:series, :uid, :rule, :zone, :starts_on, :at, :until) returning id`,
    { series: series.id, uid: newUid(plan.mailDomain), rule: writeRule(plan.rule), zone: plan.zone, starts_on: startsOn, at: plan.from, until: last.startsAt },
  );
  if (!recurrence) throw new Conflict();
  const refused = new Map<string, RoomsRefused>();
  const skipped: { on: string; reason: string }[] = [];
  if (plan.roomIds.length > 0) await lockRooms(trx, plan.roomIds);
  for (const { on, startsAt, endsAt } of dates) {
    const choice = plan.choices.get(on);
    const span = choice?.kind === 'time' ? { startsAt: choice.startsAt, endsAt: choice.endsAt } : { startsAt, endsAt };
    const roomIds = choice?.kind === 'room' ? [choice.roomId] : plan.roomIds;
    const reason = choice?.kind === 'skip' ? choice.reason : null;
    const made = await row<{ id: number }>(
      trx,
      `insert into meetings (title, series_id, recurrence_id, occurrence_at, starts_at, ends_at, zone, link, place, is_private, lang, organiser_id,
                             booked_for_id, created_by, uid, state, cancelled_at, cancelled_by, cancel_reason, state_before_cancel)
       values (:title, :series, :recurrence, :occurrence, :from, :to, :zone, :link, :place, :is_private, :lang, :organiser, :booked_for, :by, :uid,
               :state, case when :is_skipped then now() end, case when :is_skipped then cast(:by as bigint) end, cast(:reason as text), case when :is_skipped then 'draft' end)
       returning id`,
      {
        title: series.name, series: series.id, recurrence: recurrence.id, occurrence: startsAt, from: span.startsAt, to: span.endsAt, zone: plan.zone,
        link: plan.link, place: plan.place, is_private: series.is_private, lang: series.lang, organiser: series.organiser_id,
        booked_for: series.booked_for_id, by: by.id, uid: newUid(plan.mailDomain), state: reason === null ? 'draft' : 'cancelled',
        is_skipped: reason !== null, reason,
      },
    );
    if (!made) throw new Conflict();
    if (reason !== null) {
      // A skipped date stays as a cancelled one: with its reason, and restored as soon as the room is free.
      skipped.push({ on, reason });
      await change(trx, `insert into meeting_rooms (meeting_id, room_id) select :id, unnest(cast(:rooms as bigint[]))`, { id: made.id, rooms: roomIds });
    } else if (roomIds.length > 0) {
      const claimed = await claimRooms(trx, by, { meetingId: made.id, roomIds, ...span, ...(plan.now ? { now: plan.now } : {}) });
      if (!claimed.ok) refused.set(on, claimed);
    }
  }
  if (refused.size > 0) return { ok: false, refused };
  await change(
    trx,
    `insert into participants (meeting_id, person_id, role, created_by)
     select m.id, sm.person_id, sm.role, :by from meetings m join series_members sm on sm.series_id = m.series_id
       join persons p on p.id = sm.person_id and p.deactivated_at is null
      where m.recurrence_id = :recurrence`,
    { by: by.id, recurrence: recurrence.id },
  );
  await change(
    trx,
    `insert into audit_events (person_id, action, noun, noun_id, meeting_id, after, request_id, ip)
     select :by, 'meeting.create', 'meetings', id, id, jsonb_build_object('title', title, 'starts_at', starts_at, 'ends_at', ends_at), :request, :ip
       from meetings where recurrence_id = :recurrence order by starts_at`,
    { by: by.id, recurrence: recurrence.id, request: by.requestId ?? null, ip: by.ip ?? null },
  );
  await numberSeries(trx, series.id);
  await record(trx, by, {
    action: 'series.dates', noun: 'series', id: series.id,
    after: { rule: writeRule(plan.rule), zone: plan.zone, from: plan.from, dates: dates.length, skipped, left_out: plan.occurrences.leftOut },
  });
  return { ok: true, seriesId: series.id };
}

/** A single date added to a series: its members take part, and it gets its number. The meeting was made in the same transaction. */
export async function joinSeries(trx: Db, by: Actor, seriesId: number, meetingId: number): Promise<void> {
  const series = await lockSeries(trx, by, seriesId);
  if (!mayKeepSeries(series)) throw new Forbidden();
  const members = await rows<{ person_id: number; role: ParticipantRole }>(trx, `select sm.person_id, sm.role from series_members sm join persons p on p.id = sm.person_id and p.deactivated_at is null where sm.series_id = :id`, { id: seriesId });
  await writeParticipants(trx, by, meetingId, new Map(members.map(({ person_id, role }) => [person_id, role])));
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
export function changeSeries(db: Db, by: Actor, id: number, input: SeriesChange): Promise<{ ok: true } | { ok: false; reason: 'stale'; series: Series }> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, id);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.version !== input.version) return { ok: false, reason: 'stale', series };
    await requireActingFor(trx, by, [input.organiserId, input.bookedForId].filter((person) => person !== series.organiser_id && person !== series.booked_for_id));
    await requireActive(trx, [input.reviewerId, input.approverId].filter((person): person is number => person !== null && person !== series.reviewer_id && person !== series.approver_id));
    await change(
      trx,
      `update series set name = :name, organiser_id = :organiser, booked_for_id = :booked_for, lang = :lang, is_private = :is_private,
              next_number = :first, review_gates = :gates, reviewer_id = :reviewer, approver_id = :approver, version = version + 1 where id = :id`,
      {
        id, name: input.name, organiser: input.organiserId, booked_for: input.bookedForId, lang: input.lang, is_private: input.isPrivate,
        first: input.firstNumber, gates: input.reviewGates, reviewer: input.reviewerId, approver: input.approverId,
      },
    );
    const renamed = await rows<{ id: number; is_told: boolean }>(
      trx,
      `update meetings set title = case when title = :was then :name else title end, organiser_id = :organiser, booked_for_id = :booked_for,
              lang = :lang, is_private = :is_private, updated_at = now(), version = version + 1,
              revision = revision + case when announced_at is null then 0 else 1 end
        where series_id = :id and state in ('draft', 'scheduled') and starts_at > now()
       returning id, announced_at is not null as is_told`,
      { id, was: series.name, name: input.name, organiser: input.organiserId, booked_for: input.bookedForId, lang: input.lang, is_private: input.isPrivate },
    );
    for (const meeting of renamed) if (meeting.is_told) await announce(trx, 'invitations.announceChange', meeting.id);
    await numberSeries(trx, id);
    await record(trx, by, {
      action: 'series.update', noun: 'series', id, before: { name: series.name, organiser_id: series.organiser_id }, after: { name: input.name, organiser_id: input.organiserId },
    });
    return { ok: true };
  });
}

/** Ends it on a day: what was planned after that day is called off, what was announced with its mails. The past stays. */
export function endSeries(db: Db, by: Actor, id: number, input: { on: string; after: Date; reason: string }): Promise<number> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, id);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) return 0;
    const coming = await rows<{ id: number }>(
      trx,
      `select id from meetings where series_id = :id and state in ('draft', 'scheduled') and starts_at >= :after order by id`,
      { id, after: input.after },
    );
    for (const meeting of coming) await cancelMeeting(trx, by, meeting.id, { reason: input.reason });
    await change(trx, `update recurrences set until_at = least(until_at, cast(:after as timestamptz)) where series_id = :id`, { id, after: input.after });
    await change(trx, `update series set ended_on = :on, version = version + 1 where id = :id`, { id, on: input.on });
    await record(trx, by, { action: 'series.end', noun: 'series', id, after: { ended_on: input.on, cancelled: coming.length }, note: input.reason });
    return coming.length;
  });
}

async function requireActive(trx: Db, ids: number[]): Promise<void> {
  const active = await keepActive(trx, ids);
  if (ids.some((person) => !active.has(person))) throw new BadRequest();
}
