import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { acceptAnswer } from '../../src/actions/answerCommands.js';
import { askForExtension, decideExtension } from '../../src/actions/extensionCommands.js';
import { assignActions, planAction } from '../../src/actions/planCommands.js';
import { inTransaction, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { assignOne, mailsOf, makeScene, planOne, stateOf, type Scene } from './scene.js';

let world: World;
let cast: Cast;
let scene: Scene;
let lead: Agent;
let chair: Agent;
let secretary: Agent;

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  scene = await makeScene(world.db, cast, { proposedBy: cast.attendee.id });
  [lead, chair, secretary] = await Promise.all([
    world.agent(cast.outsider),
    world.agent(cast.chair),
    world.agent(cast.secretary),
  ]);
});
afterAll(() => world.close());

const actionOf = (id: number) =>
  row<Record<string, unknown>>(world.db, `select * from actions where id = :id`, { id });
const eventsOf = async (id: number) =>
  (
    await rows<{ action: string }>(
      world.db,
      `select action from audit_events where noun = 'actions' and noun_id = :id order by id`,
      { id },
    )
  ).map((one) => one.action);
const openAnswer = async (id: number) =>
  String(
    (
      await row<{ id: number }>(
        world.db,
        `select id from answers where action_id = :id and verdict is null`,
        { id },
      )
    )?.id,
  );
const answer = (id: number, text = 'Revised and handed in.') =>
  lead.post(`/actions/${id}/answer`).type('form').send({ text, key: randomUUID() });

test('an action goes from assignment to accepted answer, and everybody concerned gets it', async () => {
  const here = await makeScene(world.db, cast, { proposedBy: cast.attendee.id });
  const id = await assignOne(world.db, cast, here, { helper_ids: [cast.organiser.id] });
  expect(await actionOf(id)).toMatchObject({
    state: 'assigned',
    due_on: '2030-03-20',
    original_due_on: '2030-03-20',
  });
  await world.runJobs();

  const page = load((await lead.get(`/actions/${id}`).expect(200)).text);
  expect(page('h1').text()).toBe('Revise the draft budget');
  expect(page('form[action$="/acceptance"] button').text()).toBe('Take it on');

  await lead
    .post(`/actions/${id}/acceptance`)
    .type('form')
    .send({})
    .expect(303)
    .expect('location', `/actions/${id}`);
  await lead.post(`/actions/${id}/start`).type('form').send({}).expect(303);
  expect(await stateOf(world.db, id)).toBe('in_progress');
  await answer(id, 'Revised; costs fall by 12 %.').expect(303);
  expect(await stateOf(world.db, id)).toBe('answered');
  await world.runJobs();

  const judged = load((await secretary.get(`/actions/${id}`).expect(200)).text);
  expect(judged('.statement').text()).toContain('costs fall by 12 %');
  await secretary
    .post(`/actions/${id}/answer/acceptance`)
    .type('form')
    .send({ answer_id: await openAnswer(id), note: '' })
    .expect(303);
  expect(await actionOf(id)).toMatchObject({ state: 'closed', closed_by: cast.secretary.id });

  await world.runJobs();
  const mails = await mailsOf(world.db, here.meetingId);
  expect(
    mails
      .filter((mail) => mail.kind === 'actions.assigned')
      .map((mail) => mail.name)
      .sort(),
  ).toEqual(['Ouyang Min', 'Wei Ran']);
  expect(mails.filter((mail) => mail.kind === 'actions.answered').map((mail) => mail.name)).toEqual([
    'He Jing',
  ]);
  expect(
    mails
      .filter((mail) => mail.kind === 'actions.accepted')
      .map((mail) => mail.name)
      .sort(),
  ).toEqual(['Chen An', 'He Jing', 'Ouyang Min', 'Wei Ran', 'Zhou Zheng']);
  expect(new Set(mails.map((mail) => mail.state))).toEqual(new Set(['captured']));
  // in the reader's language
  expect(mails.find((mail) => mail.kind === 'actions.accepted' && mail.name === 'Chen An')?.subject).toBe(
    '办理结果：Revise the draft budget',
  );
  expect(await eventsOf(id)).toEqual([
    'action.plan',
    'action.assign',
    'action.accept',
    'action.start',
    'action.answer',
    'action.close',
  ]);
});

