import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { setMembers } from '../../src/series/memberCommands.js';
import { removeParticipant } from '../../src/meetings/participantCommands.js';
import { listParticipants } from '../../src/meetings/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let organiser: Agent;
let outsider: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, outsider] = (await Promise.all([world.agent(cast.organiser), world.agent(cast.outsider)])) as [
    Agent,
    Agent,
  ];
});
afterEach(() => world.db.raw(`update room_claims set state = 'cancelled'`));
afterAll(() => world.close());

const post = (agent: Agent, path: string, fields: Record<string, unknown>) =>
  agent.post(path).type('form').send(fields);
const form = (more: Record<string, unknown> = {}) => ({
  name: 'Weekly leadership',
  organiser: String(cast.organiser.id),
  lang: 'en',
  first_number: '42',
  gates: '',
  frequency: 'weekly',
  every: '1',
  weekday: '1',
  month_day: '1',
  nth: '1',
  nth_weekday: '1',
  from_on: '2030-04-01',
  until_on: '2030-04-30',
  from: '9',
  to: '10',
  zone: 'Asia/Shanghai',
  rooms: String(cast.rooms.orchid),
  chair: '周正',
  members: '陈安',
  key: randomUUID(),
  ...more,
});
/**
 * Sends the plan page as a browser does: hidden fields, choices and reasons as they stand, with changes by
 * date.
 */
function confirm(
  html: string,
  changes: Record<string, { choice?: string; reason?: string }> = {},
): [string, Record<string, unknown>] {
  const $ = load(html);
  const fields: Record<string, unknown> = {};
  const at = $('input[name=at]')
    .map((_, field) => String($(field).val()))
    .get();
  $('form input[type=hidden]')
    .filter((_, field) => $(field).attr('name') !== 'at')
    .each((_, field) => {
      const name = $(field).attr('name') ?? '';
      if ((name !== 'lang' && name !== 'next') || $(field).closest('main').length)
        fields[name] = $(field).val();
    });
  fields.at = at;
  fields.choice = $('select[name=choice]')
    .map((i, field) => changes[at[i] ?? '']?.choice ?? String($(field).val()))
    .get();
  fields.reason = at.map((on, i) => changes[on]?.reason ?? String($('input[name=reason]').eq(i).val()));
  return [$('main form').attr('action') ?? '', fields];
}
async function make(more: Record<string, unknown> = {}): Promise<number> {
  const plan = await post(organiser, '/series', form(more));
  expect(plan.status).toBe(200);
  const saved = await post(organiser, ...confirm(plan.text));
  expect(saved.status).toBe(303);
  return Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
}
const dates = (series: number) =>
  rows<{ number: number | null; state: string; starts_at: Date }>(
    world.db,
    `select number, state, starts_at from meetings where series_id = :series order by starts_at`,
    { series },
  );

