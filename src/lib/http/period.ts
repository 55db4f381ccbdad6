import { z } from 'zod';
import { addDays } from '../time/zone.js';
import { optionalDate } from './fields.js';

/**
 * Any days, both included; what is left out or makes no sense is
 * filled by the page. The form is views/lib/period.ejs.
 */
export const PeriodQuery = z.object({ from: optionalDate().catch(null), to: optionalDate().catch(null) });

/**
 * The days from one to another, at most so many, the last of them
 * kept; a first day after the last is that day alone.
 */
export function chosenDays(from: string, to: string, most: number): { first: string; last: string } {
  const earliest = addDays(to, 1 - most);
  if (from > to) return { first: to, last: to };
  return { first: from < earliest ? earliest : from, last: to };
}
