import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { checkClaim, statusAt } from '../../src/claims/checks.js';
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
const WEEK = {
  opens: ['08:00', '08:00', '08:00', '08:00', '08:00', '', ''],
  closes: ['18:00', '18:00', '18:00', '18:00', '18:00', '', ''],
};
function fields(more: object = {}) {
  const code = `r-${randomUUID().slice(0, 8)}`;
  return {
    name_en: `Room ${code}`,
    name_zh: `${code}室`,
    code,
    site: '',
    building: 'B',
    floor: '2',
    capacity: 60,
    layouts: ['20', '', '', '', '', '60'],
    min_people: '10',
    owner: '',
    key_note: '',
    setup_minutes: 0,
    teardown_minutes: 0,
    contact: '',
    note: '',
    sort_order: 0,
    ...WEEK,
    ...more,
  };
}
async function add(more: object = {}): Promise<number> {
  const answer = await send(keeper, '/rooms', { ...fields(more), key: randomUUID() });
  expect([answer.status, load(answer.text)('.error-summary').text()]).toEqual([303, '']);
  return Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
}
const versionOf = async (id: number) =>
  (await row<{ version: number }>(world.db, 'select version from rooms where id = :id', { id }))?.version;
const meeting = (room: number, more: object = {}) => ({
  title: 'Briefing',
  on: '2030-04-02',
  from: '10:00',
  to: '11:00',
  to_on: '',
  zone: 'Asia/Shanghai',
  lang: 'en',
  rooms: [room],
  layout: '',
  ...more,
});

describe('the layouts of a room', () => {
  it('are kept with their seats and shown, with key, owner and the fewest people', async () => {
    const id = await add({ key_note: 'At the porter', owner: cast.chair.name });
    const text = load((await member.get(`/rooms/${id}`)).text)('main').text();
    for (const part of ['60 seats', 'Boardroom 20', 'Theatre 60', 'from 10 people', 'At the porter'])
      expect(text).toContain(part);
    expect(load((await member.get(`/rooms/${id}`)).text)(`a[href="/people/${cast.chair.id}"]`)).toHaveLength(
      1,
    );
    const edit = load((await keeper.get(`/rooms/${id}/edit`)).text);
    expect(
      edit('[name=layouts]')
        .toArray()
        .map((one) => edit(one).val()),
    ).toEqual(['20', '', '', '', '', '60']);
    const owner = edit('[name=owner]').val();
    expect(
      (
        await send(keeper, `/rooms/${id}`, {
          ...fields({ owner, layouts: ['', '', '', '', '', '50'] }),
          version: await versionOf(id),
          was: edit('[name=was]').val(),
        })
      ).status,
    ).toBe(303);
    expect(
      await rows(world.db, 'select layout, capacity from room_layouts where room_id = :id', { id }),
    ).toEqual([{ layout: 'theatre', capacity: 50 }]);
    expect(await row(world.db, 'select owner_id from rooms where id = :id', { id })).toEqual({
      owner_id: cast.chair.id,
    });
    const event = await row<{ before: object; after: object }>(
      world.db,
      `select before, after
         from audit_events
         where noun = 'rooms' and noun_id = :id
         order by id desc
         limit 1`,
      { id },
    );
    expect(event?.after).toMatchObject({ layouts: ['theatre 50'] });
    expect(event?.after).not.toHaveProperty('owner_id');
  });

  it.each([
    ['more seats than the room has', { layouts: ['61', '', '', '', '', ''] }, '#f-layouts', 'At most 60'],
    ['a smallest number above the seats', { min_people: '61' }, '#f-min_people-error', 'At most 60'],
    ['an owner whom nobody knows', { owner: 'Nobody Anywhere' }, '#f-owner-error', 'Nobody of that name'],
  ])('refuse %s, at its place, with what was typed', async (_what, more, place, message) => {
    const answer = await send(keeper, '/rooms', { ...fields(more), key: randomUUID() });
    expect(answer.status).toBe(422);
    const page = load(answer.text);
    expect(page(place).closest('.field').text()).toContain(message);
    expect(page('[name=code]').val()).not.toBe('');
  });

  it('are chosen with a meeting: seats count, it is shown, and it stays when the meeting moves', async () => {
    const id = await add();
    const made = await send(member, '/meetings', {
      ...meeting(id, { layout: 'boardroom', expected: 30 }),
      key: randomUUID(),
    });
    expect(made.status).toBe(303);
    const path = made.headers.location ?? '';
    const text = load((await member.get(path)).text)('main').text();
    for (const part of ['Boardroom, 20 seats', '30 people are expected; the rooms seat 20'])
      expect(text).toContain(part);
    const edit = load((await member.get(`${path}/edit`)).text);
    expect(edit('[name=layout]').val()).toBe('boardroom');
    await send(member, path, {
      ...meeting(id, { layout: 'boardroom', from: '14:00', to: '15:00', expected: 5 }),
      version: edit('[name=version]').val(),
    }).expect(303);
    const moved = load((await member.get(path)).text)('main').text();
    for (const part of ['Boardroom, 20 seats', 'is meant for 10 or more']) expect(moved).toContain(part);
    const room = load((await member.get(`/rooms/${id}`)).text)('main').text();
    expect(room).toContain('Layout: Boardroom');
  });

  it('are chosen in the quick booking too, behind “more”', async () => {
    const id = await add();
    const booking = {
      title: 'Quick',
      date: '2030-04-04',
      from: '10:00',
      to: '11:00',
      room: id,
      layout: 'theatre',
    };
    const odd = await send(member, '/bookings', { ...booking, layout: 'cabaret', key: randomUUID() });
    expect([odd.status, load(odd.text)('#f-layout-error').text()]).toEqual([
      422,
      expect.stringContaining('Theatre 60'),
    ]);
    const made = await send(member, '/bookings', { ...booking, key: randomUUID() });
    expect(made.status).toBe(303);
    expect((await member.get(made.headers.location ?? '')).text).toContain('Theatre, 60 seats');
  });

  it('are refused where no chosen room has them, and what it has is named', async () => {
    const id = await add();
    const answer = await send(member, '/meetings', {
      ...meeting(id, { layout: 'cabaret' }),
      key: randomUUID(),
    });
    expect(answer.status).toBe(422);
    expect(load(answer.text)('#f-layout-error').text()).toContain('Boardroom 20, Theatre 60');
    expect(load(answer.text)('[name=title]').val()).toBe('Briefing');
  });

  it('tell the capacity of the layout in the notices of a claim', async () => {
    const id = await add();
    const at = (hour: number) => new Date(Date.parse('2030-04-03T00:00:00+08:00') + hour * 3_600_000);
    const taken = (
      await createMeeting(
        world.db,
        { id: cast.organiser.id },
        { title: 'A', startsAt: at(9), endsAt: at(10), zone: 'Asia/Shanghai', roomIds: [id] },
      )
    ).ok;
    const made = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'B',
        startsAt: at(9),
        endsAt: at(10),
        zone: 'Asia/Shanghai',
        roomIds: [id],
        layout: 'boardroom',
        expectedCount: 30,
      },
    );
    expect(taken).toBe(true);
    expect(made).toMatchObject({ ok: false, checks: [{ rule: 'capacity', limit: '20', actual: '30' }] });
    expect(
      await rows(world.db, 'select 1 from meeting_layouts where layout = :layout and room_id = :id', {
        layout: 'boardroom',
        id,
      }),
    ).toEqual([]);
  });

  it('leave the search by seats to the largest', async () => {
    const id = await add({
      name_en: 'Wide',
      capacity: 777,
      layouts: ['', '', '', '', '', '777'],
      min_people: '',
    });
    expect((await member.get('/rooms?seats=700')).text).toContain(`/rooms/${id}`);
    expect((await member.get('/calendar?seats=700&date=2030-04-02')).text).toContain('Wide');
  });
});

