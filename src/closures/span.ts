import { addDays, startOfDay, toInstant } from '../lib/time/zone.js';

// When a closure begins and ends, out of the days and times of its forms. Pure.

export interface SpanForm {
  from_date: string;
  from_time: string;
  to_date: string;
  /** '24:00' is the end of that day. */
  to_time: string;
}

export interface SpanProblem {
  field: 'from_time' | 'to_time' | 'to_date';
  problem: 'rooms.problem.skipped' | 'rooms.problem.endsBefore' | 'rooms.problem.over';
}

/** The instant at which a closure ends; undefined for a wall time that the clock skips. */
export function readEnd(form: Pick<SpanForm, 'to_date' | 'to_time'>, zone: string): Date | undefined {
  return form.to_time === '24:00'
    ? startOfDay(addDays(form.to_date, 1), zone)
    : toInstant(form.to_date, form.to_time, zone);
}

/** What is wrong with an end: the clock skips it, it is not behind the beginning, or it is over. */
export function problemOfEnd(from: Date, to: Date | undefined, now: Date): SpanProblem | undefined {
  if (!to) return { field: 'to_time', problem: 'rooms.problem.skipped' };
  if (to <= from) return { field: 'to_time', problem: 'rooms.problem.endsBefore' };
  return to <= now ? { field: 'to_date', problem: 'rooms.problem.over' } : undefined;
}

/** Reads both ends of a closure. @returns the instants, or what is wrong with which field */
export function readSpan(
  form: SpanForm,
  zone: string,
  now: Date,
): { startsAt: Date; endsAt: Date } | SpanProblem {
  const startsAt = toInstant(form.from_date, form.from_time, zone);
  if (!startsAt) return { field: 'from_time', problem: 'rooms.problem.skipped' };
  const endsAt = readEnd(form, zone);
  const problem = problemOfEnd(startsAt, endsAt, now);
  return problem ?? { startsAt, endsAt: endsAt ?? startsAt };
}
