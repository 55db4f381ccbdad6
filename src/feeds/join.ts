import ICAL from 'ical.js';
import { cleanLine } from '../lib/ical/text.js';

// A feed out of events that were written and judged one by one (lib/ical/write.ts), each with the time zone
// it needs. Pure, and by strings: a thousand events are joined, not written again (RFC 5545 3.4, 3.6).

/** One VEVENT and the VTIMEZONE it refers to, as they stood in a finished calendar. */
export interface FeedPart {
  event: string;
  zone: string | null;
}

/** @param name of the calendar, as programs show it; @returns the whole feed with CRLF line ends */
export function joinFeed(name: string, parts: readonly FeedPart[]): string {
  const frame = new ICAL.Component('vcalendar');
  const title = cleanLine(name) || 'Banhui';
  for (const [key, value] of [
    ['version', '2.0'],
    ['prodid', '-//Banhui//Banhui//EN'],
    ['name', title],
    ['x-wr-calname', title],
  ] as const)
    frame.addPropertyWithValue(key, value);
  // RFC 7986 5.7, and what Outlook reads instead
  frame.addProperty(new ICAL.Property(['refresh-interval', {}, 'duration', 'PT1H']));
  frame.addProperty(new ICAL.Property(['x-published-ttl', {}, 'text', 'PT1H']));
  const head = frame
    .toString()
    .replace(/END:VCALENDAR\s*$/, '')
    .trimEnd();
  const zones = [...new Set(parts.flatMap(({ zone }) => (zone === null ? [] : [zone])))];
  return `${head}\r\n${zones.join('')}${parts.map(({ event }) => event).join('')}END:VCALENDAR\r\n`;
}
