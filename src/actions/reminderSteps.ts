import { DateTime } from 'luxon';
import { addDays } from '../lib/time/zone.js';
import { daysBetween, LIGHT_DAYS } from './lights.js';

export type ReminderLevel = 'before_due' | 'due' | 'overdue';

export interface ReminderStep {
  level: ReminderLevel;
  /** The day the step belongs to, not the day it is sent: with it the same step is never sent twice. */
  on_day: string;
}

/**
 * The step of the ladder that an action stands on today: three days before, on the day, then every week.
 * A step missed on a weekend or while the machine was off is caught up as long as no later one has come.
 * @param assignedOn steps up to the day of the assignment are left out: its own mail said the same
 */
export function stepOf(dueOn: string, assignedOn: string, today: string): ReminderStep | undefined {
  const step = lastStep(dueOn, daysBetween(dueOn, today));
  return step && step.on_day > assignedOn ? step : undefined;
}

/** @param late days since it was due; negative before */
function lastStep(dueOn: string, late: number): ReminderStep | undefined {
  if (late < -LIGHT_DAYS) return undefined;
  if (late < 0) return { level: 'before_due', on_day: addDays(dueOn, -LIGHT_DAYS) };
  if (late < 7) return { level: 'due', on_day: dueOn };
  return { level: 'overdue', on_day: addDays(dueOn, Math.floor(late / 7) * 7) };
}

/**
 * First and last hour of the day in which people are reminded, Monday to Friday, in the organisation's zone.
 */
export const WORKING_HOURS = { from: 9, to: 17 };

export function isWorkingHour(instant: Date, zone: string): boolean {
  const local = DateTime.fromJSDate(instant, { zone });
  return local.weekday <= 5 && local.hour >= WORKING_HOURS.from && local.hour < WORKING_HOURS.to;
}
