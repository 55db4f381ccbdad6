import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { doorState, type DoorClaim } from '../../src/doors/state.js';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { addClosure } from '../../src/closures/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { MONDAY, testWorld, type Agent, type World } from '../support/world.js';

describe('what a door says', () => {
  const at = (time: string) => new Date(`2030-03-04T${time}:00Z`);
  const open = { from: at('08:00'), to: at('18:00') };
  const none = { setup: 0, teardown: 0 };
  const claim = (from: string, to: string, more: Partial<DoorClaim> = {}): DoorClaim => ({
    startsAt: at(from),
    endsAt: at(to),
    from: at(from),
    to: at(to),
    meetingId: 1,
    title: 'Talk',
    hold: null,
    isClosure: false,
    isTentative: false,
    ...more,
  });

  it.each([
    ['free to the end of the day', [], '10:00', { state: 'free', until: at('18:00'), lengths: [15, 30, 60] }],
    [
      'free until the next',
      [claim('11:00', '12:00')],
      '10:15',
      { state: 'free', until: at('11:00'), lengths: [15, 30] },
    ],
    [
      'free while somebody only asks',
      [claim('09:00', '12:00', { isTentative: true }), claim('13:00', '14:00')],
      '10:00',
      { state: 'free', until: at('13:00'), lengths: [15, 30, 60] },
    ],
    ['soon in use', [claim('11:00', '12:00')], '10:50', { state: 'soon', until: at('11:00'), lengths: [] }],
    [
      'in use',
      [claim('09:00', '10:30'), claim('11:00', '12:00')],
      '10:00',
      { state: 'busy', until: at('10:30') },
    ],
    [
      'clearing away, then the next without a gap',
      [claim('09:00', '10:00', { to: at('10:15') }), claim('10:15', '11:00')],
      '10:05',
      { state: 'busy', until: at('11:00') },
    ],
    [
      'closed for works',
      [claim('08:00', '18:00', { isClosure: true, meetingId: null })],
      '10:00',
      { state: 'closed', until: at('18:00') },
    ],
    ['before opening', [], '07:00', { state: 'closed', until: at('08:00'), lengths: [] }],
    ['after closing', [], '18:00', { state: 'closed', until: null }],
  ] as const)('%s', (_name, claims, now, expected) => {
    expect(doorState(claims as readonly DoorClaim[], at(now), open, none)).toMatchObject(expected);
  });

  it('offers nothing in a room that has to be set up first, and counts clearing away', () => {
    expect(doorState([], at('10:00'), open, { setup: 10, teardown: 0 }).lengths).toEqual([]);
    expect(
      doorState([claim('10:30', '11:00')], at('10:00'), open, { setup: 0, teardown: 15 }).lengths,
    ).toEqual([15]);
  });
});

