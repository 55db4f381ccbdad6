import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { ReturnCode } from './checks.js';
import { moved, setState, notify, type Moved } from './commands.js';
import { mayApprove, mayComment, mayEdit, mayReview } from './policy.js';
import { lockMinutes, type Minutes } from './queries.js';
import { readSnapshot } from '../documents/snapshot.js';
import { findContent } from './queries.js';

/** Gate 1 is the review, gate 2 whoever approves. */
const REVIEW = 1;
const APPROVAL = 2;

function gateOf(minutes: Minutes): number {
  return minutes.state === 'passed' ? APPROVAL : REVIEW;
}

/** May this person give a verdict at all; and does the version they read still wait for it? */
function verdictOn(
  minutes: Minutes,
  versionId: number,
  may: (minutes: Minutes) => boolean,
): Moved | undefined {
  const asReviewer = mayReview({ ...minutes, state: 'in_review' });
  const asApprover = mayApprove({ ...minutes, state: 'passed' });
  if (!asReviewer && !asApprover) throw new Forbidden('minutes.error.notYourGate');
  if (!may(minutes) || minutes.versions[0]?.id !== versionId) return moved(minutes);
  return undefined;
}

export interface NewComment {
  versionId: number;
  statementId: number | null;
  code: ReturnCode | null;
  text: string;
}

/** A point at a statement; the author sees it once the verdict is given. */
export async function addComment(
  db: Db,
  by: Actor,
  id: number,
  comment: NewComment,
): Promise<{ ok: true; id: number } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    const stale = verdictOn(minutes, comment.versionId, mayComment);
    if (stale) return stale;
    return { ok: true, id: await insertComment(trx, by, minutes, comment) };
  });
}

async function insertComment(
  trx: Db,
  by: Actor,
  minutes: Minutes,
  { versionId, statementId, code, text }: NewComment,
): Promise<number> {
  if (statementId !== null) {
    const snapshot = readSnapshot(await findContent(trx, versionId));
    if (!snapshot.items.some((item) => item.statements.some((one) => one.id === statementId)))
      throw new NotFound();
  }
  const made = await row<{ id: number }>(
    trx,
    `insert into review_comments (minutes_id, version_id, statement_id, code, text, author_id)
     values (:id, :version, :statement, :code, :text, :by)
     returning id`,
    { id: minutes.id, version: versionId, statement: statementId, code, text, by: by.id },
  );
  if (!made) throw new Error('the comment was not kept');
  await record(trx, by, {
    action: 'minutes.comment',
    noun: 'review_comments',
    id: made.id,
    meetingId: null,
    after: { minutes_id: minutes.id, statement_id: statementId, code },
  });
  return made.id;
}

/** Takes back a comment of one's own that has not been given to the author. */
export async function removeComment(db: Db, by: Actor, id: number, commentId: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    const gone = await change(
      trx,
      `delete
       from review_comments
       where id = :comment and minutes_id = :id and author_id = :by and review_id is null`,
      {
        comment: commentId,
        id,
        by: by.id,
      },
    );
    if (gone === 0) throw new NotFound();
    await record(trx, by, {
      action: 'minutes.uncomment',
      noun: 'review_comments',
      id: commentId,
      meetingId: null,
      after: { minutes_id: minutes.id },
    });
  });
}

/** The gate is passed: on to the approver. Remarks made on the way are given along. */
export async function passMinutes(
  db: Db,
  by: Actor,
  id: number,
  given: { versionId: number; note: string },
): Promise<{ ok: true } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    const stale = verdictOn(minutes, given.versionId, mayReview);
    if (stale) return stale;
    // A secretary may hand in what another wrote, but then does not pass it: four eyes, not two.
    if (minutes.versions[0]?.creator.id === by.id) throw new Forbidden('minutes.error.ownSubmission');
    await insertReview(trx, by, minutes, {
      verdict: 'passed',
      versionId: given.versionId,
      codes: [],
      note: given.note,
    });
    await setState(trx, by, minutes, { to: 'passed', action: 'minutes.pass' });
    await notify(trx, by, minutes, {
      what: 'toApprove',
      version: minutes.versions[0]!.number,
      personIds: minutes.approver ? [minutes.approver.id] : [],
    });
    return { ok: true };
  });
}

export interface Return {
  versionId: number;
  codes: ReturnCode[];
  note: string;
  /** One more point, beside those already noted at the statements. */
  comment: Omit<NewComment, 'versionId'> | null;
}

/** Back to the author, with at least one code and one point that can be answered. */
export async function returnMinutes(
  db: Db,
  by: Actor,
  id: number,
  given: Return,
): Promise<{ ok: true } | Moved | { ok: false; reason: 'noComment' }> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    const stale = verdictOn(minutes, given.versionId, mayComment);
    if (stale) return stale;
    if (given.comment)
      await insertComment(trx, by, minutes, { ...given.comment, versionId: given.versionId });
    const points = await change(
      trx,
      `select 1 from review_comments where version_id = :version and author_id = :by and review_id is null`,
      {
        version: given.versionId,
        by: by.id,
      },
    );
    if (points === 0) return { ok: false, reason: 'noComment' };
    await insertReview(trx, by, minutes, {
      verdict: 'returned',
      versionId: given.versionId,
      codes: given.codes,
      note: given.note,
    });
    await setState(trx, by, minutes, {
      to: 'returned',
      action: 'minutes.return',
      after: { codes: given.codes },
    });
    await notify(trx, by, minutes, {
      what: 'returned',
      version: minutes.versions[0]!.number,
      personIds: [minutes.author_id],
    });
    return { ok: true };
  });
}

async function insertReview(
  trx: Db,
  by: Actor,
  minutes: Minutes,
  {
    verdict,
    versionId,
    codes,
    note,
  }: { verdict: 'passed' | 'returned'; versionId: number; codes: string[]; note: string },
): Promise<void> {
  const made = await row<{ id: number }>(
    trx,
    `insert into reviews (minutes_id, version_id, gate, reviewer_id, verdict, codes, note)
     values (:id, :version, :gate, :by, :verdict, :codes, :note)
     returning id`,
    { id: minutes.id, version: versionId, gate: gateOf(minutes), by: by.id, verdict, codes, note },
  );
  if (!made) throw new Error('the verdict was not kept');
  await change(
    trx,
    `update review_comments
     set review_id = :review
     where version_id = :version and author_id = :by and review_id is null`,
    {
      review: made.id,
      version: versionId,
      by: by.id,
    },
  );
}

/**
 * The author's answer to one point: what was changed, or why not. It may be worded anew until the next
 * submission.
 */
export async function answerComment(
  db: Db,
  by: Actor,
  id: number,
  { commentId, answer }: { commentId: number; answer: string },
): Promise<{ ok: true } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayEdit({ ...minutes, state: 'returned' })) throw new Forbidden();
    if (!mayEdit(minutes)) return moved(minutes);
    const found = await change(
      trx,
      `update review_comments c set answer = :answer, answered_by = :by, answered_at = now()
         from reviews r
         where c.id = :comment and c.minutes_id = :id and r.id = c.review_id and r.verdict = 'returned'`,
      { comment: commentId, id, answer, by: by.id },
    );
    if (found === 0) throw new NotFound();
    await record(trx, by, {
      action: 'minutes.answer',
      noun: 'review_comments',
      id: commentId,
      meetingId: minutes.meeting_id,
    });
    return { ok: true };
  });
}
