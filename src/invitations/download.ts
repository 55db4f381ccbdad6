import type { Config } from '../config.js';
import { ourMailbox } from '../lib/mail/message.js';
import type { Reader } from './announcement.js';
import { calendarEvent } from './calendarEvent.js';
import { writeCalendar } from '../lib/ical/write.js';
import type { Tellable } from './queries.js';

/**
 * The meeting as a file to add to a calendar by hand: the same UID as in the mails, nobody's name but the
 * organiser's.
 * @param place of somebody who holds it as a date of its series
 */
export function plainCopy(
  config: Pick<Config, 'mailFrom' | 'mailDomain'>,
  meeting: Tellable,
  reader: Reader,
  now: Date,
  place?: { uid: string; occurrence_at: Date },
): string {
  return writeCalendar('PUBLISH', {
    ...calendarEvent({
      facts: { ...meeting, ...(place ? { uid: place.uid } : {}) },
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
    ...(place ? { recurrenceId: place.occurrence_at } : {}),
  });
}
