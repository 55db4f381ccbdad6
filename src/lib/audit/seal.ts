import { createHash } from 'node:crypto';
import { change, inTransaction, row, rows, type Db } from '../db/db.js';

// Every column as text in one JSON array, instants in UTC with microseconds: neither
// time zone nor driver changes it, and no two different events read the same.
const CONTENT = `json_build_array(
    e.id, to_char(e.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.person_id, e.on_behalf_of_id,
    e.action,
  e.noun, e.noun_id, e.meeting_id, e.before::text, e.after::text, e.note, e.request_id, e.ip)::text`;

/**
 * SHA-256 over the seal before, the own place and the event: changing,
 * moving or removing any one breaks all that follow.
 */
function sealOf(before: string, seq: number, content: string): string {
  return createHash('sha256').update(`${before}\n${seq}\n${content}`).digest('hex');
}

/** Hash before the first seal. */
const BEGINNING = '0'.repeat(64);
/** Any number: one process at a time extends the chain. */
const CHAIN_LOCK = 6_271_936;
const BATCH = 2000;
/**
 * Ids are given out before their transactions commit: how far back of
 * the newest seal a late one is still looked for.
 */
const LATE = 20_000;

/**
 * Seals committed events that have none yet into the hash chain: who changes, removes or adds one afterwards,
 * even with the owner's rights, breaks every seal from there on.
 * @returns how many were sealed
 */
export async function sealEvents(db: Db): Promise<number> {
  for (let sealed = 0; ;) {
    const count = await sealBatch(db);
    sealed += count;
    if (count < BATCH) return sealed;
  }
}

function sealBatch(db: Db): Promise<number> {
  return inTransaction(db, async (trx) => {
    await change(trx, `select pg_advisory_xact_lock(:lock)`, { lock: CHAIN_LOCK });
    const last = await row<{ seq: number; hash: string; newest: number }>(
      trx,
      `select seq, hash, (select max(event_id) from audit_seals) as newest
         from audit_seals
         order by seq desc
         limit 1`,
    );
    const events = await rows<{ id: number; content: string }>(
      trx,
      `select e.id, ${CONTENT} as content from audit_events e
        where e.id > :from and not exists (select 1 from audit_seals s where s.event_id = e.id)
        order by e.id
        limit :batch`,
      { from: (last?.newest ?? 0) - LATE, batch: BATCH },
    );
    let { seq, hash } = last ?? { seq: 0, hash: BEGINNING };
    const seals = events.map(({ id, content }) => ({
      seq: ++seq,
      event_id: id,
      hash: (hash = sealOf(hash, seq, content)),
    }));
    await change(
      trx,
      `insert into audit_seals (seq, event_id, hash)
       select seq, event_id, hash
         from jsonb_to_recordset(cast(:seals as jsonb)) as s (seq bigint, event_id bigint, hash text)`,
      { seals: JSON.stringify(seals) },
    );
    return seals.length;
  });
}

export interface ChainCheck {
  /** Seals that are there. */
  seals: number;
  /** Hash of the last one. */
  head: string | null;
  /**
   * The first place where seal and event do not fit, or where an
   * earlier walk saw another seal; null when all fit.
   */
  brokenAt: number | null;
}

/**
 * Recomputes the whole chain. Heavy: for the worker.
 * @param earlier heads of earlier walks, by their number of seals: a
 * chain cut off or written anew no longer meets them
 */
export async function checkSeals(
  db: Db,
  earlier: ReadonlyMap<number, string> = new Map(),
): Promise<ChainCheck> {
  let [seals, last, seq, hash] = [0, null as string | null, 0, BEGINNING];
  let brokenAt: number | null = null;
  for (;;) {
    const batch = await rows<{ seq: number; hash: string; content: string | null }>(
      db,
      `select s.seq, s.hash, case when e.id is not null then ${CONTENT} end as content
         from audit_seals s left join audit_events e on e.id = s.event_id
        where s.seq > :seq order by s.seq limit :batch`,
      { seq, batch: BATCH },
    );
    for (const seal of batch) {
      const isRight =
        seal.seq === seq + 1 &&
        seal.content !== null &&
        seal.hash === sealOf(hash, seal.seq, seal.content) &&
        (earlier.get(seal.seq) ?? seal.hash) === seal.hash;
      if (!isRight) brokenAt ??= seq + 1;
      [seq, hash, last] = [seal.seq, seal.hash, seal.hash];
      seals += 1;
    }
    if (batch.length < BATCH) break;
  }
  if (Math.max(0, ...earlier.keys()) > seals) brokenAt ??= seq + 1; // cut off
  return { seals, head: last, brokenAt };
}

export interface Verification {
  at: Date;
  seals: number;
  head_hash: string | null;
  broken_seq: number | null;
  /** Events older than ten minutes without a seal. */
  unsealed: number;
}

const RESULT = `at, seals, head_hash, broken_seq, unsealed`;

/** Walks the chain, meets the heads of earlier walks, and keeps what it found. */
export async function verifyHistory(db: Db): Promise<Verification> {
  const heads = await rows<{ seals: number; head_hash: string }>(
    db,
    `select seals, head_hash
       from audit_verifications
       where broken_seq is null and head_hash is not null
       order by id desc
       limit 500`,
  );
  const found = await checkSeals(db, new Map(heads.map((one) => [one.seals, one.head_hash])));
  const kept = await row<Verification>(
    db,
    `insert into audit_verifications (seals, head_hash, broken_seq, unsealed)
     select :seals, :head, :broken, count(*) from audit_events e
      where e.at < now() - interval '10 minutes'
        and not exists (select 1 from audit_seals s where s.event_id = e.id)
     returning ${RESULT}`,
    { seals: found.seals, head: found.head, broken: found.brokenAt },
  );
  if (!kept) throw new Error('the result was not kept');
  return kept;
}

/** What the last walk found; undefined before the first. */
export function findLastVerification(db: Db): Promise<Verification | undefined> {
  return row<Verification>(db, `select ${RESULT} from audit_verifications order by id desc limit 1`);
}
