import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { askRenewals } from '../../src/series/renewalCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { confirm, postTo, seriesForm } from '../dates/schedule.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let outsider: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, outsider] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.outsider)])) as [
    Agent,
    Agent,
  ];
});
afterEach(() => world.db.raw(`update room_claims set state = 'cancelled'`));
afterAll(() => world.close());

const form = (more: Record<string, unknown> = {}) => seriesForm(cast, more);

async function save(
  more: Record<string, unknown>,
  choices: Record<string, { choice?: string; reason?: string }> = {},
): Promise<number> {
  const plan = await postTo(organiser, '/series', form(more));
  const saved = await postTo(organiser, ...confirm(plan.text, choices));
  expect(saved.status).toBe(303);
  return Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
}

async function block(on: string): Promise<number> {
  const made = await createMeeting(
    world.db,
    { id: cast.reviewer.id },
    {
      title: 'In the way',
      startsAt: new Date(`${on}T09:00+08:00`),
      endsAt: new Date(`${on}T10:00+08:00`),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
    },
  );
  if (!made.ok) throw new Error('the room was taken');
  return made.id;
}
const days = (series: number) =>
  rows<{ day: string }>(
    world.db,
    `select to_char(starts_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD') as day
       from meetings
      where series_id = :series
      order by starts_at`,
    { series },
  );

describe('a date that waits for its room', () => {
  it('is kept, offered by mail when the room is given up, and takes it by one press', async () => {
    const [waitedFor, skippedFor, other] = [
      await block('2030-04-08'),
      await block('2030-04-15'),
      await block('2030-04-22'),
    ];
    const series = await save(
      {},
      {
        '2030-04-08': { choice: 'wait' },
        '2030-04-15': { choice: 'skip', reason: 'No room' },
        '2030-04-22': { choice: 'wait' },
      },
    );
    const waiting = await rows<{ id: number; state: string; number: number | null }>(
      world.db,
      `select id, state, number from meetings where series_id = :series order by starts_at`,
      { series },
    );
    expect(waiting.map(({ state, number }) => [state, number])).toEqual([
      ['draft', 42],
      ['draft', 43],
      ['cancelled', null],
      ['draft', 44],
      ['draft', 45],
    ]);
    const page = async () => load((await organiser.get(`/series/${series}`)).text);
    expect((await page())('h2').first().text()).toBe('Dates without a room');
    expect((await page())('.pill').filter((_, pill) => load(pill).text() === 'Still taken')).toHaveLength(3);
    expect((await outsider.get(`/series/${series}`)).text).not.toContain('Dates without a room');

    const by = { id: cast.reviewer.id };
    await cancelMeeting(world.db, by, waitedFor, { reason: 'x' });
    await cancelMeeting(world.db, by, skippedFor, { reason: 'x' });
    await world.runJobs();
    const mails = await rows<{ meeting_id: number; subject: string; person_id: number }>(
      world.db,
      `select meeting_id, subject, person_id
         from deliveries
        where kind = 'meetings.roomFreed'
        order by meeting_id`,
    );
    expect(mails.map(({ meeting_id, person_id }) => [meeting_id, person_id])).toEqual([
      [waiting[1]?.id, cast.organiser.id],
      [waiting[2]?.id, cast.organiser.id],
    ]);
    expect(mails[0]?.subject).toContain('Weekly leadership');
    const free = await page();
    expect(free('form[action$="/room"]')).toHaveLength(2);

    expect((await postTo(outsider, `/series/${series}/dates/${waiting[1]?.id}/room`, {})).status).toBe(403);
    expect((await postTo(organiser, `/series/${series}/dates/${waiting[1]?.id}/room`, {})).status).toBe(303);
    expect((await postTo(organiser, `/series/${series}/dates/${waiting[2]?.id}/room`, {})).status).toBe(303);
    const claims = await rows(
      world.db,
      `select m.state, c.room_id
         from meetings m join room_claims c on c.meeting_id = m.id and c.state = 'confirmed'
        where m.id = any(:ids)
        order by m.id`,
      { ids: [waiting[1]?.id, waiting[2]?.id] },
    );
    expect(claims).toEqual([
      { state: 'draft', room_id: cast.rooms.orchid },
      { state: 'draft', room_id: cast.rooms.orchid },
    ]);
    const left = await page();
    expect(left('.pill').filter((_, pill) => load(pill).text() === 'Still taken')).toHaveLength(1);

    // Freed and taken again before the mail went out: nobody is sent on a vain errand, and pressing says so.
    await cancelMeeting(world.db, by, other, { reason: 'x' });
    await block('2030-04-22');
    await world.runJobs();
    expect(
      await row(world.db, `select count(*) as n from deliveries where kind = 'meetings.roomFreed'`),
    ).toEqual({ n: 2 });
    const late = await postTo(organiser, `/series/${series}/dates/${waiting[3]?.id}/room`, {});
    expect(late.status).toBe(303);
    expect(
      load((await organiser.get(`/series/${series}`)).text)('main')
        .parent()
        .text(),
    ).toContain('taken again');
  });
});

