import { stress } from '../bench/stress.js';
import { testWorld, type World } from '../support/world.js';

// The small version of `npm run bench -- stress`: everybody does everything at once, holds run out, a worker
// serves the queue.

let world: World;
beforeAll(async () => {
  world = await testWorld();
  world.clock.set(new Date());
});
afterAll(() => world.close());

it('keeps every promise about rooms while thirty-two people press at once', async () => {
  const { answers, wrong } = await stress(
    { port: Number(new URL(world.url).port) },
    world.owner,
    world.config.databaseDirectUrl ?? '',
    '',
    { attempts: 200, clients: 32, seed: 7 },
  );
  expect(wrong).toEqual([]);
  const count = (name: string) =>
    [...answers].filter(([key]) => key.startsWith(`${name} `)).reduce((sum, [, times]) => sum + times, 0);
  expect(count('book')).toBeGreaterThan(20);
  expect([...answers.keys()].filter((key) => key.endsWith(' 303')).length).toBeGreaterThan(8);
  expect(answers.get('book 409')).toBeGreaterThan(0);
}, 60_000);
