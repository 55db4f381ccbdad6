import { change, row, type Db } from '../../src/lib/db/db.js';

/** What the measurements ask for. */
export interface BenchData {
  /** The day with about 200 bookings, 'YYYY-MM-DD' in Asia/Shanghai. */
  day: string;
  /** A meeting of that day. */
  meetingId: number;
  roomIds: number[];
  personIds: number[];
  /** The first day after all data: nothing is booked from here on. */
  emptyDay: string;
}

const ZONE = 'Asia/Shanghai';
export const ROOMS = 20;
export const PER_DAY = 200;
const PERSONS = 200;

/**
 * Fills a fresh database by SQL: `meetings` meetings in 20 rooms, 200 on each day, half of the days before today, with five
 * participants, a history entry and rooms each. Written as the owner, without triggers; the revisions of the days are made after.
 */
export async function makeData(owner: Db, meetings: number, today: string): Promise<BenchData> {
  await owner.raw(`insert into organisations (name_en, name_zh, zone) values ('Bench Office', '测试办公室', '${ZONE}')`);
  await owner.raw(
    `insert into persons (name, name_en, email, role, lang, zone)
     select '王' || n, 'Person ' || n, 'p' || n || '@office.example', case when n = 1 then 'secretary' else 'member' end, 'en', '${ZONE}' from generate_series(1, ${PERSONS}) n`,
  );
  await owner.raw('insert into accounts (person_id) select id from persons');
  await owner.raw(
    `insert into rooms (code, name_en, name_zh, building, floor, capacity, equipment, is_step_free)
     select 'r' || n, 'Room ' || 300 + n, 300 + n || '会议室', 'A', '3', 6 + n, case when n % 2 = 0 then '{video,projector}' else '{whiteboard}' end::text[], true from generate_series(1, ${ROOMS}) n`,
  );
  await owner.raw(`insert into room_hours (room_id, weekday, opens_at, closes_at) select id, d, '08:00', '18:00' from rooms, generate_series(1, 7) d`);

  const days = Math.ceil(meetings / PER_DAY);
  const past = Math.floor(days / 2);
  await owner.transaction(async (trx) => {
    await trx.raw(`set local session_replication_role = replica`);
    // Ten a day and room: one begins each hour from 8, of 30 or 45 minutes, so that a free stretch follows each.
    await trx.raw(
      `insert into meetings (title, state, starts_at, ends_at, zone, organiser_id, created_by, uid, announced_at)
       select 'Meeting ' || n, case when f < now() then 'ended' else 'scheduled' end, f, f + make_interval(mins => 30 + 15 * (n % 2)), '${ZONE}', 1 + n % ${PERSONS}, 1 + n % ${PERSONS},
              'bench-' || n || '@office.example', f - interval '7 days'
         from (select n, ((:today::date - ${past} + n / ${PER_DAY}) + time '08:00' + make_interval(hours => (n / ${ROOMS}) % 10)) at time zone '${ZONE}' as f
                 from generate_series(0, :count::int - 1) n) slots`,
      { today, count: meetings },
    );
    await trx.raw(`insert into meeting_rooms (meeting_id, room_id) select id, 1 + (id - 1) % ${ROOMS} from meetings`);
    await trx.raw(
      `insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from, occupies_to, created_by)
       select 1 + (id - 1) % ${ROOMS}, id, 'confirmed', starts_at, ends_at, starts_at, ends_at, created_by from meetings order by 1, starts_at`,
    );
    await trx.raw(
      `insert into participants (meeting_id, person_id, role, invited_at, meets_from, meets_to)
       select id, 1 + (id * 7 + k * 13) % ${PERSONS}, case k when 0 then 'chair' else 'required' end, now(), starts_at, ends_at from meetings, generate_series(0, 4) k`,
    );
    await trx.raw(
      `insert into audit_events (person_id, action, noun, noun_id, meeting_id, after) select created_by, 'meeting.create', 'meetings', id, id, jsonb_build_object('title', title) from meetings`,
    );
    await trx.raw(`insert into day_revisions (day, stripe, revision) select distinct (starts_at at time zone 'UTC')::date, 0, 200 from meetings`);
  });
  await owner.raw('vacuum analyze');

  const emptyDay = await row<{ day: string }>(owner, `select (max(ends_at) at time zone '${ZONE}')::date + 1 as day from meetings`);
  const shown = await row<{ id: number }>(owner, `select id from meetings where (starts_at at time zone '${ZONE}')::date = :today::date + 1 order by id limit 1`, { today });
  const day = await row<{ day: string }>(owner, `select :today::date + 1 as day`, { today });
  await change(owner, `checkpoint`);
  const ids = (n: number) => Array.from({ length: n }, (_, at) => at + 1);
  return { day: day?.day ?? today, meetingId: shown?.id ?? 1, roomIds: ids(ROOMS), personIds: ids(PERSONS), emptyDay: emptyDay?.day ?? today };
}

/** Pairs of claims that overlap in the same room: must be none. */
export async function countDoubleBookings(db: Db, from: string): Promise<number> {
  const found = await row<{ n: number }>(
    db,
    `select count(*) as n from room_claims a join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
      where a.state in ('held', 'requested', 'confirmed') and b.state in ('held', 'requested', 'confirmed') and a.occupies_from >= :from::date and b.occupies_from >= :from::date`,
    { from },
  );
  return found?.n ?? -1;
}
