import { load } from 'cheerio';
import { row } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { addParticipants } from '../../src/meetings/participantCommands.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
beforeEach(async () => {
  world = await testWorld(); // Monday 4 March 2030, 09:00 in Shanghai
  cast = await makeCast(world.db);
});
afterEach(() => world.close());

async function today(person: CastPerson) {
  const answer = await (await world.agent(person)).get('/');
  expect(answer.status).toBe(200);
  return load(answer.text);
}

async function make(
  title: string,
  from: string,
  to: string,
  more: { organiser?: CastPerson; day?: number; room?: number; isPrivate?: boolean } = {},
): Promise<number> {
  const at = (time: string) => new Date(`2030-03-${String(more.day ?? 4).padStart(2, '0')}T${time}:00+08:00`);
  const made = await createMeeting(
    world.db,
    { id: (more.organiser ?? cast.organiser).id },
    {
      title,
      startsAt: at(from),
      endsAt: at(to),
      zone: 'Asia/Shanghai',
      roomIds: [more.room ?? cast.rooms.orchid],
      isPrivate: more.isPrivate ?? false,
    },
  );
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}

/** As sending the invitations leaves it. */
async function announced(id: number) {
  await world.owner.raw(`update meetings set state = 'scheduled', announced_at = now() where id = ?`, [id]);
  await world.owner.raw(`update participants set invited_at = now() where meeting_id = ?`, [id]);
}

async function action(
  meetingId: number,
  lead: CastPerson,
  more: { due: string; state: string; deliverable: string },
) {
  await world.owner.raw(
    `insert into actions (meeting_id, deliverable, lead_id, due_on, original_due_on, state, assigned_at,
       created_by)
     values (?, ?, ?, ?, ?, ?, now(), ?)`,
    [meetingId, more.deliverable, lead.id, more.due, more.due, more.state, cast.organiser.id],
  );
}

