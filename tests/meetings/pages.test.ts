import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { createMeeting } from '../../src/meetings/commands.js';
import { addParticipants } from '../../src/meetings/participantCommands.js';
import { findMeeting, listParticipants } from '../../src/meetings/queries.js';
import { row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let attendee: Agent;
let outsider: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, attendee, outsider] = await Promise.all([
    world.agent(cast.organiser),
    world.agent(cast.attendee),
    world.agent(cast.outsider),
  ]);
});
afterAll(() => world.close());

const form = (more: Record<string, unknown> = {}) => ({
  title: 'Budget',
  on: '2030-03-05',
  from: '9',
  to: '10：30',
  zone: 'Asia/Shanghai',
  lang: 'en',
  key: randomUUID(),
  ...more,
});
const post = (agent: Agent, path: string, fields: Record<string, unknown>) =>
  agent.post(path).type('form').send(fields);
async function book(day: string, more: Record<string, unknown> = {}): Promise<number> {
  const answer = await post(organiser, '/meetings', form({ on: day, ...more }));
  expect(answer.status).toBe(303);
  return Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
}

describe('the form', () => {
  it('books with times as people type them, and again with the same key books once', async () => {
    const fields = form({
      rooms: [String(cast.rooms.orchid), ''],
      link: 'https://meet.example/1',
      description: 'a\r\nb',
    });
    const first = await post(organiser, '/meetings', fields);
    const second = await post(organiser, '/meetings', fields);
    expect([first.status, first.headers.location]).toEqual([second.status, second.headers.location]);
    const meeting = await findMeeting(
      world.db,
      cast.organiser,
      Number(/\d+$/.exec(first.headers.location ?? '')?.[0]),
    );
    expect(meeting).toMatchObject({
      starts_at: new Date('2030-03-05T01:00:00Z'),
      ends_at: new Date('2030-03-05T02:30:00Z'),
      description: 'a\nb',
      link: 'https://meet.example/1',
    });
    expect(meeting.uid).toMatch(/@office\.example$/);
  });

  it('says what is wrong at the field, on top and in the title, and keeps what was typed', async () => {
    const answer = await post(
      organiser,
      '/meetings',
      form({ title: '', from: 'noon', link: 'javascript:alert(1)', place: 'Town hall' }),
    );
    expect(answer.status).toBe(422);
    const $ = load(answer.text);
    expect($('title').text()).toMatch(/^Error:/);
    expect(
      $('.error-summary a')
        .map((_, a) => $(a).attr('href'))
        .get(),
    ).toEqual(['#f-title', '#f-from', '#f-link']);
    expect($('#f-place').val()).toBe('Town hall');
    expect($('#f-from').val()).toBe('noon');
  });

  it('refuses a time that a clock change skips, and explains it', async () => {
    const answer = await post(
      organiser,
      '/meetings',
      form({ on: '2030-03-31', from: '02:30', to: '04:00', zone: 'Europe/Berlin' }),
    );
    expect(answer.status).toBe(422);
    expect(load(answer.text)('#f-from-error').text()).toContain(
      '02:30 does not exist on that day in Europe/Berlin',
    );
    const other = await post(organiser, '/meetings', form({ on: '2030-03-08', from: '14:00', to: '13:00' }));
    expect(load(other.text)('#f-to-error').text()).toContain('The end must be after the start');
    const night = await book('2030-03-08', { from: '22:00', to: '01:00', to_on: '2030-03-09' });
    expect(await findMeeting(world.db, cast.organiser, night)).toMatchObject({
      ends_at: new Date('2030-03-08T17:00:00Z'),
    });
  });

  it(
    'answers a taken room with who has it and with rooms and times that are free, and books the ' +
      'one picked',
    async () => {
      await book('2030-03-06', { rooms: String(cast.rooms.orchid), title: 'Was here first' });
      const clash = await post(
        attendee,
        '/meetings',
        form({ on: '2030-03-06', rooms: String(cast.rooms.orchid), title: 'Second' }),
      );
      expect(clash.status).toBe(409);
      const $ = load(clash.text);
      expect($('[role=alert]').text()).toContain('Was here first');
      expect($('#f-title').val()).toBe('Second');
      const pick = $('button[name=pick]').first().attr('value') ?? '';
      expect(pick).toBe(`room:${cast.rooms.bamboo}`);
      const time = $('button[name=pick][value^="time:"]').first().attr('value') ?? '';
      const booked = await post(
        attendee,
        '/meetings',
        form({ on: '2030-03-06', rooms: String(cast.rooms.orchid), title: 'Second', pick: time }),
      );
      expect(booked.status).toBe(303);
      const made = await findMeeting(
        world.db,
        cast.attendee,
        Number(/\d+$/.exec(booked.headers.location ?? '')?.[0]),
      );
      expect(made.rooms.map(({ id }) => id)).toEqual([cast.rooms.orchid]);
      expect(made.starts_at).not.toEqual(new Date('2030-03-06T01:00:00Z'));
    },
  );

  it('says only "taken" when the other meeting is private', async () => {
    await book('2030-03-07', { rooms: String(cast.rooms.orchid), title: 'Dismissal of Q', is_private: 'on' });
    const early = await post(
      outsider,
      '/meetings',
      form({ on: '2030-03-07', from: '06:00', to: '07:00', rooms: String(cast.rooms.orchid) }),
    );
    expect(load(early.text)('[role=alert] h2').text().trim()).toBe('The room cannot be booked then');
    const clash = await post(
      outsider,
      '/meetings',
      form({ on: '2030-03-07', rooms: String(cast.rooms.orchid) }),
    );
    expect(clash.status).toBe(409);
    expect(clash.text).not.toContain('Dismissal');
    expect(load(clash.text)('[role=alert]').text()).toContain('Orchid is taken');
  });

  it('keeps both texts when two people change the same meeting', async () => {
    const id = await book('2030-03-11');
    const fields = { ...form({ on: '2030-03-11', version: 1, title: 'Mine' }), key: undefined };
    expect((await post(organiser, `/meetings/${id}`, { ...fields, title: 'Theirs' })).status).toBe(303);
    const stale = await post(organiser, `/meetings/${id}`, fields);
    expect(stale.status).toBe(409);
    const $ = load(stale.text);
    expect($('#f-title').val()).toBe('Mine');
    expect($('table').text()).toContain('Theirs');
    expect($('input[name=version]').val()).toBe('2');
    expect((await post(organiser, `/meetings/${id}`, { ...fields, version: 2 })).status).toBe(303);
    expect(await findMeeting(world.db, cast.organiser, id)).toMatchObject({ title: 'Mine', version: 3 });
  });

  it(
    'is for who keeps the meeting: others get 403, of a private one 404, unknown fields are ' + 'refused',
    async () => {
      const id = await book('2030-03-12');
      expect((await outsider.get(`/meetings/${id}/edit`)).status).toBe(403);
      expect(
        (await post(outsider, `/meetings/${id}`, { ...form({ version: 1 }), key: undefined })).status,
      ).toBe(403);
      const hidden = await book('2030-03-12', { is_private: 'on' });
      expect((await outsider.get(`/meetings/${hidden}/edit`)).status).toBe(404);
      expect((await post(organiser, '/meetings', form({ state: 'ended' }))).status).toBe(422);
      expect((await post(outsider, '/meetings', form({ organiser: String(cast.chair.id) }))).status).toBe(
        403,
      );
      expect((await (await world.agent()).get('/meetings/new')).status).toBe(303);
    },
  );
});