describe('making one', () => {
  it(
    'shows the dates first and saves nothing, then books, numbers and fills them with the ' + 'members',
    async () => {
      const count = async () => (await row<{ n: number }>(world.db, `select count(*) as n from meetings`))?.n;
      const before = await count();
      const plan = await post(organiser, '/series', form());
      expect(load(plan.text)('h1').text()).toContain('Weekly leadership');
      expect(load(plan.text)('tbody tr')).toHaveLength(5);
      expect(await count()).toBe(before);
      const [path, fields] = confirm(plan.text);
      const saved = await post(organiser, path, fields);
      const again = await post(organiser, path, fields);
      expect([saved.status, saved.headers.location]).toEqual([again.status, again.headers.location]);
      const series = Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
      expect((await dates(series)).map(({ number }) => number)).toEqual([42, 43, 44, 45, 46]);
      const first = await row<{ id: number; uid: string }>(
        world.db,
        `select id, uid from meetings where series_id = :series order by starts_at limit 1`,
        { series },
      );
      expect(first?.uid).toMatch(/@office\.example$/);
      expect(
        (await listParticipants(world.db, first?.id ?? 0)).map(({ name, role }) => [name, role]),
      ).toEqual([
        ['周正', 'chair'],
        ['陈安', 'required'],
      ]);
      expect(
        await row(
          world.db,
          `select count(*) as n
         from room_claims
         where meeting_id in (select id from meetings where series_id = :series) and state = 'confirmed'`,
          { series },
        ),
      ).toEqual({ n: 5 });
      const page = load((await outsider.get(`/series/${series}`)).text);
      expect(page('.row-title').first().text()).toBe('Weekly leadership no. 42');
      expect(page('main').text()).not.toContain('Chen An');
    },
  );

  it('shows dates that clash with a choice each, and saves all or nothing', async () => {
    const taken = async (on: string, from: string, to: string, room = cast.rooms.orchid) => {
      const made = await createMeeting(
        world.db,
        { id: cast.reviewer.id },
        {
          title: 'In the way',
          startsAt: new Date(`${on}T${from}+08:00`),
          endsAt: new Date(`${on}T${to}+08:00`),
          zone: 'Asia/Shanghai',
          roomIds: [room],
        },
      );
      expect(made.ok).toBe(true);
    };
    await taken('2030-04-08', '09:30', '11:00');
    await taken('2030-04-15', '08:00', '20:00');
    await taken('2030-04-22', '09:00', '10:00');
    const countSeries = async () =>
      (await row<{ n: number }>(world.db, `select count(*) as n from series`))?.n;
    const before = await countSeries();
    const plan = await post(organiser, '/series', form());
    expect(plan.status).toBe(409);
    const $ = load(plan.text);
    expect($('td .bad')).toHaveLength(3);
    const row8 = $('tbody tr').eq(1);
    const time = row8.find('option[value^="time:"]').first().attr('value') ?? '';
    const changes = {
      '2030-04-08': { choice: time },
      '2030-04-15': { choice: `room:${cast.rooms.bamboo}` },
      '2030-04-22': { choice: 'skip', reason: '' },
    };
    const unexplained = await post(organiser, ...confirm(plan.text, changes));
    expect(unexplained.status).toBe(422);
    expect(unexplained.text).toContain('Say why this date is skipped');
    // In the meantime somebody takes the other room, too: nothing is saved, the page asks again.
    await taken('2030-04-15', '09:00', '10:00', cast.rooms.bamboo);
    const clash = await post(
      organiser,
      ...confirm(unexplained.text, { '2030-04-22': { choice: 'skip', reason: 'Qingming' } }),
    );
    expect(clash.status).toBe(409);
    expect(await countSeries()).toBe(before);
    const saved = await post(
      organiser,
      ...confirm(clash.text, { '2030-04-15': { choice: 'skip', reason: 'No room' } }),
    );
    expect(saved.status).toBe(303);
    const series = Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
    expect((await dates(series)).map(({ number, state }) => [number, state])).toEqual([
      [42, 'draft'],
      [43, 'draft'],
      [null, 'cancelled'],
      [null, 'cancelled'],
      [44, 'draft'],
    ]);
    expect(
      await rows(
        world.db,
        `select cancel_reason
         from meetings
         where series_id = :series and state = 'cancelled'
         order by starts_at`,
        { series },
      ),
    ).toEqual([{ cancel_reason: 'No room' }, { cancel_reason: 'Qingming' }]);
  });

  it(
    'asks for a missing reason above the dates, and goes on offering other rooms where one was ' + 'skipped',
    async () => {
      await createMeeting(
        world.db,
        { id: cast.reviewer.id },
        {
          title: 'In the way',
          startsAt: new Date('2031-05-12T09:00:00+08:00'),
          endsAt: new Date('2031-05-12T10:00:00+08:00'),
          zone: 'Asia/Shanghai',
          roomIds: [cast.rooms.orchid],
        },
      );
      const day = '2031-05-12';
      const shown = await post(organiser, '/series', form({ from_on: '2031-05-05', until_on: '2031-05-31' }));
      const bare = await post(organiser, ...confirm(shown.text, { [day]: { choice: 'skip' } }));
      expect(bare.status).toBe(422);
      const page = load(bare.text);
      expect(page('title').text()).toMatch(/^Error:/);
      const link = page('.error-summary a');
      expect(link.text()).toContain('Mon 12 May 2031');
      expect(page(String(link.attr('href'))).attr('aria-invalid')).toBe('true');
      const row = page('tbody tr').filter((_, line) => page(line).find('input[name=at]').val() === day);
      expect(
        row
          .find('option')
          .toArray()
          .map((one) => page(one).attr('value')),
      ).toEqual(expect.arrayContaining(['keep', 'skip', `room:${cast.rooms.bamboo}`]));
      const saved = await post(
        organiser,
        ...confirm(bare.text, { [day]: { choice: `room:${cast.rooms.bamboo}` } }),
      );
      expect(saved.status).toBe(303);
    },
  );

  it('from today on means the dates to come, not this morning’s', async () => {
    const before = world.clock.now();
    world.clock.set('2030-06-03T04:00:00Z'); // Monday noon in Shanghai
    const days = async (from: string) => {
      const plan = await post(
        organiser,
        '/series',
        form({ from_on: '2030-06-03', until_on: '2030-06-17', from, to: '16:00', rooms: '' }),
      );
      return load(plan.text)('input[name=at]')
        .toArray()
        .map((one) => one.attribs.value);
    };
    expect(await days('09:00')).toEqual(['2030-06-10', '2030-06-17']);
    expect(await days('15:00')).toEqual(['2030-06-03', '2030-06-10', '2030-06-17']);
    world.clock.set(before.toISOString());
  });

  it('tells the dates a clock change leaves out before saving', async () => {
    const plan = await post(
      organiser,
      '/series',
      form({
        weekday: '7',
        from_on: '2030-03-24',
        until_on: '2030-04-07',
        from: '02:30',
        to: '03:30',
        zone: 'Europe/Berlin',
        rooms: '',
      }),
    );
    expect(plan.status).toBe(200);
    expect(plan.text).toContain('02:30 does not exist there in Europe/Berlin');
    expect(load(plan.text)('tbody tr')).toHaveLength(2);
  });

  it('says what is wrong and keeps what was typed', async () => {
    const answer = await post(organiser, '/series', form({ until_on: '2033-01-01', name: 'Kept' }));
    expect(answer.status).toBe(422);
    expect(load(answer.text)('#f-until-on-error, #f-until_on-error').text()).toContain('24 months');
    expect(load(answer.text)('#f-name').val()).toBe('Kept');
    expect((await post(organiser, '/series', form({ members: 'Nobody Such' }))).status).toBe(422);
    expect((await post(organiser, '/series', form({ until_on: '2030-03-01' }))).status).toBe(422);
    expect((await post(organiser, '/series', form({ every: '0' }))).status).toBe(422);
    expect((await post(outsider, '/series', form())).status).toBe(403); // in somebody else's name
    const back = await post(organiser, '/series', form({ back: 'on', name: 'Going back' }));
    expect(load(back.text)('#f-name').val()).toBe('Going back');
  });
});

