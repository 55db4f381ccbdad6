import ICAL from 'ical.js';
import ical from 'ical-generator';
import type { ICalAttendeeData, ICalEventStatus } from 'ical-generator';
import { DateTime, IANAZone } from 'luxon';
import { tzlib_get_ical_block } from 'timezones-ical-library';
import { checkCalendar, checkSeries, CalendarRefused } from './checks.js';
import { cleanLine, cleanLink, cleanName, cleanText } from './text.js';
import type { CalendarEvent, CalendarMethod, CalendarRule } from './event.js';

/** Stands where a title has no character that may be sent. */
const NO_TITLE = '—';

ICAL.foldLength = 74; // ical.js counts a continuation line without its leading space: 74 + 1 = 75 octets

/**
 * Writes one iCalendar object.
 * @param recipient the address this message goes to; a REQUEST is refused when it is not among the attendees
 * @returns text with CRLF line ends, ready to be encoded as UTF-8
 * @throws CalendarRefused naming the rule of the checklist that the result would break
 */
export function writeCalendar(method: CalendarMethod, event: CalendarEvent, recipient?: string): string {
  checkIdentity(event);
  const zone = event.time.allDay ? undefined : findZone(event.time.zone, event);
  const written = new ICAL.Component(ICAL.parse(generate(method, event, zone)) as unknown[]);
  amend(written, event, zone);
  // ical-generator's own frame would fold character by character, which costs more than all the rest.
  const frame = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Banhui//Banhui//EN', `METHOD:${method}`];
  const text = [...frame, ...(zone ? [zone.block.trim()] : []), written.toString(), 'END:VCALENDAR', ''].join(
    '\r\n',
  );
  checkCalendar(text, { method, event, recipient });
  return text;
}

/**
 * Writes a standing meeting: the event with the rule first, then its exceptions; or exceptions alone.
 * @throws CalendarRefused, also when one part of it breaks a rule
 */
export function writeSeries(method: CalendarMethod, events: CalendarEvent[], recipient?: string): string {
  const written = events.map((event) => splitCalendar(writeCalendar(method, event, recipient)));
  const zones = new Set(written.flatMap(({ zone }) => zone ?? []));
  const frame = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Banhui//Banhui//EN',
    `METHOD:${method}`,
    '',
  ].join('\r\n');
  const text = `${frame}${[...zones].join('')}${written.map(({ event }) => event).join('')}END:VCALENDAR\r\n`;
  checkSeries(text, events);
  return text;
}

/** The event and the time zone of a finished calendar of one event. */
export function splitCalendar(calendar: string): { event: string; zone: string | null } {
  const between = (name: string) => {
    const from = calendar.indexOf(`BEGIN:${name}\r\n`);
    const end = `END:${name}\r\n`;
    const to = calendar.lastIndexOf(end);
    return from < 0 || to < 0 ? null : calendar.slice(from, to + end.length);
  };
  return { event: between('VEVENT') ?? '', zone: between('VTIMEZONE') };
}

/** Does one pair of clock rules hold for all these instants? Only then can a rule be written in this zone. */
export function zoneHolds(name: string, instants: Date[]): boolean {
  const [first] = instants;
  if (!first || !IANAZone.isValidZone(name) || !Array.isArray(tzlib_get_ical_block(name))) return false;
  return agreesWith(readZone(name).read, name, instants);
}

function checkIdentity(event: CalendarEvent): void {
  if (!/^[0-9a-z-]{8,64}@[0-9a-z.-]{1,190}$/.test(event.uid))
    throw new CalendarRefused('C6', 'the UID is not one of ours');
  if (!Number.isSafeInteger(event.sequence) || event.sequence < 0)
    throw new CalendarRefused('I2', 'SEQUENCE is not a whole number');
}

interface Zone {
  /** The name the VTIMEZONE carries: Asia/Chongqing is written as Asia/Shanghai. */
  id: string;
  block: string;
}

/**
 * The zone to write times in; undefined when its one pair of rules disagrees with the real clock on a date we
 * need, so that UTC is right.
 */
function findZone(name: string, event: CalendarEvent): Zone | undefined {
  const { read, ...zone } = readZone(name);
  const instants = [
    event.time.start,
    event.time.end,
    event.recurrenceId,
    ...(event.excluded ?? []),
    ...(event.covers ?? []),
  ];
  const agrees = agreesWith(
    read,
    name,
    instants.filter((instant) => instant instanceof Date),
  );
  if (!agrees && event.rule)
    throw new CalendarRefused('C9', 'the time zone has no rule that holds for all dates');
  return agrees ? zone : undefined;
}

function agreesWith(read: ICAL.Timezone, name: string, instants: Date[]): boolean {
  return instants.every((instant) => {
    const local = DateTime.fromJSDate(instant, { zone: name });
    if (!local.isValid) throw new CalendarRefused('C9', 'the time or its zone is not valid');
    const { year, month, day, hour, minute, second } = local;
    return (
      ICAL.Time.fromData({ year, month, day, hour, minute, second, isDate: false }, read).toUnixTime() *
        1000 ===
      instant.getTime()
    );
  });
}

const zonesRead = new Map<string, Zone & { read: ICAL.Timezone }>();

function readZone(name: string): Zone & { read: ICAL.Timezone } {
  const known = zonesRead.get(name);
  if (known) return known;
  const found = IANAZone.isValidZone(name) ? tzlib_get_ical_block(name) : undefined;
  if (!Array.isArray(found) || !found[0] || !found[1])
    throw new CalendarRefused('C9', 'the time zone is unknown');
  const zone = {
    id: found[1].slice('TZID='.length),
    block: found[0],
    read: new ICAL.Timezone(new ICAL.Component(ICAL.parse(found[0]) as unknown[])),
  };
  zonesRead.set(name, zone);
  return zone;
}

