import { groupedBy } from '../lib/groupedBy.js';
import type { Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { weekdayOf, addDays } from '../lib/time/zone.js';
import type { Frequency } from '../series/recurrence.js';

// What becomes of the dates that stand when a rule is replaced by another. A date goes, as it stands (called
// off, moved, or with its agenda and people), to the new date of the same day, else of the same week, month
// or year. Pure.

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
  /** In a list of single dates: another one on a day that has one already. */
  isSecond?: boolean;
}

export type CarriedDate =
  /** It takes the place of the new date and stays called off, or where it was moved to. */
  | { kind: 'cancelled' | 'moved'; to: string; date: StandingDate }
  /** It takes the new date. */
  | { kind: 'taken'; to: string; date: StandingDate }
  /**
   * No new date is left for it: a plain one is called off, a moved one stays as it is, a cancellation has
   * nothing to hold to.
   */
  | { kind: 'calledOff' | 'left' | 'lost'; to: null; date: StandingDate };

/**
 * Days that count as one period: what was planned for a week, a month or a year goes to the new date in it.
 */
function periodOf(frequency: Frequency, on: string): string {
  if (frequency === 'daily') return on;
  if (frequency === 'weekly') return addDays(on, 1 - weekdayOf(on));
  return on.slice(0, frequency.startsWith('monthly') ? 7 : 4);
}

/**
 * Dates of the same day come first. Of what is left in a period nobody overtakes anybody, each goes to the
 * nearest day; where there are fewer days than dates, a date that stands goes before one that was moved, and
 * that before one that was called off.
 * @param standing by time
 * @param days local days of the new rule, by time
 */
export function carryDates(
  standing: readonly StandingDate[],
  days: readonly string[],
  frequency: Frequency,
): CarriedDate[] {
  const free = new Set(days);
  const places = new Map<StandingDate, string>();
  for (const date of standing) if (free.delete(date.on)) places.set(date, date.on);
  const left = groupedBy(
    standing.filter((date) => !places.has(date)),
    ({ on }) => periodOf(frequency, on),
  );
  const open = groupedBy([...free], (day) => periodOf(frequency, day));
  for (const [period, dates] of left)
    for (const [date, to] of pairs(dates, open.get(period) ?? [])) places.set(date, to);
  return standing.map((date) => carriedTo(date, places.get(date)));
}

/**
 * Of a list of single dates: days that stay on the list keep theirs, one that was taken off it is called off.
 * What was called off and is not on the list is no matter of it.
 */
export function carryList(standing: readonly StandingDate[], days: readonly string[]): CarriedDate[] {
  const listed = new Set(days);
  return standing.flatMap((date): CarriedDate[] => {
    if (!date.isSecond && listed.has(date.on)) return [carriedTo(date, date.on)];
    return date.isCancelled ? [] : [{ kind: date.isSecond ? 'left' : 'calledOff', to: null, date }];
  });
}

function carriedTo(date: StandingDate, to: string | undefined): CarriedDate {
  const [within, outside] = KINDS[lookOf(date)];
  return to === undefined ? { kind: outside, to: null, date } : { kind: within, to, date };
}

/** What a date is in the eyes of a new rule. */
function lookOf(date: StandingDate): 'cancelled' | 'moved' | 'plain' {
  if (date.isCancelled) return 'cancelled';
  return date.hasOwnTime ? 'moved' : 'plain';
}

/** What becomes of it with a new date, and without one. */
const KINDS = {
  cancelled: ['cancelled', 'lost'],
  moved: ['moved', 'left'],
  plain: ['taken', 'calledOff'],
} as const;

/**
 * Each a thousand times the one before: no number of lesser dates outweighs a greater one, and no way is as
 * long.
 */
const WEIGHT = { cancelled: 1e6, moved: 1e9, plain: 1e12 };

/**
 * Dates of one period with its free days: as many and as weighty as can be, then as near as can be, in order
 * of time.
 */
function pairs(dates: readonly StandingDate[], days: readonly string[]): [StandingDate, string][] {
  // best[i][j]: the most that the dates from i on can have of the days from j on.
  const best = Array.from({ length: dates.length + 1 }, () => new Array<number>(days.length + 1).fill(0));
  const worth = (i: number, j: number) => {
    const [date, day] = [dates[i], days[j]];
    if (!date || !day) return 0;
    const weight = WEIGHT[lookOf(date)];
    return (
      weight - Math.abs(Date.parse(date.on) - Date.parse(day)) / 86_400_000 + (best[i + 1]?.[j + 1] ?? 0)
    );
  };
  for (let i = dates.length - 1; i >= 0; i--) {
    for (let j = days.length - 1; j >= 0; j--) {
      const line = best[i];
      if (line) line[j] = Math.max(worth(i, j), best[i + 1]?.[j] ?? 0, line[j + 1] ?? 0);
    }
  }
  const found: [StandingDate, string][] = [];
  for (let [i, j] = [0, 0]; i < dates.length && j < days.length;) {
    const [date, day, most] = [dates[i], days[j], best[i]?.[j]];
    if (date && day && worth(i, j) === most) {
      found.push([date, day]);
      i++;
      j++;
    } else if (best[i + 1]?.[j] === most) i++;
    else j++;
  }
  return found;
}

/** In a person's words: beside the new dates, and of those that have none. */
export function describeCarried(
  c: Pick<Context, 't' | 'lang'>,
  carried: readonly CarriedDate[],
  { zone, rule }: { zone: string; rule: unknown },
) {
  const fmt = format(c.lang, zone);
  const stands = new Map<string, { text: string; isFixed: boolean }>();
  const otherwise: string[] = [];
  for (const one of carried) {
    const { date, kind } = one;
    const day = fmt.date(date.on);
    const when = `${fmt.shortDay(date.startsAt)} ${fmt.range(date.startsAt, date.endsAt)}`;
    const isElsewhere = one.to !== date.on;
    if (kind === 'cancelled')
      stands.set(one.to, {
        text: isElsewhere ? c.t('series.carried.cancelledOf', { day }) : c.t('series.carried.cancelled'),
        isFixed: true,
      });
    else if (kind === 'moved')
      stands.set(one.to, {
        text: isElsewhere
          ? c.t('series.carried.movedOf', { day, when })
          : c.t(rule === null ? 'series.carried.ownTime' : 'series.carried.moved', { when }),
        isFixed: true,
      });
    else if (kind === 'taken') {
      const said = [
        isElsewhere ? c.t('series.carried.taken', { day }) : '',
        date.hasOwnRooms ? c.t('series.carried.ownRooms') : '',
      ].filter(Boolean);
      if (said.length > 0) stands.set(one.to, { text: said.join(c.t('series.rule.stop')), isFixed: false });
    } else if (kind === 'calledOff') {
      otherwise.push(
        date.itemCount > 0
          ? c.t('series.carried.calledOffItems', { day, count: date.itemCount })
          : c.t('series.carried.calledOff', { day }),
      );
    } else if (date.isSecond) otherwise.push(c.t('series.carried.second', { when }));
    else
      otherwise.push(
        kind === 'left' ? c.t('series.carried.left', { day, when }) : c.t('series.carried.lost', { day }),
      );
  }
  return { stands, otherwise };
}
