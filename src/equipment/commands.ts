import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { BadRequest, NotFound } from '../lib/http/errors.js';
import type { Key } from '../lib/i18n/translate.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import type { EquipmentKind } from './kinds.js';
import type { KindFields } from './forms.js';
import { findEquipmentKind, holdersWhere, IS_THEIRS, type Holder } from './queries.js';
import { isLive } from '../hours/liveClaimQueries.js';

// Movable equipment is taken with a meeting; everything for many meetings at once, of which one is the
// smallest number. Lock order: the meetings, their rooms, then the kinds by id. Under the lock what is away
// is counted, and the database's trigger counts it once more.

export interface EquipmentLine {
  kindId: number;
  quantity: number;
}

/** Why the equipment can't be had: how many are left at the worst instant, and who has the others. */
export interface Shortage {
  kind: Pick<EquipmentKind, 'id' | 'name_en' | 'name_zh'>;
  /** How many are requested. */
  requested: number;
  /** How many are to be had for the whole time. */
  left: number;
  stock: number;
  holders: Holder[];
}

/** All that a meeting shall have, for the time of its claims; for its own time where it has no room. */
export interface EquipmentRequest {
  meetingId: number;
  startsAt: Date;
  endsAt: Date;
  lines: readonly EquipmentLine[];
}

/**
 * Makes these lines what each meeting has. Runs in the caller's transaction, after the claims.
 * @returns by meeting what is short; of those nothing has changed
 */
export async function takeEquipment(
  trx: Db,
  by: Actor,
  requests: readonly EquipmentRequest[],
): Promise<Map<number, Shortage[]>> {
  const short = new Map<number, Shortage[]>();
  if (requests.length === 0) return short;
  const meetingIds = requests.map(({ meetingId }) => meetingId);
  for (const { lines } of requests)
    if (new Set(lines.map(({ kindId }) => kindId)).size !== lines.length) throw new BadRequest();
  const kinds = [...new Set(requests.flatMap((one) => linesOf(one)).map(({ kindId }) => kindId))];
  const locked = await lockKinds(trx, kinds, meetingIds);
  if (kinds.some((kind) => !locked.includes(kind))) throw new BadRequest();
  if (locked.length === 0) return short;

  const timed = await withTimes(trx, requests);
  // Meetings that run at the same time are taken one after the other, because each counts towards the next.
  const crossed = crossing(timed);
  const together = timed.filter((one) => !crossed.has(one));
  for (const batch of [together, ...[...crossed].map((one) => [one])]) {
    const counted = await countAway(trx, by, batch, meetingIds);
    if (counted.some(({ is_allowed }) => !is_allowed)) throw new BadRequest();
    for (const one of counted.filter(({ away, quantity, stock }) => away + quantity > stock))
      short.set(one.meeting_id, [...(short.get(one.meeting_id) ?? []), shortageOf(one)]);
    await writeLines(
      trx,
      batch.filter(({ meetingId }) => !short.has(meetingId)),
    );
  }
  return short;
}

function linesOf({ lines }: EquipmentRequest): EquipmentLine[] {
  return lines.filter(({ quantity }) => quantity > 0);
}

/** Locks these kinds and what the meetings have already, in the one order. @returns the kinds */
async function lockKinds(
  trx: Db,
  kinds: readonly number[],
  meetingIds: readonly number[],
): Promise<number[]> {
  const locked = await rows<{ id: number }>(
    trx,
    `select id from equipment_kinds
      where id = any(:kinds) or id in (
        select kind_id from equipment_bookings where meeting_id = any(:meetings))
      order by id for no key update`,
    { kinds, meetings: meetingIds },
  );
  return locked.map(({ id }) => id);
}

/** Locks what several meetings have, before the first of them takes it for another time. */
export async function lockKindsOf(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await lockKinds(trx, [], meetingIds);
}

interface Timed extends EquipmentRequest {
  from: Date;
  to: Date;
}

/** Setting up and clearing away are the equipment's time too. @returns in order of time */
async function withTimes(trx: Db, requests: readonly EquipmentRequest[]): Promise<Timed[]> {
  const found = await rows<{ meeting_id: number; from: Date; to: Date }>(
    trx,
    `select meeting_id, min(occupies_from) as "from", max(occupies_to) as "to" from room_claims
      where meeting_id = any(:meetings) and ${isLive()} group by 1`,
    { meetings: requests.map(({ meetingId }) => meetingId) },
  );
  const times = new Map(found.map(({ meeting_id, from, to }) => [meeting_id, { from, to }]));
  return requests
    .map((one) => ({ ...one, ...(times.get(one.meetingId) ?? { from: one.startsAt, to: one.endsAt }) }))
    .sort((a, b) => a.from.getTime() - b.from.getTime());
}

