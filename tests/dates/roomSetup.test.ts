import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { changeFollowingDates, confirm, fieldsOf, postTo, seriesForm } from './schedule.js';

// People expected, layout and movable equipment of all dates, when a standing meeting is planned and when it
// is continued.

let world: World;
let cast: Cast;
let organiser: Agent;
let screen: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await world.owner.raw(`update room_hours set opens_at = '00:00', closes_at = '24:00'`);
  await world.db.raw(`update rooms set capacity = 12`);
  screen =
    (
      await row<{ id: number }>(
        world.db,
        `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
         values ('screen', 'Screen', '屏幕', true, 2)
         returning id`,
      )
    )?.id ?? 0;
  await world.db.raw(
    `insert into room_layouts (room_id, layout, capacity)
     values (?, 'theatre', 40), (?, 'theatre', 30), (?, 'u_shape', 8)`,
    [cast.rooms.orchid, cast.rooms.bamboo, cast.rooms.orchid],
  );
  organiser = await world.agent(cast.organiser);
});
afterEach(async () => {
  await world.db.raw(`update equipment_bookings set is_held = false`);
  await world.db.raw(`update room_claims set state = 'cancelled'`);
  await world.db.raw(`delete from booking_rules`);
});
afterAll(() => world.close());

const setting = () => ({ layout: 'theatre', kinds: String(screen), pieces: '2', expected: '35' });
const seriesIn = (answer: { headers: Record<string, string | undefined> }) =>
  Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
const set = (series: number) =>
  rows<{ day: string; layout: string | null; expected_count: number | null; pieces: number | null }>(
    world.db,
    `select to_char(m.starts_at at time zone 'Asia/Shanghai', 'MM-DD HH24:MI') as day,
            l.layout, m.expected_count, b.quantity as pieces
     from meetings m
     left join meeting_layouts l on l.meeting_id = m.id
       left join equipment_bookings b on b.meeting_id = m.id and b.is_held
          and b.starts_at <= m.starts_at and b.ends_at >= m.ends_at
      where m.series_id = :series and m.state <> 'cancelled' order by m.starts_at`,
    { series },
  ).then((found) =>
    found.map(({ day, layout, expected_count, pieces }) => [day.slice(0, 5), layout, expected_count, pieces]),
  );
const blockScreen = (on: string) =>
  createMeeting(
    world.db,
    { id: cast.reviewer.id },
    {
      title: 'Film club',
      startsAt: new Date(`${on}T09:00+08:00`),
      endsAt: new Date(`${on}T10:00+08:00`),
      zone: 'Asia/Shanghai',
      roomIds: [],
      equipment: [{ kindId: screen, quantity: 1 }],
    },
  );

it(
  'is planned with them: what is short is told for each date, going back keeps them, and all is ' +
    'saved in one piece',
  async () => {
    await blockScreen('2030-04-15');
    const plan = await postTo(organiser, '/series', seriesForm(cast, setting()));
    expect(plan.status).toBe(409);
    const $ = load(plan.text);
    expect($('[role=alert]').text()).toContain('On 1 date there is not enough of the movable equipment');
    expect($('tbody tr').eq(2).text()).toContain('Film club');
    expect($('td .ok')).toHaveLength(4);
    const [path, fields] = confirm(plan.text);
    const back = load((await postTo(organiser, path, { ...fields, back: 'on' })).text);
    expect([
      back('#f-layout').val(),
      back('[name=pieces]').val(),
      back('#f-expected').val(),
      back('details.more[open] [name=pieces]').length,
    ]).toEqual(['theatre', '2', '35', 1]);
    // As it stands it is refused again, with nothing left behind.
    expect((await postTo(organiser, path, fields)).status).toBe(409);
    expect(await row(world.db, `select count(*)::int as n from series`)).toEqual({ n: 0 });
    const saved = await postTo(
      organiser,
      ...confirm(plan.text, {
        '2030-04-15': { choice: 'bare' },
        '2030-04-29': { choice: 'skip', reason: 'Away' },
      }),
    );
    expect(saved.status).toBe(303);
    expect(await set(seriesIn(saved))).toEqual([
      ['04-01', 'theatre', 35, 2],
      ['04-08', 'theatre', 35, 2],
      ['04-15', 'theatre', 35, null],
      ['04-22', 'theatre', 35, 2],
    ]);
  },
);

