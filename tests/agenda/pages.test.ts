import { load } from 'cheerio';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { row, rows } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { addParticipants } from '../../src/meetings/participantCommands.js';
import { findMeeting, listParticipants } from '../../src/meetings/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type Agent, type World } from '../support/world.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let world: World;
let cast: Cast;
let organiser: Agent;
let attendee: Agent;
let outsider: Agent;
let secretary: Agent;
let meetingId: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  [organiser, attendee, outsider, secretary] = (await Promise.all(
    [cast.organiser, cast.attendee, cast.outsider, cast.secretary].map((person) => world.agent(person)),
  )) as [Agent, Agent, Agent, Agent];
});
beforeEach(async () => {
  meetingId = await makeMeeting();
});
afterAll(() => world.close());

async function makeMeeting(seriesId: number | null = null): Promise<number> {
  const made = await createMeeting(
    world.db,
    { id: cast.organiser.id },
    {
      title: 'Budget',
      startsAt: new Date('2030-03-05T01:00:00Z'),
      endsAt: new Date('2030-03-05T02:00:00Z'),
      zone: 'Asia/Shanghai',
      roomIds: [],
      seriesId,
    },
  );
  if (!made.ok) throw new Error('refused');
  await addParticipants(world.db, { id: cast.organiser.id }, made.id, [
    { personId: cast.chair.id, role: 'chair' },
    { personId: cast.attendee.id, role: 'in_attendance' },
  ]);
  return made.id;
}
const post = (agent: Agent, path: string, fields: Record<string, unknown> = {}) =>
  agent.post(path).type('form').send(fields);
const item = (title: string, more: Record<string, unknown> = {}) => ({
  title,
  purpose: 'decision',
  minutes: '20',
  key: randomUUID(),
  ...more,
});
async function add(title: string, more: Record<string, unknown> = {}): Promise<number> {
  const answer = await post(organiser, `/meetings/${meetingId}/agenda`, item(title, more));
  expect(answer.status).toBe(303);
  return (
    (await row<{ id: number }>(world.db, `select id from agenda_items order by id desc limit 1`))?.id ?? 0
  );
}
async function shown(agent: Agent): Promise<string[]> {
  const $ = load((await agent.get(`/meetings/${meetingId}/agenda`)).text);
  return $('.agenda-item')
    .map(
      (_, li) =>
        `${$(li).find('.agenda-no').text()} ${$(li).find('.agenda-title').contents().first().text().trim()}`,
    )
    .get();
}

