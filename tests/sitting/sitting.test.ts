import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { makeSitting, statementsOf, type Sitting } from './scene.js';
import { randomUUID } from 'node:crypto';

let world: World;
let cast: Cast;
let secretary: Agent;
let attendee: Agent;

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [secretary, attendee] = await Promise.all([world.agent(cast.secretary), world.agent(cast.attendee)]);
});
afterAll(() => world.close());

const stateOf = async (id: number) =>
  (await row<{ state: string }>(world.db, `select state from meetings where id = :id`, { id }))?.state;
const itemStates = async (sitting: Sitting) =>
  (
    await rows<{ state: string }>(
      world.db,
      `select state from agenda_items where meeting_id = :id order by position`,
      { id: sitting.id },
    )
  ).map((one) => one.state);
const attendanceOf = (id: number) =>
  rows<{ name: string; status: string }>(
    world.db,
    `select p.name_en as name, a.status
     from attendances a
     join participants t on t.id = a.participant_id
     join persons p on p.id = t.person_id
     where t.meeting_id = :id
     order by t.id`,
    { id },
  );
const start = (sitting: Sitting, agent = secretary) =>
  agent.post(`/meetings/${sitting.id}/start`).type('form').send({});

describe('the beginning', () => {
  test('the secretary begins it once, and who declined is noted with apologies', async () => {
    const sitting = await makeSitting(world.db, cast);
    await world.db.raw(
      `insert into replies (participant_id, status, sequence, via)
       select id, 'declined', 0, 'link'
       from participants
       where meeting_id = ? and person_id = ?`,
      [sitting.id, cast.attendee.id],
    );
    const both = await Promise.all([start(sitting), start(sitting)]);
    expect(both.map((one) => [one.status, one.headers.location])).toEqual(
      [1, 2].map(() => [303, `/meetings/${sitting.id}/minutes/write`]),
    );
    expect(await stateOf(sitting.id)).toBe('in_progress');
    expect(
      await rows(
        world.db,
        `select action, person_id from audit_events where action = 'meeting.start' and meeting_id = :id`,
        { id: sitting.id },
      ),
    ).toEqual([{ action: 'meeting.start', person_id: cast.secretary.id }]);
    expect(await attendanceOf(sitting.id)).toEqual([{ name: 'Chen An', status: 'apologies' }]);
  });

  test('without a chair it does not begin and says what to do', async () => {
    const sitting = await makeSitting(world.db, cast, { hasChair: false });
    const answer = await start(sitting).expect(409);
    expect(load(answer.text)('main a.button').attr('href')).toBe(`/meetings/${sitting.id}/people`);
    expect(await stateOf(sitting.id)).toBe('scheduled');
  });

  test.each([
    ['attendee', 403],
    ['outsider', 403],
    ['administrator', 303],
    ['chair', 303],
    ['organiser', 303],
  ] as const)('the %s is answered %i', async (who, status) => {
    const sitting = await makeSitting(world.db, cast);
    await start(sitting, await world.agent(cast[who])).expect(status);
  });

  test('an ended meeting does not begin again, an empty one begun by mistake goes back', async () => {
    const sitting = await makeSitting(world.db, cast);
    await start(sitting).expect(303);
    await secretary.post(`/meetings/${sitting.id}/attendance/present`).type('form').send({}).expect(303);
    await secretary.post(`/meetings/${sitting.id}/start/cancellation`).type('form').send({}).expect(303);
    expect(await stateOf(sitting.id)).toBe('scheduled');
    expect(await attendanceOf(sitting.id)).toEqual([]);
    await start(sitting).expect(303);
    await secretary
      .post(`/meetings/${sitting.id}/items/${sitting.items[0]}/statements`)
      .type('form')
      .send({ key: randomUUID(), version: '', text: 'Heard.', lead: '', due_on: '', kind: 'heard' })
      .expect(303);
    await secretary.post(`/meetings/${sitting.id}/start/cancellation`).type('form').send({}).expect(409);
    await secretary.post(`/meetings/${sitting.id}/end`).type('form').send({}).expect(303);
    await start(sitting).expect(409);
  });
});

