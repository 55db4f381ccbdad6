import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { readPrefix } from '../../src/sitting/statementKinds.js';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { fieldsOf, makeSitting, statementsOf, type Sitting } from './scene.js';

let world: World;
let cast: Cast;
let sitting: Sitting;
let secretary: Agent;
let chair: Agent;

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [secretary, chair] = await Promise.all([world.agent(cast.secretary), world.agent(cast.chair)]);
});
afterAll(() => world.close());
beforeEach(async () => {
  sitting = await makeSitting(world.db, cast, { isStanding: true });
  await secretary.post(`/meetings/${sitting.id}/start`).type('form').send({}).expect(303);
});

interface Typed {
  text: string;
  kind?: string;
  key?: string;
  version?: string;
  lead?: string;
  due_on?: string;
}
const formOf = (typed: Typed) => ({ key: randomUUID(), version: '', lead: '', due_on: '', ...typed });
const add = (typed: Typed, agent = secretary, item: number | null = sitting.items[0]) =>
  agent
    .post(`/meetings/${sitting.id}${item === null ? '' : `/items/${item}`}/statements`)
    .type('form')
    .send(formOf(typed));
const keep = (typed: Typed, agent = secretary) => add(typed, agent).set('Accept', 'application/json');

/** The form of a statement as a browser has it after opening it. */
async function open(id: number, agent = secretary) {
  const page = load((await agent.get(`/meetings/${sitting.id}/minutes/write?edit=${id}`).expect(200)).text);
  return fieldsOf(page, `form[action="/statements/${id}"]`);
}
const save = (id: number, form: Record<string, unknown>, agent = secretary) =>
  agent.post(`/statements/${id}`).type('form').send(form);
const texts = async () =>
  (await statementsOf(world.db, sitting.id)).filter((one) => !one.is_deleted).map((one) => one.text);
async function one(text = 'Finance presented the draft.'): Promise<number> {
  await add({ text, kind: 'noted' }).expect(303);
  return (await statementsOf(world.db, sitting.id)).at(-1)?.id ?? 0;
}

test.each([
  ['/d Approved.', 'resolved', 'Approved.'],
  ['/A  Report\nto us', 'required', 'Report\nto us'],
  ['／n 情况', 'noted', '情况'],
  ['/data is no prefix', undefined, '/data is no prefix'],
  ['12 /d', undefined, '12 /d'],
])('%j begins with a prefix for %s', (typed, kind, text) => {
  expect(readPrefix(typed)).toEqual({ kind, text });
});

test('notes, decisions and actions are written with plain forms; the first word opens the item', async () => {
  await add({ text: 'Costs fall by 12 %.', kind: 'noted' }).expect(303);
  await add({ text: '/d Approved in principle.' }).expect(303);
  await add({
    text: 'Revise and submit it.',
    kind: 'required',
    lead: 'Chen An',
    due_on: '2030-03-20',
  })
    .expect(303)
    .expect('location', /#write$/);
  await add({ text: 'The chair opened the meeting.', kind: 'noted' }, secretary, null).expect(303);
  const page = load(
    (await secretary.get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}`).expect(200)).text,
  );
  expect(
    page('#statements .statement')
      .toArray()
      .map((statement) => {
        const paragraphs = page(statement).find('p').slice(0, 2).toArray();
        return paragraphs.map((one) => page(one).text().replace(/\s+/g, ' ').trim());
      }),
  ).toEqual([
    ['Note', 'Costs fall by 12 %.'],
    ['Decision', 'Approved in principle.'],
    ['Action Chen An by Wed 20 Mar', 'Revise and submit it.'],
  ]);
  expect(
    await row(world.db, `select state from agenda_items where id = :id`, { id: sitting.items[0] }),
  ).toEqual({ state: 'under_discussion' });
  expect(
    await rows(world.db, `select d.basis from decisions d where meeting_id = :id`, { id: sitting.id }),
  ).toEqual([{ basis: 'consensus' }]);
  expect(
    await rows(world.db, `select deliverable, lead_id, due_on, state from actions where meeting_id = :id`, {
      id: sitting.id,
    }),
  ).toEqual([
    {
      deliverable: 'Revise and submit it.',
      lead_id: cast.attendee.id,
      due_on: '2030-03-20',
      state: 'planned',
    },
  ]);
});

test('an action without lead or date opens its form, and says what is missing where it stands', async () => {
  const answer = await add({ text: 'Report on it.', kind: 'required' }).expect(303);
  expect(answer.headers.location).toMatch(/&edit=\d+#statement-\d+$/);
  const page = load(
    (await secretary.get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}`)).text,
  );
  expect(page('#statements').text()).toMatch(/lead missing.*due date missing/s);
});

