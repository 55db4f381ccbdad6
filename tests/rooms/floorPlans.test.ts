import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { crc32 } from '../../src/lib/files/crc32.js';
import { imageSize } from '../../src/lib/files/imageSize.js';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

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

const send = (agent: Agent, path: string, body: object) => agent.post(path).type('form').send(body);

/** A grey picture of that size. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height, 200))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Three rooms on a floor of their own, open on workdays. */
async function floor(): Promise<{ rooms: number[]; building: string }> {
  const building = `Tower ${randomUUID().slice(0, 6)}`;
  const made = await rows<{ id: number }>(
    world.db,
    `insert into rooms (code, name_en, name_zh, building, floor, capacity)
     select gen_random_uuid()::text, :building || ' ' || n, '室' || n, :building, '9', 8
       from generate_series(1, 3) n
       returning id`,
    { building },
  );
  await world.db.raw(
    `insert into room_hours
     select r, d, '08:00', '18:00'
       from unnest(?::bigint[]) r, generate_series(1, 5) d`,
    [made.map(({ id }) => id)],
  );
  return { rooms: made.map(({ id }) => id), building };
}
const upload = (
  path: string,
  fields: Record<string, string>,
  picture = png(400, 300),
  name = 'floor.png',
) => {
  const request = keeper.post(path);
  for (const [field, value] of Object.entries(fields)) void request.field(field, value);
  return request.attach('picture', picture, name);
};
async function plan(): Promise<{ id: number; rooms: number[] }> {
  const { rooms: made } = await floor();
  const answer = await upload('/rooms/plans', { room: String(made[0]), key: randomUUID() });
  expect(answer.status).toBe(303);
  const id = Number(/plans\/(\d+)\/edit/.exec(answer.headers.location ?? '')?.[1]);
  return { id, rooms: made };
}
const place = async (
  id: number,
  more: { rooms: number[]; x: (number | string)[]; y: (number | string)[] },
) => {
  const version = (
    await row<{ version: number }>(world.db, 'select version from floor_plans where id = :id', { id })
  )?.version;
  return send(keeper, `/rooms/plans/${id}/places`, { ...more, version });
};

