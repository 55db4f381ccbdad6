import { recordAll, type Actor, type AuditEvent } from '../lib/audit/record.js';
import type { Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import type { Meeting } from './queries.js';

type Held = Pick<Meeting, 'id' | 'organiser_id' | 'booked_for_id' | 'relation'>;

/**
 * The history keeps both names when somebody acts for another person: a deputy, or who typed it for a leader.
 */
export function actingFor(by: Actor, meeting: Omit<Held, 'id'>): Actor {
  const { relation } = meeting;
  if (relation.is_organiser || relation.is_booked_for) return by;
  if (relation.acts_for) return { ...by, onBehalfOf: meeting.booked_for_id ?? meeting.organiser_id };
  return relation.is_creator && meeting.booked_for_id ? { ...by, onBehalfOf: meeting.booked_for_id } : by;
}

/**
 * One event of each meeting. A statement for each person on whose behalf it is done, of whom there is mostly
 * one.
 */
export async function recordForAll<M extends Held>(
  trx: Db,
  by: Actor,
  meetings: readonly M[],
  eventOf: (meeting: M) => Omit<AuditEvent, 'meetingId'>,
): Promise<void> {
  const acting = meetings.map((meeting) => ({ meeting, actor: actingFor(by, meeting) }));
  for (const some of groupedBy(acting, ({ actor }) => actor.onBehalfOf).values())
    await recordAll(
      trx,
      some[0]?.actor ?? by,
      some.map(({ meeting }) => ({ ...eventOf(meeting), meetingId: meeting.id })),
    );
}
