import type { Standing } from './steps.js';

/** What is known of a meeting and of one person in it; everything the next step depends on. */
export interface Facts extends Standing {
  starts_at: Date | null;
  ends_at: Date | null;
  /** A room, a link or another place. */
  has_place: boolean;
  has_chair: boolean;
  people: number;
  /** Participants to whom no invitation has gone out yet. */
  not_invited: number;
  items: number;
  /**
   * May this person prepare and run the meeting (organiser, its secretary or chair, the office's
   * secretaries)?
   */
  may_keep: boolean;
  /** Is an answer to the invitation wanted from this person? */
  must_reply: boolean;
  is_author: boolean;
  is_reviewer: boolean;
  is_approver: boolean;
  /** Open actions that this person leads, and answers waiting for this person's acceptance. */
  my_actions: number;
  to_accept: number;
}

/**
 * The one thing to do next. `waits_…` and `ready` are told, not done: somebody else or the clock moves first.
 * `none`: nothing more will happen.
 */
export type NextStep =
  | 'reply'
  | 'people'
  | 'chair'
  | 'place'
  | 'agenda'
  | 'invite'
  | 'start'
  | 'ready'
  | 'record'
  | 'waits_meeting'
  | 'write'
  | 'correct'
  | 'waits_minutes'
  | 'review'
  | 'waits_review'
  | 'approve'
  | 'waits_approval'
  | 'issue'
  | 'waits_issue'
  | 'answer'
  | 'accept'
  | 'waits_actions'
  | 'closed'
  | 'over'
  | 'none';

const HALF_AN_HOUR = 30 * 60_000;

/** Which step comes next for this person, by the states of `domain.md` 5. */
export function nextStep(facts: Facts, now: Date): NextStep {
  switch (facts.state) {
    case 'cancelled':
      return 'none';
    case 'draft':
    case 'scheduled':
      return beforeMeeting(facts, now);
    case 'in_progress':
      return facts.may_keep ? 'record' : 'waits_meeting';
    case 'ended':
      return afterMeeting(facts);
  }
}

function beforeMeeting(facts: Facts, now: Date): NextStep {
  const isOver = facts.ends_at !== null && facts.ends_at <= now;
  // A booking that nobody was invited to needs no record; an invited meeting that nobody started does.
  if (isOver && facts.state === 'draft') return 'over';
  if (!facts.may_keep) return facts.must_reply && !isOver ? 'reply' : 'ready';
  if (isOver) return facts.has_chair ? 'start' : 'chair';
  if (facts.people === 0) return 'people';
  if (!facts.has_chair) return 'chair';
  if (!facts.has_place) return 'place';
  if (facts.items === 0) return 'agenda';
  if (facts.not_invited > 0) return 'invite';
  if (facts.starts_at !== null && facts.starts_at.getTime() - now.getTime() <= HALF_AN_HOUR) return 'start';
  return facts.must_reply ? 'reply' : 'ready';
}

function afterMeeting(facts: Facts): NextStep {
  switch (facts.minutes_state) {
    case null:
    case 'draft':
      return facts.is_author || facts.may_keep ? 'write' : 'waits_minutes';
    case 'returned':
      return facts.is_author || facts.may_keep ? 'correct' : 'waits_minutes';
    case 'in_review':
      return facts.is_reviewer && !facts.is_author ? 'review' : 'waits_review';
    case 'passed':
      return facts.is_approver ? 'approve' : 'waits_approval';
    case 'approved':
      return facts.may_keep ? 'issue' : 'waits_issue';
    case 'issued':
      if (facts.my_actions > 0) return 'answer';
      if (facts.to_accept > 0) return 'accept';
      return facts.open_actions > 0 ? 'waits_actions' : 'closed';
  }
}

export interface StepLink {
  /** A page, or an address to post to. */
  href?: string;
  action?: string;
}

/** Where the next step is done; undefined for steps that are only told. */
export function linkOf(
  step: NextStep,
  meeting: { id: number },
  facts: { minutes_id: number | null; my_action_id: number | null; to_accept_id: number | null },
): StepLink | undefined {
  const here = `/meetings/${meeting.id}`;
  switch (step) {
    case 'reply':
      return { href: `${here}#reply` };
    case 'people':
    case 'chair':
      return { href: `${here}/people` };
    case 'place':
      return { href: `${here}/edit` };
    case 'agenda':
      return { href: `${here}/agenda` };
    case 'invite':
      return { action: `${here}/invitations` };
    case 'start':
      return { action: `${here}/start` };
    case 'record':
      return { href: `${here}/minutes/write` };
    case 'write':
    case 'correct':
    case 'review':
    case 'approve':
    case 'issue':
      return {
        href:
          facts.minutes_id === null
            ? `${here}/minutes`
            : linkOfMinutes(step, { minutes_id: facts.minutes_id }),
      };
    case 'answer':
      return { href: `/actions/${facts.my_action_id}` };
    case 'accept':
      return { href: `/actions/${facts.to_accept_id}` };
    default:
      return undefined;
  }
}

/** The page of the minutes on which a step is done. */
export function linkOfMinutes(
  step: 'write' | 'correct' | 'review' | 'approve' | 'issue',
  { minutes_id }: { minutes_id: number },
): string {
  const place = { write: '', correct: '', review: '/review', approve: '/review', issue: '/circulation' }[
    step
  ];
  return `/minutes/${minutes_id}${place}`;
}
