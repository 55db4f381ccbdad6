import { assignActions } from '../../src/actions/planCommands.js';
import { handOver } from '../../src/office/departureCommands.js';
import { rows } from '../../src/lib/db/db.js';
import { addDays } from '../../src/lib/time/zone.js';
import { removeMember, setMembers } from '../../src/series/memberCommands.js';

import { recordAttendance } from '../../src/sitting/attendanceCommands.js';
import { findOrAddGuests } from '../../src/people/guestCommands.js';
import { makeScene } from '../actions/scene.js';
import { makeCast, type Cast } from '../support/cast.js';
import { countStatements } from '../support/statements.js';
import { testWorld, type Agent, type World } from '../support/world.js';
import { changeFollowingDates, planSeries, postTo, seriesForm } from './schedule.js';
import type { ParticipantRole } from '../../src/meetings/states.js';

// What happens to many dates, people or actions at once costs no more statements than what happens to a few.

let world: World;
let cast: Cast;
let organiser: Agent;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  organiser = await world.agent(cast.organiser);
});
afterAll(() => world.close());

const FEW = 10;
const MANY = 60;
const by = () => ({ id: cast.organiser.id });

/** A weekly meeting of that many dates in the Orchid room, half of them announced. */
async function seriesOf(count: number): Promise<{ id: number; dates: number[] }> {
  await world.db.raw(`update room_claims set state = 'cancelled'`);
  const id = await planSeries(
    organiser,
    seriesForm(cast, { until_on: addDays('2030-04-01', 7 * (count - 1)) }),
  );
  const dates = await rows<{ id: number }>(
    world.db,
    `select id from meetings where series_id = :id order by starts_at`,
    { id },
  );
  expect(dates).toHaveLength(count);
  await world.db.raw(
    `update meetings set state = 'scheduled', announced_at = now()
      where series_id = ? and number is not null and number % 2 = 0`,
    [id],
  );
  await world.db.raw(
    `update participants
     set invited_at = now()
     where meeting_id in (select id from meetings where series_id = ?)`,
    [id],
  );
  return { id, dates: dates.map((date) => date.id) };
}

/** Statements for few and for many; the difference may be a savepoint or a look-up, not a loop. */
async function compare(costOf: (count: number) => Promise<number>): Promise<number> {
  const few = await costOf(FEW);
  const many = await costOf(MANY);
  expect(few).toBeGreaterThan(2);
  expect(many - few).toBeLessThanOrEqual(5);
  return many;
}
const statements = (work: () => Promise<unknown>) => countStatements(world.db, work);
const stateOf = (ids: readonly number[]) =>
  rows(world.db, `select state, count(*) from meetings where id = any(:ids) group by 1`, { ids });

async function newPeople(count: number): Promise<number[]> {
  const made = await rows<{ id: number }>(
    world.db,
    `insert into persons (name, email, lang, zone)
     select 'Somebody', gen_random_uuid() || '@office.example', 'en', 'Asia/Shanghai'
       from generate_series(1, cast(:count as integer)) returning id`,
    { count },
  );
  return made.map(({ id }) => id);
}

test('ending a standing meeting takes at most sixty statements, and calls off all that comes', async () => {
  const many = await compare(async (count) => {
    const { id, dates } = await seriesOf(count);
    const cost = await statements(async () => {
      const answer = await postTo(organiser, `/series/${id}/end`, { on: '2030-03-31', reason: 'Dissolved' });
      expect(answer.status).toBe(303);
    });
    expect(await stateOf(dates)).toEqual([{ state: 'cancelled', count }]);
    const told = await rows(
      world.db,
      `select 1
       from audit_events
       where action = 'meeting.cancel' and meeting_id = any(:dates) and note = 'Dissolved'`,
      { dates },
    );
    expect(told).toHaveLength(count);
    const free = await rows(
      world.db,
      `select 1
       from room_claims
       where meeting_id = any(:dates) and state in ('held', 'requested', 'confirmed')`,
      { dates },
    );
    expect(free).toEqual([]);
    return cost;
  });
  expect(many).toBeLessThanOrEqual(60);
});

test('changing following dates costs the same whether few or many are moved or called off', async () => {
  await compare(async (count) => {
    const { id, dates } = await seriesOf(count);
    return statements(() =>
      changeFollowingDates(organiser, id, dates[0] ?? -1, 'all', { from: '14', to: '15' }),
    );
  });
  await compare(async (count) => {
    const { id, dates } = await seriesOf(count);
    const cost = await statements(() =>
      changeFollowingDates(organiser, id, dates[0] ?? -1, 'all', { until_on: '2030-04-02' }),
    );
    expect(await stateOf(dates.slice(1))).toEqual([{ state: 'cancelled', count: count - 1 }]);
    return cost;
  });
});