/**
 * Luxon in UTC is the one form the generator prints the same whatever zone and language the process runs in.
 */
function utc(instant: Date | string): DateTime {
  const read =
    instant instanceof Date
      ? DateTime.fromJSDate(instant, { zone: 'utc' })
      : DateTime.fromISO(instant, { zone: 'utc' });
  if (!read.isValid) throw new CalendarRefused('C8', 'a time is not valid');
  return read.reconfigure({ locale: 'en-US', numberingSystem: 'latn' });
}

function generate(method: CalendarMethod, event: CalendarEvent, zone: Zone | undefined): string {
  // The zone stands on the event: on the calendar it would make DTSTART floating and DTSTAMP local.
  return ical()
    .createEvent({
      id: event.uid,
      sequence: event.sequence,
      stamp: utc(event.stampedAt),
      created: event.createdAt ? utc(event.createdAt) : null,
      lastModified: event.changedAt ? utc(event.changedAt) : null,
      start: utc(event.time.start),
      end: utc(event.time.end),
      allDay: event.time.allDay,
      timezone: zone?.id ?? null,
      summary: cleanLine(event.summary) || NO_TITLE,
      // An empty TEXT is an error to libical.
      description: cleanText(event.description ?? '') || null,
      location: cleanLine(event.location ?? '') || null,
      status: (event.status ?? null) as ICalEventStatus | null,
      organizer: {
        name: cleanName(event.organizer.name) || event.organizer.address,
        email: event.organizer.address,
      },
      attendees:
        method === 'PUBLISH'
          ? []
          : event.attendees.map(
              (attendee) =>
                ({
                  name: cleanName(attendee.name) || attendee.address,
                  email: attendee.address,
                  type: attendee.type,
                  role: attendee.role,
                  status: attendee.partstat,
                  rsvp: attendee.rsvp,
                }) as ICalAttendeeData,
            ),
    })
    .toString();
}

function amend(written: ICAL.Component, event: CalendarEvent, zone: Zone | undefined): void {
  for (const property of written.getAllProperties('organizer').concat(written.getAllProperties('attendee'))) {
    const address = String(property.getFirstValue()).replace(/^mailto:/i, '');
    property.setValue(`mailto:${address}`); // the generator writes MAILTO: for attendees
    const attendee =
      property.name === 'attendee' ? event.attendees.find((one) => one.address === address) : undefined;
    if (attendee?.delegatedTo) property.setParameter('delegated-to', `mailto:${attendee.delegatedTo}`);
    if (attendee?.delegatedFrom) property.setParameter('delegated-from', `mailto:${attendee.delegatedFrom}`);
    if (property.name === 'organizer' && event.organizer.sentBy)
      property.setParameter('sent-by', `mailto:${event.organizer.sentBy}`);
  }
  const link = event.link ? cleanLink(event.link) : undefined;
  if (link) written.addProperty(new ICAL.Property(['conference', { feature: 'VIDEO' }, 'uri', link]));
  if (event.relatedTo) written.addPropertyWithValue('related-to', event.relatedTo);
  if (event.rule)
    written.addPropertyWithValue('rrule', ICAL.Recur.fromString(ruleText(event.rule, event.time.allDay)));
  for (const start of event.excluded ?? []) addStart(written, 'exdate', start, zone, event);
  if (event.recurrenceId !== undefined) addStart(written, 'recurrence-id', event.recurrenceId, zone, event);
}

/**
 * EXDATE and RECURRENCE-ID have the value type and the zone of DTSTART; the generator never writes VALUE=DATE
 * for the latter.
 */
function addStart(
  written: ICAL.Component,
  name: string,
  start: Date | string,
  zone: Zone | undefined,
  event: CalendarEvent,
): void {
  const isWall = typeof start === 'string' && zone !== undefined && start.includes('T');
  if (!isWall && start instanceof Date === event.time.allDay)
    throw new CalendarRefused('C8', `${name} is of another kind than the start`);
  const local =
    start instanceof Date && zone && !event.time.allDay ? utc(start).setZone(event.time.zone) : utc(start);
  const { year, month, day, hour, minute, second } = local;
  const value = event.time.allDay
    ? ICAL.Time.fromData({ year, month, day, isDate: true })
    : ICAL.Time.fromData(
        { year, month, day, hour, minute, second, isDate: false },
        zone ? undefined : ICAL.Timezone.utcTimezone,
      );
  const property = new ICAL.Property(name);
  property.setValue(value);
  if (zone) property.setParameter('tzid', zone.id);
  written.addProperty(property);
}

function ruleText(rule: CalendarRule, allDay: boolean): string {
  const until = utc(rule.until).toFormat(allDay ? 'yyyyLLdd' : "yyyyLLdd'T'HHmmss'Z'");
  const days = rule.byDay?.length ? `;BYDAY=${rule.byDay.join(',')}` : '';
  const monthDay = rule.byMonthDay === undefined ? '' : `;BYMONTHDAY=${rule.byMonthDay}`;
  const month = rule.byMonth === undefined ? '' : `;BYMONTH=${rule.byMonth}`;
  return `FREQ=${rule.frequency};INTERVAL=${rule.interval}${month}${days}${monthDay};UNTIL=${until}`;
}
