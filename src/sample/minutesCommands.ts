import { change, row, rows, type Db } from '../lib/db/db.js';
import { translator } from '../lib/i18n/translate.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { canonicalJson, sha256 } from '../documents/snapshot.js';
import { collectSnapshot } from '../minutes/snapshotQueries.js';
import type { SampleCast } from './castCommands.js';
import type { SampleRecord } from './seriesCommands.js';
import { REASONS, RETURN_COMMENT } from './texts.js';

type Stage = 'draft' | 'in_review' | 'returned' | 'passed' | 'approved' | 'issued';

// The latest meetings are still on their way, so that minutes of every state are there; older ones are
// issued.
const STAGES: Stage[][] = [
  ['in_review', 'approved'],
  ['draft', 'returned'],
  ['passed', 'issued'],
];

/** Minutes in every state, and actions in every state, from what was recorded. */
export async function addMinutes(db: Db, cast: SampleCast, records: SampleRecord[]): Promise<void> {
  const series = [...new Set(records.map((record) => record.series))];
  // In the order of time: numbers are allotted one after another.
  const inOrder = [...records].sort((a, b) => a.endsAt.getTime() - b.endsAt.getTime());
  let turn = 0;
  for (const record of inOrder) {
    const stage = STAGES[series.indexOf(record.series)]?.[record.ago - 1] ?? 'issued';
    await addOne(db, cast, record, stage);
    if (stage === 'issued') turn = await followThrough(db, cast, record, turn);
  }
}

async function addOne(db: Db, cast: SampleCast, record: SampleRecord, stage: Stage): Promise<void> {
  const lang = record.series.lang;
  // Never later than now: an afternoon's meeting has no minutes of the next day yet.
  const after = (hours: number) =>
    new Date(Math.min(record.endsAt.getTime() + hours * 3_600_000, cast.now.getTime()));
  const meeting = await row<{ number: number; series_id: number }>(
    db,
    `select number, series_id from meetings where id = :id`,
    { id: record.meetingId },
  );
  const title = translator(lang)('minutes.title.series', {
    series: record.series.name,
    number: meeting?.number ?? 0,
  });
  const made = await row<{ id: number }>(
    db,
    `insert into minutes (meeting_id, author_id, lang, template, title, created_at)
     values (:meeting, :author, :lang, :template, :title, :at)
     returning id`,
    {
      meeting: record.meetingId,
      author: record.secretary,
      lang,
      template: record.series.template,
      title,
      at: after(1),
    },
  );
  const id = made?.id ?? 0;
  if (stage === 'draft') return;
  const version = await freeze(db, id, record.secretary, after(4));
  const frozen: Frozen = { id, version, record };
  if (stage === 'returned') return addReturn(db, frozen, after(8));
  if (stage === 'in_review') return setState(db, id, stage);
  await change(
    db,
    `insert into reviews (minutes_id, version_id, reviewer_id, verdict, at)
     values (:id, :version, :reviewer, 'passed', :at)`,
    { id, version: version.id, reviewer: record.reviewer, at: after(24) },
  );
  if (stage === 'passed') return setState(db, id, stage);
  const scope = `series:${meeting?.series_id ?? 0}`;
  await approve(db, cast, frozen, { scope, at: after(25) });
  if (stage === 'issued') await issue(db, cast, frozen, after(28));
}

async function setState(db: Db, id: number, state: Stage): Promise<void> {
  await change(db, `update minutes set state = :state, version = version + 1 where id = :id`, { id, state });
}

async function freeze(db: Db, id: number, by: number, at: Date): Promise<{ id: number; sha: string }> {
  const content = canonicalJson(await collectSnapshot(db, id));
  const sha = sha256(content);
  const made = await row<{ id: number }>(
    db,
    `insert into minutes_versions (minutes_id, number, content, sha256, created_by, created_at)
     values (:id, 1, :content, :sha, :by, :at)
     returning id`,
    { id, content, sha, by, at },
  );
  return { id: made?.id ?? 0, sha };
}

