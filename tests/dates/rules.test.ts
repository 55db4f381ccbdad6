import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { change, inTransaction, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { claimForMany } from '../../src/claims/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { confirm, postTo, seriesForm } from './schedule.js';

// Rules of booking for the dates of a standing meeting: many at once is no way around them.

let world: World;
let cast: Cast;
let organiser: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
});
afterEach(async () => {
  await change(world.db, `update room_claims set state = 'cancelled'`);
  await change(world.db, `update room_requests set state = 'withdrawn' where state = 'open'`);
  await change(world.db, `delete from booking_rules`);
  await change(world.db, `delete from room_approvers`);
});
afterAll(() => world.close());

const MONDAYS = ['2030-04-01', '2030-04-08', '2030-04-15', '2030-04-22', '2030-04-29'];
const plan = (more: Record<string, unknown> = {}) => postTo(organiser, '/series', seriesForm(cast, more));
const seriesIn = (answer: { headers: Record<string, string | undefined> }) =>
  Number(/\/series\/(\d+)/.exec(answer.headers.location ?? '')?.[1]);
const rules = (values: Record<string, unknown>, roomId: number | null = cast.rooms.orchid) =>
  change(
    world.db,
    `insert into booking_rules (room_id, ${Object.keys(values).join(', ')}) values (:room_id, ${Object.keys(
      values,
    )
      .map((name) => `:${name}`)
      .join(', ')})`,
    { ...values, room_id: roomId },
  );
/** What the plan says of each date. */
const states = (html: string) =>
  load(html)('tbody tr')
    .toArray()
    .map((line) => load(line)('td').first().text().trim());
const claimsOf = (series: number) =>
  rows<{ state: string; n: number }>(
    world.db,
    `select c.state, count(*) as n
     from room_claims c
     join meetings m on m.id = c.meeting_id
     where m.series_id = :series
     group by 1
     order by 1`,
    { series },
  );
const requestsOf = (series: number) =>
  rows<{ state: string; day: string }>(
    world.db,
    `select q.state, to_char(q.starts_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') as day
     from room_requests q
     join meetings m on m.id = q.meeting_id
     where m.series_id = :series
     order by q.id`,
    { series },
  );
const meetingsNow = async () => (await row<{ n: number }>(world.db, `select count(*) as n from meetings`))?.n;

it('offers no wait for a room that is never given to standing meetings', async () => {
  await rules({ recurring: 'denied' });
  const page = load((await plan().expect(409)).text);
  expect(page('tbody option[value=wait]')).toHaveLength(0);
  expect(page(`tbody option[value="room:${cast.rooms.bamboo}"]`)).toHaveLength(5);
});

it('says from when on no holidays are known', async () => {
  const unknown = async () => load((await plan().expect(200)).text)('.notice').text();
  expect(await unknown()).not.toContain('knows no holidays');
  await change(world.db, `update holiday_calendars set is_default = true where name_en = 'China'`);
  expect(await unknown()).toContain('The calendar knows no holidays after 2026 yet');
  await change(
    world.db,
    `insert into holidays (calendar_id, on_day, kind, name_en, name_zh)
     select id, '2030-10-01', 'holiday', 'National Day', '国庆节'
     from holiday_calendars
     where is_default`,
  );
  expect(await unknown()).not.toContain('knows no holidays');
  await change(world.db, `update holiday_calendars set is_default = false`);
});

