import ICAL from 'ical.js';
import { load } from 'cheerio';
import { row, rows } from '../../src/lib/db/db.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { removeParticipant } from '../../src/meetings/participantCommands.js';
import { changeFollowingDates, confirm, postTo, seriesForm } from '../dates/schedule.js';
import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Received, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// A standing meeting in the mail, as the calendar of who gets it understands it: what they hold after each
// message.

let world: World;
let cast: Cast;
let sink: Sink;
let organiser: Agent;
let attendee: Agent;
beforeAll(async () => {
  sink = await openSink();
  world = await testWorld({ smtpUrl: sink.url });
  cast = await makeCast(world.db);
  await world.owner.raw(`update room_hours set opens_at = '00:00', closes_at = '24:00'`);
  [organiser, attendee] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.attendee)])) as [
    Agent,
    Agent,
  ];
});
afterAll(async () => {
  await world.close();
  await sink.close();
});
beforeEach(async () => {
  sink.received.length = 0;
  world.clock.set('2030-03-04T01:00:00Z');
  await world.owner.raw(`update room_claims set state = 'cancelled'`);
  await world.owner.raw('delete from deliveries');
});

const by = () => ({ id: cast.organiser.id });

interface Parsed {
  mail: Received['mail'];
  method: string;
  main: ICAL.Component | undefined;
  parts: ICAL.Component[];
}

function parse(one: Received | undefined): Parsed {
  if (!one) throw new Error('no mail came');
  const calendar = new ICAL.Component(
    ICAL.parse(
      String(one.mail.attachments.find((part) => part.contentType === 'application/ics')?.content ?? ''),
    ) as unknown[],
  );
  const parts = calendar.getAllSubcomponents('vevent');
  return {
    mail: one.mail,
    method: String(calendar.getFirstPropertyValue('method')),
    main: parts.find((part) => part.hasProperty('rrule')),
    parts,
  };
}
const value = (part: ICAL.Component | undefined, name: string) =>
  String(part?.getFirstPropertyValue(name) ?? '');
const lastTo = (person: { email: string }) => parse(sink.to(person.email).at(-1));

/**
 * A calendar program that keeps one series: applies message after message as RFC 5546 says and tells what it
 * shows.
 */
class Shelf {
  private main: ICAL.Component | undefined;
  private exceptions = new Map<string, ICAL.Component>();
  private gone = new Set<string>();

  take({ method, main, parts }: Parsed): void {
    if (method === 'CANCEL' && parts.some((part) => !part.hasProperty('recurrence-id'))) {
      this.main = undefined;
      this.exceptions.clear();
      return;
    }
    if (main) {
      this.main = main;
      this.exceptions.clear();
      this.gone.clear();
    }
    for (const part of parts.filter((one) => one.hasProperty('recurrence-id'))) {
      const id = instant(part.getFirstPropertyValue('recurrence-id'));
      if (method === 'CANCEL') {
        this.gone.add(id);
        this.exceptions.delete(id);
      } else this.exceptions.set(id, part);
    }
  }

  /** Start and title of each date, by start. */
  dates(): string[] {
    if (!this.main) return [];
    const event = new ICAL.Event(this.main);
    const found: string[] = [];
    const iterator = event.iterator();
    for (let next = iterator.next() as ICAL.Time | null; next; next = iterator.next() as ICAL.Time | null) {
      const id = instant(next);
      if (this.gone.has(id)) continue;
      const part = this.exceptions.get(id);
      const start = part ? instant(part.getFirstPropertyValue('dtstart')) : id;
      found.push(`${start.slice(0, 16)} ${value(part ?? this.main, 'summary')}`);
    }
    return found.sort();
  }
}

function instant(time: unknown): string {
  return (time as ICAL.Time).toJSDate().toISOString();
}

async function make(more: Record<string, unknown> = {}): Promise<number> {
  const plan = await postTo(organiser, '/series', seriesForm(cast, more));
  const saved = plan.status === 303 ? plan : await postTo(organiser, ...confirm(plan.text));
  if (saved.status !== 303) throw new Error(load(saved.text)('main').text());
  return Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
}
interface Line {
  id: number;
  version: number;
  state: string;
  starts_at: Date;
  ends_at: Date;
  recurrence_id: number | null;
}
const lines = (series: number) =>
  rows<Line>(
    world.db,
    `select id, version, state, starts_at, ends_at, recurrence_id
       from meetings
      where series_id = :series
      order by starts_at`,
    { series },
  );

