// The items of minutes as they read: phrase, text and notes of every statement and action.
import type { Lang, Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import { personOf } from './attendance.js';
import { chineseNumber, longDate } from './numerals.js';
import type { SnapshotAction, SnapshotDecision, SnapshotItem, SnapshotStatement } from './snapshot.js';

export interface DocumentParagraph {
  /** The statement it says, for anchors and comments; null for actions that hang on none. */
  statementId: number | null;
  kind: SnapshotStatement['kind'] | 'action';
  /** "It was resolved: " · "会议议定：", set off from the text. */
  phrase: string;
  text: string;
  /** Vote, lead and due date, for brackets after the text. */
  notes: string[];
}

export interface DocumentItem {
  id: number | null;
  /** "1." · "一、" */
  marker: string;
  title: string;
  /** What this reader may not see keeps its place in the numbering. */
  isWithheld: boolean;
  paragraphs: DocumentParagraph[];
}

export type ReadItem = SnapshotItem & { isWithheld: boolean };

/** What was said outside the items has no number. */
export function numbered(items: ReadItem[], lang: Lang): Array<[ReadItem, string]> {
  let n = 0;
  return items.map((item) => {
    if (item.id === null) return [item, ''];
    n += 1;
    return [item, lang === 'en' ? `${n}.` : `${chineseNumber(n)}、`];
  });
}

export function documentItem(item: ReadItem, marker: string, t: Translate, fmt: Format): DocumentItem {
  if (item.isWithheld)
    return { id: item.id, marker, title: t('minutes.document.withheld'), isWithheld: true, paragraphs: [] };
  return {
    id: item.id,
    marker,
    title: item.title,
    isWithheld: false,
    paragraphs: [
      ...item.statements.flatMap((statement) => statementParagraphs(statement, t, fmt)),
      ...item.actions.map((action) => actionParagraph(action, null, t, fmt)),
      ...(item.state === 'carried_over' || item.state === 'deferred'
        ? [
            {
              statementId: null,
              kind: 'deferred' as const,
              phrase: '',
              text: t(`minutes.document.${item.state === 'deferred' ? 'deferred' : 'carriedOver'}`),
              notes: [],
            },
          ]
        : []),
    ],
  };
}

/** An action that only repeats its statement becomes a note of it; any other is a paragraph of its own. */
function statementParagraphs(statement: SnapshotStatement, t: Translate, fmt: Format): DocumentParagraph[] {
  const text = statement.text.trim();
  const isSame = (action: SnapshotAction): boolean => action.deliverable.trim() === text;
  const own = statement.actions.filter(isSame).map((action) => duty(action, t, fmt));
  const others = statement.actions
    .filter((action) => !isSame(action))
    .map((action) => actionParagraph(action, statement.id, t, fmt));
  const notes = [...(statement.decision ? votesOf(statement.decision, t) : []), ...own];
  return [
    {
      statementId: statement.id,
      kind: statement.kind,
      ...parted(statement.kind, text, t(`minutes.phrase.${statement.kind}`)),
      notes,
    },
    ...others,
  ];
}

/** How people begin a statement of each kind by themselves. */
const ownWords: Record<SnapshotStatement['kind'], RegExp> = {
  heard: /^(?:会议)?听取了?|^the meeting heard\b/i,
  considered: /^(?:会议)?认为|^the meeting (?:considered|took the view)\b/i,
  noted: /^(?:会议)?指出|^(?:it was|the meeting) noted\b/i,
  stressed: /^(?:会议)?强调|^(?:it was|the meeting) stressed\b/i,
  required: /^(?:会议)?要求|^(?:it was|the meeting) required\b/i,
  resolved: /^(?:会议)?(?:议定|决定|明确)|^(?:it was|the meeting) (?:resolved|decided|agreed)\b/i,
  approved_in_principle: /^(?:会议)?原则(?:上)?同意|^approved in principle\b/i,
  deferred: /^(?:会议)?(?:决定)?暂缓|^deferred\b/i,
};

/** Words of any kind that already say who speaks: 会议听取了…, also where it was noted as something else. */
const wholeSubject = /^(?:会议|the meeting\b|it was\b)/i;

/** A text that begins with its phrase keeps it: 原则同意… becomes 会议原则同意 and the rest. */
function parted(
  kind: SnapshotStatement['kind'],
  text: string,
  phrase: string,
): { phrase: string; text: string } {
  const own =
    ownWords[kind].exec(text)?.[0] ??
    (wholeSubject.test(text)
      ? Object.values(ownWords)
          .map((words) => words.exec(text)?.[0])
          .find((found) => found !== undefined)
      : undefined);
  if (!own) return { phrase, text };
  const rest = text.slice(own.length);
  return { phrase: /^[一-鿿]/.test(own) && !own.startsWith('会议') ? `会议${own}` : own, text: rest };
}

function actionParagraph(
  action: SnapshotAction,
  statementId: number | null,
  t: Translate,
  fmt: Format,
): DocumentParagraph {
  return {
    statementId,
    kind: 'action',
    phrase: t('minutes.phrase.action'),
    text: action.deliverable.trim(),
    notes: [duty(action, t, fmt)],
  };
}

export function votesOf(decision: SnapshotDecision, t: Translate): string[] {
  if (decision.basis === 'consensus') return [];
  return [
    t('minutes.document.votes', {
      for: decision.votes_for ?? 0,
      against: decision.votes_against ?? 0,
      abstentions: decision.abstentions ?? 0,
    }),
  ];
}

export function duty(action: SnapshotAction, t: Translate, fmt: Format): string {
  return [
    t('minutes.document.dutyLead', {
      name: action.lead ? personOf(action.lead, fmt) : t('minutes.document.noLead'),
    }),
    ...(action.helpers.length > 0
      ? [
          t('minutes.document.dutyHelpers', {
            names: action.helpers.map((helper) => personOf(helper, fmt)).join(t('minutes.document.comma')),
          }),
        ]
      : []),
    t('minutes.document.dutyDue', {
      date: action.due_on ? longDate(action.due_on, fmt.lang) : t('minutes.document.noDue'),
    }),
  ].join(t('minutes.document.semicolon'));
}
