import { randomUUID } from 'node:crypto';
import { mayActFor } from '../people/queries.js';
import { checkNotice, claimRooms, moveClaims, releaseClaims, restoreClaims } from '../claims/commands.js';
import { listLines, releaseEquipment, tellLines, type EquipmentLine } from '../equipment/commands.js';
import type { Layout } from '../claims/layouts.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { isSecretary, type Role } from '../lib/http/policy.js';
import type { Lang } from '../lib/i18n/translate.js';
import { enqueue, enqueueAll } from '../lib/jobs/enqueue.js';
import { mayCancel, mayEditMeeting, mayRestore } from './policy.js';
import { lockSeriesOf, numberSeries } from './numberCommands.js';
import { isSame, setLayout, takePlace, type PlaceRefused } from './placeCommands.js';
import { lockMeeting, type Meeting } from './queries.js';
import { differenceOf, nextSequence } from './sequence.js';

/** Why the rooms said no: who has them, which of their rules stands against it, or which equipment is short. */
export type RoomsRefused = PlaceRefused;

export interface NewMeeting {
  title: string;
  startsAt: Date;
  endsAt: Date;
  zone: string;
  /** None for a meeting by link or at another place. */
  roomIds: number[];
  /** Who answers for it; default: the acting person. */
  organiserId?: number;
  /** The leader it is held for. */
  bookedForId?: number | null;
  description?: string;
  link?: string | null;
  place?: string | null;
  seriesId?: number | null;
  /** The date's place in a rule; numbers are given by `numberSeries`. */
  occurrence?: { recurrenceId: number; at: Date };
  isPrivate?: boolean;
  expectedCount?: number | null;
  /** From another program's list: nobody pressed for the rooms. */
  isImported?: boolean;
  /** How its rooms are set up, where they can be. */
  layout?: Layout | null;
  /** What is carried into them. */
  equipment?: EquipmentLine[];
  lang?: Lang;
  /** A reason to go beyond a rule of a room, for those who may. */
  overrideReason?: string | null;
  /** A reason to ask for a room beyond its rules, where that may be asked; told to who decides about the room. */
  askReason?: string | null;
  /** What booking windows and notice count from; default: now. */
  now?: Date;
  /** Right-hand side of the UID: MAIL_DOMAIN. */
  mailDomain?: string;
}

/** `<uuid>@<our domain>`: what makes a UID unique is its left-hand side; it never changes again. */
export function newUid(mailDomain = 'banhui'): string {
  return `${randomUUID()}@${mailDomain}`;
}

/** `requests`: how many of its rooms wait for somebody's approval, when any do. */
export interface Booked {
  ok: true;
  id: number;
  requests?: number;
}

/**
 * Books: a meeting to which nobody has been invited yet, with its rooms. Refused with what the rooms say, in which case
 * nothing is left behind.
 * @throws Forbidden when the acting person may not act for the organiser or the leader
 */
export function createMeeting(db: Db, by: Actor, input: NewMeeting): Promise<Booked | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    const organiserId = input.organiserId ?? by.id;
    if (by.id === null || organiserId === null) throw new Forbidden();
    await requireActingFor(trx, by, [organiserId, input.bookedForId]);
    const [made] = await rows<{ id: number }>(
      trx,
      `insert into meetings (title, starts_at, ends_at, zone, organiser_id, booked_for_id, created_by, description, link, place, series_id,
                             recurrence_id, occurrence_at, is_private, expected_count, lang, uid)
       values (:title, :starts_at, :ends_at, :zone, :organiser, :booked_for, :creator, :description, :link, :place, :series,
               :recurrence, :occurrence_at, :is_private, :expected, coalesce(:lang, (select lang from organisations)), :uid)
       returning id`,
      {
        title: input.title,
        starts_at: input.startsAt,
        ends_at: input.endsAt,
        zone: input.zone,
        organiser: organiserId,
        booked_for: input.bookedForId ?? null,
        creator: by.id,
        description: input.description ?? '',
        link: input.link ?? null,
        place: input.place ?? null,
        series: input.seriesId ?? null,
        recurrence: input.occurrence?.recurrenceId ?? null,
        occurrence_at: input.occurrence?.at ?? null,
        is_private: input.isPrivate ?? false,
        expected: input.expectedCount ?? null,
        lang: input.lang ?? null,
        uid: newUid(input.mailDomain),
      },
    );
    if (!made) throw new Conflict();
    const { id } = made;
    const lines = input.equipment ?? [];
    let requests = 0;
    if (input.roomIds.length > 0 || lines.length > 0) {
      if (input.layout) await setLayout(trx, id, input.roomIds, input.layout);
      const wish = {
        meetingId: id,
        roomIds: input.roomIds,
        startsAt: input.startsAt,
        endsAt: input.endsAt,
        seats: input.expectedCount ?? null,
        overrideReason: await allowedReason(trx, by, input.overrideReason),
        askReason: input.askReason ?? null,
        ...(input.now ? { now: input.now } : {}),
        ...(input.isImported ? { isImported: true } : {}),
      };
      const claimed =
        lines.length > 0
          ? await takePlace(trx, by, { ...wish, lines }, (inner) => claimRooms(inner, by, wish))
          : await claimRooms(trx, by, wish);
      if (!claimed.ok) {
        await change(trx, `delete from meetings where id = :id`, { id });
        return claimed;
      }
      ({ requests } = claimed);
    }
    const principal = input.bookedForId ?? organiserId;
    await record(trx, principal === by.id ? by : { ...by, onBehalfOf: principal }, {
      action: 'meeting.create',
      noun: 'meetings',
      id,
      meetingId: id,
      after: {
        title: input.title,
        starts_at: input.startsAt,
        ends_at: input.endsAt,
        room_ids: input.roomIds,
        link: input.link,
        place: input.place,
        ...(input.layout ? { layout: input.layout } : {}),
        ...(lines.length > 0 ? { equipment: await tellLines(trx, lines) } : {}),
      },
    });
    return { ok: true, id, ...(requests ? { requests } : {}) };
  });
}

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

