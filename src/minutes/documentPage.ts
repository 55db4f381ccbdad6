import type { MinutesDocument } from '../documents/document.js';
import type { DocumentItem, DocumentParagraph } from '../documents/items.js';

// The document as its page lays it out: joins and marks are chosen here, the template only writes them down.

export interface PageParagraph {
  statementId: number | null;
  isAction: boolean;
  phrase: string;
  text: string;
  notes: string[];
  /** The beginning of its words, to name it by. */
  about: string;
  /** First and last paragraph of its statement. */
  isFirst: boolean;
  isLast: boolean;
}

export function layOutDocument(document: MinutesDocument) {
  const isOfficial = document.template === 'official';
  const isChinese = document.lang === 'zh-CN';
  const [colon, comma, semicolon] = isChinese ? ['：', '、', '；'] : [': ', ', ', '; '];
  const nameGroup = ({ unit, names }: { unit: string; names: string[] }) => {
    const prefix = unit ? unit + (isOfficial ? ' ' : colon) : '';
    return prefix + names.join(comma);
  };
  return {
    ...document,
    isOfficial,
    heading: [document.office, document.number].filter(Boolean).join(' · '),
    attendance: document.attendance.map(({ label, groups }) => ({
      label,
      names: groups.map(nameGroup).join(isOfficial ? '，' : semicolon),
    })),
    items: document.items.map((item) => layOutItem(item, isOfficial, isChinese)),
    hasActions: !isOfficial && document.actions.length > 0,
    closing: isOfficial ? null : document.closing,
    listsAttendance: isOfficial && document.attendance.length > 0,
    attachments: document.attachments && attachmentLine(document.attachments, isChinese),
    approved: isOfficial ? null : document.approved,
    copies:
      document.copies && document.copies.label + colon + document.copies.names + (isChinese ? '。' : ''),
    hasColophon: document.copies !== null || document.issued !== null,
  };
}

function layOutItem(item: DocumentItem, isOfficial: boolean, isChinese: boolean) {
  const gap = isChinese || !item.marker ? '' : ' ';
  return {
    id: item.id,
    marker: item.marker,
    heading: item.title ? item.marker + gap + item.title : '',
    isWithheld: item.isWithheld,
    paragraphs: item.paragraphs.map((paragraph, at): PageParagraph => {
      const { statementId } = paragraph;
      const isOwn = statementId !== null;
      return {
        ...layOutParagraph(paragraph, isOfficial),
        isFirst: isOwn && item.paragraphs[at - 1]?.statementId !== statementId,
        isLast: isOwn && item.paragraphs[at + 1]?.statementId !== statementId,
      };
    }),
  };
}

const STOP = /[。；！？.]$/;

/** The official layout takes notes into the sentence, in brackets before its stop. */
function layOutParagraph(paragraph: DocumentParagraph, isOfficial: boolean) {
  const { statementId, kind, phrase, text, notes } = paragraph;
  const isBracketed = isOfficial && notes.length > 0;
  const stop = STOP.exec(text)?.[0] ?? '。';
  const bracketed = text.replace(STOP, '') + notes.map((note) => `（${note}）`).join('') + stop;
  return {
    statementId,
    isAction: kind === 'action',
    phrase,
    text: isBracketed ? bracketed : text,
    notes: isBracketed ? [] : notes,
    about: (phrase + text).slice(0, 60),
  };
}

function attachmentLine(
  { label, entries }: { label: string; entries: string[] },
  isChinese: boolean,
): string {
  const numbered = entries.length > 1 ? entries.map((entry, at) => `${at + 1}. ${entry}`) : entries;
  return label + numbered.join(isChinese ? '　' : '  ');
}
