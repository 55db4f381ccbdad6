import type { Check } from '../claims/checks.js';
import { record, type Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import type { CarriedDate } from './carriedDates.js';
import { type RoomsRefused } from '../meetings/commands.js';
import { allowedReason } from '../meetings/actingCommands.js';
import { layOut } from './fates.js';
import { describeRoomSetup } from './roomSetupCommands.js';
import { writeRule } from '../series/recurrence.js';
import { scheduledDates, type Schedule, type ScheduledDate } from './schedule.js';
import { writeSchedule, type ScheduleWrite } from './scheduleCommands.js';

/** The schedule with its reason to go beyond rules only for who may. */
export async function withAllowedReason(trx: Db, by: Actor, schedule: Schedule): Promise<Schedule> {
  return { ...schedule, overrideReason: await allowedReason(trx, by, schedule.overrideReason) };
}

/**
 * What the plan comes to: refusals by date (who has the room, or which rule stands against it) and what is
 * only told.
 */
export type ScheduleResult = (
  { ok: true; seriesId: number } | { ok: false; refused: Map<string, RoomsRefused> }
) & {
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
  constructor(readonly result: ScheduleResult) {
    super('planned only');
  }
}

/** Runs the whole plan and keeps it only if every date found its place and it is meant: all or nothing. */
export async function saveOrPreview(
  db: Db,
  isMeant: boolean,
  work: (trx: Db) => Promise<ScheduleResult>,
): Promise<ScheduleResult> {
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

/** One recurrence, or a list of single dates, and a meeting for each date. */
export async function addSchedule(
  trx: Db,
  by: Actor,
  { series, schedule, firstNumber }: Pick<ScheduleWrite, 'series' | 'schedule' | 'firstNumber'>,
): Promise<ScheduleResult> {
  const written = await writeSchedule(trx, by, {
    series,
    schedule,
    layout: layOut([], { schedule }),
    firstNumber,
  });
  const { refused, notices, requested } = written;
  if (!written.ok) return { ok: false, refused, notices, requested };
  const { roomSetup } = schedule;
  const dates = scheduledDates(schedule);
  const isSetUp =
    (roomSetup.layout !== null || roomSetup.equipment.length > 0) &&
    dates.some(({ skipped }) => skipped === null);
  await record(trx, by, {
    action: 'series.dates',
    noun: 'series',
    id: series.id,
    after: { ...factsOf(schedule, dates), ...(isSetUp ? await describeRoomSetup(trx, roomSetup) : {}) },
  });
  return { ok: true, seriesId: series.id, notices, requested };
}

/** What the history keeps of a schedule. */
export function factsOf(schedule: Schedule, dates: readonly ScheduledDate[]): Record<string, unknown> {
  return {
    rule: schedule.rule && writeRule(schedule.rule),
    zone: schedule.zone,
    from: schedule.from,
    dates: dates.length,
    skipped: dates.flatMap(({ on, skipped }) => (skipped === null ? [] : [{ on, reason: skipped }])),
    waiting: dates.filter(({ isWaiting }) => isWaiting).map(({ on }) => on),
    left_out: schedule.occurrences.leftOut,
  };
}
