import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { approveMinutes } from '../../src/minutes/approvalCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { endedMeeting, stateOf, versionOf, type Ended } from './endedMeeting.js';

let world: World;
let cast: Cast;
let author: Agent;
let reviewer: Agent;
let chair: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  author = await world.agent(cast.secretary);
  reviewer = await world.agent(cast.reviewer);
  chair = await world.agent(cast.chair);
});
afterAll(() => world.close());

const post = (agent: Agent, path: string, form: Record<string, unknown> = {}) =>
  agent.post(path).type('form').send(form);

async function submitted(
  options: Parameters<typeof endedMeeting>[2] = {},
): Promise<Ended & { version: number }> {
  const ended = await endedMeeting(world.db, cast, options);
  const answer = await post(author, `/minutes/${ended.minutes}/submission`);
  expect(answer.status).toBe(303);
  return { ...ended, version: await versionOf(world.db, ended.minutes) };
}

async function approved(
  options: Parameters<typeof endedMeeting>[2] = {},
): Promise<Ended & { version: number }> {
  const ended = await submitted(options);
  expect((await post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: ended.version })).status).toBe(
    303,
  );
  expect(
    (await post(chair, `/minutes/${ended.minutes}/approval`, { version_id: ended.version })).status,
  ).toBe(303);
  return ended;
}

test('shows the draft as it will print, made of what was recorded', async () => {
  const { meeting } = await endedMeeting(world.db, cast);
  const answer = await author.get(`/meetings/${meeting}/minutes`);
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const $ = load(answer.text);
  const paper = $('.paper').text();
  expect(paper).toContain('Minutes of the budget meeting');
  expect(paper).toContain('1. Draft budget');
  expect(paper).toContain('It was resolved: The draft budget is approved.');
  expect(paper).toMatch(/lead: Ouyang Min \(Planning\); due: 20 March 2030/);
  expect(paper).toContain('Draft 1, not approved');
  expect($('.card-next').text()).toContain('Submit for review');
});

test('carries minutes from the draft to an acknowledged copy', async () => {
  const ended = await submitted();
  expect(await stateOf(world.db, ended.minutes)).toBe('in_review');

  const gate = load((await reviewer.get(`/minutes/${ended.minutes}/review`)).text);
  expect(gate('.card-next').text()).toContain('Pass');
  await post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: ended.version, note: 'Well written' });
  expect(await stateOf(world.db, ended.minutes)).toBe('passed');

  await post(chair, `/minutes/${ended.minutes}/approval`, { version_id: ended.version });
  const stored = await row<{
    state: string;
    number: number;
    number_year: number;
    approved_by: number;
    sha256: string;
    version_sha: string;
  }>(
    world.db,
    `select x.state, x.number, x.number_year, a.approved_by, a.sha256, v.sha256 as version_sha
       from minutes x
       join approvals a on a.minutes_id = x.id
       join minutes_versions v on v.id = a.version_id
       where x.id = :id`,
    { id: ended.minutes },
  );
  expect(stored).toMatchObject({ state: 'approved', number_year: 2030, approved_by: cast.chair.id });
  expect(stored?.sha256).toBe(stored?.version_sha);
  const decision = await row<{ number: number; number_year: number }>(
    world.db,
    `select number, number_year from decisions where meeting_id = :id`,
    { id: ended.meeting },
  );
  expect(decision).toMatchObject({ number_year: 2030, number: expect.any(Number) as number });

  const attendee = await world.agent(cast.attendee);
  expect((await attendee.get(`/minutes/${ended.minutes}`)).status).toBe(404);
  const persons = [cast.chair.id, cast.secretary.id, cast.organiser.id, cast.attendee.id];
  const issued = await post(author, `/minutes/${ended.minutes}/circulation`, {
    version_id: ended.version,
    persons,
    others: ['', 'Wei Ran'],
  });
  expect(issued.status).toBe(303);
  const action = await row<{ state: string; original_due_on: string }>(
    world.db,
    `select state, original_due_on from actions where id = :id`,
    { id: ended.action },
  );
  expect(action).toEqual({ state: 'assigned', original_due_on: '2030-03-20' });
  const mails = await rows<{ kind: string; person_id: number }>(
    world.db,
    `select kind, person_id from deliveries where meeting_id = :id`,
    { id: ended.meeting },
  );
  expect(
    mails
      .filter((mail) => mail.kind === 'minutes.circulation')
      .map((mail) => mail.person_id)
      .sort(),
  ).toEqual([...persons, cast.outsider.id].sort());
  expect(mails.filter((mail) => mail.kind === 'actions.assigned').map((mail) => mail.person_id)).toEqual([
    cast.organiser.id,
  ]);

  expect(
    load((await attendee.get(`/meetings/${ended.meeting}/minutes`)).text)('.card-next').text(),
  ).toContain('签收');
  await post(attendee, `/minutes/${ended.minutes}/receipt`);
  await post(attendee, `/minutes/${ended.minutes}/receipt`);
  const receipts = await rows(
    world.db,
    `select 1 from audit_events where action = 'minutes.acknowledge' and noun_id = :id`,
    { id: ended.minutes },
  );
  expect(receipts).toHaveLength(1);
  expect(load((await author.get(`/minutes/${ended.minutes}/circulation`)).text)('td').text()).toContain(
    'Mon 4 Mar 2030',
  );
});

