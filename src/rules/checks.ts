import { addDays, dayOf, startOfDay, timeOf } from '../lib/time/zone.js';
import { QUOTAS, type BookingRules, type Quota } from './layers.js';
import type { Span } from '../hours/openingHours.js';

// What a booking keeps of a room's rules. Pure; quotas are counted by the caller.

export type BookingRule =
  | 'window'
  | 'notice_create'
  | 'notice_change'
  | 'notice_cancel'
  | 'min_duration'
  | 'max_duration'
  | 'interval'
  | Quota
  | 'recurring'
  | 'recurring_horizon'
  | 'members_only';

/** One rule that is not kept. `nearest` is what would be allowed, as each text of tellCheck says. */
export interface Broken {
  rule: BookingRule;
  actual: string;
  limit: string;
  nearest: string;
}

export interface RuleWish extends Span {
  now: Date;
  isRecurring: boolean;
  /** Of a change: when the meeting was to begin, and whether it had this room. A new booking has none. */
  before?: { startsAt: Date; hadRoom: boolean };
  /** Inside a slot that was approved: only what a shorter time can break is asked. */
  isApproved?: boolean;
}

const MINUTE = 60_000;
const minutes = (ms: number) => Math.floor(ms / MINUTE);

/** The rules that `wish` breaks. Days and wall times are the office's. */
export function brokenRules(rules: BookingRules, wish: RuleWish, zone: string): Broken[] {
  const found: Broken[] = [];
  const add = (rule: BookingRule, actual: string | number, limit: string | number, nearest = '') =>
    found.push({ rule, actual: String(actual), limit: String(limit), nearest });
  const { from, to, now, before } = wish;
  const length = minutes(to.getTime() - from.getTime());
  const today = dayOf(now, zone);
  const on = dayOf(from, zone);

  if (before?.hadRoom && rules.notice_change > 0)
    noticeOf('notice_change', rules.notice_change, before.startsAt, now, add);
  if (rules.min_minutes > 0 && length < rules.min_minutes) add('min_duration', length, rules.min_minutes);
  if (rules.start_interval > 0 && minuteOfDay(from, zone) % rules.start_interval !== 0) {
    const [earlier, later] = aroundInterval(from, rules.start_interval, zone);
    add('interval', timeOf(from, zone), rules.start_interval, `${earlier} / ${later}`);
  }
  if (wish.isApproved) return found;

  if (rules.in_policy === 'refuse') add('members_only', '', '');
  if (rules.max_minutes > 0 && length > rules.max_minutes) add('max_duration', length, rules.max_minutes);
  if (wish.isRecurring && rules.recurring === 'denied') add('recurring', '', '');
  const days = wish.isRecurring && rules.recurring_days > 0 ? rules.recurring_days : rules.window_days;
  if (days > 0 && on > addDays(today, days)) {
    if (wish.isRecurring && rules.recurring_days > 0)
      add('recurring_horizon', on, days, addDays(today, days));
    else add('window', on, days, addDays(on, -days));
  }
  const isNewStart = !before || !before.hadRoom || before.startsAt.getTime() !== from.getTime();
  if (
    isNewStart &&
    rules.notice_create > 0 &&
    from.getTime() - now.getTime() < rules.notice_create * MINUTE
  ) {
    add(
      'notice_create',
      Math.max(0, minutes(from.getTime() - now.getTime())),
      rules.notice_create,
      firstStart(rules, now, zone).toISOString(),
    );
  }
  return found;
}

/** Is it too late to change or to call off a meeting that begins at `startsAt`? */
export function brokenNotice(
  rule: 'notice_change' | 'notice_cancel',
  rules: BookingRules,
  startsAt: Date,
  now: Date,
): Broken | undefined {
  let found: Broken | undefined;
  noticeOf(
    rule,
    rules[rule],
    startsAt,
    now,
    (name, actual, limit, nearest = '') =>
      (found = { rule: name, actual: String(actual), limit: String(limit), nearest }),
  );
  return found;
}

function noticeOf(
  rule: 'notice_change' | 'notice_cancel',
  limit: number,
  startsAt: Date,
  now: Date,
  add: (rule: BookingRule, actual: number, limit: number, nearest: string) => void,
): void {
  const left = startsAt.getTime() - now.getTime();
  if (limit > 0 && left < limit * MINUTE)
    add(rule, Math.max(0, minutes(left)), limit, new Date(startsAt.getTime() - limit * MINUTE).toISOString());
}

