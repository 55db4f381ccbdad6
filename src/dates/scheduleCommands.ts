import { awaitRooms, stopAwaiting } from '../claims/awaitedCommands.js';

import type { Check } from '../claims/checks.js';
import { claimForMany, lockRooms, releaseClaims } from '../claims/commands.js';
import type { ClaimResult } from '../claims/verdict.js';

import type { Actor } from '../lib/audit/record.js';
import { change, row, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict } from '../lib/http/errors.js';
import { callOffMeetings } from '../meetings/callOffCommands.js';
import { newUid, type RoomsRefused } from '../meetings/commands.js';
import type { DateFate, DateLayout, MovedDate } from './fates.js';
import { writeDateRows } from './rowCommands.js';
import type { RuleDate } from './followingQueries.js';
import { addMembers, insertMeetings, recordNew, type NewDate } from './newDateCommands.js';
import { numberSeries } from '../meetings/numberCommands.js';
import { setUpRooms, type DateRoomSetup } from './roomSetupCommands.js';
import { writeRule } from '../series/recurrence.js';
import { listTouchedRooms } from '../meetings/roomChangeCommands.js';
import type { Schedule, ScheduledDate } from './schedule.js';
import type { Series } from '../series/queries.js';
import { lockQuotas } from '../claims/quotaCommands.js';
import { checkNotice } from '../claims/noticeCommands.js';
import { releaseEquipment } from '../equipment/commands.js';
import { listPrincipals } from '../claims/requestedRoomQueries.js';

// The one writer of the dates of a standing meeting: new ones, further ones, and those that change together.
// Each step is a handful of statements, however many dates there are. Only dates in rooms with quotas, or for
// which somebody has to be asked, are claimed one by one.

export interface ScheduleWrite {
  /** Its name is the title of new dates. The caller has locked it. */
  series: Series;
  /** Its room setup is what new dates get. */
  schedule: Schedule;
  layout: DateLayout;
  /** Of a change: the rule that ends before the first changed date, or null for a list of single dates. */
  ending?: { ruleId: number | null; begins: Date };
  /** What notice for calling off counts from. */
  now?: Date;
  /** Text of new dates. */
  description?: string;
  /** The series has no other meeting: numbers are counted here, from this one. */
  firstNumber?: number | undefined;
}

/** What the rooms say, by date of the schedule. Unless it is `ok` the caller rolls back. */
export interface Written {
  ok: boolean;
  refused: Map<string, RoomsRefused>;
  notices: Map<string, Check[]>;
  /** Dates whose rooms somebody has to approve. */
  requested: Set<string>;
  /** Dates that go on waiting for their rooms. */
  waiting: Set<string>;
  /** Dates without a place in the schedule that may no longer be called off. */
  late: { on: string; checks: Check[] }[];
}

type Off = Extract<DateFate, { kind: 'off' }>;

interface Sorted {
  kept: Extract<DateFate, { kind: 'kept' }>[];
  moved: MovedDate[];
  off: Off[];
  fresh: ScheduledDate[];
  /** All that stood before. */
  standing: RuleDate[];
}

/** Give up, then meetings, claims, equipment, numbers, history. */
export async function writeSchedule(trx: Db, by: Actor, job: ScheduleWrite): Promise<Written> {
  const dates = sortFates(job.layout.fates);
  const recurrenceId = await addRecurrence(trx, job);
  const tooLate = dates.standing.length > 0 ? await giveUp(trx, by, job, dates) : new Map<number, Check[]>();

  const stays = [...dates.kept, ...dates.moved, ...dates.off].flatMap((fate) =>
    'row' in fate && fate.row ? [fate.row] : [],
  );
  await writeDateRows(trx, { recurrenceId, zone: job.schedule.zone }, stays);
  const fresh = await insertMeetings(trx, by, dates.fresh, { ...job, recurrenceId });

  const written = await claimDates(trx, by, job.schedule, { moved: dates.moved, fresh });
  await writeWaits(trx, dates, fresh);

  const setups = [...dates.moved.flatMap(setupOfMoved), ...setupsOfNew(fresh, job.schedule)];
  await setUpRooms(trx, by, setups, written.refused);
  noteLate(written, job.layout.fates, tooLate);
  written.waiting = stillWaiting(job.layout.fates);
  written.ok = written.refused.size === 0 && written.late.length === 0;
  if (!written.ok) return written;

  if (fresh.length > 0) await addMembers(trx, by, job.series.id, fresh);
  if (job.firstNumber === undefined) await numberSeries(trx, job.series.id);
  if (fresh.length > 0) await recordNew(trx, by, fresh);
  return written;
}

