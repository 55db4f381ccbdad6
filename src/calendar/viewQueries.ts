import { row, rows, type Db } from '../lib/db/db.js';
import { isBlocking, isLive } from '../hours/liveClaimQueries.js';
import { ABSENT, IS_NO_SHOW } from '../claims/noShowRateQueries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import type { Day } from './dayGrid.js';

export interface Occupancy {
  room_id: number;
  /** Index into the days asked for. */
  day: number;
  minutes: number;
  bookings: number;
}

// What is only asked for leaves the room free.
const STANDS = isBlocking('c');

/**
 * How much of each day each atomic room is taken: added up by the database, so that a month of all rooms
 * costs no more than its claims. A claim of up to four hours that passes midnight counts on the day it
 * begins.
 */
export async function listOccupancy(
  db: Db,
  days: readonly Day[],
  roomIds: readonly number[],
): Promise<Occupancy[]> {
  const first = days[0];
  const last = days.at(-1);
  if (!first || !last || !roomIds.length) return [];
  const starts = days.map(({ start }) => start.toISOString());
  const bindings = { rooms: roomIds, starts, start: first.start, end: last.end };
  const [short, long] = await Promise.all([
    rows<Occupancy>(
      db,
      `select c.room_id, width_bucket(c.occupies_from, cast(:starts as timestamptz[])) - 1 as day,
              cast(sum(extract(epoch from c.occupies_to - c.occupies_from) / 60) as float8) as minutes,
              count(*) as bookings
         from room_claims c
        where c.room_id = any(:rooms) and c.occupies_from >= :start and c.occupies_from < :end and ${STANDS}
          and c.occupies_to - c.occupies_from <= interval '4 hours'
        group by 1, 2`,
      bindings,
    ),
    rows<{ room_id: number; from: Date; to: Date }>(
      db,
      `select c.room_id, c.occupies_from as "from", c.occupies_to as "to" from room_claims c
        where c.occupies && tstzrange(:start, :end)
          and c.occupies_to - c.occupies_from > interval '4 hours'
          and ${STANDS}
          and c.room_id = any(:rooms)`,
      bindings,
    ),
  ]);
  const pieces = long.flatMap(({ room_id, from, to }) =>
    days.flatMap(({ start, end }, day) => {
      const minutes =
        (Math.min(to.getTime(), end.getTime()) - Math.max(from.getTime(), start.getTime())) / 60_000;
      return minutes > 0 ? [{ room_id, day, minutes, bookings: 1 }] : [];
    }),
  );
  return [...short, ...pieces];
}

export interface PersonMeeting {
  id: number;
  starts_at: Date;
  ends_at: Date;
  state: string;
  /** Null when the viewer may not know it. */
  title: string | null;
  rooms: { name_en: string; name_zh: string }[];
  place: string | null;
  has_link: boolean;
}

/** What a person organises, is the leader of or takes part in, in order of time; nothing cancelled. */
export function listPersonMeetings(
  db: Db,
  viewerId: number,
  personId: number,
  span: Pick<Day, 'start' | 'end'>,
): Promise<PersonMeeting[]> {
  return rows<PersonMeeting>(
    db,
    // Read by time: a week is a week, however much somebody has been invited to. Nothing lasts longer than
    // two days.
    `select m.id, m.starts_at, m.ends_at, m.state,
            case when known.yes then m.title end as title,
            case when known.yes then m.place end as place,
            known.yes and m.link is not null as has_link,
            case when known.yes then coalesce((
              select jsonb_agg(jsonb_build_object('name_en', r.name_en, 'name_zh', r.name_zh)
                               order by r.sort_order, r.id)
                from meeting_rooms mr join rooms r on r.id = mr.room_id
               where mr.meeting_id = m.id), '[]') else '[]' end as rooms
       from (select * from meetings m
              where m.starts_at >= :early
                and m.starts_at < :end
                and m.ends_at > :start
                and m.state <> 'cancelled'
                and (:person in (m.organiser_id, m.booked_for_id)
                  or exists (select
                               from participants p
                              where p.meeting_id = m.id
                                and p.person_id = :person
                                and p.removed_at is null offset 0))) m
      cross join lateral (select ${KNOWS_TITLE} as yes) known
      order by m.starts_at, m.id`,
    {
      viewer: viewerId,
      person: personId,
      start: span.start,
      end: span.end,
      early: new Date(span.start.getTime() - 2 * 86_400_000),
    },
  );
}

export interface Colleague {
  id: number;
  name: string;
  name_en: string | null;
}

/** Somebody of the house, not a guest and not left. */
export function findColleague(db: Db, id: number): Promise<Colleague | undefined> {
  return row<Colleague>(
    db,
    `select id, name, name_en from persons where id = :id and not is_guest and deactivated_at is null`,
    { id },
  );
}