describe('Today', () => {
  it('greets an empty office with what to do first, and only those who can do it', async () => {
    await world.owner.raw(`update rooms set status = 'retired'`);
    const page = await today(cast.administrator);
    expect(page('.begin-steps li').length).toBe(3);
    expect(page('.begin-steps .is-done').text()).toContain('Add the people');
    expect(
      page('.begin-steps a')
        .map((_, link) => page(link).text())
        .get(),
    ).toEqual(['Add the rooms', 'Book the first meeting']);
    const member = await today(cast.outsider);
    expect(member('.begin')).toHaveLength(0);
    expect([page, member].map((one) => one('a[href="/calendar/sheet"]').length)).toEqual([1, 0]);
    expect(member('main').text()).toContain('Nothing waits for you');
    expect(member('main').text()).toContain('You have no meeting today');
  });

  it('shows the day in order, each meeting with its one next step', async () => {
    const late = await make('Follow-up', '16:00', '17:15');
    await make('Weekly leadership', '09:30', '10:30');
    await addParticipants(world.db, { id: cast.organiser.id }, late, [
      { personId: cast.chair.id, role: 'chair' },
    ]);
    const page = await today(cast.organiser);
    const rows = page('#day').parent().parent().find('.row');
    expect(rows.map((_, one) => page(one).find('.row-title').text()).get()).toEqual([
      'Weekly leadership',
      'Follow-up',
    ]);
    expect(rows.eq(0).text()).toContain('09:30–10:30');
    expect(rows.eq(0).find('.button').text()).toContain('Add people');
    expect(rows.eq(1).text()).toContain('no agenda yet');
    expect(rows.eq(1).find('.button').attr('href')).toBe(`/meetings/${late}/agenda`);
    const chair = await today(cast.chair);
    expect(chair('#day').parent().parent().text()).toContain('Follow-up');
    expect(chair('#day').parent().parent().text()).not.toContain('Weekly leadership');
  });

  it('names the next meeting when there is none today', async () => {
    await make('Planning', '14:00', '15:00', { day: 6 });
    expect((await today(cast.organiser))('main').text()).toContain(
      'The next one: Planning, Wed 6 Mar 14:00.',
    );
  });

  it('asks for a reply until it is given, and again when the time has changed', async () => {
    const id = await make('IT review', '14:00', '15:00', { day: 6 });
    await addParticipants(world.db, { id: cast.organiser.id }, id, [
      { personId: cast.attendee.id, role: 'required' },
      { personId: cast.outsider.id, role: 'informed' },
    ]);
    expect((await today(cast.attendee))('main').text()).not.toContain('IT review ·');
    await announced(id);
    const page = await today(cast.attendee);
    const waiting = page('#waiting').parent().parent().find('.row');
    expect(waiting.find('.pill').text()).toBe('待回复');
    expect(
      waiting
        .find('form button')
        .map((_, button) => page(button).contents().first().text().trim())
        .get(),
    ).toEqual(['参加', '请假']);
    expect((await today(cast.outsider))('#waiting').parent().parent().text()).not.toContain('IT review');

    const found = await row<{ id: number }>(
      world.db,
      `select id from participants where meeting_id = :id and person_id = :person`,
      { id, person: cast.attendee.id },
    );
    await world.owner.raw(
      `insert into replies (participant_id, status, sequence, via) values (?, 'accepted', 0, 'page')`,
      [found?.id ?? 0],
    );
    expect((await today(cast.attendee))('#waiting').parent().parent().find('.row')).toHaveLength(0);
    await world.owner.raw(`update meetings set time_sequence = 1, sequence = 1 where id = ?`, [id]);
    expect((await today(cast.attendee))('#waiting').parent().parent().find('.row')).toHaveLength(1);
  });

  it('puts what is late before what is new, and counts what I asked for', async () => {
    const id = await make('Weekly leadership', '09:30', '10:30');
    await addParticipants(world.db, { id: cast.organiser.id }, id, [
      { personId: cast.attendee.id, role: 'required' },
    ]);
    await action(id, cast.attendee, {
      due: '2030-03-20',
      state: 'assigned',
      deliverable: 'Revise the rules',
    });
    await action(id, cast.attendee, {
      due: '2030-03-01',
      state: 'in_progress',
      deliverable: 'Report the costs',
    });
    await world.owner.raw(`update persons set lang = 'en'`);
    const page = await today(cast.attendee);
    const rows = page('#waiting').parent().parent().find('.row');
    expect(
      rows.map((_, one) => `${page(one).find('.pill').text()}: ${page(one).find('.row-title').text()}`).get(),
    ).toEqual(['Overdue: Report the costs', 'To take on: Revise the rules']);
    const asked = (await today(cast.organiser))('#asked').parent().text();
    expect(asked).toContain('2 actions are open');
    expect(asked).toContain('1 overdue');
    expect((await today(cast.outsider))('#asked').parent().text()).toContain('Nothing is open');
  });

  it('lists rooms that are free now, until when, and one click from booking', async () => {
    await make('Weekly leadership', '09:30', '10:30');
    const page = await today(cast.outsider);
    const free = page('#free').parent();
    expect(free.find('.row').eq(0).text()).toMatch(/Orchid.*12 seats.*until 09:30/s);
    expect(free.find('a').eq(0).attr('href')).toBe(
      `/bookings/new?room=${cast.rooms.orchid}&date=2030-03-04&from=09:00&to=09:30`,
    );
    expect(free.text()).toContain('Bamboo');
    await make('All hands', '09:00', '12:00', { room: cast.rooms.bamboo });
    expect((await today(cast.outsider))('#free').parent().text()).not.toContain('Bamboo');
  });

  it('says nothing of a private meeting to whom it does not concern', async () => {
    await make('Staff matters', '09:30', '10:30', { isPrivate: true });
    for (const person of [cast.outsider, cast.administrator, cast.secretary])
      expect((await today(person)).html()).not.toContain('Staff matters');
    expect((await today(cast.organiser)).html()).toContain('Staff matters');
  });

  it('costs the same number of queries however full the day is', async () => {
    const count = async () => {
      let queries = 0;
      // That somebody was here is noted at most once a minute: it may fall into either count.
      const see = ({ sql }: { sql: string }) => {
        if (!sql.startsWith('update sessions')) queries += 1;
      };
      world.db.on('query', see);
      await today(cast.organiser);
      world.db.removeListener('query', see);
      return queries;
    };
    await make('One', '09:00', '09:15');
    await today(cast.organiser); // the first page of a process also reads the rooms, which it then keeps
    const few = await count();
    for (let i = 0; i < 8; i++) await make(`More ${i}`, `1${i}:00`, `1${i}:30`);
    expect(await count()).toBe(few);
  });
});
