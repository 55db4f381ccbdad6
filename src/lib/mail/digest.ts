import { change, inTransaction, row, rows, type Db } from '../db/db.js';
import { format } from '../time/format.js';
import { isBehindAnother, type Leased } from './leases.js';
import { layOut } from './layout.js';
import {
  rendererOf,
  type Delivery,
  type MailBlock,
  type MailRenderers,
  type NothingToSend,
  type RenderContext,
  type RenderedMail,
} from './renderer.js';

// Context: somebody with many duties gets many reminders, and stops reading any of them.
// Decision: letters go at once. Of notices ten a day come by themselves,
// all further ones as one mail an hour. Consequence: a digest is a delivery
// like any other; what it carries names it (`digest_id`) and ends with it.

export const DIGEST = 'mail.digest';
/** Notices a day that come by themselves. */
const SINGLE_NOTICES = 10;
/** Beyond them, the time from one mail with notices to the next. */
const PAUSE_MINUTES = 60;
/** A notice that is of use for a limited time reaches its reader this long before the end. */
const MARGIN_MINUTES = 5;

interface Gathering {
  lease: string;
  now: Date;
  /** Kinds of deliveries that are notices. */
  kinds: string[];
}

/**
 * Puts the notices of people who would get too many into a digest: those of this lease and all others that
 * are due. One transaction: a worker that dies here leaves either single notices or a complete digest.
 * @returns the ids that are not to be sent by themselves any more
 */
export async function gatherNotices(db: Db, gathering: Gathering, leased: Leased[]): Promise<Set<number>> {
  const kinds = new Set(gathering.kinds);
  const notices = leased.filter((one) => kinds.has(one.kind) && one.message_id === null && !one.has_failed);
  if (notices.length === 0) return new Set();
  const people = [...new Set(notices.map((one) => one.person_id))];
  return inTransaction(db, async (trx) => {
    // Two workers with notices to one person take turns, so that one digest takes all.
    await rows(trx, `select id from persons where id = any(:people) order by id for no key update`, {
      people,
    });
    const gathered = new Set<number>();
    for (const { person_id, last } of await listFlooded(trx, gathering, people)) {
      const digestId = await openDigest(trx, gathering, person_id, last);
      for (const id of await join(trx, gathering, digestId, person_id)) gathered.add(id);
    }
    return gathered;
  });
}

/** Who gets more than a few notices within a day, with those due now. `last`: when the last one went out. */
function listFlooded(
  trx: Db,
  { now, kinds }: Gathering,
  people: number[],
): Promise<{ person_id: number; last: Date | null }[]> {
  return rows(
    trx,
    `select p.person_id, s.last
       from unnest(cast(:people as bigint[])) as p(person_id)
      cross join lateral (
        select count(*) as count, max(d.finished_at) as last from deliveries d
         where d.person_id = p.person_id and d.state in ('sent', 'captured') and d.digest_id is null
           and d.finished_at > cast(:now as timestamptz) - interval '1 day'
           and (d.kind = any(:kinds) or d.kind = :digest)) s
      cross join lateral (
        select count(*) as count from deliveries d
         where d.person_id = p.person_id and d.state in ('waiting', 'sending') and d.digest_id is null
           and d.not_before <= :now and d.kind = any(:kinds)) o
      where s.count + o.count > :limit
      order by p.person_id`,
    { people, now, kinds, digest: DIGEST, limit: SINGLE_NOTICES },
  );
}

/** The digest of a person that is still open, else a new one. */
async function openDigest(
  trx: Db,
  { now, kinds }: Gathering,
  personId: number,
  last: Date | null,
): Promise<number> {
  const open = await row<{ id: number }>(
    trx,
    `select id from deliveries
      where person_id = :person and kind = :digest and state = 'waiting' and frozen_at is null
      order by id limit 1 for update skip locked`,
    { person: personId, digest: DIGEST },
  );
  if (open) return open.id;
  const pause = last ? last.getTime() + PAUSE_MINUTES * 60_000 : 0;
  const made = await row<{ id: number }>(
    trx,
    `insert into deliveries (kind, object, person_id, to_address, to_name, lang, zone, is_outside, not_before)
     select :digest, 'digests:' || gen_random_uuid(), person_id, to_address, to_name, lang, zone,
            is_outside, :at
       from deliveries
      where person_id = :person and kind = any(:kinds) and state in ('waiting', 'sending')
      order by id desc limit 1
     returning id`,
    {
      digest: DIGEST,
      person: personId,
      kinds,
      at: new Date(Math.max(now.getTime(), pause)),
    },
  );
  if (!made) throw new Error(`no notices to ${personId}`);
  return made.id;
}

