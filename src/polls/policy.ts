/** What a person is to one poll; read with it. */
export interface PollRelation {
  is_organiser: boolean;
  is_creator: boolean;
  /** Deputy today of the organiser. */
  acts_for: boolean;
  /** Is asked in it. */
  poll_person_id: number | null;
  is_office: boolean;
}

interface Standing {
  is_private: boolean;
  relation: PollRelation;
}

/** Chooses, cancels, sees who answered what: who calls it, deputies, and the office unless it is private. */
export function mayKeepPoll({ is_private, relation: r }: Standing): boolean {
  return r.is_organiser || r.is_creator || r.acts_for || (r.is_office && !is_private);
}

/** Answers are open until the deadline, while nobody has chosen. */
export function isAnswerable(poll: { state: string; deadline_at: Date }, now: Date): boolean {
  return poll.state === 'open' && poll.deadline_at > now;
}

/** Enters what somebody said by phone or in passing: who keeps the poll, until a time is chosen. */
export function mayAnswerFor(poll: Standing & { state: string }): boolean {
  return mayKeepPoll(poll) && poll.state === 'open';
}
