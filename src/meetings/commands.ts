import { randomUUID } from 'node:crypto';
import { claimRooms } from '../claims/commands.js';
import { describeLines, type EquipmentLine } from '../equipment/commands.js';
import type { Layout } from '../claims/layouts.js';
import type { ClaimResult } from '../claims/verdict.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import { allowedReason, requireActingFor } from './actingCommands.js';
import { setLayout, takePlace, type PlaceRefused } from './placeCommands.js';

/** Who has the rooms, which of their rules stands against it, or which equipment is short. */
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
  /** A reason to ask for a room beyond its rules; whoever decides about the room reads it. */
  askReason?: string | null;
  /** What booking windows and notice count from; default: now. */
  now?: Date;
  /** Right-hand side of the UID: MAIL_DOMAIN. */
  mailDomain?: string;
}

/** `<uuid>@<our domain>`. The left-hand side makes a UID unique; it never changes again. */
export function newUid(mailDomain = 'banhui'): string {
  return `${randomUUID()}@${mailDomain}`;
}

export interface CreatedMeeting {
  ok: true;
  id: number;
  /** How many of its rooms wait for somebody's approval; undefined when none does. */
  requests?: number;
}

/**
 * Books: a meeting to which nobody has been invited yet, with its rooms. When the rooms refuse, nothing is
 * left behind.
 * @throws Forbidden when the acting person may not act for the organiser or the leader
 */
export function createMeeting(db: Db, by: Actor, input: NewMeeting): Promise<CreatedMeeting | RoomsRefused> {
  return inTransaction(db, async (trx) => {
    const organiserId = input.organiserId ?? by.id;
    if (by.id === null || organiserId === null) throw new Forbidden();
    await requireActingFor(trx, by, [organiserId, input.bookedForId]);
    const id = await insertMeeting(trx, { ...input, organiserId, creatorId: by.id });
    const claimed = await claimNewPlace(trx, by, id, input);
    if (!claimed.ok) {
      await change(trx, `delete from meetings where id = :id`, { id });
      return claimed;
    }
    const principal = input.bookedForId ?? organiserId;
    await recordCreation(trx, principal === by.id ? by : { ...by, onBehalfOf: principal }, id, input);
    return { ok: true, id, requests: claimed.requests || undefined };
  });
}

async function insertMeeting(
  trx: Db,
  input: NewMeeting & { organiserId: number; creatorId: number },
): Promise<number> {
  const made = await row<{ id: number }>(
    trx,
    `insert into meetings (title, starts_at, ends_at, zone, organiser_id, booked_for_id, created_by,
                           description, link, place, series_id, recurrence_id, occurrence_at, is_private,
                           expected_count, lang, uid)
     values (:title, :starts_at, :ends_at, :zone, :organiser, :booked_for, :creator,
             :description, :link, :place, :series, :recurrence, :occurrence_at, :is_private,
             :expected, coalesce(:lang, (select lang from organisations)), :uid)
     returning id`,
    {
      title: input.title,
      starts_at: input.startsAt,
      ends_at: input.endsAt,
      zone: input.zone,
      organiser: input.organiserId,
      booked_for: input.bookedForId ?? null,
      creator: input.creatorId,
      ...placeFieldsOf(input),
      series: input.seriesId ?? null,
      recurrence: input.occurrence?.recurrenceId ?? null,
      occurrence_at: input.occurrence?.at ?? null,
      is_private: input.isPrivate ?? false,
      lang: input.lang ?? null,
      uid: newUid(input.mailDomain),
    },
  );
  if (!made) throw new Conflict();
  return made.id;
}

function placeFieldsOf({ description, link, place, expectedCount }: NewMeeting) {
  return {
    description: description ?? '',
    link: link ?? null,
    place: place ?? null,
    expected: expectedCount ?? null,
  };
}

/** Rooms and equipment of a new meeting; the layout is noted first, because it decides the seats. */
async function claimNewPlace(
  trx: Db,
  by: Actor,
  meetingId: number,
  input: NewMeeting,
): Promise<ClaimResult | RoomsRefused> {
  const { roomIds, startsAt, endsAt, layout, equipment: lines = [] } = input;
  if (roomIds.length === 0 && lines.length === 0) return { ok: true, notices: [], requests: 0 };
  if (layout) await setLayout(trx, [{ meetingId, roomIds, layout }]);
  const request = {
    meetingId,
    roomIds,
    startsAt,
    endsAt,
    seats: input.expectedCount ?? null,
    overrideReason: await allowedReason(trx, by, input.overrideReason),
    askReason: input.askReason ?? null,
    now: input.now,
    isImported: input.isImported,
  };
  if (lines.length === 0) return claimRooms(trx, by, request);
  return takePlace(trx, by, { ...request, lines }, (inner) => claimRooms(inner, by, request));
}

async function recordCreation(trx: Db, by: Actor, id: number, input: NewMeeting): Promise<void> {
  const lines = input.equipment ?? [];
  await record(trx, by, {
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
      layout: input.layout ?? undefined,
      equipment: lines.length > 0 ? await describeLines(trx, lines) : undefined,
    },
  });
}
