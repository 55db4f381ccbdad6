import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers } from '../lib/mail/renderer.js';
import { findEnding, findSeriesFacts, isSeldomAttended } from './renewalQueries.js';
import { tellFacts } from './facts.js';
import { findSeries } from './queries.js';

const Renewal = z.object({ seriesId: z.number() });

export const renderers: MailRenderers = {
  /** The last planned date is near: how it went, and the way to the next period. */
  async 'meetings.renewal'({ db, config, delivery, now, t, fmt }) {
    const { seriesId } = Renewal.parse(delivery.payload);
    const [ending, facts] = await Promise.all([
      findEnding(db, seriesId, now),
      findSeriesFacts(db, seriesId, now),
    ]);
    const series = await findSeries(db, { id: delivery.person_id }, seriesId).catch((error: unknown) => {
      if (error instanceof NotFound) return undefined;
      throw error;
    });
    if (!ending || !series || series.organiser_id !== delivery.person_id)
      return { nothing: 'it was planned further or ended' };
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
            ...(isSeldomAttended(facts)
              ? [{ kind: 'paragraph' as const, text: t('series.facts.seldom') }]
              : []),
            {
              kind: 'buttons',
              buttons: [
                {
                  label: t('series.renewal.plan'),
                  href: `${config.publicUrl}/series/${series.id}/dates/new`,
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
