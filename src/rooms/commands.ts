import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';
import { resolvePersons } from '../people/queries.js';
import type { Key } from '../lib/i18n/translate.js';
import type { RoomStatus } from './claimChecks.js';
import type { RoomFields } from './forms.js';
import { inOrder, LAYOUTS, type LayoutSeats } from './layouts.js';
import { findRoom, type Room } from './queries.js';

export interface Refusal {
  ok: false;
  reason: 'problem';
  field: string;
  problem: Key;
}
export interface Stale {
  ok: false;
  reason: 'stale';
  room: Room;
}

/** @throws Forbidden unless the acting person keeps rooms; asked in the transaction, whatever the route said */
export async function requireKeeper(trx: Db, by: Actor): Promise<void> {
  const keeper = await row(trx, `select 1 from persons where id = :by and role in ('secretary', 'administrator') and deactivated_at is null`, { by: by.id });
  if (!keeper) throw new Forbidden();
}

export function createRoom(db: Db, by: Actor, input: RoomFields): Promise<{ ok: true; id: number } | Refusal> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const wrong = await checkFields(trx, input, []);
    if (!wrong.ok) return wrong;
    const made = await row<{ id: number }>(
      trx,
      `insert into rooms (code, name_en, name_zh, site, building, floor, capacity, equipment, is_step_free, contact, note, setup_minutes, teardown_minutes, sort_order, min_people, key_note, owner_id)
       values (:code, :name_en, :name_zh, :site, :building, :floor, :capacity, :equipment, :is_step_free, :contact, :note, :setup_minutes, :teardown_minutes, :sort_order, :min_people, :key_note, :owner)
       on conflict (code) do nothing returning id`,
      { ...columns(input), owner: wrong.ownerId },
    );
    if (!made) return { ok: false, reason: 'problem', field: 'code', problem: 'rooms.problem.codeTaken' };
    await writeHours(trx, made.id, input);
    await writeLayouts(trx, made.id, input);
    const refused = await writeParts(trx, made.id, [], partsOf(input));
    if (refused) {
      await change(trx, `delete from room_hours where room_id = :id`, made);
      await change(trx, `delete from rooms where id = :id`, made); // and, with it, its layouts
      return refused;
    }
    await record(trx, by, { action: 'room.create', noun: 'rooms', id: made.id, after: { ...columns(input), owner_id: wrong.ownerId, layouts: told(layoutsOf(input)), hours: hoursOf(input), parts: partsOf(input) } });
    return { ok: true, id: made.id };
  });
}

/** @returns `stale` with the room as it stands when somebody else changed it since the form was opened */
export function updateRoom(db: Db, by: Actor, id: number, version: number, input: RoomFields): Promise<{ ok: true } | Stale | Refusal> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, id, partsOf(input));
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    const taken = await row(trx, `select 1 from rooms where code = :code and id <> :id`, { code: input.code, id });
    if (taken) return { ok: false, reason: 'problem', field: 'code', problem: 'rooms.problem.codeTaken' };
    const wrong = await checkFields(trx, input, room.equipment);
    if (!wrong.ok) return wrong;
    const refused = await writeParts(trx, id, room.parts.map((part) => part.id), partsOf(input));
    if (refused) return refused;
    await writeHours(trx, id, input);
    await writeLayouts(trx, id, input);
    await change(
      trx,
      `update rooms set code = :code, name_en = :name_en, name_zh = :name_zh, site = :site, building = :building, floor = :floor, capacity = :capacity,
              equipment = :equipment, is_step_free = :is_step_free, contact = :contact, note = :note, setup_minutes = :setup_minutes,
              teardown_minutes = :teardown_minutes, sort_order = :sort_order, min_people = :min_people, key_note = :key_note, owner_id = :owner, version = version + 1
        where id = :id`,
      { ...columns(input), owner: wrong.ownerId, id },
    );
    const differs = difference(fieldsOf(room), { ...columns(input), owner_id: wrong.ownerId, layouts: told(layoutsOf(input)), hours: hoursOf(input), parts: partsOf(input) });
    if (differs) await record(trx, by, { action: 'room.update', noun: 'rooms', id, ...differs });
    return { ok: true };
  });
}

