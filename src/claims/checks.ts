import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import { addDays, dayOf, timeOf, toInstant } from '../lib/time/zone.js';
import type { BookingRules } from '../rules/layers.js';
import { type Opening, openSpan, outsideHours, type Span } from '../hours/openingHours.js';
import { type BookingRule, type Broken, brokenRules, type RuleRequest } from '../rules/checks.js';
import { describeMinutes } from '../rules/describe.js';

export type RoomStatus = 'in_service' | 'out_of_service' | 'retired';

/** What the rules of a room look at. */
export interface RoomRules {
  id: number;
  name_en: string;
  name_zh: string;
  capacity: number;
  status: RoomStatus;
  /** Out of service until then; null: until somebody says so. */
  back_at?: Date | string | null;
  hours: Opening;
  /** For the person it is booked for; without them only status, hours and seats are looked at. */
  rules?: BookingRules;
}

export type Rule = 'status' | 'closed_day' | 'opening_hours' | 'capacity' | 'approval' | BookingRule;

/** One rule that a booking does not keep: an error stops it, a notice is only told. */
export interface Check {
  rule: Rule;
  level: 'error' | 'notice';
  room: { id: number; name_en: string; name_zh: string };
  /**
   * What was asked for and what the rule allows: times 'HH:MM–HH:MM' in the office's zone, seats, a status, a
   * day, minutes, hours.
   */
  actual: string;
  limit: string;
  /**
   * What would be allowed: a day, an instant, times, hours, two instants 'from/to' in which it is open; see
   * describeCheck.
   */
  nearest?: string;
  /** The office's secretaries may go beyond it, with a reason. */
  mayOverride: boolean;
  /** Who decides about the room may be asked to allow it. */
  mayRequest?: boolean;
  /** It would have been an error: a secretary's reason went beyond it. */
  isOverridden?: boolean;
  /**
   * The day on which hours stand against it, and why it differs from the week: a holiday, an exception of the
   * room.
   */
  day?: { on: string; why: { name_en: string; name_zh: string } };
}

/** A time in a room, as it is asked for. */
export interface RequestedTime {
  startsAt: Date;
  endsAt: Date;
  /** People expected, when known. */
  seats?: number | null;
  /** What the rules of booking depend on besides the time. */
  circumstances?: Omit<RuleRequest, 'from' | 'to'>;
}

/**
 * The rules that `request` does not keep in `room`.
 * @param zone the office's, in which opening hours are written
 * @param isOverridden a reason was given: rules that may be overridden become notices
 */
export function checkClaim(
  room: RoomRules,
  request: RequestedTime,
  zone: string,
  isOverridden = false,
): Check[] {
  const { rules } = room;
  const span = { from: request.startsAt, to: request.endsAt };
  const broken =
    rules && request.circumstances ? brokenRules(rules, { ...request.circumstances, ...span }, zone) : [];
  return [
    ...checkStatus(room, request.startsAt, zone),
    ...(request.circumstances?.isApproved ? [] : checkHours(room, span, zone, isOverridden)),
    ...checkSeats(room, request.seats ?? 0, isOverridden),
    ...broken.map((one) => checkOf(room, one, { isOverridden })),
  ];
}

function checkStatus(room: RoomRules, at: Date, zone: string): Check[] {
  const status = statusAt(room, at);
  if (status === 'in_service') return [];
  const backAt = room.back_at ? new Date(room.back_at) : undefined;
  const limit = backAt ? dayOf(new Date(backAt.getTime() - 1), zone) : '';
  const nearest = backAt?.toISOString() ?? '';
  return [checkOf(room, { rule: 'status', actual: status, limit, nearest }, { mayOverride: false })];
}

function checkHours(room: RoomRules, span: Span, zone: string, isOverridden: boolean): Check[] {
  const outside = outsideHours(room.hours, span.from, span.to, zone);
  if (!outside) return [];
  const { on, why } = outside;
  const day = why ? { on, why: { name_en: why.name_en, name_zh: why.name_zh } } : undefined;
  const open = outside.opens_at ? openSpan(room.hours, on, zone) : undefined;
  const broken = open
    ? {
        rule: 'opening_hours' as const,
        actual: `${timeOf(span.from, zone)}–${timeOf(span.to, zone)}`,
        limit: `${outside.opens_at}–${outside.closes_at}`,
        nearest: `${open.from.toISOString()}/${open.to.toISOString()}`,
      }
    : { rule: 'closed_day' as const, actual: on, limit: '', nearest: '' };
  return [{ ...checkOf(room, broken, { isOverridden }), day }];
}

