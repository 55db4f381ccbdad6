import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { countAskedFor, listActionsOfMeeting, listActionsWaitingFor } from '../../src/actions/listQueries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';
import { assignOne, makeScene, type Scene } from './scene.js';

// Monday 4 March 2030 by the world's clock.
const TODAY = '2030-03-04';

let world: World;
let cast: Cast;
let open: Scene;
let hidden: Scene;
const ids: Record<string, number> = {};

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  open = await makeScene(world.db, cast, { title: 'Weekly leadership' });
  hidden = await makeScene(world.db, cast, { title: 'Merger talks', isPrivate: true });
  const restricted = await makeScene(world.db, cast, { isRestricted: true });
  ids.late = await assignOne(world.db, cast, open, {
    deliverable: 'Report the meeting costs',
    due_on: '2030-03-01',
  });
  ids.week = await assignOne(world.db, cast, open, { deliverable: 'Choose a venue', due_on: '2030-03-08' });
  ids.later = await assignOne(world.db, cast, open, {
    deliverable: '=HYPERLINK("http://evil.example")',
    due_on: '2030-05-01',
  });
  ids.answered = await assignOne(world.db, cast, open, {
    deliverable: 'Repair the PA system',
    due_on: '2030-02-20',
  });
  ids.hidden = await assignOne(world.db, cast, hidden, {
    deliverable: 'Draft the letter',
    due_on: '2030-04-01',
  });
  ids.restricted = await assignOne(world.db, cast, restricted, {
    deliverable: 'Check the contract',
    due_on: '2030-04-02',
  });
  const lead = await world.agent(cast.outsider);
  await lead
    .post(`/actions/${ids.answered}/answer`)
    .type('form')
    .send({ text: 'Amplifier replaced', key: randomUUID() })
    .expect(303);
});
afterAll(() => world.close());

async function board(person: { id: number }, query = '') {
  const page = load((await (await world.agent(person)).get(`/actions${query}`).expect(200)).text);
  return Object.fromEntries(
    page('.board > section')
      .toArray()
      .map((section) => [
        page(section).find('.pill').first().text(),
        page(section)
          .find('h3')
          .toArray()
          .map((h3) => page(h3).text()),
      ]),
  );
}

test('the board shows a lead what is overdue, due this week, open and answered', async () => {
  expect(await board(cast.outsider)).toEqual({
    Overdue: ['Report the meeting costs'],
    'Due this week': ['Choose a venue'],
    Open: ['Draft the letter', 'Check the contract', '=HYPERLINK("http://evil.example")'],
    'Answered, to accept': ['Repair the PA system'],
  });
});

test('days late stand in words, and a private meeting keeps its title from a lead outside it', async () => {
  const page = (await (await world.agent(cast.outsider)).get('/actions')).text;
  expect(page).toContain('3 days late');
  expect(page).toContain('from A private meeting');
  expect(page).not.toContain('Merger talks');
});

test('mine of a secretary holds what waits for acceptance, all holds all but what is hidden', async () => {
  expect(await board(cast.secretary)).toMatchObject({
    Overdue: [],
    'Answered, to accept': ['Repair the PA system'],
  });
  const all = await board(cast.reviewer, '?scope=all');
  expect(all).toMatchObject({ Overdue: ['Report the meeting costs'], 'Due this week': ['Choose a venue'] });
  expect(all.Open).toEqual(['=HYPERLINK("http://evil.example")']);
});

test.each([
  ['late', 'attendee', 200],
  ['late', 'reviewer', 200],
  ['late', 'administrator', 200],
  ['late', 'chair', 200],
  ['hidden', 'outsider', 200],
  ['hidden', 'chair', 200],
  ['hidden', 'attendee', 200],
  ['hidden', 'reviewer', 404],
  ['hidden', 'administrator', 404],
  ['restricted', 'outsider', 200],
  ['restricted', 'secretary', 200],
  ['restricted', 'attendee', 404],
  ['restricted', 'reviewer', 404],
  ['restricted', 'administrator', 404],
])('the %s action is open to the %s: %i', async (which, who, status) => {
  await (await world.agent(cast[who as 'chair'])).get(`/actions/${ids[which]}`).expect(status);
});

test('what Today counts as asked for is what the list of it holds, and no more', async () => {
  const asked = await board(cast.secretary, '?scope=asked');
  const shown = Object.values(asked).flat().length;
  expect(asked).toMatchObject({
    Overdue: ['Report the meeting costs'],
    'Due this week': ['Choose a venue'],
    'Answered, to accept': ['Repair the PA system'],
  });
  expect((await countAskedFor(world.db, cast.secretary.id, TODAY)).open).toBe(shown);
  const today = load((await (await world.agent(cast.secretary)).get('/').expect(200)).text);
  expect(today('section[aria-labelledby=asked] a').attr('href')).toBe('/actions?scope=asked');
  expect(await board(cast.outsider, '?scope=asked')).toEqual({});
});

test('a guest and nobody at all are sent to sign in', async () => {
  await (
    await world.agent()
  )
    .get('/actions')
    .expect(303)
    .expect('location', /sign-in/);
});

