import { z } from 'zod';
import type { Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { layOut } from '../lib/mail/layout.js';
import { describeFacts, describeDays } from '../series/facts.js';
import { listExpectedOf, listLostRooms } from './noShowQueries.js';
import { findUnattended } from '../series/unattendedQueries.js';
import { asNotice, type MailRenderers } from '../lib/mail/renderer.js';

import { findMeeting, type Meeting } from '../meetings/queries.js';
import { findSeriesFacts } from '../series/renewalQueries.js';
import { titleOf } from '../meetings/title.js';

const Reminder = z.object({ until: z.coerce.date() });
const Unattended = z.object({ seriesId: z.number() });

async function meetingOf(
  db: Db,
  delivery: { person_id: number; meeting_id: number | null },
): Promise<Meeting | undefined> {
  return findMeeting(db, { id: delivery.person_id }, delivery.meeting_id ?? -1).catch((error: unknown) => {
    if (error instanceof NotFound) return undefined;
    throw error;
  });
}

export const renderers: MailRenderers = {
  /** It has begun, nobody is there yet, and the room will be given up. */
  async 'meetings.checkInReminder'({ db, config, delivery, now, t, fmt }) {
    const { until } = Reminder.parse(delivery.payload);
    const meeting = await meetingOf(db, delivery);
    const open = meeting
      ? (await listExpectedOf(db, [meeting.id])).filter(
          ({ is_attended, due_at }) => !is_attended && due_at > now,
        )
      : [];
    if (!meeting || meeting.state === 'cancelled' || open.length === 0)
      return { nothing: 'somebody checked in, or the meeting was moved or called off' };
    const values = { title: titleOf(t, meeting), time: fmt.time(until) };
    return {
      subject: t('noShow.mail.remind', values),
      ...layOut(
        {
          title: values.title,
          blocks: [
            { kind: 'paragraph', text: t('noShow.mail.remindText', values) },
            {
              kind: 'buttons',
              buttons: [
                {
                  label: t('noShow.mail.checkIn'),
                  href: `${config.publicUrl}/meetings/${meeting.id}/check-in`,
                },
              ],
            },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
      thread: `meetings:${meeting.id}`,
    };
  },

  /** The room was given up: why, and the way back. */
  async 'meetings.noShow'({ db, config, delivery, t, fmt }) {
    const meeting = await meetingOf(db, delivery);
    const lost = meeting ? await listLostRooms(db, meeting.id) : [];
    const [first] = lost;
    if (!meeting || !first) return { nothing: 'the room was taken back, or the meeting was moved' };
    const day = fmt.day(meeting.starts_at);
    const title = titleOf(t, meeting);
    return {
      subject: t('noShow.mail.lost', { title }),
      ...layOut(
        {
          title,
          blocks: [
            { kind: 'paragraph', text: t('noShow.mail.lostText', { title, minutes: first.releases }) },
            {
              kind: 'facts',
              facts: [
                {
                  label: t('noShow.mail.room'),
                  text: lost.map((room) => fmt.name(room)).join(t('rooms.list.comma')),
                },
                {
                  label: t('noShow.mail.when'),
                  text: `${day} ${fmt.range(meeting.starts_at, meeting.ends_at)} (${fmt.zone})`,
                },
                { label: t('noShow.mail.released'), text: fmt.time(first.released_at) },
              ],
            },
            {
              kind: 'buttons',
              buttons: [
                {
                  label: t('noShow.mail.takeBack'),
                  href: `${config.publicUrl}/meetings/${meeting.id}/check-in`,
                },
              ],
            },
            { kind: 'paragraph', text: t('noShow.mail.note'), tone: 'soft' },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
      thread: `meetings:${meeting.id}`,
    };
  },

  /** Nobody came to the last dates of a standing meeting. */
  'meetings.unattended': asNotice(async ({ db, config, delivery, now, t, fmt }) => {
    const { seriesId } = Unattended.parse(delivery.payload);
    const [series, facts] = await Promise.all([
      findUnattended(db, seriesId, now),
      findSeriesFacts(db, seriesId, now),
    ]);
    if (!series || series.organiser_id !== delivery.person_id) return { nothing: 'it was answered or ended' };
    return {
      subject: t('noShow.series.subject', { name: series.name }),
      ...layOut(
        {
          title: series.name,
          blocks: [
            {
              kind: 'paragraph',
              text: t('noShow.series.text', { name: series.name, days: describeDays(series.dates, t, fmt) }),
            },
            { kind: 'heading', text: t('series.facts.title') },
            { kind: 'facts', facts: describeFacts(t, fmt, facts) },
            {
              kind: 'buttons',
              buttons: [{ label: t('noShow.series.open'), href: `${config.publicUrl}/series/${series.id}` }],
            },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
    };
  }),
};
