import { row, rows, type Db } from '../lib/db/db.js';
import { brief } from '../meetings/queries.js';
import type { MeetingState, ParticipantRole } from '../meetings/states.js';
import type { Announcement } from './announcement.js';
import type { Attendee, EventFacts } from './calendarEvent.js';
import { isLive, isWithin } from '../hours/liveClaimQueries.js';

/** A meeting as far as telling people of it goes. */
export interface Tellable extends Announcement, EventFacts {
  id: number;
  state: MeetingState;
  sequence: number;
  time_sequence: number;
  revision: number;
  cancel_reason: string | null;
  organiser_email: string | null;
  announced_at: Date | null;
}

/** Columns of `Announcement`: also what is kept as JSON with each revision. */
const TOLD = `jsonb_build_object(
  'title', m.title, 'number', m.number,
  'starts_at', m.starts_at, 'ends_at', m.ends_at, 'starts_on', m.starts_on, 'ends_on', m.ends_on,
  'zone', m.zone, 'place', m.place, 'link', m.link, 'description', m.description, 'is_private', m.is_private,
  'rooms',
    coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'code', r.code, 'name_en', r.name_en, 'name_zh',
      r.name_zh,
      'building', r.building, 'floor', r.floor,
      'is_requested', exists (select 1 from room_claims c where c.meeting_id = m.id and c.state = 'requested'
         and ${isWithin('c.room_id', 'r.id')}),
      'is_refused',
        coalesce((select q.state
          from room_requests q
          where q.meeting_id = m.id and q.room_id = r.id
          order by q.id desc
          limit 1) in ('refused', 'returned'),
          false)
         and not exists (select 1 from room_claims c where c.meeting_id = m.id and ${isLive('c')}
           and ${isWithin('c.room_id', 'r.id')})) order by r.sort_order, r.id)
      from meeting_rooms mr join rooms r on r.id = mr.room_id where mr.meeting_id = m.id), '[]'::jsonb),
  'organiser', ${brief('po')},
  'booked_for', case when pb.id is null then null else ${brief('pb')} end,
  'chair', (select ${brief('p')} from participants h join persons p on p.id = h.person_id
             where h.meeting_id = m.id and h.role = 'chair' and h.removed_at is null))`;

const TELLABLE = `select m.id, m.state, m.uid, m.sequence, m.time_sequence, m.revision, m.cancel_reason,
            m.created_at, m.updated_at, m.announced_at,
            po.email as organiser_email, ${TOLD} as told
       from meetings m
       join persons po on po.id = m.organiser_id
       left join persons pb on pb.id = m.booked_for_id`;

type TellableRow = Omit<Tellable, keyof Announcement> & { told: Announcement };

/** Not scoped to a viewer: for the worker, and for pages whose token or command has settled who asks. */
export async function findTellable(db: Db, meetingId: number): Promise<Tellable | undefined> {
  const found = await row<TellableRow>(db, `${TELLABLE} where m.id = :id`, { id: meetingId });
  return found ? { ...found, ...found.told } : undefined;
}

/** Several at once, by id; not scoped either. */
export async function listTellables(db: Db, meetingIds: readonly number[]): Promise<Map<number, Tellable>> {
  const found = await rows<TellableRow>(db, `${TELLABLE} where m.id = any(:ids)`, { ids: meetingIds });
  return new Map(found.map((one) => [one.id, { ...one, ...one.told }]));
}

/** What was told at some revisions, by revision. */
export async function listAnnouncements(
  db: Db,
  meetingId: number,
  revisions: number[],
): Promise<Map<number, Announcement>> {
  const found = await rows<{ revision: number; content: Announcement }>(
    db,
    `select revision, content from announcements where meeting_id = :meeting and revision = any(:revisions)`,
    { meeting: meetingId, revisions },
  );
  return new Map(found.map((one) => [one.revision, one.content]));
}

/** The last thing told about a meeting to anybody. */
export function findLastAnnouncement(
  db: Db,
  meetingId: number,
): Promise<{ revision: number; time_sequence: number; content: Announcement } | undefined> {
  return row(
    db,
    `select revision, time_sequence, content
     from announcements
     where meeting_id = :meeting
     order by revision desc
     limit 1`,
    { meeting: meetingId },
  );
}

