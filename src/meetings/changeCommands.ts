import { moveClaims } from '../claims/commands.js';
import type { Layout } from '../claims/layouts.js';
import type { ClaimResult } from '../claims/verdict.js';
import { listLines, describeLines, type EquipmentLine } from '../equipment/commands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import { actingFor, allowedReason, requireActingFor } from './actingCommands.js';
import { announceChanges } from './announcementCommands.js';
import { lockSeriesOf, numberSeries } from './numberCommands.js';
import { isSame, setLayout, takePlace, type PlaceRefused } from './placeCommands.js';
import { mayEditMeeting } from './policy.js';
import { lockMeeting, type Meeting } from './queries.js';
import { differenceOf, nextSequence, type Difference } from './sequence.js';

export interface MeetingChange {
  /** The version the form was opened with. */
  version: number;
  title?: string;
  startsAt?: Date;
  endsAt?: Date;
  zone?: string;
  roomIds?: number[];
  link?: string | null;
  place?: string | null;
  description?: string;
  isPrivate?: boolean;
  expectedCount?: number | null;
  /** Undefined: as it is; null: the rooms as they are. */
  layout?: Layout | null;
  /** All it shall have; undefined: what it has. */
  equipment?: EquipmentLine[];
  lang?: Lang;
  organiserId?: number;
  bookedForId?: number | null;
  overrideReason?: string | null;
  askReason?: string | null;
  now?: Date;
}

export interface StaleMeeting {
  ok: false;
  reason: 'stale';
  /** As it stands. */
  meeting: Meeting;
}

/**
 * Changes what is given and leaves the rest. Invited people are told once, a minute after the last change.
 * @returns `stale` when somebody else changed the meeting since the form was opened
 */
export function changeMeeting(
  db: Db,
  by: Actor,
  id: number,
  input: MeetingChange,
): Promise<{ ok: true; requests?: number } | StaleMeeting | PlaceRefused> {
  return inTransaction(db, async (trx) => {
    // Another time can be another number.
    if (input.startsAt) await lockSeriesOf(trx, id);
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
      throw new Conflict('meetings.problem.closed');
    if (!mayEditMeeting(meeting)) throw new Forbidden();
    if (meeting.version !== input.version) return { ok: false, reason: 'stale', meeting };
    const changed = withChanges(meeting, input);
    await requireActingForNew(trx, by, meeting, changed);
    const place = await readPlace(trx, { meeting, changed, input });
    const moved = await movePlace(trx, by, place);
    if (!moved.ok) return moved;
    await writeChange(trx, by, place);
    return { ok: true, requests: moved.requests || undefined };
  });
}

/** Whoever is named anew may be named by the acting person. */
function requireActingForNew(trx: Db, by: Actor, meeting: Meeting, changed: Editable): Promise<void> {
  const known = [meeting.organiser_id, meeting.booked_for_id];
  const named = [changed.organiser_id, changed.booked_for_id].filter((person) => !known.includes(person));
  return requireActingFor(trx, by, named);
}

/** What a change makes of time, rooms, layout and equipment; each as it was and as it becomes. */
interface PlaceChange {
  meeting: Meeting;
  changed: Editable;
  input: MeetingChange;
  difference: Difference;
  roomIds: { before: number[]; after: number[] };
  layout: { before: Layout | null; after: Layout | null };
  equipment: { before: EquipmentLine[]; after: EquipmentLine[] };
  isEquipmentNew: boolean;
}

async function readPlace(
  trx: Db,
  { meeting, changed, input }: Pick<PlaceChange, 'meeting' | 'changed' | 'input'>,
): Promise<PlaceChange> {
  const before = meeting.rooms.map((room) => room.id);
  const after = input.roomIds ?? before;
  const rooms = await listWhereabouts(trx, after);
  const lines = await listLines(trx, meeting.id);
  return {
    meeting,
    changed,
    input,
    difference: differenceOf({ ...meeting, roomIds: before }, { ...changed, rooms, roomIds: after }),
    roomIds: { before, after },
    layout: {
      before: layoutOf(meeting),
      after: input.layout === undefined ? layoutOf(meeting) : input.layout,
    },
    equipment: { before: lines, after: input.equipment ?? lines },
    isEquipmentNew: input.equipment !== undefined && !isSame(lines, input.equipment),
  };
}

/** The layout is noted before the claims, which count its seats. Refused, it is as it was. */
async function movePlace(
  trx: Db,
  by: Actor,
  { meeting, changed, input, difference, roomIds, layout, isEquipmentNew }: PlaceChange,
): Promise<ClaimResult | PlaceRefused> {
  const meetingId = meeting.id;
  if (layout.before !== layout.after || (difference.rooms && layout.after !== null))
    await setLayout(trx, [{ meetingId, roomIds: roomIds.after, layout: layout.after }]);
  const isElsewhere = difference.time || difference.rooms;
  if (!isElsewhere && !isEquipmentNew) return NOTHING_MOVED;
  const request = {
    meetingId,
    roomIds: roomIds.after,
    startsAt: changed.starts_at,
    endsAt: changed.ends_at,
    seats: changed.expected_count,
    overrideReason: await allowedReason(trx, by, input.overrideReason),
    askReason: input.askReason ?? null,
    now: input.now,
  };
  const moved = await takePlace(trx, by, { ...request, lines: input.equipment }, (inner) =>
    isElsewhere ? moveClaims(inner, by, request) : Promise.resolve(NOTHING_MOVED),
  );
  if (!moved.ok) await setLayout(trx, [{ meetingId, roomIds: roomIds.before, layout: layout.before }]);
  return moved;
}

