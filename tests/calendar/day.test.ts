import { load } from 'cheerio';
import { createMeeting } from '../../src/meetings/commands.js';
import { releaseClaims } from '../../src/claims/commands.js';
import { inTransaction, row } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let agent: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  agent = await world.agent(cast.organiser);
});
afterAll(() => world.close());

async function book(
  title: string,
  roomId: number,
  on: string,
  from: number,
  to: number,
  by = cast.outsider,
  more = {},
) {
  const at = (hour: number) => new Date(Date.parse(`${on}T00:00:00+08:00`) + hour * 3_600_000);
  const made = await createMeeting(
    world.db,
    { id: by.id },
    { title, startsAt: at(from), endsAt: at(to), zone: 'Asia/Shanghai', roomIds: [roomId], ...more },
  );
  if (!made.ok) throw new Error('taken');
  return made.id;
}
const cells = (html: string, room: string) => {
  const page = load(html);
  return page(`tr:has(th:contains("${room}")) td`)
    .toArray()
    .map((cell) => `${page(cell).attr('class')} ${page(cell).attr('colspan')}`);
};

describe('the day of all rooms', () => {
  it('is a table of quarter hours in which each free stretch is one link', async () => {
    await book('Seminar', cast.rooms.orchid, '2030-03-05', 10, 11.5);
    const html = (await agent.get('/calendar?date=2030-03-05').expect(200)).text;
    expect(cells(html, 'Orchid')).toEqual(['is-free 8', 'is-busy 6', 'is-free 34']);
    const links = load(html)('tr:has(th:contains("Orchid")) td.is-free > a')
      .toArray()
      .map((one) => one.attribs['aria-label']);
    expect(links).toEqual(['Book Orchid, free 08:00 to 10:00', 'Book Orchid, free 11:30 to 20:00']);
    expect(html).not.toMatch(/style=/);
  });

  it('writes start and end apart for narrow cells, and tells the whole to the pointer', async () => {
    await book('Short talk', cast.rooms.orchid, '2030-06-03', 9.5, 10.25);
    const page = load((await agent.get('/calendar?date=2030-06-03')).text);
    const cell = page('td.is-busy');
    expect(cell.attr('title')).toBe('Short talk 09:30–10:15');
    expect(cell.find('i').text()).toBe('09:30–10:15');
    expect(cell.find('i > u').text()).toBe('–10:15');
  });

  it('opens its folded filter while it narrows the rooms', async () => {
    const isOpen = async (query: string) =>
      load((await agent.get(`/calendar?date=2030-03-04${query}`)).text)('.filter-fold').is('[open]');
    expect([await isOpen(''), await isOpen('&seats=4')]).toEqual([false, true]);
  });

  it('speaks Chinese to who reads Chinese', async () => {
    const html = (await (await world.agent(cast.attendee)).get('/calendar?date=2030-03-05')).text;
    expect(load(html)('td.is-free > a').first().attr('aria-label')).toBe('预订兰厅，08:00 至 10:00 空闲');
  });

  it('marks as mine what one organises, and what one takes part in', async () => {
    const mine = await book('Own', cast.rooms.bamboo, '2030-03-06', 9, 10, cast.organiser);
    const theirs = await book('Invited', cast.rooms.bamboo, '2030-03-06', 11, 12);
    await book('Foreign', cast.rooms.bamboo, '2030-03-06', 13, 14);
    await world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
      theirs,
      cast.organiser.id,
    ]);
    const page = load((await agent.get('/calendar?date=2030-03-06')).text);
    expect(
      page('td.is-mine b')
        .toArray()
        .map((one) => page(one).text()),
    ).toEqual(['Own', 'Invited']);
    expect(page('td.is-mine a').first().attr('href')).toBe(`/meetings/${mine}`);
  });

  it('is another page once a deputy or a member may know a private meeting, or no longer', async () => {
    const address = '/calendar?date=2030-03-08';
    const series =
      (
        await row<{ id: number }>(
          world.db,
          `insert into series (name, organiser_id, is_private, created_by)
           values ('Merger', :chair, true, :chair)
           returning id`,
          { chair: cast.chair.id },
        )
      )?.id ?? 0;
    const id = await book('Merger', cast.rooms.orchid, '2030-03-08', 9, 10, cast.chair, { isPrivate: true });
    await world.db.raw(`update meetings set series_id = ? where id = ?`, [series, id]);
    let etag = '';
    const seen = async () => {
      const answer = await agent.get(address).set('If-None-Match', etag);
      etag = answer.headers.etag ?? '';
      return answer.status === 304 ? 'unchanged' : /Merger/.test(answer.text);
    };
    expect([await seen(), await seen()]).toEqual([false, 'unchanged']);
    await world.db.raw(`insert into deputies (person_id, deputy_id) values (?, ?)`, [
      cast.chair.id,
      cast.organiser.id,
    ]);
    expect([await seen(), await seen()]).toEqual([true, 'unchanged']);
    await world.db.raw(`delete from deputies`);
    expect([await seen(), await seen()]).toEqual([false, 'unchanged']);
    await world.db.raw(`insert into series_members (series_id, person_id, role) values (?, ?, 'required')`, [
      series,
      cast.organiser.id,
    ]);
    expect([await seen(), await seen()]).toEqual([true, 'unchanged']);
    await world.db.raw(`delete from series_members`);
    expect(await seen()).toBe(false);
  });

  it('answers an unchanged revisit with 304, and any change of what it shows with the page', async () => {
    const address = '/calendar?date=2030-03-07';
    const id = await book('First', cast.rooms.orchid, '2030-03-07', 9, 10);
    const revisit = async () => {
      const etag = (await agent.get(address).expect(200)).headers.etag ?? '';
      expect(etag).not.toBe('');
      expect((await agent.get(address).set('If-None-Match', etag)).status).toBe(304);
      expect((await agent.get(address).set('If-None-Match', etag.replace('"', '"x'))).status).toBe(200);
      return async () => (await agent.get(address).set('If-None-Match', etag)).status;
    };
    let again = await revisit();
    await book('Elsewhere', cast.rooms.orchid, '2030-04-01', 9, 10);
    expect(await again()).toBe(304);
    world.clock.advance({ hours: 3 });
    expect(await again()).toBe(304);
    const changes: [string, () => Promise<unknown>][] = [
      ['a booking', () => book('Second', cast.rooms.bamboo, '2030-03-07', 9, 10)],
      ['a title', () => world.db.raw(`update meetings set title = 'Renamed' where id = ?`, [id])],
      [
        'an invitation',
        () =>
          world.db.raw(`insert into participants (meeting_id, person_id) values (?, ?)`, [
            id,
            cast.organiser.id,
          ]),
      ],
      [
        'an uninvitation',
        () => world.db.raw(`update participants set removed_at = now() where meeting_id = ?`, [id]),
      ],
      [
        'a cancellation',
        () =>
          inTransaction(world.db, (trx) =>
            releaseClaims(trx, { id: cast.outsider.id }, [id], { state: 'cancelled', reason: null }),
          ),
      ],
      [
        'a room',
        () =>
          world.db.raw(`update rooms set capacity = 13, version = version + 1 where id = ?`, [
            cast.rooms.orchid,
          ]),
      ],
      [
        'the language',
        () => world.db.raw(`update persons set lang = 'zh-CN' where id = ?`, [cast.organiser.id]),
      ],
      [
        'the theme',
        () => world.db.raw(`update persons set theme = 'dark' where id = ?`, [cast.organiser.id]),
      ],
    ];
    for (const [name, change] of changes) {
      again = await revisit();
      await change();
      expect([name, await again()]).toEqual([name, 200]);
    }
    await world.db.raw(`update persons set lang = 'en', theme = 'system' where id = ?`, [cast.organiser.id]);
    const other = await world.agent(cast.outsider);
    const etag = (await agent.get(address)).headers.etag ?? '';
    expect((await other.get(address).set('If-None-Match', etag)).status).toBe(200);
    world.clock.set('2030-03-04T01:00:00Z');
  });

  it('offers nothing that is past: today changes with the quarter hour', async () => {
    world.clock.set('2030-03-04T02:10:00Z');
    const first = await agent.get('/calendar');
    expect(cells(first.text, 'Orchid')).toEqual(['is-past 8', 'is-free 40']);
    expect(load(first.text)('.free-list a').first().text()).toMatch(/^Now, until 20:00/);
    world.clock.advance({ minutes: 4 });
    expect((await agent.get('/calendar').set('If-None-Match', first.headers.etag ?? '')).status).toBe(304);
    world.clock.advance({ minutes: 2 });
    expect((await agent.get('/calendar').set('If-None-Match', first.headers.etag ?? '')).status).toBe(200);
    expect(cells((await agent.get('/calendar?date=2030-03-01')).text, 'Orchid')).toEqual(['is-past 48']);
    world.clock.set('2030-03-04T01:00:00Z');
  });

  it('filters by seats and equipment and keeps the filter on the way to other days', async () => {
    await world.db.raw(`update rooms set equipment = '{video}', version = version + 1 where id = ?`, [
      cast.rooms.bamboo,
    ]);
    const page = load((await agent.get('/calendar?date=2030-03-05&seats=20&equipment=video')).text);
    expect(
      page('tbody th a')
        .toArray()
        .map((one) => page(one).text()),
    ).toEqual(['Bamboo']);
    expect(page('[data-key="]"]').attr('href')).toBe('/calendar?date=2030-03-06&seats=20&equipment=video');
    expect(page('input[name=equipment]:checked').val()).toBe('video');
    expect((await agent.get('/calendar?date=2030-03-05&seats=500')).text).toContain(
      'No room has all of that.',
    );
  });

  it('falls back on what makes sense in a broken address', async () => {
    for (const query of [
      'date=yesterday',
      'date=2030-02-30',
      'date=99999-01-01',
      'seats=-3&equipment=jacuzzi',
      'date=2030-03-05&date=2030-03-06',
      'x=1',
    ]) {
      expect((await agent.get(`/calendar?${query}`)).status).toBe(200);
    }
  });

  it('shows the hours of an office elsewhere on the reader’s own clock', async () => {
    await world.db.raw(`update persons set zone = 'Europe/Berlin' where id = ?`, [cast.chair.id]);
    const page = load((await (await world.agent(cast.chair)).get('/calendar?date=2030-03-05')).text);
    expect(page('thead th').eq(1).text()).toBe('01:00');
    expect(page('td.is-busy i').first().text()).toBe('03:00–04:30');
    expect(page('.zone-note').text()).toContain(
      'Central European Standard Time; the office keeps China Standard Time',
    );
    expect(
      load((await (await world.agent(cast.organiser)).get('/calendar?date=2030-03-05')).text)('.zone-note'),
    ).toHaveLength(0);
  });

  it('counts a booking of a divisible hall in the rows of its parts, and the other way round', async () => {
    const room = async (code: string) =>
      (
        await row<{ id: number }>(
          world.db,
          `insert into rooms (code, name_en, name_zh, capacity)
           values (:code, :code, :code, 50)
           returning id`,
          { code },
        )
      )?.id ?? 0;
    const [hall, east, west] = [await room('hall'), await room('hall-east'), await room('hall-west')];
    for (const id of [hall, east, west])
      await world.db.raw(
        `insert into room_hours select ?, d, '08:00', '20:00' from generate_series(1, 5) d`,
        [id],
      );
    await world.db.raw(`insert into room_parts values (?, ?), (?, ?)`, [hall, east, hall, west]);
    await book('Whole', hall, '2030-03-12', 9, 10);
    await book('Half', east, '2030-03-12', 12, 13);
    const html = (await agent.get('/calendar?date=2030-03-12')).text;
    const page = load(html);
    const titles = (at: number) =>
      page('tbody tr')
        .eq(at)
        .find('b')
        .toArray()
        .map((one) => page(one).text());
    expect(
      page('tbody th a')
        .toArray()
        .map((one) => page(one).text()),
    ).toEqual(['Orchid', 'Bamboo', 'hall', 'hall-east', 'hall-west']);
    expect([titles(2), titles(3), titles(4)]).toEqual([['Whole', 'Half'], ['Whole', 'Half'], ['Whole']]);
    await expect(book('Too', hall, '2030-03-12', 12, 14)).rejects.toThrow('taken');
    await expect(book('Too', west, '2030-03-12', 9, 11)).rejects.toThrow('taken');
    await book('Beside', west, '2030-03-12', 12, 13);
  });

  it('needs three queries at most, and two for an unchanged revisit', async () => {
    const asked: string[] = [];
    const note = ({ sql }: { sql: string }) => asked.push(sql);
    const first = await agent.get('/calendar?date=2030-03-05');
    world.db.on('query', note);
    await agent.get('/calendar?date=2030-03-05');
    expect(asked).toHaveLength(3);
    asked.length = 0;
    await agent.get('/calendar?date=2030-03-05').set('If-None-Match', first.headers.etag ?? '');
    expect(asked).toHaveLength(2);
    world.db.removeListener('query', note);
  });
});
