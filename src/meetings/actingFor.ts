import type { Actor } from '../lib/audit/record.js';
import type { Meeting } from './queries.js';

/** The history keeps both names when somebody acts for another person: a deputy, or who typed it for a leader. */
export function actingFor(
  by: Actor,
  meeting: Pick<Meeting, 'organiser_id' | 'booked_for_id' | 'relation'>,
): Actor {
  const { relation } = meeting;
  if (relation.is_organiser || relation.is_booked_for) return by;
  if (relation.acts_for) return { ...by, onBehalfOf: meeting.booked_for_id ?? meeting.organiser_id };
  return relation.is_creator && meeting.booked_for_id ? { ...by, onBehalfOf: meeting.booked_for_id } : by;
}
