import { createMeeting, type NewMeeting } from '../../src/meetings/commands.js';
import { changeMeeting } from '../../src/meetings/changeCommands.js';
import { restoreMeeting } from '../../src/meetings/callOffCommands.js';
import { cancelMeeting } from '../../src/meetings/callOffCommands.js';
import { addParticipants, changeRole, removeParticipant } from '../../src/meetings/participantCommands.js';
import { findMeeting, listParticipants } from '../../src/meetings/queries.js';
import { listMeetingsFor } from '../../src/meetings/listQueries.js';
import { listMeetings } from '../../src/meetings/listQueries.js';
import { row, rows } from '../../src/lib/db/db.js';
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
const at = (day: number, time: string) =>
  new Date(`2030-03-${String(day).padStart(2, '0')}T${time}:00+08:00`);

function plan(day: number, from: string, to: string, more: Partial<NewMeeting> = {}): NewMeeting {
  return {
    title: 'Budget talk',
    startsAt: at(day, from),
    endsAt: at(day, to),
    zone: 'Asia/Shanghai',
    roomIds: [cast.rooms.orchid],
    ...more,
  };
}

async function make(day: number, from: string, to: string, more: Partial<NewMeeting> = {}): Promise<number> {
  const made = await createMeeting(world.db, by(cast.organiser), plan(day, from, to, more));
  if (!made.ok) throw new Error(JSON.stringify(made));
  return made.id;
}

async function jobsNamed(name: string): Promise<{ key: string | null }[]> {
  return rows(world.owner, `select j.key from graphile_worker.jobs j where j.task_identifier = :name`, {
    name,
  });
}

describe('booking', () => {
  it('makes a draft with its room, numbered by nobody, and tells the history', async () => {
    const id = await make(5, '09:00', '10:00');
    const meeting = await findMeeting(world.db, cast.outsider, id);
    expect(meeting).toMatchObject({
      state: 'draft',
      title: 'Budget talk',
      number: null,
      sequence: 0,
      organiser: { name: '欧阳敏' },
    });
    expect(meeting.rooms.map((room) => room.code)).toEqual(['orchid']);
    expect(meeting.uid).toMatch(/^[0-9a-f-]{36}@/);
    expect(
      await row(world.db, `select action, person_id from audit_events where meeting_id = :id`, { id }),
    ).toEqual({ action: 'meeting.create', person_id: cast.organiser.id });
  });

  it('leaves nothing behind when the room is taken, and names who has it', async () => {
    await make(6, '09:00', '10:00', { title: 'First come' });
    const refused = await createMeeting(
      world.db,
      by(cast.attendee),
      plan(6, '09:30', '11:00', { title: 'Too late' }),
    );
    expect(refused).toMatchObject({ ok: false, clashes: [{ title: 'First come' }] });
    expect(await row(world.db, `select count(*) as n from meetings where title = 'Too late'`)).toEqual({
      n: 0,
    });
  });

  it('books on behalf of a leader only for a deputy or the office, and keeps both names', async () => {
    await expect(
      createMeeting(world.db, by(cast.outsider), plan(7, '09:00', '10:00', { bookedForId: cast.chair.id })),
    ).rejects.toMatchObject({ status: 403 });
    await world.db.raw('insert into deputies (person_id, deputy_id) values (?, ?)', [
      cast.chair.id,
      cast.attendee.id,
    ]);
    const made = await createMeeting(
      world.db,
      by(cast.attendee),
      plan(7, '09:00', '10:00', { bookedForId: cast.chair.id }),
    );
    expect(made.ok).toBe(true);
    expect(
      await row(
        world.db,
        `select person_id, on_behalf_of_id
         from audit_events
         where action = 'meeting.create'
         order by id desc
         limit 1`,
      ),
    ).toEqual({ person_id: cast.attendee.id, on_behalf_of_id: cast.chair.id });
  });
});