describe('who is there', () => {
  let sitting: Sitting;
  beforeAll(async () => {
    sitting = await makeSitting(world.db, cast);
    await start(sitting);
  });

  test('one press marks everybody not noted yet, single ones are changed beside the minutes', async () => {
    const page = load((await secretary.get(`/meetings/${sitting.id}/minutes/write`).expect(200)).text);
    expect(page('#attendance .count').text().trim()).toBe('0 of 4');
    const absent =
      page('#attendance form')
        .filter(
          (_, form) => page(form).text().includes('Apologies') && page(form).text().includes('Alex Guest'),
        )
        .attr('action') ?? '';
    await secretary.post(absent).type('form').send({ status: 'apologies' }).expect(303);
    await secretary.post(`/meetings/${sitting.id}/attendance/present`).type('form').send({}).expect(303);
    expect((await attendanceOf(sitting.id)).map((one) => `${one.name} ${one.status}`)).toEqual([
      'Zhou Zheng present',
      'He Jing present',
      'Chen An present',
      'Alex Guest apologies',
    ]);
    await attendee.post(absent).type('form').send({ status: 'present' }).expect(403);
    await attendee.get(`/meetings/${sitting.id}/attendance`).expect(403);
  });

  async function sheet(changes: Record<string, { status?: string; arrived?: string; left?: string }>) {
    const page = load((await secretary.get(`/meetings/${sitting.id}/attendance`).expect(200)).text);
    const form: Record<string, string[]> = {
      participant_id: [],
      status: [],
      was_status: [],
      arrived: [],
      was_arrived: [],
      left: [],
      was_left: [],
    };
    page('tbody tr').each((_, line) => {
      const field = (name: string) => page(line).find(`[name=${name}]`).val()?.toString() ?? '';
      const change = Object.entries(changes).find(([name]) => page(line).text().includes(name))?.[1] ?? {};
      for (const name of Object.keys(form)) form[name]?.push(change[name as 'status'] ?? field(name));
    });
    return secretary.post(`/meetings/${sitting.id}/attendance`).type('form').send(form);
  }

  test('times are of the meeting’s place, and wrong ones keep what was typed', async () => {
    // Whatever the clock says while this runs: the sitting began at nine.
    await world.owner.raw(
      `update meetings
       set started_at =
         (date_trunc('day', started_at at time zone 'Asia/Shanghai') + interval '9 hours')
           at time zone 'Asia/Shanghai'
       where id = ?`,
      [sitting.id],
    );
    await sheet({ 'Chen An': { arrived: '9点半', left: '1015' } }).then((answer) =>
      expect(answer.status).toBe(303),
    );
    expect(
      await row(
        world.db,
        `select a.arrived_at, a.left_at
         from attendances a
         join participants p on p.id = a.participant_id
         where p.meeting_id = :id and p.person_id = :person`,
        { id: sitting.id, person: cast.attendee.id },
      ),
    ).toEqual({
      arrived_at: new Date((await dayOfStart()) + 'T09:30:00+08:00'),
      left_at: new Date((await dayOfStart()) + 'T10:15:00+08:00'),
    });
    const wrong = await sheet({ 'Chen An': { arrived: 'soon' }, 'He Jing': { status: 'absent' } });
    expect(wrong.status).toBe(422);
    expect(
      load(wrong.text)('[name=arrived]')
        .toArray()
        .map((field) => field.attribs.value),
    ).toContain('soon');
    const before = await sheet({ 'Chen An': { arrived: '11:00', left: '10:00' } });
    expect(before.text).toContain('Nobody leaves before arriving');
  });

  async function dayOfStart(): Promise<string> {
    const found = await row<{ started_at: Date }>(
      world.db,
      `select started_at from meetings where id = :id`,
      { id: sitting.id },
    );
    return new Date((found?.started_at.getTime() ?? 0) + 8 * 3_600_000).toISOString().slice(0, 10);
  }

  test('two people noting different lines both keep theirs', async () => {
    const page = load((await secretary.get(`/meetings/${sitting.id}/attendance`)).text);
    const of = (name: string) =>
      page('tbody tr')
        .filter((_, line) => page(line).text().includes(name))
        .find('[name=participant_id]')
        .val()
        ?.toString() ?? '';
    const line = (id: string, was: string, status: string) => ({
      participant_id: id,
      status,
      was_status: was,
      arrived: '',
      was_arrived: '',
      left: '',
      was_left: '',
    });
    await secretary
      .post(`/meetings/${sitting.id}/attendance`)
      .type('form')
      .send(line(of('Zhou Zheng'), 'present', 'absent'))
      .expect(303);
    // the other one’s page still shows the chair as present, and changes the secretary only
    const [a, b] = [
      line(of('Zhou Zheng'), 'present', 'present'),
      line(of('He Jing'), 'present', 'apologies'),
    ];
    await (
      await world.agent(cast.chair)
    )
      .post(`/meetings/${sitting.id}/attendance`)
      .type('form')
      .send(Object.fromEntries(Object.keys(a).map((key) => [key, [a[key as 'status'], b[key as 'status']]])))
      .expect(303);
    expect((await attendanceOf(sitting.id)).slice(0, 2).map((one) => one.status)).toEqual([
      'absent',
      'apologies',
    ]);
  });

  test('who walks in becomes a participant, a guest even without an address, and nobody twice', async () => {
    const add = (person: string, more: Record<string, string> = {}) =>
      secretary
        .post(`/meetings/${sitting.id}/walk-ins`)
        .type('form')
        .send({ person, email: '', role: 'in_attendance', ...more });
    await add('Wei Ran').expect(303);
    await add('Wei Ran').expect(303);
    await add('Visitor Li').expect(303);
    await add('Dr Hu', { email: 'HU@uni.example' }).expect(303);
    expect(
      await rows(
        world.db,
        `select p.name, p.email, p.is_guest, t.is_walk_in, a.status
         from participants t
         join persons p on p.id = t.person_id
         join attendances a on a.participant_id = t.id
         where t.meeting_id = :id and t.is_walk_in
         order by t.id`,
        { id: sitting.id },
      ),
    ).toEqual([
      {
        name: '魏然',
        email: 'outsider@office.example',
        is_guest: false,
        is_walk_in: true,
        status: 'present',
      },
      { name: 'Visitor Li', email: null, is_guest: true, is_walk_in: true, status: 'present' },
      { name: 'Dr Hu', email: 'hu@uni.example', is_guest: true, is_walk_in: true, status: 'present' },
    ]);
  });
});

