import { awaitRooms, stopAwaiting } from '../claims/awaitedCommands.js';
import type { Check } from '../claims/checks.js';
import { claimForMany, lockRooms, releaseClaims } from '../claims/commands.js';
import { releaseEquipment, takeEquipment, type Shortage } from '../equipment/commands.js';
import { checkNotice } from '../claims/noticeCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, type Db } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import { announceAll, cancelMeeting, type RoomsRefused } from '../meetings/commands.js';
import { carryDates, carryList, type CarriedDate } from './carriedDates.js';
import { listPrincipals } from '../claims/requestedRoomQueries.js';
import { lockQuotas } from '../claims/quotaCommands.js';
import { settingFor, type SettingWish } from './dateSettings.js';
import {
  findRuleOf,
  listRuleDates,
  listWhereaboutsOf,
  lockRuleDates,
  type RuleDate,
  type RunningRule,
  type Usual,
} from './followingQueries.js';
import { numberSeries } from '../meetings/numberCommands.js';
import { outfitDates, outfitsOf, tellSetting, type Outfit } from './roomSetupCommands.js';
import { isSame, setLayout } from '../meetings/placeCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { listTouchedRooms } from '../meetings/roomChangeCommands.js';
import { differenceOf, nextSequence } from '../meetings/sequence.js';
import {
  addRecurrence,
  claimFacts,
  factsOf,
  keepWishes,
  planned,
  withAllowedReason,
  writeDates,
  writtenDates,
  type DatesPlan,
  type Planned,
  type WrittenDate,
} from './dateCommands.js';
import { lockSeries, type Series } from './queries.js';

// A change of this and the following dates, or of all coming ones (from the next date on): of a rule, or of a list of single dates.
// The past never changes.

export interface FollowingText {
  title: string;
  description: string;
  link: string | null;
  place: string | null;
}

export interface FollowingWish {
  seriesId: number;
  /** The date from which it was asked for. */
  meetingId: number;
  /** `all`: from the next date on, whichever was opened. */
  scope: 'following' | 'all';
  /** Version of the series the form was opened with. */
  version: number;
  text: FollowingText;
  /** How the rooms are laid out and what is carried into them; undefined: as it is. */
  setting: SettingWish;
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
  scope: FollowingWish['scope'],
  now: Date,
): Date {
  return scope === 'following' && rule.occurrence_at > now ? rule.occurrence_at : now;
}

interface Opened {
  series: Series;
  rule: RunningRule;
  dates: RuleDate[];
  usual: Usual;
}

async function open(trx: Db, by: Actor, wish: FollowingWish, now: Date): Promise<Opened> {
  const series = await lockSeries(trx, by, wish.seriesId);
  if (!mayKeepSeries(series)) throw new Forbidden();
  if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
  if (series.version !== wish.version) throw new SeriesChanged();
  const rule = await findRuleOf(trx, wish.seriesId, wish.meetingId);
  await lockRuleDates(trx, rule, now);
  return { series, rule, ...(await listRuleDates(trx, rule, beginningOf(rule, wish.scope, now), now)) };
}

/** `short`: dates for which there is not enough equipment, by day; nothing has changed. */
export type TextChanged =
  { ok: true; count: number } | { ok: false; short: { on: string; shortages: Shortage[] }[] };

/**
 * Title, text, link, place, layout and equipment of these dates; each stays what it is for calendars. What was changed for one
 * date stays.
 * @param leavesShort dates for which there is not enough equipment keep what they have; otherwise nothing is changed
 */
