import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { runImport } from '../../src/imports/runCommands.js';
import { change, row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { CALENDAR, MYSQL_DUMP } from './mrbs-files.js';

let world: World;
let cast: Cast;
let secretary: Agent;
let second: Agent;
beforeEach(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [secretary, second] = [await world.agent(cast.secretary), await world.agent(cast.reviewer)];
});
afterEach(() => world.close());

type Form = 'mrbs' | 'bookings' | 'rooms';
const upload = (agent: Agent, form: Form, name: string, content: string, key: string = randomUUID()) => {
  const sent = agent.post(`/admin/moving-in/${form}`).field('key', key);
  if (form !== 'rooms') sent.field('zone', 'Asia/Shanghai');
  return sent.attach('file', Buffer.from(content), name);
};
/** Uploads and lets the worker read it. @returns the import's address */
const bring = async (agent: Agent, form: Form, name: string, content: string): Promise<string> => {
  const sent = await upload(agent, form, name, content);
  expect([sent.status, sent.text]).toEqual([303, expect.anything()]);
  await world.runJobs();
  return sent.headers.location as string;
};
const text = async (agent: Agent, path: string) =>
  load((await agent.get(path)).text)('main')
    .text()
    .replace(/\s+/g, ' ');
/** Takes what the page suggests for each place, unless told. */
const begin = async (
  agent: Agent,
  path: string,
  choices: Record<string, string | number> = {},
  lines = 'good',
) => {
  const page = load((await agent.get(path)).text);
  const place = page('input[name=place]')
    .map((_, input) => String(page(input).val()))
    .get();
  const choice = page('select[name=choice]')
    .map((n, select) =>
      String(choices[place[n] ?? ''] ?? page(select).find('option[selected]').attr('value') ?? ''),
    )
    .get();
  return agent.post(`${path}/places`).type('form').send({ place, choice, lines });
};
const carryOut = async (agent: Agent, path: string, choices: Record<string, string | number> = {}) => {
  const begun = await begin(agent, path, choices);
  expect(begun.status).toBe(303);
  await world.runJobs();
  return text(agent, path);
};
const meetings = () =>
  rows<{
    title: string;
    room: string | null;
    organiser_id: number;
    is_private: boolean;
    state: string;
    description: string;
    starts_at: Date;
    zone: string;
  }>(
    world.db,
    `select m.title, r.name_en as room, m.organiser_id, m.is_private, m.state, m.description, m.starts_at,
       m.zone
       from meetings m
       left join meeting_rooms mr on mr.meeting_id = m.id
       left join rooms r on r.id = mr.room_id
      order by m.starts_at, m.id`,
  );

