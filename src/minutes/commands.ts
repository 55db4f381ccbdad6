import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';
import { translator, type Lang } from '../lib/i18n/translate.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { dayOf } from '../lib/time/zone.js';
import { mayRecord } from '../meetings/policy.js';
import { nameGates } from '../series/gateCommands.js';
import { lockMeeting, type Meeting } from '../meetings/queries.js';
import { findProblems, type Finding } from './checks.js';
import { mayEdit, maySubmit, mayTakeBack, type MinutesState } from './policy.js';
import { listComments, listOverrides, lockMinutes, type Minutes } from './queries.js';
import { canonicalJson, sha256, type Snapshot } from '../documents/snapshot.js';
import { collectSnapshot } from './snapshotQueries.js';

/** Somebody else was quicker: the minutes stand differently now. */
export interface Moved {
  ok: false;
  reason: 'moved';
  state: MinutesState;
}

export function moved(minutes: Minutes): Moved {
  return { ok: false, reason: 'moved', state: minutes.state };
}

/**
 * Begins the minutes of a meeting, once; its secretary (who can sign in) is the author, else who begins them.
 */
export async function draftMinutes(db: Db, by: Actor, meetingId: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (!mayRecord(meeting)) throw new Forbidden();
    const begun = await row<{ id: number }>(trx, `select id from minutes where meeting_id = :id`, {
      id: meetingId,
    });
    if (begun) return begun.id;
    const made = await row<{ id: number; author_id: number }>(
      trx,
      `insert into minutes (meeting_id, author_id, lang, template, title)
       values (:meeting,
         coalesce((select p.person_id from participants p join accounts a on a.person_id = p.person_id
                 where p.meeting_id = :meeting and p.role = 'secretary' and p.removed_at is null
                 order by p.person_id = :by desc, p.id
                 limit 1),
                   :by),
               :lang, :template, :title)
       returning id, author_id`,
      {
        meeting: meetingId,
        by: by.id,
        lang: meeting.lang,
        template: templateOf(meeting.lang),
        title: titleOf(meeting),
      },
    );
    if (!made) throw new Error('minutes were not begun');
    await record(trx, by, {
      action: 'minutes.begin',
      noun: 'minutes',
      id: made.id,
      meetingId,
      after: { author_id: made.author_id },
    });
    return made.id;
  });
}

function templateOf(lang: Lang): 'plain' | 'official' {
  return lang === 'zh-CN' ? 'official' : 'plain';
}

function titleOf(meeting: Meeting): string {
  const t = translator(meeting.lang);
  const { series_name: series, number, title } = meeting;
  const text =
    series && number !== null
      ? t('minutes.title.series', { series, number })
      : t(
          title.endsWith('会') || title.endsWith('会议')
            ? 'minutes.title.gathering'
            : 'minutes.title.meeting',
          { title },
        );
  return text.slice(0, 200);
}

export interface MinutesEdit {
  version: number;
  title: string;
  lang: Lang;
  template: 'plain' | 'official';
  /** Who reviews and approves these minutes; null: as the standing meeting or the office has it. */
  reviewer_id: number | null;
  approver_id: number | null;
}

/** Title, language and gates of the document. `stale`: somebody changed them since the form was opened. */
export async function editMinutes(
  db: Db,
  by: Actor,
  id: number,
  edit: MinutesEdit,
): Promise<
  | { ok: true }
  | Moved
  | { ok: false; reason: 'stale'; current: Minutes }
  | { ok: false; reason: 'ownGate' | 'inactive' }
> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayEdit({ ...minutes, state: 'draft' })) throw new Forbidden();
    if (!mayEdit(minutes)) return moved(minutes);
    if (minutes.version !== edit.version) return { ok: false, reason: 'stale', current: minutes };
    const { title, lang, template, reviewer_id: reviewerId, approver_id: approverId } = edit;
    // Whoever wrote the minutes neither reviews them nor is made their approver; the chair who writes still
    // approves.
    if (reviewerId === minutes.author_id || approverId === minutes.author_id)
      return { ok: false, reason: 'ownGate' };
    if (minutes.meeting && !(await nameGates(trx, by, minutes.meeting_id, { reviewerId, approverId })))
      return { ok: false, reason: 'inactive' };
    await change(
      trx,
      `update minutes
       set title = :title, lang = :lang, template = :template, version = version + 1
       where id = :id`,
      {
        id,
        title,
        lang,
        template,
      },
    );
    await record(trx, by, {
      action: 'minutes.edit',
      noun: 'minutes',
      id,
      meetingId: minutes.meeting_id,
      before: { title: minutes.title, lang: minutes.lang, template: minutes.template },
      after: { title, lang, template },
    });
    return { ok: true };
  });
}

