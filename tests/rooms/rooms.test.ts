import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let keeper: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  keeper = await world.agent(cast.secretary);
});
afterAll(() => world.close());

const WEEK = {
  opens: ['08:00', '8', '0800', '8：00', '08:00', '', ''],
  closes: ['18:00', '18', '1800', '18:00', '24:00', '', ''],
};
function fields(more: Record<string, unknown> = {}) {
  const code = `r-${randomUUID().slice(0, 8)}`;
  return {
    name_en: `Room ${code}`,
    name_zh: `${code}室`,
    code,
    site: '',
    building: 'B',
    floor: '2',
    capacity: 10,
    setup_minutes: 0,
    teardown_minutes: 0,
    contact: '',
    note: '',
    sort_order: 0,
    ...WEEK,
    ...more,
  };
}
const send = (agent: Agent, path: string, body: object) => agent.post(path).type('form').send(body);
async function add(more: Record<string, unknown> = {}): Promise<number> {
  const answer = await send(keeper, '/rooms', { ...fields(more), key: randomUUID() });
  expect([answer.status, load(answer.text)('.error-summary').text()]).toEqual([303, '']);
  return Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
}
async function valuesOf(id: number): Promise<Record<string, unknown>> {
  const page = load((await keeper.get(`/rooms/${id}/edit`)).text);
  const values: Record<string, unknown> = {};
  for (const one of page(`form[action="/rooms/${id}"] :input[name]`).toArray()) {
    const field = page(one);
    if (field.attr('type') === 'checkbox' && !field.is(':checked')) continue;
    const name = field.attr('name') ?? '';
    const value = String(field.val() ?? '');
    values[name] =
      name in values
        ? [values[name], value].flat()
        : ['opens', 'closes', 'parts', 'equipment', 'layouts'].includes(name)
          ? [value]
          : value;
  }
  return values;
}
async function book(
  roomId: number,
  on: string,
  from: number,
  to: number,
  by: CastPerson = cast.organiser,
  title = 'Meeting',
) {
  const at = (hour: number) => new Date(Date.parse(`${on}T00:00:00+08:00`) + hour * 3_600_000);
  return createMeeting(
    world.db,
    { id: by.id },
    { title, startsAt: at(from), endsAt: at(to), zone: 'Asia/Shanghai', roomIds: [roomId] },
  );
}
const audit = (id: number) =>
  rows<{
    action: string;
    before: Record<string, unknown>;
    after: Record<string, unknown>;
    note: string | null;
  }>(
    world.db,
    `select action, before, after, note from audit_events where noun = 'rooms' and noun_id = :id order by id`,
    { id },
  );

