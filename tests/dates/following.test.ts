import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { dayOf, timeOf } from '../../src/lib/time/zone.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { findMeeting } from '../../src/meetings/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { confirm, fieldsOf, postTo, seriesForm, planSeries } from './schedule.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let outsider: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await world.owner.raw(`update room_hours set opens_at = '00:00', closes_at = '24:00'`);
  [organiser, outsider] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.outsider)])) as [
    Agent,
    Agent,
  ];
});
afterEach(() => world.db.raw(`update room_claims set state = 'cancelled'`));
afterAll(() => world.close());

const form = (more: Record<string, unknown> = {}) => seriesForm(cast, more);
const make = (more: Record<string, unknown> = {}) => planSeries(organiser, form(more));
interface Line {
  id: number;
  title: string;
  state: string;
  starts_at: Date;
  occurrence_at: Date | null;
  recurrence_id: number | null;
  uid: string;
  claims: number;
  time_sequence: number;
}
const lines = (series: number) =>
  rows<Line>(
    world.db,
    `select m.id, m.title, m.state, m.starts_at, m.occurrence_at, m.recurrence_id, m.uid, m.time_sequence,
            (select count(*) from room_claims c where c.meeting_id = m.id and c.state = 'confirmed') as claims
       from meetings m where series_id = :series order by starts_at`,
    { series },
  );
const id = (line: Line | undefined) => line?.id ?? -1;
const by = () => ({ id: cast.organiser.id });
const fields = async (path: string, changes: Record<string, unknown>) =>
  fieldsOf((await organiser.get(path)).text, changes);
const following = (series: number, line: Line | undefined, scope = 'following') =>
  `/series/${series}/dates/${id(line)}/following?scope=${scope}`;
async function submit(
  series: number,
  line: Line | undefined,
  changes: Record<string, unknown>,
  scope = 'following',
) {
  return postTo(
    organiser,
    following(series, line, scope).split('?')[0] ?? '',
    await fields(following(series, line, scope), changes),
  );
}

describe('the text of several dates', () => {
  it('is written from this date on, keeps the UIDs, and leaves what was written for one date', async () => {
    const series = await make();
    const before = await lines(series);
    const special = await findMeeting(world.db, by(), id(before[3]));
    expect(
      await changeMeeting(world.db, by(), special.id, { version: special.version, title: 'Budget day' }),
    ).toEqual({ ok: true });
    const answer = await submit(series, before[1], { title: 'Leadership', description: 'Bring figures' });
    expect([answer.status, answer.headers.location]).toEqual([303, `/series/${series}`]);
    const after = await lines(series);
    expect(after.map(({ title }) => title)).toEqual([
      'Weekly leadership',
      'Leadership',
      'Leadership',
      'Budget day',
      'Leadership',
    ]);
    expect(after.map(({ uid, recurrence_id, claims }) => [uid, recurrence_id, claims])).toEqual(
      before.map(({ uid, recurrence_id, claims }) => [uid, recurrence_id, claims]),
    );
    expect(
      (
        await postTo(
          outsider,
          `/series/${series}/dates/${id(before[1])}/following`,
          await fields(following(series, before[1]), {}),
        )
      ).status,
    ).toBe(403);
    expect((await outsider.get(following(series, before[1]))).status).toBe(403);
    expect((await organiser.get(following(series + 1000, before[1]))).status).toBe(404);
    expect((await organiser.get(`/meetings/${id(before[1])}/edit`)).text).toContain(
      'This and the following dates',
    );
  });

  it('renames the standing meeting with all coming dates', async () => {
    const series = await make();
    const [first] = await lines(series);
    await submit(series, first, { title: 'Board' }, 'all');
    expect(
      (await row<{ name: string }>(world.db, `select name from series where id = :series`, { series }))?.name,
    ).toBe('Board');
    expect(new Set((await lines(series)).map(({ title }) => title))).toEqual(new Set(['Board']));
  });
});

