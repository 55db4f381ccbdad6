import type { Translation } from '../../lib/i18n/catalog.js';
import type { hours as en } from '../en/hours.js';

export const hours: Translation<typeof en> = {
  'hours.check.closedFor': '{room} {day} 不开放：{reason}。',
  'hours.check.otherHours': '{room} {day} 开放时间为 {hours}：{reason}。',
  'hours.day.closedFor': '不开放：{reason}',
};
