import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers } from '../lib/mail/renderer.js';
import { findAwaited } from './awaitedQueries.js';
import { findEnding, findSeriesFacts, isSeldomAttended } from './renewalQueries.js';
import { tellFacts } from './seriesFacts.js';
import { findSeries } from './seriesQueries.js';
import { titleOf } from './title.js';

const Renewal = z.object({ seriesId: z.number() });

export const renderers: MailRenderers = {
  /** A room that a date waited for is free. */
  async 'meetings.roomFreed'({ db, config, delivery, now, t, fmt }) {
    const date = await findAwaited(db, delivery.meeting_id ?? -1, now);
    if (!date?.is_free || date.organiser_id !== delivery.person_id) return { nothing: 'the room is taken again, or the date has one' };
    const when = `${fmt.day(date.starts_at)} ${fmt.range(date.starts_at, date.ends_at)}`;
    const values = { when, rooms: date.rooms.map((room) => fmt.name(room)).join(t('series.rule.comma')) };
    const name = titleOf(t, date);
    return {
      subject: t('series.awaited.mailSubject', { name, when: fmt.shortDay(date.starts_at) }),
      ...layOut(
        {
          title: name,
          blocks: [
            { kind: 'paragraph', text: t(date.kind === 'wait' ? 'series.awaited.mailWait' : 'series.awaited.mailSkip', values) },
            { kind: 'buttons', buttons: [{ label: t('series.awaited.mailOpen'), href: date.series_id ? `${config.publicUrl}/series/${date.series_id}` : `${config.publicUrl}/meetings/${date.meeting_id}` }] },
            { kind: 'paragraph', text: t('series.awaited.mailNote'), tone: 'soft' },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
    };
  },

  /** The last planned date is near: how it went, and the way to the next period. */
  async 'meetings.renewal'({ db, config, delivery, now, t, fmt }) {
    const { seriesId } = Renewal.parse(delivery.payload);
    const [ending, facts] = await Promise.all([findEnding(db, seriesId, now), findSeriesFacts(db, seriesId, now)]);
    const series = await findSeries(db, { id: delivery.person_id }, seriesId).catch((error: unknown) => {
      if (error instanceof NotFound) return undefined;
      throw error;
    });
    if (!ending || !series || series.organiser_id !== delivery.person_id) return { nothing: 'it was planned further or ended' };
    const values = { name: series.name, day: fmt.day(ending.last_at) };
    return {
      subject: t('series.renewal.subject', values),
      ...layOut(
        {
          title: series.name,
          blocks: [
            { kind: 'paragraph', text: t('series.renewal.intro', values) },
            { kind: 'heading', text: t('series.facts.title') },
            { kind: 'facts', facts: tellFacts(t, fmt, facts) },
            ...(isSeldomAttended(facts) ? [{ kind: 'paragraph' as const, text: t('series.facts.seldom') }] : []),
            { kind: 'buttons', buttons: [{ label: t('series.renewal.plan'), href: `${config.publicUrl}/series/${series.id}/dates/new` }] },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
    };
  },
};
