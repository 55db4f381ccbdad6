import { record, type Actor } from '../lib/audit/record.js';
import { change, type Db, inTransaction, refusedBy, row, rows } from '../lib/db/db.js';
import { mergeCells, type Cells } from '../lib/http/merge.js';
import { resolvePersons } from '../people/queries.js';
import type { Key, Values } from '../lib/i18n/translate.js';
import type { RoomStatus } from '../claims/checks.js';
import type { RoomFields } from './forms.js';
import { seatProblems, type LayoutSeats } from '../claims/layouts.js';
import { isBlocking } from '../hours/liveClaimQueries.js';
import type { Hours } from '../hours/openingHours.js';
import { findRoom, type Room } from './queries.js';
import {
  cellsOf,
  contentFrom,
  contentOf,
  contentOfRoom,
  historyOf,
  type RoomContent,
} from './roomContent.js';
import { requireKeeper } from '../auth/keeperQueries.js';

export interface Refusal {
  ok: false;
  reason: 'problem';
  field: string;
  problem: Key;
  values?: Values;
  /** What would have been saved, where it isn't what was typed: somebody else's changes are in it. */
  merged?: { room: Room; content: RoomContent };
}

export interface Stale {
  ok: false;
  reason: 'stale';
  room: Room;
}

/** Both changed the same fields, and not to the same. */
export interface Clash {
  ok: false;
  reason: 'clash';
  room: Room;
  /** What would be saved, mine in the fields of `clashes`. */
  content: RoomContent;
  clashes: string[];
  /** What only the others changed. */
  theirs: string[];
}

export function createRoom(
  db: Db,
  by: Actor,
  input: RoomFields,
): Promise<{ ok: true; id: number } | Refusal> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const owner = await findOwner(trx, input.owner);
    if (!owner.ok) return owner;
    const content = contentOf(input, owner.id);
    const wrong = await checkEquipment(trx, content.equipment, []);
    if (wrong) return wrong;
    const made = await row<{ id: number }>(
      trx,
      `insert into rooms (
         code, name_en, name_zh, site, building, floor, capacity, equipment, is_step_free, contact, note,
         setup_minutes, teardown_minutes, sort_order, min_people, key_note, owner_id
       )
       values (
         :code, :name_en, :name_zh, :site, :building, :floor, :capacity, :equipment, :is_step_free, :contact,
         :note, :setup_minutes, :teardown_minutes, :sort_order, :min_people, :key_note, :owner_id
       )
       on conflict (code) do nothing returning id`,
      columns(content),
    );
    if (!made) return { ok: false, reason: 'problem', field: 'code', problem: 'rooms.problem.codeTaken' };
    await writeHours(trx, made.id, content.hours);
    await writeLayouts(trx, made.id, content.layouts);
    const refused = await writeParts(trx, made.id, [], content.parts);
    if (refused) {
      await change(trx, `delete from room_hours where room_id = :id`, made);
      await change(trx, `delete from rooms where id = :id`, made); // and, with it, its layouts
      return refused;
    }
    await record(trx, by, { action: 'room.create', noun: 'rooms', id: made.id, after: historyOf(content) });
    return { ok: true, id: made.id };
  });
}

/** How the room stood when its form was opened. What only others changed since stays theirs. */
export interface RoomEdit {
  was: Cells;
  /** The fields in which the person gave way. */
  given: readonly string[];
}

/**
 * Saves the form of a room; without `was` nothing is merged.
 * @returns `isMerged` when others had changed something, `clash` when both changed the same,
 * `stale` when others changed something and `was` is not there
 */
export function updateRoom(
  db: Db,
  by: Actor,
  { id, version, ...edit }: { id: number; version: number } & Partial<RoomEdit>,
  input: RoomFields,
): Promise<{ ok: true; isMerged: boolean } | Clash | Stale | Refusal> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(
      trx,
      by,
      id,
      input.parts.filter((part) => part !== null),
    );
    const isStale = room.version !== version;
    if (isStale && !edit.was) return { ok: false, reason: 'stale', room };
    const owner = await findOwner(trx, input.owner);
    if (!owner.ok) return owner;
    const before = contentOfRoom(room);
    const mine = contentOf(input, owner.id);
    const merged = mergeCells(
      isStale && edit.was ? edit.was : cellsOf(before),
      cellsOf(mine),
      cellsOf(before),
      edit.given,
    );
    const content = contentFrom(merged.cells);
    if (merged.clashes.length)
      return { ok: false, reason: 'clash', room, content, clashes: merged.clashes, theirs: merged.theirs };
    const wrong =
      checkSeats(content) ??
      (await checkEquipment(trx, content.equipment, room.equipment)) ??
      (await takeCode(trx, content.code, id)) ??
      (await writeParts(trx, id, before.parts, content.parts));
    if (wrong) {
      await change(trx, `update rooms set code = :code where id = :id`, { code: before.code, id });
      return { ...wrong, merged: merged.theirs.length ? { room, content } : undefined };
    }
    await writeHours(trx, id, content.hours);
    await writeLayouts(trx, id, content.layouts);
    await change(
      trx,
      `update rooms
         set code = :code, name_en = :name_en, name_zh = :name_zh, site = :site, building = :building,
             floor = :floor, capacity = :capacity, equipment = :equipment, is_step_free = :is_step_free,
             contact = :contact, note = :note, setup_minutes = :setup_minutes,
             teardown_minutes = :teardown_minutes, sort_order = :sort_order, min_people = :min_people,
             key_note = :key_note, owner_id = :owner_id, version = version + 1
       where id = :id`,
      { ...columns(content), id },
    );
    const differs = difference(historyOf(before), historyOf(content));
    if (differs) await record(trx, by, { action: 'room.update', noun: 'rooms', id, ...differs });
    return { ok: true, isMerged: merged.theirs.length > 0 };
  });
}

