import { row, rows, type Db } from '../lib/db/db.js';
import type { MeetingState } from '../meetings/states.js';
import { HAS_CHAIR, HAS_PLACE, IS_FRESH } from '../series/inviteQueries.js';
import { announcementOf } from './announcement.js';
import type { Attendee } from './calendarEvent.js';
import { listTellables } from './queries.js';
import type { SeriesView, StandingDate, ToldSeries } from './seriesView.js';

/** What deliveries to people invited to a recurrence are about. */
export function objectOfSeries(recurrenceId: number): string {
  return `recurrences:${recurrenceId}`;
}

/** A rule as its event needs it. */
export interface StandingRule extends Omit<ToldSeries, 'usual' | 'minutes' | 'dates'> {
  id: number;
  created_at: Date;
  revision: number;
}

const RULE = `select r.id, r.uid, f.uid as follows, r.rule, r.zone, r.starts_on as "startsOn",
    to_char(r.starts_at_time, 'HH24:MI') as "startsAtTime",
         to_char(r.until_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until,
         r.created_at, r.revision
    from recurrences r left join recurrences f on f.id = r.follows_id`;

export function findRule(db: Db, id: number): Promise<StandingRule | undefined> {
  return row<StandingRule>(db, `${RULE} where r.id = :id`, { id });
}

/** Several at once, by id. */
export async function listRules(db: Db, ids: readonly number[]): Promise<Map<number, StandingRule>> {
  return new Map(
    (await rows<StandingRule>(db, `${RULE} where r.id = any(:ids)`, { ids })).map((rule) => [rule.id, rule]),
  );
}

/**
 * Rules of a series that people may still hold something of, oldest first; each stays locked, so that one
 * worker tells.
 */
export function lockRules(trx: Db, seriesId: number): Promise<StandingRule[]> {
  return rows<StandingRule>(trx, `${RULE} where r.series_id = :series order by r.id for no key update of r`, {
    series: seriesId,
  });
}

/** All dates of a rule by start, as people are told of them; called off ones too. */
export async function listStandingDates(db: Db, recurrenceId: number): Promise<StandingDate[]> {
  const dates = await rows<{
    id: number;
    occurrence_at: Date;
    state: MeetingState;
    cancel_reason: string | null;
  }>(
    db,
    `select id, occurrence_at, state, cancel_reason
     from meetings
     where recurrence_id = :id
     order by occurrence_at`,
    { id: recurrenceId },
  );
  const meetings = await listTellables(
    db,
    dates.map(({ id }) => id),
  );
  return dates.flatMap((date) => {
    const meeting = meetings.get(date.id);
    return meeting
      ? [
          {
            meetingId: date.id,
            at: date.occurrence_at,
            isOn: date.state !== 'cancelled',
            reason: date.cancel_reason,
            timeSequence: meeting.time_sequence,
            told: announcementOf(meeting),
          },
        ]
      : [];
  });
}

/** Somebody on a date of a rule who is invited under the rule's UID. */
export interface SeriesParticipant {
  meeting_id: number;
  participant_id: number;
  person_id: number;
  is_current: boolean;
}

export function listSeriesParticipants(db: Db, recurrenceId: number): Promise<SeriesParticipant[]> {
  return rows<SeriesParticipant>(
    db,
    `select pt.meeting_id, pt.id as participant_id, pt.person_id, pt.removed_at is null
       and pt.invited_at is not null as is_current
       from meetings m join participants pt on pt.meeting_id = m.id and pt.with_series
      where m.recurrence_id = :id order by m.occurrence_at, pt.id`,
    { id: recurrenceId },
  );
}

/** What a person was told last of a rule, and what they hold for sure or maybe. */
export interface SeriesTelling {
  person_id: number;
  /** Highest that went out or waits. */
  sequence: number;
  last: Told;
  /** The last that reached the person, or may have. */
  held: Told | null;
}

interface Told {
  method: 'REQUEST' | 'CANCEL';
  state: string;
  revision: number;
  payload: SeriesPayload;
}

/** Of a delivery: which part of what was told at its revision is this person's. */
export interface SeriesPayload {
  from: string;
  without: string[];
  /** What this message says, beside what the calendar file says by itself. */
  kind: 'whole' | 'date' | 'dateCancelled' | 'cancelled';
  at?: string;
  /** The date whose personal link the letter has. */
  meeting: number;
  /** What the person held before it. */
  before?: { revision: number; from: string; without: string[] };
  /** With a cancellation: it is called off for everybody, not for this person alone. */
  whole?: boolean;
}

export function listTellings(db: Db, recurrenceId: number): Promise<SeriesTelling[]> {
  const told = (alias: string) =>
    `jsonb_build_object('method', ${alias}.method, 'state', ${alias}.state, 'revision', ${alias}.revision,
       'payload', ${alias}.payload)`;
  return rows<SeriesTelling>(
    db,
    `select l.person_id,
       (select max(sequence)
         from deliveries s
         where s.recurrence_id = :id and s.person_id = l.person_id) as sequence,
       ${told('l')} as last,
            (select ${told('h')} from deliveries h
              where h.recurrence_id = :id
                and h.person_id = l.person_id
                and (h.state in ('sent', 'captured', 'sending') or h.may_have_arrived)
              order by h.id desc
              limit 1) as held
       from (select distinct on (person_id) *
         from deliveries
         where recurrence_id = :id and state <> 'superseded'
         order by person_id, id desc) l`,
    { id: recurrenceId },
  );
}

