import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { layOut } from '../lib/mail/layout.js';
import { asNotice, type MailBlock, type MailRenderer, type MailRenderers } from '../lib/mail/renderer.js';
import { titleOf } from '../meetings/title.js';
import { findItem } from './queries.js';

const Payload = z.object({ itemId: z.number() });

/** A mail about one item, made of what its reader may see of it at the time of sending. */
function about(
  newsOf: (found: Awaited<ReturnType<typeof findItem>>) => 'proposed' | 'accepted' | 'returned' | undefined,
): MailRenderer {
  return async ({ db, config, delivery, t, fmt }) => {
    const found = await findItem(
      db,
      { id: delivery.person_id },
      Payload.parse(delivery.payload).itemId,
    ).catch((error: unknown) => {
      if (error instanceof NotFound) return undefined;
      throw error;
    });
    const what = found && newsOf(found);
    if (!found || !what) return { nothing: 'the item has moved on' };
    const { item, meeting } = found;
    const title = titleOf(t, meeting);
    const values = { title, item: item.title, name: fmt.name(item.proposer) };
    const blocks: MailBlock[] = [
      { kind: 'paragraph', text: t(`agenda.mail.${what}Text`, values) },
      {
        kind: 'facts',
        facts: [
          { label: t('agenda.form.title'), text: item.title },
          { label: t('agenda.form.purpose'), text: t(`agenda.purpose.${item.purpose}`) },
        ],
      },
      ...(what === 'returned' && item.state_reason
        ? [{ kind: 'quote' as const, text: item.state_reason }]
        : []),
      {
        kind: 'buttons',
        buttons: [
          { label: t('agenda.mail.open'), href: `${config.publicUrl}/meetings/${meeting.id}/agenda` },
        ],
      },
    ];
    const subject = t(`agenda.mail.${what}Subject`, values);
    return {
      subject,
      ...layOut({ title: subject, blocks }, { lang: delivery.lang, t, fmt }),
      thread: `meetings:${meeting.id}`,
    };
  };
}

export const renderers: MailRenderers = {
  'agenda.proposed': asNotice(about(({ item }) => (item.state === 'proposed' ? 'proposed' : undefined))),
  'agenda.decided': about(({ item: { state } }) =>
    state === 'accepted' || state === 'returned' ? state : undefined,
  ),
};