test('returns with a code and a point, has every point answered, and shows the difference', async () => {
  const ended = await submitted();
  const noCode = await post(reviewer, `/minutes/${ended.minutes}/return`, {
    version_id: ended.version,
    text: 'Who submits?',
  });
  expect(noCode.status).toBe(422);
  expect(load(noCode.text)('.error-summary').text()).toContain('Choose at least one reason');
  expect(
    load(noCode.text)('textarea[name=text]').filter((_, e) =>
      load(noCode.text)(e).text().includes('Who submits?'),
    ).length,
  ).toBe(1);
  const noPoint = await post(reviewer, `/minutes/${ended.minutes}/return`, {
    version_id: ended.version,
    codes: 'M06',
  });
  expect(noPoint.status).toBe(422);
  expect(await stateOf(world.db, ended.minutes)).toBe('in_review');

  await post(reviewer, `/minutes/${ended.minutes}/comments`, {
    version_id: ended.version,
    statement_id: ended.statements.resolved,
    code: 'M02',
    text: 'In principle only',
  });
  expect(load((await author.get(`/minutes/${ended.minutes}`)).text)('.remark').length).toBe(0);
  const back = await post(reviewer, `/minutes/${ended.minutes}/return`, {
    version_id: ended.version,
    codes: ['M02', 'O03'],
    note: 'Nearly there',
  });
  expect(back.status).toBe(303);
  expect(await stateOf(world.db, ended.minutes)).toBe('returned');

  const page = load((await author.get(`/meetings/${ended.meeting}/minutes`)).text);
  expect(page(`#statement-${ended.statements.resolved}`).text()).toContain('In principle only');
  const early = await post(author, `/minutes/${ended.minutes}/submission`);
  expect(early.status).toBe(422);
  expect(early.text).toContain('Answer each point');
  const comment = Number(/comment-(\d+)/.exec(page('.remark').attr('id') ?? '')?.[1]);
  await world.db.raw(
    `update statements
     set text = 'Approved in principle.', kind = 'approved_in_principle', version = version + 1
     where id = ?`,
    [ended.statements.resolved],
  );
  expect(
    (await post(author, `/minutes/${ended.minutes}/comments/${comment}/answer`, { answer: '' })).status,
  ).toBe(422);
  expect(
    (
      await post(author, `/minutes/${ended.minutes}/comments/${comment}/answer`, {
        answer: 'Changed as you say',
      })
    ).status,
  ).toBe(303);
  expect((await post(author, `/minutes/${ended.minutes}/submission`)).status).toBe(303);
  expect(await stateOf(world.db, ended.minutes)).toBe('in_review');

  const again = load((await reviewer.get(`/minutes/${ended.minutes}/review`)).text);
  expect(again('.changes ins').text()).toContain('in principle');
  expect(again('.changes del').text()).toContain('budget');
  expect(again('.remark-answer').text()).toContain('Changed as you say');
});

test('lets the approver send minutes back, and takes them straight back to the approver', async () => {
  const ended = await submitted();
  await post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: ended.version });
  await post(chair, `/minutes/${ended.minutes}/return`, {
    version_id: ended.version,
    codes: 'M01',
    text: 'It was eleven actions',
    statement_id: ended.statements.heard,
  });
  expect(await stateOf(world.db, ended.minutes)).toBe('returned');
  const comment = await row<{ id: number }>(
    world.db,
    `select id from review_comments where minutes_id = :id`,
    { id: ended.minutes },
  );
  await post(author, `/minutes/${ended.minutes}/comments/${comment?.id}/answer`, {
    answer: 'Twelve, I counted again',
  });
  await post(author, `/minutes/${ended.minutes}/submission`);
  expect(await stateOf(world.db, ended.minutes)).toBe('passed');
});

