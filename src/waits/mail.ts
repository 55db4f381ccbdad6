import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers } from '../lib/mail/renderer.js';
import { findAwaited } from './awaitedQueries.js';
import { titleOf } from '../meetings/title.js';

export const renderers: MailRenderers = {
  /** A room that a meeting waited for is held for it. */
  async 'meetings.roomFreed'({ db, config, delivery, now, t, fmt }) {
    const date = await findAwaited(db, delivery.meeting_id ?? -1, now);
    if (!date?.is_held || !date.held_until || date.asker_id !== delivery.person_id)
      return { nothing: 'the room is not held any more, or the meeting has one' };
    const values = {
      when: `${fmt.day(date.starts_at)} ${fmt.range(date.starts_at, date.ends_at)}`,
      until: fmt.dateTime(date.held_until),
      rooms: date.rooms.map((room) => fmt.name(room)).join(t('series.rule.comma')),
    };
    const name = titleOf(t, date);
    return {
      subject: t('waits.mail.subject', { name, until: values.until }),
      ...layOut(
        {
          title: name,
          blocks: [
            {
              kind: 'paragraph',
              text: t(date.kind === 'wait' ? 'waits.mail.wait' : 'waits.mail.skip', values),
            },
            {
              kind: 'buttons',
              buttons: [
                { label: t('waits.mail.open'), href: `${config.publicUrl}/meetings/${date.meeting_id}` },
              ],
            },
            { kind: 'paragraph', text: t('waits.mail.note'), tone: 'soft' },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
    };
  },

  /** It was held and not taken in time. */
  async 'meetings.offerLapsed'({ db, config, delivery, now, t, fmt }) {
    const date = await findAwaited(db, delivery.meeting_id ?? -1, now);
    if (date?.state !== 'lapsed' || !date.held_until || date.asker_id !== delivery.person_id)
      return { nothing: 'it waits again, or needs no room any more' };
    const values = {
      when: `${fmt.day(date.starts_at)} ${fmt.range(date.starts_at, date.ends_at)}`,
      until: fmt.dateTime(date.held_until),
      rooms: date.rooms.map((room) => fmt.name(room)).join(t('series.rule.comma')),
    };
    const name = titleOf(t, date);
    return {
      subject: t('waits.mail.lapsedSubject', { name }),
      ...layOut(
        {
          title: name,
          blocks: [
            { kind: 'paragraph', text: t('waits.mail.lapsed', values) },
            { kind: 'paragraph', text: t('waits.mail.lapsedNote') },
            {
              kind: 'buttons',
              buttons: [
                {
                  label: t('waits.mail.lapsedOpen'),
                  href: `${config.publicUrl}/meetings/${date.meeting_id}`,
                },
              ],
            },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
    };
  },
};