test('the head of a unit sees what the unit leads, of no private meeting', async () => {
  const stranger = await makeScene(world.db, cast);
  await world.db.raw(`delete from participants where meeting_id = ?`, [stranger.meetingId]);
  const id = await assignOne(world.db, cast, stranger, {
    lead_id: cast.attendee.id,
    deliverable: 'Count the chairs',
  });
  await (await world.agent(cast.chair)).get(`/actions/${id}`).expect(200);
  await (await world.agent(cast.outsider)).get(`/actions/${id}`).expect(404);
  await world.db.raw(`update meetings set is_private = true where id = ?`, [stranger.meetingId]);
  await (await world.agent(cast.chair)).get(`/actions/${id}`).expect(404);
});

test('filters narrow the list, and what they find nothing for says so', async () => {
  expect(await board(cast.secretary, `?scope=all&q=venue`)).toMatchObject({
    Overdue: [],
    'Due this week': ['Choose a venue'],
  });
  expect(await board(cast.secretary, `?scope=all&unit=${cast.units.planning}`)).not.toHaveProperty(
    'Overdue.0',
  );
  const none = await (await world.agent(cast.outsider)).get('/actions?q=merger').expect(200);
  expect(none.text).toContain('No action matches these filters.');
  await (await world.agent(cast.outsider)).get('/actions?view=what&state=ever&lead=x&after=1').expect(200);
});

test('the list goes on by due date, page after page, without losing or repeating one', async () => {
  const many = await makeScene(world.db, cast, { title: 'Long list' });
  const made = new Set<string>();
  for (let n = 0; n < 53; n++) {
    const name = `Task ${n}`;
    await assignOne(world.db, cast, many, {
      deliverable: name,
      due_on: `2030-06-${String((n % 5) + 10)}`,
      lead_id: cast.reviewer.id,
    });
    made.add(name);
  }
  const agent = await world.agent(cast.reviewer);
  const seen: string[] = [];
  for (let next: string | undefined = '/actions?view=list'; next;) {
    const page = load((await agent.get(next).expect(200)).text);
    seen.push(
      ...page('tbody th')
        .toArray()
        .map((cell) => page(cell).text().trim()),
    );
    next = page('a[rel=next]').attr('href');
  }
  expect(seen).toHaveLength(53);
  expect(new Set(seen)).toEqual(made);
});

test('the export holds the same rows, and no cell that a spreadsheet takes for a formula', async () => {
  const csv = await (await world.agent(cast.outsider)).get('/actions/export').expect(200);
  expect(csv.headers['content-type']).toContain('text/csv');
  expect(csv.text.startsWith('\ufeffWhat is to be done,Lead')).toBe(true);
  expect(csv.text.split('\r\n').filter(Boolean)).toHaveLength(7);
  expect(csv.text).toContain(`"'=HYPERLINK(""http://evil.example"")"`);
  expect(csv.text).toContain(
    'Report the meeting costs,Wei Ran,Finance,2030-03-01,2030-03-01,Assigned,3,Weekly leadership',
  );
});

test('Today learns what waits for a person and what that person asked for', async () => {
  expect(
    (await listActionsWaitingFor(world.db, cast.outsider.id, TODAY))
      .map((one) => [one.deliverable, one.wants])
      .slice(0, 2),
  ).toEqual([
    ['Report the meeting costs', 'takeOn'],
    ['Choose a venue', 'takeOn'],
  ]);
  expect(await listActionsWaitingFor(world.db, cast.secretary.id, TODAY)).toMatchObject([
    { id: ids.answered, wants: 'accept', person: { name_en: 'Wei Ran' } },
  ]);
  expect(await listActionsWaitingFor(world.db, cast.attendee.id, TODAY)).toEqual([
    expect.objectContaining({ deliverable: 'Count the chairs' }),
  ]);
  expect(await countAskedFor(world.db, cast.secretary.id, TODAY)).toMatchObject({ overdue: 1, to_accept: 1 });
});

test('a meeting shows its actions to each as they may see them', async () => {
  expect(
    (await listActionsOfMeeting(world.db, cast.attendee.id, open.meetingId, TODAY)).map((one) => one.id),
  ).toEqual([ids.late, ids.week, ids.later, ids.answered]);
  expect(await listActionsOfMeeting(world.db, cast.reviewer.id, hidden.meetingId, TODAY)).toEqual([]);
});

test('a secretary hands over everything of somebody who left', async () => {
  const here = await makeScene(world.db, cast);
  const id = await assignOne(world.db, cast, here, { lead_id: cast.guest.id });
  await world.db.raw(`update persons set deactivated_at = now() where id = ?`, [cast.guest.id]);
  const secretary = await world.agent(cast.reviewer);
  const page = load((await secretary.get(`/actions?scope=all&lead=${cast.guest.id}`).expect(200)).text);
  expect(page('.notice').text()).toContain('Alex Guest is no longer active');
  await secretary.get(`/actions/handover?from=${cast.guest.id}`).expect(200);
  await secretary
    .post('/actions/handover')
    .type('form')
    .send({ from_id: String(cast.guest.id), lead: 'Alex Guest', note: '' })
    .expect(422);
  await secretary
    .post('/actions/handover')
    .type('form')
    .send({ from_id: String(cast.guest.id), lead: 'organiser@office.example', note: 'From Alex' })
    .expect(303);
  const moved = await (await world.agent(cast.organiser)).get(`/actions/${id}`).expect(200);
  expect(moved.text).toContain('Handed the action over');
  await (
    await world.agent(cast.attendee)
  )
    .get(`/actions/handover?from=${cast.outsider.id}`)
    .expect(200)
    .expect((answer) => expect(answer.text).toContain('没有由您督办的未办结事项'));
  await secretary.get('/actions/handover?from=999').expect(404);
});