test('members join and leave all coming dates by the same statements', async () => {
  await compare(async (count) => {
    const { id, dates } = await seriesOf(FEW);
    const people = await newPeople(count);
    // Of several chairs the last one named is it.
    const roles = new Map(
      people.map((person, n): [number, ParticipantRole] => [person, n < 2 ? 'chair' : 'optional']),
    );
    const cost = await statements(() => setMembers(world.db, by(), id, roles));
    const chairs = await rows<{ person_id: number }>(
      world.db,
      `select person_id
       from participants
       where meeting_id = any(:dates) and role = 'chair' and removed_at is null`,
      { dates },
    );
    expect(chairs.map(({ person_id }) => person_id)).toEqual(dates.map(() => people[1]));
    const seats = await rows(
      world.db,
      `select 1 from participants where meeting_id = any(:dates) and person_id = any(:people)`,
      { dates, people },
    );
    expect(seats).toHaveLength(FEW * count);
    return cost;
  });
  await compare(async (count) => {
    const { id, dates } = await seriesOf(count);
    const cost = await statements(() => removeMember(world.db, by(), id, cast.attendee.id));
    const gone = await rows(
      world.db,
      `select 1 from participants p join audit_events e on e.noun = 'participants' and e.noun_id = p.id
        where p.meeting_id = any(:dates) and p.person_id = :person and p.removed_at is not null
          and e.action = 'participant.remove'`,
      { dates, person: cast.attendee.id },
    );
    expect(gone).toHaveLength(count);
    return cost;
  });
});

test('who leaves hands over seats, meetings and actions by the same statements', async () => {
  await compare(async (count) => {
    const { id, dates } = await seriesOf(count);
    const [leaver = -1, heir = -1] = await newPeople(2);
    await setMembers(world.db, by(), id, new Map([[leaver, 'chair' as const]]));
    await world.db.raw(`delete from series_members where series_id = ? and person_id = ?`, [id, leaver]);
    await world.db.raw(`update meetings set reviewer_id = ? where series_id = ?`, [leaver, id]);
    const { meetingId } = await makeScene(world.db, cast);
    await world.db.raw(
      `insert into actions (meeting_id, deliverable, lead_id, due_on, original_due_on,
                            state, assigned_at, created_by)
       select ?, 'Count the chairs', ?, '2030-05-01', '2030-05-01', 'assigned', now(), ?
       from generate_series(1, ?)`,
      [meetingId, leaver, cast.organiser.id, count],
    );
    let done: unknown;
    const cost = await statements(async () => {
      done = await handOver(
        world.db,
        { id: cast.administrator.id },
        { fromId: leaver, toId: heir, note: 'Moves away', today: '2030-03-04' },
      );
    });
    expect(done).toMatchObject({ ok: true, actions: count });
    const chairs = await rows<{ person_id: number }>(
      world.db,
      `select distinct person_id from participants
        where meeting_id = any(:dates) and role = 'chair' and removed_at is null`,
      { dates },
    );
    expect(chairs).toEqual([{ person_id: heir }]);
    const mails = await rows(
      world.db,
      `select 1 from deliveries where kind = 'actions.assigned' and person_id = :heir`,
      { heir },
    );
    expect(mails).toHaveLength(count);
    return cost;
  });
});

test('attendance of a whole table, guests of a list and actions of long minutes cost the same', async () => {
  await compare(async (count) => {
    const { meetingId } = await makeScene(world.db, cast);
    const seats = await rows<{ id: number }>(
      world.db,
      `insert into participants (meeting_id, person_id)
       select :meetingId, unnest(cast(:people as bigint[]))
       returning id`,
      { meetingId, people: await newPeople(count) },
    );
    const changes = seats.map(({ id }, n) => ({
      participantId: id,
      status: n % 2 ? ('present' as const) : ('apologies' as const),
      arrivedAt: n % 2 ? new Date('2030-03-01T01:10Z') : undefined,
    }));
    const cost = await statements(() =>
      recordAttendance(world.db, { id: cast.secretary.id }, meetingId, changes),
    );
    const noted = await rows(
      world.db,
      `select status, arrived_at, count(*)
       from attendances
       where participant_id = any(:ids)
       group by 1, 2
       order by 1`,
      { ids: seats.map(({ id }) => id) },
    );
    expect(noted).toEqual([
      { status: 'apologies', arrived_at: null, count: count / 2 },
      { status: 'present', arrived_at: new Date('2030-03-01T01:10Z'), count: count / 2 },
    ]);
    return cost;
  });

  await compare(async (count) => {
    const wishes = Array.from({ length: count }, (_, n) => ({
      name: `Guest ${n}`,
      email: `g${count}-${n}@elsewhere.example`,
    }));
    // One of them is known, one is written twice.
    await findOrAddGuests(world.db, by(), wishes.slice(0, 1));
    let ids: (number | null)[] = [];
    const cost = await statements(async () => {
      ids = await findOrAddGuests(world.db, by(), [...wishes, ...wishes.slice(1, 2)]);
    });
    expect(ids.every((id) => typeof id === 'number')).toBe(true);
    expect(new Set(ids).size).toBe(count);
    expect(ids.at(-1)).toBe(ids[1]);
    return cost;
  });

  await compare(async (count) => {
    const { meetingId, itemId } = await makeScene(world.db, cast);
    await world.db.raw(
      `insert into actions (meeting_id, item_id, deliverable, lead_id, due_on, state, created_by)
       select ?, ?, 'Count the chairs', ?, '2030-05-01', 'planned', ? from generate_series(1, ?)`,
      [meetingId, itemId, cast.attendee.id, cast.organiser.id, count],
    );
    let done: unknown;
    const cost = await statements(async () => {
      done = await world.db.transaction((trx) => assignActions(trx, by(), meetingId));
    });
    expect(done).toEqual({ assigned: count, left: 0 });
    return cost;
  });
});