function sortFates(fates: readonly DateFate[]): Sorted {
  return {
    kept: fates.filter((fate) => fate.kind === 'kept'),
    moved: fates.filter((fate) => fate.kind === 'moved'),
    off: fates.filter((fate) => fate.kind === 'off'),
    fresh: fates.flatMap((fate) => (fate.kind === 'new' ? [fate.to] : [])),
    standing: fates.flatMap((fate) => (fate.kind === 'new' ? [] : [fate.date])),
  };
}

/**
 * A recurrence of the series, which takes over from the one that ends.
 * @returns null for a list of single dates
 */
async function addRecurrence(trx: Db, { series, schedule, ending }: ScheduleWrite): Promise<number | null> {
  const last = schedule.occurrences.dates.at(-1);
  if (!last) throw new BadRequest();
  if (schedule.rule === null) return null;
  const made = await row<{ id: number }>(
    trx,
    `insert into recurrences (series_id, uid, rule, zone, starts_on, starts_at_time, until_at, follows_id)
     values (:series, :uid, :rule, :zone, :starts_on, :at, :until, :follows) returning id`,
    {
      series: series.id,
      uid: newUid(schedule.mailDomain),
      rule: writeRule(schedule.rule),
      zone: schedule.zone,
      starts_on: schedule.occurrences.startsOn,
      at: schedule.from,
      until: last.startsAt,
      follows: ending?.ruleId ?? null,
    },
  );
  if (!made) throw new Conflict();
  if (ending)
    await change(
      trx,
      `update recurrences r
          set until_at = least(r.until_at, coalesce(
                (select max(occurrence_at) from meetings
                  where recurrence_id = r.id and occurrence_at < :begins),
                cast(:begins as timestamptz) - interval '1 second'))
        where r.id = :rule`,
      { rule: ending.ruleId, begins: ending.begins },
    );
  return made.id;
}

/**
 * What is called off and what moves gives up its place first, so that it is free for the others. All rooms
 * are locked before the first changes hands.
 * @returns dates that may no longer be called off; what is done here is undone with the rest of a refused
 *   schedule
 */
async function giveUp(
  trx: Db,
  by: Actor,
  { series, schedule, layout, now }: ScheduleWrite,
  { kept, moved, off, standing }: Sorted,
): Promise<Map<number, Check[]>> {
  const ids = standing.map(({ id }) => id);
  const roomIds = layout.fates.flatMap(({ to }) => to?.roomIds ?? []);
  await lockRooms(trx, await listTouchedRooms(trx, ids, [...new Set(roomIds)]));
  const principals = await listPrincipals(trx, ids);
  await lockQuotas(trx, [...new Set([series.booked_for_id ?? series.organiser_id, ...principals.values()])]);
  const late = await checkNotice(
    trx,
    by,
    off.map(({ date }) => ({
      meetingId: date.id,
      roomIds: date.isAwaiting ? [] : date.roomIds,
    })),
    {
      rule: 'notice_cancel',
      now: now ?? new Date(),
      overrideReason: schedule.overrideReason ?? null,
    },
  );
  await callOffMeetings(
    trx,
    by,
    off.map(({ date, reason }) => ({ meetingId: date.id, reason })),
  );
  const left = kept.flatMap((fate) => (fate.to === null && fate.leavesRule ? [fate.date.id] : []));
  if (left.length > 0)
    await change(
      trx,
      `update meetings set recurrence_id = null, occurrence_at = null where id = any(:left)`,
      { left },
    );
  const places = moved.filter(({ changesPlace }) => changesPlace).map(({ date }) => date.id);
  if (places.length > 0) {
    await releaseClaims(trx, by, places, { state: 'released', reason: 'moved' });
    await change(trx, `delete from meeting_rooms where meeting_id = any(:places)`, { places });
    await stopAwaiting(trx, places);
  }
  const setups = moved.filter(({ changesRoomSetup }) => changesRoomSetup).map(({ date }) => date.id);
  if (setups.length > 0) await releaseEquipment(trx, setups);
  return late;
}

/** Rooms for all dates that want any now, by one statement where nothing has to be counted or asked. */
async function claimDates(
  trx: Db,
  by: Actor,
  schedule: Schedule,
  { moved, fresh }: { moved: readonly MovedDate[]; fresh: readonly NewDate[] },
): Promise<Written> {
  const facts = {
    overrideReason: schedule.overrideReason ?? null,
    askReason: schedule.askReason ?? null,
    isRecurring: true,
    now: schedule.now,
  };
  const requests = [
    ...moved
      .filter(({ changesPlace, isWaiting }) => changesPlace && !isWaiting)
      .map(({ date, to, roomIds, roomSetup, row: { from, to: until } }) => ({
        on: to.on,
        meetingId: date.id,
        roomIds,
        startsAt: from,
        endsAt: until,
        seats: roomSetup.expected,
        layout: roomSetup.layout,
        ...facts,
        // What waited for its rooms had none.
        before: { startsAt: date.startsAt, roomIds: date.isAwaiting ? [] : date.roomIds },
      })),
    ...fresh
      .filter(({ skipped, isWaiting }) => skipped === null && !isWaiting)
      .map(({ on, meetingId, roomIds, startsAt, endsAt }) => ({
        on,
        meetingId,
        roomIds,
        startsAt,
        endsAt,
        seats: schedule.roomSetup.expected,
        layout: schedule.roomSetup.layout,
        ...facts,
      })),
  ];
  return byDate(requests, await claimForMany(trx, by, requests));
}

