import type { NoShow } from './noShowQueries.js';
import type { CalendarClaim } from './queries.js';

// Bookings to which nobody came, on the grid of a day. Pure.

const QUARTER = 15;

/**
 * Marks claims that still stand, and puts those that were given up where they were waited for: from their
 * beginning to the quarter hour in which the room was given up, as soon as that is past and nobody else has
 * the room then.
 * @param claims minutes counted from the start of the day @param now minutes since the start of the day, on
 * or after its end for days gone by
 */
export function markNoShows(
  claims: readonly CalendarClaim[],
  noShows: readonly NoShow[],
  day: { start: Date },
  now: number,
): CalendarClaim[] {
  if (noShows.length === 0) return [...claims];
  const minuteOf = (instant: Date) => (instant.getTime() - day.start.getTime()) / 60_000;
  const marked = claims.map((claim) =>
    noShows.some((one) => one.meeting_id === claim.meeting_id && one.room_id === claim.room_id)
      ? { ...claim, is_no_show: true }
      : claim,
  );
  const lost = noShows.flatMap((one): CalendarClaim[] => {
    if (!one.released_at) return [];
    const f = minuteOf(one.starts_at);
    const t = Math.min(minuteOf(one.ends_at), Math.ceil(minuteOf(one.released_at) / QUARTER) * QUARTER);
    if (
      t <= f ||
      t > now ||
      claims.some((claim) => claim.room_id === one.room_id && claim.f < t && claim.t > f)
    )
      return [];
    return [
      {
        room_id: one.room_id,
        meeting_id: one.meeting_id,
        closure_id: null,
        title: one.title,
        is_mine: false,
        is_requested: false,
        is_tentative: false,
        hold: null,
        is_no_show: true,
        f,
        t,
        s: f,
        e: minuteOf(one.ends_at),
      },
    ];
  });
  return [...marked, ...lost];
}
