import { rows, type Db } from '../lib/db/db.js';

/**
 * SQL condition: whether :viewer_id may know a poll (see the function in migrations/1160_poll_telling.sql).
 * @param poll alias of `polls`
 */
export const knowsPoll = (poll: string) => `knows_poll(${poll}.id, :viewer_id)`;

export interface PollTime {
  person_id: number;
  starts_at: Date;
  ends_at: Date;
  /** Null when the viewer may not know the poll. */
  poll_id: number | null;
  title: string | null;
  /** And the viewer may not know it: nobody learns that it is a poll. */
  is_secret: boolean;
}

/**
 * Times that open polls offer to these people and to which they have not said no, in [from, to), in order of
 * time.
 */
export function listPollTimes(
  db: Db,
  viewerId: number,
  personIds: readonly number[],
  { from, to }: { from: Date; to: Date },
): Promise<PollTime[]> {
  return rows<PollTime>(
    db,
    `select x.person_id, t.starts_at, t.ends_at, case when known.yes then o.id end as poll_id,
            case when known.yes then o.title end as title, o.is_private and not known.yes as is_secret
       from poll_people x
       join polls o on o.id = x.poll_id and o.state = 'open'
       join poll_options t on t.poll_id = o.id
                          and t.removed_at is null
                          and t.starts_at < :to
                          and t.ends_at > :from
       left join poll_answers a on a.poll_person_id = x.id and a.option_id = t.id
      cross join lateral (select ${knowsPoll('o')} as yes) known
      where x.person_id = any(:ids) and a.answer is distinct from 'no'
      order by t.starts_at, o.id`,
    { viewer_id: viewerId, ids: personIds, from, to },
  );
}
