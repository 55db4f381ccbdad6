import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { countStatements } from '../support/statements.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { changeFollowingDates, confirm, fieldsOf, planSeries, postTo, seriesForm } from './schedule.js';

// Whatever moves a date: numbers that nobody was told of follow time, those that were sent out never change.

let world: World;
let cast: Cast;
let organiser: Agent;
let office: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, office] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.reviewer)])) as [
    Agent,
    Agent,
  ];
});
afterEach(() => world.db.raw(`update room_claims set state = 'cancelled'`));
afterAll(() => world.close());

interface Numbered {
  id: number;
  number: number | null;
  on: string;
}
const datesOf = (series: number) =>
  rows<Numbered>(
    world.db,
    `select id, number, to_char(starts_at at time zone 'Asia/Shanghai', 'MM-DD') as on
       from meetings where series_id = :series order by starts_at`,
    { series },
  );
const numbers = async (series: number) =>
  (await datesOf(series)).map(({ on, number }) => `${on}: ${number ?? 'none'}`);
const idOf = async (series: number, on: string) =>
  (await datesOf(series)).find((date) => date.on === on)?.id ?? -1;
const announce = (id: number) =>
  world.db.raw(`update meetings set state = 'scheduled', announced_at = now() where id = ?`, [id]);

/** As in a browser: the form of the meeting, with another day. */
async function move(id: number, on: string, more: Record<string, unknown> = {}): Promise<void> {
  const page = await organiser.get(`/meetings/${id}/edit`);
  const saved = await postTo(organiser, `/meetings/${id}`, fieldsOf(page.text, { on, ...more }));
  expect(saved.status).toBe(303);
}

test('a date that is moved behind others gets its number by its new time', async () => {
  const series = await planSeries(organiser, seriesForm(cast));
  await move(await idOf(series, '04-08'), '2030-04-24');
  expect(await numbers(series)).toEqual(['04-01: 42', '04-15: 43', '04-22: 44', '04-24: 45', '04-29: 46']);
  await move(await idOf(series, '04-29'), '2030-03-28');
  expect(await numbers(series)).toEqual(['03-28: 42', '04-01: 43', '04-15: 44', '04-22: 45', '04-24: 46']);
  // Behind another one on the same day.
  await move(await idOf(series, '04-01'), '2030-04-15', { from: '13', to: '14' });
  expect(await numbers(series)).toEqual(['03-28: 42', '04-15: 43', '04-15: 44', '04-22: 45', '04-24: 46']);
});

test('a number that was sent out stays when its date or another one moves', async () => {
  const series = await planSeries(organiser, seriesForm(cast));
  const [first, second] = await datesOf(series);
  await announce(first?.id ?? -1);
  await announce(second?.id ?? -1);
  await move(second?.id ?? -1, '2030-04-24');
  expect(await numbers(series)).toEqual(['04-01: 42', '04-15: 44', '04-22: 45', '04-24: 43', '04-29: 46']);
  await move(await idOf(series, '04-15'), '2030-04-26');
  expect(await numbers(series)).toEqual(['04-01: 42', '04-22: 44', '04-24: 43', '04-26: 45', '04-29: 46']);
});

test('a meeting of no series and one of another series keep theirs', async () => {
  const [series, other] = [
    await planSeries(organiser, seriesForm(cast)),
    await planSeries(organiser, seriesForm(cast, { rooms: '', first_number: '7' })),
  ];
  const before = await numbers(other);
  await move(await idOf(series, '04-01'), '2030-04-30');
  expect(await numbers(other)).toEqual(before);
  expect(before[0]).toBe('04-01: 7');
});

