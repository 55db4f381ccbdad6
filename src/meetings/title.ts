import type { Translate } from '../lib/i18n/translate.js';

/** "Weekly leadership no. 42" · "领导周例会第 42 次". A meeting without a number has its title alone. */
export function titleOf(t: Translate, meeting: { title: string; number: number | null }): string {
  return meeting.number === null
    ? meeting.title
    : t('meetings.title.numbered', { title: meeting.title, number: meeting.number });
}