describe('changing', () => {
  it('moves the room with the time and asks invited people again', async () => {
    const id = await make(8, '09:00', '10:00');
    await world.db.raw(`update meetings set state = 'scheduled', announced_at = now() where id = ?`, [id]);
    expect(
      await changeMeeting(world.db, by(cast.organiser), id, {
        version: 1,
        startsAt: at(8, '14:00'),
        endsAt: at(8, '15:00'),
      }),
    ).toEqual({ ok: true });
    expect(await findMeeting(world.db, cast.organiser, id)).toMatchObject({
      starts_at: at(8, '14:00'),
      sequence: 1,
      time_sequence: 1,
      revision: 1,
      version: 2,
    });
    expect(
      await rows(world.db, `select state, starts_at from room_claims where meeting_id = :id order by id`, {
        id,
      }),
    ).toEqual([
      { state: 'released', starts_at: at(8, '09:00') },
      { state: 'confirmed', starts_at: at(8, '14:00') },
    ]);
    await changeMeeting(world.db, by(cast.organiser), id, {
      version: 2,
      title: 'Budget talk, second reading',
    });
    expect(await findMeeting(world.db, cast.organiser, id)).toMatchObject({
      sequence: 1,
      time_sequence: 1,
      revision: 2,
    });
    expect(await jobsNamed('invitations.announceChange')).toEqual([
      { key: `invitations.announceChange:${id}` },
    ]);
  });

  it('keeps time and room when the new room is taken', async () => {
    const id = await make(11, '09:00', '10:00');
    await make(11, '09:00', '10:00', { roomIds: [cast.rooms.bamboo], title: 'There already' });
    const refused = await changeMeeting(world.db, by(cast.organiser), id, {
      version: 1,
      title: 'Moved',
      roomIds: [cast.rooms.bamboo],
    });
    expect(refused).toMatchObject({ ok: false, clashes: [{ title: 'There already' }] });
    const meeting = await findMeeting(world.db, cast.organiser, id);
    expect(meeting).toMatchObject({ title: 'Budget talk', version: 1 });
    expect(meeting.rooms.map((room) => room.code)).toEqual(['orchid']);
  });

  it('refuses a stale version with the meeting as it stands', async () => {
    const id = await make(12, '09:00', '10:00');
    await changeMeeting(world.db, by(cast.organiser), id, { version: 1, title: 'Mine' });
    expect(
      await changeMeeting(world.db, by(cast.secretary), id, { version: 1, title: 'Theirs' }),
    ).toMatchObject({ ok: false, reason: 'stale', meeting: { title: 'Mine' } });
  });

  it('is not open to a participant, and hidden from others when private', async () => {
    const id = await make(13, '09:00', '10:00', { isPrivate: true });
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.attendee.id, role: 'required' },
    ]);
    await expect(
      changeMeeting(world.db, by(cast.attendee), id, { version: 1, title: 'x' }),
    ).rejects.toMatchObject({ status: 403 });
    for (const person of [cast.outsider, cast.secretary, cast.administrator]) {
      await expect(changeMeeting(world.db, by(person), id, { version: 1, title: 'x' })).rejects.toMatchObject(
        { status: 404 },
      );
      expect(
        (
          await listMeetings(world.db, person, { whose: 'all', when: 'coming' }, { now: world.clock.now() })
        ).map((line) => line.id),
      ).not.toContain(id);
    }
    expect(
      (await listMeetingsFor(world.db, cast.attendee, at(13, '00:00'), at(14, '00:00'))).map(
        (line) => line.id,
      ),
    ).toEqual([id]);
  });
});

