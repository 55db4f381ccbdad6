import { remindAll } from '../../src/actions/reminderCommands.js';
import { cron, jobs } from '../../src/worker.js';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';
import { assignOne, mailsOf, makeScene, type Scene } from './scene.js';

let world: World;
let cast: Cast;
let scene: Scene;

beforeEach(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  scene = await makeScene(world.db, cast);
});
afterEach(() => world.close());

/** Shanghai time. */
const at = (when: string) => new Date(`${when}:00+08:00`);
const remindersOf = () =>
  rows<{ name: string; level: string; on_day: string }>(
    world.db,
    `select p.name_en as name, r.level, r.on_day
     from reminders r
     join persons p on p.id = r.person_id
     order by r.id`,
  );

test('a lead hears three days before, on the day and every week after, each once', async () => {
  await assignOne(world.db, cast, scene, { due_on: '2030-03-20' });
  const sent: [string, number][] = [];
  for (const day of [
    '2030-03-15',
    '2030-03-18',
    '2030-03-19',
    '2030-03-20',
    '2030-03-21',
    '2030-03-27',
    '2030-03-28',
    '2030-04-03',
  ]) {
    for (const time of ['09:00', '09:15', '16:45'])
      sent.push([`${day} ${time}`, await remindAll(world.db, at(`${day}T${time}`))]);
  }
  // the 17th is a Sunday: caught up on Monday
  expect(sent.filter(([, digests]) => digests > 0)).toEqual([
    ['2030-03-18 09:00', 1],
    ['2030-03-20 09:00', 1],
    ['2030-03-27 09:00', 1],
    ['2030-04-03 09:00', 1],
  ]);
  expect(await remindersOf()).toEqual([
    { name: 'Wei Ran', level: 'before_due', on_day: '2030-03-17' },
    { name: 'Wei Ran', level: 'due', on_day: '2030-03-20' },
    { name: 'Wei Ran', level: 'overdue', on_day: '2030-03-27' },
    { name: 'Wei Ran', level: 'overdue', on_day: '2030-04-03' },
  ]);
});

test('several actions come in one digest, and what is due after it waits for the next day', async () => {
  await assignOne(world.db, cast, scene, { due_on: '2030-03-20' });
  await assignOne(world.db, cast, scene, { due_on: '2030-03-21', deliverable: 'Choose a venue' });
  expect(await remindAll(world.db, at('2030-03-18T09:00'))).toBe(1);
  expect(
    await rows(
      world.db,
      `select payload->'action_ids' as ids from deliveries where kind = 'actions.reminder'`,
    ),
  ).toHaveLength(1);
  await assignOne(world.db, cast, scene, { due_on: '2030-03-18', deliverable: 'Late assignment' });
  expect(await remindAll(world.db, at('2030-03-18T14:00'))).toBe(0);
  expect(await remindAll(world.db, at('2030-03-19T09:00'))).toBe(1);
});

test('nobody is reminded at night, on a weekend, or of what is answered, given back or closed', async () => {
  const id = await assignOne(world.db, cast, scene, { due_on: '2030-03-20' });
  expect(await remindAll(world.db, at('2030-03-20T08:59'))).toBe(0);
  expect(await remindAll(world.db, at('2030-03-20T17:00'))).toBe(0);
  expect(await remindAll(world.db, at('2030-03-23T10:00'))).toBe(0);
  await world.db.raw(`update actions set state = 'refused' where id = ?`, [id]);
  expect(await remindAll(world.db, at('2030-03-20T10:00'))).toBe(0);
});

test('two machines that remind at the same moment send one digest', async () => {
  await assignOne(world.db, cast, scene, { due_on: '2030-03-20' });
  const digests = await Promise.all(
    Array.from({ length: 8 }, () => remindAll(world.db, at('2030-03-20T10:00'))),
  );
  expect(digests.reduce((sum, one) => sum + one, 0)).toBe(1);
  expect(await remindersOf()).toHaveLength(1);
});

test('a lead without an address, or who left, is told to the secretary of the meeting', async () => {
  await assignOne(world.db, cast, scene, { due_on: '2030-03-20' });
  await world.db.raw(`update persons set email = null where id = ?`, [cast.outsider.id]);
  expect(await remindAll(world.db, at('2030-03-20T10:00'))).toBe(1);
  expect(await remindersOf()).toEqual([{ name: 'He Jing', level: 'due', on_day: '2030-03-20' }]);
  world.clock.set(at('2030-03-20T10:01'));
  await world.runJobs();
  expect((await mailsOf(world.db)).at(-1)).toMatchObject({
    kind: 'actions.reminder',
    name: 'He Jing',
    subject: '1 action whose lead cannot be reached',
  });
});

test('the job writes in the language of the reader, and leaves out what was answered before', async () => {
  const first = await assignOne(world.db, cast, scene, { due_on: '2030-03-20', lead_id: cast.attendee.id });
  await assignOne(world.db, cast, scene, {
    due_on: '2030-03-20',
    lead_id: cast.attendee.id,
    deliverable: 'Choose a venue',
  });
  await world.runJobs();
  world.clock.set(at('2030-03-20T10:00'));
  expect(cron.map((line) => line.job)).toContain('actions.remind');
  await jobs['actions.remind']?.(
    { db: world.db, config: world.config, clock: world.clock, log: console as never },
    {},
  );
  await world.db.raw(`update actions set state = 'answered' where id = ?`, [first]);
  await world.runJobs();
  expect((await mailsOf(world.db)).at(-1)).toMatchObject({
    kind: 'actions.reminder',
    name: 'Chen An',
    subject: '有 1 项督办事项待您反馈',
  });
});

test('a reminder by hand goes out once a day and is seen on the page', async () => {
  const id = await assignOne(world.db, cast, scene, { due_on: '2030-03-20' });
  const secretary = await world.agent(cast.secretary);
  await secretary.post(`/actions/${id}/reminder`).type('form').send({}).expect(303);
  const again = await secretary.post(`/actions/${id}/reminder`).type('form').send({}).expect(409);
  expect(again.text).toContain('already reminded today');
  expect((await secretary.get(`/actions/${id}`)).text).toContain('by He Jing');
  await (await world.agent(cast.outsider)).post(`/actions/${id}/reminder`).type('form').send({}).expect(403);
  await world.db.raw(`update persons set deactivated_at = now() where id = ?`, [cast.outsider.id]);
  world.clock.advance({ days: 1 });
  const unreachable = await secretary.post(`/actions/${id}/reminder`).type('form').send({}).expect(409);
  expect(unreachable.text).toContain('no longer active');
  expect(await row(world.db, `select count(*)::integer as n from reminders`)).toEqual({ n: 1 });
});
