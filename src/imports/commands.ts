import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { keepFiles, removeFiles } from '../lib/files/store.js';
import { Conflict, NotFound } from '../lib/http/errors.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { createRoom } from '../rooms/commands.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import type { Reason } from './entry.js';
import {
  countRows,
  DEFAULT_MRBS,
  findOwnImport,
  listPlaces,
  mrbsName,
  type Import,
  type ImportKind,
  type ImportPlace,
} from './queries.js';
import { WORKDAYS } from './roomPreview.js';

/** Keeps a table of rooms for its preview. @returns its id */
export async function startRoomImport(
  db: Db,
  by: Actor,
  input: { name: string; content: string; zone: string },
): Promise<number> {
  const made = await row<{ id: number }>(
    db,
    `insert into imports (kind, name, content, zone, state, created_by)
     values ('rooms', :name, :content, :zone, 'mapping', :by)
     returning id`,
    { ...input, by: by.id },
  );
  if (!made) throw new Conflict();
  return made.id;
}

/**
 * Keeps a file of bookings and asks the worker to read it.
 * @param input.source ids are unique in it
 * @returns its id
 */
export function startBookingImport(
  db: Db,
  by: Actor,
  input: { kind: Exclude<ImportKind, 'rooms'>; name: string; fileId: number; source: string; zone: string },
): Promise<number> {
  return inTransaction(db, async (trx) => {
    await keepFiles(trx, by, [input.fileId]);
    const made = await row<{ id: number }>(
      trx,
      `insert into imports (kind, name, source, zone, file_id, created_by)
       values (:kind, :name, :source, :zone, :file, :by)
       returning id`,
      {
        kind: input.kind,
        name: input.name,
        source: input.source,
        zone: input.zone,
        file: input.fileId,
        by: by.id,
      },
    );
    if (!made) throw new Conflict();
    await enqueue(trx, 'admin.readImport', { importId: made.id }, { key: `admin.readImport:${made.id}` });
    return made.id;
  });
}

export interface PlaceChoice {
  key: string;
  choice: 'room' | 'new' | 'no_room' | 'out';
  roomId: number | null;
}

export type Begun = { ok: true } | { ok: false; reason: 'bad_rows' | 'incomplete' };

/**
 * Says what each place becomes, makes the new rooms, and asks the worker to import. Posted again, it changes
 * nothing.
 * @param input.all nothing unless every row is good
 */
export function beginBookingImport(
  db: Db,
  by: Actor,
  id: number,
  input: { choices: PlaceChoice[]; all: boolean },
): Promise<Begun> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const found = await lockOwn(trx, by, id);
    if (found.kind === 'rooms') throw new NotFound();
    if (found.state === 'running' || found.state === 'done') return { ok: true };
    if (found.state !== 'mapping') throw new Conflict();
    if (input.all && (await countRows(trx, id)).bad > 0) return { ok: false, reason: 'bad_rows' };
    const places = await listPlaces(trx, id);
    const chosen = new Map(input.choices.map((one) => [one.key, one]));
    const usable = await usableRooms(trx, input.choices);
    const isComplete = places.every(({ key }) => {
      const one = chosen.get(key);
      return one && (one.choice !== 'room' || (one.roomId !== null && usable.has(one.roomId)));
    });
    if (!isComplete) return { ok: false, reason: 'incomplete' };
    const made = await makeRooms(
      trx,
      by,
      mrbsName(found) ?? '',
      places.filter(({ key }) => chosen.get(key)?.choice === 'new'),
    );
    await storeChoices(
      trx,
      id,
      places.map(({ key }) => {
        const one = chosen.get(key);
        const kept = one?.choice === 'room' ? one.roomId : null;
        return { key, choice: one?.choice, room_id: made.get(key) ?? kept };
      }),
    );
    await askToRun(trx, id);
    await record(trx, by, {
      action: 'import.begin',
      noun: 'imports',
      id,
      after: { kind: found.kind, file: found.name, rows: (await countRows(trx, id)).all },
    });
    return { ok: true };
  });
}

/** Keeps what each place becomes, and leaves out the bookings of those that stay out. */
async function storeChoices(
  trx: Db,
  id: number,
  choices: { key: string; choice: PlaceChoice['choice'] | undefined; room_id: number | null }[],
): Promise<void> {
  await change(
    trx,
    `update import_places p set choice = c.choice, room_id = c.room_id
       from jsonb_to_recordset(cast(:choices as jsonb)) as c (key text, choice text, room_id bigint)
      where p.import_id = :id and p.key = c.key`,
    { id, choices: JSON.stringify(choices) },
  );
  await change(
    trx,
    `update import_rows r
        set state = 'left_out'
       from import_places p
      where r.import_id = :id and r.state = 'waiting'
        and p.import_id = r.import_id and p.key = r.place and p.choice = 'out'`,
    { id },
  );
}

async function usableRooms(trx: Db, choices: PlaceChoice[]): Promise<Set<number>> {
  const found = await rows<{ id: number }>(
    trx,
    `select id from rooms where id = any(:ids) and status <> 'retired'`,
    { ids: choices.flatMap(({ roomId }) => roomId ?? []) },
  );
  return new Set(found.map(({ id }) => id));
}

