import { Unreadable, type Entry } from '../../src/imports/entry.js';
import { readBookingTable } from '../../src/imports/bookingTable.js';
import { readCalendar } from '../../src/imports/mrbsCalendar.js';
import { DumpError, readDump } from '../../src/imports/mrbsDump.js';
import { readMrbsDump } from '../../src/imports/mrbsEntries.js';
import { translator } from '../../src/lib/i18n/translate.js';
import { CALENDAR, MYSQL_DUMP, NINE, POSTGRES_DUMP } from './mrbs-files.js';

const t = translator('en');
const ZONE = 'Asia/Tokyo';

describe('a dump of MySQL', () => {
  const read = readMrbsDump(MYSQL_DUMP, ZONE, t);
  const entries = [...read.entries];

  test('gives the entries, with quotes, line breaks and Chinese', () => {
    expect(
      entries.map(({ externalId, title, organiser, zone }) => ({ externalId, title, organiser, zone })),
    ).toEqual([
      {
        externalId: '1',
        title: '年度预算会议',
        organiser: 'organiser@office.example',
        zone: 'Asia/Shanghai',
      },
      { externalId: '2', title: `It's "quoted" \\ here`, organiser: 'nobody', zone: 'Asia/Shanghai' },
      {
        externalId: '3',
        title: '); INSERT INTO mrbs_entry VALUES (99',
        organiser: 'nobody',
        zone: 'Europe/Berlin',
      },
    ]);
    expect(entries[0]?.startsAt).toEqual(new Date(NINE * 1000));
    expect(entries[0]?.description).toBe(
      `第一行\n第二行'; DROP TABLE persons; --\n\nType: I (internal)\nBooked by: organiser@office.example`,
    );
    expect(entries.map(({ isPrivate, isTentative }) => [isPrivate, isTentative])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
    expect(entries.flatMap(({ reasons }) => reasons)).toEqual([]);
  });

  test('names the rooms with area and seats, though they stand after the entries', () => {
    expect(read.places()).toEqual([
      { key: 'room:1', label: 'Orchid', area: '主楼', capacity: 12 },
      { key: 'room:2', label: 'Kleiner Saal', area: 'Berlin', capacity: 24 },
    ]);
  });
});

test('a dump of PostgreSQL: COPY and INSERT, backslashes as each of them means them', () => {
  const read = readMrbsDump(POSTGRES_DUMP, ZONE, t);
  const entries = [...read.entries];
  expect(
    entries.map(({ externalId, title, isPrivate, zone }) => ({ externalId, title, isPrivate, zone })),
  ).toEqual([
    { externalId: '11', title: '学习 会', isPrivate: false, zone: ZONE },
    { externalId: '12', title: 'Private talk', isPrivate: true, zone: ZONE },
  ]);
  expect(entries[0]?.description).toContain(`one\ntwo \\ "three" 'four'`);
  expect(read.places()).toEqual([{ key: 'room:5', label: `C:\\new's`, area: '主楼', capacity: 8 }]);
  expect([...readDump(POSTGRES_DUMP)].find(({ values }) => values.id === '6')?.values).toEqual({
    id: '6',
    area_id: '1',
    room_name: 'tab\there',
    capacity: null,
  });
});

test.each([
  ['ends in the middle of a text', "INSERT INTO mrbs_entry (id, name) VALUES (1,'open", 'broken', 1],
  ['has fewer values than columns', '\n\nINSERT INTO mrbs_entry (id, name) VALUES (1);', 'broken', 3],
  ['names no columns', "INSERT INTO mrbs_entry VALUES (1,'a');", 'no_columns', 1],
  ['never ends a COPY', '-- PostgreSQL database dump\nCOPY mrbs_room (id) FROM stdin;\n1\n', 'broken', 4],
])('a dump that %s is refused with its line', (_what, text, reason, line) => {
  const caught = (() => {
    try {
      return [...readDump(text)];
    } catch (error) {
      return error;
    }
  })();
  expect(caught).toBeInstanceOf(DumpError);
  expect(caught).toMatchObject({ reason, line });
});

test('what is no dump of MRBS, or an empty one, is told', () => {
  expect(() => readMrbsDump('INSERT INTO users VALUES (1);', ZONE, t)).toThrow(Unreadable);
  expect(() => [...readMrbsDump('INSERT INTO mrbs_room (id) VALUES (1);', ZONE, t).entries]).toThrow(
    'moving.file.noEntries',
  );
});

test('an entry is known by its UID, also under a new number and in a calendar file', () => {
  const dump = (
    id: number,
  ) => `INSERT INTO mrbs_entry (id, start_time, end_time, room_id, name, ical_uid, ical_recur_id) VALUES
    (${id},${NINE},${NINE + 60},1,'A','MRBS-5@office.example',''),
    (${id + 1},${NINE},${NINE + 60},1,'B','MRBS-6@office.example','20300305T010000Z'),
    (${id + 2},${NINE},${NINE + 60},1,'C','MRBS-6@office.example','20300312T010000Z'),
    (${id + 3},${NINE},${NINE + 60},1,'D','',NULL);`;
  const ids = (id: number) =>
    [...readMrbsDump(dump(id), ZONE, t).entries].map(({ externalId }) => externalId);
  expect(ids(1)).toEqual([
    'MRBS-5@office.example',
    'MRBS-6@office.example 20300305T010000Z',
    'MRBS-6@office.example 20300312T010000Z',
    '4',
  ]);
  expect(ids(100).slice(0, 3)).toEqual(ids(1).slice(0, 3));
  const event =
    'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:MRBS-6@office.example\nRECURRENCE-ID:20300305T010000Z\n' +
    'DTSTART:20300305T010000Z\nDTEND:20300305T020000Z\nSUMMARY:B\nEND:VEVENT\nEND:VCALENDAR';
  expect([...readCalendar(event, ZONE, t).entries][0]?.externalId).toBe(ids(1)[1]);
});

/** Of this process: what else the machine does is not counted. */
const cpuSeconds = () => Object.values(process.cpuUsage()).reduce((sum, one) => sum + one, 0) / 1e6;

test('a hostile dump costs no time', () => {
  const start = cpuSeconds();
  const nested = `INSERT INTO mrbs_entry (id) VALUES ${'('.repeat(200_000)}`;
  const quotes = `INSERT INTO mrbs_entry (id) VALUES ('${"''".repeat(200_000)}`;
  const spaces = `INSERT INTO${' '.repeat(100_000)}x ${'INSERT INTO '.repeat(20_000)}`;
  for (const text of [nested, quotes, spaces])
    expect(() => {
      if ([...readDump(text)].length === 0) throw new DumpError('broken', 1);
    }).toThrow(DumpError);
  expect(cpuSeconds() - start).toBeLessThan(2);
});

test('a large dump is read in a few seconds', () => {
  const rows = Array.from(
    { length: 100_000 },
    (_, n) => `(${n + 1},${NINE + n * 60},${NINE + n * 60 + 60},1,'Meeting ${n} 会议','It\\'s number ${n}')`,
  );
  const start = cpuSeconds();
  const read = readMrbsDump(
    `INSERT INTO mrbs_entry (id,start_time,end_time,room_id,name,description) VALUES ${rows.join(',\n')};`,
    ZONE,
    t,
  );
  let count = 0;
  for (const entry of read.entries) count += entry.reasons.length === 0 ? 1 : 0;
  expect(count).toBe(100_000);
  expect(cpuSeconds() - start).toBeLessThan(15);
});

test('a calendar: zones, durations, folded lines; a rule is told, a broken event spoils no other', () => {
  const read = readCalendar(CALENDAR, ZONE, t);
  const entries: Entry[] = [...read.entries];
  expect(entries[0]).toMatchObject({
    externalId: 'MRBS-1@office.example',
    title: 'Weekly, with 逗号',
    startsAt: new Date('2030-03-06T01:00Z'),
    endsAt: new Date('2030-03-06T02:00Z'),
    zone: 'Asia/Shanghai',
    isPrivate: true,
    isTentative: true,
    organiser: 'outsider@office.example',
    reasons: [],
  });
  expect(entries[0]?.description).toContain('so long that it is folded');
  expect(entries[1]).toMatchObject({
    startsAt: new Date('2030-03-06T03:00Z'),
    endsAt: new Date('2030-03-06T03:30Z'),
    reasons: [],
  });
  expect(entries[1]?.description).toContain('repeated by a rule');
  expect(entries[2]?.reasons).toHaveLength(1);
  expect(read.places()).toEqual([{ key: 'bamboo - 主楼', label: 'Bamboo - 主楼', area: '', capacity: null }]);
});

test('a table: dates as people write them, the end of a day, each bad line by its number', () => {
  const read = readBookingTable(
    '标题,日期,开始时间,结束时间,会议室,不公开\nA,2030年3月5日,9:00,24:00,Orchid,是\n,2030-03-05,9,10,,\n' +
      'B,2030-03-05,10:00,09:00,Orchid,\nC,2030-02-30,9,10,,vielleicht',
    'Asia/Shanghai',
  );
  const entries = [...read.entries];
  expect(entries[0]).toMatchObject({
    number: 2,
    place: 'orchid',
    startsAt: new Date('2030-03-05T01:00Z'),
    endsAt: new Date('2030-03-05T16:00Z'),
    isPrivate: true,
    reasons: [],
  });
  expect(entries.slice(1).map(({ number, reasons }) => [number, reasons.map(({ key }) => key)])).toEqual([
    [3, ['moving.bad.noTitle']],
    [4, ['moving.bad.order']],
    [5, ['moving.bad.times', 'moving.bad.yesNo']],
  ]);
  expect(() => readBookingTable('title,room\nA,B', 'Asia/Shanghai')).toThrow('moving.file.missing');
});
