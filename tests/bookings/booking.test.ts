import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
});
afterAll(() => world.close());

type Fields = Record<string, string | number | (string | number)[]>;
function fields(more: Fields = {}): Fields {
  return {
    title: 'Budget',
    date: '2030-03-05',
    from: '10:00',
    to: '11:00',
    room: cast.rooms.orchid,
    seats: '',
    key: randomUUID(),
    ...more,
  };
}
async function book(person: CastPerson | Agent, more: Fields = {}) {
  const agent = 'id' in person ? await world.agent(person) : person;
  return agent.post('/bookings').type('form').send(fields(more));
}
const claims = (meetingId: number) =>
  rows<{ room_id: number; state: string }>(
    world.db,
    `select room_id, state from room_claims where meeting_id = :meetingId order by room_id`,
    { meetingId },
  );
const idIn = (location: string | undefined) => Number(/\/meetings\/(\d+)/.exec(location ?? '')?.[1]);
const doubleBookings = () =>
  rows(
    world.db,
    `select a.id
       from room_claims a
       join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
      where a.state in ('held', 'requested', 'confirmed') and b.state in ('held', 'requested', 'confirmed')`,
  );

describe('booking a room', () => {
  it('takes two clicks and one word from the grid', async () => {
    const agent = await world.agent(cast.organiser);
    const grid = load((await agent.get('/calendar?date=2030-03-04').expect(200)).text);
    const free = grid('tr:has(th:contains("Orchid")) td.is-free > a').first();
    expect(free.attr('aria-label')).toBe('Book Orchid, free 09:00 to 20:00');
    const form = load((await agent.get(free.attr('href') ?? '').expect(200)).text);
    const filled = Object.fromEntries(
      form('form[action="/bookings"] :input[name]')
        .toArray()
        .map((one) => [form(one).attr('name') ?? '', String(form(one).val() ?? '')])
        .filter(([name]) => name !== 'is_private'),
    );
    expect(filled).toMatchObject({ date: '2030-03-04', from: '09:00', to: '10:00' });
    expect(form('select[name=room]').first().val()).toBe(String(cast.rooms.orchid));
    const booked = await agent
      .post('/bookings')
      .type('form')
      .send({ ...filled, room: cast.rooms.orchid, title: 'Leadership' })
      .expect(303);
    expect(await claims(idIn(booked.headers.location))).toEqual([
      { room_id: cast.rooms.orchid, state: 'confirmed' },
    ]);
    const after = load((await agent.get('/calendar?date=2030-03-04')).text);
    expect(after('td.is-mine').text()).toContain('Leadership');
    expect(after('td.is-mine').text()).toContain('09:00–10:00');
    const history = await rows(
      world.db,
      `select person_id, action, after->>'title' as title from audit_events where meeting_id = :id`,
      { id: idIn(booked.headers.location) },
    );
    expect(history).toEqual([
      { person_id: cast.organiser.id, action: 'meeting.create', title: 'Leadership' },
    ]);
  });

  it('tells hours on the clock of who asks, and says which clock that is', async () => {
    await world.db.raw(`update persons set zone = 'Asia/Tokyo' where id = ?`, [cast.attendee.id]);
    const refused = await book(cast.attendee, {
      title: 'Early',
      date: '2030-04-18',
      from: '08:30',
      to: '09:30',
    });
    expect(refused.status).toBe(422);
    const page = load(refused.text);
    expect(page('[role=alert]').text()).toContain('兰厅当日开放时间为 09:00–21:00');
    expect(page('.zone-note').text()).toContain('日本标准时间');
    const booked = await book(cast.attendee, {
      title: 'In time',
      date: '2030-04-18',
      from: '09:00',
      to: '09:30',
    });
    const [claim] = await rows<{ starts_at: Date }>(
      world.db,
      `select starts_at from room_claims where meeting_id = :id`,
      { id: idIn(booked.headers.location) },
    );
    expect(claim?.starts_at).toEqual(new Date('2030-04-18T08:00:00+08:00'));
    await world.db.raw(`update persons set zone = 'Asia/Shanghai' where id = ?`, [cast.attendee.id]);
  });

  it('keeps a form that came back by the browser’s way back and went out with other content', async () => {
    const agent = await world.agent(cast.outsider);
    const first = fields({ title: 'Morning', date: '2030-04-23' });
    const saved = await agent.post('/bookings').type('form').send(first).expect(303);
    expect((await agent.post('/bookings').type('form').send(first)).headers.location).toBe(
      saved.headers.location,
    );
    const again = await agent
      .post('/bookings')
      .type('form')
      .send({ ...first, title: 'Afternoon', from: '14:00', to: '15:00' });
    expect(again.status).toBe(409);
    const page = load(again.text);
    expect(page(`main a[href="${saved.headers.location}"]`)).toHaveLength(1);
    const form = Object.fromEntries(
      page('main form input')
        .toArray()
        .map((one) => [page(one).attr('name') ?? '', String(page(one).val())]),
    );
    expect(form).toMatchObject({ title: 'Afternoon', from: '14:00' });
    const made = await agent
      .post(String(page('main form').attr('action')))
      .type('form')
      .send(form)
      .expect(303);
    expect(made.headers.location).not.toBe(saved.headers.location);
  });

  it('offers no other language where the answer to a form could not be fetched again', async () => {
    await book(cast.organiser, { title: 'First', date: '2030-04-19' });
    const refused = await book(cast.outsider, { title: 'Second', date: '2030-04-19' });
    expect(refused.status).toBe(409);
    expect(load(refused.text)('form[action="/language"]')).toHaveLength(0);
    expect(
      load((await (await world.agent(cast.outsider)).get('/bookings/new').expect(200)).text)(
        'form[action="/language"]',
      ),
    ).toHaveLength(1);
  });

  it('says who has a taken room and offers the nearest rooms and times, each as one button', async () => {
    await book(cast.organiser, { title: 'Hearing', date: '2030-03-06' });
    const refused = await book(cast.outsider, {
      title: 'Mine',
      date: '2030-03-06',
      from: '10:30',
      to: '11:30',
    });
    expect(refused.status).toBe(409);
    const page = load(refused.text);
    expect(page('h1').text()).toBe('The room is taken');
    expect(page('[role=alert]').text()).toMatch(/Orchid is taken [^:]*10:00–11:00: Hearing \(Ouyang Min\)/);
    const buttons = page('.alternatives button')
      .toArray()
      .map((one) => page(one).text());
    expect(buttons[0]).toBe('Bamboo · 30 seats');
    expect(buttons[1]).toBe('11:00–12:00');
    expect(page('input[name=title]').last().val()).toBe('Mine');
    // The button books.
    const form = page('.alternatives form').eq(1);
    const body = Object.fromEntries(
      form
        .find('input')
        .toArray()
        .map((one) => [page(one).attr('name') ?? '', page(one).attr('value') ?? '']),
    );
    const agent = await world.agent(cast.outsider);
    const booked = await agent.post('/bookings').type('form').send(body).expect(303);
    expect(await claims(idIn(booked.headers.location))).toEqual([
      { room_id: cast.rooms.orchid, state: 'confirmed' },
    ]);
  });

  it('tells a stranger nothing of a private meeting but that the room is booked', async () => {
    await book(cast.organiser, { title: 'Dismissal of somebody', date: '2030-03-07', is_private: 'on' });
    for (const stranger of [cast.outsider, cast.administrator, cast.secretary]) {
      const refused = await book(stranger, { date: '2030-03-07' });
      expect(refused.status).toBe(409);
      expect(refused.text).toMatch(/Orchid is taken [^:]*10:00–11:00</);
      const grid = await (await world.agent(stranger)).get('/calendar?date=2030-03-07');
      expect(load(grid.text)('td.is-busy').text()).toContain('Booked');
      expect(refused.text + grid.text).not.toMatch(/Dismissal|Ouyang/);
      expect(load(grid.text)('td.is-busy a')).toHaveLength(0);
    }
    expect(
      load((await (await world.agent(cast.organiser)).get('/calendar?date=2030-03-07')).text)(
        'td.is-mine',
      ).text(),
    ).toContain('Dismissal');
  });

  it.each([
    ['an empty title', { title: '  ' }, 'title', 'Fill this in'],
    [
      'an end before the beginning',
      { from: '11:00', to: '10:00' },
      'to',
      'The end must be after the beginning',
    ],
    ['a time that is over', { date: '2030-03-01' }, 'date', 'This time is over already'],
    ['no room', { room: '' }, 'room', 'Choose a room'],
    ['a time that is none', { from: 'noon' }, 'from', 'Give a time from 00:00 to 23:59, such as 9:30'],
  ])('refuses %s at its field and keeps what was typed', async (_name, more, field, message) => {
    const answer = await book(cast.organiser, { title: 'Kept', ...more });
    expect(answer.status).toBe(422);
    const page = load(answer.text);
    expect(page(`#f-${field}-error`).text()).toContain(message);
    expect(page('title').text()).toMatch(/^Error:/);
    expect(page('input[name=title]').val()).toBe('title' in more ? '  ' : 'Kept');
  });

  it('names the opening hours it does not keep; a secretary goes beyond them with a reason', async () => {
    const evening = { date: '2030-03-08', from: '21:00', to: '22:00' };
    const refused = await book(cast.organiser, evening);
    expect(refused.status).toBe(422);
    expect(load(refused.text)('[role=alert]').text()).toContain('Orchid is open 08:00–20:00 that day.');
    expect(load(refused.text)('.alternatives button').first().text()).toBe('19:00–20:00');
    expect((await book(cast.organiser, { ...evening, override_reason: 'I want to' })).status).toBe(422);
    expect(
      (await book(cast.secretary, { ...evening, override_reason: 'The minister comes late' })).status,
    ).toBe(303);
    expect((await book(cast.secretary, { date: '2030-03-09' })).status).toBe(422);
  });

  it('refuses a room that does not exist, and an unknown field', async () => {
    expect((await book(cast.organiser, { room: 999_999 })).status).toBe(400);
    expect((await book(cast.organiser, { is_admin: 'yes' })).status).toBe(422);
  });

  it('asks those who are not signed in to sign in, and writes nothing', async () => {
    const agent = await world.agent();
    const answer = await agent
      .post('/bookings')
      .type('form')
      .send(fields({ title: 'Nobody' }));
    expect(answer.status).toBe(401);
    expect(await rows(world.db, `select id from meetings where title = 'Nobody'`)).toEqual([]);
  });

  it('is one booking when the form is sent twice', async () => {
    const agent = await world.agent(cast.organiser);
    const form = fields({ title: 'Twice', date: '2030-03-12' });
    const [first, second] = await Promise.all(
      [1, 2].map(() => agent.post('/bookings').type('form').send(form)),
    );
    expect([first?.status, second?.status]).toEqual([303, 303]);
    expect(first?.headers.location).toBe(second?.headers.location);
  });

  it('takes the first of an hour that exists twice and refuses one that does not exist', async () => {
    await world.db.raw(`update persons set zone = 'Europe/Berlin' where id = ?`, [cast.reviewer.id]);
    const skipped = await book(cast.reviewer, {
      date: '2030-03-31',
      from: '02:30',
      to: '04:00',
      override_reason: 'night shift',
    });
    expect(load(skipped.text)('#f-from-error').text()).toContain('this time does not exist');
    const twice = await book(cast.reviewer, {
      date: '2030-10-27',
      from: '02:30',
      to: '05:00',
      override_reason: 'night shift',
    });
    const [meeting] = await rows<{ starts_at: Date }>(
      world.db,
      `select starts_at from meetings where id = :id`,
      { id: idIn(twice.headers.location) },
    );
    expect(meeting?.starts_at.toISOString()).toBe('2030-10-27T00:30:00.000Z');
    await world.db.raw(`update persons set zone = 'Asia/Shanghai' where id = ?`, [cast.reviewer.id]);
  });
});

