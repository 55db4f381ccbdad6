import { createHash, randomBytes } from 'node:crypto';
import { daysOfMonth } from '../../src/calendar/spanGrid.js';
import { change, row, rows, type Db } from '../../src/lib/db/db.js';
import { addDays } from '../../src/lib/time/zone.js';

/** What the measurements ask for. */
export interface BenchData {
  /** The day that is shown, 'YYYY-MM-DD' in Asia/Shanghai: tomorrow, with 200 meetings at every size. */
  day: string;
  /** The first meeting of that day; the others have the ids after it. */
  meetingId: number;
  roomIds: number[];
  personIds: number[];
  /** The first of two years in which nothing is booked. */
  emptyDay: string;
  /** Path of a feed of the first person's own meetings. */
  personFeed: string;
  /** What needs more meetings than fit into the smallest sizes; from FULL on. */
  full?: {
    /** In a month of ten meetings a day of room `room`, whose feed has 1,000 events. */
    month: string;
    room: number;
    roomFeed: string;
    /** The same feed for people in other time zones, whose events were not written before. */
    freshFeeds: string[];
    /** The first of two weeks of 200 meetings a day. */
    weeks: string;
    /** Days, both inclusive, on which 100,000 meetings begin. */
    table: { from: string; to: string };
    /** At most three years of these: 92,000 meetings, 200 a day, and none before. */
    use: { from: string; to: string };
  };
}

const ZONE = 'Asia/Shanghai';
export const ROOMS = 20;
export const PER_DAY = 200;
/** From this size on there are the full month and weeks and the table. */
export const FULL = 100_000;
const PERSONS = 200;
/** Meetings on the other days of the month that is shown: so that it has fewer than 1,000. */
const PER_OTHER_DAY = 19;
const ZONES = [
  'Europe/Berlin',
  'Europe/London',
  'Asia/Tokyo',
  'Asia/Seoul',
  'Asia/Singapore',
  'America/New_York',
  'America/Chicago',
  'Australia/Sydney',
  'Asia/Dubai',
  'Europe/Paris',
  'Europe/Madrid',
  'Europe/Rome',
];
/** Persons who look at lists of their own. */
export const LOOKING = 5;
/**
 * Only people after these are in the full month, so that the others have as many meetings in the months
 * around as at other sizes.
 */
const OTHERS = PERSONS / 2;

/** Days with the same number of meetings each, the last perhaps with fewer. */
interface Block {
  from: string;
  perDay: number;
  count: number;
  /** All in the last room, ten a day. */
  inOneRoom?: boolean;
}

/**
 * The month that is shown has the same 1,000 meetings at every size, 200 of them on the day; all others lie
 * in other years, or months before in a room and with people of their own. What costs more at a larger size
 * grows with the total.
 */
function blocksOf(
  meetings: number,
  today: string,
  day: string,
): {
  blocks: Block[];
  data: Pick<BenchData, 'emptyDay'> & {
    shown: { first: number; last: number };
    full?: {
      month: string;
      weeks: string;
      table: { from: string; to: string };
      use: { from: string; to: string };
    };
  };
} {
  const month = daysOfMonth(day, ZONE).days.map(({ on }) => on);
  // Today's page is measured, too.
  const shown = (month.includes(today) ? month : [today, ...month]).sort();
  const window = shown.map((on): Block => ({
    from: on,
    perDay: on === day ? PER_DAY : PER_OTHER_DAY,
    count: on === day ? PER_DAY : PER_OTHER_DAY,
  }));
  const count = (blocks: Block[]) => blocks.reduce((sum, one) => sum + one.count, 0);
  const isFull = meetings >= FULL;
  const room: Block = { from: addDays(today, -170), perDay: 10, count: 1000, inOneRoom: true };
  const future: Block = { from: addDays(today, 2000), perDay: PER_DAY, count: PER_DAY * 28 };
  const rest = meetings - count(window) - (isFull ? room.count + future.count : 0);
  if (rest < 0) throw new Error(`the month shown alone has ${count(window)} meetings`);
  const before = rest + (isFull ? room.count : 0);
  const days = Math.ceil(rest / PER_DAY);
  const past: Block = { from: addDays(today, -400 - days), perDay: PER_DAY, count: rest };
  return {
    blocks: [past, ...(isFull ? [room] : []), ...window, ...(isFull ? [future] : [])],
    data: {
      emptyDay: addDays(today, 90),
      shown: { first: before + 1, last: before + count(window) },
      ...(isFull
        ? {
            full: {
              month: addDays(today, -120),
              weeks: future.from,
              use: { from: past.from, to: addDays(past.from, 459) },
              table:
                meetings === FULL
                  ? { from: past.from, to: addDays(future.from, 27) }
                  : { from: past.from, to: addDays(past.from, FULL / PER_DAY - 1) },
            },
          }
        : {}),
    },
  };
}

