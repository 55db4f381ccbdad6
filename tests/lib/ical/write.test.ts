import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ICAL from 'ical.js';
import { writeCalendar } from '../../../src/lib/ical/write.js';
import type { CalendarEvent, CalendarMethod } from '../../../src/lib/ical/event.js';
import { anEvent, person, RECIPIENT, room } from './event.js';

// Titles begin with the row of the calendar checklist that they hold us to.

function write(changes: Partial<CalendarEvent> = {}, method: CalendarMethod = 'REQUEST'): string {
  return writeCalendar(method, anEvent(changes), RECIPIENT);
}

function unfolded(text: string): string[] {
  return text.replace(/\r\n /g, '').split('\r\n');
}

function line(text: string, start: string): string | undefined {
  return unfolded(text).find((one) => one.startsWith(start));
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
}
const cancelled = (changes: Partial<CalendarEvent> = {}) =>
  anEvent({ sequence: 1, status: 'CANCELLED', ...changes });

const GOLDEN: [string, CalendarMethod, CalendarEvent][] = [
  ['request', 'REQUEST', anEvent()],
  [
    'request-link',
    'REQUEST',
    anEvent({ link: 'https://meet.example/a;b,c?x=1&y=2', location: 'https://meet.example/a;b,c?x=1&y=2' }),
  ],
  [
    'request-substitute',
    'REQUEST',
    anEvent({
      sequence: 3,
      attendees: [
        person('chair@office.example', '周正', {
          role: 'CHAIR',
          partstat: 'DELEGATED',
          rsvp: false,
          delegatedTo: RECIPIENT,
        }),
        person(RECIPIENT, '陈安', { delegatedFrom: 'chair@office.example' }),
      ],
    }),
  ],
  [
    'request-berlin-summer',
    'REQUEST',
    anEvent({
      time: {
        allDay: false,
        start: new Date('2030-07-01T07:00:00Z'),
        end: new Date('2030-07-01T08:00:00Z'),
        zone: 'Europe/Berlin',
      },
    }),
  ],
  ['request-all-day', 'REQUEST', anEvent({ time: { allDay: true, start: '2030-03-04', end: '2030-03-06' } })],
  ['cancel', 'CANCEL', cancelled()],
  [
    'cancel-one-person',
    'CANCEL',
    anEvent({ sequence: 1, status: undefined, attendees: [person(RECIPIENT, 'Chen, An')] }),
  ],
  ['publish', 'PUBLISH', anEvent()],
];

