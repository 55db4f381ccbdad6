import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { answerPoll } from '../../src/polls/answerCommands.js';
import { choosePollOption } from '../../src/polls/choiceCommands.js';
import { pollToken } from '../../src/polls/link.js';
import { makeCast, type Cast } from '../support/cast.js';
import { MONDAY, testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
beforeEach(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
});
afterEach(() => world.close());

const at = (day: number, time: string) =>
  new Date(`2030-03-${String(day).padStart(2, '0')}T${time}:00+08:00`);

interface Made {
  id: number;
  options: number[];
}

/**
 * Two times on Thursday and Friday, until Wednesday at five; asked are the attendee (who reads Chinese), the
 * outsider and a guest.
 */
async function makePoll(more: Record<string, unknown> = {}): Promise<Made> {
  const made = await organiser
    .post('/polls')
    .type('form')
    .send({
      title: 'Budget round',
      key: crypto.randomUUID(),
      minutes: '60',
      required: 'Ouyang Min\nChen An',
      optional: 'Wei Ran\nDana Dole <dana@elsewhere.example>',
      on_0: '2030-03-07',
      from_0: '10',
      on_1: '2030-03-08',
      from_1: '14:00',
      deadline_on: '2030-03-06',
      deadline_at: '17:00',
      needs_room: 'on',
      note: 'About 2031',
      ...more,
    });
  expect([
    made.status,
    made.text.includes('field-error') ? load(made.text)('.field-error').text() : '',
  ]).toEqual([303, '']);
  const id = Number(made.headers.location?.split('/')[2]);
  return {
    id,
    options: (
      await rows<{ id: number }>(
        world.db,
        `select id from poll_options where poll_id = :id order by starts_at`,
        { id },
      )
    ).map((one) => one.id),
  };
}

const claims = (id: number) =>
  rows<{ state: string; room_id: number; meeting_id: number | null }>(
    world.db,
    `select c.state, c.room_id, c.meeting_id
       from room_claims c join poll_options o on o.id = c.poll_option_id
      where o.poll_id = :id
      order by o.starts_at`,
    { id },
  );
const mails = () =>
  rows<{ kind: string; person_id: number; state: string; subject: string | null }>(
    world.db,
    `select kind, person_id, state, subject from deliveries where kind like 'polls.%' order by id`,
  );

function answerOf(poll: Made, ...answers: string[]): Record<string, string> {
  return Object.fromEntries(answers.map((answer, n) => [`answer_${poll.options[n]}`, answer]));
}

async function guestId(): Promise<number> {
  return (
    (
      await row<{ id: number }>(
        world.db,
        `select x.id from poll_people x join persons p on p.id = x.person_id where p.is_guest`,
      )
    )?.id ?? 0
  );
}

test('offers times, holds a room for each and asks everybody in their language', async () => {
  const poll = await makePoll();
  expect(await claims(poll.id)).toEqual([
    { state: 'held', room_id: cast.rooms.orchid, meeting_id: null },
    { state: 'held', room_id: cast.rooms.orchid, meeting_id: null },
  ]);
  await world.runJobs();
  const sent = await mails();
  expect(sent.map(({ kind, state }) => `${kind} ${state}`)).toEqual(Array(3).fill('polls.asked captured'));
  expect(sent.find(({ person_id }) => person_id === cast.attendee.id)?.subject).toBe(
    '时间征询：Budget round',
  );
  expect(sent.find(({ person_id }) => person_id === cast.outsider.id)?.subject).toBe(
    'Which time suits you? Budget round',
  );
  const today = await (await world.agent(cast.outsider)).get('/');
  expect(today.text).toContain('Answer the poll');
  // Others book another room meanwhile.
  const taken = await organiser.post('/bookings').type('form').send({
    title: 'X',
    date: '2030-03-07',
    from: '10:00',
    to: '11:00',
    room: cast.rooms.orchid,
    key: crypto.randomUUID(),
  });
  expect(taken.status).toBe(409);
});

