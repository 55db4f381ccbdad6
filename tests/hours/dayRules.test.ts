import { load } from 'cheerio';
import { row } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { nearestAlternatives } from '../../src/claims/queries.js';
import { listDayRules } from '../../src/hours/dayRuleQueries.js';
import {
  commonHours,
  hoursOn,
  outsideHours,
  ruleOn,
  type DayRule,
  type Opening,
} from '../../src/hours/openingHours.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

const ZONE = 'Asia/Shanghai';
const local = (at: string) => new Date(`${at}:00+08:00`);
const WEEK = [1, 2, 3, 4, 5].map((weekday) => ({
  weekday,
  opens_at: weekday === 1 ? '07:00' : '08:00',
  closes_at: '18:00',
}));
const rule = (on: string, kind: DayRule['kind'], more: Partial<DayRule> = {}): DayRule => ({
  on,
  kind,
  opens_at: null,
  closes_at: null,
  as_weekday: kind === 'workday' ? 1 : null,
  name_en: 'Why',
  name_zh: '原因',
  ...more,
});

describe('a day', () => {
  const hours: Opening = [
    ...WEEK,
    rule('2030-03-05', 'holiday'),
    rule('2030-03-09', 'workday'),
    rule('2030-03-10', 'workday', { as_weekday: 5 }),
    rule('2030-03-06', 'holiday'),
    rule('2030-03-06', 'hours', { opens_at: '09:00', closes_at: '12:00' }),
    rule('2030-03-09', 'closed'),
  ];

  it.each([
    ['of the week', '2030-03-04', { opens_at: '07:00', closes_at: '18:00' }],
    ['that is a holiday', '2030-03-05', undefined],
    [
      'that is a holiday, but open by an exception of the room',
      '2030-03-06',
      { opens_at: '09:00', closes_at: '12:00' },
    ],
    ['that is a working day, but closed by an exception', '2030-03-09', undefined],
    ['that is a working day by the hours of Friday', '2030-03-10', { opens_at: '08:00', closes_at: '18:00' }],
    ['of a weekend', '2030-03-16', undefined],
  ])('%s', (_name, on, open) => expect(hoursOn(hours, on)).toEqual(open));

  it('that makes up for a holiday opens by the hours of Monday unless told otherwise', () => {
    expect(hoursOn([...WEEK, rule('2030-03-09', 'workday')], '2030-03-09')).toEqual({
      opens_at: '07:00',
      closes_at: '18:00',
    });
  });

  it('says why a time does not fit', () => {
    expect(outsideHours(hours, local('2030-03-05T09:00'), local('2030-03-05T10:00'), ZONE)).toEqual({
      on: '2030-03-05',
      why: ruleOn(hours, '2030-03-05'),
    });
    expect(outsideHours(hours, local('2030-03-06T11:00'), local('2030-03-06T13:00'), ZONE)).toMatchObject({
      opens_at: '09:00',
      closes_at: '12:00',
      why: { kind: 'hours' },
    });
  });

  it('of several rooms is open when all of them are', () => {
    const both = commonHours([
      hours,
      [...WEEK.slice(1), rule('2030-03-04', 'hours', { opens_at: '10:00', closes_at: '20:00' })],
    ]);
    expect(hoursOn(both, '2030-03-04')).toEqual({ opens_at: '10:00', closes_at: '18:00' });
    expect(hoursOn(both, '2030-03-05')).toBeUndefined();
    expect(hoursOn(both, '2030-03-11')).toBeUndefined();
    expect(hoursOn(both, '2030-03-12')).toEqual({ opens_at: '08:00', closes_at: '18:00' });
  });
});

