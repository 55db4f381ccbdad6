import { load } from 'cheerio';
import request from 'supertest';
import ICAL from 'ical.js';
import { row, rows } from '../../src/lib/db/db.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { addParticipants, removeParticipant } from '../../src/meetings/participantCommands.js';
import { listMeetingsFor } from '../../src/meetings/listQueries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { aMeeting, delivered, type Made } from '../invitations/office.js';

let world: World;
let cast: Cast;
let sink: Sink;
let meeting: Made;
let link: string;
let guest: Agent;
beforeAll(async () => {
  sink = await openSink();
  world = await testWorld({ smtpUrl: sink.url });
  cast = await makeCast(world.db);
});
afterAll(async () => {
  await world.close();
  await sink.close();
});
const by = () => ({ id: cast.organiser.id });
const settle = async () => {
  world.clock.advance({ minutes: 2 });
  await world.runJobs();
};
const answers = (participant: number) =>
  rows<{ status: string; note: string; via: string; sequence: number }>(
    world.db,
    `select status, note, via, sequence from replies where participant_id = :p order by id`,
    { p: participant },
  );
async function invite(changes: Parameters<typeof aMeeting>[2] = {}): Promise<void> {
  await world.runJobs(); // what the test before left
  sink.received.length = 0;
  await world.owner.raw('delete from deliveries');
  meeting = await aMeeting(world, cast, changes);
  const organiser = await world.agent(cast.organiser);
  await organiser.post(`/meetings/${meeting.id}/invitations`).type('form').send({}).expect(303);
  await world.runJobs();
  link = delivered(sink.to(cast.guest.email).at(-1)).link;
  guest = await world.agent();
}
beforeEach(async () => {
  world.clock.set('2030-03-04T01:00:00Z');
  await invite();
});
const open = (agent = guest) => agent.get(`/i/${link}`).redirects(1);
const here = async () => `/i/reply/${await meeting.of(cast.guest.id)}`;
const say = async (form: Record<string, string>, agent = guest) =>
  agent
    .post(await here())
    .type('form')
    .send({ note: '', ...form });