/** What somebody (or their unit) has booked already: in the week of the wish, and everything to come. Hours may have parts. */
export type Usage = Record<Quota, { ofRoom: number; all: number }>;

export function brokenQuotas(rules: BookingRules, wish: Span, usage: Usage): Broken[] {
  const hours = (wish.to.getTime() - wish.from.getTime()) / 3_600_000;
  return QUOTAS.flatMap((rule) => {
    const limit = rules[rule];
    if (limit === 0) return [];
    const used = rules.ofRoom.includes(rule) ? usage[rule].ofRoom : usage[rule].all;
    const wanted = rule.endsWith('_hours') ? hours : 1;
    if (used + wanted <= limit) return [];
    return [
      { rule, actual: tidy(used + wanted), limit: String(limit), nearest: tidy(Math.max(0, limit - used)) },
    ];
  });
}

const tidy = (value: number) => String(Math.round(value * 100) / 100);

/**
 * The span nearest to `wish` that all these rules allow, whoever has the rooms: not too soon, not too far, of an allowed
 * length, beginning where one may begin.
 */
export function fittingSpan(
  all: readonly BookingRules[],
  wish: RuleWish,
  broken: readonly Broken[],
  zone: string,
): Span {
  const most = Math.min(
    ...all.map((rules) => rules.max_minutes || Infinity),
    ...hoursLeft(broken).map((left) => left * 60),
  );
  const least = Math.max(...all.map((rules) => rules.min_minutes));
  let length = minutes(wish.to.getTime() - wish.from.getTime());
  if (most >= least && most > 0) length = Math.max(Math.min(length, most), least);
  let from = wish.from;
  const soonest = Math.max(...all.map((rules) => firstStart(rules, wish.now, zone).getTime()));
  const days = Math.min(
    ...all.map(
      (rules) =>
        (wish.isRecurring && rules.recurring_days ? rules.recurring_days : rules.window_days) || Infinity,
    ),
  );
  const last = days === Infinity ? undefined : addDays(dayOf(wish.now, zone), days);
  if (last && dayOf(from, zone) > last)
    from = new Date(startOfDay(last, zone).getTime() + minuteOfDay(from, zone) * MINUTE);
  if (from.getTime() < soonest && all.some((rules) => rules.notice_create > 0)) from = new Date(soonest);
  from = nextStart(all, from, zone);
  return { from, to: new Date(from.getTime() + length * MINUTE) };
}

function hoursLeft(broken: readonly Broken[]): number[] {
  return broken
    .filter(({ rule, nearest }) => rule.endsWith('_hours') && Number(nearest) > 0)
    .map(({ nearest }) => Number(nearest));
}

function firstStart(rules: BookingRules, now: Date, zone: string): Date {
  const soonest = new Date(now.getTime() + rules.notice_create * MINUTE);
  const quarter = new Date(Math.ceil(soonest.getTime() / (5 * MINUTE)) * 5 * MINUTE);
  return nextStart([rules], quarter, zone);
}

/** The first instant from `from` on at which a booking may begin; in steps of five minutes, as the intervals are. */
export function nextStart(all: readonly BookingRules[], from: Date, zone: string): Date {
  const steps = all.map((rules) => rules.start_interval).filter((step) => step > 0);
  if (!steps.length) return from;
  let at = Math.ceil(from.getTime() / (5 * MINUTE)) * 5 * MINUTE;
  for (let tries = 0; tries < 288; tries++, at += 5 * MINUTE) {
    const minute = minuteOfDay(new Date(at), zone);
    if (steps.every((step) => minute % step === 0)) return new Date(at);
  }
  return from;
}

function minuteOfDay(at: Date, zone: string): number {
  const [hour = 0, minute = 0] = timeOf(at, zone).split(':').map(Number);
  return hour * 60 + minute;
}

function aroundInterval(from: Date, step: number, zone: string): [string, string] {
  const beyond = minuteOfDay(from, zone) % step;
  const earlier = new Date(from.getTime() - beyond * MINUTE);
  return [timeOf(earlier, zone), timeOf(new Date(earlier.getTime() + step * MINUTE), zone)];
}
