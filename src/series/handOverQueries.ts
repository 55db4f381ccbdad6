import { rows, type Db } from '../lib/db/db.js';

/** Something of a person who leaves: a meeting or a standing meeting. */
export interface Held {
  kind: 'meetings' | 'series';
  id: number;
  /** null when it is private: whoever hands it over may not read its title. */
  title: string | null;
  is_private: boolean;
  starts_at: Date | null;
}

/** Meetings that somebody still has to do with: to come, running, or over and not yet on record. */
export const UNFINISHED = `(m.state in ('draft', 'scheduled', 'in_progress')
  or (m.state = 'ended'
      and not exists (select 1 from minutes x where x.meeting_id = m.id and x.state = 'issued')
      and (m.ended_at > now() - interval '90 days'
           or exists (select 1 from minutes x where x.meeting_id = m.id))))`;

const NAMED = `:person in (m.organiser_id, m.booked_for_id, m.reviewer_id, m.approver_id)`;
const CARRIES = `m.state in ('draft', 'scheduled')
  and exists (
    select 1
      from participants p
     where p.meeting_id = m.id and p.person_id = :person and p.removed_at is null
       and p.role in ('chair', 'secretary'))`;

/**
 * What somebody answers for: meetings and standing meetings as organiser, leader, reviewer, approver, chair
 * or secretary.
 */
export function listHeld(db: Db, personId: number, limit = 200): Promise<Held[]> {
  return rows<Held>(
    db,
    `select 'series' as kind, s.id, case when s.is_private then null else s.name end as title,
            s.is_private, null::timestamptz as starts_at
       from series s
      where s.ended_on is null and (:person in (s.organiser_id, s.booked_for_id, s.reviewer_id, s.approver_id)
        or exists (
          select 1
            from series_members r
           where r.series_id = s.id and r.person_id = :person and r.role in ('chair', 'secretary')))
     union all
     select * from (
       select 'meetings' as kind, m.id, case when m.is_private then null else m.title end as title,
              m.is_private, m.starts_at
         from meetings m where ${UNFINISHED} and (${NAMED} or ${CARRIES})
        order by m.starts_at nulls last, m.id limit :limit
     ) held`,
    { person: personId, limit },
  );
}