/**
 * Puts all due notices to a person into their digest. It goes out while each of them is of use.
 * @returns their ids
 */
async function join(
  trx: Db,
  { lease, now, kinds }: Gathering,
  digestId: number,
  personId: number,
): Promise<number[]> {
  const joined = await rows<{ id: number }>(
    trx,
    `update deliveries m
        set state = 'waiting', digest_id = :digest, claimed_by = null, claimed_until = null, attempts = 0
      where m.id in (
        select d.id from deliveries d
         where d.person_id = :person and d.kind = any(:kinds) and d.digest_id is null
           and d.frozen_at is null and d.error is null
           and (d.claimed_by = :lease or d.state = 'waiting' and d.not_before <= :now)
           and not ${isBehindAnother('d')}
           for update skip locked)
     returning m.id`,
    { digest: digestId, person: personId, kinds, lease, now },
  );
  await change(
    trx,
    `update deliveries g
        set is_restricted = g.is_restricted or c.is_restricted,
            not_before = greatest(
              :now, least(g.not_before, c.useful_until - make_interval(mins => :margin)))
       from (select coalesce(bool_or(is_restricted), false) as is_restricted,
                    min(useful_until) as useful_until
               from deliveries where digest_id = :digest) c
      where g.id = :digest`,
    { digest: digestId, now, margin: MARGIN_MINUTES },
  );
  return joined.map((one) => one.id);
}

/**
 * Makes one mail of the notices that a digest carries. What there is nothing to tell of any more ends here;
 * what can't be made is taken out and tried by itself.
 */
export async function renderDigest(
  context: RenderContext,
  renderers: MailRenderers,
): Promise<RenderedMail | NothingToSend> {
  const { db, delivery, now } = context;
  const parts: RenderedMail[] = [];
  for (const carried of await listCarried(db, delivery.id)) {
    try {
      const made = await rendererOf(
        renderers,
        carried.kind,
      )({ ...context, delivery: asRead(carried, delivery) });
      if ('nothing' in made) await endCarried(db, carried.id, now);
      else parts.push(made);
    } catch (error) {
      await takeOut(
        db,
        carried.id,
        now,
        `not made: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const [first] = parts;
  if (!first) return { nothing: 'no notice in it is of use any more' };
  return parts.length === 1 ? first : joinParts(context, parts);
}

/** Read in the language and zone of the whole mail, and dated like it. */
function asRead(carried: Delivery, { lang, zone, stamped_at }: Delivery): Delivery {
  return { ...carried, lang, zone, stamped_at };
}

function joinParts({ delivery, t }: RenderContext, parts: RenderedMail[]): RenderedMail {
  const subject = t('lib.mail.digest.subject', { count: parts.length });
  const letter = layOut(
    {
      title: subject,
      blocks: [{ kind: 'paragraph', text: t('lib.mail.digest.intro') }, ...parts.flatMap(blocksOf)],
    },
    { lang: delivery.lang, t, fmt: format(delivery.lang, delivery.zone) },
  );
  return {
    subject,
    ...letter,
    attachments: parts.flatMap((part) => part.attachments ?? []),
    thread: `digests:${delivery.person_id}`,
  };
}

/** A notice under its subject; its own title says the same, or less. */
function blocksOf({ subject, text, blocks }: RenderedMail): MailBlock[] {
  const [title, ...rest] = blocks ?? [];
  const body: MailBlock[] = title?.kind === 'heading' ? rest : (blocks ?? [{ kind: 'paragraph', text }]);
  return [{ kind: 'heading', text: subject }, ...body];
}

function listCarried(db: Db, digestId: number): Promise<Delivery[]> {
  return rows<Delivery>(
    db,
    `select id, kind, object, meeting_id, recurrence_id, participant_id, person_id, to_address, to_name,
            lang, zone, method, revision, sequence, payload
       from deliveries where digest_id = :digest and state in ('waiting', 'failed') order by id`,
    { digest: digestId },
  );
}

async function endCarried(db: Db, id: number, now: Date): Promise<void> {
  await change(db, `update deliveries set state = 'superseded', finished_at = :now where id = :id`, {
    id,
    now,
  });
}

async function takeOut(db: Db, id: number, now: Date, words: string): Promise<void> {
  await change(
    db,
    `update deliveries
        set state = 'waiting', finished_at = null, digest_id = null, error = :words, attempts = 1,
            not_before = cast(:now as timestamptz) + interval '10 seconds'
      where id = :id`,
    { id, now, words },
  );
}
