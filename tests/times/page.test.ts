import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { answerPoll } from '../../src/polls/answerCommands.js';
import { createPoll } from '../../src/polls/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
});
afterAll(() => world.close());

const KEY = () => crypto.randomUUID();
const at = (time: string) => new Date(`2030-03-05T${time}:00+08:00`);

/** A meeting of some people on Tuesday, in UTC+8. */
async function busy(
  title: string,
  from: string,
  to: string,
  people: number[],
  more: { isPrivate?: boolean; room?: number } = {},
): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into meetings (title, starts_at, ends_at, zone, is_private, organiser_id, created_by, uid)
     values (:title, :from, :to, 'Asia/Shanghai', :private, :by, :by, gen_random_uuid())
     returning id`,
    { title, from: at(from), to: at(to), private: more.isPrivate ?? false, by: cast.reviewer.id },
  );
  for (const person of people)
    await world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
      made?.id ?? 0,
      person,
    ]);
  if (more.room) {
    await world.db.raw(
      `insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from, occupies_to,
         created_by)
       values (?, ?, 'confirmed', ?, ?, ?, ?, ?)`,
      [more.room, made?.id ?? 0, at(from), at(to), at(from), at(to), cast.reviewer.id],
    );
  }
  return made?.id ?? 0;
}

/** The address that looks for an hour on one day. */
const hourOn = (day: string, people: number[]) =>
  `/find-a-time?asked=1&${people.map((id) => `p=${id}`).join('&')}` +
  `&when=span&from=${day}&to=${day}&minutes=60`;

const search = (more = '') => hourOn('2030-03-05', [cast.organiser.id, cast.attendee.id]) + more;

async function suggestions(path: string, agent = organiser) {
  const answer = await agent.get(path);
  expect(answer.status).toBe(200);
  const $ = load(answer.text);
  return {
    $,
    list: $('.find-list > li')
      .toArray()
      .map((one) => $(one).find('.row-main').text().replace(/\s+/g, ' ').trim()),
    uses: $('button[name=use]')
      .toArray()
      .map((one) => $(one).attr('value') ?? ''),
  };
}

test('finds the first free hour and says why', async () => {
  await busy('Budget', '09:00', '10:00', [cast.attendee.id]);
  const { list, uses } = await suggestions(search());
  expect(list[0]).toMatch(
    /^Tue 5 Mar 10:00–11:00 everybody free; Orchid \(12 seats\); room a little large for 2/,
  );
  expect(uses[0]).toBe(`${at('10:00').getTime()}/${at('11:00').getTime()}/${cast.rooms.orchid}`);
});

test('a declined meeting leaves one free, a tentative one says so, an absence keeps away', async () => {
  const meeting = await busy('Workshop', '10:00', '12:00', [cast.attendee.id]);
  const replied = (status: string) =>
    world.db.raw(
      `insert into replies (participant_id, status, sequence, via)
       select id, ?, 0, 'page'
         from participants
        where meeting_id = ?`,
      [status, meeting],
    );
  await replied('declined');
  expect((await suggestions(search())).list[0]).toContain('10:00–11:00 everybody free');
  await replied('tentative');
  const { list, $ } = await suggestions(search());
  expect(list[0]).toContain('13:00–14:00');
  expect($('.find-grid .striped .only-heard').text()).toContain('10:00–12:00 tentative');
  await world.db.raw(
    `insert into absences (person_id, kind, starts_at, ends_at, is_all_day, note, created_by)
     values (?, 'leave', ?, ?, false, 'dentist', ?)`,
    [cast.attendee.id, at('13:00'), at('18:00'), cast.attendee.id],
  );
  const absent = await organiser.get(search());
  expect(load(absent.text)('.find-grid').text()).toContain('13:00–18:00 absent');
  expect(absent.text).not.toContain('dentist');
  expect(absent.text).toContain('tentative: Chen An');
  await world.db.raw(`delete from absences`);
  await world.db.raw(
    `update meetings set state = 'cancelled', cancelled_at = now(), cancel_reason = 'x' where id = ?`,
    [meeting],
  );
});

test('never shows a title that the viewer may not know', async () => {
  await busy('Secret merger', '15:00', '16:00', [cast.attendee.id], { isPrivate: true });
  const mine = await (await world.agent(cast.attendee)).get(search());
  expect(mine.text).toContain('Secret merger');
  const other = await organiser.get(search());
  expect(other.text).not.toContain('Secret merger');
  expect(other.text).toContain('Budget');
  expect(load(other.text)('.find-grid').text()).toContain('15:00–16:00 busy');
});

test('shows the time where people are, and ranks outside their hours lower', async () => {
  await world.db.raw(`update persons set zone = 'Europe/Berlin' where id = ?`, [cast.attendee.id]);
  const { list } = await suggestions(search());
  // 16:00 in Shanghai is 09:00 in Berlin.
  expect(list[0]).toContain('16:00–17:00');
  expect(list[0]).toContain('Chen An: 09:00–10:00 (Berlin)');
  expect(list.at(-1)).toContain('outside the working hours of Chen An');
  await world.db.raw(`update persons set zone = 'Asia/Shanghai' where id = ?`, [cast.attendee.id]);
});

test('makes the meeting with people and room by one press, once', async () => {
  const { uses } = await suggestions(search(`&o=${cast.outsider.id}`));
  const form = {
    key: KEY(),
    use: uses[0] ?? '',
    title: '',
    p: [cast.organiser.id, cast.attendee.id],
    o: [cast.outsider.id],
    minutes: '60',
  };
  const made = await organiser.post('/find-a-time/meeting').type('form').send(form);
  expect(made.status).toBe(303);
  expect((await organiser.post('/find-a-time/meeting').type('form').send(form)).headers.location).toBe(
    made.headers.location,
  );
  const id = Number(made.headers.location?.split('/')[2]);
  expect(
    await row(world.db, `select title, state, organiser_id from meetings where id = :id`, { id }),
  ).toEqual({ title: 'Meeting of Ouyang Min', state: 'draft', organiser_id: cast.organiser.id });
  expect(
    await rows(world.db, `select person_id, role from participants where meeting_id = :id order by id`, {
      id,
    }),
  ).toEqual(
    expect.arrayContaining([
      { person_id: cast.attendee.id, role: 'required' },
      { person_id: cast.outsider.id, role: 'optional' },
    ]),
  );
  expect(
    await row(world.db, `select room_id, state, starts_at from room_claims where meeting_id = :id`, { id }),
  ).toEqual({ room_id: cast.rooms.orchid, state: 'confirmed', starts_at: at('10:00') });
});

test('who was quicker gets it; the other one sees the clash and goes on with a press', async () => {
  const { uses } = await suggestions(search());
  await busy('Quicker', '11:00', '12:00', [], { room: cast.rooms.orchid });
  const use = `${at('11:00').getTime()}/${at('12:00').getTime()}/${cast.rooms.orchid}`;
  expect(uses.length).toBeGreaterThan(0);
  const form = { use, title: 'Planning', p: [cast.organiser.id, cast.attendee.id] };
  const clash = await organiser
    .post('/find-a-time/meeting')
    .type('form')
    .send({ ...form, key: KEY() });
  expect(clash.status).toBe(409);
  const $ = load(clash.text);
  expect(clash.text).toContain('Quicker');
  const pick = $(`button[value="room:${cast.rooms.bamboo}"]`).attr('value');
  const made = await organiser
    .post('/find-a-time/meeting')
    .type('form')
    .send({ ...form, key: $('input[name=key]').attr('value'), pick });
  expect(made.status).toBe(303);
  expect(
    await row(
      world.db,
      `select c.room_id from room_claims c join meetings m on m.id = c.meeting_id where m.title = 'Planning'`,
    ),
  ).toEqual({ room_id: cast.rooms.bamboo });
});

test('offers the nearest when nothing fits', async () => {
  await busy('All day', '08:00', '20:00', [cast.attendee.id]);
  const { list, $ } = await suggestions(search());
  expect($('button[name=use]')).toHaveLength(0);
  expect(list[0]).toContain('Later: Wed 6 Mar 09:00–10:00');
  expect(list.join()).toContain('With Chen An as optional: Tue 5 Mar');
});

test('adds by name, unit and standing meeting; an unknown name is told at its field', async () => {
  const byUnit = load((await organiser.get(`/find-a-time?asked=1&unit=${cast.units.finance}`)).text);
  expect(byUnit('input[name=p]:checked').length).toBeGreaterThanOrEqual(3);
  const optional = load(
    (await organiser.get(`/find-a-time?add=${encodeURIComponent('Wei Ran')}&add_as=o`)).text,
  );
  expect(optional('input[name=o][type=checkbox]').attr('value')).toBe(String(cast.outsider.id));
  const unknown = await organiser.get(`/find-a-time?add=Nobody`);
  expect(unknown.status).toBe(422);
  expect(unknown.text).toContain('“Nobody”');
});

test('times that a poll offers are tentative for who has not said no; their rooms are held', async () => {
  const made = await createPoll(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Spring round',
      note: '',
      zone: 'Asia/Shanghai',
      isPrivate: true,
      deadlineAt: new Date('2030-03-11T10:00:00Z'),
      guests: [],
      people: [
        { personId: cast.attendee.id, isRequired: true },
        { personId: cast.chair.id, isRequired: true },
      ],
      options: [10, 14].map((hour) => ({
        startsAt: new Date(`2030-03-12T${hour}:00:00+08:00`),
        endsAt: new Date(`2030-03-12T${hour + 1}:00:00+08:00`),
        roomIds: [cast.rooms.bamboo],
      })),
    },
    world.clock.now(),
  );
  const poll = made.ok ? made.id : 0;
  const [first, second] = await rows<{ id: number }>(
    world.db,
    `select id from poll_options where poll_id = :poll order by starts_at`,
    { poll },
  );
  await answerPoll(world.db, { id: cast.chair.id }, poll, {
    personId: cast.chair.id,
    answers: new Map([
      [first?.id ?? 0, 'no'],
      [second?.id ?? 0, 'yes'],
    ]),
    note: '',
    now: world.clock.now(),
  });
  const path = hourOn('2030-03-12', [cast.attendee.id, cast.chair.id]);
  const rowOf = (text: string, name: string) =>
    load(
      load(text)('.find-grid tbody tr')
        .toArray()
        .filter((one) => load(one)('th strong').text() === name)
        .map((one) => load(text)(one).html() ?? '')
        .join(''),
      null,
      false,
    )('.only-heard').text();
  const seen = (await organiser.get(path)).text;
  expect(rowOf(seen, 'Chen An')).toContain('10:00–11:00 tentative, Poll: Spring round');
  expect(rowOf(seen, 'Zhou Zheng')).not.toContain('10:00–11:00 tentative');
  expect(rowOf(seen, 'Zhou Zheng')).toContain('14:00–15:00 tentative, Poll: Spring round');
  expect(rowOf(seen, 'Bamboo')).toContain('10:00–11:00 offered in a poll');
  // It is private: others, the office too, see that the time is tentative and not for what.
  const secretary = await world.agent(cast.secretary);
  expect(rowOf((await secretary.get(path)).text, 'Chen An')).toContain('10:00–11:00 tentative');
  const places = [
    '/calendar?date=2030-03-12',
    `/calendar/week?date=2030-03-12&of=room-${cast.rooms.bamboo}`,
    `/calendar/people/${cast.attendee.id}?date=2030-03-12`,
  ];
  for (const place of [path, ...places])
    expect((await secretary.get(place)).text).not.toContain('Spring round');
  expect(rowOf((await secretary.get(path)).text, 'Bamboo')).toContain('10:00–11:00 busy');
  for (const place of places) {
    const text = load((await secretary.get(place)).text)('main').text();
    expect([text.includes('Booked'), /offered|poll/i.test(text)]).toEqual([true, false]);
  }
  expect(load((await organiser.get(places[0] ?? '')).text)(`a[href="/polls/${poll}"]`).text()).toContain(
    'Spring round · offered in a poll until Mon 11 Mar 18:00',
  );
  expect((await (await world.agent(cast.attendee)).get(places[2] ?? '')).text).toContain('Spring round');
  // Colleagues see in somebody's week only what is settled.
  expect((await (await world.agent(cast.outsider)).get(places[2] ?? '')).text).not.toContain('in a poll');
});

test('a guest named by address is taken along into the meeting, and is not known to be free', async () => {
  const day = '&when=span&from=2030-03-13&to=2030-03-13&minutes=60';
  const guests = 'Dana Dole <Dana@Elsewhere.example>; guest@elsewhere.example; sam@else.example';
  const asked = `/find-a-time?asked=1&p=${cast.organiser.id}${day}`;
  const named = load((await organiser.get(`${asked}&add=${encodeURIComponent(guests)}&add_as=p`)).text);
  expect(
    named('input[name=gp][type=checkbox]')
      .toArray()
      .map((one) => named(one).attr('value')),
  ).toEqual([
    'Dana Dole <dana@elsewhere.example>',
    'sam <sam@else.example>',
    'Alex Guest <guest@elsewhere.example>',
  ]);
  // Also a guest whom the house knows, but not this person.
  expect(
    named('input[name=p][type=checkbox]')
      .toArray()
      .map((one) => Number(named(one).attr('value'))),
  ).toEqual([cast.organiser.id]);
  expect(named('.find-list .row-main').first().text()).toContain(
    'all colleagues free; not known whether free: Dana Dole, sam, Alex Guest; Orchid',
  );
  expect(named('.find-grid tbody').text()).toContain('not known');
  expect(await rows(world.db, `select 1 from persons where email = 'dana@elsewhere.example'`)).toEqual([]);
  const form = {
    key: KEY(),
    title: 'With guests',
    minutes: '60',
    p: named('input[type=hidden][name=p]')
      .toArray()
      .map((one) => named(one).attr('value')),
    gp: named('input[type=hidden][name=gp]')
      .toArray()
      .map((one) => named(one).attr('value')),
    go: ['left@office.example'],
    use: named('button[name=use]').first().attr('value'),
  };
  await world.owner.raw(
    `insert into persons (name, email, lang, zone, deactivated_at)
     values ('Gone', 'left@office.example', 'en', 'Asia/Shanghai', now())`,
  );
  const used = await organiser.post('/find-a-time/meeting').type('form').send(form);
  expect(used.status).toBe(303);
  const meeting = Number(used.headers.location?.split('/')[2]);
  expect((await organiser.get(`/meetings/${meeting}`)).text).toContain('left@office.example');
  expect(
    await rows(
      world.db,
      `select p.name, p.is_guest, x.role
         from participants x join persons p on p.id = x.person_id
        where x.meeting_id = :meeting
        order by p.name`,
      { meeting },
    ),
  ).toEqual([
    { name: 'Alex Guest', is_guest: true, role: 'required' },
    { name: 'Dana Dole', is_guest: true, role: 'required' },
    { name: 'sam', is_guest: true, role: 'required' },
    { name: '欧阳敏', is_guest: false, role: 'required' },
  ]);
  // The other way on, a poll, takes them along too.
  const poll = load(
    (
      await organiser.get(
        `/polls/new?p=${cast.organiser.id}&gp=${encodeURIComponent('Dana Dole <dana@elsewhere.example>')}`,
      )
    ).text,
  );
  expect(poll('textarea[name=required]').text()).toContain('Dana Dole <dana@elsewhere.example>');
});

it('tells nobody by an id who a guest is with whom they have nothing to do', async () => {
  const outsider = await world.agent(cast.outsider);
  const seen = await outsider.get(`/find-a-time?asked=1&p=${cast.guest.id}&when=next`);
  expect([seen.status, seen.text.includes('Alex Guest'), seen.text.includes(cast.guest.email)]).toEqual([
    200,
    false,
    false,
  ]);
  // Whoever knows the address may name the guest by it, and keeps them in the search.
  const typed = load(
    (
      await outsider.get(
        `/find-a-time?asked=1&add=${encodeURIComponent(cast.guest.email)}&add_as=p&when=next`,
      )
    ).text,
  );
  expect(
    typed('input[name=gp]')
      .toArray()
      .map((one) => String(typed(one).attr('value')))
      .join(),
  ).toContain(cast.guest.email);
});

test('offers a room that is out of service until a day from that day on', async () => {
  const { orchid } = cast.rooms;
  await world.owner.raw(
    `update rooms
        set status = 'out_of_service', status_reason = 'Paint', back_at = '2030-03-06T00:00:00+08:00',
            version = version + 1
      where id = ${orchid}`,
  );
  const span = `&building=A&rooms=1`;
  const week = search(span).replace('to=2030-03-05', 'to=2030-03-07');
  const inOrchid = (uses: string[]) =>
    uses.filter((use) => use.endsWith(`/${orchid}`)).map((use) => Number(use.split('/')[0]));
  const starts = inOrchid((await suggestions(week)).uses);
  expect(starts.length).toBeGreaterThan(0);
  expect(starts.every((from) => from >= Date.parse('2030-03-06T00:00:00+08:00'))).toBe(true);
  expect(inOrchid((await suggestions(search(span))).uses)).toEqual([]);
  await world.owner.raw(
    `update rooms
        set status = 'in_service', status_reason = null, back_at = null, version = version + 1
      where id = ${orchid}`,
  );
});
