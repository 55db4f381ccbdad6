import { load } from 'cheerio';
import { createMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { addParticipants } from '../../src/meetings/participantCommands.js';
import { findMeeting } from '../../src/meetings/queries.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
});
afterAll(() => world.close());

const by = (person: { id: number }) => ({ id: person.id });

async function make(more: { isPrivate?: boolean; title?: string; day?: number } = {}): Promise<number> {
  const day = String(more.day ?? 6).padStart(2, '0');
  const made = await createMeeting(world.db, by(cast.organiser), {
    title: more.title ?? 'Budget talk',
    startsAt: new Date(`2030-03-${day}T09:00:00+08:00`),
    endsAt: new Date(`2030-03-${day}T10:30:00+08:00`),
    zone: 'Asia/Shanghai',
    roomIds: [cast.rooms.orchid],
    ...(more.isPrivate ? { isPrivate: true } : {}),
  });
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}

async function open(path: string, person: { id: number }) {
  const answer = await (await world.agent(person)).get(path);
  return { status: answer.status, page: load(answer.text), text: answer.text };
}

describe('the meeting page', () => {
  it('shows title, time, room and one next step to who called it', async () => {
    const id = await make({ day: 6 });
    const { status, page } = await open(`/meetings/${id}`, cast.organiser);
    expect(status).toBe(200);
    expect(page('h1').text()).toBe('Budget talk');
    expect(page('.page-head').text()).toMatch(/Wed 6 Mar 2030.*09:00–10:30.*Orchid/s);
    expect(page('.page-head .pill').text()).toBe('Booked');
    expect(page(`.page-head .actions > a[href="/meetings/${id}/edit"]`).text()).toBe('Change time or place');
    expect(
      (await open(`/meetings/${id}`, cast.outsider)).page(`a[href="/meetings/${id}/edit"]`),
    ).toHaveLength(0);
    expect(page('.next .button').text()).toBe('Add people');
    expect(page('.steps [aria-current=step]').text()).toContain('Prepare');
  });

  it('moves on with the meeting: agenda once people and a chair are there', async () => {
    const id = await make({ day: 7 });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.chair.id, role: 'chair' },
      { personId: cast.attendee.id, role: 'required' },
    ]);
    const { page } = await open(`/meetings/${id}`, cast.organiser);
    expect(page('.next .button').text()).toBe('Add the agenda');
    // Time, place and chair are enough: the agenda may follow.
    const organiser = await world.agent(cast.organiser);
    await organiser
      .post(page('.next form').attr('action') ?? '')
      .type('form')
      .send({})
      .expect(303);
    expect((await findMeeting(world.db, by(cast.organiser), id)).state).toBe('scheduled');
    expect((await open(`/meetings/${id}`, cast.organiser)).page('.next form')).toHaveLength(0);
    expect(page('.page-head .meta').text()).toContain('chair Zhou Zheng');
    expect(page('#people').parent().parent().text()).toContain('Chen An');
  });

  it('asks who is not yet marked whether they come, and nobody who sits in the room already', async () => {
    const id = await make({ day: 26 });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.chair.id, role: 'chair' },
      { personId: cast.attendee.id, role: 'required' },
    ]);
    await world.owner.raw(`update participants set invited_at = now() where meeting_id = ?`, [id]);
    await world.owner.raw(`update meetings set state = 'in_progress', announced_at = now() where id = ?`, [
      id,
    ]);
    expect((await open(`/meetings/${id}`, cast.attendee)).page('#reply form')).not.toHaveLength(0);
    await world.db.raw(
      `insert into attendances (participant_id, status)
       select id, 'present'
         from participants
        where meeting_id = ? and person_id = ?`,
      [id, cast.attendee.id],
    );
    expect((await open(`/meetings/${id}`, cast.attendee)).page('#reply')).toHaveLength(0);
  });

  it('shows one’s answer while none is taken any more, and nothing of it after the meeting', async () => {
    const id = await make({ day: 27 });
    await addParticipants(world.db, by(cast.organiser), id, [{ personId: cast.chair.id, role: 'chair' }]);
    await world.owner.raw(`update participants set invited_at = now() where meeting_id = ?`, [id]);
    await world.db.raw(
      `insert into replies (participant_id, status, note, sequence, via)
       select id, 'accepted', '', 0, 'page'
         from participants
        where meeting_id = ?`,
      [id],
    );
    await cancelMeeting(world.db, by(cast.organiser), id, { reason: 'Snow' });
    const reply = (await open(`/meetings/${id}`, cast.chair)).page('#reply').text();
    expect(reply.replace(/\s+/g, ' ').trim()).toBe('Your answer Yes');
    await world.owner.raw(
      `update meetings
        set state = 'ended', cancelled_at = null, cancelled_by = null, cancel_reason = null,
          announced_at = now()
        where id = ?`,
      [id],
    );
    expect((await open(`/meetings/${id}`, cast.chair)).page('#reply')).toHaveLength(0);
  });

  it('shows an outsider the frame, and neither people nor history', async () => {
    const id = await make({ day: 8 });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.attendee.id, role: 'required' },
    ]);
    const { status, page, text } = await open(`/meetings/${id}`, cast.outsider);
    expect(status).toBe(200);
    expect(page('h1').text()).toBe('Budget talk');
    expect(text).not.toContain('Chen An');
    expect(page('#history')).toHaveLength(0);
    expect((await open(`/meetings/${id}/history`, cast.outsider)).page('.history')).toHaveLength(0);
  });

  it('hides a private meeting from everybody else, the administrator too', async () => {
    const id = await make({ day: 11, isPrivate: true, title: 'Staff matters' });
    for (const person of [cast.outsider, cast.administrator, cast.secretary]) {
      for (const path of [`/meetings/${id}`, `/meetings/${id}/history`]) {
        const { status, text } = await open(path, person);
        expect(status).toBe(404);
        expect(text).not.toContain('Staff matters');
      }
    }
    expect((await open(`/meetings/${id}`, cast.organiser)).status).toBe(200);
  });

  it('has nothing at an address without a meeting', async () => {
    for (const path of [
      '/meetings/999999',
      '/meetings/x',
      '/meetings/0',
      '/meetings/1%27',
      '/meetings/99999999999999999999/history',
    ]) {
      expect((await open(path, cast.organiser)).status).toBe(404);
    }
  });

  it('asks who is not signed in to sign in', async () => {
    const answer = await (await world.agent()).get(`/meetings/${await make({ day: 12 })}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toContain('/sign-in');
  });

  it('tells what was changed, from what to what, and by whom', async () => {
    const id = await make({ day: 13 });
    const { version } = await findMeeting(world.db, cast.organiser, id);
    await changeMeeting(world.db, by(cast.organiser), id, { version, title: 'Budget talk, second round' });
    const { page } = await open(`/meetings/${id}`, cast.organiser);
    expect(page('.history del').text()).toBe('Budget talk');
    expect(page('.history ins').text()).toBe('Budget talk, second round');
    expect(page('.history').text()).toContain('Ouyang Min');
  });

  it('says who cancelled it and why, and offers no step', async () => {
    const id = await make({ day: 14 });
    await cancelMeeting(world.db, by(cast.organiser), id, { reason: 'The budget is not ready' });
    const { page } = await open(`/meetings/${id}`, cast.outsider);
    expect(page('.notice-bad').text()).toContain('Cancelled by Ouyang Min: The budget is not ready');
    expect(page('.next')).toHaveLength(0);
    expect(page('.steps .is-stopped')).toHaveLength(1);
  });

  it('speaks Chinese to who reads Chinese', async () => {
    const id = await make({ day: 15 });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.attendee.id, role: 'required' },
    ]);
    const { page } = await open(`/meetings/${id}`, cast.attendee);
    expect(page('html').attr('lang')).toBe('zh-CN');
    expect(page('.page-head').text()).toMatch(/2030年3月15日 周五.*兰厅/s);
    expect(page('#about').parent().text()).toContain('召集人欧阳敏');
  });

  it('shows the agenda, and of a restricted item only its number to who is not cleared', async () => {
    const id = await make({ day: 18 });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.chair.id, role: 'chair' },
      { personId: cast.attendee.id, role: 'in_attendance' },
    ]);
    await world.owner.raw(
      `insert into agenda_items (meeting_id, position, title, is_restricted, created_by)
       values (?, 1, 'Budget', false, ?), (?, 2, 'Appointment', true, ?)`,
      [id, cast.organiser.id, id, cast.organiser.id],
    );
    expect((await open(`/meetings/${id}`, cast.chair)).page('#agenda').parent().parent().text()).toContain(
      'Appointment',
    );
    const attendee = await open(`/meetings/${id}`, cast.attendee);
    expect(attendee.text).not.toContain('Appointment');
    expect(attendee.page('.agenda-item')).toHaveLength(2);
    expect((await open(`/meetings/${id}`, cast.outsider)).text).not.toContain('agenda-item');
  });

  it('shows the first dozen of many people and leads to all; its queries do not grow with them', async () => {
    const id = await make({ day: 19 });
    await addParticipants(world.db, by(cast.organiser), id, [{ personId: cast.chair.id, role: 'chair' }]);
    const count = async () => {
      let queries = 0;
      // That somebody was here is noted at most once a minute: it may fall into either count.
      const see = ({ sql }: { sql: string }) => {
        if (!sql.startsWith('update sessions')) queries += 1;
      };
      world.db.on('query', see);
      await open(`/meetings/${id}`, cast.organiser);
      world.db.removeListener('query', see);
      return queries;
    };
    const few = await count();
    await world.owner.raw(
      `with p as (
         insert into persons (name, zone)
         select 'Guest ' || n, 'Asia/Shanghai'
         from generate_series(1, 60) n
         returning id)
       insert into participants (meeting_id, person_id) select ?, id from p`,
      [id],
    );
    expect(await count()).toBe(few);
    const { page } = await open(`/meetings/${id}`, cast.organiser);
    expect(page('#people').parent().parent().find('.row')).toHaveLength(12);
    expect(page('#people').parent().text()).toContain('61');
    expect(
      page('a')
        .filter((_, link) => page(link).text() === 'All 61 people')
        .attr('href'),
    ).toBe(`/meetings/${id}/people`);
  });

  it('leads whoever leads an action to it, and the chair to the answer', async () => {
    const id = await make({ day: 20 });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.chair.id, role: 'chair' },
      { personId: cast.reviewer.id, role: 'required' },
    ]);
    await world.owner.raw(
      `update meetings set state = 'ended', started_at = now(), ended_at = now() where id = ?`,
      [id],
    );
    await world.owner.raw(
      `insert into minutes (meeting_id, state, author_id, lang, number_year, number, number_scope)
       values (?, 'issued', ?, 'en', 2030, 1, 'organisation')`,
      [id, cast.organiser.id],
    );
    const made = await world.owner.raw<{ rows: { id: number }[] }>(
      `insert into actions (meeting_id, deliverable, lead_id, due_on, original_due_on, state, assigned_at,
         created_by)
       values (?, 'Send the list', ?, '2030-04-01', '2030-04-01', 'in_progress', now(), ?)
       returning id`,
      [id, cast.reviewer.id, cast.organiser.id],
    );
    const action = made.rows[0]?.id ?? 0;
    expect((await open(`/meetings/${id}`, cast.reviewer)).page('.next .button').attr('href')).toBe(
      `/actions/${action}`,
    );
    expect((await open(`/meetings/${id}`, cast.chair)).page('.next').text()).toContain(
      '1 action is still open',
    );
    await world.owner.raw(`update actions set state = 'answered' where id = ?`, [action]);
    await world.owner.raw(`insert into answers (action_id, text, answered_by) values (?, 'Sent', ?)`, [
      action,
      cast.reviewer.id,
    ]);
    expect((await open(`/meetings/${id}`, cast.chair)).page('.next .button').text()).toBe(
      'Look at the answer',
    );
    expect((await open(`/meetings/${id}`, cast.chair)).page('.steps [aria-current=step]').text()).toContain(
      'Follow up',
    );
  });
});
