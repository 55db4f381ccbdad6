import { rows, type Db } from '../lib/db/db.js';
import { rulesFrom, type RuleLayer } from '../rules/layers.js';
import { layersOf } from '../rules/queries.js';
import { isWithin } from '../hours/liveClaimQueries.js';
import { CHECK_IN_OPENS, checkInDue } from './rules.js';

/** A meeting in a room that wants somebody to check in. */
export interface Expected {
  meeting_id: number;
  room_id: number;
  starts_at: Date;
  ends_at: Date;
  organiser_id: number;
  created_by: number;
  is_private: boolean;
  /** Somebody checked in, it was begun, or attendance was recorded. */
  is_attended: boolean;
  releases: number;
  opens: number;
  /** After this instant the room is given up. */
  due_at: Date;
}

const ATTENDED = `(m.checked_in_at is not null or m.started_at is not null or m.state = 'ended'
   or exists (select 1
                from attendances a join participants p on p.id = a.participant_id
               where p.meeting_id = m.id and a.status = 'present'))`;

const EXPECTED = `
  select m.id as meeting_id, x.room_id, m.starts_at, m.ends_at, m.organiser_id, m.created_by, m.is_private,
         ${ATTENDED} as is_attended,
         ${layersOf('coalesce(m.booked_for_id, m.organiser_id)')} as layers, c.booked_at
    from meetings m join meeting_rooms x on x.meeting_id = m.id join rooms r on r.id = x.room_id
   cross join lateral (select max(created_at) as booked_at from room_claims c
      where c.meeting_id = m.id and c.state = 'confirmed' and ${isWithin('c.room_id', 'r.id')}) c
   where c.booked_at is not null and m.starts_at is not null
     and exists (select 1
                   from booking_rules l
                  where l.check_in = 'required' and coalesce(l.room_id, r.id) = r.id)
     and not exists (select 1
                       from check_in_outcomes o
                      where o.meeting_id = m.id and o.room_id = r.id and o.starts_at = m.starts_at)`;

interface Row extends Omit<Expected, 'releases' | 'opens' | 'due_at'> {
  layers: RuleLayer[];
  booked_at: Date;
}

function expected({ layers, booked_at, ...one }: Row): Expected[] {
  const rules = rulesFrom(layers);
  const due = checkInDue(rules, { startsAt: one.starts_at, endsAt: one.ends_at, bookedAt: booked_at });
  return due ? [{ ...one, releases: rules.check_in_releases, opens: rules.check_in_opens, due_at: due }] : [];
}

/**
 * Meetings that began within the last day in rooms that require it, not judged yet. A worker that was away
 * for longer leaves what is older unjudged, because nobody could have been warned.
 */
export async function listExpected(db: Db, now: Date): Promise<Expected[]> {
  const found = await rows<Row>(
    db,
    `${EXPECTED}
        and m.starts_at <= :now
        and m.starts_at > cast(:now as timestamptz) - interval '1 day'
        and m.state in ('draft', 'scheduled', 'in_progress', 'ended')
      order by m.id, x.room_id`,
    { now },
  );
  return found.flatMap(expected);
}

/** The same for these meetings, whenever they begin. */
export async function listExpectedOf(db: Db, meetingIds: readonly number[]): Promise<Expected[]> {
  const found = await rows<Row>(db, `${EXPECTED} and m.id = any(:meetings) order by m.id, x.room_id`, {
    meetings: meetingIds,
  });
  return found.flatMap(expected);
}

/** How many minutes before it begins one can check in to a meeting: by the most generous of its rooms. */
export async function findOpens(db: Db, meetingId: number): Promise<number> {
  return (await listExpectedOf(db, [meetingId])).reduce(
    (most, one) => Math.max(most, one.opens),
    CHECK_IN_OPENS,
  );
}

/** A room that a meeting lost because nobody had checked in. */
export interface LostRoom {
  room_id: number;
  name_en: string;
  name_zh: string;
  releases: number;
  released_at: Date;
}

/** The rooms that a meeting lost at its present time, and did not take back. */
export function listLostRooms(db: Db, meetingId: number): Promise<LostRoom[]> {
  return rows<LostRoom>(
    db,
    `select o.room_id, r.name_en, r.name_zh, o.releases, o.released_at
       from check_in_outcomes o
       join meetings m on m.id = o.meeting_id and m.starts_at = o.starts_at
       join rooms r on r.id = o.room_id
      where o.meeting_id = :meeting and o.released_at is not null and o.taken_back_at is null
      order by r.sort_order, r.id`,
    { meeting: meetingId },
  );
}