test('takes answers until the deadline, and shows best first with the reason', async () => {
  const poll = await makePoll();
  const attendee = await world.agent(cast.attendee);
  const missing = await attendee
    .post(`/polls/${poll.id}/answer`)
    .type('form')
    .send({ ...answerOf(poll, 'yes'), note: 'kept' });
  expect(missing.status).toBe(422);
  expect(missing.text).toContain('kept');
  expect(load(missing.text)('.field-error').text()).toBe(
    '错误： 请选择 3月8日 周五 14:00–15:00 是否合适'.trim(),
  );
  expect(
    (
      await attendee
        .post(`/polls/${poll.id}/answer`)
        .type('form')
        .send(answerOf(poll, 'no', 'yes'))
    ).status,
  ).toBe(303);
  expect(
    (
      await attendee
        .post(`/polls/${poll.id}/answer`)
        .type('form')
        .send({ ...answerOf(poll, 'no', 'maybe'), note: 'after lunch' })
    ).status,
  ).toBe(303);
  const $ = load((await organiser.get(`/polls/${poll.id}`)).text);
  const lines = $('.find-list > li')
    .toArray()
    .map((one) => $(one).text().replace(/\s+/g, ' '));
  expect(lines[0]).toContain('Fri 8 Mar 14:00–15:00');
  expect(lines[0]).toContain('0 yes, 1 if need be, 0 no; 3 silent; Orchid is held');
  expect(lines[1]).toContain('required and cannot: Chen An');
  expect($('.polls-table').text()).toContain('after lunch');
  world.clock.set('2030-03-06T10:00:00Z');
  const late = await attendee
    .post(`/polls/${poll.id}/answer`)
    .type('form')
    .send(answerOf(poll, 'yes', 'yes'));
  expect(late.status).toBe(303);
  expect(await rows(world.db, `select answer from poll_answers order by option_id`)).toEqual([
    { answer: 'no' },
    { answer: 'maybe' },
  ]);
});

test('a link into the form gives nobody the address of a guest they have nothing to do with', async () => {
  await makePoll();
  const dana = (
    await row<{ id: number }>(world.db, `select id from persons where email = 'dana@elsewhere.example'`)
  )?.id;
  const typed = async (person: { id: number }) =>
    load((await (await world.agent(person)).get(`/polls/new?p=${dana}&p=${cast.guest.id}`)).text)(
      '#f-required',
    )
      .text()
      .trim();
  expect(await typed(cast.organiser)).toBe('Dana Dole <dana@elsewhere.example>\nAlex Guest');
  expect(await typed(cast.outsider)).toBe('Dana Dole\nAlex Guest');
  expect(await typed(cast.secretary)).toContain('guest@elsewhere.example');
});

test('a guest answers by personal link: GET shows, only POST answers', async () => {
  const poll = await makePoll();
  await world.runJobs();
  const id = await guestId();
  const guest = await world.agent();
  const opened = await guest.get(`/p/${pollToken(world.config, id, 1)}`);
  expect(opened.headers.location).toBe(`/p/poll/${id}`);
  const shown = await guest.get(`/p/poll/${id}`);
  expect(shown.headers['cache-control']).toBe('no-store');
  expect(shown.text).toContain('Budget round');
  expect(shown.text).not.toContain('Chen An');
  expect(await rows(world.db, `select * from poll_answers`)).toEqual([]);
  expect(
    (
      await guest
        .post(`/p/poll/${id}`)
        .type('form')
        .send(answerOf(poll, 'maybe', 'yes'))
    ).status,
  ).toBe(303);
  expect(await rows(world.db, `select answer from poll_answers order by option_id`)).toEqual([
    { answer: 'maybe' },
    { answer: 'yes' },
  ]);
  const stranger = await world.agent();
  expect((await stranger.get(`/p/poll/${id}`)).status).toBe(404);
  expect(
    (
      await stranger
        .post(`/p/poll/${id}`)
        .type('form')
        .send(answerOf(poll, 'no', 'no'))
    ).status,
  ).toBe(404);
});