/** Those that run at the same time as another one. @param timed in order of time */
function crossing(timed: readonly Timed[]): Set<Timed> {
  return new Set(
    timed.flatMap((one, i) =>
      timed.slice(i + 1).flatMap((other) => (other.from < one.to ? [one, other] : [])),
    ),
  );
}

interface Counted {
  meeting_id: number;
  id: number;
  name_en: string;
  name_zh: string;
  is_allowed: boolean;
  stock: number;
  /** What others have at the worst instant. */
  away: number;
  quantity: number;
  holders: Holder[] | null;
}

function shortageOf({ id, name_en, name_zh, quantity, stock, away, holders }: Counted): Shortage {
  return {
    kind: { id, name_en, name_zh },
    requested: quantity,
    left: Math.max(0, stock - away),
    stock,
    holders: (holders ?? []).map((one) => ({
      ...one,
      starts_at: new Date(one.starts_at),
      ends_at: new Date(one.ends_at),
    })),
  };
}

function listOf(
  timed: readonly Timed[],
): { meeting: number; kind: number; quantity: number; from: Date; to: Date }[] {
  return timed.flatMap((one) =>
    linesOf(one).map(({ kindId, quantity }) => ({
      meeting: one.meetingId,
      kind: kindId,
      quantity,
      from: one.from,
      to: one.to,
    })),
  );
}

const LINES = `jsonb_to_recordset(cast(:list as jsonb))
  as w (meeting bigint, kind bigint, quantity integer, "from" timestamptz, "to" timestamptz)`;

/**
 * A row for each line; where it is short, with who has the others.
 * @param meetingIds all meetings of the call: a kind that is no longer offered stays with those that have it
 */
async function countAway(
  trx: Db,
  by: Actor,
  timed: readonly Timed[],
  meetingIds: readonly number[],
): Promise<Counted[]> {
  const list = listOf(timed);
  if (list.length === 0) return [];
  return rows<Counted>(
    trx,
    `select w.meeting as meeting_id, k.id, k.name_en, k.name_zh, w.quantity,
            coalesce(k.stock, 0) as stock, peak.away,
            k.is_movable and (k.is_active or exists (
              select 1 from equipment_bookings b
               where b.kind_id = k.id and b.meeting_id = any(:meetings))) as is_allowed,
            case when peak.away + w.quantity > coalesce(k.stock, 0) then (
              select json_agg(h order by h.starts_at)
                from (${holdersWhere(`b.kind_id = k.id and b.ends_at > w."from" and b.starts_at < w."to"
                        and b.meeting_id <> w.meeting`)}) h) end as holders
       from ${LINES}
       join equipment_kinds k on k.id = w.kind
      cross join lateral (select equipment_peak(k.id, w."from", w."to", w.meeting) as away) peak
      order by w."from", w.meeting, k.id`,
    { list: JSON.stringify(list), viewer: by.id, meetings: meetingIds },
  );
}

/** What a meeting has beyond its lines is given up. */
async function writeLines(trx: Db, timed: readonly Timed[]): Promise<void> {
  if (timed.length === 0) return;
  const lines = listOf(timed);
  const list = JSON.stringify(lines);
  await change(
    trx,
    `delete from equipment_bookings b
      where b.meeting_id = any(:meetings)
        and not exists (select 1 from ${LINES} where w.meeting = b.meeting_id and w.kind = b.kind_id)`,
    { meetings: timed.map(({ meetingId }) => meetingId), list },
  );
  if (lines.length === 0) return;
  await change(
    trx,
    `insert into equipment_bookings (meeting_id, kind_id, quantity, starts_at, ends_at)
     select w.meeting, w.kind, w.quantity, w."from", w."to" from ${LINES} order by w."from", w.kind
     on conflict (meeting_id, kind_id) do update
        set quantity = excluded.quantity, starts_at = excluded.starts_at,
            ends_at = excluded.ends_at, is_held = true`,
    { list },
  );
}

/** Gives up what these meetings have. The lines stay, so that a moved or restored meeting takes the same. */
export async function releaseEquipment(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await change(
    trx,
    `update equipment_bookings set is_held = false where meeting_id = any(:meetings) and is_held`,
    { meetings: meetingIds },
  );
}

