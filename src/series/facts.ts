import type { Format } from '../lib/time/format.js';
import type { Translate } from '../lib/i18n/translate.js';
import type { SeriesFacts } from './renewalQueries.js';

/** How a standing meeting went, in lines of label and fact. */
export function describeFacts(
  t: Translate,
  fmt: Format,
  facts: SeriesFacts,
): { label: string; text: string }[] {
  const { present, invited, apologies } = facts;
  const round = (value: number) => fmt.number(Math.round(value * 10) / 10);
  return [
    { label: t('series.facts.held'), text: t('series.facts.heldText', { count: facts.held }) },
    { label: t('series.facts.cancelled'), text: t('series.facts.heldText', { count: facts.cancelled }) },
    ...(present === null || invited === null
      ? [{ label: t('series.facts.present'), text: t('series.facts.unrecorded') }]
      : [
          {
            label: t('series.facts.present'),
            text: t('series.facts.presentText', { present: round(present), invited: round(invited) }),
          },
          { label: t('series.facts.apologies'), text: round(apologies ?? 0) },
        ]),
  ];
}

/** Some days in a row, the first one first. @param dates instants as ISO 8601 */
export function describeDays(dates: readonly string[], t: Translate, fmt: Format): string {
  return dates
    .map((at) => new Date(at))
    .sort((a, b) => a.getTime() - b.getTime())
    .map((at) => fmt.shortDay(at))
    .join(t('rooms.list.comma'));
}