export interface SheetLine {
  meeting_id: number;
  starts_at: Date;
  ends_at: Date;
  /** When setting up begins and clearing away ends. */
  occupies_from: Date;
  occupies_to: Date;
  title: string | null;
  organiser: { name: string; name_en: string | null } | null;
  people: number | null;
  rooms: { id: number; name_en: string; name_zh: string; site: string; building: string; floor: string }[];
  tasks: SheetTask[];
  /** A room of it waits for approval. */
  is_requested: boolean;
  is_no_show: boolean;
}

export interface SheetTask {
  id: number;
  kind: SetupKind;
  /** Empty when the viewer may know neither the meeting nor has to do with the task. */
  note: string;
  owner: { id: number; name: string; name_en: string | null } | null;
  is_done: boolean;
  /** The viewer owns it. */
  is_mine: boolean;
}

export const SETUP_KINDS = ['layout', 'name_plates', 'tea', 'technician', 'other'] as const;
export type SetupKind = (typeof SETUP_KINDS)[number];

const tasksOf = (meeting: string, knows: string) => `coalesce((
  select jsonb_agg(jsonb_build_object(
           'id', t.id,
           'kind', t.kind,
           'note', case when ${knows} or t.owner_id = :viewer then t.note else '' end,
           'owner', case when o.id is not null
                         then jsonb_build_object('id', o.id, 'name', o.name, 'name_en', o.name_en) end,
           'is_done', t.done_at is not null,
           'is_mine', coalesce(t.owner_id = :viewer, false)) order by t.id)
    from setup_tasks t left join persons o on o.id = t.owner_id
   where t.meeting_id = ${meeting} and t.removed_at is null), '[]')`;

const SHEET = `
  select m.id as meeting_id, m.starts_at, m.ends_at,
          span.f as occupies_from, span.t as occupies_to,
          case when known.yes then m.title end as title,
          case when known.yes
               then jsonb_build_object('name', o.name, 'name_en', o.name_en) end as organiser,
          case when known.yes then greatest(m.expected_count, (
            select count(*)
              from participants p
             where p.meeting_id = m.id and p.removed_at is null)::int) end as people,
          requested.rooms, ${tasksOf('m.id', 'known.yes')} as tasks,
          ${IS_NO_SHOW} as is_no_show, span.is_requested
     from (
       select c.meeting_id, bool_or(c.is_requested) as is_requested, min(c.f) as f, max(c.t) as t
         from (
           select c.meeting_id, c.occupies_from as f, c.occupies_to as t,
                  c.state = 'requested' as is_requested
             from room_claims c
            where c.occupies_from >= :early
              and c.occupies_from < :end
              and c.occupies_to > :start
              and ${isLive('c')}
              and c.meeting_id is not null
            union all
           -- A room that was given up because nobody came stands on the sheet too: somebody set it up.
           select o.meeting_id, x.starts_at, x.ends_at, false
             from check_in_outcomes o join meetings x on x.id = o.meeting_id and x.starts_at = o.starts_at
            where o.starts_at >= :early
              and o.starts_at < :end
              and x.ends_at > :start
              and ${ABSENT}) c
        group by 1) span
     join meetings m on m.id = span.meeting_id
     join persons o on o.id = m.organiser_id
    cross join lateral (select ${KNOWS_TITLE} as yes) known
    cross join lateral (
      select jsonb_agg(jsonb_build_object(
                         'id', r.id,
                         'name_en', r.name_en,
                         'name_zh', r.name_zh,
                         'site', r.site,
                         'building', r.building,
                         'floor', r.floor) order by r.sort_order, r.id) as rooms
        from rooms r
       where (cast(:site as text) = '' or r.site = :site)
         and (exists (select from meeting_rooms mr where mr.meeting_id = m.id and mr.room_id = r.id)
           or exists (select
                        from check_in_outcomes o
                       where o.meeting_id = m.id
                         and o.room_id = r.id
                         and o.starts_at = m.starts_at
                         and ${ABSENT}))) requested
    where requested.rooms is not null
    order by m.starts_at, m.id limit 1000`;

/**
 * The meetings of a day that have a room, in order of time, with what has to be ready for them.
 * @param site '' for all
 */
export function listSheet(
  db: Db,
  viewerId: number,
  day: Pick<Day, 'start' | 'end'>,
  site: string,
): Promise<SheetLine[]> {
  return rows<SheetLine>(db, SHEET, {
    viewer: viewerId,
    start: day.start,
    end: day.end,
    early: new Date(day.start.getTime() - 24 * 3_600_000),
    site,
  });
}

/** What has to be ready for one meeting; the caller has asked whether the viewer may see it. */
export async function listSetupTasks(db: Db, viewerId: number, meetingId: number): Promise<SheetTask[]> {
  const found = await row<{ tasks: SheetTask[] }>(db, `select ${tasksOf(':meeting', 'true')} as tasks`, {
    viewer: viewerId,
    meeting: meetingId,
  });
  return found?.tasks ?? [];
}

/** The sites that rooms stand in, for a choice; none when no room says. */
export async function listSites(db: Db): Promise<string[]> {
  const found = await rows<{ site: string }>(
    db,
    `select distinct site from rooms where status <> 'retired' and site <> '' order by site`,
  );
  return found.map(({ site }) => site);
}
