import { change, row, rows, type Db } from '../db/db.js';
import type { Delivery } from './renderer.js';

// The rows of `deliveries` on their way out. Workers share them by leases that expire. A worker that dies in
// the middle holds nothing for longer than a few minutes, and what it had begun is sent again as the same
// bytes. The clock that is handed in says what is due; leases expire by the database's own clock.

export interface Leased extends Delivery {
  message_id: string | null;
  subject: string | null;
  content: Buffer | null;
  is_restricted: boolean;
  attempts: number;
  /** An attempt came to nothing already. */
  has_failed: boolean;
  /** Old enough to be given up after this attempt. */
  is_last: boolean;
}

/** How long a lease holds; longer than one message may take (transport.ts). */
const LEASE_SECONDS = 180;
/** Tries go on for this long. */
const GIVE_UP_DAYS = 5;

/** SQL: the digest that carries this delivery is made, or is being made. It can't be changed any more. */
export const isInMadeDigest = (delivery: string): string =>
  `exists (select 1 from deliveries g
            where g.id = ${delivery}.digest_id and (g.state = 'sending' or g.frozen_at is not null))`;

/** SQL: an older message about the same object to the same person is still on its way; it goes first. */
export const isBehindAnother = (delivery: string): string =>
  `exists (select 1 from deliveries e
            where e.object = ${delivery}.object and e.person_id = ${delivery}.person_id
              and e.id < ${delivery}.id and e.state in ('waiting', 'sending'))`;

/** Ends what is of no use any more, and frees what a dead worker held. */
export async function tidyQueue(db: Db, now: Date): Promise<void> {
  await change(
    db,
    `update deliveries
        set state = 'waiting', claimed_by = null, claimed_until = null,
            may_have_arrived = may_have_arrived or frozen_at is not null
      where state = 'sending' and claimed_until < now()`,
  );
  await change(
    db,
    `update deliveries d
        set state = 'superseded', finished_at = :now, content = null
      where d.state = 'waiting' and d.useful_until < :now and not ${isInMadeDigest('d')}`,
    { now },
  );
}

/**
 * Leases messages that are due. Of one object and person only the oldest unsent one is given out, so that
 * nobody gets an older SEQUENCE after a newer one, however many workers there are.
 */
export async function leaseDue(db: Db, lease: string, now: Date, limit: number): Promise<Leased[]> {
  const leased = await rows<Leased>(
    db,
    `update deliveries d
        set state = 'sending', claimed_by = :lease, attempts = attempts + 1,
            claimed_until = now() + make_interval(secs => :seconds)
      where id in (
        select w.id from deliveries w
         where w.state = 'waiting' and w.not_before <= :now and w.digest_id is null
           and not ${isBehindAnother('w')}
         order by w.not_before, w.id
         limit :limit
           for update skip locked)
     returning id, kind, object, meeting_id, recurrence_id, participant_id, person_id, to_address, to_name,
               lang, zone, method, revision, sequence, payload, is_restricted, message_id, subject, content,
               attempts,
               error is not null as has_failed,
               coalesce(
                 stamped_at,
                 greatest(
                   date_trunc('second', cast(:now as timestamptz)),
                   (select max(o.stamped_at) + interval '1 second' from deliveries o
                     where o.object = d.object and o.person_id = d.person_id))) as stamped_at,
               coalesce(
                 frozen_at < cast(:now as timestamptz) - make_interval(days => :days), false) as is_last`,
    { lease, now, limit, seconds: LEASE_SECONDS, days: GIVE_UP_DAYS },
  );
  return leased.sort((a, b) => a.id - b.id);
}

/** Keeps a lease alive. @returns false when another worker has it by now */
export async function keepLease(db: Db, lease: string, id: number): Promise<boolean> {
  return (
    (await change(
      db,
      `update deliveries set claimed_until = now() + make_interval(secs => :seconds)
        where id = :id and claimed_by = :lease and state = 'sending'`,
      { id, lease, seconds: LEASE_SECONDS },
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
export async function storeFrozen(db: Db, lease: string, now: Date, frozen: Freezing[]): Promise<void> {
  if (frozen.length === 0) return;
  await change(
    db,
    `update deliveries d
        set frozen_at = coalesce(d.frozen_at, :now), message_id = f.message_id, stamped_at = f.stamped_at,
            subject = f.subject, content = f.content
       from unnest(:ids::bigint[], :messages::text[], :stamps::timestamptz[], :subjects::text[],
                   :contents::bytea[])
              as f(id, message_id, stamped_at, subject, content)
      where d.id = f.id and d.claimed_by = :lease`,
    {
      lease,
      now,
      ids: frozen.map((one) => one.id),
      messages: frozen.map((one) => one.messageId),
      stamps: frozen.map((one) => one.stampedAt),
      subjects: frozen.map((one) => one.subject),
      contents: frozen.map((one) => one.content),
    },
  );
}

/** Which delivery, under which lease, at what time. */
interface Attempt {
  lease: string;
  id: number;
  now: Date;
}

/** Why an attempt came to nothing. */
interface Failure {
  code: number | null;
  words: string;
  isUnclear?: boolean | undefined;
}

/**
 * The end of a delivery and, in the same statement, of all that it carries. The body of a sent one is wiped.
 */
export async function finish(
  db: Db,
  { lease, id, now }: Attempt,
  state: 'sent' | 'captured' | 'failed' | 'superseded',
  failure?: Failure,
): Promise<void> {
  await change(
    db,
    `with ended as (
       update deliveries
          set state = :state, finished_at = :now, claimed_by = null, claimed_until = null,
              error_code = :code, error = :words, may_have_arrived = may_have_arrived or :unclear,
              content = case when :state in ('sent', 'superseded') then null else content end
        where id = :id and claimed_by = :lease
       returning id)
     update deliveries carried
        set state = :state, finished_at = :now, error_code = :code, error = :words
       from ended
      where carried.digest_id = ended.id and carried.state in ('waiting', 'failed')`,
    {
      id,
      lease,
      now,
      state,
      code: failure?.code ?? null,
      words: failure?.words ?? null,
      unclear: failure?.isUnclear ?? false,
    },
  );
}

/** Puts a message back for a later attempt: after 10 s, 30 s, 2 min, 10 min, 30 min, then every hour. */
export async function putBack(db: Db, { lease, id, now }: Attempt, failure: Failure): Promise<void> {
  await change(
    db,
    `update deliveries
        set state = 'waiting', claimed_by = null, claimed_until = null, error_code = :code, error = :words,
            may_have_arrived = may_have_arrived or :unclear,
            not_before = cast(:now as timestamptz)
              + make_interval(secs => coalesce((array[10, 30, 120, 600, 1800])[attempts], 3600))
      where id = :id and claimed_by = :lease`,
    { id, lease, now, code: failure.code, words: failure.words, unclear: failure.isUnclear ?? false },
  );
}

/** When the next message falls due or a lease expires; undefined when nothing waits. */
export async function nextDue(db: Db): Promise<Date | undefined> {
  const next = await row<{ at: Date | null }>(
    db,
    `select least(
              (select min(not_before) from deliveries where state = 'waiting' and digest_id is null),
              (select min(claimed_until) from deliveries where state = 'sending')) as at`,
  );
  return next?.at ?? undefined;
}

/** Wipes bodies that nobody needs any more. */
export async function wipeOld(db: Db, now: Date): Promise<number> {
  return change(
    db,
    `update deliveries set content = null
      where content is not null and finished_at < cast(:now as timestamptz) - interval '90 days'`,
    { now },
  );
}