test('lead, helpers, date and votes are changed in its form; a wrong one keeps what was typed', async () => {
  const id = await one('The committee votes.');
  const form = await open(id);
  const wrong = await save(id, {
    ...form,
    text: 'The committee voted.',
    kind: 'resolved',
    basis: 'vote',
    votes_for: '7',
    votes_against: '',
    abstentions: '1',
    helper: 'Nobody Known',
  }).expect(422);
  expect(wrong.text).toContain('Give all three numbers of a vote');
  expect(wrong.text).toContain('Nobody called “Nobody Known” was found');
  expect(load(wrong.text)(`form[action="/statements/${id}"] textarea`).val()).toContain(
    'The committee voted.',
  );
  await save(id, {
    ...form,
    text: 'The committee voted.',
    kind: 'resolved',
    basis: 'vote',
    votes_for: '7',
    votes_against: '2',
    abstentions: '1',
    lead: 'Wei Ran',
    due_on: '2030-03-20',
    deliverable: 'A signed contract',
    helper: 'Chen An',
  }).expect(303);
  expect(
    await row(
      world.db,
      `select basis, votes_for, votes_against, abstentions from decisions where statement_id = :id`,
      { id },
    ),
  ).toEqual({ basis: 'vote', votes_for: 7, votes_against: 2, abstentions: 1 });
  expect(
    await row(
      world.db,
      `select deliverable, lead_id,
         array(select person_id from action_helpers h where h.action_id = a.id) as helpers
       from actions a
       where statement_id = :id`,
      { id },
    ),
  ).toEqual({ deliverable: 'A signed contract', lead_id: cast.outsider.id, helpers: [cast.attendee.id] });
  // a note again: no decision, no action
  await save(id, {
    ...(await open(id)),
    kind: 'noted',
    lead: '',
    due_on: '',
    deliverable: '',
    helper_ids: [],
  }).expect(303);
  expect(await rows(world.db, `select 1 from decisions where statement_id = :id`, { id })).toEqual([]);
  expect(await row(world.db, `select state from actions where statement_id = :id`, { id })).toEqual({
    state: 'cancelled',
  });
});

