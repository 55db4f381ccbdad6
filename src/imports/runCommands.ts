import { createHash } from 'node:crypto';
import { record } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { translator, type Lang } from '../lib/i18n/translate.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { createMeeting } from '../meetings/commands.js';
import { lockRooms } from '../claims/commands.js';
import { nearestAlternatives } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import { lockQuotas } from '../claims/quotaCommands.js';
import { stopImport } from './commands.js';
import { countRows, findImportById, sourceKey, type Import, type RowState } from './queries.js';

/** Rows of one transaction: few, because their rooms stay locked until it ends. */
const BATCH = 25;

/** A run gives way after so many milliseconds, so that a worker that is told to stop never waits for it. */
const TURN = 5_000;

/**
 * Makes meetings of the rows that wait, batch by batch. What is done stands in the rows, so a run after a
 * killed worker goes on
 * where that one stopped.
 */
export async function runImport(
  db: Db,
  id: number,
  options: { now: Date; mailDomain: string },
): Promise<void> {
  for (const until = performance.now() + TURN; performance.now() < until;) {
    if (!(await inTransaction(db, (trx) => runBatch(trx, id, options)))) return;
  }
  await enqueue(db, 'admin.runImport', { importId: id }, { key: `admin.runImport:${id}` });
}

interface WaitingRow {
  number: number;
  place: string | null;
  label: string | null;
  external_id: string | null;
  title: string;
  description: string;
  starts_at: Date;
  ends_at: Date;
  zone: string;
  organiser: string;
  organiser_id: number | null;
  is_private: boolean;
  room_id: number | null;
  decision: 'room' | 'no_room' | null;
}
interface Outcome {
  number: number;
  state: RowState;
  meeting_id?: number;
  clash?: unknown;
  suggested_room_id?: number | null;
}

/** @returns whether more wait */
async function runBatch(
  trx: Db,
  id: number,
  { now, mailDomain }: { now: Date; mailDomain: string },
): Promise<boolean> {
  const found = await findImportById(trx, id, { lock: true });
  if (found?.state !== 'running') return false;
  const importer = await row<{ lang: Lang }>(
    trx,
    `select lang
       from persons
      where id = :id and role in ('secretary', 'administrator') and deactivated_at is null`,
    { id: found.created_by },
  );
  if (!importer) {
    await stopImport(trx, id, { key: 'moving.file.notAllowed' });
    return false;
  }
  // Importers take turns: two of the same file would both find a booking missing, and lock rooms crosswise.
  await change(trx, `select pg_advisory_xact_lock(hashtext('booking import'))`);
  const batch = await listWaiting(trx, id);
  if (batch.length === 0) {
    await finish(trx, found);
    return false;
  }
  await lockRoomsOf(trx, batch);
  await lockQuotas(trx, [
    ...new Set([found.created_by, ...batch.flatMap(({ organiser_id }) => organiser_id ?? [])]),
  ]);
  const known = await listKnown(trx, found, batch);
  const outcomes: Outcome[] = [];
  for (const one of batch) {
    const key = keyOf(one);
    const there = known.byKey.get(key) ?? known.byNumber.get(one.number);
    const outcome: Outcome =
      there !== undefined
        ? { number: one.number, state: 'there', meeting_id: there }
        : await importRow(trx, found, one, { now, mailDomain, lang: importer.lang });
    if (outcome.meeting_id !== undefined) known.byKey.set(key, outcome.meeting_id);
    outcomes.push(outcome);
  }
  await keep(trx, found, batch, outcomes);
  return true;
}

function listWaiting(trx: Db, id: number): Promise<WaitingRow[]> {
  return rows<WaitingRow>(
    trx,
    `select r.number, r.place, p.label, r.external_id, r.title, r.description, r.starts_at, r.ends_at,
            r.zone, r.organiser, r.is_private, r.decision,
            o.id as organiser_id, case when r.decision is distinct from 'no_room'
              then coalesce(r.decided_room_id, p.room_id) end as room_id
       from import_rows r
       left join import_places p on p.import_id = r.import_id and p.key = r.place
       left join persons o on o.id = r.organiser_id and o.deactivated_at is null
      where r.import_id = :id and r.state = 'waiting' order by r.number limit :limit`,
    { id, limit: BATCH },
  );
}

