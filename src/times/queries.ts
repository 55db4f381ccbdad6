import { rows, type Db } from '../lib/db/db.js';
import { MAX_DAYS } from '../meetings/listQueries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';

import { isBlocking, isNotLapsed } from '../hours/liveClaimQueries.js';
import type { Hours } from '../hours/openingHours.js';
import { USUAL_HOURS } from '../absences/queries.js';
import { dayOfGrid } from '../calendar/dayGrid.js';
import { listPollTimes } from '../calendar/pollQueries.js';
import { findDayState, type CalendarRoom } from '../calendar/queries.js';
import type { Happening } from '../calendar/timeLine.js';

/** [from, to) */
export interface TimeWindow {
  from: Date;
  to: Date;
}

export interface FindPerson {
  id: number;
  name: string;
  name_en: string | null;
  zone: string;
  is_guest: boolean;
  hours: readonly Hours[];
  happenings: (Happening & { title: string | null; isPoll?: boolean })[];
}

interface PersonRow extends Omit<FindPerson, 'happenings' | 'hours'> {
  hours: Hours[] | null;
}

/**
 * People with their working hours and what they have in [from, to), in the order of the ids; deactivated ones
 * are left out. Four statements, however many people and whatever lies before and after the window.
 */
export async function listPeopleTimes(
  db: Db,
  viewerId: number,
  ids: readonly number[],
  { from, to }: TimeWindow,
): Promise<FindPerson[]> {
  if (!ids.length) return [];
  const [people, busy, absent, polled] = await Promise.all([
    rows<PersonRow>(
      db,
      `select p.id, p.name, p.name_en, p.zone, p.is_guest,
              (select json_agg(json_build_object(
                        'weekday', weekday,
                        'opens_at', to_char(starts_at, 'HH24:MI'),
                        'closes_at', to_char(ends_at, 'HH24:MI')) order by weekday)
                 from working_hours
                where person_id = p.id) as hours
         from persons p
        where p.id = any(:ids) and p.deactivated_at is null
        order by array_position(:ids::bigint[], p.id)`,
      { ids },
    ),
    listBusy(db, viewerId, ids, { from, to }),
    rows<{ person_id: number; f: number; t: number }>(
      db,
      `select person_id, date_part('epoch', starts_at) as f, date_part('epoch', ends_at) as t
         from absences where person_id = any(:ids) and ends_at > :from and starts_at < :to`,
      { ids, from, to },
    ),
    listPollTimes(db, viewerId, ids, { from, to }),
  ]);
  const happenings = new Map<number, FindPerson['happenings']>(people.map(({ id }) => [id, []]));
  for (const one of busy)
    happenings.get(one.person_id)?.push({
      from: one.f * 1000,
      to: one.t * 1000,
      kind: one.is_tentative ? 'tentative' : 'busy',
      title: one.title,
    });
  for (const one of absent)
    happenings
      .get(one.person_id)
      ?.push({ from: one.f * 1000, to: one.t * 1000, kind: 'absent', title: null });
  for (const one of polled)
    happenings.get(one.person_id)?.push({
      from: one.starts_at.getTime(),
      to: one.ends_at.getTime(),
      kind: 'tentative',
      title: one.title,
      isPoll: true,
    });
  return people.map((person) => ({
    ...person,
    hours: person.hours ?? USUAL_HOURS,
    happenings: happenings.get(person.id) ?? [],
  }));
}

interface BusyRow {
  person_id: number;
  f: number;
  t: number;
  is_tentative: boolean;
  title: string | null;
}

/**
 * Who is in a meeting when: whoever takes part and has not declined, the leader it is held for, and who
 * booked a room for themselves (nobody takes part). Drafts count: the time is meant to be kept. Titles only
 * where the viewer may know them.
 */