describe('MRBS', () => {
  test('a dump becomes rooms and meetings, and again doubles nothing', async () => {
    const path = await bring(secretary, 'mrbs', 'mrbs.sql', MYSQL_DUMP);
    const page = load((await secretary.get(path)).text);
    expect(
      page('select[name=choice]')
        .map((_, one) => page(one).find('option[selected]').text())
        .get(),
    ).toEqual(['A new room of this name', expect.stringContaining('Orchid')]);
    expect(await carryOut(secretary, path)).toContain('3 bookings imported');
    expect(await meetings()).toEqual([
      {
        title: '年度预算会议',
        room: 'Orchid',
        organiser_id: cast.organiser.id,
        is_private: false,
        state: 'draft',
        description: expect.stringContaining('DROP TABLE persons; --\n\nType: I') as string,
        starts_at: new Date('2030-03-05T01:00Z'),
        zone: 'Asia/Shanghai',
      },
      expect.objectContaining({
        title: `It's "quoted" \\ here`,
        room: 'Orchid',
        organiser_id: cast.secretary.id,
        is_private: true,
        description: expect.stringContaining('Booked by: nobody') as string,
      }) as object,
      expect.objectContaining({
        title: '); INSERT INTO mrbs_entry VALUES (99',
        room: 'Kleiner Saal',
        zone: 'Europe/Berlin',
        description: expect.stringContaining('tentative') as string,
      }) as object,
    ]);
    expect(
      await row(world.db, `select capacity, building from rooms where name_en = 'Kleiner Saal'`),
    ).toEqual({ capacity: 24, building: 'Berlin' });
    expect(
      await row(
        world.db,
        `select count(*) as events from audit_events where action in ('import.begin', 'import.finish')`,
      ),
    ).toEqual({ events: 2 });
    expect(await row(world.db, `select count(*) as left from files`)).toEqual({ left: 0 });

    // Moved here and renamed there, it is still known by its number; its room is found by its name.
    await change(world.db, `update meetings set title = 'Renamed' where title = '年度预算会议'`);
    const again = await bring(second, 'mrbs', 'again.sql', MYSQL_DUMP.replace('年度预算会议', 'Other name'));
    expect(await carryOut(second, again)).toContain('0 bookings imported 3 were there already');
    expect(await meetings()).toHaveLength(3);
    expect(await row(world.db, `select count(*) as rooms from rooms`)).toEqual({ rooms: 3 });
  });

  test('a calendar file: room by a part of its name, organiser by address, broken event told', async () => {
    const path = await bring(secretary, 'mrbs', 'mrbs.ics', CALENDAR);
    expect(await text(secretary, path)).toContain('the event cannot be read');
    const refused = await begin(secretary, path, {}, 'all');
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('nothing was imported');
    expect(await carryOut(secretary, path)).toContain('2 bookings imported');
    expect(
      (await meetings()).map(({ title, room, organiser_id, is_private }) => ({
        title,
        room,
        organiser_id,
        is_private,
      })),
    ).toEqual([
      { title: 'Weekly, with 逗号', room: 'Bamboo', organiser_id: cast.outsider.id, is_private: true },
      { title: 'In world time', room: 'Bamboo', organiser_id: cast.secretary.id, is_private: false },
    ]);
  });

  test('what is left out or has no room becomes so', async () => {
    const path = await bring(secretary, 'mrbs', 'mrbs.sql', MYSQL_DUMP);
    const said = await carryOut(secretary, path, { 'room:1': 'no_room', 'room:2': 'out' });
    expect(said).toContain('2 bookings imported');
    expect(said).toContain('1 left out');
    const made = await meetings();
    expect(made.map(({ room }) => room)).toEqual([null, null]);
    expect(made[0]?.description).toContain('Room so far: Orchid');
  });

  test('what is no dump is told where one looks for it', async () => {
    const path = await bring(secretary, 'mrbs', 'other.sql', "INSERT INTO wp_posts VALUES (1,'x');\n");
    expect(await text(secretary, path)).toContain('holds no rooms or bookings of MRBS');
    const cut = await bring(
      secretary,
      'mrbs',
      'cut.sql',
      MYSQL_DUMP.slice(0, MYSQL_DUMP.indexOf('DROP TABLE persons')),
    );
    expect(await text(secretary, cut)).toMatch(/From line \d+ on the dump cannot be read/);
    expect(await rows(world.db, `select 1 from import_rows union all select 1 from files`)).toEqual([]);
    for (const [form, name, says] of [
      ['mrbs', 'a.csv', 'does not read files of this kind'],
      ['bookings', 'a.sql', 'a.sql'],
    ] as const) {
      const answer = await upload(secretary, form, name, 'title,date\nx,y\n');
      expect(answer.status).toBe(422);
      expect(answer.text).toContain(says);
    }
  });
});

