import { z } from 'zod';
import { id, list, message, optionalId, optionalProse, optionalWhole, whole } from '../lib/http/fields.js';
import { picks, was } from '../lib/http/merge.js';
import { CHOICES, NUMBERS, RULES, type ChoiceRule, type NumberRule } from './layers.js';

const MAX: Record<NumberRule, [number, number]> = {
  window_days: [0, 3650],
  notice_create: [0, 525_600],
  notice_change: [0, 525_600],
  notice_cancel: [0, 525_600],
  min_minutes: [0, 10_080],
  max_minutes: [0, 10_080],
  start_interval: [0, 60],
  quota_person_hours: [0, 168],
  quota_person_coming: [0, 1000],
  quota_unit_hours: [0, 10_000],
  quota_unit_coming: [0, 10_000],
  recurring_days: [0, 3650],
  answer_hours: [1, 720],
  check_in_opens: [0, 240],
  check_in_releases: [1, 240],
  check_in_exempt_over: [0, 10_080],
  check_in_exempt_notice: [0, 1440],
};
/** Minutes at which a booking may begin; 0 lifts the rule. */
export const INTERVALS = [0, 5, 10, 15, 20, 30, 60];

const numbers = Object.fromEntries(NUMBERS.map((name) => [name, optionalWhole(...MAX[name])])) as {
  [K in NumberRule]: ReturnType<typeof optionalWhole>;
};
/** One of the words, or nothing. */
const word = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .union([z.literal('').transform(() => null), z.enum(values)], { error: message('lib.field.choice') })
    .optional()
    .transform((value) => value ?? null);
const choices = {
  recurring: word(CHOICES.recurring),
  capacity_rule: word(CHOICES.capacity_rule),
  in_policy: word(CHOICES.in_policy),
  out_of_policy: word(CHOICES.out_of_policy),
  requests_hold: word(CHOICES.requests_hold),
  check_in: word(CHOICES.check_in),
} satisfies Record<ChoiceRule, unknown>;

/**
 * One layer of rules, and (of a room) who decides about requests. `version`
 * is 0 while nothing is set, `was` what stood on the page when it was opened.
 */
export const RulesForm = z
  .strictObject({
    ...numbers,
    ...choices,
    approvers: optionalProse(10_000),
    approver_groups: list(id(), 50),
    ...picks(RULES),
    version: whole(0, 999_999_999),
    was: was(),
  })
  .refine((form) => form.start_interval === null || INTERVALS.includes(form.start_interval), {
    path: ['start_interval'],
    error: message('lib.field.choice'),
  })
  .refine((form) => !form.min_minutes || !form.max_minutes || form.min_minutes <= form.max_minutes, {
    path: ['min_minutes'],
    error: message('rules.problem.minMax'),
  });
export type RulesForm = z.output<typeof RulesForm>;

export const GroupQuery = z.object({ group: optionalId().catch(null) });
export const RemoveRulesForm = z.strictObject({ version: whole(0, 999_999_999) });