describe('saved as one types', () => {
  test('a half-typed name changes no lead, is told, and keeps nothing else from being saved', async () => {
    const id = await one('Report on it.');
    const leadOf = () =>
      row(world.db, `select lead_id, due_on from actions where statement_id = :id`, { id });
    const type = async (values: Record<string, unknown>) =>
      (
        await save(id, { ...(await open(id)), kind: 'required', ...values })
          .set('Accept', 'application/json')
          .expect(200)
      ).body as { unread?: string };
    expect((await type({ lead: 'Chen An <attendee@office.example>' })).unread).toBeUndefined();
    expect(await leadOf()).toEqual({ lead_id: cast.attendee.id, due_on: null });
    const half = await type({ text: 'Report on it soon.', lead: 'Wei R', due_on: '2030-03-20' });
    expect(half.unread).toBe('Nobody called “Wei R” was found');
    expect(await leadOf()).toEqual({ lead_id: cast.attendee.id, due_on: '2030-03-20' });
    expect(await texts()).toEqual(['Report on it soon.']);
    await type({ lead: 'Wei Ran' });
    expect(await leadOf()).toEqual({ lead_id: cast.outsider.id, due_on: '2030-03-20' });
    await type({ lead: '' });
    expect(await leadOf()).toEqual({ lead_id: null, due_on: '2030-03-20' });
  });

  test('by the button a lead who is not found is refused, in a new statement and in its form', async () => {
    const typed = { text: 'Report on it.', kind: 'required', lead: 'Wei R', due_on: '2030-03-20' };
    const fresh = load((await add(typed).expect(422)).text);
    expect(fresh('#f-add-lead-error').text()).toContain('Nobody called “Wei R” was found');
    expect(['lead', 'due_on'].map((name) => fresh(`#f-add-${name}`).val())).toEqual(['Wei R', '2030-03-20']);
    expect(fresh('#f-add-text').val()).toContain('Report on it.');
    expect(await texts()).toEqual([]);
    const id = await one('Report on it.');
    const edit = load((await save(id, { ...(await open(id)), ...typed }).expect(422)).text);
    expect(edit('#f-edit-lead-error').text()).toContain('Nobody called “Wei R” was found');
    expect(edit('#f-edit-lead').val()).toBe('Wei R');
  });

  test('a new statement is kept once, survives a reload, and is added by the button', async () => {
    const key = randomUUID();
    const first = await keep({ key, text: 'Costs' }).expect(200);
    expect(first.body).toMatchObject({ version: 1 });
    const second = await keep({ key, text: 'Costs fall', version: '1' }).expect(200);
    expect(second.body).toMatchObject({ version: 2 });
    // an answer that was lost on the way: the same form comes again with what it knows
    await keep({ key, text: 'Costs fall by', version: '1' }).expect(200);
    expect(await statementsOf(world.db, sitting.id)).toMatchObject([
      { text: 'Costs fall by', is_draft: true },
    ]);
    const page = load(
      (await secretary.get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}`)).text,
    );
    expect(page('#add textarea').val()).toContain('Costs fall by');
    expect(page('#add [name=key]').val()).toBe(key);
    expect(page('#statements')).toHaveLength(0);
    // others see that somebody is writing, and no form of it
    const other = load(
      (await chair.get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}`)).text,
    );
    expect(other('#statements').text()).toContain('He Jing is writing');
    expect(other('#add textarea').val()).toBe('');
    await add({ key, text: 'Costs fall by 12 %.', kind: 'resolved', version: '3' }).expect(303);
    await add({ key, text: 'Costs fall by 12 %.', kind: 'resolved', version: '3' }).expect(303);
    // what was on its way when the button was pressed comes late and changes nothing
    await keep({ key, text: 'Costs fall by 1', version: '3' }).expect(409);
    expect(await statementsOf(world.db, sitting.id)).toMatchObject([
      { text: 'Costs fall by 12 %.', is_draft: false, kind: 'resolved' },
    ]);
  });

  test('the key of a form belongs to who opened it', async () => {
    const key = randomUUID();
    await keep({ key, text: 'Mine' }).expect(200);
    await keep({ key, text: 'Yours' }, chair).expect(404);
    await add({ key, text: 'Yours' }, chair).expect(404);
    expect(await texts()).toEqual(['Mine']);
  });

  test('a form is never at odds with itself, after an unanswered save in the background', async () => {
    const id = await one();
    const form = await open(id);
    const background = await save(id, { ...form, text: 'Typed' })
      .set('Accept', 'application/json')
      .expect(200);
    expect(background.body).toMatchObject({ version: 2, saved: expect.stringMatching(/^\d\d:\d\d$/) });
    await save(id, { ...form, text: 'Typed to the end.' }).expect(303);
    await save(id, { ...form, text: 'Typed' })
      .set('Accept', 'application/json')
      .expect(409);
    expect(await texts()).toEqual(['Typed to the end.']);
  });

  test('half-typed votes and unknown helpers are no mistake yet, and the text is kept', async () => {
    const id = await one();
    const form = await open(id);
    await save(id, { ...form, text: 'Voted', kind: 'resolved', basis: 'vote', votes_for: '7', helper: 'Zh' })
      .set('Accept', 'application/json')
      .expect(200);
    expect(await texts()).toEqual(['Voted']);
    const bad = await save(id, { ...form, due_on: 'soon' })
      .set('Accept', 'application/json')
      .expect(422);
    expect(bad.body).toMatchObject({ errors: { due_on: expect.stringContaining('year-month-day') } });
  });

  test('ten minutes of typing are one event of the history', async () => {
    const id = await one();
    const form = await open(id);
    for (const text of ['a', 'ab', 'abc'])
      await save(id, { ...form, text })
        .set('Accept', 'application/json')
        .expect(200);
    expect(
      await rows(
        world.db,
        `select action from audit_events where noun = 'statements' and noun_id = :id order by id`,
        { id },
      ),
    ).toEqual([{ action: 'statement.add' }]);
  });
});

