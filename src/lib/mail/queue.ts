import { change, rows, type Db } from '../db/db.js';
import { enqueue } from '../jobs/enqueue.js';
import { isInMadeDigest } from './leases.js';

export interface NewDelivery {
  /** Names the renderer, `feature.noun`: 'minutes.circulation'. */
  kind: string;
  /**
   * What it tells about, the unit of order and of superseding: 'meetings:42', 'minutes_versions:9',
   * 'actions:7:assigned'.
   */
  object: string;
  /**
   * Who gets it. Address, name, language and zone are taken from the person now; nobody without an address is
   * mailed.
   */
  personId: number;
  meetingId?: number;
  recurrenceId?: number;
  participantId?: number;
  method?: 'NONE' | 'REQUEST' | 'CANCEL';
  /** Grows with each announced change of the object; the same revision is queued once. */
  revision?: number;
  /** With a method only: SEQUENCE for this person, and the meeting's own. */
  sequence?: number;
  baseSequence?: number;
  /** For the renderer. Stored in clear: never a secret (make tokens in the renderer). */
  payload?: Record<string, unknown>;
  /** Content that administrators may not read in the Outbox. */
  isRestricted?: boolean;
  queuedBy?: number | null;
  /** Default: at once. */
  notBefore?: Date;
  /** After this instant the mail would be of no use and is not tried any more. */
  usefulUntil?: Date;
}

/**
 * SQL: a change or cancellation is of use for as long as anything that was said before. Somebody who was told
 * of Friday must hear on Thursday that it was moved to Wednesday.
 */
const USEFUL_UNTIL = `case when coalesce(d.method, 'NONE') = 'NONE' or d."usefulUntil" is null
                 then d."usefulUntil"
                 else greatest(d."usefulUntil", (
                        select max(o.useful_until) from deliveries o
                         where o.object = d.object and o.person_id = p.id and o.method <> 'NONE')) end`;

/**
 * Writes deliveries in the caller's transaction and wakes the worker. The same message queued twice is one.
 * An unsent message of an older revision to the same person is superseded.
 * @returns the ids of the people who will get one
 */
export async function queueDeliveries(trx: Db, deliveries: NewDelivery[]): Promise<number[]> {
  if (deliveries.length === 0) return [];
  const queued = await rows<{ id: number; person_id: number }>(
    trx,
    `insert into deliveries (kind, object, meeting_id, recurrence_id, participant_id, person_id,
                             to_address, to_name, lang, zone, method, revision, sequence, base_sequence,
                             payload, is_outside, is_restricted, queued_by, not_before, useful_until)
     select d.kind, d.object, d."meetingId", d."recurrenceId", d."participantId", p.id, p.email,
            case when p.lang = 'en' then coalesce(p.name_en, p.name) else p.name end, p.lang, p.zone,
            coalesce(d.method, 'NONE'), coalesce(d.revision, 0), d.sequence, d."baseSequence",
            coalesce(d.payload, '{}'), p.is_guest, coalesce(d."isRestricted", false), d."queuedBy",
            coalesce(d."notBefore", now()), ${USEFUL_UNTIL}
       from jsonb_to_recordset(:list) as d(
              kind text, object text, "personId" bigint, "meetingId" bigint, "recurrenceId" bigint,
              "participantId" bigint, method text, revision integer, sequence integer, "baseSequence" integer,
              payload jsonb, "isRestricted" boolean, "queuedBy" bigint, "notBefore" timestamptz,
              "usefulUntil" timestamptz)
       join persons p on p.id = d."personId" and p.email is not null and p.deactivated_at is null
      order by p.id
     on conflict on constraint deliveries_once do nothing
     returning id, person_id`,
    { list: JSON.stringify(deliveries) },
  );
  if (queued.length === 0) return [];
  await supersede(
    trx,
    queued.map((one) => one.id),
  );
  const earliest = Math.min(...deliveries.map((one) => one.notBefore?.getTime() ?? 0));
  await enqueue(trx, 'mail.deliver', {}, earliest ? { runAt: new Date(earliest) } : {});
  return queued.map((one) => one.person_id);
}

/** One delivery; see queueDeliveries. @returns whether the person will get it */
export async function queueDelivery(trx: Db, delivery: NewDelivery): Promise<boolean> {
  return (await queueDeliveries(trx, [delivery])).length === 1;
}

async function supersede(trx: Db, by: number[]): Promise<void> {
  await change(
    trx,
    `update deliveries old set state = 'superseded', finished_at = now()
       from deliveries new
      where new.id = any(:ids) and old.object = new.object and old.person_id = new.person_id
        and old.recurrence_id is not distinct from new.recurrence_id
        and old.revision < new.revision and old.state = 'waiting' and not ${isInMadeDigest('old')}`,
    { ids: by },
  );
}
