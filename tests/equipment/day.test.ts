import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { change, inTransaction, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { checkIn, endEarly, extendMeeting } from '../../src/checkins/commands.js';
import { findMeeting } from '../../src/meetings/queries.js';
import { swapRooms } from '../../src/bookings/swapCommands.js';
import { releaseUnused } from '../../src/claims/dayCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { MONDAY, testWorld, type Agent, type World } from '../support/world.js';

// Movable equipment follows the rooms of a meeting when its time changes or ends on the day.

let world: World;
let cast: Cast;
let keeper: Agent;
let member: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [keeper, member] = [await world.agent(cast.secretary), await world.agent(cast.organiser)];
});
afterAll(() => world.close());

async function kind(code: string, name: string, stock: number): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
     values (:code, :name, :name, true, :stock)
     returning id`,
    { code, name, stock },
  );
  return made?.id ?? 0;
}
const send = (agent: Agent, path: string, body: object) => agent.post(path).type('form').send(body);
const DAY = Date.parse('2030-03-05T00:00:00+08:00');
const at = (hour: number, day = 0) => new Date(DAY + day * 86_400_000 + hour * 3_600_000);
const take = (lines: [number, number][], from: number, to: number, day = 0, more = {}) =>
  createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Training',
      startsAt: at(from, day),
      endsAt: at(to, day),
      zone: 'Asia/Shanghai',
      roomIds: [],
      equipment: lines.map(([kindId, quantity]) => ({ kindId, quantity })),
      ...more,
    },
  );
async function taken(
  lines: [number, number][],
  from: number,
  to: number,
  day = 0,
  more = {},
): Promise<number> {
  const made = await take(lines, from, to, day, more);
  if (!made.ok) throw new Error('refused');
  return made.id;
}
const versionOf = async (id: number) =>
  (await row<{ version: number }>(world.db, 'select version from meetings where id = :id', { id }))
    ?.version ?? 0;
/** Instants at which more is away than there is: there must be none. */
const overdrawn = () =>
  rows(
    world.db,
    `select k.code, b.starts_at
       from equipment_bookings b
       join equipment_kinds k on k.id = b.kind_id
       where b.is_held and k.stock <
     (select sum(o.quantity)
        from equipment_bookings o
        where o.kind_id = b.kind_id
          and o.is_held
          and o.starts_at <= b.starts_at
          and o.ends_at > b.starts_at)`,
  );
describe('equipment on the day', () => {
  let only: number;
  const now = (hour: number, minute = 0) => new Date(at(hour, 90).getTime() + minute * 60_000);
  const by = () => ({ id: cast.organiser.id });
  const spanOf = (id: number) =>
    row<{ starts_at: Date; ends_at: Date; is_held: boolean }>(
      world.db,
      `select starts_at, ends_at, is_held from equipment_bookings where meeting_id = :id and kind_id = :only`,
      { id, only },
    );
  const inRoom = (room: number, from: number, to: number, more = {}) =>
    take([[only, 1]], from, to, 90, { roomIds: [room], ...more });
  async function booked(room: number, from: number, to: number, more = {}): Promise<number> {
    const made = await inRoom(room, from, to, more);
    if (!made.ok) throw new Error(JSON.stringify(made));
    return made.id;
  }
  beforeAll(async () => {
    only = await kind('only-one', 'Conference camera', 1);
  });
  afterEach(async () => {
    for (const { id } of await rows<{ id: number }>(
      world.db,
      `select id from meetings where starts_at > :from and state <> 'cancelled'`,
      { from: at(0, 90) },
    ))
      await cancelMeeting(world.db, by(), id, { reason: 'x' });
    expect(await overdrawn()).toEqual([]);
  });

  it('goes on with a meeting that goes on, while nobody has it next', async () => {
    const { orchid, bamboo } = cast.rooms;
    const id = await booked(orchid, 9, 10);
    expect(await extendMeeting(world.db, by(), id, { minutes: 30, now: now(9, 30) })).toMatchObject({
      ok: true,
    });
    expect((await spanOf(id))?.ends_at).toEqual(now(10, 30));
    expect((await inRoom(bamboo, 10, 11)).ok).toBe(false);
    await booked(bamboo, 11, 12, { title: 'Interview' });
    const refused = await extendMeeting(world.db, by(), id, { minutes: 60, now: now(9, 40) });
    expect(refused).toMatchObject({
      ok: false,
      reason: 'short',
      shortages: [{ requested: 1, left: 0, stock: 1, holders: [{ title: 'Interview' }] }],
    });
    // Room and equipment stay together.
    expect((await spanOf(id))?.ends_at).toEqual(now(10, 30));
    expect(
      await row(world.db, `select ends_at from room_claims where meeting_id = :id and state = 'confirmed'`, {
        id,
      }),
    ).toEqual({ ends_at: now(10, 30) });
  });

  it('is refused on the page with who has it next, in both languages, and at the door', async () => {
    const { orchid, bamboo } = cast.rooms;
    const id = await booked(orchid, 9, 10);
    await booked(bamboo, 10, 11, { title: 'Interview' });
    world.clock.set(now(9, 30));
    const answer = await send(member, `/meetings/${id}/extension`, { minutes: '15' });
    expect(answer.status).toBe(409);
    const page = load(answer.text)('main').text();
    expect(page).toContain('Others have the equipment next (Conference camera)');
    expect(page).toMatch(/1 × Interview/);
    await change(world.db, `update persons set lang = 'zh-CN' where id = :id`, { id: cast.organiser.id });
    const chinese = await send(member, `/meetings/${id}/extension`, { minutes: '15' });
    expect(load(chinese.text)('main').text()).toContain(
      'Conference camera随后已由他人借用，不能延长这么久。',
    );
    expect(load(chinese.text)('main').text()).toContain('占用 1 件');
    await change(world.db, `update persons set lang = 'en' where id = :id`, { id: cast.organiser.id });
    await send(keeper, `/rooms/${orchid}/doors`, { name: 'Tablet', lang: 'zh-CN', key: randomUUID() }).expect(
      303,
    );
    const address = new URL(
      String(load((await keeper.get(`/rooms/${orchid}/doors`)).text)('.feed-address').val()),
    ).pathname;
    const device = await world.agent();
    await device.get(address);
    const door = await send(device, '/door/extension', { meeting: String(id) });
    expect(door.status).toBe(409);
    expect(load(door.text)('[role=alert]').text()).toContain('Conference camera随后已由他人借用');
    world.clock.set(MONDAY);
  });

  it('of which there is one is had by one, however many want more time or book at once', async () => {
    const { orchid, bamboo } = cast.rooms;
    for (let round = 0; round < 4; round++) {
      const id = await booked(orchid, 9, 10);
      const results = await Promise.all([
        ...Array.from({ length: 4 }, () =>
          extendMeeting(world.db, by(), id, { minutes: 15, now: now(9, 30) }),
        ),
        ...Array.from({ length: 4 }, () => take([[only, 1]], 10, 11, 90)),
        inRoom(bamboo, 10, 11),
      ]);
      expect(await overdrawn()).toEqual([]);
      const [extended, others] = [results.slice(0, 4), results.slice(4)].map(
        (some) => some.filter(({ ok }) => ok).length,
      );
      expect([(extended ?? 0) > 0, others]).toEqual([others === 0, others === 0 ? 0 : 1]);
      for (const { id: made } of await rows<{ id: number }>(
        world.db,
        `select id from meetings where starts_at > :from and state <> 'cancelled'`,
        { from: at(0, 90) },
      ))
        await cancelMeeting(world.db, by(), made, { reason: 'x' });
    }
  });

  it('is free for others from the minute in which a meeting ends early', async () => {
    const { orchid, bamboo } = cast.rooms;
    const id = await booked(orchid, 9, 12);
    expect((await inRoom(bamboo, 10, 11)).ok).toBe(false);
    expect((await endEarly(world.db, by(), id, { now: now(9, 45) })).ok).toBe(true);
    expect((await spanOf(id))?.ends_at).toEqual(now(9, 45));
    expect((await inRoom(bamboo, 10, 11)).ok).toBe(true);
  });

  it('is given up with the last unused room, and taken back with it as far as it is there', async () => {
    const { orchid } = cast.rooms;
    const id = await booked(orchid, 9, 12);
    const giveUp = () =>
      inTransaction(world.db, async (trx) => {
        await change(
          trx,
          `insert into check_in_outcomes (
             meeting_id, room_id, starts_at, outcome, releases, judged_at, released_at
           )
           values (:id, :orchid, :at, 'no_show', 10, :now, :now)
           on conflict (meeting_id, room_id, starts_at) do update set taken_back_at = null`,
          { id, orchid, at: at(9, 90), now: now(9, 10) },
        );
        await change(trx, `update meetings set checked_in_at = null where id = :id`, { id });
        await releaseUnused(trx, [{ meetingId: id, roomId: orchid }]);
      });
    await giveUp();
    expect((await spanOf(id))?.is_held).toBe(false);
    expect((await findMeeting(world.db, cast.organiser, id)).equipment).toEqual([]);
    expect(await checkIn(world.db, by(), id, { now: now(9, 20) })).toMatchObject({
      ok: true,
      isTakenBack: true,
      missing: [],
    });
    expect(await spanOf(id)).toEqual({ starts_at: now(9, 20), ends_at: now(12), is_held: true });
    await giveUp();
    await taken([[only, 1]], 10, 11, 90);
    expect(await checkIn(world.db, by(), id, { now: now(9, 30) })).toMatchObject({
      ok: true,
      isTakenBack: true,
      missing: [{ kind: { name_en: 'Conference camera' } }],
    });
    expect((await spanOf(id))?.is_held).toBe(false);
  });

  it('takes the time that another room needs when two meetings change rooms, or they do not', async () => {
    const { orchid, bamboo } = cast.rooms;
    await world.owner.raw(`update rooms set teardown_minutes = 30 where id = ?`, [bamboo]);
    const id = await booked(orchid, 9, 10);
    const other = await take([], 9, 10, 90, { roomIds: [bamboo] });
    if (!other.ok) throw new Error('refused');
    const swap = async () =>
      inTransaction(world.db, async (trx) =>
        swapRooms(
          trx,
          by(),
          [
            { id, version: await versionOf(id) },
            { id: other.id, version: await versionOf(other.id) },
          ],
          world.clock.now(),
        ),
      );
    const next = await taken([[only, 1]], 10, 11, 90);
    expect(await swap()).toMatchObject({ ok: false, refused: { shortages: [{ left: 0 }] } });
    expect(await spanOf(id)).toMatchObject({ ends_at: now(10), is_held: true });
    await cancelMeeting(world.db, by(), next, { reason: 'x' });
    expect(await swap()).toMatchObject({ ok: true });
    expect(await spanOf(id)).toMatchObject({ ends_at: now(10, 30), is_held: true });
    await world.owner.raw(`update rooms set teardown_minutes = 0 where id = ?`, [bamboo]);
  });
});