describe('many at once', () => {
  it('gives one slot to one of 32 people and the other 31 a page that helps', async () => {
    const agents = await Promise.all(
      Array.from({ length: 32 }, (_, at) => world.agent(at % 2 ? cast.organiser : cast.outsider)),
    );
    for (let round = 0; round < 3; round++) {
      const date = `2030-04-0${round + 1}`;
      const answers = await Promise.all(agents.map((agent) => book(agent, { date, title: `Race ${round}` })));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([303, ...Array.from({ length: 31 }, () => 409)]);
      for (const lost of answers.filter(({ status }) => status === 409))
        expect(load(lost.text)('.alternatives button').length).toBeGreaterThan(1);
    }
    expect(await doubleBookings()).toEqual([]);
    const [{ deadlocks } = { deadlocks: -1 }] = await rows<{ deadlocks: number }>(
      world.owner,
      `select deadlocks from pg_stat_database where datname = current_database()`,
    );
    expect(deadlocks).toBe(0);
  });

  it('lets bookings of two rooms cross without waiting for each other', async () => {
    const agent = await world.agent(cast.organiser);
    const { orchid, bamboo } = cast.rooms;
    const started = Date.now();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => {
        const hour = 8 + (Math.floor(at / 2) % 10);
        return book(agent, {
          date: '2030-04-08',
          from: `${hour}:00`,
          to: `${hour + 1}:00`,
          room: at % 2 ? [orchid, bamboo] : [bamboo, orchid],
        });
      }),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(30);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await doubleBookings()).toEqual([]);
  });
});