describe('items', () => {
  it('are added with a presenter by name, summed up, put in order and changed', async () => {
    const first = await add('First', { presenter: 'Zhou Zheng' });
    const fields = item('Second', { minutes: '50' });
    await post(organiser, `/meetings/${meetingId}/agenda`, fields);
    await post(organiser, `/meetings/${meetingId}/agenda`, fields); // the same form twice
    expect(await shown(organiser)).toEqual(['1 First', '2 Second']);
    const page = await organiser.get(`/meetings/${meetingId}/agenda`);
    expect(page.text).toContain('70 of 60 min');
    expect(page.text).toContain('10 minutes more than the meeting lasts');
    await post(organiser, `/items/${first}/place`, { direction: 'down' });
    expect(await shown(organiser)).toEqual(['1 Second', '2 First']);
    await post(organiser, `/items/${first}/place`, { direction: 'down' });
    expect(await shown(organiser)).toEqual(['1 Second', '2 First']);
    expect(
      (
        await post(organiser, `/items/${first}`, {
          title: 'First, new',
          purpose: 'information',
          minutes: '5',
          presenter: 'Zhou Zheng <chair@office.example>',
          version: 1,
        })
      ).status,
    ).toBe(303);
    expect(
      await row(
        world.db,
        `select title, purpose, presenter_id, version from agenda_items where id = :first`,
        { first },
      ),
    ).toEqual({ title: 'First, new', purpose: 'information', presenter_id: cast.chair.id, version: 2 });
  });

  it('take a new order as a whole, unless items have come or gone', async () => {
    const ids = [await add('A'), await add('B'), await add('C')];
    const [a, b, c] = ids;
    expect(
      (await post(organiser, `/meetings/${meetingId}/agenda/order`, { order: [c, a, b].join(',') })).status,
    ).toBe(303);
    expect(await shown(organiser)).toEqual(['1 C', '2 A', '3 B']);
    expect(
      (await post(organiser, `/meetings/${meetingId}/agenda/order`, { order: [c, a].join(',') })).status,
    ).toBe(409);
    expect((await post(organiser, `/meetings/${meetingId}/agenda/order`, { order: 'x' })).status).toBe(422);
    expect(
      (await post(attendee, `/meetings/${meetingId}/agenda/order`, { order: ids.join(',') })).status,
    ).toBe(403);
  });

  it('say what is wrong and keep what was typed', async () => {
    const answer = await post(
      organiser,
      `/meetings/${meetingId}/agenda`,
      item('', { minutes: '9999', presenter: 'Nobody Here', note: 'kept' }),
    );
    expect(answer.status).toBe(422);
    const $ = load(answer.text);
    expect(
      $('.error-summary a')
        .map((_, a) => $(a).attr('href'))
        .get(),
    ).toEqual(['#f-title', '#f-minutes']);
    expect($('#f-note').val()).toContain('kept');
    const unknown = await post(
      organiser,
      `/meetings/${meetingId}/agenda`,
      item('x', { presenter: 'Nobody Here' }),
    );
    expect(load(unknown.text)('#f-presenter-error').text()).toContain('Nobody Here');
  });

  it('keep both texts when two people change the same one', async () => {
    const id = await add('Text');
    const change = { purpose: 'decision', minutes: '20', version: 1 };
    await post(secretary, `/items/${id}`, { ...change, title: 'Theirs' });
    const stale = await post(organiser, `/items/${id}`, { ...change, title: 'Mine' });
    expect(stale.status).toBe(409);
    const $ = load(stale.text);
    expect($('#f-title').val()).toBe('Mine');
    expect($('table').text()).toContain('Theirs');
    expect($('input[name=version]').val()).toBe('2');
  });

  it('are withdrawn and put back, and no longer change once the meeting has ended', async () => {
    const id = await add('Gone');
    await post(organiser, `/items/${id}/withdrawal`);
    expect(await shown(organiser)).toEqual([]);
    await post(organiser, `/items/${id}/restoration`);
    expect(await shown(organiser)).toEqual(['1 Gone']);
    await world.db.raw(`update meetings set state = 'ended' where id = ?`, [meetingId]);
    expect((await post(organiser, `/items/${id}/withdrawal`)).status).toBe(409);
    expect((await post(organiser, `/meetings/${meetingId}/agenda`, item('late'))).status).toBe(409);
  });

  it('are not for outsiders; a restricted one keeps only its number for whoever is not cleared', async () => {
    await add('Open matter');
    const secret = await add('Staff matter of Q', { is_restricted: 'on', note: 'about Q' });
    await add('Last');
    expect((await outsider.get(`/meetings/${meetingId}/agenda`)).status).toBe(403);
    expect(await shown(organiser)).toEqual(['1 Open matter', '2 Staff matter of Q', '3 Last']);
    const administrator = await world.agent(cast.administrator);
    for (const agent of [attendee, secretary, administrator]) {
      expect(await shown(agent)).toEqual([
        expect.stringContaining('1 Open matter'),
        expect.stringMatching(/^2 (Restricted item|内部议题)/),
        '3 Last',
      ]);
      for (const path of [
        `/meetings/${meetingId}/agenda`,
        `/meetings/${meetingId}`,
        `/meetings/${meetingId}/history`,
        `/items/${secret}/edit`,
        '/audit',
      ]) {
        expect((await agent.get(path)).text).not.toMatch(/Staff matter|about Q/);
      }
      expect((await agent.get(`/items/${secret}/edit`)).status).toBe(404);
      expect((await post(agent, `/items/${secret}/withdrawal`)).status).toBe(404);
    }
  });
});

