export const STATES = ['draft', 'scheduled', 'in_progress', 'ended', 'cancelled'] as const;
export type MeetingState = (typeof STATES)[number];

/** In the order in which lists show them. */
export const ROLES = ['chair', 'secretary', 'required', 'optional', 'in_attendance', 'informed'] as const;

export type ParticipantRole = (typeof ROLES)[number];
export type ReplyStatus = 'accepted' | 'declined' | 'tentative' | 'delegated';