test('an answer that is sent back is answered again, with the note before the lead', async () => {
  const id = await assignOne(world.db, cast, scene);
  await answer(id, 'Done.').expect(303);
  const wrong = await secretary
    .post(`/actions/${id}/answer/return`)
    .type('form')
    .send({ answer_id: await openAnswer(id), note: '' })
    .expect(422);
  expect(wrong.text).toContain('Say what is missing');
  await secretary
    .post(`/actions/${id}/answer/return`)
    .type('form')
    .send({ answer_id: await openAnswer(id), note: 'Which items were cut?' })
    .expect(303);
  expect(await stateOf(world.db, id)).toBe('in_progress');
  const again = load((await lead.get(`/actions/${id}/answer`).expect(200)).text);
  expect(again('.notice').text()).toContain('Which items were cut?');
  expect(again('textarea[name=text]').val()).toContain('Done.');
  await answer(id, 'Travel was cut.').expect(303);
  expect(await stateOf(world.db, id)).toBe('answered');
});

test('files come with the answer, to whoever may see the action and to nobody else', async () => {
  const hidden = await makeScene(world.db, cast, { isPrivate: true });
  const id = await assignOne(world.db, cast, hidden);
  await lead
    .post(`/actions/${id}/answer`)
    .field('text', 'See the table.')
    .field('key', randomUUID())
    .attach('files', Buffer.from('item,cost\ntravel,3\n'), 'costs.csv')
    .expect(303);
  const page = load((await lead.get(`/actions/${id}`)).text);
  const href = page('a[href*="/files/"]').attr('href') ?? '';
  expect(page('a[href*="/files/"]').text()).toBe('costs.csv');
  const file = await lead.get(href).expect(200);
  expect(file.headers['content-disposition']).toContain('attachment');
  await (await world.agent(cast.reviewer)).get(href).expect(404);
  await lead
    .get(href.replace(`/actions/${id}/`, `/actions/${await assignOne(world.db, cast, scene)}/`))
    .expect(404);
});

describe('nobody judges an answer of their own', () => {
  test('not the lead, who is also the secretary of the meeting', async () => {
    const id = await assignOne(world.db, cast, scene, { lead_id: cast.secretary.id });
    await secretary
      .post(`/actions/${id}/answer`)
      .type('form')
      .send({ text: 'Done.', key: randomUUID() })
      .expect(303);
    const page = load((await secretary.get(`/actions/${id}`)).text);
    expect(page('form[action$="/answer/acceptance"]')).toHaveLength(0);
    const answerId = await openAnswer(id);
    await secretary
      .post(`/actions/${id}/answer/acceptance`)
      .type('form')
      .send({ answer_id: answerId, note: '' })
      .expect(403);
    await secretary
      .post(`/actions/${id}/answer/return`)
      .type('form')
      .send({ answer_id: answerId, note: 'No.' })
      .expect(403);
    await expect(
      acceptAnswer(world.db, { id: cast.secretary.id }, id, {
        answerId: Number(answerId),
        note: '',
        today: '2030-03-04',
      }),
    ).rejects.toMatchObject({ status: 403 });
    await expect(
      world.owner.raw(`update actions set state = 'closed', closed_at = now(), closed_by = ? where id = ?`, [
        cast.secretary.id,
        id,
      ]),
    ).rejects.toMatchObject({ code: '23514' });
    await expect(
      world.owner.raw(
        `update answers set verdict = 'accepted', verdict_at = now(), verdict_by = ? where id = ?`,
        [cast.secretary.id, answerId],
      ),
    ).rejects.toMatchObject({ code: '23514' });
    await chair
      .post(`/actions/${id}/answer/acceptance`)
      .type('form')
      .send({ answer_id: answerId, note: '' })
      .expect(303);
  });

  test('not who wrote it down for a lead without an account', async () => {
    const id = await assignOne(world.db, cast, scene, { lead_id: cast.guest.id });
    const page = load((await secretary.get(`/actions/${id}/answer`).expect(200)).text);
    expect(page('form').text()).toContain('You write it down for Alex Guest');
    await secretary
      .post(`/actions/${id}/answer`)
      .type('form')
      .send({ text: 'Told me by phone: done.', key: randomUUID() })
      .expect(303);
    expect(
      await row(world.db, `select answered_by, for_id from answers where action_id = :id`, { id }),
    ).toEqual({ answered_by: cast.secretary.id, for_id: cast.guest.id });
    await secretary
      .post(`/actions/${id}/answer/acceptance`)
      .type('form')
      .send({ answer_id: await openAnswer(id), note: '' })
      .expect(403);
    await chair
      .post(`/actions/${id}/answer/acceptance`)
      .type('form')
      .send({ answer_id: await openAnswer(id), note: '' })
      .expect(303);
  });

  test('not a deputy through the leader who leads the action', async () => {
    const own = await makeScene(world.db, cast, { isPrivate: true });
    await world.db.raw(`update participants set removed_at = now() where meeting_id = ? and person_id <> ?`, [
      own.meetingId,
      cast.chair.id,
    ]);
    const id = await assignOne(world.db, cast, own, { lead_id: cast.organiser.id });
    await world.db.raw(`insert into deputies (person_id, deputy_id) values (?, ?)`, [
      cast.organiser.id,
      cast.reviewer.id,
    ]);
    const deputy = await world.agent(cast.reviewer);
    await deputy.post(`/actions/${id}/acceptance`).type('form').send({}).expect(303);
    expect(
      await row(
        world.db,
        `select person_id, on_behalf_of_id
         from audit_events
         where action = 'action.accept' and noun_id = :id`,
        { id },
      ),
    ).toEqual({ person_id: cast.reviewer.id, on_behalf_of_id: cast.organiser.id });
    await (
      await world.agent(cast.organiser)
    )
      .post(`/actions/${id}/answer`)
      .type('form')
      .send({ text: 'Done.', key: randomUUID() })
      .expect(303);
    await deputy
      .post(`/actions/${id}/answer/acceptance`)
      .type('form')
      .send({ answer_id: await openAnswer(id), note: '' })
      .expect(403);
  });
});