test('does not let a reviewer pass what they handed in themselves', async () => {
  const ended = await endedMeeting(world.db, cast);
  expect((await post(reviewer, `/minutes/${ended.minutes}/submission`)).status).toBe(303);
  const own = await post(reviewer, `/minutes/${ended.minutes}/pass`, {
    version_id: await versionOf(world.db, ended.minutes),
  });
  expect(own.status).toBe(403);
  expect(own.text).toContain('You handed in this version yourself');
  expect(await stateOf(world.db, ended.minutes)).toBe('in_review');
});

test('has no gate where nobody but the author could review', async () => {
  const lone = await endedMeeting(world.db, cast, { author: cast.reviewer.id, isPrivate: true });
  await world.db.raw(`update participants set role = 'required' where meeting_id = ? and person_id = ?`, [
    lone.meeting,
    cast.secretary.id,
  ]);
  await world.db.raw(`update participants set removed_at = now() where meeting_id = ? and person_id = ?`, [
    lone.meeting,
    cast.secretary.id,
  ]);
  await world.db.raw(`insert into participants (meeting_id, person_id, role) values (?, ?, 'secretary')`, [
    lone.meeting,
    cast.reviewer.id,
  ]);
  await world.db.raw(
    `insert into attendances (participant_id, status)
     select id, 'present'
     from participants
     where meeting_id = ? and person_id = ?`,
    [lone.meeting, cast.reviewer.id],
  );
  expect((await post(reviewer, `/minutes/${lone.minutes}/submission`)).status).toBe(303);
  expect(await stateOf(world.db, lone.minutes)).toBe('passed');
});

test('allots numbers per series without gaps, and one for two who approve at once', async () => {
  const series = await row<{ id: number }>(
    world.db,
    `insert into series (name, organiser_id, created_by) values ('Weekly leadership', :id, :id) returning id`,
    { id: cast.organiser.id },
  );
  await world.db.raw('insert into deputies (person_id, deputy_id) values (?, ?)', [
    cast.chair.id,
    cast.organiser.id,
  ]);
  const deputy = await world.agent(cast.organiser);
  const numbers: number[] = [];
  for (let i = 0; i < 3; i++) {
    const ended = await submitted({ seriesId: series?.id ?? null });
    await post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: ended.version });
    const answers = await Promise.all(
      [chair, deputy].map((agent) =>
        post(agent, `/minutes/${ended.minutes}/approval`, { version_id: ended.version }),
      ),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([303, 409]);
    expect(answers.find((answer) => answer.status === 409)?.text).toContain('approved them');
    const stored = await row<{ number: number; count: number }>(
      world.db,
      `select number, (select count(*) from approvals a where a.minutes_id = x.id) as count
       from minutes x
       where id = :id`,
      { id: ended.minutes },
    );
    expect(stored?.count).toBe(1);
    numbers.push(stored?.number ?? 0);
  }
  expect(numbers).toEqual([1, 2, 3]);
  await world.db.raw('delete from deputies');
});

test('gives one verdict when two reviewers decide at once', async () => {
  const ended = await submitted();
  const answers = await Promise.all([
    post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: ended.version }),
    post(reviewer, `/minutes/${ended.minutes}/return`, {
      version_id: ended.version,
      codes: 'M06',
      text: 'Words',
    }),
  ]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([303, 409]);
  expect(
    await rows(world.db, `select 1 from reviews where minutes_id = :id`, { id: ended.minutes }),
  ).toHaveLength(1);
});

test('refuses a verdict on a version no longer the newest, and gives back what was typed', async () => {
  const ended = await submitted();
  await post(author, `/minutes/${ended.minutes}/withdrawal`);
  await post(author, `/minutes/${ended.minutes}/submission`);
  const stale = await post(reviewer, `/minutes/${ended.minutes}/return`, {
    version_id: ended.version,
    codes: 'M06',
    text: 'My long remark',
  });
  expect(stale.status).toBe(409);
  expect(stale.text).toContain('My long remark');
});

test('never changes an approved version again, not even by SQL', async () => {
  const ended = await approved();
  for (const sql of [
    `update minutes_versions set content = '{}' where id = ${ended.version}`,
    `delete from minutes_versions where id = ${ended.version}`,
    `update approvals set approved_by = ${cast.outsider.id} where version_id = ${ended.version}`,
    `update statements set text = 'Nothing was decided' where id = ${ended.statements.resolved}`,
    `update minutes set number = number + 1 where id = ${ended.minutes}`,
    `delete from minutes where id = ${ended.minutes}`,
  ]) {
    await expect(world.owner.raw(sql)).rejects.toMatchObject({ code: '23001' });
  }
});

