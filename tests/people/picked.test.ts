import { load } from 'cheerio';
import { change, row } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// What a field for a person understands and what it says, on the form of a unit.

let world: World;
let cast: Cast;
let administrator: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  administrator = await world.agent(cast.administrator);
  await change(
    world.db,
    `insert into persons (name, name_en, email, zone, unit_id, deactivated_at, is_guest) values
       ('张伟', 'Zhang Wei', 'zhang.wei@office.example', 'Asia/Shanghai', :finance, null, false),
       ('张伟', 'Zhang Wei', 'zhang.wei.2@office.example', 'Asia/Shanghai', :planning, null, false),
       ('张伟', 'Zhang Wei', 'zhang.wei@elsewhere.example', 'Asia/Shanghai', null, null, true),
       ('张伟', 'Zhang Wei', 'zhang.wei.3@office.example', 'Asia/Shanghai', null, now(), false),
       ('黄无邮', 'Huang Wuyou', null, 'Asia/Shanghai', null, null, false),
       ('赵前', 'Zhao Qian', 'zhao.qian@office.example', 'Asia/Shanghai', null, now(), false)`,
    cast.units,
  );
});
afterAll(() => world.close());

const idOf = async (email: string) =>
  (await row<{ id: number }>(world.db, `select id from persons where email = :email`, { email }))?.id;
const unit = () =>
  row<{ head_id: number | null; version: number }>(
    world.db,
    `select * from units where id = :finance`,
    cast.units,
  );
async function save(head: string, agent = administrator) {
  const version = (await unit())?.version;
  return agent
    .post(`/units/${cast.units.finance}`)
    .type('form')
    .send({ code: 'finance', name_en: 'Finance', name_zh: '财务处', parent_id: '', head, version });
}

test.each([
  ['a name that one active person has', 'Wei Ran', 'outsider@office.example'],
  ['a name in Chinese', '魏然', 'outsider@office.example'],
  ['an address', 'OUTSIDER@office.example', 'outsider@office.example'],
  ['what the suggestions write', 'Zhang Wei <zhang.wei.2@office.example>', 'zhang.wei.2@office.example'],
])('%s names a person', async (_what, typed, email) => {
  expect((await save(typed)).status).toBe(303);
  expect((await unit())?.head_id).toBe(await idOf(email));
  const form = load((await administrator.get(`/units/${cast.units.finance}/edit`)).text);
  expect(form('[name=head]').val()).toContain(`<${email}>`);
});

test('an empty field names nobody, and somebody without an address is named by number', async () => {
  expect((await save('')).status).toBe(303);
  expect((await unit())?.head_id).toBeNull();
  const person = await row<{ id: number }>(world.db, `select id from persons where name_en = 'Huang Wuyou'`);
  expect((await save(`Huang Wuyou #${person?.id}`)).status).toBe(303);
  expect((await unit())?.head_id).toBe(person?.id);
});

test.each([
  ['nobody has the name', 'Nobody Known', 'Nobody called “Nobody Known” was found', '未找到“Nobody Known”'],
  ['the person has left', 'Zhao Qian', '“Zhao Qian” has left the office', '“Zhao Qian”已停用'],
  ['it is a guest', 'Alex Guest', 'Alex Guest is a guest', 'Alex Guest是外部人员'],
])('where %s the message says so in both languages, and the text stays', async (_why, typed, en, zh) => {
  for (const [lang, message] of [
    ['en', en],
    ['zh-CN', zh],
  ] as const) {
    await change(world.db, `update persons set lang = :lang where id = :id`, {
      lang,
      id: cast.administrator.id,
    });
    const answer = await save(typed);
    expect(answer.status).toBe(422);
    const html = load(answer.text);
    expect(html('#f-head-error').text()).toContain(message);
    expect(html('[name=head]').val()).toBe(typed);
    expect(html('.error-summary a').attr('href')).toBe('#f-head');
  }
  await change(world.db, `update persons set lang = 'en' where id = :id`, { id: cast.administrator.id });
});

test('a name of several people is refused with what parts them; those who left do not count', async () => {
  const answer = await save('Zhang Wei');
  expect(answer.status).toBe(422);
  const message = load(answer.text)('#f-head-error').text();
  expect(message).toContain('Several people are called “Zhang Wei”');
  expect(message).toContain('Zhang Wei <zhang.wei@office.example> (Finance)');
  expect(message).toContain('Zhang Wei <zhang.wei.2@office.example> (Planning)');
  expect(message).not.toContain('zhang.wei.3@office.example');
});

test('the address of a guest is told to nobody who may not list guests', async () => {
  const meeting = await row<{ id: number }>(
    world.db,
    `insert into meetings (title, state, starts_at, ends_at, zone, organiser_id, created_by, uid)
     values (
       'Talk', 'scheduled', '2030-03-05T01:00Z', '2030-03-05T02:00Z', 'Asia/Shanghai', :by, :by,
       gen_random_uuid()
     )
     returning id`,
    { by: cast.organiser.id },
  );
  const action = await row<{ id: number }>(
    world.db,
    `insert into actions (
       meeting_id, deliverable, lead_id, due_on, original_due_on, state, assigned_at, created_by
     )
     values (:meeting, 'Report', :lead, '2030-04-01', '2030-04-01', 'in_progress', now(), :by) returning id`,
    { meeting: meeting?.id, lead: cast.attendee.id, by: cast.organiser.id },
  );
  const organiser = await world.agent(cast.organiser);
  const answer = await organiser
    .post(`/actions/${action?.id}/handover`)
    .type('form')
    .send({ lead: 'Zhang Wei', helper: '', note: 'Please.' });
  expect(answer.status).toBe(422);
  expect(answer.text).toContain('zhang.wei.2@office.example');
  expect(answer.text).not.toContain('zhang.wei@elsewhere.example');
  expect(load(answer.text)('[name=note]').val()).toContain('Please.');
});

test('who is stored stays when they have left; somebody else who has left is refused', async () => {
  const gone = await idOf('zhao.qian@office.example');
  await change(world.owner, `update organisations set office_head_id = :gone`, { gone });
  const html = load((await administrator.get('/admin/office')).text);
  expect(html('[name=office_head]').val()).toBe('Zhao Qian <zhao.qian@office.example>');
  const typed = Object.fromEntries(
    html('form[action="/admin/office"]')
      .serializeArray()
      .map(({ name, value }) => [name, value]),
  );
  const post = async (values: Record<string, string>) =>
    administrator
      .post('/admin/office')
      .type('form')
      .send({ ...typed, ...values });
  const other = await post({ office_head: 'zhang.wei.3@office.example' });
  expect(other.status).toBe(422);
  expect(load(other.text)('#f-office_head-error').text()).toContain('has left the office');
  expect((await post({ name_en: 'Harbour Office' })).status).toBe(303);
  expect(await row(world.db, `select office_head_id, name_en from organisations`)).toEqual({
    office_head_id: gone,
    name_en: 'Harbour Office',
  });
});