describe('clashes', () => {
  const TABLE =
    'id,title,date,start,end,room,organiser\n' +
    '1,First,2030-03-05,09:00,10:00,Orchid,attendee@office.example\n' +
    '2,Second,2030-03-05,09:30,10:30,Orchid,Somebody Else\n' +
    '3,Third,2030-03-05,09:45,10:15,orchid,\n' +
    '4,Late,2030-03-05,22:00,23:00,Orchid,\n';

  test('are listed and decided: another free room, without a room, left out', async () => {
    const path = await bring(secretary, 'bookings', 'bookings.csv', TABLE);
    const said = await carryOut(secretary, path);
    expect(said).toContain('2 bookings imported');
    expect(said).toContain('2 got no room and wait for your decision');
    expect(said).toContain('Orchid is taken');
    expect(said).toContain('First');
    const { suggested } = (await row<{ suggested: number }>(
      world.db,
      `select suggested_room_id as suggested from import_rows where number = 3`,
    )) ?? { suggested: 0 };
    expect(suggested).toBe(cast.rooms.bamboo);
    const nothing = await secretary
      .post(`${path}/clashes`)
      .type('form')
      .send({ row: ['3', '4'], decision: ['', ''], all: '' });
    expect(nothing.status).toBe(422);
    const done = await secretary
      .post(`${path}/clashes`)
      .type('form')
      .send({ row: ['3', '4'], decision: [String(suggested), 'no_room'], all: '' });
    expect(done.status).toBe(303);
    await world.runJobs();
    expect((await meetings()).map(({ title, room }) => [title, room])).toEqual([
      ['First', 'Orchid'],
      ['Second', 'Bamboo'],
      ['Third', null],
      ['Late', 'Orchid'],
    ]);
    const second = (await meetings())[1];
    expect(second?.description).toContain('Booked by: Somebody Else');
    const again = await bring(secretary, 'bookings', 'bookings.csv', TABLE);
    expect(await carryOut(secretary, again)).toContain('0 bookings imported 4 were there already');
  });

  test('two bookings under one ID are told, and the row that only stands twice is not', async () => {
    const path = await bring(
      secretary,
      'bookings',
      'ids.csv',
      'id,title,date,start,end,room\n' +
        'D1,Ants,2030-06-03,09:00,10:00,Orchid\n' +
        'D1,Ants,2030-06-04,09:00,10:00,Orchid\n' +
        'D1,Ants,2030-06-03,09:00,10:00,Orchid\n',
    );
    const page = await text(secretary, path);
    expect(page).toContain('another booking has the same ID in line 2');
    expect(await carryOut(secretary, path)).toMatch(
      /1 booking imported.*1 was there already.*1 could not be used/,
    );
  });

  test('a suggestion that is gone meanwhile clashes again; all at once are left out', async () => {
    const path = await bring(secretary, 'bookings', 'bookings.csv', TABLE);
    await carryOut(secretary, path);
    await secretary.post(`${path}/clashes`).type('form').send({ all: 'room' });
    await world.runJobs();
    // Both were offered the same room; one got it.
    expect(await text(secretary, path)).toContain('1 got no room and waits');
    await secretary.post(`${path}/clashes`).type('form').send({ all: 'out' });
    await world.runJobs();
    expect(await text(secretary, path)).toContain('1 left out');
    expect((await meetings()).map(({ title }) => title)).toEqual(['First', 'Second', 'Late']);
  });

  test('tell nobody what is private to others', async () => {
    await createMeeting(world.db, cast.organiser, {
      title: 'Hidden merger',
      startsAt: new Date('2030-03-05T01:00Z'),
      endsAt: new Date('2030-03-05T02:00Z'),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
      isPrivate: true,
    });
    const path = await bring(secretary, 'bookings', 'bookings.csv', TABLE);
    const said = await carryOut(secretary, path);
    expect(said).toContain('Orchid is taken');
    expect(said).not.toContain('Hidden merger');
    const sent = await secretary.get('/admin/moving-in/export/bookings?from=2030-03-05&to=2030-03-05');
    expect(sent.text).toContain('Booked');
    expect(sent.text).not.toMatch(/Hidden merger|organiser@office/);
    expect((await (await world.agent(cast.organiser)).get(path)).status).toBe(403);
    expect((await second.get(path)).status).toBe(404);
    expect((await second.post(`${path}/clashes`).type('form').send({ all: 'out' })).status).toBe(404);
  });
});