describe('another rule', () => {
  it('ends the rule and begins another: what was called off, moved or renamed stays so', async () => {
    const series = await make({ from_on: '2030-04-01', until_on: '2030-05-31' }); // nine Mondays
    const before = await lines(series);
    await cancelMeeting(world.db, by(), id(before[3]), { reason: 'Holiday' }); // 22 April
    const moved = await findMeeting(world.db, by(), id(before[4])); // 29 April to the day after
    await changeMeeting(world.db, by(), moved.id, {
      version: moved.version,
      startsAt: new Date('2030-04-30T14:00+08:00'),
      endsAt: new Date('2030-04-30T15:00+08:00'),
    });
    const named = await findMeeting(world.db, by(), id(before[5]));
    await changeMeeting(world.db, by(), named.id, { version: named.version, title: 'Budget day' });

    const plan = await submit(series, before[2], { from: '10', to: '11:30' });
    expect(plan.status).toBe(200);
    const $ = load(plan.text);
    expect($('tbody tr')).toHaveLength(7);
    expect($('tbody tr').eq(1).text()).toContain('called off; stays so');
    expect($('tbody tr').eq(2).text()).toContain('stays there');
    expect(await lines(series)).toEqual(await lines(series));
    const saved = await postTo(organiser, ...confirm(plan.text));
    expect([saved.status, saved.headers.location]).toEqual([303, `/series/${series}`]);

    const after = await lines(series);
    expect(after.map((line) => line.id)).toEqual(before.map((line) => line.id));
    expect(
      after.map(
        (line) =>
          dayOf(line.starts_at, 'Asia/Shanghai').slice(5) +
          ` ${timeOf(line.starts_at, 'Asia/Shanghai')} ${line.state} ${line.claims}`,
      ),
    ).toEqual([
      '04-01 09:00 draft 1',
      '04-08 09:00 draft 1',
      '04-15 10:00 draft 1',
      '04-22 10:00 cancelled 0',
      '04-30 14:00 draft 1',
      '05-06 10:00 draft 1',
      '05-13 10:00 draft 1',
      '05-20 10:00 draft 1',
      '05-27 10:00 draft 1',
    ]);
    expect(after[5]?.title).toBe('Budget day');
    const rules = await rows<{ id: number; follows_id: number | null; until_at: Date; uid: string }>(
      world.db,
      `select id, follows_id, until_at, uid from recurrences where series_id = :series order by id`,
      { series },
    );
    expect(rules).toHaveLength(2);
    expect(rules[0]?.until_at).toEqual(before[1]?.starts_at);
    expect(rules[1]?.follows_id).toBe(rules[0]?.id);
    expect(rules[1]?.uid).not.toBe(rules[0]?.uid);
    expect(after.map(({ recurrence_id }) => recurrence_id === rules[1]?.id)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      true,
      true,
      true,
    ]);
    // A second change finds them again.
    const again = await postTo(
      organiser,
      ...confirm((await submit(series, after[6], { from: '11', to: '12' })).text),
    );
    expect(again.status).toBe(303);
    expect((await lines(series)).map((line) => timeOf(line.starts_at, 'Asia/Shanghai'))).toEqual([
      '09:00',
      '09:00',
      '10:00',
      '10:00',
      '14:00',
      '10:00',
      '11:00',
      '11:00',
      '11:00',
    ]);
    expect(
      await row(
        world.db,
        `select count(*) as n
         from audit_events
         where noun = 'series' and noun_id = :series and action = 'series.change'`,
        { series },
      ),
    ).toEqual({ n: 2 });
  });

  it('takes each meeting along to the new day of its week, and tells what has no place', async () => {
    const series = await make({ from_on: '2030-04-01', until_on: '2030-04-30' });
    const before = await lines(series);
    await cancelMeeting(world.db, by(), id(before[4]), { reason: 'Holiday' }); // 29 April
    // Wednesdays 10, 17, 24; the rule still ends on 29 April.
    const plan = await submit(series, before[1], { weekday: '3', from_on: '2030-04-08' });
    expect(plan.status).toBe(200);
    expect(plan.text).toContain('No new date takes its place');
    await postTo(organiser, ...confirm(plan.text));
    expect(
      (await lines(series)).map((line) => [
        line.id === before.find((one) => one.id === line.id)?.id,
        dayOf(line.starts_at, 'Asia/Shanghai'),
        line.state,
      ]),
    ).toEqual([
      [true, '2030-04-01', 'draft'],
      [true, '2030-04-10', 'draft'],
      [true, '2030-04-17', 'draft'],
      [true, '2030-04-24', 'draft'],
      [true, '2030-04-29', 'cancelled'],
    ]);
  });

  it(
    'keeps on another weekday what was called off and what was moved, tells it for each date, and ' +
      'restores there',
    async () => {
      const series = await make({ from_on: '2030-04-01', until_on: '2030-05-13' });
      const before = await lines(series);
      expect(before).toHaveLength(7);
      await cancelMeeting(world.db, by(), id(before[2]), { reason: 'Holiday' }); // 15 April
      const moved = await findMeeting(world.db, by(), id(before[3])); // 22 April to the day after
      await changeMeeting(world.db, by(), moved.id, {
        version: moved.version,
        startsAt: new Date('2030-04-23T14:00+08:00'),
        endsAt: new Date('2030-04-23T15:00+08:00'),
      });
      const plan = await submit(series, before[1], {
        weekday: '4',
        from: '10',
        to: '11',
        until_on: '2030-05-20',
      });
      expect(plan.status).toBe(200);
      const $ = load(plan.text);
      const told = $('tbody tr')
        .toArray()
        .map((line) => [$(line).find('input[name=at]').val(), $(line).find('td').first().text().trim()]);
      expect(told).toEqual([
        ['2030-04-11', expect.stringContaining('instead of Mon 8 Apr 2030')],
        ['2030-04-18', 'the one of Mon 15 Apr 2030 was called off, and stays so'],
        ['2030-04-25', 'the one of Mon 22 Apr 2030 was moved to Tue 23 Apr 14:00–15:00, and stays there'],
        ...['2030-05-02', '2030-05-09', '2030-05-16'].map((on) => [
          on,
          expect.stringContaining('instead of Mon'),
        ]),
      ]);
      expect(
        $('tbody tr')
          .eq(1)
          .find('option')
          .map((_, option) => $(option).attr('value'))
          .get(),
      ).toEqual(['keep']);
      expect($('h2').text()).not.toContain('no place');
      expect((await postTo(organiser, ...confirm(plan.text))).status).toBe(303);
      const after = await lines(series);
      const shown = (line: Line) =>
        dayOf(line.starts_at, 'Asia/Shanghai').slice(5) +
        ` ${timeOf(line.starts_at, 'Asia/Shanghai')} ${line.state} ${line.claims}`;
      expect(after.map(({ id: one }) => one)).toEqual(before.map(({ id: one }) => one));
      expect(after.map(shown)).toEqual([
        '04-01 09:00 draft 1',
        '04-11 10:00 draft 1',
        '04-18 10:00 cancelled 0',
        '04-23 14:00 draft 1',
        '05-02 10:00 draft 1',
        '05-09 10:00 draft 1',
        '05-16 10:00 draft 1',
      ]);
      expect(
        after.map(({ occurrence_at: at }) => dayOf(at ?? new Date(0), 'Asia/Shanghai').slice(5)),
      ).toEqual(['04-01', '04-11', '04-18', '04-25', '05-02', '05-09', '05-16']);
      expect(await restoreMeeting(world.db, by(), id(before[2]), { now: world.clock.now() })).toMatchObject({
        ok: true,
      });
      expect((await lines(series)).map(shown)[2]).toBe('04-18 10:00 draft 1');
      // And back again: nobody is booked twice in a week.
      expect(
        (
          await postTo(
            organiser,
            ...confirm((await submit(series, after[1], { weekday: '1', from_on: '2030-04-15' })).text),
          )
        ).status,
      ).toBe(303);
      expect((await lines(series)).filter(({ state }) => state !== 'cancelled').map(shown)).toEqual([
        '04-01 09:00 draft 1',
        '04-15 10:00 draft 1',
        '04-23 14:00 draft 1',
        '04-29 10:00 draft 1',
        '05-06 10:00 draft 1',
        '05-13 10:00 draft 1',
      ]);
    },
  );

  it('leaves the only date of a week to the one that stands', async () => {
    // 2, 4, 9, 11 April.
    const series = await make({ weekday: ['2', '4'], from_on: '2030-04-01', until_on: '2030-04-12' });
    const before = await lines(series);
    await cancelMeeting(world.db, by(), id(before[0]), { reason: 'Away' });
    const plan = await submit(
      series,
      before[1],
      { weekday: '3', from_on: '2030-04-02', until_on: '2030-04-12' },
      'all',
    );
    expect(load(plan.text)('li').text()).toContain(
      'Tue 2 Apr 2030 was called off. No new date takes its place',
    );
    expect((await postTo(organiser, ...confirm(plan.text))).status).toBe(303);
    expect(
      (await lines(series)).map((line) => [
        dayOf(line.starts_at, 'Asia/Shanghai').slice(8),
        line.id,
        line.state,
        line.claims,
      ]),
    ).toEqual([
      ['02', id(before[0]), 'cancelled', 0],
      ['03', id(before[1]), 'draft', 1],
      ['10', id(before[2]), 'draft', 1],
      ['11', id(before[3]), 'cancelled', 0],
    ]);
  });

  it('calls off what the new rule leaves out, and tells who was invited once', async () => {
    const series = await make({ from_on: '2030-04-01', until_on: '2030-04-30' });
    const before = await lines(series);
    for (const line of before) await postTo(organiser, `/meetings/${line.id}/invitations`, {});
    await world.runJobs();
    const plan = await submit(series, before[1], { every: '2' });
    expect(plan.status).toBe(200);
    await postTo(organiser, ...confirm(plan.text));
    expect((await lines(series)).map(({ state }) => state)).toEqual([
      'scheduled',
      'scheduled',
      'cancelled',
      'scheduled',
      'cancelled',
    ]);
    world.clock.set(new Date(world.clock.now().getTime() + 120_000));
    await world.runJobs();
    const cancelled = await rows<{ meeting_id: number }>(
      world.db,
      `select distinct meeting_id
       from deliveries
       where method = 'CANCEL' and meeting_id in (select id from meetings where series_id = :series)
       order by 1`,
      { series },
    );
    expect(cancelled.map(({ meeting_id }) => meeting_id)).toEqual([id(before[2]), id(before[4])]);
    // The dates that stand ask nobody again: their time is the same.
    expect(
      (await lines(series))
        .filter(({ state }) => state === 'scheduled')
        .map(({ time_sequence }) => time_sequence),
    ).toEqual([0, 0, 0]);
  });

  it(
    'shows a clash on the way, loses nothing, and remembers choices while going back to the ' + 'rule',
    async () => {
      const series = await make({ from_on: '2030-04-01', until_on: '2030-04-30' });
      const before = await lines(series);
      await createMeeting(
        world.db,
        { id: cast.reviewer.id },
        {
          title: 'In the way',
          startsAt: new Date('2030-04-15T11:00+08:00'),
          endsAt: new Date('2030-04-15T12:00+08:00'),
          zone: 'Asia/Shanghai',
          roomIds: [cast.rooms.orchid],
        },
      );
      const plan = await submit(series, before[1], { from: '11', to: '12' });
      expect(plan.status).toBe(409);
      expect(load(plan.text)('td .bad')).toHaveLength(1);
      expect((await lines(series)).map(({ starts_at, claims }) => [starts_at, claims])).toEqual(
        before.map(({ starts_at, claims }) => [starts_at, claims]),
      );
      const [path, chosen] = confirm(plan.text, { '2030-04-15': { choice: 'wait' } });
      const back = load((await postTo(organiser, path, { ...chosen, back: 'on' })).text);
      expect(back('input[name=choice]').val()).toBe('wait');
      const saved = await postTo(organiser, path, { ...chosen, key: randomUUID() });
      expect(saved.status).toBe(303);
      expect((await lines(series)).map(({ claims }) => claims)).toEqual([1, 1, 0, 1, 1]);
      expect(
        await rows(world.db, `select room_id from awaited_rooms where meeting_id = :id`, {
          id: id(before[2]),
        }),
      ).toEqual([{ room_id: cast.rooms.orchid }]);
      // A change that leaves its time alone leaves it waiting, and says so.
      const longer = await submit(series, before[1], { until_on: '2030-05-06' });
      expect(longer.status).toBe(200);
      expect(load(longer.text)('tbody tr').eq(1).text()).toContain('waits for its room');
      expect(load(longer.text)('td .ok')).toHaveLength(4);
      expect((await postTo(organiser, ...confirm(longer.text))).status).toBe(303);
      expect((await lines(series)).map(({ claims }) => claims)).toEqual([1, 1, 0, 1, 1, 1]);
    },
  );

  it('does not touch the past, and refuses what somebody else changed meanwhile', async () => {
    const series = await make({ from_on: '2030-04-01', until_on: '2030-04-30' });
    const before = await lines(series);
    const typed = await fields(following(series, before[2]), { from: '10', to: '11' });
    expect(
      (
        await postTo(organiser, `/series/${series}/dates/${id(before[2])}/following`, {
          ...typed,
          from_on: '2030-04-08',
        })
      ).status,
    ).toBe(422);
    expect(
      (
        await postTo(organiser, `/series/${series}/dates/${id(before[2])}/following`, {
          ...typed,
          from_on: '2020-04-06',
        })
      ).status,
    ).toBe(422);
    const plan = await postTo(organiser, `/series/${series}/dates/${id(before[2])}/following`, typed);
    await submit(series, before[0], { title: 'Meanwhile' });
    const stale = await postTo(organiser, ...confirm(plan.text));
    expect(stale.status).toBe(409);
    expect([load(stale.text)('#f-from').val(), load(stale.text)('input[name=version]').val()]).toEqual([
      '10',
      '2',
    ]);
    expect((await lines(series)).map(({ starts_at }) => starts_at)).toEqual(
      before.map(({ starts_at }) => starts_at),
    );
  });
});

