import { load } from 'cheerio';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { previewHolidays, readHolidays } from '../../src/hours/holidayPreview.js';
import { listHolidays } from '../../src/hours/holidayQueries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let office: Agent;
let china: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  office = await world.agent(cast.secretary);
  china =
    (await row<{ id: number }>(world.db, `select id from holiday_calendars where name_en = 'China'`))?.id ??
    0;
});
afterAll(() => world.close());
const post = (path: string, body: object = {}, agent = office) => agent.post(path).type('form').send(body);
const days = (id: number) => listHolidays(world.db, id, '2027-01-01', '2031-12-31');
async function calendar(): Promise<number> {
  const answer = await post('/rooms/holidays', { name_en: 'Ours', name_zh: '本单位', key: randomUUID() });
  return Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
}
const audit = async (noun: string, id: number) =>
  (
    await rows<{ action: string }>(
      world.db,
      `select action from audit_events where noun = :noun and noun_id = :id order by id`,
      { noun, id },
    )
  ).map(({ action }) => action);

const ICS = (...events: string[]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//x//EN',
    ...events.flatMap((event) => ['BEGIN:VEVENT', ...event.split('|'), 'END:VEVENT']),
    'END:VCALENDAR',
  ].join('\r\n');

describe('a calendar file', () => {
  it('is read as whole days, several of them up to the day before its end, 班 as a working day', () => {
    const read = readHolidays(
      ICS(
        'SUMMARY:元旦（休）|DTSTART;VALUE=DATE:20300101|DTEND;VALUE=DATE:20300103',
        'SUMMARY:元旦（班）|DTSTART;VALUE=DATE:20300105',
      ),
    );
    expect(
      read.ok &&
        read.entries.map((entry) => entry.days.map(({ on, kind, as_weekday }) => [on, kind, as_weekday])),
    ).toEqual([
      [
        ['2030-01-01', 'holiday', null],
        ['2030-01-02', 'holiday', null],
      ],
      [['2030-01-05', 'workday', 1]],
    ]);
  });

  it.each([
    ['a meeting', 'SUMMARY:x|DTSTART:20300101T090000Z', 'hours.import.notAllDay'],
    ['one without a name', 'DTSTART;VALUE=DATE:20300101', 'hours.import.noName'],
    ['one that repeats', 'SUMMARY:x|DTSTART;VALUE=DATE:20300101|RRULE:FREQ=YEARLY', 'hours.import.repeats'],
    [
      'one of a year',
      'SUMMARY:x|DTSTART;VALUE=DATE:20300101|DTEND;VALUE=DATE:20310101',
      'hours.problem.tooMany',
    ],
    [
      'one that ends before it begins',
      'SUMMARY:x|DTSTART;VALUE=DATE:20300105|DTEND;VALUE=DATE:20300101',
      'hours.import.date',
    ],
    ['one without a date', 'SUMMARY:x', 'hours.import.notAllDay'],
  ])('names %s as bad', (_name, event, key) => {
    const read = readHolidays(ICS(event));
    expect(read.ok && read.entries[0]?.reasons.map((reason) => reason.key)).toEqual([key]);
  });

  it.each([
    ['nothing', '', 'hours.import.empty'],
    ['half a calendar', 'BEGIN:VCALENDAR\nBEGIN:VEVENT', 'hours.import.notCalendar'],
    ['a table without a date', 'name\nx', 'hours.import.columns'],
    ['an open quotation mark', 'date,name\n2030-01-01,"x', 'hours.import.brokenLine'],
    ['half a million characters', `date,name\n${'x'.repeat(500_001)}`, 'hours.import.tooBig'],
    ['too many lines', `date,name\n${'2030-01-01,x\n'.repeat(2001)}`, 'hours.import.tooMany'],
  ])('refuses %s', (_name, text, key) => {
    const read = readHolidays(text);
    expect(read.ok ? read : read.problem.key).toBe(key);
  });

  it('of any text is read or refused, never thrown over', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom(
          '',
          'BEGIN:VCALENDAR\r\n',
          'date,name\n',
          ICS('SUMMARY:x|DTSTART;VALUE=DATE:').slice(0, 80),
        ),
        (text, head) => {
          const read = readHolidays(head + text);
          return !read.ok || previewHolidays(read.entries, []).length === read.entries.length;
        },
      ),
    );
  });

  it('of a table names bad lines by their number and keeps the name in the other language', () => {
    const read = readHolidays(
      [
        '日期,名称,类型,按周几开放',
        '2030年1月1日,元旦,放假,',
        '昨天,元旦,放假,',
        '2030-01-05,元旦,上班,周四',
        '2030-01-06,元旦,也许,',
        '2030-01-01,又是,放假,',
        '',
      ].join('\n'),
    );
    if (!read.ok) throw new Error('not read');
    const plan = previewHolidays(read.entries, [
      { on: '2030-01-01', kind: 'holiday', as_weekday: null, name_en: 'New Year', name_zh: '元旦' },
    ]);
    expect(
      plan.map((one) => [
        one.number,
        one.outcome,
        'reasons' in one ? one.reasons.map(({ key }) => key) : one.days.map(({ as_weekday }) => as_weekday),
      ]),
    ).toEqual([
      [2, 'same', [null]],
      [3, 'bad', ['hours.import.date']],
      [4, 'add', [4]],
      [5, 'bad', ['hours.import.kind']],
      [6, 'bad', ['hours.import.twice']],
    ]);
  });
});

