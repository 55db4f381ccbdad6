import { row, rows, type Db } from '../lib/db/db.js';
import type { MinutesState } from './steps.js';

/** What the pages of several nouns ask of a meeting beyond the meeting itself. */
export interface MeetingFacts {
  meeting_id: number;
  has_chair: boolean;
  not_invited: number;
  items: number;
  minutes_id: number | null;
  minutes_state: MinutesState | null;
  author_id: number | null;
  open_actions: number;
  my_actions: number;
  /** One of them, the earliest due. */
  my_action_id: number | null;
  /** Answers that this person, who answers for the meeting and doesn't lead the action, may accept. */
  to_accept: number;
  to_accept_id: number | null;
}

/** Facts of several meetings at once: Today asks for a day's, the meeting page for one. */
export function listFacts(db: Db, viewerId: number, meetingIds: number[]): Promise<MeetingFacts[]> {
  return rows<MeetingFacts>(
    db,
    `select m.id as meeting_id,
            exists (select 1 from participants p where p.meeting_id = m.id and p.role = 'chair'
              and p.removed_at is null) as has_chair,
            (select count(*) from participants p where p.meeting_id = m.id and p.removed_at is null
              and p.invited_at is null and not p.is_walk_in) as not_invited,
            (select count(*) from agenda_items i where i.meeting_id = m.id
              and i.state not in ('proposed', 'returned', 'withdrawn')) as items,
            x.id as minutes_id, x.state as minutes_state, x.author_id,
            (select count(*) from actions a where a.meeting_id = m.id
              and a.state not in ('closed', 'cancelled')) as open_actions,
            own.my_actions, own.my_action_id, judged.to_accept, judged.to_accept_id
       from meetings m
       left join minutes x on x.meeting_id = m.id
       cross join lateral (
         select count(*) as my_actions, (array_agg(a.id order by a.due_on, a.id))[1] as my_action_id
           from actions a
          where a.meeting_id = m.id and a.lead_id = :viewer
            and a.state in ('assigned', 'accepted', 'in_progress', 'blocked')) own
       cross join lateral (
         select count(*) as to_accept, min(a.id) as to_accept_id
           from actions a
           join answers w on w.action_id = a.id and w.verdict is null
          where a.meeting_id = m.id and a.state = 'answered' and a.lead_id <> :viewer
            and w.answered_by <> :viewer
            and (m.organiser_id = :viewer
              or exists (select 1 from participants p where p.meeting_id = m.id and p.person_id = :viewer
                   and p.removed_at is null and p.role in ('chair', 'secretary')))) judged
      where m.id = any(:ids)`,
    { ids: meetingIds, viewer: viewerId },
  );
}

export interface HistoryEntry {
  id: number;
  at: Date;
  action: string;
  noun: string;
  note: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  name: string | null;
  name_en: string | null;
  behalf_name: string | null;
  behalf_name_en: string | null;
}

/**
 * What happened to a meeting and to what belongs to it, newest first; `before` is the id of the last entry
 * seen.
 */
export function listHistory(
  db: Db,
  meetingId: number,
  options: { before?: number | undefined; limit: number },
): Promise<HistoryEntry[]> {
  return rows<HistoryEntry>(
    db,
    `select e.id, e.at, e.action, e.noun, e.note, e.before, e.after, p.name, p.name_en,
            b.name as behalf_name, b.name_en as behalf_name_en
       from audit_events e
       cross join lateral (select case when e.action = 'reply.record'
         then cast(e.after ->> 'person_id' as bigint) end as person_id) answering
       left join persons p on p.id = coalesce(e.person_id, answering.person_id)
       left join persons b on b.id = coalesce(e.on_behalf_of_id, answering.person_id)
      where e.meeting_id = :meeting and (cast(:before as bigint) is null or e.id < :before)
      order by e.id desc limit :limit`,
    { meeting: meetingId, before: options.before ?? null, limit: options.limit },
  );
}

/** How full the office is: what a newcomer sees first depends on it. */
export async function findBeginnings(
  db: Db,
): Promise<{ has_rooms: boolean; has_people: boolean; has_meetings: boolean }> {
  const found = await row<{ has_rooms: boolean; has_people: boolean; has_meetings: boolean }>(
    db,
    `select exists (select 1 from rooms where status <> 'retired') as has_rooms,
            (select count(*) > 1 from (select 1 from persons where not is_guest limit 2) p) as has_people,
            exists (select 1 from meetings) as has_meetings`,
  );
  if (!found) throw new Error('no row');
  return found;
}
