import { z } from 'zod';
import {
  choice,
  date,
  flag,
  line,
  list,
  message,
  onceKey,
  optionalDate,
  optionalId,
  optionalLine,
  optionalLink,
  optionalProse,
  optionalWhole,
  time,
  version,
  whole,
  zone,
} from '../lib/http/fields.js';
import { meetingFields } from '../meetings/forms.js';
import { FREQUENCIES } from '../series/recurrence.js';
import type { DateChoice } from './schedule.js';

import { seriesFields } from '../series/forms.js';

/** Most dates one plan may have. */
export const MAX_DATES = 400;

const dateFields = {
  /** `dates`: no rule but a list of single dates. */
  frequency: choice([...FREQUENCIES, 'dates']),
  every: whole(1, 12),
  weekday: list(whole(1, 7), 7),
  month_day: whole(1, 31),
  nth: choice(['1', '2', '3', '4', '-1']).transform(Number),
  nth_weekday: whole(1, 7),
  month: optionalWhole(1, 12),
  from_on: date(),
  ends: choice(['on', 'count']).optional(),
  until_on: optionalDate(),
  count: optionalWhole(1, MAX_DATES),
  /** One a line, or parted by commas. */
  on_dates: optionalProse(20_000),
  from: time(),
  to: time(),
  zone: zone(),
  rooms: list(optionalId(), 12).transform((ids) => [...new Set(ids.filter((room) => room !== null))]),
  link: optionalLink(),
  place: optionalLine(300),
};

/**
 * One line of the plan for each date of the rule, in the same order: what is done with it, and why when it is
 * skipped.
 */
const planFields = {
  at: list(date(), 500),
  choice: list(
    z.string().regex(/^(keep|skip|wait|bare|room:[1-9]\d{0,14}|time:\d{1,15}\/\d{1,15})$/, {
      error: message('lib.field.choice'),
    }),
    500,
  ),
  reason: list(optionalLine(300), 500),
  /** One reason for all dates: to go beyond rules of the rooms, and to ask who decides about them. */
  override_reason: optionalLine(300),
  ask_reason: optionalLine(300),
  /** The plan has been seen and is meant. */
  confirmed: flag(),
  /** Back to the rule, with everything kept. */
  back: flag(),
};

/** What all dates have in their rooms. */
const settingFields = {
  layout: meetingFields.layout,
  kinds: meetingFields.kinds,
  pieces: meetingFields.pieces,
  expected: meetingFields.expected,
};

export const NewSeriesForm = z.strictObject({
  ...seriesFields,
  ...dateFields,
  ...planFields,
  ...settingFields,
  chair: optionalLine(300),
  secretary: optionalLine(300),
  members: optionalProse(20_000),
  key: onceKey(),
});
export const NewDatesForm = z.strictObject({
  ...dateFields,
  ...planFields,
  ...settingFields,
  key: onceKey(),
});

/**
 * A change of this and the following dates: the text, which keeps them as they are, and the rule, which plans
 * them anew.
 */
export const FollowingForm = z.strictObject({
  ...dateFields,
  ...planFields,
  ...settingFields,
  title: line(200),
  description: optionalProse(20_000),
  scope: choice(['following', 'all']),
  version: version(),
  key: onceKey(),
  /** Equipment is set where there is enough of it, and stays as it is on the other dates. */
  short: z.literal('leave').optional(),
});
export type FollowingFields = z.output<typeof FollowingForm>;
export const FollowingQuery = z.object({ scope: choice(['following', 'all']).catch('following') });
export type DatesForm = Omit<z.output<typeof NewDatesForm>, 'key'>;

/** The lines of the plan by date. @returns the date whose skipping lacks a reason, as `unexplained` */
export function choicesOf(form: Pick<DatesForm, 'at' | 'choice' | 'reason'>): {
  choices: Map<string, DateChoice>;
  unexplained: string[];
} {
  const choices = new Map<string, DateChoice>();
  const unexplained: string[] = [];
  form.at.forEach((on, i) => {
    const [kind, value = ''] = (form.choice[i] ?? 'keep').split(':');
    const reason = form.reason[i];
    if (kind === 'room') choices.set(on, { kind, roomId: Number(value) });
    if (kind === 'time') {
      const [startsAt, endsAt] = value.split('/').map((at) => new Date(Number(at)));
      if (startsAt && endsAt && startsAt < endsAt) choices.set(on, { kind, startsAt, endsAt });
    }
    if (kind === 'wait' || kind === 'bare') choices.set(on, { kind });
    if (kind === 'skip') {
      if (!reason) unexplained.push(on);
      choices.set(on, { kind, reason: reason ?? '…' }); // never saved: the plan is shown again first
    }
  });
  return { choices, unexplained };
}