/** Which override a finding needs: the same words at the same place. */
export function overrideKey(finding: Pick<Finding, 'place' | 'found'>): string {
  return `${finding.place}|${finding.found.slice(0, 100)}`;
}

/** Lets a blocking finding pass, for a reason that is kept. A finding that is no longer there needs none. */
export async function overrideCheck(
  db: Db,
  by: Actor,
  id: number,
  given: { code: string; place: string; reason: string },
): Promise<{ ok: true } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayEdit({ ...minutes, state: 'draft' })) throw new Forbidden();
    if (!mayEdit(minutes)) return moved(minutes);
    await change(
      trx,
      `insert into check_overrides (minutes_id, code, place, reason, by_id)
       values (:id, :code, :place, :reason, :by)
       on conflict (minutes_id, code, place)
       do update set reason = excluded.reason, by_id = excluded.by_id, at = now()`,
      { id, ...given, by: by.id },
    );
    await record(trx, by, {
      action: 'minutes.override',
      noun: 'minutes',
      id,
      meetingId: minutes.meeting_id,
      // The words found there may be restricted: the history tells the place only.
      after: { code: given.code, place: given.place.split('|')[0] },
    });
    return { ok: true };
  });
}

export interface CheckedFinding extends Finding {
  /** Why it may pass, and who said so. */
  override: { reason: string; by: { name: string; name_en: string | null } } | null;
}

/** What is wrong with the draft now, with what has been overridden. */
export async function checkDraft(
  db: Db,
  minutes: Minutes,
  covers: (codepoint: number) => boolean,
): Promise<{ snapshot: Snapshot; findings: CheckedFinding[] }> {
  const snapshot = await collectSnapshot(db, minutes.id);
  const { meeting } = snapshot;
  const held = meeting.started_at ?? meeting.starts_at;
  const day = held ? dayOf(new Date(held), meeting.zone) : (meeting.starts_on ?? '');
  const overrides = await listOverrides(db, minutes.id);
  const findings = findProblems(snapshot, { day, authorId: minutes.author_id, covers }).map((finding) => ({
    ...finding,
    override:
      (finding.canOverride &&
        overrides.find((one) => one.code === finding.code && one.place === overrideKey(finding))) ||
      null,
  }));
  return { snapshot, findings };
}

/** Characters of all statements together. */
const longest = 500_000;

export type Submission =
  | { ok: true; version: number; state: MinutesState }
  | Moved
  | { ok: false; reason: 'notEnded' }
  | { ok: false; reason: 'unanswered' }
  | { ok: false; reason: 'tooLong' }
  | { ok: false; reason: 'problems'; findings: CheckedFinding[] };

/**
 * Freezes the draft as the next version and sends it to the gate that returned it last, else to the first
 * one.
 * @param covers which characters the documents' typeface has
 */
export async function submitMinutes(
  db: Db,
  by: Actor,
  id: number,
  covers: (codepoint: number) => boolean,
): Promise<Submission> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!maySubmit({ ...minutes, state: 'draft' })) throw new Forbidden();
    if (!maySubmit(minutes)) return moved(minutes);
    if (minutes.meeting && minutes.meeting.state !== 'ended') return { ok: false, reason: 'notEnded' };
    const comments = await listComments(trx, { id: by.id ?? -1 }, id);
    if (comments.some((comment) => comment.verdict === 'returned' && comment.answer === null))
      return { ok: false, reason: 'unanswered' };
    const { snapshot, findings } = await checkDraft(trx, minutes, covers);
    const open = findings.filter((finding) => finding.isBlocking && !finding.override);
    if (open.length > 0) return { ok: false, reason: 'problems', findings: open };
    // What still stood in somebody's field is part of what was shown and is frozen with it.
    await change(
      trx,
      `update statements set is_draft = false where meeting_id = :meeting and is_draft and text <> ''`,
      { meeting: minutes.meeting_id },
    );
    const length = snapshot.items
      .flatMap((item) => item.statements)
      .reduce((sum, statement) => sum + statement.text.length, 0);
    if (length > longest) return { ok: false, reason: 'tooLong' };
    const version = await freeze(trx, by, minutes, snapshot);
    const state = await nextGate(trx, minutes);
    await setState(trx, by, minutes, {
      to: state,
      action: 'minutes.submit',
      after: { version: version.number },
    });
    const deciders = state === 'in_review' ? minutes.reviewers : [minutes.approver];
    const deciderIds = deciders.flatMap((person) => person?.id ?? []);
    await notify(trx, by, minutes, {
      what: state === 'in_review' ? 'toReview' : 'toApprove',
      version: version.number,
      personIds: deciderIds,
    });
    return { ok: true, version: version.number, state };
  });
}

