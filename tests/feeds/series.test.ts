import ICAL from 'ical.js';
import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { changeFollowingDates, confirm, postTo, seriesForm } from '../dates/schedule.js';
import { dayOf, weekdayOf } from '../../src/lib/time/zone.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

// A year of a standing meeting, in zones with and without clock changes: what a calendar program reads is
// what the page says.

let world: World;
let cast: Cast;
let organiser: Agent;
let reader: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  await world.owner.raw('delete from room_hours');
  await world.owner.raw(
    `insert into room_hours (room_id, weekday, opens_at, closes_at)
     select id, d, '00:00', '24:00'
       from rooms, generate_series(1, 7) d`,
  );
  [organiser, reader] = (await Promise.all([world.agent(cast.organiser), world.agent()])) as [Agent, Agent];
  world.clock.set('2030-01-02T00:00:00Z');
});
afterAll(() => world.close());

async function subscribe(): Promise<string> {
  await organiser.post('/feeds').type('form').send({ key: randomUUID() }).expect(303);
  return new URL(
    String(
      load((await organiser.get('/feeds')).text)('.feed-address')
        .last()
        .attr('value'),
    ),
  ).pathname;
}

/** Start and title of every date that a calendar program shows, by expanding each event of the feed. */
function readDates(text: string): string[] {
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
  const parts = calendar.getAllSubcomponents('vevent');
  const found: string[] = [];
  for (const main of parts.filter((part) => !part.hasProperty('recurrence-id'))) {
    const event = new ICAL.Event(main);
    for (const part of parts)
      if (
        part.hasProperty('recurrence-id') &&
        part.getFirstPropertyValue('uid') === main.getFirstPropertyValue('uid')
      )
        event.relateException(part);
    if (!event.isRecurring()) {
      if (main.getFirstPropertyValue('status') !== 'CANCELLED')
        found.push(`${event.startDate.toJSDate().toISOString().slice(0, 16)} ${event.summary}`);
      continue;
    }
    const iterator = event.iterator();
    for (let next = iterator.next() as ICAL.Time | null; next; next = iterator.next() as ICAL.Time | null) {
      const { item, startDate } = event.getOccurrenceDetails(next) as {
        item: ICAL.Event;
        startDate: ICAL.Time;
      };
      if (item.component.getFirstPropertyValue('status') !== 'CANCELLED')
        found.push(`${startDate.toJSDate().toISOString().slice(0, 16)} ${item.summary}`);
    }
  }
  return found.sort();
}

const rulesIn = (text: string) =>
  new ICAL.Component(ICAL.parse(text) as unknown[])
    .getAllSubcomponents('vevent')
    .filter((part) => part.hasProperty('rrule')).length;

const lines = (series: number) =>
  rows<{
    id: number;
    version: number;
    starts_at: Date;
    ends_at: Date;
    title: string;
    number: number | null;
    state: string;
  }>(
    world.db,
    `select id, version, starts_at, ends_at, title, number, state
       from meetings
      where series_id = :series
      order by starts_at`,
    { series },
  );