describe('two MRBS systems', () => {
  const campus = async (source: string | undefined, name: string, content: string, agent = secretary) => {
    const sent = agent
      .post('/admin/moving-in/mrbs')
      .field('key', randomUUID())
      .field('zone', 'Asia/Shanghai');
    if (source !== undefined) sent.field('source', source);
    const answer = await sent.attach('file', Buffer.from(content), name);
    expect(answer.status).toBe(303);
    await world.runJobs();
    return answer.headers.location as string;
  };
  const suggested = async (path: string) => {
    const $ = load((await secretary.get(path)).text);
    return $('select[name=choice]')
      .map((_, one) => $(one).find('option[selected]').text())
      .get();
  };
  const rooms = () =>
    rows(
      world.db,
      `select r.name_en, r.building, r.site,
         (select count(*) from meeting_rooms m where m.room_id = r.id) as meetings
         from rooms r
        where r.name_en in ('Kleiner Saal', 'Saal')
        order by r.id`,
    );
  const NEW = 'A new room of this name';

  test('with the same areas, rooms, numbers and titles stay two', async () => {
    const file = MYSQL_DUMP.replace('Orchid', 'Saal');
    const north = await campus('North Campus', 'north.sql', file);
    expect(await suggested(north)).toEqual([NEW, NEW]);
    expect(await carryOut(secretary, north)).toContain('3 bookings imported');
    const south = await campus('South Campus', 'south.sql', file);
    // Rooms of the same name are another campus's: never suggested.
    expect(await suggested(south)).toEqual([NEW, NEW]);
    expect(await text(secretary, south)).toContain(
      'This file counts as part of the MRBS “South Campus”. ' +
        'Its rooms are kept apart from those of North Campus.',
    );
    expect(await carryOut(secretary, south)).toContain('3 bookings imported');
    expect(await rooms()).toEqual([
      { name_en: 'Kleiner Saal', building: 'Berlin', site: 'North Campus', meetings: 1 },
      { name_en: 'Saal', building: '主楼', site: 'North Campus', meetings: 2 },
      { name_en: 'Kleiner Saal', building: 'Berlin', site: 'South Campus', meetings: 1 },
      { name_en: 'Saal', building: '主楼', site: 'South Campus', meetings: 2 },
    ]);
    // The same again, under the same name however it is written: known, in the rooms that were chosen before.
    const again = await campus(' south  campus', 'south-2.sql', file, second);
    expect(await text(second, again)).toMatch(
      /MRBS “south campus”\. Read of it before: south\.sql \(.*\)\. 3 bookings came with it already/,
    );
    expect(await carryOut(second, again)).toContain('0 bookings imported 3 were there already');
    expect(await rooms()).toHaveLength(4);
    expect(await text(secretary, '/admin/moving-in')).toMatch(/south\.sql MRBS database of “South Campus”/);
  });

  test('do not take each other’s bookings without a room for their own', async () => {
    for (const [name, count] of [
      ['a', '3 bookings imported'],
      ['b', '3 bookings imported'],
      ['a', '3 were there already'],
    ] as const) {
      const path = await campus(name, `${name}.sql`, MYSQL_DUMP);
      expect(await carryOut(secretary, path, { 'room:1': 'no_room', 'room:2': 'no_room' })).toContain(count);
    }
    expect(await meetings()).toHaveLength(6);
  });

  test('under one name are noticed by their rooms', async () => {
    await carryOut(secretary, await campus(undefined, 'a.sql', MYSQL_DUMP));
    const other = await campus(undefined, 'b.sql', MYSQL_DUMP.replace('Kleiner Saal', 'Hörsaal'));
    const page = load((await secretary.get(other)).text);
    expect(page('.notice-warn').text()).toContain(
      'the room with the number 2 was “Kleiner Saal”, here it is “Hörsaal”',
    );
    expect(page('.notice-warn a').attr('href')).toBe('/admin/moving-in');
    // A room that stands elsewhere in the file is what it was: nothing is warned about.
    expect(
      load((await secretary.get(await campus('b', 'b.sql', MYSQL_DUMP))).text)('.notice-warn'),
    ).toHaveLength(0);
  });
});

test('a clash of an import is no figure of people who pressed at once', async () => {
  const taken = await createMeeting(
    world.db,
    { id: cast.reviewer.id },
    {
      title: 'First',
      startsAt: new Date('2030-03-05T01:00Z'),
      endsAt: new Date('2030-03-05T02:00Z'),
      zone: 'Asia/Shanghai',
      roomIds: [cast.rooms.orchid],
    },
  );
  expect(taken.ok).toBe(true);
  expect(await carryOut(secretary, await bring(secretary, 'mrbs', 'mrbs.sql', MYSQL_DUMP))).toContain(
    '2 bookings imported',
  );
  expect(await row(world.db, `select count(*) as n from import_rows where state = 'clash'`)).toEqual({
    n: 1,
  });
  expect(await rows(world.db, `select 1 from prevented_clashes`)).toEqual([]);
});