describe('the holidays page', () => {
  it('is for secretaries; makes a calendar the office’s in place of the one before', async () => {
    expect((await (await world.agent(cast.outsider)).get('/rooms/holidays')).status).toBe(403);
    expect((await office.get('/rooms/holidays')).text).toContain('The office keeps no holidays yet');
    const id = await calendar();
    await post(`/rooms/holidays/${china}/default`, { is_default: 'on' }).expect(303);
    await post(`/rooms/holidays/${id}/default`, { is_default: 'on' }).expect(303);
    expect(await rows(world.db, `select id from holiday_calendars where is_default`)).toEqual([{ id }]);
    expect((await post(`/rooms/holidays/${id}/removal`)).status).toBe(409);
    await post(`/rooms/holidays/${id}/default`).expect(303);
    await post(`/rooms/holidays/${id}/removal`).expect(303);
    expect((await office.get(`/rooms/holidays/${id}`)).status).toBe(404);
    expect(await audit('holiday_calendars', id)).toEqual([
      'holidays.create',
      'holidays.default',
      'holidays.default',
      'holidays.archive',
    ]);
  });

  it('takes days by hand, says what is wrong at the field, and removes them', async () => {
    const id = await calendar();
    const wrong = await post(`/rooms/holidays/${id}/days`, {
      from_on: '2030-05-03',
      to_on: '2030-05-01',
      kind: 'holiday',
      as_weekday: '1',
      name_en: '',
      name_zh: '',
    });
    expect([
      wrong.status,
      load(wrong.text)('.field-error').length,
      load(wrong.text)('[name=from_on]').val(),
    ]).toEqual([422, 2, '2030-05-03']);
    await post(`/rooms/holidays/${id}/days`, {
      from_on: '2030-05-01',
      to_on: '2030-05-03',
      kind: 'holiday',
      as_weekday: '1',
      name_en: '',
      name_zh: '劳动节',
    }).expect(303);
    await post(`/rooms/holidays/${id}/days`, {
      from_on: '2030-05-04',
      to_on: '',
      kind: 'workday',
      as_weekday: '3',
      name_en: 'Make-up',
      name_zh: '',
    }).expect(303);
    expect((await days(id)).map(({ on, as_weekday, name_en }) => [on, as_weekday, name_en])).toEqual([
      ['2030-05-01', null, '劳动节'],
      ['2030-05-02', null, '劳动节'],
      ['2030-05-03', null, '劳动节'],
      ['2030-05-04', 3, 'Make-up'],
    ]);
    expect(load((await office.get(`/rooms/holidays/${id}?year=2030`)).text)('.rows').text()).toMatch(
      /Make-up working day, opens like Wednesday/,
    );
    await post(`/rooms/holidays/${id}/days/removal`, { on: '2030-05-02' }).expect(303);
    expect((await days(id)).length).toBe(3);
    expect((await post(`/rooms/holidays/${id}`, { name_en: 'A', name_zh: 'B', version: 1 })).status).toBe(
      303,
    );
    expect((await post(`/rooms/holidays/${id}`, { name_en: 'C', name_zh: 'D', version: 1 })).status).toBe(
      409,
    );
  });

  it('imports a file after a preview, once, and again without doubling', async () => {
    const id = await calendar();
    const ics = ICS(
      'SUMMARY:Harbour Day|DTSTART;VALUE=DATE:20300607|DTEND;VALUE=DATE:20300609',
      'SUMMARY:Meeting|DTSTART:20300101T090000Z',
    );
    const upload = () =>
      office
        .post(`/rooms/holidays/${id}/import`)
        .field('text', '')
        .attach('file', Buffer.from(ics), { filename: 'days.ics', contentType: 'text/calendar' });
    const first = await upload();
    expect(first.status).toBe(303);
    const preview = load((await office.get(first.headers.location ?? '')).text);
    expect(preview('tbody').text()).toMatch(/2[\s\S]*Meeting[\s\S]*It is not a whole day/);
    expect((await days(id)).length).toBe(0);
    expect((await post(first.headers.location ?? '', { lines: 'all' })).status).toBe(422);
    await post(first.headers.location ?? '', { lines: 'good' }).expect(303);
    await post(first.headers.location ?? '', { lines: 'good' }).expect(303);
    const before = await days(id);
    expect(before.map(({ on }) => on)).toEqual(['2030-06-07', '2030-06-08']);
    const again = await upload();
    expect(load((await office.get(again.headers.location ?? '')).text)('main').text()).toContain(
      'There is nothing to import',
    );
    expect(await days(id)).toEqual(before);
    const stranger = await world.agent(cast.reviewer);
    expect((await stranger.get(again.headers.location ?? '')).status).toBe(404);
    const bad = await office.post(`/rooms/holidays/${id}/import`).field('text', 'what is this');
    expect([bad.status, load(bad.text)('.field-error').text()]).toEqual([
      422,
      expect.stringContaining('columns'),
    ]);
  });
});

