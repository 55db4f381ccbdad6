export const STATES = ['draft', 'scheduled', 'in_progress', 'ended', 'cancelled'] as const;
export type MeetingState = (typeof STATES)[number];

/** In the order in which lists show them. */
export const ROLES = ['chair', 'secretary', 'required', 'optional', 'in_attendance', 'informed'] as const;

export type ParticipantRole = (typeof ROLES)[number];
export type ReplyStatus = 'accepted' | 'declined' | 'tentative' | 'delegated';

/** The colour that repeats a word; see views/lib/pill.ejs. */
export type Tone = 'neutral' | 'accent' | 'ok' | 'warn' | 'bad';

/**
 * The word for where a meeting stands. A draft without people is a booking; a draft whose time has passed is
 * over.
 */
export type ShownState = MeetingState | 'booked' | 'over';

export function shownState(
  meeting: { state: MeetingState; ends_at: Date; participant_count: number },
  now: Date,
): ShownState {
  if (meeting.state === 'draft' && meeting.ends_at <= now) return 'over';
  if (meeting.state === 'draft' && meeting.participant_count === 0) return 'booked';
  return meeting.state;
}

const STATE_TONES: Record<ShownState, Tone> = {
  draft: 'warn',
  booked: 'accent',
  scheduled: 'accent',
  in_progress: 'ok',
  ended: 'neutral',
  cancelled: 'bad',
  over: 'neutral',
};

export function toneOfState(state: ShownState): Tone {
  return STATE_TONES[state];
}

const REPLY_TONES: Record<ReplyStatus | 'none', Tone> = {
  accepted: 'ok',
  declined: 'bad',
  tentative: 'warn',
  delegated: 'neutral',
  none: 'warn',
};

export function toneOfReply(reply: ReplyStatus | null): Tone {
  return REPLY_TONES[reply ?? 'none'];
}