describe('the list', () => {
  it(
    'shows mine or all, coming or past, by state, unit and title, and nothing private to ' + 'others',
    async () => {
      await book('2030-03-14', { title: 'Harbour 100%_plan' });
      await book('2030-03-14', { title: 'Secret harbour', is_private: 'on' });
      const titles = async (agent: Agent, query: string) =>
        load((await agent.get(`/meetings?${query}`)).text)('.row-title')
          .map((_, a) => load(a).text())
          .get();
      expect(await titles(organiser, 'q=harbour')).toEqual(['Harbour 100%_plan', 'Secret harbour']);
      expect(await titles(organiser, 'q=%25_')).toEqual(['Harbour 100%_plan']);
      expect(await titles(outsider, 'whose=mine')).toEqual([]);
      expect(await titles(outsider, 'whose=all&q=harbour')).toEqual(['Harbour 100%_plan']);
      // By any part of a title, in any language and case, whether it begins at an even or an odd place of it.
      await book('2030-03-14', { title: '第三季度预算会议 Q3' });
      for (const part of ['第三', '三季', '度预算', '预算会', '算会议 q', '议', '3'])
        expect(await titles(outsider, `whose=all&q=${encodeURIComponent(part)}`)).toEqual([
          '第三季度预算会议 Q3',
        ]);
      expect(await titles(outsider, `whose=all&q=${encodeURIComponent('会预')}`)).toEqual([]);
      expect(await titles(outsider, `whose=all&unit=${cast.units.finance}`)).toEqual([]);
      expect(await titles(organiser, 'when=past')).toEqual([]);
      expect(await titles(organiser, 'state=cancelled')).toEqual([]);
      expect((await organiser.get('/meetings?state=nonsense&after=x&series=abc')).status).toBe(200);
    },
  );

  it('goes through pages without losing or doubling one', async () => {
    for (let i = 0; i < 60; i++) {
      await createMeeting(
        world.db,
        { id: cast.reviewer.id },
        {
          title: `Paged ${i}`,
          startsAt: new Date(Date.UTC(2030, 5, 3, i % 4)),
          endsAt: new Date(Date.UTC(2030, 5, 3, 5)),
          zone: 'Asia/Shanghai',
          roomIds: [],
        },
      );
    }
    const reviewer = await world.agent(cast.reviewer);
    const seen: string[] = [];
    for (let path: string | undefined = '/meetings?q=Paged'; path;) {
      const $: ReturnType<typeof load> = load((await reviewer.get(path)).text);
      seen.push(
        ...$('.row-title')
          .map((_, a) => $(a).text())
          .get(),
      );
      path = $('.pages a[rel=next]').attr('href');
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen).size).toBe(60);
  });
});