async function freeze(
  trx: Db,
  by: Actor,
  minutes: Minutes,
  snapshot: Snapshot,
): Promise<{ id: number; number: number }> {
  const content = canonicalJson(snapshot);
  const made = await row<{ id: number; number: number }>(
    trx,
    `insert into minutes_versions (minutes_id, number, content, sha256, created_by)
     values (:id, :number, :content, :sha, :by)
     returning id, number`,
    {
      id: minutes.id,
      number: (minutes.versions[0]?.number ?? 0) + 1,
      content,
      sha: sha256(content),
      by: by.id,
    },
  );
  if (!made) throw new Error('the version was not kept');
  return made;
}

/** Back to the gate that returned it; what the approver sent back goes straight to the approver. */
async function nextGate(trx: Db, minutes: Minutes): Promise<'in_review' | 'passed'> {
  const last = await row<{ gate: number; verdict: string }>(
    trx,
    `select r.gate, r.verdict from reviews r join minutes_versions v on v.id = r.version_id
      where r.minutes_id = :id
        and v.number > coalesce((select max(w.number)
          from issues i
          join minutes_versions w on w.id = i.version_id
          where i.minutes_id = :id),
          0)
      order by r.id desc limit 1`,
    { id: minutes.id },
  );
  if (last?.verdict === 'returned' && last.gate === 2) return 'passed';
  return minutes.has_gate ? 'in_review' : 'passed';
}

/** Takes a submission back before a verdict; the version stays in the history. */
export async function takeBackMinutes(db: Db, by: Actor, id: number): Promise<{ ok: true } | Moved> {
  return inTransaction(db, async (trx) => {
    const minutes = await lockMinutes(trx, by, id);
    if (!mayTakeBack({ ...minutes, state: 'in_review' })) throw new Forbidden();
    if (!mayTakeBack(minutes)) return moved(minutes);
    await setState(trx, by, minutes, { to: 'draft', action: 'minutes.takeBack' });
    return { ok: true };
  });
}

export async function setState(
  trx: Db,
  by: Actor,
  minutes: Minutes,
  {
    to,
    action,
    after = {},
    note,
  }: { to: MinutesState; action: string; after?: Record<string, unknown>; note?: string },
): Promise<void> {
  await change(trx, `update minutes set state = :to, version = version + 1 where id = :id`, {
    id: minutes.id,
    to,
  });
  await record(trx, by, {
    action,
    noun: 'minutes',
    id: minutes.id,
    meetingId: minutes.meeting_id,
    before: { state: minutes.state },
    after: { state: to, ...after },
    note: note || undefined,
  });
}

export type MinutesNews = 'toReview' | 'toApprove' | 'returned' | 'approved';

/** A short mail to those who have the next step, or whose step was decided. */
export async function notify(
  trx: Db,
  by: Actor,
  minutes: Minutes,
  { what, version, personIds }: { what: MinutesNews; version: number; personIds: number[] },
): Promise<void> {
  const isRestricted = await isConfidential(trx, minutes.meeting_id);
  await queueDeliveries(
    trx,
    [...new Set(personIds)]
      .filter((personId) => personId !== by.id)
      .map((personId) => ({
        kind: `minutes.${what}`,
        object: `minutes:${minutes.id}:${what}`,
        revision: version,
        personId,
        meetingId: minutes.meeting_id,
        payload: { minutes_id: minutes.id, version },
        isRestricted,
        queuedBy: by.id,
      })),
  );
}

/** Whether administrators may not read mails about it. */
export async function isConfidential(db: Db, meetingId: number): Promise<boolean> {
  const found = await rows<{ id: number }>(
    db,
    `select m.id
     from meetings m
     where m.id = :id
       and (m.is_private
         or exists (select 1 from agenda_items i where i.meeting_id = m.id and i.is_restricted))`,
    { id: meetingId },
  );
  return found.length > 0;
}