it('a date skipped while its room was free waits for nothing: no mail, no hold', async () => {
  await block('2030-04-15');
  const series = await save(
    {},
    {
      '2030-04-08': { choice: 'skip', reason: 'Holiday' },
      '2030-04-15': { choice: 'skip', reason: 'No room' },
    },
  );
  await world.runJobs();
  expect(
    await rows(
      world.db,
      `select to_char(m.starts_at at time zone 'Asia/Shanghai', 'MM-DD') as day
         from awaited_rooms a join meetings m on m.id = a.meeting_id
        where m.series_id = :series`,
      { series },
    ),
  ).toEqual([{ day: '04-15' }]);
  expect(
    await rows(
      world.db,
      `select 1
         from room_claims c join meetings m on m.id = c.awaited_meeting_id
        where m.series_id = :series and c.state = 'held'`,
      { series },
    ),
  ).toEqual([]);
});

describe('other kinds of plans', () => {
  it('turns a number of meetings into a last day', async () => {
    const series = await save({
      ends: 'count',
      count: '3',
      until_on: '',
      frequency: 'weekly',
      weekday: ['1', '4'],
    });
    expect((await days(series)).map(({ day }) => day)).toEqual(['2030-04-01', '2030-04-04', '2030-04-08']);
    expect(
      await row(world.db, `select rule, until_at from recurrences where series_id = :series`, { series }),
    ).toEqual({ rule: 'FREQ=WEEKLY;BYDAY=MO,TH', until_at: new Date('2030-04-08T01:00:00Z') });
    expect(
      (await postTo(organiser, '/series', form({ ends: 'count', count: '', until_on: '' }))).status,
    ).toBe(422);
    const far = await postTo(
      organiser,
      '/series',
      form({ ends: 'count', count: '3', frequency: 'yearly_date', month: '6', month_day: '1' }),
    );
    expect([far.status, load(far.text)('#f-count-error').text()]).toEqual([
      422,
      expect.stringContaining('24 months'),
    ]);
    expect((await postTo(organiser, '/series', form({ weekday: undefined }))).text).toContain(
      'Choose at least one weekday',
    );
    const daily = await postTo(organiser, '/series', form({ frequency: 'daily', until_on: '2032-03-01' }));
    expect([daily.status, daily.text.includes('at most 400 dates')]).toEqual([422, true]);
  });

  it('takes a list of dates, each with a UID of its own and no rule', async () => {
    const unclear = await postTo(
      organiser,
      '/series',
      form({ frequency: 'dates', on_dates: '2030-04-09, soon' }),
    );
    expect([unclear.status, load(unclear.text)('#f-on_dates-error').text()]).toEqual([
      422,
      expect.stringContaining('soon'),
    ]);
    const series = await save({ frequency: 'dates', on_dates: '2030年4月24日\n2030-04-09、2030-04-09' });
    expect((await days(series)).map(({ day }) => day)).toEqual(['2030-04-09', '2030-04-24']);
    expect(
      await row(
        world.db,
        `select count(distinct uid) as uids, count(recurrence_id) as ruled, min(number) as first
           from meetings
          where series_id = :series`,
        { series },
      ),
    ).toEqual({ uids: 2, ruled: 0, first: 42 });
  });
});

describe('the end of a plan', () => {
  it('is told to the organiser six weeks before, once, with how it went, and on Today', async () => {
    const series = await save({ from_on: '2030-04-01', until_on: '2030-09-30', name: 'Half a year' });
    const ask = async (at: string) => {
      world.clock.set(new Date(at));
      await world.runJobs();
      return askRenewals(world.db, world.clock.now());
    };
    expect(await ask('2030-08-10T01:00:00Z')).toBe(0);
    const today = async (agent: Agent) => load((await agent.get('/')).text)('main').text();
    expect(await today(organiser)).not.toContain('Half a year ends on');
    await world.db.raw(
      `update meetings
          set state = 'ended', ended_at = starts_at, ended_by = organiser_id
        where series_id = ? and starts_at < '2030-08-19'`,
      [series],
    );
    await world.db.raw(
      `insert into attendances (participant_id, status, recorded_by)
       select p.id, case p.role when 'chair' then 'present' else 'apologies' end, ?
         from participants p join meetings m on m.id = p.meeting_id
        where m.series_id = ? and m.state = 'ended'`,
      [cast.organiser.id, series],
    );
    expect(await ask('2030-08-20T01:00:00Z')).toBe(1);
    expect(await ask('2030-08-21T01:00:00Z')).toBe(0);
    await world.runJobs();
    expect(
      await rows(
        world.db,
        `select person_id, state, subject from deliveries where kind = 'meetings.renewal'`,
      ),
    ).toEqual([
      {
        person_id: cast.organiser.id,
        state: 'captured',
        subject: expect.stringContaining('Half a year ends on') as unknown,
      },
    ]);
    expect(await today(organiser)).toContain('Half a year ends on');
    expect(await today(outsider)).not.toContain('Half a year ends on');
    const page = load((await organiser.get(`/series/${series}`)).text)('main').text();
    expect(page).toContain('The last planned date is on');
    expect(page).toContain('20 meetings');
    expect(page).toContain('1 of 2 invited');
    // Planned further, it is quiet again.
    const more = await postTo(organiser, `/series/${series}/dates`, {
      ...dateFields(form({ from_on: '2030-10-01', until_on: '2031-03-31' })),
    });
    expect((await postTo(organiser, ...confirm(more.text))).status).toBe(303);
    expect(await today(organiser)).not.toContain('Half a year ends on');
  });
});

function dateFields({
  name: _name,
  organiser: _organiser,
  lang: _lang,
  first_number: _first,
  gates: _gates,
  chair: _chair,
  members: _members,
  ...rest
}: Record<string, unknown>): Record<string, unknown> {
  return rest;
}