/** Current participants with the reply that counts now; chair first. */
export function listAttendees(db: Db, meetingId: number): Promise<Attendee[]> {
  return rows<Attendee>(
    db,
    `select pt.id as participant_id, pt.person_id, p.name, p.name_en, p.email, pt.role, pt.instead_of_id,
            (select r.status
              from replies r
              where r.participant_id = pt.id and r.sequence >= m.time_sequence
              order by r.id desc
              limit 1) as reply
       from participants pt join persons p on p.id = pt.person_id join meetings m on m.id = pt.meeting_id
      where pt.meeting_id = :meeting
        and pt.removed_at is null
        and (pt.invited_at is not null or pt.role = 'chair')
      order by array_position(array['chair','secretary','required','optional','in_attendance','informed'],
        pt.role),
        pt.id`,
    { meeting: meetingId },
  );
}

/** Everybody who was ever a participant under this meeting's own UID, with what went to them. */
export interface Addressee {
  participant_id: number;
  person_id: number;
  role: ParticipantRole;
  invited_at: Date | null;
  is_removed: boolean;
  is_guest: boolean;
  has_address: boolean;
  /** The last message that was not superseded. */
  last_method: 'REQUEST' | 'CANCEL' | null;
  last_state: string | null;
  last_sequence: number | null;
  last_base: number | null;
  last_revision: number | null;
  /** An invitation reached this person, or may have, and was not withdrawn since. */
  holds_invitation: boolean;
}

export function listAddressees(db: Db, meetingId: number): Promise<Addressee[]> {
  return rows<Addressee>(
    db,
    `select pt.id as participant_id, pt.person_id, pt.role, pt.invited_at,
       pt.removed_at is not null as is_removed, p.is_guest,
            p.email is not null and p.deactivated_at is null as has_address,
            l.method as last_method, l.state as last_state, l.sequence as last_sequence,
             l.base_sequence as last_base, l.revision as last_revision,
            exists (select 1 from deliveries d
                     where d.meeting_id = pt.meeting_id
                       and d.person_id = pt.person_id
                       and d.object = :object
                       and d.method = 'REQUEST'
                       and (d.state in ('sent', 'captured', 'sending') or d.may_have_arrived)
                       and d.id > coalesce((select max(c.id) from deliveries c
                                             where c.meeting_id = pt.meeting_id
                                               and c.person_id = pt.person_id
                                               and c.object = :object
                                               and c.method = 'CANCEL' and c.state <> 'superseded'),
                                                 0)) as holds_invitation
       from participants pt
       join persons p on p.id = pt.person_id
       left join lateral (
         select d.method, d.state, d.sequence, d.base_sequence, d.revision from deliveries d
          where d.meeting_id = pt.meeting_id
            and d.person_id = pt.person_id
            and d.object = :object
            and d.method <> 'NONE'
            and d.state <> 'superseded'
          order by d.id desc limit 1) l on true
       join meetings m on m.id = pt.meeting_id
      where pt.meeting_id = :meeting
        and not (pt.with_series and pt.invited_at is not null and m.recurrence_id is not null)
      order by pt.id`,
    { meeting: meetingId, object: objectOf(meetingId) },
  );
}

/** What deliveries of invitations are about. */
export function objectOf(meetingId: number): string {
  return `meetings:${meetingId}`;
}

/**
 * Per person the revision of the last invitation before a message, as long as it was not withdrawn: what an
 * update differs from.
 */
export async function listToldBefore(
  db: Db,
  meetingId: number,
  revision: number,
): Promise<Map<number, number>> {
  const found = await rows<{ person_id: number; revision: number }>(
    db,
    `select d.person_id, max(d.revision) as revision from deliveries d
      where d.meeting_id = :meeting and d.object = :object and d.method = 'REQUEST' and d.revision < :revision
        and (d.state in ('sent', 'captured') or d.may_have_arrived)
        and not exists (select 1
          from deliveries c
          where c.meeting_id = d.meeting_id and c.object = d.object and c.person_id = d.person_id
                           and c.method = 'CANCEL'
                             and c.state <> 'superseded'
                             and c.revision > d.revision
                             and c.revision < :revision)
      group by d.person_id`,
    { meeting: meetingId, object: objectOf(meetingId), revision },
  );
  return new Map(found.map((one) => [one.person_id, one.revision]));
}

/** Titles of the agenda that everybody invited may read, in order. */
export function listAgendaTitles(
  db: Db,
  meetingId: number,
): Promise<{ title: string; planned_minutes: number }[]> {
  return rows(
    db,
    `select title, planned_minutes from agenda_items
      where meeting_id = :meeting
        and not is_restricted
        and state in ('accepted', 'under_discussion', 'concluded')
      order by position, id limit 50`,
    { meeting: meetingId },
  );
}

export interface OfficeName {
  name_en: string;
  name_zh: string;
}

