import { load } from 'cheerio';
import { row } from '../../src/lib/db/db.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { addParticipants, removeParticipant } from '../../src/meetings/participantCommands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { aMeeting, delivered, deliveriesOf, END, START, type Made } from './office.js';

let world: World;
let cast: Cast;
let sink: Sink;
let organiser: Agent;
beforeAll(async () => {
  sink = await openSink();
  world = await testWorld({ smtpUrl: sink.url });
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
});
afterAll(async () => {
  await world.close();
  await sink.close();
});
beforeEach(async () => {
  sink.received.length = 0;
  sink.onRecipient = () => undefined;
  world.clock.set('2030-03-04T01:00:00Z');
  await world.owner.raw('delete from deliveries');
});

const by = () => ({ id: cast.organiser.id });
const send = (id: number, agent = organiser) =>
  agent.post(`/meetings/${id}/invitations`).type('form').send({});
const last = (person: { email: string }) => delivered(sink.to(person.email).at(-1));
const version = async (id: number) =>
  (await row<{ version: number }>(world.db, 'select version from meetings where id = :id', { id }))
    ?.version ?? 0;
const settle = async () => {
  world.clock.advance({ minutes: 2 });
  await world.runJobs();
};
async function invited(changes: Parameters<typeof aMeeting>[2] = {}): Promise<Made> {
  const meeting = await aMeeting(world, cast, changes);
  await send(meeting.id).expect(303);
  await world.runJobs();
  return meeting;
}
async function edit(
  meeting: Made,
  changes: Omit<Parameters<typeof changeMeeting>[3], 'version'>,
): Promise<void> {
  const changed = await changeMeeting(world.db, by(), meeting.id, {
    ...changes,
    version: await version(meeting.id),
  });
  if (!changed.ok) throw new Error(JSON.stringify(changed));
}
const LATER = { startsAt: new Date('2030-03-07T06:00:00Z'), endsAt: new Date('2030-03-07T07:30:00Z') };

