import type { BookingRules } from '../rules/layers.js';

// When a room has to be checked in to, until when, and what is said when nobody came. Pure; the limits are
// booking rules, in minutes.

type Limits = Pick<
  BookingRules,
  'check_in' | 'check_in_opens' | 'check_in_releases' | 'check_in_exempt_over' | 'check_in_exempt_notice'
>;

/** Where no rule says otherwise one can check in so many minutes before. */
export const CHECK_IN_OPENS = 15;

/**
 * Until when somebody has to check in before the room is given up; undefined where nobody has to: not by the
 * rule, a long meeting, or one that was booked shortly before it began.
 * @param bookedAt when the room was claimed
 */
export function checkInDue(
  rules: Limits,
  meeting: { startsAt: Date; endsAt: Date; bookedAt: Date },
): Date | undefined {
  const start = meeting.startsAt.getTime();
  if (rules.check_in !== 'required') return undefined;
  if (
    rules.check_in_exempt_over > 0 &&
    meeting.endsAt.getTime() - start > rules.check_in_exempt_over * 60_000
  )
    return undefined;
  if (meeting.bookedAt.getTime() > start - rules.check_in_exempt_notice * 60_000) return undefined;
  return new Date(start + rules.check_in_releases * 60_000);
}
