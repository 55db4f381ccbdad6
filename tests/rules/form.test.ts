import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { change, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
});
afterAll(() => world.close());
afterEach(async () => {
  await change(world.db, `delete from booking_rules`);
  await change(world.db, `delete from room_approvers`);
});

const post = async (person: CastPerson, path: string, fields: Record<string, unknown>) =>
  (await world.agent(person)).post(path).type('form').send(fields);
const get = async (person: CastPerson, path: string) => (await world.agent(person)).get(path);
const book = (person: CastPerson, more: Record<string, unknown> = {}) =>
  post(person, '/bookings', {
    title: 'Budget',
    date: '2030-03-05',
    from: '10:00',
    to: '11:00',
    room: cast.rooms.orchid,
    seats: '',
    key: randomUUID(),
    ...more,
  });
const meetingIn = (answer: { headers: Record<string, string | undefined> }) =>
  Number(/\/meetings\/(\d+)/.exec(answer.headers.location ?? '')?.[1]);
const alertOf = (text: string) => load(text)('[role=alert]').first().text();

describe('groups of people', () => {
  it('are kept by secretaries, line by line, and who is not understood is named', async () => {
    const form = {
      name_zh: '处长',
      name_en: '',
      note: '',
      members: `${cast.chair.email}\nOuyang Min`,
      key: randomUUID(),
    };
    const wrong = await post(cast.secretary, '/people/groups', { ...form, members: 'Nobody At All' });
    expect(wrong.status).toBe(422);
    expect(load(wrong.text)('#f-members-error').text()).toContain(
      '“Nobody At All” is nobody in the directory',
    );
    expect(load(wrong.text)('textarea').text()).toContain('Nobody At All');
    expect((await post(cast.secretary, '/people/groups', form)).status).toBe(303);
    const made = await row<{ id: number; name_en: string }>(
      world.db,
      `select id, name_en from people_groups`,
    );
    expect(made?.name_en).toBe('处长');
    expect(await rows(world.db, `select person_id from people_group_members order by person_id`)).toEqual([
      { person_id: cast.organiser.id },
      { person_id: cast.chair.id },
    ]);
    expect((await post(cast.secretary, '/people/groups', { ...form, key: randomUUID() })).status).toBe(422);
    const stale = await post(cast.administrator, `/people/groups/${made?.id}`, {
      name_zh: '各处长',
      name_en: '',
      note: '',
      members: '',
      version: 7,
    });
    expect(stale.status).toBe(409);
    expect(load(stale.text)('[name=name_zh]').val()).toBe('各处长');
    expect((await post(cast.secretary, `/people/groups/${made?.id}/removal`, {})).status).toBe(303);
    expect(await rows(world.db, `select 1 from people_groups`)).toEqual([]);
  });
});