test.each(['Asia/Shanghai', 'America/New_York', 'Europe/Berlin'])(
  'a year of Mondays in %s: 5 clashes, one called off, one moved, renamed, another time; the ' +
    'wall time holds over both clock changes',
  async (zone) => {
    world.clock.set(new Date('2029-12-31T01:00:00Z'));
    const inTheWay = ['2030-01-14', '2030-03-11', '2030-04-15', '2030-07-01', '2030-11-04'];
    for (const on of inTheWay) {
      const startsAt = new Date(`${on}T00:00Z`);
      await createMeeting(
        world.db,
        { id: cast.reviewer.id },
        {
          title: 'In the way',
          startsAt,
          endsAt: new Date(startsAt.getTime() + 30 * 3_600_000),
          zone,
          roomIds: [cast.rooms.orchid],
        },
      );
    }
    const plan = await postTo(
      organiser,
      '/series',
      form({
        from_on: '2030-01-07',
        ends: 'count',
        count: '52',
        until_on: '',
        zone,
        name: `Year in ${zone}`,
      }),
    );
    expect(plan.status).toBe(409);
    const $ = load(plan.text);
    expect($('tbody tr')).toHaveLength(52);
    expect($('td .bad')).toHaveLength(5);
    const room = `room:${cast.rooms.bamboo}`;
    const saved = await postTo(
      organiser,
      ...confirm(plan.text, {
        [inTheWay[0] ?? '']: { choice: room },
        [inTheWay[1] ?? '']: { choice: 'wait' },
        [inTheWay[2] ?? '']: { choice: 'skip', reason: 'No room' },
        [inTheWay[3] ?? '']: { choice: 'skip', reason: 'No room' },
        [inTheWay[4] ?? '']: { choice: room },
      }),
    );
    expect(saved.status).toBe(303);
    const series = Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
    const before = await lines(series);
    expect(before).toHaveLength(52);
    expect(new Set(before.map((line) => timeOf(line.starts_at, zone)))).toEqual(new Set(['09:00']));
    expect(
      (
        await row<{ rule: string }>(world.db, `select rule from recurrences where series_id = :series`, {
          series,
        })
      )?.rule,
    ).toBe('FREQ=WEEKLY;BYDAY=MO');

    await cancelMeeting(world.db, by(), id(before[20]), { reason: 'Away' });
    const moved = await findMeeting(world.db, by(), id(before[30]));
    await changeMeeting(world.db, by(), moved.id, {
      version: moved.version,
      startsAt: new Date(moved.starts_at.getTime() + 86_400_000),
      endsAt: new Date(moved.ends_at.getTime() + 86_400_000),
    });
    await submit(series, before[10], { title: 'Renamed' });
    const change = await submit(series, before[5], {
      from: '15',
      to: '16',
      rooms: String(cast.rooms.bamboo),
    });
    expect(change.status).toBe(200);
    expect((await postTo(organiser, ...confirm(change.text))).status).toBe(303);
    const after = await lines(series);
    expect(after.map((line) => line.id)).toEqual(before.map((line) => line.id));
    after.forEach((line, n) => {
      const expected = n < 5 ? '09:00' : n === 30 ? '09:00' : '15:00';
      expect(`${n} ${timeOf(line.starts_at, zone)}`).toBe(`${n} ${expected}`);
      expect(dayOf(line.starts_at, zone)).toBe(
        dayOf(
          n === 30
            ? new Date((before[n]?.starts_at.getTime() ?? 0) + 86_400_000)
            : (before[n]?.starts_at ?? new Date(0)),
          zone,
        ),
      );
      expect(line.title).toBe(
        n >= 10 && n !== 20 && line.state !== 'cancelled' ? 'Renamed' : `Year in ${zone}`,
      );
    });
    expect(after[20]?.state).toBe('cancelled');
    await world.db.raw(`update room_claims set state = 'cancelled'`);
  },
);

