import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { cancelMeeting, createMeeting } from '../../src/meetings/commands.js';
import { endEarly } from '../../src/meetings/dayCommands.js';
import { takeAwaitedRoom } from '../../src/meetings/awaitedDateCommands.js';
import { endOffers, serveWaits } from '../../src/meetings/waitCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { MONDAY, testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let attendee: Agent;
let outsider: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, attendee, outsider] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.attendee), world.agent(cast.outsider)])) as [Agent, Agent, Agent];
});
afterAll(() => world.close());
beforeEach(async () => {
  world.clock.set(MONDAY);
  await world.owner.raw(`update room_claims set state = 'cancelled'`);
  await world.owner.raw(`delete from awaited_rooms`);
  await world.owner.raw(`delete from deliveries`);
});

const NOON = Date.parse('2030-03-04T04:00:00Z'); // 12:00 in Shanghai
const at = (minutes: number) => new Date(NOON + minutes * 60_000);
async function block(more: Partial<Parameters<typeof createMeeting>[2]> = {}): Promise<number> {
  const made = await createMeeting(world.db, { id: cast.reviewer.id }, { title: 'In the way', startsAt: at(0), endsAt: at(60), zone: 'Asia/Shanghai', roomIds: [cast.rooms.orchid], ...more });
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}
const form = (more: Record<string, unknown> = {}) => ({ title: 'Talk', date: '2030-03-04', from: '12:00', to: '13:00', room: String(cast.rooms.orchid), seats: '', key: randomUUID(), ...more });
const post = (agent: Agent, path: string, fields: Record<string, unknown> = {}) => agent.post(path).type('form').send(fields);

/** Presses "Wait for this room" on the page of the clash, as it stands there. */
async function queue(agent: Agent, more: Record<string, unknown> = {}, choice = 'on'): Promise<number> {
  const clash = await post(agent, '/bookings', form(more));
  expect(clash.status).toBe(409);
  const $ = load(clash.text);
  const wait = $('form').filter((_, one) => $(one).find(`button[name=wait][value^="${choice}"]`).length === 1);
  expect(wait.length).toBe(1);
  const fields: Record<string, string> = Object.fromEntries(wait.find('input').map((_, field) => [[String($(field).attr('name')), String($(field).val())]]).get() as unknown as [string, string][]);
  const saved = await post(agent, '/bookings', { ...fields, wait: wait.find(`button[name=wait][value^="${choice}"]`).attr('value') });
  expect(saved.status).toBe(303);
  return Number(/\/meetings\/(\d+)/.exec(saved.headers.location ?? '')?.[1]);
}
const states = () => rows<{ meeting_id: number; state: string }>(world.db, `select meeting_id, state from awaited_rooms order by since`);
const held = () => rows<{ awaited_meeting_id: number }>(world.db, `select awaited_meeting_id from room_claims where state = 'held' order by id`);
const holder = () => row(world.db, `select meeting_id, state from room_claims where is_holding and state in ('held', 'requested', 'confirmed') and room_id = ${cast.rooms.orchid}`);
const main = async (agent: Agent, path: string) => load((await agent.get(path).expect(200)).text)('main').text().replace(/\s+/g, ' ');
const lapse = () => world.owner.raw(`update room_claims set hold_until = now() - interval '1 second' where state = 'held'; update awaited_rooms set held_until = now() - interval '1 second' where state = 'offered'`);

it('holds the room for the first who asked, then for the next; one press takes it', async () => {
  const other = await block();
  const first = await queue(organiser, { title: 'First' });
  const second = await queue(attendee, { title: 'Second' });
  expect(await main(organiser, `/meetings/${first}`)).toContain('Place in the queue: 1.');
  expect(await main(attendee, `/meetings/${second}`)).toContain('当前排第 2 位');
  expect(await main(organiser, `/rooms/${cast.rooms.orchid}`)).toMatch(/Waiting for this room.*First.*Second/);

  await cancelMeeting(world.db, { id: cast.reviewer.id }, other, { reason: 'Not needed', now: world.clock.now() });
  await world.runJobs();
  expect(await states()).toEqual([{ meeting_id: first, state: 'offered' }, { meeting_id: second, state: 'waiting' }]);
  expect(await rows(world.db, `select person_id, kind from deliveries where kind like 'meetings.roomFreed'`)).toEqual([{ person_id: cast.organiser.id, kind: 'meetings.roomFreed' }]);
  expect(await main(organiser, '/')).toContain('held for you until');
  // Who passes by finds it taken.
  expect((await post(outsider, '/bookings', form({ title: 'Passing by' }))).status).toBe(409);

  expect((await post(organiser, `/meetings/${first}/wait/withdrawal`)).status).toBe(303);
  await world.runJobs();
  expect(await states()).toEqual([{ meeting_id: first, state: 'declined' }, { meeting_id: second, state: 'offered' }]);
  expect((await post(organiser, `/meetings/${first}/wait/acceptance`)).status).toBe(303);
  expect(await held()).toEqual([{ awaited_meeting_id: second }]);

  expect((await post(attendee, `/meetings/${second}/wait/acceptance`)).headers.location).toBe(`/meetings/${second}`);
  expect(await holder()).toEqual({ meeting_id: second, state: 'confirmed' });
  expect((await post(attendee, `/meetings/${second}/wait/acceptance`)).status).toBe(303);
  // Who presses twice is told of the room, not of a hold that is over.
  expect((await attendee.get(`/meetings/${second}`)).text).toContain('会议室已预订');
  expect(await rows(world.db, `select room_id from meeting_rooms where meeting_id = :second`, { second })).toEqual([{ room_id: cast.rooms.orchid }]);
});