/** What was told at some revisions, by revision. */
export async function listToldSeries(
  db: Db,
  recurrenceId: number,
  revisions: number[],
): Promise<Map<number, ToldSeries>> {
  const found = await rows<{ revision: number; content: ToldSeries }>(
    db,
    `select revision, content
     from recurrence_announcements
     where recurrence_id = :id and revision = any(:revisions)`,
    { id: recurrenceId, revisions: [...new Set(revisions)] },
  );
  return new Map(found.map((one) => [one.revision, one.content]));
}

/** The part of a telling that a person got. */
export function viewIn(
  told: Map<number, ToldSeries>,
  { revision, from, without }: { revision: number; from: string; without: string[] },
): SeriesView | undefined {
  const content = told.get(revision);
  return content && { told: content, from, without };
}

/** Who takes part in which date, with the reply that counts; chair first. */
export async function listSeriesAttendees(
  db: Db,
  recurrenceId: number,
): Promise<(Attendee & { meeting_id: number })[]> {
  return rows<Attendee & { meeting_id: number }>(
    db,
    `select m.id as meeting_id, pt.id as participant_id, pt.person_id, p.name, p.name_en, p.email, pt.role,
       pt.instead_of_id,
            (select r.status
              from replies r
              where r.participant_id = pt.id and r.sequence >= m.time_sequence
              order by r.id desc
              limit 1) as reply
       from meetings m join participants pt on pt.meeting_id = m.id join persons p on p.id = pt.person_id
      where m.recurrence_id = :id
        and m.state <> 'cancelled'
        and pt.removed_at is null
        and (pt.invited_at is not null or pt.role = 'chair')
      order by array_position(array['chair','secretary','required','optional','in_attendance','informed'],
        pt.role),
        m.occurrence_at, pt.id`,
    { id: recurrenceId },
  );
}

/** A coming date of a series as far as inviting to it goes. */
export interface InvitableDate {
  id: number;
  recurrence_id: number | null;
  state: MeetingState;
  has_place: boolean;
  has_chair: boolean;
}

/** The coming dates with people who are not invited yet; the meetings stay locked, by id. */
export async function lockInvitableDates(trx: Db, seriesId: number, now: Date): Promise<InvitableDate[]> {
  await rows(
    trx,
    `select 1
     from meetings
     where series_id = :series and ends_at > :now and state in ('draft', 'scheduled')
     order by id
     for no key update`,
    { series: seriesId, now },
  );
  return rows<InvitableDate>(
    trx,
    `select m.id, m.recurrence_id, m.state, ${HAS_PLACE} as has_place, ${HAS_CHAIR} as has_chair
       from meetings m
      where m.series_id = :series and m.ends_at > :now and m.state in ('draft', 'scheduled') and ${IS_FRESH}
      order by m.starts_at, m.id`,
    { series: seriesId, now },
  );
}

export interface FreshParticipant {
  id: number;
  meeting_id: number;
  person_id: number;
  role: string;
  has_address: boolean;
  is_guest: boolean;
}

/** Who is on these dates and not invited yet. */
export function listFreshParticipants(trx: Db, meetingIds: number[]): Promise<FreshParticipant[]> {
  return rows<FreshParticipant>(
    trx,
    `select pt.id, pt.meeting_id, pt.person_id, pt.role, p.is_guest, p.email is not null
       and p.deactivated_at is null as has_address
       from participants pt join persons p on p.id = pt.person_id
      where pt.meeting_id = any(:ids) and pt.removed_at is null and pt.invited_at is null
      order by pt.meeting_id, pt.id`,
    { ids: meetingIds },
  );
}

/** The rule a date follows, when anybody was invited to it as a whole, and its series. */
export function findSeriesOf(
  db: Db,
  meetingId: number,
): Promise<{ series_id: number; is_told: boolean } | undefined> {
  return row(
    db,
    `select m.series_id,
       exists (select 1 from recurrences r where r.series_id = m.series_id and r.revision > 0) as is_told
       from meetings m where m.id = :id and m.series_id is not null`,
    { id: meetingId },
  );
}

/** Another rule of the series goes on where this one ended, and people were told of it. */
export async function isTakenOver(db: Db, recurrenceId: number): Promise<boolean> {
  const found = await row<{ is: boolean }>(
    db,
    `select exists (select 1 from recurrences where follows_id = :id and revision > 0) as is`,
    { id: recurrenceId },
  );
  return found?.is ?? false;
}

/** Start by the rule of each of these dates. */
export async function listOccurrences(db: Db, meetingIds: readonly number[]): Promise<Map<number, Date>> {
  const found = await rows<{ id: number; occurrence_at: Date }>(
    db,
    `select id, occurrence_at from meetings where id = any(:ids) and occurrence_at is not null`,
    { ids: meetingIds },
  );
  return new Map(found.map((one) => [one.id, one.occurrence_at]));
}

/**
 * Under which UID somebody holds a date that they were invited to with its series; undefined when it has its
 * own for them.
 */
export function findSeriesPlace(
  db: Db,
  meetingId: number,
  personId: number,
): Promise<{ uid: string; occurrence_at: Date } | undefined> {
  return row(
    db,
    `select r.uid, m.occurrence_at from meetings m join recurrences r on r.id = m.recurrence_id
       join participants pt on pt.meeting_id = m.id
         and pt.person_id = :person
         and pt.with_series
         and pt.removed_at is null
         and pt.invited_at is not null
      where m.id = :id`,
    { id: meetingId, person: personId },
  );
}
