import { rows, type Db } from '../lib/db/db.js';

const KNOWN = `(
  exists (select 1 from participants p join meetings m on m.id = p.meeting_id
           where p.person_id = g.id
             and p.removed_at is null
             and (:viewer in (m.organiser_id, m.booked_for_id, m.created_by)
             or exists (select 1
                          from participants v
                         where v.meeting_id = m.id and v.person_id = :viewer and v.removed_at is null)))
  or exists (select 1
               from poll_people x join polls o on o.id = x.poll_id
              where x.person_id = g.id and :viewer in (o.organiser_id, o.created_by)))`;

/**
 * Of these persons, the guests with whom somebody has to do anyway: in a meeting or a poll of theirs. Their
 * addresses are no secret to them.
 */
export async function listKnownGuests(
  db: Db,
  viewerId: number,
  ids: readonly number[],
): Promise<Set<number>> {
  const found = await rows<{ id: number }>(
    db,
    `select g.id from persons g where g.id = any(:ids) and g.is_guest and ${KNOWN}`,
    { viewer: viewerId, ids },
  );
  return new Set(found.map(({ id }) => id));
}

/** The other guests among them: an id in an address tells nobody who that is. */
export async function listUnknownGuests(
  db: Db,
  viewerId: number,
  ids: readonly number[],
): Promise<Map<number, { name: string; email: string | null }>> {
  if (ids.length === 0) return new Map();
  const found = await rows<{ id: number; name: string; email: string | null }>(
    db,
    `select g.id, g.name, g.email from persons g where g.id = any(:ids) and g.is_guest and not ${KNOWN}`,
    { viewer: viewerId, ids },
  );
  return new Map(found.map(({ id, ...guest }) => [id, guest]));
}