/**
 * Gives up what meetings no longer need after they gave up rooms or time: their
 * equipment is theirs as long as the rooms that they still have, or their own time
 * where they have none. Never takes more. The caller has locked meetings and rooms.
 */
export async function shortenEquipment(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await lockKindsOf(trx, meetingIds);
  await change(
    trx,
    `update equipment_bookings b set starts_at = greatest(b.starts_at, w.f), ends_at = least(b.ends_at, w.t)
       from (select m.id, coalesce(min(c.occupies_from), m.starts_at) as f,
                    coalesce(max(c.occupies_to), m.ends_at) as t
               from meetings m
               left join room_claims c on c.meeting_id = m.id and ${isLive('c')}
              where m.id = any(:meetings) group by m.id) w
      where b.meeting_id = w.id and b.is_held and (b.starts_at < w.f or b.ends_at > w.t)
        and greatest(b.starts_at, w.f) < least(b.ends_at, w.t)`,
    { meetings: meetingIds },
  );
}

/**
 * Of meetings to which nobody came: without any room they need no
 * equipment either. The lines stay, to be taken back.
 */
export async function releaseUnusedEquipment(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await change(
    trx,
    `update equipment_bookings b set is_held = false
      where b.meeting_id = any(:meetings) and b.is_held
        and not exists (select 1 from room_claims c
          where c.meeting_id = b.meeting_id and ${isLive('c')})`,
    { meetings: meetingIds },
  );
  await shortenEquipment(trx, meetingIds);
}

/** What the meeting has, or had when it was cancelled; not what was given up because nobody came. */
export async function listLines(trx: Db, meetingId: number): Promise<EquipmentLine[]> {
  return (await listLinesOf(trx, [meetingId])).get(meetingId) ?? [];
}

/** The same of many meetings; those without any are missing. */
export async function listLinesOf(
  trx: Db,
  meetingIds: readonly number[],
): Promise<Map<number, EquipmentLine[]>> {
  const found = await rows<{ meeting_id: number; lines: EquipmentLine[] }>(
    trx,
    `select b.meeting_id,
            json_agg(json_build_object('kindId', b.kind_id, 'quantity', b.quantity)
                     order by b.kind_id) as lines
       from equipment_bookings b
      where b.meeting_id = any(:meetings) and ${IS_THEIRS}
      group by b.meeting_id`,
    { meetings: meetingIds },
  );
  return new Map(found.map(({ meeting_id, lines }) => [meeting_id, lines]));
}

/** The same with what was given up because nobody came. */
export async function listLinesOfBefore(trx: Db, meetingId: number): Promise<EquipmentLine[]> {
  return rows<EquipmentLine>(
    trx,
    `select kind_id as "kindId", quantity
       from equipment_bookings
       where meeting_id = :meeting
       order by kind_id`,
    { meeting: meetingId },
  );
}

/** For the history, which is read in both languages: code and number, as `screen × 2`. */
export async function describeLines(trx: Db, lines: readonly EquipmentLine[]): Promise<string[]> {
  const kinds = await rows<{ id: number; code: string }>(
    trx,
    `select id, code from equipment_kinds where id = any(:kinds) order by id`,
    { kinds: lines.map(({ kindId }) => kindId) },
  );
  return kinds.map(({ id, code }) => `${code} × ${lines.find(({ kindId }) => kindId === id)?.quantity ?? 0}`);
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
       values (:code, :name_en, :name_zh, :is_movable, :stock, :is_active, :sort_order)
       on conflict (code) do nothing returning id`,
      { ...input, stock: input.is_movable ? (input.stock ?? 0) : null },
    );
    if (!made) return { ok: false, reason: 'problem', field: 'code', problem: 'equipment.problem.codeTaken' };
    await record(trx, by, { action: 'equipment.create', noun: 'equipment_kinds', id: made.id, after: input });
    return { ok: true, id: made.id };
  });
}

/**
 * Names, stock, whether it is offered. Its code and its being movable stay: rooms and bookings hang on them.
 */
export function updateEquipmentKind(
  db: Db,
  by: Actor,
  { id, version }: { id: number; version: number },
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
      `update equipment_kinds
          set name_en = :name_en, name_zh = :name_zh, stock = :stock, is_active = :is_active,
              sort_order = :sort_order, version = version + 1
        where id = :id`,
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