describe('in the product', () => {
  let world: World;
  let cast: Cast;
  let china: number;
  beforeAll(async () => {
    world = await testWorld();
    cast = await makeCast(world.db);
    china =
      (await row<{ id: number }>(world.db, `select id from holiday_calendars where name_en = 'China'`))?.id ??
      0;
    await world.db.raw(`update holiday_calendars set is_default = true where id = ?`, [china]);
    world.clock.set('2026-09-30T01:00:00Z');
  });
  afterAll(() => world.close());
  const book = (room: number, from: string, to: string, more = {}) =>
    createMeeting(
      world.db,
      { id: cast.organiser.id },
      { title: 'M', startsAt: local(from), endsAt: local(to), zone: ZONE, roomIds: [room], ...more },
    );

  it('China 2026 is the notice of the State Council: 33 days off, 6 made up', async () => {
    const found = await row(
      world.db,
      `select count(*) filter (where kind = 'holiday') as off,
              count(*) filter (where kind = 'workday') as made_up,
              bool_and(extract(isodow from on_day) >= 6) filter (where kind = 'workday') as weekends
              from holidays
              where calendar_id = :china`,
      { china },
    );
    expect(found).toEqual({ off: 33, made_up: 6, weekends: true });
  });

  it('Berlin has ten holidays a year, the movable ones on their weekdays', async () => {
    const found = await row(
      world.db,
      `select count(*) as n,
              string_agg(
                on_day::text, ' ' order by on_day
              ) filter (where d.name_en = 'Ascension Day') as ascension,
              bool_and(extract(isodow from on_day) = 5) filter (where d.name_en = 'Good Friday') as friday
         from holidays d join holiday_calendars c on c.id = d.calendar_id where c.name_en like 'Germany%'`,
    );
    expect(found).toEqual({ n: 20, ascension: '2026-05-14 2027-05-06', friday: true });
  });

  it('a holiday refuses a booking in words, and a make-up Saturday takes it', async () => {
    expect(await book(cast.rooms.orchid, '2026-10-01T09:00', '2026-10-01T10:00')).toMatchObject({
      ok: false,
      checks: [{ rule: 'closed_day', day: { why: { name_en: 'National Day' } } }],
    });
    expect(await book(cast.rooms.orchid, '2026-10-10T09:00', '2026-10-10T10:00')).toMatchObject({ ok: true });
    const organiser = await world.agent(cast.organiser);
    const answer = await organiser.post('/bookings').type('form').send({
      title: 'M',
      date: '2026-10-01',
      from: '09:00',
      to: '10:00',
      room: cast.rooms.orchid,
      key: crypto.randomUUID(),
    });
    expect([answer.status, load(answer.text)('main').text()]).toEqual([
      422,
      expect.stringMatching(/closed on .*1 Oct.*: National Day/),
    ]);
  });

  it('free times jump over the holiday to the next working day', async () => {
    const found = await nearestAlternatives(world.db, {
      roomIds: [cast.rooms.bamboo],
      startsAt: local('2026-10-04T09:00'),
      endsAt: local('2026-10-04T10:00'),
      now: world.clock.now(),
    });
    expect(found.rooms).toEqual([]);
    expect(found.times.map(({ from }) => from.toISOString().slice(0, 10))).toEqual([
      '2026-10-08',
      '2026-09-30',
      '2026-10-09',
      '2026-10-10',
    ]);
  });

  it('the day grid says why a cell is closed; calendar and exception raise its revision', async () => {
    // The grid keeps a year of the past by the database's clock, which the days of 2026 leave behind one day.
    await world.db.raw(
      `insert into holidays (calendar_id, on_day, kind, name_en, name_zh)
       values (?, '2030-10-07', 'holiday', 'National Day', '国庆节')`,
      [china],
    );
    const agent = await world.agent(cast.organiser);
    const show = () => agent.get('/calendar?date=2030-10-07');
    const first = await show();
    expect(load(first.text)('td.is-closed.hatched').first().text()).toContain('National Day');
    expect(load(first.text)('.free-list').text()).toContain('Closed: National Day');
    expect(
      (await agent.get('/calendar?date=2030-10-07').set('If-None-Match', String(first.headers.etag))).status,
    ).toBe(304);
    await world.db.raw(
      `update holidays set name_en = 'Golden Week' where calendar_id = ? and on_day = '2030-10-07'`,
      [china],
    );
    const second = await agent
      .get('/calendar?date=2030-10-07')
      .set('If-None-Match', String(first.headers.etag));
    expect(second.status).toBe(200);
    expect(load(second.text)('td.is-closed').first().text()).toContain('Golden Week');
  });

  it('a list of days is one query: an exception hides the holiday, a room may opt out', async () => {
    await world.db.raw(
      `insert into room_exceptions values (?, '2026-10-02', '09:00', '12:00', 'Open house', ?)`,
      [cast.rooms.orchid, cast.secretary.id],
    );
    await world.db.raw(`update rooms set holiday_rule = 'none' where id = ?`, [cast.rooms.bamboo]);
    const found = await listDayRules(
      world.db,
      [cast.rooms.orchid, cast.rooms.bamboo],
      '2026-10-01',
      '2026-10-03',
    );
    expect(found.get(cast.rooms.orchid)?.map(({ on, kind, name_en }) => [on, kind, name_en])).toEqual([
      ['2026-10-01', 'holiday', 'National Day'],
      ['2026-10-02', 'hours', 'Open house'],
      ['2026-10-03', 'holiday', 'National Day'],
    ]);
    expect(found.get(cast.rooms.bamboo)).toEqual([]);
    expect(await book(cast.rooms.bamboo, '2026-10-01T09:00', '2026-10-01T10:00')).toMatchObject({ ok: true });
    expect(await book(cast.rooms.orchid, '2026-10-02T09:00', '2026-10-02T10:00')).toMatchObject({ ok: true });
    expect(await book(cast.rooms.orchid, '2026-10-02T12:00', '2026-10-02T13:00')).toMatchObject({
      ok: false,
      checks: [{ rule: 'opening_hours', limit: '09:00–12:00', day: { why: { name_en: 'Open house' } } }],
    });
  });
});