describe('layout and equipment', () => {
  let screen: number;
  const put = (on: string, from: number, to: number) =>
    createMeeting(world.db, by(), {
      title: 'Film club',
      startsAt: new Date(`${on}T${String(from).padStart(2, '0')}:00+08:00`),
      endsAt: new Date(`${on}T${String(to).padStart(2, '0')}:00+08:00`),
      zone: 'Asia/Shanghai',
      roomIds: [],
      equipment: [{ kindId: screen, quantity: 1 }],
    });
  const carried = (series: number) =>
    rows<{ day: string; layout: string | null; pieces: number | null }>(
      world.db,
      `select to_char(m.starts_at at time zone 'Asia/Shanghai', 'DD HH24') as day,
              l.layout, b.quantity as pieces
       from meetings m
       left join meeting_layouts l on l.meeting_id = m.id
         left join equipment_bookings b on b.meeting_id = m.id and b.is_held and b.kind_id = :screen
            and b.starts_at <= m.starts_at and b.ends_at >= m.ends_at
        where m.series_id = :series and m.state <> 'cancelled' order by m.starts_at`,
      { series, screen },
    ).then((found) => found.map(({ day, layout, pieces }) => [day, layout, pieces]));
  beforeAll(async () => {
    screen =
      (
        await row<{ id: number }>(
          world.db,
          `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
           values ('screen', 'Screen', '屏幕', true, 1)
           returning id`,
        )
      )?.id ?? 0;
    await world.db.raw(
      `insert into room_layouts (room_id, layout, capacity) values (?, 'theatre', 40), (?, 'theatre', 30)`,
      [cast.rooms.orchid, cast.rooms.bamboo],
    );
  });
  afterEach(() => world.db.raw(`update equipment_bookings set is_held = false`));

  it(
    'are set for the following dates in one go; where equipment is short the dates are named and ' +
      'may be left as they are',
    async () => {
      const series = await make();
      const before = await lines(series);
      await put('2030-04-22', 9, 10);
      const change = { layout: 'theatre', kinds: String(screen), pieces: '1' };
      const short = await submit(series, before[1], change);
      expect(short.status).toBe(409);
      const alert = load(short.text)('[role=alert]').text();
      expect(alert).toContain('Mon 22 Apr 2030');
      expect(alert).toContain('Film club');
      expect(alert).not.toContain('15 Apr');
      expect(load(short.text)('[name=pieces]').val()).toBe('1');
      expect((await carried(series)).map(([, layout, pieces]) => [layout, pieces])).toEqual(
        before.map(() => [null, null]),
      );
      const left = await submit(series, before[1], { ...change, short: 'leave' });
      expect([left.status, left.headers.location]).toEqual([303, `/series/${series}`]);
      expect(await carried(series)).toEqual([
        ['01 09', null, null],
        ['08 09', 'theatre', 1],
        ['15 09', 'theatre', 1],
        ['22 09', 'theatre', null],
        ['29 09', 'theatre', 1],
      ]);
      // The rule, and what calendars know, is the same; nothing is told of it.
      expect((await lines(series)).map(({ uid, recurrence_id }) => [uid, recurrence_id])).toEqual(
        before.map(({ uid, recurrence_id }) => [uid, recurrence_id]),
      );
      expect((await submit(series, before[1], { layout: 'cabaret' })).status).toBe(422);
    },
  );

  it('go along to another time and room, and clash there as they would for one date', async () => {
    const series = await make({ until_on: '2030-04-16' });
    const before = await lines(series);
    expect(
      (await submit(series, before[0], { layout: 'theatre', kinds: String(screen), pieces: '1' })).status,
    ).toBe(303);
    // What the standing meeting gives up is free; at the new time of the 8th somebody else has it.
    await put('2030-04-08', 14, 15);
    const plan = await submit(series, before[0], {
      from: '14',
      to: '15',
      rooms: String(cast.rooms.bamboo),
      until_on: '2030-04-23',
    });
    expect(plan.status).toBe(409);
    expect(load(plan.text)('[role=alert]').text()).toContain(
      'On 1 date there is not enough of the movable equipment',
    );
    expect(load(plan.text)('tbody tr').eq(1).text()).toContain('Film club');
    const saved = await postTo(organiser, ...confirm(plan.text, { '2030-04-08': { choice: 'bare' } }));
    expect(saved.status).toBe(303);
    expect(await carried(series)).toEqual([
      ['01 14', 'theatre', 1],
      ['08 14', 'theatre', null],
      ['15 14', 'theatre', 1],
      ['22 14', 'theatre', 1],
    ]);
    expect(
      await rows(
        world.db,
        `select b.meeting_id
         from equipment_bookings b
         join meetings m on m.id = b.meeting_id
         where m.series_id = :series and b.is_held
           and extract(hour from b.starts_at at time zone 'Asia/Shanghai') < 13`,
        { series },
      ),
    ).toEqual([]);
    expect((await put('2030-04-01', 9, 10)).ok).toBe(true);
    expect((await put('2030-04-15', 14, 15)).ok).toBe(false);
  });

  it('of dates that take each other’s place are never counted twice', async () => {
    const series = await make({ frequency: 'daily', from_on: '2030-04-01', until_on: '2030-04-04' });
    const before = await lines(series);
    expect((await submit(series, before[0], { kinds: String(screen), pieces: '1' })).status).toBe(303);
    const plan = await submit(series, before[0], { from: '9:30', to: '10:30' });
    expect(plan.status).toBe(200);
    expect((await postTo(organiser, ...confirm(plan.text))).status).toBe(303);
    expect((await carried(series)).map(([, , pieces]) => pieces)).toEqual([1, 1, 1, 1]);
  });
});

