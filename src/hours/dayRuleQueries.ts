import { row, rows, type Db } from '../lib/db/db.js';
import type { DayRule } from './openingHours.js';

// Days that differ from a room's week, for everything that looks at hours.
// Always for a span of days, so that years of past exceptions cost nothing.

const CALENDAR = `case r.holiday_rule when 'own' then r.calendar_id when 'office' then (
    select id from holiday_calendars where is_default
  ) end`;

const OF_ROOM = `json_build_object(
    'on', e.on_day,
    'kind', case when e.opens_at is null then 'closed' else 'hours' end,
    'opens_at', to_char(e.opens_at, 'HH24:MI'),
    'closes_at', to_char(e.closes_at, 'HH24:MI'),
    'as_weekday', null,
    'name_en', e.note,
    'name_zh', e.note
  )`;
const OF_CALENDAR = `json_build_object(
    'on', d.on_day, 'kind', d.kind, 'opens_at', null, 'closes_at', null, 'as_weekday',
    d.as_weekday, 'name_en', d.name_en, 'name_zh', d.name_zh
  )`;

/**
 * SQL: the `Opening` of the room `r` around the instants `:from` and `:to`: its week, and what differs on
 * those days. A day more on each side, because the session's days are not the office's.
 */
export const OPENING = `(select coalesce(json_agg(x.rule order by x.place), '[]') from (
    select 1 as place,
           json_build_object(
             'weekday', weekday, 'opens_at', to_char(opens_at, 'HH24:MI'), 'closes_at',
             to_char(closes_at, 'HH24:MI')
           ) as rule
      from room_hours where room_id = r.id
    union all
    select 2, ${OF_ROOM} from room_exceptions e
     where e.room_id = r.id and e.on_day between :from::timestamptz::date - 1 and :to::timestamptz::date + 1
    union all
    select 3, ${OF_CALENDAR} from holidays d
     where d.calendar_id = ${CALENDAR}
       and d.on_day between :from::timestamptz::date - 1 and :to::timestamptz::date + 1) x)`;

/**
 * The days from `first` to `last` ('YYYY-MM-DD', both included) on which rooms
 * differ from their week, in order; of a day with an exception of the room only that
 * one. Together with the week they make an `Opening` for `hoursOn` and `openSpan`.
 * @returns an entry for each room asked for; of an unknown room an empty one
 */
export async function listDayRules(
  db: Db,
  roomIds: readonly number[],
  first: string,
  last: string,
): Promise<Map<number, DayRule[]>> {
  const found = await rows<DayRule & { room_id: number }>(
    db,
    `select r.id as room_id, x.*
       from rooms r
      cross join lateral (
        select e.on_day as "on", case when e.opens_at is null then 'closed' else 'hours' end as kind,
               to_char(e.opens_at, 'HH24:MI') as opens_at,
               to_char(e.closes_at, 'HH24:MI') as closes_at, null::smallint as as_weekday, e.note as name_en,
               e.note as name_zh
          from room_exceptions e where e.room_id = r.id and e.on_day between :first and :last
        union all
        select d.on_day, d.kind, null, null, d.as_weekday, d.name_en, d.name_zh
          from holidays d where d.calendar_id = ${CALENDAR} and d.on_day between :first and :last
           and not exists (select 1 from room_exceptions e where e.room_id = r.id and e.on_day = d.on_day)) x
      where r.id = any(:rooms) order by r.id, x."on"`,
    { rooms: roomIds, first, last },
  );
  const rules = new Map(roomIds.map((id) => [id, [] as DayRule[]]));
  for (const { room_id, ...rule } of found) rules.get(room_id)?.push(rule);
  return rules;
}

export interface RuleBook {
  /** Own exceptions by room. */
  rooms: Map<number, DayRule[]>;
  /** Days of each calendar. */
  calendars: Map<number, DayRule[]>;
  /** The office's calendar. */
  defaultId: number | null;
}

/** Every exception and holiday from a year ago on, for a process that keeps all rooms in mind; one query. */
export async function readRuleBook(db: Db): Promise<RuleBook> {
  const found = await rows<{
    room_id: number | null;
    calendar_id: number | null;
    is_default: boolean;
    rule: DayRule | null;
  }>(
    db,
    `select e.room_id, null::bigint as calendar_id, false as is_default, ${OF_ROOM} as rule
       from room_exceptions e
       where e.on_day > current_date - 366
     union all
     select null, c.id, c.is_default, case when d.on_day is not null then ${OF_CALENDAR} end
       from holiday_calendars c
       left join holidays d on d.calendar_id = c.id and d.on_day > current_date - 366`,
  );
  const book: RuleBook = { rooms: new Map(), calendars: new Map(), defaultId: null };
  for (const { room_id, calendar_id, is_default, rule } of found) {
    if (is_default) book.defaultId = calendar_id;
    if (!rule) continue;
    const [map, id] = room_id === null ? [book.calendars, calendar_id ?? 0] : [book.rooms, room_id];
    const list = map.get(id);
    if (list) list.push(rule);
    else map.set(id, [rule]);
  }
  return book;
}

/**
 * The last year of which the holiday calendars of all these rooms know
 * days; undefined where none of them keeps to one.
 */
export async function findKnownYear(db: Db, roomIds: readonly number[]): Promise<number | undefined> {
  const found = await row<{ year: number | null }>(
    db,
    `select min(known.year) as year
       from (select ${CALENDAR} as id from rooms r where r.id = any(:rooms)) c
      cross join lateral (select extract(year from max(on_day))::int as year
                            from holidays
                            where calendar_id = c.id) known
      where c.id is not null`,
    { rooms: roomIds },
  );
  return found?.year ?? undefined;
}
