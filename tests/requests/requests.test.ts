import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { change, row, rows } from '../../src/lib/db/db.js';
import { calendarEvent } from '../../src/invitations/calendarEvent.js';
import { findTellable } from '../../src/invitations/queries.js';
import { Forbidden } from '../../src/lib/http/errors.js';
import { translator } from '../../src/lib/i18n/translate.js';
import { format } from '../../src/lib/time/format.js';
import { approveRequest, refuseRequest, remindOverdue } from '../../src/requests/commands.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let studio: number;
let day = 10;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  studio = await room('studio', 'hold');
  await change(
    world.db,
    `insert into room_approvers (room_id, person_id) values (:studio, :chair), (:studio, :reviewer)`,
    { studio, chair: cast.chair.id, reviewer: cast.reviewer.id },
  );
});
afterAll(() => world.close());
beforeEach(nextDay);

/** The rooms are closed on weekends. */
function nextDay(): void {
  do day += 1;
  while ([9, 10, 16, 17, 23, 24, 30, 31].includes(day));
}

async function room(code: string, holds: 'hold' | 'free'): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into rooms (code, name_en, name_zh, capacity) values (:code, :code, :code, 10) returning id`,
    { code },
  );
  const id = made?.id ?? 0;
  await change(
    world.db,
    `insert into room_hours (room_id, weekday, opens_at, closes_at)
     select :id, d, '08:00', '20:00'
       from generate_series(1, 5) d`,
    { id },
  );
  await change(
    world.db,
    `insert into booking_rules (room_id, in_policy, requests_hold, max_minutes, out_of_policy)
     values (:id, 'request', :holds, 120, 'request')`,
    { id, holds },
  );
  return id;
}

const on = () => `2030-03-${String(day).padStart(2, '0')}`;
async function ask(person: CastPerson, more: Record<string, string | number> = {}) {
  const agent = await world.agent(person);
  return agent
    .post('/bookings')
    .type('form')
    .send({
      title: 'Recording',
      date: on(),
      from: '10:00',
      to: '11:00',
      room: studio,
      seats: '',
      key: randomUUID(),
      ...more,
    });
}
const meetingIn = (answer: { headers: Record<string, string | undefined> }) =>
  Number(/\/meetings\/(\d+)/.exec(answer.headers.location ?? '')?.[1]);
const requestOf = async (meeting: number) =>
  (await row<{ id: number; state: string; due_at: Date; reason: string | null }>(
    world.db,
    `select id, state, due_at, reason
       from room_requests
       where meeting_id = :meeting
       order by id desc
       limit 1`,
    { meeting },
  )) ?? { id: 0, state: '', due_at: new Date(0), reason: null };
const claims = (meeting: number) =>
  rows<{ state: string; is_holding: boolean }>(
    world.db,
    `select state, is_holding from room_claims where meeting_id = :meeting order by id`,
    { meeting },
  );
const answer = async (person: CastPerson, id: number, fields: Record<string, string>) =>
  (await world.agent(person)).post(`/rooms/requests/${id}/answer`).type('form').send(fields);
const mails = (kind: string) =>
  rows<{ person_id: number; subject: string; lang: string }>(
    world.db,
    `select person_id, subject, lang from deliveries where kind = :kind order by id`,
    { kind },
  );

/** The place and the rooms of a meeting as a calendar mail names them. */
async function calendar(meeting: number) {
  const told = await findTellable(world.db, meeting);
  if (!told) throw new Error('no meeting');
  const event = calendarEvent({
    facts: told,
    told,
    attendees: [],
    sequence: 0,
    stampedAt: world.clock.now(),
    organizerAddress: 'meetings@office.example',
    sentBy: null,
    mailDomain: 'office.example',
    status: 'CONFIRMED',
    reader: { lang: 'en', t: translator('en'), fmt: format('en', 'Asia/Shanghai') },
  });
  return {
    location: event.location,
    rooms: event.attendees
      ?.filter(({ type }) => type === 'ROOM')
      .map(({ name, partstat }) => ({ name, partstat })),
  };
}

describe('a room on request', () => {
  it('is asked for, shown striped and to who decides, and booked when they approve', async () => {
    const asked = await ask(cast.organiser);
    const meeting = meetingIn(asked);
    expect(await claims(meeting)).toEqual([{ state: 'requested', is_holding: true }]);
    expect((await calendar(meeting)).rooms).toEqual([{ name: 'studio', partstat: 'NEEDS-ACTION' }]);
    const page = load(
      (await (await world.agent(cast.organiser)).get(`/meetings/${meeting}`).expect(200)).text,
    );
    expect(page('section:contains("Room request")').text()).toContain(
      'studio waits for approval by Shen Lan, Zhou Zheng',
    );
    expect(
      load((await (await world.agent(cast.organiser)).get(`/calendar?date=${on()}`)).text)(
        'td.striped',
      ).text(),
    ).toContain('Recording');

    await world.runJobs();
    expect((await mails('rooms.requestsAsked')).map(({ person_id }) => person_id).sort()).toEqual(
      [cast.chair.id, cast.reviewer.id].sort(),
    );
    const { id } = await requestOf(meeting);
    const today = load((await (await world.agent(cast.chair)).get('/')).text);
    expect(today(`a[href="/rooms/requests/${id}"]`).text()).toContain('studio · Recording');
    expect((await (await world.agent(cast.outsider)).get(`/rooms/requests/${id}`)).status).toBe(404);
    expect((await answer(cast.organiser, id, { verdict: 'approve' })).status).toBe(403);

    expect((await answer(cast.chair, id, { verdict: 'approve' })).headers.location).toBe('/rooms/requests');
    expect(await claims(meeting)).toEqual([{ state: 'confirmed', is_holding: true }]);
    expect((await calendar(meeting)).rooms).toEqual([{ name: 'studio', partstat: 'ACCEPTED' }]);
    await world.runJobs();
    expect(await mails('rooms.requestDecided')).toMatchObject([
      { person_id: cast.organiser.id, subject: expect.stringContaining('Approved: studio') as string },
    ]);
    const history = await rows<{ action: string }>(
      world.db,
      `select action from audit_events where meeting_id = :meeting order by id`,
      { meeting },
    );
    expect(history.map(({ action }) => action)).toEqual([
      'roomRequest.create',
      'meeting.create',
      'roomRequest.approve',
    ]);
  });

  it('asked for a private meeting, keeps its reason from the outbox', async () => {
    await ask(cast.organiser, {
      is_private: 'on',
      room: await room('salon', 'hold'),
      ask_reason: 'The candidate comes',
    });
    await world.runJobs();
    const [told] = await rows<{ id: number; person_id: number }>(
      world.db,
      `select id, person_id from deliveries where kind = 'rooms.requestsAsked' order by id desc limit 1`,
    );
    const shown = await (await world.agent(cast.administrator)).get(`/admin/outbox/${told?.id}`);
    expect(shown.text).toContain('administrators do not see what is in it');
    expect(shown.text).not.toContain('The candidate comes');
  });

  it("is returned with a reason in the reader's language, kept a day, changed and sent again", async () => {
    const meeting = meetingIn(await ask(cast.attendee));
    const { id } = await requestOf(meeting);
    const without = await answer(cast.chair, id, { verdict: 'return', code: '', reason: 'x' });
    expect(without.status).toBe(422);
    expect(load(without.text)('#f-code-error').text()).toContain('Choose a reason');
    await answer(cast.chair, id, { verdict: 'return', code: 'details', reason: 'Who speaks?' });
    expect((await claims(meeting))[0]).toEqual({ state: 'requested', is_holding: true });
    await world.runJobs();
    expect((await mails('rooms.requestDecided')).at(-1)).toMatchObject({
      person_id: cast.attendee.id,
      lang: 'zh-CN',
      subject: expect.stringContaining('已退回：studio') as string,
    });

    const agent = await world.agent(cast.attendee);
    const page = (await agent.get(`/meetings/${meeting}`)).text;
    expect(page).toContain('Who speaks?');
    expect((await (await world.agent(cast.attendee)).get('/')).text).toContain('会议室退回');
    expect(
      (await agent.post(`/meetings/${meeting}/room-request`).type('form').send({ note: 'The minister' }))
        .status,
    ).toBe(303);
    expect((await requestOf(meeting)).state).toBe('open');
    expect((await requestOf(meeting)).id).toBeGreaterThan(id);
    expect((await claims(meeting)).map(({ state }) => state)).toEqual(['released', 'requested']);
    const room = load((await agent.get(`/rooms/${studio}`)).text);
    expect(room('dl').text()).toContain('须经');
  });

  it('is kept no longer than a day after it was returned: whoever wants it then has it', async () => {
    const meeting = meetingIn(await ask(cast.organiser));
    await answer(cast.chair, (await requestOf(meeting)).id, {
      verdict: 'return',
      code: 'time',
      reason: 'Later, please',
    });
    expect((await ask(cast.outsider)).status).toBe(409);
    await change(
      world.db,
      `update room_claims set hold_until = now() - interval '1 minute' where meeting_id = :meeting`,
      { meeting },
    );
    expect((await ask(cast.outsider)).status).toBe(303);
    expect((await claims(meeting)).map(({ state }) => state)).toEqual(['expired']);
    const agent = await world.agent(cast.organiser);
    const text = (await agent.get(`/meetings/${meeting}`)).text;
    expect(text).toContain('studio (not booked)');
    expect(text).toContain('The room is not held.');
    const again = await agent.post(`/meetings/${meeting}/room-request`).type('form').send({ note: '' });
    expect(again.status).toBe(409);
    expect(load(again.text)('[name=pick]').length).toBeGreaterThan(0);
  });

  it('is free again when it is refused, the room declines, and the meeting says so', async () => {
    const meeting = meetingIn(await ask(cast.organiser));
    await answer(cast.chair, (await requestOf(meeting)).id, {
      verdict: 'refuse',
      code: 'priority',
      reason: 'The minister comes',
    });
    expect((await claims(meeting)).map(({ state }) => state)).toEqual(['refused']);
    const text = (await (await world.agent(cast.organiser)).get(`/meetings/${meeting}`)).text;
    expect(text).toContain('refused by Zhou Zheng: Needed for something more important: The minister comes');
    expect(text).toContain('studio (not booked)');
    expect(await calendar(meeting)).toEqual({
      location: undefined,
      rooms: [{ name: 'studio', partstat: 'DECLINED' }],
    });
    const other = meetingIn(await ask(cast.attendee));
    expect((await claims(other)).map(({ state }) => state)).toEqual(['requested']);
  });

  it('is not asked for by who decides about it, nor for a change inside an approved slot', async () => {
    expect((await claims(meetingIn(await ask(cast.chair))))[0]?.state).toBe('confirmed');
    nextDay();
    const meeting = meetingIn(await ask(cast.organiser, { from: '13:00', to: '15:00' }));
    await answer(cast.chair, (await requestOf(meeting)).id, { verdict: 'approve' });
    const move = async (from: string, to: string, version: number) =>
      (await world.agent(cast.organiser)).post(`/meetings/${meeting}`).type('form').send({
        title: 'Recording',
        on: on(),
        from,
        to,
        zone: 'Asia/Shanghai',
        rooms: studio,
        lang: 'en',
        description: '',
        version,
      });
    expect((await move('13:30', '14:30', 1)).status).toBe(303);
    expect((await claims(meeting)).at(-1)?.state).toBe('confirmed');
    expect((await move('14:00', '15:30', 2)).status).toBe(303);
    expect((await claims(meeting)).at(-1)?.state).toBe('requested');
  });

  it("is asked for beyond its rules with a reason; a secretary's own reason is recorded", async () => {
    const long = { from: '10:00', to: '13:00' };
    const refused = await ask(cast.organiser, long);
    expect(refused.status).toBe(422);
    const page = load(refused.text);
    expect(page('[role=alert]').text()).toContain('studio: 2 hours at most.');
    expect(
      page('.alternatives button')
        .toArray()
        .map((one) => page(one).text()),
    ).toEqual(expect.arrayContaining(['Orchid · 12 seats', '10:00–12:00']));
    expect(page('[name=ask_reason]').length).toBe(1);
    const meeting = meetingIn(await ask(cast.organiser, { ...long, ask_reason: 'A whole play' }));
    const request = load(
      (await (await world.agent(cast.chair)).get(`/rooms/requests/${(await requestOf(meeting)).id}`)).text,
    );
    expect(request('main').text()).toContain('A whole play');
    expect(request('main').text()).toContain('studio: 2 hours at most.');
    nextDay();
    const beyond = meetingIn(await ask(cast.secretary, { ...long, override_reason: 'Live broadcast' }));
    expect((await claims(beyond))[0]?.state).toBe('confirmed');
    expect(
      await rows(
        world.db,
        `select rule, actual, allowed, reason, person_id
           from rule_overrides
           where meeting_id = :beyond
           order by rule`,
        { beyond },
      ),
    ).toEqual([
      { rule: 'approval', actual: '', allowed: '', reason: 'Live broadcast', person_id: cast.secretary.id },
      {
        rule: 'max_duration',
        actual: '180',
        allowed: '120',
        reason: 'Live broadcast',
        person_id: cast.secretary.id,
      },
    ]);
    expect((await (await world.agent(cast.secretary)).get(`/meetings/${beyond}`)).text).toContain(
      'Booked longer than allowed',
    );
  });

  it('reminds once when it is overdue: the deputies, or the head of the office', async () => {
    const meeting = meetingIn(await ask(cast.organiser));
    const { due_at } = await requestOf(meeting);
    await change(world.db, `insert into deputies (person_id, deputy_id) values (:chair, :deputy)`, {
      chair: cast.chair.id,
      deputy: cast.outsider.id,
    });
    const later = new Date(due_at.getTime() + 60_000);
    expect(await remindOverdue(world.db, later)).toBeGreaterThan(0);
    expect(await remindOverdue(world.db, later)).toBe(0);
    expect((await mails('rooms.requestReminder')).map(({ person_id }) => person_id)).toEqual([
      cast.outsider.id,
    ]);
    expect((await answer(cast.outsider, (await requestOf(meeting)).id, { verdict: 'approve' })).status).toBe(
      303,
    );
    await change(world.db, `delete from deputies`);
  });
});

describe('many at once', () => {
  it('sixteen who ask for the same slot are one request, and fifteen are told who has it', async () => {
    const people = [cast.organiser, cast.attendee, cast.outsider, cast.secretary];
    const started = Date.now();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => ask(people[i % people.length] ?? cast.organiser)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      303,
      ...Array.from({ length: 15 }, () => 409),
    ]);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('is decided by nobody else, whatever page they come from', async () => {
    const meeting = meetingIn(await ask(cast.organiser));
    const { id } = await requestOf(meeting);
    const now = world.clock.now();
    const why = { now, code: 'other', reason: 'No' } as const;
    for (const person of [cast.organiser, cast.outsider]) {
      await expect(approveRequest(world.db, { id: person.id }, id, now)).rejects.toBeInstanceOf(Forbidden);
      await expect(refuseRequest(world.db, { id: person.id }, id, why)).rejects.toBeInstanceOf(Forbidden);
    }
    expect(await requestOf(meeting)).toMatchObject({ state: 'open' });
  });

  it('two who decide at once give one answer', async () => {
    const meeting = meetingIn(await ask(cast.organiser));
    const { id } = await requestOf(meeting);
    const [one, two] = await Promise.all([
      answer(cast.chair, id, { verdict: 'approve' }),
      answer(cast.reviewer, id, { verdict: 'refuse', code: 'other', reason: 'No' }),
    ]);
    const second = one.headers.location === '/rooms/requests' ? two : one;
    expect([one, two].filter(({ headers }) => headers.location === '/rooms/requests')).toHaveLength(1);
    expect(second.headers.location).toContain(`/rooms/requests/${id}`);
    expect(
      await rows(
        world.db,
        `select 1
           from audit_events
           where meeting_id = :meeting and action in ('roomRequest.approve', 'roomRequest.refuse')`,
        { meeting },
      ),
    ).toHaveLength(1);
    const page = load((await (await world.agent(cast.chair)).get(`/rooms/requests/${id}`)).text);
    expect(page('.notice').text()).toMatch(/(Approved|Refused) by (Zhou Zheng|Shen Lan)/);
    expect(page('form[action$="/answer"]')).toHaveLength(0);
  });

  it('an approval and a direct booking of a room that is not held meet, and one of them has it', async () => {
    const stage = await room('stage', 'free');
    await change(world.db, `insert into room_approvers (room_id, person_id) values (:stage, :chair)`, {
      stage,
      chair: cast.chair.id,
    });
    for (let round = 0; round < 6; round++) {
      const from = `${String(9 + round).padStart(2, '0')}:00`;
      const to = `${String(10 + round).padStart(2, '0')}:00`;
      const meeting = meetingIn(await ask(cast.organiser, { room: stage, from, to }));
      expect(await claims(meeting)).toEqual([{ state: 'requested', is_holding: false }]);
      const { id } = await requestOf(meeting);
      const [approval, booking] = await Promise.all([
        approveRequest(world.db, { id: cast.chair.id }, id, world.clock.now()),
        ask(cast.chair, { room: stage, from, to }),
      ]);
      expect([approval.ok, booking.status]).toEqual(approval.ok ? [true, 409] : [false, 303]);
    }
    const overlaps = await rows(
      world.db,
      `select a.id
         from room_claims a
         join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
        where a.is_holding
          and b.is_holding
          and a.state in ('held', 'requested', 'confirmed')
          and b.state in ('held', 'requested', 'confirmed')`,
    );
    expect(overlaps).toEqual([]);
  });

  it('a slot that was lost is said on a page with what is free', async () => {
    const open = await room('open', 'free');
    await change(world.db, `insert into room_approvers (room_id, person_id) values (:open, :chair)`, {
      open,
      chair: cast.chair.id,
    });
    const meeting = meetingIn(await ask(cast.organiser, { room: open }));
    await ask(cast.chair, { room: open });
    const { id } = await requestOf(meeting);
    const page = await answer(cast.chair, id, { verdict: 'approve' });
    expect(page.status).toBe(409);
    expect(load(page.text)('[role=alert]').text()).toContain('The room is no longer free then');
    expect(load(page.text)('section:contains("You can suggest") li').length).toBeGreaterThan(0);
    expect(
      await refuseRequest(world.db, { id: cast.chair.id }, id, {
        now: world.clock.now(),
        code: 'taken',
        reason: 'Booked',
      }),
    ).toEqual({ ok: true });
  });
});
