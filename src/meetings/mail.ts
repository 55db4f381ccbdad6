import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers } from '../lib/mail/renderer.js';
import { findPersonOption } from '../people/queries.js';
import { findMeeting } from './queries.js';
import { titleOf } from './title.js';

const Message = z.object({ subject: z.string(), text: z.string(), by: z.number() });

export const renderers: MailRenderers = {
  /** What the organiser writes to everybody, word for word. */
  async 'meetings.message'({ db, config, delivery, t, fmt, once }) {
    const message = Message.parse(delivery.payload);
    const meeting = await findMeeting(db, { id: delivery.person_id }, delivery.meeting_id ?? -1).catch((error: unknown) => {
      if (error instanceof NotFound) return undefined; // removed in the meantime
      throw error;
    });
    if (!meeting) return { nothing: 'the person no longer takes part' };
    const sender = await once(`person:${message.by}`, () => findPersonOption(db, message.by));
    const name = fmt.name(sender);
    const title = titleOf(t, meeting);
    const places = [...meeting.rooms.map((room) => fmt.name(room)), meeting.place, meeting.link].filter((place): place is string => Boolean(place));
    const letter = layOut(
      {
        title: message.subject,
        blocks: [
          { kind: 'paragraph', text: t('meetings.message.mailIntro', { name, title }), tone: 'soft' },
          { kind: 'quote', text: message.text },
          {
            kind: 'facts',
            facts: [
              { label: t('meetings.message.mailWhen'), text: `${fmt.day(meeting.starts_at)} ${fmt.range(meeting.starts_at, meeting.ends_at)} (${fmt.zone})` },
              ...(places.length ? [{ label: t('meetings.message.mailWhere'), text: places.join(' · ') }] : []),
            ],
          },
          { kind: 'buttons', buttons: [{ label: t('meetings.message.mailOpen'), href: `${config.publicUrl}/meetings/${meeting.id}` }] },
        ],
      },
      { lang: delivery.lang, t, fmt },
    );
    return {
      subject: message.subject, ...letter, senderName: name, thread: `meetings:${meeting.id}`,
      ...(sender?.email ? { replyTo: { name, address: sender.email } } : {}),
    };
  },
};
