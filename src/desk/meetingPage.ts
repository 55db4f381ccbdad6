import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import { mayRecord, mayStart } from '../meetings/policy.js';
import type { Meeting, Participant } from '../meetings/queries.js';
import { toneOfReply, type ReplyStatus, type Tone } from '../meetings/states.js';
import type { Facts } from './nextStep.js';
import type { MeetingFacts } from './queries.js';

// The meeting page as its template writes it. Pure: what is loaded goes in, what is shown comes out.

const ATTENDANCE_TONES: Record<NonNullable<Participant['attendance']>, Tone> = {
  present: 'ok',
  apologies: 'warn',
  absent: 'bad',
};

export interface ShownPerson {
  participant: Participant;
  /**
   * The name of the word beside the name: of the attendance once there is one, else of the reply; null where
   * none is asked for.
   */
  word:
    | `meetings.attendance.${'present' | 'apologies' | 'absent'}`
    | `meetings.reply.${ReplyStatus | 'none'}`
    | 'desk.meeting.notInvited'
    | null;
  tone: Tone;
}

/** Everybody with one word on how it stands with them. */
export function showPeople(participants: readonly Participant[], wasAnnounced: boolean): ShownPerson[] {
  return participants.map((participant) => {
    const { attendance, reply, invited_at, is_walk_in, role } = participant;
    if (attendance)
      return { participant, word: `meetings.attendance.${attendance}`, tone: ATTENDANCE_TONES[attendance] };
    if (is_walk_in) return { participant, word: null, tone: 'neutral' };
    // As long as nothing has gone out, "not invited" goes without saying.
    if (invited_at === null && reply === null)
      return { participant, word: wasAnnounced ? 'desk.meeting.notInvited' : null, tone: 'neutral' };
    if (reply === null && role === 'informed') return { participant, word: null, tone: 'neutral' };
    return { participant, word: `meetings.reply.${reply ?? 'none'}`, tone: toneOfReply(reply) };
  });
}

/** How many come, are open, and don't; of those whose answer is asked for. */
export function countReplies(participants: readonly Participant[]): {
  come: number;
  open: number;
  dont: number;
} {
  const asked = participants.filter(
    ({ invited_at, role, is_walk_in }) => invited_at !== null && role !== 'informed' && !is_walk_in,
  );
  const come = asked.filter(({ reply }) => reply === 'accepted').length;
  const dont = asked.filter(({ reply }) => reply === 'declined' || reply === 'delegated').length;
  return { come, dont, open: asked.length - come - dont };
}

/**
 * Do the rooms fit the people, as they are set up? A sentence when they don't; about meetings that are still
 * to come.
 */
export function tellSeating(
  meeting: Meeting,
  participants: readonly Participant[],
  t: Translate,
  fmt: Format,
): string | undefined {
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled') return undefined;
  const people = Math.max(
    participants.filter(({ role, reply }) => role !== 'informed' && reply !== 'declined').length,
    meeting.expected_count ?? 0,
  );
  const [first] = meeting.rooms;
  if (!first || people === 0) return undefined;
  const seats = meeting.rooms.reduce((sum, room) => sum + room.seats, 0);
  if (people > seats) return t('layouts.meeting.crowded', { people, seats });
  // Only what was said to be expected: a list of people is seldom complete at first.
  const fewest = meeting.rooms.length === 1 ? first.min_people : null;
  return fewest !== null && meeting.expected_count !== null && people < fewest
    ? t('layouts.meeting.lost', { people, room: fmt.name(first), count: fewest })
    : undefined;
}

interface MinutesRights {
  is_author: boolean;
  may_review: boolean;
  may_approve: boolean;
}

/** Joins what is known of the meeting and of the viewer into what the next step depends on. */
export function factsOf(
  meeting: Meeting,
  facts: MeetingFacts,
  own: { invited_at: Date | null; status: ReplyStatus | null } | undefined,
  minutes: MinutesRights | undefined,
): Facts {
  const { relation } = meeting;
  return {
    state: meeting.state,
    minutes_state: facts.minutes_state,
    open_actions: facts.open_actions,
    starts_at: meeting.starts_at,
    ends_at: meeting.ends_at,
    has_place: meeting.rooms.length > 0 || meeting.link !== null || meeting.place !== null,
    has_chair: facts.has_chair,
    people: meeting.participant_count,
    not_invited: facts.not_invited,
    items: facts.items,
    may_keep:
      mayStart({ ...meeting, state: 'scheduled' }) || (mayRecord(meeting) && meeting.state !== 'draft'),
    must_reply:
      relation.role !== null &&
      relation.role !== 'informed' &&
      own !== undefined &&
      own.invited_at !== null &&
      own.status === null,
    is_author: minutes?.is_author ?? false,
    is_reviewer: minutes?.may_review ?? false,
    is_approver: minutes?.may_approve ?? false,
    my_actions: facts.my_actions,
    to_accept: facts.to_accept,
  };
}