test('an action given back with a reason is handed to somebody else, who takes it on anew', async () => {
  const here = await makeScene(world.db, cast);
  const id = await assignOne(world.db, cast, here);
  await lead.get(`/actions/${id}/refusal`).expect(200);
  await lead.post(`/actions/${id}/refusal`).type('form').send({ reason: '' }).expect(422);
  await lead
    .post(`/actions/${id}/refusal`)
    .type('form')
    .send({ reason: 'Finance keeps the budget.' })
    .expect(303);
  expect(await actionOf(id)).toMatchObject({ state: 'refused', state_reason: 'Finance keeps the budget.' });
  const page = load((await secretary.get(`/actions/${id}`)).text);
  expect(page('.card-next a.button-primary').attr('href')).toBe(`/actions/${id}/handover`);
  const form = load((await secretary.get(`/actions/${id}/handover`).expect(200)).text);
  expect(form('input[name=lead]').attr('data-picker')).toBe('/people/search');
  await secretary
    .post(`/actions/${id}/handover`)
    .type('form')
    .send({ lead: 'Shen Lan', helper: 'Wei Ran', note: 'Yours.' })
    .expect(303);
  expect(await actionOf(id)).toMatchObject({
    state: 'assigned',
    lead_id: cast.reviewer.id,
    due_on: '2030-03-20',
    original_due_on: '2030-03-20',
    accepted_at: null,
  });
  expect(await rows(world.db, `select person_id from action_helpers where action_id = :id`, { id })).toEqual([
    { person_id: cast.outsider.id },
  ]);
  await world.runJobs();
  expect((await mailsOf(world.db, here.meetingId)).map((mail) => `${mail.kind} ${mail.name}`)).toEqual([
    'actions.assigned Wei Ran',
    'actions.refused He Jing',
    'actions.assigned Shen Lan',
    'actions.assigned Wei Ran',
  ]);
  // the former lead helps now and may not answer
  await lead
    .post(`/actions/${id}/answer`)
    .type('form')
    .send({ text: 'Done.', key: randomUUID() })
    .expect(403);
});