describe('cancelling', () => {
  it('asks for a reason, frees the room, and is undone while the room is free', async () => {
    const id = await book('2030-03-13', { rooms: String(cast.rooms.orchid) });
    expect((await post(organiser, `/meetings/${id}/cancellation`, { reason: ' ' })).status).toBe(422);
    expect((await post(outsider, `/meetings/${id}/cancellation`, { reason: 'x' })).status).toBe(403);
    expect((await organiser.get(`/meetings/${id}/cancellation`)).text).toContain('Cancel the meeting');
    expect(
      (await post(organiser, `/meetings/${id}/cancellation`, { reason: 'Nobody can come' })).status,
    ).toBe(303);
    expect((await organiser.get(`/meetings/${id}/edit`)).status).toBe(409);
    await book('2030-03-13', { rooms: String(cast.rooms.orchid), title: 'Took the slot' });
    const taken = await post(organiser, `/meetings/${id}/restoration`, {});
    expect(taken.status).toBe(409);
    expect(taken.text).toContain('Took the slot');
    const room = load(taken.text)('input[name=room]').first().val();
    expect((await post(organiser, `/meetings/${id}/restoration`, { room })).status).toBe(303);
    expect((await findMeeting(world.db, cast.organiser, id)).rooms.map((one) => one.id)).toEqual([
      cast.rooms.bamboo,
    ]);
  });

  it('says what became of the place when it is undone', async () => {
    const told = async (room: Record<string, unknown>) => {
      const id = await book('2030-05-13', { rooms: String(cast.rooms.orchid) });
      await post(organiser, `/meetings/${id}/cancellation`, { reason: 'Nobody can come' });
      const answer = await post(organiser, `/meetings/${id}/restoration`, room);
      const notice = load((await organiser.get(answer.headers.location ?? '')).text)('.notice-ok')
        .text()
        .trim();
      await post(organiser, `/meetings/${id}/cancellation`, { reason: 'Not after all' });
      return notice;
    };
    expect(await told({})).toBe('The meeting is back in its place.');
    expect(await told({ room: cast.rooms.bamboo })).toBe('The meeting is on again, in the other room.');
    expect(await told({ room: 'none' })).toBe('The meeting is on again. It has no room yet.');
  });
});

