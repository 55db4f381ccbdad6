import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { addClosure } from '../../src/closures/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let outsider: Agent;
let secretary: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, outsider, secretary] = (await Promise.all(
    [cast.organiser, cast.outsider, cast.secretary].map((who) => world.agent(who)),
  )) as [Agent, Agent, Agent];
});
afterAll(() => world.close());

const at = (on: string, time: string) => new Date(`${on}T${time}:00+08:00`);
async function book(
  title: string,
  on: string,
  from: string,
  to: string,
  more: Partial<Parameters<typeof createMeeting>[2]> = {},
): Promise<number> {
  const made = await createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title,
      startsAt: at(on, from),
      endsAt: at(on, to),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
      ...more,
    },
  );
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}
const open = async (agent: Agent, path: string) => load((await agent.get(path).expect(200)).text);
const texts = ($: ReturnType<typeof load>, selector: string) =>
  $(selector)
    .toArray()
    .map((one) => $(one).text().replace(/\s+/g, ' ').trim());
const orchid = () => `room-${cast.rooms.orchid}`;

describe('the week of a room', () => {
  it('lists each day from Monday on: what is booked, and each free stretch as a link', async () => {
    await book('Budget', '2030-03-05', '10:00', '11:30');
    const $ = await open(organiser, `/calendar/week?date=2030-03-07&of=${orchid()}`);
    expect(texts($, '.week-day h2')).toEqual([
      'Mon 4 Mar',
      'Tue 5 Mar',
      'Wed 6 Mar',
      'Thu 7 Mar',
      'Fri 8 Mar',
      'Sat 9 Mar',
      'Sun 10 Mar',
    ]);
    const tuesday = $('.week-day').eq(1);
    expect(
      tuesday
        .find('li')
        .toArray()
        .map((li) => $(li).find('i').text()),
    ).toEqual(['08:00–10:00', '10:00–11:30', '11:30–20:00']);
    expect(tuesday.find('.is-free a').first().attr('href')).toBe(
      `/bookings/new?room=${cast.rooms.orchid}&date=2030-03-05&from=08:00&to=09:00`,
    );
    expect($('.week-day').eq(6).find('li')).toHaveLength(0);
  });

  it('says "Booked" to who may not know', async () => {
    await book('Dismissal', '2030-03-06', '09:00', '10:00', { isPrivate: true });
    expect((await outsider.get(`/calendar/week?date=2030-03-06&of=${orchid()}`)).text).not.toContain(
      'Dismissal',
    );
    expect(
      texts(await open(organiser, `/calendar/week?date=2030-03-06&of=${orchid()}`), '.week-day b'),
    ).toContain('Dismissal');
  });

  it('is answered 304 until something in it changes', async () => {
    const path = `/calendar/week?date=2030-05-15&of=${orchid()}`;
    const { etag = '' } = (await organiser.get(path)).headers;
    expect((await organiser.get(path).set('If-None-Match', etag)).status).toBe(304);
    await book('Elsewhere', '2030-05-27', '09:00', '10:00');
    expect((await organiser.get(path).set('If-None-Match', etag)).status).toBe(304);
    await book('Here', '2030-05-17', '09:00', '10:00');
    expect((await organiser.get(path).set('If-None-Match', etag)).status).toBe(200);
  });

  it('keeps its days apart over a clock change', async () => {
    await world.db.raw(`update persons set zone = 'America/New_York' where id = ?`, [cast.outsider.id]);
    const made = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'After the change',
        startsAt: new Date('2030-03-12T01:00:00Z'),
        endsAt: new Date('2030-03-12T02:00:00Z'),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
      },
    );
    expect(made.ok).toBe(true);
    // 10 March has 23 hours there: counted by 24, what comes after it would begin an hour late.
    const $ = await open(outsider, `/calendar/month?date=2030-03-20&of=${orchid()}`);
    const eleventh = $('.month-day').filter(
      (_, day) => $(day).find('.month-number').text() === '11' && !$(day).is('.is-other'),
    );
    expect(
      eleventh
        .find('b, i')
        .toArray()
        .map((one) => $(one).text()),
    ).toEqual(['21:00–22:00', 'After the change']);
    await world.db.raw(`update persons set zone = 'Asia/Shanghai' where id = ?`, [cast.outsider.id]);
  });
});

describe('the month of a room', () => {
  it('stands in whole weeks and carries closures over all their days', async () => {
    await addClosure(
      world.db,
      { id: cast.secretary.id },
      {
        roomId: cast.rooms.bamboo,
        startsAt: at('2030-06-10', '00:00'),
        endsAt: at('2030-06-13', '00:00'),
        reason: 'New carpet',
      },
    );
    const $ = await open(organiser, `/calendar/month?date=2030-06-20&of=room-${cast.rooms.bamboo}`);
    expect($('.month-day')).toHaveLength(35);
    expect(texts($, '.month-day:not(.is-other) h2').length).toBe(30);
    expect(
      $('.month-day:has(b:contains("New carpet")) .month-number')
        .toArray()
        .map((one) => $(one).text()),
    ).toEqual(['10', '11', '12']);
    expect(($('a[data-key="["]').attr('href') ?? '').slice(0, 36)).toBe(
      '/calendar/month?date=2030-05-01&of=r',
    );
  });
});

