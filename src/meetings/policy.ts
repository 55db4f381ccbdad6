import type { MeetingState, ParticipantRole } from './states.js';

/** What a person is to one meeting; read with it, see `findMeeting`. */
export interface Relation {
  is_organiser: boolean;
  is_booked_for: boolean;
  is_creator: boolean;
  /** Deputy today of the organiser or of the leader it is held for. */
  acts_for: boolean;
  participant_id: number | null;
  /** Role as a participant, null for who is none (or was removed). */
  role: ParticipantRole | null;
  /** Role in the standing meeting. */
  member_role: ParticipantRole | null;
  /** Head of the organiser's unit. */
  heads_unit: boolean;
  /** Secretary of the whole office, or administrator. */
  is_office: boolean;
}

/** The little of a meeting that decides who may do what with it. */
export interface Standing {
  state: MeetingState;
  is_private: boolean;
  relation: Relation;
}

const CORE: readonly (ParticipantRole | null)[] = ['chair', 'secretary', 'required'];

/**
 * Those who answer for a meeting: organiser, leader, their deputies, chair and secretary. The office keeps a
 * meeting too, unless it is private.
 */
function keeps({ is_private, relation: r }: Standing): boolean {
  return (
    r.is_organiser ||
    r.is_booked_for ||
    r.acts_for ||
    r.role === 'chair' ||
    r.role === 'secretary' ||
    r.member_role === 'chair' ||
    r.member_role === 'secretary' ||
    (r.is_office && !is_private)
  );
}

/** Agenda, papers and replies of a meeting that one may see. */
export function maySeeAgenda(m: Standing): boolean {
  const r = m.relation;
  if (r.is_creator || keeps(m) || r.role !== null || r.member_role !== null) return true;
  return !m.is_private && r.heads_unit;
}

export const maySeeReplies = maySeeAgenda;

/**
 * Restricted items of the agenda are for those who carry the meeting and those who decide in it. Those in
 * attendance, the optional, the informed, the office and an administrator do not see them.
 */
export function maySeeRestricted({ relation: r }: Standing): boolean {
  return (
    r.is_organiser ||
    r.is_booked_for ||
    r.acts_for ||
    CORE.includes(r.role) ||
    r.member_role === 'chair' ||
    r.member_role === 'secretary'
  );
}

/** Time, rooms, title, text; open until the meeting begins. */
export function mayEditMeeting(m: Standing): boolean {
  return (m.state === 'draft' || m.state === 'scheduled') && (keeps(m) || m.relation.is_creator);
}

export const mayCancel = mayEditMeeting;

export function mayRestore(m: Standing): boolean {
  return m.state === 'cancelled' && (keeps(m) || m.relation.is_creator);
}

/** Who takes part, with which role; also while the meeting runs. */
export function mayInvite(m: Standing): boolean {
  return m.state !== 'ended' && m.state !== 'cancelled' && (keeps(m) || m.relation.is_creator);
}

export function mayEditAgenda(m: Standing): boolean {
  return m.state !== 'ended' && m.state !== 'cancelled' && keeps(m);
}

/** Hands in an item that the chair or secretary then accepts or returns. */
export function mayPropose(m: Standing): boolean {
  return (
    (m.state === 'draft' || m.state === 'scheduled') &&
    (m.relation.role !== null || m.relation.member_role !== null || keeps(m))
  );
}

/** Begins the meeting: chair or secretary, or who answers for it. */
export function mayStart(m: Standing): boolean {
  return (m.state === 'draft' || m.state === 'scheduled') && keeps(m);
}

/**
 * Attendance, statements, decisions and actions, the end of the meeting; and corrections of them afterwards.
 */
export function mayRecord(m: Standing): boolean {
  return m.state !== 'cancelled' && keeps(m);
}

/** A message to everybody who takes part. */
export function mayWriteToAll(m: Standing): boolean {
  return keeps(m);
}

/** Who a standing meeting belongs to, read with it. */
export interface SeriesRelation {
  is_organiser: boolean;
  is_booked_for: boolean;
  is_creator: boolean;
  acts_for: boolean;
  member_role: ParticipantRole | null;
  is_office: boolean;
}

interface SeriesStanding {
  is_private: boolean;
  ended_on: string | null;
  relation: SeriesRelation;
}

export function mayKeepSeries({ is_private, relation: r }: SeriesStanding): boolean {
  return (
    r.is_organiser ||
    r.is_booked_for ||
    r.is_creator ||
    r.acts_for ||
    r.member_role === 'chair' ||
    r.member_role === 'secretary' ||
    (r.is_office && !is_private)
  );
}

/** Members and backlog of a standing meeting; the others see its name and its dates. */
export function maySeeMembers(series: SeriesStanding): boolean {
  return mayKeepSeries(series) || series.relation.member_role !== null;
}

/**
 * On the day: says that people are there, ends early, goes on a little. Everybody who takes part may, because
 * the first one in the room does it.
 */
export function mayCheckIn(m: Standing): boolean {
  return (
    m.state !== 'cancelled' &&
    (keeps(m) || m.relation.is_creator || m.relation.role !== null || m.relation.member_role !== null)
  );
}