describe('the calendar file', () => {
  it.each(GOLDEN)('%s.ics is byte for byte as agreed', (name, method, event) => {
    const path = join(import.meta.dirname, 'golden', `${name}.ics`);
    const text = writeCalendar(method, event, RECIPIENT);
    if (process.env.WRITE_GOLDEN) writeFileSync(path, text);
    expect(existsSync(path)).toBe(true);
    // VTIMEZONE carries the date of the zone database, which changes with the package only
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('C1 C2 has CRLF only and lines of at most 75 octets, never cut inside a character', () => {
    const text = write({ summary: '会议'.repeat(90), description: '😀é办会 '.repeat(200) });
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text.charCodeAt(0)).not.toBe(0xfeff);
    for (const one of Buffer.from(text).toString('latin1').split('\r\n')) {
      expect(one.length).toBeLessThanOrEqual(75);
      expect(Buffer.from(one, 'latin1').toString('utf8')).not.toContain('\ufffd');
    }
  });

  it('C3 C4 lets nobody out of a name, a title or a place', () => {
    const hostile = 'Li"\r\nATTENDEE;ROLE=CHAIR:mailto:evil@evil.example\nX:";CN="\u0000\u202e^n\\';
    const text = write({
      summary: hostile,
      location: hostile,
      description: hostile,
      organizer: { address: 'meetings@office.example', name: hostile },
      attendees: [person(RECIPIENT, hostile), room({ name: hostile })],
    });
    expect(unfolded(text).filter((one) => one.startsWith('ATTENDEE'))).toHaveLength(2);
    expect(line(text, 'ORGANIZER')).toMatch(/:mailto:meetings@office\.example$/);
    const event = new ICAL.Component(ICAL.parse(text) as unknown[]).getFirstSubcomponent('vevent');
    expect(event?.getAllProperties('attendee').map((one) => one.getFirstParameter('role'))).toEqual([
      'REQ-PARTICIPANT',
      'NON-PARTICIPANT',
    ]);
    expect(text).not.toContain('\\"');
  });

  it('C5 has METHOD, VERSION and PRODID once and leaves links alone', () => {
    const text = write({ link: 'https://meet.example/a;b,c', location: 'https://meet.example/a;b,c' });
    for (const name of ['METHOD:', 'VERSION:', 'PRODID:'])
      expect(unfolded(text).filter((one) => one.startsWith(name))).toHaveLength(1);
    expect(line(text, 'CONFERENCE')).toBe('CONFERENCE;FEATURE=VIDEO;VALUE=URI:https://meet.example/a;b,c');
    expect(line(text, 'LOCATION')).toBe('LOCATION:https://meet.example/a\\;b\\,c');
  });

  it.each([
    'x\r\nATTENDEE:mailto:a@b.example',
    'plain',
    'a b@office.example',
    'UPPER-CASE@office.example',
    '',
  ])('C6 refuses the UID %j', (uid) => {
    expect(refusal(() => write({ uid }))).toContain('C6');
  });

  it('C7 tells when it was made in UTC', () => {
    const text = write();
    expect(line(text, 'DTSTAMP')).toBe('DTSTAMP:20300301T010203Z');
    expect(line(text, 'CREATED')).toBe('CREATED:20300228T080000Z');
    expect(line(text, 'LAST-MODIFIED:20300301')).toBe('LAST-MODIFIED:20300301T010000Z');
  });

  it('C8 writes dates without a zone, with an exclusive end', () => {
    const text = write({ time: { allDay: true, start: '2030-03-04', end: '2030-03-05' } });
    expect(line(text, 'DTSTART;')).toBe('DTSTART;VALUE=DATE:20300304');
    expect(line(text, 'DTEND;')).toBe('DTEND;VALUE=DATE:20300305');
    expect(text).not.toContain('TZID');
  });

  it.each([
    [
      'an end at the start',
      {
        allDay: false,
        start: new Date('2030-03-04T01:00:00Z'),
        end: new Date('2030-03-04T01:00:00Z'),
        zone: 'Asia/Shanghai',
      },
    ],
    [
      'an end before the start',
      {
        allDay: false,
        start: new Date('2030-03-04T02:00:00Z'),
        end: new Date('2030-03-04T01:00:00Z'),
        zone: 'Asia/Shanghai',
      },
    ],
    ['no date', { allDay: true, start: '2030-02-30', end: '2030-03-02' }],
    [
      'no instant',
      { allDay: false, start: new Date(NaN), end: new Date('2030-03-04T01:00:00Z'), zone: 'Asia/Shanghai' },
    ],
  ] as const)('C8 refuses %s', (_, time) => {
    expect(refusal(() => write({ time }))).toMatch(/C8|C9/);
  });

  it('C9 describes the zone once, under the name it has today', () => {
    const text = write({
      time: {
        allDay: false,
        start: new Date('2030-03-04T01:00:00Z'),
        end: new Date('2030-03-04T02:30:00Z'),
        zone: 'Asia/Chongqing',
      },
    });
    expect(unfolded(text).filter((one) => one === 'BEGIN:VTIMEZONE')).toHaveLength(1);
    expect(line(text, 'TZID')).toBe('TZID:Asia/Shanghai');
    expect(line(text, 'DTSTART;')).toBe('DTSTART;TZID=Asia/Shanghai:20300304T090000');
  });

  it('C9 refuses a zone that nobody knows or that tries to be more than a name', () => {
    expect(
      refusal(() =>
        write({
          time: {
            allDay: false,
            start: new Date('2030-03-04T01:00:00Z'),
            end: new Date('2030-03-04T02:00:00Z'),
            zone: 'Mars/Olympus',
          },
        }),
      ),
    ).toContain('C9');
    expect(
      refusal(() =>
        write({
          time: {
            allDay: false,
            start: new Date('2030-03-04T01:00:00Z'),
            end: new Date('2030-03-04T02:00:00Z'),
            zone: 'Asia/Shanghai\r\nX:Y',
          },
        }),
      ),
    ).toContain('C9');
  });

  it('C9 falls back to UTC where the one pair of rules is not what the clocks did', () => {
    // In 2007 the United States began to turn their clocks three weeks earlier; the block describes today's rules only.
    const text = write({
      time: {
        allDay: false,
        start: new Date('2005-03-28T15:00:00Z'),
        end: new Date('2005-03-28T16:00:00Z'),
        zone: 'America/New_York',
      },
    });
    expect(line(text, 'DTSTART')).toBe('DTSTART:20050328T150000Z');
    expect(text).not.toContain('VTIMEZONE');
  });

  it('C10 repeats in zone time, with UNTIL in UTC and dates left out in the zone', () => {
    const text = write({
      time: {
        allDay: false,
        start: new Date('2030-03-04T08:00:00Z'),
        end: new Date('2030-03-04T09:00:00Z'),
        zone: 'Europe/Berlin',
      },
      rule: { frequency: 'WEEKLY', interval: 2, byDay: ['MO'], until: new Date('2030-06-24T07:00:00Z') },
      excluded: [new Date('2030-04-01T07:00:00Z')],
    });
    expect(line(text, 'RRULE:FREQ=WEEKLY')).toBe(
      'RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20300624T070000Z',
    );
    expect(line(text, 'EXDATE')).toBe('EXDATE;TZID=Europe/Berlin:20300401T090000');
    const days = write({
      time: { allDay: true, start: '2030-03-04', end: '2030-03-05' },
      rule: { frequency: 'MONTHLY', interval: 1, byMonthDay: 4, until: '2030-06-04' },
      excluded: ['2030-05-04'],
    });
    expect(line(days, 'RRULE')).toBe('RRULE:FREQ=MONTHLY;BYMONTHDAY=4;UNTIL=20300604');
    expect(line(days, 'EXDATE')).toBe('EXDATE;VALUE=DATE:20300504');
  });

  it('C8 R1 names one date of a rule in the kind and the zone of its start', () => {
    expect(line(write({ recurrenceId: new Date('2030-03-03T01:00:00Z') }), 'RECURRENCE-ID')).toBe(
      'RECURRENCE-ID;TZID=Asia/Shanghai:20300303T090000',
    );
    const day = write({
      time: { allDay: true, start: '2030-03-04', end: '2030-03-05' },
      recurrenceId: '2030-03-03',
    });
    expect(line(day, 'RECURRENCE-ID')).toBe('RECURRENCE-ID;VALUE=DATE:20300303');
    expect(refusal(() => write({ recurrenceId: '2030-03-03' }))).toContain('C8');
    expect(
      refusal(() =>
        write({
          recurrenceId: new Date('2030-03-03T01:00:00Z'),
          rule: { frequency: 'DAILY', interval: 1, until: new Date('2030-04-03T01:00:00Z') },
        }),
      ),
    ).toContain('R1');
  });

  it('C11 makes every address a mailto:', () => {
    const text = write({
      attendees: [
        person(RECIPIENT, 'Chen', { delegatedFrom: 'chair@office.example' }),
        person('chair@office.example', 'Zhou', { delegatedTo: RECIPIENT, partstat: 'DELEGATED' }),
      ],
    });
    expect(line(text, 'ORGANIZER')).toBe(
      'ORGANIZER;CN=欧阳敏;SENT-BY="mailto:organiser@office.example":mailto:meetings@office.example',
    );
    expect(text).not.toContain('MAILTO');
    expect(unfolded(text).join('\n')).toContain('DELEGATED-FROM="mailto:chair@office.example"');
    expect(unfolded(text).join('\n')).toContain('DELEGATED-TO="mailto:attendee@office.example"');
    for (const address of ['a@b.example\r\nX:Y', 'a"@b.example', 'a;b@c.example', '张@b.example']) {
      expect(refusal(() => write({ attendees: [person(RECIPIENT, 'Chen'), person(address, 'x')] }))).toMatch(
        /C\d+|I3/,
      );
    }
  });

  it('C12 has the same bytes in whatever zone and language the process runs', async () => {
    const script = `
      import { writeCalendar } from './src/lib/ical/write.ts';
      import { anEvent, RECIPIENT } from './tests/lib/ical/event.ts';
      process.stdout.write(writeCalendar('REQUEST', anEvent(), RECIPIENT));`;
    const wanted = write();
    const places = [
      ['Asia/Shanghai', 'C'],
      ['America/St_Johns', 'de_DE.UTF-8'],
      ['Pacific/Kiritimati', 'ar_EG.UTF-8'],
    ];
    const written = await Promise.all(
      places.map(([TZ, LC_ALL]) =>
        promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
          cwd: join(import.meta.dirname, '..', '..', '..'),
          env: { ...process.env, TZ, LC_ALL, LANG: LC_ALL },
        }),
      ),
    );
    for (const { stdout } of written) expect(stdout).toBe(wanted);
  });
});