describe('the end', () => {
  test('what is left is carried over to the next meeting, and the minutes are begun', async () => {
    const sitting = await makeSitting(world.db, cast, { isStanding: true, hasNext: true });
    await start(sitting);
    await secretary
      .post(`/meetings/${sitting.id}/items/${sitting.items[0]}/outcome`)
      .type('form')
      .send({ outcome: 'concluded', next: String(sitting.items[1]) })
      .expect(303)
      .expect('location', `/meetings/${sitting.id}/minutes/write?item=${sitting.items[1]}#write`);
    const page = load((await secretary.get(`/meetings/${sitting.id}/end`).expect(200)).text);
    // the secretary of the meeting is cleared for the restricted one
    expect(
      page('label')
        .toArray()
        .map((label) => page(label).text().trim()),
    ).toEqual(['2. Follow-up', '3. Salary of the director']);
    expect(
      page('select')
        .toArray()
        .map((select) => page(select).val()),
    ).toEqual(['carried_over', 'carried_over']);
    expect(page('main').text()).toContain('Weekly leadership no. 43');
    await secretary
      .post(`/meetings/${sitting.id}/end`)
      .type('form')
      .send({
        item_id: [String(sitting.items[1]), String(sitting.items[2])],
        outcome: ['carried_over', 'withdrawn'],
      })
      .expect(303);
    expect(await stateOf(sitting.id)).toBe('ended');
    expect(await itemStates(sitting)).toEqual(['concluded', 'carried_over', 'withdrawn']);
    expect(
      await rows(
        world.db,
        `select i.title, m.number
         from agenda_items i
         join meetings m on m.id = i.meeting_id
         where i.carried_from_id = :item`,
        { item: sitting.items[1] },
      ),
    ).toEqual([{ title: 'Follow-up', number: 43 }]);
    expect(
      await row(world.db, `select state, author_id from minutes where meeting_id = :id`, { id: sitting.id }),
    ).toEqual({ state: 'draft', author_id: cast.secretary.id });
  });

  test('without a next meeting it waits in the backlog, also for who may not see the item', async () => {
    const sitting = await makeSitting(world.db, cast, { isStanding: true });
    await start(sitting);
    const office = await world.agent(cast.reviewer);
    const page = load((await office.get(`/meetings/${sitting.id}/end`).expect(200)).text);
    expect(page('main').text()).not.toContain('Salary');
    expect(page('label').last().text().trim()).toBe('3. Restricted item');
    expect(page('main').text()).toContain('backlog');
    await office.post(`/meetings/${sitting.id}/end`).type('form').send({}).expect(303);
    expect(await itemStates(sitting)).toEqual(['carried_over', 'carried_over', 'carried_over']);
    expect(
      await rows(world.db, `select meeting_id from agenda_items where carried_from_id = any(:items)`, {
        items: sitting.items,
      }),
    ).toEqual([1, 2, 3].map(() => ({ meeting_id: null })));
  });

  test('a single meeting defers what is left', async () => {
    const sitting = await makeSitting(world.db, cast);
    await start(sitting);
    await secretary
      .post(`/meetings/${sitting.id}/items/${sitting.items[0]}/outcome`)
      .type('form')
      .send({ outcome: 'carried_over' })
      .expect(409);
    const page = load((await secretary.get(`/meetings/${sitting.id}/end`).expect(200)).text);
    expect(page('option[value=carried_over]')).toHaveLength(0);
    await secretary.post(`/meetings/${sitting.id}/end`).type('form').send({}).expect(303);
    expect(await itemStates(sitting)).toEqual(['deferred', 'deferred', 'deferred']);
  });

  test('ended by two people at once it ends once', async () => {
    const sitting = await makeSitting(world.db, cast, { isStanding: true, hasNext: true });
    await start(sitting);
    const both = await Promise.all(
      [secretary, await world.agent(cast.chair)].map((agent) =>
        agent.post(`/meetings/${sitting.id}/end`).type('form').send({}),
      ),
    );
    expect(both.map((one) => one.status)).toEqual([303, 303]);
    expect(
      await rows(world.db, `select id from audit_events where action = 'meeting.end' and meeting_id = :id`, {
        id: sitting.id,
      }),
    ).toHaveLength(1);
    expect(
      await rows(world.db, `select id from agenda_items where carried_from_id = any(:items)`, {
        items: sitting.items,
      }),
    ).toHaveLength(3);
  });

  test('what still stood in somebody’s field becomes a statement', async () => {
    const sitting = await makeSitting(world.db, cast);
    await start(sitting);
    const keep = (text: string) =>
      secretary
        .post(`/meetings/${sitting.id}/items/${sitting.items[0]}/statements`)
        .set('Accept', 'application/json')
        .type('form')
        .send({ key: randomUUID(), version: '', text, lead: '', due_on: '' })
        .expect(200);
    await keep('Half a sent');
    await keep('');
    await secretary.post(`/meetings/${sitting.id}/end`).type('form').send({}).expect(303);
    expect(
      (await statementsOf(world.db, sitting.id)).map(({ text, is_draft, is_deleted }) => ({
        text,
        is_draft,
        is_deleted,
      })),
    ).toEqual([
      { text: 'Half a sent', is_draft: false, is_deleted: false },
      { text: '', is_draft: false, is_deleted: true },
    ]);
  });

  test('what was written about an item before it was withdrawn stays in the minutes', async () => {
    const sitting = await makeSitting(world.db, cast);
    await start(sitting);
    await secretary
      .post(`/meetings/${sitting.id}/items/${sitting.items[0]}/statements`)
      .type('form')
      .send({
        key: randomUUID(),
        version: '',
        text: 'The proposer asked to wait.',
        lead: '',
        due_on: '',
        kind: 'noted',
      })
      .expect(303);
    await secretary
      .post(`/meetings/${sitting.id}/items/${sitting.items[0]}/outcome`)
      .type('form')
      .send({ outcome: 'withdrawn' })
      .expect(303);
    await secretary.post(`/meetings/${sitting.id}/end`).type('form').send({}).expect(303);
    expect((await secretary.get(`/meetings/${sitting.id}/minutes`).expect(200)).text).toContain(
      'The proposer asked to wait.',
    );
  });

  test('an item is opened again, but not one that went on elsewhere', async () => {
    const sitting = await makeSitting(world.db, cast, { isStanding: true });
    await start(sitting);
    const outcome = (item: number, value: string) =>
      secretary.post(`/meetings/${sitting.id}/items/${item}/outcome`).type('form').send({ outcome: value });
    await outcome(sitting.items[0], 'concluded').expect(303);
    await outcome(sitting.items[0], 'under_discussion').expect(303);
    await outcome(sitting.items[1], 'carried_over').expect(303);
    await outcome(sitting.items[1], 'concluded').expect(409);
    expect((await itemStates(sitting)).slice(0, 2)).toEqual(['under_discussion', 'carried_over']);
    const other = await makeSitting(world.db, cast);
    await outcome(other.items[0], 'concluded').expect(404);
  });
});
