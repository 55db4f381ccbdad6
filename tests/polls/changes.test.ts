import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { editPoll } from '../../src/polls/editCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// An open poll is changed by who keeps it, and answered for others. One poll lives through the file.

let world: World;
let cast: Cast;
let organiser: Agent;
let id = 0;
let options: number[] = [];

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
  const made = await organiser.post('/polls').type('form').send({
    title: 'Budget round',
    key: crypto.randomUUID(),
    minutes: '60',
    required: 'Ouyang Min\nChen An',
    optional: 'Wei Ran',
    on_0: '2030-03-07',
    from_0: '10',
    on_1: '2030-03-08',
    from_1: '14:00',
    deadline_on: '2030-03-06',
    deadline_at: '17:00',
    needs_room: 'on',
  });
  id = Number(made.headers.location?.split('/')[2]);
  options = (
    await rows<{ id: number }>(
      world.db,
      `select id from poll_options where poll_id = :id order by starts_at`,
      { id },
    )
  ).map((one) => one.id);
  await world.runJobs();
});
afterAll(() => world.close());

/** The form as a browser posts it untouched, with changes. */
async function formNow(changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const $ = load((await organiser.get(`/polls/${id}/edit`)).text);
  const value = (name: string) => $(`[name=${name}]`).first().val();
  const ticked = (name: string) =>
    $(`input[name=${name}]:checked`)
      .toArray()
      .map((one) => $(one).attr('value') ?? '');
  return {
    version: value('version'),
    title: value('title'),
    note: value('note'),
    deadline_on: value('deadline_on'),
    deadline_at: value('deadline_at'),
    minutes: value('minutes'),
    keep: ticked('keep'),
    stay: ticked('stay'),
    needed: ticked('needed'),
    ...($('[name=is_private]').is(':checked') ? { is_private: 'on' } : {}),
    needs_room: 'on',
    ...changes,
  };
}
const post = (form: Record<string, unknown>, who = organiser) =>
  who.post(`/polls/${id}`).type('form').send(form);
const states = async () =>
  (
    await rows<{ state: string; at: string }>(
      world.db,
      `select c.state, to_char(o.starts_at at time zone 'Asia/Shanghai', 'DD HH24:MI') as at
         from room_claims c join poll_options o on o.id = c.poll_option_id
        where o.poll_id = :id
        order by c.id`,
      { id },
    )
  ).map(({ at, state }) => `${at} ${state}`);
const sent = async (kind: string) =>
  await rows<{ person_id: number; subject: string }>(
    world.db,
    `select person_id, subject from deliveries where kind = :kind and state = 'captured' order by id`,
    { kind },
  );

test('new times hold rooms and are asked for, removed ones are free, other answers stay', async () => {
  const attendee = await world.agent(cast.attendee);
  await attendee
    .post(`/polls/${id}/answer`)
    .type('form')
    .send({ [`answer_${options[0]}`]: 'no', [`answer_${options[1]}`]: 'yes' });
  const saved = await post(
    await formNow({
      title: 'Budget 2031',
      keep: [options[1]],
      on_0: '2030-03-08',
      from_0: '16:00',
      deadline_at: '12:00',
    }),
  );
  expect([saved.status, saved.headers.location]).toEqual([303, `/polls/${id}`]);
  expect(await states()).toEqual(['07 10:00 released', '08 14:00 held', '08 16:00 held']);
  expect(
    await row(
      world.db,
      `select bool_and(hold_until = '2030-03-06T12:00+08:00') as moved from room_claims where state = 'held'`,
    ),
  ).toEqual({ moved: true });
  await world.runJobs();
  expect(await rows(world.db, `select option_id, answer from poll_answers`)).toEqual([
    { option_id: options[1], answer: 'yes' },
  ]);
  // Who has not answered yet sees all times on the page that the first mail led to.
  expect(await sent('polls.changed')).toEqual([
    { person_id: cast.attendee.id, subject: '新增时间待反馈：Budget 2031' },
  ]);
  expect((await attendee.get('/')).text).toContain('Budget 2031');
  expect(load((await organiser.get(`/polls/${id}`)).text)('.polls-table').text()).toContain(
    'new times not answered yet',
  );
  // An answer to what was removed meanwhile is let go; the new time has to be answered.
  const late = await attendee
    .post(`/polls/${id}/answer`)
    .type('form')
    .send({ [`answer_${options[0]}`]: 'yes', [`answer_${options[1]}`]: 'yes' });
  expect(late.status).toBe(422);
  expect(await rows(world.db, `select action from audit_events where action = 'poll.edit'`)).toHaveLength(1);
});

test('a removed time can be offered again, and people come and go, each told by mail', async () => {
  const outsider = await row<{ id: number }>(
    world.db,
    `select id from poll_people where person_id = :person`,
    { person: cast.outsider.id },
  );
  const form = await formNow({ on_0: '2030-03-07', from_0: '10:00', required: 'Zhou Zheng' });
  const saved = await post({
    ...form,
    stay: (form.stay as string[]).filter((one) => Number(one) !== outsider?.id),
  });
  expect(saved.status).toBe(303);
  expect((await states()).at(-1)).toBe('07 10:00 held');
  expect(
    await rows(
      world.db,
      `select id from poll_options where poll_id = :id and removed_at is null order by id`,
      { id },
    ),
  ).toHaveLength(3);
  await world.runJobs();
  expect((await sent('polls.unasked')).map(({ person_id }) => person_id)).toEqual([cast.outsider.id]);
  expect((await sent('polls.asked')).map(({ person_id }) => person_id)).toContain(cast.chair.id);
  expect((await (await world.agent(cast.outsider)).get(`/polls/${id}`)).status).toBe(404);
});