describe('sending invitations', () => {
  it('announces the meeting and mails everybody in their own language', async () => {
    const meeting = await aMeeting(world, cast);
    const answer = await send(meeting.id);
    expect(answer.headers.location).toBe(`/meetings/${meeting.id}`);
    expect(
      await row(
        world.db,
        'select state, revision, announced_at is not null as announced from meetings where id = :id',
        { id: meeting.id },
      ),
    ).toEqual({ state: 'scheduled', revision: 1, announced: true });
    expect(sink.received).toHaveLength(0); // never in the request
    await world.runJobs();
    expect(sink.received.map((one) => one.to[0]).sort()).toEqual(
      [cast.attendee.email, cast.chair.email, cast.guest.email].sort(),
    );

    const chinese = last(cast.attendee);
    expect(chinese.mail.subject).toBe('会议通知：Draft budget 2031（3月6日 周三 10:00）');
    expect(chinese.mail.text).toContain('时间：2030年3月6日 周三 10:00–11:00（中国标准时间）');
    expect(chinese.mail.text).toContain('地点：兰厅，A楼，3层');
    const english = last(cast.guest);
    expect(english.mail.subject).toBe('Invitation: Draft budget 2031, Wed 6 Mar 10:00');
    expect(english.mail.text).toContain('Where: Orchid, building A, floor 3');
    expect(english.mail.text).toContain('You take part as: Optional');
    expect(load(String(english.mail.html))('h1').text()).toBe('Draft budget 2031');
  });

  it('I2 I3 O1 carries a REQUEST with SEQUENCE 0 and everybody in it', async () => {
    await invited();
    const mail = last(cast.attendee);
    expect(mail.method).toBe('REQUEST');
    expect(mail.value('sequence')).toBe('0');
    expect(mail.attendees).toEqual([
      cast.chair.email,
      cast.attendee.email,
      cast.guest.email,
      'room-orchid@office.example',
    ]);
    expect(mail.attendee(cast.chair.email)?.getFirstParameter('role')).toBe('CHAIR');
    expect(mail.attendee(cast.guest.email)?.getFirstParameter('role')).toBe('OPT-PARTICIPANT');
    expect(mail.value('location')).toBe('兰厅，A楼，3层');
    expect(mail.value('organizer')).toBe('mailto:meetings@office.example');
    expect(mail.event?.getFirstProperty('organizer')?.getFirstParameter('sent-by')).toBe(
      `mailto:${cast.organiser.email}`,
    );
  });

  it('is written in the history, by whom and to whom', async () => {
    const meeting = await invited();
    const event = await row<{ person_id: number; after: { people: unknown[] } }>(
      world.db,
      `select person_id, after from audit_events where action = 'invitation.send' and meeting_id = :id`,
      { id: meeting.id },
    );
    expect(event?.person_id).toBe(cast.organiser.id);
    expect(event?.after.people).toHaveLength(3);
  });

  it.each([
    ['a chair', { roomIds: [] as number[], place: 'Town hall' }, 'chair', '/people'],
    ['a place', { roomIds: [] as number[] }, 'place', '/edit'],
  ])('is refused without %s, and says where to mend it', async (_, changes, reason, mend) => {
    const meeting = await aMeeting(world, cast, changes);
    if (reason === 'chair')
      await world.db.raw(`update participants set role = 'required' where meeting_id = ?`, [meeting.id]);
    const answer = await send(meeting.id);
    expect(answer.status).toBe(422);
    const html = load(answer.text);
    expect(html('.notice-warn').text()).toContain(reason === 'chair' ? 'Nobody chairs' : 'no room');
    expect(html('.notice-warn a').attr('href')).toBe(`/meetings/${meeting.id}${mend}`);
    expect(await deliveriesOf(world.db, meeting.id)).toEqual([]);
  });

  it('M9 is refused for a meeting in the past', async () => {
    const meeting = await aMeeting(world, cast);
    world.clock.set('2030-03-06T03:00:01Z');
    expect((await send(meeting.id)).status).toBe(422);
  });

  it('twice, or by two people at once, mails everybody once', async () => {
    const meeting = await aMeeting(world, cast);
    const chair = await world.agent(cast.chair);
    const answers = await Promise.all([send(meeting.id), send(meeting.id), send(meeting.id, chair)]);
    expect(answers.map((one) => one.status)).toEqual([303, 303, 303]);
    await world.runJobs();
    expect(sink.received).toHaveLength(3);
  });

  it('later invites only who was added since', async () => {
    const meeting = await invited();
    await addParticipants(world.db, by(), meeting.id, [
      { personId: cast.reviewer.id, role: 'in_attendance' },
    ]);
    sink.received.length = 0;
    await send(meeting.id).expect(303);
    await world.runJobs();
    expect(sink.received.map((one) => one.to[0])).toEqual([cast.reviewer.email]);
    expect(last(cast.reviewer).attendees).toContain(cast.attendee.email);
  });

  it('tells of people without an address, who are not mailed', async () => {
    const meeting = await aMeeting(world, cast);
    await world.db.raw('update persons set email = null where id = ?', [cast.guest.id]);
    const answer = await send(meeting.id);
    const shown = await organiser.get(answer.headers.location ?? '');
    expect(shown.text).toContain('1 without a mail address still must be told by you');
    await world.db.raw('update persons set email = ? where id = ?', [cast.guest.email, cast.guest.id]);
  });

  it('is open only to who keeps the meeting', async () => {
    const meeting = await aMeeting(world, cast);
    expect((await send(meeting.id, await world.agent(cast.outsider))).status).toBe(403);
    expect((await send(meeting.id, await world.agent(cast.attendee))).status).toBe(403);
    expect((await send(999_999)).status).toBe(404);
    // Asked to sign in first.
    expect((await send(meeting.id, await world.agent())).text).toContain('name="password"');
    expect((await send(meeting.id, await world.agent(cast.chair))).status).toBe(303);
  });

  it('stops at three hundred people from outside a day', async () => {
    const meeting = await aMeeting(world, cast);
    await world.db.raw(
      `insert into deliveries (kind, object, person_id, to_address, to_name, lang, zone, is_outside,
         queued_by)
       select 'x', 'x:' || n, ?, 'g' || n || '@b.example', 'x', 'en', 'Asia/Shanghai', true, ?
         from generate_series(1, 300) n`,
      [cast.guest.id, cast.organiser.id],
    );
    const answer = await send(meeting.id);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('300 people from outside');
  });

  it('I6 of a confidential meeting names to each recipient nobody else', async () => {
    await invited({ isPrivate: true });
    expect(last(cast.guest).attendees).toEqual([cast.guest.email, 'room-orchid@office.example']);
    expect(await row(world.db, `select count(*) as count from deliveries where is_restricted`)).toEqual({
      count: 3,
    });
  });

  it('shows a room that is only asked for as not decided (O2)', async () => {
    const meeting = await aMeeting(world, cast);
    await world.db.raw(
      `update room_claims set state = 'requested' where meeting_id = ? and state = 'confirmed'`,
      [meeting.id],
    );
    await send(meeting.id);
    await world.runJobs();
    expect(last(cast.attendee).attendee('room-orchid@office.example')?.getFirstParameter('partstat')).toBe(
      'NEEDS-ACTION',
    );
  });
});