describe('numbers', () => {
  it(
    'close up when a date is called off early, stay once they were sent out, and give an added ' +
      'date its place',
    async () => {
      const series = await make();
      const ids = (
        await rows<{ id: number }>(
          world.db,
          `select id from meetings where series_id = :series order by starts_at`,
          { series },
        )
      ).map(({ id }) => id);
      await world.db.raw(`update meetings set state = 'scheduled', announced_at = now() where id = ?`, [
        ids[0] ?? 0,
      ]);
      const by = { id: cast.organiser.id };
      await cancelMeeting(world.db, by, ids[1] ?? 0, { reason: 'x' });
      expect((await dates(series)).map(({ number }) => number)).toEqual([42, null, 43, 44, 45]);
      await restoreMeeting(world.db, by, ids[1] ?? 0, { now: world.clock.now() });
      await cancelMeeting(world.db, by, ids[0] ?? 0, { reason: 'x' });
      expect((await dates(series)).map(({ number }) => number)).toEqual([42, 43, 44, 45, 46]);
      const added = await post(organiser, '/meetings', {
        title: 'Weekly leadership',
        on: '2030-04-10',
        from: '9',
        to: '10',
        zone: 'Asia/Shanghai',
        lang: 'en',
        series: String(series),
        key: randomUUID(),
      });
      expect(added.status).toBe(303);
      expect((await dates(series)).map(({ number }) => number)).toEqual([42, 43, 44, 45, 46, 47]);
      const id = Number(/\d+$/.exec(added.headers.location ?? '')?.[0]);
      expect((await listParticipants(world.db, id)).map(({ role }) => role)).toEqual(['chair', 'required']);
      expect(
        (
          await post(outsider, '/meetings', {
            title: 'x',
            on: '2030-04-10',
            from: '9',
            to: '10',
            zone: 'Asia/Shanghai',
            lang: 'en',
            series: String(series),
            key: randomUUID(),
          })
        ).status,
      ).toBe(403);
    },
  );
});