test('keeps what was typed when something is wrong, or somebody else was quicker', async () => {
  const wrong = await post(
    await formNow({
      title: 'Typed title',
      keep: [],
      stay: [],
      deadline_on: '2030-03-01',
      required: 'Nobody Known',
    }),
  );
  expect(wrong.status).toBe(422);
  const told = load(wrong.text)('.field-error').text();
  for (const part of ['Offer 2 to 20 times', 'must be in the future', 'Nobody Known'])
    expect(told).toContain(part);
  expect(wrong.text).toContain('Typed title');
  const alone = await post(await formNow({ stay: [] }));
  expect(load(alone.text)('.field-error').text()).toContain('Name somebody to ask');
  const stale = await post(await formNow({ version: '1', title: 'Typed title' }));
  expect(stale.status).toBe(409);
  expect(stale.text).toContain('in the meantime');
  expect(load(stale.text)('[name=title]').val()).toBe('Typed title');
  expect(load(stale.text)('[name=version]').val()).not.toBe('1');
});

test('two who save at once: one is told', async () => {
  const stored = await row<{ version: number; deadline_at: Date }>(
    world.db,
    `select version, deadline_at from polls where id = :id`,
    { id },
  );
  const keep = (
    await rows<{ id: number }>(
      world.db,
      `select id from poll_options where poll_id = :id and removed_at is null`,
      { id },
    )
  ).map((one) => one.id);
  const stay = (
    await rows<{ id: number }>(world.db, `select id from poll_people where poll_id = :id`, { id })
  ).map((one) => one.id);
  const change = (title: string) =>
    editPoll(world.db, { id: cast.organiser.id }, id, {
      version: stored?.version ?? 0,
      title,
      note: '',
      isPrivate: false,
      deadlineAt: stored?.deadline_at ?? new Date(),
      options: [],
      people: [],
      guests: [],
      keep,
      stay,
      needed: stay,
      now: world.clock.now(),
    });
  const done = await Promise.all([change('One'), change('Other')]);
  expect(done.map((one) => (one.ok ? 'saved' : one.reason)).sort()).toEqual(['saved', 'stale']);
});

test('a secretary enters what was said by phone, after the deadline too; the table says so', async () => {
  const secretary = await world.agent(cast.secretary);
  const form = await secretary.get(`/polls/${id}/people/${cast.chair.id}/answer`);
  expect(form.status).toBe(200);
  const fields = load(form.text)('input[type=radio]')
    .toArray()
    .map((one) => load(form.text)(one).attr('name') ?? '');
  const all = (answer: string) => Object.fromEntries([...new Set(fields)].map((name) => [name, answer]));
  expect(
    (
      await secretary
        .post(`/polls/${id}/people/${cast.chair.id}/answer`)
        .type('form')
        .send({ note: 'by phone' })
    ).status,
  ).toBe(422);
  world.clock.set('2030-03-06T06:00:00Z');
  expect(
    (
      await secretary
        .post(`/polls/${id}/people/${cast.chair.id}/answer`)
        .type('form')
        .send({ ...all('maybe'), note: 'by phone' })
    ).status,
  ).toBe(303);
  const line = load((await organiser.get(`/polls/${id}`)).text)('.polls-table tbody tr')
    .toArray()
    .map((one) => load(one).text())
    .find((text) => text.includes('Zhou Zheng'));
  expect(line).toContain('entered by He Jing');
  expect(line).toContain('by phone');
  expect(
    await row(
      world.db,
      `select person_id, on_behalf_of_id from audit_events where action = 'poll.answerFor'`,
    ),
  ).toEqual({ person_id: cast.secretary.id, on_behalf_of_id: cast.chair.id });
  // The deadline is over: nobody answers for themselves, and who is only asked enters nothing for others.
  const attendee = await world.agent(cast.attendee);
  expect((await attendee.get(`/polls/${id}/people/${cast.chair.id}/answer`)).status).toBe(403);
  expect(
    (
      await attendee
        .post(`/polls/${id}`)
        .type('form')
        .send(await formNow())
    ).status,
  ).toBe(403);
});

test('a later deadline opens it again: lapsed holds are held again, own answers stay own', async () => {
  await world.owner.raw(
    `update room_claims set hold_until = now() - interval '1 minute' where state = 'held'`,
  );
  expect((await post(await formNow({ deadline_on: '2030-03-07', deadline_at: '09:00' }))).status).toBe(303);
  expect(
    await row(
      world.db,
      `select bool_and(hold_until = '2030-03-07T09:00+08:00') as moved from room_claims where state = 'held'`,
    ),
  ).toEqual({ moved: true });
  const chair = await world.agent(cast.chair);
  const page = load((await chair.get(`/polls/${id}`)).text);
  const fields = [
    ...new Set(
      page('input[type=radio]')
        .toArray()
        .map((one) => page(one).attr('name') ?? ''),
    ),
  ];
  expect(
    (
      await chair
        .post(`/polls/${id}/answer`)
        .type('form')
        .send(Object.fromEntries(fields.map((name) => [name, 'yes'])))
    ).status,
  ).toBe(303);
  expect(
    await row(world.db, `select answered_by from poll_people where person_id = :person`, {
      person: cast.chair.id,
    }),
  ).toEqual({ answered_by: null });
});
