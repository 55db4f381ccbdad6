import { awaitRooms } from '../claims/awaitedCommands.js';
import type { Check } from '../claims/checks.js';
import { claimForMany } from '../claims/manyCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict } from '../lib/http/errors.js';
import { allowedReason, newUid, type RoomsRefused } from '../meetings/commands.js';
import type { Setting } from './dateSettings.js';
import { numberSeries } from '../meetings/numberCommands.js';
import { outfitDates, outfitsOf, tellSetting } from './roomSetupCommands.js';
import { writeRule, type Occurrences, type Rule } from './recurrence.js';
import type { CarriedDate } from './carriedDates.js';
import type { Series } from './queries.js';

// The dates of a standing meeting, all by a handful of statements however many they are: one for the meetings, one for the
// claims, one each for participants, history and numbers.

/** What is done with one date of a rule that can't or shall not be as planned. */
export type DateChoice =
  | { kind: 'room'; roomId: number }
  | { kind: 'time'; startsAt: Date; endsAt: Date }
  | { kind: 'skip'; reason: string }
  /** Kept without the room and offered it when it is free. */
  | { kind: 'wait' }
  /** Kept without the movable equipment, of which there is not enough. */
  | { kind: 'bare' };

export interface DatesPlan {
  /** Null for a list of single dates: each is a meeting with a UID of its own. */
  rule: Rule | null;
  zone: string;
  /** Wall times 'HH:MM'; the end is on the next day when it is not after the start. */
  from: string;
  to: string;
  occurrences: Occurrences;
  untilOn: string;
  roomIds: number[];
  link: string | null;
  place: string | null;
  /** What new dates have in their rooms. */
  setting: Setting;
  /** By date 'YYYY-MM-DD' of the rule. */
  choices: Map<string, DateChoice>;
  mailDomain?: string;
  /** One reason for all dates that go beyond a rule; the command leaves it out for who may not. */
  overrideReason?: string | null;
  /** One reason for all dates for which somebody has to be asked. */
  askReason?: string | null;
  /** What booking windows and notice count from; default: now. */
  now?: Date;
}

/** The plan with its reason to go beyond rules only for who may. */
export async function withAllowedReason(trx: Db, by: Actor, plan: DatesPlan): Promise<DatesPlan> {
  return { ...plan, overrideReason: await allowedReason(trx, by, plan.overrideReason) };
}

/** What of a plan is told to the claims of each of its dates. */
export function claimFacts({ now, overrideReason, askReason }: DatesPlan): {
  now?: Date;
  overrideReason: string | null;
  askReason: string | null;
} {
  return { overrideReason: overrideReason ?? null, askReason: askReason ?? null, ...(now ? { now } : {}) };
}

/** What the plan comes to: refusals by date (who has the room, or which rule stands against it) and what is only told. */
export type Planned = ({ ok: true; seriesId: number } | { ok: false; refused: Map<string, RoomsRefused> }) & {
  notices: Map<string, Check[]>;
  /** Dates whose rooms somebody has to approve. */
  requested?: Set<string>;
  /** Of a change: dates that go on waiting for their room. */
  waiting?: Set<string>;
  /** Of a change: dates without a place in it that may no longer be called off. */
  late?: { on: string; checks: Check[] }[];
  /** Of a change: what becomes of the dates that stood before. */
  carried?: CarriedDate[];
};

class NotSaved extends Error {
  constructor(readonly result: Planned) {
    super('planned only');
  }
}

