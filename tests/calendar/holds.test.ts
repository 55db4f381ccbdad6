import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { addDoorDisplay, doorToken } from '../../src/doors/commands.js';
import { row } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { createPoll } from '../../src/polls/commands.js';
import { closeRooms } from '../../src/closures/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// What a room is held for is said in the same words wherever it is shown, to each as far as they may know.

let world: World;
let cast: Cast;
let [organiser, outsider, secretary, door]: Agent[] = [];
let [open, secret] = [0, 0];

const at = (time: string) => new Date(`2030-03-05T${time}:00+08:00`);
async function offer(title: string, isPrivate: boolean, time: string): Promise<number> {
  const made = await createPoll(
    world.db,
    { id: cast.organiser.id },
    {
      title,
      note: '',
      zone: 'Asia/Shanghai',
      isPrivate,
      deadlineAt: new Date('2030-03-04T17:00:00+08:00'),
      guests: [],
      people: [{ personId: cast.attendee.id, isRequired: true }],
      options: [time, '18:00'].map((from, n) => ({
        startsAt: at(from),
        endsAt: new Date(at(from).getTime() + 3_600_000),
        roomIds: n ? [] : [cast.rooms.orchid],
      })),
    },
    world.clock.now(),
  );
  return made.ok ? made.id : 0;
}

/** Of Orchid on Tuesday: 9–10 in an open poll, 11–12 in a private one, 14–15 kept for who waited. */
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, outsider, secretary, door] = [
    await world.agent(cast.organiser),
    await world.agent(cast.outsider),
    await world.agent(cast.secretary),
    await world.agent(),
  ];
  [open, secret] = [await offer('Spring round', false, '09:00'), await offer('Hushed round', true, '11:00')];
  const waits = await createMeeting(
    world.db,
    { id: cast.chair.id },
    { title: 'Patient talk', startsAt: at('14:00'), endsAt: at('15:00'), zone: 'Asia/Shanghai', roomIds: [] },
  );
  await world.owner.raw(
    `insert into room_claims (room_id, awaited_meeting_id, state, hold_until, starts_at, ends_at,
       occupies_from, occupies_to, created_by)
     values (?, ?, 'held', '2030-03-05T12:00+08:00', ?, ?, ?, ?, ?)`,
    [
      cast.rooms.orchid,
      waits.ok ? waits.id : 0,
      at('14:00'),
      at('15:00'),
      at('14:00'),
      at('15:00'),
      cast.chair.id,
    ],
  );
  await addDoorDisplay(world.db, { id: cast.secretary.id }, world.config.secretKey, {
    roomId: cast.rooms.orchid,
    name: 'Tablet',
    lang: 'en',
  });
  const display = await row<{ id: number }>(world.db, 'select id from door_displays');
  await door.get(`/door/${doorToken(world.config.secretKey, display?.id ?? 0)}`);
});
afterAll(() => world.close());

const KNOWN = [
  'Spring round · offered in a poll until Mon 4 Mar 17:00',
  'Hushed round · offered in a poll until Mon 4 Mar 17:00',
  'Kept for who waits until Tue 5 Mar 12:00',
];
const NOT_KNOWN = [
  'Offered in a poll until Mon 4 Mar 17:00',
  'Booked',
  'Kept for who waits until Tue 5 Mar 12:00',
];
const OFFICE = [KNOWN[0], 'Booked', KNOWN[2]] as string[];
const main = async (who: Agent, path: string) =>
  load((await who.get(path).expect(200)).text)('main')
    .text()
    .replace(/\s+/g, ' ');