describe('a room that is given on request', () => {
  it(
    'is asked for on every date, told on the plan first; nothing is confirmed before somebody ' +
      'approves it',
    async () => {
      await rules({ in_policy: 'request' });
      await change(world.db, `insert into room_approvers (room_id, person_id) values (:room, :chair)`, {
        room: cast.rooms.orchid,
        chair: cast.chair.id,
      });
      const shown = await plan();
      expect(shown.status).toBe(200);
      expect(states(shown.text)).toEqual(
        MONDAYS.map(() => expect.stringContaining('The room has to be approved.') as string),
      );
      expect(await rows(world.db, `select 1 from room_requests`)).toEqual([]);
      const saved = await postTo(organiser, ...confirm(shown.text));
      expect(saved.status).toBe(303);
      const series = seriesIn(saved);
      expect(await claimsOf(series)).toEqual([{ state: 'requested', n: 5 }]);
      expect(await requestsOf(series)).toEqual(
        MONDAYS.map((day) => ({ state: 'open', day: `${day} 09:00` })),
      );
      expect((await organiser.get(`/series/${series}`)).text).toContain(
        'For 5 dates the rooms have to be approved',
      );
      await world.runJobs();
      expect(
        await rows(world.db, `select person_id from deliveries where kind = 'rooms.requestsAsked'`),
      ).toEqual([{ person_id: cast.chair.id }]);

      // Another time for all: what was asked for is withdrawn, and asked anew.
      const [first] = await rows<{ id: number }>(
        world.db,
        `select id from meetings where series_id = :series order by starts_at`,
        { series },
      );
      const path = `/series/${series}/dates/${first?.id}/following`;
      const field = load((await organiser.get(path)).text);
      const typed = Object.fromEntries(
        ['version', 'title', 'from_on', 'until_on'].map((name) => [
          name,
          field(`main form [name=${name}]`).first().val(),
        ]),
      );
      const {
        name: _name,
        chair: _chair,
        members: _members,
        organiser: _organiser,
        lang: _lang,
        gates: _gates,
        first_number: _number,
        ...dates
      } = seriesForm(cast);
      const moved = await postTo(organiser, path, {
        ...dates,
        ...typed,
        scope: 'all',
        ends: 'on',
        description: '',
        from: '10',
        to: '11',
      });
      expect(moved.status).toBe(200);
      expect(states(moved.text)).toEqual(
        MONDAYS.map(() => expect.stringContaining('The room has to be approved.') as string),
      );
      expect((await postTo(organiser, ...confirm(moved.text))).status).toBe(303);
      expect((await requestsOf(series)).filter(({ state }) => state === 'open')).toEqual(
        MONDAYS.map((day) => ({ state: 'open', day: `${day} 10:00` })),
      );
      expect((await requestsOf(series)).filter(({ state }) => state === 'withdrawn')).toHaveLength(5);
      expect(await claimsOf(series)).toEqual([
        { state: 'released', n: 5 },
        { state: 'requested', n: 5 },
      ]);
    },
  );

  it('is not asked for where the date is taken already, and the other dates are', async () => {
    await createMeeting(
      world.db,
      { id: cast.reviewer.id },
      {
        title: 'In the way',
        startsAt: new Date('2030-04-08T09:00+08:00'),
        endsAt: new Date('2030-04-08T10:00+08:00'),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
      },
    );
    for (const hold of ['hold', 'free']) {
      await change(world.db, `delete from booking_rules`);
      await rules({ in_policy: 'request', requests_hold: hold });
      const refused = await plan();
      expect(refused.status).toBe(409);
      expect(states(refused.text)[1]).toContain('In the way');
      expect(states(refused.text)[2]).toContain('has to be approved');
      const saved = await postTo(
        organiser,
        ...confirm(refused.text, { '2030-04-08': { choice: 'skip', reason: 'Taken' } }),
      );
      expect((await requestsOf(seriesIn(saved))).map(({ state }) => state)).toEqual([
        'open',
        'open',
        'open',
        'open',
      ]);
      await change(
        world.db,
        `update room_claims c
         set state = 'cancelled'
         from meetings m
         where m.id = c.meeting_id and m.series_id is not null`,
      );
    }
  });

  it('is booked without asking by a secretary with a reason, which is kept for each date', async () => {
    await rules({ in_policy: 'request' });
    await change(world.db, `insert into room_approvers (room_id, person_id) values (:room, :chair)`, {
      room: cast.rooms.orchid,
      chair: cast.chair.id,
    });
    const office = await world.agent(cast.secretary);
    const shown = (await postTo(office, '/series', seriesForm(cast, { organiser: '陈安' }))).text;
    expect(load(shown)('[name=override_reason]')).toHaveLength(1);
    const [path, fields] = confirm(shown);
    const saved = await postTo(office, path, { ...fields, override_reason: 'Agreed by phone' });
    expect(await claimsOf(seriesIn(saved))).toEqual([{ state: 'confirmed', n: 5 }]);
    expect(
      await row(
        world.db,
        `select count(*)::int as n
         from rule_overrides
         where rule = 'approval' and reason = 'Agreed by phone'`,
      ),
    ).toEqual({ n: 5 });
  });

  it('is confirmed at once for who decides about it', async () => {
    await rules({ in_policy: 'request' });
    await change(world.db, `insert into room_approvers (room_id, person_id) values (:room, :organiser)`, {
      room: cast.rooms.orchid,
      organiser: cast.organiser.id,
    });
    const shown = await plan();
    expect(states(shown.text)).toEqual(MONDAYS.map(() => 'free'));
    expect(await claimsOf(seriesIn(await postTo(organiser, ...confirm(shown.text))))).toEqual([
      { state: 'confirmed', n: 5 },
    ]);
  });
});