/**
 * Fills a fresh database by SQL: meetings with room, claim, five participants and a history entry. Written as
 * the owner, without triggers; the revisions of the days are made after.
 */
export async function makeData(owner: Db, meetings: number, today: string): Promise<BenchData> {
  const day = addDays(today, 1);
  const { blocks, data } = blocksOf(meetings, today, day);
  await owner.raw(
    `insert into organisations (name_en, name_zh, zone) values ('Bench Office', '测试办公室', '${ZONE}')`,
  );
  await owner.raw(
    `insert into persons (name, name_en, email, role, lang, zone)
     select '王' || n, 'Person ' || n, 'p' || n || '@office.example',
       case when n = 1 then 'secretary' else 'member' end, 'en', '${ZONE}'
       from generate_series(1, ${PERSONS}) n`,
  );
  await owner.raw('insert into accounts (person_id) select id from persons');
  await owner.raw(
    `insert into rooms (code, name_en, name_zh, building, floor, capacity, equipment, is_step_free)
     select 'r' || n, 'Room ' || 300 + n, 300 + n || '会议室', 'A', '3', 6 + n,
       case when n % 2 = 0 then '{video,projector}' else '{whiteboard}' end::text[], true
       from generate_series(1, ${ROOMS}) n`,
  );
  await owner.raw(
    `insert into room_hours (room_id, weekday, opens_at, closes_at)
     select id, d, '08:00', '18:00'
       from rooms, generate_series(1, 7) d`,
  );
  await owner.transaction(async (trx) => {
    await trx.raw(`set local session_replication_role = replica`);
    await trx.raw(`set local maintenance_work_mem = '512MB'`);
    // Indexes that no constraint needs are built once all is there: a million meetings in minutes.
    const later = await dropIndexes(trx, [
      'meetings',
      'meeting_rooms',
      'room_claims',
      'participants',
      'audit_events',
    ]);
    await trx.raw(
      `create temporary table slots (id bigint generated always as identity, room bigint, f timestamptz,
         person int) on commit drop`,
    );
    for (const block of blocks) {
      // Of a full day each room has ten, one beginning each hour from 8, of 30 or 45 minutes, so that a free
      // stretch follows each.
      const [room, hour] = block.inOneRoom
        ? [String(ROOMS), 'k']
        : block.perDay === PER_DAY
          ? [`1 + k % ${ROOMS}`, `k / ${ROOMS}`]
          : [`1 + (k + d) % ${ROOMS}`, '(k * 7 + d) % 10'];
      await trx.raw(
        `insert into slots (room, f, person)
         select ${room},
           (:from::date + d + time '08:00' + make_interval(hours => ${hour})) at time zone '${ZONE}',
             ${block.inOneRoom ? OTHERS : 0}
           from generate_series(0, :count::int - 1) n,
             lateral (select n / ${block.perDay} as d, n % ${block.perDay} as k) place
          order by n`,
        { from: block.from, count: block.count },
      );
    }
    await trx.raw(
      `insert into meetings (title, state, starts_at, ends_at, zone, organiser_id, created_by, uid,
         announced_at)
       select
         case id when ${data.shown.first} then '档案搬迁启动会' else (array['Budget', 'Quarter', 'Staff', '预算',
           '人事', '季度工作'])[1 + id % 6] || ' meeting ' || id end,
             case when f < now() then 'ended' else 'scheduled' end,
              f, f + make_interval(mins => 30 + 15 * (id % 2)::int), '${ZONE}', who, who,
                'bench-' || id || '@office.example', f - interval '7 days'
         from slots, lateral (select person + 1 + id % (${PERSONS} - person) as who) w order by id`,
    );
    await trx.raw(`insert into meeting_rooms (meeting_id, room_id) select id, room from slots order by id`);
    await trx.raw(
      `insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from, occupies_to,
         created_by)
       select s.room, m.id, 'confirmed', m.starts_at, m.ends_at, m.starts_at, m.ends_at, m.created_by
         from meetings m join slots s on s.id = m.id
        order by m.id`,
    );
    await trx.raw(
      `insert into participants (meeting_id, person_id, role, invited_at, meets_from, meets_to)
       select m.id, s.person + 1 + (m.id * 7 + k * 13) % (${PERSONS} - s.person),
         case k when 0 then 'chair' else 'required' end, m.announced_at, m.starts_at, m.ends_at
         from meetings m join slots s on s.id = m.id, generate_series(0, 4) k order by m.id`,
    );
    // Those who look meet often enough in the month that is shown to fill a page of their own meetings at
    // every size.
    await trx.raw(
      `insert into participants (meeting_id, person_id, invited_at, meets_from, meets_to)
       select id, 1 + id % ${LOOKING}, announced_at, starts_at, ends_at
         from meetings
        where id between ${data.shown.first} and ${data.shown.last}
        order by id
        on conflict do nothing`,
    );
    await trx.raw(
      `insert into audit_events (at, person_id, action, noun, noun_id, meeting_id, after)
       select starts_at - interval '7 days', created_by, 'meeting.create', 'meetings', id, id,
         jsonb_build_object('title', title)
         from meetings
        order by id`,
    );
    await trx.raw(
      `insert into day_revisions (day, stripe, revision)
       select distinct (starts_at at time zone 'UTC')::date, 0, 200
         from meetings`,
    );
    for (const make of later) await trx.raw(make);
  });
  await owner.raw('vacuum (freeze, analyze)');
  await change(owner, `checkpoint`);

  const first = await row<{ id: number }>(
    owner,
    `select min(id) as id
       from meetings
      where starts_at >= (:day::date + time '00:00') at time zone '${ZONE}'`,
    { day },
  );
  const ids = (n: number) => Array.from({ length: n }, (_, at) => at + 1);
  const personFeed = await makeFeed(owner, 1, null);
  if (!data.full)
    return {
      day,
      meetingId: first?.id ?? 1,
      roomIds: ids(ROOMS),
      personIds: ids(PERSONS),
      emptyDay: data.emptyDay,
      personFeed,
    };
  const roomFeed = await makeFeed(owner, 2, ROOMS);
  const freshFeeds: string[] = [];
  for (const [at, zone] of ZONES.entries()) {
    const person = PERSONS - at;
    await owner.raw(`update persons set zone = :zone where id = :person`, { zone, person });
    freshFeeds.push(await makeFeed(owner, person, ROOMS));
  }
  return {
    day,
    meetingId: first?.id ?? 1,
    roomIds: ids(ROOMS),
    personIds: ids(PERSONS),
    emptyDay: data.emptyDay,
    personFeed,
    full: { ...data.full, room: ROOMS, roomFeed, freshFeeds },
  };
}

