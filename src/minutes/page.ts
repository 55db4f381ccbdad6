import {
  mayApprove,
  mayCorrect,
  mayEdit,
  mayIssue,
  mayReview,
  maySeeDraft,
  mayTakeBack,
  type MinutesState,
} from './policy.js';
import { findReceipt, listCirculation } from './circulationQueries.js';
import { findMinutes, listComments, listReviews, type Minutes, type VersionLine } from './queries.js';
import { layOutDocument } from './documentPage.js';
import { type Context, type Answer, page } from '../lib/http/route.js';
import type { Translate } from '../lib/i18n/translate.js';
import { mayRecord } from '../meetings/policy.js';
import { checkDraft, type CheckedFinding, overrideKey } from './commands.js';
import { specFor, findDocument, listChanges, type DocumentSpec, seenBy } from './documentQueries.js';
import type { Finding } from './checks.js';
import { loadTypeface } from '../lib/typeset/typeface.js';

/** The way of the minutes, for the rail on their pages. */
export function stepsOf(
  minutes: Pick<Minutes, 'state' | 'has_gate'>,
  t: Translate,
): Array<{ text: string; state: 'done' | 'current' | 'next' }> {
  const names = minutes.has_gate
    ? (['draft', 'review', 'approve', 'issue'] as const)
    : (['draft', 'approve', 'issue'] as const);
  const current: Record<MinutesState, (typeof names)[number] | 'end'> = {
    draft: 'draft',
    returned: 'draft',
    in_review: 'review',
    passed: 'approve',
    approved: 'issue',
    issued: 'end',
  };
  const at =
    current[minutes.state] === 'end'
      ? names.length
      : names.findIndex((name) => name === current[minutes.state]);
  return names.map((name, i) => ({
    text: t(`minutes.step.${name}`),
    state: stepState(i, at),
  }));
}

function stepState(i: number, at: number): 'done' | 'current' | 'next' {
  if (i < at) return 'done';
  return i > at ? 'next' : 'current';
}

export function pillOf(state: MinutesState, t: Translate): { text: string; tone: string } {
  return { text: t(`minutes.state.${state}`), tone: tones[state] };
}

/** The newest version that has gone out. */
export function issuedVersion(minutes: Minutes): VersionLine | undefined {
  return minutes.versions.find((version) => version.issued_at !== null);
}

/** A finding with its place in words and where it can be mended. */
export function describeFinding(minutes: Minutes, t: Translate): (finding: CheckedFinding) => Shown {
  return (finding) => ({
    ...finding,
    text: textOf(finding, t),
    key: overrideKey(finding),
    place_text: placeOf(finding, t),
    href: hrefOf(finding, minutes),
  });
}

/** The page of the minutes, for authors and readers alike; `problems` is told on top of it. */
export async function showMinutes(
  c: Context,
  minutes: Minutes,
  more: { errors?: Record<string, string>; values?: Record<string, unknown>; status?: number } = {},
): Promise<Answer> {
  const shown = versionShown(minutes);
  const seesDraft = maySeeDraft(minutes);
  const spec = await specFor(c.db, c.viewer, minutes, { versionId: shown, lang: minutes.lang });
  const document = layOutDocument(await findDocument(c.db, spec));
  const isOpen = minutes.state === 'draft' || minutes.state === 'returned';
  const findings = seesDraft && isOpen ? await listFindings(c, minutes, spec) : [];
  const comments = seesDraft
    ? (await listComments(c.db, c.viewer, minutes.id)).filter((comment) => comment.review_id !== null)
    : [];
  const issued = issuedVersion(minutes);
  const circulation = seesDraft && issued ? await listCirculation(c.db, minutes.id, issued.id) : [];
  const receipt = await findReceipt(c.db, c.viewer, minutes.id);
  const current = comments.filter(
    (comment) =>
      comment.verdict === 'returned' &&
      minutes.state === 'returned' &&
      comment.version_id === minutes.versions[0]?.id,
  );
  return page(
    'minutes/show',
    {
      title: document.title || c.t('minutes.page.title'),
      minutes,
      document,
      steps: stepsOf(minutes, c.t),
      pill: pillOf(minutes.state, c.t),
      seesDraft,
      isWorking: shown === null,
      may: verbsOf(minutes),
      isEnded: minutes.meeting === null || minutes.meeting.state === 'ended',
      blocking: findings.filter((finding) => finding.isBlocking && !finding.override),
      overridden: findings.filter((finding) => finding.override),
      warnings: findings.filter((finding) => !finding.isBlocking),
      comments: current,
      unanswered: current.filter((comment) => comment.answer === null).length,
      reviews: seesDraft ? await listReviews(c.db, minutes.id) : [],
      changes:
        seesDraft && minutes.state === 'returned' && minutes.versions[0]
          ? await listChanges(c.db, c.lang, spec, { beforeId: minutes.versions[0].id, afterId: null })
          : [],
      issued,
      circulation,
      acknowledged: circulation.filter((one) => one.acknowledged_at !== null).length,
      receipt,
      drawings: drawingLinks(minutes, shown, c.t),
      errors: more.errors ?? {},
      values: more.values ?? {},
      ownSummary: false,
    },
    { status: more.status ?? 200, caching: 'no-store' },
  );
}

