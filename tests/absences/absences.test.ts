import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let attendee: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  attendee = await world.agent(cast.attendee);
});
afterAll(() => world.close());

const absences = () =>
  rows<{ id: number; kind: string; starts_at: Date; ends_at: Date; note: string | null }>(
    world.db,
    `select * from absences where person_id = :id order by id`,
    { id: cast.attendee.id },
  );

test('enters whole days in the person’s own zone, and the note stays out of the history', async () => {
  const answer = await attendee
    .post(`/people/${cast.attendee.id}/absences`)
    .type('form')
    .send({ kind: 'leave', from_on: '2030-03-06', to_on: '2030-03-07', from: '', to: '', note: 'family' });
  expect(answer.status).toBe(303);
  const [one] = await absences();
  expect(one).toMatchObject({
    kind: 'leave',
    starts_at: new Date('2030-03-05T16:00Z'),
    ends_at: new Date('2030-03-07T16:00Z'),
    note: 'family',
  });
  const event = await row<{ after: object }>(
    world.db,
    `select after from audit_events where action = 'absence.add'`,
  );
  expect(JSON.stringify(event?.after)).not.toContain('family');
  expect((await attendee.get(`/people/${cast.attendee.id}/times`)).text).toContain('family');
});

test('is entered by a secretary and by today’s deputy, and by nobody else', async () => {
  const path = `/people/${cast.attendee.id}/absences`;
  const trip = { kind: 'trip', from_on: '2030-03-08', from: '9', to: '12:00' };
  expect((await (await world.agent(cast.secretary)).post(path).type('form').send(trip)).status).toBe(303);
  const outsider = await world.agent(cast.outsider);
  expect((await outsider.post(path).type('form').send(trip)).status).toBe(403);
  expect((await outsider.get(`/people/${cast.attendee.id}/times`)).status).toBe(403);
  await world.db.raw(`insert into deputies (person_id, deputy_id) values (?, ?)`, [
    cast.attendee.id,
    cast.outsider.id,
  ]);
  expect(
    (
      await outsider
        .post(path)
        .type('form')
        .send({ ...trip, from_on: '2030-03-11' })
    ).status,
  ).toBe(303);
  const event = await row<{ on_behalf_of_id: number }>(
    world.db,
    `select on_behalf_of_id from audit_events where action = 'absence.add' and person_id = :id`,
    { id: cast.outsider.id },
  );
  expect(event?.on_behalf_of_id).toBe(cast.attendee.id);
  expect(await absences()).toHaveLength(3);
});

test('refuses what makes no sense at its field and keeps what was typed', async () => {
  const answer = await attendee
    .post(`/people/${cast.attendee.id}/absences`)
    .type('form')
    .send({ kind: 'other', from_on: '2030-03-09', to_on: '2030-03-08', note: 'kept' });
  expect(answer.status).toBe(422);
  expect(answer.text).toContain('结束时间应晚于开始时间');
  expect(answer.text).toContain('value="kept"');
});

test('sets working hours and goes back to the usual ones', async () => {
  const path = `/people/${cast.attendee.id}/hours`;
  expect((await attendee.post(path).type('form').send({ from_2: '10', to_2: '16:30' })).status).toBe(303);
  expect(await rows(world.db, `select weekday, starts_at, ends_at from working_hours`)).toEqual([
    { weekday: 2, starts_at: '10:00:00', ends_at: '16:30:00' },
  ]);
  expect((await attendee.post(path).type('form').send({ from_2: '10', to_2: '9' })).status).toBe(422);
  expect((await attendee.post(path).type('form').send({})).status).toBe(303);
  expect(await rows(world.db, `select * from working_hours`)).toEqual([]);
});

test('removes an absence of this person only', async () => {
  const [first, ...others] = await absences();
  expect(
    (await attendee.post(`/people/${cast.attendee.id}/absences/${first?.id}/removal`).type('form').send({}))
      .status,
  ).toBe(303);
  expect(await absences()).toHaveLength(others.length);
});

test('a meeting that moves takes its participants’ times along', async () => {
  const made = await row<{ id: number }>(
    world.db,
    `insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid)
     values ('A', '2030-03-05T01:00Z', '2030-03-05T02:00Z', 'Asia/Shanghai', :by, :by, 'u1')
     returning id`,
    { by: cast.organiser.id },
  );
  const times = () =>
    row(world.db, `select meets_from, meets_to from participants where meeting_id = :id`, { id: made?.id });
  await world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
    made?.id ?? 0,
    cast.attendee.id,
  ]);
  expect(await times()).toEqual({
    meets_from: new Date('2030-03-05T01:00Z'),
    meets_to: new Date('2030-03-05T02:00Z'),
  });
  await world.db.raw(
    `update meetings set starts_at = '2030-03-06T01:00Z', ends_at = '2030-03-06T03:00Z' where id = ?`,
    [made?.id ?? 0],
  );
  expect(await times()).toEqual({
    meets_from: new Date('2030-03-06T01:00Z'),
    meets_to: new Date('2030-03-06T03:00Z'),
  });
});