function checkSeats(room: RoomRules, seats: number, isOverridden: boolean): Check[] {
  const policy = room.rules?.capacity_rule ?? 'warn';
  if (seats <= room.capacity || policy === 'off') return [];
  return [
    checkOf(
      room,
      { rule: 'capacity', actual: String(seats), limit: String(room.capacity), nearest: '' },
      { level: policy === 'deny' ? 'error' : 'notice', isOverridden },
    ),
  ];
}

/** What a room's status is at a time: after its date, a room out of service is in service again. */
export function statusAt(room: { status: RoomStatus; back_at?: Date | string | null }, at: Date): RoomStatus {
  return room.status === 'out_of_service' && room.back_at && new Date(room.back_at) <= at
    ? 'in_service'
    : room.status;
}

/**
 * The first instant at the same time of day as `requested` at which the room is back; `requested` itself
 * where it isn't out of service or nobody knows until when.
 */
export function whenBack(
  room: { status: RoomStatus; back_at?: Date | string | null },
  requested: Date,
  zone: string,
): Date {
  if (room.status !== 'out_of_service' || !room.back_at || new Date(room.back_at) <= requested)
    return requested;
  const backAt = new Date(room.back_at);
  const at = (days: number) => toInstant(addDays(dayOf(backAt, zone), days), timeOf(requested, zone), zone);
  // A time that a clock change skips is there on the next day.
  return [at(0), at(1), at(2)].find((instant) => instant !== undefined && instant >= backAt) ?? backAt;
}

/**
 * "Bamboo is back on Fri 4 Dec", over the times that are offered then; undefined where nothing is known of
 * that.
 */
export function describeBack(checks: readonly Check[], t: Translate, fmt: Format): string | undefined {
  const [last] = checks
    .filter(({ rule, level, nearest }) => rule === 'status' && level === 'error' && nearest)
    .sort((a, b) => (b.nearest ?? '').localeCompare(a.nearest ?? ''));
  return (
    last &&
    t('layouts.check.back', { room: fmt.name(last.room), day: fmt.shortDay(new Date(last.nearest ?? '')) })
  );
}

/** A broken rule of a room as a check. */
export function checkOf(
  room: Pick<RoomRules, 'id' | 'name_en' | 'name_zh' | 'rules'>,
  broken: Omit<Broken, 'rule'> & { rule: Rule },
  {
    level = 'error',
    mayOverride = true,
    isOverridden = false,
  }: { level?: Check['level']; mayOverride?: boolean; isOverridden?: boolean } = {},
): Check {
  const { id, name_en, name_zh } = room;
  const goesBeyond = mayOverride && isOverridden;
  return {
    rule: broken.rule,
    level: goesBeyond ? 'notice' : level,
    room: { id, name_en, name_zh },
    actual: broken.actual,
    limit: broken.limit,
    mayOverride,
    nearest: broken.nearest || undefined,
    // Too late is too late: what begins before anybody has read a request can't be asked for.
    mayRequest:
      (mayOverride &&
        level === 'error' &&
        room.rules?.out_of_policy === 'request' &&
        !TOO_LATE.includes(broken.rule)) ||
      undefined,
    isOverridden: (goesBeyond && level === 'error') || undefined,
  };
}

const TOO_LATE: readonly Rule[] = ['notice_change', 'notice_cancel'];

const NOT_OF_TIME: readonly Rule[] = ['capacity', 'quota_person_coming', 'quota_unit_coming', 'recurring'];

/**
 * Would another time in the same room help? Not where too many people are expected, or too many bookings are
 * to come already.
 */
export function mayMendByTime(checks: readonly Check[]): boolean {
  return !checks.some(({ rule, level }) => level === 'error' && NOT_OF_TIME.includes(rule));
}