describe('the mail', () => {
  it('M1 M2 M3 has text, HTML and calendar as alternatives and the same bytes attached', async () => {
    await invited();
    const raw = last(cast.attendee).raw.toString();
    expect(raw).toMatch(/^Content-Type: multipart\/mixed;/m);
    const order = [...raw.matchAll(/^Content-Type: ([^;\r\n]+)/gm)].map(([, type]) => type);
    expect(order).toEqual([
      'multipart/mixed',
      'multipart/alternative',
      'text/plain',
      'text/html',
      'text/calendar',
      'application/ics',
    ]);
    const parts = raw
      .split(/^--[^\r\n]+\r\n/m)
      .filter((part) => /^Content-Type: (text\/calendar|application\/ics)/m.test(part));
    const [calendar = '', attached = ''] = parts;
    expect(calendar).toMatch(/^Content-Type: text\/calendar; charset=utf-8; method=REQUEST\r\n/m);
    expect(calendar).toMatch(/^Content-Transfer-Encoding: base64/m);
    expect(calendar).not.toContain('Content-Disposition');
    expect(attached).toMatch(/^Content-Disposition: attachment; filename=invite.ics/m);
    const body = (part: string) =>
      part.slice(part.indexOf('\r\n\r\n')).replace(/\s/g, '').replace(/--.*$/, '');
    expect(Buffer.from(body(calendar), 'base64').toString()).toContain('BEGIN:VCALENDAR');
    expect(body(calendar)).toBe(body(attached));
  });

  it('M4 M5 M7 comes from our address in the organiser’s name, in one thread, robots be quiet', async () => {
    const meeting = await invited();
    await edit(meeting, { title: 'Budget' });
    await settle();
    const [first, second] = sink.to(cast.guest.email).map((one) => one.mail);
    expect(first?.from).toMatchObject({
      value: [{ name: 'Ouyang Min', address: 'meetings@office.example' }],
    });
    expect(first?.replyTo).toMatchObject({ value: [{ address: cast.organiser.email }] });
    expect(first?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(first?.headers.get('x-auto-response-suppress')).toBe('OOF, AutoReply');
    expect(first?.headers.has('list-unsubscribe')).toBe(false);
    expect(first?.messageId).toMatch(/^<[a-z2-7]{32}@office\.example>$/);
    expect(second?.messageId).not.toBe(first?.messageId);
    expect(second?.references).toBe(first?.references);
  });

  it('M6 has an envelope sender of its own once bounces have a mailbox, else MAIL_FROM', async () => {
    await invited();
    expect(sink.received[0]?.from).toBe('meetings@office.example');
    world.config.mailBouncePattern = 'bounce+{token}@office.example';
    world.config.mailReplyPattern = 'meetings+{token}@office.example';
    sink.received.length = 0;
    await invited();
    const senders = sink.received.map((one) => one.from);
    expect(new Set(senders).size).toBe(3);
    for (const one of senders) expect(one).toMatch(/^bounce\+\d+-[a-z2-7]{16}@office\.example$/);
    const organizers = sink.received.map((one) => delivered(one).value('organizer'));
    expect(new Set(organizers).size).toBe(3);
    for (const one of organizers) expect(one).toMatch(/^mailto:meetings\+[a-z2-7]{26}@office\.example$/);
    delete world.config.mailBouncePattern;
    delete world.config.mailReplyPattern;
  });

  it('M8 tells the time in the zone of the recipient, and of the meeting where that differs', async () => {
    await world.db.raw(`update persons set zone = 'Europe/Berlin' where id = ?`, [cast.guest.id]);
    await invited();
    await world.db.raw(`update persons set zone = 'Asia/Shanghai' where id = ?`, [cast.guest.id]);
    expect(last(cast.guest).mail.text).toContain(
      'Wed 6 Mar 2030 03:00–04:00 (Central European Standard Time)',
    );
    expect(last(cast.guest).mail.text).toContain(
      'At the place of the meeting: Wed 6 Mar 2030 10:00–11:00 (China Standard Time)',
    );
  });

  it('I5 to our own mailbox holds no calendar part', async () => {
    await world.db.raw(`update persons set email = 'meetings@office.example' where id = ?`, [cast.guest.id]);
    await invited();
    await world.db.raw('update persons set email = ? where id = ?', [cast.guest.email, cast.guest.id]);
    const [mail] = sink.to('meetings@office.example');
    expect(mail?.mail.subject).toContain('Invitation');
    expect(mail?.raw.toString()).not.toContain('text/calendar');
  });

  it('lists the agenda without what is restricted', async () => {
    const meeting = await aMeeting(world, cast);
    for (const [title, hidden] of [
      ['Draft budget', false],
      ['Personnel', true],
    ] as const) {
      await world.db.raw(
        'insert into agenda_items (meeting_id, title, is_restricted, created_by) values (?, ?, ?, ?)',
        [meeting.id, title, hidden, cast.organiser.id],
      );
    }
    await send(meeting.id);
    await world.runJobs();
    expect(last(cast.guest).mail.text).toContain('1. Draft budget');
    expect(last(cast.guest).raw.toString() + String(last(cast.guest).mail.text)).not.toContain('Personnel');
  });
});

describe('a change', () => {
  it('of the time asks everybody again under a higher SEQUENCE and shows both times', async () => {
    const meeting = await invited();
    await edit(meeting, LATER);
    await settle();
    const mail = last(cast.guest);
    expect(sink.to(cast.guest.email)).toHaveLength(2);
    expect(mail.mail.subject).toBe('Changed: Draft budget 2031, now Thu 7 Mar 14:00');
    expect(mail.mail.text).toContain('When: Thu 7 Mar 2030 14:00–15:30');
    expect(mail.mail.text).toContain('before: Wed 6 Mar 2030 10:00–11:00');
    expect([mail.method, mail.value('sequence'), mail.value('dtstart')]).toEqual([
      'REQUEST',
      '1',
      '2030-03-07T14:00:00',
    ]);
    const stamps = sink.to(cast.guest.email).map((one) => delivered(one).value('dtstamp'));
    expect(stamps[1]! > stamps[0]!).toBe(true);
    expect(delivered(sink.to(cast.guest.email)[0]).value('uid')).toBe(mail.value('uid'));
  });

  it('I4 of the time sets answers back, of the title keeps them and SEQUENCE', async () => {
    const meeting = await invited();
    const attendee = await world.agent(cast.attendee);
    await attendee
      .post(`/meetings/${meeting.id}/reply`)
      .type('form')
      .send({ status: 'accepted', note: '' })
      .expect(303);
    await edit(meeting, { title: 'Budget of 2031' });
    await settle();
    expect(last(cast.guest).value('sequence')).toBe('0');
    expect(last(cast.guest).mail.text).toContain('before: Draft budget 2031');
    expect(last(cast.guest).attendee(cast.attendee.email)?.getFirstParameter('partstat')).toBe('ACCEPTED');
    await edit(meeting, LATER);
    await settle();
    expect(last(cast.guest).attendee(cast.attendee.email)?.getFirstParameter('partstat')).toBe(
      'NEEDS-ACTION',
    );
    expect(last(cast.guest).attendee(cast.attendee.email)?.getFirstParameter('rsvp')).toBe('TRUE');
  });

  it('O3 of the room moves LOCATION and room together, and asks nobody in the same building', async () => {
    const meeting = await invited();
    await edit(meeting, { roomIds: [cast.rooms.bamboo] });
    await settle();
    const mail = last(cast.guest);
    expect(mail.value('location')).toContain('Bamboo');
    expect(mail.attendees).toContain('room-bamboo@office.example');
    expect(mail.attendees).not.toContain('room-orchid@office.example');
    expect(mail.value('sequence')).toBe('0');
    expect(mail.mail.text).toContain('before: Orchid');
  });

  it('of several things within a minute is one mail', async () => {
    const meeting = await invited();
    await edit(meeting, { title: 'Budget' });
    await edit(meeting, LATER);
    await edit(meeting, { description: 'Bring figures.' });
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(2);
    expect(last(cast.guest).mail.text).toContain('Bring figures.');
  });

  it('that is taken back within its minute tells nobody and keeps the answers', async () => {
    const meeting = await invited();
    const attendee = await world.agent(cast.attendee);
    await attendee.post(`/meetings/${meeting.id}/reply`).type('form').send({ status: 'accepted', note: '' });
    await edit(meeting, LATER);
    await edit(meeting, { startsAt: START, endsAt: END });
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(1);
    const page = load((await attendee.get(`/meetings/${meeting.id}/replies`)).text);
    expect(page('.card-next .pill-ok').text()).toContain('参加');
  });

  it('of the time taken back within its minute asks nobody again, although the title is told', async () => {
    const meeting = await invited();
    const attendee = await world.agent(cast.attendee);
    await attendee.post(`/meetings/${meeting.id}/reply`).type('form').send({ status: 'accepted', note: '' });
    await edit(meeting, LATER);
    await edit(meeting, { startsAt: START, endsAt: END, title: 'Budget' });
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(2);
    expect([last(cast.guest).value('sequence'), last(cast.guest).value('summary')]).toEqual(['0', 'Budget']);
    expect(last(cast.guest).attendee(cast.attendee.email)?.getFirstParameter('partstat')).toBe('ACCEPTED');
  });

  it('of the time taken back asks everybody again once anybody has to be: no answer is lost', async () => {
    const meeting = await invited();
    const attendee = await world.agent(cast.attendee);
    await attendee.post(`/meetings/${meeting.id}/reply`).type('form').send({ status: 'accepted', note: '' });
    await removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id));
    await settle();
    sink.received.length = 0;
    // The guest comes back within the minute in which the meeting moved there and back.
    // Only the guest has news to hear.
    await edit(meeting, LATER);
    await edit(meeting, { startsAt: START, endsAt: END });
    await addParticipants(world.db, by(), meeting.id, [{ personId: cast.guest.id, role: 'optional' }]);
    await send(meeting.id).expect(303);
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(1);
    const status = await row<{ status: string }>(
      world.db,
      `select r.status from replies r
         join participants p on p.id = r.participant_id join meetings m on m.id = p.meeting_id
        where m.id = :id and p.person_id = :person and r.sequence >= m.time_sequence`,
      { id: meeting.id, person: cast.attendee.id },
    );
    const asked = sink.to(cast.attendee.email).map(delivered);
    expect(status).toBeUndefined(); // the answer does not count any more …
    expect(asked.map((one) => one.method)).toEqual(['REQUEST']); // … and so they are asked again
    expect(asked[0]?.attendee(cast.attendee.email)?.getFirstParameter('partstat')).toBe('NEEDS-ACTION');
  });

  it('while the mail server is down arrives as one mail with the newest state', async () => {
    const meeting = await invited();
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    await edit(meeting, { title: 'Second title' });
    await settle();
    await edit(meeting, { title: 'Third title' });
    await settle();
    world.config.smtpUrl = sink.url;
    world.clock.advance({ hours: 1 });
    await world.runJobs();
    expect(sink.to(cast.guest.email)).toHaveLength(2);
    expect(last(cast.guest).value('summary')).toBe('Third title');
    expect(last(cast.guest).mail.text).toContain('before: Draft budget 2031');
  });
});