test('choosing makes the meeting with people, room, replies; the other room is free', async () => {
  const poll = await makePoll();
  await answerPoll(world.db, { id: cast.attendee.id }, poll.id, {
    personId: cast.attendee.id,
    answers: new Map(poll.options.map((id) => [id, 'yes'])),
    note: 'fine',
    now: world.clock.now(),
  });
  await answerPoll(world.db, { id: cast.outsider.id }, poll.id, {
    personId: cast.outsider.id,
    answers: new Map([
      [poll.options[0] ?? 0, 'yes'],
      [poll.options[1] ?? 0, 'maybe'],
    ]),
    note: '',
    now: world.clock.now(),
  });
  const chosen = await organiser
    .post(`/polls/${poll.id}/choice`)
    .type('form')
    .send({ option: poll.options[1] });
  const meeting = Number(chosen.headers.location?.split('/')[2]);
  expect(
    await row(world.db, `select title, starts_at, organiser_id, state from meetings where id = :meeting`, {
      meeting,
    }),
  ).toEqual({
    title: 'Budget round',
    starts_at: at(8, '14:00'),
    organiser_id: cast.organiser.id,
    state: 'draft',
  });
  expect(await claims(poll.id)).toEqual([
    { state: 'released', room_id: cast.rooms.orchid, meeting_id: null },
    { state: 'released', room_id: cast.rooms.orchid, meeting_id: null },
  ]);
  expect(
    await rows(world.db, `select state, room_id from room_claims where meeting_id = :meeting`, { meeting }),
  ).toEqual([{ state: 'confirmed', room_id: cast.rooms.orchid }]);
  expect(
    await rows(
      world.db,
      `select p.person_id, p.role, r.status, r.note
         from participants p left join replies r on r.participant_id = p.id
        where p.meeting_id = :meeting and p.person_id = any(:ids)
        order by p.person_id`,
      { meeting, ids: [cast.attendee.id, cast.outsider.id] },
    ),
  ).toEqual([
    { person_id: cast.attendee.id, role: 'required', status: 'accepted', note: 'fine' },
    { person_id: cast.outsider.id, role: 'optional', status: 'tentative', note: '' },
  ]);
  const page = await organiser.get(`/meetings/${meeting}`);
  expect(page.text).toContain('The time is chosen');
  expect(page.text).toContain('Answers of the poll');
  // Somebody who chose another time on a page of before is told that it was not theirs.
  expect(
    (await organiser.post(`/polls/${poll.id}/choice`).type('form').send({ option: poll.options[0] })).headers
      .location,
  ).toBe(`/meetings/${meeting}`);
  expect((await organiser.get(`/meetings/${meeting}`)).text).toContain(
    'Another time had been chosen already',
  );
  const refused = await organiser.post(`/polls/${poll.id}/cancellation`).type('form').send({ reason: 'x' });
  expect(refused.status).toBe(409);
  expect(load(refused.text)(`main a[href="/polls/${poll.id}"]`).text()).toBe('See how it stands now');
  expect(page.text).toContain('If need be');
  await world.runJobs();
  expect((await mails()).filter(({ kind }) => kind === 'polls.chosen')).toHaveLength(3);
  // What was not answered is not asked for any more.
  expect((await (await world.agent(cast.outsider)).get('/')).text).not.toContain('Answer the poll');
});

