import { row, rows, type Db } from '../lib/db/db.js';
import type { Check } from '../claims/checks.js';
import { type RoomName } from '../claims/queries.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';
import type { Reason } from './entry.js';

export const KINDS = ['rooms', 'bookings', 'mrbs_sql', 'mrbs_ics'] as const;
export type ImportKind = (typeof KINDS)[number];
export type ImportState = 'reading' | 'unreadable' | 'mapping' | 'running' | 'done';
export type RowState = 'waiting' | 'done' | 'there' | 'clash' | 'bad' | 'left_out';

export interface Import {
  id: number;
  kind: ImportKind;
  name: string;
  /** As it was typed; `sourceKey` of it is what bookings are known by. */
  source: string;
  zone: string;
  file_id: number | null;
  content: string | null;
  state: ImportState;
  problem: Reason | null;
  unknown_columns: string[];
  /** Of rooms: what was done. */
  outcome: RoomOutcome | null;
  created_by: number;
  created_at: Date;
  finished_at: Date | null;
}

export interface RoomOutcome {
  added: number;
  changed: number;
  same: number;
  left_out: number;
  /** Lines that the rooms themselves refused, with the text that says why. */
  refused: { number: number; reason: Reason }[];
}

const IMPORT = `i.id, i.kind, i.name, i.source, i.zone, i.file_id, i.content, i.state, i.problem,
                  i.unknown_columns, i.outcome, i.created_by, i.created_at, i.finished_at`;

/** An import of one's own: it may hold what only its owner may know. */
export function findOwnImport(
  db: Db,
  id: number,
  personId: number | null,
  options: { lock?: boolean } = {},
): Promise<Import | undefined> {
  return row<Import>(
    db,
    `select ${IMPORT}
       from imports i
      where i.id = :id and i.created_by = :person${options.lock ? ' for no key update' : ''}`,
    { id, person: personId },
  );
}

export function findImportById(
  db: Db,
  id: number,
  options: { lock?: boolean } = {},
): Promise<Import | undefined> {
  return row<Import>(
    db,
    `select ${IMPORT} from imports i where i.id = :id${options.lock ? ' for no key update' : ''}`,
    { id },
  );
}

export function listOwnImports(
  db: Db,
  personId: number,
): Promise<Pick<Import, 'id' | 'kind' | 'name' | 'source' | 'state' | 'created_at'>[]> {
  return rows(
    db,
    `select id, kind, name, source, state, created_at
       from imports
      where created_by = :person
      order by id desc
      limit 20`,
    { person: personId },
  );
}

/** Ids are unique in it: a source by its name, however it is written. */
export function sourceKey(source: string): string {
  return source.normalize('NFKC').toLowerCase();
}

const MRBS = 'mrbs:';

/** The name of an MRBS to which nobody gave one. */
export const DEFAULT_MRBS = 'MRBS';

/** The name that a person gave an MRBS; undefined for a table. */
export function mrbsName({ source }: Pick<Import, 'source'>): string | undefined {
  return source.startsWith(MRBS) ? source.slice(MRBS.length) : undefined;
}

/** The names of MRBS systems of which files were read, each once. */
export async function listMrbsNames(db: Db): Promise<string[]> {
  const found = await rows<{ source: string }>(
    db,
    `select source
       from (
         select source, max(id) as last
           from imports
          where source like 'mrbs:%' and state <> 'unreadable'
          group by source
         union all
         select distinct source, 0
           from imported_bookings
          where source like 'mrbs:%'
       ) s
      order by last desc, source`,
  );
  const names = new Map<string, string>();
  for (const one of found)
    if (!names.has(sourceKey(one.source))) names.set(sourceKey(one.source), one.source.slice(MRBS.length));
  return [...names.values()];
}

export interface EarlierPlace {
  import_id: number;
  source: string;
  name: string;
  created_at: Date;
  key: string;
  label: string;
  choice: ImportPlace['choice'];
  room_id: number | null;
}

/**
 * What became of rooms in other files of MRBS (this one aside), the newest first, as far as they are kept.
 */
export function listEarlierPlaces(db: Db, importId: number): Promise<EarlierPlace[]> {
  return rows<EarlierPlace>(
    db,
    `select i.id as import_id, i.source, i.name, i.created_at, p.key, p.label, p.choice, p.room_id
       from imports i join import_places p on p.import_id = i.id
      where i.id <> :id and i.source like 'mrbs:%' and i.state in ('running', 'done')
      order by i.id desc, p.key
      limit 20000`,
    { id: importId },
  );
}

