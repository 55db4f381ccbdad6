import { row, rows, type Db } from '../lib/db/db.js';
import { CHOICES, NUMBERS, type RuleLayer } from './layers.js';
import type { Usage } from './checks.js';

/** Columns of a layer, as jsonb_build_object reads them. */
const VALUES = [...NUMBERS, ...Object.keys(CHOICES)];

/**
 * SQL: the layers of rules of room `r` that concern the person `person` (an SQL expression) as a JSON array, empty where
 * nothing is set. Two look-ups by index; the office's layers are read with the room's.
 */
export const layersOf = (person: string) => `(select coalesce(json_agg(l), '[]') from booking_rules l
  where coalesce(l.room_id, 0) in (0, r.id)
    and (l.group_id is null or exists (select 1 from people_group_members g where g.group_id = l.group_id and g.person_id = ${person})))`;

/** What the principal of a booking (and their unit) has booked: in the office's week [weekFrom, weekTo), and to come after `now`. */
export async function findUsage(
  db: Db,
  wish: {
    principalId: number;
    roomId: number;
    exceptMeetingId: number;
    weekFrom: Date;
    weekTo: Date;
    now: Date;
  },
): Promise<Usage> {
  const found = await row<Record<string, number>>(
    db,
    `with mine as (
       select coalesce(m.booked_for_id, m.organiser_id) = :person as is_own, m.starts_at,
              date_part('epoch', m.ends_at - m.starts_at) / 3600 as hours,
              exists (select 1 from meeting_rooms x where x.meeting_id = m.id and x.room_id = :room) as is_here
         from persons me
         join persons p on p.id = me.id or p.unit_id = me.unit_id
         join meetings m on coalesce(m.booked_for_id, m.organiser_id) = p.id
        where me.id = :person and m.state in ('draft', 'scheduled', 'in_progress', 'ended') and m.id <> :except
          and (m.starts_at >= least(:week_from::timestamptz, :now::timestamptz))
          and exists (select 1 from room_claims c where c.meeting_id = m.id and c.state in ('held', 'requested', 'confirmed'))
     )
     select coalesce(sum(hours) filter (where is_own and in_week), 0) as person_hours, coalesce(sum(hours) filter (where is_own and in_week and is_here), 0) as person_hours_here,
            count(*) filter (where is_own and starts_at > :now) as person_coming, count(*) filter (where is_own and is_here and starts_at > :now) as person_coming_here,
            coalesce(sum(hours) filter (where in_week), 0) as unit_hours, coalesce(sum(hours) filter (where in_week and is_here), 0) as unit_hours_here,
            count(*) filter (where starts_at > :now) as unit_coming, count(*) filter (where is_here and starts_at > :now) as unit_coming_here
       from (select *, starts_at >= :week_from and starts_at < :week_to as in_week from mine) w`,
    {
      person: wish.principalId,
      room: wish.roomId,
      except: wish.exceptMeetingId,
      week_from: wish.weekFrom,
      week_to: wish.weekTo,
      now: wish.now,
    },
  );
  const pair = (name: string) => ({
    all: Number(found?.[name] ?? 0),
    ofRoom: Number(found?.[`${name}_here`] ?? 0),
  });
  return {
    quota_person_hours: pair('person_hours'),
    quota_person_coming: pair('person_coming'),
    quota_unit_hours: pair('unit_hours'),
    quota_unit_coming: pair('unit_coming'),
  };
}

/** A layer as it stands, with its version; undefined while nothing is set. */
export function findLayer(
  db: Db,
  roomId: number | null,
  groupId: number | null,
): Promise<(RuleLayer & { id: number; version: number }) | undefined> {
  return row(
    db,
    `select id, version, room_id, group_id, ${VALUES.join(', ')} from booking_rules where coalesce(room_id, 0) = :room and coalesce(group_id, 0) = :group`,
    { room: roomId ?? 0, group: groupId ?? 0 },
  );
}

export interface GroupLayer extends RuleLayer {
  name_en: string;
  name_zh: string;
}

/** The groups that have rules of their own in a room (null: in all rooms). */
export function listGroupLayers(db: Db, roomId: number | null): Promise<GroupLayer[]> {
  return rows<GroupLayer>(
    db,
    `select l.*, g.name_en, g.name_zh from booking_rules l join people_groups g on g.id = l.group_id where coalesce(l.room_id, 0) = :room order by g.name_en, g.id`,
    { room: roomId ?? 0 },
  );
}

/** The layers that hold for one person in one room; for nobody in particular with null. */
export async function listLayersFor(
  db: Db,
  roomId: number | null,
  personId: number | null,
): Promise<RuleLayer[]> {
  const found = await row<{ layers: RuleLayer[] }>(
    db,
    `select ${layersOf(':person')} as layers from (select coalesce(cast(:room as bigint), 0) as id) r`,
    { room: roomId, person: personId },
  );
  return found?.layers ?? [];
}

export interface Approver {
  person_id: number | null;
  group_id: number | null;
  name: string;
  name_en: string | null;
  name_zh: string | null;
  email: string | null;
}

/** Who is named to decide about a room, persons and groups; the owner comes on top. */
export function listApprovers(db: Db, roomId: number): Promise<Approver[]> {
  return rows<Approver>(
    db,
    `select a.person_id, a.group_id, coalesce(p.name, g.name_zh) as name, coalesce(p.name_en, g.name_en) as name_en, g.name_zh, p.email
       from room_approvers a left join persons p on p.id = a.person_id left join people_groups g on g.id = a.group_id
      where a.room_id = :room order by a.group_id nulls first, p.sort_name, a.id`,
    { room: roomId },
  );
}

/** Who decides about several rooms, and whether this person does (also as a deputy). */
export function listDecidersOf(
  db: Db,
  roomIds: number[],
  viewerId: number,
): Promise<{ room_id: number; decides: boolean; people: { name: string; name_en: string | null }[] }[]> {
  return rows(
    db,
    `select r as room_id, may_decide_room(r, :viewer) as decides,
            (select coalesce(json_agg(json_build_object('name', p.name, 'name_en', p.name_en) order by p.sort_name), '[]')
               from persons p where p.id in (select room_deciders(r) limit 5)) as people
       from unnest(cast(:rooms as bigint[])) r`,
    { rooms: roomIds, viewer: viewerId },
  );
}

/** Who decides about a room now, by name: owner and named approvers, else the secretaries. */
export function listDeciders(
  db: Db,
  roomId: number,
): Promise<{ id: number; name: string; name_en: string | null }[]> {
  return rows(
    db,
    `select p.id, p.name, p.name_en from persons p where p.id in (select room_deciders(:room)) order by p.sort_name, p.id limit 20`,
    { room: roomId },
  );
}