/**
 * Changes what is given and leaves the rest. People who were invited are told once, a minute after the last change.
 * @returns `stale` with the meeting as it stands when somebody else changed it since the form was opened
 */
export function changeMeeting(
  db: Db,
  by: Actor,
  id: number,
  input: MeetingChange,
): Promise<
  { ok: true; requests?: number } | { ok: false; reason: 'stale'; meeting: Meeting } | RoomsRefused
> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
      throw new Conflict('meetings.problem.closed');
    if (!mayEditMeeting(meeting)) throw new Forbidden();
    if (meeting.version !== input.version) return { ok: false, reason: 'stale', meeting };
    const changed = after(meeting, input);
    await requireActingFor(
      trx,
      by,
      [changed.organiser_id, changed.booked_for_id].filter(
        (who) => who !== meeting.organiser_id && who !== meeting.booked_for_id,
      ),
    );

    const roomIds = meeting.rooms.map((room) => room.id);
    const newRoomIds = input.roomIds ?? roomIds;
    const newRooms = await listWhereabouts(trx, newRoomIds);
    const difference = differenceOf(
      { ...meeting, roomIds },
      { ...changed, rooms: newRooms, roomIds: newRoomIds },
    );
    const layouts = {
      before: layoutOf(meeting),
      after: input.layout === undefined ? layoutOf(meeting) : input.layout,
    };
    if (layouts.before !== layouts.after || (difference.rooms && layouts.after !== null))
      await setLayout(trx, id, newRoomIds, layouts.after);
    const lines = { before: await listLines(trx, id), after: input.equipment };
    const isEquipmentNew = lines.after !== undefined && !isSame(lines.before, lines.after);
    let requests = 0;
    if (difference.time || difference.rooms || isEquipmentNew) {
      const wish = {
        meetingId: id,
        roomIds: newRoomIds,
        startsAt: changed.starts_at,
        endsAt: changed.ends_at,
        seats: changed.expected_count,
        overrideReason: await allowedReason(trx, by, input.overrideReason),
        askReason: input.askReason ?? null,
        ...(input.now ? { now: input.now } : {}),
      };
      const moved = await takePlace(
        trx,
        by,
        { ...wish, ...(lines.after ? { lines: lines.after } : {}) },
        (inner) =>
          difference.time || difference.rooms
            ? moveClaims(inner, by, wish)
            : Promise.resolve({ ok: true, notices: [], requests: 0 }),
      );
      if (!moved.ok) {
        await setLayout(trx, id, roomIds, layouts.before);
        return moved;
      }
      ({ requests } = moved);
    }

    const differs = changesOf(meeting, changed, {
      ...(difference.rooms ? { room_ids: { before: roomIds, after: newRoomIds } } : {}),
      ...(layouts.before === layouts.after ? {} : { layout: layouts }),
      ...(isEquipmentNew
        ? {
            equipment: {
              before: await tellLines(trx, lines.before),
              after: await tellLines(trx, lines.after ?? []),
            },
          }
        : {}),
    });
    const done = { ok: true as const, ...(requests ? { requests } : {}) };
    if (!differs) return done;
    const isTold = meeting.announced_at !== null && ANNOUNCED.some((name) => name in differs.after);
    await change(
      trx,
      `update meetings set title = :title, starts_at = :starts_at, ends_at = :ends_at, zone = :zone, link = :link, place = :place,
              description = :description, is_private = :is_private, expected_count = :expected_count, lang = :lang,
              organiser_id = :organiser_id, booked_for_id = :booked_for_id, sequence = :sequence, time_sequence = :time_sequence,
              revision = revision + :told, updated_at = now(), version = version + 1
        where id = :id`,
      { ...changed, ...nextSequence(meeting, difference), told: isTold ? 1 : 0, id },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.update',
      noun: 'meetings',
      id,
      meetingId: id,
      before: differs.before,
      after: differs.after,
      ...(input.overrideReason ? { note: input.overrideReason } : {}),
    });
    if (isTold) await announce(trx, 'invitations.announceChange', id);
    return done;
  });
}

