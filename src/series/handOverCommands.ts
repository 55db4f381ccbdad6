import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { removeMember, setMembers } from './memberCommands.js';
import type { ParticipantRole } from '../meetings/states.js';
import { addSeats, changeRoles, removeSeats } from '../meetings/participantCommands.js';

import { UNFINISHED } from './handOverQueries.js';

const NAMED = ['organiser_id', 'booked_for_id', 'reviewer_id', 'approver_id'] as const;

/** SQL: every post that `:from` holds goes to `:to`. */
const NAMED_ANEW = NAMED.map(
  (post) => `${post} = case ${post} when :from then :to::bigint else ${post} end`,
).join(', ');

type Named = Record<(typeof NAMED)[number], number | null>;

/**
 * What somebody who leaves answers for goes to another person: organiser, leader, reviewer, approver, chair
 * and secretary of what is not on record yet, and of standing meetings. A private one only goes to somebody
 * who takes part in it: handing over must not open it to anybody.
 * @returns how many meetings and standing meetings moved, and how many private ones stayed
 */
export async function handOverMeetings(
  trx: Db,
  by: Actor,
  fromId: number,
  toId: number,
): Promise<{ moved: number; stayed: number }> {
  const series = await handOverSeries(trx, by, fromId, toId);
  const held = await rows<Named & { id: number; may: boolean }>(
    trx,
    `select m.id, m.organiser_id, m.booked_for_id, m.reviewer_id, m.approver_id,
            not m.is_private or m.booked_for_id = :to
              or exists (
                select 1
                  from participants p
                 where p.meeting_id = m.id and p.person_id = :to and p.removed_at is null) as may
       from meetings m
      where :from in (m.organiser_id, m.booked_for_id, m.reviewer_id, m.approver_id) and ${UNFINISHED}
      order by m.id for no key update of m`,
    { from: fromId, to: toId },
  );
  const mine = held.filter((meeting) => meeting.may);
  await change(
    trx,
    `update meetings
        set ${NAMED_ANEW}, updated_at = now(), version = version + 1
      where id = any(:ids)`,
    { from: fromId, to: toId, ids: mine.map((meeting) => meeting.id) },
  );
  await recordAll(
    trx,
    by,
    mine.map((meeting) => ({
      action: 'meeting.handOver',
      noun: 'meetings',
      id: meeting.id,
      meetingId: meeting.id,
      ...differenceOf(meeting, fromId, toId),
    })),
  );
  const seats = await handOverSeats(trx, by, fromId, toId);
  return { moved: mine.length + series.moved + seats, stayed: held.length - mine.length + series.stayed };
}

function differenceOf(
  row: Named,
  from: number,
  to: number,
): { before: Partial<Named>; after: Partial<Named> } {
  const fields = NAMED.filter((field) => row[field] === from);
  return {
    before: Object.fromEntries(fields.map((field) => [field, from])),
    after: Object.fromEntries(fields.map((field) => [field, to])),
  };
}

async function handOverSeries(
  trx: Db,
  by: Actor,
  fromId: number,
  toId: number,
): Promise<{ moved: number; stayed: number }> {
  const held = await rows<
    Named & { id: number; is_private: boolean; role: ParticipantRole | null; may: boolean; is_named: boolean }
  >(
    trx,
    `select s.id, s.is_private, s.organiser_id, s.booked_for_id, s.reviewer_id, s.approver_id,
            (select r.role from series_members r where r.series_id = s.id and r.person_id = :from) as role,
            :from in (s.organiser_id, s.booked_for_id, s.reviewer_id, s.approver_id) as is_named,
            not s.is_private
              or exists (
                select 1 from series_members r where r.series_id = s.id and r.person_id = :to) as may
       from series s
      where s.ended_on is null and (:from in (s.organiser_id, s.booked_for_id, s.reviewer_id, s.approver_id)
        or exists (select 1 from series_members r where r.series_id = s.id and r.person_id = :from))
      order by s.id for no key update of s`,
    { from: fromId, to: toId },
  );
  const mine = held.filter((series) => series.may);
  const named = mine.filter((series) => series.is_named);
  await change(
    trx,
    `update series
        set ${NAMED_ANEW}, version = version + 1
      where id = any(:ids)`,
    { ids: named.map(({ id }) => id), from: fromId, to: toId },
  );
  await recordAll(
    trx,
    by,
    named.map((series) => ({
      action: 'series.handOver',
      noun: 'series',
      id: series.id,
      ...differenceOf(series, fromId, toId),
    })),
  );
  for (const series of mine) {
    if (series.is_private) continue; // its members are no matter of the office
    if (series.role === 'chair' || series.role === 'secretary')
      await setMembers(trx, by, series.id, new Map([[toId, series.role]]));
    if (series.role) await removeMember(trx, by, series.id, fromId);
  }
  return {
    moved: mine.filter((series) => series.is_named || series.role === 'chair' || series.role === 'secretary')
      .length,
    stayed: held.filter((series) => !series.may && series.is_named).length,
  };
}

