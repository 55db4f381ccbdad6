import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { LostRoom } from './noShowQueries.js';

/** Which rooms were given up when, and by which rule; undefined when none was. */
export function describeLost(
  lost: readonly LostRoom[],
  meeting: { starts_at: Date },
  t: Translate,
  fmt: Format,
): string | undefined {
  const [first] = lost;
  if (!first) return undefined;
  return t(lost.length > 1 ? 'meetings.day.lostMany' : 'meetings.day.lost', {
    due: fmt.time(new Date(meeting.starts_at.getTime() + first.releases * 60000)),
    minutes: first.releases,
    time: fmt.time(first.released_at),
    rooms: lost.map((room) => fmt.name(room)).join(t('rooms.list.comma')),
  });
}