describe('at once', () => {
  it('two people who plan the same slots: one gets them, the other sees what is in the way', async () => {
    const other = await world.agent(cast.reviewer);
    const one = await postTo(organiser, '/series', form({ name: 'One' }));
    const two = await postTo(other, '/series', form({ name: 'Two', organiser: String(cast.reviewer.id) }));
    const answers = await Promise.all([
      postTo(organiser, ...confirm(one.text)),
      postTo(other, ...confirm(two.text)),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
    const doubles = await row<{ n: number }>(
      world.db,
      `select count(*) as n
       from room_claims a
       join room_claims b on a.id < b.id and a.room_id = b.room_id
        and a.occupies && b.occupies and a.state = 'confirmed' and b.state = 'confirmed'`,
    );
    expect(doubles?.n).toBe(0);
  });

  it('a rename while somebody books in between, and while a date is moved', async () => {
    const series = await make();
    const before = await lines(series);
    const typed = await fields(following(series, before[0]), { title: 'At once' });
    const move = await findMeeting(world.db, by(), id(before[2]));
    const [renamed, booked, shifted] = await Promise.all([
      postTo(organiser, `/series/${series}/dates/${id(before[0])}/following`, typed),
      createMeeting(
        world.db,
        { id: cast.reviewer.id },
        {
          title: 'Between',
          startsAt: new Date('2030-04-02T09:00+08:00'),
          endsAt: new Date('2030-04-02T10:00+08:00'),
          zone: 'Asia/Shanghai',
          roomIds: [cast.rooms.orchid],
        },
      ),
      changeMeeting(world.db, by(), move.id, {
        version: move.version,
        startsAt: new Date('2030-04-16T09:00+08:00'),
        endsAt: new Date('2030-04-16T10:00+08:00'),
      }),
    ]);
    expect(renamed.status).toBe(303);
    expect(booked.ok).toBe(true);
    const after = (await lines(series)).find((line) => line.id === move.id);
    // Whichever came first: the move is either made, or refused because the title has changed under it; never
    // lost silently.
    if (shifted.ok) expect(after?.starts_at).toEqual(new Date('2030-04-16T09:00+08:00'));
    else expect(shifted).toMatchObject({ reason: 'stale' });
    expect((await lines(series)).every(({ title }) => title === 'At once')).toBe(true);
  });
});
