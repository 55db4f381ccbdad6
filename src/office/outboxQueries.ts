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

/** SQL: what administrators may not read: restricted when it was queued, or of a meeting (standing or single) or poll that is private by now. */
const RESTRICTED = `(d.is_restricted or coalesce((select m.is_private from meetings m where m.id = d.meeting_id), false)
  or coalesce((select s.is_private from recurrences r join series s on s.id = r.series_id where r.id = d.recurrence_id), false)
  or case when d.kind like 'polls.%' then coalesce(is_private_poll(split_part(d.object, ':', 2)::bigint), false) else false end)`;

const LINE = `select id, kind, to_name, to_address, case when not ${RESTRICTED} then subject end as subject, ${RESTRICTED} as is_restricted, state, attempts, not_before, error, error_code, created_at, finished_at from deliveries d`;

/** Newest first; superseded messages are nobody's business. One line more than a page. */
export function listOutbox(
  db: Db,
  filter: { state?: OutboxState | undefined; before?: number | undefined },
): Promise<OutboxLine[]> {
  const states =
    filter.state === 'waiting'
      ? ['waiting', 'sending']
      : filter.state
        ? [filter.state]
        : ['captured', 'waiting', 'sending', 'sent', 'failed'];
  return rows<OutboxLine>(
    db,
    `${LINE} where state = any(:states) and (cast(:before as bigint) is null or id < :before) order by id desc limit :limit`,
    { states, before: filter.before ?? null, limit: OUTBOX_PAGE + 1 },
  );
}

/** What needs attention: few rows, each found by an index. */
export async function countOutbox(db: Db): Promise<{ waiting: number; failed: number; late: number }> {
  const counted = await row<{ waiting: number; failed: number; late: number }>(
    db,
    `select (select count(*) from deliveries where state in ('waiting', 'sending')) as waiting,
            (select count(*) from deliveries where state = 'failed') as failed,
            (select count(*) from deliveries where state = 'waiting' and attempts > 0) as late`,
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
  /** A newer message about the same went to the same person or is on its way: this one is history. */
  is_outdated: boolean;
  /** Undefined before it is made, after it was wiped, of a restricted matter, and when SECRET_KEY is another one now. */
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
    `select d.id, d.kind, d.object, d.method, d.sequence, d.to_name, d.to_address, d.lang, case when not ${RESTRICTED} then d.subject end as subject, ${RESTRICTED} as is_restricted, d.state, d.attempts, d.not_before,
            d.error, d.error_code, d.created_at, d.finished_at, d.message_id, d.stamped_at, d.content, d.frozen_at,
            exists (select 1 from deliveries n where n.object = d.object and n.person_id = d.person_id and n.id > d.id and n.state <> 'superseded') as is_outdated
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
