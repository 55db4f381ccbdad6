import { z } from 'zod';
import { layOut } from '../lib/mail/layout.js';
import {
  asNotice,
  type MailBlock,
  type MailRenderer,
  type MailRenderers,
  type RenderContext,
} from '../lib/mail/renderer.js';
import { listRequestsById, type RoomRequest } from './queries.js';

const Ids = z.object({ request_ids: z.array(z.number()) });
const One = z.object({ request_id: z.number() });

const whenOf = (c: RenderContext, one: RoomRequest) =>
  `${c.fmt.day(one.starts_at)} ${c.fmt.range(one.starts_at, one.ends_at)}`;
const linkOf = (c: RenderContext, one: RoomRequest) => `${c.config.publicUrl}/rooms/requests/${one.id}`;

/**
 * Several requests in one mail: each a line that leads to its page.
 * What was decided in the meantime is left out.
 */
const mailOfRequests =
  (what: 'asked' | 'reminder'): MailRenderer =>
  async (c) => {
    const { t, fmt } = c;
    const found = await listRequestsById(
      c.db,
      c.delivery.person_id,
      Ids.parse(c.delivery.payload).request_ids,
    );
    const waiting = found.filter((one) => one.state === 'open' && one.ends_at > c.now);
    const [first] = waiting;
    if (!first) return { nothing: 'the requests were decided in the meantime' };
    const count = waiting.length;
    const subject =
      what === 'asked'
        ? t('requests.mail.asked', { count, room: fmt.name(first.room) })
        : t('requests.mail.reminder', { count });
    const blocks: MailBlock[] = [
      {
        kind: 'paragraph',
        text:
          what === 'asked'
            ? t('requests.mail.askedText', { count, name: fmt.name(first.asker) })
            : t('requests.mail.reminderText'),
      },
      {
        kind: 'facts',
        facts: waiting.map((one) => ({
          label: whenOf(c, one),
          text: [
            fmt.name(one.room),
            one.title ?? t('requests.private'),
            fmt.name(one.asker),
            t('requests.row.due', { time: fmt.dateTime(one.due_at) }),
          ].join(' · '),
          href: linkOf(c, one),
        })),
      },
      ...(count === 1 && first.note ? [{ kind: 'quote' as const, text: first.note }] : []),
      {
        kind: 'buttons',
        buttons: [
          count === 1
            ? { label: t('requests.mail.open'), href: linkOf(c, first) }
            : { label: t('requests.mail.list'), href: `${c.config.publicUrl}/rooms/requests` },
        ],
      },
    ];
    return { subject, ...layOut({ title: subject, blocks }, { lang: fmt.lang, t, fmt }) };
  };

/** The answer to who asked. It is the last word on its request, so it is sent whatever happened since. */
const decided: MailRenderer = async (c) => {
  const { t, fmt } = c;
  const [one] = await listRequestsById(c.db, c.delivery.person_id, [
    One.parse(c.delivery.payload).request_id,
  ]);
  if (!one?.decider || (one.state !== 'approved' && one.state !== 'returned' && one.state !== 'refused'))
    return { nothing: 'the request was not decided' };
  const subject = t(`requests.mail.${one.state}`, { room: fmt.name(one.room), time: whenOf(c, one) });
  const page = `${c.config.publicUrl}/meetings/${one.meeting_id}`;
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: t(`requests.mail.${one.state}Text`, { name: fmt.name(one.decider) }) },
    {
      kind: 'facts',
      facts: [
        { label: t('requests.mail.meeting'), text: one.title ?? t('requests.private'), href: page },
        { label: t('requests.page.room'), text: fmt.name(one.room) },
        { label: t('requests.page.when'), text: whenOf(c, one) },
        ...(one.reason_code
          ? [{ label: t('requests.mail.reason'), text: t(`requests.code.${one.reason_code}`) }]
          : []),
      ],
    },
    ...(one.reason ? [{ kind: 'quote' as const, text: one.reason }] : []),
    { kind: 'buttons', buttons: [{ label: t('requests.mail.see'), href: page }] },
  ];
  return {
    subject,
    ...layOut({ title: subject, blocks }, { lang: fmt.lang, t, fmt }),
    thread: `meetings:${one.meeting_id}`,
  };
};

export const renderers: MailRenderers = {
  'rooms.requestsAsked': mailOfRequests('asked'),
  'rooms.requestReminder': asNotice(mailOfRequests('reminder')),
  'rooms.requestDecided': decided,
};
