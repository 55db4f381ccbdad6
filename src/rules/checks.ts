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

/** One rule that is not kept. `nearest` is what would be allowed, as each text of describeCheck says. */
export interface Broken {
  rule: BookingRule;
  actual: string;
  limit: string;
  nearest: string;
}

export interface RuleRequest extends Span {
  now: Date;
  isRecurring: boolean;
  /** Of a change: when the meeting was to begin, and whether it had this room. A new booking has none. */
  before?: { startsAt: Date; hadRoom: boolean };
  /** Inside a slot that was approved: only what a shorter time can break is asked. */
  isApproved?: boolean;
}

const MINUTE = 60_000;
const minutes = (ms: number) => Math.floor(ms / MINUTE);

const brokenBy = (
  rule: BookingRule,
  actual: string | number,
  limit: string | number,
  nearest = '',
): Broken => ({ rule, actual: String(actual), limit: String(limit), nearest });

/** The rules that `request` breaks. Days and wall times are the office's. */
export function brokenRules(rules: BookingRules, request: RuleRequest, zone: string): Broken[] {
  const ofShape = [...brokenChange(rules, request), ...brokenShape(rules, request, zone)];
  return request.isApproved ? ofShape : [...ofShape, ...brokenLimits(rules, request, zone)];
}

/** It may be too late to change anything in a room that the meeting has. */
function brokenChange(rules: BookingRules, { before, now }: RuleRequest): Broken[] {
  const broken = before?.hadRoom ? brokenNotice('notice_change', rules, before.startsAt, now) : undefined;
  return broken ? [broken] : [];
}

/** What a shorter time can break, even inside a slot that was approved. */
function brokenShape(rules: BookingRules, { from, to }: RuleRequest, zone: string): Broken[] {
  const found: Broken[] = [];
  const length = minutes(to.getTime() - from.getTime());
  if (rules.min_minutes > 0 && length < rules.min_minutes)
    found.push(brokenBy('min_duration', length, rules.min_minutes));
  if (rules.start_interval > 0 && minuteOfDay(from, zone) % rules.start_interval !== 0) {
    const [earlier, later] = aroundInterval(from, rules.start_interval, zone);
    found.push(brokenBy('interval', timeOf(from, zone), rules.start_interval, `${earlier} / ${later}`));
  }
  return found;
}

function brokenLimits(rules: BookingRules, request: RuleRequest, zone: string): Broken[] {
  const { from, to } = request;
  const found: Broken[] = [];
  const length = minutes(to.getTime() - from.getTime());
  if (rules.in_policy === 'refuse') found.push(brokenBy('members_only', '', ''));
  if (rules.max_minutes > 0 && length > rules.max_minutes)
    found.push(brokenBy('max_duration', length, rules.max_minutes));
  if (request.isRecurring && rules.recurring === 'denied') found.push(brokenBy('recurring', '', ''));
  return [...found, ...brokenHorizon(rules, request, zone), ...brokenStart(rules, request, zone)];
}

/** Too far ahead. */
function brokenHorizon(rules: BookingRules, request: RuleRequest, zone: string): Broken[] {
  const hasOwn = request.isRecurring && rules.recurring_days > 0;
  const days = hasOwn ? rules.recurring_days : rules.window_days;
  const on = dayOf(request.from, zone);
  const last = addDays(dayOf(request.now, zone), days);
  if (days === 0 || on <= last) return [];
  return [
    hasOwn ? brokenBy('recurring_horizon', on, days, last) : brokenBy('window', on, days, addDays(on, -days)),
  ];
}

/** Too soon; a start that stays where it was in the same room is not asked again. */
function brokenStart(rules: BookingRules, request: RuleRequest, zone: string): Broken[] {
  const { before, from, now } = request;
  const isNew = !before?.hadRoom || before.startsAt.getTime() !== from.getTime();
  const left = from.getTime() - now.getTime();
  if (!isNew || rules.notice_create === 0 || left >= rules.notice_create * MINUTE) return [];
  const earliest = firstStart(rules, now, zone).toISOString();
  return [brokenBy('notice_create', Math.max(0, minutes(left)), rules.notice_create, earliest)];
}

/** Is it too late to change or to call off a meeting that begins at `startsAt`? */
export function brokenNotice(
  rule: 'notice_change' | 'notice_cancel',
  rules: BookingRules,
  startsAt: Date,
  now: Date,
): Broken | undefined {
  const limit = rules[rule];
  const left = startsAt.getTime() - now.getTime();
  if (limit === 0 || left >= limit * MINUTE) return undefined;
  const until = new Date(startsAt.getTime() - limit * MINUTE).toISOString();
  return brokenBy(rule, Math.max(0, minutes(left)), limit, until);
}

/**
 * What somebody (or their unit) has booked already: in the week of the request, and everything to come. Hours
 * may have parts.
 */
export type Usage = Record<Quota, { ofRoom: number; all: number }>;

export function brokenQuotas(rules: BookingRules, request: Span, usage: Usage): Broken[] {
  const hours = (request.to.getTime() - request.from.getTime()) / 3_600_000;
  return QUOTAS.flatMap((rule) => {
    const limit = rules[rule];
    if (limit === 0) return [];
    const used = rules.ofRoom.includes(rule) ? usage[rule].ofRoom : usage[rule].all;
    const needed = rule.endsWith('_hours') ? hours : 1;
    if (used + needed <= limit) return [];
    return [
      { rule, actual: tidy(used + needed), limit: String(limit), nearest: tidy(Math.max(0, limit - used)) },
    ];
  });
}

const tidy = (value: number) => String(Math.round(value * 100) / 100);

/**
 * The span nearest to `request` that all these rules allow, whoever has the rooms: not too soon, not too far,
 * of an allowed length, beginning where one may begin.
 */
export function fittingSpan(
  all: readonly BookingRules[],
  request: RuleRequest,
  broken: readonly Broken[],
  zone: string,
): Span {
  const most = Math.min(
    ...all.map((rules) => rules.max_minutes || Infinity),
    ...hoursLeft(broken).map((left) => left * 60),
  );
  const least = Math.max(...all.map((rules) => rules.min_minutes));
  let length = minutes(request.to.getTime() - request.from.getTime());
  if (most >= least && most > 0) length = Math.max(Math.min(length, most), least);
  let from = request.from;
  const soonest = Math.max(...all.map((rules) => firstStart(rules, request.now, zone).getTime()));
  const days = Math.min(
    ...all.map(
      (rules) =>
        (request.isRecurring && rules.recurring_days ? rules.recurring_days : rules.window_days) || Infinity,
    ),
  );
  const last = days === Infinity ? undefined : addDays(dayOf(request.now, zone), days);
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

/**
 * The first instant from `from` on at which a booking may begin; in steps of five minutes, as the intervals
 * are.
 */
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

/** Minutes at whose multiples all rooms let a booking begin; undefined where none says. */
export function commonStep(rules: BookingRules[]): number | undefined {
  const steps = rules.map((one) => one.start_interval).filter((step) => step > 0);
  const multiple = (a: number, b: number): number => {
    for (let product = Math.max(a, b); ; product += Math.max(a, b))
      if (product % a === 0 && product % b === 0) return product;
  };
  return steps.length ? Math.max(5, steps.reduce(multiple, 1)) : undefined;
}
