import { load } from 'cheerio';
import { change, inTransaction, row, rows } from '../../src/lib/db/db.js';
import { maskCalendar, maskTokens } from '../../src/lib/mail/mask.js';
import { queueDelivery } from '../../src/lib/mail/queue.js';
import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { aMeeting, delivered } from '../invitations/office.js';

let world: World;
let cast: Cast;
let sink: Sink;
let administrator: Agent;
beforeAll(async () => {
  sink = await openSink();
  world = await testWorld();
  cast = await makeCast(world.db);
  administrator = await world.agent(cast.administrator);
});
afterAll(async () => {
  await world.close();
  await sink.close();
});
beforeEach(async () => {
  await world.runJobs();
  await world.owner.raw('delete from deliveries');
  sink.received.length = 0;
  sink.onRecipient = () => undefined;
  world.clock.set('2030-03-04T01:00:00Z');
  delete world.config.smtpUrl;
});

async function invite(changes: Parameters<typeof aMeeting>[2] = {}): Promise<number> {
  const meeting = await aMeeting(world, cast, changes);
  await (
    await world.agent(cast.organiser)
  )
    .post(`/meetings/${meeting.id}/invitations`)
    .type('form')
    .send({})
    .expect(303);
  await world.runJobs();
  return meeting.id;
}
const idOf = async (person: { id: number }) =>
  (
    await row<{ id: number }>(
      world.db,
      'select id from deliveries where person_id = :p order by id desc limit 1',
      { p: person.id },
    )
  )?.id ?? -1;
const delivery = async (person: { id: number }) =>
  (await row<{ subject: string | null }>(
    world.db,
    'select subject from deliveries where person_id = :p order by id desc limit 1',
    { p: person.id },
  )) ?? { subject: null };
const outbox = async (query = '') => load((await administrator.get(`/admin/outbox${query}`)).text);
const mail = async (person: { id: number }) => administrator.get(`/admin/outbox/${await idOf(person)}`);
const again = async (person: { id: number }) =>
  administrator
    .post(`/admin/outbox/${await idOf(person)}/attempts`)
    .type('form')
    .send({});