/** Rooms with bookings that came from another MRBS than this one. */
export async function listRoomsOfOthers(db: Db, source: string): Promise<Set<number>> {
  const found = await rows<{ room_id: number }>(
    db,
    `select distinct mr.room_id
       from imported_bookings b
       join meeting_rooms mr on mr.meeting_id = b.meeting_id
      where b.source like 'mrbs:%' and b.source <> :key`,
    { key: sourceKey(source) },
  );
  return new Set(found.map(({ room_id }) => room_id));
}

/** How many bookings of a file were brought before under the same name. */
export async function countKnown(db: Db, { id, source }: Pick<Import, 'id' | 'source'>): Promise<number> {
  const found = await row<{ n: number }>(
    db,
    `select count(*) as n
       from import_rows r
       join imported_bookings b on b.source = :key and b.external_id = r.external_id
      where r.import_id = :id and r.state = 'waiting'`,
    { id, key: sourceKey(source) },
  );
  return found?.n ?? 0;
}

/** How many rows stand where. */
export async function countRows(
  db: Db,
  importId: number,
): Promise<Record<RowState, number> & { all: number }> {
  const found = await rows<{ state: RowState; count: number }>(
    db,
    `select state, count(*) as count from import_rows where import_id = :id group by state`,
    { id: importId },
  );
  const counts = { waiting: 0, done: 0, there: 0, clash: 0, bad: 0, left_out: 0, all: 0 };
  for (const { state, count } of found) {
    counts[state] = count;
    counts.all += count;
  }
  return counts;
}

export interface BadRow {
  number: number;
  content: string;
  reasons: Reason[];
}

export function listBadRows(db: Db, importId: number, limit: number): Promise<BadRow[]> {
  return rows(
    db,
    `select number, content, reasons
       from import_rows
      where import_id = :id and state = 'bad'
      order by number
      limit :limit`,
    { id: importId, limit },
  );
}

export interface ImportPlace {
  key: string;
  label: string;
  area: string;
  capacity: number | null;
  rows: number;
  choice: 'room' | 'new' | 'no_room' | 'out' | null;
  room_id: number | null;
}

export function listPlaces(db: Db, importId: number): Promise<ImportPlace[]> {
  return rows(
    db,
    `select key, label, area, capacity, rows, choice, room_id
       from import_places
      where import_id = :id
      order by area, label, key
      limit 1000`,
    { id: importId },
  );
}

/** Rooms by which places are found again: code and both names. */
export function listRoomNames(db: Db): Promise<(RoomName & { code: string })[]> {
  return rows(
    db,
    `select id, code, name_en, name_zh from rooms where status <> 'retired' order by sort_order, id`,
  );
}

export interface ClashRow {
  number: number;
  title: string;
  starts_at: Date;
  ends_at: Date;
  is_private: boolean;
  room: RoomName | null;
  suggested: RoomName | null;
  clash: { clashes: StoredClash[]; checks: Check[] };
}

/** Who has the room; the title is looked up when it is shown, by who may know it then. */
export interface StoredClash {
  room: RoomName;
  starts_at: string;
  ends_at: string;
  kind: 'meeting' | 'closure' | 'hold';
  meeting_id: number | null;
  reason: string | null;
}

const ROOM = (alias: string) =>
  `case when ${alias}.id is not null
     then json_build_object('id', ${alias}.id, 'name_en', ${alias}.name_en, 'name_zh', ${alias}.name_zh) end`;

export function listClashRows(db: Db, importId: number, limit: number): Promise<ClashRow[]> {
  return rows(
    db,
    `select r.number, r.title, r.starts_at, r.ends_at, r.is_private, r.clash, ${ROOM('room')} as room,
            ${ROOM('s')} as suggested
       from import_rows r
       left join import_places p on p.import_id = r.import_id and p.key = r.place
       left join rooms room on room.id = coalesce(r.decided_room_id, p.room_id)
       left join rooms s on s.id = r.suggested_room_id
      where r.import_id = :id and r.state = 'clash' order by r.number limit :limit`,
    { id: importId, limit },
  );
}

export interface KnownMeeting {
  id: number;
  title: string;
  name: string;
  name_en: string | null;
}

/** Of these meetings, those whose title this person may know. */
export function listKnownMeetings(db: Db, viewerId: number, ids: number[]): Promise<KnownMeeting[]> {
  return rows(
    db,
    `select m.id, m.title, o.name, o.name_en
       from meetings m
       join persons o on o.id = m.organiser_id
      where m.id = any(:ids) and ${KNOWS_TITLE}`,
    { ids, viewer: viewerId },
  );
}
