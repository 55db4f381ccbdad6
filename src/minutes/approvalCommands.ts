import { assignActions } from '../actions/planCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { dayOf } from '../lib/time/zone.js';
import { keepActive } from '../people/queries.js';
import { isConfidential, moved, setState, notify, type Moved } from './commands.js';
import { mayApprove, mayCorrect, mayIssue } from './policy.js';
import { findReceipt } from './circulationQueries.js';
import { findContent, lockMinutes, type Minutes } from './queries.js';
import { readSnapshot, sha256 } from '../documents/snapshot.js';

/**
 * 签发: the version the approver has read becomes the record. Its number is allotted here, without gaps, in the
 * year by the organisation's calendar; a correction keeps the number.
 */
export async function approveMinutes(
  db: Db,
  by: Actor,
  id: number,
  given: { versionId: number; now: Date },
): Promise<{ ok: true; year: number; number: number } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayApprove({ ...minutes, state: 'passed' })) throw new Forbidden('minutes.error.notYourApproval');
    const version = minutes.versions[0];
    if (!mayApprove(minutes) || version?.id !== given.versionId) return moved(minutes);
    const content = await findContent(trx, version.id);
    if (sha256(content) !== version.sha256)
      throw new Error(`version ${version.id} of minutes ${id} is not what was submitted`);
    const behalf = minutes.is_approver ? null : (minutes.approver?.id ?? null);
    const actor = behalf ? { ...by, onBehalfOf: behalf } : by;
    await change(
      trx,
      `insert into approvals (minutes_id, version_id, approved_by, on_behalf_of_id, approved_at, sha256)
       values (:id, :version, :by, :behalf, :at, :sha)`,
      { id, version: version.id, by: by.id, behalf, at: given.now, sha: version.sha256 },
    );
    const year = await yearOf(trx, given.now);
    const number = minutes.number ?? (await allotNumber(trx, minutes, year));
    await numberDecisions(trx, content, year);
    await setState(trx, actor, minutes, {
      to: 'approved',
      action: 'minutes.approve',
      after: { version: version.number, number, sha256: version.sha256 },
    });
    await notify(trx, by, minutes, {
      what: 'approved',
      version: version.number,
      personIds: [minutes.author_id],
    });
    return { ok: true, year: minutes.number_year ?? year, number };
  });
}

async function yearOf(trx: Db, now: Date): Promise<number> {
  const office = await row<{ zone: string }>(trx, `select zone from organisations`);
  return Number(dayOf(now, office?.zone ?? 'UTC').slice(0, 4));
}

/**
 * The next `count` numbers of a counter; its row stays locked until the transaction ends, so that none is
 * left out.
 * @returns the last
 */
async function count(trx: Db, scope: string, year: number, by = 1): Promise<number> {
  const counter = await row<{ last: number }>(
    trx,
    `insert into minutes_counters (scope, year, last) values (:scope, :year, :by)
     on conflict (scope, year) do update set last = minutes_counters.last + excluded.last returning last`,
    { scope, year, by },
  );
  if (!counter) throw new Error(`no counter ${scope}`);
  return counter.last;
}

async function allotNumber(trx: Db, minutes: Minutes, year: number): Promise<number> {
  const meeting = await row<{ series_id: number | null }>(
    trx,
    `select series_id from meetings where id = :id`,
    { id: minutes.meeting_id },
  );
  const scope = meeting?.series_id ? `series:${meeting.series_id}` : 'organisation';
  const number = await count(trx, scope, year);
  await change(
    trx,
    `update minutes set number_scope = :scope, number_year = :year, number = :number where id = :id`,
    {
      id: minutes.id,
      scope,
      year,
      number,
    },
  );
  return number;
}

/** Each decision of the approved version gets its number in the register, once. */
async function numberDecisions(trx: Db, content: string, year: number): Promise<void> {
  const ids = readSnapshot(content).items.flatMap((item) =>
    item.statements.flatMap((statement) => statement.decision?.id ?? []),
  );
  const open = await rows<{ id: number }>(
    trx,
    `select id from decisions where id = any(:ids) and number is null order by id for update`,
    { ids },
  );
  if (open.length === 0) return;
  const last = await count(trx, 'decisions', year, open.length);
  await change(
    trx,
    `update decisions d set number_year = :year, number = :before + w.place
       from unnest(cast(:ids as bigint[])) with ordinality as w (id, place) where d.id = w.id`,
    { year, before: last - open.length, ids: open.map(({ id }) => id) },
  );
}

/**
 * 印发: the approved version goes to each recipient, who gets a rendering with what that person may see;
 * planned actions are assigned and their leads told.
 */