it('counts the seats of the chosen layout, and offers no room that is too small', async () => {
  const plan = async (more: Record<string, unknown>) =>
    postTo(organiser, '/series', seriesForm(cast, { ...setting(), kinds: [], pieces: [], ...more }));
  expect(load((await plan({})).text)('tbody .soft').text()).not.toContain('seats');
  const small = await plan({ layout: '' });
  expect(small.status).toBe(200);
  expect(load(small.text)('tbody .soft').text()).toContain('12');
  await world.db.raw(`insert into booking_rules (room_id, capacity_rule) values (?, 'deny')`, [
    cast.rooms.orchid,
  ]);
  expect((await plan({})).status).toBe(200);
  const refused = await plan({ layout: 'u_shape', expected: '10' });
  expect(refused.status).toBe(409);
  expect(load(refused.text)('#rules').text().replace(/\s+/g, ' ')).toContain(
    'more people than seats on 5 dates',
  );
  expect(load(refused.text)('tbody tr').first().find('option[value^="room:"]')).toHaveLength(1);
  expect(
    load((await plan({ layout: 'u_shape', expected: '13' })).text)('tbody option[value^="room:"]'),
  ).toHaveLength(0);
  const odd = await plan({ layout: 'cabaret' });
  expect([odd.status, load(odd.text)('#f-layout-error').text()]).toEqual([
    422,
    expect.stringContaining('Orchid'),
  ]);
});

it('is continued from what its last dates have, and they are changed on the way', async () => {
  const series = seriesIn(
    await postTo(
      organiser,
      ...confirm(
        (await postTo(organiser, '/series', seriesForm(cast, { ...setting(), place: 'East wing' }))).text,
      ),
    ),
  );
  const [first] = await rows<{ id: number }>(
    world.db,
    `select id from meetings where series_id = :series order by starts_at offset 1`,
    { series },
  );
  await changeFollowingDates(organiser, series, first?.id ?? 0, 'following', { pieces: '1', expected: '30' });
  expect((await set(series)).map(([, , expected, pieces]) => [expected, pieces])).toEqual([
    [35, 2],
    [30, 1],
    [30, 1],
    [30, 1],
    [30, 1],
  ]);
  const page = (await organiser.get(`/series/${series}/dates/new`)).text;
  const $ = load(page);
  expect([
    $('#f-layout').val(),
    $('[name=pieces]').val(),
    $('#f-expected').val(),
    $('#f-place').val(),
    $('#f-rooms').val(),
  ]).toEqual(['theatre', '1', '30', 'East wing', String(cast.rooms.orchid)]);
  await blockScreen('2030-05-13');
  await blockScreen('2030-05-13');
  const plan = await postTo(
    organiser,
    `/series/${series}/dates`,
    fieldsOf(page, { until_on: '2030-05-20', weekday: '1' }),
  );
  expect(plan.status).toBe(409);
  const saved = await postTo(organiser, ...confirm(plan.text, { '2030-05-13': { choice: 'bare' } }));
  expect(saved.status).toBe(303);
  expect((await set(series)).slice(5)).toEqual([
    ['05-06', 'theatre', 30, 1],
    ['05-13', 'theatre', 30, null],
    ['05-20', 'theatre', 30, 1],
  ]);
  const { after } = (await row<{ after: Record<string, unknown> }>(
    world.db,
    `select after
     from audit_events
     where noun = 'series' and noun_id = :series and action = 'series.dates'
     order by id desc
     limit 1`,
    { series },
  )) ?? { after: {} };
  expect(after).toMatchObject({ layout: 'theatre', equipment: ['screen × 1'], expected_count: 30 });
});

it('costs as many statements for a year as for a month', async () => {
  const count = async (until_on: string, from_on: string) => {
    let n = 0;
    const note = ({ sql }: { sql: string }) => (n += sql.startsWith('update sessions') ? 0 : 1);
    world.db.on('query', note);
    const saved = await postTo(
      organiser,
      '/series',
      seriesForm(cast, { ...setting(), from_on, until_on, confirmed: 'on' }),
    );
    world.db.removeListener('query', note);
    expect(saved.status).toBe(303);
    return n;
  };
  const month = await count('2030-04-30', '2030-04-01');
  expect(await count('2031-04-30', '2030-05-01')).toBe(month);
});

it('two who plan with the last pieces: one gets them', async () => {
  const other = await world.agent(cast.reviewer);
  const mine = seriesForm(cast, { ...setting(), confirmed: 'on' });
  const theirs = seriesForm(cast, {
    ...setting(),
    name: 'Theirs',
    organiser: String(cast.reviewer.id),
    rooms: String(cast.rooms.bamboo),
    expected: '',
    confirmed: 'on',
  });
  const answers = await Promise.all([postTo(organiser, '/series', mine), postTo(other, '/series', theirs)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
});
