import type { Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { weekdayOf, addDays } from '../lib/time/zone.js';
import type { Frequency } from './recurrence.js';

// What becomes of the dates that stand when a rule is replaced by another. Exceptions carry over by local date; a plain date
// that has none there goes, with its agenda and people, to the new date of the same week, month or year.

/** A date of the rule that ends, from the change on. */
export interface StandingDate {
  id: number;
  /** Local day by the rule. */
  on: string;
  startsAt: Date;
  endsAt: Date;
  isCancelled: boolean;
  /** Somebody gave this one date another time, or other rooms. */
  hasOwnTime: boolean;
  hasOwnRooms: boolean;
  itemCount: number;
}

export type CarriedDate =
  /** It stays called off, or where it was moved to. */
  | { kind: 'cancelled' | 'moved'; to: string; date: StandingDate }
  /** It takes the new date. */
  | { kind: 'taken'; to: string; date: StandingDate }
  /** Not in the new rule: a plain one is called off, a moved one stays as it is, a cancellation has nothing to hold to. */
  | { kind: 'calledOff' | 'left' | 'lost'; to: null; date: StandingDate };

/** Days that count as one period: what was planned for a week, a month or a year goes to the new date in it. */
function periodOf(frequency: Frequency, on: string): string {
  if (frequency === 'daily') return on;
  if (frequency === 'weekly') return addDays(on, 1 - weekdayOf(on));
  return on.slice(0, frequency.startsWith('monthly') ? 7 : 4);
}

/**
 * @param standing by time
 * @param days local days of the new rule, by time
 */
export function carryDates(standing: readonly StandingDate[], days: readonly string[], frequency: Frequency): CarriedDate[] {
  const free = new Set(days);
  const carried = new Map<number, CarriedDate>();
  for (const date of standing) {
    if (!free.delete(date.on)) continue;
    carried.set(date.id, { kind: date.isCancelled ? 'cancelled' : date.hasOwnTime ? 'moved' : 'taken', to: date.on, date });
  }
  for (const date of standing) {
    if (carried.has(date.id)) continue;
    if (date.isCancelled) carried.set(date.id, { kind: 'lost', to: null, date });
    else if (date.hasOwnTime) carried.set(date.id, { kind: 'left', to: null, date });
    else {
      const to = [...free].find((day) => periodOf(frequency, day) === periodOf(frequency, date.on));
      if (to !== undefined) free.delete(to);
      carried.set(date.id, to === undefined ? { kind: 'calledOff', to: null, date } : { kind: 'taken', to, date });
    }
  }
  return standing.flatMap((date) => carried.get(date.id) ?? []);
}

/** In a person's words: beside the new dates, and of those that have none. */
export function tellCarried(c: Pick<Context, 't' | 'lang'>, carried: readonly CarriedDate[], zone: string) {
  const fmt = format(c.lang, zone);
  const stands = new Map<string, { text: string; isFixed: boolean }>();
  const otherwise: string[] = [];
  for (const one of carried) {
    const { date, kind } = one;
    const day = fmt.date(date.on);
    const when = `${fmt.shortDay(date.startsAt)} ${fmt.range(date.startsAt, date.endsAt)}`;
    if (kind === 'cancelled') stands.set(one.to, { text: c.t('series.carried.cancelled'), isFixed: true });
    else if (kind === 'moved') stands.set(one.to, { text: c.t('series.carried.moved', { when }), isFixed: true });
    else if (kind === 'taken') {
      const said = [one.to === date.on ? '' : c.t('series.carried.taken', { day }), date.hasOwnRooms ? c.t('series.carried.ownRooms') : ''].filter(Boolean);
      if (said.length > 0) stands.set(one.to, { text: said.join(c.t('series.rule.stop')), isFixed: false });
    } else if (kind === 'calledOff') {
      otherwise.push(date.itemCount > 0 ? c.t('series.carried.calledOffItems', { day, count: date.itemCount }) : c.t('series.carried.calledOff', { day }));
    } else otherwise.push(kind === 'left' ? c.t('series.carried.left', { day, when }) : c.t('series.carried.lost', { day }));
  }
  return { stands, otherwise };
}
