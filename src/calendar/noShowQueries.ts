import { rows, type Db } from '../lib/db/db.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';

import { atomOf, joinParts } from '../hours/liveClaimQueries.js';
import { ABSENT } from '../claims/noShowRateQueries.js';

/** A booking to which nobody came, once for each atomic room. */
export interface NoShow {
  meeting_id: number;
  room_id: number;
  /** Null where the viewer may not know it. */
  title: string | null;
  starts_at: Date;
  ends_at: Date;
  /** Null: it kept its room to the end. */
  released_at: Date | null;
}

/** Those that begin in [start, end). */
export function listDayNoShows(
  db: Db,
  viewerId: number,
  span: { start: Date; end: Date },
): Promise<NoShow[]> {
  return rows<NoShow>(
    db,
    `select o.meeting_id, ${atomOf('o.room_id')} as room_id, m.starts_at, m.ends_at, o.released_at,
            case when ${KNOWS_TITLE} then m.title end as title
       from check_in_outcomes o
       join meetings m on m.id = o.meeting_id and m.starts_at = o.starts_at
       ${joinParts('o.room_id')}
      where o.starts_at >= :start and o.starts_at < :end and ${ABSENT}`,
    { viewer: viewerId, start: span.start, end: span.end },
  );
}