/** Takes away what no constraint needs, and says how it is made again. */
async function dropIndexes(trx: Db, tables: string[]): Promise<string[]> {
  const found = await rows<{ name: string; make: string }>(
    trx,
    `select c.relname as name, pg_get_indexdef(c.oid) as make
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      where t.relname = any(:tables) and not i.indisunique
        and not exists (select from pg_constraint k where k.conindid = c.oid)`,
    { tables },
  );
  for (const { name } of found) await trx.raw(`drop index ${name}`);
  return found.map(({ make }) => make);
}

async function makeFeed(owner: Db, person: number, room: number | null): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await owner.raw(`insert into feeds (person_id, room_id, token_hash) values (:person, :room, :hash)`, {
    person,
    room,
    hash: createHash('sha256').update(token).digest(),
  });
  return `/feeds/${token}.ics`;
}

/** Pairs of claims that overlap in the same room: must be none. */
export async function countDoubleBookings(db: Db, from: string): Promise<number> {
  const found = await row<{ n: number }>(
    db,
    `select count(*) as n
       from room_claims a
       join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
      where a.state in ('held', 'requested', 'confirmed') and b.state in ('held', 'requested', 'confirmed')
        and a.occupies_from >= :from::date and b.occupies_from >= :from::date
          and a.occupies_from < :from::date + 90 and b.occupies_from < :from::date + 90`,
    { from },
  );
  return found?.n ?? -1;
}
