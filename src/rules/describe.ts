import type { Key, Lang, Translate } from '../lib/i18n/translate.js';
import type { BookingRules } from './layers.js';

/**
 * The rules of a room that limit anything, in short sentences for its page.
 * @param deciders names of who decides about requests, each by itself
 */
export function describeRules(
  rules: BookingRules,
  t: Translate,
  deciders: readonly string[],
  lang: Lang,
): string[] {
  const minutes = (
    key: 'notice_create' | 'notice_change' | 'notice_cancel' | 'min' | 'max',
    value: number,
  ) => (value ? [t(`rules.room.${key}`, { time: describeMinutes(t, value) })] : []);
  const count = (
    key: 'window' | 'interval' | 'personHours' | 'personComing' | 'unitHours' | 'unitComing' | 'recurring',
    value: number,
  ) => (value ? [t(`rules.room.${key}`, { count: value })] : []);
  return [
    ...(rules.in_policy === 'refuse' ? [t('rules.room.refuse')] : []),
    ...(rules.in_policy === 'request'
      ? [
          deciders.length > 0
            ? t('rules.room.request', {
                count: deciders.length,
                names: new Intl.ListFormat(lang === 'en' ? 'en-GB' : 'zh-CN').format(deciders),
              })
            : t('rules.room.requestOnly'),
        ]
      : []),
    ...count('window', rules.window_days),
    ...minutes('notice_create', rules.notice_create),
    ...minutes('notice_change', rules.notice_change),
    ...minutes('notice_cancel', rules.notice_cancel),
    ...minutes('min', rules.min_minutes),
    ...minutes('max', rules.max_minutes),
    ...count('interval', rules.start_interval),
    ...count('personHours', rules.quota_person_hours),
    ...count('personComing', rules.quota_person_coming),
    ...count('unitHours', rules.quota_unit_hours),
    ...count('unitComing', rules.quota_unit_coming),
    ...(rules.recurring === 'denied'
      ? [t('rules.room.noRecurring')]
      : count('recurring', rules.recurring_days)),
    ...(rules.capacity_rule === 'deny' ? [t('rules.room.capacity')] : []),
    ...(rules.out_of_policy === 'request' ? [t('rules.room.beyond')] : []),
    ...(rules.check_in === 'required'
      ? [t('rules.room.checkIn', { opens: rules.check_in_opens, releases: rules.check_in_releases })]
      : []),
  ];
}

const UNITS: readonly [Key, number][] = [
  ['rules.time.days', 1440],
  ['rules.time.hours', 60],
];

/** "45 min", "2 hours", "3 days": minutes in the largest unit that they fill. */
export function describeMinutes(t: Translate, minutes: number): string {
  const [key, size] = UNITS.find(([, unit]) => minutes > 0 && minutes % unit === 0) ?? [
    'rules.time.minutes',
    1,
  ];
  return t(key, { count: minutes / size });
}
