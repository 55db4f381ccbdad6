import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { KNOWS_TITLE } from '../claims/queries.js';
import type { EquipmentKind } from './kinds.js';

const KIND = `k.id, k.code, k.name_en, k.name_zh, k.is_movable, k.stock, k.is_active, k.sort_order, k.version`;

/** The whole catalogue, a few dozen kinds, in its order. */
export function listEquipmentKinds(db: Db): Promise<EquipmentKind[]> {
  return rows<EquipmentKind>(db, `select ${KIND} from equipment_kinds k order by k.sort_order, k.id`);
}

/** What a meeting may take, with what it has of it already; kinds no longer offered only where it has some. */
export function listMovableKinds(
  db: Db,
  meetingId: number | null = null,
): Promise<(EquipmentKind & { quantity: number })[]> {
  return rows(
    db,
    `select ${KIND}, coalesce(b.quantity, 0) as quantity
       from equipment_kinds k left join equipment_bookings b on b.kind_id = k.id and b.meeting_id = :meeting
      where k.is_movable and (k.is_active or b.quantity > 0) order by k.sort_order, k.id`,
    { meeting: meetingId },
  );
}

/** @throws NotFound */
export async function findEquipmentKind(db: Db, id: number): Promise<EquipmentKind> {
  const found = await row<EquipmentKind>(db, `select ${KIND} from equipment_kinds k where k.id = :id`, {
    id,
  });
  if (!found) throw new NotFound();
  return found;
}

/** Who has pieces of a kind, as far as the reader may know. */
export interface Holder {
  /** Null when it is private to others. */
  meeting_id: number | null;
  title: string | null;
  organiser: { name: string; name_en: string | null } | null;
  quantity: number;
  starts_at: Date;
  ends_at: Date;
}

/** Bookings of a kind that reach into a time, in order of time; at most 20. */
export function listHolders(
  db: Db,
  viewerId: number | null,
  kindId: number,
  span: { from: Date; to: Date | null },
  exceptMeetingId: number | null = null,
): Promise<Holder[]> {
  return rows<Holder>(
    db,
    `select case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
            case when known.yes then json_build_object('name', o.name, 'name_en', o.name_en) end as organiser, b.quantity, b.starts_at, b.ends_at
       from equipment_bookings b
       join meetings m on m.id = b.meeting_id
       join persons o on o.id = m.organiser_id
      cross join lateral (select ${KNOWS_TITLE} as yes) known
      where b.kind_id = :kind and b.is_held and b.ends_at > :from and b.starts_at < coalesce(:to::timestamptz, 'infinity') and b.meeting_id is distinct from :except
      order by b.starts_at, b.meeting_id limit 20`,
    { viewer: viewerId, kind: kindId, from: span.from, to: span.to, except: exceptMeetingId },
  );
}

/** A kind on the catalogue's page: in how many rooms it is fitted, how much of it is booked from now on. */
export interface ListedKind extends EquipmentKind {
  rooms: number;
  coming: number;
}

export function listKindsInUse(db: Db, now: Date): Promise<ListedKind[]> {
  return rows<ListedKind>(
    db,
    `select ${KIND}, (select count(*) from rooms r where r.status <> 'retired' and r.equipment @> array[k.code]) as rooms,
            (select count(*) from equipment_bookings b where b.kind_id = k.id and b.is_held and b.ends_at > :now) as coming
       from equipment_kinds k order by k.is_movable, k.sort_order, k.id`,
    { now },
  );
}