test('more time is asked by the lead, decided by another, and never moves the original date', async () => {
  const id = await assignOne(world.db, cast, scene);
  const early = await lead
    .post(`/actions/${id}/extension`)
    .type('form')
    .send({ new_due_on: '2030-03-20', reason: 'Figures come late.' })
    .expect(422);
  expect(early.text).toContain('after the present due date');
  await lead
    .post(`/actions/${id}/extension`)
    .type('form')
    .send({ new_due_on: '2030-04-02', reason: 'Figures come late.' })
    .expect(303);
  await lead
    .post(`/actions/${id}/extension`)
    .type('form')
    .send({ new_due_on: '2030-04-03', reason: 'Once more.' })
    .expect(409);
  const wish = await row<{ id: number }>(
    world.db,
    `select id from due_date_extensions where action_id = :id`,
    { id },
  );
  await lead
    .post(`/actions/${id}/extension/decision`)
    .type('form')
    .send({ extension_id: String(wish?.id), verdict: 'granted', note: '' })
    .expect(403);
  await chair
    .post(`/actions/${id}/extension/decision`)
    .type('form')
    .send({ extension_id: String(wish?.id), verdict: 'granted', note: 'Last time.' })
    .expect(303);
  expect(await actionOf(id)).toMatchObject({ due_on: '2030-04-02', original_due_on: '2030-03-20' });
  await expect(
    world.owner.raw(`update actions set original_due_on = due_on where id = ?`, [id]),
  ).rejects.toMatchObject({ code: '23001' });
});

test('an obstacle, its end, and a cancellation each keep their reason', async () => {
  const id = await assignOne(world.db, cast, scene);
  await lead.post(`/actions/${id}/acceptance`).type('form').send({}).expect(303);
  await lead
    .post(`/actions/${id}/obstacle`)
    .type('form')
    .send({ reason: 'The ministry has not answered.' })
    .expect(303);
  expect(load((await lead.get(`/actions/${id}`)).text)('dd').text()).toContain(
    'The ministry has not answered.',
  );
  await lead.post(`/actions/${id}/start`).type('form').send({}).expect(303);
  expect(await actionOf(id)).toMatchObject({ state: 'in_progress', state_reason: null });
  await lead
    .post(`/actions/${id}/cancellation`)
    .type('form')
    .send({ reason: 'No longer needed.' })
    .expect(403);
  await chair
    .post(`/actions/${id}/cancellation`)
    .type('form')
    .send({ reason: 'Weekly no. 43 decided otherwise.' })
    .expect(303);
  expect(await actionOf(id)).toMatchObject({
    state: 'cancelled',
    state_reason: 'Weekly no. 43 decided otherwise.',
  });
});

test('what was issued without a lead or a date is seen by who oversees it and mended there', async () => {
  const here = await makeScene(world.db, cast);
  const id = await planOne(world.db, cast, here, { lead_id: null, due_on: null });
  await secretary.get(`/actions/${id}`).expect(404);
  await world.db.raw(
    `insert into minutes (meeting_id, state, author_id, lang, number_year, number, number_scope, issued_at)
     values (?, 'issued', ?, 'en', 2030, 1, ?, now())`,
    [here.meetingId, cast.secretary.id, `test:${here.meetingId}`],
  );
  const page = load((await secretary.get(`/actions/${id}`).expect(200)).text);
  expect(page('.card-next a.button').text()).toBe('Name lead and date');
  await secretary
    .post(`/actions/${id}/handover`)
    .type('form')
    .send({ lead: 'Wei Ran', due_on: '', note: '' })
    .expect(422);
  await secretary
    .post(`/actions/${id}/handover`)
    .type('form')
    .send({ lead: 'Wei Ran', due_on: '2030-03-01', note: '' })
    .expect(422);
  await secretary
    .post(`/actions/${id}/handover`)
    .type('form')
    .send({ lead: 'Wei Ran', due_on: '2030-03-29', note: '' })
    .expect(303);
  expect(await actionOf(id)).toMatchObject({
    state: 'assigned',
    due_on: '2030-03-29',
    original_due_on: '2030-03-29',
  });
});

test('what was called off stays so when its statement is saved again in a correction', async () => {
  const here = await makeScene(world.db, cast);
  const id = await assignOne(world.db, cast, here);
  await chair
    .post(`/actions/${id}/cancellation`)
    .type('form')
    .send({ reason: 'Weekly no. 43 decided otherwise.' })
    .expect(303);
  const statement = Number((await actionOf(id))?.statement_id);
  const plan = { deliverable: 'Revise it', lead_id: cast.outsider.id, helper_ids: [], due_on: '2030-05-01' };
  await inTransaction(world.db, (trx) =>
    planAction(
      trx,
      { id: cast.secretary.id },
      { id: statement, meeting_id: here.meetingId, item_id: here.itemId },
      plan,
    ),
  );
  await inTransaction(world.db, (trx) => assignActions(trx, { id: cast.secretary.id }, here.meetingId));
  expect(await actionOf(id)).toMatchObject({
    state: 'cancelled',
    state_reason: 'Weekly no. 43 decided otherwise.',
    original_due_on: '2030-03-20',
    due_on: '2030-03-20',
  });
});