describe('the size of a picture', () => {
  const gif = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([0x40, 0x01, 0xf0, 0x00]), Buffer.alloc(30)]);
  const jpeg = Buffer.concat([
    Buffer.from('ffd8ffe00010', 'hex'),
    Buffer.alloc(14),
    Buffer.from('ffc0001108012c0190', 'hex'),
    Buffer.alloc(20),
  ]);
  const webp = Buffer.concat([
    Buffer.from('RIFF0000WEBPVP8X', 'latin1'),
    Buffer.from('0a000000100000008f01002b0100', 'hex'),
    Buffer.alloc(8),
  ]);
  it.each([
    ['PNG', png(400, 300), { width: 400, height: 300 }],
    ['GIF', gif, { width: 320, height: 240 }],
    ['JPEG', jpeg, { width: 400, height: 300 }],
    ['WebP', webp, { width: 400, height: 300 }],
    ['text', Buffer.from('a floor, drawn in words, which is no picture at all'), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('is read from %s', (_kind, bytes, size) => expect(imageSize(bytes)).toEqual(size));
});

describe('a floor plan', () => {
  it('is uploaded for a floor, its rooms are placed, and everybody sees which are free', async () => {
    const {
      id,
      rooms: [first = 0, second = 0, third = 0],
    } = await plan();
    expect(
      (await place(id, { rooms: [first, second, third], x: ['25', '75,5', ''], y: ['40', '60', ''] })).headers
        .location,
    ).toBe(`/rooms/plans/${id}`);
    await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'Drill',
        startsAt: new Date('2030-03-05T10:00:00+08:00'),
        endsAt: new Date('2030-03-05T11:00:00+08:00'),
        zone: 'Asia/Shanghai',
        roomIds: [first],
      },
    );
    const answer = await member.get(`/rooms/plans/${id}?date=2030-03-05&from=10:30&to=11:30`);
    const page = load(answer.text);
    expect(page('svg.plan').attr('viewBox')).toBe('0 0 1000 750');
    expect(page('.plan-room.is-taken')).toHaveLength(1);
    expect(page('.plan-room.is-free')).toHaveLength(1);
    expect(page('.plan-room.is-free').attr('href')).toBe(
      `/bookings/new?room=${second}&date=2030-03-05&from=10:30&to=11:30`,
    );
    const list = page('aside').text();
    for (const part of ['Taken', 'Drill', 'Free', 'Not on the plan yet']) expect(list).toContain(part);
    expect((await member.get(`/rooms/plans/${id}/picture`)).headers['content-type']).toBe('image/png');
    expect(answer.text).not.toMatch(/\sstyle=/);
    // The link leads to a form with room and time filled in.
    const form = load((await member.get(page('.plan-room.is-free').attr('href') ?? '')).text);
    expect([form('[name=room]').val(), form('[name=from]').val(), form('[name=to]').val()]).toEqual([
      String(second),
      '10:30',
      '11:30',
    ]);
    expect(load((await member.get('/rooms')).text)(`a[href="/rooms/plans/${id}"]`).length).toBeGreaterThan(0);
    const actions = await rows<{ action: string }>(
      world.db,
      `select action from audit_events where noun = 'floor_plans' and noun_id = :id order by id`,
      { id },
    );
    expect(actions.map(({ action }) => action)).toEqual(['plan.create', 'plan.places']);
  });

  it('hides private meetings, and names closed rooms and hours', async () => {
    const {
      id,
      rooms: [first = 0, second = 0],
    } = await plan();
    await createMeeting(
      world.db,
      { id: cast.chair.id },
      {
        title: 'Secret merger',
        startsAt: new Date('2030-03-05T10:00:00+08:00'),
        endsAt: new Date('2030-03-05T11:00:00+08:00'),
        zone: 'Asia/Shanghai',
        roomIds: [first],
        isPrivate: true,
      },
    );
    await world.db.raw(
      `update rooms set status = 'out_of_service', back_at = '2030-03-06T00:00+08' where id = ?`,
      [second],
    );
    const html = (await member.get(`/rooms/plans/${id}?date=2030-03-05&from=10:00&to=11:00`)).text;
    expect(html).not.toContain('Secret merger');
    expect(load(html)('aside').text()).toContain('Booked');
    expect(load(html)('aside').text()).toContain('Out of service');
    const next = load((await member.get(`/rooms/plans/${id}?date=2030-03-06&from=10:00&to=11:00`)).text)(
      'aside',
    ).text();
    expect(next).not.toContain('Out of service');
    const night = load((await member.get(`/rooms/plans/${id}?date=2030-03-06&from=22:00&to=23:00`)).text)(
      'aside',
    ).text();
    expect(night).toContain('Outside its opening hours');
    expect(night).not.toContain('Book');
  });

  it('falls back to now for an address that makes no sense', async () => {
    const { id } = await plan();
    expect((await member.get(`/rooms/plans/${id}?date=x&from=99&to=zz`)).status).toBe(200);
    expect((await member.get(`/rooms/plans/${id}?from=23:45`)).status).toBe(200);
    expect((await member.get('/rooms/plans/424242')).status).toBe(404);
  });

  it.each([
    ['a number above 100', ['101', '5', ''], ['5', '5', ''], 'from 0 to 100'],
    ['half a place', ['10', '5', ''], ['', '5', ''], 'both numbers'],
  ])('refuses %s with what was typed', async (_what, x, y, message) => {
    const { id, rooms: made } = await plan();
    const answer = await place(id, { rooms: made, x, y });
    expect(answer.status).toBe(422);
    expect(load(answer.text)('#f-x-0-error').text()).toContain(message);
    expect(load(answer.text)('#f-x-0').val()).toBe(x[0]);
    expect(load(answer.text)('#f-x-1').val()).toBe('5');
  });

  it('takes only rooms of its floor, and no older version over a newer one', async () => {
    const { id, rooms: made } = await plan();
    expect((await place(id, { rooms: [cast.rooms.orchid], x: [5], y: [5] })).status).toBe(400);
    const stale = await send(keeper, `/rooms/plans/${id}/places`, {
      rooms: made,
      x: [1, 2, 3],
      y: [1, 2, 3],
      version: 99,
    });
    expect(stale.status).toBe(409);
    expect(load(stale.text)('#f-x-2').val()).toBe('3');
  });

  it('is a picture, one for each floor, and kept by the office', async () => {
    const {
      rooms: [first = 0],
    } = await floor();
    const words = await upload(
      '/rooms/plans',
      { room: String(first), key: randomUUID() },
      Buffer.from('plain words'),
      'notes.txt',
    );
    expect([words.status, load(words.text)('#f-picture-error').text()]).toEqual([
      422,
      expect.stringContaining('Choose a picture'),
    ]);
    const key = randomUUID();
    const [once, again] = [
      await upload('/rooms/plans', { room: String(first), key }),
      await upload('/rooms/plans', { room: String(first), key }),
    ];
    expect([once.status, again.status, again.headers.location]).toEqual([303, 303, once.headers.location]);
    const taken = await upload('/rooms/plans', { room: String(first), key: randomUUID() });
    expect([taken.status, load(taken.text)('.error-summary').text()]).toEqual([
      422,
      expect.stringContaining('has a plan already'),
    ]);
    const id = Number(/plans\/(\d+)/.exec(once.headers.location ?? '')?.[1]);
    for (const path of ['/rooms/plans/new', `/rooms/plans/${id}/edit`])
      expect((await member.get(path)).status).toBe(403);
    await upload(`/rooms/plans/${id}/picture`, { version: '1' }, png(200, 100)).expect(303);
    expect(
      await row(world.db, 'select width, height, version from floor_plans where id = :id', { id }),
    ).toEqual({ width: 200, height: 100, version: 2 });
    expect((await send(keeper, `/rooms/plans/${id}/removal`, { version: 1 })).status).toBe(409);
    await send(keeper, `/rooms/plans/${id}/removal`, { version: 2 }).expect(303);
    expect((await member.get(`/rooms/plans/${id}`)).status).toBe(404);
  });
});