describe('the hours of a room', () => {
  it('take a day that differs, show it on its page, and forget it again', async () => {
    const id = cast.rooms.orchid;
    const at = `/rooms/${id}/hours`;
    expect(
      (
        await post(`${at}/exceptions`, {
          from_on: '2030-03-06',
          kind: 'hours',
          opens_at: '12',
          closes_at: '9',
          note: 'Exam',
        })
      ).status,
    ).toBe(422);
    expect(
      (await post(`${at}/exceptions`, { from_on: '2030-03-06', kind: 'hours', note: 'Exam' })).status,
    ).toBe(422);
    await post(`${at}/exceptions`, {
      from_on: '2030-03-06',
      to_on: '',
      kind: 'hours',
      opens_at: '9',
      closes_at: '12',
      note: 'Exam',
    }).expect(303);
    await post(`${at}/exceptions`, {
      from_on: '2030-03-07',
      to_on: '2030-03-08',
      kind: 'closed',
      note: 'Cleaning',
    }).expect(303);
    expect(load((await (await world.agent(cast.outsider)).get(`/rooms/${id}`)).text)('main').text()).toMatch(
      /Wed 6 Mar: 09:00–12:00, Exam[\s\S]*Thu 7 Mar: Closed, Cleaning/,
    );
    const booking = {
      title: 'M',
      date: '2030-03-07',
      from: '09:00',
      to: '10:00',
      room: id,
      key: randomUUID(),
    };
    expect((await post('/bookings', booking)).text).toContain('closed on Thu 7 Mar 2030: Cleaning');
    await post(`${at}/exceptions/removal`, { on: '2030-03-07' }).expect(303);
    expect((await post('/bookings', booking)).status).toBe(303);
    expect((await audit('rooms', id)).slice(0, 3)).toEqual([
      'room.exception',
      'room.exception',
      'room.exceptionRemoval',
    ]);
  });

  it('keep the holidays of the office, of another calendar, or none', async () => {
    const id = cast.rooms.bamboo;
    const berlin =
      (await row<{ id: number }>(world.db, `select id from holiday_calendars where name_en like 'Germany%'`))
        ?.id ?? 0;
    const page = load((await office.get(`/rooms/${id}/hours`)).text);
    const was = page('input[name=was]').val();
    // Another change of the room is no business of this form.
    await world.db.raw(`update rooms set version = version + 1 where id = ?`, [id]);
    await post(`/rooms/${id}/hours/calendar`, { calendar: String(berlin), was }).expect(303);
    expect((await post(`/rooms/${id}/hours/calendar`, { calendar: 'none', was })).status).toBe(409);
    expect(
      (await post(`/rooms/${id}/hours/calendar`, { calendar: '999999', was: String(berlin) })).status,
    ).toBe(404);
    world.clock.set('2027-05-03T01:00:00Z');
    expect(
      (
        await post('/bookings', {
          title: 'M',
          date: '2027-05-06',
          from: '09:00',
          to: '10:00',
          room: id,
          key: randomUUID(),
        })
      ).text,
    ).toContain('Ascension Day');
    expect((await post(`/rooms/holidays/${berlin}/removal`)).status).toBe(409);
  });
});