/** All rooms of the batch at once and in order, as everybody locks them who takes more than one. */
async function lockRoomsOf(trx: Db, batch: WaitingRow[]): Promise<void> {
  const asked = [...new Set(batch.flatMap(({ room_id }) => room_id ?? []))];
  const parts = await rows<{ part_id: number }>(
    trx,
    `select part_id from room_parts where hall_id = any(:asked)`,
    { asked },
  );
  await lockRooms(trx, [...new Set([...asked, ...parts.map(({ part_id }) => part_id)])]);
}

/**
 * What stands for a booking without an id of its own: where, when and what. Its room as the source names it:
 * it may become another one here.
 */
function keyOf(one: WaitingRow): string {
  if (one.external_id !== null) return one.external_id;
  const text = [one.place ?? '', one.starts_at.toISOString(), one.ends_at.toISOString(), one.title].join(
    '\n',
  );
  return `sha256:${createHash('sha256').update(text).digest('base64url')}`;
}

/** Bookings that were imported before, and those that somebody booked by hand: same room, time and title. */
async function listKnown(
  trx: Db,
  found: Import,
  batch: WaitingRow[],
): Promise<{ byKey: Map<string, number>; byNumber: Map<number, number> }> {
  const imported = await rows<{ external_id: string; meeting_id: number }>(
    trx,
    `select external_id, meeting_id
       from imported_bookings
      where source = :source and external_id = any(:keys)`,
    { source: sourceKey(found.source), keys: batch.map(keyOf) },
  );
  const [own, same] = [await listOwn(trx, batch), await listSame(trx, found, batch)];
  return {
    byKey: new Map(imported.map((one) => [one.external_id, one.meeting_id])),
    byNumber: new Map([...same, ...own].map((one) => [one.number, one.id])),
  };
}

interface KnownRow {
  /** Of the row in its file. */
  number: number;
  /** Of the meeting. */
  id: number;
}

/** Our own export names a meeting by its UID: it is known, too, after it was changed here. */
function listOwn(trx: Db, batch: WaitingRow[]): Promise<KnownRow[]> {
  const named = batch.flatMap(({ number, external_id: uid }) =>
    uid?.includes('/') ? { number, uid: uid.slice(0, uid.lastIndexOf('/')) } : [],
  );
  return rows<KnownRow>(
    trx,
    `select b.number, m.id
       from jsonb_to_recordset(cast(:batch as jsonb)) as b (number integer, uid text)
       join meetings m on m.uid = b.uid`,
    { batch: JSON.stringify(named) },
  );
}

/** Meetings of the same room, time and title, of those whose title the importer may read. */
function listSame(trx: Db, found: Import, batch: WaitingRow[]): Promise<KnownRow[]> {
  const told = batch.map(({ number, title, starts_at, ends_at, room_id }) => ({
    number,
    title,
    starts_at,
    ends_at,
    room_id,
  }));
  return rows<KnownRow>(
    trx,
    `select b.number, min(m.id) as id
       from jsonb_to_recordset(cast(:batch as jsonb)) as b (number integer, title text,
         starts_at timestamptz, ends_at timestamptz, room_id bigint)
       join meetings m on m.starts_at = b.starts_at and m.ends_at = b.ends_at and m.title = b.title
         and m.state <> 'cancelled'
      where ${KNOWS_TITLE}
        and (exists (select 1 from meeting_rooms mr where mr.meeting_id = m.id and mr.room_id = b.room_id)
          or b.room_id is null and not exists (select 1 from meeting_rooms mr where mr.meeting_id = m.id))
        -- Of two MRBS each may have one like it.
        and not (:source like 'mrbs:%'
          and exists (select 1 from imported_bookings i where i.meeting_id = m.id and i.source like 'mrbs:%'
          and i.source <> :source))
      group by b.number`,
    { batch: JSON.stringify(told), viewer: found.created_by, source: sourceKey(found.source) },
  );
}

