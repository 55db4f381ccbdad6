import { z } from 'zod';
import type { Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers } from '../lib/mail/renderer.js';
import type { Format } from '../lib/time/format.js';
import { findPersonOption } from '../people/queries.js';
import { findMeeting, type Meeting } from './queries.js';
import { titleOf } from './title.js';

const Message = z.object({ subject: z.string(), text: z.string(), by: z.number() });

const Named = z.object({ name_en: z.string(), name_zh: z.string() });
const RoomsChanged = z.object({
  from: z.array(Named),
  to: z.array(Named),
  reason: z.string().nullable(),
  by: z.number(),
});
const CalledOff = z.object({ reason: z.string(), by: z.number() });

/** The meeting as who gets the mail may see it; undefined when that person no longer may. */
async function meetingOf(
  db: Db,
  delivery: { person_id: number; meeting_id: number | null },
): Promise<Meeting | undefined> {
  return findMeeting(db, { id: delivery.person_id }, delivery.meeting_id ?? -1).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
}

/** Day, times and zone, as the reader of the mail has them. */
function describeTime(fmt: Format, { starts_at, ends_at }: Pick<Meeting, 'starts_at' | 'ends_at'>): string {
  return `${fmt.day(starts_at)} ${fmt.range(starts_at, ends_at)} (${fmt.zone})`;
}

export const renderers: MailRenderers = {
  /** To whoever answers for a meeting that somebody else gave another room. */
  async 'meetings.roomsChanged'({ db, config, delivery, t, fmt, once }) {
    const moved = RoomsChanged.parse(delivery.payload);
    const meeting = await meetingOf(db, delivery);
    if (!meeting) return { nothing: 'the person no longer takes part' };
    const name = fmt.name(await once(`person:${moved.by}`, () => findPersonOption(db, moved.by)));
    const title = titleOf(t, meeting);
    const names = (rooms: z.output<typeof Named>[]) => rooms.map((room) => fmt.name(room)).join(' · ');
    const letter = layOut(
      {
        title: t('closures.mail.movedTitle'),
        blocks: [
          { kind: 'paragraph', text: t('closures.mail.moved', { name, title }) },
          {
            kind: 'facts',
            facts: [
              {
                label: t('closures.mail.when'),
                text: describeTime(fmt, meeting),
              },
              { label: t('closures.mail.becomes'), text: names(moved.to) },
              { label: t('closures.mail.was'), text: names(moved.from) },
              ...(moved.reason ? [{ label: t('closures.mail.reason'), text: moved.reason }] : []),
            ],
          },
          {
            kind: 'buttons',
            buttons: [{ label: t('closures.mail.open'), href: `${config.publicUrl}/meetings/${meeting.id}` }],
          },
        ],
      },
      { lang: delivery.lang, t, fmt },
    );
    return {
      subject: t('closures.mail.movedSubject', { title }),
      ...letter,
      thread: `meetings:${meeting.id}`,
    };
  },

  /** To whoever answers for a meeting that the office called off because its room is closed. */
  async 'meetings.calledOff'({ db, config, delivery, t, fmt, once }) {
    const off = CalledOff.parse(delivery.payload);
    const meeting = await meetingOf(db, delivery);
    if (!meeting) return { nothing: 'the person no longer takes part' };
    const name = fmt.name(await once(`person:${off.by}`, () => findPersonOption(db, off.by)));
    const title = titleOf(t, meeting);
    const letter = layOut(
      {
        title: t('closures.mail.offTitle'),
        blocks: [
          { kind: 'paragraph', text: t('closures.mail.off', { name, title }) },
          {
            kind: 'facts',
            facts: [
              {
                label: t('closures.mail.when'),
                text: describeTime(fmt, meeting),
              },
              { label: t('closures.mail.reason'), text: off.reason },
            ],
          },
          {
            kind: 'buttons',
            buttons: [{ label: t('closures.mail.open'), href: `${config.publicUrl}/meetings/${meeting.id}` }],
          },
        ],
      },
      { lang: delivery.lang, t, fmt },
    );
    return { subject: t('closures.mail.offSubject', { title }), ...letter, thread: `meetings:${meeting.id}` };
  },

  /** What the organiser writes to everybody, word for word. */
  async 'meetings.message'({ db, config, delivery, t, fmt, once }) {
    const message = Message.parse(delivery.payload);
    const meeting = await meetingOf(db, delivery);
    if (!meeting) return { nothing: 'the person no longer takes part' };
    const sender = await once(`person:${message.by}`, () => findPersonOption(db, message.by));
    const name = fmt.name(sender);
    const title = titleOf(t, meeting);
    const places = [...meeting.rooms.map((room) => fmt.name(room)), meeting.place, meeting.link].filter(
      (place): place is string => Boolean(place),
    );
    const letter = layOut(
      {
        title: message.subject,
        blocks: [
          { kind: 'paragraph', text: t('meetings.message.mailIntro', { name, title }), tone: 'soft' },
          { kind: 'quote', text: message.text },
          {
            kind: 'facts',
            facts: [
              {
                label: t('meetings.message.mailWhen'),
                text: describeTime(fmt, meeting),
              },
              ...(places.length
                ? [{ label: t('meetings.message.mailWhere'), text: places.join(' · ') }]
                : []),
            ],
          },
          {
            kind: 'buttons',
            buttons: [
              { label: t('meetings.message.mailOpen'), href: `${config.publicUrl}/meetings/${meeting.id}` },
            ],
          },
        ],
      },
      { lang: delivery.lang, t, fmt },
    );
    return {
      subject: message.subject,
      ...letter,
      senderName: name,
      thread: `meetings:${meeting.id}`,
      replyTo: sender?.email ? { name, address: sender.email } : undefined,
    };
  },
};