function listBusy(
  db: Db,
  viewerId: number,
  ids: readonly number[],
  { from, to }: TimeWindow,
): Promise<BusyRow[]> {
  const inWindow = (start: string, end: string) => `${start} < :to and ${start} > :early and ${end} > :from`;
  return rows<BusyRow>(
    db,
    `select b.person_id, date_part('epoch', m.starts_at) as f, date_part('epoch', m.ends_at) as t,
            coalesce(r.status = 'tentative', false) as is_tentative,
            case when ${KNOWS_TITLE} then m.title end as title
       from (select p.person_id, p.meeting_id, p.id as participant_id from participants p
              where p.person_id = any(:ids)
                and p.removed_at is null
                and p.role <> 'informed'
                and ${inWindow('p.meets_from', 'p.meets_to')}
              union all
             select m.booked_for_id, m.id, null
               from meetings m
              where m.booked_for_id = any(:ids) and ${inWindow('m.starts_at', 'm.ends_at')}
              union all
             select m.organiser_id, m.id, null
               from meetings m
              where m.organiser_id = any(:ids) and ${inWindow('m.starts_at', 'm.ends_at')}
                and not exists (select
                                  from participants p
                                 where p.meeting_id = m.id and p.removed_at is null offset 0)) b
       join meetings m on m.id = b.meeting_id and m.state <> 'cancelled'
       left join lateral (select status
                            from replies r
                           where r.participant_id = b.participant_id and r.sequence >= m.time_sequence
                           order by r.id desc
                           limit 1) r on true
      where r.status is null or r.status in ('accepted', 'tentative')`,
    { ids, from, to, early: new Date(from.getTime() - MAX_DAYS * 86_400_000), viewer: viewerId },
  );
}

export interface FindRoom extends CalendarRoom {
  building: string;
  setup_minutes: number;
  teardown_minutes: number;
}

/**
 * The rooms in service, or back on a known day, with their place, from what each process keeps of the
 * catalogue, and two columns more.
 */
export async function listFindRooms(db: Db, zone: string, today: string): Promise<FindRoom[]> {
  const [{ rooms }, more] = await Promise.all([
    findDayState(db, dayOfGrid(today, zone)),
    rows<{ id: number; building: string; setup_minutes: number; teardown_minutes: number }>(
      db,
      `select id, building, setup_minutes, teardown_minutes from rooms where status <> 'retired'`,
    ),
  ]);
  const byId = new Map(more.map((one) => [one.id, one]));
  return rooms.flatMap((room) => {
    const own = byId.get(room.id);
    if (!own || (!room.is_in_service && room.back_at === null)) return [];
    // A hall is set up as its parts are: what claims them decides.
    const atoms = room.part_ids.map((id) => byId.get(id)).filter((one) => one !== undefined);
    return [
      {
        ...room,
        building: own.building,
        setup_minutes: Math.max(own.setup_minutes, ...atoms.map((one) => one.setup_minutes)),
        teardown_minutes: Math.max(own.teardown_minutes, ...atoms.map((one) => one.teardown_minutes)),
      },
    ];
  });
}

export interface RoomSpans {
  room_id: number;
  /** Beginnings and ends, pairwise, in seconds since the epoch. */
  f: number[];
  t: number[];
  /** 1 where it is offered in a poll, as far as the viewer may know. */
  p: number[];
}

/** What occupies atomic rooms in [from, to), one row a room. Holds that are over don't count. */
export async function listTaken(
  db: Db,
  viewerId: number,
  roomIds: readonly number[],
  { from, to }: TimeWindow,
): Promise<Map<number, RoomSpans>> {
  if (!roomIds.length) return new Map();
  const stands = `${isBlocking()} and ${isNotLapsed()}`;
  const found = await rows<RoomSpans>(
    db,
    // As JSON: thousands of numbers are read ten times as fast as out of PostgreSQL's own form of an array.
    `select room_id,
            json_agg(date_part('epoch', occupies_from)::integer) as f,
            json_agg(date_part('epoch', occupies_to)::integer) as t,
            json_agg((poll_option_id is not null and exists (
              select 1
                from poll_options t join polls o on o.id = t.poll_id
               where t.id = poll_option_id
                 and (not o.is_private or knows_poll(o.id, :viewer))))::integer) as p
       from (select room_id, occupies_from, occupies_to, poll_option_id from room_claims
              where room_id = any(:rooms)
                and occupies_from >= :early
                and occupies_from < :to
                and occupies_to > :from
                and ${stands}
              union all
             select room_id, occupies_from, occupies_to, poll_option_id from room_claims
              where room_id = any(:rooms)
                and occupies && tstzrange(:from, :to)
                and occupies_from < :early
                and occupies_to - occupies_from > interval '4 hours'
                and ${stands}) c
      group by room_id`,
    { viewer: viewerId, rooms: roomIds, from, to, early: new Date(from.getTime() - 4 * 3_600_000) },
  );
  return new Map(found.map((one) => [one.room_id, one]));
}

/** Buildings to choose from. */
export async function listBuildings(db: Db): Promise<string[]> {
  return (
    await rows<{ building: string }>(
      db,
      `select distinct building from rooms where status = 'in_service' and building <> '' order by building`,
    )
  ).map(({ building }) => building);
}