it.each([
  // 02:30 does not exist on the night clocks go forward, and comes twice when they go back.
  ['Asia/Shanghai', '09:00', '10:00'],
  ['America/New_York', '09:00', '10:00'],
  ['Europe/Berlin', '09:00', '10:00'],
  ['Europe/Berlin', '02:30', '03:15'],
])('a feed of a year in %s at %s shows the dates of the page', async (zone, from, to) => {
  await world.owner.raw(`update room_claims set state = 'cancelled'`);
  await world.owner.raw(
    `update meetings
        set state = 'cancelled', cancelled_at = now(), cancel_reason = 'over', announced_at = null
      where state <> 'cancelled'`,
  );
  // Sundays: the days on which clocks change.
  const form = seriesForm(cast, {
    name: 'Year',
    weekday: '7',
    from_on: '2030-01-06',
    ends: 'count',
    count: '52',
    until_on: '',
    from,
    to,
    zone,
  });
  const open = await postTo(organiser, '/series', form);
  const days = load(open.text)('input[name=at]')
    .map((_, field) => String(load(open.text)(field).val()))
    .get();
  for (const on of [days[3], days[10], days[17], days[24], days[43]]) {
    const blocked = await row<{ at: Date; until: Date }>(
      world.db,
      `select (cast(:on as timestamp) + cast(:from as interval)) at time zone :zone as at,
         (cast(:on as timestamp) + cast(:to as interval)) at time zone :zone as until`,
      { on, from, to, zone },
    );
    await createMeeting(
      world.db,
      { id: cast.reviewer.id },
      {
        title: 'In the way',
        startsAt: blocked?.at ?? new Date(),
        endsAt: blocked?.until ?? new Date(),
        zone,
        roomIds: [cast.rooms.orchid],
        mailDomain: 'office.example',
      },
    );
  }
  const plan = await postTo(organiser, '/series', { ...form, key: randomUUID() });
  expect(load(plan.text)('tbody tr.is-wrong, tbody tr').length).toBeGreaterThan(50);
  const choices = Object.fromEntries([
    [days[3], { choice: `room:${cast.rooms.bamboo}` }],
    [days[10], { choice: 'skip', reason: 'Taken' }],
    [days[17], { choice: 'wait' }],
    [days[24], { choice: 'skip', reason: 'Taken' }],
    [days[43], { choice: 'wait' }],
  ] as const);
  const saved = await postTo(organiser, ...confirm(plan.text, choices));
  if (saved.status !== 303) throw new Error(load(saved.text)('main').text());
  const series = Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
  const path = await subscribe();
  const agree = async () => {
    const text = (await reader.get(path).expect(200)).text;
    const on = (await lines(series)).filter(({ state }) => state !== 'cancelled');
    expect(readDates(text).map((line) => line.slice(0, 16))).toEqual(
      on.map(({ starts_at: at }) => at.toISOString().slice(0, 16)),
    );
    return text;
  };
  const text = await agree();
  // One event with a rule and few exceptions, not fifty-two; but programs differ about a wall time that comes
  // twice, so there each date is its own.
  const isOne = from !== '02:30';
  expect(rulesIn(text)).toBe(isOne ? 1 : 0);
  expect((text.match(/BEGIN:VEVENT/g) ?? []).length < 8).toBe(isOne);

  const [, , third, , fifth, sixth] = await lines(series);
  expect(
    await cancelMeeting(world.db, { id: cast.organiser.id }, third?.id ?? -1, { reason: 'Snow' }),
  ).toMatchObject({ ok: true });
  expect(
    await changeMeeting(world.db, { id: cast.organiser.id }, fifth?.id ?? -1, {
      version: fifth?.version ?? 0,
      startsAt: new Date((fifth?.starts_at.getTime() ?? 0) + 90_000_000),
      endsAt: new Date((fifth?.ends_at.getTime() ?? 0) + 90_000_000),
    }),
  ).toMatchObject({ ok: true });
  await agree();
  const first = (await lines(series))[0]?.id ?? -1;
  await changeFollowingDates(organiser, series, first, 'all', { title: 'Board' });
  expect(readDates(await agree()).every((line) => line.includes('Board'))).toBe(true);
  await changeFollowingDates(organiser, series, sixth?.id ?? -1, 'following', {
    frequency: 'weekly',
    weekday: '6',
    reason: 'Sundays are free',
  });
  const changed = await agree();
  expect(rulesIn(changed)).toBe(2);
  // What had been called off for want of a room stays so on the Saturday of its week, and nothing else is
  // booked there.
  const after = await lines(series);
  for (const sunday of [days[10], days[24]]) {
    const ofWeek = after.filter(
      ({ starts_at: at }) => Math.abs(at.getTime() - Date.parse(`${sunday}T00:00Z`)) < 3.5 * 86_400_000,
    );
    expect(ofWeek.map(({ state, starts_at: at }) => [state, weekdayOf(dayOf(at, zone))])).toEqual([
      ['cancelled', 6],
    ]);
  }
});
