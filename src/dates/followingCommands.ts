import { record, type Actor } from '../lib/audit/record.js';
import { change, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import { type CarriedDate } from './carriedDates.js';
import { layOut } from './fates.js';
import { roomSetupFor, type RoomSetupRequest } from './roomSetups.js';
import type { DateText } from './text.js';
import {
  findRuleOf,
  listRuleDates,
  listWhereaboutsOf,
  lockRuleDates,
  type RuleDate,
  type RunningRule,
  type Usual,
} from './followingQueries.js';
import { describeRoomSetup } from './roomSetupCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { scheduledDates, type Schedule } from './schedule.js';
import { writeSchedule } from './scheduleCommands.js';
import { factsOf, saveOrPreview, withAllowedReason, type ScheduleResult } from './commands.js';
import { lockSeries, type Series } from '../series/queries.js';

// A change of this and the following dates, or of all coming ones (from the next date on): of a rule, or of a
// list of single dates. The past never changes.

export interface FollowingRequest {
  seriesId: number;
  /** The date from which it was asked for. */
  meetingId: number;
  /** `all`: from the next date on, whichever was opened. */
  scope: 'following' | 'all';
  /** Version of the series the form was opened with. */
  version: number;
  text: DateText;
  /** How the rooms are laid out and what is carried into them; undefined: as it is. */
  roomSetup: RoomSetupRequest;
  /** Told to those whose date has no place in the new rule. */
  reason: string;
}

/** Somebody changed the standing meeting since the form was opened. */
export class SeriesChanged extends Conflict {
  constructor() {
    super('series.problem.changed');
  }
}

/** Where a change begins: never in the past. */
export function beginningOf(
  rule: Pick<RunningRule, 'occurrence_at'>,
  scope: FollowingRequest['scope'],
  now: Date,
): Date {
  return scope === 'following' && rule.occurrence_at > now ? rule.occurrence_at : now;
}

/** What a change of several dates begins with. */
export interface LockedDates {
  series: Series;
  rule: RunningRule;
  dates: RuleDate[];
  usual: Usual;
}

export async function lockFollowing(
  trx: Db,
  by: Actor,
  request: FollowingRequest,
  now: Date,
): Promise<LockedDates> {
  const series = await lockSeries(trx, by, request.seriesId);
  if (!mayKeepSeries(series)) throw new Forbidden();
  if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
  if (series.version !== request.version) throw new SeriesChanged();
  const rule = await findRuleOf(trx, request.seriesId, request.meetingId);
  await lockRuleDates(trx, rule, now);
  return { series, rule, ...(await listRuleDates(trx, rule, beginningOf(rule, request.scope, now), now)) };
}

/**
 * Time, rule, rooms: the present rule ends before these dates and another one of the same series begins. Of a
 * list: time, rooms, and which days are on it.
 * @param isMeant false: nothing is saved, the answer says what would become of each date
 * @throws SeriesChanged since the form was opened
 */
export function changeFollowing(
  db: Db,
  by: Actor,
  request: FollowingRequest,
  { schedule: asked, now, isMeant }: { schedule: Schedule; now: Date; isMeant: boolean },
): Promise<ScheduleResult> {
  return saveOrPreview(db, isMeant, async (trx) => {
    const { text } = request;
    const locked = await lockFollowing(trx, by, request, now);
    const { series, rule, dates, usual } = locked;
    if ((asked.rule === null) !== (rule.id === null)) throw new BadRequest();
    // New dates get what the others have.
    const schedule = {
      ...(await withAllowedReason(trx, by, asked)),
      roomSetup: roomSetupFor(usual, usual, request.roomSetup, true),
    };
    const scheduled = scheduledDates(schedule);
    const roomIds = [...new Set([...dates, ...scheduled].flatMap((date) => date.roomIds))];
    const whereabouts = await listWhereaboutsOf(trx, roomIds);
    const layout = layOut(dates, {
      schedule,
      change: { ...request, openedId: request.meetingId, usual, whereabouts },
    });
    const { ok, refused, notices, requested, waiting, late } = await writeSchedule(trx, by, {
      series: { ...series, name: text.title },
      schedule,
      layout,
      ending: { ruleId: rule.id, begins: beginningOf(rule, request.scope, now) },
      now,
      description: text.description,
    });
    const { carried } = layout;
    if (!ok) return { ok, refused, notices, requested, carried, waiting, late };
    await changeSeriesRow(trx, locked, request, minutesOf(schedule));
    await record(trx, by, {
      action: 'series.change',
      noun: 'series',
      id: series.id,
      before: {
        rule: rule.rule,
        zone: rule.zone,
        from: rule.starts_at_time ?? usual.from,
        room_ids: usual.roomIds,
        ...(await describeRoomSetup(trx, usual)),
      },
      after: {
        ...factsOf(schedule, scheduled),
        room_ids: schedule.roomIds,
        ...(await describeRoomSetup(trx, schedule.roomSetup)),
        called_off: namesOf(carried, 'calledOff'),
        left: namesOf(carried, 'left'),
      },
    });
    return { ok, seriesId: series.id, notices, requested, carried, waiting };
  });
}

/**
 * The standing meeting itself after a change of its dates.
 * @param minutes how long they last now; undefined: as before
 */
export async function changeSeriesRow(
  trx: Db,
  { series, usual }: LockedDates,
  { scope, text }: FollowingRequest,
  minutes?: number,
): Promise<void> {
  // It goes by the name of its dates until somebody gives it another.
  const isRenamed = scope === 'all' && series.name === usual.title;
  await change(
    trx,
    `update series set name = coalesce(:name, name), duration_minutes = coalesce(:minutes, duration_minutes),
            version = version + 1
      where id = :id`,
    { id: series.id, name: isRenamed ? text.title : null, minutes: minutes ?? null },
  );
}

function namesOf(carried: readonly CarriedDate[], kind: CarriedDate['kind']): string[] {
  return carried.filter((one) => one.kind === kind).map(({ date }) => date.on);
}

function minutesOf({ occurrences }: Schedule): number {
  const [first] = occurrences.dates;
  return first
    ? Math.max(5, Math.min(1440, Math.round((first.endsAt.getTime() - first.startsAt.getTime()) / 60_000)))
    : 60;
}