export async function changeFollowingText(
  db: Db,
  by: Actor,
  wish: FollowingWish,
  now: Date,
  leavesShort = false,
): Promise<TextChanged> {
  try {
    return await inTransaction(db, (outer) =>
      outer.transaction(async (trx): Promise<TextChanged> => {
        const { series, dates, usual } = await open(trx, by, wish, now);
        const live = dates
          .filter(({ isCancelled }) => !isCancelled)
          .map((date) => ({
            date,
            text: textOf(date, usual, wish),
            setting: settingFor(date, usual, wish.setting, date.id === wish.meetingId),
          }));
        // Rooms before equipment, as everybody locks them.
        const outfits = live.filter(({ date, setting }) => !isSame(date.equipment, setting.equipment));
        await lockRooms(
          trx,
          await listTouchedRooms(
            trx,
            outfits.map(({ date }) => date.id),
            [],
          ),
        );
        await setLayout(
          trx,
          live
            .filter(({ date, setting }) => setting.layout !== date.layout)
            .map(({ date, setting }) => ({
              meetingId: date.id,
              roomIds: date.roomIds,
              layout: setting.layout,
            })),
        );
        const short = await takeEquipment(
          trx,
          by,
          outfits.map(({ date, setting }) => ({
            meetingId: date.id,
            startsAt: date.startsAt,
            endsAt: date.endsAt,
            lines: setting.equipment,
          })),
        );
        if (short.size > 0 && !leavesShort)
          throw new Short(
            live.flatMap(({ date }) =>
              short.has(date.id) ? [{ on: date.on, shortages: short.get(date.id) ?? [] }] : [],
            ),
          );
        const lines = live.flatMap(({ date, text, setting }) => {
          const isSameText =
            text.title === date.title &&
            text.description === date.description &&
            text.link === date.link &&
            text.place === date.place;
          const isSameSetting =
            setting.layout === date.layout &&
            setting.expected === date.expected &&
            (isSame(date.equipment, setting.equipment) || short.has(date.id));
          if (isSameText && isSameSetting) return [];
          const numbers = isSameText
            ? { sequence: date.sequence, time_sequence: date.timeSequence }
            : nextSequence(sequenceOf(date), { time: false, distant: text.place !== date.place });
          return [
            {
              ...lineOf(date, numbers),
              ...text,
              expected: setting.expected,
              told: !isSameText && date.announcedAt !== null,
              from: date.startsAt,
              to: date.endsAt,
            },
          ];
        });
        await writeLines(trx, { recurrenceId: null, zone: null }, lines);
        if (wish.scope === 'all' && wish.text.title !== usual.title && series.name === usual.title)
          await change(trx, `update series set name = :name where id = :id`, {
            name: wish.text.title,
            id: series.id,
          });
        await change(trx, `update series set version = version + 1 where id = :id`, { id: series.id });
        await record(trx, by, {
          action: 'series.update',
          noun: 'series',
          id: series.id,
          before: { ...usual, ...(await tellSetting(trx, usual)) },
          after: {
            ...wish.text,
            ...(await tellSetting(trx, { ...usual, ...wish.setting })),
            dates: lines.length,
            ...(short.size > 0 ? { short: short.size } : {}),
          },
        });
        return { ok: true, count: lines.length };
      }),
    );
  } catch (error) {
    if (error instanceof Short) return { ok: false, short: error.short };
    throw error;
  }
}

class Short extends Error {
  constructor(readonly short: { on: string; shortages: Shortage[] }[]) {
    super('equipment is short');
  }
}

/**
 * Time, rule, rooms: the present rule ends before these dates and another one of the same series begins. Of a list: time, rooms,
 * and which days are on it.
 * @param isMeant false: nothing is saved, the answer says what would become of each date
 * @throws SeriesChanged since the form was opened
 */