test('chosen twice at once it is one meeting; an answer meanwhile is in or finds it closed', async () => {
  const poll = await makePoll();
  const now = world.clock.now();
  const by = { id: cast.organiser.id };
  const results = await Promise.all([
    choosePollOption(world.db, by, poll.id, { optionId: poll.options[0] ?? 0, now }),
    answerPoll(world.db, { id: cast.attendee.id }, poll.id, {
      personId: cast.attendee.id,
      answers: new Map(poll.options.map((id) => [id, 'yes'])),
      note: '',
      now,
    }),
    choosePollOption(world.db, by, poll.id, { optionId: poll.options[1] ?? 0, now }),
    choosePollOption(world.db, by, poll.id, { optionId: poll.options[0] ?? 0, now }),
  ]);
  const meetings = new Set(results.flatMap((one) => ('meetingId' in one ? [one.meetingId] : [])));
  expect(meetings.size).toBe(1);
  expect(await rows(world.db, `select id from meetings`)).toHaveLength(1);
  const said = results[1];
  const replies = await rows(world.db, `select status from replies`);
  expect(replies).toHaveLength(said?.ok ? 1 : 0);
  expect(await rows(world.db, `select 1 from room_claims where state = 'confirmed'`)).toHaveLength(1);
});

test('a hold that is over gives way; choosing then tells who has the room', async () => {
  const poll = await makePoll();
  await world.owner.raw(`update room_claims set hold_until = now() - interval '1 minute'`);
  const booked = await organiser.post('/bookings').type('form').send({
    title: 'Quicker',
    date: '2030-03-07',
    from: '10:00',
    to: '11:00',
    room: cast.rooms.orchid,
    key: crypto.randomUUID(),
  });
  expect(booked.status).toBe(303);
  const refused = await organiser
    .post(`/polls/${poll.id}/choice`)
    .type('form')
    .send({ option: poll.options[0] });
  expect(refused.status).toBe(409);
  expect(refused.text).toContain('Quicker');
  expect(await rows(world.db, `select id from meetings where title = 'Budget round'`)).toEqual([]);
  const room = load(refused.text)('input[name=room]').first().attr('value');
  expect(Number(room)).toBe(cast.rooms.bamboo);
  const chosen = await organiser
    .post(`/polls/${poll.id}/choice`)
    .type('form')
    .send({ option: poll.options[0], room });
  expect(chosen.status).toBe(303);
  expect(
    await row(
      world.db,
      `select c.room_id
         from room_claims c join meetings m on m.id = c.meeting_id
        where m.title = 'Budget round' and c.state = 'confirmed'`,
    ),
  ).toEqual({ room_id: cast.rooms.bamboo });
});

test('a hold that is over still counts while nobody took its place', async () => {
  const poll = await makePoll();
  await world.owner.raw(`update room_claims set hold_until = now() - interval '1 minute'`);
  const chosen = await choosePollOption(world.db, { id: cast.organiser.id }, poll.id, {
    optionId: poll.options[0] ?? 0,
    now: world.clock.now(),
  });
  expect(chosen.ok).toBe(true);
  expect(
    await rows(world.db, `select state, room_id from room_claims where meeting_id = :meeting`, {
      meeting: chosen.ok ? chosen.meetingId : 0,
    }),
  ).toEqual([{ state: 'confirmed', room_id: cast.rooms.orchid }]);
});

test('reminds the silent two days and one before, none twice; tells when nobody chose', async () => {
  const poll = await makePoll({ deadline_on: '2030-03-07', deadline_at: '09:00' });
  await answerPoll(world.db, { id: cast.attendee.id }, poll.id, {
    personId: cast.attendee.id,
    answers: new Map(poll.options.map((id) => [id, 'yes'])),
    note: '',
    now: world.clock.now(),
  });
  const { tendPolls } = await import('../../src/polls/reminderCommands.js');
  const told: number[] = [];
  for (const moment of [
    MONDAY,
    '2030-03-05T02:00Z',
    '2030-03-05T03:00Z',
    '2030-03-06T02:00Z',
    '2030-03-06T02:15Z',
    '2030-03-07T01:00Z',
    '2030-03-07T01:15Z',
  ]) {
    world.clock.set(moment);
    told.push(await tendPolls(world.db, world.clock.now()));
  }
  // The outsider and the guest each; the attendee has answered, the organiser asks.
  expect(told).toEqual([0, 2, 0, 2, 0, 1, 0]);
  await world.runJobs();
  const over = (await mails()).filter(({ kind }) => kind === 'polls.over');
  expect(over).toEqual([
    {
      kind: 'polls.over',
      person_id: cast.organiser.id,
      state: 'captured',
      subject: 'Choose the time: Budget round',
    },
  ]);
  expect((await organiser.get('/')).text).toContain('Choose the time');
});