test('dates that change together, called off and restored ones are numbered by time, too', async () => {
  const series = await planSeries(organiser, seriesForm(cast));
  const early = await idOf(series, '04-08');
  await postTo(organiser, `/meetings/${early}/cancellation`, { reason: 'Holiday' });
  expect(await numbers(series)).toEqual(['04-01: 42', '04-08: none', '04-15: 43', '04-22: 44', '04-29: 45']);
  await move(await idOf(series, '04-01'), '2030-04-25');
  await postTo(organiser, `/meetings/${early}/restoration`, {});
  expect(await numbers(series)).toEqual(['04-08: 42', '04-15: 43', '04-22: 44', '04-25: 45', '04-29: 46']);
  // From Monday to Wednesday: what was moved by hand stays where it is, behind the new 24 April.
  await changeFollowingDates(organiser, series, early, 'all', { weekday: '3' });
  const after = await datesOf(series);
  const inTime = after.flatMap(({ number }) => number ?? []);
  expect(inTime).toEqual(inTime.map((_, place) => 42 + place));
  expect(inTime.length).toBeGreaterThan(3);
});

test('a date whose time is chosen on the plan of a change stands in its place', async () => {
  const series = await planSeries(organiser, seriesForm(cast));
  const [first] = await datesOf(series);
  const path = `/series/${series}/dates/${first?.id ?? -1}/following`;
  const plan = await postTo(
    organiser,
    path,
    fieldsOf((await organiser.get(`${path}?scope=all`)).text, { from: '14', to: '15' }),
  );
  const [from, to] = [Date.parse('2030-04-17T06:00Z'), Date.parse('2030-04-17T07:00Z')];
  const saved = await postTo(
    organiser,
    ...confirm(plan.text, { '2030-04-08': { choice: `time:${from}/${to}` } }),
  );
  expect(saved.status).toBe(303);
  expect(await numbers(series)).toEqual(['04-01: 42', '04-15: 43', '04-17: 44', '04-22: 45', '04-29: 46']);
});

test('a date left out for want of a room gets its number when it takes the room after all', async () => {
  const blocking = await postTo(office, '/meetings', {
    title: 'Visit',
    on: '2030-04-08',
    from: '9',
    to: '10',
    zone: 'Asia/Shanghai',
    lang: 'en',
    rooms: String(cast.rooms.orchid),
    key: randomUUID(),
  });
  const plan = await postTo(organiser, '/series', seriesForm(cast));
  const saved = await postTo(
    organiser,
    ...confirm(plan.text, { '2030-04-08': { choice: 'skip', reason: 'No room' } }),
  );
  const series = Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
  const skipped = await idOf(series, '04-08');
  await postTo(office, `${blocking.headers.location ?? ''}/cancellation`, { reason: 'Postponed' });
  await world.runJobs();
  await move(await idOf(series, '04-01'), '2030-04-11');
  expect((await postTo(organiser, `/series/${series}/dates/${skipped}/room`, {})).status).toBe(303);
  expect(await numbers(series)).toEqual(['04-08: 42', '04-11: 43', '04-15: 44', '04-22: 45', '04-29: 46']);
});

test('a date called off for a closed room closes the gap', async () => {
  const series = await planSeries(organiser, seriesForm(cast));
  const closed = await postTo(office, '/rooms/closures', {
    room: String(cast.rooms.orchid),
    from_date: '2030-04-08',
    from_time: '8',
    to_date: '2030-04-08',
    to_time: '20:00',
    reason: 'Painting',
    key: randomUUID(),
  });
  expect(closed.status).toBe(303);
  const moves = `/rooms/closures/${/\d+$/.exec(closed.headers.location ?? '')?.[0]}/moves`;
  const hit = load((await office.get(moves)).text)('[name=hit]').val();
  const done = await postTo(office, moves, {
    hit,
    choice: 'cancel',
    reason: 'The room is painted',
    key: randomUUID(),
  });
  expect(done.status).toBe(303);
  expect(await numbers(series)).toEqual(['04-01: 42', '04-08: none', '04-15: 43', '04-22: 44', '04-29: 45']);
});

test('moving a date costs a handful of statements, however many dates have another number then', async () => {
  const short = await planSeries(organiser, seriesForm(cast, { rooms: '' }));
  const long = await planSeries(organiser, seriesForm(cast, { rooms: '', until_on: '2031-03-31' }));
  const cost = async (series: number) =>
    countStatements(world.db, async () => move(await idOf(series, '04-01'), '2030-04-30'));
  const few = await cost(short);
  expect((await cost(long)) - few).toBeLessThanOrEqual(3);
});
