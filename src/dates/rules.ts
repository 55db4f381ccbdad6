import type { Rule } from '../claims/checks.js';
import { isSecretary } from '../lib/http/policy.js';
import type { Context } from '../lib/http/route.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { wordRefusal } from '../meetings/refusal.js';

// Which dates of a plan break which rule of a room, and the one reason that may be given for all of them.

export interface ScheduleRules {
  /** A line for each room and rule, with the dates that don't keep it. */
  lines: { room: string; rule: string; days: string[] }[];
  /** A secretary may plan all the same, with a reason; who decides about the rooms may be asked. */
  mayOverride: boolean;
  mayAsk: boolean;
  /** What can be done about these dates. */
  way: 'dates.rules.wayOffice' | 'dates.rules.wayAsk' | 'dates.rules.way' | 'dates.rules.wayNone';
}

/** @param refused by date 'YYYY-MM-DD' of the plan, in order */
export function describeScheduleRules(
  c: Pick<Context, 't' | 'fmt' | 'viewer' | 'lang'>,
  refused: ReadonlyMap<string, RoomsRefused>,
  zone: string,
): ScheduleRules {
  const found = new Map<string, { room: string; rule: Rule; days: Set<string> }>();
  for (const [on, { checks }] of refused) {
    for (const { room, rule, level } of checks) {
      if (level !== 'error') continue;
      const key = `${room.id} ${rule}`;
      const line = found.get(key) ?? { room: c.fmt.name(room), rule, days: new Set() };
      line.days.add(on);
      found.set(key, line);
    }
  }
  // A date whose room is taken as well has to be placed elsewhere first; a reason helps with the others.
  const told = [...refused.values()].map((one) => wordRefusal(c, one, { rooms: [], times: [] }, zone));
  const mayOverride = told.some((one) => one.mayOverride && one.reasons.length > 0);
  const mayAsk = told.some((one) => one.mayAsk);
  const isLifted = [...refused.values()].some(({ checks }) =>
    checks.some((check) => check.level === 'error' && check.mayOverride),
  );
  return {
    lines: [...found.values()].map(({ room, rule, days }) => ({
      room,
      rule: c.t(`dates.rule.${rule}`),
      days: [...days].sort().map((on) => c.fmt.shortDate(on)),
    })),
    mayOverride,
    mayAsk,
    way: wayOf({ mayOverride, mayAsk, mayBeLifted: isLifted && !isSecretary(c.viewer) }),
  };
}

function wayOf(may: { mayOverride: boolean; mayAsk: boolean; mayBeLifted: boolean }): ScheduleRules['way'] {
  if (may.mayOverride) return 'dates.rules.wayOffice';
  if (may.mayAsk) return 'dates.rules.wayAsk';
  return may.mayBeLifted ? 'dates.rules.way' : 'dates.rules.wayNone';
}