describe('the personal link', () => {
  it('shows the meeting and the question, without an account', async () => {
    const shown = await open();
    expect(shown.status).toBe(200);
    const page = load(shown.text);
    expect(page('h1').text()).toBe('Draft budget 2031');
    expect(page('main').text()).toContain('Wed 6 Mar 2030 10:00–11:00 (China Standard Time)');
    expect(page('main').text()).toContain('Orchid, building A, floor 3');
    expect(
      page('button[name=status]')
        .map((_, one) => page(one).attr('value'))
        .get(),
    ).toEqual(['accepted', 'declined']);
    expect(page('.bar-nav')).toHaveLength(0);
  });

  it('leaves its token in no address, page or cache', async () => {
    const first = await guest.get(`/i/${link}`);
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe(await here());
    expect(first.headers['cache-control']).toBe('no-store');
    expect(first.headers['referrer-policy']).toBe('same-origin');
    const shown = await guest.get(first.headers.location ?? '');
    expect(shown.headers['cache-control']).toBe('no-store');
    expect(shown.text).not.toContain(link);
    const stored = JSON.stringify(
      await rows(
        world.db,
        `select encode(token_hash, 'hex') as h, encode(address_hash, 'hex') as a from reply_links`,
      ),
    );
    expect(stored).not.toContain(link);
    expect(stored).not.toContain(Buffer.from(link, 'base64url').toString('hex'));
  });

  it('changes nothing by being opened: mail scanners follow links', async () => {
    await open();
    await guest.head(`/i/${link}`);
    expect(await answers(await meeting.of(cast.guest.id))).toEqual([]);
  });

  it('is in the language of the person, until they choose another', async () => {
    link = delivered(sink.to(cast.attendee.email).at(-1)).link;
    const chinese = await open(await world.agent());
    expect(load(chinese.text)('html').attr('lang')).toBe('zh-CN');
    expect(chinese.text).toContain('您能参加吗？');
    const chosen = await world.agent();
    chosen.set('Cookie', 'lang=en');
    expect((await open(chosen)).text).toContain('Will you come?');
  });

  it.each(['', 'x', 'A'.repeat(43), `${'A'.repeat(42)}%`, '../'.repeat(10)])(
    'that is not ours (%j) opens nothing',
    async (token) => {
      const shown = await guest.get(`/i/${encodeURIComponent(token)}`);
      expect(shown.status).toBe(404);
    },
  );

  it('belongs to one participant: the cookie opens nobody else’s page, nor does a forged one', async () => {
    await open();
    const other = `/i/reply/${await meeting.of(cast.attendee.id)}`;
    expect((await guest.get(other)).status).toBe(404);
    expect((await guest.post(other).type('form').send({ status: 'declined', note: '' })).status).toBe(404);
    const id = await meeting.of(cast.attendee.id);
    const forged = await world.agent();
    for (const value of [
      `${id}.1.99999999999.x`,
      `${id}.1.99999999999.${'A'.repeat(43)}`,
      `${id}`,
      '....',
      `${id}.1.99999999999.`,
    ]) {
      expect((await forged.get(other).set('Cookie', `reply-${id}=${value}`)).status).toBe(404);
    }
  });

  it('must be opened again after two hours', async () => {
    await open();
    world.clock.advance({ hours: 2, minutes: 1 });
    expect((await guest.get(await here())).status).toBe(404);
    expect((await open()).status).toBe(200);
  });

  it('ends 30 days after the meeting', async () => {
    world.clock.set('2030-04-05T02:00:00Z');
    expect((await open()).status).toBe(200);
    world.clock.set('2030-04-06T02:00:00Z');
    expect((await open()).status).toBe(404);
  });

  it('in a mailbox that is no longer the person’s opens nothing once a newer mail went out', async () => {
    await world.db.raw(`update persons set email = 'new@elsewhere.example' where id = ?`, [cast.guest.id]);
    const { version } = (await row<{ version: number }>(
      world.db,
      'select version from meetings where id = :id',
      { id: meeting.id },
    ))!;
    await changeMeeting(world.db, by(), meeting.id, { version, title: 'Budget' });
    await settle();
    await world.db.raw('update persons set email = ? where id = ?', [cast.guest.email, cast.guest.id]);
    expect((await open()).status).toBe(404);
    link = delivered(sink.to('new@elsewhere.example').at(-1)).link;
    expect((await open()).status).toBe(200);
  });

  it('is the same in every mail of one person', async () => {
    const { version } = (await row<{ version: number }>(
      world.db,
      'select version from meetings where id = :id',
      { id: meeting.id },
    ))!;
    await changeMeeting(world.db, by(), meeting.id, { version, title: 'Budget' });
    await settle();
    expect(delivered(sink.to(cast.guest.email).at(-1)).link).toBe(link);
  });

  it('gives a copy for the calendar without anybody’s name', async () => {
    await open();
    const file = await guest
      .get(`${await here()}/meeting.ics`)
      .buffer(true)
      .parse((res, done) => {
        let text = '';
        res.on('data', (chunk: Buffer) => (text += chunk.toString()));
        res.on('end', () => done(null, text));
      });
    expect(file.headers['content-type']).toContain('text/calendar');
    expect(file.headers['content-disposition']).toContain('attachment');
    const calendar = new ICAL.Component(ICAL.parse(String(file.body)) as unknown[]);
    expect(calendar.getFirstPropertyValue('method')).toBe('PUBLISH');
    expect(String(file.body)).not.toContain('ATTENDEE');
    expect((await (await world.agent()).get(`${await here()}/meeting.ics`)).status).toBe(404);
  });
});