describe('quotas', () => {
  it('stop the dates that go beyond them; the dates before count', async () => {
    await rules({ quota_person_coming: 3 });
    const refused = await plan();
    expect(refused.status).toBe(409);
    const said = states(refused.text);
    expect(said.map((text) => text === 'free')).toEqual([true, true, true, false, false]);
    expect(said[3]).toContain('Orchid');
    const before = await meetingsNow();
    expect((await postTo(organiser, ...confirm(refused.text))).status).toBe(409);
    expect(await meetingsNow()).toBe(before);
    const saved = await postTo(
      organiser,
      ...confirm(refused.text, {
        '2030-04-22': { choice: 'skip', reason: 'Quota' },
        '2030-04-29': { choice: 'skip', reason: 'Quota' },
      }),
    );
    expect(saved.status).toBe(303);
    expect(await claimsOf(seriesIn(saved))).toEqual([{ state: 'confirmed', n: 3 }]);
  });

  it('of hours are counted within each week', async () => {
    await rules({ quota_person_hours: 2 }, null);
    expect((await plan({ weekday: ['1', '3'] })).status).toBe(200);
    const refused = await plan({ weekday: ['1', '3', '5'] });
    expect(refused.status).toBe(409);
    const days = load(refused.text)('tbody th')
      .toArray()
      .map((cell) => load(cell).text().trim().slice(0, 3));
    expect(states(refused.text).map((text, i) => [days[i], text === 'free'])).toEqual(
      days.map((day) => [day, day !== 'Fri']),
    );
  });
});