/**
 * Calls it off, with a reason; its rooms are free at once. The meeting, its agenda and people stay and can be restored.
 * @param input.now asks the rooms' notice for calling off (a secretary's reason goes beyond it); without it none is asked
 */
export function cancelMeeting(
  db: Db,
  by: Actor,
  id: number,
  input: { reason: string; now?: Date; overrideReason?: string | null },
): Promise<{ ok: true } | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    await lockSeriesOf(trx, id);
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state === 'cancelled') return { ok: true };
    if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
      throw new Conflict('meetings.problem.closed');
    if (!mayCancel(meeting)) throw new Forbidden();
    if (input.now) {
      const overrideReason = await allowedReason(trx, by, input.overrideReason);
      const checks = await checkNotice(trx, by, 'notice_cancel', {
        meetingId: id,
        roomIds: meeting.rooms.map((room) => room.id),
        now: input.now,
        overrideReason,
      });
      if (checks.length) return { ok: false, clashes: [], checks };
    }
    await releaseClaims(trx, by, id, 'cancelled', input.reason);
    await releaseEquipment(trx, id);
    const isTold = meeting.announced_at !== null;
    await change(
      trx,
      `update meetings set state = 'cancelled', state_before_cancel = state, cancelled_at = now(), cancelled_by = :by, cancel_reason = :reason,
              sequence = sequence + :told, revision = revision + :told, updated_at = now(), version = version + 1
        where id = :id`,
      { id, by: by.id, reason: input.reason, told: isTold ? 1 : 0 },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.cancel',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { state: meeting.state },
      after: { state: 'cancelled' },
      note: input.reason,
    });
    if (isTold) await announce(trx, 'invitations.announceCancellation', id);
    else if (meeting.series_id !== null) await numberSeries(trx, meeting.series_id);
    return { ok: true };
  });
}

/**
 * Puts a cancelled meeting back while its rooms are free. People who were told are invited again: same UID, higher SEQUENCE.
 * @param roomIds other rooms (or none) instead of the former ones
 * @param withEquipment false: without what it had taken, which others have now
 */
export function restoreMeeting(
  db: Db,
  by: Actor,
  id: number,
  now: Date,
  roomIds?: number[],
  withEquipment = true,
): Promise<{ ok: true; requests?: number } | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    await lockSeriesOf(trx, id);
    const meeting = await lockMeeting(trx, by, id);
    if (meeting.state !== 'cancelled') return { ok: true };
    if (!mayRestore(meeting)) throw new Forbidden();
    if (meeting.ends_at <= now) throw new Conflict('meetings.problem.over');
    let requests = 0;
    if (roomIds || meeting.rooms.length > 0 || meeting.equipment.length > 0) {
      const span = { startsAt: meeting.starts_at, endsAt: meeting.ends_at };
      const restored = await takePlace(
        trx,
        by,
        { meetingId: id, ...span, ...(withEquipment ? {} : { lines: [] }) },
        (inner) =>
          roomIds
            ? moveClaims(inner, by, { meetingId: id, roomIds, ...span, now })
            : restoreClaims(inner, by, id, now),
      );
      if (!restored.ok) {
        await keepRooms(
          trx,
          id,
          meeting.rooms.map((room) => room.id),
        );
        return restored;
      }
      ({ requests } = restored);
    }
    const isTold = meeting.announced_at !== null;
    await change(
      trx,
      `update meetings set state = coalesce(state_before_cancel, 'draft'), state_before_cancel = null, cancelled_at = null, cancelled_by = null,
              cancel_reason = null, sequence = sequence + :told, time_sequence = case when :is_told then sequence + 1 else time_sequence end,
              revision = revision + :told, updated_at = now(), version = version + 1
        where id = :id`,
      { id, told: isTold ? 1 : 0, is_told: isTold },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'meeting.restore',
      noun: 'meetings',
      id,
      meetingId: id,
      before: { state: 'cancelled', reason: meeting.cancel_reason },
      after: { state: meeting.state_before_cancel },
    });
    if (isTold) await announce(trx, 'invitations.announceChange', id);
    else if (meeting.series_id !== null) await numberSeries(trx, meeting.series_id);
    return { ok: true, ...(requests ? { requests } : {}) };
  });
}