describe('rules of a room', () => {
  const path = () => `/rooms/${cast.rooms.orchid}/policy`;

  it('are set on a page, shown on the room, and say no with the nearest that is allowed', async () => {
    expect(
      (
        await post(cast.secretary, path(), {
          version: 0,
          was: '{}',
          min_minutes: 90,
          max_minutes: 60,
          approvers: '',
        })
      ).status,
    ).toBe(422);
    const saved = await post(cast.secretary, path(), {
      version: 0,
      was: '{}',
      window_days: 30,
      max_minutes: 60,
      start_interval: 30,
      in_policy: '',
      approvers: cast.chair.email,
    });
    expect(saved.headers.location).toBe(path());
    expect((await get(cast.outsider, `/rooms/${cast.rooms.orchid}`)).text).toContain('At most 30 days ahead');
    const far = await book(cast.organiser, { date: '2030-04-08', from: '10:15', to: '12:15' });
    expect(far.status).toBe(422);
    const page = load(far.text);
    expect(page('[role=alert]').text()).toContain(
      'Orchid: book at most 30 days ahead. Mon 8 Apr 2030 can be booked from Sat 9 Mar 2030.',
    );
    expect(page('[role=alert]').text()).toContain('Orchid: 1 hour at most.');
    expect(page('[role=alert]').text()).toContain('Nearest: 10:00 / 10:30');
    const times = page('.alternatives form')
      .toArray()
      .map((one) =>
        Object.fromEntries(
          page(one)
            .find('input')
            .toArray()
            .map((input) => [page(input).attr('name') ?? '', page(input).attr('value') ?? '']),
        ),
      );
    const allowed = times.find(({ date }) => date !== '2030-04-08');
    expect(allowed).toBeDefined();
    const again = await post(cast.organiser, '/bookings', {
      ...allowed,
      room: cast.rooms.orchid,
      key: randomUUID(),
    });
    expect(again.status).toBe(303);
    const stale = await post(cast.administrator, path(), {
      version: 0,
      was: '{}',
      window_days: 10,
      approvers: '',
    });
    expect(stale.status).toBe(409);
    const $ = load(stale.text);
    expect($('[name=window_days]').val()).toBe('10');
    // Only what both wrote is asked about; the rest of the first one stays.
    expect(
      $('main fieldset label')
        .toArray()
        .map((one) => $(one).text().trim()),
    ).toEqual(['Mine: 10', 'Somebody else: 30']);
    expect([$('[name=max_minutes]').val(), $('[name=approvers]').val()]).toEqual([
      '60',
      expect.stringContaining(cast.chair.email),
    ]);
    expect(
      await rows(world.db, `select action from audit_events where action = 'rules.update'`),
    ).toHaveLength(1);
  });

  it('keep what only somebody else changed, and ask about what both did', async () => {
    const fields = async () => {
      const $ = load((await get(cast.secretary, path())).text);
      return Object.fromEntries(
        $(`form[action="${path()}"] :input[name]`)
          .toArray()
          .map((one) => [$(one).attr('name') ?? '', String($(one).val() ?? '')]),
      );
    };
    await post(cast.secretary, path(), { ...(await fields()), min_minutes: 15 });
    const opened = await fields();
    expect(
      (
        await post(cast.administrator, path(), {
          ...opened,
          window_days: 20,
          max_minutes: 40,
          approvers: cast.chair.email,
        })
      ).status,
    ).toBe(303);
    expect(
      (await post(cast.secretary, path(), { ...opened, notice_create: 30, approvers: cast.reviewer.email }))
        .status,
    ).toBe(303);
    expect(
      await row(world.db, `select min_minutes, window_days, max_minutes, notice_create from booking_rules`),
    ).toEqual({ min_minutes: 15, window_days: 20, max_minutes: 40, notice_create: 30 });
    expect(await rows(world.db, `select person_id from room_approvers order by person_id`)).toEqual(
      [cast.chair.id, cast.reviewer.id].sort((a, b) => a - b).map((person_id) => ({ person_id })),
    );
    // Apart each was right: together the shortest would be longer than the longest.
    const both = await post(cast.secretary, path(), { ...opened, min_minutes: 60 });
    expect([
      both.status,
      load(both.text)('[name=max_minutes]').val(),
      load(both.text)('#f-min_minutes-error').text(),
    ]).toEqual([422, '40', expect.stringContaining('longer')]);
    const clash = await post(cast.secretary, path(), { ...opened, window_days: 90 });
    expect(clash.status).toBe(409);
    const $ = load(clash.text);
    const carried = Object.fromEntries(
      $('main form input[type=hidden]')
        .toArray()
        .map((one) => [$(one).attr('name') ?? '', $(one).attr('value') ?? '']),
    );
    expect((await post(cast.secretary, path(), { ...carried, 'pick-window_days': 'theirs' })).status).toBe(
      303,
    );
    expect(await row(world.db, `select window_days, notice_create from booking_rules`)).toEqual({
      window_days: 20,
      notice_create: 30,
    });
  });

  it('differ for a group, which names only what differs; the leader a booking is for counts', async () => {
    const group = await row<{ id: number }>(
      world.db,
      `insert into people_groups (name_en, name_zh) values ('Heads', '处长') returning id`,
    );
    await change(world.db, `insert into people_group_members values (:group, :chair)`, {
      group: group?.id,
      chair: cast.chair.id,
    });
    await change(
      world.db,
      `insert into booking_rules (room_id, max_minutes, in_policy) values (:room, 60, 'refuse')`,
      { room: cast.rooms.bamboo },
    );
    expect(
      (
        await post(cast.secretary, `/rooms/${cast.rooms.bamboo}/policy/groups/${group?.id}`, {
          version: 0,
          was: '{}',
          in_policy: 'accept',
          approvers: '',
        })
      ).status,
    ).toBe(303);
    const wish = { room: cast.rooms.bamboo, date: '2030-03-06' };
    expect(alertOf((await book(cast.organiser, wish)).text)).toContain(
      'Bamboo is kept for certain groups of people.',
    );
    expect((await book(cast.chair, wish)).status).toBe(303);
    expect(alertOf((await book(cast.chair, { ...wish, from: '12:00', to: '14:00' })).text)).toContain(
      '1 hour at most',
    );
    const forChair = await post(cast.secretary, '/meetings', {
      title: 'For the head',
      on: '2030-03-06',
      from: '15:00',
      to: '16:00',
      zone: 'Asia/Shanghai',
      rooms: cast.rooms.bamboo,
      lang: 'en',
      description: '',
      booked_for: cast.chair.email,
      key: randomUUID(),
    });
    expect(forChair.status).toBe(303);
  });

  it('count the hours of a week and the bookings to come', async () => {
    await change(world.db, `insert into booking_rules (room_id, quota_person_hours) values (:room, 2)`, {
      room: cast.rooms.orchid,
    });
    await change(world.db, `insert into booking_rules (quota_unit_coming) values (100)`);
    const at = (from: string, to: string) => ({ date: '2030-03-12', from, to });
    const first = meetingIn(await book(cast.attendee, at('09:00', '10:30')));
    const over = await book(cast.attendee, at('11:00', '12:00'));
    expect(over.status).toBe(422);
    expect(alertOf(over.text)).toContain('每人每周最多预订 2 小时。加上本次为 2.5 小时，当周尚余 0.5 小时。');
    expect((await book(cast.attendee, at('11:00', '11:30'))).status).toBe(303);
    expect((await book(cast.attendee, { date: '2030-03-19', from: '09:00', to: '11:00' })).status).toBe(303);
    expect((await book(cast.outsider, at('14:00', '15:00'))).status).toBe(303);
    expect(first).toBeGreaterThan(0);
    await change(world.db, `update booking_rules set quota_person_hours = null, quota_person_coming = 1`);
    const many = (await book(cast.attendee, at('16:00', '16:30'))).text;
    expect(alertOf(many)).toContain('每人最多保留 1 个未开始的预订');
    // Another time would be one booking too many just as well.
    expect(
      load(many)('.alternatives h2')
        .map((_, heading) => load(many)(heading).text())
        .get(),
    ).toEqual(['同一时间空闲的会议室']);
  });

  it('hold for changing and calling off; a secretary goes beyond the notice with a reason', async () => {
    const meeting = meetingIn(await book(cast.outsider, { date: '2030-03-04', from: '10:00', to: '11:00' }));
    await change(world.db, `insert into booking_rules (notice_change, notice_cancel) values (120, 120)`);
    const edit = {
      title: 'Budget',
      on: '2030-03-07',
      from: '10:00',
      to: '11:00',
      zone: 'Asia/Shanghai',
      rooms: cast.rooms.orchid,
      lang: 'en',
      description: '',
      version: 1,
    };
    const late = await post(cast.outsider, `/meetings/${meeting}`, edit);
    expect(late.status).toBe(409);
    expect(late.text).toContain('may be changed up to 2 hours before it begins');
    expect(load(late.text)('[name=pick]')).toHaveLength(0);
    const refused = await post(cast.outsider, `/meetings/${meeting}/cancellation`, { reason: 'Ill' });
    expect(refused.status).toBe(422);
    expect(alertOf(refused.text)).toContain('may be called off up to 2 hours before it begins');
    expect(load(refused.text)('[name=beyond]')).toHaveLength(0);
    expect(
      (await post(cast.outsider, `/meetings/${meeting}/cancellation`, { reason: 'Ill', beyond: 'on' }))
        .status,
    ).toBe(422);
    const office = await post(cast.secretary, `/meetings/${meeting}/cancellation`, { reason: 'Ill' });
    expect(load(office.text)('[name=beyond]')).toHaveLength(1);
    expect(
      (await post(cast.secretary, `/meetings/${meeting}/cancellation`, { reason: 'Ill', beyond: 'on' }))
        .status,
    ).toBe(303);
    expect(
      await rows(world.db, `select rule, reason from rule_overrides where meeting_id = :meeting`, {
        meeting,
      }),
    ).toEqual([{ rule: 'notice_cancel', reason: 'Ill' }]);
  });

  it('hold for leaving the room, whatever the rules of the other room are', async () => {
    await change(world.db, `insert into booking_rules (room_id, notice_change) values (:room, 120)`, {
      room: cast.rooms.orchid,
    });
    const id = meetingIn(await book(cast.outsider, { date: '2030-03-04', from: '11:00', to: '12:00' }));
    const move = {
      title: 'Budget',
      on: '2030-03-04',
      from: '11:00',
      to: '12:00',
      zone: 'Asia/Shanghai',
      rooms: cast.rooms.bamboo,
      lang: 'en',
      description: '',
    };
    const rooms = () =>
      rows(world.db, `select room_id from room_claims where meeting_id = :id and state = 'confirmed'`, {
        id,
      });
    world.clock.advance({ minutes: 1 });
    for (const to of [{}, { rooms: '', place: 'Canteen' }]) {
      const late = await post(cast.outsider, `/meetings/${id}`, { ...move, ...to, version: 1 });
      expect(late.status).toBe(409);
      expect(late.text).toContain('Orchid: a booking may be changed up to 2 hours before it begins');
      expect(await rooms()).toEqual([{ room_id: cast.rooms.orchid }]);
    }
    world.clock.advance({ minutes: -1 });
    expect((await post(cast.outsider, `/meetings/${id}`, { ...move, version: 1 })).status).toBe(303);
    expect(await rooms()).toEqual([{ room_id: cast.rooms.bamboo }]);
  });

  it('refuse more people than seats, and standing meetings, where they say so', async () => {
    await change(
      world.db,
      `insert into booking_rules (room_id, capacity_rule, recurring) values (:room, 'deny', 'denied')`,
      { room: cast.rooms.orchid },
    );
    const crowd = await book(cast.organiser, { date: '2030-03-13', seats: 13 });
    expect(crowd.status).toBe(422);
    expect(alertOf(crowd.text)).toContain('Orchid seats 12; 13 people are expected.');
    expect(load(crowd.text)('.alternatives button').first().text()).toBe('Bamboo · 30 seats');
    const series = await post(cast.organiser, '/series', {
      name: 'Weekly',
      frequency: 'weekly',
      every: 1,
      weekday: 4,
      month_day: 1,
      nth: 1,
      nth_weekday: 1,
      from_on: '2030-03-07',
      until_on: '2030-03-21',
      from: '09:00',
      to: '10:00',
      zone: 'Asia/Shanghai',
      rooms: cast.rooms.orchid,
      lang: 'en',
      first_number: 1,
      gates: '',
      key: randomUUID(),
      confirmed: 'on',
      organiser: String(cast.organiser.id),
    });
    expect(series.status).toBe(409);
    expect(series.text).toContain('Orchid is not given to standing meetings.');
  });
});