describe('in the calendar', () => {
  const pages = () => [
    '/calendar?date=2030-03-05',
    `/calendar/week?date=2030-03-05&of=room-${cast.rooms.orchid}`,
    `/calendar/month?date=2030-03-05&of=room-${cast.rooms.orchid}`,
  ];
  test.each([0, 1, 2])('page %i says to each what they may know', async (n) => {
    const path = pages()[n] ?? '';
    for (const [who, words] of [
      [organiser, KNOWN],
      [outsider, NOT_KNOWN],
      [secretary, OFFICE],
    ] as const) {
      const text = await main(who as Agent, path);
      for (const word of words) expect(text).toContain(word);
      expect(text.includes('Hushed round')).toBe(who === organiser);
      expect(text.includes('Spring round')).toBe(who !== outsider);
      expect(text).not.toContain('Patient talk');
    }
    // To who has it: the meeting, where it is taken.
    expect(await main(await world.agent(cast.chair), path)).toContain(
      'Patient talk · kept for you until Tue 5 Mar 12:00',
    );
    const $ = load((await organiser?.get(path))?.text ?? '');
    expect([$(`a[href="/polls/${open}"]`).length > 0, $(`a[href="/polls/${secret}"]`).length > 0]).toEqual([
      true,
      true,
    ]);
  });

  test('in Chinese too', async () => {
    const text = await main(await world.agent(cast.attendee), pages()[0] ?? '');
    for (const word of [
      'Spring round · 时间征询中，保留至 3月4日 周一 17:00',
      'Hushed round · 时间征询中',
      '为排队等候者保留至 3月5日 周二 12:00',
    ])
      expect(text).toContain(word);
  });

  test('a private poll looks like any booking to who may not know it', async () => {
    const looks = async (who: Agent) => {
      const $ = load((await who.get('/calendar?date=2030-03-05')).text);
      return $('td.is-busy')
        .toArray()
        .map((one) => `${$(one).text().trim().slice(0, 6)} ${$(one).hasClass('striped')}`);
    };
    expect(await looks(outsider as Agent)).toEqual(
      expect.arrayContaining(['Booked false', 'Offere true', 'Kept f true']),
    );
  });
});

describe('who wants the room', () => {
  const book = (who: Agent, from: string, to: string) =>
    who
      .post('/bookings')
      .type('form')
      .send({ title: 'X', date: '2030-03-05', from, to, room: cast.rooms.orchid, key: randomUUID() });
  const told = (text: string) => load(text)('main').text().replace(/\s+/g, ' ');

  test.each([
    [
      'the title and who asks, to who may know the poll',
      'secretary',
      '09:00',
      'Orchid is offered in a poll Tue 5 Mar 09:00–10:00: Spring round. ' +
        'Ouyang Min asks until Mon 4 Mar 17:00. Ask Ouyang Min',
    ],
    [
      'whom to ask, to everybody',
      'outsider',
      '09:00',
      'Orchid is offered in a poll Tue 5 Mar 09:00–10:00. ' +
        'Ouyang Min asks until Mon 4 Mar 17:00. ' +
        'Ask Ouyang Min whether the room is still needed, or wait for it: after that it may be free.',
    ],
    [
      'only that it is taken, of a private poll',
      'outsider',
      '11:00',
      'Orchid is taken Tue 5 Mar 11:00–12:00',
    ],
    [
      'until when it is kept for who waited',
      'outsider',
      '14:00',
      'Orchid is kept Tue 5 Mar 14:00–15:00 for who waited for it, until Tue 5 Mar 12:00',
    ],
    [
      'where to take what is kept for oneself',
      'chair',
      '14:00',
      'for your meeting Patient talk until Tue 5 Mar 12:00',
    ],
  ])('is told %s', async (_what, who, from, words) => {
    const agent = await world.agent(cast[who as 'secretary']);
    const answer = await book(agent, from, `${Number(from.slice(0, 2)) + 1}:00`);
    expect(answer.status).toBe(409);
    expect(told(answer.text)).toContain(words);
    // A way on that is a button.
    expect(load(answer.text)('button[name=wait]').length).toBeGreaterThan(0);
    const form = await agent
      .post('/meetings')
      .type('form')
      .send({
        title: 'X',
        date: '2030-03-05',
        from,
        to: `${Number(from.slice(0, 2)) + 1}:00`,
        zone: 'Asia/Shanghai',
        rooms: cast.rooms.orchid,
        lang: 'en',
        key: randomUUID(),
      });
    if (form.status === 409) expect(told(form.text)).toContain(words);
  });

  test('and can wait for it: what the poll gives up is kept for them', async () => {
    const waiting = await outsider?.post('/bookings').type('form').send({
      title: 'Waits',
      date: '2030-03-05',
      from: '11:00',
      to: '12:00',
      room: cast.rooms.orchid,
      wait: 'on',
      key: randomUUID(),
    });
    expect(waiting?.status).toBe(303);
    await organiser?.post(`/polls/${secret}/cancellation`).type('form').send({ reason: 'x' });
    await world.runJobs();
    expect(await main(organiser as Agent, '/calendar?date=2030-03-05')).toContain('11:0');
    expect(
      await row(
        world.db,
        `select m.title
           from room_claims c join meetings m on m.id = c.awaited_meeting_id
          where c.state = 'held' and c.starts_at = :at`,
        { at: at('11:00') },
      ),
    ).toEqual({ title: 'Waits' });
  });
});