describe('keeping one', () => {
  it('plans further dates after the last rule', async () => {
    const series = await make();
    const page = load((await organiser.get(`/series/${series}/dates/new`)).text);
    expect([page('#f-from_on').val(), page('#f-from').val(), page('#f-to').val()]).toEqual([
      '2030-04-30',
      '09:00',
      '10:00',
    ]);
    const {
      name: _name,
      organiser: _organiser,
      lang: _lang,
      first_number: _first,
      gates: _gates,
      chair: _chair,
      members: _members,
      ...dateFields
    } = form({
      from_on: '2030-05-01',
      until_on: '2030-05-31',
      frequency: 'monthly_weekday',
      nth: '2',
      nth_weekday: '3',
    });
    const plan = await post(organiser, `/series/${series}/dates`, dateFields);
    expect(plan.status).toBe(200);
    expect((await post(organiser, ...confirm(plan.text))).status).toBe(303);
    expect((await dates(series)).map(({ number }) => number)).toEqual([42, 43, 44, 45, 46, 47]);
    expect(
      (await post(outsider, `/series/${series}/dates`, { ...dateFields, key: randomUUID() })).status,
    ).toBe(403);
  });

  it('takes members into coming dates and out of them, with one chair', async () => {
    const series = await make();
    const first =
      (
        await row<{ id: number }>(
          world.db,
          `select id from meetings where series_id = :series order by starts_at limit 1`,
          { series },
        )
      )?.id ?? 0;
    expect(
      (
        await post(organiser, `/series/${series}/members`, {
          people: 'Wei Ran; Guest Two <two@else.example>',
          role: 'optional',
        })
      ).status,
    ).toBe(303);
    await post(organiser, `/series/${series}/members/${cast.attendee.id}/role`, { role: 'chair' });
    expect((await listParticipants(world.db, first)).map(({ name, role }) => [name, role])).toEqual([
      ['陈安', 'chair'],
      ['周正', 'required'],
      ['魏然', 'optional'],
      ['Guest Two', 'optional'],
    ]);
    await post(organiser, `/series/${series}/members/${cast.chair.id}/removal`, {});
    expect(await listParticipants(world.db, first)).toHaveLength(3);
    expect((await organiser.get(`/series/${series}/members`)).text).toContain('Guest Two');
    expect((await outsider.get(`/series/${series}/members`)).status).toBe(200); // a member by now
    expect(
      (await post(outsider, `/series/${series}/members`, { people: '陈安', role: 'optional' })).status,
    ).toBe(403);
    await Promise.all(
      [cast.chair, cast.reviewer].map((person) =>
        setMembers(world.db, { id: cast.organiser.id }, series, new Map([[person.id, 'chair' as const]])),
      ),
    );
    expect(
      await rows(world.db, `select 1 from series_members where series_id = :series and role = 'chair'`, {
        series,
      }),
    ).toHaveLength(1);
  });

  it('is renamed with its coming dates; a stale form gets its text back', async () => {
    const series = await make();
    const fields = {
      name: 'Leadership',
      organiser: String(cast.organiser.id),
      lang: 'en',
      first_number: '10',
      gates: 'none',
      version: '1',
      approver: '周正',
    };
    expect((await post(organiser, `/series/${series}`, fields)).status).toBe(303);
    expect(
      await rows(
        world.db,
        `select distinct title, min(number) over () as first from meetings where series_id = :series`,
        { series },
      ),
    ).toEqual([{ title: 'Leadership', first: 10 }]);
    expect(
      await row(world.db, `select review_gates, approver_id from series where id = :series`, { series }),
    ).toEqual({ review_gates: 'none', approver_id: cast.chair.id });
    const stale = await post(organiser, `/series/${series}`, { ...fields, name: 'Mine' });
    expect(stale.status).toBe(409);
    expect(load(stale.text)('#f-name').val()).toBe('Mine');
    expect((await post(outsider, `/series/${series}`, { ...fields, version: '2' })).status).toBe(403);
  });

  it('ends on a day, calling off what comes after', async () => {
    const series = await make();
    expect((await post(organiser, `/series/${series}/end`, { on: '2030-04-15', reason: '' })).status).toBe(
      422,
    );
    expect((await post(outsider, `/series/${series}/end`, { on: '2030-04-15', reason: 'x' })).status).toBe(
      403,
    );
    expect(
      (await post(organiser, `/series/${series}/end`, { on: '2030-04-15', reason: 'Board dissolved' }))
        .status,
    ).toBe(303);
    expect((await dates(series)).map(({ state, number }) => [state, number])).toEqual([
      ['draft', 42],
      ['draft', 43],
      ['draft', 44],
      ['cancelled', null],
      ['cancelled', null],
    ]);
    expect((await organiser.get(`/series/${series}/dates/new`)).status).toBe(409);
    expect(load((await organiser.get('/series?q=weekly')).text)('.pill').text()).toContain('Ended');
    const about = load((await organiser.get(`/series/${series}`)).text)('main').text();
    expect(about).toContain('until Mon 15 Apr 2030');
  });

  it('is hidden from others when private', async () => {
    const series = await make({ is_private: 'on', name: 'Quiet circle' });
    for (const agent of [
      outsider,
      await world.agent(cast.secretary),
      await world.agent(cast.administrator),
    ]) {
      expect((await agent.get(`/series/${series}`)).status).toBe(404);
      expect((await agent.get('/series')).text).not.toContain('Quiet circle');
      expect((await agent.get('/meetings?whose=all')).text).not.toContain('Quiet circle');
    }
    expect((await (await world.agent(cast.attendee)).get(`/series/${series}`)).text).toContain(
      'Quiet circle',
    );
  });

  it('shows its members a private date in which they do not take part', async () => {
    const series = await make({ is_private: 'on', name: 'Quiet circle' });
    const date = await row<{ id: number; participant: number }>(
      world.db,
      `select m.id, p.id as participant from meetings m
         join participants p on p.meeting_id = m.id and p.person_id = :person
        where m.series_id = :series order by m.starts_at limit 1`,
      { series, person: cast.attendee.id },
    );
    const id = date?.id ?? 0;
    await removeParticipant(world.db, { id: cast.organiser.id }, id, date?.participant ?? 0);
    const member = await world.agent(cast.attendee);
    const page = await member.get(`/meetings/${id}`);
    expect([page.status, page.text.includes('Quiet circle')]).toEqual([200, true]);
    expect((await member.get('/meetings?whose=all')).text).toContain(`/meetings/${id}"`);
    expect((await outsider.get(`/meetings/${id}`)).status).toBe(404);
    expect((await outsider.get('/meetings?whose=all')).text).not.toContain(`/meetings/${id}"`);
    // Who is a member no longer has nothing to do with it any more.
    await world.db.raw('delete from series_members where series_id = ? and person_id = ?', [
      series,
      cast.attendee.id,
    ]);
    expect((await member.get(`/meetings/${id}`)).status).toBe(404);
  });
});