describe('cancelling', () => {
  it('X1 X2 withdraws it from everybody who was invited, with the reason', async () => {
    const meeting = await invited();
    await cancelMeeting(world.db, by(), meeting.id, { reason: 'The figures are late' });
    await settle();
    for (const person of [cast.chair, cast.attendee, cast.guest]) {
      const mail = last(person);
      expect([mail.method, mail.value('status'), mail.value('sequence'), mail.value('summary')]).toEqual([
        'CANCEL',
        'CANCELLED',
        '1',
        'Draft budget 2031',
      ]);
      expect(mail.attendees).toContain(person.email);
    }
    expect(last(cast.guest).mail.subject).toBe('Cancelled: Draft budget 2031, Wed 6 Mar 10:00');
    expect(last(cast.guest).mail.text).toContain('The figures are late');
  });

  it('X1 repeats what was last sent, not what was edited since', async () => {
    const meeting = await invited();
    await edit(meeting, LATER);
    await cancelMeeting(world.db, by(), meeting.id, { reason: 'x' });
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(2);
    expect(last(cast.guest).value('dtstart')).toBe('2030-03-06T10:00:00');
    expect(Number(last(cast.guest).value('sequence'))).toBeGreaterThan(0);
  });

  it('before the invitation went out tells nobody anything', async () => {
    const meeting = await aMeeting(world, cast);
    await send(meeting.id);
    await cancelMeeting(world.db, by(), meeting.id, { reason: 'x' });
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    await settle();
    world.config.smtpUrl = sink.url;
    world.clock.advance({ minutes: 1 });
    await world.runJobs();
    // The first attempt may have run before the job that takes it back: then both or none arrive, never an
    // invitation alone.
    const methods = sink.to(cast.guest.email).map((one) => delivered(one).method);
    expect([[], ['CANCEL'], ['REQUEST', 'CANCEL']]).toContainEqual(methods);
  });

  it('X3 is taken back under the same UID and a higher SEQUENCE', async () => {
    const meeting = await invited();
    await cancelMeeting(world.db, by(), meeting.id, { reason: 'x' });
    await settle();
    await restoreMeeting(world.db, by(), meeting.id, { now: world.clock.now() });
    await settle();
    const mails = sink.to(cast.guest.email).map(delivered);
    expect(mails.map((one) => one.method)).toEqual(['REQUEST', 'CANCEL', 'REQUEST']);
    expect(new Set(mails.map((one) => one.value('uid'))).size).toBe(1);
    const sequences = mails.map((one) => Number(one.value('sequence')));
    expect(sequences[1]).toBeGreaterThan(sequences[0]!);
    expect(sequences[2]).toBeGreaterThan(sequences[1]!);
  });

  it('and taking it back within a minute disturbs nobody', async () => {
    const meeting = await invited();
    await cancelMeeting(world.db, by(), meeting.id, { reason: 'x' });
    await restoreMeeting(world.db, by(), meeting.id, { now: world.clock.now() });
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(1);
  });
});

