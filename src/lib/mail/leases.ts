import { change, row, rows, type Db } from '../db/db.js';
import type { Delivery } from './renderer.js';

// The rows of `deliveries` on their way out. Workers share them by claims that lapse: whoever dies in the middle holds
// nothing for longer than a few minutes, and what it had begun is sent again as the same bytes. When something is due is
// told by the clock that is handed in; claims lapse by the database's own.

export interface Claimed extends Delivery {
  message_id: string | null;
  subject: string | null;
  content: Buffer | null;
  is_restricted: boolean;
  attempts: number;
  /** Old enough to be given up after this attempt. */
  is_last: boolean;
}

/** How long a claim holds; longer than one message may take (transport.ts). */
const CLAIM_SECONDS = 180;
/** Tries go on for this long. */
const GIVE_UP_DAYS = 5;
/** Mails a day from us to one person, sign-in mails aside. */
const DAILY_LIMIT = 20;

/** Ends what is of no use any more, and frees what a dead worker held. */
export async function tidyQueue(db: Db, now: Date): Promise<void> {
  await change(
    db,
    `update deliveries set state = 'waiting', claimed_by = null, claimed_until = null, may_have_arrived = may_have_arrived or frozen_at is not null
                     where state = 'sending' and claimed_until < now()`,
  );
  await change(
    db,
    `update deliveries set state = 'superseded', finished_at = :now, content = null where state = 'waiting' and useful_until < :now`,
    { now },
  );
}

/**
 * Claims messages that are due. Of one object and person only the oldest unsent one is given out, so that nobody
 * gets an older SEQUENCE after a newer one, however many workers there are.
 */
export async function claimDue(db: Db, claim: string, now: Date, limit: number): Promise<Claimed[]> {
  const claimed = await rows<Claimed>(
    db,
    `update deliveries d
        set state = 'sending', claimed_by = :claim, claimed_until = now() + make_interval(secs => :seconds), attempts = attempts + 1
      where id in (
        select w.id from deliveries w
         where w.state = 'waiting' and w.not_before <= :now
           and not exists (select 1 from deliveries e
                            where e.object = w.object and e.person_id = w.person_id and e.id < w.id and e.state in ('waiting', 'sending'))
         order by w.not_before, w.id
         limit :limit
           for update skip locked)
     returning id, kind, object, meeting_id, recurrence_id, participant_id, person_id, to_address, to_name, lang, zone, method, revision, sequence,
               payload, is_restricted, message_id, subject, content, attempts,
               coalesce(stamped_at, greatest(date_trunc('second', cast(:now as timestamptz)),
                 (select max(o.stamped_at) + interval '1 second' from deliveries o where o.object = d.object and o.person_id = d.person_id))) as stamped_at,
               coalesce(frozen_at < cast(:now as timestamptz) - make_interval(days => :days), false) as is_last`,
    { claim, now, limit, seconds: CLAIM_SECONDS, days: GIVE_UP_DAYS },
  );
  return claimed.sort((a, b) => a.id - b.id);
}

/** Keeps a claim alive. @returns false when another worker has it by now */
export async function keepClaim(db: Db, claim: string, id: number): Promise<boolean> {
  return (
    (await change(
      db,
      `update deliveries set claimed_until = now() + make_interval(secs => :seconds) where id = :id and claimed_by = :claim and state = 'sending'`,
      { id, claim, seconds: CLAIM_SECONDS },
    )) === 1
  );
}

export interface Freezing {
  id: number;
  messageId: string;
  stampedAt: Date;
  subject: string | null;
  content: Buffer;
}

/** Stores the rendered messages before the first of them is tried. */
export async function storeFrozen(db: Db, claim: string, now: Date, frozen: Freezing[]): Promise<void> {
  if (frozen.length === 0) return;
  await change(
    db,
    `update deliveries d set frozen_at = coalesce(d.frozen_at, :now), message_id = f.message_id, stamped_at = f.stamped_at, subject = f.subject, content = f.content
       from unnest(:ids::bigint[], :messages::text[], :stamps::timestamptz[], :subjects::text[], :contents::bytea[]) as f(id, message_id, stamped_at, subject, content)
      where d.id = f.id and d.claimed_by = :claim`,
    {
      claim,
      now,
      ids: frozen.map((one) => one.id),
      messages: frozen.map((one) => one.messageId),
      stamps: frozen.map((one) => one.stampedAt),
      subjects: frozen.map((one) => one.subject),
      contents: frozen.map((one) => one.content),
    },
  );
}

