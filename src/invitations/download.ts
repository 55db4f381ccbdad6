import type { Config } from '../config.js';
import { ourMailbox } from '../lib/mail/message.js';
import type { Reader } from './announcement.js';
import { calendarEvent } from './calendarEvent.js';
import { writeCalendar } from '../lib/ical/write.js';
import type { Tellable } from './queries.js';

/**
 * The meeting as a file to add to a calendar by hand: the same UID as in the mails, nobody's name but the
 * organiser's. It is a date of its series for somebody who holds it at a `place` there.
 */
export function plainCopy(
  config: Pick<Config, 'mailFrom' | 'mailDomain'>,
  meeting: Tellable,
  reader: Reader,
  { now, place }: { now: Date; place: { uid: string; occurrence_at: Date } | undefined },
): string {
  return writeCalendar('PUBLISH', {
    ...calendarEvent({
      facts: { ...meeting, uid: place?.uid ?? meeting.uid },
      told: meeting,
      attendees: [],
      sequence: meeting.sequence,
      stampedAt: now,
      organizerAddress: ourMailbox(config).address,
      sentBy: null,
      mailDomain: config.mailDomain,
      status: 'CONFIRMED',
      reader,
    }),
    recurrenceId: place?.occurrence_at,
  });
}
