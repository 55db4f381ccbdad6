import ICAL from 'ical.js';
import type { CalendarEvent, CalendarMethod } from './event.js';
import { cleanLine } from './text.js';

// The rules a finished calendar file must keep, judged on its final bytes. The codes are those of the
// calendar checklist: C for bytes and grammar (RFC 5545), I for REQUEST, X for CANCEL (RFC 5546), O for
// rooms.

/** A calendar file that would break a rule is not sent. */
export class CalendarRefused extends Error {
  constructor(
    readonly rule: string,
    detail: string,
  ) {
    super(`calendar rule ${rule}: ${detail}`);
  }
}

interface Wanted {
  method: CalendarMethod;
  event: CalendarEvent;
  recipient?: string | undefined;
}

/** @throws CalendarRefused when the text breaks a rule or does not say what was wanted */
export function checkCalendar(text: string, wanted: Wanted): void {
  checkBytes(text);
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  checkParts(calendar, wanted);
  const event = calendar.getFirstSubcomponent('vevent');
  if (!event) throw new CalendarRefused('C5', 'there is no event');
  checkTimes(calendar, event, wanted.event);
  checkPeople(event, wanted);
  if (wanted.method === 'REQUEST') checkRequest(event, wanted);
  if (wanted.method === 'CANCEL') checkCancel(event, wanted.event);
}

function refuseUnless(holds: boolean, rule: string, detail: string): void {
  if (!holds) throw new CalendarRefused(rule, detail);
}

function checkBytes(text: string): void {
  refuseUnless(
    text.startsWith('BEGIN:VCALENDAR\r\n') && text.endsWith('END:VCALENDAR\r\n'),
    'C1',
    'the frame is not complete',
  );
  refuseUnless(!/\r(?!\n)|(?<!\r)\n/.test(text), 'C1', 'a line does not end in CRLF');
  refuseUnless(!/[^\P{Cc}\r\n\t]/u.test(text), 'C3', 'there is a control character');
  refuseUnless(
    text.split('\r\n').every((line) => line.length <= 25 || Buffer.byteLength(line) <= 75),
    'C2',
    'a line is longer than 75 octets',
  );
}

function checkParts(calendar: ICAL.Component, { method, event }: Wanted): void {
  for (const name of ['version', 'prodid', 'method']) {
    refuseUnless(calendar.getAllProperties(name).length === 1, 'C5', `${name} does not stand there once`);
  }
  refuseUnless(calendar.getFirstPropertyValue('method') === method, 'C5', 'METHOD is another one');
  const parts = calendar.getAllSubcomponents();
  refuseUnless(
    parts.filter((part) => part.name === 'vevent').length === 1,
    'C5',
    'there is not exactly one event',
  );
  refuseUnless(
    parts.every((part) => part.name === 'vevent' || part.name === 'vtimezone'),
    'C5',
    'a part has no place here',
  );
  const written = calendar.getFirstSubcomponent('vevent');
  for (const name of ['uid', 'dtstamp', 'dtstart', 'dtend', 'summary', 'organizer', 'sequence']) {
    refuseUnless(written?.getAllProperties(name).length === 1, 'C5', `${name} does not stand there once`);
  }
  refuseUnless(written?.getFirstPropertyValue('uid') === event.uid, 'C6', 'UID is another one');
  refuseUnless(
    written?.getFirstPropertyValue('summary') === (cleanLine(event.summary) || '—'),
    'C5',
    'the title does not read back',
  );
  refuseUnless(
    Number(written?.getFirstPropertyValue('sequence')) === event.sequence,
    'I2',
    'SEQUENCE is another one',
  );
}

