import { rows } from '../../src/lib/db/db.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { addParticipants } from '../../src/meetings/participantCommands.js';
import { planSeries, seriesForm } from '../dates/schedule.js';
import { makeCast, type Cast } from '../support/cast.js';
import { openSink, type Sink } from '../support/sink.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { aMeeting, delivered } from './office.js';

// Many mails to one person, and mails that are late: no invitation, change or cancellation is lost for
// either.

let world: World;
let cast: Cast;
let sink: Sink;
let organiser: Agent;
beforeAll(async () => {
  sink = await openSink();
  world = await testWorld({ smtpUrl: sink.url });
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
  await world.owner.raw(`update room_hours set opens_at = '00:00', closes_at = '24:00'`);
});
afterAll(async () => {
  await world.close();
  await sink.close();
});
beforeEach(async () => {
  sink.received.length = 0;
  world.clock.set('2030-03-04T01:00:00Z');
  await world.owner.raw('delete from deliveries');
});

const by = () => ({ id: cast.organiser.id });
const settle = async () => {
  world.clock.advance({ minutes: 2 });
  await world.runJobs();
};
const toAttendee = () => sink.to(cast.attendee.email).map(delivered);

/** 25 working days, tomorrow first. */
function days(): string[] {
  const found: string[] = [];
  for (let n = 1; found.length < 25; n++) {
    const day = new Date(Date.UTC(2030, 2, 4 + n));
    // Without every fifth, so that no rule fits them.
    if (day.getUTCDay() % 6 !== 0 && n % 5 !== 4) found.push(day.toISOString().slice(0, 10));
  }
  return found;
}

it('sixty meetings, and all sixty called off, are a hundred and twenty mails at once', async () => {
  const meetings: number[] = [];
  for (let n = 0; n < 60; n++) {
    const startsAt = new Date(Date.UTC(2030, 2, 6, 2) + n * 3_600_000);
    const endsAt = new Date(startsAt.getTime() + 1_800_000);
    const meeting = await aMeeting(world, cast, { startsAt, endsAt, roomIds: [], place: 'Canteen' });
    await organiser.post(`/meetings/${meeting.id}/invitations`).type('form').send({}).expect(303);
    meetings.push(meeting.id);
  }
  await world.runJobs();
  expect(toAttendee().map((one) => one.method)).toEqual(Array.from({ length: 60 }, () => 'REQUEST'));
  for (const id of meetings) await cancelMeeting(world.db, by(), id, { reason: 'Strike' });
  await settle();
  expect(
    toAttendee()
      .slice(60)
      .map((one) => one.method),
  ).toEqual(Array.from({ length: 60 }, () => 'CANCEL'));
}, 120_000);

it('of a list of 25 dates the one tomorrow is called off, and everybody hears of it today', async () => {
  const dates = days();
  const series = await planSeries(
    organiser,
    seriesForm(cast, { frequency: 'dates', on_dates: dates.join('\n'), from: '14', to: '15' }),
  );
  await organiser.post(`/series/${series}/invitations`).type('form').send({}).expect(303);
  await world.runJobs();
  expect(toAttendee().map((one) => one.method)).toEqual(dates.map(() => 'REQUEST'));
  const [tomorrow] = await rows<{ id: number; uid: string }>(
    world.db,
    `select id, uid from meetings where series_id = :series order by starts_at`,
    { series },
  );
  await cancelMeeting(world.db, by(), tomorrow?.id ?? -1, { reason: 'The director is ill' });
  await settle();
  const told = toAttendee().slice(25);
  expect(told.map((one) => [one.method, one.value('uid')])).toEqual([['CANCEL', tomorrow?.uid]]);
  expect(told[0]?.mail.text).toContain('The director is ill');
  expect(await rows(world.db, `select 1 from deliveries where state <> 'sent'`)).toEqual([]);
}, 60_000);