describe('all rooms of a week or month', () => {
  it('adds up the hours taken, long closures day by day, and leads to the room and the day', async () => {
    await book('One', '2030-07-02', '09:00', '10:30');
    await book('Two', '2030-07-02', '11:00', '12:00');
    await addClosure(
      world.db,
      { id: cast.secretary.id },
      {
        roomId: cast.rooms.bamboo,
        startsAt: at('2030-07-03', '12:00'),
        endsAt: at('2030-07-05', '06:00'),
        reason: 'Paint',
      },
    );
    const $ = await open(organiser, '/calendar/week?date=2030-07-02');
    const cells = (room: string) =>
      $(`tr:has(th:contains("${room}")) td`)
        .toArray()
        .map((td) => $(td).find('a').text());
    expect(cells('Orchid')).toEqual(['', '2.5', '', '', '', '', '']);
    expect(cells('Bamboo').slice(2, 5)).toEqual(['12', '24', '6']);
    expect($('tr:has(th:contains("Orchid")) td a').eq(1).attr('aria-label')).toBe(
      'Orchid Tue 2 Jul: 2 bookings, 2.5 h',
    );
    expect((await open(organiser, '/calendar/month?date=2030-07-20'))('thead th')).toHaveLength(32);
  });

  it('a question that makes no sense shows all rooms of today', async () => {
    const $ = await open(organiser, '/calendar/month?date=2030-99-99&of=room-999');
    expect($('tbody tr')).toHaveLength(2);
  });
});

describe('a request that does not hold the room', () => {
  it('is shown as requested in day, week and month, while the room stays free for others', async () => {
    await world.db.raw(
      `insert into booking_rules (room_id, in_policy, requests_hold) values (?, 'request', 'free')`,
      [cast.rooms.orchid],
    );
    await world.db.raw(`insert into room_approvers (room_id, person_id) values (?, ?)`, [
      cast.rooms.orchid,
      cast.chair.id,
    ]);
    const asked = await book('Reading circle', '2030-06-04', '10:00', '12:00');

    const $ = await open(organiser, '/calendar?date=2030-06-04');
    const row = $('table.day tbody tr').filter((_, line) => $(line).find('th').text().includes('Orchid'));
    expect(row.find('.is-busy')).toHaveLength(0);
    const cell = row.find('td.is-asked');
    expect([cell.attr('colspan'), cell.find('b').text(), cell.find('a').first().attr('href')]).toEqual([
      '8',
      'Reading circle',
      `/meetings/${asked}`,
    ]);
    expect(cell.find('a[data-until]').attr('href')).toBe(
      `/bookings/new?room=${cast.rooms.orchid}&date=2030-06-04&from=10:00&to=11:00`,
    );
    expect(cell.find('a[data-until]').text()).toContain('although it is requested');
    // Free from opening to closing, in one stretch.
    expect(texts($, '.free-list li').find((text) => text.startsWith('Orchid'))).toBe('Orchid 08:00–20:00');
    expect($('.day-key').text()).toContain('Requested, still free');

    const week = await open(outsider, `/calendar/week?date=2030-06-04&of=${orchid()}`);
    expect(
      week('.week-day')
        .eq(1)
        .find('li')
        .toArray()
        .map((li) => [
          week(li).attr('class')?.replace('span-entry ', ''),
          week(li).find('i').text(),
          week(li).find('b').text(),
        ]),
    ).toEqual([
      ['is-free', '08:00–20:00', 'Free'],
      ['is-asked', '10:00–12:00', 'Requested: Reading circle'],
    ]);
    expect(
      texts(
        await open(organiser, `/calendar/month?date=2030-06-04&of=${orchid()}`),
        '.span-entry.is-asked b',
      ),
    ).toEqual(['Requested: Reading circle']);
    const hours = await open(organiser, '/calendar/week?date=2030-06-04');
    expect(
      hours('.occupancy a[aria-label*="4 Jun"]')
        .toArray()
        .map((one) => hours(one).attr('aria-label'))
        .find((label) => label?.startsWith('Orchid')),
    ).toBe('Orchid Tue 4 Jun: 0 bookings, 0 h');
    expect(texts(await open(organiser, '/calendar/sheet?date=2030-06-04'), '.pill')).toEqual(['To approve']);
    expect((await open(organiser, `/rooms/${cast.rooms.orchid}`))('.row').text()).toContain(
      'Requested, still free',
    );

    // Somebody who decides about the room books it all the same: what was requested is no longer in the way
    // of anybody.
    const taken = await createMeeting(
      world.db,
      { id: cast.chair.id },
      {
        title: 'Board',
        startsAt: at('2030-06-04', '10:00'),
        endsAt: at('2030-06-04', '11:00'),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
      },
    );
    expect(taken.ok).toBe(true);
    const after = await open(organiser, '/calendar?date=2030-06-04');
    expect([texts(after, 'td.is-busy b'), after('td.is-asked').attr('colspan')]).toEqual([['Board'], '4']);
    await world.db.raw(`delete from booking_rules`);
  });
});