test('who keeps it reminds the silent by a press, once a day; guests by their link', async () => {
  const poll = await makePoll();
  await answerPoll(world.db, { id: cast.attendee.id }, poll.id, {
    personId: cast.attendee.id,
    answers: new Map(poll.options.map((id) => [id, 'yes'])),
    note: '',
    now: world.clock.now(),
  });
  const press = (who: Agent) => who.post(`/polls/${poll.id}/reminder`).type('form').send({});
  expect((await press(await world.agent(cast.attendee))).status).toBe(403);
  expect((await organiser.get(`/polls/${poll.id}`)).text).toContain('Remind who has not answered');
  await Promise.all([press(organiser), press(organiser), press(organiser)]);
  expect((await organiser.get(`/polls/${poll.id}`)).text).toContain('reminded');
  await world.runJobs();
  const reminded = () =>
    mails().then((all) =>
      all
        .filter(({ kind, state }) => kind === 'polls.reminder' && state === 'captured')
        .map(({ person_id }) => person_id)
        .sort((a, b) => a - b),
    );
  const guest =
    (await row<{ id: number }>(world.db, `select id from persons where email = 'dana@elsewhere.example'`))
      ?.id ?? 0;
  expect(await reminded()).toEqual([cast.outsider.id, guest].sort((a, b) => a - b));
  expect(await rows(world.db, `select 1 from audit_events where action = 'poll.remind'`)).toHaveLength(1);
  world.clock.advance({ days: 1 });
  await press(organiser);
  await world.runJobs();
  expect(await reminded()).toHaveLength(4);
  world.clock.set('2030-03-06T10:00:00Z');
  expect((await organiser.get(`/polls/${poll.id}`)).text).not.toContain('Remind who has not answered');
  await press(organiser);
  expect((await organiser.get(`/polls/${poll.id}`)).text).toContain('Answers are closed.');
});

test('the mail of the choice says where, also in another room than the one that was held', async () => {
  const poll = await makePoll();
  expect(
    (
      await organiser
        .post(`/polls/${poll.id}/choice`)
        .type('form')
        .send({ option: poll.options[0], room: cast.rooms.bamboo })
    ).status,
  ).toBe(303);
  await world.runJobs();
  const { findOutboxMail } = await import('../../src/office/outboxQueries.js');
  const one = await row<{ id: number }>(
    world.db,
    `select id from deliveries where kind = 'polls.chosen' and person_id = :person`,
    { person: cast.outsider.id },
  );
  expect((await findOutboxMail(world.db, world.config, one?.id ?? 0))?.mail?.text).toContain('Where: Bamboo');
});

test('is called off with a reason that everybody gets, and its rooms are free', async () => {
  const poll = await makePoll();
  expect(
    (await organiser.post(`/polls/${poll.id}/cancellation`).type('form').send({ reason: '' })).status,
  ).toBe(422);
  expect(
    (await organiser.post(`/polls/${poll.id}/cancellation`).type('form').send({ reason: 'No budget' }))
      .status,
  ).toBe(303);
  expect((await claims(poll.id)).map(({ state }) => state)).toEqual(['released', 'released']);
  await world.runJobs();
  expect(
    (await mails()).filter(({ kind, state }) => kind === 'polls.cancelled' && state === 'captured'),
  ).toHaveLength(3);
  expect((await (await world.agent(cast.attendee)).get(`/polls/${poll.id}`)).text).toContain('No budget');
  expect(
    (await organiser.post(`/polls/${poll.id}/choice`).type('form').send({ option: poll.options[0] })).status,
  ).toBe(409);
});