/** A refused claim forgets what was asked for; a cancelled meeting still wants it. */
async function keepRooms(trx: Db, meetingId: number, roomIds: number[]): Promise<void> {
  await change(
    trx,
    `insert into meeting_rooms (meeting_id, room_id) select :meeting, unnest(cast(:rooms as bigint[])) on conflict do nothing`,
    { meeting: meetingId, rooms: roomIds },
  );
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

/** A minute later, so that several edits become one mail; one waiting job a meeting. */
export async function announce(
  trx: Db,
  job: 'invitations.announceChange' | 'invitations.announceCancellation',
  meetingId: number,
): Promise<void> {
  await enqueue(
    trx,
    job,
    { meetingId },
    { runAt: new Date(Date.now() + 60_000), key: `${job}:${meetingId}` },
  );
}

/** The same for many meetings whose dates changed together. */
export async function announceAll(trx: Db, meetingIds: readonly number[]): Promise<void> {
  const job = 'invitations.announceChange';
  await enqueueAll(
    trx,
    job,
    meetingIds.map((meetingId) => ({ payload: { meetingId }, key: `${job}:${meetingId}` })),
    new Date(Date.now() + 60_000),
  );
}

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

function after(meeting: Meeting, input: MeetingChange): Editable {
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
function changesOf(
  meeting: Meeting,
  changed: Editable,
  others: Record<string, { before: unknown; after?: unknown }>,
) {
  const before: Record<string, unknown> = {};
  const now: Record<string, unknown> = {};
  for (const name of Object.keys(changed) as (keyof Editable)[]) {
    if (JSON.stringify(meeting[name]) === JSON.stringify(changed[name])) continue;
    before[name] = meeting[name];
    now[name] = changed[name];
  }
  for (const [name, other] of Object.entries(others)) [before[name], now[name]] = [other.before, other.after];
  return Object.keys(now).length > 0 ? { before, after: now } : undefined;
}

/** A meeting has one layout, noted with each room that can be set up so. */
function layoutOf(meeting: Pick<Meeting, 'rooms'>): Layout | null {
  return meeting.rooms.find(({ layout }) => layout !== null)?.layout ?? null;
}

/** The history keeps both names when somebody acts for another person: a deputy, or who typed it for a leader. */
export function actingFor(
  by: Actor,
  meeting: Pick<Meeting, 'organiser_id' | 'booked_for_id' | 'relation'>,
): Actor {
  const { relation } = meeting;
  if (relation.is_organiser || relation.is_booked_for) return by;
  if (relation.acts_for) return { ...by, onBehalfOf: meeting.booked_for_id ?? meeting.organiser_id };
  return relation.is_creator && meeting.booked_for_id ? { ...by, onBehalfOf: meeting.booked_for_id } : by;
}

/** Ids in a form are authorised too: nobody makes somebody else answer for a meeting. */
export async function requireActingFor(
  trx: Db,
  by: Actor,
  persons: (number | null | undefined)[],
): Promise<void> {
  const others = persons.filter((person): person is number => typeof person === 'number' && person !== by.id);
  if (others.length === 0) return;
  const actor = await row<{ id: number; role: Role }>(trx, `select id, role from persons where id = :id`, {
    id: by.id,
  });
  for (const person of new Set(others)) {
    if (!actor || !(await mayActFor(trx, actor, person))) throw new Forbidden('meetings.problem.actFor');
  }
}

/** Only the office's secretaries may go beyond a rule of a room; without that the reason counts for nothing. */
export async function allowedReason(
  trx: Db,
  by: Actor,
  reason: string | null | undefined,
): Promise<string | null> {
  if (!reason) return null;
  const actor = await row<{ role: Role }>(trx, `select role from persons where id = :id`, { id: by.id });
  return actor && isSecretary(actor) ? reason : null;
}

function listWhereabouts(trx: Db, roomIds: number[]): Promise<{ site: string; building: string }[]> {
  return rows(trx, `select site, building from rooms where id = any(:ids)`, { ids: roomIds });
}
