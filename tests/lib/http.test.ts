import { randomUUID } from 'node:crypto';
import express from 'express';
import { once } from '../../src/lib/http/once.js';
import { mount, type Doors, type Parts } from '../../src/lib/http/mount.js';
import { attachment, type Route } from '../../src/lib/http/route.js';
import { change, row } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
});
afterAll(() => world.close());

test('an address that leads nowhere says so in the language of the reader', async () => {
  const agent = await world.agent(cast.attendee);
  const english = await agent.get('/no-such-page');
  expect(english.status).toBe(404);
  await change(world.db, `update persons set lang = 'zh-CN' where id = :id`, { id: cast.attendee.id });
  const chinese = await agent.get('/no-such-page');
  expect(chinese.text).toContain('lang="zh-CN"');
  expect(chinese.text).toContain('此页面不存在');
});

test('every answer carries a policy that lets nothing foreign in', async () => {
  const agent = await world.agent();
  for (const address of ['/sign-in', '/no-such-page']) {
    const answer = await agent.get(address);
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['referrer-policy']).toBe('same-origin');
    expect(answer.headers['x-powered-by']).toBeUndefined();
    expect(answer.headers['cache-control']).toMatch(/no-cache|no-store/);
    expect(answer.text).not.toMatch(/<script(?![^>]* src=)|style=|<style| on[a-z]+="/);
  }
});

test.each([
  [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
  [{ 'Sec-Fetch-Site': 'same-site' }, 403],
  [{ 'Sec-Fetch-Site': '', Origin: 'https://evil.example' }, 403],
  [{ 'Sec-Fetch-Site': '', Origin: 'null' }, 403],
])('a change sent by another site (%j) is refused', async (headers, status) => {
  const agent = await world.agent(cast.organiser);
  const answer = await agent.post('/sign-out').set(headers).type('form').send({});
  expect(answer.status).toBe(status);
});

test('a session that was idle for half an hour is over, by the clock of the database', async () => {
  const agent = await world.agent(cast.organiser);
  expect((await agent.get('/no-such-page')).text).toContain('Sign out');
  await change(
    world.db,
    `update sessions set last_seen_at = now() - interval '31 minutes' where person_id = :id`,
    { id: cast.organiser.id },
  );
  expect((await agent.get('/no-such-page')).text).not.toContain('Sign out');
});

test('the same form sent eight times at once is one change with one answer', async () => {
  const key = randomUUID();
  let runs = 0;
  const results = await Promise.all(
    Array.from({ length: 8 }, () =>
      once(world.db, { person: cast.organiser.id, key, body: { title: 'x' } }, async () => {
        runs++;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { location: '/meetings/1' };
      }),
    ),
  );
  expect(runs).toBe(1);
  expect(new Set(results.map((result) => result.location))).toEqual(new Set(['/meetings/1']));
  await expect(
    once(world.db, { person: cast.organiser.id, key, body: { title: 'y' } }, async () => ({ location: '/' })),
  ).rejects.toMatchObject({ status: 409, location: '/meetings/1' });
});

test('a refused form leaves its key free, so that it can be mended and sent again', async () => {
  const key = randomUUID();
  await once(world.db, { person: cast.organiser.id, key, body: { title: '' } }, async () => ({
    location: undefined,
  }));
  expect(await row(world.db, `select 1 from idempotency_keys where key = :key`, { key })).toBeUndefined();
});

test('a route without a policy, or one that stands twice, stops the start', () => {
  const bare = { method: 'get', path: '/x', handle: () => undefined } as unknown as Route;
  const parts = {} as Parts;
  const doors = {} as Doors;
  expect(() => mount(express(), [bare], parts, doors)).toThrow('no policy');
  const fine = { ...bare, policy: { name: 'anyone', allows: () => true } } as unknown as Route;
  expect(() => mount(express(), [fine, fine], parts, doors)).toThrow('twice');
});

test('a file name can leave neither its header nor its quotes', () => {
  const header = attachment('纪要"; filename="x.exe\r\nX: y.pdf');
  expect(header).not.toMatch(/[\r\n]/);
  expect(header.match(/"/g)).toHaveLength(2);
  expect(header).toContain("filename*=UTF-8''%E7%BA%AA%E8%A6%81");
});
