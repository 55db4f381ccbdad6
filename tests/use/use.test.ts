import { load, type CheerioAPI } from 'cheerio';
import { createMeeting } from '../../src/meetings/commands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { checkIn } from '../../src/checkins/commands.js';
import { judgeCheckIns } from '../../src/checkins/noShowCommands.js';
import { row } from '../../src/lib/db/db.js';
import { besides, monthOf, periodOf, quarterNumber, quarterOf } from '../../src/use/period.js';
import { bookableCells, hoursOfRooms, piecesOf } from '../../src/use/hours.js';
import { chosenDays } from '../../src/lib/http/period.js';
import { addClosure, liftClosure } from '../../src/closures/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

describe('the days of a report', () => {
  it.each([
    [monthOf('2028-02-10'), '2028-02-01', '2028-02-29', 1],
    [quarterOf('2030-12-31'), '2030-10-01', '2030-12-31', 3],
    [besides(monthOf('2030-03-04'), 'before'), '2030-02-01', '2030-02-28', 1],
    [besides(monthOf('2030-12-04'), 'after'), '2031-01-01', '2031-01-31', 1],
    [besides(quarterOf('2030-02-04'), 'before'), '2029-10-01', '2029-12-31', 3],
    [besides(quarterOf('2030-02-04'), 'after'), '2030-04-01', '2030-06-30', 3],
    [besides(periodOf('2028-01-01', '2028-12-31'), 'before'), '2027-01-01', '2027-12-31', 12],
    [besides(periodOf('2030-03-04', '2030-03-10'), 'before'), '2030-02-25', '2030-03-03', 0],
    [besides(periodOf('2030-03-04', '2030-03-10'), 'after'), '2030-03-11', '2030-03-17', 0],
  ])('%j', (period, first, last, months) => {
    expect(period).toEqual({ first, last, months });
  });

  it('knows a quarter from three other months, and keeps within the longest time', () => {
    expect([
      quarterNumber(periodOf('2030-04-01', '2030-06-30')),
      quarterNumber(periodOf('2030-02-01', '2030-04-30')),
    ]).toEqual([2, undefined]);
    expect(chosenDays('2030-05-01', '2030-04-30', 10)).toEqual({ first: '2030-04-30', last: '2030-04-30' });
    expect(chosenDays('2020-05-01', '2030-04-30', 10)).toEqual({ first: '2030-04-21', last: '2030-04-30' });
  });
});

describe('hours that can be booked', () => {
  const always = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens_at: '00:00', closes_at: '24:00' }));
  it.each([
    ['spring', '2030-03-31', 23],
    ['autumn', '2030-10-27', 25],
    ['an ordinary day', '2030-06-02', 24],
  ])('of a day of a clock change are as long as it is: %s', (_name, on, hours) => {
    const pieces = piecesOf(on, on, 'Europe/Berlin');
    const rooms = [{ id: 1, opening: always, closed: [] }];
    const found = hoursOfRooms(rooms, pieces, 'Europe/Berlin');
    expect(found.rooms.get(1)).toEqual({ bookable: hours * 3600, closed: 0 });
    const cells = bookableCells(rooms, found, pieces);
    const sunday = cells.slice(6 * 24).map((seconds) => seconds / 3600);
    expect(cells.reduce((sum, one) => sum + one, 0)).toBe(hours * 3600);
    // At two in the morning the clock jumps to three, or goes back and lives the hour twice.
    expect([sunday[1], sunday[2], sunday[3]]).toEqual([1, hours - 23, 1]);
  });

  it('are less by closures, which count once where they overlap and only within opening hours', () => {
    const pieces = piecesOf('2030-03-04', '2030-03-05', 'Asia/Shanghai');
    const at = (time: string) => Date.parse(`${time}:00+08:00`) / 1000;
    const opening = always.map((day) => ({ ...day, opens_at: '08:00', closes_at: '18:00' }));
    const rooms = [
      {
        id: 1,
        opening,
        closed: [
          { from: at('2030-03-04T16:00'), to: at('2030-03-05T09:00') },
          { from: at('2030-03-05T08:00'), to: at('2030-03-05T10:00') },
        ],
      },
      { id: 2, opening, closed: [] },
    ];
    const found = hoursOfRooms(rooms, pieces, 'Asia/Shanghai');
    expect(found.rooms.get(1)).toEqual({ bookable: 16 * 3600, closed: 4 * 3600 });
    expect([...found.groups.values()]).toEqual([1, 1]);
    const cells = bookableCells(rooms, found, pieces);
    expect([cells[15], cells[16], cells[24 + 9], cells[24 + 10]]).toEqual([7200, 3600, 3600, 7200]);
  });
});

