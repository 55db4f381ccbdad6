import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { BookingRules } from '../rules/layers.js';
import type { LostRoom } from './noShowQueries.js';

// When a room has to be checked in to, until when, and what is said when nobody came. Pure; the limits are booking rules, in minutes.

type Limits = Pick<
  BookingRules,
  'check_in' | 'check_in_opens' | 'check_in_releases' | 'check_in_exempt_over' | 'check_in_exempt_notice'
>;

/** Where no rule says otherwise one can check in so many minutes before. */
export const CHECK_IN_OPENS = 15;

/**
 * Until when somebody has to check in before the room is given up; undefined where nobody has to: not by the rule, a long
 * meeting, or one that was booked shortly before it began.
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

/** Which rooms were given up when, and by which rule; undefined when none was. */
export function tellLost(
  lost: readonly LostRoom[],
  meeting: { starts_at: Date },
  t: Translate,
  fmt: Format,
): string | undefined {
  const [first] = lost;
  if (!first) return undefined;
  return t(lost.length > 1 ? 'meetings.day.lostMany' : 'meetings.day.lost', {
    due: fmt.time(new Date(meeting.starts_at.getTime() + first.releases * 60_000)),
    minutes: first.releases,
    time: fmt.time(first.released_at),
    rooms: lost.map((room) => fmt.name(room)).join(t('rooms.list.comma')),
  });
}

/** Some days in a row, the first one first. @param dates instants as ISO 8601 */
export function tellDays(dates: readonly string[], t: Translate, fmt: Format): string {
  return dates
    .map((at) => new Date(at))
    .sort((a, b) => a.getTime() - b.getTime())
    .map((at) => fmt.shortDay(at))
    .join(t('rooms.list.comma'));
}