describe('an answer', () => {
  it('Yes is kept, thanked for, and can become No', async () => {
    await open();
    const sent = await say({ status: 'accepted', note: 'A few minutes late' });
    expect(sent.headers.location).toBe(await here());
    const shown = await guest.get(await here());
    expect(shown.text).toContain('Thank you. We expect you.');
    expect(load(shown.text)('.pill-ok').text()).toContain('Yes');
    await say({ status: 'declined' });
    expect(await answers(await meeting.of(cast.guest.id))).toEqual([
      { status: 'accepted', note: 'A few minutes late', via: 'link', sequence: 0 },
      { status: 'declined', note: '', via: 'link', sequence: 0 },
    ]);
  });

  it('twice is once', async () => {
    await open();
    await Promise.all([
      say({ status: 'accepted' }),
      say({ status: 'accepted' }),
      say({ status: 'accepted' }),
    ]);
    expect(await answers(await meeting.of(cast.guest.id))).toHaveLength(1);
  });

  it('is told in the history as a guest’s, and seen by the organiser', async () => {
    await open();
    await say({ status: 'declined', note: 'On a journey' });
    const event = await row(
      world.db,
      `select person_id, note, after ->> 'status' as status
         from audit_events
        where action = 'reply.record' and meeting_id = :id`,
      { id: meeting.id },
    );
    expect(event).toEqual({ person_id: null, note: 'On a journey', status: 'declined' });
    const organiser = await world.agent(cast.organiser);
    const shown = load((await organiser.get(`/meetings/${meeting.id}/replies`)).text);
    expect(
      shown('.row')
        .filter((_, one) => shown(one).text().includes('Alex Guest'))
        .children('.pill-bad')
        .text(),
    ).toBe('No');
    expect(shown('main').text()).toContain('On a journey');
    const told = load((await organiser.get(`/meetings/${meeting.id}/history`)).text)('.history > li')
      .first()
      .text();
    expect(told).toContain('Answered the invitation');
    expect(told).toContain('Alex Guest');
    const log = load(
      (await (await world.agent(cast.administrator)).get('/admin/log?noun=participants')).text,
    )('main').text();
    expect(log).toContain('Alex Guest');
  });

  it('from another site is refused', async () => {
    await open();
    const cookies = await guest.get(await here());
    expect(cookies.status).toBe(200);
    const foreign = await guest
      .post(await here())
      .set('Sec-Fetch-Site', 'cross-site')
      .type('form')
      .send({ status: 'accepted', note: '' });
    expect(foreign.status).toBe(403);
    expect(await answers(await meeting.of(cast.guest.id))).toEqual([]);
  });

  it.each([
    [{ status: 'maybe', note: '' }],
    [{ note: '' }],
    [{ status: 'accepted', note: 'x'.repeat(2001) }],
    [{ status: 'accepted', note: '', evil: '1' }],
    [{ status: ['accepted', 'declined'], note: '' }],
  ])('that makes no sense (%j) is asked for again', async (form) => {
    await open();
    const shown = await guest
      .post(await here())
      .type('form')
      .send(form);
    expect(shown.status).toBe(422);
    expect(shown.headers['cache-control']).toBe('no-store');
    expect(load(shown.text)('.error-summary')).toHaveLength(1);
  });

  it('to an earlier time does not count, and the page says so', async () => {
    await open();
    await say({ status: 'accepted' });
    const { version } = (await row<{ version: number }>(
      world.db,
      'select version from meetings where id = :id',
      { id: meeting.id },
    ))!;
    await changeMeeting(world.db, by(), meeting.id, {
      version,
      startsAt: new Date('2030-03-07T06:00:00Z'),
      endsAt: new Date('2030-03-07T07:00:00Z'),
    });
    expect((await open()).text).toContain('The time has changed since you answered');
    await say({ status: 'accepted' });
    expect((await guest.get(await here())).text).not.toContain('The time has changed');
    expect(await answers(await meeting.of(cast.guest.id))).toHaveLength(2);
  });

  it.each([
    [
      'cancelled',
      async () => cancelMeeting(world.db, by(), meeting.id, { reason: 'No quorum' }),
      'This meeting was cancelled.',
    ],
    [
      'taken off the list',
      async () => removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id)),
      'You are no longer invited',
    ],
    ['over', async () => Promise.resolve(world.clock.set('2030-03-06T03:00:00Z')), 'This meeting is over'],
  ])('is no longer asked for when one is %s', async (_, happen, words) => {
    await open();
    await happen();
    const shown = await open();
    expect(shown.text).toContain(words);
    expect(load(shown.text)('main form')).toHaveLength(0);
    await say({ status: 'accepted' });
    expect(await answers(await meeting.of(cast.guest.id))).toEqual([]);
  });

  it('of somebody taken off the list shows nothing new of the meeting', async () => {
    await removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id));
    const { version } = (await row<{ version: number }>(
      world.db,
      'select version from meetings where id = :id',
      { id: meeting.id },
    ))!;
    await changeMeeting(world.db, by(), meeting.id, {
      version,
      description: 'secret plans',
      place: 'Harbour',
    });
    const shown = await open();
    expect(shown.text).not.toContain('secret plans');
    expect(shown.text).not.toContain('Harbour,');
    expect((await guest.get(`${await here()}/meeting.ics`)).status).toBe(404);
  });
});

