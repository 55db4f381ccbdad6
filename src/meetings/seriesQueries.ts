import { type Bindings, type Db, rows } from '../lib/db/db.js';
import { deputyOf } from './queries.js';

/** Names for a filter or a choice; running ones that the viewer may know. */
export function listSeriesOptions(db: Db, viewer: Who): Promise<{ id: number; name: string }[]> {
  const scope = visibleSeries(viewer);
  return rows(
    db,
    `select s.id, s.name from series s where ${scope.sql} and s.ended_on is null order by lower(s.name), s.id limit 500`,
    scope.bindings,
  );
}

/** The scope of all reads of series, as `visibleMeetings` is for meetings. */
export function visibleSeries(viewer: Who, alias = 's'): { sql: string; bindings: Bindings } {
  return {
    sql: `(not ${alias}.is_private or ${alias}.organiser_id = :viewer_id
      or ${alias}.booked_for_id = :viewer_id or ${alias}.created_by = :viewer_id
      or exists (select 1 from series_members x where x.series_id = ${alias}.id and x.person_id = :viewer_id)
      or ${deputyOf(`${alias}.organiser_id, ${alias}.booked_for_id`)})`,
    bindings: { viewer_id: viewer.id },
  };
}
export type Who = { id: number };