describe('the week of a person', () => {
  it('holds what one organises and takes part in; others see "Booked" for what is private', async () => {
    const open1 = await book('Open talk', '2030-08-06', '09:00', '10:00', { roomIds: [cast.rooms.bamboo] });
    await book('Salary talk', '2030-08-07', '09:00', '10:00', {
      isPrivate: true,
      roomIds: [],
      place: 'Café',
    });
    await world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
      open1,
      cast.attendee.id,
    ]);
    expect(
      texts(await open(organiser, `/calendar/people/${cast.organiser.id}?date=2030-08-08`), '.span-entry b'),
    ).toEqual(['Open talk', 'Salary talk']);
    const foreign = await outsider.get(`/calendar/people/${cast.organiser.id}?date=2030-08-08`);
    expect(texts(load(foreign.text), '.span-entry b')).toEqual(['Open talk', 'Booked']);
    expect(foreign.text).not.toMatch(/Salary|Café/);
    expect(
      texts(
        await open(outsider, `/calendar/people/${cast.attendee.id}?date=2030-08-08`),
        '.span-entry small',
      ),
    ).toEqual(['Bamboo']);
    expect((await outsider.get(`/calendar/people/${cast.guest.id}`)).status).toBe(404);
  });
});

describe('the day sheet and what has to be ready', () => {
  it('lists the day by time, with tasks and a tick that only owner and keepers may set', async () => {
    const id = await book('Reception', '2030-09-03', '14:00', '15:00');
    await book('Early', '2030-09-03', '08:00', '09:00', { roomIds: [cast.rooms.bamboo] });
    const key = randomUUID();
    const add = (more: Record<string, unknown>) =>
      organiser
        .post(`/meetings/${id}/setup-tasks`)
        .type('form')
        .send({ kind: 'tea', note: 'Green tea for 12', owner: cast.attendee.email, key, ...more });
    expect((await add({ kind: 'other', note: '' })).text).toContain('Say what is needed');
    expect((await add({ owner: 'nobody at all' })).status).toBe(422);
    expect((await add({})).status).toBe(303);
    expect((await add({})).status).toBe(303);
    const $ = await open(organiser, '/calendar/sheet?date=2030-09-03');
    expect(texts($, '.day-sheet .row-title')).toEqual(['Early', 'Reception']);
    expect(texts($, '.sheet-tasks li b')).toEqual(['Tea and water']);
    expect($('.sheet-tasks').text()).toContain('Green tea for 12');

    const task =
      (await row<{ id: number }>(world.db, `select id from setup_tasks where meeting_id = :id`, { id }))
        ?.id ?? 0;
    const tick = (agent: Agent, done: boolean) =>
      agent
        .post(`/setup-tasks/${task}/done`)
        .type('form')
        .send({ ...(done ? { done: 'on' } : {}), date: '2030-09-03' });
    expect((await tick(outsider, true)).status).toBe(403);
    const owner = await world.agent(cast.attendee);
    expect((await tick(owner, true)).headers.location).toBe('/calendar/sheet?date=2030-09-03');
    await tick(owner, true);
    expect(texts(await open(secretary, '/calendar/sheet?date=2030-09-03'), '.sheet-tasks .pill')).toEqual([
      'Done',
    ]);
    expect(
      await row(
        world.db,
        `select count(*) as n from audit_events where action = 'setup.done' and meeting_id = :id`,
        { id },
      ),
    ).toEqual({ n: 1 });
    await tick(secretary, false);
    expect(
      await row(world.db, `select done_at, done_by from setup_tasks where id = :task`, { task }),
    ).toEqual({ done_at: null, done_by: null });

    expect((await outsider.get(`/meetings/${id}/setup-tasks`)).status).toBe(403);
    expect(
      (await organiser.post(`/meetings/${id}/setup-tasks/${task}/removal`).type('form').send({})).status,
    ).toBe(303);
    expect(texts(await open(organiser, '/calendar/sheet?date=2030-09-03'), '.sheet-tasks li')).toEqual([]);
  });

  it('shows a private meeting as "Booked", and its tasks\' note only to who sees to them', async () => {
    const id = await book('Closed talk', '2030-09-04', '14:00', '15:00', { isPrivate: true });
    await organiser.post(`/meetings/${id}/setup-tasks`).type('form').send({
      kind: 'technician',
      note: 'Recording of the witness',
      owner: cast.attendee.email,
      key: randomUUID(),
    });
    const foreign = (await secretary.get('/calendar/sheet?date=2030-09-04')).text;
    expect(foreign).toContain('Technician');
    expect(foreign).not.toMatch(/Closed talk|witness/);
    expect((await (await world.agent(cast.attendee)).get('/calendar/sheet?date=2030-09-04')).text).toContain(
      'Recording of the witness',
    );
  });
});
