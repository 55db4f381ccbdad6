import type { Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { BadRequest } from '../lib/http/errors.js';
import { takeEquipment, type EquipmentLine, type Shortage } from './commands.js';
import type { Holder } from './queries.js';
import { KNOWS_TITLE } from '../claims/queries.js';

// The same as equipmentCommands.ts for many meetings at once (the dates of a standing meeting): the kinds are locked once, all
// peaks are counted by one statement. Only meetings that run at the same time as another one of the list are taken singly,
// because each counts towards the next.

export interface EquipmentWish {
  meetingId: number;
  startsAt: Date;
  endsAt: Date;
  lines: readonly EquipmentLine[];
}

interface Counted {
  meeting_id: number;
  id: number;
  name_en: string;
  name_zh: string;
  is_allowed: boolean;
  stock: number;
  /** Pieces that others have at the worst instant. */
  away: number;
  quantity: number;
  holders: Holder[] | null;
}

/**
 * Makes these lines what each meeting has, for the time of its claims. Runs in the caller's transaction, after the claims.
 * @returns by meeting what is short; of those nothing has changed
 */
export async function takeEquipmentForMany(
  trx: Db,
  by: Actor,
  wishes: readonly EquipmentWish[],
): Promise<Map<number, Shortage[]>> {
  const short = new Map<number, Shortage[]>();
  if (wishes.length === 0) return short;
  const ids = wishes.map(({ meetingId }) => meetingId);
  const kinds = [...new Set(wishes.flatMap(({ lines }) => lines.map(({ kindId }) => kindId)))];
  const locked = await rows<{ id: number }>(
    trx,
    `select id from equipment_kinds where id = any(:kinds) or id in (select kind_id from equipment_bookings where meeting_id = any(:ids)) order by id for no key update`,
    { kinds, ids },
  );
  if (kinds.some((kind) => !locked.some(({ id }) => id === kind))) throw new BadRequest();
  if (locked.length === 0) return short;
  const times = await listOccupied(trx, wishes);
  const timed = wishes
    .map((wish) => ({ wish, ...(times.get(wish.meetingId) ?? { from: wish.startsAt, to: wish.endsAt }) }))
    .sort((a, b) => a.from.getTime() - b.from.getTime());
  const isCrossed = new Set(
    timed.flatMap((one, i) =>
      timed
        .slice(i + 1)
        .flatMap((other) => (other.from < one.to ? [one.wish.meetingId, other.wish.meetingId] : [])),
    ),
  );

  const together = timed.filter(({ wish }) => !isCrossed.has(wish.meetingId));
  for (const {
    meeting_id,
    id,
    name_en,
    name_zh,
    is_allowed,
    stock,
    away,
    quantity,
    holders,
  } of await countAll(trx, by, together)) {
    if (!is_allowed) throw new BadRequest();
    if (away + quantity <= stock) continue;
    const shortage: Shortage = {
      kind: { id, name_en, name_zh },
      asked: quantity,
      left: Math.max(0, stock - away),
      stock,
      holders: (holders ?? []).map((one) => ({
        ...one,
        starts_at: new Date(one.starts_at),
        ends_at: new Date(one.ends_at),
      })),
    };
    short.set(meeting_id, [...(short.get(meeting_id) ?? []), shortage]);
  }
  await writeAll(
    trx,
    together.filter(({ wish }) => !short.has(wish.meetingId)),
  );
  for (const { wish } of timed.filter(({ wish: { meetingId } }) => isCrossed.has(meetingId))) {
    const taken = await takeEquipment(trx, by, wish.meetingId, wish, wish.lines);
    if (!taken.ok) short.set(wish.meetingId, taken.shortages);
  }
  return short;
}

interface Timed {
  wish: EquipmentWish;
  from: Date;
  to: Date;
}

function listOf(timed: readonly Timed[]): string {
  return JSON.stringify(
    timed.flatMap(({ wish, from, to }) =>
      wish.lines
        .filter(({ quantity }) => quantity > 0)
        .map(({ kindId, quantity }) => ({ meeting: wish.meetingId, kind: kindId, quantity, from, to })),
    ),
  );
}

/** A row for each line; where it is short, with who has the others. */
function countAll(trx: Db, by: Actor, timed: readonly Timed[]): Promise<Counted[]> {
  return rows<Counted>(
    trx,
    `select w.meeting as meeting_id, k.id, k.name_en, k.name_zh, w.quantity, coalesce(k.stock, 0) as stock, peak.away,
            k.is_movable and (k.is_active or exists (select 1 from equipment_bookings b where b.kind_id = k.id and b.meeting_id = any(:ids))) as is_allowed,
            case when peak.away + w.quantity > coalesce(k.stock, 0) then (
              select json_agg(h order by h.starts_at) from (
                select case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
                       case when known.yes then json_build_object('name', o.name, 'name_en', o.name_en) end as organiser, b.quantity, b.starts_at, b.ends_at
                  from equipment_bookings b join meetings m on m.id = b.meeting_id join persons o on o.id = m.organiser_id
                 cross join lateral (select ${KNOWS_TITLE} as yes) known
                 where b.kind_id = k.id and b.is_held and b.ends_at > w."from" and b.starts_at < w."to" and b.meeting_id <> w.meeting
                 order by b.starts_at, b.meeting_id limit 20) h) end as holders
       from jsonb_to_recordset(cast(:list as jsonb)) as w (meeting bigint, kind bigint, quantity integer, "from" timestamptz, "to" timestamptz)
       join equipment_kinds k on k.id = w.kind
      cross join lateral (select equipment_peak(k.id, w."from", w."to", w.meeting) as away) peak
      order by w."from", w.meeting, k.id`,
    { list: listOf(timed), viewer: by.id, ids: timed.map(({ wish }) => wish.meetingId) },
  );
}

async function writeAll(trx: Db, timed: readonly Timed[]): Promise<void> {
  const list = listOf(timed);
  await change(
    trx,
    `delete from equipment_bookings b where b.meeting_id = any(:ids)
        and not exists (select 1 from jsonb_to_recordset(cast(:list as jsonb)) as w (meeting bigint, kind bigint) where w.meeting = b.meeting_id and w.kind = b.kind_id)`,
    { ids: timed.map(({ wish }) => wish.meetingId), list },
  );
  await change(
    trx,
    `insert into equipment_bookings (meeting_id, kind_id, quantity, starts_at, ends_at)
     select w.meeting, w.kind, w.quantity, w."from", w."to"
       from jsonb_to_recordset(cast(:list as jsonb)) as w (meeting bigint, kind bigint, quantity integer, "from" timestamptz, "to" timestamptz) order by w."from", w.kind
     on conflict (meeting_id, kind_id) do update set quantity = excluded.quantity, starts_at = excluded.starts_at, ends_at = excluded.ends_at, is_held = true`,
    { list },
  );
}

/** Setting up and clearing away are the equipment's time too. */
async function listOccupied(
  trx: Db,
  wishes: readonly EquipmentWish[],
): Promise<Map<number, { from: Date; to: Date }>> {
  const found = await rows<{ meeting_id: number; from: Date; to: Date }>(
    trx,
    `select meeting_id, min(occupies_from) as "from", max(occupies_to) as "to" from room_claims
      where meeting_id = any(:ids) and state in ('held', 'requested', 'confirmed') group by 1`,
    { ids: wishes.map(({ meetingId }) => meetingId) },
  );
  return new Map(found.map(({ meeting_id, from, to }) => [meeting_id, { from, to }]));
}

/** Gives up what these meetings have, before all of them take it for another time; the lines stay. */
export async function releaseEquipmentOfMany(trx: Db, meetingIds: readonly number[]): Promise<void> {
  await change(
    trx,
    `update equipment_bookings set is_held = false where meeting_id = any(:ids) and is_held`,
    { ids: meetingIds },
  );
}
