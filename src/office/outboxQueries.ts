import type { Config } from '../config.js';
import { row, rows, type Db } from '../lib/db/db.js';
import { readFrozen } from '../lib/mail/deliver.js';
import type { FrozenMail } from '../lib/mail/message.js';

export const OUTBOX_STATES = ['captured', 'waiting', 'sent', 'failed'] as const;
export type OutboxState = (typeof OUTBOX_STATES)[number];
export const OUTBOX_PAGE = 50;

export interface OutboxLine {
  id: number;
  kind: string;
  to_name: string;
  to_address: string;
  /** Null before it is made, and of a restricted matter. */
  subject: string | null;
  is_restricted: boolean;
  state: 'captured' | 'waiting' | 'sending' | 'sent' | 'failed' | 'superseded';
  attempts: number;
  not_before: Date;
  error: string | null;
  error_code: number | null;
  created_at: Date;
  finished_at: Date | null;
}

/**
 * SQL: what administrators may not read. That is what was restricted when it was queued, and what is about a
 * meeting (standing or single) or poll that is private by now.
 */
const restricted = (d: string) =>
  `(${d}.is_restricted
    or coalesce((select m.is_private from meetings m where m.id = ${d}.meeting_id), false)
    or coalesce((select s.is_private from recurrences r join series s on s.id = r.series_id
                  where r.id = ${d}.recurrence_id), false)
    or case when ${d}.kind like 'polls.%'
            then coalesce(is_private_poll(split_part(${d}.object, ':', 2)::bigint), false) else false end)`;

/** SQL: the same of a digest is all that may not be read of anything it carries. */
const RESTRICTED = `(${restricted('d')}
  or exists (select 1 from deliveries c where c.digest_id = d.id and ${restricted('c')}))`;

const COLUMNS = `d.id, d.kind, d.to_name, d.to_address,
  case when not ${RESTRICTED} then d.subject end as subject, ${RESTRICTED} as is_restricted,
  d.state, d.attempts, d.not_before, d.error, d.error_code, d.created_at, d.finished_at`;

/**
 * Newest first. Superseded messages are nobody's business; what a digest carries stands in it. One line more
 * than a page.
 */
export function listOutbox(
  db: Db,
  filter: { state?: OutboxState | undefined; before?: number | undefined },
): Promise<OutboxLine[]> {
  return rows<OutboxLine>(
    db,
    `select ${COLUMNS} from deliveries d
      where d.state = any(:states) and d.digest_id is null
        and (cast(:before as bigint) is null or d.id < :before)
      order by d.id desc limit :limit`,
    { states: statesOf(filter.state), before: filter.before ?? null, limit: OUTBOX_PAGE + 1 },
  );
}

/** A message that is being sent still waits, to whoever looks. */
function statesOf(state: OutboxState | undefined): string[] {
  if (state === undefined) return ['captured', 'waiting', 'sending', 'sent', 'failed'];
  return state === 'waiting' ? ['waiting', 'sending'] : [state];
}

/** What needs attention: few rows, each found by an index. */
export async function countOutbox(db: Db): Promise<{ waiting: number; failed: number; late: number }> {
  const counted = await row<{ waiting: number; failed: number; late: number }>(
    db,
    `select count(*) filter (where state in ('waiting', 'sending')) as waiting,
            count(*) filter (where state = 'failed') as failed,
            count(*) filter (where state = 'waiting' and attempts > 0) as late
       from deliveries where state in ('waiting', 'sending', 'failed') and digest_id is null`,
  );
  return counted ?? { waiting: 0, failed: 0, late: 0 };
}

export interface OutboxMail extends OutboxLine {
  object: string;
  method: 'NONE' | 'REQUEST' | 'CANCEL';
  sequence: number | null;
  message_id: string | null;
  stamped_at: Date | null;
  lang: string;
  /** The digest that carries it; it is sent with that one only. */
  digest_id: number | null;
  /** A newer message about the same went to the same person or is on its way: this one is history. */
  is_outdated: boolean;
  /**
   * Undefined before it is made, after it was wiped, of a restricted matter, and when SECRET_KEY is another
   * one now.
   */
  mail: FrozenMail | undefined;
  is_wiped: boolean;
}

export async function findOutboxMail(
  db: Db,
  config: Pick<Config, 'secretKey'>,
  id: number,
): Promise<OutboxMail | undefined> {
  const found = await row<OutboxMail & { content: Buffer | null; frozen_at: Date | null }>(
    db,
    `select ${COLUMNS}, d.object, d.method, d.sequence, d.lang, d.message_id, d.stamped_at, d.content,
            d.frozen_at, d.digest_id,
            exists (select 1 from deliveries n
                     where n.object = d.object and n.person_id = d.person_id and n.id > d.id
                       and n.state <> 'superseded') as is_outdated
       from deliveries d where d.id = :id`,
    { id },
  );
  if (!found) return undefined;
  const { content, frozen_at, ...mail } = found;
  return {
    ...mail,
    is_wiped: frozen_at !== null && content === null,
    mail:
      content && mail.message_id && !mail.is_restricted
        ? readFrozen(config.secretKey, mail.message_id, content)
        : undefined,
  };
}
