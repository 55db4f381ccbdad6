import type { Key, Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import { addDays, dayOf, timeOf, toInstant } from '../lib/time/zone.js';
import type { BookingRules } from '../rules/layers.js';
import { openSpan, outsideHours, type Opening } from '../hours/openingHours.js';
import { brokenRules, type BookingRule, type Broken, type RuleWish } from '../rules/checks.js';

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
  /** What was asked for and what the rule allows: times 'HH:MM–HH:MM' in the office's zone, seats, a status, a day, minutes, hours. */
  actual: string;
  limit: string;
  /** What would be allowed: a day, an instant, times, hours, two instants 'from/to' in which it is open; see tellCheck. */
  nearest?: string;
  /** The office's secretaries may go beyond it, with a reason. */
  mayOverride: boolean;
  /** Who decides about the room may be asked to allow it. */
  mayRequest?: boolean;
  /** It would have been an error: a secretary's reason went beyond it. */
  isOverridden?: boolean;
  /** The day on which hours stand against it, and why it differs from the week: a holiday, an exception of the room. */
  day?: { on: string; why: { name_en: string; name_zh: string } };
}

export interface Asked {
  startsAt: Date;
  endsAt: Date;
  /** People expected, when known. */
  seats?: number | null;
  /** What the rules of booking depend on besides the time. */
  wish?: Omit<RuleWish, 'from' | 'to'>;
}

/**
 * The rules that `asked` does not keep in `room`.
 * @param zone the office's, in which opening hours are written
 * @param isOverridden a reason was given: rules that may be overridden become notices
 */
export function checkClaim(room: RoomRules, asked: Asked, zone: string, isOverridden = false): Check[] {
  const found: Check[] = [];
  const { rules } = room;
  const add = (
    rule: Rule,
    level: Check['level'],
    actual: string,
    limit: string,
    mayOverride: boolean,
    day?: Check['day'],
    nearest = '',
  ) => {
    found.push({
      ...checkOf(room, { rule, actual, limit, nearest }, { level, mayOverride, isOverridden }),
      ...(day ? { day } : {}),
    });
  };
  const status = statusAt(room, asked.startsAt);
  if (status !== 'in_service') {
    const backAt = room.back_at ? new Date(room.back_at) : undefined;
    found.push(
      checkOf(
        room,
        {
          rule: 'status',
          actual: status,
          limit: backAt ? dayOf(new Date(backAt.getTime() - 1), zone) : '',
          nearest: backAt?.toISOString() ?? '',
        },
        { mayOverride: false },
      ),
    );
  }
  const outside = asked.wish?.isApproved
    ? undefined
    : outsideHours(room.hours, asked.startsAt, asked.endsAt, zone);
  const day = outside?.why && {
    on: outside.on,
    why: { name_en: outside.why.name_en, name_zh: outside.why.name_zh },
  };
  const open = outside?.opens_at ? openSpan(room.hours, outside.on, zone) : undefined;
  if (outside && open) {
    const actual = `${timeOf(asked.startsAt, zone)}–${timeOf(asked.endsAt, zone)}`;
    add(
      'opening_hours',
      'error',
      actual,
      `${outside.opens_at}–${outside.closes_at}`,
      true,
      day,
      `${open.from.toISOString()}/${open.to.toISOString()}`,
    );
  } else if (outside) {
    add('closed_day', 'error', outside.on, '', true, day);
  }
  const capacity = rules?.capacity_rule ?? 'warn';
  if (asked.seats && asked.seats > room.capacity && capacity !== 'off') {
    add(
      'capacity',
      capacity === 'deny' ? 'error' : 'notice',
      String(asked.seats),
      String(room.capacity),
      true,
    );
  }
  if (rules && asked.wish) {
    for (const broken of brokenRules(rules, { ...asked.wish, from: asked.startsAt, to: asked.endsAt }, zone))
      found.push(checkOf(room, broken, { isOverridden }));
  }
  return found;
}

/** What a room's status is at a time: after its date, a room out of service is in service again. */
export function statusAt(room: { status: RoomStatus; back_at?: Date | string | null }, at: Date): RoomStatus {
  return room.status === 'out_of_service' && room.back_at && new Date(room.back_at) <= at
    ? 'in_service'
    : room.status;
}

