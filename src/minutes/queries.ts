import { NotFound } from '../lib/http/errors.js';
import { row, rows, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import { isInForce } from '../people/deputyQueries.js';
import { findMeeting, type Brief, type Meeting } from '../meetings/queries.js';
import { maySeeDraft, maySeeIssued, type MinutesStanding, type MinutesState } from './policy.js';

type Who = { id: number };

const brief = (alias: string) =>
  `jsonb_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en)`;

/** Deputies today, by the organisation's calendar, of the person in an SQL expression. */
const deputiesOf = (person: string) => `
  select d.deputy_id from deputies d where d.person_id = ${person} and ${isInForce('d')}`;

/**
 * Who reviews the minutes `x` of the meeting `m` (series `s`): the person named for it and that person's
 * deputies; where nobody is named (or only the author), the office's secretaries, of whom private meetings
 * and restricted items are shown only to those who take part. Never the author, and only who can sign in.
 */
const reviewers = (who = 'true') => `
  select p.id from persons p
   where ${who}
     and p.deactivated_at is null
     and p.id <> x.author_id
     and exists (select 1 from accounts a where a.person_id = p.id)
     and coalesce(s.review_gates, (select review_gates from organisations)) = 'one'
     and case when coalesce(m.reviewer_id, s.reviewer_id) <> x.author_id
         then p.id = coalesce(m.reviewer_id, s.reviewer_id)
           or p.id in (${deputiesOf('coalesce(m.reviewer_id, s.reviewer_id)')})
         else p.role = 'secretary' and (
           not (m.is_private
             or exists (select 1 from agenda_items i where i.meeting_id = m.id and i.is_restricted))
           or m.organiser_id = p.id
           or exists (select 1
             from participants c
             where c.meeting_id = m.id
               and c.person_id = p.id
               and c.removed_at is null
               and c.role in ('chair', 'secretary', 'required')))
         end`;

/**
 * Who approves: named for it, else the chair, else the organiser; the first who can sign in or has a deputy.
 */
const APPROVER = `
  select c.id from unnest(array[m.approver_id, s.approver_id,
      (select h.person_id
        from participants h
        where h.meeting_id = m.id and h.role = 'chair' and h.removed_at is null),
        m.organiser_id]) with ordinality as c(id, n)
   join persons p on p.id = c.id and p.deactivated_at is null
   where exists (select 1 from accounts a where a.person_id = c.id or a.person_id in (${deputiesOf('c.id')}))
   order by c.n limit 1`;

export interface VersionLine {
  id: number;
  number: number;
  sha256: string;
  created_at: Date;
  creator: Brief;
  approved_at: Date | null;
  approver: Brief | null;
  on_behalf_of: Brief | null;
  issued_at: Date | null;
}

export interface Minutes extends MinutesStanding {
  id: number;
  meeting_id: number;
  lang: Lang;
  template: 'plain' | 'official';
  title: string;
  number_year: number | null;
  number: number | null;
  issued_at: Date | null;
  correction_reason: string | null;
  version: number;
  author: Brief;
  approver: Brief | null;
  reviewers: Brief[];
  /** The newest first. */
  versions: VersionLine[];
  /** Title, times, rooms; null where only the issued minutes are open to this person. */
  meeting: Meeting | null;
}

const VERSIONS = `coalesce((select jsonb_agg(jsonb_build_object(
      'id', v.id, 'number', v.number, 'sha256', v.sha256, 'created_at', v.created_at,
      'creator', ${brief('c')}, 'approved_at', a.approved_at, 'approver',
        case when ap.id is null then null else ${brief('ap')} end,
      'on_behalf_of', case when ab.id is null then null else ${brief('ab')} end, 'issued_at', i.issued_at)
        order by v.number desc)
    from minutes_versions v join persons c on c.id = v.created_by
    left join approvals a on a.version_id = v.id
    left join persons ap on ap.id = a.approved_by
    left join persons ab on ab.id = a.on_behalf_of_id
    left join issues i on i.version_id = v.id where v.minutes_id = x.id), '[]'::jsonb)`;

const FIND = `
  select x.id, x.meeting_id, x.state, x.author_id, x.lang, x.template, coalesce(x.title, '') as title,
    x.number_year, x.number, x.issued_at,
         x.correction_reason, x.version, ${brief('au')} as author,
           case when ap.id is null then null else ${brief('ap')} end as approver,
         r.reviewers, jsonb_array_length(r.reviewers) > 0 as has_gate,
           r.reviewers @> jsonb_build_array(jsonb_build_object('id',
             cast(:viewer_id as bigint))) as is_reviewer,
         x.author_id = :viewer_id as is_author, coalesce(ap.id = :viewer_id, false) as is_approver,
         x.author_id <> :viewer_id
           and cast(:viewer_id as bigint) in (${deputiesOf('ap.id')}) as is_approver_deputy,
         exists (select 1
           from circulations c
           where c.minutes_id = x.id and c.person_id = :viewer_id) as is_recipient,
         ${VERSIONS} as versions
    from minutes x
    join meetings m on m.id = x.meeting_id
    join persons au on au.id = x.author_id
    left join series s on s.id = m.series_id
    left join persons ap on ap.id = (${APPROVER})
    cross join lateral (select coalesce(jsonb_agg(${brief('q')} order by q.id), '[]'::jsonb) as reviewers
      from persons q
      where q.id in (${reviewers()})) r`;

type Found = Omit<Minutes, 'meeting'>;

async function withMeeting(db: Db, viewer: Who, found: Found | undefined): Promise<Minutes> {
  if (!found) throw new NotFound();
  const meeting = await findMeeting(db, viewer, found.meeting_id).catch((error: unknown) => {
    if (error instanceof NotFound) return null;
    throw error;
  });
  const date = (at: unknown) => (at === null ? null : new Date(at as string));
  const versions = found.versions.map((one) => ({
    ...one,
    created_at: new Date(one.created_at),
    approved_at: date(one.approved_at),
    issued_at: date(one.issued_at),
  }));
  const minutes = { ...found, versions, meeting };
  // Minutes that are not out yet exist only for those who make, review or approve them.
  const isOut = versions.some((one) => one.issued_at !== null);
  if (!maySeeDraft(minutes) && !(isOut && maySeeIssued(minutes))) throw new NotFound();
  return minutes;
}

/**
 * The minutes as this person may know of them.
 * @throws NotFound when there are none, or none for this person
 */
export async function findMinutes(db: Db, viewer: Who, id: number): Promise<Minutes> {
  return withMeeting(
    db,
    viewer,
    await row<Found>(db, `${FIND} where x.id = :id`, { id, viewer_id: viewer.id }),
  );
}

/** The same by the meeting; undefined as long as nobody has begun them, or they are hidden. */
export async function findMinutesOf(db: Db, viewer: Who, meetingId: number): Promise<Minutes | undefined> {
  const found = await row<Found>(db, `${FIND} where x.meeting_id = :id`, {
    id: meetingId,
    viewer_id: viewer.id,
  });
  if (!found) return undefined;
  return withMeeting(db, viewer, found).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
}

/**
 * Inside a command: meeting and minutes stay locked until the transaction ends.
 * @throws NotFound as findMinutes
 */
export async function lockMinutes(trx: Db, by: { id: number | null }, id: number): Promise<Minutes> {
  await rows(
    trx,
    `select 1 from meetings where id = (select meeting_id from minutes where id = :id) for no key update`,
    { id },
  );
  await rows(trx, `select 1 from minutes where id = :id for no key update`, { id });
  return findMinutes(trx, { id: by.id ?? -1 }, id);
}

/** The frozen words of one version. */
export async function findContent(db: Db, versionId: number): Promise<string> {
  const found = await row<{ content: string }>(db, `select content from minutes_versions where id = :id`, {
    id: versionId,
  });
  if (!found) throw new NotFound();
  return found.content;
}

/**
 * Ids of the restricted items that this person may see although not all are open: who presents or proposed
 * one.
 */
export async function listOwnItems(db: Db, viewer: Who, meetingId: number): Promise<number[]> {
  const found = await rows<{ id: number }>(
    db,
    `select id
     from agenda_items
     where meeting_id = :meeting
       and is_restricted
       and (presenter_id = :viewer or proposed_by = :viewer or created_by = :viewer)`,
    { meeting: meetingId, viewer: viewer.id },
  );
  return found.map((item) => item.id);
}

export interface Review {
  id: number;
  version_id: number;
  version_number: number;
  gate: number;
  verdict: 'passed' | 'returned';
  codes: string[];
  note: string;
  at: Date;
  reviewer: Brief;
}

export function listReviews(db: Db, minutesId: number): Promise<Review[]> {
  return rows<Review>(
    db,
    `select r.id, r.version_id, v.number as version_number, r.gate, r.verdict, r.codes, r.note, r.at,
       ${brief('p')} as reviewer
       from reviews r join minutes_versions v on v.id = r.version_id join persons p on p.id = r.reviewer_id
      where r.minutes_id = :id order by r.id desc`,
    { id: minutesId },
  );
}

export interface Comment {
  id: number;
  version_id: number;
  version_number: number;
  /** null: not given to the author yet. */
  review_id: number | null;
  verdict: 'passed' | 'returned' | null;
  statement_id: number | null;
  code: string | null;
  text: string;
  at: Date;
  author: Brief;
  answer: string | null;
  answered_at: Date | null;
  answerer: Brief | null;
}

/** Comments that have been given with a verdict, and the viewer's own that have not. */
export function listComments(db: Db, viewer: Who, minutesId: number): Promise<Comment[]> {
  return rows<Comment>(
    db,
    `select c.id, c.version_id, v.number as version_number, c.review_id, r.verdict, c.statement_id, c.code,
       c.text, c.at, ${brief('p')} as author,
            c.answer, c.answered_at, case when q.id is null then null else ${brief('q')} end as answerer
       from review_comments c
       join minutes_versions v on v.id = c.version_id
       join persons p on p.id = c.author_id
       left join persons q on q.id = c.answered_by left join reviews r on r.id = c.review_id
      where c.minutes_id = :id and (c.review_id is not null or c.author_id = :viewer)
      order by c.id`,
    { id: minutesId, viewer: viewer.id },
  );
}

export interface Override {
  code: string;
  place: string;
  reason: string;
  at: Date;
  by: Brief;
}

export function listOverrides(db: Db, minutesId: number): Promise<Override[]> {
  return rows<Override>(
    db,
    `select o.code, o.place, o.reason, o.at, ${brief('p')} as by
     from check_overrides o
     join persons p on p.id = o.by_id
     where o.minutes_id = :id
     order by o.id`,
    { id: minutesId },
  );
}

export interface WaitingMinutes {
  minutes_id: number;
  meeting_id: number;
  title: string;
  state: MinutesState;
  /** What this person is asked to do. */
  verb: 'write' | 'correct' | 'review' | 'approve' | 'issue';
  since: Date;
  author: Brief;
}

/** Minutes that wait for this person, for Today; the oldest first. */
export function listMinutesWaitingFor(db: Db, viewer: Who, limit = 20): Promise<WaitingMinutes[]> {
  return rows<WaitingMinutes>(
    db,
    `with open as (
       select x.id as minutes_id, x.meeting_id, coalesce(nullif(x.title, ''), m.title) as title, x.state,
         ${brief('au')} as author,
              coalesce((select max(v.created_at) from minutes_versions v where v.minutes_id = x.id),
                m.ended_at, x.created_at) as since,
              case
                when x.state = 'draft' and x.author_id = :viewer and m.state = 'ended' then 'write'
                when x.state = 'returned' and x.author_id = :viewer then 'correct'
                when x.state = 'in_review' and exists (${reviewers('p.id = :viewer')}) then 'review'
                when x.state = 'passed'
                  and (ap.id = :viewer or (x.author_id <> :viewer and :viewer in (${deputiesOf('ap.id')})))
                    then 'approve'
                when x.state = 'approved' and x.author_id = :viewer then 'issue'
              end as verb
         from minutes x
         join meetings m on m.id = x.meeting_id and m.state <> 'cancelled'
         join persons au on au.id = x.author_id
         left join series s on s.id = m.series_id
         left join lateral (${APPROVER}) ap on true
        where x.state <> 'issued'
     )
     select * from open where verb is not null order by since limit :limit`,
    { viewer: viewer.id, limit },
  );
}
