import { rows, type Db } from '../lib/db/db.js';

export interface LogFilter {
  /** Who did it. */
  person: number | null;
  /** Kind of thing, and which one. */
  noun: string | null;
  id: number | null;
  from: Date | null;
  /** Exclusive. */
  to: Date | null;
  /** Id of the last entry seen: the page after it. */
  before: number | null;
}

export interface LogEntry {
  id: number;
  at: Date;
  action: string;
  noun: string;
  noun_id: number | null;
  meeting_id: number | null;
  ip: string | null;
  person_id: number | null;
  name: string | null;
  name_en: string | null;
  behalf_name: string | null;
  behalf_name_en: string | null;
  /**
   * What the thing is called, in the languages it has names in; null when it has none or may not be named.
   */
  thing: { name?: string | null; name_en?: string | null; name_zh?: string | null } | null;
  /** Contents of a private meeting or a restricted item: they never leave the database. */
  is_masked: boolean;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  note: string | null;
}

/** Ids that stand in the entries. */
export interface NamedIds {
  persons: number[];
  units: number[];
  rooms: number[];
}

/** What they are called, by id. */
export interface Names {
  persons: Map<number, { name: string; name_en: string | null }>;
  units: Map<number, { name_zh: string; name_en: string }>;
  rooms: Map<number, { name_zh: string; name_en: string }>;
}

export const LOG_PAGE = 100;

// The administrator keeps the log and reads no restricted content in it (domain.md 8): whatever belongs to a
// private
// meeting or to a restricted item shows who did what when, and nothing of what it said.
const ITEM = `coalesce(
  case e.noun when 'agenda_items' then e.noun_id
    when 'papers' then (select x.item_id from papers x where x.id = e.noun_id)
    when 'statements' then (select x.item_id from statements x where x.id = e.noun_id)
    when 'decisions' then (select x.item_id from decisions x where x.id = e.noun_id)
    when 'actions' then (select x.item_id from actions x where x.id = e.noun_id) end, 0)`;
const OF_ITEM = `('agenda_items', 'papers', 'statements', 'decisions', 'actions')`;
const MASKED = `(
  coalesce(m.is_private, sr.is_private, false)
    or (e.noun = 'polls' and coalesce(is_private_poll(e.noun_id), false))
  or coalesce(e.before ->> 'is_private', e.after ->> 'is_private', 'false') = 'true'
  or 'true' in (coalesce(e.before ->> 'is_restricted', ''), coalesce(e.after ->> 'is_restricted', ''))
  or exists (select 1 from agenda_items i where i.id = ${ITEM} and i.is_restricted)
  or (e.noun in ${OF_ITEM} and ${ITEM} = 0
    and exists (select 1 from agenda_items i where i.meeting_id = e.meeting_id and i.is_restricted))
  or (e.noun not in ('meetings', 'participants', 'series') and e.noun not in ${OF_ITEM}
    and e.meeting_id is not null
      and exists (select 1 from agenda_items i where i.meeting_id = e.meeting_id and i.is_restricted)))`;

/** One page of the log, newest first. */
export function listLog(db: Db, filter: LogFilter): Promise<LogEntry[]> {
  return rows<LogEntry>(
    db,
    `with page as (
       select e.* from audit_events e
        where (cast(:person as bigint) is null or e.person_id = :person)
          and (cast(:noun as text) is null or e.noun = :noun)
          and (cast(:id as bigint) is null or e.noun_id = :id)
          and (cast(:from as timestamptz) is null or e.at >= :from)
            and (cast(:to as timestamptz) is null or e.at < :to)
          and (cast(:before as bigint) is null or e.id < :before)
        order by e.id desc limit :limit
     ), judged as (
       select e.*, ${MASKED} as is_masked, m.title, m.is_private as is_private_meeting, sr.name as series_name
         from page e
         left join meetings m on m.id = e.meeting_id
         left join series sr on e.noun = 'series' and sr.id = e.noun_id
     )
     select j.id, j.at, j.action, j.noun, j.noun_id, j.meeting_id, j.ip, j.person_id, p.name, p.name_en,
            b.name as behalf_name, b.name_en as behalf_name_en, j.is_masked,
            case when j.is_masked then null else j.before end as before, case when j.is_masked
              then null else j.after end as after,
            case when j.is_masked then null else j.note end as note,
            case
              when j.noun = 'persons'
                then (select json_build_object('name', x.name, 'name_en', x.name_en) from persons x
                where x.id = j.noun_id)
              when j.noun = 'units'
                then (select json_build_object('name_zh', x.name_zh, 'name_en', x.name_en) from units x
                where x.id = j.noun_id)
              when j.noun = 'rooms'
                then (select json_build_object('name_zh', x.name_zh, 'name_en', x.name_en) from rooms x
                where x.id = j.noun_id)
              when j.is_masked then null
              when j.noun = 'series' then json_build_object('name', j.series_name)
              when j.meeting_id is not null then json_build_object('name', j.title)
            end as thing
       from judged j
       left join persons p on p.id = coalesce(j.person_id, case when j.action = 'reply.record'
         and not j.is_masked then cast(j.after ->> 'person_id' as bigint) end)
       left join persons b on b.id = j.on_behalf_of_id
      order by j.id desc`,
    { ...filter, limit: LOG_PAGE + 1 },
  );
}

/** Names of the persons and units that entries of the log point to. */
export async function listNames(db: Db, ids: NamedIds): Promise<Names> {
  const [people, units, rooms] = await Promise.all([
    rows<{ id: number; name: string; name_en: string | null }>(
      db,
      `select id, name, name_en from persons where id = any(:persons)`,
      { persons: ids.persons },
    ),
    rows<{ id: number; name_zh: string; name_en: string }>(
      db,
      `select id, name_zh, name_en from units where id = any(:units)`,
      { units: ids.units },
    ),
    rows<{ id: number; name_zh: string; name_en: string }>(
      db,
      `select id, name_zh, name_en from rooms where id = any(:rooms)`,
      { rooms: ids.rooms },
    ),
  ]);
  const byId = <T extends { id: number }>(found: T[]) => new Map(found.map((one) => [one.id, one]));
  return { persons: byId(people), units: byId(units), rooms: byId(rooms) };
}