export function changeFollowing(
  db: Db,
  by: Actor,
  wish: FollowingWish,
  asked: DatesPlan,
  now: Date,
  isMeant: boolean,
): Promise<Planned> {
  return planned(db, isMeant, async (trx) => {
    const plan = await withAllowedReason(trx, by, asked);
    const { series, rule, dates, usual } = await open(trx, by, wish, now);
    if ((plan.rule === null) !== (rule.id === null)) throw new BadRequest();
    const days = plan.occurrences.dates.map(({ on }) => on);
    const carried = plan.rule ? carryDates(dates, days, plan.rule.frequency) : carryList(dates, days);
    const byId = new Map(dates.map((date) => [date.id, date]));
    const written = new Map(writtenDates(plan).map((date) => [date.on, date]));

    const recurrenceId = await addRecurrence(trx, series, plan, rule.id);
    const begins = beginningOf(rule, wish.scope, now);
    if (rule.id !== null)
      await change(
        trx,
        `update recurrences r set until_at = least(r.until_at, coalesce((select max(occurrence_at) from meetings where recurrence_id = r.id and occurrence_at < :begins), cast(:begins as timestamptz) - interval '1 second'))
        where r.id = :rule`,
        { rule: rule.id, begins },
      );
    const kept = carried.flatMap((one) => {
      const date = byId.get(one.date.id);
      const to = one.to === null ? undefined : written.get(one.to);
      return date && to ? [{ kind: one.kind, date, to }] : [];
    });
    // Gives up first what is called off or left out, so that its rooms are free for the others. All rooms are locked before
    // the first changes hands. What comes too late is told, and what is done here is undone with the rest of a refused plan.
    const off = [
      ...carried
        .flatMap(({ kind, date }) => (kind === 'calledOff' ? (byId.get(date.id) ?? []) : []))
        .map((date) => ({ date, on: date.on, reason: wish.reason })),
      ...kept.flatMap(({ kind, date, to }) =>
        kind === 'taken' && to.skipped !== null ? [{ date, on: to.on, reason: to.skipped }] : [],
      ),
    ];
    await lockRooms(
      trx,
      await listTouchedRooms(
        trx,
        dates.map(({ id }) => id),
        [...written.values()].flatMap(({ roomIds }) => roomIds),
      ),
    );
    await lockQuotas(trx, [
      ...new Set([
        series.booked_for_id ?? series.organiser_id,
        ...(
          await listPrincipals(
            trx,
            dates.map(({ id }) => id),
          )
        ).values(),
      ]),
    ]);
    const late = await checkNotice(
      trx,
      by,
      off.map(({ date: { id, roomIds, isAwaiting } }) => ({
        meetingId: id,
        roomIds: isAwaiting ? [] : roomIds,
      })),
      { rule: 'notice_cancel', now, overrideReason: plan.overrideReason ?? null },
    );
    for (const { date, reason } of off) await cancelMeeting(trx, by, date.id, { reason });
    const tooLate = off.flatMap(({ date, on }) =>
      late.has(date.id) ? [{ on, checks: late.get(date.id) ?? [] }] : [],
    );
    const left = carried.filter(({ kind }) => kind === 'left').map(({ date }) => date.id);
    await change(
      trx,
      `update meetings set recurrence_id = null, occurrence_at = null where id = any(:left)`,
      { left },
    );

    const moved = await moveDates(trx, by, recurrenceId, plan, wish, usual, kept);
    const taken = new Set(kept.map(({ to }) => to.on));
    // New dates get what the others have.
    const setting = settingFor(usual, usual, wish.setting, true);
    const fresh = await writeDates(
      trx,
      by,
      { ...series, name: wish.text.title },
      { ...plan, setting },
      recurrenceId,
      [...written.values()].filter(({ on }) => !taken.has(on)),
    );
    const notices = new Map<string, Check[]>([...moved.notices, ...fresh.notices]);
    const refused = new Map<string, RoomsRefused>([...moved.refused, ...fresh.refused]);
    await outfitDates(
      trx,
      by,
      [...moved.outfits, ...outfitsOf(fresh.ids, [...written.values()], setting)],
      refused,
    );
    const requested = new Set([...moved.requested, ...fresh.requested]);
    for (const { on, checks } of tooLate)
      if (written.has(on)) refused.set(on, { ok: false, clashes: [], checks });
    if (refused.size > 0 || tooLate.length > 0)
      return {
        ok: false,
        refused,
        notices,
        requested,
        carried,
        waiting: moved.waiting,
        late: tooLate.filter(({ on }) => !written.has(on)),
      };

    if (wish.text.description) {
      await change(trx, `update meetings set description = :text where id = any(:fresh)`, {
        text: wish.text.description,
        fresh: [...fresh.ids.values()],
      });
    }
    if (wish.scope === 'all' && series.name === usual.title)
      await change(trx, `update series set name = :name where id = :id`, {
        name: wish.text.title,
        id: series.id,
      });
    await change(trx, `update series set version = version + 1, duration_minutes = :minutes where id = :id`, {
      id: series.id,
      minutes: minutesOf(plan),
    });
    await numberSeries(trx, series.id);
    await record(trx, by, {
      action: 'series.change',
      noun: 'series',
      id: series.id,
      before: {
        rule: rule.rule,
        zone: rule.zone,
        from: rule.starts_at_time ?? usual.from,
        room_ids: usual.roomIds,
        ...(await tellSetting(trx, usual)),
      },
      after: {
        ...factsOf(plan, [...written.values()]),
        room_ids: plan.roomIds,
        ...(await tellSetting(trx, { ...usual, ...wish.setting })),
        called_off: namesOf(carried, 'calledOff'),
        left: namesOf(carried, 'left'),
      },
    });
    return { ok: true, seriesId: series.id, notices, requested, carried, waiting: moved.waiting };
  });
}

function namesOf(carried: CarriedDate[], kind: CarriedDate['kind']): string[] {
  return carried.filter((one) => one.kind === kind).map(({ date }) => date.on);
}

function minutesOf({ occurrences }: DatesPlan): number {
  const [first] = occurrences.dates;
  return first
    ? Math.max(5, Math.min(1440, Math.round((first.endsAt.getTime() - first.startsAt.getTime()) / 60_000)))
    : 60;
}

