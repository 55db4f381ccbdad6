import type { Cells } from '../lib/http/merge.js';

// The rules of booking a room, in the words of Microsoft Exchange.
// Pure: layers in, the rules for one person out.

/** Every rule with a number; minutes unless the name says otherwise, 0 is "no limit". */
export const NUMBERS = [
  'window_days',
  'notice_create',
  'notice_change',
  'notice_cancel',
  'min_minutes',
  'max_minutes',
  'start_interval',
  'quota_person_hours',
  'quota_person_coming',
  'quota_unit_hours',
  'quota_unit_coming',
  'recurring_days',
  'answer_hours',
  'check_in_opens',
  'check_in_releases',
  'check_in_exempt_over',
  'check_in_exempt_notice',
] as const;
export type NumberRule = (typeof NUMBERS)[number];

/** Every rule with a choice, the most generous first. */
export const CHOICES = {
  recurring: ['allowed', 'denied'],
  capacity_rule: ['off', 'warn', 'deny'],
  in_policy: ['accept', 'request', 'refuse'],
  out_of_policy: ['request', 'refuse'],
  requests_hold: ['hold', 'free'],
  check_in: ['off', 'required'],
} as const;
export type ChoiceRule = keyof typeof CHOICES;

export type RuleValues = { [K in NumberRule]: number | null } & {
  [K in ChoiceRule]: (typeof CHOICES)[K][number] | null;
};

/** A row of booking_rules: whose layer it is, and what it says; null leaves it to the layer before. */
export interface RuleLayer extends RuleValues {
  room_id: number | null;
  group_id: number | null;
}

/** The rules that hold for one person in one room. */
export type BookingRules = { [K in NumberRule]: number } & {
  [K in ChoiceRule]: (typeof CHOICES)[K][number];
} & {
  /** Quotas of a room count its own bookings, those of the office all bookings: which ones are a room's? */
  ofRoom: readonly NumberRule[];
};

/** What holds where nobody has said anything: everything as it was before there were rules. */
export const DEFAULTS: Omit<BookingRules, 'ofRoom'> = {
  window_days: 0,
  notice_create: 0,
  notice_change: 0,
  notice_cancel: 0,
  min_minutes: 0,
  max_minutes: 0,
  start_interval: 0,
  quota_person_hours: 0,
  quota_person_coming: 0,
  quota_unit_hours: 0,
  quota_unit_coming: 0,
  recurring_days: 0,
  answer_hours: 24,
  check_in_opens: 15,
  check_in_releases: 10,
  check_in_exempt_over: 240,
  check_in_exempt_notice: 30,
  recurring: 'allowed',
  capacity_rule: 'warn',
  in_policy: 'accept',
  out_of_policy: 'refuse',
  requests_hold: 'hold',
  check_in: 'off',
};

/** Of these less is more generous; of the others more is, and 0 (no limit) is most. */
const LESS: readonly NumberRule[] = [
  'notice_create',
  'notice_change',
  'notice_cancel',
  'min_minutes',
  'start_interval',
  'check_in_exempt_over',
  'check_in_exempt_notice',
  'answer_hours',
];

function kinder(name: NumberRule, a: number, b: number): number {
  if (LESS.includes(name)) return Math.min(a, b);
  return a === 0 || b === 0 ? 0 : Math.max(a, b);
}

/**
 * Joins the layers that concern one person: office, the person's groups in
 * all rooms, the room, the groups in the room; a later one replaces what
 * it names. Who is in several groups gets the most generous value of them.
 */
export function rulesFrom(layers: readonly RuleLayer[]): BookingRules {
  const rules: BookingRules = { ...DEFAULTS, ofRoom: [] };
  const ofRoom = new Set<NumberRule>();
  const steps = [
    layers.filter((one) => one.room_id === null && one.group_id === null),
    layers.filter((one) => one.room_id === null && one.group_id !== null),
    layers.filter((one) => one.room_id !== null && one.group_id === null),
    layers.filter((one) => one.room_id !== null && one.group_id !== null),
  ];
  for (const [at, step] of steps.entries()) {
    for (const name of NUMBERS) {
      const said = step.flatMap((one) => one[name] ?? []);
      if (!said.length) continue;
      rules[name] = said.reduce((a, b) => kinder(name, a, b));
      if (at >= 2) ofRoom.add(name);
      else ofRoom.delete(name);
    }
    for (const name of Object.keys(CHOICES) as ChoiceRule[]) choose(rules, step, name);
  }
  return { ...rules, ofRoom: [...ofRoom] };
}

function choose<K extends ChoiceRule>(rules: BookingRules, step: readonly RuleLayer[], name: K): void {
  const order: readonly string[] = CHOICES[name];
  const said = step.flatMap((one) => one[name] ?? []).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const first = said[0] as BookingRules[K] | undefined;
  if (first !== undefined) rules[name] = first;
}

export const QUOTAS = [
  'quota_person_hours',
  'quota_person_coming',
  'quota_unit_hours',
  'quota_unit_coming',
] as const;
export type Quota = (typeof QUOTAS)[number];

export function hasQuota(rules: BookingRules): boolean {
  return QUOTAS.some((name) => rules[name] > 0);
}

/** Every rule by name. */
export const RULES = [...NUMBERS, ...(Object.keys(CHOICES) as ChoiceRule[])];

/** What stands on the page of one layer. */
export interface LayerContent {
  values: RuleValues;
  /** Only a room has them. */
  approvers: { personIds: readonly number[]; groupIds: readonly number[] };
}

export function isChoice(name: NumberRule | ChoiceRule): name is ChoiceRule {
  return !(NUMBERS as readonly string[]).includes(name);
}

/** A stored layer, or (undefined) none, with those who are named to decide. */
export function layerContent(
  layer: RuleValues | undefined,
  named: readonly { person_id: number | null; group_id: number | null }[],
): LayerContent {
  return {
    values: Object.fromEntries(RULES.map((name) => [name, layer?.[name] ?? null])) as RuleValues,
    approvers: {
      personIds: named.flatMap(({ person_id }) => person_id ?? []),
      groupIds: named.flatMap(({ group_id }) => group_id ?? []),
    },
  };
}

/** The page cell by cell, for two who change it at once. */
export function cellsOfLayer({ values, approvers }: LayerContent): Cells {
  return {
    ...Object.fromEntries(RULES.map((name) => [name, String(values[name] ?? '')])),
    ...Object.fromEntries(approvers.personIds.map((id) => [`approver-${id}`, 'on'])),
    ...Object.fromEntries(approvers.groupIds.map((id) => [`group-${id}`, 'on'])),
  };
}

/** The way back. */
export function layerFrom(cells: Cells): {
  values: RuleValues;
  approvers: { personIds: number[]; groupIds: number[] };
} {
  const numbers = new Set<string>(NUMBERS);
  const ids = (kind: string) =>
    Object.keys(cells).flatMap((name) =>
      name.startsWith(kind) && cells[name] ? [Number(name.slice(kind.length))] : [],
    );
  const valueOf = (name: string) => {
    const cell = cells[name];
    if (!cell) return null;
    return numbers.has(name) ? Number(cell) : cell;
  };
  const values = Object.fromEntries(RULES.map((name) => [name, valueOf(name)])) as RuleValues;
  return { values, approvers: { personIds: ids('approver-'), groupIds: ids('group-') } };
}