describe('the use of rooms', () => {
  let world: World;
  let cast: Cast;
  let secretary: Agent;
  let hall: number;
  let parts: number[];
  const at = (day: string, time: string) => new Date(`${day}T${time}:00+08:00`);

  beforeAll(async () => {
    world = await testWorld();
    cast = await makeCast(world.db);
    secretary = await world.agent(cast.secretary);
    // Its own rules would stand in the way of what is tested here.
    await world.db.raw(`update rooms set setup_minutes = 15, teardown_minutes = 15 where id = ?`, [
      cast.rooms.bamboo,
    ]);
    const make = async (code: string) => {
      const made = await row<{ id: number }>(
        world.db,
        `insert into rooms (code, name_en, name_zh, building, site, capacity)
         values (:code, :code, :code, 'B', 'North', 20)
         returning id`,
        { code },
      );
      await world.db.raw(
        `insert into room_hours (room_id, weekday, opens_at, closes_at)
         select ?, d, '08:00', '18:00'
           from generate_series(1, 7) d`,
        [made?.id ?? 0],
      );
      return made?.id ?? 0;
    };
    [hall = 0, ...parts] = [await make('hall'), await make('east'), await make('west')];
    for (const part of parts)
      await world.db.raw(`insert into room_parts (hall_id, part_id) values (?, ?)`, [hall, part]);
  });
  afterAll(() => world.close());

  async function book(
    day: string,
    from: string,
    to: string,
    more: Partial<Parameters<typeof createMeeting>[2]> & { by?: number; until?: string } = {},
  ): Promise<number> {
    const { by = cast.organiser.id, until = day, ...rest } = more;
    const made = await createMeeting(
      world.db,
      { id: cast.reviewer.id },
      {
        title: 'Confidential plan',
        organiserId: by,
        startsAt: at(day, from),
        endsAt: at(until, to),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
        overrideReason: 'late',
        ...rest,
      },
    );
    if (!made.ok) throw new Error(JSON.stringify(made));
    return made.id;
  }
  const tidy = (text: string) => text.replace(/\s+/g, ' ').trim();
  const open = async (query: string, agent = secretary) =>
    load((await agent.get(`/calendar/use?${query}`).expect(200)).text);
  const table = ($: CheerioAPI, caption: string) =>
    $('table')
      .filter((_, one) => tidy($(one).find('caption').text()).startsWith(caption))
      .find('tbody tr')
      .toArray()
      .map((one) =>
        $(one)
          .children('th, td')
          .toArray()
          .map((cell) => tidy($(cell).text())),
      );
  const lineOf = ($: CheerioAPI, caption: string, name: string) =>
    table($, caption).find(([first]) => first?.startsWith(name));
  const csv = async (query: string, agent = secretary) =>
    (
      await agent
        .get(`/calendar/use/table?${query}`)
        .buffer(true)
        .parse((res, done) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('end', () => done(null, Buffer.concat(chunks).toString('utf8')));
        })
        .expect(200)
    ).body as string;

  it('is occupied opening hours by bookable hours, with setting up and clearing away', async () => {
    // 4 to 8 March 2031 has five days of twelve hours, 60 h a room; the room with setting up takes half an
    // hour more.
    await book('2031-03-03', '10:00', '12:00');
    await book('2031-03-04', '10:00', '11:00', { roomIds: [cast.rooms.bamboo] });
    await book('2031-03-05', '07:00', '09:00');
    const $ = await open('from=2031-03-03&to=2031-03-09');
    expect(lineOf($, 'By room', 'Orchid')).toEqual([
      'Orchid',
      '5% 3 of 60 h',
      '+5 points, more',
      '2',
      '4 h 1 h outside opening hours',
      '120 min',
      '–',
      '0',
      '–',
      '–',
    ]);
    expect(lineOf($, 'By room', 'Bamboo')?.slice(1, 6)).toEqual([
      '2.5% 1.5 of 60 h',
      '+2.5 points, more',
      '1',
      '1.5 h',
      '60 min',
    ]);
    // Seven days of ten hours in each of the two parts beside it; the hall is in them.
    expect(lineOf($, 'By room', 'All rooms together')?.slice(1, 5)).toEqual([
      '1.7% 4.5 of 260 h',
      '+1.7 points, more',
      '3',
      '5.5 h 1 h outside opening hours',
    ]);
    expect(lineOf($, 'At a glance', 'Occupied, by')?.slice(1)).toEqual(['5 h', '0 h', '+5 h, more']);
    expect($('main').text()).not.toContain('Confidential');
  });

  it('cuts what passes midnight or an edge of the period, and counts a meeting where it begins', async () => {
    await book('2031-03-31', '22:00', '02:00', { until: '2031-04-01' });
    const [march, april] = [
      await open('from=2031-03-31&to=2031-03-31'),
      await open('from=2031-04-01&to=2031-04-01'),
    ];
    expect(lineOf(march, 'By room', 'Orchid')?.slice(3, 5)).toEqual(['1', '2 h 2 h outside opening hours']);
    expect(lineOf(april, 'By room', 'Orchid')?.slice(3, 5)).toEqual(['0', '2 h 2 h outside opening hours']);
    const both = await open('from=2031-03-31&to=2031-04-01');
    expect(lineOf(both, 'By room', 'Orchid')?.slice(3, 6)).toEqual([
      '1',
      '4 h 4 h outside opening hours',
      '240 min',
    ]);
    expect(lineOf(both, 'By organiser', 'Ouyang Min')).toEqual(['Ouyang Min', '1', '4 h', '0', '–']);
  });

  it('shows hall and parts, and no hour twice in the sum', async () => {
    await book('2031-05-05', '09:00', '11:00', { roomIds: [hall] });
    await book('2031-05-05', '14:00', '15:00', { roomIds: [parts[0] ?? 0] });
    const $ = await open('from=2031-05-05&to=2031-05-05&of=at-North');
    expect(table($, 'By room').map((cells) => cells.slice(0, 5))).toEqual([
      ['hall as a whole', '20% 2 of 10 h', '+20 points, more', '1', '2 h'],
      ['east part of hall', '30% 3 of 10 h', '+30 points, more', '2', '3 h'],
      ['west part of hall', '20% 2 of 10 h', '+20 points, more', '1', '2 h'],
      ['All rooms together', '25% 5 of 20 h', '+25 points, more', '2', '5 h'],
    ]);
    expect(lineOf($, 'By unit', 'Planning')).toEqual(['Planning', '2', '5 h', '0', '–']);
    const one = await open(`from=2031-05-05&to=2031-05-05&of=room-${parts[1]}`);
    expect(table(one, 'By room').map(([name]) => name)).toEqual(['west']);
  });

  it('takes holidays, closed days and closures from what can be booked', async () => {
    await world.db.raw(
      `insert into room_exceptions (room_id, on_day, note, created_by)
       values (?, '2031-06-03', 'Painting', ?)`,
      [cast.rooms.orchid, cast.secretary.id],
    );
    await book('2031-06-04', '10:00', '12:00');
    await addClosure(
      world.db,
      { id: cast.secretary.id },
      {
        roomId: cast.rooms.orchid,
        startsAt: at('2031-06-04', '08:00'),
        endsAt: at('2031-06-04', '20:00'),
        reason: 'Carpets',
      },
    );
    const lifted = await addClosure(
      world.db,
      { id: cast.secretary.id },
      {
        roomId: cast.rooms.orchid,
        startsAt: at('2031-06-05', '08:00'),
        endsAt: at('2031-06-05', '12:00'),
        reason: 'Not needed',
      },
    );
    await liftClosure(world.db, { id: cast.secretary.id }, cast.rooms.orchid, lifted.id);
    // Of five days of twelve hours one is closed and ten hours of another, in which the meeting kept the
    // room.
    const $ = await open(`from=2031-06-02&to=2031-06-06&of=room-${cast.rooms.orchid}`);
    expect(table($, 'By room')[0]).toEqual([
      'Orchid',
      '5.3% 2 of 38 h',
      '+5.3 points, more',
      '1',
      '2 h',
      '120 min',
      '–',
      '0',
      '–',
      '10 h',
    ]);
    const heat = $('.use-heat tbody tr')
      .eq(2)
      .children('td')
      .toArray()
      .map((cell) => tidy($(cell).text()));
    expect(heat.slice(0, 5)).toEqual(['closed', 'closed', '100% · 1 of 1 h', '100% · 1 of 1 h', 'closed']);
  });

  it('counts what was called off, what late, who didn’t come; what was given up is free', async () => {
    await world.db.raw(`insert into booking_rules (room_id, check_in) values (?, 'required')`, [
      cast.rooms.orchid,
    ]);
    const [early, late, absent, there] = [
      await book('2031-07-07', '09:00', '10:00'),
      await book('2031-07-07', '10:00', '11:00'),
      await book('2031-07-07', '11:00', '12:00'),
      await book('2031-07-07', '13:00', '14:00'),
    ];
    for (const id of [early, late])
      expect(await cancelMeeting(world.db, { id: cast.organiser.id }, id, { reason: 'Not needed' })).toEqual({
        ok: true,
      });
    await world.owner.raw(
      `update meetings
          set cancelled_at = starts_at -
            case when id = ? then interval '23 hours' else interval '24 hours' end
        where id in (?, ?)`,
      [late, early, late],
    );
    await checkIn(world.db, { id: cast.organiser.id }, there, { now: at('2031-07-07', '13:01') });
    await judgeCheckIns(world.db, at('2031-07-07', '11:10'));
    await judgeCheckIns(world.db, at('2031-07-07', '13:10'));
    expect(absent).toBeGreaterThan(0);
    const $ = await open('from=2031-07-07&to=2031-07-07');
    expect(lineOf($, 'By room', 'Orchid')?.slice(3)).toEqual([
      '1',
      '1 h',
      '60 min',
      '–',
      '2 1 late',
      '1 of 2',
      '–',
    ]);
    expect(lineOf($, 'By organiser', 'Ouyang')).toEqual(['Ouyang Min', '1', '1 h', '2 1 late', '1 of 2']);
    expect(lineOf($, 'At a glance', 'Cancelled')).toEqual(['Cancelled', '2 1 late', '0', '+2, more']);
    const after = await open('from=2031-07-08&to=2031-07-08');
    expect(lineOf(after, 'At a glance', 'Cancelled')).toEqual(['Cancelled', '0', '2 1 late', '−2, fewer']);
    await world.db.raw(`delete from booking_rules`);
  });

  it('says how many seats were filled, by invitation and by attendance', async () => {
    const invited = await book('2031-08-04', '09:00', '10:00');
    const named = await book('2031-08-04', '11:00', '12:00', { expectedCount: 9 });
    const inTwo = await book('2031-08-04', '15:00', '16:00', {
      expectedCount: 40,
      roomIds: [cast.rooms.orchid, cast.rooms.bamboo],
    });
    for (const person of [cast.organiser, cast.attendee, cast.chair])
      await world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
        invited,
        person.id,
      ]);
    await world.db.raw(`insert into participants (meeting_id, person_id, role) values (?, ?, 'informed')`, [
      invited,
      cast.outsider.id,
    ]);
    await world.db.raw(
      `insert into attendances (participant_id, status)
       select id, case when person_id = ? then 'absent' else 'present' end
         from participants
        where meeting_id = ? and role <> 'informed'`,
      [cast.chair.id, invited],
    );
    expect([named, inTwo].every(Boolean)).toBe(true);
    // 3 of 12 and 9 of 12; 2 of 12 came.
    expect(lineOf(await open('from=2031-08-04&to=2031-08-04'), 'By room', 'Orchid')?.[6]).toBe(
      '50% 16.7% came',
    );
  });

  it('is for secretaries, and never says whose a private meeting is that they may not know', async () => {
    for (const agent of [await world.agent(cast.organiser), await world.agent(cast.outsider)]) {
      expect((await agent.get('/calendar/use')).status).toBe(403);
      expect((await agent.get('/calendar/use/table')).status).toBe(403);
      expect(load((await agent.get('/calendar/month')).text)('a[href^="/calendar/use"]')).toHaveLength(0);
    }
    const secret = await book('2031-09-01', '09:00', '10:00', {
      isPrivate: true,
      by: cast.outsider.id,
      expectedCount: 6,
    });
    const $ = await open('from=2031-09-01&to=2031-09-01');
    expect(lineOf($, 'By room', 'Orchid')?.slice(3, 7)).toEqual(['1', '1 h', '60 min', '–']);
    expect(table($, 'By organiser')).toEqual([['Private meetings', '1', '1 h', '0', '–']]);
    expect(table($, 'By unit')).toEqual([['Private meetings', '1', '1 h', '0', '–']]);
    for (const query of [`organiser=${cast.outsider.id}`, `unit=${cast.units.finance}`]) {
      const cut = await open(`from=2031-09-01&to=2031-09-01&${query}`);
      expect(lineOf(cut, 'At a glance', 'Meetings')?.[1]).toBe('0');
      expect(lineOf(cut, 'By room', 'Orchid')?.slice(3, 5)).toEqual(['0', '0 h']);
    }
    expect(await csv('from=2031-09-01&to=2031-09-01&by=organisers')).not.toContain('Wei Ran');
    await world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
      secret,
      cast.secretary.id,
    ]);
    expect(table(await open('from=2031-09-01&to=2031-09-01'), 'By organiser').map(([name]) => name)).toEqual([
      'Wei Ran',
    ]);
  });

  it('is cut by unit with those below it, by organiser and by building', async () => {
    const below = await row<{ id: number }>(
      world.db,
      `insert into units (code, name_en, name_zh, parent_id)
       values ('maps', 'Maps', '测绘科', :parent)
       returning id`,
      { parent: cast.units.planning },
    );
    await world.db.raw(`update persons set unit_id = ? where id = ?`, [below?.id ?? 0, cast.attendee.id]);
    await book('2031-10-06', '09:00', '10:00', { by: cast.attendee.id });
    await book('2031-10-06', '10:00', '12:00');
    await book('2031-10-06', '09:00', '12:00', { by: cast.outsider.id, roomIds: parts });
    const day = 'from=2031-10-06&to=2031-10-06';
    const names = ($: CheerioAPI) => table($, 'By organiser').map(([name, , hours]) => `${name} ${hours}`);
    expect(names(await open(day))).toEqual(['Wei Ran 6 h', 'Ouyang Min 2 h', 'Chen An 1 h']);
    expect(names(await open(`${day}&unit=${cast.units.planning}`))).toEqual([
      'Ouyang Min 2 h',
      'Chen An 1 h',
    ]);
    expect(names(await open(`${day}&organiser=${cast.attendee.id}`))).toEqual(['Chen An 1 h']);
    const building = await open(`${day}&of=in-B`);
    expect(names(building)).toEqual(['Wei Ran 6 h']);
    expect(lineOf(building, 'At a glance', 'Meetings')?.[1]).toBe('1');
    // What no longer exists is everything; what is no date is this month.
    expect(names(await open(`${day}&of=room-99999&unit=99999&organiser=99999`))).toHaveLength(3);
    expect((await open('from=yesterday&to=2031-13-01'))('.meta').first().text()).toContain(
      'Fri 1 Mar 2030 to Sun 31 Mar 2030',
    );
  });

  it('steps by months, quarters and years, with [ and ]', async () => {
    const $ = await open('from=2031-03-01&to=2031-03-31&of=in-A');
    const query = (selector: string) =>
      Object.fromEntries(new URL($(selector).attr('href') ?? '', 'http://x').searchParams);
    expect(query('[data-key="["]')).toEqual({ from: '2031-02-01', to: '2031-02-28', of: 'in-A' });
    expect(query('[data-key="]"]')).toEqual({ from: '2031-04-01', to: '2031-04-30', of: 'in-A' });
    expect($('.tabs [aria-current]').text().trim()).toBe('Month');
    expect(query('.tabs li:nth-child(2) a')).toEqual({ from: '2031-01-01', to: '2031-03-31', of: 'in-A' });
    expect(
      load((await secretary.get('/calendar/month?date=2031-03-05')).text)(
        'a[href="/calendar/use?from=2031-03-01&to=2031-03-31"]',
      ),
    ).toHaveLength(1);
    expect(
      load((await secretary.get('/no-shows?from=2030-01-05&to=2030-01-09')).text)(
        'a[href="/calendar/use?from=2030-01-05&to=2030-01-09"]',
      ),
    ).toHaveLength(1);
  });

  it('comes as CSV: the same figures, in UTF-8 with its mark, no cell a formula', async () => {
    await world.db.raw(`update rooms set name_en = '=cmd()' where id = ?`, [cast.rooms.bamboo]);
    await book('2031-11-03', '09:00', '10:00', { roomIds: [cast.rooms.bamboo] });
    const rooms = await csv('from=2031-11-03&to=2031-11-03&by=rooms');
    expect(rooms.startsWith('\ufeffRoom,Kind,Site,Building,"Use, %"')).toBe(true);
    expect(rooms.split('\r\n').find((line) => line.includes('cmd()'))).toBe(
      "'=cmd(),,,A,12.5,1.5,12,1,1.5,1,60,,,0,0,0,0,0",
    );
    expect(
      (await csv('from=2031-11-03&to=2031-11-03&by=hours'))
        .split('\r\n')
        .filter((line) => line.startsWith('Monday,09:00')),
    ).toEqual(['Monday,09:00,25,1,4']);
    expect((await csv('from=2031-11-03&to=2031-11-03&by=units')).split('\r\n')[1]).toBe(
      'Planning,1,1.5,0,0,0,0',
    );
    expect((await csv('from=2031-11-03&to=2031-11-03&by=organisers')).split('\r\n')[1]).toBe(
      'Ouyang Min,Planning,1,1.5,0,0,0,0',
    );
    await world.db.raw(`update rooms set name_en = 'Bamboo' where id = ?`, [cast.rooms.bamboo]);
  });

  it('keeps a room that is gone as long as something took place in it, without a share', async () => {
    await book('2031-12-02', '07:00', '09:00');
    await world.owner.raw(`update rooms set status = 'retired' where id = ?`, [cast.rooms.orchid]);
    const $ = await open('from=2031-12-02&to=2031-12-02&of=in-A');
    expect(lineOf($, 'By room', 'Orchid')?.slice(0, 5)).toEqual(['Orchid Retired', '–', '–', '1', '2 h']);
    expect(lineOf($, 'By room', 'All rooms together')?.slice(1, 5)).toEqual([
      '0% 0 of 12 h',
      'the same',
      '1',
      '2 h',
    ]);
    expect(lineOf(await open('from=2031-12-03&to=2031-12-03&of=in-A'), 'By room', 'Orchid')).toBeUndefined();
    await world.owner.raw(`update rooms set status = 'in_service' where id = ?`, [cast.rooms.orchid]);
  });

  it('says so when nothing was booked, and that a period isn’t over', async () => {
    expect((await open('from=2019-02-01&to=2019-02-28'))('main').text()).toContain(
      'No room was booked in these days',
    );
    await book('2030-03-20', '09:00', '10:00');
    expect((await open(''))('main').text()).toContain('These days aren’t over yet');
  });
});

