import { row, rows, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import { visibleMeetings } from '../meetings/queries.js';
import { MAX_DAYS } from '../meetings/listQueries.js';
import type { MeetingState, ParticipantRole, ReplyStatus } from '../meetings/states.js';
import { hashOf } from '../invitations/replyLink.js';

/** The participant a personal link belongs to. */
export interface LinkHolder {
  participant_id: number;
  meeting_id: number;
  person_id: number;
  generation: number;
  lang: Lang;
  zone: string;
}

/** Links open until 30 days after the meeting. */
const LINK = `select l.participant_id, l.generation, pt.meeting_id, pt.person_id, p.lang, p.zone
   from reply_links l
   join participants pt on pt.id = l.participant_id
   join persons p on p.id = pt.person_id
   join meetings m on m.id = pt.meeting_id
  where coalesce(m.ends_at, cast(m.ends_on as timestamptz)) > cast(:now as timestamptz) - interval '30 days'`;

export function findLinkHolder(db: Db, token: string, now: Date): Promise<LinkHolder | undefined> {
  return row<LinkHolder>(db, `${LINK} and l.token_hash = :hash`, { hash: hashOf(token), now });
}

/** The same by what the cookie holds after the first request. */
export function findLinkHolderById(
  db: Db,
  participantId: number,
  generation: number,
  now: Date,
): Promise<LinkHolder | undefined> {
  return row<LinkHolder>(db, `${LINK} and l.participant_id = :participant and l.generation = :generation`, {
    participant: participantId,
    generation,
    now,
  });
}

/** One participant with reply and substitute, for the forms that answer. */
export interface OwnReply {
  participant_id: number;
  meeting_id: number;
  person_id: number;
  name: string;
  name_en: string | null;
  role: ParticipantRole;
  is_removed: boolean;
  invited_at: Date | null;
  /** For the present time. */
  status: ReplyStatus | null;
  note: string | null;
  at: Date | null;
  /** There is an answer, but to an earlier time. */
  is_stale: boolean;
  substitute_name: string | null;
  substitute_email: string | null;
  instead_of: { name: string; name_en: string | null } | null;
}

const OWN = `
  select pt.id as participant_id, pt.meeting_id, pt.person_id, p.name, p.name_en, pt.role,
    pt.removed_at is not null as is_removed, pt.invited_at,
         r.status, r.note, r.at, r.id is null
           and exists (select 1 from replies x where x.participant_id = pt.id) as is_stale,
         sp.name as substitute_name, sp.email as substitute_email,
         case
           when op.id is null
           then null
           else jsonb_build_object('name', op.name, 'name_en', op.name_en) end as instead_of
    from participants pt
    join persons p on p.id = pt.person_id
    join meetings m on m.id = pt.meeting_id
    left join lateral (select *
      from replies r
      where r.participant_id = pt.id and r.sequence >= m.time_sequence
      order by r.id desc
      limit 1) r on true
    left join participants s on s.instead_of_id = pt.id and s.removed_at is null
    left join persons sp on sp.id = s.person_id
    left join participants o on o.id = pt.instead_of_id
    left join persons op on op.id = o.person_id`;

export function findOwnReply(db: Db, participantId: number): Promise<OwnReply | undefined> {
  return row<OwnReply>(db, `${OWN} where pt.id = :id`, { id: participantId });
}

/** A later date of the same standing meeting, with the same person on it. */
export interface LaterDate {
  participant_id: number;
  meeting_id: number;
}

/**
 * The later dates that one answer can be for as well: open ones with no answer, or the same one as this date
 * has. Others were answered by themselves and stay, and so does who was sent instead.
 */
export function listLaterDates(db: Db, participantId: number, now: Date): Promise<LaterDate[]> {
  const answer = (participant: string, meeting: string) =>
    `(select r.status
       from replies r
       where r.participant_id = ${participant}.id and r.sequence >= ${meeting}.time_sequence
       order by r.id desc
       limit 1)`;
  return rows<LaterDate>(
    db,
    `select l.id as participant_id, d.id as meeting_id
       from participants pt
       join meetings m on m.id = pt.meeting_id
       join meetings d on d.series_id = m.series_id
         and d.starts_at > m.starts_at
         and d.ends_at > :now
         and d.state = 'scheduled'
       join participants l on l.meeting_id = d.id
         and l.person_id = pt.person_id
         and l.removed_at is null
         and l.invited_at is not null
         and l.role <> 'informed'
      where pt.id = :id
        and pt.with_series
        and not exists (select 1 from participants s where s.instead_of_id = l.id and s.removed_at is null)
        and (${answer('l', 'd')} is null or ${answer('l', 'd')} is not distinct from ${answer('pt', 'm')})
      order by d.starts_at, d.id`,
    { id: participantId, now },
  );
}

/** The viewer's own place in a meeting, for the meeting page. */
export function findReplyOf(db: Db, meetingId: number, personId: number): Promise<OwnReply | undefined> {
  return row<OwnReply>(
    db,
    `${OWN} where pt.meeting_id = :meeting and pt.person_id = :person and pt.removed_at is null`,
    { meeting: meetingId, person: personId },
  );
}

/** All current participants with their replies. */
export function listReplies(db: Db, meetingId: number): Promise<OwnReply[]> {
  return rows<OwnReply>(
    db,
    `${OWN} where pt.meeting_id = :meeting and pt.removed_at is null
      order by array_position(array['chair','secretary','required','optional','in_attendance','informed'],
        pt.role),
        pt.id`,
    { meeting: meetingId },
  );
}

/** A meeting that waits for the viewer's answer. */
export interface ReplyWanted {
  meeting_id: number;
  participant_id: number;
  title: string;
  number: number | null;
  state: MeetingState;
  starts_at: Date | null;
  ends_at: Date | null;
  starts_on: string | null;
  role: ParticipantRole;
  organiser: { name: string; name_en: string | null };
  /** Later dates of the same standing meeting that wait too; they stand in this line. */
  further: number;
}

/**
 * For Today: invitations of coming meetings that the viewer has not answered for the present time, soonest
 * first; a standing meeting is one line.
 */
export function listRepliesWanted(
  db: Db,
  viewer: { id: number },
  now: Date,
  limit = 20,
): Promise<ReplyWanted[]> {
  const scope = visibleMeetings(viewer);
  return rows<ReplyWanted>(
    db,
    `select w.meeting_id, w.participant_id, w.title, w.number, w.state, w.starts_at, w.ends_at, w.starts_on,
       w.role, w.organiser, w.further
       from (
         select m.id as meeting_id, pt.id as participant_id, m.title, m.number, m.state, m.starts_at,
           m.ends_at, m.starts_on, pt.role,
                jsonb_build_object('name', po.name, 'name_en', po.name_en) as organiser,
                row_number() over same as place,
                  case when pt.with_series then count(*) over same - 1 else 0 end as further
           from participants pt
           join meetings m on m.id = pt.meeting_id
           join persons po on po.id = m.organiser_id
          where pt.person_id = :viewer_id
            and pt.removed_at is null
            and pt.invited_at is not null
            and pt.role <> 'informed'
            and pt.meets_from > cast(:now as timestamptz) - interval '${MAX_DAYS} days'
              and m.state = 'scheduled'
              and m.ends_at > :now
              and ${scope.sql}
            and not exists (select 1
              from replies r
              where r.participant_id = pt.id and r.sequence >= m.time_sequence)
         window same as (partition by case when pt.with_series then m.series_id end,
           case when pt.with_series then null else m.id end
           order by m.starts_at, m.id
                          rows between unbounded preceding and unbounded following)) w
      where w.place = 1
      order by w.starts_at, w.meeting_id limit :limit`,
    { ...scope.bindings, now, limit },
  );
}