function verbsOf(minutes: Minutes) {
  return {
    edit: mayEdit(minutes),
    takeBack: mayTakeBack(minutes),
    review: mayReview(minutes),
    approve: mayApprove(minutes),
    issue: mayIssue(minutes),
    correct: mayCorrect(minutes),
    write: mayEdit(minutes) && minutes.meeting !== null && mayRecord(minutes.meeting),
  };
}

function describeLastStep(
  { t, fmt }: Context,
  version: Minutes['versions'][number] | undefined,
  review: Awaited<ReturnType<typeof listReviews>>[number] | undefined,
): string | null {
  if (version?.approved_at && version.approver)
    return t('minutes.moved.approved', {
      name: fmt.name(version.approver),
      at: fmt.dateTime(version.approved_at),
    });
  if (!review) return null;
  return t(review.verdict === 'passed' ? 'minutes.moved.passed' : 'minutes.moved.returned', {
    name: fmt.name(review.reviewer),
    at: fmt.dateTime(review.at),
  });
}

/** Somebody was quicker: how the minutes stand now, and what was typed, to take along. */
export async function movedPage(c: Context, id: number, typed: string[] = []): Promise<Answer> {
  const minutes = await findMinutes(c.db, c.viewer, id);
  const [last] = minutes.versions;
  const [review] = await listReviews(c.db, id);
  return page(
    'minutes/moved',
    {
      title: c.t('minutes.moved.title'),
      minutes,
      pill: pillOf(minutes.state, c.t),
      last: describeLastStep(c, last, review),
      typed: typed.filter((text) => text !== ''),
    },
    { status: 409, caching: 'no-store' },
  );
}

export function textOf({ code, found }: Finding, t: Translate): string {
  if (code === 'C02')
    return t(`minutes.check.C02.${found === 'nobody' || found === 'chair' ? found : 'secretary'}`);
  if (code === 'F01' && found === '') return t('minutes.check.F01.empty');
  return t(`minutes.check.${code}`, { found });
}

export interface Shown extends CheckedFinding {
  text: string;
  place_text: string;
  href: string;
  key: string;
}

export function placeOf({ place, item }: Finding, t: Translate): string {
  if (place === 'title') return t('minutes.place.title');
  if (place === 'attendance') return t('minutes.place.attendance');
  const [noun] = place.split(':');
  const where = noun === 'action' || noun === 'statement' ? noun : 'item';
  return item === null ? t('minutes.place.general') : t(`minutes.place.${where}`, { item });
}

export function hrefOf({ place, statement }: Finding, minutes: Minutes): string {
  const meeting = `/meetings/${minutes.meeting_id}`;
  if (place === 'title') return `/minutes/${minutes.id}/edit`;
  if (place === 'attendance') return `${meeting}/attendance`;
  if (statement !== null) return `${meeting}/minutes/write?edit=${statement}#statement-${statement}`;
  return `${meeting}/minutes/write?item=${place.startsWith('item:') ? place.slice(5) : 'general'}#write`;
}

export const tones = {
  draft: 'neutral',
  in_review: 'warn',
  returned: 'bad',
  passed: 'warn',
  approved: 'accent',
  issued: 'ok',
} as const;

/**
 * What a person reads on the page: the draft as it stands, the version that is being decided, or what was
 * issued.
 */
export function versionShown(minutes: Minutes): number | null {
  if (!maySeeDraft(minutes)) return issuedVersion(minutes)?.id ?? -1;
  if (minutes.state === 'draft' || minutes.state === 'returned') return null;
  return minutes.versions[0]?.id ?? null;
}

export async function listFindings(c: Context, minutes: Minutes, spec: DocumentSpec): Promise<Shown[]> {
  const { covers } = await loadTypeface(c.config.dataDir);
  const { snapshot, findings } = await checkDraft(
    c.db,
    minutes,
    (codepoint) => covers.regular(codepoint) || covers.latin(codepoint),
  );
  // Findings quote the text: those at hidden items are counted, not quoted.
  const open = new Set(seenBy(snapshot, spec.sees).items.map((item) => item.id));
  const hidden = snapshot.items
    .filter((item) => !open.has(item.id))
    .flatMap((item) => [
      `item:${item.id}`,
      ...item.statements.flatMap((one) => [
        `statement:${one.id}`,
        ...one.actions.map((action) => `action:${action.id}`),
      ]),
      ...item.actions.map((action) => `action:${action.id}`),
    ]);
  return findings
    .map((finding) => (hidden.includes(finding.place) ? { ...finding, found: '…' } : finding))
    .map(describeFinding(minutes, c.t));
}

/** The document's own language first; the official layout exists in Chinese. */
export function drawingLinks(
  minutes: Minutes,
  version: number | null,
  t: Translate,
): Array<{ href: string; label: string }> {
  const number = minutes.versions.find((one) => one.id === version)?.number;
  const at = number === undefined ? '' : `&version=${number}`;
  const link = (lang: string, template: string, label: string) => ({
    href: `/minutes/${minutes.id}/pdf?lang=${lang}&template=${template}${at}`,
    label,
  });
  const chinese = [
    link('zh-CN', 'official', t('minutes.pdf.official')),
    link('zh-CN', 'plain', t('minutes.pdf.plainChinese')),
  ];
  if (minutes.lang === 'zh-CN' && minutes.template === 'plain') chinese.reverse();
  const english = link('en', 'plain', t('minutes.pdf.plainEnglish'));
  return minutes.lang === 'en' ? [english, ...chinese] : [...chinese, english];
}