describe('over a clock change', () => {
  it('an hour of the night is where the clock of the office said it was', async () => {
    const world = await testWorld();
    const cast = await makeCast(world.db);
    await world.db.raw(`update organisations set zone = 'Europe/Berlin'`);
    await world.db.raw(`delete from room_hours`);
    await world.db.raw(
      `insert into room_hours (room_id, weekday, opens_at, closes_at)
       select id, d, '00:00', '24:00'
         from rooms, generate_series(1, 7) d`,
    );
    // 01:00 to 05:00 of the wall clock, which is five hours in the night in which the clock goes back.
    const made = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'Night watch',
        startsAt: new Date('2031-10-25T23:00:00Z'),
        endsAt: new Date('2031-10-26T04:00:00Z'),
        zone: 'Europe/Berlin',
        roomIds: [cast.rooms.orchid],
      },
    );
    expect(made.ok).toBe(true);
    const $ = load(
      (
        await (
          await world.agent(cast.secretary)
        )
          .get(`/calendar/use?from=2031-10-26&to=2031-10-26&of=room-${cast.rooms.orchid}`)
          .expect(200)
      ).text,
    );
    expect($('.use-rooms tbody tr td').eq(0).text().replace(/\s+/g, ' ').trim()).toBe('20% 5 of 25 h');
    expect(
      $('.use-heat tbody tr')
        .eq(6)
        .children('td')
        .toArray()
        .slice(0, 6)
        .map((cell) => $(cell).text()),
    ).toEqual([
      '0% · 0 of 1 h',
      '100% · 1 of 1 h',
      '100% · 2 of 2 h',
      '100% · 1 of 1 h',
      '100% · 1 of 1 h',
      '0% · 0 of 1 h',
    ]);
    await world.close();
  });
});
