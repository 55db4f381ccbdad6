import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import type { EquipmentLine } from '../equipment/commands.js';
import type { Layout } from '../claims/layouts.js';
import type { StandingDate } from './carriedDates.js';

import type { MeetingState } from '../meetings/states.js';
import type { RoomSetup } from './roomSetups.js';

/** The rule a date belongs to; of a date without one the list of all single dates of its series. */
export interface RunningRule {
  /** Null for a list, as all that only a rule has. */
  id: number | null;
  series_id: number;
  rule: string | null;
  zone: string;
  /** 'HH:MM' in the zone. */
  starts_at_time: string | null;
  until_at: Date | null;
  /** By the rule, of the date asked for; in a list its start. */
  occurrence_at: Date;
  /** The last date before it; null when it is the first. */
  before_at: Date | null;
}

const AT = (alias: string) => `coalesce(${alias}.occurrence_at, ${alias}.starts_at)`;

/** @throws NotFound for a date of another series */
export async function findRuleOf(db: Db, seriesId: number, meetingId: number): Promise<RunningRule> {
  const found = await row<RunningRule>(
    db,
    `select r.id, m.series_id, r.rule, coalesce(r.zone, m.zone) as zone,
            to_char(r.starts_at_time, 'HH24:MI') as starts_at_time, r.until_at, ${AT('m')} as occurrence_at,
            (select max(${AT('b')}) from meetings b
              where b.series_id = m.series_id and b.recurrence_id is not distinct from m.recurrence_id
                and ${AT('b')} < ${AT('m')}) as before_at
       from meetings m left join recurrences r on r.id = m.recurrence_id
      where m.id = :meeting and m.series_id = :series and m.starts_at is not null`,
    { meeting: meetingId, series: seriesId },
  );
  if (!found) throw new NotFound();
  return found;
}

/** The same dates, locked. */
export async function lockRuleDates(
  trx: Db,
  { id, series_id }: Pick<RunningRule, 'id' | 'series_id'>,
  now: Date,
): Promise<void> {
  await rows(
    trx,
    `select 1 from meetings
      where series_id = :series and recurrence_id is not distinct from :rule and starts_at > :now
      order by id for no key update`,
    { series: series_id, rule: id, now },
  );
}

/** A date of a rule with all that tells whether somebody changed it on its own. */
export interface RuleDate extends StandingDate, RoomSetup {
  occurrenceAt: Date;
  /** It has no room yet and waits for it. */
  isAwaiting: boolean;
  title: string;
  description: string;
  link: string | null;
  place: string | null;
  roomIds: number[];
  announcedAt: Date | null;
  sequence: number;
  timeSequence: number;
}

/** What most of the dates have: where one differs, somebody changed it on its own. */
export interface Usual extends RoomSetup {
  /** Wall time 'HH:MM' at which they begin. */
  from: string;
  minutes: number;
  roomIds: number[];
  title: string;
  description: string;
  link: string | null;
  place: string | null;
}

interface Row {
  id: number;
  state: MeetingState;
  zone: string;
  occurrence_at: Date | null;
  starts_at: Date;
  ends_at: Date;
  title: string;
  description: string;
  link: string | null;
  place: string | null;
  room_ids: number[];
  item_count: number;
  layout: Layout | null;
  equipment: EquipmentLine[];
  expected_count: number | null;
  is_awaiting: boolean;
  announced_at: Date | null;
  sequence: number;
  time_sequence: number;
}

const COLUMNS = `m.id, m.state, m.zone, m.occurrence_at, m.starts_at, m.ends_at, m.title, m.description,
            m.link, m.place, m.announced_at, m.sequence, m.time_sequence, m.expected_count,
            coalesce(
              (select json_agg(room_id order by room_id) from meeting_rooms where meeting_id = m.id),
              (select json_agg(room_id order by room_id) from awaited_rooms where meeting_id = m.id),
              '[]') as room_ids,
            not exists (select 1 from meeting_rooms where meeting_id = m.id)
              and exists (select 1 from awaited_rooms where meeting_id = m.id) as is_awaiting,
            (select count(*) from agenda_items i where i.meeting_id = m.id) as item_count,
            (select min(layout) from meeting_layouts where meeting_id = m.id) as layout,
            (select coalesce(
                      json_agg(json_build_object('kindId', kind_id, 'quantity', quantity) order by kind_id),
                      '[]')
               from equipment_bookings where meeting_id = m.id) as equipment`;