/** Opening hours on the reader's clock; where it is the office's, as they were entered. */
function hoursFor({ limit, nearest = '' }: Check, fmt: Format): string {
  const [from, to] = nearest.split('/').map((at) => new Date(at));
  if (!from || !to || limit.startsWith(timeOf(from, fmt.zone))) return limit;
  return fmt.range(from, to);
}

/** A check in a person's words: the rule, its value and the nearest that is allowed. */
export function describeCheck(check: Check, t: Translate, fmt: Format): string {
  return TEXTS[check.rule]({ ...check, nearest: check.nearest ?? '', name: fmt.name(check.room) }, t, fmt);
}

type Text = (check: Check & { nearest: string; name: string }, t: Translate, fmt: Format) => string;

const describeNotice: Text = ({ rule, name: room, limit, nearest }, t, fmt) =>
  t(rule === 'notice_change' ? 'rules.check.notice_change' : 'rules.check.notice_cancel', {
    room,
    time: describeMinutes(t, Number(limit)),
    until: fmt.dateTime(new Date(nearest)),
  });

const describeLength: Text = ({ rule, name: room, limit }, t) =>
  t(rule === 'min_duration' ? 'rules.check.min_duration' : 'rules.check.max_duration', {
    room,
    time: describeMinutes(t, Number(limit)),
  });

const TEXTS: Record<Rule, Text> = {
  status: ({ name: room, limit, actual }, t, fmt) =>
    limit
      ? t('layouts.check.outUntil', { room, day: fmt.date(limit) })
      : t(actual === 'retired' ? 'rooms.check.retired' : 'rooms.check.outOfService', { room }),
  closed_day: ({ name: room, day, actual }, t, fmt) =>
    day
      ? t('hours.check.closedFor', { room, day: fmt.date(day.on), reason: fmt.name(day.why) })
      : t('rooms.check.closedDay', { room, day: fmt.date(actual) }),
  opening_hours: (check, t, fmt) => {
    const { name: room, day } = check;
    const hours = hoursFor(check, fmt);
    return day
      ? t('hours.check.otherHours', { room, day: fmt.date(day.on), reason: fmt.name(day.why), hours })
      : t('rooms.check.openingHours', { room, hours });
  },
  capacity: ({ name: room, limit, actual }, t) =>
    t('rooms.check.capacity', { room, seats: limit, people: actual }),
  approval: ({ name: room }, t) => t('rules.check.approval', { room }),
  window: ({ name: room, limit, actual, nearest }, t, fmt) =>
    t('rules.check.window', {
      room,
      count: Number(limit),
      day: fmt.date(actual),
      from: fmt.date(nearest),
    }),
  notice_create: ({ name: room, limit, nearest }, t, fmt) =>
    t('rules.check.notice_create', {
      room,
      time: describeMinutes(t, Number(limit)),
      earliest: fmt.dateTime(new Date(nearest)),
    }),
  notice_change: describeNotice,
  notice_cancel: describeNotice,
  min_duration: describeLength,
  max_duration: describeLength,
  interval: ({ name: room, limit, nearest }, t) =>
    t('rules.check.interval', { room, count: Number(limit), times: nearest }),
  quota_person_hours: ({ name: room, limit, actual, nearest }, t) =>
    t('rules.check.quota_person_hours', { room, limit, actual, left: nearest }),
  quota_unit_hours: ({ name: room, limit, actual, nearest }, t) =>
    t('rules.check.quota_unit_hours', { room, limit, actual, left: nearest }),
  quota_person_coming: ({ name: room, limit }, t) =>
    t('rules.check.quota_person_coming', { room, count: Number(limit) }),
  quota_unit_coming: ({ name: room, limit }, t) =>
    t('rules.check.quota_unit_coming', { room, count: Number(limit) }),
  recurring: ({ name: room }, t) => t('rules.check.recurring', { room }),
  recurring_horizon: ({ name: room, limit, nearest }, t, fmt) =>
    t('rules.check.recurring_horizon', { room, count: Number(limit), last: fmt.date(nearest) }),
  members_only: ({ name: room }, t) => t('rules.check.members_only', { room }),
};
