import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// Who has answered a poll hears of what changed for them, by a real SMTP server; and who may know of it when
// it becomes private.

let world: World;
let cast: Cast;
let sink: Sink;
let organiser: Agent;
let id = 0;
let options: number[] = [];

beforeEach(async () => {
  sink = await openSink();
  world = await testWorld({ smtpUrl: sink.url });
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
  await makePoll();
});
afterEach(async () => {
  await world.close();
  await sink.close();
});

/**
 * Thursday at ten, Friday at two and at four, until Wednesday at five; asked are the attendee (who reads
 * Chinese), the outsider and a guest.
 */
async function makePoll(more: Record<string, unknown> = {}): Promise<void> {
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
      from_0: '10:00',
      on_1: '2030-03-08',
      from_1: '14:00',
      on_2: '2030-03-08',
      from_2: '16:00',
      deadline_on: '2030-03-06',
      deadline_at: '17:00',
      needs_room: 'on',
      ...more,
    });
  id = Number(made.headers.location?.split('/')[2]);
  options = (
    await rows<{ id: number }>(
      world.db,
      `select id from poll_options where poll_id = :id order by starts_at`,
      { id },
    )
  ).map((one) => one.id);
  await world.runJobs();
  sink.received.length = 0;
}

/** The form as a browser posts it untouched, with changes. */
async function formNow(
  changes: Record<string, unknown> = {},
  who = organiser,
): Promise<Record<string, unknown>> {
  const $ = load((await who.get(`/polls/${id}/edit`)).text);
  const value = (name: string) => $(`[name=${name}]`).first().val();
  const ticked = (name: string) =>
    $(`input[name=${name}]:checked`)
      .toArray()
      .map((one) => $(one).attr('value') ?? '');
  return {
    version: value('version'),
    title: value('title'),
    note: value('note'),
    deadline_on: value('deadline_on'),
    deadline_at: value('deadline_at'),
    minutes: value('minutes'),
    keep: ticked('keep'),
    stay: ticked('stay'),
    needed: ticked('needed'),
    ...($('[name=is_private]').is(':checked') ? { is_private: 'on' } : {}),
    needs_room: 'on',
    ...changes,
  };
}
async function edit(changes: Record<string, unknown>): Promise<void> {
  const saved = await organiser
    .post(`/polls/${id}`)
    .type('form')
    .send(await formNow(changes));
  expect([saved.status, load(saved.text)('.field-error').text()]).toEqual([303, '']);
}
async function answer(person: { id: number }, ...said: string[]): Promise<void> {
  const offered = await rows<{ id: number }>(
    world.db,
    `select id from poll_options where poll_id = :id and removed_at is null order by starts_at`,
    { id },
  );
  const done = await (
    await world.agent(person)
  )
    .post(`/polls/${id}/answer`)
    .type('form')
    .send(Object.fromEntries(offered.map((one, n) => [`answer_${one.id}`, said[n] ?? 'yes'])));
  expect(done.status).toBe(303);
}
const mailTo = (person: { email: string }) =>
  sink.to(person.email).map(({ mail }) => ({ subject: mail.subject, text: mail.text ?? '' }));

test('one mail in the reader’s language tells who answered everything that changed', async () => {
  await answer(cast.attendee, 'no', 'yes', 'yes');
  await edit({ title: 'Budget 2031' });
  await edit({ keep: options.slice(1), room: [`${options[1]}:${cast.rooms.bamboo}`], deadline_at: '12:00' });
  await world.runJobs();
  const [mail, ...more] = mailTo(cast.attendee);
  expect(more).toEqual([]);
  expect(mail?.subject).toBe('征询有变动：Budget 2031');
  for (const part of [
    '欧阳敏',
    'Budget round',
    '2030年3月6日 周三 12:00',
    '17:00',
    '竹厅',
    '兰厅',
    '不再提供的时间',
    '2030年3月7日 周四 10:00–11:00',
    '仍然有效',
  ])
    expect(mail?.text).toContain(part);
  // The silent see how it stands on the page that their first mail leads to.
  expect([mailTo(cast.outsider), sink.to('dana@elsewhere.example')]).toEqual([[], []]);
  expect(
    await row(
      world.db,
      `select c.room_id from room_claims c where c.poll_option_id = :option and c.state = 'held'`,
      { option: options[1] },
    ),
  ).toEqual({ room_id: cast.rooms.bamboo });
  // Told once more it is nothing.
  sink.received.length = 0;
  await edit({ note: 'for organisers alone' });
  await world.runJobs();
  expect(sink.received).toEqual([]);
});