async function importRow(
  trx: Db,
  found: Import,
  one: WaitingRow,
  { now, mailDomain, lang }: { now: Date; mailDomain: string; lang: Lang },
): Promise<Outcome> {
  const roomIds = one.room_id === null ? [] : [one.room_id];
  // A meeting that has lost its room says which one it had.
  const t = translator(lang);
  const notes = [
    one.room_id === null && one.label ? t('moving.kept.room', { room: one.label }) : '',
    // MRBS's entries keep the name in any case: there it is a user name.
    one.organiser && one.organiser_id === null && found.kind === 'bookings'
      ? t('moving.kept.by', { name: one.organiser })
      : '',
  ]
    .filter(Boolean)
    .join('\n');
  const made = await createMeeting(
    trx,
    { id: found.created_by },
    {
      title: one.title,
      startsAt: one.starts_at,
      endsAt: one.ends_at,
      zone: one.zone,
      roomIds,
      description: [one.description, notes].filter(Boolean).join('\n\n'),
      isPrivate: one.is_private,
      overrideReason: 'imported',
      isImported: true,
      mailDomain,
      organiserId: one.organiser_id ?? undefined,
    },
  );
  if (made.ok) return { number: one.number, state: 'done', meeting_id: made.id };
  const free = await nearestAlternatives(trx, { roomIds, startsAt: one.starts_at, endsAt: one.ends_at, now });
  return {
    number: one.number,
    state: 'clash',
    suggested_room_id: free.rooms[0]?.id ?? null,
    clash: {
      clashes: made.clashes.map(({ room, starts_at, ends_at, kind, meeting_id, reason }) => ({
        room,
        starts_at,
        ends_at,
        kind,
        meeting_id,
        reason,
      })),
      checks: made.checks.filter(({ level }) => level === 'error'),
    },
  };
}

async function keep(trx: Db, found: Import, batch: WaitingRow[], outcomes: Outcome[]): Promise<void> {
  await change(
    trx,
    `update import_rows r
        set state = o.state, meeting_id = o.meeting_id, clash = o.clash,
            suggested_room_id = o.suggested_room_id,
            decided_room_id = case when o.state <> 'clash' then r.decided_room_id end
       from jsonb_to_recordset(cast(:outcomes as jsonb)) as o (number integer, state text, meeting_id bigint,
         clash jsonb, suggested_room_id bigint)
      where r.import_id = :id and r.number = o.number`,
    { id: found.id, outcomes: JSON.stringify(outcomes) },
  );
  const keys = new Map(batch.map((one) => [one.number, keyOf(one)]));
  const made = outcomes.filter((one) => one.meeting_id !== undefined);
  await change(
    trx,
    `insert into imported_bookings (source, external_id, meeting_id)
     select :source, n.external_id, n.meeting_id
       from jsonb_to_recordset(cast(:made as jsonb)) as n (external_id text, meeting_id bigint)
     on conflict do nothing`,
    {
      source: sourceKey(found.source),
      made: JSON.stringify(
        made.map((one) => ({ external_id: keys.get(one.number), meeting_id: one.meeting_id })),
      ),
    },
  );
}

async function finish(trx: Db, found: Import): Promise<void> {
  const { done, there, clash, bad, left_out } = await countRows(trx, found.id);
  await change(trx, `update imports set state = 'done', finished_at = now() where id = :id`, {
    id: found.id,
  });
  await record(
    trx,
    { id: found.created_by },
    { action: 'import.finish', noun: 'imports', id: found.id, after: { done, there, clash, bad, left_out } },
  );
}