describe('somebody instead', () => {
  const SUBSTITUTE = {
    status: 'delegated',
    substitute_name: 'Bo Lin',
    substitute_email: 'Bo.Lin@Elsewhere.example',
  };
  const substitute = () =>
    row<{ name: string; role: string; instead_of_id: number; invited: boolean }>(
      world.db,
      `select p.name, pt.role, pt.instead_of_id, pt.invited_at is not null as invited
         from participants pt join persons p on p.id = pt.person_id
                where p.email = 'bo.lin@elsewhere.example' and pt.meeting_id = :id and pt.removed_at is null`,
      { id: meeting.id },
    );

  it('is invited in the other’s place at once', async () => {
    await open();
    expect((await say({ ...SUBSTITUTE, note: 'She knows the file' })).status).toBe(303);
    expect(await substitute()).toEqual({
      name: 'Bo Lin',
      role: 'optional',
      instead_of_id: await meeting.of(cast.guest.id),
      invited: true,
    });
    await world.runJobs();
    const mail = delivered(sink.to('bo.lin@elsewhere.example')[0]);
    expect(mail.mail.text).toContain('Alex Guest cannot come and named you to take part instead.');
    expect(mail.attendee(cast.guest.email)?.getFirstParameter('partstat')).toBe('DELEGATED');
    expect(mail.attendee(cast.guest.email)?.getFirstParameter('delegated-to')).toBe(
      'mailto:bo.lin@elsewhere.example',
    );
    expect(mail.attendee('bo.lin@elsewhere.example')?.getFirstParameter('delegated-from')).toBe(
      `mailto:${cast.guest.email}`,
    );
    expect(sink.to(cast.attendee.email)).toHaveLength(1); // the others are not bothered
    expect((await guest.get(await here())).text).toContain('Bo Lin comes instead.');
  });

  it('answers by a link of their own', async () => {
    await open();
    await say(SUBSTITUTE);
    await world.runJobs();
    link = delivered(sink.to('bo.lin@elsewhere.example')[0]).link;
    const bo = await world.agent();
    expect((await open(bo)).text).toContain('Alex Guest cannot come');
  });

  it('is withdrawn when one comes after all', async () => {
    await open();
    await say(SUBSTITUTE);
    await world.runJobs();
    await say({ status: 'accepted' });
    await world.runJobs();
    expect(await substitute()).toBeUndefined();
    expect(sink.to('bo.lin@elsewhere.example').map((one) => delivered(one).method)).toEqual([
      'REQUEST',
      'CANCEL',
    ]);
  });

  it('can be replaced by another', async () => {
    await open();
    await say(SUBSTITUTE);
    await world.runJobs();
    await say({ status: 'delegated', substitute_name: 'Ann', substitute_email: 'ann@elsewhere.example' });
    await world.runJobs();
    expect(await substitute()).toBeUndefined();
    expect(sink.to('ann@elsewhere.example')).toHaveLength(1);
    expect(delivered(sink.to('bo.lin@elsewhere.example').at(-1)).method).toBe('CANCEL');
  });

  it('for the chair takes part as required; there stays one chair', async () => {
    link = delivered(sink.to(cast.chair.email).at(-1)).link;
    const chair = await world.agent();
    await open(chair);
    await chair
      .post(`/i/reply/${await meeting.of(cast.chair.id)}`)
      .type('form')
      .send({ note: '', ...SUBSTITUTE })
      .expect(303);
    expect((await substitute())?.role).toBe('required');
  });

  it.each([
    ['without a name', { substitute_name: '' }, 'Fill this in'],
    ['without an address', { substitute_email: '' }, 'Fill this in'],
    ['with an address that is none', { substitute_email: 'bo' }, 'Give an e-mail address'],
    ['who is oneself', { substitute_email: 'guest@elsewhere.example' }, 'This is your own address'],
    [
      'who is invited already',
      { substitute_email: 'attendee@office.example' },
      'is invited to the meeting already',
    ],
  ])('%s is asked for again, with what was typed', async (_, changes, words) => {
    await open();
    const shown = await say({ ...SUBSTITUTE, ...changes });
    expect(shown.status).toBe(422);
    const page = load(shown.text);
    expect(page('.field-error').text()).toContain(words);
    expect(page('details').attr('open')).toBeDefined();
    expect(page('input[name=substitute_name]').attr('value')).toBe(
      { ...SUBSTITUTE, ...changes }.substitute_name,
    );
    expect(page('.error-summary a').attr('href')).toBe(`#${page('[aria-invalid=true]').attr('id')}`);
    expect(await answers(await meeting.of(cast.guest.id))).toEqual([]);
  });

  it('of a confidential meeting comes from the directory', async () => {
    await invite({ isPrivate: true });
    await open();
    expect((await say(SUBSTITUTE)).text).toContain('only somebody from the directory');
    expect((await say({ ...SUBSTITUTE, substitute_email: cast.outsider.email })).status).toBe(303);
  });

  it('cannot be named again and again to mail the world', async () => {
    await open();
    const statuses: number[] = [];
    for (let n = 0; n < 7; n++)
      statuses.push((await say({ ...SUBSTITUTE, substitute_email: `s${n}@elsewhere.example` })).status);
    expect(statuses).toEqual([303, 303, 303, 303, 303, 422, 422]);
  });
});