describe('without a mail server', () => {
  it('says on top that nothing leaves, and shows every message', async () => {
    await invite();
    const page = await outbox();
    expect(page('.notice-warn').text()).toContain('No mail leaves this machine');
    expect(page('tbody tr')).toHaveLength(3);
    expect(page('tbody').text()).toContain('Invitation: Draft budget 2031, Wed 6 Mar 10:00');
    expect(page('tbody .pill').first().text()).toBe('Kept here');
    expect(page('main form')).toHaveLength(0);
  });

  it('shows a message as its recipient would see it, in their language, with its calendar file', async () => {
    await invite();
    const page = load((await mail(cast.attendee)).text);
    expect(page('h1').text()).toBe('会议通知：Draft budget 2031（3月6日 周三 10:00）');
    expect(page('section[lang=zh-CN]').text()).toContain('欧阳敏通知您参加本次会议。');
    expect(page('section[lang=zh-CN]').text()).toContain('2030年3月6日 周三 10:00–11:00');
    expect(page('pre').last().text()).toContain('METHOD:REQUEST');
    expect(page('main').text()).toContain('did not leave and will not');
    const file = await administrator.get(`/admin/outbox/${await idOf(cast.attendee)}/invite.ics`);
    expect(file.headers['content-disposition']).toContain('invite.ics');
  });

  it('never sends what it kept, also when a mail server is set later', async () => {
    await invite();
    world.config.smtpUrl = sink.url;
    await again(cast.attendee);
    await administrator.post('/admin/outbox/attempts').type('form').send({});
    await world.runJobs();
    expect(sink.received).toHaveLength(0);
    expect(load((await mail(cast.attendee)).text)('main form')).toHaveLength(0);
  });

  it('masks what would let the administrator act in somebody’s name', async () => {
    world.config.mailReplyPattern = 'meetings+{token}@office.example';
    await invite();
    delete world.config.mailReplyPattern;
    const shown = (await mail(cast.guest)).text;
    expect(shown).toContain('/i/•••');
    expect(shown).not.toMatch(/\/i\/[A-Za-z0-9_-]{20,}/);
    expect(shown).not.toMatch(/\+[a-z2-7]{26}@/);
    const file = await administrator
      .get(`/admin/outbox/${await idOf(cast.guest)}/invite.ics`)
      .buffer(true)
      .parse((res, done) => {
        let text = '';
        res.on('data', (chunk: Buffer) => (text += chunk.toString()));
        res.on('end', () => done(null, text));
      });
    expect(String(file.body)).toContain('+•••@office.example');
  });

  it('hides what is in mails of a confidential meeting', async () => {
    await invite({ isPrivate: true, title: 'Personnel matters' });
    const list = await administrator.get('/admin/outbox');
    expect(list.text).not.toContain('Personnel');
    expect(list.text).toContain('Confidential');
    const shown = await mail(cast.guest);
    expect(shown.text).not.toContain('Personnel');
    expect(shown.text).toContain('administrators do not see what is in it');
    expect((await administrator.get(`/admin/outbox/${await idOf(cast.guest)}/invite.ics`)).status).toBe(404);
  });

  it('hides it too in what is not an invitation, and once the meeting has become confidential', async () => {
    const id = await invite({ title: 'Personnel matters' });
    expect((await administrator.get('/admin/outbox')).text).toContain('Personnel');
    await change(world.owner, 'update meetings set is_private = true where id = :id', { id });
    await inTransaction(world.db, (trx) =>
      queueDelivery(trx, {
        kind: 'meetings.roomsChanged',
        object: `meetings:${id}:rooms`,
        personId: cast.organiser.id,
        meetingId: id,
        revision: 2,
        payload: {
          from: [{ name_en: 'Orchid', name_zh: '兰厅' }],
          to: [{ name_en: 'Bamboo', name_zh: '竹厅' }],
          reason: null,
          by: cast.secretary.id,
        },
      }),
    );
    await world.runJobs();
    expect((await delivery(cast.organiser)).subject).toContain('Personnel');
    expect((await administrator.get('/admin/outbox')).text).not.toContain('Personnel');
    for (const person of [cast.organiser, cast.guest]) {
      expect((await mail(person)).text).not.toContain('Personnel');
      expect((await mail(person)).text).toContain('administrators do not see what is in it');
    }
  });

  it('shows hostile text as text', async () => {
    const title = `<script>alert(1)</script>"><img src=x onerror=alert(2)>`;
    await invite({ title });
    for (const text of [(await administrator.get('/admin/outbox')).text, (await mail(cast.guest)).text]) {
      const page = load(text);
      expect(page('script:not([src]), img[src=x]')).toHaveLength(0);
      expect(page('main').text()).toContain('<script>alert(1)</script>');
    }
  });
});

