import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { dayOf, timeOf } from '../../src/lib/time/zone.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { findMeeting } from '../../src/meetings/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { confirm, fieldsOf, postTo, seriesForm, planSeries } from './schedule.js';

// A standing meeting without a rule: a list of single dates, of which this and the later ones are changed
// together.

let world: World;
let cast: Cast;
let organiser: Agent;
let outsider: Agent;
let screen: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await world.owner.raw(`update room_hours set opens_at = '00:00', closes_at = '24:00'`);
  await world.db.raw(`insert into room_layouts (room_id, layout, capacity) values (?, 'theatre', 40)`, [
    cast.rooms.orchid,
  ]);
  screen =
    (
      await row<{ id: number }>(
        world.db,
        `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
         values ('screen', 'Screen', '屏幕', true, 1)
         returning id`,
      )
    )?.id ?? 0;
  [organiser, outsider] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.outsider)])) as [
    Agent,
    Agent,
  ];
});
afterEach(async () => {
  await world.db.raw(`update room_claims set state = 'cancelled'`);
  await world.db.raw(`update equipment_bookings set is_held = false`);
});
afterAll(() => world.close());

const DAYS = ['2030-04-02', '2030-04-11', '2030-04-24', '2030-05-06'];
const list = (more: Record<string, unknown> = {}) =>
  seriesForm(cast, { frequency: 'dates', on_dates: DAYS.join('\n'), ...more });
const make = (more: Record<string, unknown> = {}) => planSeries(organiser, list(more));
interface Line {
  id: number;
  title: string;
  state: string;
  starts_at: Date;
  ends_at: Date;
  uid: string;
  recurrence_id: number | null;
  claims: number;
  rooms: number[];
  layout: string | null;
  pieces: number | null;
  sequence: number;
}
const lines = (series: number) =>
  rows<Line>(
    world.db,
    `select m.id, m.title, m.state, m.starts_at, m.ends_at, m.uid, m.recurrence_id, m.sequence,
            (select count(*)::int from room_claims c
              where c.meeting_id = m.id and c.state = 'confirmed') as claims,
            (select array_agg(room_id) from meeting_rooms where meeting_id = m.id) as rooms,
            (select min(layout) from meeting_layouts where meeting_id = m.id) as layout,
            (select min(quantity) from equipment_bookings where meeting_id = m.id and is_held) as pieces
       from meetings m where series_id = :series order by starts_at`,
    { series },
  );
const ZONE = 'Asia/Shanghai';
const shown = (line: Line) =>
  `${dayOf(line.starts_at, ZONE).slice(5)} ${timeOf(line.starts_at, ZONE)} ${line.state} ${line.claims}`;
const by = () => ({ id: cast.organiser.id });
const address = (series: number, line: Line | undefined, scope = 'following') =>
  `/series/${series}/dates/${line?.id}/following?scope=${scope}`;
async function submit(
  series: number,
  line: Line | undefined,
  changes: Record<string, unknown>,
  scope = 'following',
) {
  const page = (await organiser.get(address(series, line, scope))).text;
  return postTo(organiser, address(series, line).split('?')[0] ?? '', fieldsOf(page, changes));
}

it('is offered from each of its dates and from its page, with the days as they are', async () => {
  const series = await make();
  const [first, second] = await lines(series);
  const edit = load((await organiser.get(`/meetings/${second?.id}/edit`)).text);
  expect(
    edit('.notice a')
      .map((_, link) => edit(link).attr('href'))
      .get(),
  ).toEqual([address(series, second).split('?')[0], address(series, second, 'all')]);
  expect(
    load((await organiser.get(`/series/${series}`)).text)(`a[href="${address(series, first, 'all')}"]`),
  ).toHaveLength(1);
  const page = load((await organiser.get(address(series, second))).text);
  expect(page('#f-on_dates').text().trim().split(/\s+/)).toEqual(DAYS.slice(1));
  expect([page('#f-from').val(), page('#f-to').val(), page('select[name=frequency]').length]).toEqual([
    '09:00',
    '10:00',
    0,
  ]);
  expect((await outsider.get(address(series, second))).status).toBe(403);
});

it('gets another text at once, and keeps its UIDs', async () => {
  const series = await make();
  const before = await lines(series);
  const answer = await submit(series, before[1], {
    title: 'Leadership',
    layout: 'theatre',
    kinds: String(screen),
    pieces: '1',
  });
  expect([answer.status, answer.headers.location]).toEqual([303, `/series/${series}`]);
  const after = await lines(series);
  expect(after.map(({ title, layout, pieces }) => [title, layout, pieces])).toEqual([
    ['Weekly leadership', null, null],
    ...DAYS.slice(1).map(() => ['Leadership', 'theatre', 1]),
  ]);
  expect(after.map(({ uid, starts_at: at }) => [uid, at])).toEqual(
    before.map(({ uid, starts_at: at }) => [uid, at]),
  );
});

