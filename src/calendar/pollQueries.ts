import { rows, type Db } from '../lib/db/db.js';
import { deputyOf } from '../meetings/queries.js';

/**
 * SQL condition: whether :viewer_id may know a poll. Who calls it and their deputies, who is asked, and the office unless it is
 * private. @param poll alias of `polls`
 */
export const knowsPoll = (poll: string) => `(${poll}.organiser_id = :viewer_id or ${poll}.created_by = :viewer_id or ${deputyOf(`${poll}.organiser_id`)}
  or exists (select 1 from poll_people x where x.poll_id = ${poll}.id and x.person_id = :viewer_id)
  or (not ${poll}.is_private and exists (select 1 from persons v where v.id = :viewer_id and v.role in ('secretary', 'administrator'))))`;

export interface PollTime {
  person_id: number;
  starts_at: Date;
  ends_at: Date;
  /** Null when the viewer may not know the poll. */
  poll_id: number | null;
  title: string | null;
}

/** Times that open polls offer to these people and to which they have not said no, in [from, to), in order of time. */
export function listPollTimes(db: Db, viewerId: number, personIds: readonly number[], from: Date, to: Date): Promise<PollTime[]> {
  return rows<PollTime>(
    db,
    `select x.person_id, t.starts_at, t.ends_at, case when known.yes then o.id end as poll_id, case when known.yes then o.title end as title
       from poll_people x
       join polls o on o.id = x.poll_id and o.state = 'open'
       join poll_options t on t.poll_id = o.id and t.removed_at is null and t.starts_at < :to and t.ends_at > :from
       left join poll_answers a on a.poll_person_id = x.id and a.option_id = t.id
      cross join lateral (select ${knowsPoll('o')} as yes) known
      where x.person_id = any(:ids) and a.answer is distinct from 'no'
      order by t.starts_at, o.id`,
    { viewer_id: viewerId, ids: personIds, from, to },
  );
}
