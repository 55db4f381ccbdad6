import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { checkIn } from '../../src/checkins/commands.js';
import { checkInDue } from '../../src/checkins/rules.js';
import { judgeCheckIns } from '../../src/checkins/noShowCommands.js';
import { keepUnattended } from '../../src/series/unattendedCommands.js';
import { DEFAULTS } from '../../src/rules/layers.js';
import { makeCast, type Cast } from '../support/cast.js';
import { MONDAY, testWorld, type Agent, type World } from '../support/world.js';
import { confirm, postTo, seriesForm } from '../dates/schedule.js';

const start = Date.parse(MONDAY) + 3_600_000; // 10:00 in Shanghai
const at = (minutes: number) => new Date(start + minutes * 60_000);

describe('until when somebody has to check in', () => {
  const rules = { ...DEFAULTS, check_in: 'required' as const };
  it.each([
    ['ten minutes after the beginning', rules, at(60), at(-600), at(10)],
    ['as long as the rule says', { ...rules, check_in_releases: 25 }, at(60), at(-600), at(25)],
    ['not where no rule wants it', DEFAULTS, at(60), at(-600), undefined],
    ['not for more than four hours', rules, at(241), at(-600), undefined],
    ['for four hours', rules, at(240), at(-600), at(10)],
    ['not when it was booked less than half an hour before', rules, at(60), at(-29), undefined],
    ['when it was booked half an hour before', rules, at(60), at(-30), at(10)],
  ])('%s', (_name, limits, endsAt, bookedAt, due) => {
    expect(checkInDue(limits, { startsAt: at(0), endsAt, bookedAt })).toEqual(due);
  });
});