function checkTimes(calendar: ICAL.Component, written: ICAL.Component, event: CalendarEvent): void {
  for (const name of ['dtstamp', 'created', 'last-modified']) {
    const value = written.getFirstPropertyValue(name);
    refuseUnless(
      value === null || (value instanceof ICAL.Time && value.zone === ICAL.Timezone.utcTimezone),
      'C7',
      `${name} is not in UTC`,
    );
  }
  const start = written.getFirstProperty('dtstart');
  const zoneName = start?.getFirstParameter('tzid');
  for (const name of ['dtstart', 'dtend', 'exdate', 'recurrence-id']) {
    for (const property of written.getAllProperties(name)) {
      refuseUnless(
        property.type === start?.type && property.getFirstParameter('tzid') === zoneName,
        'C8',
        `${name} is of another kind than the start`,
      );
    }
  }
  refuseUnless(
    start?.type === (event.time.allDay ? 'date' : 'date-time'),
    'C8',
    'the start is of the wrong kind',
  );
  refuseUnless(!(event.time.allDay && zoneName), 'C8', 'a date has a time zone');
  const zones = calendar.getAllSubcomponents('vtimezone').map((part) => part.getFirstPropertyValue('tzid'));
  refuseUnless(
    zones.length === (zoneName ? 1 : 0) && zones.every((name) => name === zoneName),
    'C9',
    'the time zone is not described once',
  );
  const [from, to] = ['dtstart', 'dtend'].map((name) => written.getFirstPropertyValue(name));
  refuseUnless(
    from instanceof ICAL.Time && to instanceof ICAL.Time && from.compare(to) < 0,
    'C8',
    'the end is not after the start',
  );
  if (event.time.allDay) {
    refuseUnless(
      String(from) === event.time.start && String(to) === event.time.end,
      'C8',
      'the dates do not read back',
    );
  } else {
    const read = [from, to].map((time) => (time instanceof ICAL.Time ? time.toUnixTime() : NaN));
    const meant = [event.time.start, event.time.end].map((time) => Math.floor(time.getTime() / 1000));
    refuseUnless(read[0] === meant[0] && read[1] === meant[1], 'C9', 'the times do not read back');
  }
  refuseUnless(!(event.rule && event.recurrenceId !== undefined), 'R1', 'one date carries a rule');
}

function checkPeople(written: ICAL.Component, { method, event }: Wanted): void {
  const people = [...written.getAllProperties('organizer'), ...written.getAllProperties('attendee')];
  for (const property of people) {
    refuseUnless(isOurMailto(String(property.getFirstValue())), 'C11', 'an address is not a mailto:');
    for (const name of ['sent-by', 'delegated-to', 'delegated-from']) {
      const value = property.getFirstParameter(name);
      refuseUnless(value === undefined || isOurMailto(value), 'C11', `${name} is not a mailto:`);
    }
    refuseUnless(Boolean(property.getFirstParameter('cn')), 'I3', 'a name is missing');
  }
  const attendees = written.getAllProperties('attendee').map((property) => String(property.getFirstValue()));
  const meant = method === 'PUBLISH' ? [] : event.attendees.map((attendee) => `mailto:${attendee.address}`);
  refuseUnless(
    attendees.length === meant.length && attendees.every((address, n) => address === meant[n]),
    'I3',
    'the attendees do not read back',
  );
  refuseUnless(new Set(attendees).size === attendees.length, 'I3', 'somebody is there twice');
}

function isOurMailto(value: string): boolean {
  return /^mailto:[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9.-]+$/.test(value);
}

function checkRequest(written: ICAL.Component, { event, recipient }: Wanted): void {
  refuseUnless(
    ['CONFIRMED', 'TENTATIVE'].includes(String(written.getFirstPropertyValue('status'))),
    'I1',
    'STATUS is neither CONFIRMED nor TENTATIVE',
  );
  for (const property of written.getAllProperties('attendee')) {
    for (const name of ['cutype', 'role', 'partstat', 'rsvp', 'cn']) {
      refuseUnless(Boolean(property.getFirstParameter(name)), 'I3', `an attendee has no ${name}`);
    }
    const isRoom = property.getFirstParameter('cutype') === 'ROOM';
    refuseUnless(
      !isRoom ||
        (property.getFirstParameter('role') === 'NON-PARTICIPANT' &&
          property.getFirstParameter('rsvp') === 'FALSE'),
      'O1',
      'a room is asked like a person',
    );
  }
  const link = String(written.getFirstPropertyValue('conference') ?? '');
  const readable = ['location', 'description']
    .map((name) => String(written.getFirstPropertyValue(name) ?? ''))
    .join('\n');
  refuseUnless(readable.includes(link), 'I7', 'the video link is not to be read');
  requireRecipient(event, recipient);
  refuseUnless(written.getAllProperties('x-alt-desc').length === 0, 'I8', 'there is an HTML description');
}

/** A REQUEST goes only to somebody it names, and never to its own organiser. @throws CalendarRefused */
export function requireRecipient(
  event: Pick<CalendarEvent, 'attendees' | 'organizer'>,
  recipient: string | undefined,
): void {
  refuseUnless(
    recipient !== undefined && event.attendees.some((attendee) => attendee.address === recipient),
    'I3',
    'the recipient is not among the attendees',
  );
  refuseUnless(recipient !== event.organizer.address, 'I5', 'the recipient is the organiser');
}

