/** The way of a meeting, as the rail on its page shows it: 筹备 → 会中 → 审核 → 签发 → 印发 → 督办. */
export const STEPS = ['prepare', 'meeting', 'review', 'approve', 'circulate', 'follow_up'] as const;
export type StepName = (typeof STEPS)[number];
export interface Step {
  name: StepName;
  state: 'done' | 'current' | 'next' | 'stopped';
}

export type MeetingState = 'draft' | 'scheduled' | 'in_progress' | 'ended' | 'cancelled';
export type MinutesState = 'draft' | 'in_review' | 'returned' | 'passed' | 'approved' | 'issued';

export interface Standing {
  state: MeetingState;
  /** Null as long as nobody has recorded anything. */
  minutes_state: MinutesState | null;
  /** Actions of this meeting that are neither closed nor cancelled. */
  open_actions: number;
}

/**
 * Where the meeting stands; undefined when the loop is closed 闭环: issued, and every action closed or
 * cancelled.
 */
export function currentStep({ state, minutes_state, open_actions }: Standing): StepName | undefined {
  if (state === 'draft' || state === 'scheduled' || state === 'cancelled') return 'prepare';
  if (state === 'in_progress') return 'meeting';
  if (minutes_state === 'passed') return 'approve';
  if (minutes_state === 'approved') return 'circulate';
  if (minutes_state === 'issued') return open_actions > 0 ? 'follow_up' : undefined;
  return 'review';
}

export function stepsOf(standing: Standing): Step[] {
  const current = currentStep(standing);
  const at = current ? STEPS.indexOf(current) : STEPS.length;
  const here = standing.state === 'cancelled' ? 'stopped' : 'current';
  return STEPS.map((name, i) => ({ name, state: stateOfStep(i - at, here) }));
}

/** @param distance from the current step; below 0: before it */
function stateOfStep(distance: number, here: Step['state']): Step['state'] {
  if (distance === 0) return here;
  return distance < 0 ? 'done' : 'next';
}
