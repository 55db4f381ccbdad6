import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { inTransaction, row, rows } from '../../src/lib/db/db.js';
import { proposeRooms } from '../../src/closures/relocation.js';
import { accommodate, type Choice } from '../../src/closures/relocationCommands.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';

import { listFreeFor, listHits } from '../../src/closures/relocationQueries.js';
import { changeClosures, closeRooms } from '../../src/closures/commands.js';
import { countStatements } from '../support/statements.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let office: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  office = await world.agent(cast.secretary);
});
afterAll(() => world.close());

let made = 0;

async function room(
  more: { capacity?: number; building?: string; floor?: string; equipment?: string[]; setup?: number } = {},
): Promise<number> {
  const code = `room-${++made}`;
  const found = await row<{ id: number }>(
    world.db,
    `insert into rooms (code, name_en, name_zh, capacity, site, building, floor, equipment, setup_minutes)
     values (:code, :code, :code, :capacity, 'S', :building, :floor, :equipment, :setup)
     returning id`,
    {
      code,
      capacity: more.capacity ?? 10,
      building: more.building ?? 'B',
      floor: more.floor ?? '1',
      equipment: more.equipment ?? [],
      setup: more.setup ?? 0,
    },
  );
  await world.db.raw(`insert into room_hours select ?, d, '08:00', '20:00' from generate_series(1, 7) d`, [
    found?.id ?? 0,
  ]);
  return found?.id ?? 0;
}
const at = (day: number, hour: number) =>
  new Date(Date.parse('2030-04-01T00:00:00+08:00') + day * 86_400_000 + hour * 3_600_000);

async function book(
  roomIds: number[],
  day: number,
  from: number,
  to: number,
  more: Partial<Parameters<typeof createMeeting>[2]> = {},
): Promise<number> {
  const done = await createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Planning',
      startsAt: at(day, from),
      endsAt: at(day, to),
      zone: 'Asia/Shanghai',
      roomIds,
      ...more,
    },
  );
  if (!done.ok) throw new Error(`taken: ${JSON.stringify(done)}`);
  return done.id;
}
const close = (roomIds: number[], day: number, from = 0, to = 24, reason = 'New carpets') =>
  closeRooms(
    world.db,
    { id: cast.secretary.id },
    { roomIds, startsAt: at(day, from), endsAt: at(day, to), reason },
  );
const roomsOf = async (id: number) =>
  (
    await rows<{ room_id: number }>(
      world.db,
      `select room_id from meeting_rooms where meeting_id = :id order by room_id`,
      { id },
    )
  ).map(({ room_id }) => room_id);
const closed = async (groupId: number) =>
  (
    await rows<{ room_id: number; f: number; t: number }>(
      world.db,
      `select c.room_id, extract(hour from c.starts_at at time zone 'Asia/Shanghai')::int as f,
         extract(hour from c.ends_at at time zone 'Asia/Shanghai')::int as t
       from room_claims c join closures k on k.id = c.closure_id
      where k.group_id = :groupId and c.state = 'confirmed'
      order by c.room_id, c.starts_at`,
      { groupId },
    )
  ).map(({ room_id, f, t }) => [room_id, f, t]);
const overlaps = () =>
  rows(
    world.db,
    `select a.id
       from room_claims a
         join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
     where a.state in ('held', 'requested', 'confirmed') and b.state in ('held', 'requested', 'confirmed')`,
  );
const moves = (groupId: number) => office.get(`/rooms/closures/${groupId}/moves`);
interface Shown {
  hit: string;
  chosen: string;
  options: string[];
  reason: string;
  told: string;
}
const linesOf = (html: string): Shown[] => {
  const $ = load(html);
  return $('tbody tr')
    .toArray()
    .map((one) => ({
      hit: String($(one).find('[name=hit]').val()),
      chosen: String($(one).find('option[selected]').val()),
      options: $(one)
        .find('option')
        .toArray()
        .map((option) => String($(option).attr('value'))),
      reason: String($(one).find('[name=reason]').val() ?? ''),
      told: $(one).find('.field-error').text(),
    }));
};
const save = (groupId: number, lines: { hit: string; choice: string; reason?: string }[]) =>
  office
    .post(`/rooms/closures/${groupId}/moves`)
    .type('form')
    .send({
      hit: lines.map(({ hit }) => hit),
      choice: lines.map(({ choice }) => choice),
      reason: lines.map(({ reason }) => reason ?? ''),
      key: randomUUID(),
    });