function checkCancel(written: ICAL.Component, event: CalendarEvent): void {
  const status = written.getFirstPropertyValue('status');
  refuseUnless(status === null || status === 'CANCELLED', 'X1', 'a cancellation has another STATUS');
  refuseUnless(event.sequence > 0, 'X1', 'a cancellation has SEQUENCE 0');
  refuseUnless(written.getAllProperties('attendee').length > 0, 'X1', 'nobody is named');
}

/**
 * What holds for a standing meeting as a whole: R for recurrence, C8 to C10 across its parts.
 * @throws CalendarRefused when the parts do not fit together
 */
export function checkSeries(text: string, events: CalendarEvent[]): void {
  checkBytes(text);
  const parts = new ICAL.Component(ICAL.parse(text) as unknown[]);
  const written = parts.getAllSubcomponents('vevent');
  refuseUnless(written.length === events.length && written.length > 0, 'R2', 'an exception is missing');
  refuseUnless(
    new Set(written.map((one) => String(one.getFirstPropertyValue('uid')))).size === 1,
    'R2',
    'there is more than one UID',
  );
  const zones = parts
    .getAllSubcomponents('vtimezone')
    .map((part) => String(part.getFirstPropertyValue('tzid')));
  refuseUnless(new Set(zones).size === zones.length, 'C9', 'a time zone is described twice');
  const [main, ...others] = written;
  const rule = main?.getFirstPropertyValue('rrule');
  const exceptions = rule ? others : written;
  // One date by itself has no rule here that it could be held against.
  const start = rule ? main?.getFirstProperty('dtstart') : undefined;
  for (const one of exceptions) {
    const id = one.getFirstProperty('recurrence-id');
    // Alone and without it, it is the whole that is withdrawn.
    if (written.length > 1)
      refuseUnless(
        one.getAllProperties('recurrence-id').length === 1,
        'R1',
        'an exception does not say which date it is',
      );
    refuseUnless(
      ['rrule', 'exdate', 'rdate'].every((name) => one.getAllProperties(name).length === 0),
      'R1',
      'an exception has a rule of its own',
    );
    refuseUnless(
      id?.getFirstParameter('range') === undefined,
      'R1',
      'an exception reaches further than its date',
    );
    if (start && id)
      refuseUnless(
        id.type === start.type && id.getFirstParameter('tzid') === start.getFirstParameter('tzid'),
        'R1',
        'an exception is of another kind than the rule',
      );
  }
  const ids = exceptions.map((one) => String(one.getFirstPropertyValue('recurrence-id')));
  refuseUnless(new Set(ids).size === ids.length, 'R2', 'a date has two exceptions');
  if (rule && main) checkRule(main, rule, events[0]);
}

/**
 * C10, R2, R8: local time with UNTIL in UTC, a rule that Outlook holds, exceptions and left out dates apart.
 */
function checkRule(main: ICAL.Component, rule: unknown, event: CalendarEvent | undefined): void {
  refuseUnless(rule instanceof ICAL.Recur, 'C10', 'the rule does not read back');
  if (!(rule instanceof ICAL.Recur)) return;
  const start = main.getFirstProperty('dtstart');
  refuseUnless(
    main.getAllProperties('rrule').length === 1 && rule.count === null,
    'C10',
    'there is not one rule with an end',
  );
  refuseUnless(
    start?.type === 'date' || Boolean(start?.getFirstParameter('tzid')),
    'C10',
    'a standing meeting is not in the time of its zone',
  );
  refuseUnless(
    rule.until !== null &&
      (start?.type === 'date' ? rule.until.isDate : rule.until.zone === ICAL.Timezone.utcTimezone),
    'C10',
    'UNTIL is not in UTC',
  );
  const { BYMONTHDAY: monthDays = [], BYSETPOS: positions = [] } = rule.parts as Record<
    string,
    unknown[] | undefined
  >;
  refuseUnless(monthDays.length <= 1 && positions.length === 0, 'R8', 'Outlook does not hold such a rule');
  refuseUnless(
    main.getAllProperties('exdate').length === (event?.excluded ?? []).length,
    'R2',
    'a date left out is missing',
  );
}
