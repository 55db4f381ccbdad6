import { z } from 'zod';
import { layOut } from '../lib/mail/layout.js';
import {
  asNotice,
  type MailBlock,
  type MailRenderer,
  type MailRenderers,
  type NothingToSend,
  type RenderContext,
  type RenderedMail,
} from '../lib/mail/renderer.js';
import { dayOf } from '../lib/time/zone.js';
import { dueWords, sourceOf } from './actionPage.js';
import { isOpen } from './lights.js';
import {
  findAction,
  findConcerned,
  findName,
  findOfficeZone,
  findStanding,
  listAnswers,
  listExtensions,
  overseersOf,
  type ActionDetail,
} from './queries.js';

// Each mail is read through the recipient's own scope: it holds nothing that their page would not show.

const Payload = z.object({
  action_id: z.number(),
  reason: z.string().optional(),
  note: z.string().optional(),
  answer_id: z.number().optional(),
  extension_id: z.number().optional(),
});
const ReminderPayload = z.object({ action_ids: z.array(z.number()), by_hand: z.boolean().optional() });

interface ActionMail extends RenderContext {
  action: ActionDetail;
  payload: z.output<typeof Payload>;
  lead: string;
  link: string;
}

const GONE: NothingToSend = { nothing: 'the action is no longer open to this person' };

function today(c: RenderContext): Promise<string> {
  return c.once('today', async () => dayOf(c.now, await findOfficeZone(c.db)));
}

/** A mail about one action: finds it as the recipient may see it. */
function aboutAction(write: (c: ActionMail) => Promise<RenderedMail | NothingToSend>): MailRenderer {
  return async (c) => {
    const payload = Payload.parse(c.delivery.payload);
    const action = await findAction(c.db, c.delivery.person_id, payload.action_id, await today(c));
    if (!action) return GONE;
    return write({
      ...c,
      action,
      payload,
      lead: action.lead ? c.fmt.name(action.lead) : c.t('actions.card.noLead'),
      link: `${c.config.publicUrl}/actions/${action.id}`,
    });
  };
}

function letter(c: ActionMail, subject: string, blocks: MailBlock[], button: string): RenderedMail {
  const made = layOut(
    { title: subject, blocks: [...blocks, { kind: 'buttons', buttons: [{ label: button, href: c.link }] }] },
    { ...c, lang: c.fmt.lang },
  );
  return { subject, ...made, thread: `actions:${c.action.id}` };
}

function facts(c: ActionMail): MailBlock {
  const { action, t, fmt } = c;
  return {
    kind: 'facts',
    facts: [
      { label: t('actions.mail.what'), text: action.deliverable, href: c.link },
      { label: t('actions.page.lead'), text: c.lead },
      ...(action.helpers.length > 0
        ? [
            {
              label: t('actions.page.helpers'),
              text: action.helpers.map((one) => fmt.name(one)).join(c.fmt.lang === 'en' ? ', ' : '、'),
            },
          ]
        : []),
      ...(action.due_on ? [{ label: t('actions.page.due'), text: fmt.date(action.due_on) }] : []),
      { label: t('actions.page.meeting'), text: sourceOf(c, action.meeting) },
      ...(action.item_title ? [{ label: t('actions.page.item'), text: action.item_title }] : []),
    ],
  };
}

const quote = (text: string | null | undefined): MailBlock[] => (text ? [{ kind: 'quote', text }] : []);

const assigned = aboutAction(async (c) => {
  const standing = await findStanding(c.db, c.delivery.person_id, c.action.id, await today(c));
  if (!standing || !isOpen(c.action.state)) return GONE;
  const source = sourceOf(c, c.action.meeting);
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: standing.is_lead
        ? c.t('actions.mail.assigned.lead', { meeting: source })
        : c.t('actions.mail.assigned.helper', { meeting: source, lead: c.lead }),
    },
    facts(c),
    ...quote(c.payload.note),
  ];
  if (standing.is_lead && !standing.lead_signs_in) {
    const concerned = await findConcerned(c.db, c.action.id);
    const [overseer] = concerned ? overseersOf(concerned) : [];
    const name = overseer ? await findName(c.db, overseer) : undefined;
    if (name)
      blocks.push({
        kind: 'paragraph',
        text: c.t('actions.mail.assigned.noAccount', { name: c.fmt.name(name) }),
      });
  }
  return letter(
    c,
    c.t('actions.mail.assigned.subject', { action: c.action.deliverable }),
    blocks,
    c.t(standing.is_lead ? 'actions.mail.assigned.button' : 'actions.mail.open'),
  );
});

/** Three that say one sentence and a reason. */
const plain = (what: 'refused' | 'blocked' | 'cancelled') =>
  aboutAction(async (c) =>
    letter(
      c,
      c.t(`actions.mail.${what}.subject`, { action: c.action.deliverable }),
      [
        { kind: 'paragraph', text: c.t(`actions.mail.${what}.text`, { lead: c.lead }) },
        ...quote(c.payload.reason),
        facts(c),
      ],
      c.t('actions.mail.open'),
    ),
  );

async function answerOf(c: ActionMail) {
  return (await listAnswers(c.db, c.action.id)).find((answer) => answer.id === c.payload.answer_id);
}

const answered = aboutAction(async (c) => {
  const answer = await answerOf(c);
  if (!answer) return GONE;
  return letter(
    c,
    c.t('actions.mail.answered.subject', { action: c.action.deliverable }),
    [
      { kind: 'paragraph', text: c.t('actions.mail.answered.text', { lead: c.lead }) },
      { kind: 'quote', text: answer.text },
      ...files(c, answer.files.length),
      facts(c),
    ],
    c.t('actions.mail.answered.button'),
  );
});