export function findOfficeName(db: Db): Promise<OfficeName | undefined> {
  return row<OfficeName>(db, `select name_en, name_zh from organisations`);
}

/** Outside guests that one person may have mailed within a day. */
const OUTSIDE_LIMIT = 300;

/**
 * Would somebody have mailed more guests within a day than they may? Each guest counts once, however many
 * mails they get. Two commands of one person take turns, so that both together keep to the limit.
 * @param guests who is to be mailed: persons, of whom colleagues don't count, and addresses of unknown people
 */
export async function isTooManyOutside(
  trx: Db,
  personId: number,
  guests: { people?: readonly number[]; addresses?: readonly string[] },
): Promise<boolean> {
  await rows(
    trx,
    `select pg_advisory_xact_lock(hashtextextended('outside:' || cast(:person as bigint), 0))`,
    {
      person: personId,
    },
  );
  const counted = await row<{ count: number; fresh: number }>(
    trx,
    `with mailed as (
       select distinct to_address as address from deliveries
        where queued_by = :person and is_outside and created_at > now() - interval '1 day'
     ), named as (
       select p.email as address from persons p
        where p.id = any(:people) and p.is_guest and p.email is not null and p.deactivated_at is null
       union
       select a from unnest(cast(:addresses as text[])) a
        where not exists (select 1 from persons p where p.email = a and not p.is_guest)
     ), fresh as (select address from named except select address from mailed)
     select (select count(*) from mailed) as count, (select count(*) from fresh) as fresh`,
    { person: personId, people: guests.people ?? [], addresses: guests.addresses ?? [] },
  );
  return counted !== undefined && counted.fresh > 0 && counted.count + counted.fresh > OUTSIDE_LIMIT;
}

/**
 * How the last invitation of each participant stands, for pages: sent, waiting, or failed with the server's
 * words.
 */
export interface InvitationLine {
  person_id: number;
  method: 'REQUEST' | 'CANCEL';
  state: 'waiting' | 'sending' | 'sent' | 'captured' | 'failed';
  revision: number;
  error: string | null;
  finished_at: Date | null;
}

export function listInvitations(db: Db, meetingId: number): Promise<InvitationLine[]> {
  return rows<InvitationLine>(
    db,
    `select distinct on (d.person_id) d.person_id, d.method, d.state, d.revision, d.error, d.finished_at
       from (select o.* from deliveries o where o.meeting_id = :meeting and o.object = :object
              union all
             select s.* from meetings m join deliveries s on s.recurrence_id = m.recurrence_id
              where m.id = :meeting
                and exists (select 1
                  from participants pt
                  where pt.meeting_id = m.id and pt.person_id = s.person_id and pt.with_series)) d
      where d.method <> 'NONE' and d.state <> 'superseded'
      order by d.person_id, d.id desc`,
    { meeting: meetingId, object: objectOf(meetingId) },
  );
}

/**
 * "invite v2 sent 20 Nov": the newest invitation of a meeting and how many of it went where. Null before the
 * first.
 */
export interface InvitationSummary {
  /** Counts what people were told, from 1. */
  version: number;
  last_at: Date | null;
  waiting: number;
  failed: number;
}

export function findInvitationSummary(db: Db, meetingId: number): Promise<InvitationSummary | undefined> {
  return row<InvitationSummary>(
    db,
    `select (select count(*) from announcements a where a.meeting_id = :meeting)
              + (select coalesce(max(r.revision), 0)
                from meetings m
                join recurrences r on r.id = m.recurrence_id
                  where m.id = :meeting
                    and exists (select 1
                      from participants pt
                      where pt.meeting_id = m.id and pt.with_series)) as version,
            max(d.finished_at) filter (where d.state in ('sent', 'captured')) as last_at,
            count(*) filter (where d.state in ('waiting', 'sending')) as waiting,
            count(*) filter (where d.state = 'failed' and not exists (select 1 from deliveries n
              where (n.meeting_id = d.meeting_id or n.recurrence_id = d.recurrence_id)
                and n.object = d.object
                and n.person_id = d.person_id
                and n.id > d.id
                and n.method <> 'NONE')) as failed
       from (select *
         from deliveries o
         where o.meeting_id = :meeting and o.object = :object and o.method <> 'NONE'
              union all
             select s.* from meetings m join deliveries s on s.recurrence_id = m.recurrence_id
              where m.id = :meeting
                and exists (select 1
                  from participants pt
                  where pt.meeting_id = m.id and pt.person_id = s.person_id and pt.with_series)) d
     having count(*) > 0`,
    { meeting: meetingId, object: objectOf(meetingId) },
  );
}
