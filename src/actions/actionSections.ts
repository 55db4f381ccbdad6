import type { Context } from '../lib/http/route.js';
import type { ActionState } from './lights.js';
import type { Verb } from './policy.js';
import type { ActionDetail, AnswerRow, ExtensionRow } from './queries.js';

// The parts of the page of one action as its template writes them. Pure: rows go in, words come out.

type Reader = Pick<Context, 't' | 'fmt' | 'lang'>;
type Verbs = Record<Verb, boolean>;

const WAITS = {
  planned: 'plan',
  assigned: 'lead',
  refused: 'reassign',
  answered: 'accept',
  closed: 'closed',
  cancelled: 'cancelled',
} as const satisfies Partial<Record<ActionState, string>>;

export function leadName({ t, fmt }: Reader, { lead }: Pick<ActionDetail, 'lead'>): string {
  return lead ? fmt.name(lead) : t('actions.card.noLead');
}

/** What is known about the action; facts without a text are left out by the template. */
export function actionFacts(c: Reader, action: ActionDetail, source: string) {
  const { t, fmt } = c;
  const isDueMoved = action.original_due_on !== null && action.original_due_on !== action.due_on;
  const isReworded = action.statement !== action.deliverable;
  const dateTime = (at: Date | null) => (at ? fmt.dateTime(at) : '');
  const comma = c.lang === 'en' ? ', ' : '、';
  return [
    { label: t('actions.page.reason'), text: action.state_reason },
    { label: t('actions.page.statement'), text: isReworded ? action.statement : '' },
    { label: t('actions.page.lead'), text: leadLine(c, action) },
    {
      label: t('actions.page.helpers'),
      text: action.helpers.map((one) => fmt.name(one)).join(comma),
    },
    {
      label: t('actions.page.due'),
      text: action.due_on ? fmt.date(action.due_on) : t('actions.due.none'),
    },
    {
      label: t('actions.page.originalDue'),
      text: isDueMoved && action.original_due_on ? fmt.date(action.original_due_on) : '',
    },
    {
      label: t('actions.page.meeting'),
      text: source,
      href: action.meeting ? `/meetings/${action.meeting.id}` : undefined,
    },
    { label: t('actions.page.item'), text: action.item_title },
    { label: t('actions.page.proposer'), text: action.proposer ? fmt.name(action.proposer) : '' },
    { label: t('actions.page.assigned'), text: dateTime(action.assigned_at) },
    { label: t('actions.page.taken'), text: dateTime(action.accepted_at) },
  ];
}

/** The lead with their unit, and whether they have left. */
function leadLine(c: Reader, action: ActionDetail): string {
  const { lead } = action;
  const name = leadName(c, action);
  if (!lead) return name;
  const known = lead.is_active ? name : c.t('actions.card.deactivated', { name });
  return [known, c.lang === 'en' ? lead.unit_en : lead.unit_zh].filter(Boolean).join(' · ');
}

/** What the page asks of its reader: a verb, a link, or a sentence on whom it waits for. */
export function nextOf(c: Reader, action: ActionDetail, verbs: Verbs, isMine: boolean) {
  const { t, fmt } = c;
  const here = `/actions/${action.id}`;
  if (verbs.takeOn) return { action: `${here}/acceptance`, label: t('actions.verb.takeOn') };
  if (verbs.answer)
    return { href: `${here}/answer`, label: t(isMine ? 'actions.verb.answer' : 'actions.verb.answerFor') };
  if (verbs.judge) return { href: '#answers', label: t('actions.answer.waiting') };
  if (verbs.handOver && needsLead(action.state))
    return {
      href: `${here}/handover`,
      label: t(action.state === 'planned' ? 'actions.verb.assign' : 'actions.verb.handOver'),
    };
  const waits: Partial<Record<ActionState, (typeof WAITS)[keyof typeof WAITS]>> = WAITS;
  const closer = action.state === 'closed' ? action.closer : null;
  return {
    text: t(`actions.wait.${waits[action.state] ?? 'answer'}`, {
      name: closer ? fmt.name(closer) : leadName(c, action),
      date: action.closed_at ? fmt.day(action.closed_at) : '',
    }),
  };
}