/** The first instant at the same time of day as `wanted` at which the room is back; `wanted` itself where it isn't out of service or nobody knows until when. */
export function whenBack(
  room: { status: RoomStatus; back_at?: Date | string | null },
  wanted: Date,
  zone: string,
): Date {
  if (room.status !== 'out_of_service' || !room.back_at || new Date(room.back_at) <= wanted) return wanted;
  const backAt = new Date(room.back_at);
  const at = (days: number) => toInstant(addDays(dayOf(backAt, zone), days), timeOf(wanted, zone), zone);
  // A time that a clock change skips is there on the next day.
  return [at(0), at(1), at(2)].find((instant) => instant !== undefined && instant >= backAt) ?? backAt;
}

/** "Bamboo is back on Fri 4 Dec", over the times that are offered then; undefined where nothing is known of that. */
export function tellBack(checks: readonly Check[], t: Translate, fmt: Format): string | undefined {
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
    ...(broken.nearest ? { nearest: broken.nearest } : {}),
    // Too late is too late: what begins before anybody has read a request can't be asked for.
    ...(mayOverride &&
    level === 'error' &&
    room.rules?.out_of_policy === 'request' &&
    !TOO_LATE.includes(broken.rule)
      ? { mayRequest: true }
      : {}),
    ...(goesBeyond && level === 'error' ? { isOverridden: true } : {}),
  };
}

const TOO_LATE: readonly Rule[] = ['notice_change', 'notice_cancel'];

const NOT_OF_TIME: readonly Rule[] = ['capacity', 'quota_person_coming', 'quota_unit_coming', 'recurring'];

/** Would another time in the same room help? Not where too many people are expected, or too many bookings are to come already. */
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
export function tellCheck(check: Check, t: Translate, fmt: Format): string {
  const room = fmt.name(check.room);
  const { actual, limit, nearest = '' } = check;
  switch (check.rule) {
    case 'status':
      if (limit) return t('layouts.check.outUntil', { room, day: fmt.date(limit) });
      return t(actual === 'retired' ? 'rooms.check.retired' : 'rooms.check.outOfService', { room });
    case 'closed_day':
      if (check.day)
        return t('hours.check.closedFor', {
          room,
          day: fmt.date(check.day.on),
          reason: fmt.name(check.day.why),
        });
      return t('rooms.check.closedDay', { room, day: fmt.date(actual) });
    case 'opening_hours':
      if (check.day)
        return t('hours.check.otherHours', {
          room,
          day: fmt.date(check.day.on),
          reason: fmt.name(check.day.why),
          hours: hoursFor(check, fmt),
        });
      return t('rooms.check.openingHours', { room, hours: hoursFor(check, fmt) });
    case 'capacity':
      return t('rooms.check.capacity', { room, seats: limit, people: actual });
    case 'approval':
      return t('rules.check.approval', { room });
    case 'window':
      return t('rules.check.window', {
        room,
        count: Number(limit),
        day: fmt.date(actual),
        from: fmt.date(nearest),
      });
    case 'notice_create':
      return t('rules.check.notice_create', {
        room,
        time: tellMinutes(t, Number(limit)),
        earliest: fmt.dateTime(new Date(nearest)),
      });
    case 'notice_change':
      return t('rules.check.notice_change', {
        room,
        time: tellMinutes(t, Number(limit)),
        until: fmt.dateTime(new Date(nearest)),
      });
    case 'notice_cancel':
      return t('rules.check.notice_cancel', {
        room,
        time: tellMinutes(t, Number(limit)),
        until: fmt.dateTime(new Date(nearest)),
      });
    case 'min_duration':
      return t('rules.check.min_duration', { room, time: tellMinutes(t, Number(limit)) });
    case 'max_duration':
      return t('rules.check.max_duration', { room, time: tellMinutes(t, Number(limit)) });
    case 'interval':
      return t('rules.check.interval', { room, count: Number(limit), times: nearest });
    case 'quota_person_hours':
    case 'quota_unit_hours':
      return t(`rules.check.${check.rule}`, { room, limit, actual, left: nearest });
    case 'quota_person_coming':
    case 'quota_unit_coming':
      return t(`rules.check.${check.rule}`, { room, count: Number(limit) });
    case 'recurring':
      return t('rules.check.recurring', { room });
    case 'recurring_horizon':
      return t('rules.check.recurring_horizon', { room, count: Number(limit), last: fmt.date(nearest) });
    case 'members_only':
      return t('rules.check.members_only', { room });
  }
}

/** "45 min", "2 hours", "3 days": minutes in the largest unit that they fill. */
export function tellMinutes(t: Translate, minutes: number): string {
  const [key, size]: [Key, number] =
    minutes > 0 && minutes % 1440 === 0
      ? ['rules.time.days', 1440]
      : minutes > 0 && minutes % 60 === 0
        ? ['rules.time.hours', 60]
        : ['rules.time.minutes', 1];
  return t(key, { count: minutes / size });
}