describe('a room to which nobody comes', () => {
  let world: World;
  let cast: Cast;
  let organiser: Agent;
  beforeAll(async () => {
    world = await testWorld();
    cast = await makeCast(world.db);
    organiser = await world.agent(cast.organiser);
    await world.db.raw(`insert into booking_rules (room_id, check_in) values (?, 'required')`, [
      cast.rooms.orchid,
    ]);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.owner.raw(`update room_claims set state = 'cancelled'`);
    await world.owner.raw(`truncate check_in_outcomes, deliveries cascade`);
    await world.owner.raw(
      `update meetings
          set starts_at = starts_at - interval '1 year', ends_at = ends_at - interval '1 year'
        where starts_at is not null`,
    );
  });

  async function book(
    more: Partial<Parameters<typeof createMeeting>[2]> = {},
    by = cast.organiser.id,
  ): Promise<number> {
    const made = await createMeeting(
      world.db,
      { id: by },
      {
        title: 'Weekly talk',
        startsAt: at(0),
        endsAt: at(60),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
        ...more,
      },
    );
    if (!made.ok) throw new Error(JSON.stringify(made));
    return made.id;
  }
  const stateOf = (id: number) =>
    rows(world.db, `select room_id, state, end_reason from room_claims where meeting_id = :id order by id`, {
      id,
    });
  const mails = (kind: string) =>
    rows<{ person_id: number; subject: string }>(
      world.db,
      `select person_id, subject from deliveries where kind = :kind and state <> 'superseded' order by id`,
      { kind },
    );

  it('is checked in to as early as its rule says, and the page says so before', async () => {
    await world.db.raw(`update booking_rules set check_in_opens = 60`);
    const id = await book();
    const offer = async () =>
      load((await organiser.get(`/meetings/${id}`)).text)(`a[href="/meetings/${id}/check-in"]`).length;
    world.clock.set(at(-70));
    expect(await offer()).toBe(0);
    expect((await organiser.post(`/meetings/${id}/check-in`).type('form').send({})).text).toContain(
      'from 60 minutes before',
    );
    world.clock.set(at(-50));
    expect(await offer()).toBe(1);
    expect((await organiser.post(`/meetings/${id}/check-in`).type('form').send({})).status).toBe(303);
    await world.db.raw(`update booking_rules set check_in_opens = null`);
  });

  it('is not given up when the meeting was begun or somebody was noted as present', async () => {
    const begun = await book();
    await world.db.raw(`update meetings set state = 'in_progress', started_at = ? where id = ?`, [
      at(2),
      begun,
    ]);
    expect(await judgeCheckIns(world.db, at(11))).toEqual({ present: 1, noShows: 0, released: 0 });
    expect(await stateOf(begun)).toMatchObject([{ state: 'confirmed' }]);
    await world.owner.raw(`update room_claims set state = 'cancelled'`);
    await world.owner.raw(`truncate check_in_outcomes cascade`);
    await world.owner.raw(
      `update meetings set starts_at = starts_at - interval '1 year', ends_at = ends_at - interval '1 year'
        where id = ?`,
      [begun],
    );
    const noted = await book();
    await world.db.raw(
      `with p as (
         insert into participants (meeting_id, person_id, role) values (?, ?, 'required') returning id)
       insert into attendances (participant_id, status) select id, 'present' from p`,
      [noted, cast.attendee.id],
    );
    expect(await judgeCheckIns(world.db, at(11))).toEqual({ present: 1, noShows: 0, released: 0 });
  });

  it('is given up after ten minutes; the warned organiser is told why and may take it back', async () => {
    const id = await book();
    await judgeCheckIns(world.db, at(-5));
    expect(await mails('meetings.checkInReminder')).toEqual([]);
    for (const minute of [0, 1, 9]) {
      world.clock.set(at(minute));
      await judgeCheckIns(world.db, at(minute));
    }
    await world.runJobs();
    expect(await mails('meetings.checkInReminder')).toEqual([
      { person_id: cast.organiser.id, subject: 'Check in by 10:10: Weekly talk' },
    ]);
    expect(load((await organiser.get(`/meetings/${id}/check-in`)).text)('main').text()).toContain(
      'Please check in by 10:10',
    );
    expect(await stateOf(id)).toEqual([{ room_id: cast.rooms.orchid, state: 'confirmed', end_reason: null }]);

    world.clock.set(at(10));
    const looks = await Promise.all(Array.from({ length: 4 }, () => judgeCheckIns(world.db, at(10))));
    expect(looks.map(({ released }) => released).sort()).toEqual([0, 0, 0, 1]);
    await world.runJobs();
    expect(await stateOf(id)).toEqual([
      { room_id: cast.rooms.orchid, state: 'released', end_reason: 'no_show' },
    ]);
    expect(await mails('meetings.noShow')).toEqual([
      { person_id: cast.organiser.id, subject: 'Room given up: Weekly talk' },
    ]);
    const page = load((await organiser.get(`/meetings/${id}`)).text);
    expect(page('main').text()).toContain(
      'Nobody had checked in by 10:10, 10 minutes after the beginning, so Orchid was given up at 10:10.',
    );
    expect(page('main').text()).toContain('Nobody came; the room was given up');

    world.clock.set(at(14));
    expect((await organiser.post(`/meetings/${id}/check-in`).type('form').send({})).headers.location).toBe(
      `/meetings/${id}`,
    );
    expect(
      await row(
        world.db,
        `select starts_at, ends_at from room_claims where meeting_id = :id and state = 'confirmed'`,
        { id },
      ),
    ).toEqual({ starts_at: at(14), ends_at: at(60) });
    await judgeCheckIns(world.db, at(30));
    expect((await stateOf(id)).map((claim) => (claim as { state: string }).state)).toEqual([
      'released',
      'confirmed',
    ]);
    expect(load((await organiser.get(`/rooms/${cast.rooms.orchid}`)).text)('main').text()).toContain(
      '0% (0 of 1 bookings that had to be checked in to)',
    );
  });

  it('stays with who checked in, and somebody else who has it now is not put out', async () => {
    const there = await book();
    await checkIn(world.db, { id: cast.organiser.id }, there, { now: at(3) });
    expect(await judgeCheckIns(world.db, at(11))).toEqual({ present: 1, noShows: 0, released: 0 });
    expect(
      await row(world.db, `select outcome from check_in_outcomes where meeting_id = :there`, { there }),
    ).toEqual({ outcome: 'present' });

    const absent = await book({ startsAt: at(120), endsAt: at(180) });
    await judgeCheckIns(world.db, at(131));
    await book({ title: 'Quick talk', startsAt: at(135), endsAt: at(165) }, cast.reviewer.id);
    world.clock.set(at(140));
    const refused = await organiser.post(`/meetings/${absent}/check-in`).type('form').send({});
    expect(refused.status).toBe(409);
    expect(load(refused.text)('main').text()).toContain('somebody else has it now');
    expect(load(refused.text)('main a[href="/calendar"]').length).toBe(1);
    expect(await row(world.db, `select checked_in_at from meetings where id = :absent`, { absent })).toEqual({
      checked_in_at: null,
    });
  });

  it('is given up alone, where another room of the meeting wants no check-in', async () => {
    const id = await book({ roomIds: [cast.rooms.orchid, cast.rooms.bamboo] });
    await judgeCheckIns(world.db, at(10));
    expect(await stateOf(id)).toEqual(
      expect.arrayContaining([
        { room_id: cast.rooms.orchid, state: 'released', end_reason: 'no_show' },
        { room_id: cast.rooms.bamboo, state: 'confirmed', end_reason: null },
      ]),
    );
    await book({ title: 'In between', startsAt: at(10), endsAt: at(60) }, cast.reviewer.id);
    expect(await checkIn(world.db, { id: cast.organiser.id }, id, { now: at(20) })).toEqual({
      ok: false,
      reason: 'released',
    });
    expect(await rows(world.db, `select room_id from meeting_rooms where meeting_id = :id`, { id })).toEqual([
      { room_id: cast.rooms.bamboo },
    ]);
  });

  it('is kept or given up, never both, when somebody checks in at the same moment', async () => {
    for (let round = 0; round < 8; round += 1) {
      const id = await book({ startsAt: at(round * 70), endsAt: at(round * 70 + 60) });
      const now = at(round * 70 + 10);
      const [judged, came] = await Promise.all([
        judgeCheckIns(world.db, now),
        checkIn(world.db, { id: cast.organiser.id }, id, { now }),
        judgeCheckIns(world.db, now),
      ]);
      const live = await rows(
        world.db,
        `select 1 from room_claims where meeting_id = :id and state = 'confirmed'`,
        { id },
      );
      expect([came.ok, live.length, judged.noShows <= 1]).toEqual([true, 1, true]);
    }
  });

  it('says so in lists, day sheet and grid, and is counted by organiser and room', async () => {
    await book();
    const kept = await book({ title: 'Kept to the end', startsAt: at(120), endsAt: at(180) });
    const secret = await book(
      {
        title: 'Secret talk',
        startsAt: at(240),
        endsAt: at(300),
        isPrivate: true,
        roomIds: [cast.rooms.orchid],
      },
      cast.attendee.id,
    );
    const there = await book({ title: 'They came', startsAt: at(360), endsAt: at(420) });
    await judgeCheckIns(world.db, at(10));
    // The worker was away: the room was kept all the while.
    await judgeCheckIns(world.db, at(200));
    await judgeCheckIns(world.db, at(250));
    await checkIn(world.db, { id: cast.organiser.id }, there, { now: at(365) });
    await judgeCheckIns(world.db, at(371));
    world.clock.set(at(480));
    const secretary = await world.agent(cast.secretary);
    const today = new Date(MONDAY).toISOString().slice(0, 10);
    const textsOf = async (agent: Agent, path: string, rowsAre: string) => {
      const $ = load((await agent.get(path).expect(200)).text);
      return $(rowsAre)
        .toArray()
        .map((one) => $(one).text().replace(/\s+/g, ' ').trim());
    };
    const pilled = (texts: string[]) =>
      texts
        .filter((text) => text.includes('No-show'))
        .map((text) =>
          ['Weekly talk', 'Kept to the end', 'Secret talk', 'They came', 'Booked'].find((title) =>
            text.includes(title),
          ),
        );
    expect(pilled(await textsOf(organiser, '/meetings?when=past', '.row')).sort()).toEqual([
      'Kept to the end',
      'Weekly talk',
    ]);
    expect(pilled(await textsOf(organiser, '/', '.row'))).toEqual(['Weekly talk', 'Kept to the end']);
    expect(pilled(await textsOf(secretary, `/calendar/sheet?date=${today}`, '.day-sheet > li'))).toEqual([
      'Weekly talk',
      'Kept to the end',
      'Booked',
    ]);
    const first = await secretary.get(`/calendar?date=${today}`);
    const cells = load(first.text)('td .pill')
      .toArray()
      .map((one) => load(first.text)(one).parent().text().replace(/\s+/g, ' ').trim());
    expect(cells).toEqual([
      'No-show Weekly talk 10:00–11:00',
      'No-show Kept to the end 12:00–13:00',
      'No-show Booked 14:00–15:00',
    ]);

    const page = load((await secretary.get(`/no-shows?from=${today}&to=${today}`).expect(200)).text);
    const table = (n: number) =>
      page('table')
        .eq(n)
        .find('tbody tr')
        .toArray()
        .map((one) =>
          page(one)
            .find('th, td')
            .toArray()
            .map((cell) => page(cell).text().trim()),
        );
    expect(table(0)).toEqual([
      ['Ouyang Min', '2 of 3', '67%'],
      ['Private meetings', '1 of 1', '100%'],
    ]);
    expect(table(1)).toEqual([['Orchid', '3 of 4', '75%']]);
    expect(page('main').text()).toContain('Nobody came to 3 of 4 bookings');
    expect(page('main').text()).toContain('over before it was noticed');
    expect(page('main').text()).not.toContain('Secret');
    expect(page(`a[href="/meetings/${kept}"]`)).toHaveLength(1);
    expect(page(`a[href="/meetings/${secret}"]`)).toHaveLength(0);
    expect((await organiser.get('/no-shows')).status).toBe(403);
    // What makes no sense falls back, an empty period says what the list is for.
    expect(
      load((await secretary.get('/no-shows?from=2029-01-01&to=2029-01-02').expect(200)).text)('main').text(),
    ).toContain('No booking had to be checked in to');
  });

  it('is over without a mail when the worker was away all the while', async () => {
    const id = await book();
    expect(await judgeCheckIns(world.db, at(90))).toEqual({ present: 0, noShows: 1, released: 0 });
    expect(await mails('meetings.noShow')).toEqual([]);
    expect((await stateOf(id))[0]).toMatchObject({ state: 'confirmed' });
  });

  it('three times in a row, its standing meeting is asked about once', async () => {
    world.clock.set(MONDAY);
    const plan = await postTo(organiser, '/series', seriesForm(cast, {}));
    const saved = await postTo(organiser, ...confirm(plan.text, {}));
    const series = Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
    const dates = await rows<{ starts_at: Date }>(
      world.db,
      `select starts_at from meetings where series_id = :series order by starts_at`,
      { series },
    );
    const asked = () => mails('meetings.unattended');
    for (const [i, { starts_at }] of dates.slice(0, 4).entries()) {
      world.clock.set(new Date(starts_at.getTime() + 600_000));
      await judgeCheckIns(world.db, world.clock.now());
      expect((await asked()).length).toBe(i >= 2 ? 1 : 0);
    }
    await world.runJobs();
    expect((await asked())[0]?.subject).toContain('is it still needed?');
    expect(load((await organiser.get('/')).text)('main').text()).toContain('Nobody comes to');
    const page = load((await organiser.get(`/series/${series}`)).text);
    expect(page(`form[action="/series/${series}/continuation"]`).length).toBe(1);
    expect(page('a[href$="/following"]').length).toBe(1);
    expect(
      page('.pill')
        .toArray()
        .filter((one) => page(one).text() === 'No-show').length,
    ).toBeGreaterThanOrEqual(3);
    await organiser.post(`/series/${series}/continuation`).type('form').send({}).expect(303);
    expect(
      load((await organiser.get(`/series/${series}`)).text)(`form[action="/series/${series}/continuation"]`)
        .length,
    ).toBe(0);
    await keepUnattended(world.db, { id: cast.organiser.id }, series, world.clock.now());
    expect(await rows(world.db, `select 1 from audit_events where action = 'series.keep'`)).toHaveLength(1);
  });
});