it(
  'gets another time, room, layout and equipment; days go and come; what was called off, moved or ' +
    'renamed stays so',
  async () => {
    const series = await make({ on_dates: [...DAYS, '2030-05-15', '2030-05-23'].join(', ') });
    const before = await lines(series);
    await cancelMeeting(world.db, by(), before[2]?.id ?? 0, { reason: 'Holiday' });
    const moved = await findMeeting(world.db, by(), before[3]?.id ?? 0);
    await changeMeeting(world.db, by(), moved.id, {
      version: moved.version,
      startsAt: new Date('2030-05-07T14:00+08:00'),
      endsAt: new Date('2030-05-07T15:00+08:00'),
    });
    const named = await findMeeting(world.db, by(), before[4]?.id ?? 0);
    await changeMeeting(world.db, by(), named.id, { version: named.version, title: 'Budget day' });
    // One more meeting on a day that has one.
    await world.owner.raw(
      `insert into meetings (title, series_id, starts_at, ends_at, zone, organiser_id, created_by, uid,
                             state, lang)
     select title, series_id, starts_at + interval '6 hours', ends_at + interval '6 hours',
            zone, organiser_id, created_by, 'second@office.example', 'draft', lang
     from meetings
     where id = ?`,
      [before[1]?.id ?? 0],
    );
    await createMeeting(
      world.db,
      { id: cast.reviewer.id },
      {
        title: 'Film club',
        startsAt: new Date('2030-05-15T11:00+08:00'),
        endsAt: new Date('2030-05-15T12:00+08:00'),
        zone: ZONE,
        roomIds: [],
        equipment: [{ kindId: screen, quantity: 1 }],
      },
    );
    const page = load((await organiser.get(address(series, before[1]))).text);
    expect(page('#f-on_dates').text().trim().split(/\s+/)).toEqual([
      '2030-04-11',
      '2030-04-24',
      '2030-05-07',
      '2030-05-15',
      '2030-05-23',
    ]);

    // The 23rd of May goes, the 28th comes.
    const plan = await submit(series, before[1], {
      on_dates: '2030-04-11, 2030-04-24\n2030-05-07\n2030-05-15\n2030-05-28',
      from: '11',
      to: '12:30',
      rooms: String(cast.rooms.bamboo),
      kinds: String(screen),
      pieces: '1',
    });
    expect(plan.status).toBe(409);
    const $ = load(plan.text);
    const states = $('tbody tr')
      .map((_, line) => $(line).find('td').first().text().trim())
      .get();
    expect(states[1]).toBe('called off; stays so');
    expect(states[2]).toBe('has its own time, Tue 7 May 14:00–15:00; keeps it');
    expect(states[3]).toContain('Film club');
    expect($('li').text()).toContain('Thu 23 May 2030 is called off.');
    expect($('li').text()).toContain('Thu 11 Apr 15:00–16:00 is a second meeting on its day');
    expect((await lines(series)).map(({ starts_at: at, claims }) => [at, claims]).length).toBe(7);
    const saved = await postTo(organiser, ...confirm(plan.text, { '2030-05-15': { choice: 'bare' } }));
    expect([saved.status, saved.headers.location]).toEqual([303, `/series/${series}`]);
    const after = await lines(series);
    expect(after.map(shown)).toEqual([
      '04-02 09:00 draft 1',
      '04-11 11:00 draft 1',
      '04-11 15:00 draft 0',
      '04-24 11:00 cancelled 0',
      '05-07 14:00 draft 1',
      '05-15 11:00 draft 1',
      '05-23 09:00 cancelled 0',
      '05-28 11:00 draft 1',
    ]);
    expect(after.map(({ title }) => title)[5]).toBe('Budget day');
    expect(after.filter(({ state }) => state !== 'cancelled').map(({ pieces }) => pieces)).toEqual([
      null,
      1,
      null,
      null,
      null,
      1,
    ]);
    expect([after[1]?.rooms, after[7]?.rooms, after[4]?.rooms]).toEqual([
      [cast.rooms.bamboo],
      [cast.rooms.bamboo],
      [cast.rooms.orchid],
    ]);
    expect(after.every(({ recurrence_id }) => recurrence_id === null)).toBe(true);
    expect(before.every((line) => after.some(({ id, uid }) => id === line.id && uid === line.uid))).toBe(
      true,
    );
    expect(await rows(world.db, `select 1 from recurrences where series_id = :series`, { series })).toEqual(
      [],
    );
    // The new date has the members.
    expect(
      await row(world.db, `select count(*)::int as n from participants where meeting_id = :id`, {
        id: after[7]?.id,
      }),
    ).toEqual({ n: 2 });
  },
);