describe('two people at once', () => {
  test('different statements both keep their text', async () => {
    const [first, second] = [await one('First'), await one('Second')];
    const [mine, theirs] = [await open(first), await open(second, chair)];
    const both = await Promise.all([
      save(first, { ...mine, text: 'First, by the secretary' }),
      save(second, { ...theirs, text: 'Second, by the chair' }, chair),
      add({ text: 'Third', kind: 'noted' }, chair),
    ]);
    expect(both.map((answer) => answer.status)).toEqual([303, 303, 303]);
    expect(await texts()).toEqual(['First, by the secretary', 'Second, by the chair', 'Third']);
  });

  test('the same statement shows both texts, and nothing is lost', async () => {
    const id = await one('The meeting agreed.');
    const [mine, theirs] = [await open(id), await open(id, chair)];
    await save(
      id,
      {
        ...theirs,
        text: 'The meeting agreed in principle.',
        lead: 'Chen An',
        due_on: '2030-03-20',
      },
      chair,
    ).expect(303);
    await save(id, { ...mine, text: 'The meeting agreed, with conditions.' })
      .set('Accept', 'application/json')
      .expect(409);
    const merge = await save(id, { ...mine, text: 'The meeting agreed, with conditions.' }).expect(409);
    const page = load(merge.text);
    expect(page('section.card').text()).toContain('The meeting agreed in principle.');
    expect(page('textarea').val()).toContain('The meeting agreed, with conditions.');
    // what the other one gave beside the text is not wiped by an empty field of mine
    expect(page('[name=lead]').val()).toBe('Chen An <attendee@office.example>');
    expect(await texts()).toEqual(['The meeting agreed in principle.']);
    const form = fieldsOf(page, 'form[action^="/statements/"]');
    await save(id, { ...form, text: 'Agreed in principle, with conditions.' }).expect(303);
    expect(await texts()).toEqual(['Agreed in principle, with conditions.']);
    expect(
      await row(world.db, `select lead_id, due_on from actions where statement_id = :id`, { id }),
    ).toEqual({ lead_id: cast.attendee.id, due_on: '2030-03-20' });
  });

  test('both texts can be kept as two statements', async () => {
    const id = await one('Agreed.');
    const [mine, theirs] = [await open(id), await open(id, chair)];
    await save(id, { ...theirs, text: 'Theirs' }, chair).expect(303);
    const page = load((await save(id, { ...mine, text: 'Mine' }).expect(409)).text);
    const form = fieldsOf(page, 'form[action^="/statements/"]');
    await save(id, { ...form, both: '1' }).expect(303);
    await save(id, { ...form, both: '1' }).expect(303);
    expect(await texts()).toEqual(['Theirs', 'Mine']);
  });

  test('a statement that somebody removed comes back with the text of who was writing it', async () => {
    const id = await one('Agreed.');
    const mine = await open(id);
    await chair.post(`/statements/${id}/removal`).type('form').send({}).expect(303);
    const page = load((await save(id, { ...mine, text: 'Agreed, and more.' }).expect(409)).text);
    expect(page('main').text()).toContain('Zhou Zheng removed this statement');
    const form = fieldsOf(page, 'form[action^="/statements/"]');
    await save(id, form).expect(303);
    expect(await texts()).toEqual(['Agreed, and more.']);
  });

  test('the same form sent twice is one change', async () => {
    const id = await one('Agreed.');
    const form = { ...(await open(id)), text: 'Agreed twice.' };
    const both = await Promise.all([save(id, form), save(id, form)]);
    expect(both.map((answer) => answer.status)).toEqual([303, 303]);
  });
});