test('a private poll is unknown to everybody else, and its meeting is private', async () => {
  const poll = await makePoll({ is_private: 'on', optional: '' });
  for (const who of [cast.outsider, cast.secretary, cast.administrator])
    expect((await (await world.agent(who)).get(`/polls/${poll.id}`)).status).toBe(404);
  expect((await (await world.agent(cast.attendee)).get(`/polls/${poll.id}`)).status).toBe(200);
  await choosePollOption(world.db, { id: cast.organiser.id }, poll.id, {
    optionId: poll.options[0] ?? 0,
    now: world.clock.now(),
  });
  expect(await row(world.db, `select is_private from meetings`)).toEqual({ is_private: true });
});

test('only who calls it chooses', async () => {
  const poll = await makePoll();
  expect(
    (
      await (
        await world.agent(cast.attendee)
      )
        .post(`/polls/${poll.id}/choice`)
        .type('form')
        .send({ option: poll.options[0] })
    ).status,
  ).toBe(403);
  expect(
    (
      await (
        await world.agent(cast.chair)
      )
        .post(`/polls/${poll.id}/choice`)
        .type('form')
        .send({ option: poll.options[0] })
    ).status,
  ).toBe(404);
});

test('keeps what was typed when it makes no sense, and says what', async () => {
  const answer = await organiser.post('/polls').type('form').send({
    title: 'Kept title',
    key: crypto.randomUUID(),
    minutes: '60',
    required: 'Nobody Known',
    on_0: '2030-03-07',
    from_0: '10',
    deadline_on: '2030-03-09',
    deadline_at: '17:00',
  });
  expect(answer.status).toBe(422);
  const text = load(answer.text)('.field-error').text();
  expect(text).toContain('Offer 2 to 20 times');
  expect(text).toContain('Nobody Known');
  expect(text).toContain('before the last of the times');
  expect(answer.text).toContain('Kept title');
});

test('the ticked suggestions of find-a-time come into the form', async () => {
  const found = load(
    (await organiser.get(`/find-a-time?asked=1&p=${cast.organiser.id}&p=${cast.attendee.id}&when=next`)).text,
  );
  const offers = found('input[name=offer]')
    .toArray()
    .slice(0, 3)
    .map((one) => found(one).attr('value') ?? '');
  const offered = offers.map((offer) => `offer=${encodeURIComponent(offer)}`).join('&');
  const more = `p=${cast.attendee.id}&title=Round&key=x&minutes=60`;
  const form = load((await organiser.get(`/polls/new?${offered}&${more}`)).text);
  expect(form('input[name=offer]:checked')).toHaveLength(3);
  expect(form('textarea[name=required]').text()).toContain('attendee@office.example');
  const poll = await makePoll({ offer: offers, on_0: '', from_0: '', on_1: '', from_1: '' });
  expect(poll.options).toHaveLength(3);
  expect((await claims(poll.id)).map(({ state }) => state)).toEqual(['held', 'held', 'held']);
});

test('a private one is answered, not kept, by a secretary who is asked in it', async () => {
  const poll = await makePoll({ is_private: 'on', required: 'Chen An\nHe Jing' });
  const secretary = await world.agent(cast.secretary);
  expect((await secretary.get(`/polls/${poll.id}`)).status).toBe(200);
  const cancel = (agent: Agent) =>
    agent.post(`/polls/${poll.id}/cancellation`).type('form').send({ reason: 'No' });
  expect((await cancel(secretary)).status).toBe(403);
  const ofEverybody = await makePoll({
    on_0: '2030-03-14',
    on_1: '2030-03-15',
    required: 'Chen An\nHe Jing',
  });
  expect(
    (await secretary.post(`/polls/${ofEverybody.id}/cancellation`).type('form').send({ reason: 'No' }))
      .status,
  ).toBe(303);
  expect((await cancel(organiser)).status).toBe(303);
});