describe('proposals', () => {
  it('are handed in, returned with a reason, mended, accepted, and each step is told by mail', async () => {
    expect(
      (await post(attendee, `/meetings/${meetingId}/agenda/proposal`, item('Bicycle stands'))).status,
    ).toBe(303);
    const id =
      (await row<{ id: number }>(world.db, `select id from agenda_items order by id desc limit 1`))?.id ?? 0;
    expect(await shown(organiser)).toEqual([]);
    expect((await organiser.get(`/meetings/${meetingId}/agenda`)).text).toContain('Bicycle stands');
    expect((await post(attendee, `/items/${id}/acceptance`)).status).toBe(403);
    expect((await post(organiser, `/items/${id}/return`, { reason: '' })).status).toBe(422);
    expect((await post(organiser, `/items/${id}/return`, { reason: 'No costs given' })).status).toBe(303);
    expect((await attendee.get(`/items/${id}/edit`)).text).toContain('No costs given');
    expect(
      (
        await post(attendee, `/items/${id}`, {
          title: 'Bicycle stands, 2,000',
          purpose: 'decision',
          minutes: '10',
          version: 2,
        })
      ).status,
    ).toBe(303);
    expect((await post(organiser, `/items/${id}/acceptance`)).status).toBe(303);
    expect((await post(organiser, `/items/${id}/acceptance`)).status).toBe(409);
    expect(await shown(attendee)).toEqual(['1 Bicycle stands, 2,000']);
    await world.runJobs();
    const mails = await rows(
      world.db,
      `select kind, person_id, state from deliveries where meeting_id = :id order by id`,
      { id: meetingId },
    );
    expect(mails).toEqual(
      expect.arrayContaining([{ kind: 'agenda.decided', person_id: cast.attendee.id, state: 'captured' }]),
    );
  });

  it('are not for outsiders', async () => {
    expect((await post(outsider, `/meetings/${meetingId}/agenda/proposal`, item('x'))).status).toBe(403);
  });
});

describe('papers', () => {
  const attach = (agent: Agent, id: number, name = 'plan.png', content = PNG) =>
    agent.post(`/items/${id}/papers`).attach('files', content, name);

  it('are attached, downloaded, versioned and removed', async () => {
    const id = await add('With papers');
    expect((await attach(organiser, id, '预算.png')).status).toBe(303);
    const paper =
      (await row<{ id: number }>(world.db, `select id from papers where item_id = :id`, { id }))?.id ?? 0;
    const download = await attendee.get(`/papers/${paper}`);
    expect(download.headers).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'no-store',
    });
    expect(download.headers['content-disposition']).toContain('attachment');
    expect(
      (await organiser.post(`/papers/${paper}/versions`).attach('files', PNG, 'plan-2.png')).status,
    ).toBe(303);
    expect(
      (await organiser.post(`/papers/${paper}/versions`).attach('files', PNG, 'plan-2b.png')).status,
    ).toBe(409);
    const page = load((await attendee.get(`/meetings/${meetingId}/agenda`)).text);
    expect(
      page('.papers li')
        .map((_, li) => page(li).find('a').first().text())
        .get(),
    ).toEqual(['plan-2.png']);
    expect((await attendee.get(`/papers/${paper}`)).status).toBe(200); // the earlier version stays readable
    const latest =
      (await row<{ id: number }>(world.db, `select id from papers where replaces_id = :paper`, { paper }))
        ?.id ?? 0;
    expect((await post(attendee, `/papers/${latest}/removal`)).status).toBe(403);
    expect((await post(organiser, `/papers/${latest}/removal`)).status).toBe(303);
    expect((await attendee.get(`/papers/${paper}`)).status).toBe(404);
    expect((await attendee.get(`/papers/${latest}`)).status).toBe(404);
  });

  it('are refused before a byte is stored to who may not, and after if they are no such file', async () => {
    const id = await add('No papers');
    const files = async () => (await row<{ n: number }>(world.db, `select count(*) as n from files`))?.n;
    const before = await files();
    expect((await attach(attendee, id)).status).toBe(403);
    expect((await attach(outsider, id)).status).toBe(404);
    const wrong = await attach(organiser, id, 'virus.pdf', Buffer.from('MZ'));
    expect(wrong.status).toBe(422);
    expect(load(wrong.text)('#f-files-error').text()).toContain('virus.pdf');
    expect((await organiser.post(`/items/${id}/papers`).field('x', 'y')).status).toBe(422);
    expect(await files()).toBe(before);
  });

  it('come as one archive, without those of restricted items for whoever is not cleared', async () => {
    const open = await add('Open');
    const secret = await add('Secret', { is_restricted: 'on' });
    await attach(organiser, open, 'a.png');
    await attach(organiser, open, 'a.png');
    await attach(organiser, secret, 'secret.png');
    const archive = async (agent: Agent) => {
      const answer = await agent
        .get(`/meetings/${meetingId}/papers.zip`)
        .buffer()
        .parse((res, done) => {
          const parts: Buffer[] = [];
          res
            .on('data', (part: Buffer) => parts.push(part))
            .on('end', () => done(null, Buffer.concat(parts)));
        });
      const path = join(mkdtempSync(join(tmpdir(), 'papers-')), 'a.zip');
      writeFileSync(path, answer.body as Buffer);
      expect(Number(answer.headers['content-length'])).toBe((answer.body as Buffer).length);
      const script =
        'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); ' +
        'assert z.testzip() is None; print("|".join(z.namelist()))';
      try {
        return execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }).trim().split('|');
      } catch {
        // A machine without python: the names stand in the archive as they are.
        return [
          ...(answer.body as Buffer).toString('latin1').matchAll(/PK\u0001\u0002.{42}(\d-[\w .()]+?\.png)/gs),
        ].map(([, name]) => name ?? '');
      }
    };
    expect(await archive(organiser)).toEqual(['1-a.png', '1-a (2).png', '2-secret.png']);
    expect(await archive(attendee)).toEqual(['1-a.png', '1-a (2).png']);
    expect((await outsider.get(`/meetings/${meetingId}/papers.zip`)).status).toBe(403);
    const paper =
      (await row<{ id: number }>(world.db, `select id from papers where item_id = :secret`, { secret }))
        ?.id ?? 0;
    expect((await attendee.get(`/papers/${paper}`)).status).toBe(404);
  });
});