describe('rooms closed together', () => {
  it('are chosen by floor, building or one by one, and appear in the list of closures to come', async () => {
    const [a, b, c] = [
      await room({ building: 'North', floor: '3' }),
      await room({ building: 'North', floor: '3' }),
      await room({ building: 'North', floor: '4' }),
    ];
    const form = {
      from_date: '2030-05-01',
      from_time: '8',
      to_date: '2030-05-02',
      to_time: '24:00',
      reason: 'Painting',
      key: randomUUID(),
    };
    expect(
      (
        await office
          .post('/rooms/closures')
          .type('form')
          .send({ ...form, area: '' })
      ).status,
    ).toBe(422);
    expect(
      (
        await office
          .post('/rooms/closures')
          .type('form')
          .send({ ...form, area: '{"x":1}' })
      ).status,
    ).toBe(422);
    const page = load((await office.get('/rooms/closures/new')).text);
    expect(page('label:contains("S · North · floor 3 (2 rooms)") input').val()).toBe('["S","North","3"]');
    const answer = await office
      .post('/rooms/closures')
      .type('form')
      .send({ ...form, area: '["S","North","3"]' });
    expect(answer.status).toBe(303);
    const groupId = Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
    expect((await closed(groupId)).map(([id]) => id)).toEqual([a, b]);
    expect(
      (
        await office
          .post('/rooms/closures')
          .type('form')
          .send({ ...form, area: '["S","North","3"]' })
      ).headers.location,
    ).toBe(answer.headers.location);
    const list = load((await office.get('/rooms/closures')).text)('tbody tr').text();
    expect(list).toMatch(/Painting[\s\S]*room-1, room-2[\s\S]*None/);
    expect(list).not.toContain(`room-${c}`);
    expect((await (await world.agent(cast.outsider)).get('/rooms/closures')).status).toBe(403);
    await office.post(`/rooms/closures/${groupId}/lifting`).type('form').send({}).expect(303);
    expect(await closed(groupId)).toEqual([]);
  });

  it('get another reason and end: longer takes what is free, shorter gives to others', async () => {
    const id = await room();
    const { groupId } = await close([id], 1, 8, 12);
    const second = await close([id], 1, 10, 18, 'Other');
    expect([await closed(groupId), await closed(second.groupId)]).toEqual([[[id, 8, 12]], [[id, 12, 18]]]);
    const edit = (body: object) => office.post(`/rooms/closures/${groupId}/edit`).type('form').send(body);
    expect(
      (await edit({ version: 1, reason: 'Longer', to_date: '2030-04-02', to_time: '7:00' })).status,
    ).toBe(422);
    expect(
      (await edit({ version: 1, reason: 'Shorter', to_date: '2030-04-02', to_time: '9:00' })).status,
    ).toBe(303);
    expect([await closed(groupId), await closed(second.groupId)]).toEqual([
      [[id, 8, 9]],
      [
        [id, 10, 12],
        [id, 12, 18],
      ],
    ]);
    const stale = await edit({ version: 1, reason: 'Mine', to_date: '2030-04-02', to_time: '20:00' });
    expect([
      stale.status,
      load(stale.text)('.field-error').text(),
      load(stale.text)('[name=reason]').val(),
    ]).toEqual([409, expect.stringContaining('Shorter'), 'Mine']);
    expect(
      await changeClosures(world.db, { id: cast.secretary.id }, groupId, {
        version: 2,
        reason: 'Longer',
        endsAt: at(1, 20),
      }),
    ).toEqual({ ok: true });
    expect(await closed(groupId)).toEqual([
      [id, 8, 9],
      [id, 9, 10],
      [id, 18, 20],
    ]);
    expect(await overlaps()).toEqual([]);
  });
});