/**
 * Takes a room out of service, back into it, or out of use for good. Meetings that have it keep it: who does it sees them.
 * A room with coming meetings or in a hall that is in use is not retired, because it would vanish from under them.
 */
export function changeStatus(db: Db, by: Actor, id: number, version: number, input: { status: RoomStatus; reason: string | null; backAt: Date | null }): Promise<{ ok: true } | Stale | Refusal> {
  return inTransaction(db, async (trx) => {
    const room = await lockRoom(trx, by, id);
    if (room.version !== version) return { ok: false, reason: 'stale', room };
    if (input.status === 'retired') {
      if (await hasComingClaims(trx, [id, ...room.parts.map((part) => part.id)])) return { ok: false, reason: 'problem', field: 'status', problem: 'rooms.problem.stillBooked' };
      const halls = await row(trx, `select 1 from rooms where id = any(:halls) and status <> 'retired'`, { halls: room.halls.map((hall) => hall.id) });
      if (halls) return { ok: false, reason: 'problem', field: 'status', problem: 'rooms.problem.stillPart' };
    }
    const reason = input.status === 'in_service' ? null : input.reason;
    const backAt = input.status === 'out_of_service' ? input.backAt : null;
    await change(trx, `update rooms set status = :status, status_reason = :reason, back_at = :back, version = version + 1 where id = :id`, { status: input.status, reason, back: backAt, id });
    await record(trx, by, {
      action: 'room.status', noun: 'rooms', id, before: { status: room.status, reason: room.status_reason, back_at: room.back_at },
      after: { status: input.status, reason, back_at: backAt },
      ...(input.reason ? { note: input.reason } : {}),
    });
    return { ok: true };
  });
}

/** Waits for bookings of this room (and of `others`) that are being written, and holds off new ones until the change is done. */
export async function lockRoom(trx: Db, by: Actor, id: number, others: number[] = []): Promise<Room> {
  await requireKeeper(trx, by);
  await rows(trx, `select id from rooms where id = any(:ids) order by id for update`, { ids: [id, ...others] });
  return findRoom(trx, id);
}

type Columns = Omit<RoomFields, 'opens' | 'closes' | 'parts' | 'layouts' | 'owner'>;

function columns({ opens: _opens, closes: _closes, parts: _parts, layouts: _layouts, owner: _owner, ...rest }: RoomFields): Columns {
  return rest;
}

function partsOf(input: RoomFields): number[] {
  return [...new Set(input.parts.filter((id) => id !== null))].sort((a, b) => a - b);
}

function hoursOf({ opens, closes }: RoomFields): { weekday: number; opens_at: string; closes_at: string }[] {
  return opens.flatMap((opens_at, day) => {
    const closes_at = closes[day];
    return opens_at && closes_at ? [{ weekday: day + 1, opens_at, closes_at }] : [];
  });
}

function fieldsOf(room: Room): Record<string, unknown> {
  return { ...room, owner_id: room.owner?.id ?? null, layouts: told(inOrder(room.layouts)), parts: room.parts.map((part) => part.id).sort((a, b) => a - b) };
}

/** What changed, before and after, or undefined when nothing did. */
function difference(before: Record<string, unknown>, after: Record<string, unknown>): { before: Record<string, unknown>; after: Record<string, unknown> } | undefined {
  const changed = Object.keys(after).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  if (!changed.length) return undefined;
  const pick = (of: Record<string, unknown>) => Object.fromEntries(changed.map((name) => [name, of[name]]));
  return { before: pick(before), after: pick(after) };
}

function layoutsOf({ layouts }: RoomFields): LayoutSeats[] {
  return LAYOUTS.flatMap((layout, i) => (layouts[i] ? [{ layout, capacity: layouts[i] }] : []));
}

/** Of the history: `theatre 60`. */
function told(layouts: LayoutSeats[]): string[] {
  return layouts.map(({ layout, capacity }) => `${layout} ${capacity}`);
}