/** Minutes whose first version stands. */
interface Frozen {
  id: number;
  version: { id: number; sha: string };
  record: SampleRecord;
}

async function addReturn(db: Db, { id, version, record }: Frozen, at: Date): Promise<void> {
  const words = RETURN_COMMENT[record.series.lang];
  const statement = await row<{ id: number }>(
    db,
    `select id from statements where meeting_id = :meeting order by id offset 1 limit 1`,
    { meeting: record.meetingId },
  );
  const review = await row<{ id: number }>(
    db,
    `insert into reviews (minutes_id, version_id, reviewer_id, verdict, codes, note, at)
     values (:id, :version, :reviewer, 'returned', array[:code]::text[], :note, :at) returning id`,
    { id, version: version.id, reviewer: record.reviewer, code: words.code, note: words.note, at },
  );
  await change(
    db,
    `insert into review_comments (minutes_id, version_id, review_id, statement_id, code, text, author_id, at)
     values (:id, :version, :review, :statement, :code, :words, :author, :at)`,
    {
      id,
      version: version.id,
      review: review?.id ?? null,
      statement: statement?.id ?? null,
      code: words.code,
      words: words.text,
      author: record.reviewer,
      at,
    },
  );
  await setState(db, id, 'returned');
}

async function approve(
  db: Db,
  cast: SampleCast,
  { id, version, record }: Frozen,
  { scope, at }: { scope: string; at: Date },
): Promise<void> {
  const year = Number(dayOf(at, cast.zone).slice(0, 4));
  const counter = await row<{ last: number }>(
    db,
    `insert into minutes_counters (scope, year, last) values (:scope, :year, 1)
     on conflict (scope, year) do update set last = minutes_counters.last + 1 returning last`,
    { scope, year },
  );
  await change(
    db,
    `update minutes
        set state = 'approved', number = :number, number_year = :year, number_scope = :scope,
            version = version + 1
      where id = :id`,
    { id, number: counter?.last ?? 1, year, scope },
  );
  await change(
    db,
    `insert into approvals (minutes_id, version_id, approved_by, approved_at, sha256)
     values (:id, :version, :chair, :at, :sha)`,
    { id, version: version.id, chair: record.chair, at, sha: version.sha },
  );
}

async function issue(db: Db, cast: SampleCast, { id, version, record }: Frozen, at: Date): Promise<void> {
  await change(
    db,
    `insert into issues (minutes_id, version_id, issued_by, issued_at) values (:id, :version, :by, :at)`,
    { id, version: version.id, by: record.secretary, at },
  );
  await change(
    db,
    `update minutes
        set state = 'issued', issued_at = :at, issued_by = :by, version = version + 1
      where id = :id`,
    { id, at, by: record.secretary },
  );
  await change(
    db,
    `insert into circulations (minutes_id, version_id, person_id, lang, circulated_at, acknowledged_at)
     select :id, :version, p.id, p.lang, :at,
            case when p.id % 4 <> 0 then least(:at::timestamptz + interval '5 hours', :now) end
       from persons p
      where p.id = any(:persons)`,
    { id, version: version.id, at, now: cast.now, persons: record.members },
  );
}

// One state after another as the issued actions come, so that each column of the board has something in it.
const FATES = [
  'closed',
  'overdue',
  'answered',
  'closed',
  'in_progress',
  'assigned',
  'closed',
  'accepted',
  'blocked',
  'closed',
  'overdue',
  'refused',
  'closed',
  'sent_back',
  'cancelled',
  'closed',
] as const;
const DUE_IN: Partial<Record<(typeof FATES)[number], number>> = {
  overdue: -4,
  answered: 1,
  in_progress: 3,
  assigned: 9,
  accepted: 2,
  blocked: 12,
  refused: 5,
  sent_back: 1,
  cancelled: 6,
};