describe('the display', () => {
  let world: World;
  let cast: Cast;
  let secretary: Agent;
  let organiser: Agent;
  let device: Agent;
  let address: string;
  beforeAll(async () => {
    world = await testWorld();
    cast = await makeCast(world.db);
    [secretary, organiser, device] = (await Promise.all([
      world.agent(cast.secretary),
      world.agent(cast.organiser),
      world.agent(),
    ])) as [Agent, Agent, Agent];
    await secretary
      .post(`/rooms/${cast.rooms.orchid}/doors`)
      .type('form')
      .send({ name: 'Tablet', lang: 'en', key: randomUUID() })
      .expect(303);
    address = new URL(
      String(load((await secretary.get(`/rooms/${cast.rooms.orchid}/doors`)).text)('.feed-address').val()),
    ).pathname;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.owner.raw(`update room_claims set state = 'cancelled'`);
    world.clock.set(MONDAY);
  });

  const minutes = (n: number) => new Date(Date.parse(MONDAY) + n * 60_000);
  async function book(
    title: string,
    from: number,
    to: number,
    more: Partial<Parameters<typeof createMeeting>[2]> = {},
  ): Promise<number> {
    const made = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title,
        startsAt: minutes(from),
        endsAt: minutes(to),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
        ...more,
      },
    );
    if (!made.ok) throw new Error(JSON.stringify(made));
    return made.id;
  }
  const screen = async () => load((await device.get('/door').expect(200)).text);
  const press = (path: string, fields: Record<string, unknown>) =>
    device.post(path).type('form').send(fields);
  const claimOf = (id: number) =>
    row<{ ends_at: Date; state: string }>(
      world.db,
      `select ends_at, state from room_claims where meeting_id = :id`,
      { id },
    );

  it('keeps its token in a cookie and out of the address; a wrong one shows nothing', async () => {
    const opened = await device.get(address);
    expect([opened.status, opened.headers.location, opened.headers['cache-control']]).toEqual([
      303,
      '/door',
      'no-store',
    ]);
    expect((await screen())('.door-room').text()).toContain('Orchid');
    const stranger = await world.agent();
    expect((await stranger.get('/door')).status).toBe(404);
    expect((await stranger.get(`/door/${'A'.repeat(43)}`)).status).toBe(404);
    expect(
      (await stranger.post('/door/booking').type('form').send({ minutes: '30', key: randomUUID() })).status,
    ).toBe(404);
  });

  it('books at once in the name of who set it up, and is checked in', async () => {
    const key = randomUUID();
    expect((await press('/door/booking', { minutes: '30', key })).status).toBe(303);
    expect((await press('/door/booking', { minutes: '30', key })).status).toBe(303);
    const made = await rows<{ organiser_id: number; is_in: boolean }>(
      world.db,
      `select m.organiser_id, m.checked_in_at is not null as is_in
         from meetings m join room_claims c on c.meeting_id = m.id and c.state = 'confirmed'`,
    );
    expect(made).toEqual([{ organiser_id: cast.secretary.id, is_in: true }]);
    const $ = await screen();
    expect($('.door-busy h1').text()).toContain('In use');
    expect((await press('/door/booking', { minutes: '30', key: randomUUID() })).status).toBe(409);
  });

  it('checks in, extends while nobody comes next, ends early and frees the room at once', async () => {
    const id = await book('Budget', -10, 50);
    await book('Next', 70, 120);
    expect((await screen())('.door-what').text()).toContain('Budget');
    expect((await press('/door/check-in', { meeting: String(id) })).status).toBe(303);
    expect((await screen())('form[action="/door/check-in"]')).toHaveLength(0);
    expect((await press('/door/extension', { meeting: String(id) })).status).toBe(303);
    expect((await claimOf(id))?.ends_at).toEqual(minutes(65));
    const refused = await press('/door/extension', { meeting: String(id) });
    expect(refused.status).toBe(409);
    expect(load(refused.text)('[role=alert]').text()).toContain('next');
    expect((await claimOf(id))?.ends_at).toEqual(minutes(65));
    expect((await press('/door/early-end', { meeting: String(id) })).status).toBe(303);
    expect((await claimOf(id))?.ends_at).toEqual(minutes(0));
    expect((await screen())('.door-free')).toHaveLength(1);
    await book('Spontaneous', 5, 60);
    expect(
      (
        await rows<{ action: string }>(
          world.db,
          `select action from audit_events where meeting_id = :id and action <> 'meeting.create' order by id`,
          { id },
        )
      ).map(({ action }) => action),
    ).toEqual(['meeting.checkIn', 'meeting.extend', 'meeting.endEarly']);
  });

  it('says on the page who comes next, how much longer is left and where one could go on', async () => {
    const id = await book('Budget', -10, 50);
    await book('Choir', 60, 120);
    const refused = await organiser.post(`/meetings/${id}/extension`).type('form').send({ minutes: '30' });
    expect(refused.status).toBe(409);
    const page = load(refused.text);
    expect(page('main').text()).toMatch(/Orchid is taken .*: Choir \(Ouyang Min\)/);
    expect(page('main a[href^="/bookings/new?room="]').first().text()).toMatch(
      /^Bamboo, \d\d:\d\d–\d\d:\d\d$/,
    );
    const way = page('form[action$="/extension"]').first();
    expect(way.text()).toBe('Keep it 10 min longer');
    await organiser
      .post(String(way.attr('action')))
      .type('form')
      .send({ minutes: way.find('[name=minutes]').val() as string })
      .expect(303);
    expect((await claimOf(id))?.ends_at).toEqual(minutes(60));
    const full = load(
      (await organiser.post(`/meetings/${id}/extension`).type('form').send({ minutes: '15' }).expect(409))
        .text,
    );
    expect(full('form[action$="/extension"]').first().text()).toBe('+15 min');
    expect(full('main').text()).toContain('Choir');
  });

  it('counts from what the room is kept for, not from the end that people were told', async () => {
    const id = await book('Budget', -10, 50);
    await world.owner.raw(`update meetings set announced_at = now() where id = ?`, [id]);
    await book('Choir', 80, 120);
    await organiser.post(`/meetings/${id}/extension`).type('form').send({ minutes: '15' }).expect(303);
    const page = load(
      (await organiser.post(`/meetings/${id}/extension`).type('form').send({ minutes: '30' }).expect(409))
        .text,
    );
    expect(page('main').text()).toContain('Choir');
    expect(page('form[action$="/extension"]').first().text()).toBe('Keep it 15 min longer');
  });

  it('is free while somebody only asks for the room, and says so', async () => {
    const asked = await book('Reading circle', -10, 50);
    await world.db.raw(
      `update room_claims set state = 'requested', is_holding = false where meeting_id = ?`,
      [asked],
    );
    const later = await book('Choir', 60, 90);
    await world.db.raw(
      `update room_claims set state = 'requested', is_holding = false where meeting_id = ?`,
      [later],
    );
    const $ = await screen();
    expect([$('.door').attr('class'), $('.door-verbs button').length]).toEqual(['door door-free', 3]);
    expect($('.door-next li').text()).toContain('Requested: Choir');
    expect((await press('/door/booking', { minutes: '60', key: randomUUID() })).headers.location).toBe(
      '/door',
    );
    expect((await screen())('.door').attr('class')).toBe('door door-busy');
  });

  it('hides private titles and does nothing to what is not in its room now', async () => {
    const hidden = await book('Dismissal', -10, 50, { isPrivate: true });
    expect((await device.get('/door')).text).not.toContain('Dismissal');
    const elsewhere = await book('Elsewhere', -10, 50, { roomIds: [cast.rooms.bamboo] });
    expect((await press('/door/early-end', { meeting: String(elsewhere) })).headers.location).toBe('/door');
    expect((await claimOf(elsewhere))?.ends_at).toEqual(minutes(50));
    expect((await press('/door/early-end', { meeting: String(hidden) })).status).toBe(303);
    expect((await claimOf(hidden))?.ends_at).toEqual(minutes(0));
  });

  it('hands the rest of an ended meeting to a closure that waits for the room', async () => {
    const id = await book('In the way', -10, 50);
    const closure = await addClosure(
      world.db,
      { id: cast.secretary.id },
      { roomId: cast.rooms.orchid, startsAt: minutes(0), endsAt: minutes(120), reason: 'Paint' },
    );
    await press('/door/early-end', { meeting: String(id) });
    expect(
      await rows(
        world.db,
        `select occupies_from, occupies_to
           from room_claims
          where closure_id = :id and state = 'confirmed'
          order by occupies_from`,
        { id: closure.id },
      ),
    ).toEqual([
      { occupies_from: minutes(0), occupies_to: minutes(50) },
      { occupies_from: minutes(50), occupies_to: minutes(120) },
    ]);
  });

  it('hands the rest of an ended meeting to a closure of the hall that its room is part of', async () => {
    await world.owner.raw(`update closures set lifted_at = now() where lifted_at is null`);
    const hall = await row<{ id: number }>(
      world.owner,
      `insert into rooms (code, name_en, name_zh, capacity) values ('hall', 'Hall', '大厅', 100) returning id`,
    );
    await world.owner.raw(`insert into room_parts (hall_id, part_id) values (?, ?)`, [
      hall?.id ?? 0,
      cast.rooms.orchid,
    ]);
    const id = await book('In the way of the hall', -10, 50);
    const closure = await addClosure(
      world.db,
      { id: cast.secretary.id },
      { roomId: hall?.id ?? 0, startsAt: minutes(0), endsAt: minutes(120), reason: 'Paint' },
    );
    await press('/door/early-end', { meeting: String(id) });
    expect(
      await rows(
        world.db,
        `select room_id, occupies_from, occupies_to
           from room_claims
          where closure_id = :id and state = 'confirmed'
          order by occupies_from`,
        { id: closure.id },
      ),
    ).toEqual([
      { room_id: cast.rooms.orchid, occupies_from: minutes(0), occupies_to: minutes(50) },
      { room_id: cast.rooms.orchid, occupies_from: minutes(50), occupies_to: minutes(120) },
    ]);
    await world.owner.raw(`delete from room_parts where hall_id = ?`, [hall?.id ?? 0]);
  });

  it('never gives the same quarter of an hour to two: extensions and bookings at once', async () => {
    const id = await book('Long talk', -30, 30);
    const at = (n: number) => ({
      title: `Rival ${n}`,
      date: '2030-03-04',
      from: clockOf(minutes(30)),
      to: clockOf(minutes(60)),
      room: String(cast.rooms.orchid),
      seats: '',
      key: randomUUID(),
    });
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => press('/door/extension', { meeting: String(id) })),
      ...Array.from({ length: 6 }, (_, n) => organiser.post('/bookings').type('form').send(at(n))),
    ]);
    expect(answers.map(({ status }) => status).filter((status) => status !== 303 && status !== 409)).toEqual(
      [],
    );
    const overlaps = await row<{ n: number }>(
      world.db,
      `select count(*) as n
         from room_claims a
           join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
        where a.state = 'confirmed' and b.state = 'confirmed'`,
    );
    expect(overlaps?.n).toBe(0);
  });
  const clockOf = (instant: Date) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Asia/Shanghai',
      hour: '2-digit',
      minute: '2-digit',
    }).format(instant);

  it('lets who takes part do the same by the code, nobody else, and only then', async () => {
    const id = await book('Budget', 20, 80);
    const early = await organiser.post(`/meetings/${id}/check-in`).type('form').send({});
    expect(early.status).toBe(409);
    expect(early.text).toContain('15 minutes before');
    world.clock.advance({ minutes: 25 });
    expect(
      (await (await world.agent(cast.outsider)).post(`/meetings/${id}/check-in`).type('form').send({}))
        .status,
    ).toBe(403);
    expect(
      load((await organiser.get(`/meetings/${id}`)).text)(`a[href="/meetings/${id}/check-in"]`),
    ).toHaveLength(1);
    expect((await organiser.post(`/meetings/${id}/check-in`).type('form').send({})).status).toBe(303);
    expect(
      (await organiser.post(`/meetings/${id}/extension`).type('form').send({ minutes: '30' })).status,
    ).toBe(303);
    expect((await claimOf(id))?.ends_at).toEqual(minutes(110));
    expect(
      (await organiser.post(`/meetings/${id}/extension`).type('form').send({ minutes: '999' })).status,
    ).toBe(422);
  });

  it('stops when it is revoked', async () => {
    const display = await row<{ id: number }>(world.db, `select max(id) as id from door_displays`);
    expect(
      (
        await organiser
          .post(`/rooms/${cast.rooms.orchid}/doors/${display?.id}/revocation`)
          .type('form')
          .send({})
      ).status,
    ).toBe(403);
    await secretary
      .post(`/rooms/${cast.rooms.orchid}/doors/${display?.id}/revocation`)
      .type('form')
      .send({})
      .expect(303);
    expect((await device.get('/door')).status).toBe(404);
  });
});