const NOTHING_MOVED: ClaimResult = { ok: true, notices: [], requests: 0 };

async function writeChange(trx: Db, by: Actor, place: PlaceChange): Promise<void> {
  const { meeting, changed, input, difference } = place;
  const { id } = meeting;
  const differs = changesOf(meeting, changed, await placeChanges(trx, place));
  if (!differs) return;
  const isAnnounced = meeting.announced_at !== null && ANNOUNCED.some((name) => name in differs.after);
  await change(
    trx,
    `update meetings
        set title = :title, starts_at = :starts_at, ends_at = :ends_at, zone = :zone, link = :link,
            place = :place, description = :description, is_private = :is_private,
            expected_count = :expected_count, lang = :lang, organiser_id = :organiser_id,
            booked_for_id = :booked_for_id, sequence = :sequence, time_sequence = :time_sequence,
            revision = revision + :announced, updated_at = now(), version = version + 1
      where id = :id`,
    { ...changed, ...nextSequence(meeting, difference), announced: isAnnounced ? 1 : 0, id },
  );
  await record(trx, actingFor(by, meeting), {
    action: 'meeting.update',
    noun: 'meetings',
    id,
    meetingId: id,
    before: differs.before,
    after: differs.after,
    note: input.overrideReason || undefined,
  });
  if (isAnnounced) await announceChanges(trx, [id]);
  // What was sent out keeps its number, and the others are not touched by its move.
  if (difference.time && meeting.series_id !== null && meeting.announced_at === null)
    await numberSeries(trx, meeting.series_id);
}

interface Change {
  before: unknown;
  after: unknown;
}

/** What the history says of rooms, layout and equipment; only what differs. */
async function placeChanges(
  trx: Db,
  { difference, roomIds, layout, equipment, isEquipmentNew }: PlaceChange,
): Promise<Record<string, Change>> {
  const changes: Record<string, Change> = {};
  if (difference.rooms) changes.room_ids = roomIds;
  if (layout.before !== layout.after) changes.layout = layout;
  if (isEquipmentNew)
    changes.equipment = {
      before: await describeLines(trx, equipment.before),
      after: await describeLines(trx, equipment.after),
    };
  return changes;
}

/** What invited people are told of when it changes. */
const ANNOUNCED = [
  'title',
  'starts_at',
  'ends_at',
  'link',
  'place',
  'description',
  'organiser_id',
  'booked_for_id',
  'room_ids',
] as const;

type Editable = Pick<
  Meeting,
  | 'title'
  | 'starts_at'
  | 'ends_at'
  | 'zone'
  | 'link'
  | 'place'
  | 'description'
  | 'is_private'
  | 'expected_count'
  | 'lang'
  | 'organiser_id'
  | 'booked_for_id'
>;

function withChanges(meeting: Meeting, input: MeetingChange): Editable {
  const keep = <T>(given: T | undefined, present: T): T => (given === undefined ? present : given);
  return {
    title: keep(input.title, meeting.title),
    starts_at: keep(input.startsAt, meeting.starts_at),
    ends_at: keep(input.endsAt, meeting.ends_at),
    zone: keep(input.zone, meeting.zone),
    link: keep(input.link, meeting.link),
    place: keep(input.place, meeting.place),
    description: keep(input.description, meeting.description),
    is_private: keep(input.isPrivate, meeting.is_private),
    expected_count: keep(input.expectedCount, meeting.expected_count),
    lang: keep(input.lang, meeting.lang),
    organiser_id: keep(input.organiserId, meeting.organiser_id),
    booked_for_id: keep(input.bookedForId, meeting.booked_for_id),
  };
}

/** The fields that differ, as they were and as they become; undefined when nothing does. */
function changesOf(meeting: Meeting, changed: Editable, others: Record<string, Change>) {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const name of Object.keys(changed) as (keyof Editable)[]) {
    if (JSON.stringify(meeting[name]) === JSON.stringify(changed[name])) continue;
    before[name] = meeting[name];
    after[name] = changed[name];
  }
  for (const [name, other] of Object.entries(others)) {
    before[name] = other.before;
    after[name] = other.after;
  }
  return Object.keys(after).length > 0 ? { before, after } : undefined;
}

/** A meeting has one layout, noted with each room that can be set up so. */
function layoutOf(meeting: Pick<Meeting, 'rooms'>): Layout | null {
  return meeting.rooms.find(({ layout }) => layout !== null)?.layout ?? null;
}

function listWhereabouts(trx: Db, roomIds: number[]): Promise<{ site: string; building: string }[]> {
  return rows(trx, `select site, building from rooms where id = any(:ids)`, { ids: roomIds });
}