/**
 * Takes a room out of service, back into it, or out of use for good. Meetings
 * that have it keep it: who does it sees them. A room with coming meetings or in
 * a hall that is in use is not retired, because it would vanish from under them.
 */
export function changeStatus(
  db: Db,
  by: Actor,
  { id, version }: { id: number; version: number },
  input: { status: RoomStatus; reason: string | null; backAt: Date | null },
): Promise<{ ok: true } | Stale | Refusal> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, id);
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    if (input.status === 'retired') {
      if (await hasComingClaims(trx, [id, ...room.parts.map((part) => part.id)]))
        return { ok: false, reason: 'problem', field: 'status', problem: 'rooms.problem.stillBooked' };
      const halls = await row(trx, `select 1 from rooms where id = any(:halls) and status <> 'retired'`, {
        halls: room.halls.map((hall) => hall.id),
      });
      if (halls) return { ok: false, reason: 'problem', field: 'status', problem: 'rooms.problem.stillPart' };
    }
    const reason = input.status === 'in_service' ? null : input.reason;
    const backAt = input.status === 'out_of_service' ? input.backAt : null;
    await change(
      trx,
      `update rooms
         set status = :status, status_reason = :reason, back_at = :back, version = version + 1
         where id = :id`,
      { status: input.status, reason, back: backAt, id },
    );
    await record(trx, by, {
      action: 'room.status',
      noun: 'rooms',
      id,
      before: { status: room.status, reason: room.status_reason, back_at: room.back_at },
      after: { status: input.status, reason, back_at: backAt },
      note: input.reason || undefined,
    });
    return { ok: true };
  });
}

/**
 * Waits for bookings of this room, of its parts and of `others` that
 * are being written, and holds off new ones until the change is done.
 */
export async function lockRoom(trx: Db, by: Actor, id: number, others: number[] = []): Promise<Room> {
  await requireKeeper(trx, by);
  await rows(
    trx,
    `select id
       from rooms
       where id = any(:ids) or id in (select part_id from room_parts where hall_id = :id)
       order by id
       for update`,
    { ids: [id, ...others], id },
  );
  return findRoom(trx, id);
}

function columns({
  hours: _hours,
  layouts: _layouts,
  parts: _parts,
  ...rest
}: RoomContent): Omit<RoomContent, 'hours' | 'layouts' | 'parts'> {
  return rest;
}

/** What changed, before and after, or undefined when nothing did. */
function difference(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): { before: Record<string, unknown>; after: Record<string, unknown> } | undefined {
  const changed = Object.keys(after).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  if (!changed.length) return undefined;
  const pick = (of: Record<string, unknown>) => Object.fromEntries(changed.map((name) => [name, of[name]]));
  return { before: pick(before), after: pick(after) };
}

/** Are the codes in the catalogue, or were they in the room before? */
async function checkEquipment(
  trx: Db,
  codes: readonly string[],
  before: readonly string[],
): Promise<Refusal | undefined> {
  const known = await rows<{ code: string }>(
    trx,
    `select code
       from equipment_kinds
       where not is_movable and (is_active or code = any(:before)) and code = any(:codes)`,
    { codes, before },
  );
  return known.length === new Set(codes).size
    ? undefined
    : { ok: false, reason: 'problem', field: 'equipment', problem: 'equipment.problem.unknown' };
}

/** The constraint decides: somebody else may give the same code to another room at this moment. */
async function takeCode(trx: Db, code: string, id: number): Promise<Refusal | undefined> {
  const refused = await refusedBy(trx, ['rooms_code_key'], (inner) =>
    change(inner, `update rooms set code = :code where id = :id and code <> :code`, { code, id }),
  );
  return refused === undefined
    ? undefined
    : { ok: false, reason: 'problem', field: 'code', problem: 'rooms.problem.codeTaken' };
}