describe('taking somebody off the list', () => {
  it('X2 withdraws it from that person only, without STATUS', async () => {
    const meeting = await invited();
    await removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id));
    await settle();
    const mail = last(cast.guest);
    expect([mail.method, mail.event?.getFirstPropertyValue('status') ?? null, mail.attendees]).toEqual([
      'CANCEL',
      null,
      [cast.guest.email],
    ]);
    expect(Number(mail.value('sequence'))).toBe(1);
    expect(sink.to(cast.attendee.email)).toHaveLength(1);
  });

  it('asks nobody else again: the next change of title keeps their SEQUENCE', async () => {
    const meeting = await invited();
    await removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id));
    await settle();
    await edit(meeting, { title: 'Budget' });
    await settle();
    expect(last(cast.attendee).value('sequence')).toBe('0');
    expect(last(cast.attendee).attendees).not.toContain(cast.guest.email);
    expect(sink.to(cast.guest.email)).toHaveLength(2);
  });

  it('and inviting again goes on counting up for that person', async () => {
    const meeting = await invited();
    await removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id));
    await settle();
    await addParticipants(world.db, by(), meeting.id, [{ personId: cast.guest.id, role: 'required' }]);
    await send(meeting.id);
    await world.runJobs();
    await edit(meeting, LATER);
    await settle();
    const mails = sink.to(cast.guest.email).map(delivered);
    expect(mails.map((one) => one.method)).toEqual(['REQUEST', 'CANCEL', 'REQUEST', 'REQUEST']);
    const sequences = mails.map((one) => Number(one.value('sequence')));
    expect([...sequences].sort((a, b) => a - b)).toEqual(sequences);
    expect(new Set(sequences).size).toBe(4);
  });

  it('whose invitation the server refused is no mail', async () => {
    sink.onRecipient = (address) =>
      address === cast.guest.email ? { code: 550, words: 'unknown' } : undefined;
    const meeting = await invited();
    sink.onRecipient = () => undefined;
    await removeParticipant(world.db, by(), meeting.id, await meeting.of(cast.guest.id));
    await settle();
    expect(sink.to(cast.guest.email)).toHaveLength(0);
  });
});
