import type { Named } from '../lib/time/format.js';
import { isWithin } from '../hours/liveClaimQueries.js';

// What a claim in the state 'held' is kept for; describeHold.ts says it.

/** As far as its reader may know it; 'private': a booking like any other to them. */
export type Hold =
  | { kind: 'private' }
  /** A time offered in a poll; address and title for who may know the poll. */
  | { kind: 'poll'; until: string; href: string | null; title: string | null; organiser: Named }
  /** Kept for a meeting that waited for the room; address and title for whom it is kept. */
  | { kind: 'wait'; until: string; href: string | null; title: string | null };

/** Something held in a stretch of time. */
export interface Kept {
  hold: Hold;
  starts_at: string;
  ends_at: string;
}

/** SQL: a list of Kept in the way of a closure, in order of time. @param closure alias of `closures` */
export const keptIn = (closure: string): string => `
  (select coalesce(
     json_agg(
       distinct jsonb_build_object('starts_at', k.starts_at, 'ends_at', k.ends_at, 'hold', ${holdOf('k')})
     ), '[]'
   )
     from room_claims k
    where ${isWithin('k.room_id', `${closure}.room_id`)}
      and k.state = 'held' and k.occupies && tstzrange(${closure}.starts_at, ${closure}.ends_at))`;

/**
 * SQL: a Hold for a claim, for the person `:viewer`; null when it isn't held.
 * @param claim alias of a row with poll_option_id, awaited_meeting_id, state and hold_until
 */
export const holdOf = (claim: string): string =>
  `case when ${claim}.state = 'held' then hold_known(
     ${claim}.poll_option_id, ${claim}.awaited_meeting_id, ${claim}.hold_until, :viewer
   ) end`;
