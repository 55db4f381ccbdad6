import type { Translation } from '../../lib/i18n/catalog.js';
import type { tentative as en } from './tentative.en.js';

export const tentative: Translation<typeof en> = {
  'tentative.free': '申请中，仍可预订',
  'tentative.book': '仍可预订',
  'tentative.bookHeard': '{room}，{from} 至 {to}（已有人申请）',
  'tentative.heard': '（申请中，未占用）',
  'tentative.title': '申请中',
  'tentative.titled': '申请中：{title}',
};
