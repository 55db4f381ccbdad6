import type { MeetingState } from '../meetings/queries.js';

/** Why a person can't answer any more. */
export type ReplyClosed = 'cancelled' | 'removed' | 'over' | 'not_invited';

interface Answerable {
  state: MeetingState;
  ends_at: Date | null;
  is_removed: boolean;
  invited_at: Date | null;
}

/** Answers are open from the invitation to the end of the meeting. */
export function whyClosed(one: Answerable, now: Date): ReplyClosed | undefined {
  if (one.is_removed) return 'removed';
  if (one.state === 'cancelled') return 'cancelled';
  if (one.state === 'ended' || (one.ends_at !== null && one.ends_at <= now)) return 'over';
  return one.invited_at === null ? 'not_invited' : undefined;
}