describe('cancelling', () => {
  it('frees the room, keeps the meeting, and restores it while the slot is free', async () => {
    const id = await make(14, '09:00', '10:00');
    await cancelMeeting(world.db, by(cast.organiser), id, { reason: 'No quorum' });
    await cancelMeeting(world.db, by(cast.organiser), id, { reason: 'again' });
    expect(await findMeeting(world.db, cast.organiser, id)).toMatchObject({
      state: 'cancelled',
      cancel_reason: 'No quorum',
      sequence: 0,
    });
    expect(await restoreMeeting(world.db, by(cast.organiser), id, { now: world.clock.now() })).toMatchObject({
      ok: true,
    });
    await cancelMeeting(world.db, by(cast.organiser), id, { reason: 'Again no quorum' });
    await make(14, '09:00', '10:00', { title: 'In its place' });
    expect(await restoreMeeting(world.db, by(cast.organiser), id, { now: world.clock.now() })).toMatchObject({
      ok: false,
      clashes: [{ title: 'In its place' }],
    });
    expect(await findMeeting(world.db, cast.organiser, id)).toMatchObject({ state: 'cancelled' });
  });

  it('is not undone when the time of the meeting is over', async () => {
    const id = await make(28, '16:00', '17:00');
    await cancelMeeting(world.db, by(cast.organiser), id, { reason: 'No quorum' });
    await expect(
      restoreMeeting(world.db, by(cast.organiser), id, { now: at(28, '17:00') }),
    ).rejects.toMatchObject({
      key: 'meetings.problem.over',
    });
    expect(await restoreMeeting(world.db, by(cast.organiser), id, { now: at(28, '16:59') })).toMatchObject({
      ok: true,
    });
  });
});

describe('people', () => {
  it('adds each guest once, has one chair, and uninvites under a higher SEQUENCE', async () => {
    const id = await make(15, '09:00', '10:00');
    const people = [
      { personId: cast.chair.id, role: 'chair' as const },
      { personId: cast.attendee.id, role: 'required' as const },
    ];
    const guest = { name: 'Somebody', email: 'somebody@elsewhere.example', role: 'optional' as const };
    expect(await addParticipants(world.db, by(cast.organiser), id, [...people, guest, guest])).toEqual({
      ok: true,
      added: 3,
      unreachable: [],
    });
    expect(await addParticipants(world.db, by(cast.organiser), id, [...people, guest])).toEqual({
      ok: true,
      added: 0,
      unreachable: [],
    });
    expect(
      await row(world.db, `select count(*) as n from persons where email = 'somebody@elsewhere.example'`),
    ).toEqual({ n: 1 });
    let list = await listParticipants(world.db, id);
    const attendee = list.find((one) => one.person_id === cast.attendee.id);
    await changeRole(world.db, by(cast.organiser), {
      meetingId: id,
      participantId: attendee?.id ?? 0,
      role: 'chair',
    });
    list = await listParticipants(world.db, id);
    expect(
      list
        .map((one) => [one.person_id === cast.attendee.id, one.role])
        .filter(([, role]) => role === 'chair'),
    ).toEqual([[true, 'chair']]);
    expect(list).toHaveLength(3);

    await world.db.raw(`update participants set invited_at = now() where id = ?`, [attendee?.id ?? 0]);
    await removeParticipant(world.db, by(cast.organiser), id, attendee?.id ?? 0);
    expect(await findMeeting(world.db, cast.organiser, id)).toMatchObject({
      sequence: 1,
      time_sequence: 0,
      chair: null,
      participant_count: 2,
    });
    expect(await jobsNamed('invitations.announceRemoval')).toHaveLength(1);
    await addParticipants(world.db, by(cast.organiser), id, [
      { personId: cast.attendee.id, role: 'optional' },
    ]);
    expect(
      (await listParticipants(world.db, id)).find((one) => one.person_id === cast.attendee.id),
    ).toMatchObject({ role: 'optional', invited_at: null });
  });

  it('gives one chair when two are made chair at the same moment', async () => {
    const id = await make(15, '11:00', '12:00');
    await addParticipants(
      world.db,
      by(cast.organiser),
      id,
      [cast.chair, cast.attendee, cast.outsider].map(({ id: personId }) => ({
        personId,
        role: 'required' as const,
      })),
    );
    const list = await listParticipants(world.db, id);
    await Promise.all(
      list.map((one) =>
        changeRole(world.db, by(cast.organiser), { meetingId: id, participantId: one.id, role: 'chair' }),
      ),
    );
    expect((await listParticipants(world.db, id)).filter((one) => one.role === 'chair')).toHaveLength(1);
  });
});