it('passes a hold that lapsed to the next and not to who passes by, and tells whose it was', async () => {
  const other = await block();
  const first = await queue(organiser);
  const second = await queue(attendee);
  await cancelMeeting(world.db, { id: cast.reviewer.id }, other, { reason: 'Not needed', now: world.clock.now() });
  await world.runJobs();
  await lapse();
  expect((await post(outsider, '/bookings', form())).status).toBe(409);
  expect(await takeAwaitedRoom(world.db, { id: cast.organiser.id }, first, world.clock.now())).toMatchObject({ ok: false });
  await serveWaits(world.db, world.clock.now());
  await world.runJobs();
  expect(await states()).toEqual([{ meeting_id: first, state: 'lapsed' }, { meeting_id: second, state: 'offered' }]);
  expect(await rows(world.db, `select person_id from deliveries where kind = 'meetings.offerLapsed'`)).toEqual([{ person_id: cast.organiser.id }]);
  expect((await post(organiser, `/meetings/${first}/wait`)).status).toBe(303);
  expect((await states()).at(-1)).toEqual({ meeting_id: first, state: 'waiting' });
  // The last one lets it pass, too: now it is for anybody.
  await post(organiser, `/meetings/${first}/wait/withdrawal`);
  await lapse();
  await serveWaits(world.db, world.clock.now());
  expect((await post(outsider, '/bookings', form())).status).toBe(303);
});

it('gives the slot to one of many who take, book and let lapse at once', async () => {
  for (let round = 0; round < 4; round += 1) {
    await world.owner.raw(`update room_claims set state = 'cancelled'`);
    await world.owner.raw(`delete from awaited_rooms`);
    const other = await block();
    const first = await queue(organiser);
    await queue(attendee);
    await cancelMeeting(world.db, { id: cast.reviewer.id }, other, { reason: 'Not needed', now: world.clock.now() });
    await world.runJobs();
    if (round % 2) await lapse();
    const answers = await Promise.all([
      post(organiser, `/meetings/${first}/wait/acceptance`), post(organiser, `/meetings/${first}/wait/acceptance`), endOffers(world.db, world.clock.now()), serveWaits(world.db, world.clock.now()),
      ...Array.from({ length: 8 }, () => post(outsider, '/bookings', form({ title: 'Passing by' }))),
    ]);
    expect(answers.flatMap((one) => (typeof one === 'object' && one !== null && 'status' in one ? [Number(one.status)] : [])).filter((status) => status >= 500)).toEqual([]);
    const live = await rows<{ meeting_id: number | null; awaited_meeting_id: number | null }>(world.db, `select meeting_id, awaited_meeting_id from room_claims where state in ('held', 'confirmed')`);
    expect(live).toHaveLength(1);
    if (round % 2 === 0) expect(live[0]?.meeting_id).toBe(first);
  }
});

it('serves who waits when a meeting ends early, and forgets whose time has begun or who was moved', async () => {
  const other = await block({ startsAt: new Date(MONDAY), endsAt: at(60) });
  const waiting = await queue(organiser);
  const moved = await queue(attendee, { from: '12:15', to: '13:00' });
  await world.owner.raw(`update meetings set starts_at = starts_at + interval '1 day', ends_at = ends_at + interval '1 day' where id = ${moved}`);
  world.clock.set(at(-60));
  expect((await endEarly(world.db, { id: cast.reviewer.id }, other, at(-60))).ok).toBe(true);
  await world.runJobs();
  expect(await held()).toEqual([{ awaited_meeting_id: waiting }]);
  await serveWaits(world.db, at(1));
  expect(await held()).toEqual([]);
  expect(await main(attendee, `/meetings/${moved}`)).not.toContain('当前排第');
});