describe('a mail server that is away until the new time is over', () => {
  const EARLIER = { startsAt: new Date('2030-03-05T02:00:00Z'), endsAt: new Date('2030-03-05T03:00:00Z') };
  const invitedAndMoved = async () => {
    const meeting = await aMeeting(world, cast);
    await organiser.post(`/meetings/${meeting.id}/invitations`).type('form').send({}).expect(303);
    await world.runJobs();
    const [found] = await rows<{ version: number }>(world.db, `select version from meetings where id = :id`, {
      id: meeting.id,
    });
    const changed = await changeMeeting(world.db, by(), meeting.id, {
      ...EARLIER,
      version: found?.version ?? 0,
    });
    expect(changed).toMatchObject({ ok: true });
    sink.received.length = 0;
    return meeting;
  };

  it('still tells of the earlier time, as long as the one that people know is to come', async () => {
    await invitedAndMoved();
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    await settle();
    world.config.smtpUrl = sink.url;
    world.clock.set('2030-03-05T09:00:00Z');
    await world.runJobs();
    expect(toAttendee().map((one) => one.method)).toEqual(['REQUEST']);
  });

  it('or a worker that is', async () => {
    await invitedAndMoved();
    world.clock.set('2030-03-05T09:00:00Z');
    await world.runJobs();
    expect(toAttendee().map((one) => one.method)).toEqual(['REQUEST']);
    world.clock.set('2030-03-07T09:00:00Z');
    await settle();
    expect(toAttendee()).toHaveLength(1);
  });
});

describe('three hundred people from outside a day', () => {
  /** Guests that the organiser has mailed today, each `times` times. */
  const mailed = async (count: number, times = 1) => {
    await world.db.raw(
      `insert into persons (name, email, is_guest, lang, zone)
       select 'Guest ' || n, 'g' || n || '@many.example', true, 'en', 'Asia/Shanghai'
         from generate_series(1, ?::int) n
       on conflict do nothing`,
      [count],
    );
    await world.db.raw(
      `insert into deliveries (kind, object, person_id, to_address, to_name, lang, zone, is_outside,
         queued_by, state)
       select 'x', 'x:' || t, p.id, p.email, 'x', 'en', 'Asia/Shanghai', true, ?, 'sent'
         from persons p, generate_series(1, ?::int) t
        where p.email like 'g%@many.example' and substr(split_part(p.email, '@', 1), 2)::int <= ?`,
      [cast.organiser.id, times, count],
    );
  };
  const send = (id: number) => organiser.post(`/meetings/${id}/invitations`).type('form').send({});

  it('are people, not mails: twelve of them in 25 meetings are twelve', async () => {
    await mailed(12, 25);
    const meeting = await aMeeting(world, cast);
    await send(meeting.id).expect(303);
  });

  it('are those who were not mailed yet: at the limit the same people may be written to', async () => {
    await mailed(299);
    const first = await aMeeting(world, cast);
    await send(first.id).expect(303);
    const second = await aMeeting(world, cast);
    await send(second.id).expect(303); // the guest is among the 300 already
    await addParticipants(world.db, by(), second.id, [
      { personId: (await guestId('g300@many.example')) ?? -1, role: 'optional' },
    ]);
    await send(second.id).expect(422);
  });

  it('never stop colleagues', async () => {
    await mailed(300);
    const meeting = await aMeeting(world, cast);
    await send(meeting.id).expect(422);
    await world.db.raw(`update participants set removed_at = now() where meeting_id = ? and person_id = ?`, [
      meeting.id,
      cast.guest.id,
    ]);
    await send(meeting.id).expect(303);
  });

  it('hold for two invitations at the same moment', async () => {
    await mailed(299);
    const other = (await guestId('g300@many.example')) ?? -1;
    const [one, two] = [await aMeeting(world, cast), await aMeeting(world, cast)];
    await addParticipants(world.db, by(), two.id, [{ personId: other, role: 'optional' }]);
    await world.db.raw(`update participants set removed_at = now() where meeting_id = ? and person_id = ?`, [
      two.id,
      cast.guest.id,
    ]);
    const answers = await Promise.all([send(one.id), send(two.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 422]);
  });

  const guestId = async (email: string) => {
    await world.db.raw(
      `insert into persons (name, email, is_guest, lang, zone)
       values ('Guest', ?, true, 'en', 'Asia/Shanghai') on conflict do nothing`,
      [email],
    );
    return (await rows<{ id: number }>(world.db, `select id from persons where email = :email`, { email }))[0]
      ?.id;
  };
});
