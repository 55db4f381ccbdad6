import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { endedMeeting, stateOf, versionOf } from './endedMeeting.js';

let world: World;
let cast: Cast;
const agents: Partial<Record<string, Agent>> = {};
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  for (const name of [
    'organiser',
    'attendee',
    'chair',
    'reviewer',
    'secretary',
    'outsider',
    'administrator',
  ] as const)
    agents[name] = await world.agent(cast[name]);
});
afterAll(() => world.close());

const post = (agent: Agent, path: string, form: Record<string, unknown> = {}) =>
  agent.post(path).type('form').send(form);
const statuses = async (path: string) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(agents).map(async ([name, agent]) => [name, (await agent!.get(path)).status]),
    ),
  );

test('shows minutes that are not out only to those who make, review or approve them', async () => {
  const ended = await endedMeeting(world.db, cast);
  await post(agents.secretary!, `/minutes/${ended.minutes}/submission`);
  expect(await statuses(`/minutes/${ended.minutes}`)).toEqual({
    organiser: 200,
    attendee: 404,
    chair: 200,
    reviewer: 200,
    secretary: 200,
    outsider: 404,
    administrator: 200,
  });
  expect(await statuses(`/minutes/${ended.minutes}/review`)).toMatchObject({
    attendee: 404,
    outsider: 404,
    reviewer: 200,
  });
  expect(await statuses(`/minutes/${ended.minutes}/versions/1`)).toMatchObject({
    attendee: 404,
    outsider: 404,
    chair: 200,
  });
  const unsent = await agents.attendee!.get(`/meetings/${ended.meeting}/minutes`);
  expect(unsent.status).toBe(200);
  expect(unsent.text).not.toContain('draft budget is approved');
});

test('keeps private minutes from the office and from an administrator', async () => {
  const ended = await endedMeeting(world.db, cast, { isPrivate: true });
  expect(await statuses(`/minutes/${ended.minutes}`)).toMatchObject({
    reviewer: 404,
    outsider: 404,
    administrator: 404,
    secretary: 200,
    chair: 200,
  });
  expect(await statuses(`/meetings/${ended.meeting}/minutes`)).toMatchObject({
    reviewer: 404,
    outsider: 404,
    administrator: 404,
  });
});

test('withholds a restricted item from who is not cleared, on page and in checks', async () => {
  const ended = await endedMeeting(world.db, cast, { restricted: true });
  await world.db.raw(`update statements set text = 'Overdue: TODO names' where id = ?`, [
    ended.statements.heard,
  ]);
  const seen = (await agents.secretary!.get(`/minutes/${ended.minutes}`)).text;
  expect(seen).toContain('Overdue: TODO names');
  expect(load(seen)('.findings').text()).toContain('TODO');
  const hidden = (await agents.administrator!.get(`/minutes/${ended.minutes}`)).text;
  expect(hidden).toContain('Item for named persons only');
  expect(hidden).not.toContain('Overdue');
  expect(hidden).not.toContain('TODO');
});

test('lets nobody review their own minutes, nor anybody decide whose step it is not', async () => {
  const ended = await endedMeeting(world.db, cast);
  await post(agents.secretary!, `/minutes/${ended.minutes}/submission`);
  const version_id = await versionOf(world.db, ended.minutes);
  for (const name of ['secretary', 'organiser', 'chair', 'administrator'] as const) {
    const status = (await post(agents[name]!, `/minutes/${ended.minutes}/pass`, { version_id })).status;
    expect([name, status === 403 || status === 409]).toEqual([name, true]);
  }
  for (const name of ['attendee', 'outsider'] as const)
    expect((await post(agents[name]!, `/minutes/${ended.minutes}/pass`, { version_id })).status).toBe(404);
  expect(await stateOf(world.db, ended.minutes)).toBe('in_review');
  expect((await post(agents.reviewer!, `/minutes/${ended.minutes}/approval`, { version_id })).status).toBe(
    403,
  );
  expect(
    (
      await post(agents.reviewer!, `/minutes/${ended.minutes}/comments`, {
        version_id,
        statement_id: 999999,
        text: 'x',
      })
    ).status,
  ).toBe(404);
});

test('lets the chair’s deputy approve in the chair’s name, but not who wrote the minutes', async () => {
  await world.db.raw('insert into deputies (person_id, deputy_id) values (?, ?), (?, ?)', [
    cast.chair.id,
    cast.organiser.id,
    cast.chair.id,
    cast.secretary.id,
  ]);
  const ended = await endedMeeting(world.db, cast);
  await post(agents.secretary!, `/minutes/${ended.minutes}/submission`);
  const version_id = await versionOf(world.db, ended.minutes);
  await post(agents.reviewer!, `/minutes/${ended.minutes}/pass`, { version_id });
  expect((await post(agents.secretary!, `/minutes/${ended.minutes}/approval`, { version_id })).status).toBe(
    403,
  );
  expect((await post(agents.organiser!, `/minutes/${ended.minutes}/approval`, { version_id })).status).toBe(
    303,
  );
  const kept = await row(
    world.db,
    `select approved_by, on_behalf_of_id from approvals where minutes_id = :id`,
    { id: ended.minutes },
  );
  expect(kept).toEqual({ approved_by: cast.organiser.id, on_behalf_of_id: cast.chair.id });
  expect((await agents.secretary!.get(`/minutes/${ended.minutes}`)).text).toContain(
    'Approved by Ouyang Min for Zhou Zheng',
  );
  await world.db.raw('delete from deputies');
});

