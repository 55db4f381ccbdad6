import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { endedMeeting, versionOf, type Ended } from './endedMeeting.js';
import { pdfText } from '../documents/pdfText.js';

let sink: Sink;
let world: World;
let cast: Cast;
let author: Agent;
beforeAll(async () => {
  sink = await openSink();
  world = await testWorld({ smtpUrl: sink.url });
  cast = await makeCast(world.db);
  author = await world.agent(cast.secretary);
});
afterAll(async () => {
  await world.close();
  await sink.close();
});

const post = (agent: Agent, path: string, form: Record<string, unknown> = {}) =>
  agent.post(path).type('form').send(form);

async function issued(options: Parameters<typeof endedMeeting>[2], persons: number[]): Promise<Ended> {
  const ended = await endedMeeting(world.db, cast, options);
  await post(author, `/minutes/${ended.minutes}/submission`);
  const version = await versionOf(world.db, ended.minutes);
  // Where an item is restricted only a named reviewer, or one who took part, may read it.
  await post(await world.agent(cast.reviewer), `/minutes/${ended.minutes}/pass`, { version_id: version });
  expect(
    (await post(await world.agent(cast.chair), `/minutes/${ended.minutes}/approval`, { version_id: version }))
      .status,
  ).toBe(303);
  expect(
    (await post(author, `/minutes/${ended.minutes}/circulation`, { version_id: version, persons })).status,
  ).toBe(303);
  await world.runJobs();
  return ended;
}

const last = (address: string) =>
  sink
    .to(address)
    .filter((one) => one.mail.attachments.some((part) => part.contentType === 'application/pdf'))
    .at(-1)!;

test('sends each recipient the minutes in their language with a PDF, also in theirs', async () => {
  await issued({ lang: 'en', withGuest: true }, [cast.attendee.id, cast.chair.id, cast.guest.id]);

  const english = last(cast.chair.email);
  expect(english.mail.subject).toBe('Issued: Minutes of the budget meeting');
  expect(english.mail.text).toContain('It was resolved: The draft budget is approved.');
  expect(english.mail.text).toContain('/receipt');
  expect(english.mail.attachments.map((part) => part.filename)).toEqual([
    'Minutes of the budget meeting.pdf',
  ]);
  expect(pdfText(english.mail.attachments[0]!.content).text).toContain(
    'It was resolved: The draft budget is approved.',
  );

  const chinese = last(cast.attendee.email);
  expect(chinese.mail.subject).toBe('印发：Minutes of the budget meeting');
  expect(chinese.mail.text).toContain('会议议定：The draft budget is approved.');
  expect(chinese.mail.attachments).toHaveLength(2);
  expect(pdfText(chinese.mail.attachments[1]!.content).text).toContain('兰厅');

  const guest = last(cast.guest.email);
  expect(guest.mail.text).not.toContain('/receipt');
});

test('tells each recipient only what that person may see', async () => {
  await world.db.raw(`update organisations set review_gates = 'none'`);
  await issued({ lang: 'en', restricted: true, withGuest: true }, [
    cast.chair.id,
    cast.guest.id,
    cast.outsider.id,
  ]);
  await world.db.raw(`update organisations set review_gates = 'one'`);
  const hidden = /overdue|third quarter/i;
  for (const address of [cast.guest.email, cast.outsider.email]) {
    const { mail } = last(address);
    expect(mail.text).not.toMatch(hidden);
    expect(mail.html).not.toMatch(hidden);
    expect(pdfText(mail.attachments[0]!.content).text).not.toMatch(hidden);
    expect(mail.text).toContain('2. Item for named persons only');
  }
  expect(last(cast.chair.email).mail.text).toMatch(hidden);
});

test('tells leads of their actions only when the minutes are issued', async () => {
  const before = sink.to(cast.organiser.email).length;
  const ended = await endedMeeting(world.db, cast);
  await post(author, `/minutes/${ended.minutes}/submission`);
  await world.runJobs();
  expect(
    sink
      .to(cast.organiser.email)
      .slice(before)
      .filter((one) => one.mail.text?.includes('revised budget')),
  ).toHaveLength(0);
  await issued({}, [cast.chair.id]);
  expect(
    sink
      .to(cast.organiser.email)
      .slice(before)
      .some((one) => one.mail.text?.includes('revised budget')),
  ).toBe(true);
});

test('asks the reviewer, then the approver, and says when minutes come back', async () => {
  const ended = await endedMeeting(world.db, cast, { lang: 'zh-CN' });
  await post(author, `/minutes/${ended.minutes}/submission`);
  await world.runJobs();
  const asked = sink.to(cast.reviewer.email).at(-1)!;
  expect(asked.mail.subject).toBe('To review: 预算会议纪要');
  expect(asked.mail.text).toContain(`/minutes/${ended.minutes}/review`);
  const version = await versionOf(world.db, ended.minutes);
  await post(await world.agent(cast.reviewer), `/minutes/${ended.minutes}/return`, {
    version_id: version,
    codes: 'M06',
    text: '请改措辞',
  });
  await world.runJobs();
  expect(sink.to(cast.secretary.email).at(-1)!.mail.subject).toBe('Returned: 预算会议纪要');
});

test('draws the PDF in the worker and hands out what it kept', async () => {
  const ended = await endedMeeting(world.db, cast, { lang: 'zh-CN' });
  const page = author
    .get(`/minutes/${ended.minutes}/pdf`)
    .buffer(true)
    .parse((res, done) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => done(null, Buffer.concat(chunks)));
    });
  const waiting = page.then((answer) => answer);
  for (let i = 0; i < 20 && (await world.db('drawings').count({ n: '*' }))[0]?.n === drawnBefore; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await world.runJobs();
  }
  const answer = await waiting;
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/pdf');
  expect(answer.headers['content-disposition']).toContain("filename*=UTF-8''");
  expect(answer.headers['cache-control']).toBe('no-store');
  const { text } = pdfText(answer.body as Buffer);
  expect(text).toContain('第1稿，未经签发');
  expect(text.replaceAll('\n', '')).toContain('会议议定：同意预算草案。');
  const again = await author.get(`/minutes/${ended.minutes}/pdf`);
  expect(again.status).toBe(200);
});
let drawnBefore: unknown;
beforeEach(async () => {
  drawnBefore = (await world.db('drawings').count({ n: '*' }))[0]?.n;
});