const accepted = aboutAction(async (c) => {
  const answer = await answerOf(c);
  if (!answer?.judge) return GONE;
  return letter(
    c,
    c.t('actions.mail.accepted.subject', { action: c.action.deliverable }),
    [
      {
        kind: 'paragraph',
        text: c.t('actions.mail.accepted.text', { judge: c.fmt.name(answer.judge), lead: c.lead }),
      },
      { kind: 'quote', text: answer.text },
      ...files(c, answer.files.length),
      ...(answer.verdict_note ? [{ kind: 'paragraph', text: answer.verdict_note } as const] : []),
      facts(c),
    ],
    c.t('actions.mail.open'),
  );
});

const sentBack = aboutAction(async (c) => {
  const answer = await answerOf(c);
  if (!answer?.judge) return GONE;
  return letter(
    c,
    c.t('actions.mail.sentBack.subject', { action: c.action.deliverable }),
    [
      { kind: 'paragraph', text: c.t('actions.mail.sentBack.text', { judge: c.fmt.name(answer.judge) }) },
      ...quote(answer.verdict_note),
      { kind: 'paragraph', text: c.t('actions.mail.sentBack.yours') },
      { kind: 'quote', text: answer.text },
      facts(c),
    ],
    c.t('actions.mail.sentBack.button'),
  );
});

function files(c: ActionMail, count: number): MailBlock[] {
  return count > 0 ? [{ kind: 'paragraph', text: c.t('actions.mail.files'), tone: 'soft' }] : [];
}

const extensionAsked = aboutAction(async (c) => {
  const request = (await listExtensions(c.db, c.action.id)).find((extension) => extension.verdict === null);
  if (!request) return { nothing: 'the extension is decided already' };
  return letter(
    c,
    c.t('actions.mail.extensionAsked.subject', { action: c.action.deliverable }),
    [
      {
        kind: 'paragraph',
        text: c.t('actions.mail.extensionAsked.text', { lead: c.fmt.name(request.asker) }),
      },
      ...quote(request.reason),
      {
        kind: 'facts',
        facts: [
          {
            label: c.t('actions.extension.newDue'),
            text: c.fmt.date(request.new_due_on),
            ...(c.action.due_on ? { was: c.fmt.date(c.action.due_on) } : {}),
          },
        ],
      },
      facts(c),
    ],
    c.t('actions.mail.extensionAsked.button'),
  );
});

const extensionDecided = aboutAction(async (c) => {
  const request = (await listExtensions(c.db, c.action.id)).find(
    (extension) => extension.id === c.payload.extension_id,
  );
  if (!request?.verdict || !request.judge) return GONE;
  return letter(
    c,
    c.t(`actions.mail.extensionDecided.${request.verdict}`, { action: c.action.deliverable }),
    [
      {
        kind: 'paragraph',
        text: c.t(`actions.mail.extensionDecided.${request.verdict}Text`, {
          judge: c.fmt.name(request.judge),
        }),
      },
      ...quote(request.verdict_note),
      facts(c),
    ],
    c.t('actions.mail.open'),
  );
});

/** The digest of a day, or one push by hand. What was answered in the meantime is left out. */
const reminder: MailRenderer = async (c) => {
  const { action_ids, by_hand } = ReminderPayload.parse(c.delivery.payload);
  const day = await today(c);
  const found = await Promise.all(action_ids.map((id) => findAction(c.db, c.delivery.person_id, id, day)));
  const open = found
    .filter((action) => action !== undefined)
    .filter((action) => isOpen(action.state) && action.state !== 'answered' && action.state !== 'refused');
  const [first] = open;
  if (!first) return { nothing: 'everything was answered in the meantime' };
  const mine = open.filter((action) => action.lead?.id === c.delivery.person_id);
  const others = open.filter((action) => action.lead?.id !== c.delivery.person_id);
  const listed = (actions: ActionDetail[], withLead: boolean): MailBlock => ({
    kind: 'facts',
    facts: actions.map((action) => ({
      label: dueWords(c, action, day).text,
      text: [
        action.deliverable,
        withLead && action.lead ? c.fmt.name(action.lead) : '',
        sourceOf(c, action.meeting),
      ]
        .filter(Boolean)
        .join(' · '),
      href: `${c.config.publicUrl}/actions/${action.id}`,
    })),
  });
  const subject =
    mine.length > 0
      ? c.t('actions.mail.reminder.subject', { count: mine.length })
      : c.t('actions.mail.reminder.subjectOthers', { count: others.length });
  const made = layOut(
    {
      title: subject,
      blocks: [
        ...(mine.length > 0
          ? [{ kind: 'paragraph', text: c.t('actions.mail.reminder.mine') } as const, listed(mine, false)]
          : []),
        ...(others.length > 0
          ? [{ kind: 'paragraph', text: c.t('actions.mail.reminder.others') } as const, listed(others, true)]
          : []),
        {
          kind: 'buttons',
          buttons: [
            by_hand
              ? { label: c.t('actions.mail.open'), href: `${c.config.publicUrl}/actions/${first.id}` }
              : { label: c.t('actions.mail.reminder.button'), href: `${c.config.publicUrl}/actions` },
          ],
        },
      ],
    },
    { ...c, lang: c.fmt.lang },
  );
  return { subject, ...made, thread: c.delivery.object };
};

export const renderers: MailRenderers = {
  'actions.assigned': asNotice(assigned),
  'actions.refused': plain('refused'),
  'actions.blocked': asNotice(plain('blocked')),
  'actions.cancelled': plain('cancelled'),
  'actions.answered': answered,
  'actions.accepted': accepted,
  'actions.sentBack': sentBack,
  'actions.extensionAsked': extensionAsked,
  'actions.extensionDecided': extensionDecided,
  'actions.reminder': asNotice(reminder),
};