/** What the page of the series says: dates that are on. */
const shown = async (series: number) =>
  (
    await rows<{ starts_at: Date; title: string }>(
      world.db,
      `select starts_at, title
         from meetings
        where series_id = :series and state <> 'cancelled'
        order by starts_at`,
      { series },
    )
  ).map(({ starts_at: at, title }) => `${at.toISOString().slice(0, 16)} ${title}`);
const invite = async (series: number) => {
  const sent = await organiser.post(`/series/${series}/invitations`).type('form').send({});
  expect(sent.status).toBe(303);
  await world.runJobs();
};
const settle = async () => {
  world.clock.advance({ minutes: 2 });
  await world.runJobs();
};

async function move(line: Line | undefined, hours: number): Promise<void> {
  if (!line) throw new Error('no such date');
  const version =
    (await row<{ version: number }>(world.db, 'select version from meetings where id = :id', { id: line.id }))
      ?.version ?? 0;
  const by1 = hours * 3_600_000;
  const moved = await changeMeeting(world.db, by(), line.id, {
    version,
    startsAt: new Date(line.starts_at.getTime() + by1),
    endsAt: new Date(line.ends_at.getTime() + by1),
  });
  expect(moved).toMatchObject({ ok: true });
}
const follow = (series: number, meeting: number, changes: Record<string, unknown>) =>
  changeFollowingDates(organiser, series, meeting, 'all', changes);