/** Runs the whole plan and keeps it only if every date found its place and it is meant: all or nothing. */
export async function planned(
  db: Db,
  isMeant: boolean,
  work: (trx: Db) => Promise<Planned>,
): Promise<Planned> {
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

/** One date as it shall be written. */
export interface WrittenDate {
  on: string;
  /** By the rule. */
  occurrenceAt: Date;
  startsAt: Date;
  endsAt: Date;
  roomIds: number[];
  /** Why it is called off from the start. */
  skipped: string | null;
  isWaiting: boolean;
  /** Without the movable equipment that the others have. */
  isBare: boolean;
}

/** The dates of a plan with the choices made for them. */
export function writtenDates(plan: DatesPlan, dates = plan.occurrences.dates): WrittenDate[] {
  return dates.map(({ on, startsAt, endsAt }) => {
    const choice = plan.choices.get(on);
    return {
      on,
      occurrenceAt: startsAt,
      startsAt: choice?.kind === 'time' ? choice.startsAt : startsAt,
      endsAt: choice?.kind === 'time' ? choice.endsAt : endsAt,
      roomIds: choice?.kind === 'room' ? [choice.roomId] : plan.roomIds,
      skipped: choice?.kind === 'skip' ? choice.reason : null,
      isWaiting: choice?.kind === 'wait' && plan.roomIds.length > 0,
      isBare: choice?.kind === 'bare',
    };
  });
}

/** A recurrence of a series; its dates are written by the caller. @param followsId the one it takes over from */
export async function addRecurrence(
  trx: Db,
  series: Pick<Series, 'id'>,
  plan: DatesPlan,
  followsId: number | null = null,
): Promise<number | null> {
  const last = plan.occurrences.dates.at(-1);
  if (!last) throw new BadRequest();
  if (plan.rule === null) return null;
  const made = await row<{ id: number }>(
    trx,
    `insert into recurrences (series_id, uid, rule, zone, starts_on, starts_at_time, until_at, follows_id)
     values (:series, :uid, :rule, :zone, :starts_on, :at, :until, :follows) returning id`,
    {
      series: series.id,
      uid: newUid(plan.mailDomain),
      rule: writeRule(plan.rule),
      zone: plan.zone,
      starts_on: plan.occurrences.startsOn,
      at: plan.from,
      until: last.startsAt,
      follows: followsId,
    },
  );
  if (!made) throw new Conflict();
  return made.id;
}

/**
 * Meetings for these dates with their rooms, the members as participants, and the history of each.
 * @param firstNumber the series has no other meeting: numbers are counted here, from this one
 * @returns the meetings, and what the rooms say, by date; `refused` is empty when all is written, `requested` waits for somebody's approval
 */
export async function writeDates(
  trx: Db,
  by: Actor,
  series: Series,
  plan: DatesPlan,
  recurrenceId: number | null,
  dates: WrittenDate[],
  firstNumber?: number,
): Promise<{
  refused: Map<string, RoomsRefused>;
  notices: Map<string, Check[]>;
  requested: Set<string>;
  ids: Map<string, number>;
}> {
  const refused = new Map<string, RoomsRefused>();
  const notices = new Map<string, Check[]>();
  const requested = new Set<string>();
  if (dates.length === 0) return { refused, notices, requested, ids: new Map() };
  const numbered = dates
    .filter(({ skipped, startsAt }) => skipped === null && startsAt.getTime() > Date.now())
    .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
  const numbers = new Map(
    firstNumber === undefined ? [] : numbered.map(({ on }, place) => [on, firstNumber + place]),
  );
  const lines = dates.map(({ on, occurrenceAt, startsAt, endsAt, skipped }) => ({
    uid: newUid(plan.mailDomain),
    occurrence: recurrenceId === null ? null : occurrenceAt,
    from: startsAt,
    to: endsAt,
    skipped,
    number: numbers.get(on) ?? null,
  }));
  const made = await rows<{ id: number; uid: string }>(
    trx,
    `insert into meetings (title, series_id, recurrence_id, occurrence_at, starts_at, ends_at, zone, link, place, is_private, lang, organiser_id,
                           booked_for_id, created_by, uid, number, expected_count, state, cancelled_at, cancelled_by, cancel_reason, state_before_cancel)
     select :title, :series, :recurrence, w.occurrence, w."from", w."to", :zone, :link, :place, :is_private, :lang, :organiser, :booked_for, :by, w.uid, w.number, :expected,
            case when w.skipped is null then 'draft' else 'cancelled' end, case when w.skipped is not null then now() end,
            case when w.skipped is not null then cast(:by as bigint) end, w.skipped, case when w.skipped is not null then 'draft' end
       from jsonb_to_recordset(:list) as w (uid text, occurrence timestamptz, "from" timestamptz, "to" timestamptz, skipped text, number integer)
      order by w."from"
     returning id, uid`,
    {
      title: series.name,
      series: series.id,
      recurrence: recurrenceId,
      zone: plan.zone,
      link: plan.link,
      place: plan.place,
      is_private: series.is_private,
      lang: series.lang,
      organiser: series.organiser_id,
      booked_for: series.booked_for_id,
      by: by.id,
      expected: plan.setting.expected,
      list: JSON.stringify(lines),
    },
  );
  const ids = new Map(made.map(({ id, uid }) => [uid, id]));
  const written = dates.map((date, i) => ({ ...date, meetingId: ids.get(lines[i]?.uid ?? '') ?? -1 }));

  const claimed = written.filter(({ skipped, isWaiting }) => skipped === null && !isWaiting);
  const results = await claimForMany(
    trx,
    by,
    claimed.map(({ meetingId, roomIds, startsAt, endsAt }) => ({
      meetingId,
      roomIds,
      startsAt,
      endsAt,
      seats: plan.setting.expected,
      layout: plan.setting.layout,
      ...claimFacts(plan),
    })),
  );
  for (const { on, meetingId } of written) {
    const result = results.get(meetingId);
    if (result && !result.ok) refused.set(on, result);
    else if (result) {
      if (result.notices.length > 0) notices.set(on, result.notices);
      if (result.requests > 0) requested.add(on);
    }
  }
  const byDay = new Map(written.map(({ on, meetingId }) => [on, meetingId]));
  if (refused.size > 0) return { refused, notices, requested, ids: byDay };

  await keepWishes(
    trx,
    written.filter(({ skipped }) => skipped !== null),
  );
  await awaitRooms(
    trx,
    written.filter(({ skipped }) => skipped !== null),
    'hindered',
  );
  await awaitRooms(
    trx,
    written.filter(({ isWaiting }) => isWaiting),
  );
  const meetings = made.map(({ id }) => id);
  await change(
    trx,
    `insert into participants (meeting_id, person_id, role, created_by)
     select m.id, sm.person_id, sm.role, :by from unnest(cast(:meetings as bigint[])) as m (id) join series_members sm on sm.series_id = :series
       join persons p on p.id = sm.person_id and p.deactivated_at is null`,
    { by: by.id, meetings, series: series.id },
  );
  await change(
    trx,
    `insert into audit_events (person_id, action, noun, noun_id, meeting_id, after, request_id, ip)
     select :by, 'meeting.create', 'meetings', id, id, jsonb_build_object('title', title, 'starts_at', starts_at, 'ends_at', ends_at), :request, :ip
       from meetings where id = any(:meetings) order by starts_at`,
    { by: by.id, meetings, request: by.requestId ?? null, ip: by.ip ?? null },
  );
  return { refused, notices, requested, ids: byDay };
}

/** A skipped date stays as a cancelled one: with its reason, and with the rooms it is restored to. */
export async function keepWishes(
  trx: Db,
  skipped: { meetingId: number; roomIds: number[] }[],
): Promise<void> {
  const list = skipped.flatMap(({ meetingId, roomIds }) =>
    roomIds.map((room) => ({ meeting: meetingId, room })),
  );
  if (list.length === 0) return;
  await change(
    trx,
    `insert into meeting_rooms (meeting_id, room_id) select w.meeting, w.room from jsonb_to_recordset(:list) as w (meeting bigint, room bigint) on conflict do nothing`,
    { list: JSON.stringify(list) },
  );
}

/** One recurrence, or a list of single dates, and a meeting for each date. */
export async function materialise(
  trx: Db,
  by: Actor,
  series: Series,
  plan: DatesPlan,
  firstNumber?: number,
): Promise<Planned> {
  const recurrenceId = await addRecurrence(trx, series, plan);
  const dates = writtenDates(plan);
  const { refused, notices, requested, ids } = await writeDates(
    trx,
    by,
    series,
    plan,
    recurrenceId,
    dates,
    firstNumber,
  );
  const outfits = outfitsOf(ids, dates, plan.setting);
  if (outfits.length > 0) await outfitDates(trx, by, outfits, refused);
  if (refused.size > 0) return { ok: false, refused, notices, requested };
  if (firstNumber === undefined) await numberSeries(trx, series.id);
  await record(trx, by, {
    action: 'series.dates',
    noun: 'series',
    id: series.id,
    after: { ...factsOf(plan, dates), ...(outfits.length > 0 ? await tellSetting(trx, plan.setting) : {}) },
  });
  return { ok: true, seriesId: series.id, notices, requested };
}

/** What the history keeps of a plan. */
export function factsOf(plan: DatesPlan, dates: WrittenDate[]): Record<string, unknown> {
  return {
    rule: plan.rule && writeRule(plan.rule),
    zone: plan.zone,
    from: plan.from,
    dates: dates.length,
    skipped: dates.flatMap(({ on, skipped }) => (skipped === null ? [] : [{ on, reason: skipped }])),
    waiting: dates.filter(({ isWaiting }) => isWaiting).map(({ on }) => on),
    left_out: plan.occurrences.leftOut,
  };
}