const needsLead = (state: ActionState) => state === 'refused' || state === 'planned';

/** Verbs that are seldom wanted. */
export function otherVerbs({ t }: Reader, action: ActionDetail, verbs: Verbs) {
  const here = `/actions/${action.id}`;
  const items: { href: string; text: string; apart?: boolean }[] = [];
  if (verbs.refuse) items.push({ href: `${here}/refusal`, text: t('actions.verb.refuse') });
  if (verbs.block) items.push({ href: `${here}/obstacle`, text: t('actions.verb.block') });
  if (verbs.askExtension) items.push({ href: `${here}/extension`, text: t('actions.verb.extension') });
  else if (verbs.extend) items.push({ href: `${here}/extension`, text: t('actions.verb.extend') });
  if (verbs.handOver && !needsLead(action.state))
    items.push({ href: `${here}/handover`, text: t('actions.verb.handOver') });
  if (verbs.cancel) items.push({ href: `${here}/cancellation`, text: t('actions.verb.cancel'), apart: true });
  return items;
}

interface Look {
  look: string;
  pill: { text: string; tone: 'ok' | 'bad' | 'warn' };
}

/** An answer with how it looks, who gave it and what became of it. */
export function showAnswer(c: Reader, answer: AnswerRow) {
  const { t, fmt } = c;
  const name = fmt.name(answer.author);
  const time = fmt.dateTime(answer.answered_at);
  return {
    id: answer.id,
    ...lookOfAnswer(c, answer),
    by: answer.written_for
      ? t('actions.answer.byFor', { name, leader: fmt.name(answer.written_for), time })
      : t('actions.answer.by', { name, time }),
    text: answer.text,
    files: answer.files,
    verdict: answer.verdict ? verdictLine(c, answer) : undefined,
  };
}

function lookOfAnswer({ t }: Reader, { verdict }: AnswerRow): Look {
  if (verdict === 'accepted')
    return { look: ' statement-decision', pill: { text: t('actions.answer.accepted'), tone: 'ok' } };
  if (verdict) return { look: '', pill: { text: t('actions.answer.sentBack'), tone: 'bad' } };
  return { look: ' statement-open', pill: { text: t('actions.answer.waiting'), tone: 'warn' } };
}

/** Who accepted an answer or sent it back, when, and what they said. */
export function verdictLine(
  { t, fmt }: Reader,
  { judge, verdict_at, verdict_note }: Pick<AnswerRow, 'judge' | 'verdict_at' | 'verdict_note'>,
): string {
  const name = fmt.name(judge);
  const time = verdict_at ? fmt.dateTime(verdict_at) : '';
  return verdict_note
    ? t('actions.answer.verdict', { name, time, note: verdict_note })
    : t('actions.answer.verdictPlain', { name, time });
}

export function showExtension(c: Reader, extension: ExtensionRow) {
  const { t, fmt } = c;
  return {
    ...lookOfExtension(c, extension),
    at: fmt.dateTime(extension.asked_at),
    text: t('actions.extension.asked', {
      name: fmt.name(extension.asker),
      date: fmt.date(extension.new_due_on),
      reason: extension.reason,
    }),
    verdict: extension.judge && extension.verdict_note ? verdictLine(c, extension) : undefined,
  };
}

function lookOfExtension({ t }: Reader, { verdict }: ExtensionRow): Look {
  if (verdict === 'granted') return { look: '', pill: { text: t('actions.extension.granted'), tone: 'ok' } };
  if (verdict) return { look: '', pill: { text: t('actions.extension.refused'), tone: 'bad' } };
  return { look: ' statement-open', pill: { text: t('actions.extension.waiting'), tone: 'warn' } };
}
