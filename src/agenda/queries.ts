import type { Meeting, Brief } from '../meetings/queries.js';
import { findMeeting, visibleMeetings } from '../meetings/queries.js';
import { findSeries } from '../series/queries.js';
import { maySeeMembers } from '../meetings/policy.js';
import { row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { maySeeItem, type ItemState, type ItemStanding } from './policy.js';
import { timingOf, type Timing } from './timing.js';

export const PURPOSES = ['information', 'discussion', 'decision'] as const;
export type Purpose = (typeof PURPOSES)[number];

type Who = { id: number };

export interface Item extends ItemStanding {
  id: number;
  meeting_id: number | null;
  series_id: number | null;
  position: number;
  title: string;
  purpose: Purpose;
  presenter: Brief | null;
  proposer: Brief | null;
  planned_minutes: number;
  note: string;
  state_reason: string | null;
  carried_from_id: number | null;
  /** The meeting it comes from, by carry-over. */
  carried_from: {
    meeting_id: number | null;
    number: number | null;
    title: string | null;
    starts_at: string | null;
  } | null;
  /** Where it went on, by carry-over: a meeting or (null) the backlog. */
  carried_to: { item_id: number; meeting_id: number | null } | null;
  opened_at: Date | null;
  concluded_at: Date | null;
  version: number;
}

export interface Paper {
  id: number;
  item_id: number;
  name: string;
  version_no: number;
  media_type: string;
  bytes: number;
  adder: Brief;
  added_at: Date;
  /** Attached in an earlier meeting to the item this one carries on. */
  is_carried: boolean;
  /** How many earlier versions there are. */
  earlier: number;
}

/** A line of the agenda as one person sees it. Hidden ones keep their number and nothing else. */
export type AgendaLine =
  | { id: number; no: number | null; is_hidden: true; is_on_agenda: boolean; planned_minutes: null }
  | (Item & { no: number | null; is_hidden: false; is_on_agenda: boolean; papers: Paper[] });

const brief = (alias: string) =>
  `case
     when ${alias}.id is null
     then null
     else jsonb_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en) end`;

const ITEM = `
  select i.*, ${brief('pp')} as presenter, ${brief('pr')} as proposer,
         (select jsonb_build_object('meeting_id', fm.id, 'number', fm.number, 'title', fm.title, 'starts_at',
           fm.starts_at)
            from agenda_items f
            left join meetings fm on fm.id = f.meeting_id
            where f.id = i.carried_from_id) as carried_from,
         (select jsonb_build_object('item_id', n.id, 'meeting_id', n.meeting_id)
           from agenda_items n
           where n.carried_from_id = i.id) as carried_to
    from agenda_items i
    left join persons pp on pp.id = i.presenter_id
    left join persons pr on pr.id = i.proposed_by`;

/** States in which an item has a number of its own on the agenda. */
const NUMBERED: readonly ItemState[] = [
  'accepted',
  'deferred',
  'under_discussion',
  'concluded',
  'carried_over',
];

/** The agenda of a meeting that the viewer may see (`maySeeAgenda`), with papers; two queries. */
export async function listAgenda(db: Db, viewer: Who, meeting: Meeting): Promise<AgendaLine[]> {
  const items = await rows<Item>(db, `${ITEM} where i.meeting_id = :meeting order by i.position, i.id`, {
    meeting: meeting.id,
  });
  const seen = items.filter((item) => maySeeItem(viewer, meeting, item));
  const papers = await listPapersOf(
    db,
    seen.map(({ id }) => id),
  );
  let no = 0;
  return items.flatMap((item): AgendaLine[] => {
    const isOnAgenda = NUMBERED.includes(item.state);
    if (isOnAgenda) no += 1;
    if (!seen.includes(item))
      return isOnAgenda
        ? [{ id: item.id, no, is_hidden: true, is_on_agenda: true, planned_minutes: null }]
        : [];
    return [
      {
        ...item,
        no: isOnAgenda ? no : null,
        is_hidden: false,
        is_on_agenda: isOnAgenda,
        papers: papers.filter((paper) => paper.item_id === item.id),
      },
    ];
  });
}

/** The agenda with its sum, for the agenda's own page and the page of the meeting. */
export async function loadAgenda(
  db: Db,
  viewer: Who,
  meeting: Meeting,
): Promise<{ lines: AgendaLine[]; timing: Timing; paperCount: number; paperBytes: number }> {
  const lines = await listAgenda(db, viewer, meeting);
  const papers = lines.flatMap((line) => (line.is_hidden || !line.is_on_agenda ? [] : line.papers));
  return {
    lines,
    timing: timingOf(meeting, lines),
    paperCount: papers.length,
    paperBytes: papers.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** An item with its meeting, as this person may see it. @throws NotFound */
export async function findItem(db: Db, viewer: Who, id: number): Promise<{ item: Item; meeting: Meeting }> {
  const item = await row<Item>(db, `${ITEM} where i.id = :id`, { id });
  if (!item || item.meeting_id === null) throw new NotFound();
  const meeting = await findMeeting(db, viewer, item.meeting_id);
  if (!maySeeItem(viewer, meeting, item)) throw new NotFound();
  return { item, meeting };
}

/**
 * Present versions of papers by item, also those that came with a carry-over. For items the caller may show.
 */
export function listPapersOf(db: Db, itemIds: number[]): Promise<Paper[]> {
  if (itemIds.length === 0) return Promise.resolve([]);
  return rows<Paper>(
    db,
    `with recursive chain as (
       select i.id as item_id, i.id as source_id, i.carried_from_id from agenda_items i where i.id = any(:ids)
       union all
       select c.item_id, f.id, f.carried_from_id from chain c join agenda_items f on f.id = c.carried_from_id
     )
     select p.id, c.item_id, p.name, p.version_no, f.media_type, f.bytes, ${brief('a')} as adder, p.added_at,
            c.source_id <> c.item_id as is_carried, p.version_no - 1 as earlier
       from chain c
       join papers p on p.item_id = c.source_id and p.removed_at is null
       join files f on f.id = p.file_id
       join persons a on a.id = p.added_by
      where not exists (select 1 from papers n where n.replaces_id = p.id)
      order by c.item_id, p.id`,
    { ids: itemIds },
  );
}

export interface FoundPaper {
  id: number;
  item_id: number;
  file_id: number;
  name: string;
  version_no: number;
  removed_at: Date | null;
}

/** One version of a paper, for who may see its item, or the item that carries it on. @throws NotFound */
export async function findPaper(
  db: Db,
  viewer: Who,
  id: number,
): Promise<{ paper: FoundPaper; item: Item; meeting: Meeting }> {
  const paper = await row<FoundPaper>(
    db,
    `select id, item_id, file_id, name, version_no, removed_at from papers where id = :id`,
    { id },
  );
  if (!paper || paper.removed_at) throw new NotFound();
  const carriers = await rows<{ id: number }>(
    db,
    `with recursive chain as (
       select id from agenda_items where id = :item
       union all select n.id from chain c join agenda_items n on n.carried_from_id = c.id
     ) select id from chain`,
    { item: paper.item_id },
  );
  for (const carrier of carriers) {
    try {
      return { paper, ...(await findItem(db, viewer, carrier.id)) };
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
  }
  throw new NotFound();
}

/** All versions of a paper, the newest first. */
export function listVersions(
  db: Db,
  paperId: number,
): Promise<{ id: number; name: string; version_no: number; bytes: number; adder: Brief; added_at: Date }[]> {
  return rows(
    db,
    `with recursive back as (
       select p.* from papers p where p.id = :id
       union all select p.* from papers p join back b on p.id = b.replaces_id
     ) select b.id, b.name, b.version_no, f.bytes, ${brief('a')} as adder, b.added_at
         from back b join files f on f.id = b.file_id join persons a on a.id = b.added_by
        where b.removed_at is null order by b.version_no desc`,
    { id: paperId },
  );
}

export type BacklogItem = Item & { created_at: Date };

/**
 * What waits for a meeting of the series. Restricted items only for who keeps the series or whose they are.
 */
export async function listBacklog(db: Db, viewer: Who, seriesId: number): Promise<BacklogItem[]> {
  const series = await findSeries(db, viewer, seriesId);
  if (!maySeeMembers(series)) throw new NotFound();
  const { relation: r } = series;
  const isCleared =
    r.is_organiser ||
    r.is_booked_for ||
    r.acts_for ||
    r.member_role === 'chair' ||
    r.member_role === 'secretary';
  const items = await rows<BacklogItem>(
    db,
    `${ITEM}
     where i.series_id = :series and i.meeting_id is null and i.state in ('accepted', 'proposed', 'deferred')
     order by i.id`,
    { series: seriesId },
  );
  return items.filter(
    (item) =>
      !item.is_restricted ||
      isCleared ||
      item.presenter_id === viewer.id ||
      item.proposed_by === viewer.id ||
      item.created_by === viewer.id,
  );
}

/**
 * The next meeting of a series that is still being prepared, after an instant: where something carried over
 * goes.
 */
export function findNextMeeting(
  db: Db,
  seriesId: number,
  after: Date,
  exceptId: number,
): Promise<{ id: number } | undefined> {
  return row(
    db,
    `select id
     from meetings
     where series_id = :series and state in ('draft', 'scheduled') and starts_at > :after and id <> :except
      order by starts_at, id limit 1`,
    { series: seriesId, after, except: exceptId },
  );
}

/** Meetings to which an item could be moved by hand: coming ones of the series that the viewer may know. */
export function listComing(
  db: Db,
  viewer: Who,
  seriesId: number,
  now: Date,
): Promise<{ id: number; title: string; number: number | null; starts_at: Date }[]> {
  const scope = visibleMeetings(viewer);
  return rows(
    db,
    `select m.id, m.title, m.number, m.starts_at from meetings m
      where ${scope.sql}
        and m.series_id = :series
        and m.state in ('draft', 'scheduled')
        and m.starts_at > :now
      order by m.starts_at
      limit 20`,
    { ...scope.bindings, series: seriesId, now },
  );
}

/**
 * What the download of all papers needs of them; `crc32` is null where it was not written down when the file
 * came.
 */
export function listPaperFiles(
  db: Db,
  paperIds: number[],
): Promise<{ paper_id: number; file_id: number; bytes: number; crc32: number | null; added_at: Date }[]> {
  return rows(
    db,
    `select p.id as paper_id, f.id as file_id, f.bytes, f.crc32, p.added_at
     from papers p
     join files f on f.id = p.file_id and f.state = 'stored'
     where p.id = any(:ids)`,
    { ids: paperIds },
  );
}