describe('the catalogue of rooms', () => {
  it('takes a room with both names, place, equipment and leniently typed hours, and shows it', async () => {
    const id = await add({
      name_en: 'Study',
      name_zh: '研讨室',
      equipment: ['video', 'whiteboard'],
      is_step_free: 'on',
      contact: 'Porter',
      capacity: 16,
    });
    const page = load((await keeper.get(`/rooms/${id}`).expect(200)).text);
    const text = page('main').text();
    for (const part of [
      'Study',
      '16 seats',
      'Whiteboard',
      'Step-free',
      'Monday to Thursday 08:00–18:00',
      'Friday 08:00–24:00',
      'Porter',
    ])
      expect(text).toContain(part);
    const chinese = (await (await world.agent(cast.attendee)).get('/rooms')).text;
    expect(load(chinese)('tbody').text()).toContain('研讨室');
    expect((await audit(id))[0]).toMatchObject({
      action: 'room.create',
      after: { capacity: 16, equipment: ['video', 'whiteboard'] },
    });
  });

  it('finds rooms by seats and equipment', async () => {
    await add({ name_en: 'Big and wired', capacity: 90, equipment: 'interpretation' });
    const names = (html: string) =>
      load(html)('tbody th a')
        .toArray()
        .map((one) => load(html)(one).text());
    expect(names((await keeper.get('/rooms?seats=80&equipment=interpretation')).text)).toEqual([
      'Big and wired',
    ]);
    expect((await keeper.get('/rooms?seats=4000')).text).toContain('No room has all of that.');
  });

  it.each([
    ['a name that is missing', { name_zh: '' }, '#f-name_zh-error', 'Fill this in'],
    ['a code with spaces', { code: 'Room 1' }, '#f-code-error', 'small letters'],
    ['a code that is taken', { code: 'orchid' }, '#f-code-error', 'Another room has this code'],
    ['no seats', { capacity: 0 }, '#f-capacity-error', 'from 1 to 5000'],
    [
      'a day that only opens',
      { closes: ['', '18:00', '18:00', '18:00', '18:00', '', ''] },
      '#f-opens-0-error',
      'both',
    ],
    [
      'a day that closes before it opens',
      { closes: ['18:00', '07:00', '18:00', '18:00', '18:00', '', ''] },
      '#f-opens-1-error',
      'must close after',
    ],
    ['equipment that nobody knows', { equipment: ['jacuzzi'] }, '.error-summary', 'Choose again'],
  ])('refuses %s at its place and keeps the rest', async (_name, more, place, message) => {
    const answer = await send(keeper, '/rooms', {
      ...fields({ name_en: 'Kept', ...more }),
      key: randomUUID(),
    });
    expect(answer.status).toBe(422);
    const page = load(answer.text);
    expect(page(place).text()).toContain(message);
    expect(page('[name=name_en]').val()).toBe('Kept');
    expect(page('[name=opens]').eq(3).val()).toBe('8：00');
  });

  it('is kept by secretaries and administrators only', async () => {
    const member = await world.agent(cast.organiser);
    const { orchid } = cast.rooms;
    for (const path of [
      '/rooms/new',
      `/rooms/${orchid}/edit`,
      `/rooms/${orchid}/status`,
      `/rooms/${orchid}/closures/new`,
    ])
      expect((await member.get(path)).status).toBe(403);
    for (const path of [
      '/rooms',
      `/rooms/${orchid}`,
      `/rooms/${orchid}/status`,
      `/rooms/${orchid}/closures`,
      `/rooms/${orchid}/photos/1/removal`,
      `/rooms/${orchid}/closures/1/lifting`,
    ]) {
      expect((await send(member, path, { version: 1 })).status).toBe(403);
    }
    expect(load((await member.get(`/rooms/${orchid}`)).text)('main').text()).not.toContain('Edit');
    expect((await (await world.agent()).get('/rooms')).headers.location).toMatch(/^\/sign-in/);
    expect((await keeper.get('/rooms/999999')).status).toBe(404);
    expect(
      (
        await send(keeper, '/rooms/999999/closures', {
          from_date: '2030-05-01',
          from_time: '9',
          to_date: '2030-05-01',
          to_time: '10',
          reason: 'x',
          key: randomUUID(),
        })
      ).status,
    ).toBe(404);
  });

  it('changes a room and tells the history what changed', async () => {
    const id = await add();
    const values = await valuesOf(id);
    await send(keeper, `/rooms/${id}`, { ...values, capacity: 12, equipment: ['tea'] }).expect(303);
    expect((await audit(id)).at(-1)).toEqual({
      action: 'room.update',
      before: { capacity: 10, equipment: [] },
      after: { capacity: 12, equipment: ['tea'] },
      note: null,
    });
    await send(keeper, `/rooms/${id}`, await valuesOf(id)).expect(303);
    expect(await audit(id)).toHaveLength(2);
  });

  it('keeps what only somebody else changed when two people edit at once', async () => {
    const id = await add({ note: 'Old', equipment: ['tea'], layouts: ['', '', '', '', '', '8'] });
    const opened = await valuesOf(id);
    await send(keeper, `/rooms/${id}`, {
      ...opened,
      note: 'Theirs',
      equipment: ['tea', 'video'],
      closes: ['17:00', ...(opened.closes as string[]).slice(1)],
    }).expect(303);
    const late = await send(keeper, `/rooms/${id}`, {
      ...opened,
      floor: '9',
      equipment: ['whiteboard'],
      closes: [...(opened.closes as string[]).slice(0, 4), '20:00', '', ''],
    });
    expect(late.headers.location).toBe(`/rooms/${id}`);
    expect(load((await keeper.get(`/rooms/${id}`)).text)('main, .notice').text()).toContain(
      'What somebody else changed meanwhile is kept.',
    );
    const now = await valuesOf(id);
    expect(now).toMatchObject({
      note: 'Theirs',
      floor: '9',
      closes: ['17:00', '18:00', '18:00', '18:00', '20:00', '', ''],
      layouts: ['', '', '', '', '', '8'],
    });
    expect([now.equipment].flat().sort()).toEqual(['video', 'whiteboard']);
    expect((await audit(id)).at(-1)).toMatchObject({
      action: 'room.update',
      after: { floor: '9', equipment: ['video', 'whiteboard'] },
    });
    expect((await audit(id)).at(-1)?.after).not.toHaveProperty('note');
  });

  it('asks only about what both changed, and takes the answer', async () => {
    const id = await add({ note: 'Old', floor: '1', contact: 'Porter' });
    const opened = await valuesOf(id);
    const other = await world.agent(cast.administrator);
    await send(other, `/rooms/${id}`, { ...opened, note: 'Theirs', floor: '3', contact: 'Desk' }).expect(303);
    const late = await send(keeper, `/rooms/${id}`, { ...opened, note: 'Mine', floor: '9', building: 'C' });
    expect(late.status).toBe(409);
    const page = load(late.text);
    expect(
      page('main fieldset legend')
        .toArray()
        .map((one) => page(one).text().trim()),
    ).toEqual(['Floor', 'Note']);
    expect(
      page('main label.choice')
        .toArray()
        .map((one) => page(one).text().trim()),
    ).toEqual(['Mine: 9', 'Guan Ping: 3', 'Mine: Mine', 'Guan Ping: Theirs']);
    expect(page('main dl').text()).toMatch(/Contact\s*Desk/);
    const carried: Record<string, string[]> = {};
    for (const one of page('main form input[type=hidden]').toArray())
      (carried[page(one).attr('name') ?? ''] ??= []).push(page(one).attr('value') ?? '');
    // Meanwhile a third change, of what nobody was asked about.
    await send(other, `/rooms/${id}`, { ...(await valuesOf(id)), key_note: 'At the desk' }).expect(303);
    await send(keeper, `/rooms/${id}`, { ...carried, 'pick-floor': 'theirs', 'pick-note': 'mine' }).expect(
      303,
    );
    expect(
      await row(world.db, 'select note, floor, building, contact, key_note from rooms where id = :id', {
        id,
      }),
    ).toEqual({ note: 'Mine', floor: '3', building: 'C', contact: 'Desk', key_note: 'At the desk' });
  });

  it('does not let two halves that don’t go together become a room', async () => {
    const id = await add({ capacity: 30, name_en: 'Halves' });
    const opened = await valuesOf(id);
    await send(keeper, `/rooms/${id}`, { ...opened, capacity: 12, note: 'Smaller now' }).expect(303);
    const late = await send(keeper, `/rooms/${id}`, { ...opened, layouts: ['', '', '', '', '', '28'] });
    expect(late.status).toBe(422);
    const page = load(late.text);
    expect([
      page('[name=capacity]').val(),
      page('[name=layouts]').eq(5).val(),
      page('textarea[name=note]').text().trim(),
    ]).toEqual(['12', '28', 'Smaller now']);
    expect(page('.error-summary').text()).toContain('12');
  });

  it('still asks after a mistake in the form: what somebody else saved meanwhile is not undone', async () => {
    const id = await add({ note: 'Old' });
    const opened = await valuesOf(id);
    await send(keeper, `/rooms/${id}`, { ...opened, note: 'Theirs' }).expect(303);
    const wrong = load((await send(keeper, `/rooms/${id}`, { ...opened, capacity: 0 })).text);
    await send(keeper, `/rooms/${id}`, {
      ...opened,
      capacity: 11,
      version: wrong('[name=version]').first().val(),
      was: wrong('[name=was]').val(),
    }).expect(303);
    expect(await row(world.db, 'select note, capacity from rooms where id = :id', { id })).toEqual({
      note: 'Theirs',
      capacity: 11,
    });
    expect((await send(keeper, `/rooms/${id}`, { ...opened, was: 'nonsense' })).status).toBe(422);
  });

  it('loses no field when many save one field each at once', async () => {
    const id = await add({ note: 'Old' });
    const opened = await valuesOf(id);
    const each = [
      { note: 'N' },
      { floor: '7' },
      { contact: 'C' },
      { key_note: 'K' },
      { site: 'S' },
      { building: 'X' },
      { capacity: '44' },
      { setup_minutes: '15' },
      { sort_order: '3' },
      { equipment: ['tea'] },
      { equipment: ['video'] },
    ];
    const answers = await Promise.all(each.map((one) => send(keeper, `/rooms/${id}`, { ...opened, ...one })));
    expect(answers.map(({ status }) => status)).toEqual(each.map(() => 303));
    expect(
      await row(
        world.db,
        `select note, floor, contact, key_note, site, building, capacity, setup_minutes, sort_order, equipment
           from rooms
          where id = :id`,
        { id },
      ),
    ).toEqual({
      note: 'N',
      floor: '7',
      contact: 'C',
      key_note: 'K',
      site: 'S',
      building: 'X',
      capacity: 44,
      setup_minutes: 15,
      sort_order: 3,
      equipment: ['tea', 'video'],
    });
  });

  it('is asked for in groups, each under a heading', async () => {
    const page = load((await keeper.get('/rooms/new')).text);
    expect(
      page('main h2.form-section')
        .toArray()
        .map((one) => page(one).text()),
    ).toEqual(['Name and place', 'Seats and equipment', 'Access and contact', 'Times', 'Lists and parts']);
  });

  it('is added once when the form is sent twice', async () => {
    const form = { ...fields({ name_en: 'Once' }), key: randomUUID() };
    const answers = await Promise.all([send(keeper, '/rooms', form), send(keeper, '/rooms', form)]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(await rows(world.db, `select id from rooms where name_en = 'Once'`)).toHaveLength(1);
  });

  it('lists the coming meetings, and of private ones only that the room is booked', async () => {
    const id = await add();
    await book(id, '2030-03-04', 8, 12, cast.organiser, 'Running');
    await book(id, '2030-03-05', 9, 10, cast.organiser, 'Tomorrow');
    await world.db.raw(`update meetings set is_private = true where title = 'Tomorrow'`);
    const titles = async (person: CastPerson) => {
      const page = load((await (await world.agent(person)).get(`/rooms/${id}`)).text);
      return page('.row-title')
        .toArray()
        .map((one) => page(one).text());
    };
    expect(await titles(cast.organiser)).toEqual(['Running', 'Tomorrow']);
    expect(await titles(cast.outsider)).toEqual(['Running', 'Booked']);
  });
});

describe('a room that is out of service', () => {
  it('can’t be booked, says why, and comes back', async () => {
    const id = await add();
    const status = async (fields: object) =>
      send(keeper, `/rooms/${id}/status`, { version: (await valuesOf(id)).version, ...fields });
    expect(
      load((await status({ status: 'out_of_service', reason: '' })).text)('#f-reason-error').text(),
    ).toContain('Give a reason');
    await status({ status: 'out_of_service', reason: 'Water damage' }).then((answer) =>
      expect(answer.status).toBe(303),
    );
    expect(await book(id, '2030-03-06', 9, 10)).toMatchObject({
      ok: false,
      checks: [{ rule: 'status', level: 'error' }],
    });
    expect((await keeper.get(`/rooms/${id}`)).text).toContain('Water damage');
    expect((await keeper.get('/calendar?date=2030-03-06')).text).toContain('Out of service');
    expect((await status({ status: 'in_service', reason: '' })).status).toBe(303);
    expect((await book(id, '2030-03-06', 9, 10)).ok).toBe(true);
    expect((await status({ status: 'retired', reason: 'Sold' })).status).toBe(422);
    expect((await audit(id)).map(({ action }) => action)).toEqual([
      'room.create',
      'room.status',
      'room.status',
    ]);
  });

  it('leaves calendar and lists when it is retired', async () => {
    const id = await add({ name_en: 'Gone soon' });
    await send(keeper, `/rooms/${id}/status`, { version: 1, status: 'retired', reason: 'Sold' }).expect(303);
    expect((await keeper.get('/rooms')).text).not.toContain('Gone soon');
    expect((await keeper.get('/rooms?retired=on')).text).toContain('Gone soon');
    expect((await keeper.get('/calendar?date=2030-03-06')).text).not.toContain('Gone soon');
  });
});

describe('a closure', () => {
  const close = (id: number, on: string, from: string, to: string) =>
    send(keeper, `/rooms/${id}/closures`, {
      from_date: on,
      from_time: from,
      to_date: on,
      to_time: to,
      reason: 'New projector',
      key: randomUUID(),
    });
  const claimed = (id: number) =>
    rows<{ span: string }>(
      world.db,
      `select to_char(
         starts_at at time zone 'Asia/Shanghai', 'HH24:MI-'
       ) || to_char(
         ends_at at time zone 'Asia/Shanghai', 'HH24:MI'
       ) || case when meeting_id is null then ' closed' else ' meeting' end as span
         from room_claims
         where room_id = :id and state = 'confirmed'
         order by starts_at`,
      { id },
    ).then((all) => all.map(({ span }) => span));

  it('takes what is free, lists the meetings in its way, and gets each piece they give up', async () => {
    const id = await add();
    const meeting = await book(id, '2030-03-11', 10, 11, cast.organiser, 'In the way');
    await close(id, '2030-03-11', '9', '17').then((answer) => expect(answer.status).toBe(303));
    expect(await claimed(id)).toEqual(['09:00-10:00 closed', '10:00-11:00 meeting', '11:00-17:00 closed']);
    expect(load((await keeper.get(`/rooms/${id}`)).text)('.room-closure').text()).toMatch(
      /New projector[\s\S]*1 meeting still takes place here:[\s\S]*In the way/,
    );
    expect((await book(id, '2030-03-11', 16, 18)).ok).toBe(false);
    const organiser = await world.agent(cast.organiser);
    const refused = await send(organiser, '/bookings', {
      title: 'x',
      date: '2030-03-11',
      from: '12',
      to: '13',
      room: id,
      seats: '',
      key: randomUUID(),
    });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('New projector');

    const { cancelMeeting, restoreMeeting } = await import('../../src/meetings/callOffCommands.js');
    const meetingId = meeting.ok ? meeting.id : 0;
    await cancelMeeting(world.db, { id: cast.organiser.id }, meetingId, { reason: 'Room closed' });
    expect(await claimed(id)).toEqual(['09:00-10:00 closed', '10:00-11:00 closed', '11:00-17:00 closed']);
    expect(
      (await restoreMeeting(world.db, { id: cast.organiser.id }, meetingId, { now: world.clock.now() })).ok,
    ).toBe(false);

    const lifting =
      load((await keeper.get(`/rooms/${id}`)).text)('form[action$="/lifting"]').attr('action') ?? '';
    await send(keeper, lifting, {}).expect(303);
    await send(keeper, lifting, {}).expect(303);
    expect(await claimed(id)).toEqual([]);
    expect(
      (await restoreMeeting(world.db, { id: cast.organiser.id }, meetingId, { now: world.clock.now() })).ok,
    ).toBe(true);
    expect((await audit(id)).map(({ action }) => action)).toEqual([
      'room.create',
      'closure.create',
      'closure.lift',
    ]);
  });

  it('keeps what another closure of the same time still wants', async () => {
    const id = await add();
    await close(id, '2030-03-12', '9', '12');
    await close(id, '2030-03-12', '10', '14');
    const [first] = await rows<{ id: number }>(
      world.db,
      'select id from closures where room_id = :id order by id',
      { id },
    );
    await send(keeper, `/rooms/${id}/closures/${first?.id}/lifting`, {}).expect(303);
    expect(await claimed(id)).toEqual(['10:00-12:00 closed', '12:00-14:00 closed']);
  });

  it('of a hall closes its parts, and never double-books against simultaneous bookings', async () => {
    const [east, west] = [await add(), await add()];
    const hall = await add({ parts: [east, west] });
    const bookings = Array.from({ length: 12 }, (_, at) =>
      book(at % 2 ? east : hall, '2030-03-13', 8 + (at % 6), 9 + (at % 6)),
    );
    const [answer, ...booked] = await Promise.all([close(hall, '2030-03-13', '8', '14'), ...bookings]);
    expect(answer.status).toBe(303);
    for (const part of [east, west]) {
      const spans = (await claimed(part)).map((span) => span.slice(0, 11));
      expect(spans[0]?.slice(0, 5)).toBe('08:00');
      expect(spans.at(-1)?.slice(6)).toBe('14:00');
      for (let at = 1; at < spans.length; at++) expect(spans[at]?.slice(0, 5)).toBe(spans[at - 1]?.slice(6));
    }
    expect(booked.filter(({ ok }) => ok).length).toBeLessThanOrEqual(6);
  });

  it.each([
    ['ends before it begins', { from_time: '12', to_time: '11' }, 'to_time'],
    ['is over', { from_date: '2030-01-01', to_date: '2030-01-01' }, 'to_date'],
    ['has no reason', { reason: ' ' }, 'reason'],
  ])('is refused when it %s', async (_name, more, field) => {
    const answer = await send(keeper, `/rooms/${cast.rooms.orchid}/closures`, {
      from_date: '2030-05-01',
      from_time: '9',
      to_date: '2030-05-01',
      to_time: '10',
      reason: 'x',
      key: randomUUID(),
      ...more,
    });
    expect(answer.status).toBe(422);
    expect(load(answer.text)(`#f-${field}-error`)).toHaveLength(1);
  });
});

describe('a divisible hall', () => {
  it('is one level deep, of at least two rooms', async () => {
    const [a, b] = [await add(), await add()];
    const hall = await add({ parts: [a, b] });
    const wrong = async (id: number, parts: number[]) =>
      load((await send(keeper, `/rooms/${id}`, { ...(await valuesOf(id)), parts })).text)(
        '.error-summary',
      ).text();
    const other = await add();
    expect(await wrong(other, [hall, b])).toContain('not divided itself');
    expect(await wrong(other, [other, b])).toContain('not divided itself');
    expect(await wrong(a, [b, other])).toContain('not divided itself');
    expect(await wrong(other, [b])).toContain('at least two');
    expect(
      (
        await send(keeper, '/rooms', {
          ...fields({ name_en: 'Nested', parts: [hall, other] }),
          key: randomUUID(),
        })
      ).status,
    ).toBe(422);
    expect(await rows(world.db, `select id from rooms where name_en = 'Nested'`)).toEqual([]);
  });

  it('keeps its parts while bookings of the hall are to come', async () => {
    const [a, b, c] = [await add(), await add(), await add()];
    const hall = await add({ parts: [a, b] });
    expect((await book(a, '2030-03-14', 14, 15)).ok).toBe(true);
    const booked = await book(hall, '2030-03-14', 9, 10);
    expect(booked.ok).toBe(true);
    const change = async () =>
      send(keeper, `/rooms/${hall}`, { ...(await valuesOf(hall)), parts: [a, b, c] });
    expect(load((await change()).text)('#f-parts-error').text()).toContain('coming bookings');
    const { cancelMeeting } = await import('../../src/meetings/callOffCommands.js');
    await cancelMeeting(world.db, { id: cast.organiser.id }, booked.ok ? booked.id : 0, { reason: 'x' });
    expect((await change()).status).toBe(303);
    await book(hall, '2030-03-14', 9, 10);
    expect((await book(c, '2030-03-14', 9, 10)).ok).toBe(false);
  });
});

describe('the photo of a room', () => {
  const PNG = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const put = async (id: number, file: Buffer, name: string, alt = 'A long table') =>
    keeper
      .post(`/rooms/${id}/photos`)
      .field('version', String((await valuesOf(id)).version))
      .field('photo_alt', alt)
      .attach('photo', file, name);

  it('is shown with what it shows in words, and taken away again', async () => {
    const id = await add();
    expect((await put(id, PNG, 'room.png')).status).toBe(303);
    expect(load((await keeper.get(`/rooms/${id}`)).text)('img.room-photo').attr('alt')).toBe('A long table');
    const address = load((await keeper.get(`/rooms/${id}`)).text)('img.room-photo').attr('src') ?? '';
    const image = await keeper.get(address).expect(200);
    expect(image.headers['content-type']).toBe('image/png');
    expect(image.body).toEqual(PNG);
    await send(keeper, `${address}/removal`, { version: (await valuesOf(id)).version }).expect(303);
    expect((await keeper.get(address)).status).toBe(404);
  });

  it('must be a picture and be told in words', async () => {
    const id = await add();
    for (const answer of [
      await put(id, Buffer.from('<script>alert(1)</script>'), 'room.png'),
      await put(id, Buffer.from('plain words'), 'notes.txt'),
      await put(id, PNG, 'room.png', ''),
    ]) {
      expect(answer.status).toBe(422);
      expect(load(answer.text)('.error-summary')).toHaveLength(1);
    }
    const unreadable = await put(id, Buffer.from('plain words'), 'room.png');
    expect(load(unreadable.text)('.error-summary li').text()).toBe(
      'Choose a picture: PNG, JPEG, GIF or WebP',
    );
    expect(await rows(world.db, 'select id from room_photos where room_id = :id', { id })).toEqual([]);
  });
});