/** @returns key of the place → id of its room; places of one name and area become one room */
async function makeRooms(
  trx: Db,
  by: Actor,
  source: string,
  places: ImportPlace[],
): Promise<Map<string, number>> {
  const made = new Map<string, number>();
  const byName = new Map<string, number>();
  for (const place of places) {
    const name = `${place.area}\n${place.label}`;
    const known = byName.get(name);
    const id = known ?? (await makeRoom(trx, by, source, place));
    byName.set(name, id);
    made.set(place.key, id);
  }
  return made;
}

async function makeRoom(trx: Db, by: Actor, source: string, place: ImportPlace): Promise<number> {
  const stem =
    place.label
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 30) || 'room';
  for (let n = 1; ; n++) {
    const room = await createRoom(trx, by, {
      code: n === 1 ? stem : `${stem}-${n}`,
      name_en: place.label,
      name_zh: place.label,
      site: source === DEFAULT_MRBS ? '' : source,
      building: place.area,
      floor: '',
      capacity: place.capacity ?? 10,
      equipment: [],
      is_step_free: false,
      ...WORKDAYS,
      setup_minutes: 0,
      teardown_minutes: 0,
      contact: '',
      note: '',
      sort_order: 0,
      parts: [],
      min_people: null,
      layouts: [],
      owner: null,
      key_note: '',
    });
    if (room.ok) return room.id;
    if (room.problem !== 'rooms.problem.codeTaken') throw new Conflict(room.problem);
  }
}

export interface Decision {
  number: number;
  decision: 'out' | 'no_room' | 'room';
  /** The suggestion as it was shown. */
  roomId: number | null;
}

/** Decides rows whose room is taken: these, or all that are left. What is decided already stays as it is. */
export function decideClashes(
  db: Db,
  by: Actor,
  id: number,
  input: { decisions: Decision[]; all: 'out' | 'no_room' | 'room' | null },
): Promise<{ changed: number }> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const found = await lockOwn(trx, by, id);
    if (found.state !== 'done' && found.state !== 'running') throw new Conflict();
    // Without a suggestion there is nothing to take: such a row goes on waiting for a decision.
    const set = `
      set state = case d.decision when 'out' then 'left_out' else 'waiting' end,
          clash = case d.decision when 'out' then r.clash end,
          decision = nullif(d.decision, 'out'),
          decided_room_id = case d.decision when 'room' then r.suggested_room_id end`;
    const changed = input.all
      ? await change(
          trx,
          `update import_rows r ${set} from (select cast(:all as text) as decision) d
            where r.import_id = :id and r.state = 'clash'
              and (d.decision <> 'room' or r.suggested_room_id is not null)`,
          { id, all: input.all },
        )
      : await change(
          trx,
          `update import_rows r ${set}
             from jsonb_to_recordset(cast(:decisions as jsonb))
               as d (number integer, decision text, "roomId" bigint)
            where r.import_id = :id and r.number = d.number and r.state = 'clash'
              and (d.decision <> 'room' or r.suggested_room_id = d."roomId")`,
          { id, decisions: JSON.stringify(input.decisions) },
        );
    if (changed > 0) {
      await askToRun(trx, id);
      await record(trx, by, { action: 'import.decide', noun: 'imports', id, after: { rows: changed } });
    }
    return { changed };
  });
}

async function askToRun(trx: Db, id: number): Promise<void> {
  await change(trx, `update imports set state = 'running', finished_at = null where id = :id`, { id });
  await enqueue(trx, 'admin.runImport', { importId: id }, { key: `admin.runImport:${id}` });
}

async function lockOwn(trx: Db, by: Actor, id: number): Promise<Import> {
  const found = await findOwnImport(trx, id, by.id, { lock: true });
  if (!found) throw new NotFound();
  return found;
}

/** The worker could not read the file, or may not go on. */
export async function stopImport(trx: Db, id: number, problem: Reason): Promise<void> {
  const stopped = await row<{ file_id: number | null }>(
    trx,
    `update imports
        set state = 'unreadable', problem = :problem, finished_at = now()
      where id = :id
     returning file_id`,
    { id, problem: JSON.stringify(problem) },
  );
  await change(trx, `delete from import_rows where import_id = :id and state <> 'done'`, { id });
  await letGoOfFile(trx, id, stopped?.file_id ?? null);
}

export async function letGoOfFile(trx: Db, id: number, fileId: number | null): Promise<void> {
  if (fileId === null) return;
  await change(trx, `update imports set file_id = null where id = :id`, { id });
  await removeFiles(trx, [fileId]);
}

/**
 * What was read is personal data and of no use after a month; what was imported is remembered by its id
 * only.
 */
export function cleanBookingImports(db: Db): Promise<void> {
  return inTransaction(db, async (trx) => {
    const old = await rows<{ file_id: number | null }>(
      trx,
      `delete from imports where created_at < now() - interval '30 days' returning file_id`,
    );
    await removeFiles(
      trx,
      old.flatMap(({ file_id }) => file_id ?? []),
    );
  });
}
