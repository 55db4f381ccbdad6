import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let administrator: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  administrator = await world.agent(cast.administrator);
});
afterAll(() => world.close());

const key = () => crypto.randomUUID();
const add = (form: Record<string, unknown>) =>
  administrator
    .post('/units')
    .type('form')
    .send({ key: key(), ...form });
const unit = (code: string) =>
  row<{
    id: number;
    version: number;
    parent_id: number | null;
    name_en: string;
    name_zh: string;
    is_active: boolean;
    head_id: number | null;
  }>(world.db, `select * from units where code = :code`, { code });
const save = async (code: string, form: Record<string, unknown>) => {
  const now = await unit(code);
  return administrator
    .post(`/units/${now?.id}`)
    .type('form')
    .send({
      code,
      name_en: now?.name_en,
      name_zh: now?.name_zh,
      parent_id: now?.parent_id ?? '',
      head: now?.head_id ? `#${now.head_id}` : '',
      version: now?.version,
      ...form,
    });
};

test('an administrator adds a unit below another; one name stands for both languages', async () => {
  expect(
    (
      await add({
        code: 'budget',
        name_zh: '预算科',
        parent_id: cast.units.finance,
        head: 'Wei Ran',
      })
    ).status,
  ).toBe(303);
  expect(await unit('budget')).toMatchObject({
    name_en: '预算科',
    name_zh: '预算科',
    parent_id: cast.units.finance,
    head_id: cast.outsider.id,
  });
  const page = load((await (await world.agent(cast.organiser)).get('/units')).text);
  expect(
    page('tbody th')
      .map((_, cell) => load(cell).text().trim())
      .get(),
  ).toEqual(['Finance', '预算科', 'Planning']);
  expect(page('main').text()).not.toContain('Take out of use');
  expect(await row(world.db, `select action, person_id from audit_events order by id desc limit 1`)).toEqual({
    action: 'unit.create',
    person_id: cast.administrator.id,
  });
});

test.each([
  [{ code: 'finance', name_en: 'Again' }, 'code', 'Another unit has this code'],
  [{ code: '-x', name_en: 'Odd' }, 'code', 'Letters, digits'],
  [{ code: 'nameless' }, 'name_en', 'Give at least one name'],
  [{ code: 'orphan', name_en: 'Orphan', parent_id: '99999' }, 'parent_id', 'Choose one of the options'],
  [
    { code: 'headless', name_en: 'Headless', head: 'Nobody Known' },
    'head',
    'Nobody called “Nobody Known” was found',
  ],
])('refuses %j at the field', async (form, field, message) => {
  const answer = await add(form);
  expect(answer.status).toBe(422);
  expect(load(answer.text)(`#f-${field}-error`).text()).toContain(message);
});

test('a unit never stands below itself, not even when two close the circle at once', async () => {
  await add({ code: 'north', name_en: 'North' });
  await add({ code: 'south', name_en: 'South' });
  const [north, south] = [await unit('north'), await unit('south')];
  const own = await save('north', { parent_id: north?.id });
  expect(own.status).toBe(422);
  const both = await Promise.all([
    save('north', { parent_id: south?.id }),
    save('south', { parent_id: north?.id }),
  ]);
  expect(both.map((one) => one.status).sort()).toEqual([303, 422]);
});

test('a unit with people says so and moves them where told', async () => {
  const planning = await unit('planning');
  const end = (form: Record<string, unknown>) =>
    administrator
      .post(`/units/${planning?.id}/deactivation`)
      .type('form')
      .send({ version: planning?.version, ...form });
  const refused = await end({});
  expect(refused.status).toBe(422);
  expect(load(refused.text)('#f-move_to-error').text()).toContain('choose where they go');
  expect((await end({ move_to: planning?.id })).status).toBe(422);
  expect((await end({ move_to: cast.units.finance })).status).toBe(303);
  expect(
    await rows(world.db, `select 1 from persons where unit_id = :id`, { id: planning?.id }),
  ).toHaveLength(0);
  expect((await unit('planning'))?.is_active).toBe(false);
  expect((await end({ move_to: cast.units.finance })).status).toBe(404);
  expect((await administrator.get('/units')).text).not.toContain('Planning');
  expect((await administrator.get('/units?all=1')).text).toContain('Planning');
  expect((await administrator.post(`/units/${planning?.id}/reactivation`)).status).toBe(303);
  expect((await unit('planning'))?.is_active).toBe(true);
});

test('a stale save keeps both texts', async () => {
  const opened = await unit('finance');
  expect((await save('finance', { name_en: 'Treasury' })).status).toBe(303);
  const stale = await save('finance', { name_en: 'Exchequer', version: opened?.version });
  expect(stale.status).toBe(409);
  expect(load(stale.text)('#f-name_en').val()).toBe('Exchequer');
  expect(load(stale.text)('#f-name_en-hint').text()).toContain('Treasury');
  expect((await unit('finance'))?.name_en).toBe('Treasury');
});

test('only administrators change units', async () => {
  for (const person of [cast.organiser, cast.secretary]) {
    const agent = await world.agent(person);
    expect((await agent.get('/units/new')).status).toBe(403);
    expect((await agent.post(`/units/${cast.units.finance}`).type('form').send({})).status).toBe(403);
    expect(
      (await agent.post(`/units/${cast.units.finance}/deactivation`).type('form').send({ version: 1 }))
        .status,
    ).toBe(403);
  }
});