describe('a room out of service until a date', () => {
  const room = {
    id: 1,
    name_en: 'R',
    name_zh: 'R',
    capacity: 5,
    hours: [
      { weekday: 1, opens_at: '08:00', closes_at: '18:00' },
      { weekday: 2, opens_at: '08:00', closes_at: '18:00' },
    ],
  };
  it.each([
    ['2030-03-04T09:00:00+08:00', 'out_of_service'],
    ['2030-03-05T09:00:00+08:00', 'in_service'],
  ] as const)('is at %s %s', (instant, status) => {
    const out = {
      ...room,
      status: 'out_of_service' as const,
      back_at: new Date('2030-03-05T00:00:00+08:00'),
    };
    expect(statusAt(out, new Date(instant))).toBe(status);
    const checks = checkClaim(
      out,
      { startsAt: new Date(instant), endsAt: new Date(Date.parse(instant) + 3_600_000) },
      'Asia/Shanghai',
    );
    expect(checks.map(({ rule, limit }) => [rule, limit])).toEqual(
      status === 'in_service' ? [] : [['status', '2030-03-04']],
    );
  });

  it('says so, cannot be booked before, and can be booked for later at once', async () => {
    const id = await add();
    const today = new Date(world.clock.now()).toISOString().slice(0, 10);
    const past = await send(keeper, `/rooms/${id}/status`, {
      status: 'out_of_service',
      reason: 'Paint',
      until: '2001-01-01',
      version: await versionOf(id),
    });
    expect([past.status, load(past.text)('#f-until').val()]).toEqual([422, '2001-01-01']);
    await send(keeper, `/rooms/${id}/status`, {
      status: 'out_of_service',
      reason: 'Paint',
      until: '2030-04-01',
      version: await versionOf(id),
    }).expect(303);
    const page = load((await member.get(`/rooms/${id}`)).text)('main').text();
    expect(page).toContain('Out of service until');
    expect(page).toContain('Paint');
    expect(today < '2030-04-01').toBe(true);
    const early = await send(member, '/meetings', {
      ...meeting(id, { on: '2030-04-01' }),
      key: randomUUID(),
    });
    expect(early.status).toBe(409);
    expect(load(early.text)('main').text()).toContain('is out of service until');
    // The same room, once it is back: never before, at the time of day that was wanted.
    const $ = load(early.text);
    const room = await row<{ name_en: string }>(world.db, 'select name_en from rooms where id = :id', { id });
    expect(
      $('legend')
        .toArray()
        .map((one) => $(one).text()),
    ).toContain(`${room?.name_en} is back on Tue 2 Apr. Free then`);
    const times = $('button[name=pick][value^="time:"]')
      .toArray()
      .map((one) => Number(/\d+/.exec($(one).attr('value') ?? '')?.[0]));
    expect(times.length).toBeGreaterThan(1);
    expect(times.every((at) => at >= Date.parse('2030-04-02T00:00:00+08:00'))).toBe(true);
    const far = await send(member, '/bookings', {
      title: 'Far',
      date: '2030-03-06',
      from: '10:00',
      to: '11:00',
      room: id,
      seats: '',
      key: randomUUID(),
    });
    expect(load(far.text)('.alternatives').text()).toMatch(
      /is back on Tue 2 Apr\. Free then\s*Tue 2 Apr 10:00–11:00/,
    );
    await send(keeper, `/rooms/${id}/hours/exceptions`, {
      from_on: '2030-04-02',
      to_on: '2030-04-03',
      kind: 'closed',
      note: 'Cleaning',
    }).expect(303);
    const closed = await send(member, '/bookings', {
      title: 'Far',
      date: '2030-03-06',
      from: '10:00',
      to: '11:00',
      room: id,
      seats: '',
      key: randomUUID(),
    });
    expect(load(closed.text)('.alternatives').text()).toMatch(/Free then\s*Thu 4 Apr 10:00–11:00/);
    await send(keeper, `/rooms/${id}/hours/exceptions/removal`, { on: '2030-04-02' }).expect(303);
    await send(member, '/meetings', { ...meeting(id), key: randomUUID() }).expect(303);
    const isFree = (html: string) => load(html)(`a[href*="room=${id}&"]`).length > 0;
    expect(isFree((await member.get('/calendar?date=2030-04-01')).text)).toBe(false);
    expect(isFree((await member.get('/calendar?date=2030-04-02')).text)).toBe(true);
  });
});

