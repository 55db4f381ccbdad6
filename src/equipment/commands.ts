import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, NotFound } from '../lib/http/errors.js';
import type { Key } from '../lib/i18n/translate.js';
import { requireKeeper } from '../rooms/commands.js';
import type { EquipmentKind } from './kinds.js';
import type { KindFields } from './forms.js';
import { findEquipmentKind, listHolders, type Holder } from './queries.js';

// Movable equipment is taken with a meeting. Lock order: the meeting, its rooms, then the kinds by id; under the lock the
// pieces that are away are counted, and the database's trigger counts them once more.

export interface EquipmentLine {
  kindId: number;
  quantity: number;
}

/** Why the equipment can't be had: how many are left at the worst instant, and who has the others. */
export interface Shortage {
  kind: Pick<EquipmentKind, 'id' | 'name_en' | 'name_zh'>;
  asked: number;
  /** Pieces to be had for the whole time. */
  left: number;
  stock: number;
  holders: Holder[];
}

export type Taken = { ok: true } | { ok: false; shortages: Shortage[] };

interface AskedKind {
  id: number;
  name_en: string;
  name_zh: string;
  is_movable: boolean;
  is_active: boolean;
  stock: number;
  /** Pieces that others have at the worst instant. */
  away: number;
  /** The meeting has some already. */
  is_kept: boolean;
}

/**
 * Makes these lines what the meeting has, for the time of its claims (or its own, where it has no room). Runs in the
 * caller's transaction, after the claims. Refused, nothing of this call is left.
 */
export async function takeEquipment(
  trx: Db,
  by: Actor,
  meetingId: number,
  span: { startsAt: Date; endsAt: Date },
  lines: readonly EquipmentLine[],
): Promise<Taken> {
  const wanted = [...lines].filter(({ quantity }) => quantity > 0).sort((a, b) => a.kindId - b.kindId);
  const kindIds = wanted.map(({ kindId }) => kindId);
  if (new Set(kindIds).size !== kindIds.length) throw new BadRequest();
  if (wanted.length > 0) {
    await rows(trx, `select id from equipment_kinds where id = any(:kinds) order by id for no key update`, {
      kinds: kindIds,
    });
    const time = await findOccupied(trx, meetingId, span);
    const asked = await rows<AskedKind>(
      trx,
      `select k.id, k.name_en, k.name_zh, k.is_movable, k.is_active, coalesce(k.stock, 0) as stock, equipment_peak(k.id, :from, :to, :meeting) as away,
              exists (select 1 from equipment_bookings where meeting_id = :meeting and kind_id = k.id) as is_kept
         from equipment_kinds k where k.id = any(:kinds) order by k.id`,
      { kinds: kindIds, from: time.from, to: time.to, meeting: meetingId },
    );
    if (
      asked.length !== wanted.length ||
      asked.some((kind) => !kind.is_movable || (!kind.is_active && !kind.is_kept))
    )
      throw new BadRequest();
    const short = asked.filter((kind, i) => kind.away + (wanted[i]?.quantity ?? 0) > kind.stock);
    if (short.length > 0) {
      const shortages: Shortage[] = [];
      for (const { id, name_en, name_zh, stock, away } of short) {
        const holders = await listHolders(trx, by.id, id, time, meetingId);
        shortages.push({
          kind: { id, name_en, name_zh },
          asked: wanted.find(({ kindId }) => kindId === id)?.quantity ?? 0,
          left: Math.max(0, stock - away),
          stock,
          holders,
        });
      }
      return { ok: false, shortages };
    }
    await change(
      trx,
      `insert into equipment_bookings (meeting_id, kind_id, quantity, starts_at, ends_at)
       select :meeting::bigint, w.kind, w.quantity, :from::timestamptz, :to::timestamptz from unnest(:kinds::bigint[], :quantities::int[]) as w (kind, quantity) order by w.kind
       on conflict (meeting_id, kind_id) do update set quantity = excluded.quantity, starts_at = excluded.starts_at, ends_at = excluded.ends_at, is_held = true`,
      {
        meeting: meetingId,
        kinds: kindIds,
        quantities: wanted.map(({ quantity }) => quantity),
        from: time.from,
        to: time.to,
      },
    );
  }
  await change(trx, `delete from equipment_bookings where meeting_id = :meeting and kind_id <> all(:kinds)`, {
    meeting: meetingId,
    kinds: kindIds,
  });
  return { ok: true };
}

/** Locks what several meetings have, in the one order, before the first of them takes it for another time. */
export async function lockKindsOf(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await rows(
    trx,
    `select id from equipment_kinds where id in (select kind_id from equipment_bookings where meeting_id = any(:meetings)) order by id for no key update`,
    { meetings: meetingIds },
  );
}