describe('the backlog', () => {
  it('takes items off an agenda and gives them to the next meeting, once', async () => {
    const series =
      (
        await row<{ id: number }>(
          world.db,
          `insert into series (name, organiser_id, created_by) values ('Weekly', :by, :by) returning id`,
          { by: cast.organiser.id },
        )
      )?.id ?? 0;
    meetingId = await makeMeeting(series);
    const id = await add('For later');
    expect((await post(organiser, `/items/${id}/backlog`)).status).toBe(303);
    expect(await shown(organiser)).toEqual([]);
    await post(organiser, `/series/${series}/backlog`, item('Some day'));
    const backlog = load((await organiser.get(`/series/${series}/backlog`)).text);
    expect(
      backlog('.row-title')
        .map((_, span) => backlog(span).text())
        .get(),
    ).toEqual(['For later', 'Some day']);
    expect((await outsider.get(`/series/${series}/backlog`)).status).toBe(404);
    await Promise.all(
      [1, 2].map(() => post(organiser, `/meetings/${meetingId}/agenda/backlog`, { items: String(id) })),
    );
    expect(await shown(organiser)).toEqual(['1 For later']);
    meetingId = await makeMeeting();
    const single = await add('No series');
    expect((await post(organiser, `/items/${single}/backlog`)).status).toBe(409);
  });
});

describe('a copy', () => {
  it('takes people and agenda along as ticked, and nothing that was hidden from who copies', async () => {
    await add('To discuss');
    await add('Secret', { is_restricted: 'on' });
    const form = load((await secretary.get(`/meetings/${meetingId}/copy`)).text);
    expect(form('#f-on').val()).toBe('2030-03-12');
    const fields = {
      title: 'Budget again',
      on: '2030-03-12',
      from: '9:00',
      to: '10:00',
      zone: 'Asia/Shanghai',
      lang: 'en',
      organiser: String(cast.secretary.id),
      with_people: 'on',
      with_agenda: 'on',
      key: randomUUID(),
    };
    const answer = await post(secretary, `/meetings/${meetingId}/copy`, fields);
    expect(answer.status).toBe(303);
    const copy = Number(/\d+$/.exec(answer.headers.location ?? '')?.[0]);
    expect((await listParticipants(world.db, copy)).map(({ role }) => role)).toEqual([
      'chair',
      'in_attendance',
    ]);
    expect(
      await rows(world.db, `select title, state from agenda_items where meeting_id = :copy`, { copy }),
    ).toEqual([{ title: 'To discuss', state: 'accepted' }]);
    expect(await findMeeting(world.db, cast.secretary, copy)).toMatchObject({
      title: 'Budget again',
      state: 'draft',
      organiser_id: cast.secretary.id,
    });
    expect((await outsider.get(`/meetings/${meetingId}/copy`)).status).toBe(403);
  });
});