test('new times stand in the same mail, which asks for them; in English for who reads English', async () => {
  await answer(cast.outsider, 'yes', 'maybe', 'no');
  await edit({ keep: options.slice(0, 2), on_0: '2030-03-08', from_0: '17:00' });
  await world.runJobs();
  const [mail, ...more] = mailTo(cast.outsider);
  expect([mail?.subject, more]).toEqual(['New times to answer: Budget round', []]);
  const parts = [
    'No longer offered',
    'Fri 8 Mar 2030 16:00–17:00',
    'Please answer',
    'Fri 8 Mar 2030 17:00–18:00',
    'What you answered to the other times is kept',
  ];
  expect(mail?.text).toMatch(new RegExp(parts.join('[^]*')));
});

test('what is taken back within the minute is no news, and the answers are there again', async () => {
  await answer(cast.attendee, 'no', 'yes', 'maybe');
  await edit({ title: 'Other', keep: options.slice(1), deadline_at: '12:00' });
  expect(load((await organiser.get(`/polls/${id}`)).text)('.polls-table thead th')).toHaveLength(3);
  await edit({ title: 'Budget round', on_0: '2030-03-07', from_0: '10:00', deadline_at: '17:00' });
  await world.runJobs();
  expect(sink.received).toEqual([]);
  expect(await rows(world.db, `select answer from poll_answers order by option_id`)).toEqual([
    { answer: 'no' },
    { answer: 'yes' },
    { answer: 'maybe' },
  ]);
  expect(
    await row(
      world.db,
      `select answered_at is not null as yes from poll_people where poll_id = :id and person_id = :person`,
      { id, person: cast.attendee.id },
    ),
  ).toEqual({ yes: true });
});

test('what concerns only others, or was seen when answering, is not told', async () => {
  await answer(cast.attendee);
  await edit({ title: 'Budget 2031', keep: options.slice(1) });
  await answer(cast.attendee, 'yes', 'no'); // has the page before them
  const form = await formNow();
  await edit({ required: 'Zhou Zheng', needed: [], stay: form.stay as string[] });
  await world.runJobs();
  expect(mailTo(cast.attendee)).toEqual([]);
  expect(sink.received.map(({ to }) => to).flat()).toEqual([cast.chair.email]);
});

test('a mail that could not go out yet gives way to the next, which tells both', async () => {
  await answer(cast.outsider);
  sink.onRecipient = () => ({ code: 451, words: 'later' });
  await world.db.raw(`update persons set email = 'outsider@office.example' where id = ?`, [cast.outsider.id]);
  await edit({ title: 'Budget 2031' });
  // Queued, not made yet.
  const { announcePollChange } = await import('../../src/polls/newsCommands.js');
  await announcePollChange(world.db, id);
  await edit({ deadline_at: '12:00' });
  await announcePollChange(world.db, id);
  sink.onRecipient = () => undefined;
  await world.runJobs();
  const [mail, ...more] = mailTo(cast.outsider);
  expect(more).toEqual([]);
  expect(mail?.text).toContain('Budget round');
  expect(mail?.text).toContain('12:00');
});

test('many answer and change at once: each is told what differs for them, none twice', async () => {
  const people = [cast.attendee, cast.outsider];
  for (const person of people) await answer(person);
  const { announcePollChange } = await import('../../src/polls/newsCommands.js');
  await edit({ title: 'Budget 2031' });
  await Promise.all([
    ...people.map((person) => answer(person, 'no')),
    announcePollChange(world.db, id),
    announcePollChange(world.db, id),
    announcePollChange(world.db, id),
  ]);
  await world.runJobs();
  for (const person of people) expect(mailTo(person).length).toBeLessThanOrEqual(1);
  const told = await rows<{ title: string }>(
    world.db,
    `select told ->> 'title' as title from poll_people where told is not null`,
  );
  expect(told.map(({ title }) => title)).toEqual(['Budget 2031', 'Budget 2031']);
});

test('who is required can be changed: answers stay, the ranking follows, the meeting too', async () => {
  await answer(cast.attendee, 'no', 'yes', 'yes');
  await answer(cast.outsider, 'yes', 'no', 'yes');
  const asked = await rows<{ id: number; person_id: number }>(
    world.db,
    `select id, person_id from poll_people where poll_id = :id`,
    { id },
  );
  const of = (person: { id: number }) => asked.find(({ person_id }) => person_id === person.id)?.id;
  await edit({ needed: [of(cast.organiser), of(cast.outsider)] });
  const $ = load((await organiser.get(`/polls/${id}`)).text);
  const lines = $('.find-list > li')
    .toArray()
    .map((one) => $(one).text().replace(/\s+/g, ' '));
  expect(lines.at(-1)).toContain('required and cannot: Wei Ran');
  expect(lines.join()).not.toContain('cannot: Chen An');
  // Named below although asked already: that is how they stay.
  await edit({ needed: [], required: 'Chen An' });
  expect(
    await rows(world.db, `select person_id from poll_people where poll_id = :id and is_required`, { id }),
  ).toEqual([{ person_id: cast.attendee.id }]);
  const log = await row<{ before: unknown; after: unknown }>(
    world.db,
    `select before -> 'required' as before, after -> 'required' as after
       from audit_events
      where action = 'poll.edit'
      order by id desc
      limit 1`,
  );
  expect(log).toEqual({ before: [cast.organiser.id, cast.outsider.id], after: [cast.attendee.id] });
  // By their names for who reads the log.
  expect(
    load((await (await world.agent(cast.administrator)).get('/admin/log')).text)('main')
      .text()
      .replace(/\s+/g, ' '),
  ).toMatch(/Required people.*Ouyang Min.*Wei Ran.*Chen An/);
  await world.runJobs();
  expect(sink.received).toEqual([]);
});