/** Dates that go on in the new rule: those called off or moved by hand stay as they stand, the others get its time and rooms. */
async function moveDates(
  trx: Db,
  by: Actor,
  recurrenceId: number | null,
  plan: DatesPlan,
  wish: FollowingWish,
  usual: Usual,
  kept: { kind: CarriedDate['kind']; date: RuleDate; to: WrittenDate }[],
): Promise<{
  refused: Map<string, RoomsRefused>;
  notices: Map<string, Check[]>;
  requested: Set<string>;
  waiting: Set<string>;
  outfits: Outfit[];
}> {
  const whereabouts = await listWhereaboutsOf(trx, [
    ...new Set([...kept.flatMap(({ date, to }) => [...date.roomIds, ...to.roomIds]), ...plan.roomIds]),
  ]);
  const placeOf = (startsAt: Date, endsAt: Date, place: string | null, roomIds: number[]) => ({
    starts_at: startsAt,
    ends_at: endsAt,
    place,
    roomIds,
    rooms: roomIds.flatMap((id) => whereabouts.get(id) ?? []),
  });
  const lines = kept.map(({ kind, date, to }) => {
    const isSkipped = kind === 'taken' && to.skipped !== null;
    const isCalledOff = kind === 'cancelled' || isSkipped;
    const isFixed = kind === 'moved';
    const [startsAt, endsAt] = isFixed ? [date.startsAt, date.endsAt] : [to.startsAt, to.endsAt];
    const hasChoice = plan.choices.get(to.on)?.kind === 'room';
    const roomIds = isCalledOff || isFixed || (date.hasOwnRooms && !hasChoice) ? date.roomIds : to.roomIds;
    const text =
      isFixed || isCalledOff
        ? { title: date.title, description: date.description, link: date.link, place: date.place }
        : textOf(date, usual, wish);
    const difference = differenceOf(
      placeOf(date.startsAt, date.endsAt, date.place, date.roomIds),
      placeOf(startsAt, endsAt, text.place, roomIds),
    );
    const isNews =
      !isCalledOff &&
      (difference.time ||
        difference.rooms ||
        JSON.stringify(text) !==
          JSON.stringify({
            title: date.title,
            description: date.description,
            link: date.link,
            place: date.place,
          }));
    const setting =
      isFixed || isCalledOff ? date : settingFor(date, usual, wish.setting, date.id === wish.meetingId);
    const lines = to.isBare && !isFixed ? [] : setting.equipment;
    // Calling it off has counted already.
    const numbers = isCalledOff
      ? {
          sequence: date.sequence + (isSkipped && date.announcedAt ? 1 : 0),
          time_sequence: date.timeSequence,
        }
      : nextSequence(sequenceOf(date), difference);
    return {
      date,
      to,
      roomIds,
      setting,
      lines,
      isCalledOff,
      isSkipped,
      isWaiting: to.isWaiting && !isFixed && !isCalledOff,
      difference,
      line: {
        ...lineOf(date, numbers),
        ...text,
        expected: setting.expected,
        ...(recurrenceId === null ? {} : { occurrence: to.occurrenceAt }),
        from: startsAt,
        to: endsAt,
        told: isNews && date.announcedAt !== null,
      },
    };
  });
  const places = lines.filter(
    ({ isCalledOff, difference, isWaiting }) =>
      !isCalledOff && (difference.time || difference.rooms || isWaiting),
  );
  const ids = places.map(({ date }) => date.id);
  await releaseClaims(trx, by, ids, { state: 'released', reason: 'moved' });
  await change(trx, `delete from meeting_rooms where meeting_id = any(:ids)`, { ids });
  await stopAwaiting(trx, ids);
  // All of it is given up before any of it is taken for another time.
  const set = lines.filter(
    ({ date, isCalledOff, difference, setting, lines: wanted }) =>
      !isCalledOff &&
      (difference.time ||
        difference.rooms ||
        setting.layout !== date.layout ||
        !isSame(date.equipment, wanted)),
  );
  await releaseEquipment(
    trx,
    set.map(({ date }) => date.id),
  );
  await writeLines(
    trx,
    { recurrenceId, zone: plan.zone },
    lines.map(({ line }) => line),
  );
  const waiting = places.filter(({ isWaiting }) => isWaiting);
  const results = await claimForMany(
    trx,
    by,
    places
      .filter(({ isWaiting }) => !isWaiting)
      .map(({ date, roomIds, setting, line }) => ({
        meetingId: date.id,
        roomIds,
        startsAt: line.from,
        endsAt: line.to,
        seats: setting.expected,
        layout: setting.layout,
        ...claimFacts(plan),
        // What waited for its rooms had none.
        before: { startsAt: date.startsAt, roomIds: date.isAwaiting ? [] : date.roomIds },
      })),
  );
  const skipped = lines
    .filter(({ isSkipped }) => isSkipped)
    .map(({ date, to }) => ({ meetingId: date.id, roomIds: to.roomIds }));
  await change(trx, `delete from meeting_rooms where meeting_id = any(:ids)`, {
    ids: skipped.map(({ meetingId }) => meetingId),
  });
  await keepWishes(trx, skipped);
  await stopAwaiting(
    trx,
    skipped.map(({ meetingId }) => meetingId),
  );
  await awaitRooms(trx, skipped, 'hindered');
  await awaitRooms(
    trx,
    waiting.map(({ date, roomIds }) => ({ meetingId: date.id, roomIds })),
  );
  const refused = new Map<string, RoomsRefused>();
  const notices = new Map<string, Check[]>();
  const requested = new Set<string>();
  for (const { date, to } of places) {
    const result = results.get(date.id);
    if (result && !result.ok) refused.set(to.on, result);
    else if (result) {
      if (result.notices.length > 0) notices.set(to.on, result.notices);
      if (result.requests > 0) requested.add(to.on);
    }
  }
  const moving = new Set(ids);
  const outfits = set.map(({ date, to, roomIds, setting, lines: wanted, line }): Outfit => ({
    on: to.on,
    meetingId: date.id,
    roomIds,
    startsAt: line.from,
    endsAt: line.to,
    layout: setting.layout,
    lines: wanted,
  }));
  return {
    refused,
    notices,
    requested,
    outfits,
    waiting: new Set(
      lines
        .filter(({ date, isCalledOff }) => date.isAwaiting && !isCalledOff && !moving.has(date.id))
        .map(({ to }) => to.on),
    ),
  };
}