/** What came of an attempt. */
interface Told {
  code: number | null;
  words: string;
  isUnclear?: boolean;
}

/** The end of a delivery. A sent body has done its work and is wiped at once. */
export async function finish(
  db: Db,
  claim: string,
  now: Date,
  id: number,
  state: 'sent' | 'captured' | 'failed' | 'superseded',
  refusal?: Told,
): Promise<void> {
  await change(
    db,
    `update deliveries
        set state = :state, finished_at = :now, claimed_by = null, claimed_until = null, error_code = :code, error = :words,
            may_have_arrived = may_have_arrived or :unclear, content = case when :state in ('sent', 'superseded') then null else content end
      where id = :id and claimed_by = :claim`,
    {
      id,
      claim,
      now,
      state,
      code: refusal?.code ?? null,
      words: refusal?.words ?? null,
      unclear: refusal?.isUnclear ?? false,
    },
  );
}

/** Puts a message back for a later attempt: after 10 s, 30 s, 2 min, 10 min, 30 min, then every hour. */
export async function putBack(db: Db, claim: string, now: Date, id: number, refusal: Told): Promise<void> {
  await change(
    db,
    `update deliveries
        set state = 'waiting', claimed_by = null, claimed_until = null, error_code = :code, error = :words,
            may_have_arrived = may_have_arrived or :unclear, not_before = cast(:now as timestamptz) + make_interval(secs => coalesce((array[10, 30, 120, 600, 1800])[attempts], 3600))
      where id = :id and claimed_by = :claim`,
    { id, claim, now, code: refusal.code, words: refusal.words, unclear: refusal.isUnclear ?? false },
  );
}

/** Puts off what would be too many mails a day for one person. @returns the ids that may go now */
export async function holdBackFloods(
  db: Db,
  claim: string,
  now: Date,
  claimed: Claimed[],
): Promise<Set<number>> {
  const held = await rows<{ id: number }>(
    db,
    `with recent as (
       select person_id, count(*) as sent, min(finished_at) as oldest from deliveries
        where person_id = any(:people) and state = 'sent' and finished_at > cast(:now as timestamptz) - interval '1 day' and kind not like 'auth.%'
        group by person_id
     ), ranked as (
       select id, person_id, row_number() over (partition by person_id order by id) as place from deliveries where claimed_by = :claim and kind not like 'auth.%'
     )
     update deliveries d
        set state = 'waiting', claimed_by = null, claimed_until = null, attempts = d.attempts - 1,
            not_before = coalesce(r.oldest, cast(:now as timestamptz)) + interval '1 day'
       from ranked k left join recent r on r.person_id = k.person_id
      where d.id = k.id and d.claimed_by = :claim and coalesce(r.sent, 0) + k.place > :limit
     returning d.id`,
    { claim, now, people: claimed.map((one) => one.person_id), limit: DAILY_LIMIT },
  );
  const heldIds = new Set(held.map((one) => one.id));
  return new Set(claimed.map((one) => one.id).filter((id) => !heldIds.has(id)));
}

/** When the next message falls due or a claim lapses; undefined when nothing waits. */
export async function nextDue(db: Db): Promise<Date | undefined> {
  const next = await row<{ at: Date | null }>(
    db,
    `select least((select min(not_before) from deliveries where state = 'waiting'), (select min(claimed_until) from deliveries where state = 'sending')) as at`,
  );
  return next?.at ?? undefined;
}

/** Wipes bodies that nobody needs any more. */
export async function wipeOld(db: Db, now: Date): Promise<number> {
  return change(
    db,
    `update deliveries set content = null where content is not null and finished_at < cast(:now as timestamptz) - interval '90 days'`,
    { now },
  );
}