test('at the door: reserved, for what, and no title of a poll', async () => {
  world.clock.set(at('08:50'));
  expect(await main(door as Agent, '/door')).toContain('Free, soon reserved');
  world.clock.set(at('09:30'));
  const text = await main(door as Agent, '/door');
  expect(text).toContain('Reserved Offered in a poll until Mon 4 Mar 17:00');
  expect(text).toContain('Kept for who waits until Tue 5 Mar 12:00');
  for (const word of ['Spring', 'In use', 'Book now']) expect(text).not.toContain(word);
  world.clock.set('2030-03-04T01:00:00Z');
});

test('a hall whose parts are held together says it once', async () => {
  const hall = await row<{ id: number }>(
    world.owner,
    `insert into rooms (code, name_en, name_zh, building, floor, capacity, equipment)
     values ('hall', 'Hall', '大厅', 'A', '3', 40, '{}')
     returning id`,
    {},
  );
  await world.owner.raw(
    `insert into room_hours (room_id, weekday, opens_at, closes_at)
     select ?, day, '08:00', '20:00'
       from generate_series(1, 5) as day`,
    [hall?.id ?? 0],
  );
  await world.owner.raw(`insert into room_parts (hall_id, part_id) values (?, ?), (?, ?)`, [
    hall?.id ?? 0,
    cast.rooms.orchid,
    hall?.id ?? 0,
    cast.rooms.bamboo,
  ]);
  const made = await createPoll(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Whole house',
      note: '',
      zone: 'Asia/Shanghai',
      isPrivate: false,
      deadlineAt: new Date('2030-03-05T17:00:00+08:00'),
      guests: [],
      people: [{ personId: cast.attendee.id, isRequired: true }],
      options: ['09:00', '11:00'].map((from) => ({
        startsAt: new Date(`2030-03-06T${from}:00+08:00`),
        endsAt: new Date(`2030-03-06T${from.slice(0, 2)}:45:00+08:00`),
        roomIds: [hall?.id ?? 0],
      })),
    },
    world.clock.now(),
  );
  expect(made).toMatchObject({ ok: true, held: 2 });
  const week = await main(organiser as Agent, `/calendar/week?date=2030-03-06&of=room-${hall?.id}`);
  expect(week.split('Whole house · offered in a poll until Tue 5 Mar 17:00')).toHaveLength(3);
});

test('on the floor plan and on the page of a closure', async () => {
  const plan = await row<{ id: number }>(
    world.owner,
    `with f as (
       insert into files (name, media_type, state)
       values ('floor.png', 'image/png', 'stored')
       returning id)
     insert into floor_plans (site, building, floor, file_id, width, height, created_by)
     select r.site, r.building, r.floor, f.id, 100, 100, :by
       from rooms r, f
      where r.id = :room
     returning id`,
    { room: cast.rooms.orchid, by: cast.secretary.id },
  );
  const path = `/rooms/plans/${plan?.id}?date=2030-03-05&from=09:00&to=10:00`;
  expect(await main(outsider as Agent, path)).toContain(
    '09:00–10:00 Offered in a poll until Mon 4 Mar 17:00',
  );
  expect(await main(secretary as Agent, path)).toContain('Spring round · offered in a poll until');
  expect(await main(outsider as Agent, path.replace('09:00', '11:00').replace('10:00', '12:00'))).toContain(
    '11:00–12:00 Waits · kept for you until',
  );
  const { groupId } = await closeRooms(
    world.db,
    { id: cast.secretary.id },
    { roomIds: [cast.rooms.orchid], startsAt: at('08:00'), endsAt: at('15:00'), reason: 'Carpets' },
  );
  const group = await main(secretary as Agent, `/rooms/closures/${groupId}`);
  expect(group).toContain('kept although the room is closed then');
  expect(group).toMatch(
    /Spring round · offered in a poll until Mon 4 Mar 17:00.*Orchid.*Tue 5 Mar 09:00–10:00/,
  );
  expect(await main(outsider as Agent, `/rooms/${cast.rooms.orchid}`)).toContain(
    'Offered in a poll until Mon 4 Mar 17:00 Tue 5 Mar 09:00–10:00',
  );
});