describe('people', () => {
  it(
    'adds from the directory, guests line by line and whole units, and tells lines it cannot ' + 'read',
    async () => {
      const id = await book('2030-03-15');
      expect(
        (await post(organiser, `/meetings/${id}/people`, { person: 'Zhou Zheng', role: 'chair' })).status,
      ).toBe(303);
      const bad = await post(organiser, `/meetings/${id}/people`, {
        people: 'Nobody Known\nx <not an address@>',
        role: 'required',
      });
      expect(bad.status).toBe(422);
      expect(load(bad.text)('#f-people-error').text()).toMatch(/Nobody Known.*no usable e-mail/s);
      const people =
        '陈安\n"Anna Smith" <Anna@Else.example>, guest@elsewhere.example; Müller, Jan <jan@else.example>';
      expect((await post(organiser, `/meetings/${id}/people`, { people, role: 'optional' })).status).toBe(
        303,
      );
      await post(organiser, `/meetings/${id}/people`, {
        unit: String(cast.units.finance),
        role: 'in_attendance',
      });
      const list = await listParticipants(world.db, id);
      expect(list.map((one) => [one.name, one.role])).toEqual(
        expect.arrayContaining([
          ['周正', 'chair'],
          ['陈安', 'optional'],
          ['Anna Smith', 'optional'],
          ['Alex Guest', 'optional'],
          ['Müller, Jan', 'optional'],
          ['沈岚', 'in_attendance'],
        ]),
      );
      expect(
        (
          await row<{ n: number }>(
            world.db,
            `select count(*) as n from persons where email = 'guest@elsewhere.example'`,
          )
        )?.n,
      ).toBe(1);
      const page = await attendee.get(`/meetings/${id}/people`);
      expect(page.text).toContain('周正');
      expect(page.text).not.toContain('name="people"');
      expect((await outsider.get(`/meetings/${id}/people`)).status).toBe(200); // of Finance, so now invited
      const other = await book('2030-03-15');
      expect((await outsider.get(`/meetings/${other}/people`)).status).toBe(403);
      expect(
        (await post(outsider, `/meetings/${other}/people`, { person: '陈安', role: 'required' })).status,
      ).toBe(403);
    },
  );

  it('prints the attendance sheet and name plates of those who are expected', async () => {
    const id = await book('2030-03-18');
    await addParticipants(world.db, { id: cast.organiser.id }, id, [
      { personId: cast.chair.id, role: 'chair' },
      { personId: cast.outsider.id, role: 'informed' },
    ]);
    const sheet = load((await organiser.get(`/meetings/${id}/attendance-sheet`)).text);
    expect(sheet('tbody tr').first().text()).toContain('Zhou Zheng');
    expect(sheet('tbody').text()).not.toContain('Wei Ran');
    expect(load((await organiser.get(`/meetings/${id}/name-plates`)).text)('.plate')).toHaveLength(1);
  });

  it('sends a message to everybody once, in the words of the sender', async () => {
    const id = await book('2030-03-19');
    await addParticipants(world.db, { id: cast.organiser.id }, id, [
      { personId: cast.chair.id, role: 'chair' },
      { personId: cast.attendee.id, role: 'required' },
    ]);
    const fields = { subject: 'Bring the <plan>', text: 'See you\nthere', key: randomUUID() };
    await post(organiser, `/meetings/${id}/message`, fields);
    await post(organiser, `/meetings/${id}/message`, fields);
    expect((await post(attendee, `/meetings/${id}/message`, { ...fields, key: randomUUID() })).status).toBe(
      403,
    );
    await world.runJobs();
    expect(
      await rows(
        world.db,
        `select person_id, state
         from deliveries
         where kind = 'meetings.message' and meeting_id = :id
         order by person_id`,
        { id },
      ),
    ).toEqual([
      { person_id: cast.attendee.id, state: 'captured' },
      { person_id: cast.chair.id, state: 'captured' },
    ]);
  });
});
