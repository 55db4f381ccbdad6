import type { Translation } from '../../lib/i18n/catalog.js';
import type { audit as en } from './audit.en.js';

export const audit: Translation<typeof en> = {
  'audit.other': '作出修改',
};
