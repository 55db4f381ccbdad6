import { addDays } from '../lib/time/zone.js';
import { nextMonth, previousMonth } from '../calendar/spanGrid.js';

// The days a report is about. Whole months are stepped by months, whatever their length; any other days by as
// many days.

export interface UsePeriod {
  /** Both included. */
  first: string;
  last: string;
  /** Whole months; 0 for any other days. */
  months: number;
}

export function periodOf(first: string, last: string): UsePeriod {
  let months = 0;
  if (first.endsWith('-01') && addDays(last, 1).endsWith('-01'))
    for (let on = first; on <= last; on = nextMonth(on)) months++;
  return { first, last, months };
}

export function monthOf(on: string): UsePeriod {
  const first = `${on.slice(0, 8)}01`;
  return { first, last: addDays(nextMonth(first), -1), months: 1 };
}

export function quarterOf(on: string): UsePeriod {
  const month = Number(on.slice(5, 7));
  const first = `${on.slice(0, 5)}${String(month - ((month - 1) % 3)).padStart(2, '0')}-01`;
  return { first, last: addDays(nextMonth(nextMonth(nextMonth(first))), -1), months: 3 };
}

/** Which quarter of the year it is, if it is one. */
export function quarterNumber({ first, months }: UsePeriod): 1 | 2 | 3 | 4 | undefined {
  const month = Number(first.slice(5, 7));
  return months === 3 && month % 3 === 1 ? (((month - 1) / 3 + 1) as 1 | 2 | 3 | 4) : undefined;
}

export function isYear({ first, months }: UsePeriod): boolean {
  return months === 12 && first.slice(5) === '01-01';
}

/** The period before or after, of the same length. */
export function besides(period: UsePeriod, which: 'before' | 'after'): UsePeriod {
  const { first, last, months } = period;
  if (!months) {
    const days = Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1;
    const by = which === 'before' ? -days : days;
    return periodOf(addDays(first, by), addDays(last, by));
  }
  if (which === 'after') {
    let end = addDays(last, 1);
    for (let n = 0; n < months; n++) end = nextMonth(end);
    return { first: addDays(last, 1), last: addDays(end, -1), months };
  }
  let start = first;
  for (let n = 0; n < months; n++) start = previousMonth(start);
  return { first: start, last: addDays(first, -1), months };
}