test('made private it is unknown to the office at once; made public again it is known', async () => {
  await answer(cast.attendee);
  const [secretary, administrator] = [
    await world.agent(cast.secretary),
    await world.agent(cast.administrator),
  ];
  const day = async (who: Agent, etag = '') =>
    who.get('/calendar?date=2030-03-07').set('If-None-Match', etag);
  const shown = await day(secretary);
  expect(shown.text).toContain('Budget round');
  const outbox = async () => (await administrator.get('/admin/outbox')).text;
  expect(await outbox()).toContain('Budget round');
  expect((await administrator.get('/admin/log')).text).toContain('poll');

  await edit({ is_private: 'on', title: 'Secret round' });
  await world.runJobs();
  expect((await secretary.get(`/polls/${id}`)).status).toBe(404);
  const after = await day(secretary, String(shown.headers.etag));
  expect([after.status, /round|poll/i.test(load(after.text)('main').text())]).toEqual([200, false]);
  expect(load(after.text)('main').text()).toContain('Booked');
  for (const text of [await outbox(), (await administrator.get('/admin/log')).text])
    expect(text).not.toMatch(/Budget round|Secret round/);
  expect(mailTo(cast.attendee)).toHaveLength(1); // who is asked hears of the title all the same
  expect((await day(organiser)).text).toContain('Secret round');

  const form = await formNow({ title: 'Open round' });
  delete form.is_private;
  expect((await organiser.post(`/polls/${id}`).type('form').send(form)).status).toBe(303);
  expect((await secretary.get(`/polls/${id}`)).status).toBe(200);
  expect((await day(secretary, String(after.headers.etag))).text).toContain('Open round');
  // What was written while it was private stays nobody's.
  await world.runJobs();
  expect(await outbox()).not.toContain('Secret round');
});

test('a secretary who makes a poll of others private is told that it is only out of sight', async () => {
  const secretary = await world.agent(cast.secretary);
  const saved = await secretary
    .post(`/polls/${id}`)
    .type('form')
    .send(await formNow({ is_private: 'on' }, secretary));
  expect([saved.status, saved.headers.location]).toEqual([303, '/polls']);
  expect((await secretary.get('/polls')).text).toContain('It is private now');
});

test('a poll is as private as its meeting', async () => {
  const secretary = await world.agent(cast.secretary);
  await organiser.post(`/polls/${id}/choice`).type('form').send({ option: options[0] });
  await world.runJobs();
  expect((await secretary.get(`/polls/${id}`)).status).toBe(200);
  await world.db.raw(`update meetings set is_private = true`);
  expect((await secretary.get(`/polls/${id}`)).status).toBe(404);
  expect((await (await world.agent(cast.administrator)).get('/admin/outbox')).text).not.toContain(
    'Budget round',
  );
});

test('a room that is gone is told beside its time, and nothing else is saved', async () => {
  await organiser.post('/bookings').type('form').send({
    title: 'Quicker',
    date: '2030-03-07',
    from: '10:00',
    to: '11:00',
    room: cast.rooms.bamboo,
    key: crypto.randomUUID(),
  });
  const refused = await organiser
    .post(`/polls/${id}`)
    .type('form')
    .send(await formNow({ title: 'Typed', room: [`${options[0]}:${cast.rooms.bamboo}`] }));
  expect(refused.status).toBe(422);
  expect(load(refused.text)('.field-error').text()).toContain('took this room just now');
  expect(load(refused.text)('[name=title]').val()).toBe('Typed');
  expect(await row(world.db, `select title, version from polls where id = :id`, { id })).toEqual({
    title: 'Budget round',
    version: 1,
  });
  expect(
    await row(world.db, `select room_id from room_claims where poll_option_id = :option and state = 'held'`, {
      option: options[0],
    }),
  ).toEqual({ room_id: cast.rooms.orchid });
});