describe('one mail for a standing meeting', () => {
  it('R2 R8 invites everybody once, with rule, exceptions and what is called off', async () => {
    const series = await make({ members: `陈安\n${cast.guest.email}` });
    const [, second, third] = await lines(series);
    await cancelMeeting(world.db, by(), third?.id ?? -1, { reason: 'Labour day week' });
    await move(second, 3);
    const page = load((await organiser.get(`/series/${series}`)).text);
    expect(page('#invite-all').parent().text()).toContain('4 dates');
    // Two secretaries press at once.
    await Promise.all([invite(series), invite(series)]);

    expect(sink.received).toHaveLength(3);
    // Who is told the same in the same language gets the same file.
    const files = new Map(
      sink.received.map(({ mail }) => [
        String(mail.attachments.find((part) => part.contentType === 'application/ics')?.content),
        mail.subject,
      ]),
    );
    expect(files.size).toBe(new Set(sink.received.map(({ mail }) => mail.subject)).size);
    const got = lastTo(cast.attendee);
    expect(got.method).toBe('REQUEST');
    expect(value(got.main, 'rrule')).toContain('FREQ=WEEKLY');
    expect(value(got.main, 'rrule')).toContain('BYDAY=MO');
    expect(got.main?.getAllProperties('exdate')).toHaveLength(1);
    expect(got.parts).toHaveLength(2);
    expect(value(got.main, 'sequence')).toBe('0');
    expect(got.main?.getFirstProperty('dtstart')?.getFirstParameter('tzid')).toBe('Asia/Shanghai');
    expect(got.mail.subject).toBe('会议通知：Weekly leadership（每周一 09:00–10:00）');
    expect(got.mail.text).toContain('2030年4月8日 周一 12:00–13:00');
    expect(got.mail.text).toContain('Labour day week');
    const shelf = new Shelf();
    shelf.take(got);
    expect(shelf.dates()).toEqual(await shown(series));
    expect((await lines(series)).filter(({ state }) => state === 'scheduled')).toHaveLength(4);

    // Added by hand, a date is the one that the mail brought.
    const copy = new ICAL.Component(
      ICAL.parse((await attendee.get(`/meetings/${second?.id}/invitation.ics`)).text) as unknown[],
    ).getFirstSubcomponent('vevent');
    expect([value(copy ?? undefined, 'uid'), instant(copy?.getFirstPropertyValue('recurrence-id'))]).toEqual([
      value(got.main, 'uid'),
      '2030-04-08T01:00:00.000Z',
    ]);
    // Once more says nothing.
    await invite(series);
    await settle();
    expect(sink.received).toHaveLength(3);
    expect(load((await organiser.get(`/series/${series}`)).text)('aside #invite-all')).toHaveLength(1);
  });

  it('R3 R4 keeps a calendar true through move, cancel, restore, rename, removal and the end', async () => {
    const series = await make();
    await invite(series);
    const shelf = new Shelf();
    let read = 0;
    const heard = async (): Promise<Parsed[]> => {
      await settle();
      const mails = sink.to(cast.attendee.email).slice(read).map(parse);
      read += mails.length;
      for (const mail of mails) if (value(mail.parts[0], 'uid') === uid) shelf.take(mail);
      return mails;
    };
    const uid = value(lastTo(cast.attendee).main, 'uid');
    await heard();
    expect(shelf.dates()).toEqual(await shown(series));
    const [, second, third, fourth, fifth] = await lines(series);

    await move(second, 4);
    const [moved] = await heard();
    expect(moved?.parts).toHaveLength(1);
    expect([moved?.method, value(moved?.parts[0], 'sequence')]).toEqual(['REQUEST', '1']);
    expect(moved?.mail.text).toContain('13:00');
    expect(shelf.dates()).toEqual(await shown(series));

    await cancelMeeting(world.db, by(), third?.id ?? -1, { reason: 'Budget week' });
    const [off] = await heard();
    expect([off?.method, value(off?.parts[0], 'sequence'), value(off?.parts[0], 'status')]).toEqual([
      'CANCEL',
      '2',
      'CANCELLED',
    ]);
    expect(off?.mail.text).toContain('Budget week');
    expect(shelf.dates()).toEqual(await shown(series));

    // Moved and moved back within the minute: nothing.
    await move(fourth, 2);
    await move(
      {
        ...(fourth as Line),
        starts_at: new Date((fourth as Line).starts_at.getTime() + 7_200_000),
        ends_at: new Date((fourth as Line).ends_at.getTime() + 7_200_000),
      },
      -2,
    );
    expect(await heard()).toHaveLength(0);

    await restoreMeeting(world.db, by(), third?.id ?? -1, { now: world.clock.now() });
    const [back] = await heard();
    expect([back?.method, value(back?.parts[0], 'sequence')]).toEqual(['REQUEST', '3']);
    shelf.take({ ...(back as Parsed) });
    await cancelMeeting(world.db, by(), third?.id ?? -1, { reason: 'Budget week' });
    await heard();

    // A rename of all is one mail that asks nobody, and what was moved and called off stays so.
    await follow(series, fourth?.id ?? -1, { title: 'Leadership round' });
    const [renamed, ...more] = await heard();
    expect(more).toHaveLength(0);
    expect(renamed?.parts.length).toBeGreaterThan(1);
    expect(value(renamed?.main, 'sequence')).toBe('4');
    expect(shelf.dates()).toEqual(await shown(series));
    expect(shelf.dates().every((line) => line.endsWith('Leadership round'))).toBe(true);

    // Taken off one date.
    const seat = await row<{ id: number }>(
      world.db,
      `select id from participants where meeting_id = :meeting and person_id = :person`,
      { meeting: fifth?.id, person: cast.attendee.id },
    );
    await removeParticipant(world.db, by(), fifth?.id ?? -1, seat?.id ?? -1);
    const [without] = await heard();
    expect([without?.method, value(without?.parts[0], 'status')]).toEqual(['CANCEL', '']);
    expect(shelf.dates()).toHaveLength((await shown(series)).length - 1);

    // Another rule: the dates go over to another event that names this one.
    await follow(series, second?.id ?? -1, { weekday: '2', reason: 'Mondays are full' });
    const both = await heard();
    const next = both.find((mail) => value(mail.parts[0], 'uid') !== uid);
    expect(value(next?.main, 'related-to')).toBe(uid);
    expect(value(next?.main, 'rrule')).toContain('BYDAY=TU');
    expect(shelf.dates()).toEqual([]);
    const other = new Shelf();
    other.take(next as Parsed);
    expect(other.dates().length).toBeGreaterThan(1);
    const theirs = await rows<{ at: string }>(
      world.db,
      `select to_char(m.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI') as at
         from meetings m
         join participants pt on pt.meeting_id = m.id and pt.person_id = :person and pt.removed_at is null
           and pt.invited_at is not null
        where m.series_id = :series and m.state <> 'cancelled' order by m.starts_at`,
      { series, person: cast.attendee.id },
    );
    expect(other.dates().map((line) => line.slice(0, 16))).toEqual(theirs.map(({ at }) => at));
    // The one that was moved stays where it was moved to, the one that was called off is off on the new day.
    expect(theirs.map(({ at }) => at)).toEqual(['2030-04-02T01:00', '2030-04-08T05:00', '2030-04-23T01:00']);
    const offs = next?.main?.getAllProperties('exdate').map((one) => instant(one.getFirstValue()));
    expect(offs).toContain('2030-04-16T01:00:00.000Z');

    const ended = await organiser
      .post(`/series/${series}/end`)
      .type('form')
      .send({ on: '2030-03-05', reason: 'The round is dissolved' });
    expect(ended.status).toBe(303);
    const last = (await heard()).at(-1);
    expect([last?.method, value(last?.parts[0], 'status')]).toEqual(['CANCEL', 'CANCELLED']);
    expect(last?.mail.text).toContain('The round is dissolved');
  });

  it('takes one answer for all dates, and another for one of them', async () => {
    const series = await make();
    await invite(series);
    const today = load((await attendee.get('/')).text);
    const line = today('main li, main tr')
      .filter((_, element) => today(element).text().includes('及其余 4 次'))
      .first();
    expect(line.text()).toContain('Weekly leadership');
    const [first, second] = await lines(series);
    const form = load((await attendee.get(`/meetings/${first?.id}`)).text);
    expect(form('#reply input[name=scope][value=all]').attr('checked')).toBeDefined();
    const answer = (meeting: number | undefined, fields: object) =>
      attendee
        .post(`/meetings/${meeting}/reply`)
        .type('form')
        .send({ note: '', from: 'meeting', ...fields });
    await answer(second?.id, { status: 'declined', scope: 'one' }).expect(303);
    // Somebody else on the last date, which an answer for all does not touch.
    const last = (await lines(series)).at(-1)?.id;
    await answer(last, {
      status: 'delegated',
      substitute_name: 'Stand In',
      substitute_email: 'stand.in@elsewhere.example',
    }).expect(303);
    await answer(first?.id, { status: 'accepted', scope: 'all' }).expect(303);
    const replies = () =>
      rows<{ status: string }>(
        world.db,
        `select (
           select r.status
           from replies r
           where r.participant_id = pt.id
           order by r.id desc limit 1) as status
           from participants pt join meetings m on m.id = pt.meeting_id
        where m.series_id = :series and pt.person_id = :person order by m.starts_at`,
        { series, person: cast.attendee.id },
      );
    expect((await replies()).map(({ status }) => status)).toEqual([
      'accepted',
      'declined',
      'accepted',
      'accepted',
      'delegated',
    ]);
    expect(
      await rows(
        world.db,
        `select 1
           from participants s join participants o on o.id = s.instead_of_id
          where o.meeting_id = :last and s.removed_at is null`,
        { last },
      ),
    ).toHaveLength(1);

    // What goes out next carries these answers: the whole accepted, the one declined as its own exception.
    await follow(series, first?.id ?? -1, { description: 'Bring the figures' });
    await settle();
    const got = lastTo(cast.attendee);
    const partstat = (part: ICAL.Component | undefined) =>
      part
        ?.getAllProperties('attendee')
        .find((one) => String(one.getFirstValue()).includes(cast.attendee.email))
        ?.getFirstParameter('partstat');
    expect(partstat(got.main)).toBe('ACCEPTED');
    expect(got.parts.filter((part) => part !== got.main).map(partstat)).toEqual(['DECLINED', 'DELEGATED']);

    // By personal link, without an account, for the rest.
    const link = /\/i\/([A-Za-z0-9_-]{43})/.exec(lastTo(cast.chair).mail.text ?? '')?.[1] ?? '';
    const guest = await world.agent();
    const opened = await guest.get(`/i/${link}`);
    const page = load((await guest.get(opened.headers.location ?? '')).text);
    expect(page('input[name=scope][value=all]')).toHaveLength(1);
    await guest
      .post(opened.headers.location ?? '')
      .type('form')
      .send({ status: 'declined', scope: 'all', note: 'On leave' })
      .expect(303);
    const declined = await row<{ count: number }>(
      world.db,
      `select count(*) as count
         from participants pt
         join meetings m on m.id = pt.meeting_id
         join replies r on r.participant_id = pt.id
        where m.series_id = :series and pt.person_id = :person and r.status = 'declined'
          and r.note = 'On leave'`,
      { series, person: cast.chair.id },
    );
    expect(declined?.count).toBe(5);

    // Made private afterwards, its mails are nothing for who keeps the outbox.
    const admin = await world.agent(cast.administrator);
    expect((await admin.get('/admin/outbox')).text).toContain('Weekly leadership');
    await world.owner.raw('update series set is_private = true where id = ?', [series]);
    await world.owner.raw('update meetings set is_private = true where series_id = ?', [series]);
    expect((await admin.get('/admin/outbox')).text).not.toContain('Weekly leadership');
  });
});