async function followThrough(db: Db, cast: SampleCast, record: SampleRecord, start: number): Promise<number> {
  const actions = await rows<{ id: number; lead_id: number; deliverable: string }>(
    db,
    `select id, lead_id, deliverable from actions where meeting_id = :meeting order by id`,
    { meeting: record.meetingId },
  );
  const words = REASONS[record.series.lang];
  const today = dayOf(cast.now, cast.zone);
  const assigned = new Date(record.endsAt.getTime() + 28 * 3_600_000);
  for (const [at, action] of actions.entries()) {
    const fate = FATES[(start + at) % FATES.length] ?? 'closed';
    const state = fate === 'overdue' || fate === 'sent_back' ? 'in_progress' : fate;
    const due =
      fate === 'closed' ? addDays(dayOf(record.endsAt, cast.zone), 7) : addDays(today, DUE_IN[fate] ?? 7);
    // The lead may not close an own action: the chair does, or the secretary for the chair's own.
    const judge = action.lead_id === record.chair ? record.secretary : record.chair;
    const closed =
      fate === 'closed' ? new Date(Math.min(assigned.getTime() + 5 * 86_400_000, cast.now.getTime())) : null;
    await change(
      db,
      `update actions
          set state = :state, due_on = :due, original_due_on = :due, assigned_at = :assigned,
              accepted_at = case when :state not in ('assigned', 'refused', 'cancelled')
                                 then :assigned::timestamptz + interval '3 hours' end,
              state_reason = :reason, closed_at = :closed,
              closed_by = case when :closed::timestamptz is not null then :judge::bigint end,
              version = version + 1
        where id = :id`,
      {
        id: action.id,
        state,
        due,
        assigned,
        closed,
        judge,
        reason: fate === 'blocked' || fate === 'refused' || fate === 'cancelled' ? words[fate] : null,
      },
    );
    await addFollowUp(db, cast, record, { ...action, fate, due, judge, closed });
  }
  return start + actions.length;
}

interface Followed {
  id: number;
  lead_id: number;
  deliverable: string;
  fate: (typeof FATES)[number];
  due: string;
  judge: number;
  closed: Date | null;
}

/** The answer or the reminder that goes with the fate of an action. */
async function addFollowUp(
  db: Db,
  cast: SampleCast,
  { series }: SampleRecord,
  action: Followed,
): Promise<void> {
  const { fate, judge, deliverable } = action;
  const item = series.items.find((one) => one.action?.deliverable === deliverable);
  const text = item?.action?.answer ?? deliverable;
  const note = REASONS[series.lang].sentBack;
  if (fate === 'closed') await addAnswer(db, action, { text, at: action.closed, verdict: 'accepted', judge });
  if (fate === 'answered') await addAnswer(db, action, { text, at: cast.now });
  if (fate === 'sent_back')
    await addAnswer(db, action, { text, at: cast.now, verdict: 'sent_back', judge, note });
  if (fate !== 'overdue') return;
  const at = new Date(cast.now.getTime() - 4 * 86_400_000);
  await change(
    db,
    `insert into reminders (action_id, person_id, level, on_day, at)
     values (:id, :lead, 'due', :due, :at)`,
    { id: action.id, lead: action.lead_id, due: action.due, at },
  );
}

async function addAnswer(
  db: Db,
  action: { id: number; lead_id: number },
  answer: { text: string; at: Date | null; verdict?: string; judge?: number; note?: string },
): Promise<void> {
  await change(
    db,
    `insert into answers (action_id, text, answered_by, answered_at, verdict, verdict_note, verdict_by,
            verdict_at)
     values (:id, :answer, :lead, :at, :verdict, :note, :judge,
             case when :verdict::text is not null then :at::timestamptz end)`,
    {
      id: action.id,
      answer: answer.text,
      lead: action.lead_id,
      at: answer.at,
      verdict: answer.verdict ?? null,
      note: answer.note ?? null,
      judge: answer.judge ?? null,
    },
  );
}
