import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { STYLES } from '../../src/lib/http/styles.js';
import { testWorld } from '../support/world.js';

it('joins every file of assets/css, tokens first and paper last', () => {
  const files = readdirSync(join(__dirname, '../../views/assets/css'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.css'))
    .map((name) => name.replace(/\.css$/, ''))
    .sort();
  expect([...STYLES].sort()).toEqual(files);
  expect(STYLES[0]).toBe('frame/tokens');
  expect(STYLES.at(-1)).toBe('frame/print');
});

it('sends them in one answer that browsers keep', async () => {
  const world = await testWorld();
  const answer = await (await world.agent()).get('/assets/style.css?v=1');
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/css/);
  expect(answer.headers['cache-control']).toContain('immutable');
  expect(answer.text).toContain('--accent');
  expect(answer.text.indexOf('@media print')).toBeGreaterThan(0);
  await world.close();
});