test('blocks a draft with open checks, names the place, and keeps the reason of an override', async () => {
  const ended = await endedMeeting(world.db, cast);
  await world.db.raw(`update actions set lead_id = null where id = ?`, [ended.action]);
  const blocked = await post(agents.secretary!, `/minutes/${ended.minutes}/submission`);
  expect(blocked.status).toBe(422);
  const $ = load(blocked.text);
  const finding = $('.findings li').first();
  expect(finding.text()).toContain('O01');
  expect(finding.text()).toContain('Item 1, action');
  const place = finding.find('input[name=place]').attr('value');
  expect(
    (await post(agents.secretary!, `/minutes/${ended.minutes}/overrides`, { code: 'O01', place, reason: '' }))
      .status,
  ).toBe(422);
  expect(
    (
      await post(agents.secretary!, `/minutes/${ended.minutes}/overrides`, {
        code: 'O01',
        place,
        reason: 'The head of Finance names one tomorrow',
      })
    ).status,
  ).toBe(303);
  expect((await post(agents.secretary!, `/minutes/${ended.minutes}/submission`)).status).toBe(303);
  expect((await agents.reviewer!.get(`/minutes/${ended.minutes}/review`)).text).toContain(
    'The head of Finance names one tomorrow',
  );
});

test('does not let a mark of a state secret pass by an override', async () => {
  const ended = await endedMeeting(world.db, cast, { lang: 'zh-CN' });
  await world.db.raw(`update statements set text = '【机密】同意。' where id = ?`, [
    ended.statements.resolved,
  ]);
  await post(agents.secretary!, `/minutes/${ended.minutes}/overrides`, {
    code: 'S02',
    place: `statement:${ended.statements.resolved}|机密`,
    reason: 'no',
  });
  expect((await post(agents.secretary!, `/minutes/${ended.minutes}/submission`)).status).toBe(422);
});

test('keeps both titles when two people change one', async () => {
  const ended = await endedMeeting(world.db, cast);
  const form = { version: 1, lang: 'en', template: 'plain' };
  expect(
    (await post(agents.secretary!, `/minutes/${ended.minutes}/edit`, { ...form, title: 'First' })).status,
  ).toBe(303);
  const stale = await post(agents.organiser!, `/minutes/${ended.minutes}/edit`, { ...form, title: 'Second' });
  expect(stale.status).toBe(409);
  expect(stale.text).toContain('“First”');
  const $ = load(stale.text);
  expect($('input[name=title]').attr('value')).toBe('Second');
  expect(
    (
      await post(agents.organiser!, `/minutes/${ended.minutes}/edit`, {
        ...form,
        version: $('input[name=version]').attr('value'),
        title: 'Second',
      })
    ).status,
  ).toBe(303);
});

test('lets a meeting name its own reviewer, who is never the author', async () => {
  const ended = await endedMeeting(world.db, cast);
  const form = { version: 1, title: 'Minutes', lang: 'en', template: 'plain' };
  const own = await post(agents.secretary!, `/minutes/${ended.minutes}/edit`, {
    ...form,
    reviewer: 'He Jing <secretary@office.example>',
  });
  expect(own.status).toBe(422);
  expect(own.text).toContain('choose somebody else');
  expect(
    (
      await post(agents.secretary!, `/minutes/${ended.minutes}/edit`, {
        ...form,
        reviewer: 'Wei Ran',
      })
    ).status,
  ).toBe(303);
  await post(agents.secretary!, `/minutes/${ended.minutes}/submission`);
  const version_id = await versionOf(world.db, ended.minutes);
  expect((await post(agents.reviewer!, `/minutes/${ended.minutes}/pass`, { version_id })).status).toBe(403);
  expect((await post(agents.outsider!, `/minutes/${ended.minutes}/pass`, { version_id })).status).toBe(303);
});

test('shows hostile text as text', async () => {
  const ended = await endedMeeting(world.db, cast, { title: '<script>alert(1)</script>' });
  await world.db.raw(`update statements set text = ? where id = ?`, [
    '"><img src=x onerror=alert(1)> {t} ${1} <%= 1 %>',
    ended.statements.resolved,
  ]);
  for (const path of [`/minutes/${ended.minutes}`, `/minutes/${ended.minutes}/edit`]) {
    const { text } = await agents.secretary!.get(path);
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img src=x');
  }
});

test('begins minutes once, with the meeting’s secretary as author', async () => {
  const ended = await endedMeeting(world.db, cast);
  await world.owner.raw('alter table minutes disable trigger all');
  await world.owner.raw('delete from minutes where id = ?', [ended.minutes]);
  await world.owner.raw('alter table minutes enable trigger all');
  expect((await agents.organiser!.get(`/meetings/${ended.meeting}/minutes`)).text).toContain(
    'Begin the minutes',
  );
  const answers = await Promise.all(
    [1, 2].map(() => post(agents.organiser!, `/meetings/${ended.meeting}/minutes`)),
  );
  expect(answers.map((answer) => answer.status)).toEqual([303, 303]);
  expect(
    await rows(world.db, `select author_id, title from minutes where meeting_id = :id`, {
      id: ended.meeting,
    }),
  ).toEqual([{ author_id: cast.secretary.id, title: 'Minutes of Budget meeting' }]);
  expect((await post(agents.outsider!, `/meetings/${ended.meeting}/minutes`)).status).toBe(403);
});
