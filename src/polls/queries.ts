import { knowsPoll } from '../calendar/pollQueries.js';
import { NotFound } from '../lib/http/errors.js';
import { row, rows, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import { brief, deputyOf, type Brief } from '../meetings/queries.js';
import type { PollAnswer } from './forms.js';
import { hashOfToken } from './link.js';
import type { PollRelation } from './policy.js';
import type { KnownPoll } from './news.js';

export type PollState = 'open' | 'closed' | 'cancelled';

export interface Poll {
  id: number;
  title: string;
  note: string;
  state: PollState;
  organiser_id: number;
  organiser: Brief;
  zone: string;
  /** Itself, or the meeting that came out of it. */
  is_private: boolean;
  deadline_at: Date;
  meeting_id: number | null;
  cancel_reason: string | null;
  created_at: Date;
  version: number;
  relation: PollRelation;
}

/** SQL condition on `polls o`: see policy.ts. */
const VISIBLE = knowsPoll('o');

const FIND = `
  select o.id, o.title, o.note, o.state, o.organiser_id, ${brief('po')} as organiser, o.zone,
         is_private_poll(o.id) as is_private, o.deadline_at, o.meeting_id, o.cancel_reason, o.created_at,
         o.version,
         jsonb_build_object(
           'is_organiser', o.organiser_id = :viewer_id,
           'is_creator', o.created_by = :viewer_id,
           'acts_for', ${deputyOf('o.organiser_id')},
           'poll_person_id',
           (select x.id from poll_people x where x.poll_id = o.id and x.person_id = :viewer_id),
           'is_office',
           exists (select 1
                     from persons v
                    where v.id = :viewer_id and v.role in ('secretary', 'administrator'))) as relation
    from polls o join persons po on po.id = o.organiser_id`;

/** @throws NotFound when there is none or this person has nothing to do with it */
export async function findPoll(db: Db, viewerId: number | null, id: number): Promise<Poll> {
  const found = await row<Poll>(db, `${FIND} where o.id = :id and ${VISIBLE}`, {
    id,
    viewer_id: viewerId ?? -1,
  });
  if (!found) throw new NotFound();
  return found;
}

/**
 * The same, locked until the transaction ends: choosing and cancelling exclude answering, answers don't
 * exclude each other.
 */
export async function lockPoll(trx: Db, viewerId: number | null, id: number): Promise<Poll> {
  await rows(trx, `select 1 from polls where id = :id for no key update`, { id });
  return findPoll(trx, viewerId, id);
}

export interface PollOption {
  id: number;
  starts_at: Date;
  ends_at: Date;
  room_ids: number[];
  rooms: { id: number; name_en: string; name_zh: string }[];
  /** Its rooms are held; of the chosen one the meeting has them. */
  is_held: boolean;
  is_chosen: boolean;
}

export function listOptions(db: Db, pollId: number): Promise<PollOption[]> {
  return rows<PollOption>(
    db,
    `select o.id, o.starts_at, o.ends_at, o.room_ids, o.is_chosen,
            coalesce((
              select jsonb_agg(jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh)
                               order by r.id)
                from rooms r
               where r.id = any(case when o.is_chosen
                                     then array(select mr.room_id
                                                  from meeting_rooms mr
                                                  join polls p on p.meeting_id = mr.meeting_id
                                                 where p.id = o.poll_id)
                                     else o.room_ids end)), '[]') as rooms,
            o.is_chosen or exists (
              select 1
                from room_claims c
               where c.poll_option_id = o.id and c.state = 'held' and c.hold_until > now()) as is_held
       from poll_options o
      where o.poll_id = :poll and o.removed_at is null
      order by o.starts_at, o.ends_at`,
    { poll: pollId },
  );
}

export interface PollPerson {
  id: number;
  person_id: number;
  name: string;
  name_en: string | null;
  is_guest: boolean;
  has_address: boolean;
  is_required: boolean;
  note: string;
  answered_at: Date | null;
  /** Who entered the answer for them. */
  answered_by: Brief | null;
  /** To the times that are offered. */
  answers: Record<string, PollAnswer>;
  told: KnownPoll | null;
}

/** Who is asked and what they said, in one statement. */
export function listPeople(db: Db, pollId: number): Promise<PollPerson[]> {
  return rows<PollPerson>(
    db,
    `select x.id, x.person_id, p.name, p.name_en, p.is_guest, p.email is not null as has_address,
            x.is_required, x.note, x.answered_at,
            case when e.id is not null then ${brief('e')} end as answered_by,
            coalesce((select jsonb_object_agg(a.option_id, a.answer)
                        from poll_answers a join poll_options t on t.id = a.option_id and t.removed_at is null
                       where a.poll_person_id = x.id), '{}') as answers,
            x.told
       from poll_people x
       join persons p on p.id = x.person_id
       left join persons e on e.id = x.answered_by
      where x.poll_id = :poll
      order by not x.is_required, p.is_guest, p.sort_name, x.id`,
    { poll: pollId },
  );
}

export interface PollLine {
  id: number;
  title: string;
  state: PollState;
  organiser: Brief;
  deadline_at: Date;
  meeting_id: number | null;
  asked: number;
  answered: number;
  is_mine: boolean;
  /** The viewer is asked and silent. */
  must_answer: boolean;
}

/** Those one calls or is asked in, newest first. */
export function listPolls(
  db: Db,
  viewerId: number,
  state: 'open' | 'closed',
  now: Date,
): Promise<PollLine[]> {
  return rows<PollLine>(
    db,
    `select o.id, o.title, o.state, ${brief('po')} as organiser, o.deadline_at, o.meeting_id,
            (select count(*) from poll_people x where x.poll_id = o.id) as asked,
            (select count(*)
               from poll_people x
              where x.poll_id = o.id and x.answered_at is not null) as answered,
            o.organiser_id = :viewer_id or o.created_by = :viewer_id as is_mine,
            o.state = 'open' and o.deadline_at > :now and exists (
              select 1
                from poll_people x
               where x.poll_id = o.id and x.person_id = :viewer_id and x.answered_at is null) as must_answer
       from polls o join persons po on po.id = o.organiser_id
      where o.id in (select id from polls where organiser_id = :viewer_id
                     union
                     select id from polls where created_by = :viewer_id
                     union
                     select poll_id from poll_people where person_id = :viewer_id)
        and (o.state = 'open') = :open
      order by o.id desc limit 100`,
    { viewer_id: viewerId, open: state === 'open', now },
  );
}

/** Polls that wait for this person's answer; and one's own that wait for a choice. */
export function listPollsWaiting(
  db: Db,
  viewerId: number,
  now: Date,
): Promise<{ id: number; title: string; deadline_at: Date; wants: 'answer' | 'choice' }[]> {
  return rows(
    db,
    `select o.id, o.title, o.deadline_at, 'answer' as wants
       from poll_people x join polls o on o.id = x.poll_id
      where x.person_id = :viewer and x.answered_at is null and o.state = 'open' and o.deadline_at > :now
     union all
     select o.id, o.title, o.deadline_at, 'choice' from polls o
      where o.organiser_id = :viewer and o.state = 'open'
        and (o.deadline_at <= :now
          or not exists (select 1 from poll_people x where x.poll_id = o.id and x.answered_at is null))
      order by 3`,
    { viewer: viewerId, now },
  );
}

export interface PollHolder {
  poll_person_id: number;
  poll_id: number;
  person_id: number;
  generation: number;
  name: string;
  name_en: string | null;
  lang: Lang;
  zone: string;
}

const HOLDER = `
  select x.id as poll_person_id, x.poll_id, x.person_id, l.generation, p.name, p.name_en, p.lang, p.zone
    from poll_links l
    join poll_people x on x.id = l.poll_person_id
    join persons p on p.id = x.person_id and p.deactivated_at is null
    join polls o on o.id = x.poll_id`;

/** A personal link opens until thirty days after the deadline. */
export function findHolder(db: Db, token: string, now: Date): Promise<PollHolder | undefined> {
  return row<PollHolder>(
    db,
    `${HOLDER} where l.token_hash = :hash and o.deadline_at > cast(:now as timestamptz) - interval '30 days'`,
    { hash: hashOfToken(token), now },
  );
}

export function findHolderById(
  db: Db,
  id: number,
  generation: number,
  now: Date,
): Promise<PollHolder | undefined> {
  return row<PollHolder>(
    db,
    `${HOLDER}
      where x.id = :id
        and l.generation = :generation
        and o.deadline_at > cast(:now as timestamptz) - interval '30 days'`,
    { id, generation, now },
  );
}

/** Who asked for what, for the mail to somebody who is asked no longer and may not read the poll now. */
export function findPollBrief(
  db: Db,
  id: number,
): Promise<{ title: string; organiser: Brief; organiser_id: number } | undefined> {
  return row(
    db,
    `select o.title, o.organiser_id, ${brief('po')} as organiser
       from polls o join persons po on po.id = o.organiser_id
      where o.id = :id`,
    { id },
  );
}

/** For a guest and for mails: as the person who is asked, whoever that is. */
export async function findPollFor(db: Db, personId: number, pollId: number): Promise<Poll | undefined> {
  return row<Poll>(db, `${FIND} where o.id = :id and ${VISIBLE}`, { id: pollId, viewer_id: personId });
}

/** The poll itself, for what the worker does; nobody looks at it. */
export function findPollAsSuch(
  db: Db,
  id: number,
): Promise<Pick<Poll, 'title' | 'state' | 'deadline_at' | 'version' | 'is_private'> | undefined> {
  return row(db, `select title, state, deadline_at, version, is_private from polls where id = :id`, { id });
}

/** When times were that are offered no longer. */
export function listRemoved(
  db: Db,
  pollId: number,
  ids: readonly number[],
): Promise<{ id: number; starts_at: Date; ends_at: Date }[]> {
  return rows(
    db,
    `select id, starts_at, ends_at
       from poll_options
      where poll_id = :poll and id = any(:ids)
      order by starts_at`,
    { poll: pollId, ids },
  );
}

/** The poll that a meeting came out of, for who may see the meeting's replies. */
export function findPollOfMeeting(db: Db, meetingId: number): Promise<{ id: number } | undefined> {
  return row(db, `select id from polls where meeting_id = :meeting`, { meeting: meetingId });
}

/** How many open polls somebody would choose the time of. */
export async function countOpenPolls(db: Db, organiserId: number): Promise<number> {
  return (
    (
      await row<{ count: number }>(
        db,
        `select count(*) as count from polls where organiser_id = :organiserId and state = 'open'`,
        { organiserId },
      )
    )?.count ?? 0
  );
}