describe('meetings in the way of a closure', () => {
  it('have the nearest equipped room proposed, never the same room to two at once', async () => {
    const [old, near, , far] = [
      await room({ building: 'P', equipment: ['video'] }),
      await room({ building: 'P', equipment: ['video'] }),
      await room({ building: 'P' }),
      await room({ building: 'Q', equipment: ['video'], setup: 30 }),
    ];
    const other = await room({ building: 'P', equipment: ['video'], floor: '2', capacity: 5 });
    const first = await book([old], 2, 9, 10);
    const second = await book([old, other], 2, 10, 11, { expectedCount: 8 });
    const { groupId } = await close([old, other], 2);
    const hits = await listHits(world.db, cast.secretary.id, groupId, { now: at(0, 0), limit: 50 });
    expect(hits.map(({ meeting_id, room: { id }, seats }) => [meeting_id, id, seats])).toEqual([
      [first, old, 10],
      [second, old, 8],
      [second, other, 8],
    ]);
    const plan = proposeRooms(hits, await listFreeFor(world.db, cast.secretary.id, hits), at(0, 0));
    expect(plan.map((one) => one.room?.id)).toEqual([near, near, far]);
    expect(plan[2]?.rooms.length).toBeGreaterThan(2);
  });

  it('move in one go: claims, closure, history, mail to the organiser, announcement', async () => {
    const [old, ,] = [
      await room({ building: 'R' }),
      await room({ building: 'R' }),
      await room({ building: 'R' }),
    ];
    const [told, untold, off] = [
      await book([old], 3, 9, 10, { title: 'Told' }),
      await book([old], 3, 10, 11, { title: 'Untold' }),
      await book([old], 3, 11, 12, { title: 'Off' }),
    ];
    await world.db.raw(`update meetings set state = 'scheduled', announced_at = now() where id = ?`, [told]);
    const { groupId } = await close([old], 3);
    const shown = linesOf((await moves(groupId)).text);
    expect(shown).toHaveLength(3);
    const lacking = await save(
      groupId,
      shown.map(({ hit, chosen }, i) => ({ hit, choice: i === 2 ? 'cancel' : chosen })),
    );
    expect([lacking.status, linesOf(lacking.text)[2]?.told]).toEqual([
      422,
      expect.stringContaining('Say why'),
    ]);
    const answer = await save(
      groupId,
      shown.map(({ hit, chosen }, i) =>
        i === 2 ? { hit, choice: 'cancel', reason: 'No room' } : { hit, choice: chosen },
      ),
    );
    expect([answer.status, answer.headers.location]).toEqual([303, `/rooms/closures/${groupId}`]);
    expect(await roomsOf(told)).not.toContain(old);
    expect(await roomsOf(untold)).not.toContain(old);
    expect(await row(world.db, `select state, cancel_reason from meetings where id = :off`, { off })).toEqual(
      { state: 'cancelled', cancel_reason: 'No room' },
    );
    expect((await closed(groupId)).map(([, f]) => f)).toEqual([0, 9, 10, 11, 12]);
    expect(
      await rows(
        world.db,
        `select kind, meeting_id, person_id
           from deliveries
          where kind like 'meetings.%' and meeting_id = any(:ids)
          order by meeting_id`,
        { ids: [told, untold, off] },
      ),
    ).toEqual([
      { kind: 'meetings.roomsChanged', meeting_id: told, person_id: cast.organiser.id },
      { kind: 'meetings.roomsChanged', meeting_id: untold, person_id: cast.organiser.id },
      { kind: 'meetings.calledOff', meeting_id: off, person_id: cast.organiser.id },
    ]);
    expect(
      await rows(
        world.db,
        `select meeting_id, note
           from audit_events
          where action = 'meeting.accommodate' and meeting_id = any(:ids)
          order by meeting_id`,
        { ids: [told, untold] },
      ),
    ).toEqual([
      { meeting_id: told, note: 'New carpets' },
      { meeting_id: untold, note: 'New carpets' },
    ]);
    expect(await row(world.db, `select revision, sequence from meetings where id = :told`, { told })).toEqual(
      { revision: 1, sequence: 0 },
    );
    expect(
      await rows(
        world.owner,
        `select key from graphile_worker.jobs where key like 'invitations.%' order by key`,
      ),
    ).toEqual([{ key: `invitations.announceChange:${told}` }]);
    world.clock.advance({ minutes: 5 });
    await world.runJobs();
    const mail = await rows<{ subject: string }>(
      world.db,
      `select subject
         from deliveries
        where meeting_id = any(:ids) and kind like 'meetings.%'
        order by meeting_id`,
      { ids: [told, off] },
    );
    expect(mail.map(({ subject }) => subject)).toEqual(['Other room: Told', 'Called off: Off']);
    expect(linesOf((await moves(groupId)).text)).toEqual([]);
  });

  it('get no room that their organiser may not have, unless the mover goes beyond its rules', async () => {
    const old = await room({ building: 'W', capacity: 8 });
    const [short, kept, asked, flat, apt] = [
      await room({ building: 'W' }),
      await room({ building: 'W' }),
      await room({ building: 'W' }),
      await room({ building: 'W' }),
      await room({ building: 'X', floor: '9', setup: 15 }),
    ];
    await world.db.raw(
      `insert into room_layouts (room_id, layout, capacity)
       select r, 'theatre', 30
         from unnest(?::bigint[]) r
       union all
       select ?, 'theatre', 12`,
      [[old, short, kept, asked], apt],
    );
    await world.db.raw(
      `insert into booking_rules (room_id, max_minutes, in_policy)
       values (?, 30, null), (?, null, 'refuse'), (?, null, 'request')`,
      [short, kept, asked],
    );
    await world.db.raw(`update rooms set owner_id = ? where id = ?`, [cast.chair.id, asked]);
    const kind = await row<{ id: number }>(
      world.db,
      `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
       values ('easel', 'Easel', '画架', true, 1)
       returning id`,
    );
    const id = await book([old], 9, 9, 10, {
      title: 'Seated',
      layout: 'theatre',
      expectedCount: 12,
      equipment: [{ kindId: kind?.id ?? 0, quantity: 1 }],
    });
    const { groupId } = await close([old], 9);
    const shown = await moves(groupId);
    const [line] = linesOf(shown.text);
    // Rooms of the cast and of the other tests are free then, too: none of them can be set up as a theatre.
    expect(line?.chosen).toBe(`room:${apt}`);
    const label = (to: number) => load(shown.text)(`option[value="room:${to}"]`).first().text();
    expect(label(apt)).toContain('12 seats (proposed)');
    expect(label(short)).toContain('30 seats: beyond its rules (longer than the longest booking)');
    expect(label(kept)).toContain('beyond its rules (kept for certain groups of people)');
    expect(label(asked)).toContain('on request, has to be approved');
    expect(label(flat)).toBe('');
    expect(
      (
        await world
          .agent(cast.organiser)
          .then((organiser) => organiser.get(`/rooms/closures/${groupId}/moves`))
      ).status,
    ).toBe(403);

    const refused = await save(groupId, [{ hit: line?.hit ?? '', choice: `room:${short}` }]);
    expect([refused.status, linesOf(refused.text)[0]?.told]).toEqual([
      409,
      expect.stringContaining('30 minutes at most'),
    ]);
    expect(load(refused.text)('[name=beyond]')).toHaveLength(1);
    expect(await roomsOf(id)).toEqual([old]);
    const post = (choice: string, more: object = {}) =>
      office
        .post(`/rooms/closures/${groupId}/moves`)
        .type('form')
        .send({ hit: line?.hit, choice, reason: 'No room', key: randomUUID(), ...more });
    // Calling it off comes too late by the room's rules as well.
    await world.db.raw(`insert into booking_rules (room_id, notice_cancel) values (?, 525600)`, [old]);
    expect(linesOf((await post('cancel')).text)[0]?.told).toContain(
      'may be called off up to 365 days before',
    );
    expect((await post(`room:${short}`, { beyond: 'on' })).status).toBe(303);
    expect(await roomsOf(id)).toEqual([short]);
    expect(
      await rows(world.db, `select rule, reason from rule_overrides where meeting_id = :id`, { id }),
    ).toEqual([{ rule: 'max_duration', reason: 'New carpets' }]);
    expect(
      await rows(world.db, `select room_id, layout from meeting_layouts where meeting_id = :id`, { id }),
    ).toEqual([{ room_id: short, layout: 'theatre' }]);

    // On to the room that needs time to set up: the equipment is away for that time too.
    const second = await close([short], 9);
    const [next] = linesOf((await moves(second.groupId)).text);
    expect(next?.chosen).toBe(`room:${apt}`);
    expect((await save(second.groupId, [{ hit: next?.hit ?? '', choice: `room:${apt}` }])).status).toBe(303);
    expect(
      await row(world.db, `select starts_at from equipment_bookings where meeting_id = :id and is_held`, {
        id,
      }),
    ).toEqual({ starts_at: at(9, 8.75) });
  });

  it('that are private are "Booked" to who closes the room: they can be moved, not called off', async () => {
    const old = await room({ building: 'T' });
    await room({ building: 'T' });
    const id = await book([old], 4, 9, 10, { title: 'Secret merger', isPrivate: true });
    const { groupId } = await close([old], 4);
    const answer = await moves(groupId);
    expect(answer.text).not.toContain('Secret merger');
    const [line] = linesOf(answer.text);
    expect(line?.options).not.toContain('cancel');
    const refused = await save(groupId, [{ hit: line?.hit ?? '', choice: 'cancel', reason: 'x' }]);
    expect([refused.status, linesOf(refused.text)[0]?.told]).toEqual([
      409,
      expect.stringContaining('only be moved'),
    ]);
    expect(refused.text).not.toContain('Secret merger');
    expect((await save(groupId, [{ hit: line?.hit ?? '', choice: line?.chosen ?? '' }])).status).toBe(303);
    expect(await roomsOf(id)).not.toContain(old);
    const page = load((await office.get(`/rooms/closures/${groupId}`)).text);
    expect(page.html()).not.toContain('Secret merger');
  });

  it('are all left alone when one room or meeting changed meanwhile, and the page says what', async () => {
    const [old, next] = [await room({ building: 'U' }), await room({ building: 'U' })];
    const [a, b] = [
      await book([old], 5, 9, 10, { title: 'One' }),
      await book([old], 5, 14, 15, { title: 'Two' }),
    ];
    const { groupId } = await close([old], 5);
    const shown = linesOf((await moves(groupId)).text);
    expect(shown.map(({ chosen }) => chosen)).toEqual([`room:${next}`, `room:${next}`]);
    await book([next], 5, 9, 10, { title: 'In between' });
    const answer = await save(
      groupId,
      shown.map(({ hit, chosen }) => ({ hit, choice: chosen })),
    );
    expect(answer.status).toBe(409);
    expect(load(answer.text)('[role=alert]').text()).toContain('Nothing has been saved');
    expect(linesOf(answer.text)[0]?.told).toContain('In between');
    expect([await roomsOf(a), await roomsOf(b)]).toEqual([[old], [old]]);
    expect((await closed(groupId)).map(([, f]) => f)).toEqual([0, 10, 15]);

    const renamed = await changeMeeting(world.db, { id: cast.organiser.id }, b, {
      version: 1,
      title: 'Two again',
    });
    expect(renamed).toEqual({ ok: true });
    const stale = await save(
      groupId,
      linesOf(answer.text).map(({ hit, chosen }, i) => ({
        hit: i ? (shown[1]?.hit ?? '') : hit,
        choice: chosen,
      })),
    );
    expect([stale.status, linesOf(stale.text)[1]?.told]).toEqual([
      409,
      expect.stringContaining('changed meanwhile'),
    ]);
    expect([await roomsOf(a), await roomsOf(b)]).toEqual([[old], [old]]);
  });

  it('twenty move at once while others book the same rooms: all or none, nothing overlaps', async () => {
    const olds = await Promise.all([1, 2, 3, 4].map(() => room({ building: 'V' })));
    const news = await Promise.all([1, 2, 3, 4, 5, 6].map(() => room({ building: 'V' })));
    for (const old of olds) for (let hour = 9; hour < 14; hour++) await book([old], 6, hour, hour + 1);
    const { groupId } = await close(olds, 6);
    const now = at(0, 0);
    const tryMove = async () => {
      const hits = await listHits(world.db, cast.secretary.id, groupId, { now, limit: 50 });
      const plan = proposeRooms(hits, await listFreeFor(world.db, cast.secretary.id, hits), now);
      const choices = plan.flatMap(({ hit, room: to }) =>
        to
          ? [
              {
                meetingId: hit.meeting_id,
                version: hit.version,
                roomId: hit.room.id,
                to: { kind: 'room' as const, roomId: to.id },
              },
            ]
          : [],
      );
      return {
        count: choices.length,
        result: await inTransaction(world.db, (trx) =>
          accommodate(trx, { id: cast.secretary.id }, choices, { closureReason: 'New carpets' }),
        ),
      };
    };
    const bookings = news.slice(0, 2).flatMap((id) =>
      [9, 10, 11].map((hour) =>
        createMeeting(
          world.db,
          { id: cast.attendee.id },
          {
            title: 'Rush',
            startsAt: at(6, hour),
            endsAt: at(6, hour + 1),
            zone: 'Asia/Shanghai',
            roomIds: [id],
          },
        ),
      ),
    );
    const [first, second] = await Promise.all([tryMove(), tryMove(), ...bookings]);
    const stillHit = (await listHits(world.db, cast.secretary.id, groupId, { now, limit: 50 })).length;
    const succeeded = [first, second].filter(({ result }) => result.ok);
    expect(succeeded.length).toBeLessThanOrEqual(1);
    expect(stillHit).toBe(succeeded.length ? 20 - (succeeded[0]?.count ?? 0) : 20);
    for (
      let attempt = 0;
      attempt < 3 && (await listHits(world.db, cast.secretary.id, groupId, { now, limit: 50 })).length;
      attempt++
    )
      await tryMove();
    expect(await listHits(world.db, cast.secretary.id, groupId, { now, limit: 50 })).toEqual([]);
    expect(await overlaps()).toEqual([]);
    // Each piece went to the closure: the four rooms are closed from midnight to midnight without a gap.
    const covered = await rows(
      world.db,
      `select c.room_id, sum(extract(epoch from c.ends_at - c.starts_at))::int / 3600 as hours
         from room_claims c join closures k on k.id = c.closure_id
        where k.group_id = :groupId and c.state = 'confirmed' group by 1 order by 1`,
      { groupId },
    );
    expect(covered).toEqual([...olds].sort((a, b) => a - b).map((room_id) => ({ room_id, hours: 24 })));
  });
});

