import { carryOver } from '../../src/agenda/carryCommands.js';
import { listAgenda, listBacklog } from '../../src/agenda/queries.js';
import { findMeeting } from '../../src/meetings/queries.js';
import { inTransaction, row, rows } from '../../src/lib/db/db.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

let world: World;
let cast: Cast;
let seriesId: number;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  seriesId = await id(`insert into series (name, organiser_id, created_by) values ('Weekly', :by, :by)`);
});
afterAll(() => world.close());

async function id(sql: string, bindings: Record<string, unknown> = {}): Promise<number> {
  return (
    (await row<{ id: number }>(world.db, `${sql} returning id`, { by: cast.organiser.id, ...bindings }))
      ?.id ?? 0
  );
}
const meeting = (day: number, more: { state?: string; series?: number | null } = {}) =>
  id(
    `insert into meetings (title, state, series_id, starts_at, ends_at, zone, organiser_id, created_by, uid)
     values ('Weekly', :state, :series, :from, :to, 'Asia/Shanghai', :by, :by,
       gen_random_uuid()::text || '@x')`,
    {
      state: more.state ?? 'draft',
      series: more.series === undefined ? seriesId : more.series,
      from: `2030-03-${day}T01:00:00Z`,
      to: `2030-03-${day}T02:00:00Z`,
    },
  );
const item = (meetingId: number, title: string, state = 'accepted') =>
  id(
    `insert into agenda_items (meeting_id, title, state, created_by) values (:meeting, :title, :state, :by)`,
    { meeting: meetingId, title, state },
  );
const carry = (itemId: number) =>
  inTransaction(world.db, (trx) => carryOver(trx, { id: cast.organiser.id }, itemId));

it('carries an item to the next meeting still prepared, linked, with its papers, at the end', async () => {
  const first = await meeting(10, { state: 'in_progress' });
  await meeting(11, { state: 'ended' });
  const next = await meeting(18);
  await meeting(25);
  await item(next, 'There before');
  const old = await item(first, 'Not discussed');
  const file = await id(
    `insert into files (name, media_type, state, bytes) values ('p.pdf', 'application/pdf', 'stored', 3)`,
  );
  await world.db.raw(`insert into papers (item_id, file_id, name, added_by) values (?, ?, 'p.pdf', ?)`, [
    old,
    file,
    cast.organiser.id,
  ]);

  const carried = await carry(old);
  expect(carried).toMatchObject({ ok: true, meetingId: next });
  const lines = await listAgenda(world.db, cast.organiser, await findMeeting(world.db, cast.organiser, next));
  expect(lines).toMatchObject([
    { no: 1, title: 'There before' },
    {
      no: 2,
      title: 'Not discussed',
      carried_from_id: old,
      carried_from: { meeting_id: first },
      papers: [{ name: 'p.pdf', is_carried: true }],
    },
  ]);
  expect(await row(world.db, `select state from agenda_items where id = :old`, { old })).toEqual({
    state: 'carried_over',
  });
  expect(await row(world.db, `select action, meeting_id from audit_events order by id desc limit 1`)).toEqual(
    { action: 'item.carryOver', meeting_id: first },
  );
});

it('does it once, also when two people end the meeting at the same moment', async () => {
  const first = await meeting(12, { state: 'in_progress' });
  const old = await item(first, 'Twice?');
  const results = await Promise.all([carry(old), carry(old), carry(old)]);
  expect(new Set(results.map((result) => (result.ok ? result.itemId : 0))).size).toBe(1);
  expect(
    await rows(world.db, `select id from agenda_items where carried_from_id = :old`, { old }),
  ).toHaveLength(1);
});

it('puts it in the backlog when the series has no next meeting, and refuses without a series', async () => {
  const last = await meeting(29, { state: 'in_progress' });
  const old = await item(last, 'For some day');
  expect(await carry(old)).toMatchObject({ ok: true, meetingId: null });
  expect((await listBacklog(world.db, cast.organiser, seriesId)).map(({ title }) => title)).toEqual([
    'For some day',
  ]);
  await expect(listBacklog(world.db, cast.outsider, seriesId)).rejects.toMatchObject({ status: 404 });

  const single = await meeting(29, { state: 'in_progress', series: null });
  expect(await carry(await item(single, 'Nowhere to go'))).toEqual({ ok: false, reason: 'no_series' });
  await expect(carry(await item(last, 'Done', 'concluded'))).rejects.toMatchObject({ status: 409 });
});

it('shows restricted items of the backlog to who keeps the series or wrote them only', async () => {
  const members = [cast.chair, cast.attendee, cast.reviewer];
  for (const [i, role] of ['chair', 'required', 'in_attendance'].entries())
    await world.db.raw('insert into series_members (series_id, person_id, role) values (?, ?, ?)', [
      seriesId,
      members[i]?.id ?? 0,
      role,
    ]);
  const waiting = (title: string, presenter: number | null) =>
    id(
      `insert into agenda_items (series_id, title, state, is_restricted, presenter_id, created_by)
       values (:series, :title, 'accepted', true, :presenter, :by)`,
      { series: seriesId, title, presenter },
    );
  await waiting('Personnel', null);
  await waiting('Salaries', cast.attendee.id);
  const seen = async (person: { id: number }) =>
    (await listBacklog(world.db, person, seriesId)).flatMap(({ title, is_restricted }) =>
      is_restricted ? title : [],
    );
  expect(await seen(cast.organiser)).toEqual(['Personnel', 'Salaries']);
  expect(await seen(cast.chair)).toEqual(['Personnel', 'Salaries']);
  expect(await seen(cast.attendee)).toEqual(['Salaries']);
  expect(await seen(cast.reviewer)).toEqual([]);
});
