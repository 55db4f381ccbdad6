import type { ActionState } from './lights.js';
import type { Standing } from './queries.js';

type Who = Pick<
  Standing,
  | 'viewer_id'
  | 'is_lead'
  | 'is_deputy'
  | 'is_overseer'
  | 'heads_lead'
  | 'lead_signs_in'
  | 'answered_by'
  | 'answered_for'
>;

interface Rule {
  states: readonly ActionState[];
  who: (s: Who) => boolean;
}

const leads = (s: Who) => s.is_lead || s.is_deputy;
const oversees = (s: Who) => s.is_overseer;
/** Somebody else than whoever leads it: nobody decides about a request or an answer of their own. */
const overseesOthers = (s: Who) => s.is_overseer && !s.is_lead;

const WITH_LEAD = ['assigned', 'accepted', 'in_progress', 'blocked'] as const;

/** Who may do what with an action, in which state (domain.md 5). */
export const RULES = {
  takeOn: { states: ['assigned'], who: leads },
  refuse: { states: ['assigned'], who: leads },
  start: { states: ['accepted', 'blocked'], who: leads },
  block: { states: ['accepted', 'in_progress'], who: leads },
  // Whoever can't sign in has the answer written down by somebody who oversees the action.
  answer: { states: WITH_LEAD, who: (s) => leads(s) || (s.is_overseer && !s.lead_signs_in) },
  judge: {
    states: ['answered'],
    who: (s) => overseesOthers(s) && s.viewer_id !== s.answered_by && s.viewer_id !== s.answered_for,
  },
  askExtension: { states: WITH_LEAD, who: leads },
  extend: { states: WITH_LEAD, who: overseesOthers },
  handOver: {
    states: ['planned', 'assigned', 'accepted', 'in_progress', 'blocked', 'refused'],
    who: (s) => s.is_overseer || s.heads_lead,
  },
  cancel: {
    states: ['planned', 'assigned', 'accepted', 'in_progress', 'blocked', 'refused', 'answered'],
    who: oversees,
  },
  remind: { states: WITH_LEAD, who: oversees },
} as const satisfies Record<string, Rule>;

export type Verb = keyof typeof RULES;

/** 'person': not this one. 'state': this one, but not as the action stands now. */
export function why(verb: Verb, s: Standing): 'yes' | 'state' | 'person' {
  const rule: Rule = RULES[verb];
  // Of an action nobody has answered, the question who answered it is open: the state says no first.
  if (!rule.who(s)) return 'person';
  return rule.states.includes(s.state) ? 'yes' : 'state';
}

export function may(verb: Verb, s: Standing): boolean {
  return why(verb, s) === 'yes';
}

/** All that the viewer may do now, for the page. */
export function verbsOf(s: Standing): Record<Verb, boolean> {
  return Object.fromEntries((Object.keys(RULES) as Verb[]).map((verb) => [verb, may(verb, s)])) as Record<
    Verb,
    boolean
  >;
}