describe('an invitation (REQUEST)', () => {
  it('I1 is confirmed or tentative, never cancelled', () => {
    expect(line(write(), 'STATUS')).toBe('STATUS:CONFIRMED');
    expect(line(write({ status: 'TENTATIVE' }), 'STATUS')).toBe('STATUS:TENTATIVE');
    expect(refusal(() => write({ status: 'CANCELLED' }))).toContain('I1');
    expect(refusal(() => write({ status: undefined }))).toContain('I1');
  });

  it('I2 carries the SEQUENCE it is given', () => {
    expect(line(write({ sequence: 7 }), 'SEQUENCE')).toBe('SEQUENCE:7');
    expect(refusal(() => write({ sequence: -1 }))).toContain('I2');
    expect(refusal(() => write({ sequence: 1.5 }))).toContain('I2');
  });

  it('I3 tells of each attendee type, role, answer, whether one is wanted, and the name', () => {
    expect(line(write(), 'ATTENDEE;ROLE=CHAIR')).toBe(
      'ATTENDEE;ROLE=CHAIR;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;RSVP=TRUE;CN=周正:mailto:chair@office.example',
    );
    expect(unfolded(write())).toContain(
      'ATTENDEE;ROLE=REQ-PARTICIPANT;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN="Chen, An":mailto:attendee@office.example',
    );
    expect(line(write({ attendees: [person(RECIPIENT, ' ')] }), 'ATTENDEE')).toContain(`CN=${RECIPIENT}:`);
  });

  it('I3 names nobody twice and nobody but those meant, the recipient among them', () => {
    expect(
      refusal(() => write({ attendees: [person(RECIPIENT, 'Chen'), person(RECIPIENT, 'Chen')] })),
    ).toContain('I3');
    expect(refusal(() => write({ attendees: [person('chair@office.example', 'Zhou')] }))).toContain('I3');
    expect(refusal(() => writeCalendar('REQUEST', anEvent()))).toContain('I3');
  });

  it('I5 never goes to the organiser', () => {
    const event = anEvent({ attendees: [person('meetings@office.example', 'The office')] });
    expect(refusal(() => writeCalendar('REQUEST', event, 'meetings@office.example'))).toContain('I5');
  });

  it('I7 shows a video link to programs and to people, and drops what is no link', () => {
    expect(
      refusal(() => write({ link: 'https://meet.example/1', location: 'Orchid', description: 'nothing' })),
    ).toContain('I7');
    expect(write({ link: 'https://meet.example/1', description: 'Join: https://meet.example/1' })).toContain(
      'CONFERENCE;FEATURE=VIDEO;VALUE=URI:https://meet.example/1',
    );
    for (const link of [
      'javascript:alert(1)',
      'https://u:p@meet.example/',
      'ftp://meet.example',
      'nothing',
    ]) {
      expect(write({ link, description: link })).not.toContain('CONFERENCE');
    }
    expect(refusal(() => write({ link: 'https://meet.example/\r\nX:Y"', description: 'x' }))).toContain('I7');
  });

  it('I8 has no HTML of its own', () => {
    expect(write({ description: '<b>hello</b>' })).not.toContain('X-ALT-DESC');
  });

  it('O1 asks a room nothing', () => {
    expect(unfolded(write())).toContain(
      'ATTENDEE;ROLE=NON-PARTICIPANT;CUTYPE=ROOM;PARTSTAT=ACCEPTED;RSVP=FALSE;CN=Orchid:mailto:room-orchid@office.example',
    );
    expect(refusal(() => write({ attendees: [person(RECIPIENT, 'Chen'), room({ rsvp: true })] }))).toContain(
      'O1',
    );
    expect(
      refusal(() => write({ attendees: [person(RECIPIENT, 'Chen'), room({ role: 'REQ-PARTICIPANT' })] })),
    ).toContain('O1');
  });

  it.each(['NEEDS-ACTION', 'ACCEPTED', 'DECLINED'] as const)(
    'O2 says %s for a room as its claim stands',
    (partstat) => {
      expect(write({ attendees: [person(RECIPIENT, 'Chen'), room({ partstat })] })).toContain(
        `PARTSTAT=${partstat};RSVP=FALSE`,
      );
    },
  );
});