function byDate(
  requests: readonly { on: string; meetingId: number }[],
  results: ReadonlyMap<number, ClaimResult>,
): Written {
  const written: Written = {
    ok: true,
    refused: new Map(),
    notices: new Map(),
    requested: new Set(),
    waiting: new Set(),
    late: [],
  };
  for (const { on, meetingId } of requests) {
    const result = results.get(meetingId);
    if (result && !result.ok) written.refused.set(on, result);
    else if (result) {
      if (result.notices.length > 0) written.notices.set(on, result.notices);
      if (result.requests > 0) written.requested.add(on);
    }
  }
  return written;
}

/** Dates that wait for their rooms, and what a date that is left out would be restored to. */
async function writeWaits(trx: Db, { moved, off }: Sorted, fresh: readonly NewDate[]): Promise<void> {
  const leftOut = off.flatMap(({ date, to }) => (to ? [{ meetingId: date.id, roomIds: to.roomIds }] : []));
  if (leftOut.length > 0) {
    const ids = leftOut.map(({ meetingId }) => meetingId);
    await change(trx, `delete from meeting_rooms where meeting_id = any(:ids)`, { ids });
    await stopAwaiting(trx, ids);
  }
  const skipped = [...leftOut, ...fresh.filter((date) => date.skipped !== null)];
  await keepRooms(trx, skipped);
  await awaitRooms(trx, skipped, 'hindered');
  await awaitRooms(trx, [
    ...moved
      .filter(({ isWaiting }) => isWaiting)
      .map(({ date, roomIds }) => ({ meetingId: date.id, roomIds })),
    ...fresh.filter(({ isWaiting }) => isWaiting),
  ]);
}

/**
 * A date that is left out stays as a cancelled one: with its reason, and with the rooms it is restored to.
 */
async function keepRooms(
  trx: Db,
  skipped: readonly { meetingId: number; roomIds: number[] }[],
): Promise<void> {
  const list = skipped.flatMap(({ meetingId, roomIds }) =>
    roomIds.map((room) => ({ meeting: meetingId, room })),
  );
  if (list.length === 0) return;
  await change(
    trx,
    `insert into meeting_rooms (meeting_id, room_id)
     select w.meeting, w.room from jsonb_to_recordset(:list) as w (meeting bigint, room bigint)
     on conflict do nothing`,
    { list: JSON.stringify(list) },
  );
}

function setupOfMoved({
  changesRoomSetup,
  date,
  to,
  roomIds,
  roomSetup,
  row: line,
}: MovedDate): DateRoomSetup[] {
  if (!changesRoomSetup) return [];
  return [
    {
      on: to.on,
      meetingId: date.id,
      roomIds,
      startsAt: line.from,
      endsAt: line.to,
      layout: roomSetup.layout,
      lines: roomSetup.equipment,
    },
  ];
}

function setupsOfNew(
  fresh: readonly NewDate[],
  { roomSetup: { layout, equipment } }: Schedule,
): DateRoomSetup[] {
  if (layout === null && equipment.length === 0) return [];
  return fresh
    .filter(({ skipped }) => skipped === null)
    .map(({ on, meetingId, roomIds, startsAt, endsAt, isBare }) => ({
      on,
      meetingId,
      roomIds,
      startsAt,
      endsAt,
      layout,
      lines: isBare ? [] : equipment,
    }));
}

/** What comes too late stands against its date of the schedule, or by itself when it has none. */
function noteLate(written: Written, fates: readonly DateFate[], tooLate: ReadonlyMap<number, Check[]>): void {
  const days = new Set(fates.flatMap(({ to }) => to?.on ?? []));
  for (const fate of fates) {
    const checks = fate.kind === 'off' ? tooLate.get(fate.date.id) : undefined;
    if (fate.kind !== 'off' || !checks) continue;
    const on = fate.to?.on ?? fate.date.on;
    if (days.has(on)) written.refused.set(on, { ok: false, clashes: [], checks });
    else written.late.push({ on, checks });
  }
}

/** Dates that had no room yet and are not moved: they go on waiting. */
function stillWaiting(fates: readonly DateFate[]): Set<string> {
  return new Set(
    fates.flatMap((fate) => {
      if (fate.kind !== 'kept' && fate.kind !== 'moved') return [];
      const isMoving = fate.kind === 'moved' && fate.changesPlace;
      return fate.to && fate.date.isAwaiting && !isMoving ? [fate.to.on] : [];
    }),
  );
}
