import { listHistoryOf, type HistoryRow } from '../lib/audit/history.js';
import { describeAction } from '../lib/audit/describe.js';
import { NotFound } from '../lib/http/errors.js';
import { page, type Answer, type Context } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { titleOf } from '../meetings/title.js';
import { daysBetween, lightOf, type ActionState } from './lights.js';
import type { ActionRow } from './listQueries.js';
import { may, verbsOf } from './policy.js';
import { actionFacts, leadName, nextOf, otherVerbs, showAnswer, showExtension } from './actionSections.js';
import {
  findAction,
  findStanding,
  listAnswers,
  listExtensions,
  listReminders,
  type ActionDetail,
} from './queries.js';

/** Today in the organisation's zone: due dates are days of the office, not of the reader. */
export function todayOf(c: Pick<Context, 'now' | 'office'>): string {
  return dayOf(c.now, c.office.zone);
}

export interface DueWords {
  text: string;
  tone: 'bad' | 'accent' | 'neutral';
}

/** How an action stands against its day, in words; the colour repeats them. */
export function dueWords(
  c: Pick<Context, 't' | 'fmt'>,
  action: { state: ActionState; due_on: string | null },
  today: string,
): DueWords {
  if (!action.due_on) return { text: c.t('actions.due.none'), tone: 'neutral' };
  const light = lightOf(action, today);
  const days = daysBetween(today, action.due_on);
  if (light === 'red') return { text: c.t('actions.due.late', { count: -days }), tone: 'bad' };
  if (light === 'blue')
    return {
      text: days === 0 ? c.t('actions.due.today') : c.t('actions.due.in', { count: days }),
      tone: 'accent',
    };
  return { text: c.t('actions.due.on', { date: c.fmt.shortDate(action.due_on) }), tone: 'neutral' };
}

const TONES: Partial<Record<ActionState, 'warn' | 'ok'>> = {
  answered: 'warn',
  refused: 'warn',
  blocked: 'warn',
  planned: 'warn',
  closed: 'ok',
};

export function stateTone(state: ActionState): 'warn' | 'ok' | 'neutral' {
  return TONES[state] ?? 'neutral';
}

/** Where an action comes from, as far as the viewer may know. */
export function sourceOf(
  c: Pick<Context, 't'>,
  meeting: { title: string; number: number | null } | null,
): string {
  return meeting ? titleOf(c.t, meeting) : c.t('actions.source.private');
}

export function toCard(c: Context, action: ActionRow, today: string) {
  return {
    ...action,
    due: dueWords(c, action, today),
    tone: stateTone(action.state),
    source: sourceOf(c, action.meeting),
  };
}

/** A card of the board: in its column, an answered action shows its answer instead of its day. */
export function toBoardCard(c: Context, action: ActionRow, column: string, today: string) {
  const card = toCard(c, action, today);
  const { lead, state } = action;
  const isAnswered = column === 'answered';
  const name = lead ? c.fmt.name(lead) : c.t('actions.card.noLead');
  const letters = [...(action.answer ?? '')];
  const answer = letters.length > 80 ? `${letters.slice(0, 80).join('')}…` : action.answer;
  const facts = [];
  if (!isAnswered) facts.push({ text: card.due.text, isBad: card.due.tone === 'bad' });
  if (isAnswered && answer) facts.push({ text: c.t('actions.card.answer', { text: answer }) });
  if (action.reminders && !isAnswered)
    facts.push({ text: c.t('actions.card.reminders', { count: action.reminders }) });
  return {
    id: action.id,
    deliverable: action.deliverable,
    lead: lead && !lead.is_active ? c.t('actions.card.deactivated', { name }) : name,
    facts,
    source: c.t('actions.card.from', { meeting: card.source }),
    pill:
      state === 'in_progress' || state === 'answered'
        ? undefined
        : { text: c.t(`actions.state.${state}`), tone: card.tone },
  };
}

/** The page of one action; after a refusal with what is wrong on top and what was typed kept. */
export async function actionPage(
  c: Context,
  id: number,
  more: { status?: number; errors?: Record<string, string>; values?: Record<string, unknown> } = {},
): Promise<Answer> {
  const today = todayOf(c);
  const [action, standing] = await Promise.all([
    findAction(c.db, c.viewer.id, id, today),
    findStanding(c.db, c.viewer.id, id, today),
  ]);
  if (!action || !standing) throw new NotFound();
  const [answers, extensions, reminders, history] = await Promise.all([
    listAnswers(c.db, id),
    listExtensions(c.db, id),
    listReminders(c.db, id),
    listHistoryOf(c.db, 'actions', id),
  ]);
  const waiting = extensions.find((extension) => extension.verdict === null);
  const open = answers.find((answer) => answer.verdict === null);
  const due = dueWords(c, action, today);
  const source = sourceOf(c, action.meeting);
  const verbs = verbsOf(standing);
  const isMine = standing.is_lead || standing.is_deputy;
  return page(
    'actions/action',
    {
      title: action.deliverable,
      action,
      crumbs: crumbsOf(c, action, source),
      lead: leadName(c, action),
      due: due.tone === 'neutral' ? undefined : due,
      tone: stateTone(action.state),
      facts: actionFacts(c, action, source),
      next: nextOf(c, action, verbs, isMine),
      verbs,
      alsoAnswers: verbs.takeOn && verbs.answer,
      others: otherVerbs(c, action, verbs),
      answers: answers.map((answer) => showAnswer(c, answer)),
      judged: verbs.judge ? open : undefined,
      // Nobody decides about a request of their own.
      waiting: waiting && may('extend', standing) ? waiting : undefined,
      extensions: extensions.map((extension) => showExtension(c, extension)),
      reminders,
      isUnreachable: action.lead !== null && (!action.lead.email || !action.lead.is_active),
      history: history.map((entry) => showEntry(c, entry)),
      errors: more.errors ?? {},
      values: more.values ?? {},
    },
    { status: more.status ?? 200, caching: 'no-store' },
  );
}

function crumbsOf(c: Context, { meeting }: Pick<ActionDetail, 'meeting'>, source: string) {
  const crumbs = [{ href: '/actions', text: c.t('actions.title') }];
  if (meeting) crumbs.push({ href: `/meetings/${meeting.id}`, text: source });
  return crumbs;
}

function showEntry(c: Context, entry: HistoryRow) {
  const name = entry.person ? c.fmt.name(entry.person) : c.t('actions.page.system');
  return {
    at: entry.at,
    text: describeAction(c.t, entry.action),
    note: entry.note,
    by: entry.behalf ? c.t('actions.page.onBehalf', { name, leader: c.fmt.name(entry.behalf) }) : name,
  };
}

/** Somebody was quicker: 409, and how it stands now. */
export function movedPage(
  c: Context,
  id: number,
  state: ActionState,
  values: Record<string, unknown> = {},
): Promise<Answer> {
  return actionPage(c, id, {
    status: 409,
    errors: { '': c.t('actions.error.moved', { state: c.t(`actions.state.${state}`) }) },
    values,
  });
}
