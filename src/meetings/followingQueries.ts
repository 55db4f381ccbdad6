import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import type { EquipmentLine } from '../rooms/equipmentCommands.js';
import type { Layout } from '../rooms/layouts.js';
import type { StandingDate } from './carriedDates.js';
import type { Setting } from './dateSettings.js';
import type { MeetingState } from './queries.js';

/** The rule a date belongs to. */
export interface RunningRule {
  id: number;
  series_id: number;
  rule: string;
  zone: string;
  /** 'HH:MM' in the zone. */
  starts_at_time: string;
  until_at: Date;
  /** By the rule, of the date asked for. */
  occurrence_at: Date;
  /** The last date of the rule before it; null when it is the first. */
  before_at: Date | null;
}

/** @throws NotFound for a date of another series or without a rule */
export async function findRuleOf(db: Db, seriesId: number, meetingId: number): Promise<RunningRule> {
  const found = await row<RunningRule>(
    db,
    `select r.id, r.series_id, r.rule, r.zone, to_char(r.starts_at_time, 'HH24:MI') as starts_at_time, r.until_at, m.occurrence_at,
            (select max(b.occurrence_at) from meetings b where b.recurrence_id = r.id and b.occurrence_at < m.occurrence_at) as before_at
       from meetings m join recurrences r on r.id = m.recurrence_id where m.id = :meeting and m.series_id = :series`,
    { meeting: meetingId, series: seriesId },
  );
  if (!found) throw new NotFound();
  return found;
}

/** A date of a rule with all that tells whether somebody changed it on its own. */
export interface RuleDate extends StandingDate, Setting {
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
export interface Usual extends Setting {
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
  occurrence_at: Date;
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

const COLUMNS = `m.id, m.state, m.occurrence_at, m.starts_at, m.ends_at, m.title, m.description, m.link, m.place, m.announced_at, m.sequence, m.time_sequence, m.expected_count,
            coalesce((select json_agg(room_id order by room_id) from meeting_rooms where meeting_id = m.id), (select json_agg(room_id order by room_id) from awaited_rooms where meeting_id = m.id), '[]') as room_ids,
            not exists (select 1 from meeting_rooms where meeting_id = m.id) and exists (select 1 from awaited_rooms where meeting_id = m.id) as is_awaiting,
            (select count(*) from agenda_items i where i.meeting_id = m.id) as item_count,
            (select min(layout) from meeting_layouts where meeting_id = m.id) as layout,
            (select coalesce(json_agg(json_build_object('kindId', kind_id, 'quantity', quantity) order by kind_id), '[]') from equipment_bookings where meeting_id = m.id) as equipment`;

/** Dates of a rule from an instant on that have not begun, called off ones too, by time. */
export async function listRuleDates(db: Db, rule: Pick<RunningRule, 'id' | 'zone'>, from: Date, now: Date): Promise<{ dates: RuleDate[]; usual: Usual }> {
  const found = await rows<Row>(
    db,
    `select ${COLUMNS} from meetings m
      where m.recurrence_id = :rule and m.occurrence_at >= :from and m.starts_at > :now and m.state in ('draft', 'scheduled', 'cancelled')
      order by m.occurrence_at`,
    { rule: rule.id, from, now },
  );
  const live = found.filter(({ state }) => state !== 'cancelled');
  const among = live.length > 0 ? live : found;
  const usual = usualAmong(among);
  const endOf = ({ ends_at }: Row) => timeOf(ends_at, rule.zone);
  const usualEnd = usualOf(among.map(endOf));
  const dates = found.map((date): RuleDate => ({
    id: date.id, on: dayOf(date.occurrence_at, rule.zone), occurrenceAt: date.occurrence_at, startsAt: date.starts_at, endsAt: date.ends_at,
    isCancelled: date.state === 'cancelled',
    // In the night when clocks change, the usual wall times are another number of minutes.
    hasOwnTime: date.starts_at.getTime() !== date.occurrence_at.getTime() || (minutesOf(date) !== usual.minutes && endOf(date) !== usualEnd),
    hasOwnRooms: date.room_ids.join() !== usual.roomIds.join(),
    isAwaiting: date.is_awaiting && date.state !== 'cancelled', itemCount: date.item_count, title: date.title, description: date.description, link: date.link, place: date.place, roomIds: date.room_ids,
    layout: date.layout, equipment: date.equipment, expected: date.expected_count, announcedAt: date.announced_at, sequence: date.sequence, timeSequence: date.time_sequence,
  }));
  return { dates, usual };
}

/** How many of the last dates say what is usual now. */
const LAST = 8;

/** What the last dates of a standing meeting have, for planning further ones; undefined when it has none. */
export async function findUsualOfLast(db: Db, seriesId: number): Promise<Usual | undefined> {
  const found = await rows<Row>(db, `select ${COLUMNS} from meetings m where m.series_id = :series and m.state <> 'cancelled' order by m.starts_at desc limit :last`, { series: seriesId, last: LAST });
  return found.length > 0 ? usualAmong(found) : undefined;
}

function usualAmong(dates: readonly Row[]): Usual {
  return {
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
  return [...counts.values()].reduce<{ value: T; count: number } | undefined>((best, one) => (best && best.count >= one.count ? best : one), undefined)?.value;
}

/** Site and building of rooms by id. */
export async function listWhereaboutsOf(db: Db, roomIds: number[]): Promise<Map<number, { site: string; building: string }>> {
  const found = await rows<{ id: number; site: string; building: string }>(db, `select id, site, building from rooms where id = any(:ids)`, { ids: roomIds });
  return new Map(found.map(({ id, site, building }) => [id, { site, building }]));
}