it('moves and calls off any number of meetings by the same statements', async () => {
  const count = async (day: number, n: number) => {
    const [old, next] = [await room(), await room()];
    const choices: Choice[] = [];
    for (let i = 0; i < n; i++) {
      const meetingId = await book([old], day + Math.floor(i / 12), 8 + (i % 12), 9 + (i % 12));
      const to =
        i % 2 === 0
          ? ({ kind: 'room', roomId: next } as const)
          : ({ kind: 'cancel', reason: 'No room is left' } as const);
      choices.push({ meetingId, version: 1, roomId: old, to });
    }
    return countStatements(world.db, async () => {
      const done = await inTransaction(world.db, (trx) =>
        accommodate(trx, { id: cast.secretary.id }, choices, { closureReason: 'New carpets', now: at(0, 0) }),
      );
      expect(done).toEqual({ ok: true, moved: n / 2, cancelled: n / 2 });
    });
  };
  const ten = await count(20, 10);
  expect(await count(22, 60)).toBe(ten);
  expect(ten).toBeLessThan(60);
});

describe('a swap of rooms', () => {
  it('gives each meeting the room of the other, both or none, and tells both organisers', async () => {
    const [x, y] = [await room(), await room()];
    const a = await book([x], 7, 9, 11, { title: 'Alpha' });
    const b = await book([y], 7, 9, 10, { title: 'Beta' });
    const organiser = await world.agent(cast.organiser);
    const page = load((await organiser.get(`/meetings/${a}/swap`)).text);
    expect(page('input[name=other]').first().val()).toBe(`${b}:1`);
    const swap = (body: object) =>
      organiser
        .post(`/meetings/${a}/swap`)
        .type('form')
        .send({ version: 1, other: `${b}:1`, key: randomUUID(), ...body });
    expect((await swap({ other: undefined })).status).toBe(422);
    // Somebody has the other room from 10 to 11.
    const between = await book([y], 7, 10, 11, { title: 'Gamma' });
    const refused = await swap({});
    expect([refused.status, load(refused.text)('[role=alert]').text()]).toEqual([
      409,
      expect.stringMatching(/Nothing has been changed[\s\S]*Gamma/),
    ]);
    expect([await roomsOf(a), await roomsOf(b)]).toEqual([[x], [y]]);
    await office.post(`/meetings/${between}/cancellation`).type('form').send({ reason: 'x' });
    const key = randomUUID();
    expect((await swap({ key })).headers.location).toBe(`/meetings/${a}`);
    expect((await swap({ key })).headers.location).toBe(`/meetings/${a}`);
    expect([await roomsOf(a), await roomsOf(b)]).toEqual([[y], [x]]);
    expect(
      await rows(
        world.db,
        `select meeting_id from audit_events where action = 'meeting.swapRooms' order by meeting_id`,
      ),
    ).toEqual([{ meeting_id: a }, { meeting_id: b }]);
    expect((await swap({})).status).toBe(409);
    expect(await overlaps()).toEqual([]);
  });

  it('is for who may edit both; a stranger is refused and sees no private meeting to swap with', async () => {
    const [x, y] = [await room(), await room()];
    const a = await book([x], 8, 9, 10, { title: 'Mine' });
    const b = await book([y], 8, 9, 10, { title: 'Hidden', isPrivate: true });
    const stranger = await world.agent(cast.outsider);
    expect((await stranger.get(`/meetings/${a}/swap`)).status).toBe(403);
    expect((await office.get(`/meetings/${a}/swap`)).text).not.toContain('Hidden');
    const answer = await office
      .post(`/meetings/${a}/swap`)
      .type('form')
      .send({ version: 1, other: `${b}:1`, key: randomUUID() });
    expect(answer.status).toBe(404);
    expect([await roomsOf(a), await roomsOf(b)]).toEqual([[x], [y]]);
  });
});