/**
 * Chair and secretary of coming meetings; the seat of whoever leaves is taken back.
 * @returns how many changed hands
 */
async function handOverSeats(trx: Db, by: Actor, fromId: number, toId: number): Promise<number> {
  const seats = await rows<{ id: number; meeting_id: number; role: ParticipantRole; other: number | null }>(
    trx,
    `select p.id, p.meeting_id, p.role,
            (select q.id
               from participants q
              where q.meeting_id = p.meeting_id and q.person_id = :to and q.removed_at is null) as other
       from participants p
       join meetings m on m.id = p.meeting_id
      where p.person_id = :from and p.removed_at is null and m.state in ('draft', 'scheduled')
        and not m.is_private
      order by p.meeting_id`,
    { from: fromId, to: toId },
  );
  const led = seats.filter(({ role }) => role === 'chair' || role === 'secretary');
  await changeRoles(
    trx,
    by,
    led.flatMap(({ meeting_id, role, other }) =>
      other ? [{ meetingId: meeting_id, participantId: other, role }] : [],
    ),
  );
  await addSeats(
    trx,
    by,
    led
      .filter(({ other }) => !other)
      .map(({ meeting_id, role }) => ({ meetingId: meeting_id, personId: toId, role })),
  );
  await removeSeats(
    trx,
    by,
    seats.map(({ id, meeting_id }) => ({ meetingId: meeting_id, participantId: id })),
  );
  return led.length;
}

export interface ParticipantMerge {
  keepId: number;
  dropId: number;
  /** The kept one has another address: coming meetings wait for a new invitation. */
  isReachedElsewhere: boolean;
}

/**
 * Two rows for one guest become one: everything of `dropId` goes to `keepId`. Where both take part, the kept
 * one stays and the other leaves coming meetings.
 */
export async function mergeParticipants(
  trx: Db,
  by: Actor,
  { keepId, dropId, isReachedElsewhere }: ParticipantMerge,
): Promise<void> {
  const ids = { keep: keepId, drop: dropId };
  const double = await rows<{ id: number; meeting_id: number }>(
    trx,
    `select p.id, p.meeting_id
       from participants p
       join participants k on k.meeting_id = p.meeting_id and k.person_id = :keep
       join meetings m on m.id = p.meeting_id
      where p.person_id = :drop and p.removed_at is null and k.removed_at is null
        and m.state in ('draft', 'scheduled')
      order by p.meeting_id`,
    ids,
  );
  await change(trx, `update participants set removed_at = now() where id = any(:ids)`, {
    ids: double.map((one) => one.id),
  });
  const moved = await rows<{ meeting_id: number }>(
    trx,
    `update participants p set person_id = :keep,
            invited_at = case when :elsewhere and m.state in ('draft', 'scheduled') then null
                              else p.invited_at end
       from meetings m
      where m.id = p.meeting_id and p.person_id = :drop
        and not exists (
          select 1 from participants k where k.meeting_id = p.meeting_id and k.person_id = :keep)
      returning p.meeting_id`,
    { ...ids, elsewhere: isReachedElsewhere },
  );
  await recordAll(
    trx,
    by,
    [...double, ...moved].map(({ meeting_id }) => ({
      action: 'participant.merge',
      noun: 'meetings',
      id: meeting_id,
      meetingId: meeting_id,
      before: { person_id: dropId },
      after: { person_id: keepId },
    })),
  );
  await change(
    trx,
    `update series_members r
        set person_id = :keep
      where r.person_id = :drop
        and not exists (
          select 1 from series_members k where k.series_id = r.series_id and k.person_id = :keep)`,
    ids,
  );
  await change(trx, `delete from series_members where person_id = :drop`, { drop: dropId });
}