describe('twice or at once', () => {
  test('taking on twice takes on once', async () => {
    const id = await assignOne(world.db, cast, scene);
    const both = await Promise.all(
      [1, 2].map(() => lead.post(`/actions/${id}/acceptance`).type('form').send({})),
    );
    expect(both.map((one) => one.status)).toEqual([303, 303]);
    expect((await eventsOf(id)).filter((event) => event === 'action.accept')).toHaveLength(1);
  });

  test('the same answer sent twice is one, a second one is refused with its text kept', async () => {
    const id = await assignOne(world.db, cast, scene);
    const form = { text: 'Done.', key: randomUUID() };
    const both = await Promise.all(
      [1, 2].map(() => lead.post(`/actions/${id}/answer`).type('form').send(form)),
    );
    expect(both.map((one) => one.status)).toEqual([303, 303]);
    const other = await answer(id, 'Another text').expect(409);
    expect(other.text).toContain('Somebody was quicker: it now stands at “Answered”');
    expect(await rows(world.db, `select text from answers where action_id = :id`, { id })).toEqual([
      { text: 'Done.' },
    ]);
  });

  test('two who judge at once give one verdict, and the other is told how it stands', async () => {
    const id = await assignOne(world.db, cast, scene);
    await answer(id).expect(303);
    const answerId = await openAnswer(id);
    const [accepted, returned] = await Promise.all([
      chair.post(`/actions/${id}/answer/acceptance`).type('form').send({ answer_id: answerId, note: '' }),
      secretary
        .post(`/actions/${id}/answer/return`)
        .type('form')
        .send({ answer_id: answerId, note: 'More.' }),
    ]);
    expect([accepted.status, returned.status].sort()).toEqual([303, 409]);
    const verdicts = await rows<{ verdict: string }>(
      world.db,
      `select verdict from answers where action_id = :id`,
      { id },
    );
    expect(verdicts).toHaveLength(1);
    expect(await stateOf(world.db, id)).toBe(verdicts[0]?.verdict === 'accepted' ? 'closed' : 'in_progress');
  });

  test('an answer that was replaced in the meantime is not accepted unseen', async () => {
    const id = await assignOne(world.db, cast, scene);
    await answer(id, 'First').expect(303);
    const first = await openAnswer(id);
    await secretary
      .post(`/actions/${id}/answer/return`)
      .type('form')
      .send({ answer_id: first, note: 'More.' })
      .expect(303);
    await answer(id, 'Second').expect(303);
    await chair
      .post(`/actions/${id}/answer/acceptance`)
      .type('form')
      .send({ answer_id: first, note: '' })
      .expect(409);
    expect(await stateOf(world.db, id)).toBe('answered');
  });
});

test('who asked for more time as a deputy does not grant it as the secretary of the meeting', async () => {
  const here = await makeScene(world.db, cast);
  const id = await assignOne(world.db, cast, here);
  await world.db.raw('insert into deputies (person_id, deputy_id, created_by) values (?, ?, ?)', [
    cast.outsider.id,
    cast.secretary.id,
    cast.outsider.id,
  ]);
  const by = { id: cast.secretary.id };
  const more = { new_due_on: '2030-03-27', reason: 'Figures are late.' };
  expect(await askForExtension(world.db, by, id, { extension: more, today: '2030-03-04' })).toMatchObject({
    ok: true,
  });
  const asked = await row<{ id: number }>(
    world.db,
    `select id from due_date_extensions where action_id = :id`,
    { id },
  );
  const decide = (person: { id: number }) =>
    decideExtension(world.db, { id: person.id }, id, {
      extensionId: asked?.id ?? 0,
      verdict: 'granted',
      note: '',
      today: '2030-03-04',
    });
  expect(await decide(cast.secretary)).toMatchObject({ ok: false });
  expect(await actionOf(id)).toMatchObject({ due_on: '2030-03-20' });
  expect(await decide(cast.chair)).toMatchObject({ ok: true });
  expect(await actionOf(id)).toMatchObject({ due_on: '2030-03-27' });
  await world.db.raw('delete from deputies where deputy_id = ?', [cast.secretary.id]);
});