/** A line of a table: six meetings a day, one an hour from 9. */
function lineOf(n: number, room: string): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const hour = 9 + (n % 6);
  return `Meeting ${n},2030-04-${two(1 + Math.floor(n / 6))},${two(hour)}:00,${two(hour + 1)}:00,${room}`;
}

test('two importers of the same file at once make each booking once', async () => {
  const lines = Array.from({ length: 120 }, (_, n) => lineOf(n, n % 2 ? 'Orchid' : 'Bamboo'));
  const [one, two] = [
    await bring(secretary, 'bookings', 'a.csv', `title,date,start,end,room\n${lines.join('\n')}`),
    await bring(second, 'bookings', 'b.csv', `title,date,start,end,room\n${[...lines].reverse().join('\n')}`),
  ];
  for (const [agent, path] of [
    [secretary, one],
    [second, two],
  ] as const)
    expect((await begin(agent, path)).status).toBe(303);
  const ids = [one, two].map((path) => Number(path.split('/').at(-1)));
  await Promise.all(
    [...ids, ...ids].map((id) =>
      runImport(world.db, id, { now: world.clock.now(), mailDomain: 'office.example' }),
    ),
  );
  await world.runJobs();
  expect(await meetings()).toHaveLength(120);
  const counts = await row<{ done: number; there: number; clash: number }>(
    world.db,
    `select count(*) filter (where state = 'done') as done,
       count(*) filter (where state = 'there') as there, count(*) filter (where state = 'clash') as clash
       from import_rows`,
  );
  expect(counts).toEqual({ done: 120, there: 120, clash: 0 });
});

test('a run goes on where a killed worker stopped, and shows how far it is', async () => {
  const lines = Array.from({ length: 60 }, (_, n) => lineOf(n, 'Orchid'));
  const path = await bring(secretary, 'bookings', 'a.csv', `title,date,start,end,room\n${lines.join('\n')}`);
  await begin(secretary, path);
  // The first batch is through when the second one fails.
  const id = Number(path.split('/').at(-1));
  await world.owner.raw(`create function test_fail() returns trigger language plpgsql
      as $$ begin raise exception 'killed'; end $$;
    create trigger test_fail before insert on meetings
      for each row when (new.title = 'Meeting 30') execute function test_fail()`);
  await expect(
    runImport(world.db, id, { now: world.clock.now(), mailDomain: 'office.example' }),
  ).rejects.toThrow('killed');
  expect(await text(secretary, path)).toContain('25 of 60 bookings done');
  expect((await secretary.get(path)).text).toContain('data-refresh');
  await world.owner.raw(`drop trigger test_fail on meetings`);
  await world.runJobs();
  expect(await text(secretary, path)).toContain('60 bookings imported');
  expect(await meetings()).toHaveLength(60);
});

test('who is no longer a secretary imports nothing more', async () => {
  const path = await bring(secretary, 'mrbs', 'mrbs.sql', MYSQL_DUMP);
  await begin(secretary, path);
  await change(world.db, `update persons set role = 'member' where id = :id`, { id: cast.secretary.id });
  await world.runJobs();
  expect(await meetings()).toEqual([]);
  expect(await row(world.db, `select state, problem->>'key' as key from imports`)).toEqual({
    state: 'unreadable',
    key: 'moving.file.notAllowed',
  });
});

test('the same form sent twice is one import', async () => {
  const key = randomUUID();
  const sent = [
    await upload(secretary, 'mrbs', 'm.sql', MYSQL_DUMP, key),
    await upload(secretary, 'mrbs', 'm.sql', MYSQL_DUMP, key),
  ];
  expect(sent[0]?.headers.location).toBe(sent[1]?.headers.location);
  expect(await row(world.db, `select count(*) as imports from imports`)).toEqual({ imports: 1 });
});

