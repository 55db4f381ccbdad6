import ICAL from 'ical.js';
import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { findMeeting } from '../../src/meetings/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let outsider: Agent;
let reader: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, outsider, reader] = (await Promise.all([
    world.agent(cast.organiser),
    world.agent(cast.outsider),
    world.agent(),
  ])) as [Agent, Agent, Agent];
});
afterAll(() => world.close());

async function book(
  title: string,
  day: number,
  more: Partial<Parameters<typeof createMeeting>[2]> = {},
): Promise<number> {
  const on = `2030-03-${String(day).padStart(2, '0')}`;
  const made = await createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title,
      startsAt: new Date(`${on}T10:00:00+08:00`),
      endsAt: new Date(`${on}T11:00:00+08:00`),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
      mailDomain: 'office.example',
      ...more,
    },
  );
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}

/** Makes a feed on the page and reads its address from there. */
async function subscribe(agent: Agent, fields: Record<string, unknown> = {}): Promise<string> {
  expect(
    (
      await agent
        .post('/feeds')
        .type('form')
        .send({ key: randomUUID(), ...fields })
    ).status,
  ).toBe(303);
  const $ = load((await agent.get('/feeds').expect(200)).text);
  return new URL(String($('.feed-address').last().attr('value'))).pathname;
}
const events = (text: string) => {
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  return calendar.getAllSubcomponents('vevent').map((event) => ({
    title: String(event.getFirstPropertyValue('summary')),
    uid: String(event.getFirstPropertyValue('uid')),
    state: String(event.getFirstPropertyValue('status')),
    start: event.getFirstPropertyValue('dtstart')?.toString(),
    text: event.toString(),
  }));
};
const read = async (path: string) => events((await reader.get(path).expect(200)).text);

it("gives a person's meetings to a calendar program, with the UIDs of the mails", async () => {
  const id = await book('Budget', 5);
  await world.db.raw(`insert into participants (meeting_id, person_id, invited_at) values (?, ?, now())`, [
    id,
    cast.outsider.id,
  ]);
  const path = await subscribe(outsider);
  const answer = await reader.get(path).expect(200);
  expect(answer.headers['content-type']).toBe('text/calendar; charset=utf-8');
  expect(answer.headers['cache-control']).toContain('private');
  expect(answer.text).not.toContain('ATTENDEE');
  expect(answer.text).not.toContain('METHOD');
  expect(answer.text.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(answer.text.match(/BEGIN:VTIMEZONE/g)).toHaveLength(1);
  const meeting = await findMeeting(world.db, cast.organiser, id);
  expect(events(answer.text).map(({ title, uid, start }) => [title, uid, start])).toEqual([
    ['Budget', meeting.uid, '2030-03-05T10:00:00'],
  ]);
});

it('answers 304 until something changes, and the same bytes to who asks again', async () => {
  const id = await book('Steady', 6);
  const path = await subscribe(organiser);
  const first = await reader.get(path).expect(200);
  world.clock.advance({ minutes: 50 });
  expect((await reader.get(path)).text).toBe(first.text);
  const held = () => reader.get(path).set('If-None-Match', first.headers.etag ?? '');
  expect((await held()).status).toBe(304);
  const { version } = await findMeeting(world.db, cast.organiser, id);
  await changeMeeting(world.db, { id: cast.organiser.id }, id, { version, title: 'Steady no more' });
  expect((await held()).status).toBe(200);
  expect((await read(path)).map(({ title }) => title)).toContain('Steady no more');
});

it('keeps a meeting that people were told of and that was called off, as cancelled', async () => {
  const [told, untold] = [await book('Told', 7), await book('Untold', 8)];
  await world.db.raw(`update meetings set announced_at = now() where id = ?`, [told]);
  for (const id of [told, untold])
    await cancelMeeting(world.db, { id: cast.organiser.id }, id, { reason: 'No quorum' });
  const found = await read(await subscribe(organiser));
  expect(found.filter(({ title }) => /told/i.test(title)).map(({ title, state }) => [title, state])).toEqual([
    ['Told', 'CANCELLED'],
  ]);
});

it('shows a room as the holder may know it: private meetings as "Booked" without organiser', async () => {
  await book('Dismissal of W.', 11, {
    isPrivate: true,
    description: 'Secret reasons',
    link: 'https://meet.example/secret',
  });
  await book('Open house', 12, { description: 'Inside only', link: 'https://meet.example/inside' });
  const path = await subscribe(outsider, { room: String(cast.rooms.orchid) });
  const answer = await reader.get(path).expect(200);
  const found = events(answer.text);
  expect(found.map(({ title }) => title)).toEqual(expect.arrayContaining(['Booked', 'Open house']));
  expect(answer.text.replace(/\r\n /g, '')).not.toMatch(/Dismissal|Secret|secret|Inside|inside/);
  expect(found.find(({ title }) => title === 'Booked')?.text).not.toContain('Zhao');
  const own = await read(await subscribe(organiser, { room: String(cast.rooms.orchid) }));
  expect(own.map(({ title }) => title)).toContain('Dismissal of W.');
});

it('can show times only', async () => {
  const found = await read(await subscribe(organiser, { busy_only: 'on' }));
  expect(found.length).toBeGreaterThan(3);
  expect(new Set(found.map(({ title }) => title))).toEqual(new Set(['Booked']));
  expect(found.some(({ text }) => text.includes('LOCATION'))).toBe(false);
});

it("leaves out one event that can't be written, not the others", async () => {
  const id = await book('Broken', 13);
  await world.db.raw(`update meetings set uid = 'x' where id = ?`, [id]);
  const titles = (await read(await subscribe(organiser))).map(({ title }) => title);
  expect(titles).not.toContain('Broken');
  expect(titles).toContain('Budget');
});

it("stops when revoked, with the person gone, for a wrong token; nobody revokes another one's", async () => {
  const path = await subscribe(outsider);
  const id = (await world.db.raw(`select max(id) as id from feeds`)).rows[0].id as number;
  expect((await organiser.post(`/feeds/${id}/revocation`).type('form').send({})).status).toBe(404);
  expect((await reader.get(path)).status).toBe(200);
  expect((await outsider.post(`/feeds/${id}/revocation`).type('form').send({})).status).toBe(303);
  expect((await reader.get(path)).status).toBe(404);
  expect((await reader.get(`/feeds/${'A'.repeat(43)}.ics`)).status).toBe(404);
  const another = await subscribe(outsider);
  await world.db.raw(`update persons set deactivated_at = now() where id = ?`, [cast.outsider.id]);
  expect((await reader.get(another)).status).toBe(404);
  await world.db.raw(`update persons set deactivated_at = null where id = ?`, [cast.outsider.id]);
  expect(
    (await outsider.post('/feeds').type('form').send({ key: randomUUID(), room: '999999' })).status,
  ).toBe(400);
});

it("shows a room's feed where the room is chosen on its page", async () => {
  expect(
    load((await organiser.get(`/feeds?room=${cast.rooms.bamboo}`)).text)('select[name=room]').val(),
  ).toBe(String(cast.rooms.bamboo));
});
