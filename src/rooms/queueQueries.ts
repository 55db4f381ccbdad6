import { rows, type Db } from '../lib/db/db.js';
import { KNOWS_TITLE } from './claimQueries.js';

// The queue for rooms that are taken: who asked first is asked first.

/** SQL: what meeting `m` waits for; of several rooms the first stands for all. */
export const WISH = `(select a.* from awaited_rooms a where a.meeting_id = m.id order by a.room_id limit 1)`;

/**
 * SQL condition on meeting `m` and its wish `w`: it still wants the rooms. Kept, it stands where it stood when it asked and has
 * got no other room; skipped, it is still as it was skipped.
 */
export const STILL = `(m.starts_at > :now and (
   (m.state in ('draft', 'scheduled') and (w.starts_at is null or (w.starts_at = m.starts_at and w.ends_at = m.ends_at))
     and coalesce((select array_agg(mr.room_id order by mr.room_id) from meeting_rooms mr where mr.meeting_id = m.id), '{}') = w.had_room_ids)
   or (m.state = 'cancelled' and m.cancelled_at = w.since)))`;

/** SQL: the order of the queue. */
export const IN_TURN = 'w.since, m.id';

/** The queue of a room, its halls and its parts, as far as the viewer may know it. */
export interface QueueLine {
  meeting_id: number | null;
  title: string | null;
  starts_at: Date;
  ends_at: Date;
  state: 'waiting' | 'offered';
  held_until: Date | null;
  since: Date;
}

/** In the order in which they are asked. */
export function listQueue(db: Db, viewerId: number, roomId: number, now: Date): Promise<QueueLine[]> {
  return rows<QueueLine>(
    db,
    `select case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title, m.starts_at, m.ends_at, w.state, w.held_until, w.since
       from meetings m cross join lateral ${WISH} w cross join lateral (select ${KNOWS_TITLE} as yes) known
      where m.id in (select a.meeting_id from awaited_rooms a left join room_parts p on p.hall_id = a.room_id
                      where a.state in ('waiting', 'offered')
                        and coalesce(p.part_id, a.room_id) in (select coalesce(q.part_id, r.id) from rooms r left join room_parts q on q.hall_id = r.id where r.id = :room))
        and ${STILL}
      order by ${IN_TURN} limit 30`,
    { room: roomId, viewer: viewerId, now },
  );
}