/** Each half may have been right where both together are not: fewer seats here, a layout with more there. */
function checkSeats(content: RoomContent): Refusal | undefined {
  const [field] = seatProblems(content.capacity, content.layouts, content.min_people);
  return field === undefined
    ? undefined
    : {
        ok: false,
        reason: 'problem',
        field,
        problem: 'layouts.problem.tooMany',
        values: { seats: content.capacity },
      };
}

async function findOwner(trx: Db, typed: string | null): Promise<{ ok: true; id: number | null } | Refusal> {
  if (!typed) return { ok: true, id: null };
  const [found] = await resolvePersons(trx, [typed]);
  if (found?.ok) return { ok: true, id: found.person.id };
  return {
    ok: false,
    reason: 'problem',
    field: 'owner',
    problem: found?.reason === 'several' ? 'layouts.problem.ownerSeveral' : 'layouts.problem.owner',
  };
}

async function writeLayouts(trx: Db, id: number, layouts: readonly LayoutSeats[]): Promise<void> {
  await change(trx, `delete from room_layouts where room_id = :id`, { id });
  await change(
    trx,
    `insert into room_layouts (room_id, layout, capacity)
     select :id::bigint, *
       from unnest(:layouts::text[], :seats::int[])`,
    {
      id,
      layouts: layouts.map(({ layout }) => layout),
      seats: layouts.map(({ capacity }) => capacity),
    },
  );
}

async function writeHours(trx: Db, id: number, hours: readonly Hours[]): Promise<void> {
  await change(trx, `delete from room_hours where room_id = :id`, { id });
  await change(
    trx,
    `insert into room_hours (room_id, weekday, opens_at, closes_at)
     select :id::bigint, *
       from unnest(:days::smallint[], :opens::time[], :closes::time[])`,
    {
      id,
      days: hours.map((h) => h.weekday),
      opens: hours.map((h) => h.opens_at),
      closes: hours.map((h) => h.closes_at),
    },
  );
}

/**
 * Changes what a hall is divided into: one level deep, of rooms that are no halls.
 * Refused while the hall has coming claims: they were made on the parts of before.
 */
async function writeParts(
  trx: Db,
  id: number,
  before: number[],
  after: number[],
): Promise<Refusal | undefined> {
  if (JSON.stringify([...before].sort((a, b) => a - b)) === JSON.stringify(after)) return undefined;
  const refuse = (problem: Key): Refusal => ({ ok: false, reason: 'problem', field: 'parts', problem });
  const parts = await rows<{ id: number; is_hall: boolean }>(
    trx,
    `select r.id, exists (select 1 from room_parts where hall_id = r.id) as is_hall
       from rooms r
       where r.id = any(:after) and r.status <> 'retired'`,
    { after },
  );
  if (parts.length !== after.length || after.includes(id) || parts.some(({ is_hall }) => is_hall))
    return refuse('rooms.problem.partIsHall');
  if (after.length === 1) return refuse('rooms.problem.onePart');
  const isPart = await row(trx, `select 1 from room_parts where part_id = :id limit 1`, { id });
  if (isPart && after.length) return refuse('rooms.problem.partIsHall');
  if (await hasComingHallClaims(trx, id)) return refuse('rooms.problem.hallBooked');
  await change(trx, `delete from room_parts where hall_id = :id`, { id });
  await change(
    trx,
    `insert into room_parts (hall_id, part_id) select :id::bigint, unnest(:after::bigint[])`,
    { id, after },
  );
  return undefined;
}

async function hasComingClaims(trx: Db, roomIds: number[]): Promise<boolean> {
  const found = await row(
    trx,
    `select 1
       from room_claims
       where room_id = any(:rooms) and occupies && tstzrange(now(), null) and ${isBlocking()}
        and meeting_id is not null limit 1`,
    { rooms: roomIds },
  );
  return found !== undefined;
}

/**
 * Claims on the hall's own row (while it had no parts), or on its
 * parts for a meeting or a closure of the hall.
 */
async function hasComingHallClaims(trx: Db, hallId: number): Promise<boolean> {
  const found = await row(
    trx,
    `select 1 from room_claims c
      where c.occupies && tstzrange(now(), null) and ${isBlocking('c')}
        and (c.room_id = :hall
          or c.room_id in (select part_id from room_parts where hall_id = :hall)
             and (
               exists (select 1 from meeting_rooms m where m.meeting_id = c.meeting_id and m.room_id = :hall)
               or exists (select 1 from closures cl where cl.id = c.closure_id and cl.room_id = :hall)))
      limit 1`,
    { hall: hallId },
  );
  return found !== undefined;
}
