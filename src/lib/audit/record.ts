import { change, type Db } from '../db/db.js';

/** Who does something: a signed-in person, a guest by link (id null), or the system. */
export interface Actor {
  id: number | null;
  /** The leader for whom it is done. */
  onBehalfOf?: number;
  requestId?: string;
  ip?: string;
}

export interface AuditEvent {
  /** What was done: `noun.verb`, such as 'room.update'. The history shows it as the text `audit.<action>`. */
  action: string;
  /** Table of the thing. */
  noun: string;
  id?: number | null;
  /** The meeting whose history shows it. */
  meetingId?: number | null;
  before?: unknown;
  after?: unknown;
  /** The reason a person gave. */
  note?: string | undefined;
}

/** Writes one event of the append-only history, in the transaction of the change it tells of. */
export async function record(trx: Db, by: Actor, event: AuditEvent): Promise<void> {
  await change(
    trx,
    `insert into audit_events (
       person_id, on_behalf_of_id, action, noun, noun_id, meeting_id, before, after, note, request_id, ip
     )
     values (:person, :behalf, :action, :noun, :noun_id, :meeting, :before, :after, :note, :request, :ip)`,
    {
      person: by.id,
      behalf: by.onBehalfOf ?? null,
      action: event.action,
      noun: event.noun,
      noun_id: event.id ?? null,
      meeting: event.meetingId ?? null,
      before: event.before === undefined ? null : JSON.stringify(event.before),
      after: event.after === undefined ? null : JSON.stringify(event.after),
      note: event.note ?? null,
      request: by.requestId ?? null,
      ip: by.ip ?? null,
    },
  );
}

/** Many events of one change (an import), by one statement. */
export async function recordAll(trx: Db, by: Actor, events: AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  await change(
    trx,
    `insert into audit_events (
       person_id, on_behalf_of_id, action, noun, noun_id, meeting_id, before, after, note, request_id, ip
     )
     select :person, :behalf, e.action, e.noun, e.id, e."meetingId", e.before, e.after, e.note, :request, :ip
       from jsonb_to_recordset(cast(:events as jsonb)) as e (
         action text, noun text, id bigint, "meetingId" bigint, before jsonb, after jsonb, note text
       )`,
    {
      person: by.id,
      behalf: by.onBehalfOf ?? null,
      request: by.requestId ?? null,
      ip: by.ip ?? null,
      events: JSON.stringify(events),
    },
  );
}
