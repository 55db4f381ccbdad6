import fc from 'fast-check';
import ICAL from 'ical.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanLine, cleanLink, cleanName, cleanText } from '../../../src/lib/ical/text.js';
import { writeCalendar } from '../../../src/lib/ical/write.js';
import { anEvent, person, RECIPIENT, room } from './event.js';

// Anything that people, imports and other programs may ever have put into a name or a title.
const NASTY = [
  '"',
  '\\',
  '\\"',
  '^n',
  "^'",
  '\r\n',
  '\n',
  '\r',
  '\u0000',
  '\u0085',
  '\u2028',
  ';',
  ',',
  ':',
  '=',
  'END:VEVENT\r\n',
  '\r\nATTENDEE;ROLE=CHAIR:mailto:evil@evil.example',
  '\ud800',
  '\udfff',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\uffff',
  '😀',
  '👨‍👩‍👧',
  '会议',
  'é',
  'e\u0301',
  '\t',
  ' ',
  'BEGIN:VALARM',
  'mailto:',
  '\\n',
  '\\,',
];
const hostile = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...NASTY) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
    ),
    { maxLength: 25 },
  )
  .map((parts) => parts.join(''));

describe('hostile text', () => {
  it('stays text in every field of a calendar file', () => {
    const folder = process.env.KEEP_HOSTILE; // to hand the files to other readers
    if (folder) mkdirSync(folder, { recursive: true });
    let n = 0;
    fc.assert(
      fc.property(
        fc.record({
          summary: hostile,
          description: hostile,
          location: hostile,
          name: hostile,
          organizer: hostile,
          room: hostile,
        }),
        (typed) => {
          const event = anEvent({
            summary: typed.summary,
            description: typed.description,
            location: typed.location,
            organizer: {
              address: 'meetings@office.example',
              name: typed.organizer,
              sentBy: 'organiser@office.example',
            },
            attendees: [person(RECIPIENT, typed.name), room({ name: typed.room })],
          });
          const text = writeCalendar('REQUEST', event, RECIPIENT);
          if (folder) writeFileSync(join(folder, `${n++}.ics`), text);
          expect(text.replaceAll('\r\n', '')).not.toMatch(/[^\P{Cc}\t]/u);
          const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
          expect(calendar.getAllSubcomponents().map((part) => part.name)).toEqual(['vtimezone', 'vevent']);
          const written = calendar.getFirstSubcomponent('vevent');
          expect(written?.getAllSubcomponents()).toEqual([]);
          expect(written?.getFirstPropertyValue('summary')).toBe(cleanLine(typed.summary) || '—');
          expect(written?.getFirstPropertyValue('description') ?? '').toBe(cleanText(typed.description));
          expect(written?.getFirstPropertyValue('location') ?? '').toBe(cleanLine(typed.location));
          expect(
            written
              ?.getAllProperties('attendee')
              .map((one) => [
                one.getFirstParameter('cn'),
                one.getFirstParameter('role'),
                one.getFirstValue(),
              ]),
          ).toEqual([
            [cleanName(typed.name) || RECIPIENT, 'REQ-PARTICIPANT', `mailto:${RECIPIENT}`],
            [
              cleanName(typed.room) || 'room-orchid@office.example',
              'NON-PARTICIPANT',
              'mailto:room-orchid@office.example',
            ],
          ]);
          const names = new Set(written?.getAllProperties().map((one) => one.name));
          expect([...names].sort()).toEqual(
            [
              'attendee',
              'created',
              ...(names.has('description') ? ['description'] : []),
              'dtend',
              'dtstamp',
              'dtstart',
              'last-modified',
              ...(names.has('location') ? ['location'] : []),
              'organizer',
              'sequence',
              'status',
              'summary',
              'uid',
            ].sort(),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cleans to something that stays as it is when it is cleaned again', () => {
    fc.assert(
      fc.property(hostile, (typed) => {
        for (const clean of [cleanText, cleanLine, cleanName]) {
          const once = clean(typed);
          expect(clean(once)).toBe(once);
        }
        expect(cleanName(typed)).not.toMatch(/["\\^\n\t]/);
      }),
    );
  });

  it('keeps what people mean', () => {
    expect(cleanText('  会议\r\n二\r三\u2028四\t五 ')).toBe('会议\n二\n三\n四\t五');
    expect(cleanLine('one\n\ttwo')).toBe('one two');
    expect(cleanName('Li "Max" Qiang^2 \\')).toBe('Li ”Max” Qiangˆ2 ＼');
    expect(cleanText('e\u0301')).toBe('é');
    expect(cleanLink(' https://meet.example/j/1?pwd=a;b,c#x ')).toBe('https://meet.example/j/1?pwd=a;b,c#x');
    expect(cleanLink('https://办会.example/会')).toBe('https://xn--6oq98f.example/%E4%BC%9A');
    for (const bad of [
      'javascript:alert(1)',
      'https://',
      'https://u:p@x.example',
      'data:text/html,x',
      '/meetings/1',
      'https://x.example/?a={b}',
    ])
      expect(cleanLink(bad)).toBeUndefined();
  });
});

describe('any time in any zone', () => {
  const zones = [
    'Asia/Shanghai',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'America/St_Johns',
    'Pacific/Apia',
    'Africa/Casablanca',
    'Etc/UTC',
    'Asia/Chongqing',
    'Europe/Dublin',
    'America/Sao_Paulo',
  ];

  it('C9 reads back as the same instants', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 60 * 24 * 366 * 20 }),
        fc.integer({ min: 1, max: 60 * 24 * 3 }),
        (zone, at, minutes) => {
          const start = new Date(Date.UTC(2020, 0, 1) + at * 60_000);
          const end = new Date(start.getTime() + minutes * 60_000);
          const text = writeCalendar(
            'REQUEST',
            anEvent({ time: { allDay: false, start, end, zone } }),
            RECIPIENT,
          );
          const written = new ICAL.Component(ICAL.parse(text) as unknown[]).getFirstSubcomponent('vevent');
          const read = written?.getFirstPropertyValue('dtstart') as ICAL.Time;
          expect(read.toJSDate()).toEqual(start);
        },
      ),
      { numRuns: 400 },
    );
  });
});
