import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import { outsideHours, type Opening } from './openingHours.js';

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
}

/** One rule that a booking does not keep: an error stops it, a notice is only told. */
export interface Check {
  rule: 'status' | 'closed_day' | 'opening_hours' | 'capacity';
  level: 'error' | 'notice';
  room: { id: number; name_en: string; name_zh: string };
  /** What was asked for and what the rule allows: times 'HH:MM–HH:MM' in the office's zone, seats, a status, a day. */
  actual: string;
  limit: string;
  /** The office's secretaries may go beyond it, with a reason. */
  mayOverride: boolean;
  /** The day on which hours stand against it, and why it differs from the week: a holiday, an exception of the room. */
  day?: { on: string; why: { name_en: string; name_zh: string } };
}

export interface Asked {
  startsAt: Date;
  endsAt: Date;
  /** People expected, when known. */
  seats?: number | null;
}

/**
 * The rules that `asked` does not keep in `room`.
 * @param zone the office's, in which opening hours are written
 * @param isOverridden a reason was given: rules that may be overridden become notices
 */
export function checkClaim(room: RoomRules, asked: Asked, zone: string, isOverridden = false): Check[] {
  const found: Check[] = [];
  const add = (rule: Check['rule'], level: Check['level'], actual: string, limit: string, mayOverride: boolean, day?: Check['day']) => {
    const { id, name_en, name_zh } = room;
    found.push({ rule, level: mayOverride && isOverridden ? 'notice' : level, room: { id, name_en, name_zh }, actual, limit, mayOverride, ...(day ? { day } : {}) });
  };
  const status = statusAt(room, asked.startsAt);
  if (status !== 'in_service') add('status', 'error', status, room.back_at ? dayOf(new Date(new Date(room.back_at).getTime() - 1), zone) : '', false);
  const outside = outsideHours(room.hours, asked.startsAt, asked.endsAt, zone);
  const day = outside?.why && { on: outside.on, why: { name_en: outside.why.name_en, name_zh: outside.why.name_zh } };
  if (outside?.opens_at) {
    const actual = `${timeOf(asked.startsAt, zone)}–${timeOf(asked.endsAt, zone)}`;
    add('opening_hours', 'error', actual, `${outside.opens_at}–${outside.closes_at}`, true, day);
  } else if (outside) {
    add('closed_day', 'error', outside.on, '', true, day);
  }
  if (asked.seats && asked.seats > room.capacity) add('capacity', 'notice', String(asked.seats), String(room.capacity), true);
  return found;
}

/** What a room's status is at a time: after its date, a room out of service is in service again. */
export function statusAt(room: { status: RoomStatus; back_at?: Date | string | null }, at: Date): RoomStatus {
  return room.status === 'out_of_service' && room.back_at && new Date(room.back_at) <= at ? 'in_service' : room.status;
}

/** A check in a person's words. */
export function tellCheck(check: Check, t: Translate, fmt: Format): string {
  const room = fmt.name(check.room);
  switch (check.rule) {
    case 'status':
      if (check.limit) return t('layouts.check.outUntil', { room, day: fmt.date(check.limit) });
      return t(check.actual === 'retired' ? 'rooms.check.retired' : 'rooms.check.outOfService', { room });
    case 'closed_day':
      if (check.day) return t('hours.check.closedFor', { room, day: fmt.date(check.day.on), reason: fmt.name(check.day.why) });
      return t('rooms.check.closedDay', { room, day: fmt.date(check.actual) });
    case 'opening_hours':
      if (check.day) return t('hours.check.otherHours', { room, day: fmt.date(check.day.on), reason: fmt.name(check.day.why), hours: check.limit });
      return t('rooms.check.openingHours', { room, hours: check.limit });
    case 'capacity':
      return t('rooms.check.capacity', { room, seats: check.limit, people: check.actual });
  }
}