test('a table of bookings needs a choice for rooms that nobody knows', async () => {
  const path = await bring(
    secretary,
    'bookings',
    'b.csv',
    'title,date,start,end,room\nA,2030-03-05,9,10,Nowhere\n',
  );
  const refused = await begin(secretary, path);
  expect(refused.status).toBe(422);
  expect(refused.text).toContain('Choose for each room');
  const foreign = await begin(secretary, path, { nowhere: 999_999 });
  expect(foreign.status).toBe(422);
  expect(await carryOut(secretary, path, { nowhere: 'new' })).toContain('1 booking imported');
});

test('old imports are removed with what they read; what was imported stays known', async () => {
  const path = await bring(secretary, 'mrbs', 'mrbs.sql', MYSQL_DUMP);
  await carryOut(secretary, path);
  await change(world.db, `update imports set created_at = now() - interval '31 days'`);
  await world.db.raw(`select graphile_worker.add_job('admin.cleanImports', '{}')`);
  await world.runJobs();
  expect(
    await rows(
      world.db,
      `select 1 from imports union all select 1 from import_rows union all select 1 from import_places`,
    ),
  ).toEqual([]);
  expect(await row(world.db, `select count(*) as known from imported_bookings`)).toEqual({ known: 3 });
});

describe('export', () => {
  test('bookings can be imported again without doubling, and hold no formula', async () => {
    const titles = ['=HYPERLINK("http://evil.example")', '+1', '＝cmd', 'Plain "quoted", 中文'];
    for (const [n, title] of titles.entries())
      await createMeeting(world.db, cast.organiser, {
        title,
        startsAt: new Date(Date.UTC(2030, 2, 5, 1 + n)),
        endsAt: new Date(Date.UTC(2030, 2, 5, 2 + n)),
        zone: 'Asia/Shanghai',
        roomIds: [cast.rooms.orchid],
      });
    const sent = await secretary
      .get('/admin/moving-in/export/bookings?from=2030-03-01&to=2030-03-31')
      .buffer(true);
    expect(sent.headers['content-disposition']).toContain('attachment');
    expect(sent.text.replace(/^\ufeff/, '').split('\r\n')[0]).toBe(
      'ID,Room,Date,Start,End,End date,Title,Organiser,Private,Description',
    );
    expect(sent.text).not.toMatch(/(^|,)"?[=+@＝]/m);
    const path = await bring(secretary, 'bookings', 'again.csv', sent.text);
    expect(await carryOut(secretary, path)).toContain('0 bookings imported 4 were there already');
    expect(await meetings()).toHaveLength(4);
    // Known by its UID after it was renamed and cancelled, too.
    await change(world.db, `delete from imported_bookings`);
    await change(
      world.db,
      `update meetings
        set title = 'Renamed', state = 'cancelled', cancelled_at = now(), cancel_reason = 'x'
        where title = '+1'`,
    );
    const renamed = await bring(second, 'bookings', 'again.csv', sent.text);
    expect(await carryOut(second, renamed)).toContain('0 bookings imported 4 were there already');
  });

  test('begins with the mark by which a spreadsheet knows UTF-8', async () => {
    for (const path of ['/admin/moving-in/export/rooms', '/admin/moving-in/export/bookings?from=nonsense']) {
      const sent = await secretary
        .get(path)
        .buffer(true)
        .parse((res, done) => {
          const parts: Buffer[] = [];
          res.on('data', (part: Buffer) => parts.push(part));
          res.on('end', () => done(null, Buffer.concat(parts)));
        });
      expect([...(sent.body as Buffer).subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    }
  });

  test('pages of the export leave no booking out and none twice', async () => {
    await world.owner.raw(
      `insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid)
       select 'Bulk ' || n, '2030-05-01T00:00Z'::timestamptz + (n / 7) * interval '1 minute',
         '2030-05-20T00:00Z', 'Asia/Shanghai', ${cast.organiser.id}, ${cast.organiser.id}, gen_random_uuid()
         from generate_series(1, 1234) n`,
    );
    const sent = await secretary.get('/admin/moving-in/export/bookings?from=2030-05-01&to=2030-05-31');
    expect(new Set(sent.text.match(/Bulk \d+/g)).size).toBe(1234);
    expect(sent.text.trim().split('\r\n')).toHaveLength(1235);
  });
});

describe('rooms', () => {
  const send = async (content: string) =>
    (await upload(secretary, 'rooms', 'rooms.csv', content)).headers.location as string;

  test('what is exported changes nothing, and twice doubles nothing', async () => {
    const sent = await secretary.get('/admin/moving-in/export/rooms');
    const path = await send(sent.text);
    const said = await text(secretary, path);
    expect(said).toContain('0 rooms will be added');
    expect(said).toContain('0 rooms will be changed');
    expect(said).toContain('2 rooms are there already');
    expect(said).toContain('0 lines cannot be used');
  });

  test('names each bad line, imports the good ones or nothing, with a hall above its parts', async () => {
    const content = [
      '编号,中文名称,座位数,开放时间,设备,组成',
      'hall,大厅,100,1-7 08:00-22:00,video; tea,left; right',
      'left,左厅,50,1-5 08:00-18:00,,',
      'right,右厅,50,-,,',
      'Bad Code,x,5,,,',
      'noseats,x,,,,',
      'left,again,5,,,',
      'odd,x,5,25:00,rocket,nothing',
    ].join('\n');
    const path = await send(content);
    const page = load((await secretary.get(path)).text);
    expect(
      page('table')
        .first()
        .find('tbody tr')
        .map((_, tr) => page(tr).find('td').last().text().trim())
        .get(),
    ).toEqual([
      '“Bad Code” is no code: lower-case letters, digits and hyphens, 40 at most',
      'the seats are missing',
      'the same code stands in line 3',
      expect.stringMatching(/“rocket” is no equipment.*“25:00” are no opening hours.*the part “nothing”/),
    ]);
    const refused = await secretary.post(`${path}/rooms`).type('form').send({ lines: 'all' });
    expect(refused.status).toBe(422);
    const answers = await Promise.all(
      [1, 2, 3].map(() => secretary.post(`${path}/rooms`).type('form').send({ lines: 'good' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(await text(secretary, path)).toContain('3 rooms added');
    expect(
      await row(
        world.db,
        `select count(*) as parts from room_parts p join rooms r on r.id = p.hall_id where r.code = 'hall'`,
      ),
    ).toEqual({ parts: 2 });
    const again = await send(content.split('\n').slice(0, 4).join('\n'));
    expect(await text(secretary, again)).toContain('3 rooms are there already');
    await change(
      world.db,
      `update rooms set owner_id = :owner, key_note = 'At the desk', min_people = 5 where code = 'left'`,
      { owner: cast.attendee.id },
    );
    await change(
      world.db,
      `insert into room_layouts (room_id, layout, capacity)
       select id, 'theatre', 40
         from rooms
        where code = 'left'`,
    );
    expect(await text(secretary, await send('code,seats\nleft,30\n'))).toContain(
      'fewer seats than one of the room’s layouts',
    );
    const other = await send('code,seats,equipment\nleft,60,白板; Video\n');
    await secretary.post(`${other}/rooms`).type('form').send({ lines: 'all' });
    expect(
      await row(world.db, `select capacity, name_zh, version from rooms where code = 'left'`),
    ).toMatchObject({ capacity: 60, name_zh: '左厅' });
    // What the table doesn't hold is kept.
    expect(
      await row(
        world.db,
        `select owner_id, key_note, min_people, equipment,
           (select capacity from room_layouts where room_id = r.id) as theatre
           from rooms r
          where code = 'left'`,
      ),
    ).toEqual({
      owner_id: cast.attendee.id,
      key_note: 'At the desk',
      min_people: 5,
      equipment: ['video', 'whiteboard'],
      theatre: 40,
    });
  });

  test('what is no table is told at the field', async () => {
    for (const [content, says] of [
      ['name,seats\nA,5\n', 'columns are missing'],
      ['code,seats\n"a,5\n', 'quotation mark'],
      ['code\n', 'There is no table'],
    ] as const) {
      const answer = await upload(secretary, 'rooms', 'rooms.csv', content);
      expect(answer.status).toBe(422);
      expect(load(answer.text)('#f-rooms-file-error').text()).toContain(says);
    }
  });
});
