import { routes } from '../src/app.js';
import { row } from '../src/lib/db/db.js';
import type { Route } from '../src/lib/http/route.js';
import { makeCast, type Cast } from './support/cast.js';
import { testWorld, type Agent, type World } from './support/world.js';

// The access matrix: every address of the product × who asks, generated from the routes themselves, so that a
// new address is in it from its first day.

type Who = 'anonymous' | 'member' | 'secretary' | 'administrator';
const WHO: Who[] = ['anonymous', 'member', 'secretary', 'administrator'];

let world: World;
let cast: Cast;
let agents: Record<Who, Agent>;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  agents = {
    anonymous: await world.agent(),
    member: await world.agent(cast.outsider),
    secretary: await world.agent(cast.secretary),
    administrator: await world.agent(cast.administrator),
  };
});
afterAll(() => world.close());

/** An address with nothing behind its ids. */
const nowhere = (path: string) => path.replace(/:token/g, 'A'.repeat(43)).replace(/:\w+/g, '999999');
const send = (agent: Agent, route: Route, path: string) =>
  route.method === 'get' ? agent.get(path) : agent.post(path).type('form').send({});

function may(route: Route, who: Who): boolean {
  const role = who === 'anonymous' ? null : who;
  return route.policy.allows(
    role ? ({ id: 1, role } as unknown as Parameters<typeof route.policy.allows>[0]) : null,
  );
}

test('the policies mean what their names say', () => {
  const allowed = Object.fromEntries(
    ['anyone', 'signed-in', 'secretary', 'administrator'].map((name) => {
      const route = routes.find((one) => one.policy.name === name);
      return [name, route ? WHO.filter((who) => may(route, who)) : []];
    }),
  );
  expect(allowed).toEqual({
    anyone: WHO,
    'signed-in': WHO.slice(1),
    secretary: WHO.slice(2),
    administrator: WHO.slice(3),
  });
});

// What one does for oneself: others are refused by the address already, before anything is looked up.
const ONLY_ONESELF = /^\/people\/:id\/deputies/;

describe.each(
  routes
    .filter((route) => !['/sign-out', '/language'].includes(route.path))
    .map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const),
)('%s', (_name, route) => {
  test(`is for: ${route.policy.name}`, async () => {
    for (const who of WHO) {
      const answer = await send(agents[who], route, nowhere(route.path));
      const got = `${who}: ${answer.status}`;
      expect(answer.status).toBeLessThan(500);
      if (may(route, who)) {
        expect(got).not.toBe(`${who}: 401`);
        if (!ONLY_ONESELF.test(route.path)) expect(got).not.toBe(`${who}: 403`);
        if (route.policy.name !== 'anyone')
          expect(answer.headers.location ?? '').not.toMatch(/^\/(sign-in|setup)/);
      } else if (who !== 'anonymous') {
        expect(got).toBe(`${who}: 403`);
      } else if (route.method === 'get') {
        expect(got).toBe(`${who}: 303`);
        expect(answer.headers.location).toMatch(/^\/sign-in/);
      } else {
        expect(got).toBe(`${who}: 401`);
      }
    }
  });
});

describe('a private meeting', () => {
  const SECRET = 'Merger with the neighbours';
  let id: number;
  beforeAll(async () => {
    const made = await row<{ id: number }>(
      world.db,
      `insert into meetings (title, state, starts_at, ends_at, zone, is_private, organiser_id, created_by,
         uid)
       values (:title, 'scheduled', '2030-03-05T01:00Z', '2030-03-05T02:00Z', 'Asia/Shanghai', true, :by,
         :by, gen_random_uuid())
       returning id`,
      { title: SECRET, by: cast.organiser.id },
    );
    id = made?.id ?? 0;
  });

  const within = routes.filter(
    (route) => /^\/meetings\/:\w+/.test(route.path) && route.policy.name !== 'anyone',
  );

  test.each(within.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const))(
    'is hidden behind %s from everybody who has nothing to do with it',
    async (_name, route) => {
      const path = nowhere(route.path.replace(/:\w+/, String(id)));
      for (const who of ['member', 'secretary', 'administrator'] as const) {
        if (!may(route, who)) continue;
        const answer = await send(agents[who], route, path);
        // A form that is wrong in itself is refused before the meeting is looked for, whether it exists or
        // not.
        expect([404, 422]).toContain(answer.status);
        expect(answer.text).not.toContain(SECRET);
      }
    },
  );

  test('is shown to its organiser', async () => {
    const answer = await (await world.agent(cast.organiser)).get(`/meetings/${id}`);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(SECRET);
  });

  test('is known to who is deputy of its organiser today, not to who was or will be', async () => {
    // Days count by the database's clock.
    for (const [from, to, status] of [
      ['current_date - 3', 'current_date - 2', 404],
      ['current_date + 2', 'null', 404],
      ['current_date - 2', 'current_date + 2', 200],
      ['null', 'null', 200],
    ] as const) {
      await world.db.raw(
        `insert into deputies (person_id, deputy_id, from_on, to_on, created_by)
         values (?, ?, ${from}, ${to}, ?)`,
        [cast.organiser.id, cast.outsider.id, cast.organiser.id],
      );
      expect((await agents.member.get(`/meetings/${id}`)).status).toBe(status);
      await world.db.raw('delete from deputies');
    }
  });

  // Whatever page has no id in its address, at the time of the meeting and looked for by its name: also those
  // made later.
  test('has no name on any page for others', async () => {
    await world.owner.raw(`insert into meeting_rooms (meeting_id, room_id) values (:id, :room)`, {
      id,
      room: cast.rooms.orchid,
    });
    await world.owner.raw(
      `insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from, occupies_to,
         created_by)
       select :room, id, 'confirmed', starts_at, ends_at, starts_at, ends_at, created_by
         from meetings
        where id = :id`,
      { id, room: cast.rooms.orchid },
    );
    const told: string[] = [];
    const seen: string[] = [];
    for (const route of routes.filter((one) => one.method === 'get' && !one.path.includes(':'))) {
      for (const who of ['member', 'secretary', 'administrator'] as const) {
        const { text } = await agents[who].get(
          `${route.path}?date=2030-03-05&from=2030-03-05&to=2030-03-05&whose=all&view=all&q=Merger`,
        );
        if ((text ?? '').includes(SECRET)) told.push(`${who}: ${route.path}`);
        if (/>Booked</.test(text ?? '')) seen.push(route.path);
      }
    }
    expect(told).toEqual([]);
    expect(seen).toContain('/calendar');
  });
});