describe('photos of a room', () => {
  const PNG = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );

  it('stand in an order that can be changed, with words that can be changed', async () => {
    const id = await add();
    for (const alt of ['Front', 'Back', 'Door']) {
      await keeper
        .post(`/rooms/${id}/photos`)
        .field('version', String(await versionOf(id)))
        .field('photo_alt', alt)
        .attach('photo', PNG, 'a.png')
        .expect(303);
    }
    const shown = async () => {
      const page = load((await member.get(`/rooms/${id}`)).text);
      return page('img.room-photo')
        .toArray()
        .map((one) => page(one).attr('alt'));
    };
    expect(await shown()).toEqual(['Front', 'Back', 'Door']);
    const photos = await rows<{ id: number }>(
      world.db,
      'select id from room_photos where room_id = :id order by position, id',
      { id },
    );
    const [front, back] = photos.map((photo) => photo.id);
    await send(keeper, `/rooms/${id}/photos/${back}/place`, {
      to: 'earlier',
      version: await versionOf(id),
    }).expect(303);
    await send(keeper, `/rooms/${id}/photos/${front}`, {
      alt: 'The front',
      version: await versionOf(id),
    }).expect(303);
    expect(await shown()).toEqual(['Back', 'The front', 'Door']);
    expect((await send(keeper, `/rooms/${id}/photos/${front}`, { alt: 'Late', version: 1 })).status).toBe(
      409,
    );
    expect(
      (await send(keeper, `/rooms/${id}/photos/${front}`, { alt: '', version: await versionOf(id) })).status,
    ).toBe(422);
    expect(
      (await send(member, `/rooms/${id}/photos/${front}/removal`, { version: await versionOf(id) })).status,
    ).toBe(403);
    await send(keeper, `/rooms/${id}/photos/${front}/removal`, { version: await versionOf(id) }).expect(303);
    await send(keeper, `/rooms/${id}/photos/${front}/removal`, { version: await versionOf(id) }).expect(303);
    expect(await shown()).toEqual(['Back', 'Door']);
    // Another room's photo is not reached by this address.
    expect((await member.get(`/rooms/${await add()}/photos/${back}`)).status).toBe(404);
  });
});