it('tells nobody what a private meeting is that waits', async () => {
  await block();
  const secret = await queue(organiser, { title: 'Secret talk', is_private: 'on' });
  expect(await main(organiser, `/rooms/${cast.rooms.orchid}`)).toContain('Secret talk');
  const seen = await main(outsider, `/rooms/${cast.rooms.orchid}`);
  expect(seen).toContain('Waiting for this room');
  expect(seen).not.toContain('Secret');
  expect((await outsider.get(`/meetings/${secret}`)).status).toBe(404);
  expect((await post(outsider, `/meetings/${secret}/wait/acceptance`)).status).toBe(404);
  expect(load((await post(outsider, '/bookings', form())).text)('main').text()).toContain('One other waits for it');
});

it('holds the first fitting room for who wants any, in the order of the queue, and no other', async () => {
  const [inOrchid, inBamboo] = [await block(), await block({ roomIds: [cast.rooms.bamboo] })];
  await world.owner.raw(`update rooms set building = 'B' where id = ${cast.rooms.bamboo}`);
  // "Any with 10 seats" is asked for on the page of the taken room; the room itself is wanted by somebody who came later.
  const any = await queue(organiser, { title: 'Anywhere', seats: '10' }, 'any');
  const certain = await queue(attendee, { title: 'There', seats: '10' });
  const large = await queue(outsider, { title: 'Large', room: String(cast.rooms.bamboo), seats: '' });
  expect(await rows(world.db, `select room_id, any_seats, any_building from awaited_rooms where meeting_id = :any order by room_id`, { any })).toEqual(
    [cast.rooms.orchid, cast.rooms.bamboo].sort((a, b) => a - b).map((room_id) => ({ room_id, any_seats: 10, any_building: null })));
  expect(await main(organiser, `/meetings/${any}`)).toContain('waits for any room with 10 seats. Place in the queue: 1.');
  expect(await main(outsider, `/meetings/${large}`)).toContain('Place in the queue: 2.');
  expect(await main(organiser, `/rooms/${cast.rooms.bamboo}`)).toMatch(/Anywhere.*any room with 10 seats.*Large/);

  await cancelMeeting(world.db, { id: cast.reviewer.id }, inBamboo, { reason: 'Not needed', now: world.clock.now() });
  await world.runJobs();
  expect(await rows(world.db, `select room_id, awaited_meeting_id from room_claims where state = 'held'`)).toEqual([{ room_id: cast.rooms.bamboo, awaited_meeting_id: any }]);
  expect(await main(organiser, `/meetings/${any}`)).toContain('Bamboo is held for you until');
  expect(await main(organiser, '/')).toMatch(/Bamboo for Anywhere/);
  expect(await main(organiser, `/rooms/${cast.rooms.orchid}`)).not.toContain('Anywhere');

  // The next room is for the next in turn: the wish for any is being served.
  await cancelMeeting(world.db, { id: cast.reviewer.id }, inOrchid, { reason: 'Not needed', now: world.clock.now() });
  await world.runJobs();
  expect(await rows(world.db, `select awaited_meeting_id from room_claims where state = 'held' and room_id = ${cast.rooms.orchid}`)).toEqual([{ awaited_meeting_id: certain }]);
  expect((await post(organiser, `/meetings/${any}/wait/acceptance`)).headers.location).toBe(`/meetings/${any}`);
  expect(await rows(world.db, `select room_id from meeting_rooms where meeting_id = :any`, { any })).toEqual([{ room_id: cast.rooms.bamboo }]);
});

it('passes on what who wants any declined, lets them ask again, and offers only what stands in the building', async () => {
  const [inOrchid, inBamboo] = [await block(), await block({ roomIds: [cast.rooms.bamboo] })];
  const here = await queue(organiser, { seats: '5' }, 'any');
  const other = await queue(attendee, { room: String(cast.rooms.bamboo) });
  await world.owner.raw(`update awaited_rooms set any_building = 'A' where meeting_id = ${here}`);
  for (const id of [inOrchid, inBamboo]) await cancelMeeting(world.db, { id: cast.reviewer.id }, id, { reason: 'Not needed', now: world.clock.now() });
  await world.runJobs();
  // Both are free: each gets one, the smaller of those that do for who takes any.
  expect(await rows(world.db, `select room_id, awaited_meeting_id from room_claims where state = 'held' order by room_id`)).toEqual(
    [{ room_id: cast.rooms.orchid, awaited_meeting_id: here }, { room_id: cast.rooms.bamboo, awaited_meeting_id: other }].sort((a, b) => a.room_id - b.room_id));
  await post(organiser, `/meetings/${here}/wait/withdrawal`);
  expect((await post(organiser, `/meetings/${here}/wait`)).status).toBe(303);
  // Asked again, the rooms are looked up as they are now: Bamboo stands elsewhere.
  expect(await rows(world.db, `select room_id, state from awaited_rooms where meeting_id = :here`, { here })).toEqual([{ room_id: cast.rooms.orchid, state: 'waiting' }]);
  await world.owner.raw(`update rooms set building = 'A' where id = ${cast.rooms.bamboo}`);
});
