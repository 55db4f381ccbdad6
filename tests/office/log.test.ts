import { load } from 'cheerio';
import { DateTime } from 'luxon';
import { findLastVerification, sealEvents, verifyHistory } from '../../src/lib/audit/seal.js';
import { record } from '../../src/lib/audit/record.js';
import { change, row } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let administrator: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  administrator = await world.agent(cast.administrator);
});
afterAll(() => world.close());

const lines = (html: string) =>
  load(html)('tbody tr')
    .map((_, line) => load(line).text().replace(/\s+/g, ' ').trim())
    .get();

async function meeting(title: string, isPrivate: boolean): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into meetings (title, starts_at, ends_at, zone, is_private, organiser_id, created_by, uid)
     values (:title, '2030-03-05T01:00Z', '2030-03-05T02:00Z', 'Asia/Shanghai', :isPrivate, :by, :by,
       gen_random_uuid())
     returning id`,
    { title, isPrivate, by: cast.organiser.id },
  );
  return made?.id ?? 0;
}
async function item(meetingId: number, title: string, isRestricted: boolean): Promise<number> {
  const made = await row<{ id: number }>(
    world.db,
    `insert into agenda_items (meeting_id, title, is_restricted, created_by)
     values (:meetingId, :title, :isRestricted, :by)
     returning id`,
    { meetingId, title, isRestricted, by: cast.organiser.id },
  );
  return made?.id ?? 0;
}

describe('the log', () => {
  test('tells who did what to which thing, with before and after', async () => {
    const page = load((await administrator.get('/admin/office')).text);
    await administrator
      .post('/admin/office')
      .type('form')
      .send({
        name_en: 'Harbour Office',
        name_zh: '海港办',
        lang: 'en',
        zone: 'Asia/Shanghai',
        office_head: 'Zhou Zheng',
        review_gates: 'none',
        version: page('input[name=version]').val(),
      });
    const [newest] = lines((await administrator.get('/admin/log')).text);
    expect(newest).toContain('Guan Ping');
    expect(newest).toContain('Changed the organisation');
    expect(newest).toContain('Name in English: Harbour District Office → Harbour Office');
    expect(newest).toContain('Office head: Zhou Zheng');
  });

  test('speaks words in both languages: names for ids, no code and no braces', async () => {
    const rooms = [cast.rooms.orchid, cast.rooms.bamboo];
    await record(
      world.db,
      { id: cast.organiser.id },
      {
        action: 'meeting.update',
        noun: 'meetings',
        id: 1,
        before: { room_ids: [rooms[0]], people: 2, is_busy_only: true },
        after: {
          room_ids: rooms,
          people: [
            { role: 'required', person_id: cast.chair.id },
            { role: 'informed', person_id: cast.attendee.id },
          ],
          is_busy_only: false,
        },
      },
    );
    const [newest = ''] = lines((await administrator.get('/admin/log')).text);
    expect(newest).toContain('Rooms: Orchid → Orchid, Bamboo');
    expect(newest).toContain('People: 2 → Zhou Zheng (Required), Chen An (Informed)');
    await world.owner.raw(`update persons set lang = 'zh-CN' where id = ?`, [cast.administrator.id]);
    const [chinese = ''] = lines((await administrator.get('/admin/log')).text);
    await world.owner.raw(`update persons set lang = 'en' where id = ?`, [cast.administrator.id]);
    expect(chinese).toContain('仅显示忙闲：是 → 否');
    expect(newest + chinese).not.toMatch(/[{}_]/);
  });

  test('can be cut by person, kind of thing and day', async () => {
    const secretary = await world.agent(cast.secretary);
    await secretary
      .post('/profile')
      .type('form')
      .send({ lang: 'en', zone: 'Asia/Shanghai', theme: 'dark', density: 'compact' });
    const by = async (query: string) => lines((await administrator.get(`/admin/log?${query}`)).text);
    expect(await by(`person=${cast.secretary.id}`)).toHaveLength(1);
    expect(await by(`who=${encodeURIComponent('He Jing')}`)).toHaveLength(1);
    expect(await by('who=Nobody+Known')).toHaveLength(0);
    expect((await by('noun=organisations')).every((line) => line.includes('organisation'))).toBe(true);
    expect(await by(`noun=persons&id=${cast.secretary.id}`)).toHaveLength(1);
    const today = DateTime.now().setZone('Asia/Shanghai').toISODate();
    expect((await by(`from=2020-01-01&to=${today}`)).length).toBeGreaterThan(1);
    expect(await by('to=2020-01-01')).toHaveLength(0);
    for (const day of ['9999-12-31', '0001-01-01', '2200-01-01'])
      expect((await administrator.get(`/admin/log?from=${day}&to=${day}`)).status).toBe(200);
    expect((await by('from=nonsense&noun=x&before=-1')).length).toBeGreaterThan(1);
  });

  test('turns its pages from entry to entry', async () => {
    await change(
      world.db,
      `insert into audit_events (action, noun, noun_id)
       select 'room.update', 'rooms', n
         from generate_series(1, 230) n`,
    );
    const first = load((await administrator.get('/admin/log?noun=rooms')).text);
    expect(first('tbody tr')).toHaveLength(100);
    const second = load((await administrator.get(first('a[rel=next]').attr('href') as string)).text);
    const third = load((await administrator.get(second('a[rel=next]').attr('href') as string)).text);
    expect(third('tbody tr')).toHaveLength(30);
    expect(third('a[rel=next]')).toHaveLength(0);
  });

  test('shows nothing of what a private meeting or a restricted item said', async () => {
    const secret = await meeting('Layoffs', true);
    const open = await meeting('Budget', false);
    const [restricted, plain] = [
      await item(open, 'Bonus of the director', true),
      await item(open, 'Printers', false),
    ];
    const statement = await row<{ id: number }>(
      world.db,
      `insert into statements (meeting_id, item_id, kind, text, created_by)
       values (:open, :restricted, 'noted', 'x', :by)
       returning id`,
      { open, restricted, by: cast.organiser.id },
    );
    const tell = (noun: string, id: number, meetingId: number, text: string) =>
      record(
        world.db,
        { id: cast.organiser.id },
        {
          action: 'item.change',
          noun,
          id,
          meetingId,
          before: { title: text },
          after: { title: `${text}!` },
          note: text,
        },
      );
    await tell('meetings', secret, secret, 'Layoffs in spring');
    await tell('agenda_items', restricted, open, 'Bonus of the director');
    await tell('statements', statement?.id ?? 0, open, 'Bonus is 40 %');
    await tell('minutes', 1, open, 'Minutes with the bonus');
    await tell('agenda_items', plain, open, 'Printers are old');
    const poll = await row<{ id: number }>(
      world.db,
      `insert into polls (title, organiser_id, created_by, zone, is_private, deadline_at)
       values ('Severance', :by, :by, 'Asia/Shanghai', true, '2030-03-06T00:00Z')
       returning id`,
      { by: cast.organiser.id },
    );
    await record(
      world.db,
      { id: cast.organiser.id },
      { action: 'poll.create', noun: 'polls', id: poll?.id ?? 0, after: { title: 'Severance' } },
    );
    const text = (await administrator.get('/admin/log')).text;
    expect(text).toContain('Printers are old');
    for (const word of ['Layoffs', 'Bonus', 'bonus', '40 %', 'Severance']) expect(text).not.toContain(word);
    expect(text).toContain('private meeting or a restricted item');
  });

  test('is for administrators', async () => {
    for (const person of [cast.organiser, cast.secretary]) {
      const agent = await world.agent(person);
      for (const path of ['/admin/log', '/admin/office', '/admin/mail'])
        expect((await agent.get(path)).status).toBe(403);
    }
  });
});

describe('the chain of seals', () => {
  test('fits while nothing was touched, and goes on where it stopped', async () => {
    expect(await sealEvents(world.db)).toBeGreaterThan(200);
    expect(await sealEvents(world.db)).toBe(0);
    await record(world.db, { id: null }, { action: 'room.update', noun: 'rooms' });
    expect(await sealEvents(world.db)).toBe(1);
    const found = await verifyHistory(world.db);
    expect(found).toMatchObject({ broken_seq: null, unsealed: 0 });
    expect(found.head_hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('two sealers at once make one chain', async () => {
    await change(
      world.db,
      `insert into audit_events (action, noun) select 'room.update', 'rooms' from generate_series(1, 500)`,
    );
    const sealed = await Promise.all([sealEvents(world.db), sealEvents(world.db), sealEvents(world.db)]);
    expect(sealed.reduce((a, b) => a + b)).toBe(500);
    expect((await verifyHistory(world.db)).broken_seq).toBeNull();
  });

  test('an event that committed late gets its seal', async () => {
    const late = await world.db.transaction();
    await record(late, { id: null }, { action: 'room.create', noun: 'rooms' });
    await record(world.db, { id: null }, { action: 'room.update', noun: 'rooms' });
    expect(await sealEvents(world.db)).toBe(1);
    await late.commit();
    expect(await sealEvents(world.db)).toBe(1);
  });

  test('no event and no seal can be changed, not even by the owner of the tables in plain SQL', async () => {
    for (const sql of [
      `update audit_events set action = 'x'`,
      `delete from audit_seals`,
      `truncate audit_events cascade`,
    ]) {
      await expect(change(world.db, sql)).rejects.toThrow(/permission denied/);
      await expect(change(world.owner, sql)).rejects.toThrow(/append-only/);
    }
  });

  test('names the place when somebody changed an event behind its back', async () => {
    await world.owner.raw(`alter table audit_events disable trigger all`);
    const victim = await row<{ seq: number; id: number }>(
      world.db,
      `select seq, event_id as id from audit_seals order by seq offset 10 limit 1`,
    );
    await change(world.owner, `update audit_events set note = 'nothing happened' where id = :id`, {
      id: victim?.id,
    });
    expect((await verifyHistory(world.db)).broken_seq).toBe(victim?.seq);
    await change(world.owner, `update audit_events set note = null where id = :id`, { id: victim?.id });
    expect((await verifyHistory(world.db)).broken_seq).toBeNull();
  });

  test('notices a chain that was cut off and written anew', async () => {
    await world.owner.raw(`alter table audit_seals disable trigger all`);
    await verifyHistory(world.db);
    await change(world.owner, `delete from audit_seals where seq > 100`);
    expect((await verifyHistory(world.db)).broken_seq).toBe(101);
    await sealEvents(world.db);
    await change(world.owner, `delete from audit_seals`);
    await change(
      world.owner,
      `update audit_events set note = 'forged' where id = (select min(id) from audit_events)`,
    );
    await sealEvents(world.db);
    expect((await verifyHistory(world.db)).broken_seq).not.toBeNull();
  });

  test('is walked by the worker when asked, and the page says what was found', async () => {
    const before = (await findLastVerification(world.db))?.at;
    expect((await administrator.post('/admin/log/verification')).status).toBe(303);
    await world.runJobs();
    const found = await findLastVerification(world.db);
    expect(found?.at).not.toEqual(before);
    expect((await administrator.get('/admin/log')).text).toMatch(
      /from seal \d+ on, the log is not as it was written/,
    );
    expect((await administrator.get('/admin')).text).toContain('is not as it was written');
  });
});

describe('admin pages', () => {
  test('the index speaks in sentences, to secretaries of less', async () => {
    const page = load((await administrator.get('/admin')).text);
    expect(page('main').text().replace(/\s+/g, ' ')).toContain(
      '7 people work here. They belong to 2 units. 1 guest from outside is known.',
    );
    expect(page('a[href="/admin/log"]').length).toBe(1);
    const less = load((await (await world.agent(cast.secretary)).get('/admin')).text);
    expect(less('a[href="/admin/log"]').length).toBe(0);
    expect((await (await world.agent(cast.organiser)).get('/admin')).status).toBe(403);
  });

  test('a stale save of the organisation keeps both', async () => {
    const now = await row<{ version: number; name_en: string }>(
      world.db,
      `update organisations set version = version + 1 returning version, name_en`,
    );
    const form = {
      name_en: 'Mine',
      name_zh: '我的',
      lang: 'en',
      zone: 'Asia/Shanghai',
      office_head: '',
      review_gates: 'one',
      version: String((now?.version ?? 0) - 1),
    };
    const stale = await administrator.post('/admin/office').type('form').send(form);
    expect(stale.status).toBe(409);
    expect(load(stale.text)('#f-name_en').val()).toBe('Mine');
    expect(load(stale.text)('#f-name_en-hint').text()).toContain(now?.name_en);
    const wrong = await administrator
      .post('/admin/office')
      .type('form')
      .send({ ...form, name_en: '', name_zh: '' });
    expect(wrong.status).toBe(422);
  });

  test('mail settings never show the password', async () => {
    const other = await testWorld({ smtpUrl: 'smtp://user:s3cret@mail.office.example:587' });
    try {
      const people = await makeCast(other.db);
      const page = await (await other.agent(people.administrator)).get('/admin/mail');
      expect(page.text).toContain('mail.office.example:587');
      expect(page.text).not.toContain('s3cret');
    } finally {
      await other.close();
    }
  });

  test('a test message goes to the administrator', async () => {
    expect((await administrator.post('/admin/mail/test')).headers.location).toBe('/admin/mail');
    await world.runJobs();
    expect(await row(world.db, `select kind, to_address, state from deliveries`)).toEqual({
      kind: 'admin.testMail',
      to_address: cast.administrator.email,
      state: 'captured',
    });
  });
});