describe('signed in', () => {
  const reply = async (person: { id: number }, form: Record<string, string | number>) =>
    (await world.agent(person))
      .post(`/meetings/${meeting.id}/reply`)
      .type('form')
      .send({ note: '', ...form });

  it('one answers from the meeting page or Today', async () => {
    expect((await reply(cast.attendee, { status: 'accepted' })).headers.location).toBe(
      `/meetings/${meeting.id}`,
    );
    expect((await reply(cast.attendee, { status: 'declined', from: 'today' })).headers.location).toBe('/');
    expect((await answers(await meeting.of(cast.attendee.id))).map((one) => [one.status, one.via])).toEqual([
      ['accepted', 'page'],
      ['declined', 'page'],
    ]);
  });

  it('is asked again on the list of meetings once the time is another', async () => {
    await reply(cast.attendee, { status: 'accepted' });
    const answered = async () =>
      (
        await listMeetingsFor(
          world.db,
          cast.attendee,
          new Date('2030-03-05T00:00:00Z'),
          new Date('2030-03-10T00:00:00Z'),
        )
      ).find(({ id }) => id === meeting.id)?.reply;
    expect(await answered()).toBe('accepted');
    const later = { startsAt: new Date('2030-03-08T06:00:00Z'), endsAt: new Date('2030-03-08T07:00:00Z') };
    await changeMeeting(world.db, by(), meeting.id, { ...later, version: 2 });
    expect(await answered()).toBeNull();
  });

  it('a secretary answers for a leader, and both names are kept', async () => {
    const participant = await meeting.of(cast.chair.id);
    expect(
      (await reply(cast.secretary, { status: 'accepted', participant, from: 'replies' })).headers.location,
    ).toBe(`/meetings/${meeting.id}/replies`);
    expect(
      await row(
        world.db,
        `select person_id, on_behalf_of_id
           from audit_events
          where action = 'reply.record' and meeting_id = :id`,
        { id: meeting.id },
      ),
    ).toEqual({ person_id: cast.secretary.id, on_behalf_of_id: cast.chair.id });
  });

  it('the organiser notes an answer that came by telephone', async () => {
    const participant = await meeting.of(cast.guest.id);
    expect((await reply(cast.organiser, { status: 'declined', participant })).status).toBe(303);
    expect(await answers(participant)).toMatchObject([{ status: 'declined', via: 'page' }]);
  });

  it('nobody answers for others, for another meeting’s people, or without being invited', async () => {
    expect(
      (await reply(cast.attendee, { status: 'declined', participant: await meeting.of(cast.guest.id) }))
        .status,
    ).toBe(403);
    expect((await reply(cast.outsider, { status: 'accepted' })).status).toBe(403);
    const earlier = await meeting.of(cast.guest.id);
    await invite();
    expect((await reply(cast.organiser, { status: 'declined', participant: earlier })).status).toBe(404);
    expect(
      (
        await request(world.url)
          .post(`/meetings/${meeting.id}/reply`)
          .set('Sec-Fetch-Site', 'same-origin')
          .type('form')
          .send({ status: 'accepted', note: '' })
      ).text,
    ).toContain('name="password"');
  });

  it('in a confidential meeting a secretary who takes part answers for nobody else', async () => {
    const answerForChair = async () =>
      (await reply(cast.secretary, { status: 'declined', participant: await meeting.of(cast.chair.id) }))
        .status;
    const join = () =>
      addParticipants(world.db, by(), meeting.id, [{ personId: cast.secretary.id, role: 'optional' }]);
    await join();
    expect(await answerForChair()).toBe(303);
    await invite({ isPrivate: true });
    await join();
    expect(await answerForChair()).toBe(403);
  });

  it('a confidential meeting is nobody’s but its people’s', async () => {
    await invite({ isPrivate: true });
    expect(
      (await reply(cast.secretary, { status: 'declined', participant: await meeting.of(cast.chair.id) }))
        .status,
    ).toBe(404);
    const outsider = await world.agent(cast.outsider);
    expect((await outsider.get(`/meetings/${meeting.id}/replies`)).status).toBe(404);
    expect((await outsider.get(`/meetings/${meeting.id}/invitation.ics`)).status).toBe(404);
  });

  it('the list of replies tells how each mail fared', async () => {
    sink.onRecipient = (address) =>
      address === cast.chair.email ? { code: 550, words: 'mailbox unknown here' } : undefined;
    await invite();
    sink.onRecipient = () => undefined;
    const shown = await (await world.agent(cast.organiser)).get(`/meetings/${meeting.id}/replies`);
    expect(shown.text).toContain('mail refused: 550 mailbox unknown here');
    expect(shown.text).toContain('mail sent');
    expect((await (await world.agent(cast.outsider)).get(`/meetings/${meeting.id}/replies`)).status).toBe(
      403,
    );
  });

  it('the calendar copy tells outsiders time, place and title only', async () => {
    await invite({ description: 'Bring the figures', link: 'https://meet.office.example/42' });
    const copy = async (person: { id: number }) =>
      String(
        (
          await (
            await world.agent(person)
          )
            .get(`/meetings/${meeting.id}/invitation.ics`)
            .buffer(true)
            .parse((res, done) => {
              let text = '';
              res.on('data', (chunk: Buffer) => (text += chunk.toString()));
              res.on('end', () => done(null, text));
            })
        ).body,
      );
    expect(await copy(cast.attendee)).toContain('Bring the figures');
    const outside = await copy(cast.outsider);
    expect(outside).toContain('SUMMARY:Draft budget 2031');
    expect(outside).not.toMatch(/Bring the figures|meet\.office/);
  });

  it('a wrong answer keeps what was typed, beside the right person', async () => {
    const participant = await meeting.of(cast.guest.id);
    const shown = await reply(cast.organiser, {
      status: 'delegated',
      substitute_name: 'Bo',
      substitute_email: 'nothing',
      participant,
      from: 'replies',
    });
    expect(shown.status).toBe(422);
    const page = load(shown.text);
    expect(page('[aria-invalid=true]').attr('id')).toBe(`f-p${participant}-instead-substitute_email`);
    expect(page('.error-summary a').attr('href')).toBe(`#f-p${participant}-instead-substitute_email`);
  });
});