describe('a cancellation (CANCEL)', () => {
  it('X1 repeats UID, time and title under a higher SEQUENCE, and rings no bell', () => {
    const text = writeCalendar('CANCEL', cancelled(), RECIPIENT);
    for (const start of [
      'UID:',
      'DTSTAMP:',
      'ORGANIZER',
      'ATTENDEE',
      'DTSTART',
      'DTEND',
      'SUMMARY',
      'SEQUENCE:1',
    ])
      expect(line(text, start)).toBeDefined();
    expect(text).not.toContain('VALARM');
    expect(refusal(() => writeCalendar('CANCEL', cancelled({ sequence: 0 }), RECIPIENT))).toContain('X1');
    expect(refusal(() => writeCalendar('CANCEL', cancelled({ attendees: [] }), RECIPIENT))).toContain('X1');
  });

  it('X2 of the whole meeting has STATUS:CANCELLED, of one person none', () => {
    expect(line(writeCalendar('CANCEL', cancelled(), RECIPIENT), 'STATUS')).toBe('STATUS:CANCELLED');
    expect(
      line(writeCalendar('CANCEL', cancelled({ status: undefined }), RECIPIENT), 'STATUS'),
    ).toBeUndefined();
    expect(refusal(() => writeCalendar('CANCEL', cancelled({ status: 'CONFIRMED' }), RECIPIENT))).toContain(
      'X1',
    );
  });
});

describe('a plain copy (PUBLISH)', () => {
  it('F1 names no attendee', () => {
    expect(write({}, 'PUBLISH')).not.toContain('ATTENDEE');
  });
});