test('statements are put in order, taken out with their action, and put back with it', async () => {
  const ids = [await one('A'), await one('B'), await one('C')];
  await secretary.post(`/statements/${ids[2]}/position`).type('form').send({ direction: 'up' }).expect(303);
  await secretary.post(`/statements/${ids[0]}/position`).type('form').send({ direction: 'up' }).expect(303);
  expect(await texts()).toEqual(['A', 'C', 'B']);
  await save(ids[1] ?? 0, {
    ...(await open(ids[1] ?? 0)),
    kind: 'required',
    lead: 'Chen An',
    due_on: '2030-03-20',
  }).expect(303);
  await secretary.post(`/statements/${ids[1]}/removal`).type('form').send({}).expect(303);
  await secretary.post(`/statements/${ids[1]}/removal`).type('form').send({}).expect(303);
  expect(await row(world.db, `select state from actions where statement_id = :id`, { id: ids[1] })).toEqual({
    state: 'cancelled',
  });
  const page = load(
    (await secretary.get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}`)).text,
  );
  expect(page('#write details.small summary').text()).toBe('1 removed');
  await secretary.post(`/statements/${ids[1]}/restoration`).type('form').send({}).expect(303);
  expect(await row(world.db, `select state from actions where statement_id = :id`, { id: ids[1] })).toEqual({
    state: 'planned',
  });
  expect(await texts()).toEqual(['A', 'C', 'B']);
});

test('a statement moves to another item of the meeting, not of another one', async () => {
  const id = await one('In the wrong place');
  await save(id, { ...(await open(id)), item_id: String(sitting.items[1]) }).expect(303);
  expect(await statementsOf(world.db, sitting.id)).toMatchObject([{ item_id: sitting.items[1] }]);
  await save(id, { ...(await open(id)), item_id: 'general' }).expect(303);
  const other = await makeSitting(world.db, cast);
  await save(id, { ...(await open(id)), item_id: String(other.items[0]) }).expect(404);
  await add({ text: 'x', kind: 'noted' }, secretary, other.items[0]).expect(404);
});

test('a restricted item is written by who may see it; to the others it is a number', async () => {
  await add({ text: 'The director gets more.', kind: 'resolved' }, secretary, sitting.items[2]).expect(303);
  const [statement] = await statementsOf(world.db, sitting.id);
  const office = await world.agent(cast.reviewer);
  const page = (
    await office.get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[2]}`).expect(200)
  ).text;
  expect(page).not.toContain('The director gets more.');
  expect(page).not.toContain('Salary');
  expect(page).toContain('3. Restricted item');
  await office
    .get(`/meetings/${sitting.id}/minutes/write?edit=${statement?.id}`)
    .expect(200)
    .expect((answer) => expect(answer.text).not.toContain('The director'));
  await add({ text: 'x', kind: 'noted' }, office, sitting.items[2]).expect(404);
  await save(
    statement?.id ?? 0,
    { key: randomUUID(), version: '1', text: 'x', kind: 'noted' },
    office,
  ).expect(404);
  await office.post(`/statements/${statement?.id}/removal`).type('form').send({}).expect(404);
  expect(
    await rows(
      world.db,
      `select meeting_id, after from audit_events where noun = 'statements' and noun_id = :id`,
      { id: statement?.id },
    ),
  ).toEqual([{ meeting_id: null, after: null }]);
});

test('who only takes part neither reads nor writes the record', async () => {
  const id = await one();
  const attendee = await world.agent(cast.attendee);
  await attendee.get(`/meetings/${sitting.id}/minutes/write`).expect(403);
  await add({ text: 'x', kind: 'noted' }, attendee).expect(403);
  await save(id, { key: randomUUID(), version: '1', text: 'x', kind: 'noted' }, attendee).expect(403);
});

test('once the minutes are handed in nothing is written, and what was typed is shown to copy', async () => {
  const id = await one('Stands');
  const form = await open(id);
  await secretary.post(`/meetings/${sitting.id}/end`).type('form').send({}).expect(303);
  // until then the draft may still be corrected
  await save(id, { ...form, text: 'Stands well' }).expect(303);
  await world.db.raw(`update minutes set state = 'in_review' where meeting_id = ?`, [sitting.id]);
  const late = await save(id, { ...(await openReadOnly()), text: 'A long thought' }).expect(409);
  expect(load(late.text)('textarea').val()).toContain('A long thought');
  await keep({ text: 'x' }).expect(409);
  await secretary.post(`/statements/${id}/removal`).type('form').send({}).expect(409);
  expect(await texts()).toEqual(['Stands well']);

  async function openReadOnly() {
    const page = load(
      (await secretary.get(`/meetings/${sitting.id}/minutes/write?edit=${id}`).expect(200)).text,
    );
    expect(page('form[action^="/statements/"]')).toHaveLength(0);
    return { ...form, key: randomUUID() };
  }
});

test('hostile text stands as text', async () => {
  await add({ text: '<script>alert(1)</script> "\'&', kind: 'noted' }).expect(303);
  const page = await secretary
    .get(`/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}`)
    .expect(200);
  expect(page.text).not.toContain('<script>alert');
  expect(load(page.text)('#statements').text()).toContain('<script>alert(1)</script> "\'&');
  await add({ text: 'a\u202Eb', kind: 'noted' }).expect(422);
});