/** The new text where a date has the usual one; what was changed for one date stays. The date that was opened follows in what was typed anew. */
function textOf(date: RuleDate, usual: Usual, { text, meetingId }: FollowingWish): FollowingText {
  const pick = <K extends keyof FollowingText>(field: K): FollowingText[K] =>
    date[field] === usual[field] || (date.id === meetingId && text[field] !== usual[field])
      ? text[field]
      : date[field];
  return { title: pick('title'), description: pick('description'), link: pick('link'), place: pick('place') };
}

function sequenceOf({ announcedAt, sequence, timeSequence }: RuleDate) {
  return { announced_at: announcedAt, sequence, time_sequence: timeSequence };
}

interface Line extends FollowingText {
  id: number;
  sequence: number;
  time_sequence: number;
  expected: number | null;
  occurrence?: Date;
  from: Date;
  to: Date;
  told: boolean;
}

function lineOf(
  date: RuleDate,
  numbers: { sequence: number; time_sequence: number },
): Pick<Line, 'id' | 'sequence' | 'time_sequence' | 'told'> {
  return { id: date.id, ...numbers, told: date.announcedAt !== null };
}

/** One statement for all; who was invited to one is told, a minute later. */
async function writeLines(
  trx: Db,
  { recurrenceId, zone }: { recurrenceId: number | null; zone: string | null },
  lines: Line[],
): Promise<void> {
  if (lines.length === 0) return;
  await change(
    trx,
    `update meetings m set title = w.title, description = w.description, link = w.link, place = w.place, starts_at = w."from", ends_at = w."to",
            sequence = w.sequence, time_sequence = w.time_sequence, expected_count = w.expected, revision = m.revision + case when w.told then 1 else 0 end,
            recurrence_id = coalesce(:recurrence, m.recurrence_id), occurrence_at = coalesce(w.occurrence, m.occurrence_at),
            zone = coalesce(:zone, m.zone), updated_at = now(), version = m.version + 1
       from jsonb_to_recordset(:list) as w (id bigint, title text, description text, link text, place text, sequence integer, time_sequence integer,
                                            expected integer, occurrence timestamptz, "from" timestamptz, "to" timestamptz, told boolean)
      where m.id = w.id`,
    { recurrence: recurrenceId, zone, list: JSON.stringify(lines) },
  );
  await announceAll(
    trx,
    lines.filter(({ told }) => told).map(({ id }) => id),
  );
}
