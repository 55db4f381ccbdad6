import type { CalendarAttendee, CalendarEvent } from '../../../src/lib/ical/write.js';

/** A meeting as it is invited to, in Shanghai on a Monday morning. */
export function anEvent(changes: Partial<CalendarEvent> = {}): CalendarEvent {
  return {
    uid: '0b1f6f0a-7d1e-4c0e-9a51-5f3c2f6b0001@office.example',
    sequence: 0,
    stampedAt: new Date('2030-03-01T01:02:03Z'),
    createdAt: new Date('2030-02-28T08:00:00Z'),
    changedAt: new Date('2030-03-01T01:00:00Z'),
    time: {
      allDay: false,
      start: new Date('2030-03-04T01:00:00Z'),
      end: new Date('2030-03-04T02:30:00Z'),
      zone: 'Asia/Shanghai',
    },
    status: 'CONFIRMED',
    summary: '每周领导例会, budget; "draft" \\ 2031',
    description: 'Agenda:\n1. Draft budget\n2. 督办事项',
    location: 'Orchid, Building A, floor 3',
    organizer: { address: 'meetings@office.example', name: '欧阳敏', sentBy: 'organiser@office.example' },
    attendees: [
      person('chair@office.example', '周正', { role: 'CHAIR', partstat: 'ACCEPTED' }),
      person('attendee@office.example', 'Chen, An'),
      person('guest@elsewhere.example', 'Alex "Lex" Guest', { role: 'OPT-PARTICIPANT' }),
      room(),
    ],
    ...changes,
  };
}

export function person(
  address: string,
  name: string,
  changes: Partial<CalendarAttendee> = {},
): CalendarAttendee {
  return {
    type: 'INDIVIDUAL',
    role: 'REQ-PARTICIPANT',
    partstat: 'NEEDS-ACTION',
    rsvp: true,
    address,
    name,
    ...changes,
  };
}

export function room(changes: Partial<CalendarAttendee> = {}): CalendarAttendee {
  return {
    type: 'ROOM',
    role: 'NON-PARTICIPANT',
    partstat: 'ACCEPTED',
    rsvp: false,
    address: 'room-orchid@office.example',
    name: 'Orchid',
    ...changes,
  };
}

export const RECIPIENT = 'attendee@office.example';
