import type { Translate } from '../lib/i18n/translate.js';
import { inOrder, type LayoutSeats } from '../claims/layouts.js';
import type { NoShowRate } from '../claims/noShowRateQueries.js';
import type { Format } from '../lib/time/format.js';

/** Where a room is, in one line: site, building, floor; what is not known is left out. */
export function describePlace(room: { site: string; building: string; floor: string }): string {
  return [room.site, room.building, room.floor].filter(Boolean).join(' · ');
}

/** "Theatre 60", one for each layout. */
export function describeLayouts(layouts: readonly LayoutSeats[], t: Translate): string[] {
  return inOrder(layouts).map(({ layout, capacity }) =>
    t('layouts.seats', { layout: t(`layouts.${layout}`), count: capacity }),
  );
}

/** How often nobody comes, with what it is a share of. */
export function describeRate({ judged, no_shows }: NoShowRate, t: Translate, fmt: Format): string {
  if (judged === 0) return t('noShow.rate.none');
  return t('noShow.rate.value', {
    percent: `${fmt.number(Math.round((100 * no_shows) / judged))}%`,
    count: no_shows,
    total: judged,
  });
}
