import { randomUUID } from 'node:crypto';
import { change, row, type Db } from '../lib/db/db.js';
import type { CastRoom, SampleCast } from './castCommands.js';
import type { Role } from './seriesTexts.js';

interface NewMeeting {
  title: string;
  state: 'draft' | 'scheduled' | 'in_progress' | 'ended' | 'cancelled';
  startsAt: Date;
  endsAt: Date;
  room: string;
  organiser: number;
  /** Who typed it; the secretary unless somebody booked for themselves. */
  createdBy?: number;
  lang: 'en' | 'zh-CN';
  seriesId?: number;
  recurrenceId?: number;
  number?: number;
  isPrivate?: boolean;
  reviewer?: number;
  cancelReason?: string;
  members?: { id: number; role: Role }[];
}

/** Writes one meeting with its claim and participants; undefined when the room is taken at that time. */
export async function addMeeting(db: Db, cast: SampleCast, meeting: NewMeeting): Promise<number | undefined> {
  const room = cast.rooms.get(meeting.room);
  if (!room) throw new Error(`no room ${meeting.room}`);
  const announcedAt = meeting.members && meeting.state !== 'draft' ? daysBefore(cast, meeting, 4) : null;
  const id = await insertMeeting(db, cast, meeting, announcedAt);
  if (!(await claimRoom(db, cast, { ...meeting, id }, room))) {
    await change(db, `delete from room_claims where meeting_id = :id`, { id });
    await change(db, `delete from meetings where id = :id`, { id });
    return undefined;
  }
  await change(db, `insert into meeting_rooms (meeting_id, room_id) values (:meeting, :room)`, {
    meeting: id,
    room: room.id,
  });
  for (const member of meeting.members ?? [])
    await change(
      db,
      `insert into participants (meeting_id, person_id, role, invited_at, created_by)
       values (:meeting, :person, :role, :invited, :by)`,
      { meeting: id, person: member.id, role: member.role, invited: announcedAt, by: cast.secretary },
    );
  await change(
    db,
    `insert into audit_events (at, person_id, action, noun, noun_id, meeting_id, after)
     values (:at, :by, 'meeting.create', 'meetings', :id, :id, :after)`,
    {
      at: announcedAt ?? cast.now,
      by: meeting.createdBy ?? cast.secretary,
      id,
      after: JSON.stringify({ title: meeting.title }),
    },
  );
  return id;
}

/** Days before the meeting, or before now if that is earlier. */
function daysBefore(cast: SampleCast, meeting: NewMeeting, days: number): Date {
  return new Date(Math.min(cast.now.getTime(), meeting.startsAt.getTime()) - days * 86_400_000);
}

async function insertMeeting(
  db: Db,
  cast: SampleCast,
  meeting: NewMeeting,
  announcedAt: Date | null,
): Promise<number> {
  const made = await row<{ id: number }>(
    db,
    `insert into meetings (
       title, state, series_id, recurrence_id, occurrence_at, number,
       starts_at, ends_at, zone, lang, organiser_id, created_by, reviewer_id, uid,
       is_private, expected_count, announced_at, started_at, started_by, ended_at, ended_by,
       cancelled_at, cancelled_by, cancel_reason, state_before_cancel, created_at
     )
     values (
       :title, :state, :series, :recurrence,
       case when :recurrence::bigint is null then null else :starts::timestamptz end, :number,
       :starts, :ends, :zone, :lang, :organiser, :creator, :reviewer, :uid,
       :private, :count, :announced, :started, :starter, :ended, :starter,
       :cancelled, :canceller, :reason, :before, :created
     )
     returning id`,
    {
      title: meeting.title,
      state: meeting.state,
      series: meeting.seriesId ?? null,
      recurrence: meeting.recurrenceId ?? null,
      number: meeting.number ?? null,
      starts: meeting.startsAt,
      ends: meeting.endsAt,
      zone: cast.zone,
      lang: meeting.lang,
      organiser: meeting.organiser,
      creator: meeting.createdBy ?? cast.secretary,
      reviewer: meeting.reviewer ?? null,
      uid: `${randomUUID()}@${cast.mailDomain}`,
      private: meeting.isPrivate ?? false,
      count: meeting.members ? null : 6,
      announced: announcedAt,
      ...heldWhen(meeting),
      ...cancelledWhen(meeting, announcedAt),
      created: daysBefore(cast, meeting, 10),
    },
  );
  if (!made) throw new Error('meeting not made');
  return made.id;
}

function heldWhen({ state, startsAt, endsAt, organiser }: NewMeeting) {
  const hasBegun = state === 'ended' || state === 'in_progress';
  return {
    started: hasBegun ? startsAt : null,
    starter: hasBegun ? organiser : null,
    ended: state === 'ended' ? endsAt : null,
  };
}

function cancelledWhen({ cancelReason, organiser }: NewMeeting, announcedAt: Date | null) {
  return {
    cancelled: cancelReason ? announcedAt : null,
    canceller: cancelReason ? organiser : null,
    reason: cancelReason ?? null,
    before: cancelReason ? 'scheduled' : null,
  };
}

/** @returns false when the room is taken at that time, or a part of it */
async function claimRoom(
  db: Db,
  cast: SampleCast,
  meeting: NewMeeting & { id: number },
  room: CastRoom,
): Promise<boolean> {
  const claimed = room.parts.length ? room.parts : [room.id];
  const wrote = await change(
    db,
    `insert into room_claims (
       room_id, meeting_id, state, starts_at, ends_at,
       setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by
     )
     select r, :meeting, :state, :starts, :ends, :setup, :teardown, :from, :to, :by
       from unnest(:rooms::bigint[]) r
      order by r
     on conflict do nothing`,
    {
      rooms: claimed,
      meeting: meeting.id,
      state: meeting.cancelReason ? 'cancelled' : 'confirmed',
      starts: meeting.startsAt,
      ends: meeting.endsAt,
      setup: room.setup,
      teardown: room.teardown,
      by: cast.secretary,
      from: new Date(meeting.startsAt.getTime() - room.setup * 60_000),
      to: new Date(meeting.endsAt.getTime() + room.teardown * 60_000),
    },
  );
  return wrote === claimed.length;
}