describe('with a mail server', () => {
  beforeEach(() => {
    world.config.smtpUrl = sink.url;
  });

  it('shows what was sent without keeping what was in it', async () => {
    await invite();
    const page = await outbox('?state=sent');
    expect(page('tbody tr')).toHaveLength(3);
    expect(page('.notice').text()).toContain('Mail leaves through 127.0.0.1');
    expect((await mail(cast.guest)).text).toContain('what was in it is no longer kept');
  });

  it('shows what was refused with the server’s words, and tries again when told to', async () => {
    sink.onRecipient = (address) =>
      address === cast.guest.email ? { code: 550, words: 'no mailbox by that name' } : undefined;
    await invite();
    const page = await outbox('?state=failed');
    expect(page('tbody tr')).toHaveLength(1);
    expect(page('tbody').text()).toContain('550 no mailbox by that name');
    sink.onRecipient = () => undefined;
    await again(cast.guest);
    await world.runJobs();
    expect(sink.to(cast.guest.email)).toHaveLength(1);
    expect(await row(world.db, `select person_id from audit_events where action = 'mail.retry'`)).toEqual({
      person_id: cast.administrator.id,
    });
  });

  it('sends a refused mail to the address as it was corrected since', async () => {
    sink.onRecipient = (address) => (address === cast.guest.email ? { code: 550, words: 'no' } : undefined);
    await invite();
    await world.db.raw(`update persons set email = 'right@elsewhere.example' where id = ?`, [cast.guest.id]);
    await again(cast.guest);
    await world.runJobs();
    await world.db.raw('update persons set email = ? where id = ?', [cast.guest.email, cast.guest.id]);
    const [sent] = sink.to('right@elsewhere.example');
    expect(sent?.mail.to).toMatchObject({ value: [{ address: 'right@elsewhere.example' }] });
    expect(delivered(sent).attendees).toContain('right@elsewhere.example');
  });

  it('shows what waits with the time of the next try, and tries all at once when told to', async () => {
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    await invite();
    const page = await outbox('?state=waiting');
    expect(page('tbody tr')).toHaveLength(3);
    expect(page('tbody').text()).toMatch(/ECONNREFUSED/);
    expect(page('tbody').text()).toContain('next try');
    world.config.smtpUrl = sink.url;
    const done = await administrator.post('/admin/outbox/attempts').type('form').send({});
    expect((await administrator.get(done.headers.location ?? '')).text).toContain(
      '3 mails are tried again now.',
    );
    await world.runJobs();
    expect(sink.received).toHaveLength(3);
  });

  it('leaves an older mail alone once a newer one went to the same person', async () => {
    await world.db.raw(
      `insert into deliveries (kind, object, person_id, to_address, to_name, lang, zone, is_outside, state,
         revision)
      values ('x', 'x:1', ?, 'a@b.example', 'x', 'en', 'Asia/Shanghai', false, 'failed', 1),
        ('x', 'x:1', ?, 'a@b.example', 'x', 'en', 'Asia/Shanghai', false, 'sent', 2)`,
      [cast.guest.id, cast.guest.id],
    );
    const [older] = await rows<{ id: number }>(world.db, 'select id from deliveries order by id');
    const answer = await administrator.post(`/admin/outbox/${older?.id}/attempts`).type('form').send({});
    expect((await administrator.get(answer.headers.location ?? '')).text).toContain(
      'A newer mail about the same',
    );
    expect(await row(world.db, 'select state from deliveries where id = :id', { id: older?.id })).toEqual({
      state: 'failed',
    });
  });

  it('pages through many', async () => {
    await world.db.raw(
      `insert into deliveries (kind, object, person_id, to_address, to_name, lang, zone, is_outside, state,
         subject, finished_at)
      select 'x', 'x:' || n, ?, 'a@b.example', 'x', 'en', 'Asia/Shanghai', false, 'sent', 'Subject ' || n,
        now()
        from generate_series(1, 120) n`,
      [cast.guest.id],
    );
    const first = await outbox();
    expect(first('tbody tr')).toHaveLength(50);
    const second = await outbox(new URL(first('a[rel=next]').attr('href') ?? '', 'http://x').search);
    const third = await outbox(new URL(second('a[rel=next]').attr('href') ?? '', 'http://x').search);
    expect(third('tbody tr')).toHaveLength(20);
    expect(third('a[rel=next]')).toHaveLength(0);
  });
});

it('is open to administrators only', async () => {
  await inTransaction(world.db, (trx) =>
    queueDelivery(trx, { kind: 'admin.testMail', object: 'x:1', personId: cast.guest.id }),
  );
  const id = await idOf(cast.guest);
  for (const person of [cast.secretary, cast.organiser, cast.guest]) {
    const agent = await world.agent(person);
    const isGuest = person === cast.guest;
    for (const path of ['/admin/outbox', `/admin/outbox/${id}`, `/admin/outbox/${id}/invite.ics`])
      expect((await agent.get(path)).status).toBe(isGuest ? 303 : 403);
    expect((await agent.post(`/admin/outbox/${id}/attempts`).type('form').send({})).status).not.toBe(303);
  }
  expect((await administrator.get('/admin/outbox/999999')).status).toBe(404);
  expect((await administrator.get('/admin/outbox/x')).status).toBe(404);
  expect((await administrator.get('/admin/outbox?state=evil&before=-1')).status).toBe(200);
});

describe('masking', () => {
  it('hides tokens wherever they stand and leaves other text alone', () => {
    const token = 'Ab_-'.repeat(10) + 'xyz';
    expect(maskTokens(`see https://x.example/i/${token} or https://x.example/reset?token=${token}.`)).toBe(
      'see https://x.example/i/••• or https://x.example/reset?token=•••.',
    );
    expect(
      maskTokens('https://x.example/meetings/42, UID 0b1f6f0a-7d1e-4c0e-9a51-5f3c2f6b0001@office.example'),
    ).toBe('https://x.example/meetings/42, UID 0b1f6f0a-7d1e-4c0e-9a51-5f3c2f6b0001@office.example');
    const ics = `ORGANIZER:mailto:meetings+${'a'.repeat(20)}\r\n ${'b'.repeat(6)}@office.example\r\n`;
    expect(maskCalendar(ics)).toBe('ORGANIZER:mailto:meetings+•••@office.example\r\n');
    expect(maskCalendar('SUMMARY:a\r\n b\r\n')).toBe('SUMMARY:a\r\n b\r\n');
  });
});
