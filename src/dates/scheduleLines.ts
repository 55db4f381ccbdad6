import { describeCheck, type Check } from '../claims/checks.js';
import type { RoomOption } from '../rooms/queries.js';
import type { Context } from '../lib/http/route.js';
import type { Format } from '../lib/time/format.js';
import type { describeCarried } from './carriedDates.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { wordRefusal, type Refusal } from '../meetings/refusal.js';
import type { Occurrence } from '../series/recurrence.js';
import type { DateChoice, Schedule } from './schedule.js';
import type { ScheduleResult } from './commands.js';

// One line of the page of a schedule for each date: what is in its way, and what can be chosen for it. Pure.

export interface ScheduleLine {
  on: string;
  when: string;
  reasons: string[];
  /** It was called off or moved, and stays so: there is nothing to choose. */
  isFixed: boolean;
  /** Its rooms are to be had. */
  isFree: boolean;
  /** What is only told: rules that are kept narrowly, what becomes of the date that stood there. */
  marks: string[];
  options: { value: string; label: string }[];
  chosen: string;
  reason: string;
  lacksReason: boolean;
}

/** Free rooms and times instead. */
export type Alternatives = Parameters<typeof wordRefusal>[2];

export interface ScheduleState {
  c: Context;
  fmt: Format;
  schedule: Schedule;
  result: ScheduleResult;
  refused: ReadonlyMap<string, RoomsRefused>;
  alternatives: ReadonlyMap<string, Alternatives>;
  rooms: RoomOption[];
  stands: ReturnType<typeof describeCarried>['stands'];
  /** Dates that are left out without a reason. */
  unexplained: readonly string[];
}

const NOTHING_FREE = { rooms: [], times: [] };
const NOTHING_SAID: RoomsRefused = { ok: false, clashes: [], checks: [] };

/** The rooms were in the way, not the equipment. */
export const isElsewhere = (choice: DateChoice | undefined) => choice !== undefined && choice.kind !== 'bare';

export function scheduleLine(state: ScheduleState, date: Occurrence): ScheduleLine {
  const { fmt, schedule, result, unexplained } = state;
  const choice = schedule.choices.get(date.on);
  const stands = state.stands.get(date.on);
  const isFixed = stands?.isFixed === true;
  const span = choice?.kind === 'time' ? choice : date;
  const { reasons, offered } = offersFor(state, date.on, choice);
  const chosen = choice && !isFixed ? valueOf(choice) : 'keep';
  const isWaiting = chosen === 'wait' || result.waiting?.has(date.on) === true;
  const isUnexplained = unexplained.includes(date.on);
  return {
    on: date.on,
    when: `${fmt.day(span.startsAt)} ${fmt.range(span.startsAt, span.endsAt)}`,
    reasons,
    options: optionsOf(state, { choice, chosen, isFixed, offered }),
    chosen,
    isFixed,
    isFree: reasons.length === 0 && chosen !== 'skip' && !isWaiting && !isFixed,
    marks: marksOf(state, date.on, { chosen, isWaiting, stands: stands?.text }),
    reason: choice?.kind === 'skip' && !isUnexplained ? choice.reason : '',
    lacksReason: isUnexplained,
  };
}

/** Why a date can't be as planned, and what it could have instead. */
function offersFor(
  { c, schedule, refused, alternatives, stands }: ScheduleState,
  on: string,
  choice: DateChoice | undefined,
): { reasons: string[]; offered: ScheduleLine['options'] } {
  const no = refused.get(on);
  const instead = alternatives.get(on) ?? NOTHING_FREE;
  if (!no) {
    if (!isElsewhere(choice) || stands.get(on)?.isFixed) return { reasons: [], offered: [] };
    const { picks } = wordRefusal(c, NOTHING_SAID, instead, schedule.zone);
    return { reasons: [], offered: pickOptions(c, picks) };
  }
  const { reasons, picks, isShort } = wordRefusal(c, no, instead, schedule.zone);
  const offered = pickOptions(c, picks);
  // A rule stays a rule, however long one waits.
  const isRuled = no.checks.some(({ level }) => level === 'error');
  if (isShort) offered.push({ value: 'bare', label: c.t('dates.plan.bare') });
  else if (!isRuled) offered.push({ value: 'wait', label: c.t('series.plan.wait') });
  return { reasons, offered };
}

function optionsOf(
  { c, rooms, fmt }: ScheduleState,
  date: {
    choice: DateChoice | undefined;
    chosen: string;
    isFixed: boolean;
    offered: ScheduleLine['options'];
  },
): ScheduleLine['options'] {
  const { choice, chosen, isFixed, offered } = date;
  const keep = c.t(isFixed ? 'series.plan.asItStands' : 'meetings.plan.keep');
  const options = [{ value: 'keep', label: keep }, ...offered];
  if (!isFixed) options.push({ value: 'skip', label: c.t('meetings.plan.skip') });
  if (!options.some(({ value }) => value === chosen))
    options.splice(1, 0, { value: chosen, label: labelOf(c, choice, rooms, fmt) });
  return options;
}

function marksOf(
  { c, fmt, result }: ScheduleState,
  on: string,
  { chosen, isWaiting, stands }: { chosen: string; isWaiting: boolean; stands: string | undefined },
): string[] {
  const isRequested = result.requested?.has(on) === true && chosen !== 'skip';
  return [
    ...(isWaiting ? [c.t('series.awaited.noRoom')] : []),
    ...(chosen === 'bare' ? [c.t('dates.plan.isBare')] : []),
    ...(isRequested ? [c.t('requests.plan.toApprove')] : []),
    ...(result.notices.get(on) ?? []).map((check) => describeNotice(c, check, fmt)),
    ...(stands === undefined ? [] : [stands]),
  ];
}

function pickOptions(c: Context, { rooms, times }: Refusal['picks']): ScheduleLine['options'] {
  return [
    ...rooms.map(({ pick, label }) => ({
      value: pick,
      label: c.t('meetings.plan.otherRoom', { room: label }),
    })),
    ...times.map(({ pick, label }) => ({
      value: pick,
      label: c.t('meetings.plan.otherTime', { time: label }),
    })),
  ];
}

/** A rule that is kept narrowly, or that a reason goes beyond. */
function describeNotice(c: Context, check: Check, fmt: Format): string {
  const rule = describeCheck(check, c.t, fmt);
  return check.isOverridden ? c.t('dates.plan.beyond', { rule }) : rule;
}

function valueOf(choice: DateChoice): string {
  if (choice.kind === 'room') return `room:${choice.roomId}`;
  if (choice.kind === 'time') return `time:${choice.startsAt.getTime()}/${choice.endsAt.getTime()}`;
  return choice.kind;
}

function labelOf(c: Context, choice: DateChoice | undefined, rooms: RoomOption[], fmt: Format): string {
  if (choice?.kind === 'room')
    return c.t('meetings.plan.otherRoom', { room: fmt.name(rooms.find(({ id }) => id === choice.roomId)) });
  if (choice?.kind === 'time')
    return c.t('meetings.plan.otherTime', {
      time: `${fmt.shortDay(choice.startsAt)} ${fmt.range(choice.startsAt, choice.endsAt)}`,
    });
  if (choice?.kind === 'bare') return c.t('dates.plan.bare');
  return choice?.kind === 'wait' ? c.t('series.plan.wait') : c.t('meetings.plan.keep');
}
