import type { MailBlock, MailRenderers, RenderContext, RenderedMail } from '../lib/mail/renderer.js';
import { layOut } from '../lib/mail/layout.js';
import { fileName, type MinutesDocument } from '../documents/document.js';
import type { DocumentItem } from '../documents/items.js';
import { findDocument, specFor } from './documentQueries.js';
import { keepDrawing } from './drawingCommands.js';
import { canSignIn } from './circulationQueries.js';
import { findMinutes, type Minutes } from './queries.js';

/** Who has the next step, or whose step was decided: a line and a button. */
function note(what: 'toReview' | 'toApprove' | 'returned' | 'approved') {
  return async ({
    db,
    config,
    delivery,
    t,
    fmt,
  }: RenderContext): Promise<RenderedMail | { nothing: string }> => {
    const minutes = await findMinutes(db, { id: delivery.person_id }, Number(delivery.payload.minutes_id));
    const state = { toReview: 'in_review', toApprove: 'passed', returned: 'returned', approved: 'approved' }[
      what
    ];
    if (minutes.state !== state) return { nothing: `minutes ${minutes.id} are ${minutes.state}` };
    const values = { title: minutes.title, author: fmt.name(minutes.author) };
    const page =
      what === 'toReview' || what === 'toApprove'
        ? `/minutes/${minutes.id}/review`
        : `/meetings/${minutes.meeting_id}/minutes`;
    const title = t(`minutes.mail.${what}.subject`, values);
    const blocks: MailBlock[] = [
      { kind: 'paragraph', text: t(`minutes.mail.${what}.text`, values) },
      {
        kind: 'buttons',
        buttons: [{ label: t(`minutes.mail.${what}.button`), href: `${config.publicUrl}${page}` }],
      },
    ];
    return {
      subject: title,
      ...layOut({ title, blocks }, { lang: delivery.lang, t, fmt }),
      thread: `meetings:${minutes.meeting_id}`,
    };
  };
}

/**
 * The issued minutes, as this recipient may read them, with the PDF; in the recipient's language too where
 * the document has another.
 */
async function circulation(context: RenderContext): Promise<RenderedMail> {
  const { db, config, delivery, t, fmt } = context;
  const recipient = { id: delivery.person_id };
  const minutes = await findMinutes(db, recipient, Number(delivery.payload.minutes_id));
  const versionId = Number(delivery.payload.version_id);
  const own = await specFor(db, recipient, minutes, { versionId, lang: delivery.lang });
  const specs =
    delivery.lang === minutes.lang ? [own] : [await specFor(db, recipient, minutes, { versionId }), own];
  const document = await findDocument(db, own);
  const title = t('minutes.mail.circulation.subject', { title: minutes.title });
  const attachments = [];
  for (const spec of specs) {
    attachments.push({
      name: fileName(minutes.title, minutes.lang, spec.lang),
      mediaType: 'application/pdf',
      content: await keepDrawing(db, config.dataDir, spec),
    });
  }
  const blocks = [...lettersOf(document, t), ...(await receiptOf(context, minutes))];
  return {
    subject: title,
    ...layOut({ title: minutes.title, blocks }, { lang: delivery.lang, t, fmt }),
    attachments,
    thread: `meetings:${minutes.meeting_id}`,
  };
}

async function receiptOf({ db, config, delivery, t }: RenderContext, minutes: Minutes): Promise<MailBlock[]> {
  if (!(await canSignIn(db, delivery.person_id))) return [];
  return [
    { kind: 'paragraph', text: t('minutes.mail.circulation.receipt') },
    {
      kind: 'buttons',
      buttons: [
        {
          label: t('minutes.mail.circulation.button'),
          href: `${config.publicUrl}/minutes/${minutes.id}/receipt`,
        },
      ],
    },
  ];
}

function lettersOf(document: MinutesDocument, t: RenderContext['t']): MailBlock[] {
  return [
    { kind: 'paragraph', text: t('minutes.mail.circulation.text', { number: document.number ?? '' }) },
    ...(document.correction
      ? [{ kind: 'paragraph' as const, text: document.correction, tone: 'warn' as const }]
      : []),
    {
      kind: 'facts',
      facts: [
        ...document.facts.map(({ label, value }) => ({ label, text: value })),
        ...attendanceOf(document),
      ],
    },
    ...document.items.flatMap((item) => itemBlocks(item, document.lang)),
    ...(document.actions.length > 0
      ? [
          { kind: 'heading' as const, text: document.actionLabels.heading },
          {
            kind: 'list' as const,
            items: document.actions.map((each) => dutyOf(document, each)),
          },
        ]
      : []),
    ...(document.closing ? [{ kind: 'paragraph' as const, text: document.closing }] : []),
    ...(document.approved ? [{ kind: 'paragraph' as const, text: document.approved }] : []),
    { kind: 'paragraph', text: document.provenance, tone: 'soft' },
  ];
}

function dutyOf(
  { lang, actionLabels }: MinutesDocument,
  { action, lead, due }: MinutesDocument['actions'][number],
): string {
  return lang === 'en'
    ? `${action} (${actionLabels.lead}: ${lead}; ${actionLabels.due}: ${due})`
    : `${action}（${actionLabels.lead}：${lead}；${actionLabels.due}：${due}）`;
}

function attendanceOf(document: MinutesDocument): Array<{ label: string; text: string }> {
  const [open, comma, semicolon] = document.lang === 'en' ? [': ', ', ', '; '] : ['：', '、', '；'];
  return document.attendance.map(({ label, groups }) => ({
    label,
    text: groups
      .map((group) => (group.unit ? group.unit + open : '') + group.names.join(comma))
      .join(semicolon),
  }));
}

function itemBlocks(item: DocumentItem, lang: string): MailBlock[] {
  return [
    ...(item.title
      ? [
          {
            kind: 'heading' as const,
            text: `${item.marker}${lang === 'en' && item.marker ? ' ' : ''}${item.title}`,
          },
        ]
      : []),
    ...item.paragraphs.map((paragraph) => ({
      kind: 'paragraph' as const,
      text: [`${paragraph.phrase}${paragraph.text}`, ...paragraph.notes].join('\n'),
    })),
  ];
}

export const renderers: MailRenderers = {
  'minutes.circulation': circulation,
  'minutes.toReview': note('toReview'),
  'minutes.toApprove': note('toApprove'),
  'minutes.returned': note('returned'),
  'minutes.approved': note('approved'),
};