describe('rules about standing meetings', () => {
  it(
    'refuse every date where the room is not for them, and offer no other room that is ' + 'neither',
    async () => {
      await rules({ recurring: 'denied' });
      await rules({ recurring: 'denied' }, cast.rooms.bamboo);
      const before = await meetingsNow();
      const refused = await plan();
      expect(refused.status).toBe(409);
      expect(states(refused.text).every((text) => text.includes('Orchid') && text !== 'free')).toBe(true);
      expect(
        load(refused.text)('select option[value^="room:"]')
          .toArray()
          .map((option) => load(option).text())
          .join(),
      ).not.toContain('Bamboo');
      expect((await postTo(organiser, ...confirm(refused.text))).status).toBe(409);
      expect(await meetingsNow()).toBe(before);
      // A list of single dates is no way around it.
      expect((await plan({ frequency: 'dates', on_dates: '2030-04-01, 2030-04-09' })).status).toBe(409);
      expect((await plan({ rooms: '' })).status).toBe(200);
    },
  );

  it(
    'are gone beyond by a secretary with one reason for all dates, kept with each; others are ' +
      'shown the way on',
    async () => {
      await rules({ max_minutes: 30 });
      const refused = await plan();
      expect(refused.status).toBe(409);
      expect(load(refused.text)('#rules').text()).toContain('longer than the longest booking');
      expect(load(refused.text)('#rules').text()).toContain('5 dates');
      expect(load(refused.text)('#rules').text()).toContain(
        'The secretaries of the office may plan them all the same',
      );
      expect(load(refused.text)('[name=override_reason], [name=ask_reason]')).toHaveLength(0);
      const [path, forged] = confirm(refused.text);
      expect((await postTo(organiser, path, { ...forged, override_reason: 'I say so' })).status).toBe(409);

      const office = await world.agent(cast.secretary);
      const own = { organiser: '陈安' };
      const shown = await postTo(office, '/series', seriesForm(cast, own));
      expect(load(shown.text)('[name=override_reason]')).toHaveLength(1);
      // Another room for one date, the reason for the others.
      const [action, fields] = confirm(shown.text, { '2030-04-08': { choice: `room:${cast.rooms.bamboo}` } });
      const saved = await postTo(office, action, { ...fields, override_reason: 'The minister comes' });
      expect(saved.status).toBe(303);
      const series = seriesIn(saved);
      expect(await claimsOf(series)).toEqual([{ state: 'confirmed', n: 5 }]);
      const kept = await rows(
        world.db,
        `select to_char(m.starts_at, 'DD') as day, o.rule, o.reason, o.person_id
       from rule_overrides o
       join meetings m on m.id = o.meeting_id
       where m.series_id = :series
       order by m.starts_at`,
        { series },
      );
      expect(kept).toEqual(
        ['01', '15', '22', '29'].map((day) => ({
          day,
          rule: 'max_duration',
          reason: 'The minister comes',
          person_id: cast.secretary.id,
        })),
      );
      expect(
        await row(
          world.db,
          `select count(*)::int as n
         from audit_events e
         join meetings m on m.id = e.meeting_id
         where m.series_id = :series
           and e.action = 'override.max_duration' and e.note = 'The minister comes'`,
          { series },
        ),
      ).toEqual({ n: 4 });

      // All of them at another time: the same question, the same way.
      const [first] = await rows<{ id: number }>(
        world.db,
        `select id from meetings where series_id = :series order by starts_at`,
        { series },
      );
      const change = `/series/${series}/dates/${first?.id}/following`;
      const form = load((await office.get(change)).text);
      const typed = Object.fromEntries(
        ['version', 'title', 'from_on', 'until_on'].map((name) => [
          name,
          form(`main form [name=${name}]`).first().val(),
        ]),
      );
      const {
        name: _name,
        chair: _chair,
        members: _members,
        organiser: _organiser,
        lang: _lang,
        gates: _gates,
        first_number: _number,
        ...dates
      } = seriesForm(cast);
      const later = await postTo(office, change, {
        ...dates,
        ...typed,
        scope: 'all',
        ends: 'on',
        description: '',
        from: '10',
        to: '11',
      });
      expect(later.status).toBe(409);
      const [again, answer] = confirm(later.text);
      expect((await postTo(office, again, { ...answer, override_reason: 'Still the minister' })).status).toBe(
        303,
      );
      expect(
        await row(
          world.db,
          `select count(*)::int as n from rule_overrides where reason = 'Still the minister'`,
        ),
      ).toEqual({ n: 4 });
    },
  );

  it('may be asked to be lifted for all dates with one reason, where the room says so', async () => {
    await rules({ max_minutes: 30, out_of_policy: 'request' });
    const refused = await plan();
    expect(load(refused.text)('#rules').text()).toContain('ask for approval below');
    const [path, fields] = confirm(refused.text);
    const saved = await postTo(organiser, path, { ...fields, ask_reason: 'Guests from abroad' });
    expect(saved.status).toBe(303);
    expect(await claimsOf(seriesIn(saved))).toEqual([{ state: 'requested', n: 5 }]);
    expect(
      await rows(
        world.db,
        `select distinct q.note
         from room_requests q
         join meetings m on m.id = q.meeting_id
         where m.series_id = :series`,
        { series: seriesIn(saved) },
      ),
    ).toEqual([{ note: 'Guests from abroad' }]);
  });

  it('say how far ahead, counted from the day of the booking', async () => {
    await rules({ recurring_days: 42 });
    expect(states((await plan()).text).map((text) => text === 'free')).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('refuse a change of dates that comes too late', async () => {
    const series = seriesIn(await postTo(organiser, ...confirm((await plan()).text)));
    await rules({ notice_change: 40 * 1440 });
    const [first] = await rows<{ id: number }>(
      world.db,
      `select id from meetings where series_id = :series order by starts_at`,
      { series },
    );
    const path = `/series/${series}/dates/${first?.id}/following`;
    const field = load((await organiser.get(path)).text);
    const typed = Object.fromEntries(
      ['version', 'title', 'from_on', 'until_on'].map((name) => [
        name,
        field(`main form [name=${name}]`).first().val(),
      ]),
    );
    const {
      name: _name,
      chair: _chair,
      members: _members,
      organiser: _organiser,
      lang: _lang,
      gates: _gates,
      first_number: _number,
      ...dates
    } = seriesForm(cast);
    for (const rooms of [cast.rooms.orchid, cast.rooms.bamboo]) {
      const refused = await postTo(organiser, path, {
        ...dates,
        ...typed,
        scope: 'all',
        ends: 'on',
        description: '',
        from: '10',
        to: '11',
        rooms: String(rooms),
      });
      expect(refused.status).toBe(409);
      expect(states(refused.text).map((text) => text.startsWith('Orchid'))).toEqual([
        true,
        true,
        false,
        false,
        false,
      ]);
    }
    expect(await claimsOf(series)).toEqual([{ state: 'confirmed', n: 5 }]);
  });
});

describe('notice for calling off', () => {
  const standing = async () => seriesIn(await postTo(organiser, ...confirm((await plan()).text)));
  const stateOf = (series: number) =>
    rows(
      world.db,
      `select state, count(*)::int as n from meetings where series_id = :series group by 1 order by 1`,
      { series },
    );

  it(
    'stands against the end of a standing meeting, names the dates, and gives way to a secretary ' +
      'with a reason',
    async () => {
      const series = await standing();
      await rules({ notice_cancel: 40 * 1440 });
      const refused = await postTo(organiser, `/series/${series}/end`, {
        on: '2030-03-26',
        reason: 'No longer needed',
      });
      expect(refused.status).toBe(422);
      const $ = load(refused.text);
      expect(
        $('[role=alert] li')
          .toArray()
          .map((line) => $(line).text().slice(0, 10)),
      ).toEqual(['Mon 1 Apr ', 'Mon 8 Apr ']);
      expect($('[role=alert]').text()).toContain('Let it end on Mon 8 Apr 2030 or later');
      expect([$('[name=reason]').val(), $('[name=beyond]').length]).toEqual(['No longer needed', 0]);
      expect(
        (await postTo(organiser, `/series/${series}/end`, { on: '2030-03-26', reason: 'x', beyond: 'on' }))
          .status,
      ).toBe(422);
      expect(await stateOf(series)).toEqual([{ state: 'draft', n: 5 }]);

      const office = await world.agent(cast.secretary);
      expect(
        load((await postTo(office, `/series/${series}/end`, { on: '2030-03-26', reason: 'Dissolved' })).text)(
          '[name=beyond]',
        ),
      ).toHaveLength(1);
      expect(
        (
          await postTo(office, `/series/${series}/end`, {
            on: '2030-03-26',
            reason: 'Dissolved',
            beyond: 'on',
          })
        ).status,
      ).toBe(303);
      expect(await stateOf(series)).toEqual([{ state: 'cancelled', n: 5 }]);
      expect(
        await rows(
          world.db,
          `select to_char(m.starts_at, 'DD') as day, o.rule, o.reason
         from rule_overrides o
         join meetings m on m.id = o.meeting_id
         where m.series_id = :series
         order by 1`,
          { series },
        ),
      ).toEqual(['01', '08'].map((day) => ({ day, rule: 'notice_cancel', reason: 'Dissolved' })));
    },
  );

  it('stands against dates that another rule leaves out or skips', async () => {
    const series = await standing();
    await rules({ notice_cancel: 40 * 1440 });
    const [first] = await rows<{ id: number }>(
      world.db,
      `select id from meetings where series_id = :series order by starts_at`,
      { series },
    );
    const path = `/series/${series}/dates/${first?.id}/following`;
    const field = load((await organiser.get(path)).text);
    const typed = Object.fromEntries(
      ['version', 'title', 'from_on', 'until_on'].map((name) => [
        name,
        field(`main form [name=${name}]`).first().val(),
      ]),
    );
    const {
      name: _name,
      chair: _chair,
      members: _members,
      organiser: _organiser,
      lang: _lang,
      gates: _gates,
      first_number: _number,
      ...dates
    } = seriesForm(cast);
    // Every second week: the 8th falls away, which is too late by now; the 22nd is not.
    const send = (agent: Agent, more: Record<string, unknown> = {}) =>
      postTo(agent, path, {
        ...dates,
        ...typed,
        scope: 'all',
        ends: 'on',
        description: '',
        every: '2',
        ...more,
      });
    const refused = await send(organiser);
    expect(refused.status).toBe(409);
    expect(load(refused.text)('li.bad').text()).toContain('Mon 8 Apr 2030 can no longer be called off');
    expect(load(refused.text)('#rules').text()).toContain('too late to call it off');
    const [action, fields] = confirm(refused.text);
    expect((await postTo(organiser, action, fields)).status).toBe(409);
    const skipping = await postTo(
      organiser,
      ...confirm((await send(organiser, { every: '1', from: '11', to: '12' })).text, {
        '2030-04-01': { choice: 'skip', reason: 'Away' },
      }),
    );
    expect([skipping.status, states(skipping.text)[0]]).toEqual([
      409,
      expect.stringContaining('called off up to 40 days before'),
    ]);
    expect(await stateOf(series)).toEqual([{ state: 'draft', n: 5 }]);

    const office = await world.agent(cast.secretary);
    const [again, answer] = confirm((await send(office)).text);
    expect((await postTo(office, again, { ...answer, override_reason: 'Fewer meetings' })).status).toBe(303);
    expect(await stateOf(series)).toEqual([
      { state: 'cancelled', n: 2 },
      { state: 'draft', n: 3 },
    ]);
    expect(await rows(world.db, `select rule from rule_overrides where reason = 'Fewer meetings'`)).toEqual([
      { rule: 'notice_cancel' },
    ]);
  });
});

it('hold for a date that waited for its room: it is told why it waits on, or asked for', async () => {
  const blocked = await createMeeting(
    world.db,
    { id: cast.reviewer.id },
    {
      title: 'In the way',
      startsAt: new Date('2030-04-08T09:00+08:00'),
      endsAt: new Date('2030-04-08T10:00+08:00'),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
    },
  );
  const series = seriesIn(
    await postTo(organiser, ...confirm((await plan()).text, { '2030-04-08': { choice: 'wait' } })),
  );
  await cancelMeeting(world.db, { id: cast.reviewer.id }, blocked.ok ? blocked.id : 0, { reason: 'x' });
  const waiting = await row<{ id: number }>(
    world.db,
    `select m.id from meetings m join awaited_rooms a on a.meeting_id = m.id where m.series_id = :series`,
    { series },
  );
  const take = async () => {
    expect((await postTo(organiser, `/series/${series}/dates/${waiting?.id}/room`, {})).status).toBe(303);
    return load((await organiser.get(`/series/${series}`)).text)('body').text();
  };
  const claims = () =>
    rows(world.db, `select state from room_claims where meeting_id = :id`, { id: waiting?.id });
  await rules({ max_minutes: 30 });
  expect(await take()).toContain('The date goes on waiting. Orchid: 30 minutes at most.');
  expect(await claims()).toEqual([]);
  await change(world.db, `update booking_rules set max_minutes = null, in_policy = 'request'`);
  expect(await take()).toContain('The room is asked for');
  expect(await claims()).toEqual([{ state: 'requested' }]);
});

it('hold for a swap: too late is too late, and a room on request is asked for', async () => {
  const make = async (roomId: number) => {
    const made = await createMeeting(
      world.db,
      { id: cast.organiser.id },
      {
        title: 'Swapped',
        startsAt: new Date('2030-04-03T09:00+08:00'),
        endsAt: new Date('2030-04-03T10:00+08:00'),
        zone: 'Asia/Shanghai',
        roomIds: [roomId],
      },
    );
    return made.ok ? made.id : 0;
  };
  const [one, other] = [await make(cast.rooms.orchid), await make(cast.rooms.bamboo)];
  const swap = () =>
    postTo(organiser, `/meetings/${one}/swap`, { version: 1, other: `${other}:1`, key: randomUUID() });
  await rules({ notice_change: 60 * 1440 }, cast.rooms.bamboo);
  const late = await swap();
  expect([late.status, load(late.text)('[role=alert]').text()]).toEqual([
    409,
    expect.stringContaining('Bamboo'),
  ]);
  await change(world.db, `update booking_rules set notice_change = null, in_policy = 'request'`);
  expect((await swap()).status).toBe(303);
  const claims = await rows(
    world.db,
    `select meeting_id, room_id, state
     from room_claims
     where meeting_id = any(:ids) and state in ('requested', 'confirmed')
     order by meeting_id`,
    { ids: [one, other] },
  );
  expect(claims).toEqual([
    { meeting_id: one, room_id: cast.rooms.bamboo, state: 'requested' },
    { meeting_id: other, room_id: cast.rooms.orchid, state: 'confirmed' },
  ]);
});

it('counts for each meeting whom it is held for', async () => {
  const group = await row<{ id: number }>(
    world.db,
    `insert into people_groups (name_en, name_zh) values ('Heads', '处长') returning id`,
  );
  await change(world.db, `insert into people_group_members values (:group, :chair)`, {
    group: group?.id,
    chair: cast.chair.id,
  });
  await rules({ in_policy: 'refuse' });
  await change(
    world.db,
    `insert into booking_rules (room_id, group_id, in_policy) values (:room, :group, 'accept')`,
    { room: cast.rooms.orchid, group: group?.id },
  );
  const span = (hour: number) => ({
    startsAt: new Date(`2030-04-02T${hour}:00+08:00`),
    endsAt: new Date(`2030-04-02T${hour + 1}:00+08:00`),
  });
  const make = async (organiserId: number, hour: number) => {
    const made = await createMeeting(
      world.db,
      { id: organiserId },
      { title: 'Date', ...span(hour), zone: 'Asia/Shanghai', roomIds: [] },
    );
    return { meetingId: made.ok ? made.id : 0, roomIds: [cast.rooms.orchid], ...span(hour) };
  };
  const [mine, theirs] = [await make(cast.organiser.id, 10), await make(cast.chair.id, 12)];
  const results = await inTransaction(world.db, (trx) =>
    claimForMany(trx, { id: cast.organiser.id }, [mine, theirs]),
  );
  expect(results.get(mine.meetingId)).toMatchObject({
    ok: false,
    clashes: [],
    checks: [{ rule: 'members_only', level: 'error' }],
  });
  expect(results.get(theirs.meetingId)).toEqual({ ok: true, notices: [], requests: 0 });
});