/** Dates of a rule, or single dates, from an instant on that have not begun, called off ones too, by time. */
export async function listRuleDates(
  db: Db,
  rule: Pick<RunningRule, 'id' | 'series_id' | 'zone'>,
  from: Date,
  now: Date,
): Promise<{ dates: RuleDate[]; usual: Usual }> {
  const found = await rows<Row>(
    db,
    `select ${COLUMNS} from meetings m
      where m.series_id = :series and m.recurrence_id is not distinct from :rule
        and ${AT('m')} >= :from and m.starts_at > :now
        and m.state in ('draft', 'scheduled', 'cancelled')
      order by ${AT('m')}, m.id`,
    { series: rule.series_id, rule: rule.id, from, now },
  );
  const live = found.filter(({ state }) => state !== 'cancelled');
  const among = live.length > 0 ? live : found;
  const usual = usualAmong(among, rule.zone);
  const endOf = ({ ends_at }: Row) => timeOf(ends_at, rule.zone);
  const usualEnd = usualOf(among.map(endOf));
  const dates = found.map((date): RuleDate => {
    const occurrenceAt = date.occurrence_at ?? date.starts_at;
    return {
      id: date.id,
      on: dayOf(occurrenceAt, rule.zone),
      occurrenceAt,
      startsAt: date.starts_at,
      endsAt: date.ends_at,
      isCancelled: date.state === 'cancelled',
      // In the night when clocks change, the usual wall times are another number of minutes.
      hasOwnTime:
        (date.occurrence_at
          ? date.starts_at.getTime() !== date.occurrence_at.getTime()
          : timeOf(date.starts_at, rule.zone) !== usual.from) ||
        (minutesOf(date) !== usual.minutes && endOf(date) !== usualEnd),
      hasOwnRooms: date.room_ids.join() !== usual.roomIds.join(),
      isAwaiting: date.is_awaiting && date.state !== 'cancelled',
      itemCount: date.item_count,
      title: date.title,
      description: date.description,
      link: date.link,
      place: date.place,
      roomIds: date.room_ids,
      layout: date.layout,
      equipment: date.equipment,
      expected: date.expected_count,
      announcedAt: date.announced_at,
      sequence: date.sequence,
      timeSequence: date.time_sequence,
    };
  });
  return { dates: rule.id === null ? firstOfDays(dates) : dates, usual };
}

/** A list names days: where several dates share one, it means the one that is on, at the usual time. */
function firstOfDays(dates: readonly RuleDate[]): RuleDate[] {
  const rank = ({ isCancelled, hasOwnTime }: RuleDate) => Number(isCancelled) * 2 + Number(hasOwnTime);
  const first = new Map<string, RuleDate>();
  for (const date of [...dates].sort((a, b) => rank(a) - rank(b)))
    if (!first.has(date.on)) first.set(date.on, date);
  return dates.map((date) => (first.get(date.on) === date ? date : { ...date, isSecond: true }));
}

/** How many of the last dates say what is usual now. */
const LAST = 8;

/** What the last dates of a standing meeting have, for planning further ones; undefined when it has none. */
export async function findUsualOfLast(
  db: Db,
  seriesId: number,
): Promise<(Usual & { zone: string }) | undefined> {
  const found = await rows<Row>(
    db,
    `select ${COLUMNS} from meetings m
      where m.series_id = :series and m.state <> 'cancelled' and m.starts_at is not null
      order by m.starts_at desc limit :last`,
    { series: seriesId, last: LAST },
  );
  const [last] = found;
  return last && { ...usualAmong(found, last.zone), zone: last.zone };
}

function usualAmong(dates: readonly Row[], zone: string): Usual {
  return {
    from: usualOf(dates.map(({ starts_at }) => timeOf(starts_at, zone))) ?? '09:00',
    minutes: usualOf(dates.map(minutesOf)) ?? 60,
    roomIds: usualOf(dates.map(({ room_ids }) => room_ids)) ?? [],
    title: usualOf(dates.map(({ title }) => title)) ?? '',
    description: usualOf(dates.map(({ description }) => description)) ?? '',
    link: usualOf(dates.map(({ link }) => link)) ?? null,
    place: usualOf(dates.map(({ place }) => place)) ?? null,
    layout: usualOf(dates.map(({ layout }) => layout)) ?? null,
    equipment: usualOf(dates.map(({ equipment }) => equipment)) ?? [],
    expected: usualOf(dates.map(({ expected_count }) => expected_count)) ?? null,
  };
}

function minutesOf({ starts_at, ends_at }: Pick<Row, 'starts_at' | 'ends_at'>): number {
  return Math.round((ends_at.getTime() - starts_at.getTime()) / 60_000);
}

/** The most frequent value; of equally frequent ones the first. */
function usualOf<T>(values: T[]): T | undefined {
  const counts = new Map<string, { value: T; count: number }>();
  for (const value of values) {
    const key = JSON.stringify(value);
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { value, count: 1 });
  }
  return [...counts.values()].reduce<{ value: T; count: number } | undefined>(
    (best, one) => (best && best.count >= one.count ? best : one),
    undefined,
  )?.value;
}

/** Site and building of rooms by id. */
export async function listWhereaboutsOf(
  db: Db,
  roomIds: number[],
): Promise<Map<number, { site: string; building: string }>> {
  const found = await rows<{ id: number; site: string; building: string }>(
    db,
    `select id, site, building from rooms where id = any(:ids)`,
    { ids: roomIds },
  );
  return new Map(found.map(({ id, site, building }) => [id, { site, building }]));
}