it('refuses what is past, what stays and what is no day, and keeps what was typed', async () => {
  const series = await make();
  const before = await lines(series);
  const error = async (on_dates: string) => {
    const answer = await submit(series, before[1], { on_dates });
    const $ = load(answer.text);
    expect([answer.status, $('#f-on_dates').text().trim()]).toEqual([422, on_dates]);
    return $('#f-on_dates-error').text();
  };
  expect(await error('2020-01-01')).toContain('What is past does not change');
  expect(await error('2030-04-02, 2030-04-11')).toContain('stays as it is');
  expect(await error('2030-04-11, soon')).toContain('soon');
  expect(await error('')).toBeTruthy();
  expect((await lines(series)).map(shown)).toEqual(before.map(shown));
});

it('tells who was invited of the new time, date by date, and of the one that is called off', async () => {
  const series = await make();
  const before = await lines(series);
  for (const line of before) await postTo(organiser, `/meetings/${line.id}/invitations`, {});
  await world.runJobs();
  const plan = await submit(
    series,
    before[0],
    { on_dates: DAYS.slice(0, 3).join('\n'), from: '13', to: '14' },
    'all',
  );
  expect((await postTo(organiser, ...confirm(plan.text))).status).toBe(303);
  world.clock.set(new Date(world.clock.now().getTime() + 120_000));
  await world.runJobs();
  const told = await rows<{ meeting_id: number; method: string }>(
    world.db,
    `select distinct on (meeting_id) meeting_id, method
     from deliveries
     where meeting_id in (select id from meetings where series_id = :series) and kind <> 'invitations.reply'
     order by meeting_id, id desc`,
    { series },
  );
  expect(told.map(({ meeting_id, method }) => [meeting_id, method])).toEqual(
    before.map(({ id }, n) => [id, n === 3 ? 'CANCEL' : 'REQUEST']),
  );
  expect((await lines(series)).map(({ sequence }) => sequence)).toEqual([1, 1, 1, 1]);
});

it('stands beside a rule: dates of the rule are left alone, and the list is continued as one', async () => {
  const ruled = Number(
    /\d+$/.exec(
      (await postTo(organiser, ...confirm((await postTo(organiser, '/series', seriesForm(cast))).text)))
        .headers.location ?? '',
    )?.[0],
  );
  const added = await postTo(organiser, `/series/${ruled}/dates`, {
    frequency: 'dates',
    on_dates: '2030-05-08, 2030-05-09',
    every: '1',
    month_day: '1',
    nth: '1',
    nth_weekday: '1',
    from_on: '2030-05-01',
    from: '9',
    to: '10',
    zone: ZONE,
    rooms: '',
    confirmed: 'on',
    key: crypto.randomUUID(),
  });
  expect(added.status).toBe(303);
  const before = await lines(ruled);
  const plan = await submit(ruled, before[5], { from: '15', to: '16' }, 'all');
  expect(
    load(plan.text)('input[name=at]')
      .map((_, field) => String(load(plan.text)(field).val()))
      .get(),
  ).toEqual(['2030-05-08', '2030-05-09']);
  expect((await postTo(organiser, ...confirm(plan.text))).status).toBe(303);
  expect((await lines(ruled)).map((line) => timeOf(line.starts_at, ZONE))).toEqual([
    '09:00',
    '09:00',
    '09:00',
    '09:00',
    '09:00',
    '15:00',
    '15:00',
  ]);

  const single = await make({ from: '16', to: '17:30' });
  const more = load((await organiser.get(`/series/${single}/dates/new`)).text);
  expect([
    more('#f-frequency').val(),
    more('#f-from').val(),
    more('#f-to').val(),
    more('#f-rooms').val(),
  ]).toEqual(['dates', '16:00', '17:30', String(cast.rooms.orchid)]);
});

it('two people change it at once: one change stands, the other is asked again', async () => {
  const series = await make();
  const [first] = await lines(series);
  const plans = [
    await submit(series, first, { from: '13', to: '14' }),
    await submit(series, first, { from: '15', to: '16' }),
  ];
  const answers = await Promise.all(plans.map((plan) => postTo(organiser, ...confirm(plan.text))));
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
  expect(new Set((await lines(series)).map(({ starts_at: at }) => timeOf(at, ZONE))).size).toBe(1);
});
