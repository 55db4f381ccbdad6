import { recordAll, type Actor, type AuditEvent } from '../lib/audit/record.js';
import { row, type Db } from '../lib/db/db.js';
import { groupedBy } from '../lib/groupedBy.js';
import { mayActFor } from '../people/queries.js';
import { isSecretary, type Role } from '../lib/http/policy.js';
import { Forbidden } from '../lib/http/errors.js';
import type { Meeting } from './queries.js';

type Held = Pick<Meeting, 'id' | 'organiser_id' | 'booked_for_id' | 'relation'>;

/** The history keeps both names when somebody acts for another person: as a deputy, or by typing it in. */
export function actingFor(by: Actor, meeting: Omit<Held, 'id'>): Actor {
  const { relation } = meeting;
  if (relation.is_organiser || relation.is_booked_for) return by;
  if (relation.acts_for) return { ...by, onBehalfOf: meeting.booked_for_id ?? meeting.organiser_id };
  return relation.is_creator && meeting.booked_for_id ? { ...by, onBehalfOf: meeting.booked_for_id } : by;
}

/** One event of each meeting; one statement for each person on whose behalf it is done. */
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

/** Ids in a form are authorised too: nobody makes somebody else answer for a meeting. */
export async function requireActingFor(
  trx: Db,
  by: Actor,
  persons: (number | null | undefined)[],
): Promise<void> {
  const others = persons.filter((person): person is number => typeof person === 'number' && person !== by.id);
  if (others.length === 0) return;
  const actor = await row<{ id: number; role: Role }>(trx, `select id, role from persons where id = :id`, {
    id: by.id,
  });
  for (const person of new Set(others)) {
    if (!actor || !(await mayActFor(trx, actor, person))) throw new Forbidden('meetings.problem.actFor');
  }
}

/** Only the office's secretaries may go beyond a rule of a room. Anybody else's reason counts for nothing. */
export async function allowedReason(
  trx: Db,
  by: Actor,
  reason: string | null | undefined,
): Promise<string | null> {
  if (!reason) return null;
  const actor = await row<{ role: Role }>(trx, `select role from persons where id = :id`, { id: by.id });
  return actor && isSecretary(actor) ? reason : null;
}