/** What only the database knows: are the codes in the catalogue, and who is the owner? */
async function checkFields(trx: Db, input: RoomFields, before: readonly string[]): Promise<{ ok: true; ownerId: number | null } | Refusal> {
  const known = await rows<{ code: string }>(trx, `select code from equipment_kinds where not is_movable and (is_active or code = any(:before)) and code = any(:codes)`, { codes: input.equipment, before });
  if (known.length !== new Set(input.equipment).size) return { ok: false, reason: 'problem', field: 'equipment', problem: 'equipment.problem.unknown' };
  if (!input.owner) return { ok: true, ownerId: null };
  const [found] = await resolvePersons(trx, [input.owner]);
  if (found?.ok) return { ok: true, ownerId: found.person.id };
  return { ok: false, reason: 'problem', field: 'owner', problem: found?.reason === 'several' ? 'layouts.problem.ownerSeveral' : 'layouts.problem.owner' };
}

async function writeLayouts(trx: Db, id: number, input: RoomFields): Promise<void> {
  const layouts = layoutsOf(input);
  await change(trx, `delete from room_layouts where room_id = :id`, { id });
  await change(trx, `insert into room_layouts (room_id, layout, capacity) select :id::bigint, * from unnest(:layouts::text[], :seats::int[])`, {
    id, layouts: layouts.map(({ layout }) => layout), seats: layouts.map(({ capacity }) => capacity),
  });
}

async function writeHours(trx: Db, id: number, input: RoomFields): Promise<void> {
  const hours = hoursOf(input);
  await change(trx, `delete from room_hours where room_id = :id`, { id });
  await change(
    trx,
    `insert into room_hours (room_id, weekday, opens_at, closes_at) select :id::bigint, * from unnest(:days::smallint[], :opens::time[], :closes::time[])`,
    { id, days: hours.map((h) => h.weekday), opens: hours.map((h) => h.opens_at), closes: hours.map((h) => h.closes_at) },
  );
}

/**
 * Changes what a hall is divided into: one level deep, of rooms that are no halls. Refused while the hall has coming
 * claims: they were made on the parts of before.
 */
async function writeParts(trx: Db, id: number, before: number[], after: number[]): Promise<Refusal | undefined> {
  if (JSON.stringify([...before].sort((a, b) => a - b)) === JSON.stringify(after)) return undefined;
  const refuse = (problem: Key): Refusal => ({ ok: false, reason: 'problem', field: 'parts', problem });
  const parts = await rows<{ id: number; is_hall: boolean }>(
    trx,
    `select r.id, exists (select 1 from room_parts where hall_id = r.id) as is_hall from rooms r where r.id = any(:after) and r.status <> 'retired'`,
    { after },
  );
  if (parts.length !== after.length || after.includes(id) || parts.some(({ is_hall }) => is_hall)) return refuse('rooms.problem.partIsHall');
  if (after.length === 1) return refuse('rooms.problem.onePart');
  const isPart = await row(trx, `select 1 from room_parts where part_id = :id limit 1`, { id });
  if (isPart && after.length) return refuse('rooms.problem.partIsHall');
  if (await hasComingHallClaims(trx, id)) return refuse('rooms.problem.hallBooked');
  await change(trx, `delete from room_parts where hall_id = :id`, { id });
  await change(trx, `insert into room_parts (hall_id, part_id) select :id::bigint, unnest(:after::bigint[])`, { id, after });
  return undefined;
}

async function hasComingClaims(trx: Db, roomIds: number[]): Promise<boolean> {
  const found = await row(
    trx,
    `select 1 from room_claims where room_id = any(:rooms) and occupies && tstzrange(now(), null) and is_holding and state in ('held', 'requested', 'confirmed')
        and meeting_id is not null limit 1`,
    { rooms: roomIds },
  );
  return found !== undefined;
}

/** Claims on the hall's own row (while it had no parts), or on its parts for a meeting or a closure of the hall. */
async function hasComingHallClaims(trx: Db, hallId: number): Promise<boolean> {
  const found = await row(
    trx,
    `select 1 from room_claims c
      where c.occupies && tstzrange(now(), null) and c.is_holding and c.state in ('held', 'requested', 'confirmed')
        and (c.room_id = :hall
          or c.room_id in (select part_id from room_parts where hall_id = :hall)
             and (exists (select 1 from meeting_rooms m where m.meeting_id = c.meeting_id and m.room_id = :hall)
               or exists (select 1 from closures cl where cl.id = c.closure_id and cl.room_id = :hall)))
      limit 1`,
    { hall: hallId },
  );
  return found !== undefined;
}
