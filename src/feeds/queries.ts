import { row, rows, type Bindings, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import { KNOWS_TITLE } from '../auth/titleQueries.js';

import { isBlocking, isWithin } from '../hours/liveClaimQueries.js';

export interface Feed {
  id: number;
  room: { id: number; name_en: string; name_zh: string } | null;
  is_busy_only: boolean;
  created_at: Date;
}

/** The feeds of a person that still work, oldest first. */
export function listFeeds(db: Db, personId: number): Promise<Feed[]> {
  return rows<Feed>(
    db,
    `select f.id, f.is_busy_only, f.created_at,
            case when r.id is not null
                 then jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh) end as room
       from feeds f left join rooms r on r.id = f.room_id
      where f.person_id = :person and f.revoked_at is null
      order by f.id`,
    { person: personId },
  );
}

export interface FeedHolder {
  id: number;
  person_id: number;
  room_id: number | null;
  room: { name_en: string; name_zh: string } | null;
  is_busy_only: boolean;
  /** Of the person, as the feed is read by them. */
  lang: Lang;
  zone: string;
  name: string;
  name_en: string | null;
}

/** Whose feed a token opens; nobody's once it is revoked or the person has left. */
export function findFeedHolder(db: Db, tokenHash: Buffer): Promise<FeedHolder | undefined> {
  return row<FeedHolder>(
    db,
    `select f.id, f.person_id, f.room_id, f.is_busy_only, p.lang, p.zone, p.name, p.name_en,
            case when r.id is not null
                 then jsonb_build_object('name_en', r.name_en, 'name_zh', r.name_zh) end as room
       from feeds f join persons p on p.id = f.person_id left join rooms r on r.id = f.room_id
      where f.token_hash = :hash and f.revoked_at is null and p.deactivated_at is null`,
    { hash: tokenHash },
  );
}

export interface FeedLine {
  id: number;
  /**
   * The rule whose event it stands in; null for what stands for itself, or was mailed to this person by
   * itself.
   */
  rule_id: number | null;
  /** Grows with every change of the meeting: what a kept event is valid for, as long as the rooms stand. */
  state: string;
  /** The person may know title, text and organiser. */
  is_known: boolean;
  /** Text and link are for who takes part. */
  is_own: boolean;
}

export interface FeedSpan {
  from: Date;
  to: Date;
}

const STATE = `m.version || '.' || m.sequence || '.' || m.state`;

/** What people were told of and was called off stays for a month, as cancelled. */
const STANDS = `(m.state <> 'cancelled'
                 or (m.cancelled_at >= now() - interval '30 days' and m.announced_at is not null))`;

/** The holder among the participants: one look-up a row ("offset 0"), for all that depends on it. */
const PARTICIPANT = `left join lateral (
      select p.invited_at is not null and not p.with_series as is_single
        from participants p
       where p.meeting_id = m.id and p.person_id = :viewer and p.removed_at is null offset 0) own on true`;

/** A date keeps the UID under which this person was invited to it first. */
const RULE = `case when own.is_single then null else m.recurrence_id end as rule_id`;
const OWN = `(:viewer in (m.organiser_id, m.booked_for_id) or own.is_single is not null) is true`;

/** More than anybody meets in a year; a calendar program chokes on less. */
const MOST = 5000;

/** What a person organises, is the leader of or takes part in. */
const OF_PERSON = `
  select m.id, m.starts_at, ${RULE}, ${STATE} as state, true as is_known, true as is_own
    from (select meeting_id as id
            from participants
           where person_id = :viewer and removed_at is null and meets_from >= :from and meets_from < :to
           union
          select id
            from meetings
           where organiser_id = :viewer and starts_at >= :from and starts_at < :to
           union
          select id
            from meetings
           where booked_for_id = :viewer and starts_at >= :from and starts_at < :to) mine
    join meetings m on m.id = mine.id
    ${PARTICIPANT}
   where m.starts_at >= :from and m.starts_at < :to and ${STANDS}
   order by m.starts_at, m.id limit ${MOST}`;

/**
 * The meetings that have a room, of a hall also those of its parts, and of a part those of its hall. A
 * request that does not hold it is none.
 */
const OF_ROOM = `
  select m.id, m.starts_at, ${RULE}, ${STATE} as state, ${KNOWS_TITLE} as is_known, ${OWN} as is_own
    from (select distinct c.meeting_id from room_claims c
           where ${isWithin('c.room_id', ':room')}
             and c.occupies_from >= :from
             and c.occupies_from < :to
             and ${isBlocking('c')}
             and c.meeting_id is not null) taken
    join meetings m on m.id = taken.meeting_id
    ${PARTICIPANT}
   order by m.starts_at, m.id limit ${MOST}`;

function linesSql(
  { person_id, room_id }: Pick<FeedHolder, 'person_id' | 'room_id'>,
  span: FeedSpan,
): [sql: string, bindings: Bindings] {
  return room_id === null
    ? [OF_PERSON, { viewer: person_id, from: span.from, to: span.to }]
    : [OF_ROOM, { viewer: person_id, room: room_id, from: span.from, to: span.to }];
}

export function listFeed(
  db: Db,
  holder: Pick<FeedHolder, 'person_id' | 'room_id'>,
  span: FeedSpan,
): Promise<FeedLine[]> {
  const [sql, bindings] = linesSql(holder, span);
  return rows<FeedLine>(db, sql, bindings);
}

/**
 * Another text as soon as anything in the feed is another; rooms change a few times a year, so all of them
 * count. A thousand lines need not travel for it.
 */
export async function findFeedState(
  db: Db,
  holder: Pick<FeedHolder, 'person_id' | 'room_id'>,
  span: FeedSpan,
): Promise<string> {
  const [sql, bindings] = linesSql(holder, span);
  const found = await row<{ state: string }>(
    db,
    `select md5(coalesce(string_agg(concat_ws(':', id, coalesce(rule_id, 0), state, is_known, is_own), ';'
                                    order by starts_at, id), ''))
            || '.' || (select sum(version) from rooms) as state
       from (${sql}) lines`,
    bindings,
  );
  return found?.state ?? '';
}