/** Setting up and clearing away are the equipment's time too. */
async function findOccupied(
  trx: Db,
  meetingId: number,
  span: { startsAt: Date; endsAt: Date },
): Promise<{ from: Date; to: Date }> {
  const claimed = await row<{ from: Date | null; to: Date | null }>(
    trx,
    `select min(occupies_from) as "from", max(occupies_to) as "to" from room_claims where meeting_id = :meeting and state in ('held', 'requested', 'confirmed')`,
    { meeting: meetingId },
  );
  return { from: claimed?.from ?? span.startsAt, to: claimed?.to ?? span.endsAt };
}

/** What the meeting has, or had when it was cancelled. */
export async function listLines(trx: Db, meetingId: number): Promise<EquipmentLine[]> {
  return rows<EquipmentLine>(
    trx,
    `select kind_id as "kindId", quantity from equipment_bookings where meeting_id = :meeting order by kind_id`,
    { meeting: meetingId },
  );
}

/** For the history, which is read in both languages: code and number, as `screen × 2`. */
export async function tellLines(trx: Db, lines: readonly EquipmentLine[]): Promise<string[]> {
  const kinds = await rows<{ id: number; code: string }>(
    trx,
    `select id, code from equipment_kinds where id = any(:kinds) order by id`,
    { kinds: lines.map(({ kindId }) => kindId) },
  );
  return kinds.map(({ id, code }) => `${code} × ${lines.find(({ kindId }) => kindId === id)?.quantity ?? 0}`);
}

/** Gives it up with the meeting; the rows stay, so that a restored meeting asks for the same. */
export async function releaseEquipment(trx: Db, meetingId: number): Promise<number> {
  return change(
    trx,
    `update equipment_bookings set is_held = false where meeting_id = :meeting and is_held`,
    { meeting: meetingId },
  );
}

export type KindResult =
  | { ok: true; id: number }
  | { ok: false; reason: 'stale'; kind: EquipmentKind }
  | { ok: false; reason: 'problem'; field: string; problem: Key; values?: Record<string, number> };

export function createEquipmentKind(
  db: Db,
  by: Actor,
  input: KindFields & { code: string; is_movable: boolean },
): Promise<KindResult> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const made = await row<{ id: number }>(
      trx,
      `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock, is_active, sort_order)
       values (:code, :name_en, :name_zh, :is_movable, :stock, :is_active, :sort_order) on conflict (code) do nothing returning id`,
      { ...input, stock: input.is_movable ? (input.stock ?? 0) : null },
    );
    if (!made) return { ok: false, reason: 'problem', field: 'code', problem: 'equipment.problem.codeTaken' };
    await record(trx, by, { action: 'equipment.create', noun: 'equipment_kinds', id: made.id, after: input });
    return { ok: true, id: made.id };
  });
}

/** Names, stock, whether it is offered. Its code and its being movable stay: rooms and bookings hang on them. */
export function updateEquipmentKind(
  db: Db,
  by: Actor,
  id: number,
  version: number,
  input: KindFields,
): Promise<KindResult> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const locked = await rows(trx, `select id from equipment_kinds where id = :id for no key update`, { id });
    if (!locked.length) throw new NotFound();
    const kind = await findEquipmentKind(trx, id);
    if (kind.version !== version) return { ok: false, reason: 'stale', kind };
    if (kind.is_movable && input.stock === null)
      return { ok: false, reason: 'problem', field: 'stock', problem: 'equipment.problem.stock' };
    const stock = kind.is_movable ? input.stock : null;
    if (stock !== null && kind.stock !== null && stock < kind.stock) {
      const peak = await row<{ away: number }>(
        trx,
        `select equipment_peak(:id, now(), 'infinity', null) as away`,
        { id },
      );
      if (peak && peak.away > stock)
        return {
          ok: false,
          reason: 'problem',
          field: 'stock',
          problem: 'equipment.problem.booked',
          values: { count: peak.away },
        };
    }
    const { name_en, name_zh, is_active, sort_order } = input;
    const after = { name_en, name_zh, is_active, sort_order, stock };
    await change(
      trx,
      `update equipment_kinds set name_en = :name_en, name_zh = :name_zh, stock = :stock, is_active = :is_active, sort_order = :sort_order, version = version + 1 where id = :id`,
      { ...after, id },
    );
    const before = {
      name_en: kind.name_en,
      name_zh: kind.name_zh,
      is_active: kind.is_active,
      sort_order: kind.sort_order,
      stock: kind.stock,
    };
    if (JSON.stringify(before) !== JSON.stringify(after))
      await record(trx, by, { action: 'equipment.update', noun: 'equipment_kinds', id, before, after });
    return { ok: true, id };
  });
}