export async function issueMinutes(
  db: Db,
  by: Actor,
  id: number,
  given: { versionId: number; personIds: number[]; now: Date },
): Promise<{ ok: true; recipients: number } | Moved | { ok: false; reason: 'nobody' }> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayIssue({ ...minutes, state: 'approved' })) throw new Forbidden();
    const version = minutes.versions[0];
    if (!mayIssue(minutes) || version?.id !== given.versionId) return moved(minutes);
    const active = await keepActive(trx, given.personIds);
    if (active.size === 0) return { ok: false, reason: 'nobody' };
    await change(
      trx,
      `insert into issues (minutes_id, version_id, issued_by, issued_at) values (:id, :version, :by, :at)`,
      {
        id,
        version: version.id,
        by: by.id,
        at: given.now,
      },
    );
    await change(trx, `update minutes set issued_at = :at, issued_by = :by where id = :id`, {
      id,
      at: given.now,
      by: by.id,
    });
    await setState(trx, by, minutes, {
      to: 'issued',
      action: 'minutes.issue',
      after: { version: version.number, recipients: active.size },
    });
    await circulate(trx, by, minutes, { version, personIds: [...active], now: given.now });
    await assignActions(trx, by, minutes.meeting_id);
    return { ok: true, recipients: active.size };
  });
}

async function circulate(
  trx: Db,
  by: Actor,
  minutes: Minutes,
  { version, personIds, now }: { version: { id: number; number: number }; personIds: number[]; now: Date },
): Promise<void> {
  await change(
    trx,
    `insert into circulations (minutes_id, version_id, person_id, lang, circulated_at)
     select :id, :version, p.id, p.lang, :at from persons p where p.id = any(:persons) order by p.id
     on conflict do nothing`,
    { id: minutes.id, version: version.id, persons: personIds, at: now },
  );
  const isRestricted = await isConfidential(trx, minutes.meeting_id);
  await queueDeliveries(
    trx,
    personIds.map((personId) => ({
      kind: 'minutes.circulation',
      object: `minutes:${minutes.id}`,
      revision: version.number,
      personId,
      meetingId: minutes.meeting_id,
      payload: { minutes_id: minutes.id, version_id: version.id },
      isRestricted,
      queuedBy: by.id,
    })),
  );
}

/** Further copies of an issued version, to people who were forgotten. */
export async function addRecipients(
  db: Db,
  by: Actor,
  id: number,
  given: { personIds: number[]; now: Date },
): Promise<{ ok: true; recipients: number } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayCorrect({ ...minutes, state: 'issued' })) throw new Forbidden();
    const version = minutes.versions.find((one) => one.issued_at !== null);
    if (minutes.state !== 'issued' || !version) return moved(minutes);
    const active = await keepActive(trx, given.personIds);
    const already = await rows<{ person_id: number }>(
      trx,
      `select person_id from circulations where version_id = :version`,
      { version: version.id },
    );
    const fresh = [...active].filter((personId) => !already.some((one) => one.person_id === personId));
    if (fresh.length > 0) {
      await circulate(trx, by, minutes, { version, personIds: fresh, now: given.now });
      await record(trx, by, {
        action: 'minutes.copy',
        noun: 'minutes',
        id,
        meetingId: minutes.meeting_id,
        after: { recipients: fresh.length },
      });
    }
    return { ok: true, recipients: fresh.length };
  });
}

/** 签收: the recipient has the newest issued version. Pressed twice it is one receipt. */
export async function acknowledgeMinutes(db: Db, by: Actor, id: number, now: Date): Promise<void> {
  await inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    const copy = await findReceipt(trx, { id: by.id ?? -1 }, id);
    if (!copy) throw new NotFound();
    const fresh = await change(
      trx,
      `update circulations
       set acknowledged_at = :at
       where version_id = :version and person_id = :by and acknowledged_at is null`,
      { version: copy.version_id, by: by.id, at: now },
    );
    if (fresh > 0)
      await record(trx, by, {
        action: 'minutes.acknowledge',
        noun: 'minutes',
        id,
        meetingId: minutes.meeting_id,
      });
  });
}

/**
 * 勘误: opens the issued text again for a version n + 1 that is reviewed, approved and issued like the first.
 */
export async function correctMinutes(
  db: Db,
  by: Actor,
  id: number,
  reason: string,
): Promise<{ ok: true } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayCorrect({ ...minutes, state: 'issued' })) throw new Forbidden();
    if (!mayCorrect(minutes)) return moved(minutes);
    await change(trx, `update minutes set correction_reason = :reason where id = :id`, { id, reason });
    await setState(trx, by, minutes, { to: 'draft', action: 'minutes.correct', note: reason });
    return { ok: true };
  });
}
