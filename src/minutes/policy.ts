import { mayRecord, maySeeRestricted, type Relation } from '../meetings/policy.js';
import type { MeetingState } from '../meetings/states.js';

export type MinutesState = 'draft' | 'in_review' | 'returned' | 'passed' | 'approved' | 'issued';

/** Who the minutes belong to and where they stand, read with them; see `findMinutes`. */
export interface MinutesStanding {
  state: MinutesState;
  author_id: number;
  /** Whether anybody but the author is there to review. */
  has_gate: boolean;
  is_author: boolean;
  is_reviewer: boolean;
  /** The chair, or who was named to approve. */
  is_approver: boolean;
  /** Acts for the approver today, and did not write the minutes. */
  is_approver_deputy: boolean;
  /** An issued version was sent to this person. */
  is_recipient: boolean;
  /** null: the meeting is hidden from this person, who only got the minutes. */
  meeting: { state: MeetingState; is_private: boolean; relation: Relation } | null;
}

function keeps(m: MinutesStanding): boolean {
  return m.is_author || (m.meeting !== null && mayRecord(m.meeting));
}

/** The working draft, its versions, comments and checks. */
export function maySeeDraft(m: MinutesStanding): boolean {
  return keeps(m) || m.is_reviewer || m.is_approver || m.is_approver_deputy;
}

/** What has been issued: those who take part, and the distribution list. */
export function maySeeIssued(m: MinutesStanding): boolean {
  return maySeeDraft(m) || m.is_recipient || (m.meeting !== null && m.meeting.relation.role !== null);
}

/** Restricted items; who presents or proposed one sees that one too. */
export function maySeeAllItems(m: MinutesStanding): boolean {
  return (
    m.is_author ||
    m.is_reviewer ||
    m.is_approver ||
    m.is_approver_deputy ||
    (m.meeting !== null && maySeeRestricted(m.meeting))
  );
}

export function mayEdit(m: MinutesStanding): boolean {
  return (m.state === 'draft' || m.state === 'returned') && keeps(m);
}

export const maySubmit = mayEdit;

/** Takes a submission back before anybody has decided. */
export function mayTakeBack(m: MinutesStanding): boolean {
  return (m.state === 'in_review' || m.state === 'passed') && keeps(m);
}

/** The reviewer is never the author. */
export function mayReview(m: MinutesStanding): boolean {
  return m.state === 'in_review' && m.is_reviewer && !m.is_author;
}

export function mayApprove(m: MinutesStanding): boolean {
  return m.state === 'passed' && (m.is_approver || m.is_approver_deputy);
}

/** Comments while a verdict is formed: at the gate, or by whoever approves. */
export function mayComment(m: MinutesStanding): boolean {
  return mayReview(m) || mayApprove(m);
}

export function mayIssue(m: MinutesStanding): boolean {
  return m.state === 'approved' && keeps(m);
}

/** 勘误: only what has gone out is corrected; before that it is sent back. */
export function mayCorrect(m: MinutesStanding): boolean {
  return m.state === 'issued' && keeps(m);
}