test('corrects issued minutes by a new version with the same number, to the same people', async () => {
  const ended = await approved();
  const persons = [cast.chair.id, cast.attendee.id];
  await post(author, `/minutes/${ended.minutes}/circulation`, { version_id: ended.version, persons });
  expect((await post(author, `/minutes/${ended.minutes}/correction`, { reason: '' })).status).toBe(422);
  expect(
    (await post(author, `/minutes/${ended.minutes}/correction`, { reason: 'The date was wrong' })).status,
  ).toBe(303);
  await world.db.raw(
    `update statements set text = 'Finance submits the revised budget by 1 April.' where id = ?`,
    [ended.statements.required],
  );

  const attendee = await world.agent(cast.attendee);
  const before = load((await attendee.get(`/meetings/${ended.meeting}/minutes`)).text);
  expect(before('.paper').text()).not.toContain('1 April');

  await post(author, `/minutes/${ended.minutes}/submission`);
  const version = await versionOf(world.db, ended.minutes);
  await post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: version });
  await post(chair, `/minutes/${ended.minutes}/approval`, { version_id: version });
  const proposed = load((await author.get(`/minutes/${ended.minutes}/circulation`)).text);
  expect(proposed('input[name=persons]:checked').length).toBeGreaterThanOrEqual(2);
  await post(author, `/minutes/${ended.minutes}/circulation`, { version_id: version, persons });
  const after = load((await attendee.get(`/meetings/${ended.meeting}/minutes`)).text);
  expect(after('.paper').text()).toContain('1 April');
  expect(after('.paper').text()).toContain('The date was wrong');
  const numbers = await rows<{ number: number }>(world.db, `select number from minutes where id = :id`, {
    id: ended.minutes,
  });
  expect(numbers).toHaveLength(1);
  expect(
    await rows(world.db, `select 1 from approvals where minutes_id = :id`, { id: ended.minutes }),
  ).toHaveLength(2);
});

test('issues once when two press at once, and lists it in the register of who got it', async () => {
  const ended = await approved();
  const form = { version_id: ended.version, persons: [cast.attendee.id, cast.chair.id] };
  const answers = await Promise.all(
    [author, await world.agent(cast.organiser)].map((agent) =>
      post(agent, `/minutes/${ended.minutes}/circulation`, form),
    ),
  );
  expect(answers.map((answer) => answer.status).sort()).toEqual([303, 409]);
  expect(
    await rows(world.db, `select 1 from circulations where minutes_id = :id`, { id: ended.minutes }),
  ).toHaveLength(2);
  const register = async (person: { id: number }, query = '') =>
    load((await (await world.agent(person)).get(`/minutes${query}`)).text)(
      `a[href="/meetings/${ended.meeting}/minutes"]`,
    ).length;
  expect(await register(cast.attendee)).toBe(1);
  expect(await register(cast.attendee, '?q=nothing+like+it')).toBe(0);
  expect(await register(cast.outsider)).toBe(0);
  expect(await register(cast.reviewer)).toBe(1);
});

test('keeps every step in the history of the meeting', async () => {
  const ended = await approved();
  const events = await rows<{ action: string }>(
    world.db,
    `select action from audit_events where meeting_id = :id order by id`,
    { id: ended.meeting },
  );
  expect(events.map((event) => event.action)).toEqual(['minutes.submit', 'minutes.pass', 'minutes.approve']);
});

test('approves the version that was read, as it was submitted, and no other', async () => {
  const ended = await submitted();
  await post(reviewer, `/minutes/${ended.minutes}/pass`, { version_id: ended.version });
  const other = await submitted();
  const by = { id: cast.chair.id };
  const given = { versionId: other.version, now: world.clock.now() };
  expect(await approveMinutes(world.db, by, ended.minutes, given)).toMatchObject({ ok: false });
  expect(await stateOf(world.db, ended.minutes)).toBe('passed');
  await world.owner.raw(`alter table minutes_versions disable trigger user`);
  await world.owner.raw(`update minutes_versions set sha256 = repeat('0', 64) where id = ?`, [ended.version]);
  await world.owner.raw(`alter table minutes_versions enable trigger user`);
  const changed = approveMinutes(world.db, by, ended.minutes, { ...given, versionId: ended.version });
  await expect(changed).rejects.toThrow('is not what was submitted');
  expect(await stateOf(world.db, ended.minutes)).toBe('passed');
});
