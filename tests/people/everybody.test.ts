import { load } from 'cheerio';
import type { Response } from 'superagent';
import { makeSample } from '../../src/sample/make.js';
import { change, row } from '../../src/lib/db/db.js';
import { addressesOf, type Address } from '../support/pages.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// An office of six thousand: no page grows with its directory, and the
// last of its people can be named like the first.

const PEOPLE = 6000;
/** Figures such as "1–50 of 6,058" are longer by some letters. */
const TOLERANCE = 300;
const LAST = {
  email: `number.${PEOPLE}@linjiang.example`,
  text: `Number ${PEOPLE} <number.${PEOPLE}@linjiang.example>`,
};

let world: World;
let addresses: Address[];
const agents = new Map<number | null, Agent>();

beforeAll(async () => {
  world = await testWorld();
  await makeSample(world.db, { password: 'look around here', clock: world.clock, config: world.config });
  addresses = await addressesOf(world.db, world.config);
  for (const as of new Set(addresses.map((one) => one.as)))
    agents.set(as, await world.agent(as === null ? undefined : { id: as }));
}, 120_000);
afterAll(() => world.close());

/** How long each page is. Keys of forms are of one length, and the clock stands still. */
async function measure(): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { address, as } of addresses) {
    const answer = await agents.get(as)!.get(address);
    sizes.set(`${address} as ${as}`, Buffer.byteLength(answer.text ?? ''));
  }
  return sizes;
}

/** Adds people with these numbers, in all units. */
function addPeople(from: number, to: number): Promise<number> {
  return change(
    world.owner,
    `insert into persons (name, name_en, email, zone, unit_id)
     select '第' || n || '人', 'Number ' || n, 'number.' || n || '@linjiang.example', 'Asia/Shanghai',
            u.ids[1 + n % cardinality(u.ids)]
       from generate_series(cast(:from as int), cast(:to as int)) n,
       (select array_agg(id order by id) as ids from units) u`,
    { from, to },
  );
}

test('no page grows with the directory', async () => {
  // Lists with pages of their own are full before.
  await addPeople(1, 100);
  const few = await measure();
  await addPeople(101, PEOPLE);
  const many = await measure();
  const grown = [...many]
    .map(([page, bytes]) => ({ page, by: bytes - (few.get(page) ?? 0) }))
    .filter(({ by }) => Math.abs(by) > TOLERANCE);
  expect(grown).toEqual([]);
}, 240_000);

test('the last of six thousand is suggested', async () => {
  const { as } = addresses.find(({ path }) => path === '/admin/office')!;
  const found = await agents.get(as)!.get(`/people/search?q=number%20${PEOPLE}`);
  expect(found.body.persons).toMatchObject([{ text: expect.stringContaining(`<${LAST.email}>`) as string }]);
});

/** The form that holds this field, as a browser would post it, with other values. */
async function fill(page: Page, values: Record<string, string>): Promise<Response> {
  const agent = agents.get(page.as)!;
  const html = load((await agent.get(page.address)).text);
  const form = html(`[name="${page.field}"]`).first().closest('form');
  const typed: Record<string, unknown> = {};
  for (const { name, value } of form.serializeArray()) {
    const before = typed[name];
    typed[name] = before === undefined ? value : [before, value].flat();
  }
  return agent
    .post(form.attr('action') ?? '')
    .type('form')
    .send({ ...typed, ...values });
}

interface Page extends Address {
  field: string;
}

/** The pages with a field for somebody of the whole office, and what tells whom it stored. */
const FIELDS: { path: string; field: string; more?: Record<string, string>; stored: string }[] = [
  { path: '/admin/office', field: 'office_head', stored: `select office_head_id as id from organisations` },
  {
    path: '/units/:id/edit',
    field: 'head',
    stored: `select head_id as id from units where head_id = :last`,
  },
  {
    path: '/minutes/:id/edit',
    field: 'approver',
    stored: `select approver_id as id from meetings where approver_id = :last`,
  },
  {
    path: '/minutes/:id/circulation',
    field: 'person',
    stored: `select person_id as id from circulations where person_id = :last`,
  },
  {
    path: '/meetings/:id/minutes/write',
    field: 'lead',
    more: { text: 'Count everybody.', due_on: '2031-01-01', kind: 'required' },
    stored: `select lead_id as id from actions where deliverable = 'Count everybody.'`,
  },
  {
    path: '/actions/:id/handover',
    field: 'lead',
    stored: `select lead_id as id from actions where lead_id = :last and state = 'assigned'`,
  },
  {
    path: '/actions/handover',
    field: 'lead',
    stored: `select max(lead_id) as id from actions where lead_id = :last having count(*) > 1`,
  },
  {
    path: '/people/:id/deactivation',
    field: 'to',
    stored: `select max(organiser_id) as id from meetings where organiser_id = :last`,
  },
];

describe.each(FIELDS)('$field on $path', ({ path, field, more = {}, stored }) => {
  const find = async (): Promise<Page> => {
    for (const one of addresses.filter((other) => other.path === path)) {
      const html = load((await agents.get(one.as)!.get(one.address)).text);
      if (html(`input[data-picker][name="${field}"]`).length > 0) return { ...one, field };
    }
    throw new Error(`no page ${path} has a field ${field}`);
  };

  test('keeps a name that nobody has, says so, and takes the last of six thousand', async () => {
    const page = await find();
    const wrong = await fill(page, { ...more, [field]: 'Nobody Known' });
    expect(wrong.status).toBe(422);
    const html = load(wrong.text);
    expect(html('main').text()).toMatch(/Nobody called “Nobody Known” was found|未找到“Nobody Known”/);
    expect(
      html(`input[data-picker][name="${field}"]`)
        .toArray()
        .map((input) => html(input).val()),
    ).toContain('Nobody Known');
    expect((await fill(page, { ...more, [field]: LAST.text })).status).toBe(303);
    const last = await row<{ id: number }>(world.db, `select id from persons where email = :email`, {
      email: LAST.email,
    });
    expect(await row(world.db, stored, { last: last?.id })).toEqual({ id: last?.id });
  });
});

test('a unit with more people than a meeting may have is refused, not cut', async () => {
  const { address, as } = addresses.find(({ path }) => path === '/meetings/:id/people')!;
  const invited = () =>
    row<{ count: number }>(
      world.db,
      `select count(*)::int as count from participants where meeting_id = :id and removed_at is null`,
      { id: address.split('/')[2] },
    );
  // Nobody else is invited: then five hundred would just fit.
  await change(world.owner, `update participants set removed_at = now() where meeting_id = :id`, {
    id: address.split('/')[2],
  });
  const unit = await row<{ id: number }>(
    world.db,
    `select unit_id as id
       from persons
       group by unit_id
       having count(*) > 500 and unit_id is not null
       limit 1`,
  );
  const answer = await agents
    .get(as)!
    .post(address)
    .type('form')
    .send({ person: '', people: '', unit: String(unit?.id), role: 'informed' });
  expect(answer.status).toBe(422);
  expect(load(answer.text)('.field-error').text()).toMatch(/500/);
  expect(await invited()).toEqual({ count: 0 });
});
